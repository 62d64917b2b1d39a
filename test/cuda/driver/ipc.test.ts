import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUevent, CUipcEventHandle } from "../../../src/cuda/abi/driver/types.ts";
import { makeMachine, ptx, type TestHost, type TestMachine } from "../support/host.ts";

/** Memory and events between two processes. */

const FLAGS = cu.CU_EVENT_INTERPROCESS | cu.CU_EVENT_DISABLE_TIMING;

function processWithContext(machine: TestMachine, name: string, device = 0): TestHost {
  const host = machine.process(name);
  host.easy.cuInit(0);
  host.easy.cuCtxCreate(null, 0, device);
  return host;
}

interface Pair {
  readonly machine: TestMachine;
  readonly a: TestHost;
  readonly b: TestHost;
  readonly event: CUevent;
  readonly opened: CUevent;
  readonly handle: CUipcEventHandle;
}

function pair(options: Parameters<typeof makeMachine>[0] = {}, device = 0): Pair {
  const machine = makeMachine(options);
  const [a, b] = [processWithContext(machine, "a"), processWithContext(machine, "b", device)];
  const event = a.easy.cuEventCreate(FLAGS);
  const handle = a.easy.cuIpcGetEventHandle(event);
  return { machine, a, b, event, handle, opened: b.easy.cuIpcOpenEventHandle(handle) };
}

/** Enough work for others to come in between. */
const BYTES = 1 << 24;

