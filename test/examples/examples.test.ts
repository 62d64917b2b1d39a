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

  test("os-comparison: what must be so in every row, whatever things cost", async () => {
    const rows = new Map((await runExample("os-comparison")).split("\n").map((line) => line.split("|").map((cell) => cell.trim())).map(([name, ...cells]) => [name!, cells as [string, string]]));
    const of = (name: string): [number, number] => {
      const [windows, linux] = rows.get(name)!.map((cell) => [...cell.matchAll(/([\d.]+) (us|ms)/g)].map(([, value, unit]) => Number(value) * (unit === "ms" ? 1000 : 1)).at(-1) ?? NaN) as [number, number];
      return [windows, linux];
    };
    // Turns are about as long as the quantum, and both systems obey priorities.
    for (const turn of of("two programs of 19 ms: turns of")) expect(turn / 2000).toBeCloseTo(1, 0);
    expect(rows.get("kernels given low, medium, high begin")).toEqual(["L H H H M M M L L", "L H H H M M M L L"]);
    // The coarser a kernel can be stopped, the longer urgent work waits; but short work-groups end about as soon as their state would be saved.
    for (const i of [0, 1] as const) {
      const [instruction, group, dispatch, none] = ["instruction", "thread-group", "dispatch", "none"].map((where) => of(`stops at: ${where}; urgent work waits`)[i]);
      expect(group).toBeLessThan(2 * instruction!);
      expect(dispatch).toBeGreaterThan(5 * instruction!);
      expect(none).toBeGreaterThanOrEqual(dispatch!);
      expect(of("CL_QUEUE_PRIORITY_HIGH_KHR")[i]).toBeLessThan(of("equal priority: urgent work begins after")[i] / 3);
    }
    expect(rows.get("SCHED_FIFO for its host thread")).toEqual(rows.get("equal priority: urgent work begins after"));
    expect(of("managed, the second time")).toEqual(of("a kernel over 4 MiB of the GPU's memory"));
    expect(of("managed, written by the host: on demand")[1]).toBeGreaterThan(10 * of("managed, the second time")[1]);
    // Programs that leave room do not use each other's, but for MPS.
    expect(of("four of them")[1] / of("one program of small kernels")[1]).toBeCloseTo(4, 1);
    expect(of("four of them under MPS")[1]).toBe(of("one program of small kernels")[1]);
    expect(rows.get("one copies from another's pointer")).toEqual(["CUDA_ERROR_INVALID_VALUE", "CUDA_ERROR_INVALID_VALUE"]);
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

  test("game-and-inference: what each way of sharing gives, as measured", async () => {
    const [frames, memory] = (await runExample("game-and-inference")).trimEnd().split("\n\n").map((part) => part.split("\n")) as [string[], string[]];
    expect(frames[0]).toMatch(/^frame times, ms +best +median +worst +late +infer\.\/s$/);
    const rows = new Map(frames.slice(1).map((line) => [line.slice(0, 28).trimEnd(), line.slice(28).replaceAll(" %", "").trim().split(/ +/).map(Number)]));
    const of = (name: string): { best: number; median: number; worst: number; late: number; rate: number } => {
      const [best, median, worst, late, rate] = rows.get(name)! as [number, number, number, number, number];
      return { best, median, worst, late, rate };
    };
    for (const name of ["game alone", "OpenCL game alone"]) {
      expect(of(name).late).toBe(0);
      expect(of(name).best).toBe(of(name).worst);
    }
    const alone = of("game alone");
    // Taking turns costs frames time, and the longer the turns the more.
    expect(of("nothing: turns of 2 ms").median).toBeGreaterThan(1.5 * alone.median);
    expect(of("OpenCL, nothing").median).toBeGreaterThan(1.5 * of("OpenCL game alone").median);
    expect(of("turns of 16 ms").worst).toBeGreaterThan(of("nothing: turns of 2 ms").worst);
    expect(of("turns of 16 ms").late).toBeGreaterThan(0);
    // An urgent stream or queue hardly notices the rest of the GPU's work.
    expect(of("stream priority -1").worst).toBeLessThan(1.5 * alone.median);
    expect(of("CL_QUEUE_PRIORITY_HIGH_KHR").worst).toBeLessThan(1.5 * of("OpenCL game alone").median);
    // Instances and shares are steady, and as slow as they are small.
    const [half, quarter, shares] = [of("MIG 3g.20gb and 4g.20gb"), of("MIG 2g.10gb and 4g.20gb"), of("MPS, 40 % and 60 %")];
    expect(half.worst).toBe(half.best);
    expect(half.median).toBeGreaterThan(1.5 * alone.median);
    expect(half.median).toBeLessThan((108 / 42) * alone.median);
    expect([half.late, quarter.late, shares.late]).toEqual([0, 100, 0]);
    expect(shares.worst).toBeLessThan(1.2 * shares.median);
    // Sharing the multiprocessors is the only way in which the sum grows.
    expect(of("MPS").rate).toBeGreaterThan(1.2 * of("nothing: turns of 2 ms").rate);
    expect(of("MPS").median).toBeLessThan(of("nothing: turns of 2 ms").median);
    for (const [name, [, , , , rate]] of rows) if (!name.endsWith("game alone")) expect(rate).toBeLessThanOrEqual(of("inference alone").rate);
    expect(Math.abs(half.rate / of("inference alone").rate - 56 / 108)).toBeLessThan(0.1);
    expect(memory).toEqual([
      "memory for a server that wants 36 GiB, and a game that wants 8:", expect.stringMatching(/^ {2}no quota: inference got 36 GiB, game got [0-4] GiB$/),
      "  CUDA_MPS_PINNED_DEVICE_MEM_LIMIT=0=28G: inference got 28 GiB, game got 8 GiB", "  MIG 2g.10gb and 4g.20gb: inference got 19 GiB, game got 8 GiB",
    ]);
  }, 120_000);

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
