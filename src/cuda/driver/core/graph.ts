import { stateKey, type Caller, type StateKey } from "../../../api/caller.ts";
import { HandleTable } from "../../../api/handles.ts";
import type { CUgraph, CUgraphNode } from "../../abi/driver/types.ts";
import type { GraphExec } from "./graph-exec.ts";
import type { NodeSpec } from "./graph-spec.ts";
import { driverKey } from "./state.ts";
import type { UserObject } from "./user-object.ts";

/** A dependency: `to` begins after `from`. Ports and type are kept; every kind orders in full here. */
export interface Edge {
  readonly from: GraphNode;
  readonly to: GraphNode;
  readonly fromPort: number;
  readonly toPort: number;
  readonly type: number;
}

/** What an edge says beside its ends. */
export type EdgeKind = Pick<Edge, "fromPort" | "toPort" | "type">;

/** An edge as CUDA means it when nothing is said. */
export const PLAIN: EdgeKind = Object.freeze({ fromPort: 0, toPort: 0, type: 0 });

/** One operation of a graph. */
export class GraphNode {
  /** 0 inside an executable graph, where no program sees it. */
  handle: CUgraphNode = 0;
  readonly graph: Graph;
  spec: NodeSpec;
  /** Dependencies, and what depends on it, in the order they were made. */
  readonly before: Edge[] = [];
  readonly after: Edge[] = [];
  /** The node it was copied from. */
  readonly origin: GraphNode | null;

  constructor(graph: Graph, spec: NodeSpec, origin: GraphNode | null) {
    this.graph = graph;
    this.spec = spec;
    this.origin = origin;
  }
}

/** Whether two edges say the same. */
function alike(a: EdgeKind, b: EdgeKind): boolean {
  return a.fromPort === b.fromPort && a.toPort === b.toPort && a.type === b.type;
}

/** Nodes and the dependencies between them. Belongs to a process; only what nodes name belongs to a context. */
export class Graph {
  /** 0 inside an executable graph. */
  handle: CUgraph = 0;
  readonly state: GraphState;
  readonly nodes: Set<GraphNode> = new Set();
  /** The node whose child graph it is; it lives as long as that. */
  owner: GraphNode | null = null;
  /** The child graph was the program's own and was moved in: only then may it hold memory nodes. */
  moved = false;
  readonly userObjects: Map<UserObject, number> = new Map();
  /** Executable graphs made of it that live; counted because a graph that allocates may have one only. */
  readonly execs: Set<GraphExec> = new Set();
  /** Identity in printed graphs and capture. */
  readonly id: number;

  constructor(state: GraphState) {
    this.state = state;
    this.id = ++state.lastId;
  }

  /** A graph that a program sees. */
  static create(state: GraphState): Graph {
    const graph = new Graph(state);
    graph.handle = state.graphs.add(graph) as CUgraph;
    return graph;
  }

  /** Adds a node with its dependencies, all of this graph. */
  add(spec: NodeSpec, dependencies: readonly GraphNode[], kinds: readonly EdgeKind[] | null = null, origin: GraphNode | null = null): GraphNode {
    const node = new GraphNode(this, spec, origin);
    if (this.handle !== 0) node.handle = this.state.nodes.add(node) as CUgraphNode;
    this.nodes.add(node);
    if (spec.kind === "graph") spec.graph.owner = node;
    if (spec.kind === "alloc") spec.allocation.holders.add(this);
    dependencies.forEach((from, i) => this.connect(from, node, kinds?.[i] ?? PLAIN));
    return node;
  }

  /** Makes an edge. */
  connect(from: GraphNode, to: GraphNode, kind: EdgeKind): void {
    const edge: Edge = { from, to, fromPort: kind.fromPort, toPort: kind.toPort, type: kind.type };
    from.after.push(edge);
    to.before.push(edge);
  }

