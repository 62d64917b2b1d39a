import { out } from "../../../../src/api/out.ts";
import * as rt from "../../../../src/cuda/abi/runtime/constants.ts";
import type { cudaGraph_t, cudaGraphExec_t } from "../../../../src/cuda/abi/runtime/types.ts";
import { graphsOf as G, kernelOf, setOf, setup } from "./graph-world.ts";
import { testErrors } from "./run.ts";
import type { Call, ErrorCase, World } from "./world.ts";

const INVALID = rt.cudaErrorInvalidValue;
const HANDLE = rt.cudaErrorInvalidResourceHandle;
const FUNCTION = rt.cudaErrorInvalidDeviceFunction;
type Api = World["cudart"];

/** A case that needs the graphs of `setup`. */
const row = (name: ErrorCase["name"], control: Call, errors: ErrorCase["errors"], needs: ErrorCase["needs"]): ErrorCase => ({ name, needs, setup, control, errors });

function executable(w: World, make: (box: ReturnType<typeof out<cudaGraphExec_t>>) => number): number {
  const box = out<cudaGraphExec_t>();
  return make(box) || w.cudart.cudaGraphExecDestroy(box.value);
}

/** Begins and ends a capture. */
function whole(a: Api, w: World, begin: () => number): number {
  const graph = out<cudaGraph_t>();
  return begin() || a.cudaStreamEndCapture(w.stream, graph) || w.cudart.cudaGraphDestroy(graph.value);
}

testErrors("Graph Management: execution", [
  row("cudaGraphInstantiate", (a, w) => executable(w, (box) => a.cudaGraphInstantiate(box, G(w).graph, 0)), [
    [INVALID, "pGraphExec NULL", (a, w) => a.cudaGraphInstantiate(null, G(w).graph, 0)],
    [INVALID, "no graph", (a, w) => a.cudaGraphInstantiate(out(), w.junk, 0)],
    [rt.cudaErrorNotSupported, "launches from the device", (a, w) => a.cudaGraphInstantiate(out(), G(w).graph, 4)]], "driver"),
  row("cudaGraphInstantiateWithFlags", (a, w) => executable(w, (box) => a.cudaGraphInstantiateWithFlags(box, G(w).graph, 0)), [
    [INVALID, "flags", (a, w) => a.cudaGraphInstantiateWithFlags(out(), G(w).graph, 64)]], "driver"),
  row("cudaGraphInstantiateWithParams", (a, w) => executable(w, (box) => a.cudaGraphInstantiateWithParams(box, G(w).graph, { flags: 2n, uploadStream: w.stream })), [
    [INVALID, "instantiateParams NULL", (a, w) => a.cudaGraphInstantiateWithParams(out(), G(w).graph, null)],
    [HANDLE, "no stream", (a, w) => a.cudaGraphInstantiateWithParams(out(), G(w).graph, { flags: 2n, uploadStream: w.junk })]], "context"),
  row("cudaGraphExecGetFlags", (a, w) => a.cudaGraphExecGetFlags(G(w).exec, out()), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphExecGetFlags(w.junk, out())]], "driver"),
  row("cudaGraphUpload", (a, w) => a.cudaGraphUpload(G(w).exec, w.stream), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphUpload(w.junk, w.stream)],
    [HANDLE, "no stream", (a, w) => a.cudaGraphUpload(G(w).exec, w.junk)]], "context"),
  row("cudaGraphLaunch", (a, w) => a.cudaGraphLaunch(G(w).exec, w.stream), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphLaunch(w.junk, w.stream)],
    [HANDLE, "no stream", (a, w) => a.cudaGraphLaunch(G(w).exec, w.junk)]], "context"),
  row("cudaGraphExecDestroy", (a, w) => executable(w, (box) => a.cudaGraphInstantiate(box, G(w).graph, 0)), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphExecDestroy(w.junk)]], "driver"),
  row("cudaGraphExecUpdate", (a, w) => a.cudaGraphExecUpdate(G(w).exec, G(w).clone, out()), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphExecUpdate(w.junk, G(w).clone, out())],
    [rt.cudaErrorGraphExecUpdateFailure, "another shape", (a, w) => a.cudaGraphExecUpdate(G(w).exec, G(w).small, out())]], "driver"),
  row("cudaGraphExecKernelNodeSetParams", (a, w) => a.cudaGraphExecKernelNodeSetParams(G(w).exec, G(w).kernel, kernelOf(w)), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphExecKernelNodeSetParams(w.junk, G(w).kernel, kernelOf(w))],
    [INVALID, "no node", (a, w) => a.cudaGraphExecKernelNodeSetParams(G(w).exec, w.junk, kernelOf(w))],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphExecKernelNodeSetParams(G(w).exec, G(w).empty, kernelOf(w))],
    [FUNCTION, "no such kernel", (a, w) => a.cudaGraphExecKernelNodeSetParams(G(w).exec, G(w).kernel, { ...kernelOf(w), func: "none" })]], "context"),
  row("cudaGraphExecMemsetNodeSetParams", (a, w) => a.cudaGraphExecMemsetNodeSetParams(G(w).exec, G(w).memset, setOf(w)), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphExecMemsetNodeSetParams(w.junk, G(w).memset, setOf(w))],
    [INVALID, "no node", (a, w) => a.cudaGraphExecMemsetNodeSetParams(G(w).exec, w.junk, setOf(w))],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphExecMemsetNodeSetParams(G(w).exec, G(w).empty, setOf(w))]], "context"),
  row("cudaGraphExecHostNodeSetParams", (a, w) => a.cudaGraphExecHostNodeSetParams(G(w).exec, G(w).host, { fn: () => 0 }), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphExecHostNodeSetParams(w.junk, G(w).host, { fn: () => 0 })],
    [INVALID, "no node", (a, w) => a.cudaGraphExecHostNodeSetParams(G(w).exec, w.junk, { fn: () => 0 })],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphExecHostNodeSetParams(G(w).exec, G(w).empty, { fn: () => 0 })]], "driver"),
  row("cudaGraphExecChildGraphNodeSetParams", (a, w) => a.cudaGraphExecChildGraphNodeSetParams(G(w).exec, G(w).child, G(w).small), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphExecChildGraphNodeSetParams(w.junk, G(w).child, G(w).small)],
    [INVALID, "no node", (a, w) => a.cudaGraphExecChildGraphNodeSetParams(G(w).exec, w.junk, G(w).small)],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphExecChildGraphNodeSetParams(G(w).exec, G(w).empty, G(w).small)]], "driver"),
  row("cudaGraphExecEventRecordNodeSetEvent", (a, w) => a.cudaGraphExecEventRecordNodeSetEvent(G(w).exec, G(w).record, w.event), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphExecEventRecordNodeSetEvent(w.junk, G(w).record, w.event)],
    [INVALID, "no node", (a, w) => a.cudaGraphExecEventRecordNodeSetEvent(G(w).exec, w.junk, w.event)],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphExecEventRecordNodeSetEvent(G(w).exec, G(w).empty, w.event)]], "driver"),
  row("cudaGraphExecEventWaitNodeSetEvent", (a, w) => a.cudaGraphExecEventWaitNodeSetEvent(G(w).exec, G(w).wait, w.event), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphExecEventWaitNodeSetEvent(w.junk, G(w).wait, w.event)],
    [INVALID, "no node", (a, w) => a.cudaGraphExecEventWaitNodeSetEvent(G(w).exec, w.junk, w.event)],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphExecEventWaitNodeSetEvent(G(w).exec, G(w).empty, w.event)]], "driver"),
  row("cudaGraphExecNodeSetParams", (a, w) => a.cudaGraphExecNodeSetParams(G(w).exec, G(w).host, { type: 3, host: { fn: () => 0 } as never }), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphExecNodeSetParams(w.junk, G(w).host, { type: 3 })]], "context"),
  row("cudaGraphNodeSetEnabled", (a, w) => a.cudaGraphNodeSetEnabled(G(w).exec, G(w).kernel, 1), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphNodeSetEnabled(w.junk, G(w).kernel, 1)],
    [INVALID, "no node", (a, w) => a.cudaGraphNodeSetEnabled(G(w).exec, w.junk, 1)],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphNodeSetEnabled(G(w).exec, G(w).empty, 1)]], "driver"),
  row("cudaGraphNodeGetEnabled", (a, w) => a.cudaGraphNodeGetEnabled(G(w).exec, G(w).kernel, out()), [
    [INVALID, "no executable graph", (a, w) => a.cudaGraphNodeGetEnabled(w.junk, G(w).kernel, out())],
    [INVALID, "no node", (a, w) => a.cudaGraphNodeGetEnabled(G(w).exec, w.junk, out())],
    [INVALID, "a node of another kind", (a, w) => a.cudaGraphNodeGetEnabled(G(w).exec, G(w).empty, out())]], "driver"),
]);

