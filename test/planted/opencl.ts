import { out, type Out } from "../../src/api/out.ts";
import type { HostProcess } from "../../src/host/host-process.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import type { cl_command_queue, cl_context, cl_device_id, cl_event, cl_mem, cl_platform_id } from "../../src/opencl/abi/types.ts";
import type { Schedule } from "../../src/testing/schedule/run.ts";
import type { Planted } from "./plant.ts";

const BYTES = 256;
const one = new Uint8Array([1]);
const two = new Uint8Array([2]);

/** A process with a context, a queue in order, another, one without order, and two buffers. */
class Rig {
  readonly p: HostProcess;
  readonly cl: HostProcess["opencl"];
  readonly context: cl_context;
  readonly queue: cl_command_queue;
  readonly second: cl_command_queue;
  readonly free: cl_command_queue;
  readonly a: cl_mem;
  readonly b: cl_mem;

  constructor({ machine }: Schedule) {
    this.p = machine({ gpus: ["tiny"] }).process("app");
    const cl = (this.cl = this.p.opencl);
    const platforms = out<cl_platform_id[]>();
    this.ok(cl.clGetPlatformIDs(1, platforms, null));
    const devices = out<cl_device_id[]>();
    this.ok(cl.clGetDeviceIDs(platforms.value[0]!, C.CL_DEVICE_TYPE_ALL, 1, devices, null));
    const [device] = devices.value as [cl_device_id];
    this.context = cl.clCreateContext(null, 1, [device], null, null, null);
    const queue = (properties: number): cl_command_queue => cl.clCreateCommandQueueWithProperties(this.context, device, [C.CL_QUEUE_PROPERTIES, properties, 0], null);
    this.queue = queue(0);
    this.second = queue(0);
    this.free = queue(C.CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    this.a = this.buffer();
    this.b = this.buffer();
  }

  ok(code: number): void {
    if (code !== 0) throw new Error(`OpenCL error ${code}`);
  }

  buffer(): cl_mem {
    return this.cl.clCreateBuffer(this.context, C.CL_MEM_READ_WRITE, BYTES, null, null);
  }

  fill(queue: cl_command_queue, mem: cl_mem, pattern: Uint8Array, waits: readonly cl_event[] = []): cl_event {
    const event = out<cl_event>();
    this.ok(this.cl.clEnqueueFillBuffer(queue, mem, pattern, 1, 0, BYTES, waits.length, waits.length === 0 ? null : waits, event));
    return event.value;
  }

  copy(queue: cl_command_queue, from: cl_mem, to: cl_mem, waits: readonly cl_event[] = []): cl_event {
    const event = out<cl_event>();
    this.ok(this.cl.clEnqueueCopyBuffer(queue, from, to, 0, 0, BYTES, waits.length, waits.length === 0 ? null : waits, event));
    return event.value;
  }

  read(queue: cl_command_queue, mem: cl_mem, to: number | Uint8Array, event: Out<cl_event> | null = null): void {
    this.ok(this.cl.clEnqueueReadBuffer(queue, mem, C.CL_FALSE, 0, BYTES, to, 0, null, event));
  }

  finish(): void {
    for (const queue of [this.queue, this.second, this.free]) this.ok(this.cl.clFinish(queue));
  }
}

/** Programs without a mistake that once were taken for wrong. */
export const openclRight: readonly (readonly [string, (schedule: Schedule) => void])[] = [
  ["initial contents of a buffer, used in several queues", (schedule) => {
    const r = new Rig(schedule);
    const filled = r.cl.clCreateBuffer(r.context, C.CL_MEM_COPY_HOST_PTR, BYTES, new Uint8Array(BYTES).fill(3), null);
    const first = r.copy(r.queue, filled, r.a);
    r.ok(r.cl.clWaitForEvents(1, [first]));
    r.copy(r.second, filled, r.b);
    r.finish();
  }],
  ["a barrier after commands that are over", (schedule) => {
    const r = new Rig(schedule);
    const filled = r.fill(r.free, r.a, one);
    const status = out<number>();
    for (let i = 0; i < 10; i++) r.ok(r.cl.clGetEventInfo(filled, C.CL_EVENT_COMMAND_EXECUTION_STATUS, 4, status, null));
    r.ok(r.cl.clEnqueueBarrierWithWaitList(r.free, 0, null, null));
    r.copy(r.free, r.a, r.b);
    r.copy(r.free, r.a, r.buffer());
    r.finish();
  }],
  ["an event that is over in a wait list", (schedule) => {
    const r = new Rig(schedule);
    const filled = r.fill(r.queue, r.a, one);
    const status = out<number>();
    for (let i = 0; i < 10; i++) r.ok(r.cl.clGetEventInfo(filled, C.CL_EVENT_COMMAND_EXECUTION_STATUS, 4, status, null));
    r.copy(r.second, r.a, r.b, [filled]);
    r.finish();
  }],
];

/** Mistakes in OpenCL programs. */
export const openclBugs: readonly Planted[] = [
  {
    name: "commands of an out-of-order queue without a wait list", kind: "race", says: ["out of order", "wait list", "clEnqueueCopyBuffer", "clEnqueueFillBuffer"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      const filled = r.fill(r.free, r.a, one);
      r.copy(r.free, r.a, r.b, right ? [filled] : []);
      r.finish();
    },
  },
  {
    name: "two queues use a buffer with neither event nor barrier", kind: "race", says: ["put the first command's event into the second's wait list"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      const filled = r.fill(r.queue, r.a, one);
      r.copy(r.second, r.a, r.b, right ? [filled] : []);
      r.finish();
    },
  },
  {
    name: "a barrier in the wrong queue", kind: "race", says: ["clEnqueueCopyBuffer"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      r.fill(r.free, r.a, one);
      r.ok(r.cl.clEnqueueBarrierWithWaitList(right ? r.free : r.queue, 0, null, null));
      r.copy(r.free, r.a, r.b);
      r.finish();
    },
  },
  {
    name: "a user event that nobody completes", kind: "deadlock", says: ["deadlock"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      const gate = r.cl.clCreateUserEvent(r.context, null);
      r.fill(r.queue, r.a, one, [gate]);
      if (right) r.ok(r.cl.clSetUserEventStatus(gate, C.CL_COMPLETE));
      r.finish();
    },
  },
  {
    name: "the host uses the target of a non-blocking read", kind: "race", says: ["clEnqueueReadBuffer", "clWaitForEvents"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      const target = r.p.malloc(BYTES);
      const done = out<cl_event>();
      r.fill(r.queue, r.a, one);
      r.read(r.queue, r.a, target, done);
      if (right) r.ok(r.cl.clWaitForEvents(1, [done.value]));
      void r.p.view(target, BYTES)[0];
      r.finish();
    },
  },
  {
    name: "the array of a non-blocking write is used again too early", kind: "race", says: ["clEnqueueWriteBuffer", "the program"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      const source = new Uint8Array(BYTES).fill(1);
      r.ok(r.cl.clEnqueueWriteBuffer(r.queue, r.a, C.CL_FALSE, 0, BYTES, source, 0, null, null));
      if (right) r.ok(r.cl.clFinish(r.queue));
      source.fill(2);
      r.ok(r.cl.clEnqueueWriteBuffer(r.queue, r.b, C.CL_TRUE, 0, BYTES, source, 0, null, null));
      r.finish();
    },
  },
  {
    name: "a mapped region is used before it is mapped", kind: "race", says: ["clEnqueueMapBuffer"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      r.fill(r.queue, r.a, one);
      const pointer = r.cl.clEnqueueMapBuffer(r.queue, r.a, right ? C.CL_TRUE : C.CL_FALSE, C.CL_MAP_READ, 0, BYTES, 0, null, null, null) as number;
      void r.p.view(pointer, BYTES)[0];
      r.ok(r.cl.clEnqueueUnmapMemObject(r.queue, r.a, pointer, 0, null, null));
      r.finish();
    },
  },
  {
    name: "shared virtual memory is used without waiting for the device", kind: "race", says: ["clEnqueueSVMMemFill"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      const shared = r.cl.clSVMAlloc(r.context, C.CL_MEM_READ_WRITE, BYTES, 0);
      r.ok(r.cl.clEnqueueSVMMemFill(r.queue, shared, one, 1, BYTES, 0, null, null));
      if (right) r.ok(r.cl.clEnqueueSVMMap(r.queue, C.CL_TRUE, C.CL_MAP_READ, shared, BYTES, 0, null, null));
      void r.p.view(shared, BYTES)[0];
      if (right) r.ok(r.cl.clEnqueueSVMUnmap(r.queue, shared, 0, null, null));
      r.finish();
    },
  },
  {
    name: "shared virtual memory is freed while a command uses it", kind: "lifetime", says: ["clSVMFree", "freed while it is in use"], detect: ["lifetimes"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      const shared = r.cl.clSVMAlloc(r.context, C.CL_MEM_READ_WRITE, BYTES, 0);
      const gate = r.cl.clCreateUserEvent(r.context, null);
      r.ok(r.cl.clEnqueueSVMMemFill(r.queue, shared, one, 1, BYTES, 0, null, null));
      r.ok(r.cl.clSetUserEventStatus(gate, C.CL_COMPLETE));
      if (right) r.ok(r.cl.clFinish(r.queue));
      else r.ok(r.cl.clFlush(r.queue));
      r.cl.clSVMFree(r.context, shared);
      r.finish();
    },
  },
  {
    name: "seeing CL_COMPLETE is taken for a synchronisation point", kind: "race", says: ["clEnqueueReadBuffer"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      const target = r.p.malloc(BYTES);
      const done = out<cl_event>();
      r.read(r.queue, r.a, target, done);
      if (right) r.ok(r.cl.clWaitForEvents(1, [done.value]));
      else {
        const status = out<number>();
        for (let i = 0; i < 20 && (!status.isSet || status.value !== C.CL_COMPLETE); i++) r.ok(r.cl.clGetEventInfo(done.value, C.CL_EVENT_COMMAND_EXECUTION_STATUS, 4, status, null));
        if (status.value !== C.CL_COMPLETE) return;
      }
      void r.p.view(target, BYTES)[0];
      r.finish();
    },
  },
  {
    name: "the wrong event in a wait list", kind: "race", says: ["clEnqueueFillBuffer"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      const first = r.fill(r.free, r.b, two);
      const filled = r.fill(r.free, r.a, one);
      r.copy(r.free, r.a, r.b, right ? [first, filled] : [first]);
      r.finish();
    },
  },
  {
    name: "events of commands are never released", kind: "leak", says: [/never gave back .*clEnqueueFillBuffer at /], detect: ["leaks"],
    program: (right) => ({ machine }) => {
      const p = machine({ gpus: ["tiny"] }).process("app");
      const platforms = out<cl_platform_id[]>();
      p.opencl.clGetPlatformIDs(1, platforms, null);
      const devices = out<cl_device_id[]>();
      p.opencl.clGetDeviceIDs(platforms.value[0]!, C.CL_DEVICE_TYPE_ALL, 1, devices, null);
      const context = p.opencl.clCreateContext(null, 1, devices.value, null, null, null);
      const queue = p.opencl.clCreateCommandQueueWithProperties(context, devices.value[0]!, null, null);
      const buffer = p.opencl.clCreateBuffer(context, C.CL_MEM_READ_WRITE, BYTES, null, null);
      const event = out<cl_event>();
      p.opencl.clEnqueueFillBuffer(queue, buffer, one, 1, 0, BYTES, 0, null, event);
      p.opencl.clFinish(queue);
      if (right) p.opencl.clReleaseEvent(event.value);
      p.opencl.clReleaseMemObject(buffer);
      p.opencl.clReleaseCommandQueue(queue);
      p.opencl.clReleaseContext(context);
    },
  },
];
