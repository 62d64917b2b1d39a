import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUdeviceptr, CUevent, CUmemGenericAllocationHandle, CUmemoryPool } from "../../../src/cuda/abi/driver/types.ts";
import { testErrors } from "./run.ts";
import type { World } from "./world.ts";

const INVALID = cu.CUDA_ERROR_INVALID_VALUE;
const HANDLE = cu.CUDA_ERROR_INVALID_HANDLE;
const DEVICE = cu.CUDA_ERROR_INVALID_DEVICE;
const MB2 = 2 * 1024 * 1024;
type Api = World["cuda"];
const here = { type: cu.CU_MEM_LOCATION_TYPE_DEVICE, id: 0 } as const;
const nowhere = { type: cu.CU_MEM_LOCATION_TYPE_DEVICE, id: 9 } as const;
const host = { type: cu.CU_MEM_LOCATION_TYPE_HOST, id: 0 } as const;
const PINNED = cu.CU_MEM_ALLOCATION_TYPE_PINNED;
const prop = { type: PINNED, location: here, requestedHandleTypes: cu.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR } as const;
const rw = [{ location: here, flags: cu.CU_MEM_ACCESS_FLAGS_PROT_READWRITE }] as const;

/** Makes a range, memory and a mapping, calls, and takes all away again. */
function mapped(a: Api, w: World, call: (range: CUdeviceptr, handle: CUmemGenericAllocationHandle) => number): number {
  const [range, handle] = [out<CUdeviceptr>(), out<CUmemGenericAllocationHandle>()];
  const code = a.cuMemAddressReserve(range, MB2, 0, 0, 0);
  if (code !== 0) return call(0, w.junk);
  a.cuMemCreate(handle, MB2, prop, 0);
  a.cuMemMap(range.value, MB2, 0, handle.value, 0);
  const result = call(range.value, handle.value);
  a.cuMemUnmap(range.value, MB2);
  a.cuMemRelease(handle.value);
  a.cuMemAddressFree(range.value, MB2);
  return result;
}

/** Makes a pool, calls, destroys it. */
function pooled(a: Api, w: World, call: (pool: CUmemoryPool) => number): number {
  const pool = out<CUmemoryPool>();
  if (a.cuMemPoolCreate(pool, { allocType: PINNED, location: here }) !== 0) return call(w.junk);
  const code = call(pool.value);
  a.cuMemPoolDestroy(pool.value);
  return code;
}

