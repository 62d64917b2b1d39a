import { out } from "../../../../src/api/out.ts";
import * as rt from "../../../../src/cuda/abi/runtime/constants.ts";
import type { cudaGraph_t, cudaGraphNode_t, cudaUserObject_t } from "../../../../src/cuda/abi/runtime/types.ts";
import { graphsOf as G, setup } from "./graph-world.ts";
import { testErrors } from "./run.ts";
import type { Call, ErrorCase, World } from "./world.ts";

const INVALID = rt.cudaErrorInvalidValue;
type Api = World["cudart"];

/** A case that needs the graphs of `setup`. */
const row = (name: ErrorCase["name"], control: Call, errors: ErrorCase["errors"], needs: ErrorCase["needs"]): ErrorCase => ({ name, needs, setup, control, errors });

function graph(_a: Api, w: World, make: (box: ReturnType<typeof out<cudaGraph_t>>) => number): number {
  const box = out<cudaGraph_t>();
  return make(box) || w.cudart.cudaGraphDestroy(box.value);
}

function node(a: Api, make: (box: ReturnType<typeof out<cudaGraphNode_t>>) => number): number {
  const box = out<cudaGraphNode_t>();
  return make(box) || a.cudaGraphDestroyNode(box.value);
}

function object(_a: Api, w: World, make: (box: ReturnType<typeof out<cudaUserObject_t>>) => number): number {
  const box = out<cudaUserObject_t>();
  return make(box) || w.cudart.cudaUserObjectRelease(box.value, 1);
}

