import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import { hostWithContext, makeMachine, ptx } from "../support/host.ts";

describe("contexts", () => {
  test("the stack: create pushes, set replaces, pop and NULL take off", () => {
    const { easy } = hostWithContext();
    const a = easy.cuCtxGetCurrent();
    const b = easy.cuCtxCreate(null, cu.CU_CTX_SCHED_SPIN, 0);
    expect(easy.cuCtxGetCurrent()).toBe(b);
    expect(easy.cuCtxPopCurrent()).toBe(b);
    expect(easy.cuCtxGetCurrent()).toBe(a);
    easy.cuCtxSetCurrent(b);
    expect([easy.cuCtxGetCurrent(), easy.cuCtxGetFlags()]).toEqual([b, cu.CU_CTX_SCHED_SPIN]);
    easy.cuCtxSetCurrent(null);
    expect(easy.cuCtxGetCurrent()).toBe(0);
    easy.cuCtxSetCurrent(0);
    easy.cuCtxSetCurrent(a);
    expect(easy.cuCtxGetCurrent()).toBe(a);
    expect(easy.cuCtxGetId(a)).not.toBe(easy.cuCtxGetId(b));
    expect([easy.cuCtxGetDevice(), easy.cuCtxGetDevice_v2(b), easy.cuCtxGetApiVersion(null)]).toEqual([0, 0, 3020]);
  });

  test("memory of one context is not there for kernels of another; peer access makes it so", () => {
    const run = (enable: boolean): number => {
      const { easy, cuda } = hostWithContext();
      const a = easy.cuCtxGetCurrent();
      const d = easy.cuMemAlloc(64);
      easy.cuMemsetD32(d, 1, 16);
      easy.cuCtxSynchronize();
      easy.cuCtxCreate(null, 0, 0);
      if (enable) easy.cuCtxEnablePeerAccess(a, 0);
      easy.cuLaunchKernel(easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "add"), 1, 1, 1, 16, 1, 1, 0, 0, [d, 16, 1], null);
      const code = cuda.cuCtxSynchronize();
      if (code !== 0) return code;
      const back = new Uint32Array(1);
      easy.cuMemcpyDtoH(back, d, 4);
      return back[0]!;
    };
    expect(run(false)).toBe(cu.CUDA_ERROR_ILLEGAL_ADDRESS);
    expect(run(true)).toBe(2);
  });

  test("copies between contexts and between devices need no peer access", () => {
    const machine = makeMachine({ gpus: ["a100-pcie-40gb", "a100-pcie-40gb"] });
    const { easy } = machine.process();
    easy.cuInit(0);
    const b = easy.cuCtxCreate(null, 0, 1);
    const db = easy.cuMemAlloc(1 << 20);
    const a = easy.cuCtxCreate(null, 0, 0);
    const da = easy.cuMemAlloc(1 << 20);
    const data = Uint8Array.from({ length: 1 << 20 }, (_, i) => i * 7);
    easy.cuMemcpyHtoD(da, data, data.length);
    easy.cuMemcpyPeer(db, b, da, a, data.length);
    const back = new Uint8Array(data.length);
    easy.cuMemcpyDtoH(back, db, data.length);
    expect(Buffer.compare(back, data)).toBe(0);
    easy.cuMemsetD8(da, 9, 100);
    easy.cuMemcpyDtoD(db, da, 100);
    easy.cuCtxSetCurrent(b);
    easy.cuCtxSynchronize();
    easy.cuMemcpyDtoH(back, db, 100);
    expect(back[99]).toBe(9);
    expect([easy.cuDeviceCanAccessPeer(0, 1), easy.cuDeviceCanAccessPeer(0, 0), easy.cuDeviceGetP2PAttribute(cu.CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED, 0, 1)]).toEqual([1, 0, 1]);
    machine.kernel.checkInvariants();
  });

  test("a kernel of one device reaches its peer's memory, now and later allocated", () => {
    const machine = makeMachine({ gpus: ["a100-pcie-40gb", "a100-pcie-40gb"] });
    const { easy, cuda } = machine.process();
    easy.cuInit(0);
    const b = easy.cuCtxCreate(null, 0, 1);
    const early = easy.cuMemAlloc(64);
    easy.cuCtxCreate(null, 0, 0);
    easy.cuCtxEnablePeerAccess(b, 0);
    easy.cuCtxPushCurrent(b);
    const late = easy.cuMemAlloc(3 << 20);
    easy.cuMemsetD32(early, 1, 16);
    easy.cuMemsetD32(late, 2, 16);
    easy.cuCtxSynchronize();
    easy.cuCtxPopCurrent();
    const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "add");
    for (const p of [early, late]) easy.cuLaunchKernel(fn, 1, 1, 1, 16, 1, 1, 0, 0, [p, 16, 5], null);
    easy.cuCtxSynchronize();
    const back = new Uint32Array(2);
    easy.cuMemcpyDtoH(back.subarray(0, 1), early, 4);
    easy.cuMemcpyDtoH(back.subarray(1), late, 4);
    expect([...back]).toEqual([6, 7]);
    easy.cuCtxDisablePeerAccess(b);
    easy.cuLaunchKernel(fn, 1, 1, 1, 16, 1, 1, 0, 0, [late, 16, 5], null);
    expect(cuda.cuCtxSynchronize()).toBe(cu.CUDA_ERROR_ILLEGAL_ADDRESS);
  });

  test("destroying one leaves nothing behind", () => {
    const { easy, machine } = hostWithContext();
    const first = easy.cuCtxGetCurrent();
    const before = machine.kernel.objectCounts()["0000:01:00.0"];
    const c = easy.cuCtxCreate(null, 0, 0);
    easy.cuMemAlloc(5 << 20);
    easy.cuMemAllocHost(4096);
    easy.cuMemAllocManaged(4096, 1);
    easy.cuModuleLoadData(ptx.variables);
    const s = easy.cuStreamCreate(0);
    easy.cuEventRecord(easy.cuEventCreate(0), s);
    easy.cuMemcpyHtoD(easy.cuMemAlloc(64), new Uint8Array(64), 64);
    easy.cuCtxDestroy(c);
    expect(easy.cuCtxGetCurrent()).toBe(first);
    expect(machine.kernel.objectCounts()["0000:01:00.0"]).toEqual(before);
    machine.kernel.checkInvariants();
  });

  test("another thread keeps a destroyed context and is told so", () => {
    const host = hostWithContext();
    const c = host.easy.cuCtxGetCurrent();
    const codes: number[] = [];
    host.thread("second", function* () {
      codes.push(yield* host.co.cuCtxSetCurrent(c));
      yield { queue: null, deadline: 1e12, what: "later" };
      codes.push(yield* host.co.cuMemAlloc(out(), 16));
      codes.push(yield* host.co.cuCtxSynchronize());
    });
    host.easy.cuMemAlloc(16);
    host.easy.cuCtxDestroy(c);
    host.machine.kernel.runUntilIdle();
    expect(codes).toEqual([0, cu.CUDA_ERROR_CONTEXT_IS_DESTROYED, cu.CUDA_ERROR_CONTEXT_IS_DESTROYED]);
  });

  test("primary contexts are counted; reset does not give retains back", () => {
    const { easy, cuda } = hostWithContext();
    const p = easy.cuDevicePrimaryCtxRetain(0);
    expect(easy.cuDevicePrimaryCtxRetain(0)).toBe(p);
    expect(easy.cuCtxGetCurrent()).not.toBe(p);
    easy.cuDevicePrimaryCtxSetFlags(0, cu.CU_CTX_SCHED_YIELD);
    expect(easy.cuDevicePrimaryCtxGetState(0)).toEqual([cu.CU_CTX_SCHED_YIELD, 1]);
    easy.cuCtxSetCurrent(p);
    easy.cuDevicePrimaryCtxRelease(0);
    expect(cuda.cuMemAlloc(out(), 16)).toBe(0);
    easy.cuDevicePrimaryCtxReset(0);
    expect(cuda.cuMemAlloc(out(), 16)).toBe(cu.CUDA_ERROR_CONTEXT_IS_DESTROYED);
    expect(easy.cuDevicePrimaryCtxGetState(0)[1]).toBe(0);
    easy.cuDevicePrimaryCtxRelease(0);
    expect(cuda.cuDevicePrimaryCtxRelease(0)).toBe(cu.CUDA_ERROR_INVALID_CONTEXT);
    expect(cuda.cuCtxDestroy(easy.cuDevicePrimaryCtxRetain(0))).toBe(cu.CUDA_ERROR_INVALID_CONTEXT);
  });

  test("limits are kept, rounded, and refused once a kernel prints", () => {
    const { easy, cuda } = hostWithContext();
    easy.cuCtxSetLimit(cu.CU_LIMIT_STACK_SIZE, 1000);
    expect(easy.cuCtxGetLimit(cu.CU_LIMIT_STACK_SIZE)).toBe(1008);
    expect(easy.cuCtxGetLimit(cu.CU_LIMIT_PRINTF_FIFO_SIZE)).toBe(1 << 20);
    expect(cuda.cuCtxSetLimit(cu.CU_LIMIT_PRINTF_FIFO_SIZE, 8192)).toBe(0);
  });

  test("a forked or other process has no use for its parent's handles", () => {
    const host = hostWithContext();
    const child = host.machine.process("child");
    const d = host.easy.cuMemAlloc(64);
    expect(child.cuda.cuCtxSetCurrent(host.easy.cuCtxGetCurrent())).toBe(cu.CUDA_ERROR_NOT_INITIALIZED);
    child.easy.cuInit(0);
    expect(child.cuda.cuCtxSetCurrent(host.easy.cuCtxGetCurrent())).toBe(cu.CUDA_ERROR_INVALID_CONTEXT);
    child.easy.cuCtxCreate(null, 0, 0);
    expect(child.cuda.cuMemcpyDtoH(new Uint8Array(4), d, 4)).toBe(cu.CUDA_ERROR_INVALID_VALUE);
  });
});
