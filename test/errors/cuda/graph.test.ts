import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUgraph, CUgraphExec, CUgraphNode, CUuserObject } from "../../../src/cuda/abi/driver/types.ts";
import { allocOf, copyOf, graphsOf as G, kernelOf, setOf, setup } from "./graph-world.ts";
import { testErrors } from "./run.ts";
import type { Call, ErrorCase, World } from "./world.ts";

const INVALID = cu.CUDA_ERROR_INVALID_VALUE;
const HANDLE = cu.CUDA_ERROR_INVALID_HANDLE;
const NOT_SUPPORTED = cu.CUDA_ERROR_NOT_SUPPORTED;
const FAILURE = cu.CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
type Api = World["cuda"];
type Rows = ErrorCase["errors"];
type Box = ReturnType<typeof out<CUgraphNode>> | null;

/** A case that needs the graphs of `setup`. */
const row = (name: ErrorCase["name"], control: Call, errors: Rows, needs: ErrorCase["needs"] = "init"): ErrorCase => ({ name, needs, setup, control, errors });

/** The rows that adding any node has. */
function adding(call: (a: Api, w: World, box: Box, graph: CUgraph | null, deps: readonly CUgraphNode[] | null, n: number) => number): Rows {
  return [
    [INVALID, "phGraphNode NULL", (a, w) => call(a, w, null, G(w).graph, null, 0)], [INVALID, "no graph", (a, w) => call(a, w, out(), w.junk, null, 0)], [INVALID, "destroyed graph", (a, w) => call(a, w, out(), G(w).gone, null, 0)],
    [INVALID, "dependency no node", (a, w) => call(a, w, out(), G(w).graph, [w.junk], 1)], [INVALID, "dependency of another graph", (a, w) => call(a, w, out(), G(w).graph, [G(w).smallNode], 1)],
    [INVALID, "dependency named twice", (a, w) => call(a, w, out(), G(w).graph, [G(w).empty, G(w).empty], 2)], [INVALID, "too few dependencies", (a, w) => call(a, w, out(), G(w).graph, null, 1)],
  ];
}

/** The rows that anything with a node of one kind has. */
function onNode(call: (a: Api, w: World, node: CUgraphNode | null) => number, code: 1 | 400 = INVALID): Rows {
  return [[code, "no node", (a, w) => call(a, w, w.junk)], [code, "destroyed node", (a, w) => call(a, w, G(w).goneNode)], [code, "a node of another kind", (a, w) => call(a, w, G(w).smallNode)]];
}

/** The rows that changing a node of an executable graph has. */
function onExec(call: (a: Api, w: World, exec: CUgraphExec | null, node: CUgraphNode | null) => number, node: (w: World) => CUgraphNode): Rows {
  return [
    [INVALID, "no executable graph", (a, w) => call(a, w, w.junk, node(w))], [INVALID, "no node", (a, w) => call(a, w, G(w).exec, w.junk)],
    [INVALID, "a node of another graph", (a, w) => call(a, w, G(w).memoryExec, node(w))], [INVALID, "a node of another kind", (a, w) => call(a, w, G(w).exec, G(w).empty)],
  ];
}

function temporary(a: Api, w: World, make: (box: ReturnType<typeof out<CUgraph>>) => number): number {
  const box = out<CUgraph>();
  const code = make(box);
  return code === 0 ? w.cuda.cuGraphDestroy(box.value) : code;
}

function executable(w: World, make: (box: ReturnType<typeof out<CUgraphExec>>) => number): number {
  const box = out<CUgraphExec>();
  const code = make(box);
  return code === 0 ? w.cuda.cuGraphExecDestroy(box.value) : code;
}

