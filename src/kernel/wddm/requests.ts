import { FRAME } from "../../gpu/frames.ts";
import type { DrmFile } from "../drm/file.ts";
import { GemObject } from "../drm/gem.ts";
import { Syncobj } from "../drm/syncobj.ts";
import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import type { WddmIoctlTable } from "../sys/wddm-uapi.ts";
import { place, TT } from "../ttm/placement.ts";
import type { WddmAdapter } from "./adapter.ts";
import { Band } from "./constants.ts";
import { HardwarePolicy, MAX_NORMAL_PERCENTAGE } from "./hws.ts";
import { MonitoredFence } from "./monitored-fence.ts";
import { statistics } from "./statistics.ts";

/** Name of a request that only Windows has. */
export type WddmRequest = keyof WddmIoctlTable;
type Handler<K extends WddmRequest> = (adapter: WddmAdapter, file: DrmFile, caller: SysCaller, arg: WddmIoctlTable[K]) => number;

/** Scheduling times are given in units of 100 ns. */
const UNIT = 100;

function between(value: number, low: number, high: number): boolean {
  return Number.isInteger(value) && value >= low && value <= high;
}

/** The privilege that Windows calls SE_INC_BASE_PRIORITY_NAME. */
function mayRaise(caller: SysCaller): boolean {
  return caller.process.cred.capabilities.has("CAP_SYS_NICE");
}

function fenceOf(file: DrmFile, handle: number): MonitoredFence | null {
  const timeline = file.syncobjs.get(handle)?.timeline;
  return timeline instanceof MonitoredFence ? timeline : null;
}

/** The objects of handles; null: one of them is none. */
function objectsOf(file: DrmFile, handles: readonly number[]): GemObject[] | null {
  const objects: GemObject[] = [];
  for (const handle of handles) {
    const object = file.objects.get(handle);
    if (object === undefined) return null;
    objects.push(object);
  }
  return objects;
}

