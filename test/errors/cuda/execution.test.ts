import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUfunction } from "../../../src/cuda/abi/driver/types.ts";
import { testErrors } from "./run.ts";
import type { World } from "./world.ts";

const INVALID = cu.CUDA_ERROR_INVALID_VALUE;
const HANDLE = cu.CUDA_ERROR_INVALID_HANDLE;
type Api = World["cuda"];

interface Launch { readonly f?: CUfunction; readonly grid?: readonly number[]; readonly block?: readonly number[]; readonly shared?: number; readonly stream?: 0; readonly params?: readonly (number | bigint | Uint8Array)[] | null; readonly extra?: { readonly buffer: Uint8Array; readonly size?: number } | null }
type Go = (a: Api, w: World, p: Launch) => number;

const [plain, cooperative, ex]: readonly Go[] = [
  (a, w, p) => a.cuLaunchKernel(p.f ?? w.fn, p.grid?.[0] ?? 1, p.grid?.[1] ?? 1, p.grid?.[2] ?? 1, p.block?.[0] ?? 1, p.block?.[1] ?? 1, p.block?.[2] ?? 1, p.shared ?? 0, p.stream ?? w.stream, p.params === undefined ? [w.d, 4, 1] : p.params, p.extra ?? null),
  (a, w, p) => a.cuLaunchCooperativeKernel(p.f ?? w.fn, p.grid?.[0] ?? 1, p.grid?.[1] ?? 1, p.grid?.[2] ?? 1, p.block?.[0] ?? 1, p.block?.[1] ?? 1, p.block?.[2] ?? 1, p.shared ?? 0, p.stream ?? w.stream, p.params === undefined ? [w.d, 4, 1] : p.params),
  (a, w, p) => a.cuLaunchKernelEx({ gridDimX: p.grid?.[0] ?? 1, gridDimY: p.grid?.[1] ?? 1, gridDimZ: p.grid?.[2] ?? 1, blockDimX: p.block?.[0] ?? 1, blockDimY: p.block?.[1] ?? 1, blockDimZ: p.block?.[2] ?? 1, sharedMemBytes: p.shared ?? 0, hStream: p.stream ?? w.stream }, p.f ?? w.fn, p.params === undefined ? [w.d, 4, 1] : p.params, p.extra ?? null),
] as const;

const common = (go: Go) => [
  [HANDLE, "f none", (a: Api, w: World) => go(a, w, { f: w.junk })], [HANDLE, "stream none", (a: Api, w: World) => go(a, w, { stream: w.junk })], [HANDLE, "stream of another context", (a: Api, w: World) => go(a, w, { stream: w.otherStream as 0 })],
  [INVALID, "grid 0", (a: Api, w: World) => go(a, w, { grid: [1, 0, 1] })], [INVALID, "grid beyond the limit", (a: Api, w: World) => go(a, w, { grid: [1, 65536, 1] })],
  [INVALID, "block 0", (a: Api, w: World) => go(a, w, { block: [0, 1, 1] })], [INVALID, "block z beyond the limit", (a: Api, w: World) => go(a, w, { block: [1, 1, 65] })], [INVALID, "too many threads", (a: Api, w: World) => go(a, w, { block: [33, 32, 1] })],
  [INVALID, "too much shared memory", (a: Api, w: World) => go(a, w, { shared: 49153 })], [INVALID, "shared memory negative", (a: Api, w: World) => go(a, w, { shared: -1 })],
  [INVALID, "a parameter missing", (a: Api, w: World) => go(a, w, { params: [w.d, 4] })], [INVALID, "no parameters", (a: Api, w: World) => go(a, w, { params: null })],
  [INVALID, "a view too short for its parameter", (a: Api, w: World) => go(a, w, { params: [new Uint8Array(7), 4, 1] })],
] as const;

