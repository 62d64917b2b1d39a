import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { In } from "../../../src/cuda/abi/common.ts";
import type { CUDA_MEMCPY2D, CUDA_MEMCPY3D, CUDA_MEMCPY3D_PEER } from "../../../src/cuda/abi/driver/types.ts";
import { testErrors } from "./run.ts";
import type { World } from "./world.ts";

const INVALID = cu.CUDA_ERROR_INVALID_VALUE;
const HANDLE = cu.CUDA_ERROR_INVALID_HANDLE;
const HUGE = 2 ** 45;
/** Makes something with `make`, frees it with `free`. */
function pair(make: (box: ReturnType<typeof out<number>>) => number, free: (address: number) => number): number {
  const box = out<number>();
  const code = make(box);
  return code !== 0 ? (free(0), code) : free(box.value);
}
const view = new Uint8Array(4096);

testErrors("Memory Management: allocation", [
  { name: "cuMemGetInfo_v2", needs: "context", control: (a) => a.cuMemGetInfo(out(), null), errors: [[INVALID, "both NULL", (a) => a.cuMemGetInfo(null, null)]] },
  { name: "cuMemAlloc_v2", needs: "context", control: (a) => pair((box) => a.cuMemAlloc(box, 1), (p) => a.cuMemFree(p)), errors: [
    [INVALID, "dptr NULL", (a) => a.cuMemAlloc(null, 16)], [INVALID, "bytesize 0", (a) => a.cuMemAlloc(out(), 0)], [cu.CUDA_ERROR_OUT_OF_MEMORY, "more than there is", (a) => a.cuMemAlloc(out(), HUGE)]] },
  { name: "cuMemAllocPitch_v2", needs: "context", control: (a) => pair((box) => a.cuMemAllocPitch(box, out(), 100, 10, 4), (p) => a.cuMemFree(p)), errors: [
    [INVALID, "dptr NULL", (a) => a.cuMemAllocPitch(null, out(), 16, 1, 4)], [INVALID, "pPitch NULL", (a) => a.cuMemAllocPitch(out(), null, 16, 1, 4)], [INVALID, "width 0", (a) => a.cuMemAllocPitch(out(), out(), 0, 1, 4)],
    [INVALID, "height 0", (a) => a.cuMemAllocPitch(out(), out(), 16, 0, 4)], [INVALID, "elements of 2 bytes", (a) => a.cuMemAllocPitch(out(), out(), 16, 1, 2)],
    [cu.CUDA_ERROR_OUT_OF_MEMORY, "more than there is", (a) => a.cuMemAllocPitch(out(), out(), 2 ** 30, 2 ** 15, 4)]] },
  { name: "cuMemFree_v2", needs: "context", control: (a) => pair((box) => a.cuMemAlloc(box, 1), (p) => a.cuMemFree(p)), errors: [
    [INVALID, "inside an allocation", (a, w) => a.cuMemFree(w.d + 256)], [INVALID, "no allocation", (a) => a.cuMemFree(4096)], [INVALID, "NULL", (a) => a.cuMemFree(0)],
    [INVALID, "page-locked host memory", (a, w) => a.cuMemFree(w.pinned)]] },
  { name: "cuMemGetAddressRange_v2", needs: "context", control: (a, w) => a.cuMemGetAddressRange(out(), out(), w.d + 5), errors: [
    [INVALID, "both NULL", (a, w) => a.cuMemGetAddressRange(null, null, w.d)], [cu.CUDA_ERROR_NOT_FOUND, "no allocation", (a) => a.cuMemGetAddressRange(out(), out(), 4096)]] },
  { name: "cuMemAllocManaged", needs: "context", control: (a) => pair((box) => a.cuMemAllocManaged(box, 1, cu.CU_MEM_ATTACH_HOST), (p) => a.cuMemFree(p)), errors: [
    [INVALID, "dptr NULL", (a) => a.cuMemAllocManaged(null, 16, 1)], [INVALID, "bytesize 0", (a) => a.cuMemAllocManaged(out(), 0, 1)], [INVALID, "flags SINGLE", (a) => a.cuMemAllocManaged(out(), 16, 4)],
    [INVALID, "both flags", (a) => a.cuMemAllocManaged(out(), 16, 3)], [cu.CUDA_ERROR_OUT_OF_MEMORY, "more than there is", (a) => a.cuMemAllocManaged(out(), HUGE, 1)]] },
]);

