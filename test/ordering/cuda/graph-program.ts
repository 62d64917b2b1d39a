import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUdeviceptr, CUfunction, CUgraph, CUgraphNode, CUstream } from "../../../src/cuda/abi/driver/types.ts";
import { makeMachine, type TestHost, type TestMachine } from "../../cuda/support/host.ts";

/** What a node does to words of shared memory, at once. */
export type Op =
  | { readonly op: "add"; readonly word: number; readonly value: number }
  | { readonly op: "set"; readonly word: number; readonly value: number }
  | { readonly op: "copy"; readonly from: number; readonly to: number };

/** Words that programs share. */
export const WORDS = 3;

/** An operation on the model's words. */
export function apply(words: readonly number[], op: Op): number[] {
  const next = [...words];
  if (op.op === "add") next[op.word] = (words[op.word]! + op.value) >>> 0;
  else if (op.op === "set") next[op.word] = op.value;
  else next[op.to] = words[op.from]!;
  return next;
}

/** Words that an operation reads or writes. */
export const touched = (op: Op): readonly number[] => (op.op === "copy" ? [op.from, op.to] : [op.word]);

/** PTX: add(p, v): atomicAdd(p, v). mark(counter, log, id): log[atomicAdd(counter, 1)] = id. */
const text = `
.version 8.0
.target sm_75
.address_size 64
.visible .entry add(.param .u64 p, .param .u32 v)
{
  .reg .b64 %d; .reg .b32 %r<3>;
  ld.param.u64 %d, [p]; ld.param.u32 %r1, [v];
  atom.global.add.u32 %r2, [%d], %r1;
  ret;
}
.visible .entry mark(.param .u64 counter, .param .u64 log, .param .u32 id)
{
  .reg .b64 %d<4>; .reg .b32 %r<4>;
  ld.param.u64 %d1, [counter]; ld.param.u64 %d2, [log]; ld.param.u32 %r2, [id];
  atom.global.add.u32 %r1, [%d1], 1;
  mul.wide.u32 %d3, %r1, 4; add.s64 %d3, %d2, %d3;
  st.global.u32 [%d3], %r2;
  ret;
}`;

/** A process with the shared words, kernels and streams. */
export interface Rig extends TestHost {
  readonly machine: TestMachine;
  readonly words: CUdeviceptr;
  readonly log: CUdeviceptr;
  readonly streams: readonly CUstream[];
  readonly add: CUfunction;
  readonly mark: CUfunction;
  read(): number[];
  /** Ids of marks in the order they ran. */
  order(): number[];
}

/** Makes a process on a machine (a new one when none is given). */
export function makeRig(seed: number | undefined, order: "timed" | "any", machine: TestMachine = makeMachine({ order, ...(seed === undefined ? {} : { seed }) })): Rig {
  const host = machine.process();
  const { easy } = host;
  easy.cuInit(0);
  easy.cuCtxCreate(null, 0, 0);
  const module = easy.cuModuleLoadData(text);
  const words = easy.cuMemAlloc(4 * WORDS);
  const log = easy.cuMemAlloc(4 * 64);
  easy.cuMemsetD32(words, 0, WORDS);
  easy.cuMemsetD32(log, 0, 64);
  const load = (at: number, count: number): number[] => {
    const bytes = new Uint32Array(count);
    easy.cuMemcpyDtoH(bytes, at, 4 * count);
    return [...bytes];
  };
  return {
    ...host, machine, words, log, streams: [0, 1, 2].map(() => easy.cuStreamCreate(cu.CU_STREAM_NON_BLOCKING)), add: easy.cuModuleGetFunction(module, "add"), mark: easy.cuModuleGetFunction(module, "mark"),
    read: () => load(words, WORDS),
    order: () => { const [count, ...ids] = load(log, 64); return ids.slice(0, count); },
  };
}

/** Adds a node for an operation. */
export function addOp({ easy, words, add }: Rig, graph: CUgraph, op: Op, dependencies: readonly CUgraphNode[]): CUgraphNode {
  const n = dependencies.length;
  if (op.op === "add") return easy.cuGraphAddKernelNode(graph, dependencies, n, { func: add, gridDimX: 1, gridDimY: 1, gridDimZ: 1, blockDimX: 1, blockDimY: 1, blockDimZ: 1, kernelParams: [words + 4 * op.word, op.value] });
  if (op.op === "set") return easy.cuGraphAddMemsetNode(graph, dependencies, n, { dst: words + 4 * op.word, elementSize: 4, value: op.value, width: 1, height: 1 }, null);
  return easy.cuGraphAddMemcpyNode(graph, dependencies, n, { srcMemoryType: cu.CU_MEMORYTYPE_DEVICE, srcDevice: words + 4 * op.from, dstMemoryType: cu.CU_MEMORYTYPE_DEVICE, dstDevice: words + 4 * op.to, WidthInBytes: 4, Height: 1, Depth: 1 }, null);
}

/** Puts an operation into a stream. */
export function putOp({ easy, words, add }: Rig, stream: CUstream, op: Op): void {
  if (op.op === "add") easy.cuLaunchKernel(add, 1, 1, 1, 1, 1, 1, 0, stream, [words + 4 * op.word, op.value], null);
  else if (op.op === "set") easy.cuMemsetD32Async(words + 4 * op.word, op.value, 1, stream);
  else easy.cuMemcpyDtoDAsync(words + 4 * op.to, words + 4 * op.from, 4, stream);
}