testErrors("Execution Control", [
  { name: "cuLaunchKernel", needs: "context", control: (a, w) => plain!(a, w, { block: [1024, 1, 1], shared: 49152 }), errors: [...common(plain!),
    [INVALID, "kernelParams and extra", (a, w) => plain!(a, w, { extra: { buffer: new Uint8Array(16) } })], [INVALID, "extra too short", (a, w) => plain!(a, w, { params: null, extra: { buffer: new Uint8Array(15) } })],
    [INVALID, "extra longer than its buffer", (a, w) => plain!(a, w, { params: null, extra: { buffer: new Uint8Array(16), size: 17 } })]] },
  { name: "cuLaunchCooperativeKernel", needs: "context", control: (a, w) => cooperative!(a, w, { grid: [108, 1, 1] }), errors: [...common(cooperative!),
    [cu.CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, "more blocks than fit", (a, w) => cooperative!(a, w, { grid: [108 * 32 + 1, 1, 1] })]] },
  { name: "cuLaunchKernelEx", needs: "context", control: (a, w) => ex!(a, w, {}), errors: [...common(ex!),
    [INVALID, "config NULL", (a, w) => a.cuLaunchKernelEx(null, w.empty, null, null)], [INVALID, "attributes missing", (a, w) => a.cuLaunchKernelEx({ gridDimX: 1, gridDimY: 1, gridDimZ: 1, blockDimX: 1, blockDimY: 1, blockDimZ: 1, numAttrs: 1 }, w.empty, null, null)],
    [INVALID, "no attribute", (a, w) => a.cuLaunchKernelEx({ gridDimX: 1, gridDimY: 1, gridDimZ: 1, blockDimX: 1, blockDimY: 1, blockDimZ: 1, numAttrs: 1, attrs: [{ id: 99 as 0 }] }, w.empty, null, null)],
    [cu.CUDA_ERROR_NOT_SUPPORTED, "a cluster", (a, w) => a.cuLaunchKernelEx({ gridDimX: 2, gridDimY: 1, gridDimZ: 1, blockDimX: 1, blockDimY: 1, blockDimZ: 1, numAttrs: 1, attrs: [{ id: cu.CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, value: { clusterDim: { x: 2, y: 1, z: 1 } } }] }, w.empty, null, null)],
    [cu.CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, "cooperative, too large", (a, w) => a.cuLaunchKernelEx({ gridDimX: 99999, gridDimY: 1, gridDimZ: 1, blockDimX: 1, blockDimY: 1, blockDimZ: 1, numAttrs: 1, attrs: [{ id: cu.CU_LAUNCH_ATTRIBUTE_COOPERATIVE, value: { cooperative: 1 } }] }, w.empty, null, null)]] },
  { name: "cuFuncGetAttribute", needs: "context", control: (a, w) => a.cuFuncGetAttribute(out(), 0, w.fn), errors: [
    [INVALID, "pi NULL", (a, w) => a.cuFuncGetAttribute(null, 0, w.fn)], [INVALID, "no attribute", (a, w) => a.cuFuncGetAttribute(out(), 16 as 0, w.fn)], [HANDLE, "no function", (a, w) => a.cuFuncGetAttribute(out(), 0, w.junk)]] },
  { name: "cuFuncSetAttribute", needs: "context", control: (a, w) => a.cuFuncSetAttribute(w.fn, 8, 163 * 1024), errors: [
    [INVALID, "an attribute that cannot be set", (a, w) => a.cuFuncSetAttribute(w.fn, 0, 1)], [INVALID, "more than the device has", (a, w) => a.cuFuncSetAttribute(w.fn, 8, 163 * 1024 + 1)], [INVALID, "carveout above 100", (a, w) => a.cuFuncSetAttribute(w.fn, 9, 101)],
    [INVALID, "a cluster", (a, w) => a.cuFuncSetAttribute(w.fn, 11, 2)], [HANDLE, "no function", (a, w) => a.cuFuncSetAttribute(w.junk, 8, 0)]] },
  { name: "cuFuncSetCacheConfig", needs: "context", control: (a, w) => a.cuFuncSetCacheConfig(w.fn, 2), errors: [[INVALID, "no configuration", (a, w) => a.cuFuncSetCacheConfig(w.fn, 4 as 0)], [INVALID, "no function", (a, w) => a.cuFuncSetCacheConfig(w.junk, 0)]] },
  { name: "cuFuncGetModule", needs: "context", control: (a, w) => a.cuFuncGetModule(out(), w.fn), errors: [[INVALID, "hmod NULL", (a, w) => a.cuFuncGetModule(null, w.fn)], [INVALID, "no function", (a, w) => a.cuFuncGetModule(out(), w.junk)]] },
  { name: "cuFuncGetName", needs: "context", control: (a, w) => a.cuFuncGetName(out(), w.fn), errors: [[INVALID, "name NULL", (a, w) => a.cuFuncGetName(null, w.fn)], [INVALID, "no function", (a, w) => a.cuFuncGetName(out(), w.junk)]] },
  { name: "cuFuncGetParamInfo", needs: "context", control: (a, w) => a.cuFuncGetParamInfo(w.fn, 0, out(), out()), errors: [
    [INVALID, "no such parameter", (a, w) => a.cuFuncGetParamInfo(w.fn, 3, out(), out())], [INVALID, "paramOffset NULL", (a, w) => a.cuFuncGetParamInfo(w.fn, 0, null, out())], [INVALID, "no function", (a, w) => a.cuFuncGetParamInfo(w.junk, 0, out(), out())]] },
  { name: "cuFuncIsLoaded", needs: "context", control: (a, w) => a.cuFuncIsLoaded(out(), w.fn), errors: [[INVALID, "state NULL", (a, w) => a.cuFuncIsLoaded(null, w.fn)], [HANDLE, "no function", (a, w) => a.cuFuncIsLoaded(out(), w.junk)]] },
  { name: "cuFuncLoad", needs: "context", control: (a, w) => a.cuFuncLoad(w.fn), errors: [[HANDLE, "no function", (a, w) => a.cuFuncLoad(w.junk)]] },
]);