testErrors("Graph Management: graphs", [
  row("cudaGraphCreate", (a, w) => graph(a, w, (box) => a.cudaGraphCreate(box, 0)), [
    [INVALID, "pGraph NULL", (a) => a.cudaGraphCreate(null, 0)],
    [INVALID, "flags", (a) => a.cudaGraphCreate(out(), 1)]], "driver"),
  row("cudaGraphDestroy", (a, w) => graph(a, w, (box) => a.cudaGraphCreate(box, 0)), [
    [INVALID, "no graph", (a, w) => a.cudaGraphDestroy(w.junk)]], "driver"),
  row("cudaGraphClone", (a, w) => graph(a, w, (box) => a.cudaGraphClone(box, G(w).graph)), [
    [INVALID, "pGraphClone NULL", (a, w) => a.cudaGraphClone(null, G(w).graph)],
    [INVALID, "no graph", (a, w) => a.cudaGraphClone(out(), w.junk)],
    [INVALID, "it allocates", (a, w) => a.cudaGraphClone(out(), G(w).memory)]], "driver"),
  row("cudaGraphNodeFindInClone", (a, w) => a.cudaGraphNodeFindInClone(out(), G(w).kernel, G(w).clone), [
    [INVALID, "pNode NULL", (a, w) => a.cudaGraphNodeFindInClone(null, G(w).kernel, G(w).clone)],
    [INVALID, "no copy", (a, w) => a.cudaGraphNodeFindInClone(out(), G(w).smallNode, G(w).clone)]], "driver"),
  row("cudaGraphNodeGetType", (a, w) => a.cudaGraphNodeGetType(G(w).kernel, out()), [
    [INVALID, "no node", (a, w) => a.cudaGraphNodeGetType(w.junk, out())],
    [INVALID, "pType NULL", (a, w) => a.cudaGraphNodeGetType(G(w).kernel, null)]], "driver"),
  row("cudaGraphGetNodes", (a, w) => a.cudaGraphGetNodes(G(w).graph, out(), out()), [
    [INVALID, "no graph", (a, w) => a.cudaGraphGetNodes(w.junk, null, out())],
    [INVALID, "the count NULL", (a, w) => a.cudaGraphGetNodes(G(w).graph, null, null)]], "driver"),
  row("cudaGraphGetRootNodes", (a, w) => a.cudaGraphGetRootNodes(G(w).graph, out(), out()), [
    [INVALID, "no graph", (a, w) => a.cudaGraphGetRootNodes(w.junk, null, out())],
    [INVALID, "the count NULL", (a, w) => a.cudaGraphGetRootNodes(G(w).graph, null, null)]], "driver"),
  row("cudaGraphGetEdges", (a, w) => a.cudaGraphGetEdges(G(w).graph, out(), out(), null, out()), [
    [INVALID, "no graph", (a, w) => a.cudaGraphGetEdges(w.junk, null, null, null, out())],
    [rt.cudaErrorLossyQuery, "edge data lost", (a, w) => a.cudaGraphGetEdges(G(w).ported, out(), out(), null, out())]], "driver"),
  row("cudaGraphNodeGetDependencies", (a, w) => a.cudaGraphNodeGetDependencies(G(w).memcpy, out(), null, out()), [
    [INVALID, "no node", (a, w) => a.cudaGraphNodeGetDependencies(w.junk, null, null, out())],
    [rt.cudaErrorLossyQuery, "edge data lost", (a, w) => a.cudaGraphNodeGetDependencies(G(w).portedTo, out(), null, out())]], "driver"),
  row("cudaGraphNodeGetDependentNodes", (a, w) => a.cudaGraphNodeGetDependentNodes(G(w).kernel, out(), null, out()), [
    [INVALID, "no node", (a, w) => a.cudaGraphNodeGetDependentNodes(w.junk, null, null, out())],
    [rt.cudaErrorLossyQuery, "edge data lost", (a, w) => a.cudaGraphNodeGetDependentNodes(G(w).portedFrom, out(), null, out())]], "driver"),
  row("cudaGraphAddDependencies", (a, w) => a.cudaGraphAddDependencies(G(w).graph, [G(w).kernel], [G(w).wait], null, 1) || w.cudart.cudaGraphRemoveDependencies(G(w).graph, [G(w).kernel], [G(w).wait], null, 1), [
    [INVALID, "exists", (a, w) => a.cudaGraphAddDependencies(G(w).graph, [G(w).kernel], [G(w).memcpy], null, 1)],
    [INVALID, "no graph", (a, w) => a.cudaGraphAddDependencies(w.junk, [G(w).kernel], [G(w).wait], null, 1)]], "driver"),
  row("cudaGraphRemoveDependencies", (a, w) => a.cudaGraphAddDependencies(G(w).graph, [G(w).kernel], [G(w).wait], null, 1) || w.cudart.cudaGraphRemoveDependencies(G(w).graph, [G(w).kernel], [G(w).wait], null, 1), [
    [INVALID, "no such edge", (a, w) => a.cudaGraphRemoveDependencies(G(w).graph, [G(w).kernel], [G(w).wait], null, 1)]], "driver"),
  row("cudaGraphDestroyNode", (a, w) => node(a, (box) => a.cudaGraphAddEmptyNode(box, G(w).graph, null, 0)), [
    [INVALID, "no node", (a, w) => a.cudaGraphDestroyNode(w.junk)],
    [INVALID, "its graph allocates", (a, w) => a.cudaGraphDestroyNode(G(w).alloc)]], "driver"),
  row("cudaGraphDebugDotPrint", (a, w) => a.cudaGraphDebugDotPrint(G(w).graph, "/tmp/g.dot", rt.cudaGraphDebugDotFlagsVerbose), [
    [INVALID, "no graph", (a, w) => a.cudaGraphDebugDotPrint(w.junk, "/tmp/g.dot", 0)],
    [INVALID, "path NULL", (a, w) => a.cudaGraphDebugDotPrint(G(w).graph, null, 0)],
    [rt.cudaErrorOperatingSystem, "a folder", (a, w) => a.cudaGraphDebugDotPrint(G(w).graph, "/dev/dri", 0)]], "driver"),
  row("cudaUserObjectCreate", (a, w) => object(a, w, (box) => a.cudaUserObjectCreate(box, null, () => 0, 1, 1)), [
    [INVALID, "destroy NULL", (a) => a.cudaUserObjectCreate(out(), null, null, 1, 1)],
    [INVALID, "flags 0", (a) => a.cudaUserObjectCreate(out(), null, () => 0, 1, 0)]], "driver"),
  row("cudaUserObjectRetain", (a, w) => a.cudaUserObjectRetain(G(w).object, 1), [
    [INVALID, "no object", (a, w) => a.cudaUserObjectRetain(w.junk, 1)]], "driver"),
  row("cudaUserObjectRelease", (a, w) => a.cudaUserObjectRetain(G(w).object, 1) || a.cudaUserObjectRelease(G(w).object, 1), [
    [INVALID, "no object", (a, w) => a.cudaUserObjectRelease(w.junk, 1)],
    [INVALID, "count 0", (a, w) => a.cudaUserObjectRelease(G(w).object, 0)]], "driver"),
  row("cudaGraphRetainUserObject", (a, w) => a.cudaGraphRetainUserObject(G(w).graph, G(w).object, 1, 0), [
    [INVALID, "no graph", (a, w) => a.cudaGraphRetainUserObject(w.junk, G(w).object, 1, 0)],
    [INVALID, "flags", (a, w) => a.cudaGraphRetainUserObject(G(w).graph, G(w).object, 1, 2)]], "driver"),
  row("cudaGraphReleaseUserObject", (a, w) => a.cudaGraphRetainUserObject(G(w).small, G(w).object, 1, 0) || a.cudaGraphReleaseUserObject(G(w).small, G(w).object, 1), [
    [INVALID, "more than it has", (a, w) => a.cudaGraphReleaseUserObject(G(w).small, G(w).object, 9)]], "driver"),
]);
