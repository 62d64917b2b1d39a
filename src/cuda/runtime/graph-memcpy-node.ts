import type { Caller } from "../../api/caller.ts";
import type { HostPtr, Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { DeviceSymbol, HostPitchedPtr, In } from "../abi/common.ts";
import { CU_MEMORYTYPE_ARRAY, CU_MEMORYTYPE_HOST } from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t, cudaMemcpyKind } from "../abi/runtime/enums.ts";
import type { cudaGraphExec_t, cudaGraphNode_t, cudaGraph_t, cudaMemcpy3DParms } from "../abi/runtime/types.ts";
import type { Context } from "../driver/core/context.ts";
import { arrayArgument } from "../driver/core/array.ts";
import { linear } from "../driver/core/copy.ts";
import { fail } from "../driver/core/fail.ts";
import { stridedOf as placesOf } from "../driver/core/graph-copy.ts";
import { addNode, nodeOfKind, slot } from "../driver/graph-argument.ts";
import { change, execNode } from "../driver/graph-exec-nodes.ts";
import { stridedSpec } from "../driver/graph-memcpy-node.ts";
import type { Side, Strided } from "../driver/memory-copy-strided.ts";
import { inContextBlocking, withDriver } from "./core/call.ts";
import { placeOf, sidesOf } from "./core/places.ts";
import { variableOf } from "./core/registry.ts";
import { stridedOf } from "./memory-copy-strided.ts";

/** Graph Management: copy nodes, of boxes, runs of bytes and device variables. */

type What = () => Strided | CUresult;

/** A run of bytes as a copy node keeps it. */
function run(t: Caller, context: Context, dst: HostPtr | null, src: HostPtr | null, count: number, kind: cudaMemcpyKind): Strided | CUresult {
  const sides = sidesOf(kind);
  if (sides === null) return fail(t, rt.cudaErrorInvalidMemcpyDirection as CUresult, "kind must be of cudaMemcpyKind", { kind });
  if (!(count > 0) || !Number.isSafeInteger(count)) return fail(t, rt.cudaErrorInvalidValue as CUresult, "count must be positive", { count });
  const shape = linear(count);
  const to = placeOf(t, context, dst, shape, "dst", sides.dst);
  if (typeof to === "number") return to;
  const from = placeOf(t, context, src, shape, "src", sides.src);
  return typeof from === "number" ? from : placesOf(t, to, from, shape);
}

/** A run of bytes to or from a device variable. */
function* symbolRun(t: Caller, context: Context, symbol: DeviceSymbol | null, other: HostPtr | null, count: number, offset: number, kind: cudaMemcpyKind, toSymbol: boolean): Blocking<Strided | CUresult> {
  const wrong = toSymbol ? rt.cudaMemcpyDeviceToHost : rt.cudaMemcpyHostToDevice;
  if (kind === wrong || kind === rt.cudaMemcpyHostToHost) return fail(t, rt.cudaErrorInvalidMemcpyDirection as CUresult, "kind must be a copy with the symbol on the device's side", { kind });
  const variable = yield* variableOf(t, context, symbol);
  if (typeof variable === "number") return variable;
  if (offset < 0 || offset + count > variable.definition.size) return fail(t, rt.cudaErrorInvalidValue as CUresult, "offset + count must be inside the symbol", { offset, count, size: variable.definition.size });
  const address = variable.address + offset;
  return toSymbol ? run(t, context, address, other, count, kind) : run(t, context, other, address, count, kind);
}

function add(t: Caller, context: Context, pGraphNode: Out<cudaGraphNode_t> | null, graph: cudaGraph_t | null, pDependencies: readonly cudaGraphNode_t[] | null, numDependencies: number, what: What): CUresult {
  const place = slot(t, pGraphNode, graph, pDependencies, numDependencies);
  if (typeof place === "number") return place;
  const strided = what();
  return typeof strided === "number" ? strided : addNode(pGraphNode, place, stridedSpec(t, context, strided));
}

function set(t: Caller, context: Context, node: cudaGraphNode_t | null, what: What): CUresult {
  const found = nodeOfKind(t, node, "memcpy");
  if (typeof found === "number") return found;
  const strided = what();
  const spec = typeof strided === "number" ? strided : stridedSpec(t, context, strided);
  if (typeof spec === "number") return spec;
  found.spec = spec;
  return 0;
}

function setExec(t: Caller, context: Context, hGraphExec: cudaGraphExec_t | null, node: cudaGraphNode_t | null, what: What): CUresult {
  const found = execNode(t, hGraphExec, node, ["memcpy"]);
  if (typeof found === "number") return found;
  const strided = what();
  return typeof strided === "number" ? strided : change(t, found, stridedSpec(t, context, strided));
}