const prepared = (a: Api, w: World): Api => {
  a.cuParamSetSize(w.fn, 16);
  a.cuParamSetv(w.fn, 0, BigUint64Array.of(BigInt(w.d)), 8);
  a.cuParamSeti(w.fn, 8, 4);
  a.cuParamSeti(w.fn, 12, 1);
  return a;
};

testErrors("Execution Control [DEPRECATED]", [
  { name: "cuFuncSetBlockShape", needs: "context", control: (a, w) => a.cuFuncSetBlockShape(w.fn, 4, 1, 1), errors: [[INVALID, "size 0", (a, w) => a.cuFuncSetBlockShape(w.fn, 4, 0, 1)], [HANDLE, "no function", (a, w) => a.cuFuncSetBlockShape(w.junk, 1, 1, 1)]] },
  { name: "cuFuncSetSharedSize", needs: "context", control: (a, w) => a.cuFuncSetSharedSize(w.fn, 0), errors: [[INVALID, "negative", (a, w) => a.cuFuncSetSharedSize(w.fn, -1)], [HANDLE, "no function", (a, w) => a.cuFuncSetSharedSize(w.junk, 1)]] },
  { name: "cuFuncSetSharedMemConfig", needs: "context", control: (a, w) => a.cuFuncSetSharedMemConfig(w.fn, 1), errors: [[INVALID, "no configuration", (a, w) => a.cuFuncSetSharedMemConfig(w.fn, 3 as 0)], [INVALID, "no function", (a, w) => a.cuFuncSetSharedMemConfig(w.junk, 1)]] },
  { name: "cuParamSetSize", needs: "context", control: (a, w) => a.cuParamSetSize(w.fn, 16), errors: [[INVALID, "too large", (a, w) => a.cuParamSetSize(w.fn, 4097)], [INVALID, "no function", (a, w) => a.cuParamSetSize(w.junk, 1)]] },
  { name: "cuParamSeti", needs: "context", control: (a, w) => a.cuParamSeti(w.fn, 0, 1), errors: [[INVALID, "outside the block", (a, w) => a.cuParamSeti(w.fn, 4093, 1)], [INVALID, "no function", (a, w) => a.cuParamSeti(w.junk, 0, 1)]] },
  { name: "cuParamSetf", needs: "context", control: (a, w) => a.cuParamSetf(w.fn, 0, 1.5), errors: [[INVALID, "outside the block", (a, w) => a.cuParamSetf(w.fn, -1, 1)], [INVALID, "no function", (a, w) => a.cuParamSetf(w.junk, 0, 1)]] },
  { name: "cuParamSetv", needs: "context", control: (a, w) => a.cuParamSetv(w.fn, 0, new Uint8Array(8), 8), errors: [[INVALID, "ptr NULL", (a, w) => a.cuParamSetv(w.fn, 0, null, 8)], [INVALID, "ptr too short", (a, w) => a.cuParamSetv(w.fn, 0, new Uint8Array(4), 8)], [INVALID, "no function", (a, w) => a.cuParamSetv(w.junk, 0, new Uint8Array(4), 4)]] },
  { name: "cuLaunch", needs: "context", control: (a, w) => prepared(a, w).cuLaunch(w.fn), errors: [[INVALID, "no function", (a, w) => a.cuLaunch(w.junk)]] },
  { name: "cuLaunchGrid", needs: "context", control: (a, w) => prepared(a, w).cuLaunchGrid(w.fn, 2, 2), errors: [[INVALID, "grid 0", (a, w) => prepared(a, w).cuLaunchGrid(w.fn, 0, 1)], [INVALID, "no function", (a, w) => a.cuLaunchGrid(w.junk, 1, 1)]] },
  { name: "cuLaunchGridAsync", needs: "context", control: (a, w) => prepared(a, w).cuLaunchGridAsync(w.fn, 1, 1, w.stream), errors: [[HANDLE, "no stream", (a, w) => prepared(a, w).cuLaunchGridAsync(w.fn, 1, 1, w.junk)], [INVALID, "no function", (a, w) => a.cuLaunchGridAsync(w.junk, 1, 1, w.stream)]] },
]);

