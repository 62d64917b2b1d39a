import { out } from "../../api/out.ts";
import type { SimProcess } from "../../host/host-process.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import * as C from "../../opencl/abi/constants.ts";
import type { cl_command_queue, cl_device_id, cl_event, cl_int, cl_mem, cl_platform_id } from "../../opencl/abi/types.ts";
import { ApiFailure, BUFFER_BYTES, refused, valueOf, type LineProgram, type Outcome } from "./language.ts";

/** Runs a program on OpenCL: lines are in-order queues, a record is a marker, a wait a barrier with a list. @throws ApiFailure */
export function* runOnOpenCl(p: SimProcess, program: LineProgram): Blocking<Outcome> {
  const cl = p.opencl;
  function* ok(name: string, call: Blocking<number>): Blocking<void> {
    const code = yield* call;
    if (code !== 0) throw new ApiFailure(name, code);
  }
  function* make<T>(name: string, call: (code: ReturnType<typeof out<cl_int>>) => Blocking<T>): Blocking<T> {
    const code = out<cl_int>();
    const made = yield* call(code);
    if (code.value !== 0) throw new ApiFailure(name, code.value);
    return made;
  }
  const platforms = out<cl_platform_id[]>();
  yield* ok("clGetPlatformIDs", cl.clGetPlatformIDs(1, platforms, null));
  const devices = out<cl_device_id[]>();
  yield* ok("clGetDeviceIDs", cl.clGetDeviceIDs(platforms.value[0]!, C.CL_DEVICE_TYPE_ALL, 1, devices, null));
  const device = devices.value[0]!;
  const context = yield* make("clCreateContext", (e) => cl.clCreateContext(null, 1, [device], null, null, e));
  const lines: cl_command_queue[] = [];
  const buffers: cl_mem[] = [];
  const events: (cl_event | null)[] = Array<null>(program.events).fill(null);
  for (let i = 0; i < program.lines; i++) lines.push(yield* make("clCreateCommandQueueWithProperties", (e) => cl.clCreateCommandQueueWithProperties(context, device, null, e)));
  const bytes = new Uint8Array(BUFFER_BYTES);
  for (let i = 0; i < program.buffers; i++) buffers.push(yield* make("clCreateBuffer", (e) => cl.clCreateBuffer(context, C.CL_MEM_COPY_HOST_PTR, BUFFER_BYTES, bytes, e)));

  const reads: number[] = [];
  function* read(line: cl_command_queue, buffer: number): Blocking<number> {
    yield* ok("clEnqueueReadBuffer", cl.clEnqueueReadBuffer(line, buffers[buffer]!, C.CL_TRUE, 0, BUFFER_BYTES, bytes, 0, null, null));
    return valueOf(bytes);
  }
  for (const command of program.commands) {
    const line = lines[command.line]!;
    switch (command.op) {
      case "fill": yield* ok("clEnqueueFillBuffer", cl.clEnqueueFillBuffer(line, buffers[command.buffer]!, new Uint8Array([command.value]), 1, 0, BUFFER_BYTES, 0, null, null)); break;
      case "copy":
        // Source and destination must not overlap: a copy onto itself is none.
        if (command.from !== command.to) yield* ok("clEnqueueCopyBuffer", cl.clEnqueueCopyBuffer(line, buffers[command.from]!, buffers[command.to]!, 0, 0, BUFFER_BYTES, 0, null, null));
        break;
      case "read": reads.push(yield* read(line, command.buffer)); break;
      case "record": {
        const event = out<cl_event>();
        yield* ok("clEnqueueMarkerWithWaitList", cl.clEnqueueMarkerWithWaitList(line, 0, null, event));
        const old = events[command.event] ?? null;
        if (old !== null) yield* ok("clReleaseEvent", cl.clReleaseEvent(old));
        events[command.event] = event.value;
        break;
      }
      case "wait": {
        const event = events[command.event] ?? null;
        if (event !== null) yield* ok("clEnqueueBarrierWithWaitList", cl.clEnqueueBarrierWithWaitList(line, 1, [event], null));
        break;
      }
      case "sync": yield* ok("clFinish", cl.clFinish(line)); break;
      case "bad": refused(command.which, yield* [
        (): Blocking<number> => cl.clEnqueueFillBuffer(line, buffers[0]!, new Uint8Array([1]), 1, 0, BUFFER_BYTES + 1, 0, null, null), (): Blocking<number> => cl.clFinish(null),
        (): Blocking<number> => cl.clEnqueueCopyBuffer(line, buffers[0]!, buffers[0]!, 0, 0, BUFFER_BYTES, 0, null, null),
      ][command.which % 3]!()); break;
    }
  }
  for (const line of lines) yield* ok("clFinish", cl.clFinish(line));
  const last: number[] = [];
  for (let i = 0; i < buffers.length; i++) last.push(yield* read(lines[0]!, i));
  for (const event of events) if (event !== null) yield* ok("clReleaseEvent", cl.clReleaseEvent(event));
  for (const buffer of buffers) yield* ok("clReleaseMemObject", cl.clReleaseMemObject(buffer));
  for (const line of lines) yield* ok("clReleaseCommandQueue", cl.clReleaseCommandQueue(line));
  yield* ok("clReleaseContext", cl.clReleaseContext(context));
  return { reads, buffers: last };
}
