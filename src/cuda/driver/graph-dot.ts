import type { Caller } from "../../api/caller.ts";
import { O_CLOEXEC, O_CREAT, O_TRUNC, O_WRONLY } from "../../kernel/sys/sys.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUgraph } from "../abi/driver/types.ts";
import { fail } from "./core/fail.ts";
import { errnoRule } from "./core/fault.ts";
import type { Graph, GraphNode } from "./core/graph.ts";
import { graphArgument } from "./graph-argument.ts";

/** Graph Management: a graph as text for Graphviz. */

const ALL = 0x1ffff;

const hex = (address: number): string => `0x${address.toString(16)}`;

/** What a node does, in a few words; more with the flags that ask for its parameters. */
function describe(node: GraphNode, flags: number): readonly string[] {
  const { spec } = node;
  const wants = (flag: number): boolean => (flags & (flag | cu.CU_GRAPH_DEBUG_DOT_FLAGS_VERBOSE)) !== 0;
  switch (spec.kind) {
    case "kernel": return [
      `KERNEL ${spec.fn.info.name}`,
      ...(wants(cu.CU_GRAPH_DEBUG_DOT_FLAGS_KERNEL_NODE_PARAMS) ? [`<<<${spec.grid.join("x")}, ${spec.block.join("x")}, ${spec.dynamic}>>>`] : []),
      ...(wants(cu.CU_GRAPH_DEBUG_DOT_FLAGS_KERNEL_NODE_ATTRIBUTES) ? [...spec.attributes].map(([id, value]) => `attribute ${id}: ${JSON.stringify(value)}`) : []),
    ];
    case "memcpy": {
      const { what } = spec;
      const side = ({ array, host, device }: typeof what.src): string => (array !== null ? `array ${hex(array)}` : host === null ? hex(device) : typeof host === "number" ? hex(host) : "host memory");
      return ["MEMCPY", ...(wants(cu.CU_GRAPH_DEBUG_DOT_FLAGS_MEMCPY_NODE_PARAMS) ? [`${side(what.src)} to ${side(what.dst)}`, `${what.width} x ${what.height} x ${what.depth} bytes`] : [])];
    }
    case "memset": return ["MEMSET", ...(wants(cu.CU_GRAPH_DEBUG_DOT_FLAGS_MEMSET_NODE_PARAMS) ? [`${hex(spec.dst)} = ${spec.value}`, `${spec.width} x ${spec.height} elements of ${spec.elementSize}`] : [])];
    case "host": return ["HOST", ...(wants(cu.CU_GRAPH_DEBUG_DOT_FLAGS_HOST_NODE_PARAMS) ? [spec.fn.name] : [])];
    case "graph": return [`GRAPH ${spec.graph.id}`];
    case "empty": return ["EMPTY"];
    case "record": case "wait": return [spec.kind === "record" ? "EVENT_RECORD" : "EVENT_WAIT", ...(wants(cu.CU_GRAPH_DEBUG_DOT_FLAGS_EVENT_NODE_PARAMS) ? [hex(spec.event.handle)] : [])];
    case "alloc": return ["MEM_ALLOC", ...(wants(cu.CU_GRAPH_DEBUG_DOT_FLAGS_MEM_ALLOC_NODE_PARAMS) ? [`${spec.allocation.allocation.size} bytes at ${hex(spec.allocation.address)}`] : [])];
    case "free": return ["MEM_FREE", ...(wants(cu.CU_GRAPH_DEBUG_DOT_FLAGS_MEM_FREE_NODE_PARAMS) ? [hex(spec.allocation.address)] : [])];
  }
}

/** A graph and its children as subgraphs; node names say graph and place, so that they are the same every time. */
function lines(graph: Graph, flags: number, indent: string): string[] {
  const out = [`${indent}subgraph cluster_${graph.id} {`, `${indent}  label="graph ${graph.id}";`];
  const names = new Map([...graph.nodes].map((node, i) => [node, `"graph_${graph.id}_node_${i}"`] as const));
  for (const [i, node] of [...graph.nodes].entries()) {
    const handle = (flags & (cu.CU_GRAPH_DEBUG_DOT_FLAGS_HANDLES | cu.CU_GRAPH_DEBUG_DOT_FLAGS_VERBOSE)) === 0 ? [] : [hex(node.handle)];
    const label = [`${i}`, ...describe(node, flags), ...handle].join("\\n").replaceAll('"', '\\"');
    out.push(`${indent}  ${names.get(node)} [shape=record, label="${label}"];`);
    if (node.spec.kind === "graph") out.push(...lines(node.spec.graph, flags, `${indent}  `));
  }
  for (const node of graph.nodes) for (const { to, type } of node.after) out.push(`${indent}  ${names.get(node)} -> ${names.get(to)}${type === 0 ? "" : ' [style=dashed, label="programmatic"]'};`);
  return [...out, `${indent}}`];
}

/**
 * Writes a graph to a file in the DOT language of Graphviz: nodes, dependencies, child graphs.
 * @param path a file in the process's file system; one that exists is replaced
 * @param flags CU_GRAPH_DEBUG_DOT_FLAGS_*: what else to write about each node
 * @returns INVALID_VALUE: not a graph, path NULL, other flags. OPERATING_SYSTEM: the file cannot be written.
 */
export function cuGraphDebugDotPrint(t: Caller, hGraph: CUgraph | null, path: string | null, flags: number): CUresult {
  const graph = graphArgument(t, hGraph);
  if (typeof graph === "number") return graph;
  if (path === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "path must not be NULL");
  if ((flags & ~ALL) !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be CU_GRAPH_DEBUG_DOT_FLAGS_* bits", { flags });
  const fd = t.sys.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
  if (fd < 0) return fail(t, cu.CUDA_ERROR_OPERATING_SYSTEM, errnoRule(fd, `opening ${path}`), { path });
  const written = t.sys.write(fd, ["digraph dot {", ...lines(graph, flags, "  "), "}", ""].join("\n"));
  t.sys.close(fd);
  return written < 0 ? fail(t, cu.CUDA_ERROR_OPERATING_SYSTEM, errnoRule(written, `writing ${path}`), { path }) : 0;
}
