import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUDA_KERNEL_NODE_PARAMS, CUDA_MEM_ALLOC_NODE_PARAMS, CUDA_MEMCPY3D, CUDA_MEMSET_NODE_PARAMS, CUdeviceptr, CUgraph, CUgraphExec, CUgraphNode, CUuserObject } from "../../../src/cuda/abi/driver/types.ts";
import type { In } from "../../../src/cuda/abi/common.ts";
import type { World } from "./world.ts";

/** A graph with a node of each kind, and what belongs to it. */
export interface Graphs {
  readonly graph: CUgraph;
  /** Of `graph`: the kernel adds to the world's memory, the copy goes from d to d2. */
  readonly kernel: CUgraphNode;
  readonly memcpy: CUgraphNode;
  readonly memset: CUgraphNode;
  readonly host: CUgraphNode;
  readonly child: CUgraphNode;
  readonly empty: CUgraphNode;
  readonly record: CUgraphNode;
  readonly wait: CUgraphNode;
  /** An executable graph of it. */
  readonly exec: CUgraphExec;
  /** A copy of it. */
  readonly clone: CUgraph;
  /** A graph with one empty node. */
  readonly small: CUgraph;
  readonly smallNode: CUgraphNode;
  /** A graph that allocates and frees, with its executable graph. */
  readonly memory: CUgraph;
  readonly alloc: CUgraphNode;
  readonly free: CUgraphNode;
  readonly dptr: CUdeviceptr;
  readonly memoryExec: CUgraphExec;
  /** A graph whose edges go round. */
  readonly round: CUgraph;
  /** A graph that was moved into another. */
  readonly moved: CUgraph;
  /** A graph with an edge that says something. */
  readonly ported: CUgraph;
  readonly portedTo: CUgraphNode;
  readonly portedFrom: CUgraphNode;
  readonly object: CUuserObject;
  readonly gone: CUgraph;
  readonly goneNode: CUgraphNode;
}

const made = new WeakMap<World["process"], Graphs>();

/** A world's graphs; `setup` has made them. */
export function graphsOf(w: World): Graphs {
  return made.get(w.process)!;
}

type Alloc = In<CUDA_MEM_ALLOC_NODE_PARAMS>;

/** A kernel node's parameters. */
export const kernelOf = (w: World, value: number = 1): In<CUDA_KERNEL_NODE_PARAMS> => ({ func: w.fn, gridDimX: 1, gridDimY: 1, gridDimZ: 1, blockDimX: 4, blockDimY: 1, blockDimZ: 1, sharedMemBytes: 0, kernelParams: [w.d, 4, value] });
/** A copy node's parameters. */
export const copyOf = (w: World): In<CUDA_MEMCPY3D> => ({ srcMemoryType: cu.CU_MEMORYTYPE_DEVICE, srcDevice: w.d, dstMemoryType: cu.CU_MEMORYTYPE_DEVICE, dstDevice: w.d2, WidthInBytes: 64, Height: 1, Depth: 1 });
/** A set node's parameters. */
export const setOf = (w: World): In<CUDA_MEMSET_NODE_PARAMS> => ({ dst: w.d, elementSize: 4, value: 1, width: 4, height: 1 });
/** An allocation node's parameters. */
export const allocOf = (): Alloc => ({ poolProps: { allocType: cu.CU_MEM_ALLOCATION_TYPE_PINNED, location: { type: cu.CU_MEM_LOCATION_TYPE_DEVICE, id: 0 } }, bytesize: 4096 });

/** Makes a world's graphs. */
export function setup(w: World): void {
  const { easy } = w;
  const graph = easy.cuGraphCreate(0);
  const small = easy.cuGraphCreate(0);
  const smallNode = easy.cuGraphAddEmptyNode(small, null, 0);
  const kernel = easy.cuGraphAddKernelNode(graph, null, 0, kernelOf(w));
  const memcpy = easy.cuGraphAddMemcpyNode(graph, [kernel], 1, copyOf(w), null);
  const memset = easy.cuGraphAddMemsetNode(graph, [memcpy], 1, setOf(w), null);
  const host = easy.cuGraphAddHostNode(graph, [memset], 1, { fn: () => 0, userData: 1 });
  const child = easy.cuGraphAddChildGraphNode(graph, [host], 1, small);
  const empty = easy.cuGraphAddEmptyNode(graph, [child], 1);
  const record = easy.cuGraphAddEventRecordNode(graph, [empty], 1, w.event);
  const wait = easy.cuGraphAddEventWaitNode(graph, [record], 1, w.event);
  const memory = easy.cuGraphCreate(0);
  const params = allocOf();
  const alloc = easy.cuGraphAddMemAllocNode(memory, null, 0, params);
  const free = easy.cuGraphAddMemFreeNode(memory, [alloc], 1, params.dptr!);
  const round = easy.cuGraphCreate(0);
  const [a, b] = [easy.cuGraphAddEmptyNode(round, null, 0), easy.cuGraphAddEmptyNode(round, null, 0)];
  easy.cuGraphAddDependencies(round, [a, b], [b, a], null, 2);
  const moved = easy.cuGraphCreate(0);
  easy.cuGraphAddNode(easy.cuGraphCreate(0), null, null, 0, { type: cu.CU_GRAPH_NODE_TYPE_GRAPH, graph: { graph: moved, ownership: cu.CU_GRAPH_CHILD_GRAPH_OWNERSHIP_MOVE } });
  const ported = easy.cuGraphCreate(0);
  const [portedFrom, portedTo] = [easy.cuGraphAddKernelNode(ported, null, 0, kernelOf(w)), easy.cuGraphAddKernelNode(ported, null, 0, kernelOf(w))];
  easy.cuGraphAddDependencies(ported, [portedFrom], [portedTo], [{ from_port: cu.CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC, type: cu.CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC }], 1);
  const gone = easy.cuGraphCreate(0);
  const goneNode = easy.cuGraphAddEmptyNode(gone, null, 0);
  easy.cuGraphDestroy(gone);
  const exec = easy.cuGraphInstantiate(graph, 0);
  const memoryExec = easy.cuGraphInstantiate(memory, 0);
  // Queues, helper threads and timelines are made by the first launch.
  easy.cuGraphLaunch(exec, w.stream);
  easy.cuGraphLaunch(memoryExec, w.stream);
  easy.cuStreamSynchronize(w.stream);
  made.set(w.process, {
    graph, kernel, memcpy, memset, host, child, empty, record, wait, exec, clone: easy.cuGraphClone(graph), small, smallNode, memory, alloc, free, dptr: params.dptr!, memoryExec, round, moved, ported, portedTo, portedFrom,
    object: easy.cuUserObjectCreate(null, () => 0, 5, cu.CU_USER_OBJECT_NO_DESTRUCTOR_SYNC), gone, goneNode,
  });
  easy.cuGraphRetainUserObject(small, graphsOf(w).object, 1, 0);
}
