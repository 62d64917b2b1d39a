import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUcontext } from "../../../src/cuda/abi/driver/types.ts";
import { testErrors } from "./run.ts";
import type { World } from "./world.ts";

const INVALID = cu.CUDA_ERROR_INVALID_VALUE;

/** Makes a context and destroys it again. */
function create(w: World, make: (box: ReturnType<typeof out<CUcontext>>) => number): number {
  const box = out<CUcontext>();
  const code = make(box);
  if (code === 0) w.cuda.cuCtxDestroy(box.value);
  return code;
}

testErrors("Error Handling, Initialization, Version Management", [
  { name: "cuGetErrorString", needs: "nothing", control: (a) => a.cuGetErrorString(1, out()), errors: [
    [INVALID, "pStr NULL", (a) => a.cuGetErrorString(1, null)], [INVALID, "unknown code", (a) => a.cuGetErrorString(12345 as 1, out())]] },
  { name: "cuGetErrorName", needs: "nothing", control: (a) => a.cuGetErrorName(1, out()), errors: [
    [INVALID, "pStr NULL", (a) => a.cuGetErrorName(1, null)], [INVALID, "unknown code", (a) => a.cuGetErrorName(12345 as 1, out())]] },
  { name: "cuInit", needs: "nothing", control: (a) => a.cuInit(0), errors: [[INVALID, "Flags not 0", (a) => a.cuInit(1)]] },
  { name: "cuDriverGetVersion", needs: "nothing", control: (a) => a.cuDriverGetVersion(out()), errors: [[INVALID, "driverVersion NULL", (a) => a.cuDriverGetVersion(null)]] },
]);

testErrors("Primary Context Management", [
  { name: "cuDevicePrimaryCtxRetain", needs: "init", control: (a) => a.cuDevicePrimaryCtxRetain(out(), 0), errors: [
    [cu.CUDA_ERROR_INVALID_DEVICE, "no such device", (a) => a.cuDevicePrimaryCtxRetain(out(), 9)], [INVALID, "pctx NULL", (a) => a.cuDevicePrimaryCtxRetain(null, 0)]] },
  { name: "cuDevicePrimaryCtxRelease_v2", needs: "init", control: (a) => (a.cuDevicePrimaryCtxRetain(out(), 0), a.cuDevicePrimaryCtxRelease(0)), errors: [
    [cu.CUDA_ERROR_INVALID_DEVICE, "no such device", (a) => a.cuDevicePrimaryCtxRelease(-1)], [cu.CUDA_ERROR_INVALID_CONTEXT, "not retained", (a) => a.cuDevicePrimaryCtxRelease(0)]] },
  { name: "cuDevicePrimaryCtxSetFlags_v2", needs: "init", control: (a) => a.cuDevicePrimaryCtxSetFlags(0, 4), errors: [
    [cu.CUDA_ERROR_INVALID_DEVICE, "no such device", (a) => a.cuDevicePrimaryCtxSetFlags(2, 0)], [INVALID, "unknown flags", (a) => a.cuDevicePrimaryCtxSetFlags(0, 0x1000)],
    [INVALID, "two ways of waiting", (a) => a.cuDevicePrimaryCtxSetFlags(0, 3)]] },
  { name: "cuDevicePrimaryCtxGetState", needs: "init", control: (a) => a.cuDevicePrimaryCtxGetState(0, out(), out()), errors: [
    [cu.CUDA_ERROR_INVALID_DEVICE, "no such device", (a) => a.cuDevicePrimaryCtxGetState(2, out(), out())],
    [INVALID, "flags NULL", (a) => a.cuDevicePrimaryCtxGetState(0, null, out())], [INVALID, "active NULL", (a) => a.cuDevicePrimaryCtxGetState(0, out(), null)]] },
  { name: "cuDevicePrimaryCtxReset_v2", needs: "init", control: (a) => a.cuDevicePrimaryCtxReset(0), errors: [[cu.CUDA_ERROR_INVALID_DEVICE, "no such device", (a) => a.cuDevicePrimaryCtxReset(2)]] },
]);

