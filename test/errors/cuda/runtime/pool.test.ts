import { Out, out } from "../../../../src/api/out.ts";
import type { In } from "../../../../src/cuda/abi/common.ts";
import * as rt from "../../../../src/cuda/abi/runtime/constants.ts";
import type { cudaEvent_t, cudaMemPoolProps } from "../../../../src/cuda/abi/runtime/types.ts";
import { testErrors } from "./run.ts";

const INVALID = rt.cudaErrorInvalidValue;
const HANDLE = rt.cudaErrorInvalidResourceHandle;
const DEVICE = rt.cudaErrorInvalidDevice;
const PINNED = rt.cudaMemAllocationTypePinned;
const here = { type: rt.cudaMemLocationTypeDevice, id: 0 } as const;
const nowhere = { type: rt.cudaMemLocationTypeDevice, id: 5 } as const;
const props = (more: object = {}): In<cudaMemPoolProps> => ({ allocType: PINNED, location: here, ...more });

testErrors("Stream Ordered Memory Allocator", [
  { name: "cudaMallocAsync", needs: "context", control: (a, w) => { const p = out<number>(); const code = a.cudaMallocAsync(p, 64, w.stream); return code === 0 ? a.cudaFreeAsync(p.value, w.stream) : code; }, errors: [
    [INVALID, "devPtr NULL", (a, w) => a.cudaMallocAsync(null, 64, w.stream)], [HANDLE, "no stream", (a, w) => a.cudaMallocAsync(out(), 64, w.junk)], [rt.cudaErrorMemoryAllocation, "more than there is", (a, w) => a.cudaMallocAsync(out(), 2 ** 45, w.stream)]] },
  { name: "cudaMallocFromPoolAsync", needs: "nothing", control: (a, w) => { const p = out<number>(); const code = a.cudaMallocFromPoolAsync(p, 64, w.pool, w.stream); return code === 0 ? a.cudaFreeAsync(p.value, w.stream) : code; }, errors: [
    [INVALID, "ptr NULL", (a, w) => a.cudaMallocFromPoolAsync(null, 64, w.pool, w.stream)], [INVALID, "no pool", (a, w) => a.cudaMallocFromPoolAsync(out(), 64, w.junk, w.stream)], [HANDLE, "no stream", (a, w) => a.cudaMallocFromPoolAsync(out(), 64, w.pool, w.junk)]] },
  { name: "cudaFreeAsync", needs: "context", control: (a, w) => { const p = out<number>(); const code = a.cudaMallocAsync(p, 64, w.stream); return code === 0 ? a.cudaFreeAsync(p.value, w.stream) : code; }, errors: [
    [INVALID, "no memory", (a, w) => a.cudaFreeAsync(4096, w.stream)], [HANDLE, "no stream", (a, w) => a.cudaFreeAsync(w.d, w.junk)]] },
  { name: "cudaMemPoolTrimTo", needs: "driver", control: (a, w) => a.cudaMemPoolTrimTo(w.pool, 0), errors: [[INVALID, "no pool", (a, w) => a.cudaMemPoolTrimTo(w.junk, 0)]] },
  { name: "cudaMemPoolSetAttribute", needs: "driver", control: (a, w) => a.cudaMemPoolSetAttribute(w.pool, rt.cudaMemPoolAttrReleaseThreshold, 0), errors: [
    [INVALID, "no pool", (a, w) => a.cudaMemPoolSetAttribute(w.junk, rt.cudaMemPoolAttrReleaseThreshold, 0)], [INVALID, "value NULL", (a, w) => a.cudaMemPoolSetAttribute(w.pool, rt.cudaMemPoolAttrReleaseThreshold, null)],
    [INVALID, "no attribute", (a, w) => a.cudaMemPoolSetAttribute(w.pool, 99 as 1, 0)], [INVALID, "cannot be set", (a, w) => a.cudaMemPoolSetAttribute(w.pool, rt.cudaMemPoolAttrUsedMemCurrent, 0)]] },
  { name: "cudaMemPoolGetAttribute", needs: "driver", control: (a, w) => a.cudaMemPoolGetAttribute(w.pool, rt.cudaMemPoolAttrReleaseThreshold, out()), errors: [
    [INVALID, "no pool", (a, w) => a.cudaMemPoolGetAttribute(w.junk, rt.cudaMemPoolAttrReleaseThreshold, out())], [INVALID, "value NULL", (a, w) => a.cudaMemPoolGetAttribute(w.pool, rt.cudaMemPoolAttrReleaseThreshold, null)], [INVALID, "no attribute", (a, w) => a.cudaMemPoolGetAttribute(w.pool, 99 as 1, out())]] },
  { name: "cudaMemPoolSetAccess", needs: "driver", control: (a, w) => a.cudaMemPoolSetAccess(w.pool, [{ location: { ...here, id: 1 }, flags: 3 }], 1), errors: [
    [INVALID, "no pool", (a, w) => a.cudaMemPoolSetAccess(w.junk, [{ location: here, flags: 3 }], 1)], [INVALID, "descList NULL", (a, w) => a.cudaMemPoolSetAccess(w.pool, null, 1)], [INVALID, "away from its own device", (a, w) => a.cudaMemPoolSetAccess(w.pool, [{ location: here, flags: 0 }], 1)],
    [INVALID, "no device", (a, w) => a.cudaMemPoolSetAccess(w.pool, [{ location: nowhere, flags: 3 }], 1)]] },
  { name: "cudaMemPoolGetAccess", needs: "driver", control: (a, w) => a.cudaMemPoolGetAccess(out(), w.pool, here), errors: [
    [INVALID, "flags NULL", (a, w) => a.cudaMemPoolGetAccess(null, w.pool, here)], [INVALID, "no pool", (a, w) => a.cudaMemPoolGetAccess(out(), w.junk, here)], [INVALID, "location NULL", (a, w) => a.cudaMemPoolGetAccess(out(), w.pool, null)]] },
  { name: "cudaMemPoolCreate", needs: "driver", control: (a) => { const p = out<0>(); const code = a.cudaMemPoolCreate(p, props()); return code === 0 ? a.cudaMemPoolDestroy(p.value) : code; }, errors: [
    [INVALID, "memPool NULL", (a) => a.cudaMemPoolCreate(null, props())], [INVALID, "poolProps NULL", (a) => a.cudaMemPoolCreate(out(), null)], [INVALID, "no type", (a) => a.cudaMemPoolCreate(out(), props({ allocType: 9 }))],
    [rt.cudaErrorNotSupported, "sharing", (a) => a.cudaMemPoolCreate(out(), props({ handleTypes: 1 }))]] },
  { name: "cudaMemPoolDestroy", needs: "driver", control: (a) => { const p = out<0>(); const code = a.cudaMemPoolCreate(p, props()); return code === 0 ? a.cudaMemPoolDestroy(p.value) : code; }, errors: [
    [INVALID, "no pool", (a, w) => a.cudaMemPoolDestroy(w.junk)], [INVALID, "a default pool", (a) => { const p = out<0>(); a.cudaDeviceGetDefaultMemPool(p, 0); return a.cudaMemPoolDestroy(p.value); }]] },
  { name: "cudaMemGetDefaultMemPool", needs: "driver", control: (a) => a.cudaMemGetDefaultMemPool(out(), here, PINNED), errors: [[INVALID, "memPool NULL", (a) => a.cudaMemGetDefaultMemPool(null, here, PINNED)], [INVALID, "location NULL", (a) => a.cudaMemGetDefaultMemPool(out(), null, PINNED)], [INVALID, "no type", (a) => a.cudaMemGetDefaultMemPool(out(), here, 9 as 1)]] },
  { name: "cudaMemGetMemPool", needs: "driver", control: (a) => a.cudaMemGetMemPool(out(), here, PINNED), errors: [[INVALID, "memPool NULL", (a) => a.cudaMemGetMemPool(null, here, PINNED)], [INVALID, "location NULL", (a) => a.cudaMemGetMemPool(out(), null, PINNED)]] },
  { name: "cudaMemSetMemPool", needs: "nothing", control: (a, w) => a.cudaMemSetMemPool(here, PINNED, w.pool), errors: [[INVALID, "no pool", (a, w) => a.cudaMemSetMemPool(here, PINNED, w.junk)], [INVALID, "location NULL", (a, w) => a.cudaMemSetMemPool(null, PINNED, w.pool)], [INVALID, "another device", (a, w) => a.cudaMemSetMemPool({ ...here, id: 1 }, PINNED, w.pool)]] },
  { name: "cudaDeviceGetDefaultMemPool", needs: "driver", control: (a) => a.cudaDeviceGetDefaultMemPool(out(), 1), errors: [[INVALID, "NULL", (a) => a.cudaDeviceGetDefaultMemPool(null, 0)], [DEVICE, "no device", (a) => a.cudaDeviceGetDefaultMemPool(out(), 2)]] },
  { name: "cudaDeviceSetMemPool", needs: "nothing", control: (a, w) => a.cudaDeviceSetMemPool(0, w.pool), errors: [[INVALID, "no pool", (a, w) => a.cudaDeviceSetMemPool(0, w.junk)], [INVALID, "another device", (a, w) => a.cudaDeviceSetMemPool(1, w.pool)], [DEVICE, "no device", (a, w) => a.cudaDeviceSetMemPool(2, w.pool)]] },
  { name: "cudaDeviceGetMemPool", needs: "driver", control: (a) => a.cudaDeviceGetMemPool(out(), 1), errors: [[INVALID, "NULL", (a) => a.cudaDeviceGetMemPool(null, 0)], [INVALID, "no device", (a) => a.cudaDeviceGetMemPool(out(), 2)]] },
]);

