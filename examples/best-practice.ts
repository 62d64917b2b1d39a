// The document's advice to developers, with its price: each line does the same work in two ways. The C of the good ones:
//
//   cuCtxCreate(&ctx, CU_CTX_BLOCKING_SYNC, dev);                      // held as long as the program lives
//   cudaHostAlloc(&hostPtr, size, cudaHostAllocMapped);                // pinned; the GPU can work in it
//   cudaStreamCreateWithPriority(&stream, cudaStreamDefault, -1);      // urgent
//   clGetDeviceInfo(device, CL_DEVICE_SVM_CAPABILITIES, ...);          // shared virtual memory: no copies
//   clCreateCommandQueue(context, device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, NULL);
//   __kernel void counter(__global atomic_int* count) { atomic_fetch_add(count, 1); }
//
// Virtual times of an A100 (shared virtual memory: an MI250X).
//
// Run: glassgpu run examples/best-practice.ts
import { access, copy, jobs, pipeline, urgent } from "./best-practice/cuda.ts";
import { count, independent, sharedMemory } from "./best-practice/opencl.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

interface Line {
  readonly what: string;
  readonly plain: readonly [string, number];
  readonly better: readonly [string, number];
}

const advice: Readonly<Record<string, readonly Line[]>> = {
  "contexts": [{ what: "10 jobs", plain: ["a context for each", jobs(false)], better: ["one, held", jobs(true)] }],
  "pinned memory": [
    { what: "64 MiB to the GPU", plain: ["pageable", copy(false)], better: ["pinned", copy(true)] },
    { what: "8 pieces, copied and worked on, 2 streams", plain: ["pageable", pipeline(false)], better: ["pinned", pipeline(true)] },
  ],
  "zero-copy": [
    { what: "4 KiB of 64 MiB are looked at, once", plain: ["copied", access(4 * KIB, 1, false)], better: ["mapped", access(4 * KIB, 1, true)] },
    { what: "all of 64 MiB, four times", plain: ["copied", access(64 * MIB, 4, false)], better: ["mapped", access(64 * MIB, 4, true)] },
  ],
  "priorities": [{ what: "a kernel behind 16 others", plain: ["stream of priority 0", urgent(0)], better: ["priority -1", urgent(-1)] }],
  "shared virtual memory": [{ what: "saxpy over 1 MiB of the host", plain: ["write, run, read", sharedMemory(false)], better: ["in place", sharedMemory(true)] }],
  "queues": [
    { what: "16 independent kernels", plain: ["one queue in order", independent(1, false)], better: ["one out of order", independent(1, true)] },
    { what: "the same", plain: ["16 queues in order", independent(16, false)], better: ["one out of order", independent(1, true)] },
  ],
  "atomics": [{ what: "16 kernels count", plain: ["the host adds", count(false)], better: ["atomic_fetch_add", count(true)] }],
};

const text = (ns: number): string => (ns < 1e6 ? `${(ns / 1e3).toFixed(1)} us` : `${(ns / 1e6).toFixed(1)} ms`);
for (const [name, lines] of Object.entries(advice)) {
  console.log(name);
  for (const { what, plain, better } of lines) {
    const cells = [plain, better].map(([way, ns]) => `${way.padEnd(21)} ${text(ns).padStart(10)}`);
    const factor = plain[1] / better[1];
    console.log(`  ${what.padEnd(42)} ${cells.join("   ")}   ${factor >= 1 ? `${factor.toFixed(1)} times faster` : `${(1 / factor).toFixed(1)} times slower`}`);
  }
}
