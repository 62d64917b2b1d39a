// A queue that may run commands in any order that their events allow. The C of this fragment:
//
//   queue = clCreateCommandQueue(context, device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, NULL);
//
// The same program is run under many seeds: which of two free commands goes first differs, what the events order does not.
//
// Run: glassgpu run examples/out-of-order-queue.ts
import { createMachine, out } from "glassgpu";
import {
  CL_DEVICE_TYPE_GPU, CL_MEM_READ_WRITE, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, CL_TRUE, clCreateBuffer, clCreateCommandQueue, clCreateContext, clEnqueueBarrierWithWaitList, clEnqueueFillBuffer,
  clEnqueueReadBuffer, clGetDeviceIDs, clGetPlatformIDs, type cl_device_id, type cl_event, type cl_platform_id,
} from "glassgpu/opencl";
import { checker } from "./lib/check.ts";

/** Fills a byte with 1 and with 2 in an order of the queue's choice, or of the program's; what is left shows which came last. */
function run(seed: number, ordered: "not" | "by an event" | "by a barrier"): number {
  const machine = createMachine({ gpus: ["tiny"], seed, order: "any" });
  machine.use(machine.process("ooo"));
  const check = checker(machine);
  const platforms = out<cl_platform_id[]>();
  check(clGetPlatformIDs(1, platforms, null));
  const devices = out<cl_device_id[]>();
  check(clGetDeviceIDs(platforms.value[0]!, CL_DEVICE_TYPE_GPU, 1, devices, null));
  const [device] = devices.value as [cl_device_id];
  const context = clCreateContext(null, 1, [device], null, null, null);
  const queue = clCreateCommandQueue(context, device, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, null);
  const buffer = clCreateBuffer(context, CL_MEM_READ_WRITE, 4, null, null);

  const first = out<cl_event>();
  check(clEnqueueFillBuffer(queue, buffer, new Uint8Array([1]), 1, 0, 4, 0, null, first));
  if (ordered === "by a barrier") check(clEnqueueBarrierWithWaitList(queue, 0, null, null));
  const waits = ordered === "by an event" ? [first.value] : null;
  const second = out<cl_event>();
  check(clEnqueueFillBuffer(queue, buffer, new Uint8Array([2]), 1, 0, 4, waits?.length ?? 0, waits, second));

  const result = new Uint8Array(4);
  check(clEnqueueReadBuffer(queue, buffer, CL_TRUE, 0, 4, result, 2, [first.value, second.value], null));
  machine.dispose();
  return result[0]!;
}

for (const ordered of ["not", "by an event", "by a barrier"] as const) {
  const outcomes = new Set(Array.from({ length: 20 }, (_, seed) => run(seed, ordered)));
  console.log(`two fills ordered ${ordered}: the later one is ${[...outcomes].sort().map((value) => (value === 1 ? "the first" : "the second")).join(" or ")}`);
}
