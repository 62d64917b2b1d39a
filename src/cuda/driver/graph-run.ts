import type { Caller } from "../../api/caller.ts";
import type { Job, MarkerJob, SyncPoint } from "../../kernel/sys/uapi.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { Context } from "./core/context.ts";
import { copyOnHost, failSubmit, mappingsOf, route, span, type Place, type Shape } from "./core/copy.ts";
import type { Device, Queue } from "./core/device.ts";
import { fail, misuse } from "./core/fail.ts";
import type { Graph, GraphNode } from "./core/graph.ts";
import type { GraphExec, Reached } from "./core/graph-exec.ts";
import type { AllocSpec, EventSpec, KernelSpec, MemcpySpec, MemsetSpec } from "./core/graph-spec.ts";
import { launchJob } from "./core/launch.ts";
import type { Mapping } from "./core/space.ts";
import { frontier, type Stream } from "./core/stream.ts";
import { exec as submitJob, submitMarker, type Engine } from "./core/submit.ts";
import { resolveStrided, type Resolved } from "./memory-copy-strided.ts";
import { checkFill, type Filling } from "./memory-set.ts";

/**
 * A launch of an executable graph: each node becomes jobs that wait for the jobs of the nodes before it and for nothing else. Jobs go to out-of-order queues of the graph, so that
 * the machine chooses among what the edges allow, and cost the host one submission. Roots wait for the stream's work so far and the graph's launch before; a marker in the stream waits for all.
 */

/** Points that are reached when something has ended, on any devices. */
type Points = readonly Reached[];

/** More points than this become one, by a marker. */
const MANY_POINTS = 64;

const marker: MarkerJob = { kind: "marker" };

/** What a node works with, found before anything is submitted: a launch that fails has done nothing. */
type Found = Resolved | Filling | null;

class Launch {
  private readonly t: Caller;
  private readonly exec: GraphExec;
  private readonly stream: Stream;
  /** Jobs of this launch that the kernel has: all but the first join its submission. */
  private readonly submitted: Reached[] = [];
  /** Work of helper threads of this launch. */
  private readonly pushed: Reached[] = [];
  private readonly found: Map<GraphNode, Found> = new Map();

  constructor(t: Caller, exec: GraphExec, stream: Stream) {
    this.t = t;
    this.exec = exec;
    this.stream = stream;
  }

  private active(node: GraphNode): boolean {
    return !this.exec.disabled.has(node);
  }

  /** Checks what can have changed since the graph was made ready. @returns 0 or the error */
  check(graph: Graph): CUresult {
    const { t } = this;
    const autoFree = (this.exec.flags & cu.CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH) !== 0;
    for (const node of graph.nodes) {
      const { spec } = node;
      switch (spec.kind) {
        case "graph": {
          const code = this.check(spec.graph);
          if (code !== 0) return code;
          break;
        }
        case "kernel":
          if (this.active(node) && !spec.fn.module.context.modules.has(spec.fn.module)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a kernel node's module has been unloaded", { kernel: spec.fn.info.name });
          break;
        case "memcpy": case "memset": {
          if (!this.active(node)) break;
          const found = spec.kind === "memcpy" ? resolveStrided(t, spec.context, spec.what) : checkFill(t, spec.context, spec.dst, spec.value, spec.elementSize as 1, spec.pitch, spec.width, spec.height);
          if (typeof found === "number") return cu.CUDA_ERROR_INVALID_VALUE;
          this.found.set(node, found);
          break;
        }
        case "alloc":
          if (spec.allocation.live && !autoFree) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "memory that an earlier launch allocated has not been freed (CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH would free it)", { dptr: spec.allocation.address });
          break;
        default:
      }
    }
    return 0;
  }

  /** Points as a device's file knows them. @returns a negative errno when the kernel refuses */
  private on(device: Device, points: Points): SyncPoint[] | number {
    const all: SyncPoint[] = [];
    for (const part of points) {
      for (const { syncobj, point } of part.points) {
        const handle = device.importTimeline(this.t, part.device, syncobj);
        if (handle < 0) return handle;
        if (!all.some((other) => other.syncobj === handle && other.point === point)) all.push({ syncobj: handle, point });
      }
    }
    return all;
  }

  /** One job after these points. */
  private job(context: Context, queue: Queue, job: Job, label: string, after: Points, timestamps: number | null = null): Points | number {
    const { device } = context;
    const waits = this.on(device, after);
    if (typeof waits === "number") return waits;
    const point = submitJob(this.t, device, queue, job, waits, label, timestamps, this.submitted.length > 0);
    if (point < 0) return point;
    const reached = { device, points: [{ syncobj: queue.timeline, point }] };
    this.submitted.push(reached);
    return [reached];
  }

