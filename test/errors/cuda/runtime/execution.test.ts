import { out } from "../../../../src/api/out.ts";
import * as rt from "../../../../src/cuda/abi/runtime/constants.ts";
import { ptx } from "../../../cuda/support/host.ts";
import { testErrors } from "./run.ts";
import type { World } from "./world.ts";

const INVALID = rt.cudaErrorInvalidValue;
const HANDLE = rt.cudaErrorInvalidResourceHandle;
const FUNCTION = rt.cudaErrorInvalidDeviceFunction;
const CONFIGURATION = rt.cudaErrorInvalidConfiguration;
const SYMBOL = rt.cudaErrorSymbolNotFound;
type Api = World["cudart"];
type Dim = number | readonly [number, number?, number?] | { readonly x: number; readonly y?: number; readonly z?: number };

/** The rows that every launch has. */
function launches(call: (a: Api, w: World, func: string | number | null, grid: Dim, block: Dim, args: readonly number[] | null, shared: number, stream: World["stream"] | 0) => number): readonly (readonly [number, string, (a: Api, w: World) => number])[] {
  return [
    [FUNCTION, "no such kernel", (a, w) => call(a, w, "none", 1, 1, [], 0, w.stream)], [FUNCTION, "func NULL", (a, w) => call(a, w, null, 1, 1, [], 0, w.stream)], [FUNCTION, "no handle", (a, w) => call(a, w, w.junk, 1, 1, [], 0, w.stream)],
    [CONFIGURATION, "an empty grid", (a, w) => call(a, w, "empty", 0, 1, [], 0, w.stream)], [CONFIGURATION, "an empty block", (a, w) => call(a, w, "empty", 1, [1, 0], [], 0, w.stream)], [CONFIGURATION, "a grid beyond the largest", (a, w) => call(a, w, "empty", { x: 1, y: 65536 }, 1, [], 0, w.stream)],
    [CONFIGURATION, "a block beyond the largest", (a, w) => call(a, w, "empty", 1, [1, 1, 65], [], 0, w.stream)], [CONFIGURATION, "too many threads", (a, w) => call(a, w, "empty", 1, [64, 32], [], 0, w.stream)],
    [CONFIGURATION, "more shared memory than there is", (a, w) => call(a, w, "empty", 1, 1, [], 1 << 20, w.stream)], [INVALID, "more shared memory than the kernel may have", (a, w) => call(a, w, "empty", 1, 1, [], 50_000, w.stream)],
    [INVALID, "parameters missing", (a, w) => call(a, w, "add", 1, 1, null, 0, w.stream)], [HANDLE, "no stream", (a, w) => call(a, w, "empty", 1, 1, [], 0, w.junk)], [HANDLE, "stream of another device", (a, w) => call(a, w, "empty", 1, 1, [], 0, w.otherStream)],
  ];
}

