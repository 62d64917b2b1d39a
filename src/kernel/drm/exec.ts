import { FRAME } from "../../gpu/frames.ts";
import { blocksPerMultiprocessor } from "../../gpu/occupancy.ts";
import { Errno } from "../errors.ts";
import type { SysCaller } from "../fs/file.ts";
import type { CopyJob, ExecArgs, FillJob, LaunchJob, MarkerJob } from "../sys/uapi.ts";
import { checkSignals, lockImplicit, putSignals, useImplicit } from "./exec-sync.ts";
import type { DrmFile } from "./file.ts";
import { CheckedLaunch, GpuJob, type JobWork } from "./gpu-job.ts";
import type { ExecQueue } from "./queue.ts";
import { findPoint, MAX_POINTS, pointError } from "./syncobj-ioctls.ts";
import { unplug } from "./unplug.ts";

const marker: JobWork = { launch: null, transfer: null };

/** A marker that moves pages. */
function checkPrefetch(queue: ExecQueue, { address, size, location }: NonNullable<MarkerJob["prefetch"]>): JobWork | number {
  const { svm, device } = queue.context.vm;
  if (!isSize(address) || !isSize(size) || size === 0 || svm === null || !svm.gpusvm.mirrored.covers(address, address + size)) return -Errno.EINVAL;
  const start = address - (address % FRAME);
  const end = Math.ceil((address + size) / FRAME) * FRAME;
  const { attributes } = device.core.svm.stateOf(svm.mm);
  const target = location === "ram" ? svm : device.core.svm.find(svm.mm, location);
  if (target === null) return -Errno.EINVAL;
  const service = (): number => {
    attributes.change(start, end, () => ({ lastPrefetch: location }));
    return location === "ram" ? target.prefetchToRam(start, end) : target.prefetch(start, end);
  };
  return { launch: null, transfer: null, service };
}

/**
 * GLASS_EXEC: puts a job at the end of a queue.
 * -ENOENT: queue or syncobj handle; -ECANCELED: the context is banned; -EINVAL: the job, a wait for what nobody submitted; -ENOENT: the VM is banned; -ENOMEM: what the VM maps cannot be in memory at once; -ENOSPC: a cooperative launch that
 * cannot be resident at once; -EFAULT: addresses the kernel is to write to.
 */
export function exec(file: DrmFile, caller: SysCaller, arg: ExecArgs): number {
  const queue = file.queues.get(arg.queue);
  if (queue === undefined) return -Errno.ENOENT;
  if (queue.context.fault !== null) return -Errno.ECANCELED;
  const { waits } = arg;
  if (waits.length > MAX_POINTS) return -Errno.EINVAL;
  const work = checkJob(queue, arg);
  if (typeof work === "number") return work;
  const mm = caller.process.mm;
  const fence = arg.userFence;
  if (fence !== null) {
    if ((fence.address & 3) !== 0) return -Errno.EINVAL;
    if (mm.resolve(fence.address, 4, true) === null) return -Errno.EFAULT;
  }
  if (arg.timestamps !== null) {
    if ((arg.timestamps & 7) !== 0) return -Errno.EINVAL;
    if (mm.resolve(arg.timestamps, 32, true) === null) return -Errno.EFAULT;
  }
  for (const { syncobj: handle, point } of waits) {
    const syncobj = file.syncobjs.get(handle);
    if (syncobj === undefined) return -Errno.ENOENT;
    if (findPoint(syncobj, point) === "missing") return -Errno.EINVAL;
  }
  const unsignalable = checkSignals(file, arg);
  if (unsignalable < 0) return unsignalable;
  const { vm } = queue.context;
  if (vm.banned !== 0) return -Errno.ENOENT;
  const { kernel } = file.device.core;
  if (kernel.faults.active) {
    if (kernel.faults.should("fail_bus")) {
      unplug(file.device.whole ?? file.device);
      return -Errno.ENODEV;
    }
    if (kernel.faults.slab()) return -Errno.ENOMEM;
  }
  if (vm.evicted.size > 0) {
    const valid = vm.validate();
    if (valid < 0) return valid;
  }
  const implicit = lockImplicit(file, arg);
  if (typeof implicit === "number") return implicit;
  // Nothing can fail from here on.
  vm.use();
  const device = file.device;
  const core = device.core;
  if (arg.joins !== true) caller.thread.debt += core.kernel.costs.submit;
  const scheduler = device.schedulerFor(work.launch !== null ? "compute" : work.transfer !== null ? "copy" : "marker", queue);
  const job = new GpuJob(queue, scheduler, core.nextSequence(), work, arg, mm, core.kernel.clock.now);
  for (const { syncobj: handle, point } of waits) {
    const syncobj = file.syncobjs.get(handle)!;
    const found = findPoint(syncobj, point);
    if (found !== "reached" && found !== "missing") job.addDependency(found);
    else if (job.propagate && pointError(syncobj, point) !== 0) job.error = -Errno.ECANCELED;
  }
  if (implicit !== null) useImplicit(job, implicit);
  if (vm.moving.size > 0 && job.pending === 0) {
    job.waitForMoves();
    job.prepared = true;
  }
  arg.point = job.point;
  const { observer } = core.kernel;
  if (observer !== null) observer.submitted(caller.thread, job, waits.map(({ syncobj, point }) => ({ timeline: file.syncobjs.get(syncobj)!.timeline, point })), arg.wholeQueue === true);
  if (arg.signals !== undefined) putSignals(file, job, arg);
  queue.entity.push(job);
  return 0;
}

