import { O_CLOEXEC, O_RDONLY, O_RDWR } from "../kernel/sys/sys.ts";
import type { NvGpuInfo, NvIoctlTable } from "../kernel/sys/nv-uapi.ts";
import type { Caller } from "./caller.ts";

/** Device nodes of the two rights that make an open GPU work with a compute instance. */
export interface InstanceNodes {
  readonly gi: string;
  readonly ci: string;
}

/** A GPU that a process sees: the name of its render node, and which compute instance of it (null: all of it). */
export interface VisibleDevice {
  readonly node: string;
  readonly instance: InstanceNodes | null;
}

/** A GPU with its compute instances, in the order in which the driver lists them. */
interface Candidate {
  readonly gpu: NvGpuInfo;
  readonly instances: readonly { readonly uuid: string; readonly gi: number; readonly ci: number; readonly nodes: InstanceNodes }[];
}

function candidates(t: Caller): readonly Candidate[] | null {
  const fd = t.sys.open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);
  if (fd < 0) return null;
  const list: { gpus: readonly NvGpuInfo[] } = { gpus: [] };
  t.sys.ioctl(fd, "NV_GPU_LIST", list);
  const found = list.gpus.map((gpu) => {
    if (gpu.mig?.current !== true) return { gpu, instances: [] };
    const arg: NvIoctlTable["NV_MIG_INSTANCES"] = { gpu: gpu.minor, instances: [] };
    t.sys.ioctl(fd, "NV_MIG_INSTANCES", arg);
    return { gpu, instances: arg.instances.flatMap((gi) => gi.compute.map((ci) => ({ uuid: ci.uuid, gi: gi.id, ci: ci.id, nodes: { gi: gi.capability, ci: ci.capability } }))) };
  });
  t.sys.close(fd);
  return found;
}

/** What one entry of CUDA_VISIBLE_DEVICES names; undefined: nothing. */
function named(entry: string, all: readonly Candidate[]): VisibleDevice | undefined {
  const whole = (candidate: Candidate | undefined): VisibleDevice | undefined => {
    if (candidate === undefined) return undefined;
    if (candidate.gpu.mig?.current !== true) return { node: candidate.gpu.renderNode, instance: null };
    // A partitioned GPU stands for its first compute instance.
    const first = candidate.instances[0];
    return first === undefined ? undefined : { node: candidate.gpu.renderNode, instance: first.nodes };
  };
  if (/^\d+$/.test(entry)) return whole(all[Number(entry)]);
  const legacy = /^MIG-(GPU-[0-9a-f-]+)\/(\d+)\/(\d+)$/i.exec(entry);
  const found: VisibleDevice[] = [];
  for (const candidate of all) {
    for (const { uuid, gi, ci, nodes } of candidate.instances) {
      const hit = legacy === null ? entry.startsWith("MIG-") && uuid === entry : candidate.gpu.uuid === legacy[1] && gi === Number(legacy[2]) && ci === Number(legacy[3]);
      if (hit) found.push({ node: candidate.gpu.renderNode, instance: nodes });
    }
    // A GPU's UUID may be cut short as long as it names one GPU.
    if (/^GPU-./.test(entry) && candidate.gpu.uuid.startsWith(entry)) {
      const device = whole(candidate);
      if (device !== undefined) found.push(device);
    }
  }
  return found.length === 1 ? found[0] : undefined;
}

/**
 * The NVIDIA GPUs that a process sees, in its order: CUDA Programming Guide, "CUDA Environment Variables" (CUDA_VISIBLE_DEVICES, CUDA_DEVICE_ORDER) and MIG User
 * Guide, "CUDA Device Enumeration". A list ends before its first entry that names nothing. Of compute instances one process sees at most one; without a list it is the first,
 * if there is no GPU that is not partitioned.
 * NON-SPEC: without CUDA_DEVICE_ORDER GPUs are in bus order (CUDA: fastest first), and a GPU that is named twice ends the list.
 * @returns null when nothing asks for a choice: every GPU, in bus order
 */
export function visibleDevices(t: Caller): readonly VisibleDevice[] | null {
  const list = t.process.env.get("CUDA_VISIBLE_DEVICES");
  const order = t.process.env.get("CUDA_DEVICE_ORDER");
  const found = candidates(t);
  if (found === null || (list === undefined && order !== "FASTEST_FIRST" && found.every(({ gpu }) => gpu.mig?.current !== true))) return null;
  const all = order === "FASTEST_FIRST" ? found.toSorted((a, b) => b.gpu.speed - a.gpu.speed) : found;
  if (list === undefined) {
    const wholes = all.filter(({ gpu }) => gpu.mig?.current !== true).map(({ gpu }) => ({ node: gpu.renderNode, instance: null }));
    const first = all.find(({ instances }) => instances.length > 0);
    return wholes.length > 0 || first === undefined ? wholes : [{ node: first.gpu.renderNode, instance: first.instances[0]!.nodes }];
  }
  const visible: VisibleDevice[] = [];
  for (const entry of list.split(",")) {
    const device = named(entry.trim(), all);
    if (device === undefined || visible.some(({ node }) => node === device.node)) break;
    if (device.instance !== null && visible.length > 0) break;
    visible.push(device);
    if (device.instance !== null) break;
  }
  return visible;
}

/** Makes an open GPU work with a compute instance. @returns 0 or a negative errno */
export function subscribe(t: Caller, fd: number, nodes: InstanceNodes): number {
  const gi = t.sys.open(nodes.gi, O_RDONLY | O_CLOEXEC);
  const ci = gi < 0 ? gi : t.sys.open(nodes.ci, O_RDONLY | O_CLOEXEC);
  const result = ci < 0 ? ci : t.sys.ioctl(fd, "GLASS_MIG_SUBSCRIBE", { gi, ci });
  if (ci >= 0) t.sys.close(ci);
  if (gi >= 0) t.sys.close(gi);
  return result;
}