testErrors("Virtual Memory Management", [
  { name: "cuMemAddressReserve", needs: "init", control: (a) => { const p = out<number>(); const code = a.cuMemAddressReserve(p, MB2, 0, 0, 0); if (code === 0) a.cuMemAddressFree(p.value, MB2); return code; }, errors: [
    [INVALID, "ptr NULL", (a) => a.cuMemAddressReserve(null, MB2, 0, 0, 0)], [INVALID, "size 0", (a) => a.cuMemAddressReserve(out(), 0, 0, 0, 0)], [INVALID, "size no multiple of the page", (a) => a.cuMemAddressReserve(out(), MB2 + 1, 0, 0, 0)],
    [INVALID, "alignment 3", (a) => a.cuMemAddressReserve(out(), MB2, 3, 0, 0)], [INVALID, "misaligned hint", (a) => a.cuMemAddressReserve(out(), MB2, 0, 5, 0)], [INVALID, "flags not 0", (a) => a.cuMemAddressReserve(out(), MB2, 0, 0, 1n)],
    [cu.CUDA_ERROR_OUT_OF_MEMORY, "more addresses than there are", (a) => a.cuMemAddressReserve(out(), 2 ** 44, 0, 0, 0)]] },
  { name: "cuMemAddressFree", needs: "init", control: (a) => { const p = out<number>(); const code = a.cuMemAddressReserve(p, MB2, 0, 0, 0); return code === 0 ? a.cuMemAddressFree(p.value, MB2) : a.cuMemAddressFree(0, MB2); }, errors: [
    [INVALID, "not reserved", (a) => a.cuMemAddressFree(65536, MB2)], [INVALID, "another size", (a, w) => mapped(w.cuda, w, (range) => a.cuMemAddressFree(range, 2 * MB2))], [INVALID, "something mapped", (a, w) => mapped(w.cuda, w, (range) => a.cuMemAddressFree(range, MB2))]] },
  { name: "cuMemCreate", needs: "init", control: (a) => { const h = out<CUmemGenericAllocationHandle>(); const code = a.cuMemCreate(h, MB2, prop, 0); if (code === 0) a.cuMemRelease(h.value); return code; }, errors: [
    [INVALID, "handle NULL", (a) => a.cuMemCreate(null, MB2, prop, 0)], [INVALID, "prop NULL", (a) => a.cuMemCreate(out(), MB2, null, 0)], [INVALID, "size no multiple of the granularity", (a) => a.cuMemCreate(out(), 65536, prop, 0)], [INVALID, "size 0", (a) => a.cuMemCreate(out(), 0, prop, 0)],
    [INVALID, "flags not 0", (a) => a.cuMemCreate(out(), MB2, prop, 1)], [INVALID, "unknown type", (a) => a.cuMemCreate(out(), MB2, { ...prop, type: 0 }, 0)], [INVALID, "no location", (a) => a.cuMemCreate(out(), MB2, { ...prop, location: { type: 0 } }, 0)],
    [INVALID, "HOST_NUMA_CURRENT", (a) => a.cuMemCreate(out(), MB2, { ...prop, location: { type: cu.CU_MEM_LOCATION_TYPE_HOST_NUMA_CURRENT } }, 0)],
    [INVALID, "host memory to be shared", (a) => a.cuMemCreate(out(), MB2, { ...prop, location: host }, 0)], [cu.CUDA_ERROR_NOT_SUPPORTED, "host memory", (a) => a.cuMemCreate(out(), MB2, { type: PINNED, location: host }, 0)],
    [cu.CUDA_ERROR_NOT_SUPPORTED, "a Windows handle", (a) => a.cuMemCreate(out(), MB2, { ...prop, requestedHandleTypes: 2 }, 0)], [DEVICE, "no such device", (a) => a.cuMemCreate(out(), MB2, { ...prop, location: nowhere }, 0)],
    [cu.CUDA_ERROR_OUT_OF_MEMORY, "more than there is", (a) => a.cuMemCreate(out(), 2 ** 44, prop, 0)]] },
  { name: "cuMemRelease", needs: "init", control: (a, w) => { const h = out<CUmemGenericAllocationHandle>(); return a.cuMemCreate(h, MB2, prop, 0) === 0 ? a.cuMemRelease(h.value) : a.cuMemRelease(w.junk); }, errors: [[INVALID, "no handle", (a, w) => a.cuMemRelease(w.junk)]] },
  { name: "cuMemMap", needs: "init", control: (a, w) => mapped(a, w, (range, handle) => (a.cuMemUnmap(range, MB2), a.cuMemMap(range, MB2, 0, handle, 0))), errors: [
    [INVALID, "no handle", (a, w) => a.cuMemMap(65536, MB2, 0, w.junk, 0)], [INVALID, "offset not 0", (a, w) => mapped(w.cuda, w, (range, handle) => (a.cuMemUnmap(range, MB2), a.cuMemMap(range, MB2, MB2, handle, 0)))],
    [INVALID, "flags not 0", (a, w) => mapped(w.cuda, w, (range, handle) => (a.cuMemUnmap(range, MB2), a.cuMemMap(range, MB2, 0, handle, 1)))], [INVALID, "misaligned", (a, w) => mapped(w.cuda, w, (range, handle) => (a.cuMemUnmap(range, MB2), a.cuMemMap(range, 65536, 0, handle, 0)))],
    [INVALID, "larger than the memory", (a, w) => mapped(w.cuda, w, (range, handle) => a.cuMemMap(range, 2 * MB2, 0, handle, 0))], [INVALID, "not reserved", (a, w) => mapped(w.cuda, w, (_range, handle) => a.cuMemMap(w.d - (w.d % MB2), MB2, 0, handle, 0))],
    [INVALID, "mapped already", (a, w) => mapped(w.cuda, w, (range, handle) => a.cuMemMap(range, MB2, 0, handle, 0))]] },
  { name: "cuMemUnmap", needs: "init", control: (a, w) => mapped(a, w, (range, handle) => { const code = a.cuMemUnmap(range, MB2); a.cuMemMap(range, MB2, 0, handle, 0); return code; }), errors: [
    [INVALID, "nothing mapped", (a) => a.cuMemUnmap(65536, MB2)], [INVALID, "part of a mapping", (a, w) => mapped(w.cuda, w, (range) => a.cuMemUnmap(range, 65536))]] },
  { name: "cuMemSetAccess", needs: "init", control: (a, w) => mapped(a, w, (range) => a.cuMemSetAccess(range, MB2, rw, 1)), errors: [
    [INVALID, "desc NULL", (a, w) => mapped(w.cuda, w, (range) => a.cuMemSetAccess(range, MB2, null, 1))], [INVALID, "count 0", (a, w) => mapped(w.cuda, w, (range) => a.cuMemSetAccess(range, MB2, rw, 0))],
    [INVALID, "nothing mapped", (a) => a.cuMemSetAccess(65536, MB2, rw, 1)], [INVALID, "part of a mapping", (a, w) => mapped(w.cuda, w, (range) => a.cuMemSetAccess(range, 65536, rw, 1))],
    [INVALID, "unknown flags", (a, w) => mapped(w.cuda, w, (range) => a.cuMemSetAccess(range, MB2, [{ location: here, flags: 2 as 1 }], 1))], [INVALID, "no location", (a, w) => mapped(w.cuda, w, (range) => a.cuMemSetAccess(range, MB2, [{ flags: 3 }], 1))],
    [DEVICE, "no such device", (a, w) => mapped(w.cuda, w, (range) => a.cuMemSetAccess(range, MB2, [{ location: nowhere, flags: 3 }], 1))], [cu.CUDA_ERROR_NOT_SUPPORTED, "the host", (a, w) => mapped(w.cuda, w, (range) => a.cuMemSetAccess(range, MB2, [{ location: host, flags: 3 }], 1))]] },
  { name: "cuMemGetAccess", needs: "init", control: (a, w) => mapped(a, w, (range) => a.cuMemGetAccess(out(), here, range)), errors: [
    [INVALID, "flags NULL", (a, w) => mapped(w.cuda, w, (range) => a.cuMemGetAccess(null, here, range))], [INVALID, "location NULL", (a, w) => mapped(w.cuda, w, (range) => a.cuMemGetAccess(out(), null, range))], [INVALID, "nothing mapped", (a) => a.cuMemGetAccess(out(), here, 65536)],
    [INVALID, "no location", (a, w) => mapped(w.cuda, w, (range) => a.cuMemGetAccess(out(), host, range))], [DEVICE, "no such device", (a, w) => mapped(w.cuda, w, (range) => a.cuMemGetAccess(out(), nowhere, range))]] },
  { name: "cuMemRetainAllocationHandle", needs: "init", control: (a, w) => mapped(a, w, (range, handle) => { const code = a.cuMemRetainAllocationHandle(out(), range); a.cuMemRelease(handle); return code; }), errors: [
    [INVALID, "handle NULL", (a, w) => mapped(w.cuda, w, (range) => a.cuMemRetainAllocationHandle(null, range))], [INVALID, "nothing mapped", (a) => a.cuMemRetainAllocationHandle(out(), 65536)], [INVALID, "memory of cuMemAlloc", (a, w) => a.cuMemRetainAllocationHandle(out(), w.d)]] },
  { name: "cuMemGetAllocationGranularity", needs: "init", control: (a) => a.cuMemGetAllocationGranularity(out(), prop, 1), errors: [
    [INVALID, "granularity NULL", (a) => a.cuMemGetAllocationGranularity(null, prop, 0)], [INVALID, "prop NULL", (a) => a.cuMemGetAllocationGranularity(out(), null, 0)], [INVALID, "no option", (a) => a.cuMemGetAllocationGranularity(out(), prop, 2 as 0)],
    [cu.CUDA_ERROR_NOT_SUPPORTED, "host memory", (a) => a.cuMemGetAllocationGranularity(out(), { type: PINNED, location: host }, 0)]] },
  { name: "cuMemGetAllocationPropertiesFromHandle", needs: "init", control: (a, w) => mapped(a, w, (_range, handle) => a.cuMemGetAllocationPropertiesFromHandle(out(), handle)), errors: [
    [INVALID, "prop NULL", (a, w) => mapped(w.cuda, w, (_range, handle) => a.cuMemGetAllocationPropertiesFromHandle(null, handle))], [INVALID, "no handle", (a, w) => a.cuMemGetAllocationPropertiesFromHandle(out(), w.junk)]] },
  { name: "cuMemExportToShareableHandle", needs: "init", control: (a, w) => mapped(a, w, (_range, handle) => a.cuMemExportToShareableHandle(out(), handle, 1, 0)), errors: [
    [INVALID, "shareableHandle NULL", (a, w) => mapped(w.cuda, w, (_range, handle) => a.cuMemExportToShareableHandle(null, handle, 1, 0))], [INVALID, "no handle", (a, w) => a.cuMemExportToShareableHandle(out(), w.junk, 1, 0)],
    [INVALID, "flags not 0", (a, w) => mapped(w.cuda, w, (_range, handle) => a.cuMemExportToShareableHandle(out(), handle, 1, 1))], [INVALID, "no type", (a, w) => mapped(w.cuda, w, (_range, handle) => a.cuMemExportToShareableHandle(out(), handle, 0, 0))],
    [cu.CUDA_ERROR_NOT_SUPPORTED, "a Windows handle", (a, w) => mapped(w.cuda, w, (_range, handle) => a.cuMemExportToShareableHandle(out(), handle, 2, 0))]] },
  { name: "cuMemImportFromShareableHandle", needs: "init", control: (a, w) => mapped(a, w, (_range, handle) => { const fd = out<unknown>(); a.cuMemExportToShareableHandle(fd, handle, 1, 0); const h = out<CUmemGenericAllocationHandle>(); const code = a.cuMemImportFromShareableHandle(h, fd.isSet ? fd.value : 1, 1); if (code === 0) a.cuMemRelease(h.value); return code; }), errors: [
    [INVALID, "handle NULL", (a) => a.cuMemImportFromShareableHandle(null, 3, 1)], [INVALID, "no descriptor", (a) => a.cuMemImportFromShareableHandle(out(), 99, 1)], [INVALID, "no number", (a) => a.cuMemImportFromShareableHandle(out(), "3", 1)],
    [cu.CUDA_ERROR_NOT_SUPPORTED, "a fabric handle", (a) => a.cuMemImportFromShareableHandle(out(), 3, 8)]] },
]);