testErrors("Occupancy", [
  { name: "cuOccupancyMaxActiveBlocksPerMultiprocessor", needs: "context", control: (a, w) => a.cuOccupancyMaxActiveBlocksPerMultiprocessor(out(), w.fn, 128, 0), errors: [
    [INVALID, "numBlocks NULL", (a, w) => a.cuOccupancyMaxActiveBlocksPerMultiprocessor(null, w.fn, 128, 0)], [INVALID, "no function", (a, w) => a.cuOccupancyMaxActiveBlocksPerMultiprocessor(out(), w.junk, 128, 0)],
    [INVALID, "blockSize 0", (a, w) => a.cuOccupancyMaxActiveBlocksPerMultiprocessor(out(), w.fn, 0, 0)], [INVALID, "negative shared memory", (a, w) => a.cuOccupancyMaxActiveBlocksPerMultiprocessor(out(), w.fn, 32, -1)]] },
  { name: "cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags", needs: "context", control: (a, w) => a.cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(out(), w.fn, 128, 0, 1), errors: [
    [INVALID, "unknown flags", (a, w) => a.cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(out(), w.fn, 128, 0, 2)]] },
  { name: "cuOccupancyMaxPotentialBlockSize", needs: "context", control: (a, w) => a.cuOccupancyMaxPotentialBlockSize(out(), out(), w.fn, null, 0, 0), errors: [
    [INVALID, "minGridSize NULL", (a, w) => a.cuOccupancyMaxPotentialBlockSize(null, out(), w.fn, null, 0, 0)], [INVALID, "blockSize NULL", (a, w) => a.cuOccupancyMaxPotentialBlockSize(out(), null, w.fn, null, 0, 0)], [INVALID, "no function", (a, w) => a.cuOccupancyMaxPotentialBlockSize(out(), out(), w.junk, null, 0, 0)],
    [INVALID, "negative limit", (a, w) => a.cuOccupancyMaxPotentialBlockSize(out(), out(), w.fn, null, 0, -1)]] },
  { name: "cuOccupancyMaxPotentialBlockSizeWithFlags", needs: "context", control: (a, w) => a.cuOccupancyMaxPotentialBlockSizeWithFlags(out(), out(), w.fn, (n) => n * 4, 0, 256, 0), errors: [
    [INVALID, "unknown flags", (a, w) => a.cuOccupancyMaxPotentialBlockSizeWithFlags(out(), out(), w.fn, null, 0, 0, 4)]] },
  { name: "cuOccupancyAvailableDynamicSMemPerBlock", needs: "context", control: (a, w) => a.cuOccupancyAvailableDynamicSMemPerBlock(out(), w.fn, 2, 128), errors: [
    [INVALID, "out-parameter NULL", (a, w) => a.cuOccupancyAvailableDynamicSMemPerBlock(null, w.fn, 2, 128)], [INVALID, "no function", (a, w) => a.cuOccupancyAvailableDynamicSMemPerBlock(out(), w.junk, 2, 128)],
    [INVALID, "numBlocks 0", (a, w) => a.cuOccupancyAvailableDynamicSMemPerBlock(out(), w.fn, 0, 128)], [INVALID, "more blocks than can be", (a, w) => a.cuOccupancyAvailableDynamicSMemPerBlock(out(), w.fn, 33, 32)]] },
]);

