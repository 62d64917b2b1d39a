import { describe, expect, test } from "vitest";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import { out } from "../../../src/api/out.ts";
import type { CUstream } from "../../../src/cuda/abi/driver/types.ts";
import { hostWithContext, ptx } from "../support/host.ts";

describe("streams", () => {
  test("priorities are clamped to the device's range", () => {
    const { easy } = hostWithContext();
    expect(easy.cuCtxGetStreamPriorityRange()).toEqual([0, -5]);
    expect(easy.cuStreamGetPriority(easy.cuStreamCreateWithPriority(0, -100))).toBe(-5);
    expect(easy.cuStreamGetPriority(easy.cuStreamCreateWithPriority(0, 100))).toBe(0);
    expect(easy.cuStreamGetPriority(easy.cuStreamCreateWithPriority(0, -2))).toBe(-2);
  });

  test("getters tell what a stream was made with; default streams answer too", () => {
    const { easy, cuda } = hostWithContext();
    const stream = easy.cuStreamCreate(cu.CU_STREAM_NON_BLOCKING);
    expect(easy.cuStreamGetFlags(stream)).toBe(cu.CU_STREAM_NON_BLOCKING);
    expect(easy.cuStreamGetFlags(null)).toBe(0);
    expect(easy.cuStreamGetDevice(stream)).toBe(0);
    expect(easy.cuStreamGetCtx(stream)).toBe(easy.cuCtxGetCurrent());
    expect(easy.cuStreamGetId(stream)).not.toBe(easy.cuStreamGetId(0));
    expect(easy.cuStreamGetId(cu.CU_STREAM_PER_THREAD)).not.toBe(easy.cuStreamGetId(cu.CU_STREAM_LEGACY));
    expect(easy.cuStreamGetId(0)).toBe(easy.cuStreamGetId(cu.CU_STREAM_LEGACY));
    expect(cuda.cuStreamGetCtx_v2(stream, out(), null)).toBe(0);
  });

  test("query says NOT_READY until the work is done, and says it without a diagnostic", () => {
    const { easy, cuda, machine } = hostWithContext();
    const stream = easy.cuStreamCreate(0);
    expect(cuda.cuStreamQuery(stream)).toBe(0);
    const d = easy.cuMemAlloc(1 << 24);
    easy.cuMemsetD8Async(d, 1, 1 << 24, stream);
    expect(cuda.cuStreamQuery(stream)).toBe(cu.CUDA_ERROR_NOT_READY);
    expect(cuda.cuStreamSynchronize(stream)).toBe(0);
    expect(cuda.cuStreamQuery(stream)).toBe(0);
    expect(machine.diagnostics()).toEqual([]);
  });

  test("work after an event waits for it, across streams", () => {
    const { easy } = hostWithContext();
    const [a, b] = [easy.cuStreamCreate(cu.CU_STREAM_NON_BLOCKING), easy.cuStreamCreate(cu.CU_STREAM_NON_BLOCKING)];
    const size = 1 << 22;
    const [x, y] = [easy.cuMemAlloc(size), easy.cuMemAlloc(size)];
    easy.cuMemsetD8(x, 0, size);
    easy.cuCtxSynchronize();
    easy.cuMemsetD8Async(x, 7, size, a);
    const event = easy.cuEventCreate(0);
    easy.cuEventRecord(event, a);
    easy.cuStreamWaitEvent(b, event, 0);
    easy.cuMemcpyDtoDAsync(y, x, size, b);
    const back = new Uint8Array(size);
    easy.cuMemcpyDtoHAsync(back, y, size, b);
    expect(back.every((v) => v === 7)).toBe(true);
  });

  test("a callback runs once, in order, and may not call CUDA", () => {
    const { easy, cuda } = hostWithContext();
    const stream = easy.cuStreamCreate(0);
    const log: unknown[] = [];
    easy.cuStreamAddCallback(stream, (s, status, data) => log.push(s === stream, status, data, cuda.cuMemAlloc(out(), 4)), "first", 0);
    easy.cuLaunchHostFunc(stream, (data) => log.push(data), "second");
    easy.cuStreamSynchronize(stream);
    expect(log).toEqual([true, 0, "first", cu.CUDA_ERROR_NOT_PERMITTED, "second"]);
    expect(cuda.cuMemAlloc(out(), 4)).toBe(0);
  });

  test("later work of the stream waits for a host function", () => {
    const { easy } = hostWithContext();
    const stream = easy.cuStreamCreate(0);
    const host = easy.cuMemAllocHost(4096);
    const d = easy.cuMemAlloc(4096);
    let filled = false;
    easy.cuLaunchHostFunc(stream, () => { filled = true; }, null);
    easy.cuMemcpyHtoDAsync(d, host, 4096, stream);
    easy.cuStreamSynchronize(stream);
    expect(filled).toBe(true);
  });

  test("a callback gets the error of a kernel before it; a host function is not called then", () => {
    const { easy, cuda } = hostWithContext();
    const stream = easy.cuStreamCreate(0);
    const log: unknown[] = [];
    easy.cuLaunchKernel(easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.bad), "fault"), 1, 1, 1, 1, 1, 1, 0, stream, [16], null);
    cuda.cuStreamAddCallback(stream, (_s, status) => log.push(status), null, 0);
    cuda.cuLaunchHostFunc(stream, () => log.push("host"), null);
    expect(cuda.cuStreamSynchronize(stream)).toBe(cu.CUDA_ERROR_ILLEGAL_ADDRESS);
    expect(log).toEqual([cu.CUDA_ERROR_ILLEGAL_ADDRESS]);
  });

  test("destroying a stream lets its work go on", () => {
    const { easy, cuda } = hostWithContext();
    const stream = easy.cuStreamCreate(0);
    const d = easy.cuMemAlloc(1 << 20);
    easy.cuMemsetD8Async(d, 3, 1 << 20, stream);
    easy.cuStreamDestroy(stream);
    expect(cuda.cuStreamSynchronize(stream)).toBe(cu.CUDA_ERROR_CONTEXT_IS_DESTROYED);
    const back = new Uint8Array(1 << 20);
    easy.cuMemcpyDtoH(back, d, 1 << 20);
    expect(back.every((v) => v === 3)).toBe(true);
  });

  test("attributes are kept and copied", () => {
    const { easy } = hostWithContext();
    const [a, b] = [easy.cuStreamCreate(0), easy.cuStreamCreate(0)] as [CUstream, CUstream];
    easy.cuStreamSetAttribute(a, cu.CU_STREAM_ATTRIBUTE_SYNCHRONIZATION_POLICY, { syncPolicy: cu.CU_SYNC_POLICY_SPIN });
    easy.cuStreamSetAttribute(a, cu.CU_STREAM_ATTRIBUTE_MEM_SYNC_DOMAIN, { memSyncDomain: 1 });
    easy.cuStreamSetAttribute(a, cu.CU_STREAM_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP, { memSyncDomainMap: { default_: 1, remote: 2 } });
    easy.cuStreamSetAttribute(a, cu.CU_STREAM_ATTRIBUTE_ACCESS_POLICY_WINDOW, { accessPolicyWindow: { num_bytes: 64, hitRatio: 0.5 } });
    easy.cuStreamSetAttribute(a, cu.CU_STREAM_ATTRIBUTE_PRIORITY, { priority: -9 });
    easy.cuStreamCopyAttributes(b, a);
    expect(easy.cuStreamGetAttribute(b, cu.CU_STREAM_ATTRIBUTE_SYNCHRONIZATION_POLICY)).toEqual({ syncPolicy: cu.CU_SYNC_POLICY_SPIN });
    expect(easy.cuStreamGetAttribute(b, cu.CU_STREAM_ATTRIBUTE_MEM_SYNC_DOMAIN)).toEqual({ memSyncDomain: 1 });
    expect(easy.cuStreamGetAttribute(b, cu.CU_STREAM_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP)).toEqual({ memSyncDomainMap: { default_: 1, remote: 2 } });
    expect(easy.cuStreamGetAttribute(b, cu.CU_STREAM_ATTRIBUTE_ACCESS_POLICY_WINDOW).accessPolicyWindow).toMatchObject({ num_bytes: 64, hitRatio: 0.5 });
    expect(easy.cuStreamGetAttribute(a, cu.CU_STREAM_ATTRIBUTE_PRIORITY)).toEqual({ priority: -5 });
  });
});