testErrors("Stream Ordered Memory Allocator", [
  { name: "cuMemAllocAsync", needs: "context", control: (a, w) => { const p = out<number>(); const code = a.cuMemAllocAsync(p, 64, w.stream); if (code === 0) a.cuMemFreeAsync(p.value, w.stream); return code; }, errors: [
    [INVALID, "dptr NULL", (a, w) => a.cuMemAllocAsync(null, 64, w.stream)], [INVALID, "bytesize 0", (a, w) => a.cuMemAllocAsync(out(), 0, w.stream)], [HANDLE, "no stream", (a, w) => a.cuMemAllocAsync(out(), 64, w.junk)],
    [cu.CUDA_ERROR_OUT_OF_MEMORY, "more than there is", (a, w) => a.cuMemAllocAsync(out(), 2 ** 45, w.stream)]] },
  { name: "cuMemAllocFromPoolAsync", needs: "context", control: (a, w) => pooled(a, w, (pool) => { const p = out<number>(); const code = a.cuMemAllocFromPoolAsync(p, 64, pool, w.stream); if (code === 0) a.cuMemFreeAsync(p.value, w.stream); return code; }), errors: [
    [INVALID, "no pool", (a, w) => a.cuMemAllocFromPoolAsync(out(), 64, w.junk, w.stream)], [INVALID, "bytesize 0", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemAllocFromPoolAsync(out(), 0, pool, w.stream))]] },
  { name: "cuMemFreeAsync", needs: "context", control: (a, w) => { const p = out<number>(); const code = a.cuMemAllocAsync(p, 64, w.stream); return code === 0 ? a.cuMemFreeAsync(p.value, w.stream) : a.cuMemFreeAsync(0, w.stream); }, errors: [
    [INVALID, "memory of cuMemAlloc", (a, w) => a.cuMemFreeAsync(w.d, w.stream)], [INVALID, "no memory", (a, w) => a.cuMemFreeAsync(65536, w.stream)], [HANDLE, "no stream", (a, w) => a.cuMemFreeAsync(w.d, w.junk)]] },
  { name: "cuMemPoolTrimTo", needs: "init", control: (a, w) => pooled(a, w, (pool) => a.cuMemPoolTrimTo(pool, 0)), errors: [[INVALID, "no pool", (a, w) => a.cuMemPoolTrimTo(w.junk, 0)]] },
  { name: "cuMemPoolSetAttribute", needs: "init", control: (a, w) => pooled(a, w, (pool) => a.cuMemPoolSetAttribute(pool, cu.CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, 5n)), errors: [
    [INVALID, "no pool", (a, w) => a.cuMemPoolSetAttribute(w.junk, 4, 0)], [INVALID, "value NULL", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemPoolSetAttribute(pool, 4, null))], [INVALID, "high-water mark not 0", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemPoolSetAttribute(pool, 6, 1n))],
    [INVALID, "cannot be set", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemPoolSetAttribute(pool, 5, 0n))], [INVALID, "no attribute", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemPoolSetAttribute(pool, 99 as 1, 0n))]] },
  { name: "cuMemPoolGetAttribute", needs: "init", control: (a, w) => pooled(a, w, (pool) => a.cuMemPoolGetAttribute(pool, 1, out())), errors: [
    [INVALID, "no pool", (a, w) => a.cuMemPoolGetAttribute(w.junk, 1, out())], [INVALID, "value NULL", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemPoolGetAttribute(pool, 1, null))], [INVALID, "no attribute", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemPoolGetAttribute(pool, 99 as 1, out()))]] },
  { name: "cuMemPoolSetAccess", needs: "init", control: (a, w) => pooled(a, w, (pool) => a.cuMemPoolSetAccess(pool, [{ location: { type: 1, id: 1 }, flags: 3 }], 1)), errors: [
    [INVALID, "no pool", (a, w) => a.cuMemPoolSetAccess(w.junk, rw, 1)], [INVALID, "map NULL", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemPoolSetAccess(pool, null, 1))], [INVALID, "count 0", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemPoolSetAccess(pool, rw, 0))],
    [INVALID, "no device", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemPoolSetAccess(pool, [{ location: nowhere, flags: 3 }], 1))], [INVALID, "less for the own device", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemPoolSetAccess(pool, [{ location: here, flags: 1 }], 1))],
    [INVALID, "unknown flags", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemPoolSetAccess(pool, [{ location: here, flags: 2 as 1 }], 1))]] },
  { name: "cuMemPoolGetAccess", needs: "init", control: (a, w) => pooled(a, w, (pool) => a.cuMemPoolGetAccess(out(), pool, here)), errors: [
    [INVALID, "no pool", (a, w) => a.cuMemPoolGetAccess(out(), w.junk, here)], [INVALID, "flags NULL", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemPoolGetAccess(null, pool, here))], [INVALID, "no device", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemPoolGetAccess(out(), pool, nowhere))]] },
  { name: "cuMemPoolCreate", needs: "init", control: (a) => { const p = out<CUmemoryPool>(); const code = a.cuMemPoolCreate(p, { allocType: PINNED, location: here }); if (code === 0) a.cuMemPoolDestroy(p.value); return code; }, errors: [
    [INVALID, "pool NULL", (a) => a.cuMemPoolCreate(null, { allocType: PINNED, location: here })], [INVALID, "poolProps NULL", (a) => a.cuMemPoolCreate(out(), null)], [INVALID, "no type", (a) => a.cuMemPoolCreate(out(), { location: here })],
    [INVALID, "no device", (a) => a.cuMemPoolCreate(out(), { allocType: PINNED, location: nowhere })], [cu.CUDA_ERROR_NOT_SUPPORTED, "host memory", (a) => a.cuMemPoolCreate(out(), { allocType: PINNED, location: host })],
    [cu.CUDA_ERROR_NOT_SUPPORTED, "to be shared", (a) => a.cuMemPoolCreate(out(), { allocType: PINNED, location: here, handleTypes: 1 })]] },
  { name: "cuMemPoolDestroy", needs: "init", control: (a, w) => { const p = out<CUmemoryPool>(); return a.cuMemPoolCreate(p, { allocType: PINNED, location: here }) === 0 ? a.cuMemPoolDestroy(p.value) : a.cuMemPoolDestroy(w.junk); }, errors: [
    [INVALID, "no pool", (a, w) => a.cuMemPoolDestroy(w.junk)], [INVALID, "default pool", (a, w) => a.cuMemPoolDestroy(w.easy.cuDeviceGetDefaultMemPool(0))]] },
  { name: "cuMemGetDefaultMemPool", needs: "init", control: (a) => a.cuMemGetDefaultMemPool(out(), here, PINNED), errors: [
    [INVALID, "pool_out NULL", (a) => a.cuMemGetDefaultMemPool(null, here, PINNED)], [INVALID, "location NULL", (a) => a.cuMemGetDefaultMemPool(out(), null, PINNED)], [INVALID, "no type", (a) => a.cuMemGetDefaultMemPool(out(), here, 0)], [DEVICE, "no such device", (a) => a.cuMemGetDefaultMemPool(out(), nowhere, PINNED)]] },
  { name: "cuMemGetMemPool", needs: "init", control: (a) => a.cuMemGetMemPool(out(), here, PINNED), errors: [[INVALID, "pool NULL", (a) => a.cuMemGetMemPool(null, here, PINNED)], [INVALID, "no location", (a) => a.cuMemGetMemPool(out(), host, PINNED)], [INVALID, "no such device", (a) => a.cuMemGetMemPool(out(), nowhere, PINNED)]] },
  { name: "cuMemSetMemPool", needs: "init", control: (a, w) => pooled(a, w, (pool) => a.cuMemSetMemPool(here, PINNED, pool)), errors: [
    [INVALID, "no pool", (a, w) => a.cuMemSetMemPool(here, PINNED, w.junk)], [INVALID, "a pool of another device", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemSetMemPool({ type: 1, id: 1 }, PINNED, pool))], [INVALID, "location NULL", (a, w) => pooled(w.cuda, w, (pool) => a.cuMemSetMemPool(null, PINNED, pool))]] },
  { name: "cuDeviceSetMemPool", needs: "init", control: (a, w) => pooled(a, w, (pool) => a.cuDeviceSetMemPool(0, pool)), errors: [
    [INVALID, "no such device", (a, w) => pooled(w.cuda, w, (pool) => a.cuDeviceSetMemPool(9, pool))], [INVALID, "no pool", (a, w) => a.cuDeviceSetMemPool(0, w.junk)], [INVALID, "a pool of another device", (a, w) => pooled(w.cuda, w, (pool) => a.cuDeviceSetMemPool(1, pool))]] },
  { name: "cuDeviceGetMemPool", needs: "init", control: (a) => a.cuDeviceGetMemPool(out(), 0), errors: [[INVALID, "pool NULL", (a) => a.cuDeviceGetMemPool(null, 0)], [INVALID, "no such device", (a) => a.cuDeviceGetMemPool(out(), 9)]] },
  { name: "cuDeviceGetDefaultMemPool", needs: "init", control: (a) => a.cuDeviceGetDefaultMemPool(out(), 0), errors: [[INVALID, "pool_out NULL", (a) => a.cuDeviceGetDefaultMemPool(null, 0)], [DEVICE, "no such device", (a) => a.cuDeviceGetDefaultMemPool(out(), 9)]] },
]);