  private own(context: Context, engine: Engine, job: Job, label: string, after: Points, level = this.stream.priority, timestamps: number | null = null): Points | number {
    const queue = this.exec.queue(this.t, context, engine, level);
    return typeof queue === "number" ? queue : this.job(context, queue, job, label, after, timestamps);
  }

  /** One point for several that were gathered. */
  private gather(points: Points): Points | number {
    const count = points.reduce((sum, part) => sum + part.points.length, 0);
    return count <= MANY_POINTS ? points : this.own(this.stream.context, "compute", marker, "graph", points);
  }

  private kernel({ fn, grid, block, dynamic, params, attributes }: KernelSpec, after: Points): Points | number {
    const { context } = fn.module;
    const cooperative = (attributes.get(cu.CU_LAUNCH_ATTRIBUTE_COOPERATIVE)?.cooperative ?? 0) !== 0;
    const own = (this.exec.flags & cu.CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY) === 0 ? undefined : attributes.get(cu.CU_LAUNCH_ATTRIBUTE_PRIORITY)?.priority ?? 0;
    const { least, greatest } = context.device.profile.priorities;
    const level = own === undefined ? this.stream.priority : Math.min(least, Math.max(greatest, own));
    return this.own(context, "compute", launchJob(context, fn, grid, block, dynamic, params, cooperative), fn.info.name, after, level);
  }

  /** A copy or fill, in the node's context or (when that does not reach the memory) in the device's transfer space. */
  private transfer(context: Context, job: Job, needed: readonly Mapping[], label: string, after: Points): Points | number {
    const queue = route(this.t, context.internal, needed);
    if (typeof queue === "number") return queue;
    return queue === null ? this.own(context, "copy", job, label, after) : this.job(context, queue, job, label, after);
  }

  private memset({ context }: MemsetSpec, { job, place }: Filling, after: Points): Points | number {
    return this.transfer(context, job, place.allocation!.mappings, "memset", after);
  }

  /** Work of the CPU in a node, by a helper thread. */
  private host(context: Context, node: GraphNode, after: Points, run: (status: CUresult, own: Caller) => unknown): Points | number {
    const line = this.exec.line(this.t, context, node);
    if (typeof line === "number") return line;
    const { device } = line.context;
    const waits = this.on(device, after);
    if (typeof waits === "number") return waits;
    const reached = { device, points: [{ syncobj: line.timeline, point: line.pushAfter(this.t, waits, run) }] };
    this.pushed.push(reached);
    return [reached];
  }

  /** Work of the CPU that copies. */
  private hostCopy(context: Context, node: GraphNode, dst: Place, src: Place, shape: Shape, after: Points): Points | number {
    return this.host(context, node, after, (status, own) => {
      if (status === 0 && !copyOnHost(own, dst, src, shape)) misuse(own, "a copy node found host memory that is no longer mapped: it copied nothing");
    });
  }

  private memcpy(node: GraphNode, { context }: MemcpySpec, { to, from, shape }: Resolved, after: Points): Points | number {
    if (to.kind !== "device" && from.kind !== "device") return this.hostCopy(context, node, to, from, shape, after);
    const onDst = mappingsOf(to, span(shape, shape.dstPitch, shape.dstSlice));
    const onSrc = mappingsOf(from, span(shape, shape.srcPitch, shape.srcSlice));
    const { width, height, depth, dstPitch, dstSlice, srcPitch, srcSlice } = shape;
    const extent = { width, height, depth };
    if (to.kind !== "pageable" && from.kind !== "pageable") {
      const label = from.kind === "pinned" ? "memcpy HtoD" : to.kind === "pinned" ? "memcpy DtoH" : "memcpy DtoD";
      return this.transfer(context, { kind: "copy", dst: to.address, src: from.address, extent, dstPitch, dstSlicePitch: dstSlice, srcPitch, srcSlicePitch: srcSlice }, [...onDst, ...onSrc], label, after);
    }
    const mapping = this.exec.stage(this.t, context, node, width * height * depth);
    if (typeof mapping === "number") return mapping;
    const stage: Place = { kind: "pageable", address: mapping.address, view: null, allocation: null };
    const tight = { pitch: width, slice: width * height };
    if (from.kind === "pageable") {
      const staged = this.hostCopy(context, node, stage, from, { ...shape, dstPitch: tight.pitch, dstSlice: tight.slice }, after);
      if (typeof staged === "number") return staged;
      return this.transfer(context, { kind: "copy", dst: to.address, src: mapping.address, extent, dstPitch, dstSlicePitch: dstSlice, srcPitch: tight.pitch, srcSlicePitch: tight.slice }, [...onDst, mapping], "memcpy HtoD", staged);
    }
    const copied = this.transfer(context, { kind: "copy", dst: mapping.address, src: from.address, extent, dstPitch: tight.pitch, dstSlicePitch: tight.slice, srcPitch, srcSlicePitch: srcSlice }, [mapping, ...onSrc], "memcpy DtoH", after);
    if (typeof copied === "number") return copied;
    return this.hostCopy(context, node, to, stage, { ...shape, srcPitch: tight.pitch, srcSlice: tight.slice }, copied);
  }

