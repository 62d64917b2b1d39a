import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUdevice } from "../../../src/cuda/abi/driver/types.ts";
import { hostWithContext, makeMachine, ptx } from "../support/host.ts";

/** The rules of CUDA that implementations get wrong most often, one test a row. Those of capture are in test/errors/cuda/capture.test.ts. */
const fresh = (): ReturnType<ReturnType<typeof makeMachine>["process"]> => makeMachine().process();
const world = hostWithContext;
const mib2 = 2 << 20;

describe("initialisation and devices", () => {
  test("1: any call before cuInit gives NOT_INITIALIZED, but version and error names do not", () => {
    const { cuda } = fresh();
    expect([cuda.cuDeviceGetCount(out()), cuda.cuMemAlloc(out(), 4), cuda.cuCtxGetCurrent(out())]).toEqual([3, 3, 3]);
    expect([cuda.cuDriverGetVersion(out()), cuda.cuGetErrorName(3, out())]).toEqual([0, 0]);
  });
  test("2: cuInit with flags gives INVALID_VALUE", () => expect(fresh().cuda.cuInit(1)).toBe(cu.CUDA_ERROR_INVALID_VALUE));
  test("3: cuDeviceGet of ordinal -1 or count gives INVALID_DEVICE, 'invalid device ordinal'", () => {
    const { cuda, easy } = world();
    expect([cuda.cuDeviceGet(out(), -1), cuda.cuDeviceGet(out(), 1)]).toEqual([101, 101]);
    expect(easy.cuGetErrorString(101)).toBe("invalid device ordinal");
  });
  test("4: without a device cuInit gives NO_DEVICE", () => {
    const { cuda } = makeMachine({ gpus: ["mi250x"] }).process();
    expect(cuda.cuInit(0)).toBe(cu.CUDA_ERROR_NO_DEVICE);
  });
});

describe("memory", () => {
  test("6: cuMemAlloc of 0 bytes gives INVALID_VALUE", () => expect(world().cuda.cuMemAlloc(out(), 0)).toBe(1));
  test("10: cuMemFree inside an allocation gives INVALID_VALUE", () => { const { cuda, easy } = world(); expect(cuda.cuMemFree(easy.cuMemAlloc(1024) + 256)).toBe(1); });
  test("47: enabling peer access twice, to itself, with flags", () => {
    const { easy, cuda } = makeMachine({ gpus: ["a100-pcie-40gb", "a100-pcie-40gb"] }).process();
    easy.cuInit(0);
    const b = easy.cuCtxCreate(null, 0, 1 as CUdevice);
    const a = easy.cuCtxCreate(null, 0, 0);
    easy.cuCtxEnablePeerAccess(b, 0);
    expect([cuda.cuCtxEnablePeerAccess(b, 0), cuda.cuCtxEnablePeerAccess(a, 0), cuda.cuCtxEnablePeerAccess(b, 1)]).toEqual([704, 201, 1]);
  });
  test("47b: devices of different generations have no access: PEER_ACCESS_UNSUPPORTED", () => {
    const { easy, cuda } = makeMachine({ gpus: ["a100-pcie-40gb", "h100-sxm-80gb"] }).process();
    easy.cuInit(0);
    const b = easy.cuCtxCreate(null, 0, 1);
    easy.cuCtxCreate(null, 0, 0);
    expect(cuda.cuCtxEnablePeerAccess(b, 0)).toBe(217);
  });
  test("48: disabling what is not enabled gives PEER_ACCESS_NOT_ENABLED", () => { const { easy, cuda } = world(); const a = easy.cuCtxGetCurrent(); easy.cuCtxCreate(null, 0, 0); expect(cuda.cuCtxDisablePeerAccess(a)).toBe(705); });
  test("49: cuDeviceGetP2PAttribute of one device gives INVALID_DEVICE", () => expect(world().cuda.cuDeviceGetP2PAttribute(out(), 1, 0, 0)).toBe(101));
  test("50: cuMemHostRegister of an overlapping range gives HOST_MEMORY_ALREADY_REGISTERED; unregistering inside gives INVALID_VALUE", () => {
    const host = world();
    const p = host.malloc(4096);
    host.easy.cuMemHostRegister(p, 2048, 0);
    expect([host.cuda.cuMemHostRegister(p + 1024, 2048, 0), host.cuda.cuMemHostUnregister(p + 8)]).toEqual([712, 1]);
  });
  test("51: unregistering what was never registered gives HOST_MEMORY_NOT_REGISTERED", () => { const host = world(); expect(host.cuda.cuMemHostUnregister(host.malloc(64))).toBe(713); });
  test("52: cuMemHostGetDevicePointer without DEVICEMAP, or with flags, gives INVALID_VALUE", () => {
    const { easy, cuda } = world();
    const [a, b] = [easy.cuMemHostAlloc(64, 0), easy.cuMemHostAlloc(64, cu.CU_MEMHOSTALLOC_DEVICEMAP)];
    expect([cuda.cuMemHostGetDevicePointer(out(), a, 0), cuda.cuMemHostGetDevicePointer(out(), b, 1), cuda.cuMemHostGetDevicePointer(out(), b, 0)]).toEqual([1, 1, 0]);
  });
  test("53, 54: cuMemMap with an offset, misaligned, over a mapping; cuMemUnmap of a part", () => {
    const { easy, cuda } = world();
    const range = easy.cuMemAddressReserve(2 * mib2, 0, 0, 0);
    const h = easy.cuMemCreate(2 * mib2, { type: 1, location: { type: 1, id: 0 } }, 0);
    expect([cuda.cuMemMap(range, mib2, mib2, h, 0), cuda.cuMemMap(range + 65536, mib2, 0, h, 0), cuda.cuMemMap(range, 2 * mib2, 0, h, 0), cuda.cuMemMap(range, mib2, 0, h, 0), cuda.cuMemUnmap(range, mib2)]).toEqual([1, 1, 0, 1, 1]);
  });
  test("55: a kernel that touches a mapping without access faults, and the error sticks", () => {
    const { easy, cuda } = world();
    const range = easy.cuMemAddressReserve(mib2, 0, 0, 0);
    easy.cuMemMap(range, mib2, 0, easy.cuMemCreate(mib2, { type: 1, location: { type: 1, id: 0 } }, 0), 0);
    easy.cuLaunchKernel(easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.bad), "fault"), 1, 1, 1, 1, 1, 1, 0, 0, [range], null);
    expect([cuda.cuCtxSynchronize(), cuda.cuMemAlloc(out(), 4)]).toEqual([700, 700]);
  });
  test("56: cuMemAllocManaged of 0 bytes or with SINGLE gives INVALID_VALUE", () => { const { cuda } = world(); expect([cuda.cuMemAllocManaged(out(), 0, 1), cuda.cuMemAllocManaged(out(), 4, 4)]).toEqual([1, 1]); });
  test("57: attaching to the default stream alone is an error", () => { const { easy, cuda } = world(); expect(cuda.cuStreamAttachMemAsync(0, easy.cuMemAllocManaged(4, 1), 0, 4)).toBe(1); });
  test("58, 59: a high-water mark other than 0; destroying a default pool", () => { const { easy, cuda } = world(); const pool = easy.cuDeviceGetDefaultMemPool(0); expect([cuda.cuMemPoolSetAttribute(pool, 6, 5n), cuda.cuMemPoolDestroy(pool)]).toEqual([1, 1]); });
  test("70: prefetch and advice outside of the allocation; read-mostly with an invalid device works", () => {
    const { easy, cuda } = world();
    const m = easy.cuMemAllocManaged(4096, 1);
    expect([cuda.cuMemPrefetchAsync(m, 8192, { type: 1, id: 0 }, 0, 0), cuda.cuMemAdvise(m, 8192, 1, { type: 1, id: 0 }), cuda.cuMemAdvise(m, 4096, 1, { type: 1, id: 77 })]).toEqual([1, 1, 0]);
  });
});