testErrors("Unified Addressing", [
  { name: "cuPointerGetAttribute", needs: "context", control: (a, w) => a.cuPointerGetAttribute(out(), cu.CU_POINTER_ATTRIBUTE_MEMORY_TYPE, w.d + 9), errors: [
    [INVALID, "data NULL", (a, w) => a.cuPointerGetAttribute(null, 2, w.d)], [INVALID, "no attribute", (a, w) => a.cuPointerGetAttribute(out(), 99 as 1, w.d)], [INVALID, "unknown address", (a) => a.cuPointerGetAttribute(out(), 2, 4096)],
    [INVALID, "device memory has no host pointer", (a, w) => a.cuPointerGetAttribute(out(), cu.CU_POINTER_ATTRIBUTE_HOST_POINTER, w.d)]] },
  { name: "cuPointerGetAttributes", needs: "context", control: (a) => a.cuPointerGetAttributes(1, [2], [out()], 4096), errors: [
    [INVALID, "attributes NULL", (a, w) => a.cuPointerGetAttributes(1, null, [out()], w.d)], [INVALID, "data NULL", (a, w) => a.cuPointerGetAttributes(1, [2], null, w.d)], [INVALID, "numAttributes 0", (a, w) => a.cuPointerGetAttributes(0, [], [], w.d)],
    [INVALID, "no attribute", (a, w) => a.cuPointerGetAttributes(1, [0 as 1], [out()], w.d)]] },
  { name: "cuPointerSetAttribute", needs: "context", control: (a, w) => a.cuPointerSetAttribute(0, cu.CU_POINTER_ATTRIBUTE_SYNC_MEMOPS, w.d), errors: [
    [INVALID, "value NULL", (a, w) => a.cuPointerSetAttribute(null, 6, w.d)], [INVALID, "another attribute", (a, w) => a.cuPointerSetAttribute(1, 2, w.d)], [INVALID, "host memory", (a, w) => a.cuPointerSetAttribute(1, 6, w.pinned)]] },
  { name: "cuMemPrefetchAsync_v2", needs: "context", control: (a, w) => a.cuMemPrefetchAsync(w.managed, 4096, { type: 1, id: 0 }, 0, w.stream), errors: [
    [INVALID, "device memory", (a, w) => a.cuMemPrefetchAsync(w.d, 16, { type: 1, id: 0 }, 0, w.stream)], [INVALID, "beyond the end", (a, w) => a.cuMemPrefetchAsync(w.managed, 4097, { type: 1, id: 0 }, 0, w.stream)], [INVALID, "count 0", (a, w) => a.cuMemPrefetchAsync(w.managed, 0, { type: 1, id: 0 }, 0, w.stream)],
    [INVALID, "flags not 0", (a, w) => a.cuMemPrefetchAsync(w.managed, 16, { type: 1, id: 0 }, 1, w.stream)], [INVALID, "no location", (a, w) => a.cuMemPrefetchAsync(w.managed, 16, { type: 0, id: 0 }, 0, w.stream)],
    [cu.CUDA_ERROR_INVALID_DEVICE, "no such device", (a, w) => a.cuMemPrefetchAsync(w.managed, 16, { type: 1, id: 9 }, 0, w.stream)], [HANDLE, "no stream", (a, w) => a.cuMemPrefetchAsync(w.managed, 16, { type: 1, id: 0 }, 0, w.junk)]] },
  { name: "cuMemAdvise_v2", needs: "context", control: (a, w) => a.cuMemAdvise(w.managed, 16, cu.CU_MEM_ADVISE_SET_READ_MOSTLY, { type: 1, id: 99 }), errors: [
    [INVALID, "device memory", (a, w) => a.cuMemAdvise(w.d, 16, 1, { type: 1, id: 0 })], [INVALID, "no advice", (a, w) => a.cuMemAdvise(w.managed, 16, 9 as 1, { type: 1, id: 0 })], [INVALID, "beyond the end", (a, w) => a.cuMemAdvise(w.managed, 4097, 1, { type: 1, id: 0 })],
    [cu.CUDA_ERROR_INVALID_DEVICE, "no such device", (a, w) => a.cuMemAdvise(w.managed, 16, cu.CU_MEM_ADVISE_SET_PREFERRED_LOCATION, { type: 1, id: 9 })]] },
  { name: "cuMemRangeGetAttribute", needs: "context", control: (a, w) => a.cuMemRangeGetAttribute(out(), 4, 1, w.managed, 4096), errors: [
    [INVALID, "data NULL", (a, w) => a.cuMemRangeGetAttribute(null, 4, 1, w.managed, 16)], [INVALID, "dataSize 8", (a, w) => a.cuMemRangeGetAttribute(out(), 8, 1, w.managed, 16)], [INVALID, "no attribute", (a, w) => a.cuMemRangeGetAttribute(out(), 4, 99 as 1, w.managed, 16)],
    [INVALID, "device memory", (a, w) => a.cuMemRangeGetAttribute(out(), 4, 1, w.d, 16)]] },
  { name: "cuMemRangeGetAttributes", needs: "context", control: (a, w) => a.cuMemRangeGetAttributes([out(), out()], [4, 8], [1, 3], 2, w.managed, 4096), errors: [
    [INVALID, "data NULL", (a, w) => a.cuMemRangeGetAttributes(null, [4], [1], 1, w.managed, 16)], [INVALID, "numAttributes 0", (a, w) => a.cuMemRangeGetAttributes([], [], [], 0, w.managed, 16)], [INVALID, "odd dataSize", (a, w) => a.cuMemRangeGetAttributes([out()], [6], [3], 1, w.managed, 16)]] },
]);
