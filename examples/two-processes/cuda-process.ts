import { out, type SimProcess } from "glassgpu";
import {
  CU_CTX_SCHED_BLOCKING_SYNC, CU_EVENT_DEFAULT, CU_MEMHOSTALLOC_PORTABLE, CU_STREAM_NON_BLOCKING, type CUcontext, type CUdevice, type CUdeviceptr, type CUevent, type CUfunction, type CUmodule, type CUstream,
} from "glassgpu/cuda";
import type { Blocking } from "glassgpu/kernel";
import { kernelFile } from "../lib/files.ts";
import type { Board } from "./board.ts";

const n = 1 << 16;
const size = 128;

/**
 * Process A: CUDA. Adds vectors in an urgent stream and multiplies matrices in a patient one; the patient stream then sums the vector that the urgent
 * one made, ordered by an event. PTX as nvcc wrote it. Every result is compared with plain JavaScript.
 */
export function* cudaProgram(p: SimProcess, board: Board): Blocking<void> {
  const cu = p.cuda;
  const check = (code: number): void => board.check(code);

  check(yield* cu.cuInit(0));
  const device = out<CUdevice>();
  check(yield* cu.cuDeviceGet(device, 0));
  const context = out<CUcontext>();
  check(yield* cu.cuCtxCreate(context, null, CU_CTX_SCHED_BLOCKING_SYNC, device.value));
  const [least, greatest] = [out<number>(), out<number>()];
  check(yield* cu.cuCtxGetStreamPriorityRange(least, greatest));
  board.say("A", `has a context; stream priorities from ${greatest.value} to ${least.value}`);

  const load = function* (file: string, name: string): Blocking<CUfunction> {
    const module = out<CUmodule>();
    check(yield* cu.cuModuleLoadData(module, kernelFile(file)));
    const kernel = out<CUfunction>();
    check(yield* cu.cuModuleGetFunction(kernel, module.value, name));
    return kernel.value;
  };
  const vecadd = yield* load("01_vecadd.ptx", "vecadd");
  const matmul = yield* load("02_matmul.ptx", "matmul");
  const reduce = yield* load("03_reduce.ptx", "reduce");
  board.say("A", "loaded vecadd, matmul and reduce from PTX");

  const [urgent, patient] = [out<CUstream>(), out<CUstream>()];
  check(yield* cu.cuStreamCreateWithPriority(urgent, CU_STREAM_NON_BLOCKING, -1));
  check(yield* cu.cuStreamCreateWithPriority(patient, CU_STREAM_NON_BLOCKING, 0));
  const added = out<CUevent>();
  check(yield* cu.cuEventCreate(added, CU_EVENT_DEFAULT));

  // Inputs and results in pinned memory, so that copies are asynchronous. Small whole numbers, so that sums are exact in any order.
  const pinned = out<number>();
  const bytes = 4 * (3 * n + 3 * size * size + 1);
  check(yield* cu.cuMemHostAlloc(pinned, bytes, CU_MEMHOSTALLOC_PORTABLE));
  let next = pinned.value;
  const hostArray = (length: number): { address: number; values: Float32Array } => {
    const made = { address: next, values: p.view(next, length, Float32Array) };
    next += 4 * length;
    return made;
  };
  const [a, b, sum, total] = [hostArray(n), hostArray(n), hostArray(n), hostArray(1)];
  const [left, right, product] = [hostArray(size * size), hostArray(size * size), hostArray(size * size)];
  for (let i = 0; i < n; i++) [a.values[i], b.values[i]] = [i % 7, i % 5];
  for (let i = 0; i < size * size; i++) [left.values[i], right.values[i]] = [i % 3, (i >> 3) % 4];

  const deviceArray = function* (length: number): Blocking<CUdeviceptr> {
    const pointer = out<CUdeviceptr>();
    check(yield* cu.cuMemAlloc(pointer, 4 * length));
    return pointer.value;
  };
  const [dA, dB, dSum, dTotal] = [yield* deviceArray(n), yield* deviceArray(n), yield* deviceArray(n), yield* deviceArray(1)];
  const [dLeft, dRight, dProduct] = [yield* deviceArray(size * size), yield* deviceArray(size * size), yield* deviceArray(size * size)];
  board.pointer.set(dSum);

  // Both at once is what this example is about.
  yield* board.ready.wait();

  // The patient stream multiplies; the urgent one, filled after it, adds and says so by an event, which the patient one waits for before it sums up.
  const matrixBytes = 4 * size * size;
  check(yield* cu.cuMemcpyHtoDAsync(dLeft, left.address, matrixBytes, patient.value));
  check(yield* cu.cuMemcpyHtoDAsync(dRight, right.address, matrixBytes, patient.value));
  for (let round = 0; round < 6; round++) {
    check(yield* cu.cuLaunchKernel(matmul, size / 16, size / 16, 1, 16, 16, 1, 0, patient.value, [dLeft, dRight, dProduct, size], null));
  }
  check(yield* cu.cuMemcpyHtoDAsync(dA, a.address, 4 * n, urgent.value));
  check(yield* cu.cuMemcpyHtoDAsync(dB, b.address, 4 * n, urgent.value));
  check(yield* cu.cuLaunchKernel(vecadd, n / 256, 1, 1, 256, 1, 1, 0, urgent.value, [dA, dB, dSum, n], null));
  check(yield* cu.cuEventRecord(added.value, urgent.value));
  check(yield* cu.cuMemcpyDtoHAsync(sum.address, dSum, 4 * n, urgent.value));
  check(yield* cu.cuStreamWaitEvent(patient.value, added.value, 0));
  check(yield* cu.cuMemsetD32Async(dTotal, 0, 1, patient.value));
  check(yield* cu.cuLaunchKernel(reduce, 32, 1, 1, 256, 1, 1, 0, patient.value, [dSum, dTotal, n], null));
  check(yield* cu.cuMemcpyDtoHAsync(total.address, dTotal, 4, patient.value));
  check(yield* cu.cuMemcpyDtoHAsync(product.address, dProduct, matrixBytes, patient.value));
  board.say("A", "submitted two streams of work");

  check(yield* cu.cuStreamSynchronize(urgent.value));
  board.say("A", `vector sum: ${sum.values.every((value, i) => value === (i % 7) + (i % 5)) ? "right" : "WRONG"} (${n} elements)`);
  check(yield* cu.cuStreamSynchronize(patient.value));
  let expected = 0;
  for (let i = 0; i < n; i++) expected += (i % 7) + (i % 5);
  board.say("A", `sum of it all: ${total.values[0] === expected ? "right" : "WRONG"} (${total.values[0]})`);
  board.say("A", `matrix product: ${rightProduct(left.values, right.values, product.values) ? "right" : "WRONG"} (${size} x ${size})`);

  // B has its fault meanwhile. A must not notice: the same work again gives the same result.
  yield* board.finished.wait();
  check(yield* cu.cuMemsetD32Async(dTotal, 0, 1, patient.value));
  check(yield* cu.cuLaunchKernel(reduce, 32, 1, 1, 256, 1, 1, 0, patient.value, [dSum, dTotal, n], null));
  check(yield* cu.cuMemcpyDtoHAsync(total.address, dTotal, 4, patient.value));
  check(yield* cu.cuStreamSynchronize(patient.value));
  board.say("A", `after B's fault, the sum again: ${total.values[0] === expected ? "right" : "WRONG"}`);
  check(yield* cu.cuCtxDestroy(context.value));
}

function rightProduct(left: Float32Array, right: Float32Array, product: Float32Array): boolean {
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += left[row * size + k]! * right[k * size + column]!;
      if (product[row * size + column] !== sum) return false;
    }
  }
  return true;
}