testErrors("Memory Management: host memory", [
  { name: "cuMemAllocHost_v2", needs: "context", control: (a) => pair((box) => a.cuMemAllocHost(box, 1), (p) => a.cuMemFreeHost(p)), errors: [
    [INVALID, "pp NULL", (a) => a.cuMemAllocHost(null, 1)], [INVALID, "bytesize 0", (a) => a.cuMemAllocHost(out(), 0)], [cu.CUDA_ERROR_OUT_OF_MEMORY, "more than there is", (a) => a.cuMemAllocHost(out(), HUGE)]] },
  { name: "cuMemHostAlloc", needs: "context", control: (a) => pair((box) => a.cuMemHostAlloc(box, 1, 7), (p) => a.cuMemFreeHost(p)), errors: [
    [INVALID, "pp NULL", (a) => a.cuMemHostAlloc(null, 1, 0)], [INVALID, "bytesize 0", (a) => a.cuMemHostAlloc(out(), 0, 0)], [INVALID, "unknown flags", (a) => a.cuMemHostAlloc(out(), 1, 8)],
    [cu.CUDA_ERROR_OUT_OF_MEMORY, "more than there is", (a) => a.cuMemHostAlloc(out(), HUGE, 0)]] },
  { name: "cuMemFreeHost", needs: "context", control: (a) => pair((box) => a.cuMemAllocHost(box, 1), (p) => a.cuMemFreeHost(p)), errors: [
    [INVALID, "NULL", (a) => a.cuMemFreeHost(null)], [INVALID, "inside the memory", (a, w) => a.cuMemFreeHost(w.pinned + 8)], [INVALID, "device memory", (a, w) => a.cuMemFreeHost(w.d)]] },
  { name: "cuMemHostGetDevicePointer_v2", needs: "context", control: (a, w) => a.cuMemHostGetDevicePointer(out(), w.pinned + 8, 0), errors: [
    [INVALID, "pdptr NULL", (a, w) => a.cuMemHostGetDevicePointer(null, w.pinned, 0)], [INVALID, "Flags not 0", (a, w) => a.cuMemHostGetDevicePointer(out(), w.pinned, 1)],
    [INVALID, "device memory", (a, w) => a.cuMemHostGetDevicePointer(out(), w.d, 0)], [INVALID, "a JavaScript buffer", (a) => a.cuMemHostGetDevicePointer(out(), view, 0)]] },
  { name: "cuMemHostGetFlags", needs: "context", control: (a, w) => a.cuMemHostGetFlags(out(), w.pinned), errors: [
    [INVALID, "pFlags NULL", (a, w) => a.cuMemHostGetFlags(null, w.pinned)], [INVALID, "device memory", (a, w) => a.cuMemHostGetFlags(out(), w.d)]] },
  { name: "cuMemHostRegister_v2", needs: "context", control: (a, w) => { const p = w.plain; const code = a.cuMemHostRegister(p, 100, 2); if (code === 0) a.cuMemHostUnregister(p); return code; }, errors: [
    [INVALID, "p NULL", (a) => a.cuMemHostRegister(null, 1, 0)], [INVALID, "bytesize 0", (a, w) => a.cuMemHostRegister(w.pinned, 0, 0)], [INVALID, "unknown flags", (a, w) => a.cuMemHostRegister(w.pinned, 1, 16)],
    [INVALID, "no memory of the process", (a) => a.cuMemHostRegister(4096, 16, 0)], [cu.CUDA_ERROR_NOT_SUPPORTED, "a JavaScript buffer", (a) => a.cuMemHostRegister(view, 16, 0)],
    [cu.CUDA_ERROR_NOT_SUPPORTED, "IOMEMORY", (a, w) => a.cuMemHostRegister(w.pinned, 1, 4)], [cu.CUDA_ERROR_NOT_SUPPORTED, "READ_ONLY", (a, w) => a.cuMemHostRegister(w.pinned, 1, 8)],
    [cu.CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED, "page-locked already", (a, w) => a.cuMemHostRegister(w.pinned + 16, 16, 0)]] },
  { name: "cuMemHostUnregister", needs: "context", control: (a, w) => { const p = w.plain; a.cuMemHostRegister(p, 100, 2); return a.cuMemHostUnregister(p); }, errors: [
    [INVALID, "NULL", (a) => a.cuMemHostUnregister(null)], [cu.CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, "never registered", (a) => a.cuMemHostUnregister(4096)],
    [cu.CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED, "memory of cuMemHostAlloc", (a, w) => a.cuMemHostUnregister(w.pinned)]] },
]);

