import type { Caller } from "../../../api/caller.ts";
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "../../../kernel/sys/sys.ts";
import type { SyncPoint } from "../../../kernel/sys/uapi.ts";
import type { CUgraphExec } from "../../abi/driver/types.ts";
import type { Context } from "./context.ts";
import type { Device, Queue } from "./device.ts";
import type { Graph, GraphNode, GraphState } from "./graph.ts";
import { HostLine } from "./host-work.ts";
import { Mapping } from "./space.ts";
import type { Engine } from "./submit.ts";
import { arePointsReached } from "./wait.ts";

/** Most helper threads of one executable graph: host functions beyond them share one, in an order that dependencies allow. */
const MAX_LINES = 8;

/** Points on timelines of one device's file. */
export interface Reached {
  readonly device: Device;
  readonly points: readonly SyncPoint[];
}

/** A queue of the kernel that an executable graph keeps. */
interface OwnQueue {
  readonly context: Context;
  readonly queue: Queue;
}

/**
 * A graph made ready to run: a copy of it that no program sees, and what its launches need and keep. Its work goes to out-of-order queues of its own, where only the edges
 * order: what is independent runs in any order, or at once.
 */
export class GraphExec {
  handle: CUgraphExec = 0;
  private readonly state: GraphState;
  /** The graph it was made of, while its one executable graph is counted. */
  readonly source: Graph;
  readonly graph: Graph;
  /** Its own node for each node of the graph that it was made of, those of child graphs too. */
  readonly nodes: ReadonlyMap<GraphNode, GraphNode>;
  readonly flags: number;
  /** Its nodes that do nothing for now. */
  readonly disabled: Set<GraphNode> = new Set();
  /** The end of its latest launch: a point of the launching stream, or (when the kernel refused in the middle) all that was submitted. */
  last: readonly Reached[] = [];
  private readonly queues: Map<string, OwnQueue> = new Map();
  private readonly lines: Map<GraphNode, HostLine> = new Map();
  private readonly linesMade: HostLine[] = [];
  private readonly stages: Map<GraphNode, { readonly context: Context; readonly mapping: Mapping }> = new Map();

  private readonly contexts: Map<Context, (t: Caller) => void> = new Map();

  constructor(state: GraphState, source: Graph, graph: Graph, nodes: ReadonlyMap<GraphNode, GraphNode>, flags: number) {
    this.state = state;
    this.source = source;
    this.graph = graph;
    this.nodes = nodes;
    this.flags = flags;
    this.handle = state.execs.add(this) as CUgraphExec;
    source.execs.add(this);
  }

  /** Its queue for work of one kind in a context, opened on first use. @returns it, or a negative errno */
  queue(t: Caller, context: Context, engine: Engine, level: number): Queue | number {
    const key = `${context.id} ${engine} ${level}`;
    const old = this.queues.get(key);
    if (old !== undefined) return old.queue;
    const arg = { context: context.kernelContext, engine, order: "out-of-order" as const, priority: 2 as const, level, label: `graph ${this.graph.id}`, queue: 0, timeline: 0 };
    const error = t.sys.ioctl(context.device.fd, "GLASS_EXEC_QUEUE_CREATE", arg);
    if (error < 0) return error;
    const queue = { handle: arg.queue, timeline: arg.timeline };
    this.queues.set(key, { context, queue });
    this.enter(context);
    return queue;
  }

  /** The helper thread of a node's host part. @returns it, or a negative errno */
  line(t: Caller, context: Context, node: GraphNode): HostLine | number {
    const old = this.lines.get(node);
    if (old !== undefined) return old;
    const shared = this.linesMade.length < MAX_LINES ? undefined : this.linesMade.find((line) => line.context === context);
    const line = shared ?? HostLine.create(t, context, `graph ${this.graph.id}`);
    if (typeof line === "number") return line;
    if (shared === undefined) this.linesMade.push(line);
    this.lines.set(node, line);
    return line;
  }

  /** A node's bounce buffer for a copy with pageable memory. Launches follow each other, so one is enough. @returns its address, or a negative errno */
  stage(t: Caller, context: Context, node: GraphNode, bytes: number): Mapping | number {
    const old = this.stages.get(node);
    if (old !== undefined && old.mapping.bytes >= bytes && old.context === context) return old.mapping;
    const address = t.sys.mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address < 0) return address;
    const mapping = new Mapping(address, Math.ceil(bytes / 65536) * 65536, null);
    const error = mapping.bind(t, context.space);
    if (error < 0) {
      t.sys.munmap(address, bytes);
      return error;
    }
    this.stages.set(node, { context, mapping });
    this.enter(context);
    return mapping;
  }

  /** From now on it has something in a context. */
  private enter(context: Context): void {
    if (this.contexts.has(context)) return;
    const leave = (t: Caller): void => this.leave(t, context);
    this.contexts.set(context, leave);
    context.leaving.add(leave);
  }

  /** Whether no launch of it is under way. */
  isIdle(t: Caller): boolean {
    if (!this.last.every(({ device, points }) => arePointsReached(t, device, points))) return false;
    this.last = [];
    return true;
  }

  /** Ends it for the program at once; what its last launch still uses goes when that is over. */
  destroy(t: Caller): void {
    this.state.execs.remove(this.handle);
    this.source.execs.delete(this);
    for (const line of this.linesMade) line.close(t);
    for (const { context, queue } of this.queues.values()) if (!context.destroyed) t.sys.ioctl(context.device.fd, "GLASS_EXEC_QUEUE_DESTROY", { queue: queue.handle });
    this.queues.clear();
    if (this.isIdle(t)) this.free(t);
    else this.state.dying.add(this);
  }

  /** Lets go of memory and references: no work of it runs any more. */
  free(t: Caller): void {
    for (const [context, leave] of this.contexts) context.leaving.delete(leave);
    this.contexts.clear();
    for (const { mapping } of this.stages.values()) {
      mapping.unbindAll(t);
      t.sys.munmap(mapping.address, mapping.bytes);
    }
    this.stages.clear();
    this.graph.destroy(t);
  }

  /** A context is going: what is in it goes. */
  private leave(t: Caller, context: Context): void {
    for (const [key, own] of this.queues) {
      if (own.context !== context) continue;
      t.sys.ioctl(context.device.fd, "GLASS_EXEC_QUEUE_DESTROY", { queue: own.queue.handle });
      this.queues.delete(key);
    }
    for (const [node, stage] of this.stages) {
      if (stage.context !== context) continue;
      stage.mapping.unbindAll(t);
      t.sys.munmap(stage.mapping.address, stage.mapping.bytes);
      this.stages.delete(node);
    }
  }
}
