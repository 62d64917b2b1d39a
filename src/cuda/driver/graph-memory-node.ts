import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUgraphMem_attribute, CUresult } from "../abi/driver/enums.ts";
import type { CUDA_MEM_ALLOC_NODE_PARAMS, CUdeviceptr, CUgraph, CUgraphNode } from "../abi/driver/types.ts";
import { enterDevice } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import type { Graph } from "./core/graph.ts";
import { GraphAllocation, graphMemoryKey } from "./core/graph-memory.ts";
import type { AllocSpec, FreeSpec } from "./core/graph-spec.ts";
import { driverKey } from "./core/state.ts";
import { addNode, nodeOfKind, slot } from "./graph-argument.ts";
import { freesAlready, graphAllocation } from "./graph-allocation.ts";

/**
 * Graph Management: nodes that allocate and free. The address is known when the node is made, and stays the same for all launches.
 * NON-SPEC: the memory is taken from the device when the node is made, not at the first launch, and allocations of one graph never share it.
 */

/** A child graph that a node owns gets no such nodes. */
function refuseOwned(t: Caller, graph: Graph): CUresult {
  return graph.owner === null ? 0 : fail(t, cu.CUDA_ERROR_INVALID_VALUE, "nodes that allocate or free cannot be added to a child graph", { hGraph: graph.handle });
}

/** Checks an allocation node's parameters and allocates; writes dptr into them. @returns the operation, or the error */
export function allocSpec(t: Caller, graph: Graph, nodeParams: In<CUDA_MEM_ALLOC_NODE_PARAMS> | null): AllocSpec | CUresult {
  const owned = refuseOwned(t, graph);
  if (owned !== 0) return owned;
  if (nodeParams === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "nodeParams must not be NULL");
  const { poolProps = {}, bytesize = 0, accessDescs = null, accessDescCount = 0 } = nodeParams;
  if (poolProps.allocType !== cu.CU_MEM_ALLOCATION_TYPE_PINNED) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "poolProps.allocType must be CU_MEM_ALLOCATION_TYPE_PINNED", { allocType: poolProps.allocType });
  if ((poolProps.handleTypes ?? 0) !== 0) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "memory of graphs cannot be shared with other processes", { handleTypes: poolProps.handleTypes });
  const { devices } = t.processState(driverKey);
  const { location } = poolProps;
  const device = location?.type === cu.CU_MEM_LOCATION_TYPE_DEVICE ? devices[location.id ?? 0] : undefined;
  if (device === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "poolProps.location must be a device", { type: location?.type, id: location?.id });
  if (!(bytesize > 0) || !Number.isSafeInteger(bytesize)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "bytesize must be positive", { bytesize });
  if (accessDescCount > (accessDescs?.length ?? 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "accessDescs must have accessDescCount entries", { accessDescCount });
  for (const { location: who, flags } of (accessDescs ?? []).slice(0, accessDescCount)) {
    const other = who?.type === cu.CU_MEM_LOCATION_TYPE_DEVICE ? devices[who.id ?? 0] : undefined;
    if (other === undefined || flags !== cu.CU_MEM_ACCESS_FLAGS_PROT_READWRITE) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "accessDescs must name devices, with read and write access", { id: who?.id, flags });
    if (other !== device) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "memory of graphs is for its own device only", { id: who?.id });
  }
  const allocation = graphAllocation(t, device, bytesize);
  if (typeof allocation === "number") return allocation;
  (nodeParams as { dptr?: CUdeviceptr }).dptr = allocation.address;
  return { kind: "alloc", allocation, params: { poolProps, accessDescs, accessDescCount, bytesize, dptr: allocation.address } };
}