testErrors("Execution Control", [
  { name: "cudaLaunchKernel", needs: "context", control: (a, w) => a.cudaLaunchKernel(w.kernel, 1, 1, [w.d, 1, 1], 0, w.stream), errors: launches((a, _w, ...rest) => a.cudaLaunchKernel(...rest)) },
  { name: "cudaLaunchCooperativeKernel", needs: "context", control: (a, w) => a.cudaLaunchCooperativeKernel(w.kernel, 1, 1, [w.d, 1, 1], 0, w.stream), errors: [
    ...launches((a, _w, ...rest) => a.cudaLaunchCooperativeKernel(...rest)), [rt.cudaErrorCooperativeLaunchTooLarge, "more blocks than fit", (a, w) => a.cudaLaunchCooperativeKernel("empty", 60000, 1024, [], 0, w.stream)]] },
  { name: "cudaLaunchKernelExC", needs: "context", control: (a, w) => a.cudaLaunchKernelExC({ gridDim: 1, blockDim: 1, stream: w.stream }, w.kernel, [w.d, 1, 1]), errors: [
    ...launches((a, _w, func, gridDim, blockDim, args, dynamicSmemBytes, stream) => a.cudaLaunchKernelExC({ gridDim: gridDim as number, blockDim: blockDim as number, dynamicSmemBytes, stream }, func, args)),
    [INVALID, "config NULL", (a) => a.cudaLaunchKernelExC(null, "empty", [])], [INVALID, "no attribute", (a) => a.cudaLaunchKernelExC({ gridDim: 1, blockDim: 1, attrs: [{ id: 99 as 0 }], numAttrs: 1 }, "empty", [])],
    [INVALID, "attrs NULL", (a) => a.cudaLaunchKernelExC({ gridDim: 1, blockDim: 1, attrs: null, numAttrs: 1 }, "empty", [])]] },
  { name: "cudaLaunchHostFunc", needs: "context", control: (a, w) => a.cudaLaunchHostFunc(w.stream, () => 0, 0), errors: [[INVALID, "fn NULL", (a, w) => a.cudaLaunchHostFunc(w.stream, null, 0)], [HANDLE, "no stream", (a, w) => a.cudaLaunchHostFunc(w.junk, () => 0, 0)]] },
  { name: "cudaFuncGetAttributes", needs: "context", control: (a, w) => a.cudaFuncGetAttributes(out(), w.kernel), errors: [[INVALID, "attr NULL", (a) => a.cudaFuncGetAttributes(null, "add")], [FUNCTION, "no such kernel", (a) => a.cudaFuncGetAttributes(out(), "none")], [FUNCTION, "func NULL", (a) => a.cudaFuncGetAttributes(out(), null)]] },
  { name: "cudaFuncSetAttribute", needs: "context", control: (a, w) => a.cudaFuncSetAttribute(w.kernel, rt.cudaFuncAttributeMaxDynamicSharedMemorySize, 50_000), errors: [
    [FUNCTION, "no such kernel", (a) => a.cudaFuncSetAttribute("none", rt.cudaFuncAttributeMaxDynamicSharedMemorySize, 0)], [INVALID, "no attribute", (a) => a.cudaFuncSetAttribute("add", 77 as 8, 0)],
    [INVALID, "beyond the device's", (a) => a.cudaFuncSetAttribute("add", rt.cudaFuncAttributeMaxDynamicSharedMemorySize, 1 << 20)], [INVALID, "beyond all", (a) => a.cudaFuncSetAttribute("add", rt.cudaFuncAttributePreferredSharedMemoryCarveout, 101)]] },
  { name: "cudaFuncSetCacheConfig", needs: "context", control: (a, w) => a.cudaFuncSetCacheConfig(w.kernel, 1), errors: [[FUNCTION, "no such kernel", (a) => a.cudaFuncSetCacheConfig("none", 1)], [INVALID, "no configuration", (a) => a.cudaFuncSetCacheConfig("add", 9 as 0)]] },
  { name: "cudaFuncSetSharedMemConfig", needs: "context", control: (a, w) => a.cudaFuncSetSharedMemConfig(w.kernel, 1), errors: [[FUNCTION, "no such kernel", (a) => a.cudaFuncSetSharedMemConfig("none", 1)], [INVALID, "no configuration", (a) => a.cudaFuncSetSharedMemConfig("add", 3 as 0)]] },
  { name: "cudaFuncGetName", needs: "context", control: (a, w) => a.cudaFuncGetName(out(), w.kernel), errors: [[INVALID, "name NULL", (a) => a.cudaFuncGetName(null, "add")], [FUNCTION, "no such kernel", (a) => a.cudaFuncGetName(out(), "none")]] },
  { name: "cudaFuncGetParamInfo", needs: "context", control: (a, w) => a.cudaFuncGetParamInfo(w.kernel, 2, out(), out()), errors: [
    [INVALID, "paramOffset NULL", (a) => a.cudaFuncGetParamInfo("add", 0, null, out())], [INVALID, "no parameter", (a) => a.cudaFuncGetParamInfo("add", 3, out(), out())], [FUNCTION, "no such kernel", (a) => a.cudaFuncGetParamInfo("none", 0, out(), out())]] },
]);