testErrors("Memory Management: copies", [
  { name: "cuMemcpy", needs: "context", control: (a, w) => a.cuMemcpy(w.d, w.pinned, 4096), errors: [
    [INVALID, "dst no memory", (a, w) => a.cuMemcpy(4096, w.d, 16)], [INVALID, "src no memory", (a, w) => a.cuMemcpy(w.d, 4096, 16)], [INVALID, "beyond the end", (a, w) => a.cuMemcpy(w.d, w.pinned, 4097)]] },
  { name: "cuMemcpyHtoD_v2", needs: "context", control: (a, w) => a.cuMemcpyHtoD(w.d, view, 4096), errors: [
    [INVALID, "dst no memory", (a) => a.cuMemcpyHtoD(4096, view, 16)], [INVALID, "dst freed or foreign", (a, w) => a.cuMemcpyHtoD(w.d + 2 ** 30, view, 16)], [INVALID, "beyond the end", (a, w) => a.cuMemcpyHtoD(w.d + 1, view, 4096)],
    [INVALID, "srcHost NULL", (a, w) => a.cuMemcpyHtoD(w.d, null, 16)], [INVALID, "srcHost too short", (a, w) => a.cuMemcpyHtoD(w.d, new Uint8Array(8), 16)], [INVALID, "srcHost no memory", (a, w) => a.cuMemcpyHtoD(w.d, 4096, 16)],
    [INVALID, "srcHost device memory", (a, w) => a.cuMemcpyHtoD(w.d, w.d2, 16)]] },
  { name: "cuMemcpyDtoH_v2", needs: "context", control: (a, w) => a.cuMemcpyDtoH(view, w.d, 4096), errors: [
    [INVALID, "src no memory", (a) => a.cuMemcpyDtoH(view, 4096, 16)], [INVALID, "dstHost NULL", (a, w) => a.cuMemcpyDtoH(null, w.d, 16)], [INVALID, "dstHost too short", (a, w) => a.cuMemcpyDtoH(new Uint8Array(8), w.d, 16)],
    [INVALID, "beyond the end", (a, w) => a.cuMemcpyDtoH(new Uint8Array(5000), w.d, 4097)]] },
  { name: "cuMemcpyDtoD_v2", needs: "context", control: (a, w) => a.cuMemcpyDtoD(w.d, w.d2, 4096), errors: [
    [INVALID, "dst no memory", (a, w) => a.cuMemcpyDtoD(4096, w.d, 16)], [INVALID, "src no memory", (a, w) => a.cuMemcpyDtoD(w.d, 4096, 16)]] },
  { name: "cuMemcpyAsync", needs: "context", control: (a, w) => a.cuMemcpyAsync(w.d, w.pinned, 4096, w.stream), errors: [
    [INVALID, "dst no memory", (a, w) => a.cuMemcpyAsync(4096, w.d, 16, w.stream)], [HANDLE, "no stream", (a, w) => a.cuMemcpyAsync(w.d, w.d2, 16, w.junk)],
    [HANDLE, "stream of another context", (a, w) => a.cuMemcpyAsync(w.d, w.d2, 16, w.otherStream)]] },
  { name: "cuMemcpyHtoDAsync_v2", needs: "context", control: (a, w) => a.cuMemcpyHtoDAsync(w.d, view, 4096, w.stream), errors: [
    [INVALID, "dst no memory", (a, w) => a.cuMemcpyHtoDAsync(4096, view, 16, w.stream)], [INVALID, "srcHost NULL", (a, w) => a.cuMemcpyHtoDAsync(w.d, null, 16, w.stream)], [HANDLE, "no stream", (a, w) => a.cuMemcpyHtoDAsync(w.d, view, 16, w.junk)]] },
  { name: "cuMemcpyDtoHAsync_v2", needs: "context", control: (a, w) => a.cuMemcpyDtoHAsync(view, w.d, 4096, w.stream), errors: [
    [INVALID, "src no memory", (a, w) => a.cuMemcpyDtoHAsync(view, 4096, 16, w.stream)], [INVALID, "dstHost NULL", (a, w) => a.cuMemcpyDtoHAsync(null, w.d, 16, w.stream)], [HANDLE, "no stream", (a, w) => a.cuMemcpyDtoHAsync(view, w.d, 16, w.junk)]] },
  { name: "cuMemcpyDtoDAsync_v2", needs: "context", control: (a, w) => a.cuMemcpyDtoDAsync(w.d, w.d2, 4096, w.stream), errors: [
    [INVALID, "dst no memory", (a, w) => a.cuMemcpyDtoDAsync(4096, w.d, 16, w.stream)], [HANDLE, "no stream", (a, w) => a.cuMemcpyDtoDAsync(w.d, w.d2, 16, w.junk)], [cu.CUDA_ERROR_CONTEXT_IS_DESTROYED, "destroyed stream", (a, w) => a.cuMemcpyDtoDAsync(w.d, w.d2, 16, w.goneStream)]] },
  { name: "cuMemcpyPeer", needs: "context", control: (a, w) => a.cuMemcpyPeer(w.d, w.context, w.d2, w.context, 4096), errors: [
    [cu.CUDA_ERROR_INVALID_CONTEXT, "dstContext none", (a, w) => a.cuMemcpyPeer(w.d, w.junk, w.d2, w.context, 16)], [cu.CUDA_ERROR_INVALID_CONTEXT, "srcContext none", (a, w) => a.cuMemcpyPeer(w.d, w.context, w.d2, w.goneContext, 16)],
    [INVALID, "src no memory", (a, w) => a.cuMemcpyPeer(w.d, w.context, 4096, w.context, 16)]] },
  { name: "cuMemcpyPeerAsync", needs: "context", control: (a, w) => a.cuMemcpyPeerAsync(w.d, w.context, w.d2, w.context, 4096, w.stream), errors: [
    [cu.CUDA_ERROR_INVALID_CONTEXT, "dstContext none", (a, w) => a.cuMemcpyPeerAsync(w.d, w.junk, w.d2, w.context, 16, w.stream)], [INVALID, "dst no memory", (a, w) => a.cuMemcpyPeerAsync(4096, w.context, w.d2, w.context, 16, w.stream)],
    [HANDLE, "no stream", (a, w) => a.cuMemcpyPeerAsync(w.d, w.context, w.d2, w.context, 16, w.junk)]] },
]);