/** Checks what a node is to free. @returns the operation, or the error */
export function freeSpec(t: Caller, graph: Graph, dptr: CUdeviceptr): FreeSpec | CUresult {
  const owned = refuseOwned(t, graph);
  if (owned !== 0) return owned;
  const allocation = t.processState(driverKey).memory.find(dptr);
  if (!(allocation?.owner instanceof GraphAllocation) || allocation.address !== dptr) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dptr must be the address that an allocation node gave", { dptr });
  if (freesAlready(graph, allocation.owner)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the graph frees this memory already", { dptr });
  return { kind: "free", allocation: allocation.owner };
}

/** An allocation node's parameters as the program reads them. */
export function allocParams({ params }: AllocSpec): CUDA_MEM_ALLOC_NODE_PARAMS {
  return { ...params } as CUDA_MEM_ALLOC_NODE_PARAMS;
}

/**
 * Adds a node that allocates memory of a device. It is the program's from the node's execution until a free: by a node of this graph or another, cuMemFreeAsync or cuMemFree, or the next launch of an
 * executable graph made with CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH.
 * @param phGraphNode gets it
 * @param dependencies nodes of the graph that it begins after
 * @param nodeParams poolProps (pinned memory of a device) and bytesize; dptr gets the address
 * @returns INVALID_VALUE: phGraphNode or nodeParams NULL, not a graph, a child graph, dependencies that are no nodes of it or named twice, another type or location, bytesize 0, access for others
 * than devices. NOT_SUPPORTED: memory to be shared, access for other devices. OUT_OF_MEMORY.
 */
export function cuGraphAddMemAllocNode(
  t: Caller, phGraphNode: Out<CUgraphNode> | null, hGraph: CUgraph | null, dependencies: readonly CUgraphNode[] | null, numDependencies: number, nodeParams: In<CUDA_MEM_ALLOC_NODE_PARAMS> | null,
): CUresult {
  const place = slot(t, phGraphNode, hGraph, dependencies, numDependencies);
  return typeof place === "number" ? place : addNode(phGraphNode, place, allocSpec(t, place.graph, nodeParams));
}

/** An allocation node's parameters, its address included. @param params_out gets them. @returns INVALID_VALUE: not an allocation node, params_out NULL. */
export function cuGraphMemAllocNodeGetParams(t: Caller, hNode: CUgraphNode | null, params_out: Out<CUDA_MEM_ALLOC_NODE_PARAMS> | null): CUresult {
  const node = nodeOfKind(t, hNode, "alloc");
  if (typeof node === "number") return node;
  if (params_out === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "params_out must not be NULL");
  params_out.value = allocParams(node.spec);
  return 0;
}

/**
 * Adds a node that frees memory of an allocation node, of this graph or another.
 * @param phGraphNode gets it
 * @param dependencies nodes of the graph that it begins after
 * @param dptr the address that the allocation node gave
 * @returns INVALID_VALUE: phGraphNode NULL, not a graph, a child graph, dependencies that are no nodes of it or named twice, another address, memory that the graph frees already.
 */
export function cuGraphAddMemFreeNode(t: Caller, phGraphNode: Out<CUgraphNode> | null, hGraph: CUgraph | null, dependencies: readonly CUgraphNode[] | null, numDependencies: number, dptr: CUdeviceptr): CUresult {
  const place = slot(t, phGraphNode, hGraph, dependencies, numDependencies);
  return typeof place === "number" ? place : addNode(phGraphNode, place, freeSpec(t, place.graph, dptr));
}

/** The address that a node frees. @param dptr_out gets it. @returns INVALID_VALUE: not a free node, dptr_out NULL. */
export function cuGraphMemFreeNodeGetParams(t: Caller, hNode: CUgraphNode | null, dptr_out: Out<CUdeviceptr> | null): CUresult {
  const node = nodeOfKind(t, hNode, "free");
  if (typeof node === "number") return node;
  if (dptr_out === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dptr_out must not be NULL");
  dptr_out.value = node.spec.allocation.address;
  return 0;
}

/** Gives memory that no allocation node needs back to the device. @returns INVALID_DEVICE: no such device. */
export function cuDeviceGraphMemTrim(t: Caller, device: number): CUresult {
  const found = enterDevice(t, device);
  if (typeof found === "number") return found;
  t.processState(graphMemoryKey).of(t.processState(driverKey), found).trim(t);
  return 0;
}

/**
 * How much memory graphs have on a device: of allocation nodes that exist, or taken from the device; now, or at most.
 * @param value gets bytes, a bigint
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: value NULL, not of CUgraphMem_attribute.
 */
export function cuDeviceGetGraphMemAttribute(t: Caller, device: number, attr: CUgraphMem_attribute, value: Out<bigint> | null): CUresult {
  const found = enterDevice(t, device);
  if (typeof found === "number") return found;
  if (value === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "value must not be NULL");
  const memory = t.processState(graphMemoryKey).of(t.processState(driverKey), found);
  switch (attr) {
    case cu.CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT: value.value = BigInt(memory.used); return 0;
    case cu.CU_GRAPH_MEM_ATTR_USED_MEM_HIGH: value.value = BigInt(memory.usedHigh); return 0;
    case cu.CU_GRAPH_MEM_ATTR_RESERVED_MEM_CURRENT: value.value = BigInt(memory.reserved); return 0;
    case cu.CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH: value.value = BigInt(memory.reservedHigh); return 0;
    default: return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attr must be of CUgraphMem_attribute", { attr });
  }
}

/**
 * Sets a high-water mark back.
 * @param value 0
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: value NULL or not 0, an attribute that is no high-water mark.
 */
export function cuDeviceSetGraphMemAttribute(t: Caller, device: number, attr: CUgraphMem_attribute, value: number | bigint | null): CUresult {
  const found = enterDevice(t, device);
  if (typeof found === "number") return found;
  if (value === null || Number(value) !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a high-water mark can only be set to 0", { value });
  const memory = t.processState(graphMemoryKey).of(t.processState(driverKey), found);
  if (attr === cu.CU_GRAPH_MEM_ATTR_USED_MEM_HIGH) memory.usedHigh = memory.used;
  else if (attr === cu.CU_GRAPH_MEM_ATTR_RESERVED_MEM_HIGH) memory.reservedHigh = memory.reserved;
  else return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attr must be a high-water mark (CU_GRAPH_MEM_ATTR_*_HIGH)", { attr });
  return 0;
}
