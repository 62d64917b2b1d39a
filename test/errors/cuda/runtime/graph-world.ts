import type { In } from "../../../../src/cuda/abi/common.ts";
import * as rt from "../../../../src/cuda/abi/runtime/constants.ts";
import type { cudaGraph_t, cudaGraphExec_t, cudaGraphNode_t, cudaKernelNodeParams, cudaMemAllocNodeParams, cudaMemcpy3DParms, cudaMemsetParams, cudaUserObject_t } from "../../../../src/cuda/abi/runtime/types.ts";
import type { World } from "./world.ts";

/** A graph with a node of each kind, and what belongs to it. */
export interface Graphs {
  readonly graph: cudaGraph_t;
  readonly kernel: cudaGraphNode_t;
  readonly memcpy: cudaGraphNode_t;
  readonly symbol: cudaGraphNode_t;
  readonly memset: cudaGraphNode_t;
  readonly host: cudaGraphNode_t;
  readonly child: cudaGraphNode_t;
  readonly empty: cudaGraphNode_t;
  readonly record: cudaGraphNode_t;
  readonly wait: cudaGraphNode_t;
  readonly exec: cudaGraphExec_t;
  readonly clone: cudaGraph_t;
  /** A graph with one empty node. */
  readonly small: cudaGraph_t;
  readonly smallNode: cudaGraphNode_t;
  /** A graph that allocates and frees. */
  readonly memory: cudaGraph_t;
  readonly alloc: cudaGraphNode_t;
  readonly free: cudaGraphNode_t;
  readonly dptr: number;
  readonly memoryExec: cudaGraphExec_t;
  /** A graph with an edge that says something. */
  readonly ported: cudaGraph_t;
  readonly portedFrom: cudaGraphNode_t;
  readonly portedTo: cudaGraphNode_t;
  readonly object: cudaUserObject_t;
}

const made = new WeakMap<World["process"], Graphs>();

/** A world's graphs; `setup` has made them. */
export function graphsOf(w: World): Graphs {
  return made.get(w.process)!;
}

/** A kernel node's parameters. */
export const kernelOf = (w: World): In<cudaKernelNodeParams> => ({ func: w.kernel, gridDim: 1, blockDim: 4, sharedMemBytes: 0, kernelParams: [w.d, 4, 1], extra: null });
/** A copy node's parameters. */
export const copyOf = (w: World): In<cudaMemcpy3DParms> => ({ srcPtr: { ptr: w.d, pitch: 64, ysize: 1 }, dstPtr: { ptr: w.d2, pitch: 64, ysize: 1 }, extent: { width: 64, height: 1, depth: 1 }, kind: rt.cudaMemcpyDefault });
/** A set node's parameters. */
export const setOf = (w: World): In<cudaMemsetParams> => ({ dst: w.d, elementSize: 4, value: 1, width: 4, height: 1 });
/** An allocation node's parameters. */
export const allocOf = (): In<cudaMemAllocNodeParams> => ({ poolProps: { allocType: rt.cudaMemAllocationTypePinned, location: { type: rt.cudaMemLocationTypeDevice, id: 0 } }, bytesize: 4096 });

/** Makes a world's graphs. */
export function setup(w: World): void {
  const a = w.easyrt;
  const [graph, small, memory, ported] = [a.cudaGraphCreate(0), a.cudaGraphCreate(0), a.cudaGraphCreate(0), a.cudaGraphCreate(0)];
  const smallNode = a.cudaGraphAddEmptyNode(small, null, 0);
  const kernel = a.cudaGraphAddKernelNode(graph, null, 0, kernelOf(w));
  const memcpy = a.cudaGraphAddMemcpyNode(graph, [kernel], 1, copyOf(w));
  const symbol = a.cudaGraphAddMemcpyNodeFromSymbol(graph, [memcpy], 1, w.d, "counter", 4, 0, rt.cudaMemcpyDeviceToDevice);
  const memset = a.cudaGraphAddMemsetNode(graph, [symbol], 1, setOf(w));
  const host = a.cudaGraphAddHostNode(graph, [memset], 1, { fn: () => 0, userData: 1 });
  const child = a.cudaGraphAddChildGraphNode(graph, [host], 1, small);
  const empty = a.cudaGraphAddEmptyNode(graph, [child], 1);
  const record = a.cudaGraphAddEventRecordNode(graph, [empty], 1, w.event);
  const wait = a.cudaGraphAddEventWaitNode(graph, [record], 1, w.event);
  const params = allocOf();
  const alloc = a.cudaGraphAddMemAllocNode(memory, null, 0, params);
  const free = a.cudaGraphAddMemFreeNode(memory, [alloc], 1, params.dptr as number);
  const [portedFrom, portedTo] = [a.cudaGraphAddKernelNode(ported, null, 0, kernelOf(w)), a.cudaGraphAddKernelNode(ported, null, 0, kernelOf(w))];
  a.cudaGraphAddDependencies(ported, [portedFrom], [portedTo], [{ from_port: 1, type: 1 }], 1);
  const [exec, memoryExec] = [a.cudaGraphInstantiate(graph, 0), a.cudaGraphInstantiate(memory, 0)];
  // Queues, helper threads and timelines are made by the first launch.
  a.cudaGraphLaunch(exec, w.stream);
  a.cudaGraphLaunch(memoryExec, w.stream);
  a.cudaStreamSynchronize(w.stream);
  const object = a.cudaUserObjectCreate(null, () => 0, 5, rt.cudaUserObjectNoDestructorSync);
  a.cudaGraphRetainUserObject(small, object, 1, 0);
  made.set(w.process, { graph, kernel, memcpy, symbol, memset, host, child, empty, record, wait, exec, clone: a.cudaGraphClone(graph), small, smallNode, memory, alloc, free, dptr: params.dptr as number, memoryExec, ported, portedFrom, portedTo, object });
}
