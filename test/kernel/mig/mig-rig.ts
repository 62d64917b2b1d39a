import { a100Sxm40 } from "../../../src/gpu/profiles/a100.ts";
import type { GpuProfile } from "../../../src/gpu/profile.ts";
import type { KernelOptions } from "../../../src/kernel/machine.ts";
import { O_RDONLY, O_RDWR } from "../../../src/kernel/sys/sys.ts";
import type { GpuInstanceInfo, NvIoctlTable } from "../../../src/kernel/sys/nv-uapi.ts";
import type { IoctlTable } from "../../../src/kernel/sys/uapi.ts";
import { Rig, type Client, type Node } from "../drm/rig.ts";

/** A machine with a GPU that can be cut, and an administrator's process with everything open. */
export class MigRig {
  readonly rig: Rig;
  readonly admin: Client;
  readonly control: number;
  readonly capability: number;

  constructor(options: KernelOptions & { gpus?: readonly GpuProfile[]; on?: boolean } = {}) {
    this.rig = new Rig({ ...options, gpus: options.gpus ?? [a100Sxm40] });
    this.admin = this.rig.process("nvidia-smi");
    this.control = this.admin.sys.open("/dev/nvidiactl", O_RDWR);
    this.capability = this.admin.sys.open("/dev/nvidia-caps/nvidia-cap1", O_RDONLY);
    if (this.control < 0 || this.capability < 0) throw new Error(`open: ${this.control} ${this.capability}`);
    if (options.on !== false) this.mode(true);
  }

  raw<K extends keyof NvIoctlTable>(request: K, arg: NvIoctlTable[K]): number {
    return this.admin.sys.ioctl(this.control, request, arg as IoctlTable[K]);
  }

  mode(enable: boolean, gpu = 0): "set" | "pending" {
    const arg: NvIoctlTable["NV_MIG_SET_MODE"] = { gpu, enable, capability: this.capability, state: "set" };
    const result = this.raw("NV_MIG_SET_MODE", arg);
    if (result !== 0) throw new Error(`mode: ${result}`);
    return arg.state;
  }

  /** Id of a new GPU instance, or a negative errno. */
  gi(profile: number, start: number | null = null, gpu = 0): number {
    const arg = { gpu, profile, start, capability: this.capability, gi: -1 };
    const result = this.raw("NV_MIG_GI_CREATE", arg);
    return result < 0 ? result : arg.gi;
  }

  ci(gi: number, profile: number | null = null, gpu = 0): number {
    const arg = { gpu, gi, profile, capability: this.capability, ci: -1, created: -1 };
    const result = this.raw("NV_MIG_CI_CREATE", arg);
    return result < 0 ? result : arg.ci;
  }

  dropGi(gi: number, gpu = 0): number {
    return this.raw("NV_MIG_GI_DESTROY", { gpu, gi, capability: this.capability });
  }

  dropCi(gi: number, ci: number, gpu = 0): number {
    return this.raw("NV_MIG_CI_DESTROY", { gpu, gi, ci, capability: this.capability });
  }

  instances(gpu = 0): readonly GpuInstanceInfo[] {
    const arg: NvIoctlTable["NV_MIG_INSTANCES"] = { gpu, instances: [] };
    this.raw("NV_MIG_INSTANCES", arg);
    return arg.instances;
  }

  /** A node of a process that works on a compute instance. */
  node(client: Client, gi: number, ci = 0, gpu = 0): Node {
    const node = client.open(gpu);
    const result = this.subscribe(node, gi, ci, gpu);
    if (result !== 0) throw new Error(`subscribe: ${result}`);
    return node;
  }

  subscribe(node: Node, gi: number, ci = 0, gpu = 0): number {
    const info = this.instances(gpu).find(({ id }) => id === gi)!;
    const { sys } = node.client;
    const fds = { gi: sys.open(info.capability, O_RDONLY), ci: sys.open(info.compute.find(({ id }) => id === ci)!.capability, O_RDONLY) };
    const result = node.raw("GLASS_MIG_SUBSCRIBE", fds);
    sys.close(fds.gi);
    sys.close(fds.ci);
    return result;
  }
}