describe("contexts", () => {
  test("11: no current context gives INVALID_CONTEXT", () => { const { easy, cuda } = world(); easy.cuCtxPopCurrent(); expect(cuda.cuMemAlloc(out(), 4)).toBe(201); });
  test("12: cuCtxGetCurrent without one gives SUCCESS and NULL", () => { const { easy } = world(); easy.cuCtxPopCurrent(); expect(easy.cuCtxGetCurrent()).toBe(0); });
  test("13: popping an empty stack gives INVALID_CONTEXT", () => { const { easy, cuda } = world(); easy.cuCtxPopCurrent(); expect(cuda.cuCtxPopCurrent(null)).toBe(201); });
  test("14: cuCtxSetCurrent(NULL) on an empty stack works", () => { const { easy, cuda } = world(); easy.cuCtxPopCurrent(); expect(cuda.cuCtxSetCurrent(null)).toBe(0); });
  test("16: releasing a primary context that is not retained gives INVALID_CONTEXT", () => expect(world().cuda.cuDevicePrimaryCtxRelease(0)).toBe(201));
  test("64: an unsupported limit gives UNSUPPORTED_LIMIT; the sync depth from capability 9 on", () => {
    const { easy, cuda } = makeMachine({ gpus: ["h100-sxm-80gb"] }).process();
    easy.cuInit(0);
    easy.cuCtxCreate(null, 0, 0);
    expect([cuda.cuCtxSetLimit(cu.CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH, 4), cuda.cuCtxGetLimit(out(), cu.CU_LIMIT_SHMEM_SIZE)]).toEqual([215, 215]);
  });
});