  private record({ event }: EventSpec, after: Points): Points | number {
    const { context } = event;
    const stamps = (event.flags & cu.CU_EVENT_DISABLE_TIMING) === 0 ? context.driver.slots.take(this.t) : 0;
    if (stamps < 0) return stamps;
    const done = this.own(context, "compute", marker, "event", after, this.stream.priority, stamps === 0 ? null : stamps);
    if (typeof done === "number") {
      if (stamps > 0) context.driver.slots.give(stamps);
      return done;
    }
    const { points } = done[0]!;
    const passed = event.shared?.recordPoint(this.t, context.device, points[0]!) ?? 0;
    if (passed < 0) return passed;
    event.forget();
    event.recorded = { points, stream: this.stream, stamps, done: false };
    return done;
  }

  private wait({ event }: EventSpec, after: Points): Points | number {
    const { recorded, shared, context } = event;
    if (shared !== null) {
      const point = shared.take(this.t, context.device);
      if (typeof point === "number") return point;
      const done = this.own(context, "compute", marker, "wait", [...after, { device: context.device, points: [point] }]);
      this.t.sys.ioctl(context.device.fd, "DRM_IOCTL_SYNCOBJ_DESTROY", { handle: point.syncobj });
      return done;
    }
    return recorded === null || recorded.done ? after : [...after, { device: context.device, points: recorded.points }];
  }

  private alloc({ allocation }: AllocSpec, after: Points): Points {
    const { freedAfter } = allocation;
    const points = freedAfter === null ? after : [...after, freedAfter];
    allocation.begin(this.t, points);
    return points;
  }

  /** Submits one node. @returns where it ends, or a negative errno */
  private node(node: GraphNode, after: Points): Points | number {
    const { spec } = node;
    if (!this.active(node)) return after;
    switch (spec.kind) {
      case "kernel": return this.kernel(spec, after);
      case "memcpy": return this.memcpy(node, spec, this.found.get(node) as Resolved, after);
      case "memset": return this.memset(spec, this.found.get(node) as Filling, after);
      case "host": return this.host(this.stream.context, node, after, (status) => (status === 0 ? spec.fn(spec.userData) : undefined));
      case "graph": return this.graph(spec.graph, after);
      case "empty": return after;
      case "record": return this.record(spec, after);
      case "wait": return this.wait(spec, after);
      case "alloc": return this.alloc(spec, after);
      case "free":
        spec.allocation.end(this.t, after);
        return after;
    }
  }

  /** Submits all nodes of a graph. @returns where it ends, or a negative errno */
  graph(graph: Graph, entry: Points): Points | number {
    const ends = new Map<GraphNode, Points>();
    const last: Reached[] = [];
    for (const node of graph.sorted()!) {
      const after = this.gather(node.before.length === 0 ? entry : node.before.flatMap((edge) => ends.get(edge.from)!));
      if (typeof after === "number") return after;
      const end = this.node(node, after);
      if (typeof end === "number") return end;
      ends.set(node, end);
      if (node.after.length === 0) last.push(...end);
    }
    return graph.nodes.size === 0 ? entry : last;
  }

  /** Does it all. @returns 0, or a negative errno */
  run(): number {
    const { t, exec, stream } = this;
    const { device } = stream.context;
    const entry: Reached[] = [{ device, points: frontier(stream) }];
    entry.push(...exec.last);
    const end = this.graph(exec.graph, entry);
    const points = typeof end === "number" ? end : this.on(device, [...entry, ...end]);
    if (typeof points === "number") return this.broken(points);
    const old = stream.waits;
    stream.waits = points;
    const error = submitMarker(t, stream, "graph", null, this.submitted.length > 0);
    if (error < 0) {
      stream.waits = old;
      return this.broken(error);
    }
    exec.last = [{ device, points: [{ syncobj: stream.tail, point: stream.tailPoint }] }];
    return 0;
  }

  /** The kernel refused in the middle: what is submitted runs, and the next launch waits for it. */
  private broken(error: number): number {
    this.exec.last = [...this.exec.last, ...this.submitted, ...this.pushed];
    return error;
  }
}

/** Launches an executable graph in a stream that does not capture. @returns 0 or the error */
export function launchGraph(t: Caller, exec: GraphExec, stream: Stream): CUresult {
  const launch = new Launch(t, exec, stream);
  const code = launch.check(exec.graph);
  if (code !== 0) return code;
  const error = launch.run();
  return error < 0 ? failSubmit(t, stream, error) : 0;
}