/** Every request; a missing one does not compile. -ENOENT: a handle; -EINVAL: a value out of range; -EACCES: a privilege is missing. */
const handlers: { readonly [K in WddmRequest]: Handler<K> } = {
  D3DKMT_QUERY_STATISTICS: (adapter, _file, _caller, arg) => {
    arg.statistics = statistics(adapter);
    return 0;
  },
  D3DKMT_GET_DEVICE_STATE: (adapter, file, _caller, arg) => {
    const context = file.contexts.get(arg.context);
    if (context === undefined) return -Errno.ENOENT;
    arg.state = adapter.deviceOf(context).state;
    return 0;
  },
  D3DKMT_SET_CONTEXT_IN_PROCESS_SCHEDULING_PRIORITY: (adapter, file, _caller, arg) => {
    const queue = file.queues.get(arg.queue);
    if (queue === undefined) return -Errno.ENOENT;
    if (!between(arg.priority, -7, 7)) return -Errno.EINVAL;
    for (const node of adapter.nodes) {
      const context = adapter.contextOf(queue, node);
      context.priority = 12 + arg.priority;
      context.properties = { ...context.properties, inProcessPriority: arg.priority };
    }
    adapter.pump();
    return 0;
  },
  D3DKMT_SET_CONTEXT_SCHEDULING_PROPERTIES: (adapter, file, caller, arg) => {
    const queue = file.queues.get(arg.queue);
    if (queue === undefined) return -Errno.ENOENT;
    if (!adapter.hardwareScheduling) return -Errno.EOPNOTSUPP;
    if (!between(arg.band, 0, 3) || !between(arg.realtimeBandPriorityLevel, 0, 31) || !between(arg.inProcessPriority, -7, 7)) return -Errno.EINVAL;
    if (![arg.quantum, arg.gracePeriodSamePriority, arg.gracePeriodLowerPriority].every((time) => between(time, 0, Number.MAX_SAFE_INTEGER / UNIT)) || arg.quantum === 0) return -Errno.EINVAL;
    if (arg.band >= Band.FOCUS && !mayRaise(caller)) return -Errno.EACCES;
    for (const node of adapter.nodes) {
      adapter.contextOf(queue, node).properties = {
        band: arg.band as Band, realtimeBandPriorityLevel: arg.realtimeBandPriorityLevel, inProcessPriority: arg.inProcessPriority, quantumNs: arg.quantum * UNIT,
        gracePeriodSamePriorityNs: arg.gracePeriodSamePriority * UNIT, gracePeriodLowerPriorityNs: arg.gracePeriodLowerPriority * UNIT,
      };
    }
    adapter.pump();
    return 0;
  },
  D3DKMT_SETUP_PRIORITY_BANDS: (adapter, _file, caller, arg) => {
    if (!adapter.hardwareScheduling) return -Errno.EOPNOTSUPP;
    const rows = [arg.gracePeriodForBand, arg.processQuantumForBand, arg.processGracePeriodForBand];
    if (rows.some((row) => row.length !== 4 || !row.every((time) => between(time, 0, Number.MAX_SAFE_INTEGER / UNIT)))) return -Errno.EINVAL;
    if (!between(arg.targetNormalBandPercentage, 0, MAX_NORMAL_PERCENTAGE) || arg.processQuantumForBand.includes(0)) return -Errno.EINVAL;
    if (!mayRaise(caller)) return -Errno.EACCES;
    const [grace, quantum, processGrace] = rows.map((row) => row.map((time) => time * UNIT)) as [number[], number[], number[]];
    const four = (row: number[]): [number, number, number, number] => [row[0]!, row[1]!, row[2]!, row[3]!];
    for (const policy of adapter.policies) {
      if (policy instanceof HardwarePolicy) policy.bands = { gracePeriodForBand: four(grace), processQuantumForBand: four(quantum), processGracePeriodForBand: four(processGrace), targetNormalBandPercentage: arg.targetNormalBandPercentage };
    }
    adapter.pump();
    return 0;
  },
  D3DKMT_CREATE_MONITORED_FENCE: (_adapter, file, caller, arg) => {
    if (!between(arg.initialValue, 0, Number.MAX_SAFE_INTEGER)) return -Errno.EINVAL;
    const { device } = file;
    const bo = device.ttm.create(FRAME, { places: [place(TT)], priority: 0, discardable: false, cgroup: caller.process.cgroup, account: null }, true);
    if (typeof bo === "number") return bo;
    const object = new GemObject(device, device.nextObjectId(), bo, "monitored fence", null);
    const fence = new Syncobj(device.core, new MonitoredFence(device.core.fences.context("dxgkrnl", "monitored fence"), object, arg.initialValue));
    const memory = file.addHandle(object);
    const handle = memory < 0 ? memory : file.syncobjs.add(fence);
    if (handle < 0) {
      if (memory > 0) file.closeHandle(memory);
      fence.put();
      return handle;
    }
    arg.memory = memory;
    arg.fence = handle;
    return 0;
  },
  D3DKMT_SIGNAL_SYNC_OBJECT_FROM_CPU: (_adapter, file, _caller, arg) => {
    const fence = fenceOf(file, arg.fence);
    if (fence === null) return -Errno.ENOENT;
    if (!between(arg.value, 0, Number.MAX_SAFE_INTEGER)) return -Errno.EINVAL;
    fence.signal(arg.value, 0);
    return 0;
  },
  D3DKMT_SIGNAL_SYNC_OBJECT_FROM_GPU: (_adapter, file, _caller, arg) => {
    const fence = fenceOf(file, arg.fence);
    const queue = file.queues.get(arg.queue);
    if (fence === null || queue === undefined) return -Errno.ENOENT;
    if (!between(arg.value, 0, Number.MAX_SAFE_INTEGER)) return -Errno.EINVAL;
    const last = queue.timeline.last === 0 ? "reached" : queue.timeline.find(queue.timeline.last);
    const signal = (): void => fence.signal(arg.value, 0);
    if (typeof last === "string" || last.addCallback({ fenceSignaled: signal }) !== 0) signal();
    return 0;
  },
  D3DKMT_QUERY_MONITORED_FENCE: (_adapter, file, _caller, arg) => {
    const fence = fenceOf(file, arg.fence);
    if (fence === null) return -Errno.ENOENT;
    fence.adopt();
    arg.value = fence.reached;
    return 0;
  },
  D3DKMT_MAKE_RESIDENT: (adapter, file, caller, arg) => {
    const context = file.contexts.get(arg.context);
    const objects = objectsOf(file, arg.handles);
    if (context === undefined || objects === null) return -Errno.ENOENT;
    if (objects.length === 0 || objects.some((object) => object.imported || object.backing.preferred !== "vram")) return -Errno.EINVAL;
    caller.thread.debt += adapter.dxgkrnl.kernel.costs.vmBind;
    for (const object of objects) adapter.track(object);
    const result = adapter.vidmm.makeResident(adapter.deviceOf(context), objects, arg.cantTrimFurther);
    arg.status = result.status;
    arg.bytesToTrim = result.bytesToTrim;
    return 0;
  },
  D3DKMT_EVICT: (adapter, file, _caller, arg) => {
    const context = file.contexts.get(arg.context);
    const objects = objectsOf(file, arg.handles);
    if (context === undefined || objects === null) return -Errno.ENOENT;
    arg.bytesToTrim = adapter.vidmm.evict(adapter.deviceOf(context), objects);
    return 0;
  },
  D3DKMT_OFFER_ALLOCATIONS: (adapter, file, _caller, arg) => {
    const objects = objectsOf(file, arg.handles);
    if (objects === null) return -Errno.ENOENT;
    adapter.vidmm.offer(objects);
    return 0;
  },
  D3DKMT_RECLAIM_ALLOCATIONS2: (adapter, file, _caller, arg) => {
    const objects = objectsOf(file, arg.handles);
    if (objects === null) return -Errno.ENOENT;
    arg.discarded = adapter.vidmm.reclaim(objects);
    return 0;
  },
  D3DKMT_QUERY_VIDEO_MEMORY_INFO: (adapter, file, caller, arg) => {
    const mine = [...file.objects.entries()].map(([, object]) => object);
    if (arg.segment === "local") {
      arg.budget = adapter.vidmm.budget;
      arg.currentUsage = adapter.vidmm.usage(adapter.processOf(caller.process.pid, caller.process.name));
    } else if (arg.segment === "non-local") {
      arg.budget = file.device.core.store.ram.total;
      arg.currentUsage = [...new Set(mine)].reduce((sum, object) => sum + (object.backing.placement === "system" ? object.size : 0), 0);
    } else {
      return -Errno.EINVAL;
    }
    return 0;
  },
  D3DKMT_REGISTER_TRIM_NOTIFICATION: (adapter, _file, caller, arg) => {
    const { mm } = caller.process;
    if (!between(arg.address, 0, 2 ** 48) || arg.address % 4 !== 0) return -Errno.EINVAL;
    if (arg.address !== 0 && mm.resolve(arg.address, 4, true) === null) return -Errno.EFAULT;
    adapter.processOf(caller.process.pid, caller.process.name).trim = arg.address === 0 ? null : { mm, address: arg.address };
    return 0;
  },
};

/** A request of a program that only Windows has; -EINVAL: there is none of that name. */
export function d3dkmt<K extends WddmRequest>(file: DrmFile, caller: SysCaller, request: K, arg: WddmIoctlTable[K]): number {
  const handler: Handler<K> | undefined = handlers[request];
  const adapter = file.device.wddm;
  if (handler === undefined || adapter === null) return -Errno.EINVAL;
  if (arg === null || typeof arg !== "object") return -Errno.EFAULT;
  return handler(adapter, file, caller, arg);
}