/** A node's copy as the runtime describes it. */
function runtimeParams(t: Caller, { src, dst, width, height, depth }: Strided): cudaMemcpy3DParms {
  const array = src.array ?? dst.array;
  const found = array === null ? 1 : arrayArgument(t, array, "array");
  const element = typeof found === "number" ? 1 : found.element;
  const pointer = ({ type, host, device, pitch, height: rows }: Side): HostPitchedPtr => ({ ptr: type === CU_MEMORYTYPE_ARRAY ? 0 : type === CU_MEMORYTYPE_HOST ? host ?? 0 : device, pitch, xsize: width, ysize: rows });
  const position = ({ type, x, y, z }: Side): { x: number; y: number; z: number } => ({ x: type === CU_MEMORYTYPE_ARRAY ? x / element : x, y, z });
  return {
    srcArray: src.array ?? 0, srcPos: position(src), srcPtr: pointer(src), dstArray: dst.array ?? 0, dstPos: position(dst), dstPtr: pointer(dst),
    extent: { width: width / element, height, depth }, kind: rt.cudaMemcpyDefault,
  };
}

/**
 * Adds a copy node. Pageable host memory is read or written when it executes.
 * @param pGraphNode gets it
 * @param pDependencies nodes of the graph that it begins after
 * @param pCopyParams as for cudaMemcpy3D
 * @returns cudaErrorInvalidValue: pGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice, pCopyParams NULL, a copy that cudaMemcpy3D would refuse, an empty copy. cudaErrorInvalidPitchValue. cudaErrorInvalidMemcpyDirection.
 */
export function* cudaGraphAddMemcpyNode(
  t: Caller, pGraphNode: Out<cudaGraphNode_t> | null, graph: cudaGraph_t | null, pDependencies: readonly cudaGraphNode_t[] | null, numDependencies: number, pCopyParams: In<cudaMemcpy3DParms> | null,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    return add(t, context, pGraphNode, graph, pDependencies, numDependencies, () => stridedOf(t, context, pCopyParams));
  });
}

/**
 * Adds a node that copies a run of bytes.
 * @param pGraphNode gets it
 * @param pDependencies nodes of the graph that it begins after
 * @returns cudaErrorInvalidValue: pGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice; as cudaMemcpy. cudaErrorInvalidMemcpyDirection: no kind.
 */
export function* cudaGraphAddMemcpyNode1D(
  t: Caller, pGraphNode: Out<cudaGraphNode_t> | null, graph: cudaGraph_t | null, pDependencies: readonly cudaGraphNode_t[] | null, numDependencies: number, dst: HostPtr | null, src: HostPtr | null, count: number, kind: cudaMemcpyKind,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    return add(t, context, pGraphNode, graph, pDependencies, numDependencies, () => run(t, context, dst, src, count, kind));
  });
}

/**
 * Adds a node that copies to a device variable.
 * @param pGraphNode gets it
 * @param pDependencies nodes of the graph that it begins after
 * @param offset bytes from the variable's beginning
 * @returns cudaErrorInvalidValue: pGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice; as cudaMemcpyToSymbol.
 */
export function* cudaGraphAddMemcpyNodeToSymbol(
  t: Caller, pGraphNode: Out<cudaGraphNode_t> | null, graph: cudaGraph_t | null, pDependencies: readonly cudaGraphNode_t[] | null, numDependencies: number, symbol: DeviceSymbol | null, src: HostPtr | null, count: number, offset: number, kind: cudaMemcpyKind,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const what = yield* symbolRun(t, context, symbol, src, count, offset, kind, true);
    return add(t, context, pGraphNode, graph, pDependencies, numDependencies, () => what);
  });
}

/**
 * Adds a node that copies from a device variable.
 * @param pGraphNode gets it
 * @param pDependencies nodes of the graph that it begins after
 * @param offset bytes from the variable's beginning
 * @returns cudaErrorInvalidValue: pGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice; as cudaMemcpyFromSymbol.
 */
export function* cudaGraphAddMemcpyNodeFromSymbol(
  t: Caller, pGraphNode: Out<cudaGraphNode_t> | null, graph: cudaGraph_t | null, pDependencies: readonly cudaGraphNode_t[] | null, numDependencies: number, dst: HostPtr | null, symbol: DeviceSymbol | null, count: number, offset: number, kind: cudaMemcpyKind,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const what = yield* symbolRun(t, context, symbol, dst, count, offset, kind, false);
    return add(t, context, pGraphNode, graph, pDependencies, numDependencies, () => what);
  });
}

/** A copy node's parameters. @param pNodeParams gets them @returns cudaErrorInvalidValue: not a copy node, pNodeParams NULL. */
export function cudaGraphMemcpyNodeGetParams(t: Caller, node: cudaGraphNode_t | null, pNodeParams: Out<cudaMemcpy3DParms> | null): cudaError_t {
  return withDriver(t, () => {
    const found = nodeOfKind(t, node, "memcpy");
    if (typeof found === "number") return found;
    if (pNodeParams === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "pNodeParams must not be NULL");
    pNodeParams.value = runtimeParams(t, found.spec.what);
    return 0;
  });
}

