// Queues of different priority. The C of this fragment:
//
//   cl_queue_properties props[] = {CL_QUEUE_PRIORITY_KHR, CL_QUEUE_PRIORITY_HIGH_KHR, 0};
//   queue = clCreateCommandQueueWithProperties(context, device, props, NULL);
//
// Run: glassgpu run examples/queue-priority.ts
import { createMachine, out } from "glassgpu";
import {
  CL_COMPLETE, CL_DEVICE_TYPE_GPU, CL_MEM_READ_WRITE, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, CL_QUEUE_PRIORITY_HIGH_KHR, CL_QUEUE_PRIORITY_KHR, CL_QUEUE_PRIORITY_LOW_KHR, CL_QUEUE_PROPERTIES, clCreateBuffer, clCreateCommandQueueWithProperties, clCreateContext,
  clCreateUserEvent, clEnqueueFillBuffer, clFinish, clFlush, clGetDeviceIDs, clGetPlatformIDs, clSetEventCallback, clSetUserEventStatus, type cl_command_queue, type cl_device_id, type cl_event,
  type cl_platform_id, type cl_queue_properties,
} from "glassgpu/opencl";
import { checker } from "./lib/check.ts";

const machine = createMachine({ gpus: ["tiny"] }); // two copy engines
machine.use(machine.process("priorities"));
const check = checker(machine);

const platforms = out<cl_platform_id[]>();
check(clGetPlatformIDs(1, platforms, null));
const devices = out<cl_device_id[]>();
check(clGetDeviceIDs(platforms.value[0]!, CL_DEVICE_TYPE_GPU, 1, devices, null));
const [device] = devices.value as [cl_device_id];
const context = clCreateContext(null, 1, [device], null, null, null);

const properties = (priority: number): cl_queue_properties[] => [CL_QUEUE_PRIORITY_KHR, priority, CL_QUEUE_PROPERTIES, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, 0];
const queues: readonly (readonly [string, cl_command_queue])[] = [
  ["low", clCreateCommandQueueWithProperties(context, device, properties(CL_QUEUE_PRIORITY_LOW_KHR), null)],
  ["high", clCreateCommandQueueWithProperties(context, device, properties(CL_QUEUE_PRIORITY_HIGH_KHR), null)],
];

// Everything waits for one gate. When it opens, two fills of the queue that was filled first begin; then the scheduler picks by priority. What has
// begun is not interrupted: a copy engine cannot be preempted.
const gate = clCreateUserEvent(context, null);
const order: string[] = [];
for (const [name, queue] of queues) {
  for (let i = 0; i < 4; i++) {
    const buffer = clCreateBuffer(context, CL_MEM_READ_WRITE, 1 << 20, null, null);
    const event = out<cl_event>();
    check(clEnqueueFillBuffer(queue, buffer, new Uint8Array([i]), 1, 0, 1 << 20, 1, [gate], event));
    check(clSetEventCallback(event.value, CL_COMPLETE, () => order.push(name), null));
  }
  check(clFlush(queue));
}
check(clSetUserEventStatus(gate, CL_COMPLETE));
for (const [, queue] of queues) check(clFinish(queue));
console.log(`order in which eight fills ended: ${order.join(" ")}`);