testErrors("Context Management", [
  { name: "cuCtxCreate_v4", needs: "init", control: (a, w) => create(w, (box) => a.cuCtxCreate_v4(box, null, 0, 0)), errors: [
    [cu.CUDA_ERROR_INVALID_DEVICE, "no such device", (a) => a.cuCtxCreate(out(), null, 0, 2)], [INVALID, "pctx NULL", (a) => a.cuCtxCreate(null, null, 0, 0)],
    [INVALID, "unknown flags", (a) => a.cuCtxCreate(out(), null, 0x100, 0)], [INVALID, "two ways of waiting", (a) => a.cuCtxCreate(out(), null, 3, 0)],
    [cu.CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY, "execution affinity without MPS", (a) => a.cuCtxCreate(out(), { numExecAffinityParams: 1, execAffinityParams: [{}] }, 0, 0)],
    [cu.CUDA_ERROR_NOT_SUPPORTED, "contexts in graphics", (a) => a.cuCtxCreate(out(), { cigParams: { sharedDataType: 1 } as never }, 0, 0)],
    [INVALID, "both at once", (a) => a.cuCtxCreate(out(), { numExecAffinityParams: 1, execAffinityParams: [{}], cigParams: { sharedDataType: 1 } as never }, 0, 0)]] },
  { name: "cuCtxCreate_v3", needs: "init", control: (a, w) => create(w, (box) => a.cuCtxCreate_v3(box, null, 0, 0, 0)), errors: [
    [cu.CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY, "execution affinity without MPS", (a) => a.cuCtxCreate_v3(out(), [{}], 1, 0, 0)], [INVALID, "pctx NULL", (a) => a.cuCtxCreate_v3(null, null, 0, 0, 0)]] },
  { name: "cuCtxCreate_v2", needs: "init", control: (a, w) => create(w, (box) => a.cuCtxCreate_v2(box, 0, 0)), errors: [
    [cu.CUDA_ERROR_INVALID_DEVICE, "no such device", (a) => a.cuCtxCreate_v2(out(), 0, -1)], [INVALID, "pctx NULL", (a) => a.cuCtxCreate_v2(null, 0, 0)]] },
  { name: "cuCtxDestroy_v2", needs: "init", control: (a, w) => { const c = out<CUcontext>(); a.cuCtxCreate(c, null, 0, 0); return a.cuCtxDestroy(c.isSet ? c.value : w.other); }, errors: [
    [INVALID, "ctx NULL", (a) => a.cuCtxDestroy(null)], [cu.CUDA_ERROR_INVALID_CONTEXT, "no context", (a, w) => a.cuCtxDestroy(w.junk)],
    [cu.CUDA_ERROR_CONTEXT_IS_DESTROYED, "destroyed already", (a, w) => a.cuCtxDestroy(w.goneContext)]] },
  { name: "cuCtxPushCurrent_v2", needs: "init", control: (a, w) => a.cuCtxPushCurrent(w.other), errors: [
    [INVALID, "ctx NULL", (a) => a.cuCtxPushCurrent(0)], [cu.CUDA_ERROR_INVALID_CONTEXT, "no context", (a, w) => a.cuCtxPushCurrent(w.junk)],
    [cu.CUDA_ERROR_INVALID_CONTEXT, "destroyed", (a, w) => a.cuCtxPushCurrent(w.goneContext)]] },
  { name: "cuCtxPopCurrent_v2", needs: "init", control: (a, w) => (a.cuCtxPushCurrent(w.other), a.cuCtxPopCurrent(out())), errors: [] },
  { name: "cuCtxSetCurrent", needs: "init", control: (a, w) => a.cuCtxSetCurrent(w.context), errors: [
    [cu.CUDA_ERROR_INVALID_CONTEXT, "no context", (a, w) => a.cuCtxSetCurrent(w.junk)], [cu.CUDA_ERROR_INVALID_CONTEXT, "destroyed", (a, w) => a.cuCtxSetCurrent(w.goneContext)]] },
  { name: "cuCtxGetCurrent", needs: "init", control: (a) => a.cuCtxGetCurrent(out()), errors: [[INVALID, "pctx NULL", (a) => a.cuCtxGetCurrent(null)]] },
  { name: "cuCtxGetDevice", needs: "context", control: (a) => a.cuCtxGetDevice(out()), errors: [[INVALID, "device NULL", (a) => a.cuCtxGetDevice(null)]] },
  { name: "cuCtxGetDevice_v2", needs: "init", control: (a, w) => a.cuCtxGetDevice_v2(out(), w.context), errors: [
    [INVALID, "device NULL", (a, w) => a.cuCtxGetDevice_v2(null, w.context)], [cu.CUDA_ERROR_INVALID_CONTEXT, "no context", (a, w) => a.cuCtxGetDevice_v2(out(), w.junk)]] },
  { name: "cuCtxGetFlags", needs: "context", control: (a) => a.cuCtxGetFlags(out()), errors: [[INVALID, "flags NULL", (a) => a.cuCtxGetFlags(null)]] },
  { name: "cuCtxSetFlags", needs: "context", control: (a) => a.cuCtxSetFlags(1), errors: [[INVALID, "unknown flags", (a) => a.cuCtxSetFlags(0x200)], [INVALID, "two ways of waiting", (a) => a.cuCtxSetFlags(5)]] },
  { name: "cuCtxGetId", needs: "init", control: (a, w) => a.cuCtxGetId(w.context, out()), errors: [
    [INVALID, "ctxId NULL", (a, w) => a.cuCtxGetId(w.context, null)], [cu.CUDA_ERROR_INVALID_CONTEXT, "no context", (a, w) => a.cuCtxGetId(w.junk, out())],
    [cu.CUDA_ERROR_CONTEXT_IS_DESTROYED, "destroyed", (a, w) => a.cuCtxGetId(w.goneContext, out())]] },
  { name: "cuCtxSynchronize", needs: "context", control: (a) => a.cuCtxSynchronize(), errors: [] },
  { name: "cuCtxSynchronize_v2", needs: "init", control: (a, w) => a.cuCtxSynchronize_v2(w.context), errors: [[cu.CUDA_ERROR_INVALID_CONTEXT, "no context", (a, w) => a.cuCtxSynchronize_v2(w.junk)]] },
  { name: "cuCtxSetLimit", needs: "context", control: (a) => a.cuCtxSetLimit(cu.CU_LIMIT_STACK_SIZE, 2048), errors: [
    [INVALID, "no limit", (a) => a.cuCtxSetLimit(99 as 0, 1)], [INVALID, "negative", (a) => a.cuCtxSetLimit(0, -1)],
    [cu.CUDA_ERROR_UNSUPPORTED_LIMIT, "not on this device", (a) => a.cuCtxSetLimit(cu.CU_LIMIT_CIG_ENABLED, 1)]] },
  { name: "cuCtxGetLimit", needs: "context", control: (a) => a.cuCtxGetLimit(out(), cu.CU_LIMIT_STACK_SIZE), errors: [
    [INVALID, "pvalue NULL", (a) => a.cuCtxGetLimit(null, 0)], [INVALID, "no limit", (a) => a.cuCtxGetLimit(out(), 99 as 0)],
    [cu.CUDA_ERROR_UNSUPPORTED_LIMIT, "not on this device", (a) => a.cuCtxGetLimit(out(), cu.CU_LIMIT_CIG_ENABLED)]] },
  { name: "cuCtxGetCacheConfig", needs: "context", control: (a) => a.cuCtxGetCacheConfig(out()), errors: [[INVALID, "pconfig NULL", (a) => a.cuCtxGetCacheConfig(null)]] },
  { name: "cuCtxSetCacheConfig", needs: "context", control: (a) => a.cuCtxSetCacheConfig(1), errors: [[INVALID, "no configuration", (a) => a.cuCtxSetCacheConfig(4 as 0)]] },
  { name: "cuCtxGetApiVersion", needs: "init", control: (a, w) => a.cuCtxGetApiVersion(w.context, out()), errors: [
    [INVALID, "version NULL", (a, w) => a.cuCtxGetApiVersion(w.context, null)], [cu.CUDA_ERROR_INVALID_CONTEXT, "no context", (a, w) => a.cuCtxGetApiVersion(w.junk, out())]] },
  { name: "cuCtxGetStreamPriorityRange", needs: "context", control: (a) => a.cuCtxGetStreamPriorityRange(null, null), errors: [] },
  { name: "cuCtxResetPersistingL2Cache", needs: "context", control: (a) => a.cuCtxResetPersistingL2Cache(), errors: [] },
  { name: "cuCtxRecordEvent", needs: "init", control: (a, w) => a.cuCtxRecordEvent(w.context, w.event), errors: [
    [cu.CUDA_ERROR_INVALID_CONTEXT, "no context", (a, w) => a.cuCtxRecordEvent(w.junk, w.event)], [cu.CUDA_ERROR_INVALID_HANDLE, "no event", (a, w) => a.cuCtxRecordEvent(w.context, w.junk)],
    [cu.CUDA_ERROR_INVALID_HANDLE, "event of another context", (a, w) => a.cuCtxRecordEvent(w.context, w.otherEvent)]] },
  { name: "cuCtxWaitEvent", needs: "init", control: (a, w) => a.cuCtxWaitEvent(w.context, w.event), errors: [
    [cu.CUDA_ERROR_INVALID_CONTEXT, "no context", (a, w) => a.cuCtxWaitEvent(w.junk, w.event)], [cu.CUDA_ERROR_INVALID_HANDLE, "no event", (a, w) => a.cuCtxWaitEvent(w.context, w.goneEvent)]] },
]);

testErrors("Context Management [DEPRECATED]", [
  { name: "cuCtxAttach", needs: "context", control: (a) => a.cuCtxAttach(out(), 0), errors: [[INVALID, "pctx NULL", (a) => a.cuCtxAttach(null, 0)], [INVALID, "flags not 0", (a) => a.cuCtxAttach(out(), 1)]] },
  { name: "cuCtxDetach", needs: "context", control: (a, w) => (a.cuCtxAttach(out(), 0), a.cuCtxDetach(w.context)), errors: [[cu.CUDA_ERROR_INVALID_CONTEXT, "not the current one", (a, w) => a.cuCtxDetach(w.other)]] },
  { name: "cuCtxGetSharedMemConfig", needs: "context", control: (a) => a.cuCtxGetSharedMemConfig(out()), errors: [[INVALID, "pConfig NULL", (a) => a.cuCtxGetSharedMemConfig(null)]] },
  { name: "cuCtxSetSharedMemConfig", needs: "context", control: (a) => a.cuCtxSetSharedMemConfig(1), errors: [[INVALID, "no configuration", (a) => a.cuCtxSetSharedMemConfig(3 as 0)]] },
]);