/**
 * Changes a copy node's parameters.
 * @returns cudaErrorInvalidValue: not a copy node, parameters that cudaGraphAddMemcpyNode would refuse. cudaErrorInvalidMemcpyDirection.
 */
export function* cudaGraphMemcpyNodeSetParams(t: Caller, node: cudaGraphNode_t | null, pNodeParams: In<cudaMemcpy3DParms> | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    return set(t, context, node, () => stridedOf(t, context, pNodeParams));
  });
}

/**
 * Changes a copy node's parameters to a run of bytes.
 * @returns cudaErrorInvalidValue: not a copy node; as cudaMemcpy. cudaErrorInvalidMemcpyDirection: no kind.
 */
export function* cudaGraphMemcpyNodeSetParams1D(
  t: Caller, node: cudaGraphNode_t | null, dst: HostPtr | null, src: HostPtr | null, count: number, kind: cudaMemcpyKind,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    return set(t, context, node, () => run(t, context, dst, src, count, kind));
  });
}

/**
 * Changes a copy node's parameters to a copy to a device variable.
 * @param offset bytes from the variable's beginning
 * @returns cudaErrorInvalidValue: not a copy node; as cudaMemcpyToSymbol.
 */
export function* cudaGraphMemcpyNodeSetParamsToSymbol(
  t: Caller, node: cudaGraphNode_t | null, symbol: DeviceSymbol | null, src: HostPtr | null, count: number, offset: number, kind: cudaMemcpyKind,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const what = yield* symbolRun(t, context, symbol, src, count, offset, kind, true);
    return set(t, context, node, () => what);
  });
}

/**
 * Changes a copy node's parameters to a copy from a device variable.
 * @param offset bytes from the variable's beginning
 * @returns cudaErrorInvalidValue: not a copy node; as cudaMemcpyFromSymbol.
 */
export function* cudaGraphMemcpyNodeSetParamsFromSymbol(
  t: Caller, node: cudaGraphNode_t | null, dst: HostPtr | null, symbol: DeviceSymbol | null, count: number, offset: number, kind: cudaMemcpyKind,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const what = yield* symbolRun(t, context, symbol, dst, count, offset, kind, false);
    return set(t, context, node, () => what);
  });
}

/**
 * Changes a copy node of an executable graph. Only copies of one row can be changed.
 * @returns cudaErrorInvalidValue: not an executable graph, not a copy node of its graph, several rows, parameters that cudaGraphAddMemcpyNode would refuse. cudaErrorInvalidMemcpyDirection.
 */
export function* cudaGraphExecMemcpyNodeSetParams(
  t: Caller, hGraphExec: cudaGraphExec_t | null, node: cudaGraphNode_t | null, pNodeParams: In<cudaMemcpy3DParms> | null,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    return setExec(t, context, hGraphExec, node, () => stridedOf(t, context, pNodeParams));
  });
}

/**
 * Changes a copy node of an executable graph to a run of bytes.
 * @returns cudaErrorInvalidValue: not an executable graph, not a copy node of its graph, several rows; as cudaMemcpy. cudaErrorInvalidMemcpyDirection: no kind.
 */
export function* cudaGraphExecMemcpyNodeSetParams1D(
  t: Caller, hGraphExec: cudaGraphExec_t | null, node: cudaGraphNode_t | null, dst: HostPtr | null, src: HostPtr | null, count: number, kind: cudaMemcpyKind,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    return setExec(t, context, hGraphExec, node, () => run(t, context, dst, src, count, kind));
  });
}

/**
 * Changes a copy node of an executable graph to a copy to a device variable.
 * @param offset bytes from the variable's beginning
 * @returns cudaErrorInvalidValue: not an executable graph, not a copy node of its graph, several rows; as cudaMemcpyToSymbol.
 */
export function* cudaGraphExecMemcpyNodeSetParamsToSymbol(
  t: Caller, hGraphExec: cudaGraphExec_t | null, node: cudaGraphNode_t | null, symbol: DeviceSymbol | null, src: HostPtr | null, count: number, offset: number, kind: cudaMemcpyKind,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const what = yield* symbolRun(t, context, symbol, src, count, offset, kind, true);
    return setExec(t, context, hGraphExec, node, () => what);
  });
}

/**
 * Changes a copy node of an executable graph to a copy from a device variable.
 * @param offset bytes from the variable's beginning
 * @returns cudaErrorInvalidValue: not an executable graph, not a copy node of its graph, several rows; as cudaMemcpyFromSymbol.
 */
export function* cudaGraphExecMemcpyNodeSetParamsFromSymbol(
  t: Caller, hGraphExec: cudaGraphExec_t | null, node: cudaGraphNode_t | null, dst: HostPtr | null, symbol: DeviceSymbol | null, count: number, offset: number, kind: cudaMemcpyKind,
): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const what = yield* symbolRun(t, context, symbol, dst, count, offset, kind, false);
    return setExec(t, context, hGraphExec, node, () => what);
  });
}
