import { describe, expect, test } from "vitest";
import type { HostProcess } from "glassgpu";
import { checkSchedules, type Program } from "glassgpu/testing";
import { Cuda, found } from "./host.ts";

// Launches among each other: checked mode takes them to be ordered by their queues; whether they are is asked of the host's calls.

const text = `.version 8.0\n.target sm_80\n.address_size 64\n${[["store", "st.global.u32 [%rd1], 7;"], ["load", "ld.global.u32 %r1, [%rd1]; st.global.u32 [%rd2], %r1;"]].map(([name, body]) => `.visible .entry ${name}(.param .u64 a, .param .u64 b)\n{ .reg .b32 %r<3>; .reg .b64 %rd<3>; ld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b];\n${body}\nret;\n}\n`).join("")}`;

/** Two launches, with something between them. */
type Between = (cuda: HostProcess["throwing"]["cuda"], streams: readonly [number, number]) => void;

function launches(p: HostProcess, second: "same" | "other", between: Between): void {
  const { cuda } = p.throwing;
  const code = cuda.cuModuleLoadData(text);
  const [a, b] = [cuda.cuMemAlloc(64), cuda.cuMemAlloc(64)];
  cuda.cuMemsetD32(a, 0, 16);
  cuda.cuCtxSynchronize();
  const streams = [cuda.cuStreamCreate(1), cuda.cuStreamCreate(1)] as unknown as readonly [number, number];
  const run = (name: string, stream: number): void => void cuda.cuLaunchKernel(cuda.cuModuleGetFunction(code, name), 1, 1, 1, 1, 1, 1, 0, stream as never, [a as number, b as number], null);
  run("store", streams[0]);
  between(cuda, streams);
  run("load", streams[second === "same" ? 0 : 1]);
  cuda.cuCtxSynchronize();
}

const nothing: Between = () => {};
const event: Between = (cuda, [one, two]) => {
  const made = cuda.cuEventCreate(0);
  cuda.cuEventRecord(made, one as never);
  cuda.cuStreamWaitEvent(two as never, made, 0);
};
const wait: Between = (cuda, [one]) => void cuda.cuStreamSynchronize(one as never);

function kinds(second: "same" | "other", between: Between): readonly string[] {
  const program: Program = ({ machine }) => {
    const p = machine({ gpus: ["tiny"] }).process("launches");
    p.throwing.cuda.cuInit(0);
    p.throwing.cuda.cuCtxCreate(null, 0, 0);
    launches(p, second, between);
  };
  return [...new Set(checkSchedules(program, { schedules: 1, detect: ["races"] }).findings.map(({ kind }) => kind))];
}

describe("two launches that use the same words", () => {
  test.each([
    ["in one stream", "same", nothing, []], ["in two, with an event between them", "other", event, []], ["in two, with a wait between them", "other", wait, []], ["in two", "other", nothing, ["race"]],
  ] as const)("%s: the host's calls order them, or do not", (_, second, between, expected) => {
    expect(kinds(second, between)).toEqual(expected);
    // Checked mode says nothing of it.
    const h = new Cuda();
    launches(h.process, second, between);
    expect(found(h.machine)).toEqual([]);
  });
});

describe("memory of a graph's node, used in another stream", () => {
  /** A graph allocates, stores and frees; another stream loads from the memory before or after, with an event between the two or not. */
  const program = (frees: boolean, ordered: boolean): Program => ({ machine }) => {
    const { cuda } = machine({ gpus: ["tiny"] }).process("graphs").throwing;
    cuda.cuInit(0);
    cuda.cuCtxCreate(null, 0, 0);
    const code = cuda.cuModuleLoadData(text);
    const [one, two] = [cuda.cuStreamCreate(1), cuda.cuStreamCreate(1)];
    const graph = cuda.cuGraphCreate(0);
    const alloc = cuda.cuGraphAddMemAllocNode(graph, null, 0, { poolProps: { allocType: 1, location: { type: 1, id: 0 } }, bytesize: 64, dptr: 0 } as never);
    const address = Number((cuda.cuGraphMemAllocNodeGetParams(alloc) as unknown as { dptr: number }).dptr);
    const store = cuda.cuGraphAddKernelNode(graph, [alloc], 1, { func: cuda.cuModuleGetFunction(code, "store"), gridDimX: 1, gridDimY: 1, gridDimZ: 1, blockDimX: 1, blockDimY: 1, blockDimZ: 1, kernelParams: [address, 0] } as never);
    if (frees) cuda.cuGraphAddMemFreeNode(graph, [store], 1, address as never);
    const exec = cuda.cuGraphInstantiate(graph, 0);
    const result = cuda.cuMemAlloc(64);
    cuda.cuGraphLaunch(exec, one);
    if (ordered) event(cuda, [one, two] as never);
    cuda.cuLaunchKernel(cuda.cuModuleGetFunction(code, "load"), 1, 1, 1, 1, 1, 1, 0, two, [address, result as number], null);
    if (!frees) {
      if (ordered) event(cuda, [two, one] as never);
      cuda.cuMemFreeAsync(address as never, one);
    }
    cuda.cuCtxSynchronize();
  };

  test.each([["freed behind an event", false, true, []], ["freed while nothing orders the two", false, false, ["lifetime"]], ["freed by a node while nothing orders the two", true, false, ["lifetime"]]] as const)("%s", (_, frees, ordered, expected) => {
    expect([...new Set(checkSchedules(program(frees, ordered), { schedules: 1, detect: ["lifetimes"] }).findings.map(({ kind }) => kind))]).toEqual(expected);
  });
});