testErrors("Occupancy", [
  { name: "cudaOccupancyMaxActiveBlocksPerMultiprocessor", needs: "context", control: (a, w) => a.cudaOccupancyMaxActiveBlocksPerMultiprocessor(out(), w.kernel, 128, 0), errors: [
    [INVALID, "NULL", (a) => a.cudaOccupancyMaxActiveBlocksPerMultiprocessor(null, "add", 128, 0)], [INVALID, "block size 0", (a) => a.cudaOccupancyMaxActiveBlocksPerMultiprocessor(out(), "add", 0, 0)], [FUNCTION, "no such kernel", (a) => a.cudaOccupancyMaxActiveBlocksPerMultiprocessor(out(), "none", 128, 0)]] },
  { name: "cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags", needs: "context", control: (a, w) => a.cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(out(), w.kernel, 128, 0, 1), errors: [
    [INVALID, "NULL", (a) => a.cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(null, "add", 128, 0, 0)], [INVALID, "flags", (a) => a.cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(out(), "add", 128, 0, 2)],
    [FUNCTION, "no such kernel", (a) => a.cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(out(), "none", 128, 0, 0)]] },
  { name: "cudaOccupancyAvailableDynamicSMemPerBlock", needs: "context", control: (a, w) => a.cudaOccupancyAvailableDynamicSMemPerBlock(out(), w.kernel, 2, 128), errors: [
    [INVALID, "NULL", (a) => a.cudaOccupancyAvailableDynamicSMemPerBlock(null, "add", 2, 128)], [INVALID, "no blocks", (a) => a.cudaOccupancyAvailableDynamicSMemPerBlock(out(), "add", 0, 128)], [FUNCTION, "no such kernel", (a) => a.cudaOccupancyAvailableDynamicSMemPerBlock(out(), "none", 2, 128)]] },
]);