describe("the legacy default stream", () => {
  /** Whether work put into `second` waits for slow work in `first`: seen by a time stamp order of two events. */
  function waits(first: number, second: number, flags: number): boolean {
    const { easy } = hostWithContext();
    const made = easy.cuStreamCreate(flags);
    const pick = (which: number): CUstream => (which === 0 ? 0 : made);
    const d = easy.cuMemAlloc(1 << 24);
    easy.cuMemsetD8Async(d, 1, 1 << 24, pick(first));
    const [done, after] = [easy.cuEventCreate(0), easy.cuEventCreate(0)];
    easy.cuEventRecord(done, pick(first));
    easy.cuEventRecord(after, pick(second));
    easy.cuCtxSynchronize();
    return easy.cuEventElapsedTime(done, after) >= 0;
  }

  test("waits for blocking streams, and they for it", () => {
    expect(waits(1, 0, 0)).toBe(true);
    expect(waits(0, 1, 0)).toBe(true);
  });

  test("has nothing to do with non-blocking streams", () => {
    expect(waits(1, 0, cu.CU_STREAM_NON_BLOCKING)).toBe(false);
    expect(waits(0, 1, cu.CU_STREAM_NON_BLOCKING)).toBe(false);
  });

  test("two blocking streams do not wait for each other", () => {
    const { easy } = hostWithContext();
    const [a, b] = [easy.cuStreamCreate(0), easy.cuStreamCreate(0)];
    const d = easy.cuMemAlloc(1 << 24);
    easy.cuMemsetD8Async(d, 1, 1 << 24, a);
    const [done, other] = [easy.cuEventCreate(0), easy.cuEventCreate(0)];
    easy.cuEventRecord(done, a);
    easy.cuEventRecord(other, b);
    easy.cuCtxSynchronize();
    expect(easy.cuEventElapsedTime(other, done)).toBeGreaterThan(0);
  });
});
