import { fileURLToPath } from "node:url";
import { createMachine, out } from "glassgpu";
import type { CUdeviceptr } from "glassgpu/cuda";
import { CL_MEM_READ_WRITE, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, CL_QUEUE_PROPERTIES, type cl_event } from "glassgpu/opencl";
import { ClHost } from "./cl-host.ts";
import { median, processorTimes, short, table } from "./clock.ts";

/** What one operation costs the program that asks for it: processor time of the process, the median of many runs. Runs of a millisecond by the clock would be about what else the machine does. */
export interface HostResult {
  readonly name: string;
  readonly microseconds: number;
  readonly perSecond: number;
  /** Key in recorded.json, for PoCL's figure. */
  readonly recorded: string | null;
}

const emptyPtx = `.version 8.0
.target sm_75
.address_size 64
.visible .entry empty() { ret; }
`;

function measure(name: string, count: number, recorded: string | null, quick: boolean, run: () => void): HostResult {
  // What a program that goes on pays: V8 takes some ten thousands of calls to its best code.
  processorTimes(run, 1000, quick ? 0.05 : 0.4);
  // Long enough that a moment in which V8 optimises a function again, or the machine is slow, does not decide.
  const ms = median(processorTimes(run, quick ? 5 : 500, quick ? 0.2 : 1));
  const microseconds = (ms * 1000) / count;
  return { name, microseconds, perSecond: 1e6 / microseconds, recorded };
}

function opencl(quick: boolean): HostResult[] {
  const host = new ClHost();
  const cl = host.process.opencl;
  const easy = host.process.throwing.opencl;
  const memory = host.buffer(4096);
  const empty = host.kernel("empty");
  const withArg = host.kernel("empty1", memory);
  const value = new Int32Array([1]);
  const four = host.kernel("mandel", memory, value, value, value);
  const outOfOrder = easy.clCreateCommandQueueWithProperties(host.context, host.device, [CL_QUEUE_PROPERTIES, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, 0]);
  const repeat = (n: number, run: () => void) => () => { for (let i = 0; i < n; i++) run(); };
  const chain = (queue: typeof host.queue, n: number) => () => {
    let last: cl_event | null = null;
    for (let i = 0; i < n; i++) {
      const event = out<cl_event>();
      host.check(cl.clEnqueueNDRangeKernel(queue, empty, 1, null, [1], [1], last === null ? 0 : 1, last === null ? null : [last], event));
      if (last !== null) cl.clReleaseEvent(last);
      last = event.value;
    }
    host.check(cl.clFinish(queue));
    if (last !== null) cl.clReleaseEvent(last);
  };
  const results = [
    measure("OpenCL: buffer of 4 KiB, create and release", 1000, "clCreateBuffer(4KiB)+Release", quick, repeat(1000, () => host.check(cl.clReleaseMemObject(cl.clCreateBuffer(host.context, CL_MEM_READ_WRITE, 4096, null, null))))),
    measure("OpenCL: set an int argument", 10_000, "clSetKernelArg(int)", quick, repeat(10_000, () => cl.clSetKernelArg(four, 1, 4, value))),
    measure("OpenCL: set a buffer argument", 10_000, "clSetKernelArg(mem)", quick, repeat(10_000, () => cl.clSetKernelArg(withArg, 0, 8, memory))),
    measure("OpenCL: empty kernel, 1000 enqueued then finished", 1000, "batched enqueue then clFinish (no events)", quick, () => { for (let i = 0; i < 1000; i++) host.enqueue(empty, [1], [1]); host.finish(); }),
    measure("OpenCL: empty kernel, finished each", 200, "empty kernel enqueue+clFinish roundtrip", quick, repeat(200, () => { host.enqueue(empty, [1], [1]); host.finish(); })),
    measure("OpenCL: chain of events, in-order queue", 1000, "batched, chained events (in-order q)", quick, chain(host.queue, 1000)),
    measure("OpenCL: chain of events, out-of-order queue", 1000, "batched, chained events (out-of-order q)", quick, chain(outOfOrder, 1000)),
    measure("OpenCL: read 4 KiB, blocking", 200, "clEnqueueReadBuffer 4KiB blocking", quick, repeat(200, () => host.read(memory, new Uint8Array(4096)))),
  ];
  host.machine.dispose();
  return results;
}