testErrors("Library Management", [
  { name: "cudaLibraryLoadData", needs: "driver", control: (a) => { const l = out<0>(); const code = a.cudaLibraryLoadData(l, ptx.add, null, null, 0, null, null, 0); return code === 0 ? a.cudaLibraryUnload(l.value) : code; }, errors: [
    [INVALID, "library NULL", (a) => a.cudaLibraryLoadData(null, ptx.add, null, null, 0, null, null, 0)], [INVALID, "code NULL", (a) => a.cudaLibraryLoadData(out(), null, null, null, 0, null, null, 0)],
    [INVALID, "options NULL", (a) => a.cudaLibraryLoadData(out(), ptx.add, null, null, 1, null, null, 0)], [INVALID, "library options NULL", (a) => a.cudaLibraryLoadData(out(), ptx.add, null, null, 0, null, null, 1)]] },
  { name: "cudaLibraryLoadFromFile", needs: "nothing", control: (a) => a.cudaRuntimeGetVersion(out()), errors: [
    [INVALID, "library NULL", (a) => a.cudaLibraryLoadFromFile(null, "/x", null, null, 0, null, null, 0)], [INVALID, "fileName NULL", (a) => a.cudaLibraryLoadFromFile(out(), null, null, null, 0, null, null, 0)],
    [rt.cudaErrorFileNotFound, "no file", (a) => a.cudaLibraryLoadFromFile(out(), "/none.ptx", null, null, 0, null, null, 0)]] },
  { name: "cudaLibraryUnload", needs: "driver", control: (a) => { const l = out<0>(); const code = a.cudaLibraryLoadData(l, ptx.add, null, null, 0, null, null, 0); return code === 0 ? a.cudaLibraryUnload(l.value) : code; }, errors: [
    [INVALID, "no library", (a, w) => a.cudaLibraryUnload(w.junk)], [INVALID, "NULL", (a) => a.cudaLibraryUnload(null)]] },
  { name: "cudaLibraryGetKernel", needs: "driver", control: (a, w) => a.cudaLibraryGetKernel(out(), w.library, "add"), errors: [
    [INVALID, "pKernel NULL", (a, w) => a.cudaLibraryGetKernel(null, w.library, "add")], [INVALID, "name NULL", (a, w) => a.cudaLibraryGetKernel(out(), w.library, null)], [HANDLE, "no library", (a, w) => a.cudaLibraryGetKernel(out(), w.junk, "add")], [SYMBOL, "no such kernel", (a, w) => a.cudaLibraryGetKernel(out(), w.library, "none")]] },
  { name: "cudaLibraryGetUnifiedFunction", needs: "nothing", control: (a) => a.cudaRuntimeGetVersion(out()), errors: [
    [INVALID, "fptr NULL", (a, w) => a.cudaLibraryGetUnifiedFunction(null, w.library, "add")], [HANDLE, "no library", (a, w) => a.cudaLibraryGetUnifiedFunction(out(), w.junk, "add")], [SYMBOL, "no library has any", (a, w) => a.cudaLibraryGetUnifiedFunction(out(), w.library, "add")]] },
  { name: "cudaLibraryGetGlobal", needs: "nothing", control: (a) => a.cudaRuntimeGetVersion(out()), errors: [
    [INVALID, "name NULL", (a, w) => a.cudaLibraryGetGlobal(out(), out(), w.library, null)], [INVALID, "both NULL", (a, w) => a.cudaLibraryGetGlobal(null, null, w.library, "x")], [HANDLE, "no library", (a, w) => a.cudaLibraryGetGlobal(out(), out(), w.junk, "x")],
    [SYMBOL, "no such variable", (a, w) => a.cudaLibraryGetGlobal(out(), out(), w.library, "none")]] },
  { name: "cudaLibraryGetManaged", needs: "nothing", control: (a) => a.cudaRuntimeGetVersion(out()), errors: [
    [INVALID, "name NULL", (a, w) => a.cudaLibraryGetManaged(out(), out(), w.library, null)], [HANDLE, "no library", (a, w) => a.cudaLibraryGetManaged(out(), out(), w.junk, "x")], [SYMBOL, "no such variable", (a, w) => a.cudaLibraryGetManaged(out(), out(), w.library, "none")]] },
  { name: "cudaLibraryGetKernelCount", needs: "driver", control: (a, w) => a.cudaLibraryGetKernelCount(out(), w.library), errors: [[INVALID, "NULL", (a, w) => a.cudaLibraryGetKernelCount(null, w.library)], [HANDLE, "no library", (a, w) => a.cudaLibraryGetKernelCount(out(), w.junk)]] },
  { name: "cudaLibraryEnumerateKernels", needs: "driver", control: (a, w) => a.cudaLibraryEnumerateKernels(out(), 2, w.library), errors: [[INVALID, "NULL", (a, w) => a.cudaLibraryEnumerateKernels(null, 2, w.library)], [HANDLE, "no library", (a, w) => a.cudaLibraryEnumerateKernels(out(), 2, w.junk)]] },
  { name: "cudaKernelSetAttributeForDevice", needs: "driver", control: (a, w) => a.cudaKernelSetAttributeForDevice(w.kernel, rt.cudaFuncAttributeMaxDynamicSharedMemorySize, 1000, 0), errors: [
    [HANDLE, "no kernel", (a, w) => a.cudaKernelSetAttributeForDevice(w.junk, rt.cudaFuncAttributeMaxDynamicSharedMemorySize, 0, 0)], [INVALID, "no attribute", (a, w) => a.cudaKernelSetAttributeForDevice(w.kernel, 77 as 8, 0, 0)],
    [INVALID, "beyond the device's", (a, w) => a.cudaKernelSetAttributeForDevice(w.kernel, rt.cudaFuncAttributeMaxDynamicSharedMemorySize, 1 << 20, 0)], [rt.cudaErrorInvalidDevice, "no device", (a, w) => a.cudaKernelSetAttributeForDevice(w.kernel, rt.cudaFuncAttributeMaxDynamicSharedMemorySize, 0, 4)]] },
  { name: "cudaGetFuncBySymbol", needs: "context", control: (a, w) => a.cudaGetFuncBySymbol(out(), w.kernel), errors: [[INVALID, "NULL", (a) => a.cudaGetFuncBySymbol(null, "add")], [FUNCTION, "no such kernel", (a) => a.cudaGetFuncBySymbol(out(), "none")]] },
  { name: "cudaGetKernel", needs: "nothing", control: (a) => a.cudaRuntimeGetVersion(out()), errors: [[INVALID, "NULL", (a) => a.cudaGetKernel(null, "add")], [FUNCTION, "no such kernel", (a) => a.cudaGetKernel(out(), "none")]] },
]);