function checkJob(queue: ExecQueue, arg: ExecArgs): JobWork | number {
  const job = arg.job;
  switch (job.kind) {
    case "marker":
      return job.prefetch === undefined ? marker : checkPrefetch(queue, job.prefetch);
    case "copy":
      return checkCopy(job) ? { launch: null, transfer: job } : -Errno.EINVAL;
    case "fill":
      return checkFill(job) ? { launch: null, transfer: { ...job, pattern: job.pattern.slice() } } : -Errno.EINVAL;
    case "launch":
      return queue.engine === "compute" ? checkLaunch(queue, job) : -Errno.EINVAL;
  }
}

/** A whole number from 0 on. */
function isSize(value: number): boolean {
  return value >= 0 && Number.isSafeInteger(value);
}

/** Rows must not overlap: what a pitch spans is at least a row, and a slice at least its rows. */
function checkRows(extent: CopyJob["extent"], pitch: number, slicePitch: number): boolean {
  const { width, height, depth } = extent;
  if (!isSize(width) || !isSize(height) || !isSize(depth) || !isSize(pitch) || !isSize(slicePitch)) return false;
  return (height <= 1 || pitch >= width) && (depth <= 1 || slicePitch >= (height - 1) * pitch + width);
}

function checkCopy(job: CopyJob): boolean {
  return isSize(job.dst) && isSize(job.src) && checkRows(job.extent, job.dstPitch, job.dstSlicePitch) && checkRows(job.extent, job.srcPitch, job.srcSlicePitch);
}

function checkFill(job: FillJob): boolean {
  const length = job.pattern.length;
  return isSize(job.dst) && checkRows(job.extent, job.pitch, job.slicePitch) && length >= 1 && length <= 128 && (length & (length - 1)) === 0 && job.extent.width % length === 0;
}

/** Each dimension from 1 to its limit. */
function checkDimensions(size: readonly [number, number, number], limit: readonly [number, number, number]): boolean {
  for (let i = 0; i < 3; i++) {
    const value = size[i]!;
    if (!(value >= 1 && value <= limit[i]!) || !Number.isInteger(value)) return false;
  }
  return true;
}

function checkLaunch(queue: ExecQueue, job: LaunchJob): JobWork | number {
  const kernel = job.code.kernels.get(job.kernel);
  if (kernel === undefined || job.params.length < kernel.paramBytes || job.symbols.length < job.code.symbols.length) return -Errno.EINVAL;
  const { profile } = queue.context.file.slice;
  const { limits } = profile;
  const { grid, block } = job;
  if (!checkDimensions(grid, limits.maxGridDim) || !checkDimensions(block, limits.maxBlockDim) || !isSize(job.dynamicSharedBytes)) return -Errno.EINVAL;
  const threads = block[0] * block[1] * block[2];
  const blocks = grid[0] * grid[1] * grid[2];
  if (threads > limits.maxThreadsPerBlock || blocks > Number.MAX_SAFE_INTEGER) return -Errno.EINVAL;
  const shared = Math.ceil(kernel.sharedBytes / 16) * 16 + job.dynamicSharedBytes;
  const perMultiprocessor = blocksPerMultiprocessor(profile, threads, shared, kernel.attributes.registers);
  if (perMultiprocessor === 0) return -Errno.EINVAL;
  if (job.cooperative && blocks > perMultiprocessor * profile.multiprocessors) return -Errno.ENOSPC;
  return { launch: new CheckedLaunch(job, queue.load(job.code), perMultiprocessor, threads), transfer: null };
}
