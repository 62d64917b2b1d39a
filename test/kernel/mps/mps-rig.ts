import type { GpuProfile } from "../../../src/gpu/profile.ts";
import { startMps } from "../../../src/kernel/mps/cli.ts";
import type { KernelOptions } from "../../../src/kernel/machine.ts";
import type { DrmOptions } from "../../../src/kernel/drm/core.ts";
import { O_RDWR } from "../../../src/kernel/sys/sys.ts";
import type { NvIoctlTable } from "../../../src/kernel/sys/nv-uapi.ts";
import { Rig, type Client, type Node } from "../drm/rig.ts";

/** A program with one queue on one GPU, in the context of an MPS server. */
export interface MpsProgram {
  readonly client: Client;
  readonly node: Node;
  readonly context: number;
  readonly queue: number;
  readonly timeline: number;
  readonly va: number;
}

/** A machine with an MPS daemon. */
export class MpsRig {
  readonly rig: Rig;

  constructor(options: KernelOptions & Partial<DrmOptions> & { gpus?: readonly GpuProfile[]; mps?: boolean } = {}) {
    this.rig = new Rig(options);
    if (options.mps !== false) startMps(this.rig.kernel, this.rig.gpus.map(({ gpu }) => gpu.profile));
  }

  /** Becomes a client: the descriptor of its connection, or a negative errno. */
  connect(client: Client, terms: Partial<NvIoctlTable["NV_MPS_CONNECT"]> = {}): number {
    const fd = client.sys.open("/tmp/nvidia-mps/control", O_RDWR);
    const result = client.sys.ioctl(fd, "NV_MPS_CONNECT", { percentage: null, pinned: null, connections: 2, priority: null, server: 0, ...terms });
    return result < 0 ? result : fd;
  }

  /** A new client program, or the errno that kept it out. */
  program(terms: Partial<NvIoctlTable["NV_MPS_CONNECT"]> = {}, gpu = 0, name = "client", level = 0): MpsProgram | number {
    const client = this.rig.process(name);
    const fd = this.connect(client, terms);
    const node = client.open(gpu);
    const result = fd < 0 ? fd : node.raw("GLASS_MPS_ATTACH", { connection: fd });
    if (result < 0) {
      client.process.terminate({ code: 1, signal: 0 });
      return result;
    }
    return this.setUp(client, node, level);
  }

  /** The same without MPS. */
  alone(gpu = 0, name = "alone", level = 0): MpsProgram {
    const client = this.rig.process(name);
    return this.setUp(client, client.open(gpu), level);
  }

  private setUp(client: Client, node: Node, level: number): MpsProgram {
    const vm = node.vm();
    const handle = node.gem(65536);
    const va = node.reserve(65536);
    node.bind(vm, handle, va, 65536);
    const context = node.context(vm);
    return { client, node, context, va, ...node.queue(context, { level }) };
  }
}