  /** The edge between two nodes that says the same, or undefined. */
  find(from: GraphNode, to: GraphNode, kind: EdgeKind): Edge | undefined {
    return from.after.find((edge) => edge.to === to && alike(edge, kind));
  }

  disconnect(edge: Edge): void {
    edge.from.after.splice(edge.from.after.indexOf(edge), 1);
    edge.to.before.splice(edge.to.before.indexOf(edge), 1);
  }

  /** Whether it has nodes that allocate or free, its children included. */
  get hasMemory(): boolean {
    for (const { spec } of this.nodes) if (spec.kind === "alloc" || spec.kind === "free" || (spec.kind === "graph" && spec.graph.hasMemory)) return true;
    return false;
  }

  /**
   * A copy with everything below it. `seen` copies get handles, others do not.
   * @param map filled with the copy of each node, those of child graphs too
   */
  clone(seen: boolean, map: Map<GraphNode, GraphNode> = new Map()): Graph {
    const copy = seen ? Graph.create(this.state) : new Graph(this.state);
    for (const node of this.nodes) {
      const { spec } = node;
      map.set(node, copy.add(spec.kind === "graph" ? { kind: "graph", graph: spec.graph.clone(seen, map) } : spec, [], null, node));
    }
    for (const node of this.nodes) for (const edge of node.before) copy.connect(map.get(edge.from)!, map.get(edge.to)!, edge);
    for (const [object, count] of this.userObjects) {
      object.retain(count);
      copy.userObjects.set(object, count);
    }
    return copy;
  }

  /** Takes a node out, with its edges and its child graph. */
  drop(t: Caller, node: GraphNode): void {
    for (const edge of [...node.before, ...node.after]) if (edge.from.after.includes(edge)) this.disconnect(edge);
    this.nodes.delete(node);
    if (node.handle !== 0) this.state.nodes.remove(node.handle);
    if (node.spec.kind === "graph") node.spec.graph.destroy(t);
    if (node.spec.kind === "alloc") node.spec.allocation.released(t, this);
  }

  /** Gives everything back. The one release routine. */
  destroy(t: Caller): void {
    for (const node of [...this.nodes]) this.drop(t, node);
    for (const [object, count] of this.userObjects) object.release(t, count);
    this.userObjects.clear();
    if (this.handle !== 0) this.state.graphs.remove(this.handle);
  }

  /** Nodes such that each comes after its dependencies; null when dependencies go round. */
  sorted(): readonly GraphNode[] | null {
    const left = new Map<GraphNode, number>();
    const order: GraphNode[] = [];
    for (const node of this.nodes) {
      left.set(node, node.before.length);
      if (node.before.length === 0) order.push(node);
    }
    for (let i = 0; i < order.length; i++) {
      for (const { to } of order[i]!.after) {
        const rest = left.get(to)! - 1;
        left.set(to, rest);
        if (rest === 0) order.push(to);
      }
    }
    return order.length === this.nodes.size ? order : null;
  }
}

/** Graphs of one process. */
export class GraphState {
  readonly graphs: HandleTable<Graph>;
  readonly nodes: HandleTable<GraphNode>;
  readonly execs: HandleTable<GraphExec>;
  readonly userObjects: HandleTable<UserObject>;
  /** Executable graphs that were destroyed while they ran. */
  readonly dying: Set<GraphExec> = new Set();
  lastId = 0;

  constructor(pid: number) {
    this.graphs = new HandleTable(0x32, pid);
    this.nodes = new HandleTable(0x33, pid);
    this.execs = new HandleTable(0x34, pid);
    this.userObjects = new HandleTable(0x35, pid);
  }
}

/** Where a process keeps its graphs. */
export const graphKey: StateKey<GraphState> = stateKey<GraphState>("cuda graphs", (t) => {
  const state = new GraphState(t.sys.pid);
  t.processState(driverKey).afterWait.add((caller) => {
    for (const exec of state.dying) if (exec.isIdle(caller)) { state.dying.delete(exec); exec.free(caller); }
  });
  return state;
});
