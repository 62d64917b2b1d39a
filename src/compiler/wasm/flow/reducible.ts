/**
 * Control flow as numbers, and its repair where loops have several entries. WebAssembly's loops have one entry, so such a loop gets a
 * dispatcher: a node in front that every edge into the loop's entries goes through, with a variable that says which entry is meant.
 */
export interface Edge {
  readonly from: number;
  /** Where the program goes. */
  readonly to: number;
  /** Where the emitted code goes: `to`, or a dispatcher. */
  hop: number;
  /** Variables to set on the way: dispatcher number and entry index. */
  readonly sets: { readonly dispatcher: number; readonly entry: number }[];
}

/** A node in front of a loop's entries, which goes to the one its variable names. */
export interface Dispatcher {
  readonly node: number;
  readonly entries: readonly number[];
}

/** Flow in which every loop has one entry. */
export interface FlowGraph {
  /** Nodes of the program are 0 .. size-1 (0 is the entry); dispatchers follow. */
  readonly size: number;
  readonly edges: Edge[];
  readonly dispatchers: Dispatcher[];
}

/** The graph of `succs`, with dispatchers where needed. */
export function makeReducible(succs: readonly (readonly number[])[]): FlowGraph {
  const edges: Edge[] = [];
  succs.forEach((list, from) => {
    for (const to of new Set(list)) edges.push({ from, to, hop: to, sets: [] });
  });
  const flow: FlowGraph = { size: succs.length, edges, dispatchers: [] };
  const all = new Set<number>(succs.keys());
  repair(flow, all, -1);
  return flow;
}

/** Repairs the loops inside `nodes`, not looking at edges into `header`. */
function repair(flow: FlowGraph, nodes: Set<number>, header: number): void {
  for (const component of components(flow, nodes, header)) {
    const inside = new Set(component);
    const entries = component.filter((node) => node === 0 || flow.edges.some((edge) => edge.hop === node && !inside.has(edge.from)));
    let top = entries[0] ?? component[0]!;
    if (entries.length > 1) {
      const dispatcher = flow.dispatchers.length;
      const node = flow.size + dispatcher;
      flow.dispatchers.push({ node, entries });
      for (const edge of flow.edges) {
        const entry = entries.indexOf(edge.hop);
        if (entry < 0) continue;
        edge.sets.push({ dispatcher, entry });
        edge.hop = node;
      }
      for (const entry of entries) flow.edges.push({ from: node, to: entry, hop: entry, sets: [] });
      inside.add(node);
      top = node;
    }
    inside.delete(top);
    repair(flow, inside, top);
  }
}

/** Strongly connected components with a cycle, of the nodes given (Tarjan's algorithm, without recursion). */
function components(flow: FlowGraph, nodes: ReadonlySet<number>, header: number): number[][] {
  const next = new Map<number, number[]>();
  for (const node of nodes) next.set(node, []);
  for (const edge of flow.edges) if (nodes.has(edge.from) && nodes.has(edge.hop) && edge.hop !== header) next.get(edge.from)!.push(edge.hop);
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const open: number[] = [];
  const isOpen = new Set<number>();
  const found: number[][] = [];
  for (const root of nodes) {
    if (index.has(root)) continue;
    const stack: { readonly node: number; at: number }[] = [];
    const enter = (node: number): void => {
      index.set(node, index.size);
      low.set(node, index.get(node)!);
      open.push(node);
      isOpen.add(node);
      stack.push({ node, at: 0 });
    };
    enter(root);
    while (stack.length > 0) {
      const top = stack[stack.length - 1]!;
      const succ = next.get(top.node)![top.at++];
      if (succ !== undefined) {
        if (!index.has(succ)) enter(succ);
        else if (isOpen.has(succ)) low.set(top.node, Math.min(low.get(top.node)!, index.get(succ)!));
        continue;
      }
      stack.pop();
      const parent = stack[stack.length - 1];
      if (parent !== undefined) low.set(parent.node, Math.min(low.get(parent.node)!, low.get(top.node)!));
      if (low.get(top.node) !== index.get(top.node)) continue;
      const component: number[] = [];
      for (;;) {
        const node = open.pop()!;
        isOpen.delete(node);
        component.push(node);
        if (node === top.node) break;
      }
      if (component.length > 1 || next.get(top.node)!.includes(top.node)) found.push(component);
    }
  }
  return found;
}
