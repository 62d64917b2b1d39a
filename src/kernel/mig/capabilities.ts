import { Errno } from "../errors.ts";
import type { FileDriver, SysCaller } from "../fs/file.ts";
import type { Kernel } from "../machine.ts";
import { directory, Forest, text, type TreeEntry } from "../drm/files/tree.ts";
import { permits } from "../process/cred.ts";
import type { ComputeInstance, GpuInstance } from "./instances.ts";
import type { InstanceFiles } from "./mig.ts";

/** Minors: two for managing, then nine for each of fifteen GPU instances of each GPU (/proc/driver/nvidia-caps/mig-minors). */
const CONFIG_MINOR = 1;
const MONITOR_MINOR = 2;
const FIRST_INSTANCE_MINOR = 3;
const COMPUTE_INSTANCES = 8;
const GPU_INSTANCES = 15;

/** Who may open them: the first only the owner, root (MIG User Guide, "Device Nodes and Capabilities"). */
const CONFIG_MODE = 0o400;
const OPEN_MODE = 0o444;

/** Minor number of the access capability of a GPU instance, or of a compute instance in it. */
export function accessMinor(gpu: number, gi: number, ci: number | null): number {
  return FIRST_INSTANCE_MINOR + (gpu * GPU_INSTANCES + gi) * (COMPUTE_INSTANCES + 1) + (ci === null ? 0 : 1 + ci);
}

/** Path of a capability's device node. */
export function capabilityNode(minor: number): string {
  return `/dev/nvidia-caps/nvidia-cap${minor}`;
}

/** An open capability: a right in the form of a descriptor, which the driver takes as proof. */
export class CapabilityFile implements FileDriver {
  readonly kind = "nvidia-cap";
  readonly right: "config" | "monitor" | { readonly gpu: number; readonly gi: GpuInstance; readonly ci: ComputeInstance | null };

  constructor(right: CapabilityFile["right"]) {
    this.right = right;
  }

  release(): void {}
}

/** One capability: a text under /proc that says which node stands for it, and the node. */
interface Capability {
  readonly minor: number;
  readonly mode: number;
}

/**
 * Rights to MIG as files: each has a text below /proc/driver/nvidia/capabilities with number and mode of its node below /dev/nvidia-caps. Who can open the
 * node has the right; a container gets those nodes that it is to have.
 */
export class MigCapabilities implements InstanceFiles {
  private readonly kernel: Kernel;
  private readonly gpus: number;
  private readonly access = new Map<string, Capability>();

  constructor(kernel: Kernel, gpus: readonly number[]) {
    this.kernel = kernel;
    this.gpus = gpus.length === 0 ? 0 : Math.max(...gpus) + 1;
    this.node(CONFIG_MINOR, CONFIG_MODE, "config");
    this.node(MONITOR_MINOR, OPEN_MODE, "monitor");
    const forest = new Forest();
    forest.add("/proc/driver/nvidia/capabilities", directory(() => this.tree(gpus)));
    forest.add("/proc/driver/nvidia-caps", directory(() => ({ "mig-minors": text(() => this.minors()) })));
    for (const [prefix, provider] of forest.providers()) kernel.vfs.mount(prefix, provider);
  }

  added(gpu: number, gi: GpuInstance, ci: ComputeInstance | null): void {
    const minor = accessMinor(gpu, gi.id, ci === null ? null : ci.id);
    this.node(minor, OPEN_MODE, { gpu, gi, ci });
    this.access.set(keyOf(gpu, gi.id, ci === null ? null : ci.id), { minor, mode: OPEN_MODE });
  }

  removed(gpu: number, gi: number, ci: number | null): void {
    this.kernel.vfs.unlink(capabilityNode(accessMinor(gpu, gi, ci)));
    this.access.delete(keyOf(gpu, gi, ci));
  }

  private node(minor: number, mode: number, right: CapabilityFile["right"]): void {
    this.kernel.vfs.mknod(capabilityNode(minor), (caller: SysCaller) => (permits(caller.process.cred, mode, 0, 0, 4) ? new CapabilityFile(right) : -Errno.EACCES));
  }

  private tree(gpus: readonly number[]): Readonly<Record<string, TreeEntry>> {
    const entries: Record<string, TreeEntry> = { mig: directory(() => ({ config: show({ minor: CONFIG_MINOR, mode: CONFIG_MODE }), monitor: show({ minor: MONITOR_MINOR, mode: OPEN_MODE }) })) };
    for (const gpu of gpus) entries[`gpu${gpu}`] = directory(() => ({ mig: directory(() => this.below(`gpu${gpu}/`)) }));
    return entries;
  }

  /** Directories and files of all access capabilities whose key begins so. */
  private below(prefix: string): Readonly<Record<string, TreeEntry>> {
    const entries: Record<string, TreeEntry> = {};
    for (const [key, capability] of this.access) {
      if (!key.startsWith(prefix)) continue;
      const [name, more] = key.slice(prefix.length).split("/") as [string, string | undefined];
      if (more === undefined) entries["access"] = show(capability);
      else entries[name] ??= directory(() => this.below(`${prefix}${name}/`));
    }
    return entries;
  }

  private minors(): string {
    const lines = [`config ${CONFIG_MINOR}`, `monitor ${MONITOR_MINOR}`];
    for (let gpu = 0; gpu < this.gpus; gpu++) {
      for (let gi = 0; gi < GPU_INSTANCES; gi++) {
        lines.push(`gpu${gpu}/gi${gi}/access ${accessMinor(gpu, gi, null)}`);
        for (let ci = 0; ci < COMPUTE_INSTANCES; ci++) lines.push(`gpu${gpu}/gi${gi}/ci${ci}/access ${accessMinor(gpu, gi, ci)}`);
      }
    }
    return `${lines.join("\n")}\n`;
  }
}

function keyOf(gpu: number, gi: number, ci: number | null): string {
  return `gpu${gpu}/gi${gi}/${ci === null ? "" : `ci${ci}/`}access`;
}

function show({ minor, mode }: Capability): TreeEntry {
  return text(() => `DeviceFileMinor: ${minor}\nDeviceFileMode: ${mode}\nDeviceFileModify: 1\n`);
}