function cuda(quick: boolean): HostResult[] {
  const machine = createMachine();
  const process = machine.process("bench");
  const easy = process.throwing.cuda;
  const cu = process.cuda;
  easy.cuInit(0);
  easy.cuCtxSetCurrent(easy.cuDevicePrimaryCtxRetain(easy.cuDeviceGet(0)));
  const empty = easy.cuModuleGetFunction(easy.cuModuleLoadData(emptyPtx), "empty");
  const stream = easy.cuStreamCreate(0);
  const launch = (): void => { if (cu.cuLaunchKernel(empty, 1, 1, 1, 1, 1, 1, 0, stream, null, null) !== 0) throw new Error("the launch failed"); };
  const pointer = out<CUdeviceptr>();
  const large = 16 * 2 ** 20;
  const [from, to] = [easy.cuMemAlloc(large), easy.cuMemAlloc(large)];
  const host = process.malloc(large);
  const ok = (code: number): void => { if (code !== 0) throw new Error(`a copy failed: ${code}`); };
  const results = [
    measure("CUDA: allocate and free 4 KiB", 1000, null, quick, () => { for (let i = 0; i < 1000; i++) { cu.cuMemAlloc(pointer, 4096); cu.cuMemFree(pointer.value); } }),
    measure("CUDA: empty kernel, 1000 launched then synchronized", 1000, null, quick, () => { for (let i = 0; i < 1000; i++) launch(); cu.cuStreamSynchronize(stream); }),
    measure("CUDA: empty kernel, synchronized each", 200, null, quick, () => { for (let i = 0; i < 200; i++) { launch(); cu.cuStreamSynchronize(stream); } }),
    measure("CUDA: set 16 MiB", 1, null, quick, () => { ok(cu.cuMemsetD8(from, 7, large)); ok(cu.cuCtxSynchronize()); }),
    measure("CUDA: copy 16 MiB within the device", 1, null, quick, () => { ok(cu.cuMemcpyDtoD(to, from, large)); ok(cu.cuCtxSynchronize()); }),
    measure("CUDA: copy 16 MiB to the device", 1, null, quick, () => ok(cu.cuMemcpyHtoD(to, host, large))),
    measure("CUDA: copy 16 MiB to the host", 1, null, quick, () => ok(cu.cuMemcpyDtoH(host, from, large))),
  ];
  machine.dispose();
  return results;
}

/** The APIs whose calls are measured. */
export const apis: { readonly cuda: (quick: boolean) => HostResult[]; readonly opencl: (quick: boolean) => HostResult[] } = { cuda, opencl };

/** Host calls of both APIs, each in a process of its own, as the programs that use them are: what ran before in a process decides how well V8 knows the types of what they share. */
export function benchHostCalls(quick: boolean, run: (script: string, env: Readonly<Record<string, string>>) => string): HostResult[] {
  const script = fileURLToPath(new URL("host-calls-once.ts", import.meta.url));
  return Object.keys(apis).flatMap((api) => JSON.parse(run(script, { BENCH_API: api, BENCH_QUICK: quick ? "1" : "" })) as HostResult[]);
}

/** The results beside PoCL's recorded microseconds. */
export function hostTable(results: readonly HostResult[], recorded: Readonly<Record<string, { readonly pocl1: number | null }>>): string {
  return table([
    ["operation", "us each (processor time)", "per second", "PoCL 1 thread us"],
    ...results.map((r) => [r.name, short(r.microseconds), Math.round(r.perSecond).toLocaleString("en"), r.recorded === null ? "" : String(recorded[r.recorded]?.pocl1 ?? "")]),
  ]);
}