testErrors("Graph Management: graphs", [
  row("cuGraphCreate", (a, w) => temporary(a, w, (box) => a.cuGraphCreate(box, 0)), [[INVALID, "phGraph NULL", (a) => a.cuGraphCreate(null, 0)], [INVALID, "flags", (a) => a.cuGraphCreate(out(), 1)]]),
  row("cuGraphDestroy", (a, w) => temporary(a, w, (box) => a.cuGraphCreate(box, 0)), [
    [INVALID, "no graph", (a, w) => a.cuGraphDestroy(w.junk)], [INVALID, "destroyed already", (a, w) => a.cuGraphDestroy(G(w).gone)], [INVALID, "moved into another", (a, w) => a.cuGraphDestroy(G(w).moved)]]),
  row("cuGraphClone", (a, w) => temporary(a, w, (box) => a.cuGraphClone(box, G(w).graph)), [
    [INVALID, "phGraphClone NULL", (a, w) => a.cuGraphClone(null, G(w).graph)], [INVALID, "no graph", (a, w) => a.cuGraphClone(out(), w.junk)], [INVALID, "it allocates", (a, w) => a.cuGraphClone(out(), G(w).memory)]]),
  row("cuGraphNodeFindInClone", (a, w) => a.cuGraphNodeFindInClone(out(), G(w).kernel, G(w).clone), [
    [INVALID, "phNode NULL", (a, w) => a.cuGraphNodeFindInClone(null, G(w).kernel, G(w).clone)], [INVALID, "no node", (a, w) => a.cuGraphNodeFindInClone(out(), w.junk, G(w).clone)],
    [INVALID, "no graph", (a, w) => a.cuGraphNodeFindInClone(out(), G(w).kernel, w.junk)], [INVALID, "no copy of it", (a, w) => a.cuGraphNodeFindInClone(out(), G(w).smallNode, G(w).clone)]]),
  row("cuGraphNodeGetType", (a, w) => a.cuGraphNodeGetType(G(w).kernel, out()), [[INVALID, "no node", (a, w) => a.cuGraphNodeGetType(w.junk, out())], [INVALID, "type NULL", (a, w) => a.cuGraphNodeGetType(G(w).kernel, null)]]),
  row("cuGraphGetNodes", (a, w) => a.cuGraphGetNodes(G(w).graph, null, out()), [[INVALID, "no graph", (a, w) => a.cuGraphGetNodes(w.junk, null, out())], [INVALID, "numNodes NULL", (a, w) => a.cuGraphGetNodes(G(w).graph, null, null)]]),
  row("cuGraphGetRootNodes", (a, w) => a.cuGraphGetRootNodes(G(w).graph, out(), out(1)), [[INVALID, "no graph", (a, w) => a.cuGraphGetRootNodes(w.junk, null, out())], [INVALID, "numRootNodes NULL", (a, w) => a.cuGraphGetRootNodes(G(w).graph, null, null)]]),
  row("cuGraphGetEdges_v2", (a, w) => a.cuGraphGetEdges(G(w).graph, out(), out(), null, out()), [
    [INVALID, "no graph", (a, w) => a.cuGraphGetEdges(w.junk, null, null, null, out())], [INVALID, "numEdges NULL", (a, w) => a.cuGraphGetEdges(G(w).graph, null, null, null, null)],
    [INVALID, "from without to", (a, w) => a.cuGraphGetEdges(G(w).graph, out(), null, null, out())], [cu.CUDA_ERROR_LOSSY_QUERY, "edge data lost", (a, w) => a.cuGraphGetEdges(G(w).ported, out(), out(), null, out())]]),
  row("cuGraphNodeGetDependencies_v2", (a, w) => a.cuGraphNodeGetDependencies(G(w).memcpy, out(), null, out()), [
    [INVALID, "no node", (a, w) => a.cuGraphNodeGetDependencies(w.junk, null, null, out())], [INVALID, "numDependencies NULL", (a, w) => a.cuGraphNodeGetDependencies(G(w).memcpy, null, null, null)],
    [cu.CUDA_ERROR_LOSSY_QUERY, "edge data lost", (a, w) => a.cuGraphNodeGetDependencies(G(w).portedTo, out(), null, out())]]),
  row("cuGraphNodeGetDependentNodes_v2", (a, w) => a.cuGraphNodeGetDependentNodes(G(w).kernel, out(), null, out()), [
    [INVALID, "no node", (a, w) => a.cuGraphNodeGetDependentNodes(w.junk, null, null, out())], [INVALID, "numDependentNodes NULL", (a, w) => a.cuGraphNodeGetDependentNodes(G(w).kernel, null, null, null)],
    [cu.CUDA_ERROR_LOSSY_QUERY, "edge data lost", (a, w) => a.cuGraphNodeGetDependentNodes(G(w).portedFrom, out(), null, out())]]),
  row("cuGraphAddDependencies_v2", (a, w) => { const code = a.cuGraphAddDependencies(G(w).graph, [G(w).kernel], [G(w).wait], null, 1); return code === 0 ? w.cuda.cuGraphRemoveDependencies(G(w).graph, [G(w).kernel], [G(w).wait], null, 1) : code; }, [
    [INVALID, "no graph", (a, w) => a.cuGraphAddDependencies(w.junk, [G(w).kernel], [G(w).wait], null, 1)], [INVALID, "no node", (a, w) => a.cuGraphAddDependencies(G(w).graph, [w.junk], [G(w).wait], null, 1)],
    [INVALID, "node of another graph", (a, w) => a.cuGraphAddDependencies(G(w).graph, [G(w).kernel], [G(w).smallNode], null, 1)], [INVALID, "exists", (a, w) => a.cuGraphAddDependencies(G(w).graph, [G(w).kernel], [G(w).memcpy], null, 1)],
    [INVALID, "named twice", (a, w) => a.cuGraphAddDependencies(G(w).graph, [G(w).kernel, G(w).kernel], [G(w).wait, G(w).wait], null, 2)], [INVALID, "too few", (a, w) => a.cuGraphAddDependencies(G(w).graph, [G(w).kernel], null, null, 1)],
    [INVALID, "a port that the node has not", (a, w) => a.cuGraphAddDependencies(G(w).graph, [G(w).memset], [G(w).wait], [{ from_port: 1 }], 1)], [INVALID, "an unknown type", (a, w) => a.cuGraphAddDependencies(G(w).graph, [G(w).kernel], [G(w).wait], [{ type: 7 }], 1)],
    [INVALID, "a programmatic edge to a copy", (a, w) => a.cuGraphAddDependencies(G(w).graph, [G(w).kernel], [G(w).memcpy], [{ from_port: 1, type: 1 }], 1)]]),
  row("cuGraphRemoveDependencies_v2", (a, w) => { const code = a.cuGraphRemoveDependencies(G(w).graph, [G(w).kernel], [G(w).memcpy], null, 1); return code === 0 ? w.cuda.cuGraphAddDependencies(G(w).graph, [G(w).kernel], [G(w).memcpy], null, 1) : code; }, [
    [INVALID, "no graph", (a, w) => a.cuGraphRemoveDependencies(w.junk, [G(w).kernel], [G(w).memcpy], null, 1)], [INVALID, "no such edge", (a, w) => a.cuGraphRemoveDependencies(G(w).graph, [G(w).kernel], [G(w).wait], null, 1)],
    [INVALID, "it allocates", (a, w) => a.cuGraphRemoveDependencies(G(w).memory, [G(w).alloc], [G(w).free], null, 1)]]),
  row("cuGraphDestroyNode", (a, w) => { const box = out<CUgraphNode>(); const code = a.cuGraphAddEmptyNode(box, G(w).graph, [G(w).wait], 1); return code === 0 ? a.cuGraphDestroyNode(box.value) : code; }, [
    [INVALID, "no node", (a, w) => a.cuGraphDestroyNode(w.junk)], [INVALID, "destroyed already", (a, w) => a.cuGraphDestroyNode(G(w).goneNode)], [INVALID, "its graph allocates", (a, w) => a.cuGraphDestroyNode(G(w).alloc)]]),
  row("cuGraphDebugDotPrint", (a, w) => a.cuGraphDebugDotPrint(G(w).graph, "/tmp/graph.dot", cu.CU_GRAPH_DEBUG_DOT_FLAGS_VERBOSE), [
    [INVALID, "no graph", (a, w) => a.cuGraphDebugDotPrint(w.junk, "/tmp/graph.dot", 0)], [INVALID, "path NULL", (a, w) => a.cuGraphDebugDotPrint(G(w).graph, null, 0)], [INVALID, "flags", (a, w) => a.cuGraphDebugDotPrint(G(w).graph, "/tmp/graph.dot", 1 << 20)],
    [cu.CUDA_ERROR_OPERATING_SYSTEM, "a folder", (a, w) => a.cuGraphDebugDotPrint(G(w).graph, "/dev/dri", 0)]]),
]);

