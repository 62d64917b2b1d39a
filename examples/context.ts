// Create and hold a context. The C of this fragment:
//
//   cuCtxCreate(&ctx, CU_CTX_BLOCKING_SYNC, dev); // held for the program's life
//   cuCtxSetCurrent(ctxA);                        // bound to the process's thread
//
// Run: glassgpu run examples/context.ts
import { createMachine, out } from "glassgpu";
import {
  CU_CTX_BLOCKING_SYNC, CUDA_ERROR_INVALID_CONTEXT, cuCtxCreate, cuCtxDestroy, cuCtxGetCurrent, cuCtxSetCurrent, cuDeviceGet, cuDeviceGetName, cuInit, cuMemAlloc, cuMemFree, cuMemsetD8,
  type CUcontext, type CUdevice, type CUdeviceptr,
} from "glassgpu/cuda12";
import { checker } from "./lib/check.ts";

const machine = createMachine();
const check = checker(machine);
const [processA, processB] = [machine.process("A"), machine.process("B")];

machine.use(processA);
check(cuInit(0));
const dev = out<CUdevice>();
check(cuDeviceGet(dev, 0));
const name = out<string>();
check(cuDeviceGetName(name, 100, dev.value));

const before = machine.now;
const ctxA = out<CUcontext>();
check(cuCtxCreate(ctxA, CU_CTX_BLOCKING_SYNC, dev.value));
const creation = machine.now - before;
console.log(`A: a context on ${name.value}, current for the thread that made it`);

// The context is held: a hundred pieces of work in it take less time than the one creation did.
const start = machine.now;
const ptr = out<CUdeviceptr>();
for (let i = 0; i < 100; i++) {
  check(cuMemAlloc(ptr, 4096));
  check(cuMemsetD8(ptr.value, i, 4096));
  check(cuMemFree(ptr.value));
}
console.log(`A: making it took ${creation > 10 * (machine.now - start) ? "more than ten times" : "less than ten times"} as long as all of 100 allocations, memsets and frees`);

// A context belongs to its process: in B its handle names nothing.
machine.use(processB);
check(cuInit(0));
const code = cuCtxSetCurrent(ctxA.value);
console.log(`B: cuCtxSetCurrent(ctxA) gives ${code === CUDA_ERROR_INVALID_CONTEXT ? "CUDA_ERROR_INVALID_CONTEXT" : code}`);
const current = out<CUcontext>();
check(cuCtxGetCurrent(current));
console.log(`B: its current context is ${current.value === 0 ? "NULL" : current.value}`);

machine.use(processA);
check(cuCtxDestroy(ctxA.value));
console.log("A: context destroyed");