describe("events between processes", () => {
  test("what one process records the other sees and waits for: a stream reads shared memory only when it is written", () => {
    const { a, b, event, opened } = pair();
    const d = a.easy.cuMemAlloc(BYTES);
    const shared = b.easy.cuIpcOpenMemHandle(a.easy.cuIpcGetMemHandle(d), cu.CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS);
    const [sa, sb] = [a.easy.cuStreamCreate(cu.CU_STREAM_NON_BLOCKING), b.easy.cuStreamCreate(cu.CU_STREAM_NON_BLOCKING)];
    // Never recorded: over, and no wait.
    expect([b.cuda.cuEventQuery(opened), b.cuda.cuEventSynchronize(opened), b.cuda.cuStreamWaitEvent(sb, opened, 0)]).toEqual([0, 0, 0]);
    for (const value of [1, 2]) {
      for (let i = 0; i < 4; i++) a.easy.cuMemsetD8Async(d, 10 * value + i, BYTES, sa);
      a.easy.cuEventRecord(event, sa);
      expect([a.cuda.cuEventQuery(event), b.cuda.cuEventQuery(opened)]).toEqual([cu.CUDA_ERROR_NOT_READY, cu.CUDA_ERROR_NOT_READY]);
      b.easy.cuStreamWaitEvent(sb, opened, 0);
      const copy = b.easy.cuMemAlloc(4);
      b.easy.cuMemcpyDtoDAsync(copy, shared + BYTES - 4, 4, sb);
      b.easy.cuStreamSynchronize(sb);
      expect(b.cuda.cuEventQuery(opened)).toBe(0);
      const bytes = new Uint8Array(4);
      b.easy.cuMemcpyDtoH(bytes, copy, 4);
      expect([...bytes]).toEqual(new Array<number>(4).fill(10 * value + 3));
    }
  });

  test("the other way round: the process that opened it records, the one that made it waits on the host", () => {
    const { a, b, event, opened } = pair();
    const d = b.easy.cuMemAlloc(BYTES);
    b.easy.cuMemsetD8Async(d, 7, BYTES, 0);
    b.easy.cuEventRecord(opened, 0);
    expect(a.cuda.cuEventQuery(event)).toBe(cu.CUDA_ERROR_NOT_READY);
    expect([a.cuda.cuEventSynchronize(event), a.cuda.cuEventQuery(event), b.cuda.cuStreamQuery(0)]).toEqual([0, 0, 0]);
  });

  test("a wait keeps the record that was there; a later record does not hold it up", () => {
    const { a, b, event, opened } = pair();
    const [fast, slow] = [a.easy.cuStreamCreate(1), a.easy.cuStreamCreate(1)];
    const sb = b.easy.cuStreamCreate(1);
    a.easy.cuEventRecord(event, fast);
    b.easy.cuStreamWaitEvent(sb, opened, 0);
    const fn = a.easy.cuModuleGetFunction(a.easy.cuModuleLoadData(ptx.bad), "spin");
    a.easy.cuLaunchKernel(fn, 1, 1, 1, 1, 1, 1, 0, slow, [], null);
    a.easy.cuEventRecord(event, slow);
    expect([b.cuda.cuStreamSynchronize(sb), b.cuda.cuEventQuery(opened)]).toEqual([0, cu.CUDA_ERROR_NOT_READY]);
    // And one that is recorded again is not held up by the record before.
    a.easy.cuEventRecord(event, fast);
    expect([b.cuda.cuEventSynchronize(opened), a.cuda.cuEventQuery(event)]).toEqual([0, 0]);
  });

  test("of another device, of a whole context, and beside local events", () => {
    const { a, b, event, opened } = pair({ gpus: ["a100-pcie-40gb", "a100-pcie-40gb"] }, 1);
    const [d, local] = [a.easy.cuMemAlloc(BYTES), b.easy.cuEventCreate(0)];
    a.easy.cuMemsetD8Async(d, 1, BYTES, 0);
    a.easy.cuCtxRecordEvent(null, event);
    const s = b.easy.cuStreamCreate(0);
    b.easy.cuCtxWaitEvent(null, opened);
    b.easy.cuEventRecord(local, s);
    expect(b.cuda.cuEventQuery(local)).toBe(cu.CUDA_ERROR_NOT_READY);
    b.easy.cuEventSynchronize(local);
    expect([a.cuda.cuEventQuery(event), b.cuda.cuEventQuery(opened)]).toEqual([0, 0]);
  });

  test("it outlives the process that made it, and what that has pending ends with it", () => {
    const { machine, a, b, event, opened, handle } = pair();
    const fn = a.easy.cuModuleGetFunction(a.easy.cuModuleLoadData(ptx.bad), "spin");
    a.easy.cuLaunchKernel(fn, 1, 1, 1, 1, 1, 1, 0, 0, [], null);
    a.easy.cuEventRecord(event, 0);
    expect(b.cuda.cuEventQuery(opened)).toBe(cu.CUDA_ERROR_NOT_READY);
    a.process.terminate({ code: 0, signal: 9 });
    expect([b.cuda.cuEventSynchronize(opened), b.cuda.cuEventQuery(opened), b.cuda.cuEventDestroy(opened)]).toEqual([0, 0, 0]);
    expect(processWithContext(machine, "c").cuda.cuIpcOpenEventHandle(out(), handle)).toBe(cu.CUDA_ERROR_INVALID_HANDLE);
  });

  test("an event that is destroyed cannot be opened; one that was opened stays", () => {
    const { a, b, event, opened, handle } = pair();
    a.easy.cuEventDestroy(event);
    expect([b.cuda.cuIpcOpenEventHandle(out(), handle), b.cuda.cuEventRecord(opened, 0), b.cuda.cuEventSynchronize(opened)]).toEqual([cu.CUDA_ERROR_INVALID_HANDLE, 0, 0]);
  });

  test("opened twice, they are two events of one record; none takes time stamps; the runtime has the same", () => {
    const { a, b, event, opened, handle } = pair();
    const again = b.easyrt.cudaIpcOpenEventHandle(handle as never);
    expect(again).not.toBe(opened);
    a.easy.cuMemsetD8Async(a.easy.cuMemAlloc(BYTES), 1, BYTES, 0);
    a.easy.cuEventRecord(event, 0);
    expect([b.cudart.cudaEventQuery(again), b.cudart.cudaEventSynchronize(again), b.cuda.cuEventQuery(opened)]).toEqual([600, 0, 0]);
    expect([b.cuda.cuEventElapsedTime(out(), opened, opened), b.cuda.cuEventElapsedTime(out(), again as never, opened)]).toEqual([cu.CUDA_ERROR_INVALID_HANDLE, cu.CUDA_ERROR_INVALID_HANDLE]);
    const runtime = a.easyrt.cudaEventCreateWithFlags(6);
    expect(a.easyrt.cudaIpcGetEventHandle(runtime).reserved).toHaveLength(64);
  });
});