/** The handle with the number of a process that there is not. */
function ofNobody({ reserved }: { readonly reserved: Uint8Array }): { readonly reserved: Uint8Array } {
  const bytes = Uint8Array.from(reserved);
  new DataView(bytes.buffer).setUint32(4, 4711, true);
  return { reserved: bytes };
}

const blank = { reserved: new Uint8Array(64) };
testErrors("Memory Management: other processes' memory; Driver Entry Point Access", [
  { name: "cuIpcGetMemHandle", needs: "context", control: (a, w) => a.cuIpcGetMemHandle(out(), w.d), errors: [
    [INVALID, "pHandle NULL", (a, w) => a.cuIpcGetMemHandle(null, w.d)], [INVALID, "inside an allocation", (a, w) => a.cuIpcGetMemHandle(out(), w.d + 256)], [INVALID, "managed memory", (a, w) => a.cuIpcGetMemHandle(out(), w.managed)]] },
  { name: "cuIpcGetEventHandle", needs: "context", control: (a, w) => a.cuIpcGetEventHandle(out(), w.interprocess), errors: [
    [INVALID, "pHandle NULL", (a, w) => a.cuIpcGetEventHandle(null, w.interprocess)], [INVALID, "an event without CU_EVENT_INTERPROCESS", (a, w) => a.cuIpcGetEventHandle(out(), w.untimed)], [cu.CUDA_ERROR_INVALID_HANDLE, "no event", (a, w) => a.cuIpcGetEventHandle(out(), w.junk)]] },
  { name: "cuIpcOpenEventHandle", needs: "context", control: (a, w) => { const e = out<CUevent>(); const code = a.cuIpcOpenEventHandle(e, w.foreignEvent); return code === 0 ? a.cuEventDestroy(e.value) : code; }, errors: [
    [INVALID, "phEvent NULL", (a, w) => a.cuIpcOpenEventHandle(null, w.foreignEvent)], [INVALID, "no handle", (a) => a.cuIpcOpenEventHandle(out(), blank)], [INVALID, "a handle of memory", (a, w) => a.cuIpcOpenEventHandle(out(), w.foreign)],
    [cu.CUDA_ERROR_INVALID_CONTEXT, "a handle of its own", (a, w) => a.cuIpcOpenEventHandle(out(), w.ownEvent)], [cu.CUDA_ERROR_INVALID_HANDLE, "of a process that is gone", (a, w) => a.cuIpcOpenEventHandle(out(), ofNobody(w.foreignEvent))]] },
  { name: "cuIpcOpenMemHandle_v2", needs: "context", control: (a, w) => { const p = out<number>(); const code = a.cuIpcOpenMemHandle(p, w.foreign, 1); if (code === 0) a.cuIpcCloseMemHandle(p.value); return code; }, errors: [
    [INVALID, "pdptr NULL", (a) => a.cuIpcOpenMemHandle(null, blank, 1)], [INVALID, "Flags 0", (a) => a.cuIpcOpenMemHandle(out(), blank, 0)], [INVALID, "no handle", (a) => a.cuIpcOpenMemHandle(out(), blank, 1)],
    [cu.CUDA_ERROR_INVALID_CONTEXT, "a handle of its own", (a, w) => a.cuIpcOpenMemHandle(out(), w.own, 1)]] },
  { name: "cuGetProcAddress_v2", needs: "nothing", control: (a) => a.cuGetProcAddress("cuCtxCreate", out(), 12000, 0, out()), errors: [
    [INVALID, "symbol NULL", (a) => a.cuGetProcAddress(null, out(), 12000, 0, null)], [INVALID, "pfn NULL", (a) => a.cuGetProcAddress("cuInit", null, 12000, 0, null)], [INVALID, "a version of the future", (a) => a.cuGetProcAddress("cuInit", out(), 14000, 0, null)],
    [INVALID, "unknown flags", (a) => a.cuGetProcAddress("cuInit", out(), 12000, 8, null)], [cu.CUDA_ERROR_NOT_FOUND, "no function", (a) => a.cuGetProcAddress("cuFly", out(), 12000, 0, null)]] },
]);
