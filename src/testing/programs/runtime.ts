import { out } from "../../api/out.ts";
import type { CUevent, CUstream } from "../../cuda/abi/driver/types.ts";
import { cudaEventDisableTiming, cudaMemcpyKind, cudaStreamNonBlocking } from "../../cuda/entry/cudart.ts";
import type { SimProcess } from "../../host/host-process.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import { ApiFailure, BUFFER_BYTES, refused, valueOf, type LineProgram, type Outcome } from "./language.ts";

/** Runs a program on the CUDA runtime API: lines are non-blocking streams. @throws ApiFailure */
export function* runOnRuntime(p: SimProcess, program: LineProgram): Blocking<Outcome> {
  const rt = p.cudart;
  function* ok(name: string, call: Blocking<number>): Blocking<void> {
    const code = yield* call;
    if (code !== 0) throw new ApiFailure(name, code);
  }
  const lines: CUstream[] = [];
  const buffers: number[] = [];
  const events: CUevent[] = [];
  for (let i = 0; i < program.lines; i++) {
    const box = out<CUstream>();
    yield* ok("cudaStreamCreateWithFlags", rt.cudaStreamCreateWithFlags(box, cudaStreamNonBlocking));
    lines.push(box.value);
  }
  for (let i = 0; i < program.buffers; i++) {
    const box = out<number>();
    yield* ok("cudaMalloc", rt.cudaMalloc(box, BUFFER_BYTES));
    yield* ok("cudaMemset", rt.cudaMemset(box.value, 0, BUFFER_BYTES));
    buffers.push(box.value);
  }
  for (let i = 0; i < program.events; i++) {
    const box = out<CUevent>();
    yield* ok("cudaEventCreateWithFlags", rt.cudaEventCreateWithFlags(box, cudaEventDisableTiming));
    events.push(box.value);
  }
  yield* ok("cudaDeviceSynchronize", rt.cudaDeviceSynchronize());

  const reads: number[] = [];
  const bytes = new Uint8Array(BUFFER_BYTES);
  for (const command of program.commands) {
    const line = lines[command.line]!;
    switch (command.op) {
      case "fill": yield* ok("cudaMemsetAsync", rt.cudaMemsetAsync(buffers[command.buffer]!, command.value, BUFFER_BYTES, line)); break;
      case "copy": yield* ok("cudaMemcpyAsync", rt.cudaMemcpyAsync(buffers[command.to]!, buffers[command.from]!, BUFFER_BYTES, cudaMemcpyKind.cudaMemcpyDeviceToDevice, line)); break;
      case "read":
        yield* ok("cudaMemcpyAsync", rt.cudaMemcpyAsync(bytes, buffers[command.buffer]!, BUFFER_BYTES, cudaMemcpyKind.cudaMemcpyDeviceToHost, line));
        yield* ok("cudaStreamSynchronize", rt.cudaStreamSynchronize(line));
        reads.push(valueOf(bytes));
        break;
      case "record": yield* ok("cudaEventRecord", rt.cudaEventRecord(events[command.event]!, line)); break;
      case "wait": yield* ok("cudaStreamWaitEvent", rt.cudaStreamWaitEvent(line, events[command.event]!, 0)); break;
      case "sync": yield* ok("cudaStreamSynchronize", rt.cudaStreamSynchronize(line)); break;
      case "bad": refused(command.which, yield* [
        (): Blocking<number> => rt.cudaMemsetAsync(3, 1, BUFFER_BYTES, line), (): Blocking<number> => rt.cudaStreamSynchronize(0xdead8 as CUstream), (): Blocking<number> => rt.cudaFree(buffers[0]! + 1),
      ][command.which % 3]!()); break;
    }
  }
  yield* ok("cudaDeviceSynchronize", rt.cudaDeviceSynchronize());
  const last: number[] = [];
  for (const buffer of buffers) {
    yield* ok("cudaMemcpy", rt.cudaMemcpy(bytes, buffer, BUFFER_BYTES, cudaMemcpyKind.cudaMemcpyDeviceToHost));
    last.push(valueOf(bytes));
  }
  for (const event of events) yield* ok("cudaEventDestroy", rt.cudaEventDestroy(event));
  for (const buffer of buffers) yield* ok("cudaFree", rt.cudaFree(buffer));
  for (const line of lines) yield* ok("cudaStreamDestroy", rt.cudaStreamDestroy(line));
  yield* ok("cudaDeviceReset", rt.cudaDeviceReset());
  return { reads, buffers: last };
}