const rows = (w: World, more: object = {}): In<CUDA_MEMCPY2D> => ({ srcMemoryType: cu.CU_MEMORYTYPE_HOST, srcHost: view, srcPitch: 64, dstMemoryType: cu.CU_MEMORYTYPE_DEVICE, dstDevice: w.d, dstPitch: 128, WidthInBytes: 32, Height: 4, ...more });
const slices = (w: World, more: object = {}): In<CUDA_MEMCPY3D> => ({ ...rows(w), srcHeight: 4, dstHeight: 4, Depth: 2, ...more });
const peers = (w: World, more: object = {}): In<CUDA_MEMCPY3D_PEER> => ({ ...slices(w), srcMemoryType: cu.CU_MEMORYTYPE_DEVICE, srcDevice: w.d2, srcContext: w.context, dstContext: w.context, ...more });
type Copy = "cuMemcpy2D_v2" | "cuMemcpy2DUnaligned_v2" | "cuMemcpy2DAsync_v2";

testErrors("Memory Management: copies of rows and slices", [
  ...(["cuMemcpy2D_v2", "cuMemcpy2DUnaligned_v2", "cuMemcpy2DAsync_v2"] as readonly Copy[]).map((name) => {
    const call = (a: World["cuda"], w: World, p: In<CUDA_MEMCPY2D> | null): number => (name === "cuMemcpy2DAsync_v2" ? a[name](p, w.stream) : a[name](p));
    return { name, needs: "context" as const, control: (a: World["cuda"], w: World) => call(a, w, rows(w)), errors: [
      [INVALID, "pCopy NULL", (a: World["cuda"], w: World) => call(a, w, null)], [INVALID, "srcPitch smaller than a row", (a: World["cuda"], w: World) => call(a, w, rows(w, { srcPitch: 31 }))],
      [INVALID, "dstPitch beyond the largest", (a: World["cuda"], w: World) => call(a, w, rows(w, { dstPitch: 2 ** 31 }))], [INVALID, "unknown memory type", (a: World["cuda"], w: World) => call(a, w, rows(w, { srcMemoryType: 0 }))],
      [INVALID, "srcHost NULL", (a: World["cuda"], w: World) => call(a, w, rows(w, { srcHost: null }))], [INVALID, "dst beyond the allocation", (a: World["cuda"], w: World) => call(a, w, rows(w, { dstY: 40 }))],
      [INVALID, "src beyond the buffer", (a: World["cuda"], w: World) => call(a, w, rows(w, { srcY: 70 }))], [cu.CUDA_ERROR_INVALID_HANDLE, "no array", (a: World["cuda"], w: World) => call(a, w, rows(w, { srcMemoryType: cu.CU_MEMORYTYPE_ARRAY }))],
      ...(name === "cuMemcpy2DAsync_v2" ? [[HANDLE, "no stream", (a: World["cuda"], w: World) => a.cuMemcpy2DAsync(rows(w), w.junk)] as const] : []),
    ] as const };
  }),
  { name: "cuMemcpy3D_v2", needs: "context", control: (a, w) => a.cuMemcpy3D(slices(w)), errors: [
    [INVALID, "pCopy NULL", (a) => a.cuMemcpy3D(null)], [INVALID, "srcHeight smaller than the rows", (a, w) => a.cuMemcpy3D(slices(w, { srcHeight: 3 }))], [INVALID, "a level of detail", (a, w) => a.cuMemcpy3D(slices(w, { srcLOD: 1 }))],
    [INVALID, "a reserved member", (a, w) => a.cuMemcpy3D(slices(w, { reserved0: 1 }))], [INVALID, "dst beyond the allocation", (a, w) => a.cuMemcpy3D(slices(w, { Depth: 9 }))]] },
  { name: "cuMemcpy3DAsync_v2", needs: "context", control: (a, w) => a.cuMemcpy3DAsync(slices(w), w.stream), errors: [
    [INVALID, "pCopy NULL", (a, w) => a.cuMemcpy3DAsync(null, w.stream)], [HANDLE, "no stream", (a, w) => a.cuMemcpy3DAsync(slices(w), w.junk)], [INVALID, "dstPitch smaller than a row", (a, w) => a.cuMemcpy3DAsync(slices(w, { dstPitch: 8 }), w.stream)]] },
  { name: "cuMemcpy3DPeer", needs: "context", control: (a, w) => a.cuMemcpy3DPeer(peers(w)), errors: [
    [INVALID, "pCopy NULL", (a) => a.cuMemcpy3DPeer(null)], [cu.CUDA_ERROR_INVALID_CONTEXT, "no context", (a, w) => a.cuMemcpy3DPeer(peers(w, { srcContext: w.junk }))], [INVALID, "a level of detail", (a, w) => a.cuMemcpy3DPeer(peers(w, { dstLOD: 1 }))]] },
  { name: "cuMemcpy3DPeerAsync", needs: "context", control: (a, w) => a.cuMemcpy3DPeerAsync(peers(w), w.stream), errors: [
    [INVALID, "pCopy NULL", (a, w) => a.cuMemcpy3DPeerAsync(null, w.stream)], [cu.CUDA_ERROR_INVALID_CONTEXT, "no context", (a, w) => a.cuMemcpy3DPeerAsync(peers(w, { dstContext: w.junk }), w.stream)], [HANDLE, "no stream", (a, w) => a.cuMemcpy3DPeerAsync(peers(w), w.junk)]] },
]);

