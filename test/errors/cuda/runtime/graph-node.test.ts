import { out } from "../../../../src/api/out.ts";
import * as rt from "../../../../src/cuda/abi/runtime/constants.ts";
import type { cudaGraph_t } from "../../../../src/cuda/abi/runtime/types.ts";
import { allocOf, copyOf, graphsOf as G, kernelOf, setOf, setup } from "./graph-world.ts";
import { testErrors } from "./run.ts";
import type { Call, ErrorCase, World } from "./world.ts";

const INVALID = rt.cudaErrorInvalidValue;
const HANDLE = rt.cudaErrorInvalidResourceHandle;
const FUNCTION = rt.cudaErrorInvalidDeviceFunction;
type Api = World["cudart"];

/** A case that needs the graphs of `setup`. */
const row = (name: ErrorCase["name"], control: Call, errors: ErrorCase["errors"], needs: ErrorCase["needs"]): ErrorCase => ({ name, needs, setup, control, errors });

function graph(_a: Api, w: World, make: (box: ReturnType<typeof out<cudaGraph_t>>) => number): number {
  const box = out<cudaGraph_t>();
  return make(box) || w.cudart.cudaGraphDestroy(box.value);
}

testErrors("Graph Management: nodes", [
  row("cudaGraphAddKernelNode", (a, w) => a.cudaGraphAddKernelNode(out(), G(w).small, null, 0, kernelOf(w)), [
    [INVALID, "pGraphNode NULL", (a, w) => a.cudaGraphAddKernelNode(null, G(w).graph, null, 0, kernelOf(w))],
    [INVALID, "no graph", (a, w) => a.cudaGraphAddKernelNode(out(), w.junk, null, 0, kernelOf(w))],
    [INVALID, "dependency no node", (a, w) => a.cudaGraphAddKernelNode(out(), G(w).graph, [w.junk], 1, kernelOf(w))],
    [INVALID, "dependency of another graph", (a, w) => a.cudaGraphAddKernelNode(out(), G(w).graph, [G(w).smallNode], 1, kernelOf(w))],
    [INVALID, "dependency twice", (a, w) => a.cudaGraphAddKernelNode(out(), G(w).graph, [G(w).empty, G(w).empty], 2, kernelOf(w))],
    [FUNCTION, "no such kernel", (a, w) => a.cudaGraphAddKernelNode(out(), G(w).graph, null, 0, { ...kernelOf(w), func: "none" })],
    [INVALID, "pNodeParams NULL", (a, w) => a.cudaGraphAddKernelNode(out(), G(w).graph, null, 0, null)],
    [INVALID, "parameters missing", (a, w) => a.cudaGraphAddKernelNode(out(), G(w).graph, null, 0, { ...kernelOf(w), kernelParams: [] })]], "context"),
  row("cudaGraphKernelNodeGetParams", (a, w) => a.cudaGraphKernelNodeGetParams(G(w).kernel, out()), [
    [INVALID, "no node", (a, w) => a.cudaGraphKernelNodeGetParams(w.junk, out())],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphKernelNodeGetParams(G(w).smallNode, out())],
    [INVALID, "pNodeParams NULL", (a, w) => a.cudaGraphKernelNodeGetParams(G(w).kernel, null)]], "driver"),
  row("cudaGraphKernelNodeSetParams", (a, w) => a.cudaGraphKernelNodeSetParams(G(w).kernel, kernelOf(w)), [
    [INVALID, "no node", (a, w) => a.cudaGraphKernelNodeSetParams(w.junk, kernelOf(w))],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphKernelNodeSetParams(G(w).smallNode, kernelOf(w))],
    [FUNCTION, "no such kernel", (a, w) => a.cudaGraphKernelNodeSetParams(G(w).kernel, { ...kernelOf(w), func: "none" })]], "context"),
  row("cudaGraphKernelNodeCopyAttributes", (a, w) => a.cudaGraphKernelNodeCopyAttributes(G(w).kernel, G(w).kernel), [
    [INVALID, "no node", (a, w) => a.cudaGraphKernelNodeCopyAttributes(G(w).kernel, w.junk)],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphKernelNodeCopyAttributes(G(w).kernel, G(w).smallNode)]], "driver"),
  row("cudaGraphKernelNodeGetAttribute", (a, w) => a.cudaGraphKernelNodeGetAttribute(G(w).kernel, rt.cudaLaunchAttributePriority, out()), [
    [HANDLE, "no node", (a, w) => a.cudaGraphKernelNodeGetAttribute(w.junk, 8, out())],
    [HANDLE, "a node of another kind", (a, w) => a.cudaGraphKernelNodeGetAttribute(G(w).smallNode, 8, out())],
    [INVALID, "value_out NULL", (a, w) => a.cudaGraphKernelNodeGetAttribute(G(w).kernel, 8, null)]], "driver"),
  row("cudaGraphKernelNodeSetAttribute", (a, w) => a.cudaGraphKernelNodeSetAttribute(G(w).kernel, rt.cudaLaunchAttributePriority, { priority: -1 }), [
    [HANDLE, "no node", (a, w) => a.cudaGraphKernelNodeSetAttribute(w.junk, 8, { priority: 0 })],
    [HANDLE, "a node of another kind", (a, w) => a.cudaGraphKernelNodeSetAttribute(G(w).smallNode, 8, { priority: 0 })],
    [INVALID, "value NULL", (a, w) => a.cudaGraphKernelNodeSetAttribute(G(w).kernel, 8, null)]], "driver"),
  row("cudaGraphAddMemcpyNode", (a, w) => a.cudaGraphAddMemcpyNode(out(), G(w).small, null, 0, copyOf(w)), [
    [INVALID, "pGraphNode NULL", (a, w) => a.cudaGraphAddMemcpyNode(null, G(w).graph, null, 0, copyOf(w))],
    [INVALID, "no graph", (a, w) => a.cudaGraphAddMemcpyNode(out(), w.junk, null, 0, copyOf(w))],
    [INVALID, "dependency no node", (a, w) => a.cudaGraphAddMemcpyNode(out(), G(w).graph, [w.junk], 1, copyOf(w))],
    [INVALID, "dependency of another graph", (a, w) => a.cudaGraphAddMemcpyNode(out(), G(w).graph, [G(w).smallNode], 1, copyOf(w))],
    [INVALID, "dependency twice", (a, w) => a.cudaGraphAddMemcpyNode(out(), G(w).graph, [G(w).empty, G(w).empty], 2, copyOf(w))],
    [rt.cudaErrorInvalidMemcpyDirection, "no kind", (a, w) => a.cudaGraphAddMemcpyNode(out(), G(w).graph, null, 0, { ...copyOf(w), kind: 9 as 0 })],
    [INVALID, "pCopyParams NULL", (a, w) => a.cudaGraphAddMemcpyNode(out(), G(w).graph, null, 0, null)]], "context"),
  row("cudaGraphMemcpyNodeSetParams", (a, w) => a.cudaGraphMemcpyNodeSetParams(G(w).memcpy, copyOf(w)), [
    [INVALID, "no node", (a, w) => a.cudaGraphMemcpyNodeSetParams(w.junk, copyOf(w))],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphMemcpyNodeSetParams(G(w).smallNode, copyOf(w))]], "context"),
  row("cudaGraphExecMemcpyNodeSetParams", (a, w) => a.cudaGraphExecMemcpyNodeSetParams(G(w).exec, G(w).memcpy, copyOf(w)), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphExecMemcpyNodeSetParams(w.junk, G(w).memcpy, copyOf(w))],
    [INVALID, "no node", (a, w) => a.cudaGraphExecMemcpyNodeSetParams(G(w).exec, w.junk, copyOf(w))],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphExecMemcpyNodeSetParams(G(w).exec, G(w).empty, copyOf(w))]], "context"),
  row("cudaGraphAddMemcpyNode1D", (a, w) => a.cudaGraphAddMemcpyNode1D(out(), G(w).small, null, 0, w.d2, w.d, 64, rt.cudaMemcpyDefault), [
    [INVALID, "pGraphNode NULL", (a, w) => a.cudaGraphAddMemcpyNode1D(null, G(w).graph, null, 0, w.d2, w.d, 64, rt.cudaMemcpyDefault)],
    [INVALID, "no graph", (a, w) => a.cudaGraphAddMemcpyNode1D(out(), w.junk, null, 0, w.d2, w.d, 64, rt.cudaMemcpyDefault)],
    [INVALID, "dependency no node", (a, w) => a.cudaGraphAddMemcpyNode1D(out(), G(w).graph, [w.junk], 1, w.d2, w.d, 64, rt.cudaMemcpyDefault)],
    [INVALID, "dependency of another graph", (a, w) => a.cudaGraphAddMemcpyNode1D(out(), G(w).graph, [G(w).smallNode], 1, w.d2, w.d, 64, rt.cudaMemcpyDefault)],
    [INVALID, "dependency twice", (a, w) => a.cudaGraphAddMemcpyNode1D(out(), G(w).graph, [G(w).empty, G(w).empty], 2, w.d2, w.d, 64, rt.cudaMemcpyDefault)],
    [INVALID, "no memory", (a, w) => a.cudaGraphAddMemcpyNode1D(out(), G(w).graph, null, 0, 64, w.d, 4, rt.cudaMemcpyDefault)],
    [INVALID, "no bytes", (a, w) => a.cudaGraphAddMemcpyNode1D(out(), G(w).graph, null, 0, w.d2, w.d, 0, rt.cudaMemcpyDefault)]], "context"),
  row("cudaGraphMemcpyNodeSetParams1D", (a, w) => a.cudaGraphMemcpyNodeSetParams1D(G(w).memcpy, w.d2, w.d, 64, rt.cudaMemcpyDefault), [
    [INVALID, "no node", (a, w) => a.cudaGraphMemcpyNodeSetParams1D(w.junk, w.d2, w.d, 64, rt.cudaMemcpyDefault)],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphMemcpyNodeSetParams1D(G(w).smallNode, w.d2, w.d, 64, rt.cudaMemcpyDefault)]], "context"),
  row("cudaGraphExecMemcpyNodeSetParams1D", (a, w) => a.cudaGraphExecMemcpyNodeSetParams1D(G(w).exec, G(w).memcpy, w.d2, w.d, 64, rt.cudaMemcpyDefault), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphExecMemcpyNodeSetParams1D(w.junk, G(w).memcpy, w.d2, w.d, 64, rt.cudaMemcpyDefault)],
    [INVALID, "no node", (a, w) => a.cudaGraphExecMemcpyNodeSetParams1D(G(w).exec, w.junk, w.d2, w.d, 64, rt.cudaMemcpyDefault)],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphExecMemcpyNodeSetParams1D(G(w).exec, G(w).empty, w.d2, w.d, 64, rt.cudaMemcpyDefault)]], "context"),
  row("cudaGraphAddMemcpyNodeToSymbol", (a, w) => a.cudaGraphAddMemcpyNodeToSymbol(out(), G(w).small, null, 0, "counter", w.d, 4, 0, rt.cudaMemcpyDeviceToDevice), [
    [INVALID, "pGraphNode NULL", (a, w) => a.cudaGraphAddMemcpyNodeToSymbol(null, G(w).graph, null, 0, "counter", w.d, 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [INVALID, "no graph", (a, w) => a.cudaGraphAddMemcpyNodeToSymbol(out(), w.junk, null, 0, "counter", w.d, 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [INVALID, "dependency no node", (a, w) => a.cudaGraphAddMemcpyNodeToSymbol(out(), G(w).graph, [w.junk], 1, "counter", w.d, 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [INVALID, "dependency of another graph", (a, w) => a.cudaGraphAddMemcpyNodeToSymbol(out(), G(w).graph, [G(w).smallNode], 1, "counter", w.d, 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [INVALID, "dependency twice", (a, w) => a.cudaGraphAddMemcpyNodeToSymbol(out(), G(w).graph, [G(w).empty, G(w).empty], 2, "counter", w.d, 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [rt.cudaErrorInvalidSymbol, "no symbol", (a, w) => a.cudaGraphAddMemcpyNodeToSymbol(out(), G(w).graph, null, 0, "none", w.d, 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [INVALID, "beyond the symbol", (a, w) => a.cudaGraphAddMemcpyNodeToSymbol(out(), G(w).graph, null, 0, "counter", w.d, 64, 0, rt.cudaMemcpyDeviceToDevice)]], "context"),
  row("cudaGraphMemcpyNodeSetParamsToSymbol", (a, w) => a.cudaGraphMemcpyNodeSetParamsToSymbol(G(w).memcpy, "counter", w.d, 4, 0, rt.cudaMemcpyDeviceToDevice), [
    [INVALID, "no node", (a, w) => a.cudaGraphMemcpyNodeSetParamsToSymbol(w.junk, "counter", w.d, 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphMemcpyNodeSetParamsToSymbol(G(w).smallNode, "counter", w.d, 4, 0, rt.cudaMemcpyDeviceToDevice)]], "context"),
  row("cudaGraphExecMemcpyNodeSetParamsToSymbol", (a, w) => a.cudaGraphExecMemcpyNodeSetParamsToSymbol(G(w).exec, G(w).memcpy, "counter", w.d, 4, 0, rt.cudaMemcpyDeviceToDevice), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphExecMemcpyNodeSetParamsToSymbol(w.junk, G(w).memcpy, "counter", w.d, 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [INVALID, "no node", (a, w) => a.cudaGraphExecMemcpyNodeSetParamsToSymbol(G(w).exec, w.junk, "counter", w.d, 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphExecMemcpyNodeSetParamsToSymbol(G(w).exec, G(w).empty, "counter", w.d, 4, 0, rt.cudaMemcpyDeviceToDevice)]], "context"),
  row("cudaGraphAddMemcpyNodeFromSymbol", (a, w) => a.cudaGraphAddMemcpyNodeFromSymbol(out(), G(w).small, null, 0, w.d, "counter", 4, 0, rt.cudaMemcpyDeviceToDevice), [
    [INVALID, "pGraphNode NULL", (a, w) => a.cudaGraphAddMemcpyNodeFromSymbol(null, G(w).graph, null, 0, w.d, "counter", 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [INVALID, "no graph", (a, w) => a.cudaGraphAddMemcpyNodeFromSymbol(out(), w.junk, null, 0, w.d, "counter", 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [INVALID, "dependency no node", (a, w) => a.cudaGraphAddMemcpyNodeFromSymbol(out(), G(w).graph, [w.junk], 1, w.d, "counter", 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [INVALID, "dependency of another graph", (a, w) => a.cudaGraphAddMemcpyNodeFromSymbol(out(), G(w).graph, [G(w).smallNode], 1, w.d, "counter", 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [INVALID, "dependency twice", (a, w) => a.cudaGraphAddMemcpyNodeFromSymbol(out(), G(w).graph, [G(w).empty, G(w).empty], 2, w.d, "counter", 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [rt.cudaErrorInvalidMemcpyDirection, "the wrong way", (a, w) => a.cudaGraphAddMemcpyNodeFromSymbol(out(), G(w).graph, null, 0, w.d, "counter", 4, 0, rt.cudaMemcpyHostToDevice)]], "context"),
  row("cudaGraphMemcpyNodeSetParamsFromSymbol", (a, w) => a.cudaGraphMemcpyNodeSetParamsFromSymbol(G(w).memcpy, w.d, "counter", 4, 0, rt.cudaMemcpyDeviceToDevice), [
    [INVALID, "no node", (a, w) => a.cudaGraphMemcpyNodeSetParamsFromSymbol(w.junk, w.d, "counter", 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphMemcpyNodeSetParamsFromSymbol(G(w).smallNode, w.d, "counter", 4, 0, rt.cudaMemcpyDeviceToDevice)]], "context"),
  row("cudaGraphExecMemcpyNodeSetParamsFromSymbol", (a, w) => a.cudaGraphExecMemcpyNodeSetParamsFromSymbol(G(w).exec, G(w).memcpy, w.d, "counter", 4, 0, rt.cudaMemcpyDeviceToDevice), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphExecMemcpyNodeSetParamsFromSymbol(w.junk, G(w).memcpy, w.d, "counter", 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [INVALID, "no node", (a, w) => a.cudaGraphExecMemcpyNodeSetParamsFromSymbol(G(w).exec, w.junk, w.d, "counter", 4, 0, rt.cudaMemcpyDeviceToDevice)],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphExecMemcpyNodeSetParamsFromSymbol(G(w).exec, G(w).empty, w.d, "counter", 4, 0, rt.cudaMemcpyDeviceToDevice)]], "context"),
  row("cudaGraphMemcpyNodeGetParams", (a, w) => a.cudaGraphMemcpyNodeGetParams(G(w).memcpy, out()), [
    [INVALID, "no node", (a, w) => a.cudaGraphMemcpyNodeGetParams(w.junk, out())],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphMemcpyNodeGetParams(G(w).smallNode, out())],
    [INVALID, "pNodeParams NULL", (a, w) => a.cudaGraphMemcpyNodeGetParams(G(w).memcpy, null)]], "driver"),
  row("cudaGraphAddMemsetNode", (a, w) => a.cudaGraphAddMemsetNode(out(), G(w).small, null, 0, setOf(w)), [
    [INVALID, "pGraphNode NULL", (a, w) => a.cudaGraphAddMemsetNode(null, G(w).graph, null, 0, setOf(w))],
    [INVALID, "no graph", (a, w) => a.cudaGraphAddMemsetNode(out(), w.junk, null, 0, setOf(w))],
    [INVALID, "dependency no node", (a, w) => a.cudaGraphAddMemsetNode(out(), G(w).graph, [w.junk], 1, setOf(w))],
    [INVALID, "dependency of another graph", (a, w) => a.cudaGraphAddMemsetNode(out(), G(w).graph, [G(w).smallNode], 1, setOf(w))],
    [INVALID, "dependency twice", (a, w) => a.cudaGraphAddMemsetNode(out(), G(w).graph, [G(w).empty, G(w).empty], 2, setOf(w))],
    [INVALID, "pMemsetParams NULL", (a, w) => a.cudaGraphAddMemsetNode(out(), G(w).graph, null, 0, null)],
    [INVALID, "elements of 3 bytes", (a, w) => a.cudaGraphAddMemsetNode(out(), G(w).graph, null, 0, { ...setOf(w), elementSize: 3 })]], "context"),
  row("cudaGraphMemsetNodeGetParams", (a, w) => a.cudaGraphMemsetNodeGetParams(G(w).memset, out()), [
    [INVALID, "no node", (a, w) => a.cudaGraphMemsetNodeGetParams(w.junk, out())],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphMemsetNodeGetParams(G(w).smallNode, out())]], "driver"),
  row("cudaGraphMemsetNodeSetParams", (a, w) => a.cudaGraphMemsetNodeSetParams(G(w).memset, setOf(w)), [
    [INVALID, "no node", (a, w) => a.cudaGraphMemsetNodeSetParams(w.junk, setOf(w))],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphMemsetNodeSetParams(G(w).smallNode, setOf(w))]], "driver"),
  row("cudaGraphAddHostNode", (a, w) => a.cudaGraphAddHostNode(out(), G(w).small, null, 0, { fn: () => 0 }), [
    [INVALID, "pGraphNode NULL", (a, w) => a.cudaGraphAddHostNode(null, G(w).graph, null, 0, { fn: () => 0 })],
    [INVALID, "no graph", (a, w) => a.cudaGraphAddHostNode(out(), w.junk, null, 0, { fn: () => 0 })],
    [INVALID, "dependency no node", (a, w) => a.cudaGraphAddHostNode(out(), G(w).graph, [w.junk], 1, { fn: () => 0 })],
    [INVALID, "dependency of another graph", (a, w) => a.cudaGraphAddHostNode(out(), G(w).graph, [G(w).smallNode], 1, { fn: () => 0 })],
    [INVALID, "dependency twice", (a, w) => a.cudaGraphAddHostNode(out(), G(w).graph, [G(w).empty, G(w).empty], 2, { fn: () => 0 })],
    [INVALID, "fn NULL", (a, w) => a.cudaGraphAddHostNode(out(), G(w).graph, null, 0, {})]], "driver"),
  row("cudaGraphHostNodeGetParams", (a, w) => a.cudaGraphHostNodeGetParams(G(w).host, out()), [
    [INVALID, "no node", (a, w) => a.cudaGraphHostNodeGetParams(w.junk, out())],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphHostNodeGetParams(G(w).smallNode, out())]], "driver"),
  row("cudaGraphHostNodeSetParams", (a, w) => a.cudaGraphHostNodeSetParams(G(w).host, { fn: () => 0 }), [
    [INVALID, "no node", (a, w) => a.cudaGraphHostNodeSetParams(w.junk, { fn: () => 0 })],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphHostNodeSetParams(G(w).smallNode, { fn: () => 0 })]], "driver"),
  row("cudaGraphAddChildGraphNode", (a, w) => a.cudaGraphAddChildGraphNode(out(), G(w).small, null, 0, G(w).ported), [
    [INVALID, "pGraphNode NULL", (a, w) => a.cudaGraphAddChildGraphNode(null, G(w).graph, null, 0, G(w).small)],
    [INVALID, "no graph", (a, w) => a.cudaGraphAddChildGraphNode(out(), w.junk, null, 0, G(w).small)],
    [INVALID, "dependency no node", (a, w) => a.cudaGraphAddChildGraphNode(out(), G(w).graph, [w.junk], 1, G(w).small)],
    [INVALID, "dependency of another graph", (a, w) => a.cudaGraphAddChildGraphNode(out(), G(w).graph, [G(w).smallNode], 1, G(w).small)],
    [INVALID, "dependency twice", (a, w) => a.cudaGraphAddChildGraphNode(out(), G(w).graph, [G(w).empty, G(w).empty], 2, G(w).small)],
    [INVALID, "it allocates", (a, w) => a.cudaGraphAddChildGraphNode(out(), G(w).graph, null, 0, G(w).memory)]], "driver"),
  row("cudaGraphChildGraphNodeGetGraph", (a, w) => a.cudaGraphChildGraphNodeGetGraph(G(w).child, out()), [
    [INVALID, "no node", (a, w) => a.cudaGraphChildGraphNodeGetGraph(w.junk, out())],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphChildGraphNodeGetGraph(G(w).smallNode, out())]], "driver"),
  row("cudaGraphAddEmptyNode", (a, w) => a.cudaGraphAddEmptyNode(out(), G(w).small, null, 0), [
    [INVALID, "pGraphNode NULL", (a, w) => a.cudaGraphAddEmptyNode(null, G(w).graph, null, 0)],
    [INVALID, "no graph", (a, w) => a.cudaGraphAddEmptyNode(out(), w.junk, null, 0)],
    [INVALID, "dependency no node", (a, w) => a.cudaGraphAddEmptyNode(out(), G(w).graph, [w.junk], 1)],
    [INVALID, "dependency of another graph", (a, w) => a.cudaGraphAddEmptyNode(out(), G(w).graph, [G(w).smallNode], 1)],
    [INVALID, "dependency twice", (a, w) => a.cudaGraphAddEmptyNode(out(), G(w).graph, [G(w).empty, G(w).empty], 2)]], "driver"),
  row("cudaGraphAddEventRecordNode", (a, w) => a.cudaGraphAddEventRecordNode(out(), G(w).small, null, 0, w.event), [
    [INVALID, "pGraphNode NULL", (a, w) => a.cudaGraphAddEventRecordNode(null, G(w).graph, null, 0, w.event)],
    [INVALID, "no graph", (a, w) => a.cudaGraphAddEventRecordNode(out(), w.junk, null, 0, w.event)],
    [INVALID, "dependency no node", (a, w) => a.cudaGraphAddEventRecordNode(out(), G(w).graph, [w.junk], 1, w.event)],
    [INVALID, "dependency of another graph", (a, w) => a.cudaGraphAddEventRecordNode(out(), G(w).graph, [G(w).smallNode], 1, w.event)],
    [INVALID, "dependency twice", (a, w) => a.cudaGraphAddEventRecordNode(out(), G(w).graph, [G(w).empty, G(w).empty], 2, w.event)],
    [INVALID, "no event", (a, w) => a.cudaGraphAddEventRecordNode(out(), G(w).graph, null, 0, w.junk)]], "driver"),
  row("cudaGraphEventRecordNodeGetEvent", (a, w) => a.cudaGraphEventRecordNodeGetEvent(G(w).record, out()), [
    [INVALID, "no node", (a, w) => a.cudaGraphEventRecordNodeGetEvent(w.junk, out())],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphEventRecordNodeGetEvent(G(w).smallNode, out())]], "driver"),
  row("cudaGraphEventRecordNodeSetEvent", (a, w) => a.cudaGraphEventRecordNodeSetEvent(G(w).record, w.event), [
    [INVALID, "no node", (a, w) => a.cudaGraphEventRecordNodeSetEvent(w.junk, w.event)],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphEventRecordNodeSetEvent(G(w).smallNode, w.event)],
    [HANDLE, "no event", (a, w) => a.cudaGraphEventRecordNodeSetEvent(G(w).record, w.junk)]], "driver"),
  row("cudaGraphAddEventWaitNode", (a, w) => a.cudaGraphAddEventWaitNode(out(), G(w).small, null, 0, w.event), [
    [INVALID, "pGraphNode NULL", (a, w) => a.cudaGraphAddEventWaitNode(null, G(w).graph, null, 0, w.event)],
    [INVALID, "no graph", (a, w) => a.cudaGraphAddEventWaitNode(out(), w.junk, null, 0, w.event)],
    [INVALID, "dependency no node", (a, w) => a.cudaGraphAddEventWaitNode(out(), G(w).graph, [w.junk], 1, w.event)],
    [INVALID, "dependency of another graph", (a, w) => a.cudaGraphAddEventWaitNode(out(), G(w).graph, [G(w).smallNode], 1, w.event)],
    [INVALID, "dependency twice", (a, w) => a.cudaGraphAddEventWaitNode(out(), G(w).graph, [G(w).empty, G(w).empty], 2, w.event)],
    [INVALID, "no event", (a, w) => a.cudaGraphAddEventWaitNode(out(), G(w).graph, null, 0, w.junk)]], "driver"),
  row("cudaGraphEventWaitNodeGetEvent", (a, w) => a.cudaGraphEventWaitNodeGetEvent(G(w).wait, out()), [
    [INVALID, "no node", (a, w) => a.cudaGraphEventWaitNodeGetEvent(w.junk, out())],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphEventWaitNodeGetEvent(G(w).smallNode, out())]], "driver"),
  row("cudaGraphEventWaitNodeSetEvent", (a, w) => a.cudaGraphEventWaitNodeSetEvent(G(w).wait, w.event), [
    [INVALID, "no node", (a, w) => a.cudaGraphEventWaitNodeSetEvent(w.junk, w.event)],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphEventWaitNodeSetEvent(G(w).smallNode, w.event)],
    [HANDLE, "no event", (a, w) => a.cudaGraphEventWaitNodeSetEvent(G(w).wait, w.junk)]], "driver"),
  row("cudaGraphAddMemAllocNode", (a, w) => a.cudaGraphAddMemAllocNode(out(), G(w).small, null, 0, allocOf()), [
    [INVALID, "pGraphNode NULL", (a, w) => a.cudaGraphAddMemAllocNode(null, G(w).graph, null, 0, allocOf())],
    [INVALID, "no graph", (a, w) => a.cudaGraphAddMemAllocNode(out(), w.junk, null, 0, allocOf())],
    [INVALID, "dependency no node", (a, w) => a.cudaGraphAddMemAllocNode(out(), G(w).graph, [w.junk], 1, allocOf())],
    [INVALID, "dependency of another graph", (a, w) => a.cudaGraphAddMemAllocNode(out(), G(w).graph, [G(w).smallNode], 1, allocOf())],
    [INVALID, "dependency twice", (a, w) => a.cudaGraphAddMemAllocNode(out(), G(w).graph, [G(w).empty, G(w).empty], 2, allocOf())],
    [INVALID, "no bytes", (a, w) => a.cudaGraphAddMemAllocNode(out(), G(w).graph, null, 0, { ...allocOf(), bytesize: 0 })]], "driver"),
  row("cudaGraphMemAllocNodeGetParams", (a, w) => a.cudaGraphMemAllocNodeGetParams(G(w).alloc, out()), [
    [INVALID, "no node", (a, w) => a.cudaGraphMemAllocNodeGetParams(w.junk, out())],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphMemAllocNodeGetParams(G(w).smallNode, out())]], "driver"),
  row("cudaGraphAddMemFreeNode", (a, w) => graph(a, w, (box) => a.cudaGraphCreate(box, 0) || a.cudaGraphAddMemFreeNode(out(), box.value, null, 0, G(w).dptr)), [
    [INVALID, "pGraphNode NULL", (a, w) => a.cudaGraphAddMemFreeNode(null, G(w).graph, null, 0, G(w).dptr)],
    [INVALID, "no graph", (a, w) => a.cudaGraphAddMemFreeNode(out(), w.junk, null, 0, G(w).dptr)],
    [INVALID, "dependency no node", (a, w) => a.cudaGraphAddMemFreeNode(out(), G(w).graph, [w.junk], 1, G(w).dptr)],
    [INVALID, "dependency of another graph", (a, w) => a.cudaGraphAddMemFreeNode(out(), G(w).graph, [G(w).smallNode], 1, G(w).dptr)],
    [INVALID, "dependency twice", (a, w) => a.cudaGraphAddMemFreeNode(out(), G(w).graph, [G(w).empty, G(w).empty], 2, G(w).dptr)],
    [INVALID, "freed already", (a, w) => a.cudaGraphAddMemFreeNode(out(), G(w).memory, null, 0, G(w).dptr)]], "driver"),
  row("cudaGraphMemFreeNodeGetParams", (a, w) => a.cudaGraphMemFreeNodeGetParams(G(w).free, out()), [
    [INVALID, "no node", (a, w) => a.cudaGraphMemFreeNodeGetParams(w.junk, out())],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphMemFreeNodeGetParams(G(w).smallNode, out())]], "driver"),
  row("cudaDeviceGraphMemTrim", (a) => a.cudaDeviceGraphMemTrim(0), [
    [rt.cudaErrorInvalidDevice, "no device", (a) => a.cudaDeviceGraphMemTrim(7)]], "driver"),
  row("cudaDeviceGetGraphMemAttribute", (a) => a.cudaDeviceGetGraphMemAttribute(0, 0, out()), [
    [rt.cudaErrorInvalidDevice, "no device", (a) => a.cudaDeviceGetGraphMemAttribute(7, 0, out())],
    [INVALID, "value NULL", (a) => a.cudaDeviceGetGraphMemAttribute(0, 0, null)]], "driver"),
  row("cudaDeviceSetGraphMemAttribute", (a) => a.cudaDeviceSetGraphMemAttribute(0, 1, 0n), [
    [rt.cudaErrorInvalidDevice, "no device", (a) => a.cudaDeviceSetGraphMemAttribute(7, 1, 0n)],
    [INVALID, "value not 0", (a) => a.cudaDeviceSetGraphMemAttribute(0, 1, 7n)]], "driver"),
  row("cudaGraphAddNode", (a, w) => a.cudaGraphAddNode(out(), G(w).small, null, null, 0, { type: 0, kernel: kernelOf(w) as never }), [
    [INVALID, "nodeParams NULL", (a, w) => a.cudaGraphAddNode(out(), G(w).graph, null, null, 0, null)],
    [FUNCTION, "no such kernel", (a, w) => a.cudaGraphAddNode(out(), G(w).graph, null, null, 0, { type: 0, kernel: { func: "none" } })],
    [rt.cudaErrorNotSupported, "a conditional node", (a, w) => a.cudaGraphAddNode(out(), G(w).graph, null, null, 0, { type: rt.cudaGraphNodeTypeConditional })]], "context"),
  row("cudaGraphNodeSetParams", (a, w) => a.cudaGraphNodeSetParams(G(w).memcpy, { type: 1, memcpy: { copyParams: copyOf(w) } }), [
    [INVALID, "another type", (a, w) => a.cudaGraphNodeSetParams(G(w).host, { type: 5 })],
    [FUNCTION, "no such kernel", (a, w) => a.cudaGraphNodeSetParams(G(w).kernel, { type: 0, kernel: { func: "none" } })]], "context"),
]);