testErrors("Graph Management: nodes", [
  row("cuGraphAddKernelNode_v2", (a, w) => a.cuGraphAddKernelNode(out(), G(w).small, null, 0, kernelOf(w)), [
    ...adding((a, w, box, graph, deps, n) => a.cuGraphAddKernelNode(box, graph, deps, n, kernelOf(w))), [INVALID, "nodeParams NULL", (a, w) => a.cuGraphAddKernelNode(out(), G(w).graph, null, 0, null)],
    [INVALID, "no function", (a, w) => a.cuGraphAddKernelNode(out(), G(w).graph, null, 0, { ...kernelOf(w), func: w.junk })], [INVALID, "an empty grid", (a, w) => a.cuGraphAddKernelNode(out(), G(w).graph, null, 0, { ...kernelOf(w), gridDimX: 0 })],
    [INVALID, "parameters missing", (a, w) => a.cuGraphAddKernelNode(out(), G(w).graph, null, 0, { ...kernelOf(w), kernelParams: [] })]]),
  row("cuGraphKernelNodeGetParams_v2", (a, w) => a.cuGraphKernelNodeGetParams(G(w).kernel, out()), [...onNode((a, _w, node) => a.cuGraphKernelNodeGetParams(node, out())), [INVALID, "nodeParams NULL", (a, w) => a.cuGraphKernelNodeGetParams(G(w).kernel, null)]]),
  row("cuGraphKernelNodeSetParams_v2", (a, w) => a.cuGraphKernelNodeSetParams(G(w).kernel, kernelOf(w, 2)), [
    ...onNode((a, w, node) => a.cuGraphKernelNodeSetParams(node, kernelOf(w))), [INVALID, "nodeParams NULL", (a, w) => a.cuGraphKernelNodeSetParams(G(w).kernel, null)],
    [HANDLE, "no function", (a, w) => a.cuGraphKernelNodeSetParams(G(w).kernel, { ...kernelOf(w), func: w.junk })], [INVALID, "too many threads", (a, w) => a.cuGraphKernelNodeSetParams(G(w).kernel, { ...kernelOf(w), blockDimX: 4096 })]]),
  row("cuGraphKernelNodeCopyAttributes", (a, w) => a.cuGraphKernelNodeCopyAttributes(G(w).kernel, G(w).kernel), [
    ...onNode((a, w, node) => a.cuGraphKernelNodeCopyAttributes(node, G(w).kernel)), [INVALID, "src no kernel node", (a, w) => a.cuGraphKernelNodeCopyAttributes(G(w).kernel, G(w).empty)]]),
  row("cuGraphKernelNodeGetAttribute", (a, w) => a.cuGraphKernelNodeGetAttribute(G(w).kernel, cu.CU_LAUNCH_ATTRIBUTE_PRIORITY, out()), [
    ...onNode((a, _w, node) => a.cuGraphKernelNodeGetAttribute(node, 8, out()), HANDLE), [INVALID, "value_out NULL", (a, w) => a.cuGraphKernelNodeGetAttribute(G(w).kernel, 8, null)], [INVALID, "no attribute of kernel nodes", (a, w) => a.cuGraphKernelNodeGetAttribute(G(w).kernel, 7, out())]]),
  row("cuGraphKernelNodeSetAttribute", (a, w) => a.cuGraphKernelNodeSetAttribute(G(w).kernel, cu.CU_LAUNCH_ATTRIBUTE_PRIORITY, { priority: -1 }), [
    ...onNode((a, _w, node) => a.cuGraphKernelNodeSetAttribute(node, 8, { priority: 0 }), HANDLE), [INVALID, "value NULL", (a, w) => a.cuGraphKernelNodeSetAttribute(G(w).kernel, 8, null)],
    [INVALID, "the member is missing", (a, w) => a.cuGraphKernelNodeSetAttribute(G(w).kernel, 8, {})], [INVALID, "no attribute of kernel nodes", (a, w) => a.cuGraphKernelNodeSetAttribute(G(w).kernel, 7, {})],
    [INVALID, "a cluster", (a, w) => a.cuGraphKernelNodeSetAttribute(G(w).kernel, cu.CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, { clusterDim: { x: 2, y: 1, z: 1 } })]]),
  row("cuGraphAddMemcpyNode", (a, w) => a.cuGraphAddMemcpyNode(out(), G(w).small, null, 0, copyOf(w), w.context), [
    ...adding((a, w, box, graph, deps, n) => a.cuGraphAddMemcpyNode(box, graph, deps, n, copyOf(w), w.context)), [INVALID, "copyParams NULL", (a, w) => a.cuGraphAddMemcpyNode(out(), G(w).graph, null, 0, null, w.context)],
    [INVALID, "no context", (a, w) => a.cuGraphAddMemcpyNode(out(), G(w).graph, null, 0, copyOf(w), w.junk)], [INVALID, "no memory", (a, w) => a.cuGraphAddMemcpyNode(out(), G(w).graph, null, 0, { ...copyOf(w), srcDevice: 64 }, w.context)],
    [INVALID, "an empty copy", (a, w) => a.cuGraphAddMemcpyNode(out(), G(w).graph, null, 0, { ...copyOf(w), Height: 0 }, w.context)], [INVALID, "a level of detail", (a, w) => a.cuGraphAddMemcpyNode(out(), G(w).graph, null, 0, { ...copyOf(w), srcLOD: 1 }, w.context)]]),
  row("cuGraphMemcpyNodeGetParams", (a, w) => a.cuGraphMemcpyNodeGetParams(G(w).memcpy, out()), [...onNode((a, _w, node) => a.cuGraphMemcpyNodeGetParams(node, out())), [INVALID, "nodeParams NULL", (a, w) => a.cuGraphMemcpyNodeGetParams(G(w).memcpy, null)]]),
  row("cuGraphMemcpyNodeSetParams", (a, w) => a.cuGraphMemcpyNodeSetParams(G(w).memcpy, copyOf(w)), [
    ...onNode((a, w, node) => a.cuGraphMemcpyNodeSetParams(node, copyOf(w))), [INVALID, "nodeParams NULL", (a, w) => a.cuGraphMemcpyNodeSetParams(G(w).memcpy, null)], [INVALID, "beyond the memory", (a, w) => a.cuGraphMemcpyNodeSetParams(G(w).memcpy, { ...copyOf(w), WidthInBytes: 8192 })]]),
  row("cuGraphAddMemsetNode", (a, w) => a.cuGraphAddMemsetNode(out(), G(w).small, null, 0, setOf(w), w.context), [
    ...adding((a, w, box, graph, deps, n) => a.cuGraphAddMemsetNode(box, graph, deps, n, setOf(w), w.context)), [INVALID, "memsetParams NULL", (a, w) => a.cuGraphAddMemsetNode(out(), G(w).graph, null, 0, null, w.context)],
    [cu.CUDA_ERROR_INVALID_CONTEXT, "no context", (a, w) => a.cuGraphAddMemsetNode(out(), G(w).graph, null, 0, setOf(w), w.junk)], [INVALID, "elements of 3 bytes", (a, w) => a.cuGraphAddMemsetNode(out(), G(w).graph, null, 0, { ...setOf(w), elementSize: 3 }, w.context)],
    [INVALID, "no rows", (a, w) => a.cuGraphAddMemsetNode(out(), G(w).graph, null, 0, { ...setOf(w), height: 0 }, w.context)], [INVALID, "beyond the memory", (a, w) => a.cuGraphAddMemsetNode(out(), G(w).graph, null, 0, { ...setOf(w), width: 4096 }, w.context)]]),
  row("cuGraphMemsetNodeGetParams", (a, w) => a.cuGraphMemsetNodeGetParams(G(w).memset, out()), [...onNode((a, _w, node) => a.cuGraphMemsetNodeGetParams(node, out())), [INVALID, "nodeParams NULL", (a, w) => a.cuGraphMemsetNodeGetParams(G(w).memset, null)]]),
  row("cuGraphMemsetNodeSetParams", (a, w) => a.cuGraphMemsetNodeSetParams(G(w).memset, setOf(w)), [
    ...onNode((a, w, node) => a.cuGraphMemsetNodeSetParams(node, setOf(w))), [INVALID, "nodeParams NULL", (a, w) => a.cuGraphMemsetNodeSetParams(G(w).memset, null)], [INVALID, "misaligned", (a, w) => a.cuGraphMemsetNodeSetParams(G(w).memset, { ...setOf(w), dst: w.d + 1 })]]),
  row("cuGraphAddHostNode", (a, w) => a.cuGraphAddHostNode(out(), G(w).small, null, 0, { fn: () => 0 }), [
    ...adding((a, _w, box, graph, deps, n) => a.cuGraphAddHostNode(box, graph, deps, n, { fn: () => 0 })), [INVALID, "nodeParams NULL", (a, w) => a.cuGraphAddHostNode(out(), G(w).graph, null, 0, null)], [INVALID, "fn NULL", (a, w) => a.cuGraphAddHostNode(out(), G(w).graph, null, 0, {})]]),
  row("cuGraphHostNodeGetParams", (a, w) => a.cuGraphHostNodeGetParams(G(w).host, out()), [...onNode((a, _w, node) => a.cuGraphHostNodeGetParams(node, out())), [INVALID, "nodeParams NULL", (a, w) => a.cuGraphHostNodeGetParams(G(w).host, null)]]),
  row("cuGraphHostNodeSetParams", (a, w) => a.cuGraphHostNodeSetParams(G(w).host, { fn: () => 1 }), [...onNode((a, _w, node) => a.cuGraphHostNodeSetParams(node, { fn: () => 0 })), [INVALID, "fn NULL", (a, w) => a.cuGraphHostNodeSetParams(G(w).host, {})]]),
  row("cuGraphAddChildGraphNode", (a, w) => a.cuGraphAddChildGraphNode(out(), G(w).small, null, 0, G(w).ported), [
    ...adding((a, w, box, graph, deps, n) => a.cuGraphAddChildGraphNode(box, graph, deps, n, G(w).small)), [INVALID, "no child graph", (a, w) => a.cuGraphAddChildGraphNode(out(), G(w).graph, null, 0, w.junk)], [INVALID, "it allocates", (a, w) => a.cuGraphAddChildGraphNode(out(), G(w).graph, null, 0, G(w).memory)]]),
  row("cuGraphChildGraphNodeGetGraph", (a, w) => a.cuGraphChildGraphNodeGetGraph(G(w).child, out()), [...onNode((a, _w, node) => a.cuGraphChildGraphNodeGetGraph(node, out())), [INVALID, "phGraph NULL", (a, w) => a.cuGraphChildGraphNodeGetGraph(G(w).child, null)]]),
  row("cuGraphAddEmptyNode", (a, w) => a.cuGraphAddEmptyNode(out(), G(w).small, null, 0), adding((a, _w, box, graph, deps, n) => a.cuGraphAddEmptyNode(box, graph, deps, n))),
  row("cuGraphAddEventRecordNode", (a, w) => a.cuGraphAddEventRecordNode(out(), G(w).small, null, 0, w.event), [...adding((a, w, box, graph, deps, n) => a.cuGraphAddEventRecordNode(box, graph, deps, n, w.event)), [INVALID, "no event", (a, w) => a.cuGraphAddEventRecordNode(out(), G(w).graph, null, 0, w.goneEvent)]]),
  row("cuGraphEventRecordNodeGetEvent", (a, w) => a.cuGraphEventRecordNodeGetEvent(G(w).record, out()), [...onNode((a, _w, node) => a.cuGraphEventRecordNodeGetEvent(node, out())), [INVALID, "event_out NULL", (a, w) => a.cuGraphEventRecordNodeGetEvent(G(w).record, null)]]),
  row("cuGraphEventRecordNodeSetEvent", (a, w) => a.cuGraphEventRecordNodeSetEvent(G(w).record, w.event), [...onNode((a, w, node) => a.cuGraphEventRecordNodeSetEvent(node, w.event)), [HANDLE, "no event", (a, w) => a.cuGraphEventRecordNodeSetEvent(G(w).record, w.junk)]]),
  row("cuGraphAddEventWaitNode", (a, w) => a.cuGraphAddEventWaitNode(out(), G(w).small, null, 0, w.event), [...adding((a, w, box, graph, deps, n) => a.cuGraphAddEventWaitNode(box, graph, deps, n, w.event)), [INVALID, "no event", (a, w) => a.cuGraphAddEventWaitNode(out(), G(w).graph, null, 0, w.junk)]]),
  row("cuGraphEventWaitNodeGetEvent", (a, w) => a.cuGraphEventWaitNodeGetEvent(G(w).wait, out()), [...onNode((a, _w, node) => a.cuGraphEventWaitNodeGetEvent(node, out())), [INVALID, "event_out NULL", (a, w) => a.cuGraphEventWaitNodeGetEvent(G(w).wait, null)]]),
  row("cuGraphEventWaitNodeSetEvent", (a, w) => a.cuGraphEventWaitNodeSetEvent(G(w).wait, w.event), [...onNode((a, w, node) => a.cuGraphEventWaitNodeSetEvent(node, w.event)), [HANDLE, "no event", (a, w) => a.cuGraphEventWaitNodeSetEvent(G(w).wait, w.junk)]]),
  row("cuGraphAddMemAllocNode", (a, w) => a.cuGraphAddMemAllocNode(out(), G(w).small, null, 0, allocOf()), [
    ...adding((a, _w, box, graph, deps, n) => a.cuGraphAddMemAllocNode(box, graph, deps, n, allocOf())), [INVALID, "nodeParams NULL", (a, w) => a.cuGraphAddMemAllocNode(out(), G(w).graph, null, 0, null)],
    [INVALID, "a child graph", (a, w) => a.cuGraphAddMemAllocNode(out(), G(w).moved, null, 0, allocOf())], [INVALID, "no bytes", (a, w) => a.cuGraphAddMemAllocNode(out(), G(w).graph, null, 0, { ...allocOf(), bytesize: 0 })],
    [INVALID, "no device", (a, w) => a.cuGraphAddMemAllocNode(out(), G(w).graph, null, 0, { ...allocOf(), poolProps: { allocType: 1, location: { type: 1, id: 9 } } })],
    [NOT_SUPPORTED, "to be shared", (a, w) => a.cuGraphAddMemAllocNode(out(), G(w).graph, null, 0, { ...allocOf(), poolProps: { ...allocOf().poolProps, handleTypes: 1 } })],
    [NOT_SUPPORTED, "for another device", (a, w) => a.cuGraphAddMemAllocNode(out(), G(w).graph, null, 0, { ...allocOf(), accessDescs: [{ location: { type: 1, id: 1 }, flags: 3 }], accessDescCount: 1 })],
    [cu.CUDA_ERROR_OUT_OF_MEMORY, "too much", (a, w) => a.cuGraphAddMemAllocNode(out(), G(w).graph, null, 0, { ...allocOf(), bytesize: 2 ** 42 })]]),
  row("cuGraphMemAllocNodeGetParams", (a, w) => a.cuGraphMemAllocNodeGetParams(G(w).alloc, out()), [...onNode((a, _w, node) => a.cuGraphMemAllocNodeGetParams(node, out())), [INVALID, "params_out NULL", (a, w) => a.cuGraphMemAllocNodeGetParams(G(w).alloc, null)]]),
  row("cuGraphAddMemFreeNode", (a, w) => { const g = out<CUgraph>(); const code = a.cuGraphCreate(g, 0); return code === 0 ? a.cuGraphAddMemFreeNode(out(), g.value, null, 0, G(w).dptr) || w.cuda.cuGraphDestroy(g.value) : code; }, [
    ...adding((a, w, box, graph, deps, n) => a.cuGraphAddMemFreeNode(box, graph, deps, n, G(w).dptr)), [INVALID, "no such memory", (a, w) => a.cuGraphAddMemFreeNode(out(), G(w).graph, null, 0, w.d)], [INVALID, "freed already", (a, w) => a.cuGraphAddMemFreeNode(out(), G(w).memory, null, 0, G(w).dptr)]]),
  row("cuGraphMemFreeNodeGetParams", (a, w) => a.cuGraphMemFreeNodeGetParams(G(w).free, out()), [...onNode((a, _w, node) => a.cuGraphMemFreeNodeGetParams(node, out())), [INVALID, "dptr_out NULL", (a, w) => a.cuGraphMemFreeNodeGetParams(G(w).free, null)]]),
  row("cuDeviceGraphMemTrim", (a) => a.cuDeviceGraphMemTrim(0), [[cu.CUDA_ERROR_INVALID_DEVICE, "no device", (a) => a.cuDeviceGraphMemTrim(7)]]),
  row("cuDeviceGetGraphMemAttribute", (a) => a.cuDeviceGetGraphMemAttribute(0, 3, out()), [
    [cu.CUDA_ERROR_INVALID_DEVICE, "no device", (a) => a.cuDeviceGetGraphMemAttribute(7, 0, out())], [INVALID, "value NULL", (a) => a.cuDeviceGetGraphMemAttribute(0, 0, null)], [INVALID, "no attribute", (a) => a.cuDeviceGetGraphMemAttribute(0, 9 as 0, out())]]),
  row("cuDeviceSetGraphMemAttribute", (a) => a.cuDeviceSetGraphMemAttribute(0, 1, 0n), [
    [cu.CUDA_ERROR_INVALID_DEVICE, "no device", (a) => a.cuDeviceSetGraphMemAttribute(7, 1, 0n)], [INVALID, "value NULL", (a) => a.cuDeviceSetGraphMemAttribute(0, 1, null)], [INVALID, "value not 0", (a) => a.cuDeviceSetGraphMemAttribute(0, 1, 5n)],
    [INVALID, "no high-water mark", (a) => a.cuDeviceSetGraphMemAttribute(0, 0, 0n)]]),
  row("cuGraphAddNode_v2", (a, w) => a.cuGraphAddNode(out(), G(w).small, null, null, 0, { type: cu.CU_GRAPH_NODE_TYPE_EMPTY }), [
    ...adding((a, _w, box, graph, deps, n) => a.cuGraphAddNode(box, graph, deps, null, n, { type: 5 })), [INVALID, "nodeParams NULL", (a, w) => a.cuGraphAddNode(out(), G(w).graph, null, null, 0, null)],
    [INVALID, "no type", (a, w) => a.cuGraphAddNode(out(), G(w).graph, null, null, 0, { type: 99 as 0 })], [INVALID, "the member is missing", (a, w) => a.cuGraphAddNode(out(), G(w).graph, null, null, 0, { type: 0 })],
    [NOT_SUPPORTED, "a conditional node", (a, w) => a.cuGraphAddNode(out(), G(w).graph, null, null, 0, { type: 13 })], [INVALID, "too little edge data", (a, w) => a.cuGraphAddNode(out(), G(w).graph, [G(w).kernel], [], 1, { type: 5 })],
    [INVALID, "edge data that the nodes do not have", (a, w) => a.cuGraphAddNode(out(), G(w).graph, [G(w).kernel], [{ from_port: 1, type: 1 }], 1, { type: 5 })],
    [cu.CUDA_ERROR_INVALID_CONTEXT, "no context", (a, w) => a.cuGraphAddNode(out(), G(w).graph, null, null, 0, { type: 2, memset: { ...setOf(w), ctx: w.junk } })],
    [INVALID, "a graph inside itself", (a, w) => a.cuGraphAddNode(out(), G(w).small, null, null, 0, { type: 4, graph: { graph: G(w).small, ownership: 1 } })]]),
  row("cuGraphNodeSetParams", (a, w) => a.cuGraphNodeSetParams(G(w).host, { type: 3, host: { fn: () => 0 } }), [
    [INVALID, "no node", (a, w) => a.cuGraphNodeSetParams(w.junk, { type: 5 })], [INVALID, "nodeParams NULL", (a, w) => a.cuGraphNodeSetParams(G(w).host, null)], [INVALID, "another type", (a, w) => a.cuGraphNodeSetParams(G(w).host, { type: 0, kernel: kernelOf(w) })],
    [NOT_SUPPORTED, "an allocation node", (a, w) => a.cuGraphNodeSetParams(G(w).alloc, { type: 10, alloc: allocOf() })], [NOT_SUPPORTED, "a child graph", (a, w) => a.cuGraphNodeSetParams(G(w).child, { type: 4, graph: { graph: G(w).small } })]]),
]);