testErrors("Stream Management: capture", [
  row("cudaStreamBeginCapture", (a, w) => whole(a, w, () => a.cudaStreamBeginCapture(w.stream, 0)), [
    [rt.cudaErrorStreamCaptureUnsupported, "legacy stream", (a) => a.cudaStreamBeginCapture(0, 0)],
    [INVALID, "no mode", (a, w) => a.cudaStreamBeginCapture(w.stream, 7 as 0)]], "context"),
  row("cudaStreamBeginCaptureToGraph", (a, w) => a.cudaStreamBeginCaptureToGraph(w.stream, G(w).small, null, null, 0, 0) || a.cudaStreamEndCapture(w.stream, out()), [
    [INVALID, "no graph", (a, w) => a.cudaStreamBeginCaptureToGraph(w.stream, w.junk, null, null, 0, 0)]], "context"),
  row("cudaStreamEndCapture", (a, w) => whole(a, w, () => a.cudaStreamBeginCapture(w.stream, 0)), [
    [INVALID, "pGraph NULL", (a, w) => a.cudaStreamEndCapture(w.stream, null)],
    [rt.cudaErrorIllegalState, "does not capture", (a, w) => a.cudaStreamEndCapture(w.stream, out())]], "context"),
  row("cudaStreamGetCaptureInfo", (a, w) => a.cudaStreamGetCaptureInfo(w.stream, out(), out(), out(), out(), out(), out()), [
    [INVALID, "captureStatus_out NULL", (a, w) => a.cudaStreamGetCaptureInfo(w.stream, null, null, null, null, null, null)]], "context"),
  row("cudaStreamUpdateCaptureDependencies", (a, w) => whole(a, w, () => a.cudaStreamBeginCapture(w.stream, 0) || a.cudaStreamUpdateCaptureDependencies(w.stream, [], null, 0, 1)), [
    [rt.cudaErrorIllegalState, "does not capture", (a, w) => a.cudaStreamUpdateCaptureDependencies(w.stream, [], null, 0, 0)],
    [HANDLE, "no stream", (a, w) => a.cudaStreamUpdateCaptureDependencies(w.junk, [], null, 0, 0)]], "context"),
]);
