import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import type { cudaError_t, cudaGraphMemAttributeType } from "../abi/runtime/enums.ts";
import type { cudaGraphNode_t, cudaGraph_t, cudaMemAllocNodeParams } from "../abi/runtime/types.ts";
import * as memory from "../driver/graph-memory-node.ts";
import { withDriver } from "./core/call.ts";

/** Graph Management: nodes that allocate and free. */

/**
 * Adds a node that allocates memory of a device; dptr of nodeParams gets the address.
 * @param pGraphNode gets it
 * @param pDependencies nodes of the graph that it begins after
 * @returns cudaErrorInvalidValue: pGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice, nodeParams NULL, a child graph, another type or location, bytesize 0. cudaErrorNotSupported: memory to be shared, access for other devices. cudaErrorMemoryAllocation.
 */
export function cudaGraphAddMemAllocNode(
  t: Caller, pGraphNode: Out<cudaGraphNode_t> | null, graph: cudaGraph_t | null, pDependencies: readonly cudaGraphNode_t[] | null, numDependencies: number, nodeParams: In<cudaMemAllocNodeParams> | null,
): cudaError_t {
  return withDriver(t, () => memory.cuGraphAddMemAllocNode(t, pGraphNode, graph, pDependencies, numDependencies, nodeParams as never));
}

/** An allocation node's parameters, its address included. @param params_out gets them @returns cudaErrorInvalidValue: not an allocation node, params_out NULL. */
export function cudaGraphMemAllocNodeGetParams(t: Caller, node: cudaGraphNode_t | null, params_out: Out<cudaMemAllocNodeParams> | null): cudaError_t {
  return withDriver(t, () => memory.cuGraphMemAllocNodeGetParams(t, node, params_out as never));
}

/**
 * Adds a node that frees memory of an allocation node, of this graph or another.
 * @param pGraphNode gets it
 * @param pDependencies nodes of the graph that it begins after
 * @returns cudaErrorInvalidValue: pGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice, a child graph, another address, memory that the graph frees already.
 */
export function cudaGraphAddMemFreeNode(
  t: Caller, pGraphNode: Out<cudaGraphNode_t> | null, graph: cudaGraph_t | null, pDependencies: readonly cudaGraphNode_t[] | null, numDependencies: number, dptr: number | null,
): cudaError_t {
  return withDriver(t, () => memory.cuGraphAddMemFreeNode(t, pGraphNode, graph, pDependencies, numDependencies, dptr ?? 0));
}

/** The address that a node frees. @param dptr_out gets it @returns cudaErrorInvalidValue: not a free node, dptr_out NULL. */
export function cudaGraphMemFreeNodeGetParams(t: Caller, node: cudaGraphNode_t | null, dptr_out: Out<number> | null): cudaError_t {
  return withDriver(t, () => memory.cuGraphMemFreeNodeGetParams(t, node, dptr_out));
}

/** Gives memory that no allocation node needs back to the device. @returns cudaErrorInvalidDevice: no such device. */
export function cudaDeviceGraphMemTrim(t: Caller, device: number): cudaError_t {
  return withDriver(t, () => memory.cuDeviceGraphMemTrim(t, device));
}

/** How much memory graphs have on a device. @param value gets bytes, a bigint @returns cudaErrorInvalidDevice: no such device. cudaErrorInvalidValue: value NULL, not of cudaGraphMemAttributeType. */
export function cudaDeviceGetGraphMemAttribute(t: Caller, device: number, attr: cudaGraphMemAttributeType, value: Out<bigint> | null): cudaError_t {
  return withDriver(t, () => memory.cuDeviceGetGraphMemAttribute(t, device, attr, value));
}

/** Sets a high-water mark back. @param value 0 @returns cudaErrorInvalidDevice: no such device. cudaErrorInvalidValue: value NULL or not 0, an attribute that is no high-water mark. */
export function cudaDeviceSetGraphMemAttribute(t: Caller, device: number, attr: cudaGraphMemAttributeType, value: number | bigint | null): cudaError_t {
  return withDriver(t, () => memory.cuDeviceSetGraphMemAttribute(t, device, attr, value));
}