type Plain = "cuMemsetD8" | "cuMemsetD16" | "cuMemsetD32";
const sizes: Readonly<Record<Plain, number>> = { cuMemsetD8: 1, cuMemsetD16: 2, cuMemsetD32: 4 };

testErrors("Memory Management: setting memory", (Object.keys(sizes) as Plain[]).flatMap((base) => {
  const size = sizes[base];
  const name2 = base.replace("memsetD", "memsetD2D").replace("MemsetD", "MemsetD2D") as "cuMemsetD2D8" | "cuMemsetD2D16" | "cuMemsetD2D32";
  const async1 = `${base}Async` as const;
  const async2 = `${name2}Async` as const;
  return [
    { name: `${base}_v2` as const, needs: "context" as const, control: (a: World["cuda"], w: World) => a[base](w.d, 1, 4096 / size), errors: [
      [INVALID, "no memory", (a: World["cuda"]) => a[base](4096, 1, 4)], [INVALID, "beyond the end", (a: World["cuda"], w: World) => a[base](w.d, 1, 4096 / size + 1)], [INVALID, "negative", (a: World["cuda"], w: World) => a[base](w.d, 1, -1)],
      ...(size > 1 ? [[INVALID, "misaligned", (a: World["cuda"], w: World) => a[base](w.d + 1, 1, 4)] as const] : []) ] as const },
    { name: `${name2}_v2` as const, needs: "context" as const, control: (a: World["cuda"], w: World) => a[name2](w.d, 64, 1, 64 / size, 64), errors: [
      [INVALID, "pitch smaller than a row", (a: World["cuda"], w: World) => a[name2](w.d, 63, 1, 64 / size, 2)], [INVALID, "beyond the end", (a: World["cuda"], w: World) => a[name2](w.d, 64, 1, 64 / size, 65)] ] as const },
    { name: async1, needs: "context" as const, control: (a: World["cuda"], w: World) => a[async1](w.d, 1, 16, w.stream), errors: [
      [INVALID, "no memory", (a: World["cuda"], w: World) => a[async1](4096, 1, 4, w.stream)], [HANDLE, "no stream", (a: World["cuda"], w: World) => a[async1](w.d, 1, 4, w.junk)] ] as const },
    { name: async2, needs: "context" as const, control: (a: World["cuda"], w: World) => a[async2](w.d, 64, 1, 4, 4, w.stream), errors: [
      [INVALID, "no memory", (a: World["cuda"], w: World) => a[async2](4096, 64, 1, 4, 4, w.stream)], [HANDLE, "no stream", (a: World["cuda"], w: World) => a[async2](w.d, 64, 1, 4, 4, w.junk)] ] as const },
  ];
}));
