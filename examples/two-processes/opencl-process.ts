import { out, type SimProcess } from "glassgpu";
import type { Blocking } from "glassgpu/kernel";
import {
  CL_EVENT_COMMAND_EXECUTION_STATUS, CL_MAP_READ, CL_MAP_WRITE, CL_MEM_COPY_HOST_PTR, CL_MEM_READ_WRITE, CL_SUCCESS, CL_TRUE, type cl_event, type cl_int, type cl_kernel, type cl_mem,
} from "glassgpu/opencl";
import type { Board } from "./board.ts";
import { setUp } from "./opencl-setup.ts";

const n = 4096;

/**
 * Process B: OpenCL. Counts with an atomic and runs saxpy in an out-of-order queue, ordered by a marker and a barrier, once in a buffer and
 * once in shared virtual memory. At the end it reads through a pointer of process A.
 */
export function* openclProgram(p: SimProcess, board: Board): Blocking<void> {
  const cl = p.opencl;
  const check = (code: number): void => board.check(code);
  const { context, queue, program } = yield* setUp(p, board);
  board.ready.set(true);

  const code = out<cl_int>();
  const buffer = function* (data: ArrayBufferView): Blocking<cl_mem> {
    const made = yield* cl.clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, data.byteLength, data, code);
    check(code.value);
    return made;
  };
  const kernel = function* (name: string): Blocking<cl_kernel> {
    const made = yield* cl.clCreateKernel(program, name, code);
    check(code.value);
    return made;
  };

  // Two counting kernels may run in either order or at once. The marker's event says when both are done; what follows the barrier waits for both.
  const counter = yield* kernel("counter");
  const count = yield* buffer(new Int32Array([0]));
  check(yield* cl.clSetKernelArg(counter, 0, 8, count));
  for (const items of [6000, 4000]) check(yield* cl.clEnqueueNDRangeKernel(queue, counter, 1, null, [items], null, 0, null, null));
  const counted = out<cl_event>();
  check(yield* cl.clEnqueueMarkerWithWaitList(queue, 0, null, counted));
  check(yield* cl.clEnqueueBarrierWithWaitList(queue, 0, null, null));

  const saxpy = yield* kernel("saxpy");
  const x = Float32Array.from({ length: n }, (_, i) => i % 16);
  const y = yield* buffer(new Float32Array(n).fill(1));
  const xBuffer = yield* buffer(x);
  check(yield* cl.clSetKernelArg(saxpy, 0, 4, new Float32Array([2])));
  check(yield* cl.clSetKernelArg(saxpy, 1, 8, xBuffer));
  check(yield* cl.clSetKernelArg(saxpy, 2, 8, y));
  const added = out<cl_event>();
  check(yield* cl.clEnqueueNDRangeKernel(queue, saxpy, 1, null, [n], [64], 0, null, added));

  check(yield* cl.clWaitForEvents(1, [counted.value]));
  const total = new Int32Array(1);
  check(yield* cl.clEnqueueReadBuffer(queue, count, CL_TRUE, 0, 4, total, 0, null, null));
  board.say("B", `counter, after the marker: ${total[0] === 10_000 ? "right" : "WRONG"} (${total[0]})`);
  const result = new Float32Array(n);
  check(yield* cl.clEnqueueReadBuffer(queue, y, CL_TRUE, 0, 4 * n, result, 1, [added.value], null));
  board.say("B", `saxpy in a buffer, after the barrier: ${result.every((value, i) => value === 2 * x[i]! + 1) ? "right" : "WRONG"}`);

  // Shared virtual memory: the same pointer in the program and in the kernel.
  const svm = yield* cl.clSVMAlloc(context, CL_MEM_READ_WRITE, 4 * n, 0);
  check(yield* cl.clEnqueueSVMMap(queue, CL_TRUE, CL_MAP_WRITE, svm, 4 * n, 0, null, null));
  p.view(svm, n, Float32Array).fill(3);
  const unmapped = out<cl_event>();
  check(yield* cl.clEnqueueSVMUnmap(queue, svm, 0, null, unmapped));
  check(yield* cl.clSetKernelArgSVMPointer(saxpy, 2, svm));
  const shared = out<cl_event>();
  check(yield* cl.clEnqueueNDRangeKernel(queue, saxpy, 1, null, [n], [64], 1, [unmapped.value], shared));
  check(yield* cl.clEnqueueSVMMap(queue, CL_TRUE, CL_MAP_READ, svm, 4 * n, 1, [shared.value], null));
  board.say("B", `saxpy in shared virtual memory: ${p.view(svm, n, Float32Array).every((value, i) => value === 2 * x[i]! + 3) ? "right" : "WRONG"}`);
  check(yield* cl.clEnqueueSVMUnmap(queue, svm, 0, null, null));
  check(yield* cl.clFinish(queue));

  // A's pointer is a number like any other. Only the address space says whether anything is there, and B's has nothing there.
  const pointer = yield* board.pointer.wait();
  const peek = yield* kernel("peek");
  const stolen = yield* buffer(new Uint32Array(1));
  check(yield* cl.clSetKernelArg(peek, 0, 8, new BigUint64Array([BigInt(pointer)])));
  check(yield* cl.clSetKernelArg(peek, 1, 8, stolen));
  const peeked = out<cl_event>();
  check(yield* cl.clEnqueueNDRangeKernel(queue, peek, 1, null, [1], [1], 0, null, peeked));
  board.say("B", "reads through a pointer of A ...");
  yield* cl.clWaitForEvents(1, [peeked.value]);
  const status = out<cl_int>();
  check(yield* cl.clGetEventInfo(peeked.value, CL_EVENT_COMMAND_EXECUTION_STATUS, 4, status, null));
  board.say("B", status.value < CL_SUCCESS ? `... and gets a fault: its kernel ended with ${status.value}` : "... and GOT AWAY WITH IT");
  board.finished.set(true);
}