describe("streams and events", () => {
  test("18: a priority out of range is clamped, no error", () => { const { cuda, easy } = world(); const s = out<0>(); expect(cuda.cuStreamCreateWithPriority(s, 0, -1000)).toBe(0); expect(easy.cuStreamGetPriority(s.value)).toBe(-5); });
  test("19: cuCtxGetStreamPriorityRange takes NULL", () => expect(world().cuda.cuCtxGetStreamPriorityRange(null, out())).toBe(0));
  test("20: an unknown stream flag gives INVALID_VALUE", () => expect(world().cuda.cuStreamCreate(out(), 2)).toBe(1));
  test("21: cuStreamQuery of pending work gives NOT_READY", () => { const { easy, cuda } = world(); easy.cuMemsetD8Async(easy.cuMemAlloc(1 << 24), 1, 1 << 24, 0); expect(cuda.cuStreamQuery(0)).toBe(600); });
  test("22: cuEventQuery of an event never recorded gives SUCCESS", () => { const { easy, cuda } = world(); expect(cuda.cuEventQuery(easy.cuEventCreate(0))).toBe(0); });
  test("23, 24, 25: elapsed time: never recorded, pending, without timing", () => {
    const { easy, cuda } = world();
    const [a, b, c] = [easy.cuEventCreate(0), easy.cuEventCreate(0), easy.cuEventCreate(2)];
    const codes = [cuda.cuEventElapsedTime(out(), a, b)];
    easy.cuEventRecord(a, 0);
    easy.cuMemsetD8Async(easy.cuMemAlloc(1 << 24), 1, 1 << 24, 0);
    easy.cuEventRecord(b, 0);
    easy.cuEventRecord(c, 0);
    codes.push(cuda.cuEventElapsedTime(out(), a, b));
    easy.cuCtxSynchronize();
    codes.push(cuda.cuEventElapsedTime(out(), a, c), cuda.cuEventElapsedTime(out(), a, b));
    expect(codes).toEqual([400, 600, 400, 0]);
  });
  test("26: event and stream of different contexts give INVALID_HANDLE", () => { const { easy, cuda } = world(); const e = easy.cuEventCreate(0); easy.cuCtxCreate(null, 0, 0); expect(cuda.cuEventRecord(e, easy.cuStreamCreate(0))).toBe(400); });
  test("27: INTERPROCESS with timing gives INVALID_VALUE", () => expect(world().cuda.cuEventCreate(out(), 4)).toBe(1));
  test("28: EXTERNAL outside of capture gives INVALID_VALUE", () => { const { easy, cuda } = world(); expect(cuda.cuEventRecordWithFlags(easy.cuEventCreate(0), 0, 1)).toBe(1); });
  test("29: a callback that calls CUDA gets NOT_PERMITTED", () => { const { easy, cuda } = world(); let code = 0; easy.cuStreamAddCallback(0, () => { code = cuda.cuStreamQuery(0); }, null, 0); easy.cuCtxSynchronize(); expect(code).toBe(800); });
  test("30: cuStreamAddCallback with flags gives INVALID_VALUE", () => expect(world().cuda.cuStreamAddCallback(0, () => {}, null, 1)).toBe(1));
  test("67: a destroyed stream gives CONTEXT_IS_DESTROYED", () => { const { easy, cuda } = world(); const s = easy.cuStreamCreate(0); easy.cuStreamDestroy(s); expect(cuda.cuMemsetD8Async(easy.cuMemAlloc(4), 1, 4, s)).toBe(709); });
});

describe("code", () => {
  test("60: an unknown kernel name gives NOT_FOUND", () => { const { easy, cuda } = world(); expect(cuda.cuModuleGetFunction(out(), easy.cuModuleLoadData(ptx.add), "no")).toBe(500); });
  test("61: bad PTX, PTX for a newer GPU, PTX of a newer version", () => {
    const { cuda } = world();
    expect([cuda.cuModuleLoadData(out(), ".version x"), cuda.cuModuleLoadData(out(), ptx.add.replace("sm_75", "sm_90")), cuda.cuModuleLoadData(out(), ptx.add.replace("8.0", "99.0"))]).toEqual([218, 209, 222]);
  });
  test("62: kernelParams and extra together give INVALID_VALUE", () => { const { easy, cuda } = world(); const f = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "empty"); expect(cuda.cuLaunchKernel(f, 1, 1, 1, 1, 1, 1, 0, 0, [], { buffer: new Uint8Array(0) })).toBe(1); });
  test("63: a cooperative grid that does not fit gives COOPERATIVE_LAUNCH_TOO_LARGE", () => { const { easy, cuda } = world(); const f = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "empty"); expect(cuda.cuLaunchCooperativeKernel(f, 108 * 32 + 1, 1, 1, 32, 1, 1, 0, 0, null)).toBe(720); });
  test("65: after a sticky error every call answers it", () => {
    const { easy, cuda } = world();
    const [d, s] = [easy.cuMemAlloc(4), easy.cuStreamCreate(0)];
    easy.cuLaunchKernel(easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.bad), "fault"), 1, 1, 1, 1, 1, 1, 0, s, [16], null);
    expect([cuda.cuStreamSynchronize(s), cuda.cuCtxSynchronize(), cuda.cuMemFree(d), cuda.cuStreamDestroy(s), cuda.cuMemcpyDtoH(new Uint8Array(4), d, 4)]).toEqual([700, 700, 700, 700, 700]);
  });
});