testErrors("Memory between processes; entry points", [
  { name: "cudaIpcGetMemHandle", needs: "context", control: (a, w) => a.cudaIpcGetMemHandle(out(), w.d), errors: [[INVALID, "handle NULL", (a, w) => a.cudaIpcGetMemHandle(null, w.d)], [INVALID, "no memory", (a) => a.cudaIpcGetMemHandle(out(), 4096)], [INVALID, "NULL", (a) => a.cudaIpcGetMemHandle(out(), null)]] },
  { name: "cudaIpcOpenMemHandle", needs: "context", control: (a, w) => { const p = out<number>(); const code = a.cudaIpcOpenMemHandle(p, w.foreign, 1); return code === 0 ? a.cudaIpcCloseMemHandle(p.value) : code; }, errors: [
    [INVALID, "devPtr NULL", (a, w) => a.cudaIpcOpenMemHandle(null, w.foreign, 1)], [INVALID, "flags", (a, w) => a.cudaIpcOpenMemHandle(out(), w.foreign, 0)], [INVALID, "no handle", (a) => a.cudaIpcOpenMemHandle(out(), { reserved: new Uint8Array(64) }, 1)],
    [rt.cudaErrorDeviceUninitialized, "its own", (a, w) => a.cudaIpcOpenMemHandle(out(), w.own, 1)]] },
  { name: "cudaIpcGetEventHandle", needs: "context", control: (a, w) => a.cudaIpcGetEventHandle(out(), w.interprocess), errors: [
    [INVALID, "handle NULL", (a, w) => a.cudaIpcGetEventHandle(null, w.interprocess)], [INVALID, "not made with cudaEventInterprocess", (a, w) => a.cudaIpcGetEventHandle(out(), w.untimed)], [rt.cudaErrorInvalidResourceHandle, "no event", (a, w) => a.cudaIpcGetEventHandle(out(), w.junk)]] },
  { name: "cudaIpcOpenEventHandle", needs: "context", control: (a, w) => { const e = out<cudaEvent_t>(); const code = a.cudaIpcOpenEventHandle(e, w.foreignEvent); return code === 0 ? a.cudaEventDestroy(e.value) : code; }, errors: [
    [INVALID, "event NULL", (a, w) => a.cudaIpcOpenEventHandle(null, w.foreignEvent)], [INVALID, "no handle", (a) => a.cudaIpcOpenEventHandle(out(), { reserved: new Uint8Array(64) })], [rt.cudaErrorDeviceUninitialized, "its own", (a, w) => a.cudaIpcOpenEventHandle(out(), w.ownEvent)]] },
  { name: "cudaIpcCloseMemHandle", needs: "context", control: (a, w) => { const p = out<number>(); const code = a.cudaIpcOpenMemHandle(p, w.foreign, 1); return code === 0 ? a.cudaIpcCloseMemHandle(p.value) : code; }, errors: [[INVALID, "not opened", (a, w) => a.cudaIpcCloseMemHandle(w.d)], [INVALID, "NULL", (a) => a.cudaIpcCloseMemHandle(null)]] },
  { name: "cudaGetDriverEntryPoint", needs: "nothing", control: (a) => a.cudaGetDriverEntryPoint("cuInit", out(), 0, null), errors: [[INVALID, "symbol NULL", (a) => a.cudaGetDriverEntryPoint(null, out(), 0, null)], [INVALID, "funcPtr NULL", (a) => a.cudaGetDriverEntryPoint("cuInit", null, 0, null)], [INVALID, "flags", (a) => a.cudaGetDriverEntryPoint("cuInit", out(), 99, null)]] },
  { name: "cudaGetDriverEntryPointByVersion", needs: "nothing", control: (a) => a.cudaGetDriverEntryPointByVersion("cuInit", out(), 12000, 0, new Out<0 | 1 | 2>()), errors: [
    [INVALID, "symbol NULL", (a) => a.cudaGetDriverEntryPointByVersion(null, out(), 12000, 0, null)], [INVALID, "flags", (a) => a.cudaGetDriverEntryPointByVersion("cuInit", out(), 12000, 99, null)]] },
]);
