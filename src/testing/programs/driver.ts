import { out } from "../../api/out.ts";
import { CU_EVENT_DISABLE_TIMING, CU_STREAM_NON_BLOCKING } from "../../cuda/abi/driver/constants.ts";
import type { CUcontext, CUdeviceptr, CUevent, CUstream } from "../../cuda/abi/driver/types.ts";
import type { SimProcess } from "../../host/host-process.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import { ApiFailure, BUFFER_BYTES, refused, valueOf, type LineProgram, type Outcome } from "./language.ts";

/** Runs a program on the CUDA driver API: lines are non-blocking streams. @throws ApiFailure */
export function* runOnDriver(p: SimProcess, program: LineProgram): Blocking<Outcome> {
  const cu = p.cuda;
  function* ok(name: string, call: Blocking<number>): Blocking<void> {
    const code = yield* call;
    if (code !== 0) throw new ApiFailure(name, code);
  }
  yield* ok("cuInit", cu.cuInit(0));
  const context = out<CUcontext>();
  yield* ok("cuDevicePrimaryCtxRetain", cu.cuDevicePrimaryCtxRetain(context, 0));
  yield* ok("cuCtxSetCurrent", cu.cuCtxSetCurrent(context.value));
  const lines: CUstream[] = [];
  const buffers: CUdeviceptr[] = [];
  const events: CUevent[] = [];
  for (let i = 0; i < program.lines; i++) {
    const box = out<CUstream>();
    yield* ok("cuStreamCreate", cu.cuStreamCreate(box, CU_STREAM_NON_BLOCKING));
    lines.push(box.value);
  }
  for (let i = 0; i < program.buffers; i++) {
    const box = out<CUdeviceptr>();
    yield* ok("cuMemAlloc", cu.cuMemAlloc(box, BUFFER_BYTES));
    yield* ok("cuMemsetD8", cu.cuMemsetD8(box.value, 0, BUFFER_BYTES));
    buffers.push(box.value);
  }
  for (let i = 0; i < program.events; i++) {
    const box = out<CUevent>();
    yield* ok("cuEventCreate", cu.cuEventCreate(box, CU_EVENT_DISABLE_TIMING));
    events.push(box.value);
  }
  yield* ok("cuCtxSynchronize", cu.cuCtxSynchronize());

  const reads: number[] = [];
  const bytes = new Uint8Array(BUFFER_BYTES);
  for (const command of program.commands) {
    const line = lines[command.line]!;
    switch (command.op) {
      case "fill": yield* ok("cuMemsetD8Async", cu.cuMemsetD8Async(buffers[command.buffer]!, command.value, BUFFER_BYTES, line)); break;
      case "copy": yield* ok("cuMemcpyDtoDAsync", cu.cuMemcpyDtoDAsync(buffers[command.to]!, buffers[command.from]!, BUFFER_BYTES, line)); break;
      case "read":
        yield* ok("cuMemcpyDtoHAsync", cu.cuMemcpyDtoHAsync(bytes, buffers[command.buffer]!, BUFFER_BYTES, line));
        yield* ok("cuStreamSynchronize", cu.cuStreamSynchronize(line));
        reads.push(valueOf(bytes));
        break;
      case "record": yield* ok("cuEventRecord", cu.cuEventRecord(events[command.event]!, line)); break;
      case "wait": yield* ok("cuStreamWaitEvent", cu.cuStreamWaitEvent(line, events[command.event]!, 0)); break;
      case "sync": yield* ok("cuStreamSynchronize", cu.cuStreamSynchronize(line)); break;
      case "bad": refused(command.which, yield* [
        (): Blocking<number> => cu.cuMemsetD8Async(3 as CUdeviceptr, 1, BUFFER_BYTES, line), (): Blocking<number> => cu.cuStreamSynchronize(0xdead8 as CUstream),
        (): Blocking<number> => cu.cuMemFree((buffers[0]! + 1) as CUdeviceptr),
      ][command.which % 3]!()); break;
    }
  }
  yield* ok("cuCtxSynchronize", cu.cuCtxSynchronize());
  const last: number[] = [];
  for (const buffer of buffers) {
    yield* ok("cuMemcpyDtoH", cu.cuMemcpyDtoH(bytes, buffer, BUFFER_BYTES));
    last.push(valueOf(bytes));
  }
  for (const event of events) yield* ok("cuEventDestroy", cu.cuEventDestroy(event));
  for (const buffer of buffers) yield* ok("cuMemFree", cu.cuMemFree(buffer));
  for (const line of lines) yield* ok("cuStreamDestroy", cu.cuStreamDestroy(line));
  yield* ok("cuDevicePrimaryCtxRelease", cu.cuDevicePrimaryCtxRelease(0));
  return { reads, buffers: last };
}