testErrors("Graph Management: execution", [
  row("cuGraphInstantiateWithFlags", (a, w) => executable(w, (box) => a.cuGraphInstantiate(box, G(w).graph, cu.CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY)), [
    [INVALID, "phGraphExec NULL", (a, w) => a.cuGraphInstantiate(null, G(w).graph, 0)], [INVALID, "no graph", (a, w) => a.cuGraphInstantiate(out(), w.junk, 0)], [INVALID, "flags", (a, w) => a.cuGraphInstantiate(out(), G(w).graph, 64)],
    [INVALID, "dependencies that go round", (a, w) => a.cuGraphInstantiate(out(), G(w).round, 0)], [INVALID, "a second one of a graph that allocates", (a, w) => a.cuGraphInstantiate(out(), G(w).memory, 0)], [INVALID, "a moved graph", (a, w) => a.cuGraphInstantiate(out(), G(w).moved, 0)],
    [NOT_SUPPORTED, "launches from the device", (a, w) => a.cuGraphInstantiate(out(), G(w).graph, 4)], [INVALID, "launches from the device with freeing", (a, w) => a.cuGraphInstantiate(out(), G(w).graph, 5)]]),
  row("cuGraphInstantiateWithParams", (a, w) => executable(w, (box) => a.cuGraphInstantiateWithParams(box, G(w).graph, { flags: 2n, hUploadStream: w.stream })), [
    [INVALID, "instantiateParams NULL", (a, w) => a.cuGraphInstantiateWithParams(out(), G(w).graph, null)], [INVALID, "no graph", (a, w) => a.cuGraphInstantiateWithParams(out(), w.junk, {})], [HANDLE, "no stream", (a, w) => a.cuGraphInstantiateWithParams(out(), G(w).graph, { flags: 2n, hUploadStream: w.junk })]], "init"),
  row("cuGraphExecGetFlags", (a, w) => a.cuGraphExecGetFlags(G(w).exec, out()), [[INVALID, "no executable graph", (a, w) => a.cuGraphExecGetFlags(w.junk, out())], [INVALID, "flags NULL", (a, w) => a.cuGraphExecGetFlags(G(w).exec, null)]]),
  row("cuGraphUpload", (a, w) => a.cuGraphUpload(G(w).exec, w.stream), [[INVALID, "no executable graph", (a, w) => a.cuGraphUpload(w.junk, w.stream)], [HANDLE, "no stream", (a, w) => a.cuGraphUpload(G(w).exec, w.junk)]], "context"),
  row("cuGraphLaunch", (a, w) => a.cuGraphLaunch(G(w).exec, w.stream), [[INVALID, "no executable graph", (a, w) => a.cuGraphLaunch(w.junk, w.stream)], [HANDLE, "no stream", (a, w) => a.cuGraphLaunch(G(w).exec, w.junk)]], "context"),
  row("cuGraphExecDestroy", (a, w) => executable(w, (box) => a.cuGraphInstantiate(box, G(w).graph, 0)), [[INVALID, "no executable graph", (a, w) => a.cuGraphExecDestroy(w.junk)]]),
  row("cuGraphExecKernelNodeSetParams_v2", (a, w) => a.cuGraphExecKernelNodeSetParams(G(w).exec, G(w).kernel, kernelOf(w)), [
    ...onExec((a, w, exec, node) => a.cuGraphExecKernelNodeSetParams(exec, node, kernelOf(w)), (w) => G(w).kernel), [INVALID, "nodeParams NULL", (a, w) => a.cuGraphExecKernelNodeSetParams(G(w).exec, G(w).kernel, null)],
    [INVALID, "no function", (a, w) => a.cuGraphExecKernelNodeSetParams(G(w).exec, G(w).kernel, { ...kernelOf(w), func: w.junk })]]),
  row("cuGraphExecMemcpyNodeSetParams", (a, w) => a.cuGraphExecMemcpyNodeSetParams(G(w).exec, G(w).memcpy, copyOf(w), w.context), [
    ...onExec((a, w, exec, node) => a.cuGraphExecMemcpyNodeSetParams(exec, node, copyOf(w), w.context), (w) => G(w).memcpy), [INVALID, "copyParams NULL", (a, w) => a.cuGraphExecMemcpyNodeSetParams(G(w).exec, G(w).memcpy, null, w.context)],
    [INVALID, "several rows", (a, w) => a.cuGraphExecMemcpyNodeSetParams(G(w).exec, G(w).memcpy, { ...copyOf(w), Height: 2, srcPitch: 64, dstPitch: 64 }, w.context)], [INVALID, "another context", (a, w) => a.cuGraphExecMemcpyNodeSetParams(G(w).exec, G(w).memcpy, copyOf(w), w.other)]]),
  row("cuGraphExecMemsetNodeSetParams", (a, w) => a.cuGraphExecMemsetNodeSetParams(G(w).exec, G(w).memset, setOf(w), w.context), [
    ...onExec((a, w, exec, node) => a.cuGraphExecMemsetNodeSetParams(exec, node, setOf(w), w.context), (w) => G(w).memset), [INVALID, "memsetParams NULL", (a, w) => a.cuGraphExecMemsetNodeSetParams(G(w).exec, G(w).memset, null, w.context)],
    [INVALID, "several rows", (a, w) => a.cuGraphExecMemsetNodeSetParams(G(w).exec, G(w).memset, { ...setOf(w), height: 2, pitch: 64 }, w.context)], [INVALID, "another context", (a, w) => a.cuGraphExecMemsetNodeSetParams(G(w).exec, G(w).memset, setOf(w), w.other)]]),
  row("cuGraphExecHostNodeSetParams", (a, w) => a.cuGraphExecHostNodeSetParams(G(w).exec, G(w).host, { fn: () => 0 }), [...onExec((a, _w, exec, node) => a.cuGraphExecHostNodeSetParams(exec, node, { fn: () => 0 }), (w) => G(w).host), [INVALID, "fn NULL", (a, w) => a.cuGraphExecHostNodeSetParams(G(w).exec, G(w).host, {})]]),
  row("cuGraphExecChildGraphNodeSetParams", (a, w) => a.cuGraphExecChildGraphNodeSetParams(G(w).exec, G(w).child, G(w).small), [
    ...onExec((a, w, exec, node) => a.cuGraphExecChildGraphNodeSetParams(exec, node, G(w).small), (w) => G(w).child), [INVALID, "no graph", (a, w) => a.cuGraphExecChildGraphNodeSetParams(G(w).exec, G(w).child, w.junk)],
    [INVALID, "another shape", (a, w) => a.cuGraphExecChildGraphNodeSetParams(G(w).exec, G(w).child, G(w).graph)]]),
  row("cuGraphExecEventRecordNodeSetEvent", (a, w) => a.cuGraphExecEventRecordNodeSetEvent(G(w).exec, G(w).record, w.event), [...onExec((a, w, exec, node) => a.cuGraphExecEventRecordNodeSetEvent(exec, node, w.event), (w) => G(w).record), [INVALID, "no event", (a, w) => a.cuGraphExecEventRecordNodeSetEvent(G(w).exec, G(w).record, w.junk)]]),
  row("cuGraphExecEventWaitNodeSetEvent", (a, w) => a.cuGraphExecEventWaitNodeSetEvent(G(w).exec, G(w).wait, w.event), [...onExec((a, w, exec, node) => a.cuGraphExecEventWaitNodeSetEvent(exec, node, w.event), (w) => G(w).wait), [INVALID, "no event", (a, w) => a.cuGraphExecEventWaitNodeSetEvent(G(w).exec, G(w).wait, w.junk)]]),
  row("cuGraphExecNodeSetParams", (a, w) => a.cuGraphExecNodeSetParams(G(w).exec, G(w).kernel, { type: 0, kernel: kernelOf(w) }), [
    [INVALID, "no executable graph", (a, w) => a.cuGraphExecNodeSetParams(w.junk, G(w).kernel, { type: 0 })], [INVALID, "no node", (a, w) => a.cuGraphExecNodeSetParams(G(w).exec, w.junk, { type: 0 })], [INVALID, "another type", (a, w) => a.cuGraphExecNodeSetParams(G(w).exec, G(w).kernel, { type: 5 })],
    [NOT_SUPPORTED, "an allocation node", (a, w) => a.cuGraphExecNodeSetParams(G(w).memoryExec, G(w).alloc, { type: 10, alloc: allocOf() })]]),
  row("cuGraphNodeSetEnabled", (a, w) => a.cuGraphNodeSetEnabled(G(w).exec, G(w).kernel, 1), onExec((a, _w, exec, node) => a.cuGraphNodeSetEnabled(exec, node, 0), (w) => G(w).kernel)),
  row("cuGraphNodeGetEnabled", (a, w) => a.cuGraphNodeGetEnabled(G(w).exec, G(w).kernel, out()), [...onExec((a, _w, exec, node) => a.cuGraphNodeGetEnabled(exec, node, out()), (w) => G(w).kernel), [INVALID, "isEnabled NULL", (a, w) => a.cuGraphNodeGetEnabled(G(w).exec, G(w).kernel, null)]]),
  row("cuGraphExecUpdate_v2", (a, w) => a.cuGraphExecUpdate(G(w).exec, G(w).clone, out()), [
    [INVALID, "no executable graph", (a, w) => a.cuGraphExecUpdate(w.junk, G(w).graph, out())], [INVALID, "no graph", (a, w) => a.cuGraphExecUpdate(G(w).exec, w.junk, out())], [INVALID, "resultInfo NULL", (a, w) => a.cuGraphExecUpdate(G(w).exec, G(w).graph, null)],
    [FAILURE, "another shape", (a, w) => a.cuGraphExecUpdate(G(w).exec, G(w).small, out())], [INVALID, "a moved graph", (a, w) => a.cuGraphExecUpdate(G(w).exec, G(w).moved, out())]]),
]);

