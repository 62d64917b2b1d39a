import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createMachine } from "../../src/index.ts";
import { CL_DEVICE_TYPE_GPU, CL_MEM_READ_WRITE, CL_TRUE } from "../../src/opencl/entry/opencl.ts";
import type { ChromeTrace } from "../../src/kernel/trace/export-chrome.ts";
import { root, textOf } from "../architecture/sources.ts";
import { runExample } from "./run-example.ts";

/** Every example and what it prints, line for line. */
const printed: Readonly<Record<string, readonly string[]>> = {
  "context": [
    "A: a context on NVIDIA A100-PCIE-40GB, current for the thread that made it",
    "A: making it took more than ten times as long as all of 100 allocations, memsets and frees",
    "B: cuCtxSetCurrent(ctxA) gives CUDA_ERROR_INVALID_CONTEXT",
    "B: its current context is NULL",
    "A: context destroyed",
  ],
  "mapped-memory": [
    "1000 sums, written by the GPU into the program's own memory: c[999] = 2997",
    "host and device address are the same number (unified addressing)",
  ],
  "stream-priority": [
    "priorities go from -5 (most urgent) to 0",
    "the urgent stream has priority -1",
    "submitted last, the urgent product was done before the eight patient ones",
  ],
  "svm-capabilities": [
    "NVIDIA A100-PCIE-40GB: coarse-grained buffers",
    "AMD Instinct MI250X: coarse-grained buffers, fine-grained buffers",
    "the device filled it, the program reads 42 and 42 at the same address",
  ],
  "out-of-order-queue": [
    "two fills ordered not: the later one is the first or the second",
    "two fills ordered by an event: the later one is the second",
    "two fills ordered by a barrier: the later one is the second",
  ],
  "queue-priority": ["order in which eight fills ended: low low high high high high low low"],
  "atomic-counter": ["10000 work-items counted to 10000"],
  "every-order": ["without an event: the byte is 1 or 2 at the end", "with an event: the byte is 2 at the end"],
};

/** What an example prints where there is no Clang. */
const withoutClang: Readonly<Record<string, readonly string[]>> = {
  "atomic-counter": ["there is no Clang on this computer: OpenCL C cannot be built (npm install @yowasp/clang)"],
};

describe("examples", () => {
  test("each has its line in the guide and its expectation here", () => {
    const names = readdirSync(`${root}/examples`).filter((name) => name.endsWith(".ts")).map((name) => name.slice(0, -3));
    const ofChapters = readdirSync(`${root}/test/examples/printed`).map((file) => file.replace(/\.txt$/, ""));
    expect([...Object.keys(printed), ...ofChapters, "two-processes"].sort()).toEqual(names.sort());
    for (const name of names) expect(textOf("docs/examples.md")).toContain(`\`${name}.ts\``);
  });

  test.each(Object.keys(printed))("%s", async (name) => {
    const text = await runExample(name);
    expect([printed[name], withoutClang[name]]).toContainEqual(text.trimEnd().split("\n"));
  }, 60_000);

  test("counter.bin is still a program: what the two processes load where there is no Clang", () => {
    const p = createMachine({ gpus: ["tiny"] }).process("p");
    const cl = p.throwing.opencl;
    const [platforms] = cl.clGetPlatformIDs(1);
    const [devices] = cl.clGetDeviceIDs(platforms[0]!, CL_DEVICE_TYPE_GPU, 1);
    const context = cl.clCreateContext(null, 1, devices, null, null);
    const queue = cl.clCreateCommandQueueWithProperties(context, devices[0]!, null);
    const binary = new Uint8Array(readFileSync(`${root}/examples/kernels/counter.bin`));
    const [program] = cl.clCreateProgramWithBinary(context, 1, devices, [binary.length], [binary]);
    cl.clBuildProgram(program, 1, devices, "", null, null);
    const counter = cl.clCreateKernel(program, "counter");
    const count = cl.clCreateBuffer(context, CL_MEM_READ_WRITE, 4, null);
    cl.clSetKernelArg(counter, 0, 8, count);
    cl.clEnqueueNDRangeKernel(queue, counter, 1, null, [321], null, 0, null);
    const result = new Int32Array(1);
    cl.clEnqueueReadBuffer(queue, count, CL_TRUE, 0, 4, result, 0, null);
    expect(result[0]).toBe(321);
    for (const name of ["saxpy", "peek"]) cl.clCreateKernel(program, name);
  });

  test("two-processes: right results, a fault that hurts only B, a page and a trace", async () => {
    const folder = mkdtempSync(join(tmpdir(), "example-"));
    const text = await runExample("two-processes", [folder]);
    const said = text.split("\n").flatMap((line) => (/^ *[\d.]+ ms {2}[AB] {2}/.test(line) ? [line.replace(/^ *[\d.]+ ms {2}/, "")] : []));
    const of = (who: string): string[] => said.filter((line) => line.startsWith(who)).map((line) => line.slice(3));
    expect(of("A")).toEqual([
      "has a context; stream priorities from -5 to 0",
      "loaded vecadd, matmul and reduce from PTX",
      "submitted two streams of work",
      "vector sum: right (65536 elements)",
      "sum of it all: right (327673)",
      "matrix product: right (128 x 128)",
      "after B's fault, the sum again: right",
    ]);
    const found = [
      "found 0000:01:00.0 on the PCI bus: vendor 0x10de, device 0x20f1",
      "OpenCL calls it NVIDIA A100-PCIE-40GB, at 0000:01:00.0: the same device",
    ];
    const rest = [
      "counter, after the marker: right (10000)",
      "saxpy in a buffer, after the barrier: right",
      "saxpy in shared virtual memory: right",
      "reads through a pointer of A ...",
      "... and gets a fault: its kernel ended with -5",
    ];
    expect([
      [...found, "built counter, saxpy and peek from source", ...rest],
      [...found, "cannot build OpenCL C, because this computer has no Clang (npm install @yowasp/clang); loaded the same program as a binary", ...rest],
    ]).toContainEqual(of("B"));
    expect(text).toContain("A-cuda ended with exit code 0");
    expect(text).toContain("B-opencl ended with exit code 0");
    expect(text).toMatch(/illegal-address: read of 4 bytes at 0x[0-9a-f]+ .*in kernel peek/);
    expect(text).toMatch(/GPU 0 compute +A-cuda +\|.*█/);

    const trace = JSON.parse(readFileSync(join(folder, "two-processes.json"), "utf8")) as ChromeTrace;
    expect(trace.traceEvents.filter(({ ph, name }) => ph === "X" && name === "matmul")).toHaveLength(6);
    expect(readFileSync(join(folder, "two-processes.html"), "utf8")).toContain("<title>two processes on one GPU</title>");
    rmSync(folder, { recursive: true });
  }, 120_000);
});
