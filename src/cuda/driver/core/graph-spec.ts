import type { In, KernelValue, LaunchExtra } from "../../abi/common.ts";
import type { CUDA_MEM_ALLOC_NODE_PARAMS, CUdeviceptr, CUhostFn, CUkernel, CUlaunchAttributeValue } from "../../abi/driver/types.ts";
import type { Context } from "./context.ts";
import type { Event } from "./event.ts";
import type { Graph } from "./graph.ts";
import type { GraphAllocation } from "./graph-memory.ts";
import type { CudaFunction } from "./module.ts";
import type { Strided } from "../memory-copy-strided.ts";

type Triple = readonly [number, number, number];

/** A kernel launch. */
export interface KernelSpec {
  readonly kind: "kernel";
  readonly fn: CudaFunction;
  /** What the program named instead of a function, or 0. */
  readonly kernel: CUkernel;
  readonly grid: Triple;
  readonly block: Triple;
  readonly dynamic: number;
  /** The packed parameter block: a copy, made when the parameters were given. */
  readonly params: Uint8Array;
  readonly values: readonly KernelValue[] | null;
  readonly extra: LaunchExtra | null;
  /** Launch attributes that were set, by CUlaunchAttributeID. */
  readonly attributes: ReadonlyMap<number, In<CUlaunchAttributeValue>>;
}

/** A copy of rows and slices. */
export interface MemcpySpec {
  readonly kind: "memcpy";
  readonly context: Context;
  readonly what: Strided;
}

/** Memory set to a value. */
export interface MemsetSpec {
  readonly kind: "memset";
  readonly context: Context;
  readonly dst: CUdeviceptr;
  readonly pitch: number;
  readonly value: number;
  readonly elementSize: number;
  readonly width: number;
  readonly height: number;
}

/** A function of the host program. */
export interface HostSpec {
  readonly kind: "host";
  readonly fn: CUhostFn;
  readonly userData: unknown;
}

/** A graph inside a graph. */
export interface ChildSpec {
  readonly kind: "graph";
  readonly graph: Graph;
}

/** Nothing: a point that others depend on and that depends on others. */
export interface EmptySpec {
  readonly kind: "empty";
}

/** A record of an event, or a wait for one. */
export interface EventSpec {
  readonly kind: "record" | "wait";
  readonly event: Event;
}

/** Memory that begins to be the program's. */
export interface AllocSpec {
  readonly kind: "alloc";
  readonly allocation: GraphAllocation;
  readonly params: In<CUDA_MEM_ALLOC_NODE_PARAMS>;
}

/** Memory that ends to be the program's. */
export interface FreeSpec {
  readonly kind: "free";
  readonly allocation: GraphAllocation;
}

/** What a node does. */
export type NodeSpec = KernelSpec | MemcpySpec | MemsetSpec | HostSpec | ChildSpec | EmptySpec | EventSpec | AllocSpec | FreeSpec;