function object(a: Api, w: World, make: (box: ReturnType<typeof out<CUuserObject>>) => number): number {
  const box = out<CUuserObject>();
  const code = make(box);
  return code === 0 ? w.cuda.cuUserObjectRelease(box.value, 1) : code;
}

testErrors("Graph Management: user objects", [
  row("cuUserObjectCreate", (a, w) => object(a, w, (box) => a.cuUserObjectCreate(box, null, () => 0, 1, 1)), [
    [INVALID, "object_out NULL", (a) => a.cuUserObjectCreate(null, null, () => 0, 1, 1)], [INVALID, "destroy NULL", (a) => a.cuUserObjectCreate(out(), null, null, 1, 1)], [INVALID, "no references", (a) => a.cuUserObjectCreate(out(), null, () => 0, 0, 1)],
    [INVALID, "flags 0", (a) => a.cuUserObjectCreate(out(), null, () => 0, 1, 0)]]),
  row("cuUserObjectRetain", (a, w) => a.cuUserObjectRetain(G(w).object, 1), [[INVALID, "no object", (a, w) => a.cuUserObjectRetain(w.junk, 1)], [INVALID, "count 0", (a, w) => a.cuUserObjectRetain(G(w).object, 0)]]),
  row("cuUserObjectRelease", (a, w) => { const code = a.cuUserObjectRetain(G(w).object, 1); return code === 0 ? a.cuUserObjectRelease(G(w).object, 1) : code; }, [
    [INVALID, "no object", (a, w) => a.cuUserObjectRelease(w.junk, 1)], [INVALID, "count 0", (a, w) => a.cuUserObjectRelease(G(w).object, 0)], [INVALID, "more than there are", (a, w) => a.cuUserObjectRelease(G(w).object, 99)]]),
  row("cuGraphRetainUserObject", (a, w) => a.cuGraphRetainUserObject(G(w).graph, G(w).object, 1, 0), [
    [INVALID, "no graph", (a, w) => a.cuGraphRetainUserObject(w.junk, G(w).object, 1, 0)], [INVALID, "no object", (a, w) => a.cuGraphRetainUserObject(G(w).graph, w.junk, 1, 0)], [INVALID, "count 0", (a, w) => a.cuGraphRetainUserObject(G(w).graph, G(w).object, 0, 0)],
    [INVALID, "flags", (a, w) => a.cuGraphRetainUserObject(G(w).graph, G(w).object, 1, 2)], [INVALID, "more moved than there are", (a, w) => a.cuGraphRetainUserObject(G(w).graph, G(w).object, 99, 1)]]),
  row("cuGraphReleaseUserObject", (a, w) => { const code = a.cuGraphRetainUserObject(G(w).small, G(w).object, 1, 0); return code === 0 ? a.cuGraphReleaseUserObject(G(w).small, G(w).object, 1) : code; }, [
    [INVALID, "no graph", (a, w) => a.cuGraphReleaseUserObject(w.junk, G(w).object, 1)], [INVALID, "no object", (a, w) => a.cuGraphReleaseUserObject(G(w).small, w.junk, 1)], [INVALID, "more than it has", (a, w) => a.cuGraphReleaseUserObject(G(w).small, G(w).object, 9)]]),
]);
