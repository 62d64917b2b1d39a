import { out, type HostPtr, type Out } from "../../../../src/api/out.ts";
import type { In } from "../../../../src/cuda/abi/common.ts";
import * as rt from "../../../../src/cuda/abi/runtime/constants.ts";
import type { cudaMemcpy3DParms, cudaMemcpy3DPeerParms } from "../../../../src/cuda/abi/runtime/types.ts";
import { testErrors } from "./run.ts";
import type { World } from "./world.ts";

const INVALID = rt.cudaErrorInvalidValue;
const HANDLE = rt.cudaErrorInvalidResourceHandle;
const MEMORY = rt.cudaErrorMemoryAllocation;
const PITCH = rt.cudaErrorInvalidPitchValue;
const DIRECTION = rt.cudaErrorInvalidMemcpyDirection;
const SYMBOL = rt.cudaErrorInvalidSymbol;
const DEVICE = rt.cudaErrorInvalidDevice;
const { cudaMemcpyHostToDevice: H2D, cudaMemcpyDeviceToHost: D2H, cudaMemcpyDeviceToDevice: D2D, cudaMemcpyHostToHost: H2H } = rt;
const HUGE = 2 ** 45;
type Api = World["cudart"];
/** Makes something with `make`, frees it with `free`. */
function pair(make: (box: Out<number>) => number, free: (address: number) => number): number {
  const box = out<number>();
  const code = make(box);
  return code !== 0 ? code : free(box.value);
}
const view = new Uint8Array(4096);

testErrors("Memory Management: allocation", [
  { name: "cudaMalloc", needs: "context", control: (a) => pair((box) => a.cudaMalloc(box, 1), (p) => a.cudaFree(p)), errors: [
    [INVALID, "devPtr NULL", (a) => a.cudaMalloc(null, 1)], [MEMORY, "more than there is", (a) => a.cudaMalloc(out(), HUGE)]] },
  { name: "cudaMallocPitch", needs: "context", control: (a) => pair((box) => a.cudaMallocPitch(box, out(), 100, 4), (p) => a.cudaFree(p)), errors: [
    [INVALID, "devPtr NULL", (a) => a.cudaMallocPitch(null, out(), 1, 1)], [INVALID, "pitch NULL", (a) => a.cudaMallocPitch(out(), null, 1, 1)], [MEMORY, "more than there is", (a) => a.cudaMallocPitch(out(), out(), 2 ** 30, 2 ** 15)]] },
  { name: "cudaMalloc3D", needs: "context", control: (a) => { const box = out<{ ptr: number; pitch: number; xsize: number; ysize: number }>(); const code = a.cudaMalloc3D(box, { width: 8, height: 2, depth: 2 }); return code === 0 ? a.cudaFree(box.value.ptr) : code; }, errors: [
    [INVALID, "pitchedDevPtr NULL", (a) => a.cudaMalloc3D(null, { width: 1, height: 1, depth: 1 })], [MEMORY, "more than there is", (a) => a.cudaMalloc3D(out(), { width: 2 ** 30, height: 2 ** 10, depth: 2 ** 5 })]] },
  { name: "cudaMallocManaged", needs: "context", control: (a) => pair((box) => a.cudaMallocManaged(box, 1, rt.cudaMemAttachHost), (p) => a.cudaFree(p)), errors: [
    [INVALID, "devPtr NULL", (a) => a.cudaMallocManaged(null, 1, 1)], [INVALID, "size 0", (a) => a.cudaMallocManaged(out(), 0, 1)], [INVALID, "cudaMemAttachSingle", (a) => a.cudaMallocManaged(out(), 1, 4)],
    [MEMORY, "more than there is", (a) => a.cudaMallocManaged(out(), HUGE, 1)]] },
  { name: "cudaFree", needs: "context", control: (a) => pair((box) => a.cudaMalloc(box, 1), (p) => a.cudaFree(p)), errors: [
    [INVALID, "no allocation", (a) => a.cudaFree(4096)], [INVALID, "inside one", (a, w) => a.cudaFree(w.d + 256)], [INVALID, "page-locked host memory", (a, w) => a.cudaFree(w.pinned)]] },
  { name: "cudaMemGetInfo", needs: "context", control: (a) => a.cudaMemGetInfo(out(), out()), errors: [[INVALID, "both NULL", (a) => a.cudaMemGetInfo(null, null)]] },
]);

testErrors("Memory Management: host memory", [
  { name: "cudaMallocHost", needs: "context", control: (a) => pair((box) => a.cudaMallocHost(box, 1), (p) => a.cudaFreeHost(p)), errors: [
    [INVALID, "ptr NULL", (a) => a.cudaMallocHost(null, 1)], [MEMORY, "more than there is", (a) => a.cudaMallocHost(out(), HUGE)]] },
  { name: "cudaHostAlloc", needs: "context", control: (a) => pair((box) => a.cudaHostAlloc(box, 1, 7), (p) => a.cudaFreeHost(p)), errors: [
    [INVALID, "pHost NULL", (a) => a.cudaHostAlloc(null, 1, 0)], [INVALID, "unknown flags", (a) => a.cudaHostAlloc(out(), 1, 8)], [MEMORY, "more than there is", (a) => a.cudaHostAlloc(out(), HUGE, 0)]] },
  { name: "cudaFreeHost", needs: "context", control: (a) => pair((box) => a.cudaMallocHost(box, 1), (p) => a.cudaFreeHost(p)), errors: [
    [INVALID, "inside it", (a, w) => a.cudaFreeHost(w.pinned + 8)], [INVALID, "device memory", (a, w) => a.cudaFreeHost(w.d)]] },
  { name: "cudaHostRegister", needs: "context", control: (a, w) => { const code = a.cudaHostRegister(w.plain, 100, 2); if (code === 0) a.cudaHostUnregister(w.plain); return code; }, errors: [
    [INVALID, "ptr NULL", (a) => a.cudaHostRegister(null, 1, 0)], [INVALID, "size 0", (a, w) => a.cudaHostRegister(w.plain, 0, 0)], [INVALID, "unknown flags", (a, w) => a.cudaHostRegister(w.plain, 1, 16)],
    [INVALID, "no memory of the process", (a) => a.cudaHostRegister(4096, 16, 0)], [rt.cudaErrorNotSupported, "IoMemory", (a, w) => a.cudaHostRegister(w.plain, 1, 4)],
    [rt.cudaErrorHostMemoryAlreadyRegistered, "page-locked already", (a, w) => a.cudaHostRegister(w.pinned, 16, 0)]] },
  { name: "cudaHostUnregister", needs: "context", control: (a, w) => { a.cudaHostRegister(w.plain, 100, 2); return a.cudaHostUnregister(w.plain); }, errors: [
    [INVALID, "NULL", (a) => a.cudaHostUnregister(null)], [rt.cudaErrorHostMemoryNotRegistered, "never registered", (a) => a.cudaHostUnregister(4096)]] },
  { name: "cudaHostGetDevicePointer", needs: "context", control: (a, w) => a.cudaHostGetDevicePointer(out(), w.pinned, 0), errors: [
    [INVALID, "pDevice NULL", (a, w) => a.cudaHostGetDevicePointer(null, w.pinned, 0)], [INVALID, "flags", (a, w) => a.cudaHostGetDevicePointer(out(), w.pinned, 1)], [INVALID, "device memory", (a, w) => a.cudaHostGetDevicePointer(out(), w.d, 0)]] },
  { name: "cudaHostGetFlags", needs: "context", control: (a, w) => a.cudaHostGetFlags(out(), w.pinned), errors: [
    [INVALID, "pFlags NULL", (a, w) => a.cudaHostGetFlags(null, w.pinned)], [INVALID, "device memory", (a, w) => a.cudaHostGetFlags(out(), w.d)]] },
]);

/** The rows that every plain copy has; `call` fills in the stream. */
function copies(call: (a: Api, w: World, dst: HostPtr | null, src: HostPtr | null, count: number, kind: 0 | 1 | 2 | 3 | 4) => number): readonly (readonly [number, string, (a: Api, w: World) => number])[] {
  return [
    [DIRECTION, "a kind that is none", (a, w) => call(a, w, w.d, view, 16, 5 as 4)], [INVALID, "dst NULL", (a, w) => call(a, w, null, view, 16, H2D)], [INVALID, "src NULL", (a, w) => call(a, w, w.d, null, 16, H2D)],
    [INVALID, "dst no memory", (a, w) => call(a, w, 4096, view, 16, H2D)], [INVALID, "src no memory", (a, w) => call(a, w, w.d, 4096, 16, H2D)], [INVALID, "beyond the end", (a, w) => call(a, w, w.d + 1, view, 4096, H2D)],
    [INVALID, "beyond the buffer", (a, w) => call(a, w, w.d, new Uint8Array(8), 16, H2D)], [INVALID, "dst is the host's", (a, w) => call(a, w, w.plain, w.d, 16, D2D)], [INVALID, "src is the device's", (a, w) => call(a, w, w.plain, w.d, 16, H2H)],
    [INVALID, "bytes of the program for a device address", (a, w) => call(a, w, view, w.d, 16, D2D)], [INVALID, "a negative count", (a, w) => call(a, w, w.d, w.d2, -1, D2D)],
  ];
}

testErrors("Memory Management: copies", [
  { name: "cudaMemcpy", needs: "context", control: (a, w) => a.cudaMemcpy(w.d, view, 4096, H2D), errors: copies((a, _w, dst, src, count, kind) => a.cudaMemcpy(dst, src, count, kind)) },
  { name: "cudaMemcpyAsync", needs: "context", control: (a, w) => a.cudaMemcpyAsync(w.d, w.pinned, 4096, H2D, w.stream), errors: [
    ...copies((a, w, dst, src, count, kind) => a.cudaMemcpyAsync(dst, src, count, kind, w.stream)),
    [HANDLE, "no stream", (a, w) => a.cudaMemcpyAsync(w.d, w.d2, 16, D2D, w.junk)], [HANDLE, "stream of another device", (a, w) => a.cudaMemcpyAsync(w.d, w.d2, 16, D2D, w.otherStream)]] },
  { name: "cudaMemcpyPeer", needs: "context", control: (a, w) => a.cudaMemcpyPeer(w.d, 0, w.far, 1, 64), errors: [
    [DEVICE, "no dstDevice", (a, w) => a.cudaMemcpyPeer(w.d, 2, w.far, 1, 64)], [DEVICE, "no srcDevice", (a, w) => a.cudaMemcpyPeer(w.d, 0, w.far, -1, 64)], [INVALID, "dst no memory", (a, w) => a.cudaMemcpyPeer(4096, 0, w.far, 1, 64)],
    [INVALID, "src beyond the end", (a, w) => a.cudaMemcpyPeer(w.d, 0, w.far + 8, 1, 4096)]] },
  { name: "cudaMemcpyPeerAsync", needs: "context", control: (a, w) => a.cudaMemcpyPeerAsync(w.d, 0, w.far, 1, 64, w.stream), errors: [
    [DEVICE, "no srcDevice", (a, w) => a.cudaMemcpyPeerAsync(w.d, 0, w.far, 2, 64, w.stream)], [INVALID, "src no memory", (a, w) => a.cudaMemcpyPeerAsync(w.d, 0, 4096, 1, 64, w.stream)], [HANDLE, "no stream", (a, w) => a.cudaMemcpyPeerAsync(w.d, 0, w.far, 1, 64, w.junk)]] },
]);

/** The rows that every copy of rows has. */
function rows(call: (a: Api, w: World, dst: HostPtr | null, dpitch: number, src: HostPtr | null, spitch: number, width: number, height: number, kind: 0 | 1 | 2 | 3 | 4) => number): readonly (readonly [number, string, (a: Api, w: World) => number])[] {
  return [
    [DIRECTION, "a kind that is none", (a, w) => call(a, w, w.d, 64, view, 64, 32, 4, 7 as 4)], [PITCH, "dpitch smaller than width", (a, w) => call(a, w, w.d, 31, view, 64, 32, 4, H2D)], [PITCH, "spitch smaller than width", (a, w) => call(a, w, w.d, 64, view, 31, 32, 4, H2D)],
    [PITCH, "dpitch beyond the largest", (a, w) => call(a, w, w.d, 2 ** 31, view, 64, 32, 1, H2D)], [INVALID, "dst beyond the end", (a, w) => call(a, w, w.d, 2048, view, 64, 32, 4, H2D)], [INVALID, "src beyond the buffer", (a, w) => call(a, w, w.d, 64, view, 2048, 32, 4, H2D)],
    [INVALID, "dst NULL", (a, w) => call(a, w, null, 64, view, 64, 32, 4, H2D)], [INVALID, "a negative width", (a, w) => call(a, w, w.d, 64, view, 64, -32, 4, H2D)], [INVALID, "a negative height", (a, w) => call(a, w, w.d, 64, view, 64, 32, -4, H2D)],
  ];
}
const box = (w: World, more: object = {}): In<cudaMemcpy3DParms> => ({ srcPtr: { ptr: view, pitch: 64, xsize: 64, ysize: 4 }, dstPtr: { ptr: w.d, pitch: 128, xsize: 64, ysize: 4 }, extent: { width: 32, height: 4, depth: 2 }, kind: H2D, ...more });
/** The rows that every copy of boxes has. */
function boxes(call: (a: Api, p: In<cudaMemcpy3DParms> | null, w: World) => number): readonly (readonly [number, string, (a: Api, w: World) => number])[] {
  return [
    [INVALID, "p NULL", (a, w) => call(a, null, w)], [DIRECTION, "a kind that is none", (a, w) => call(a, box(w, { kind: 9 }), w)], [PITCH, "a pitch smaller than the width", (a, w) => call(a, box(w, { extent: { width: 65, height: 4, depth: 2 } }), w)],
    [PITCH, "a pitch beyond the largest", (a, w) => call(a, box(w, { dstPtr: { ptr: w.d, pitch: 2 ** 31, xsize: 64, ysize: 4 } }), w)], [INVALID, "ysize smaller than the height", (a, w) => call(a, box(w, { srcPtr: { ptr: view, pitch: 64, xsize: 64, ysize: 3 } }), w)],
    [INVALID, "dst NULL", (a, w) => call(a, box(w, { dstPtr: { ptr: 0, pitch: 128, xsize: 64, ysize: 4 } }), w)], [INVALID, "no sides", (a, w) => call(a, { extent: { width: 1, height: 1, depth: 1 }, kind: H2D }, w)],
    [INVALID, "dst beyond the end", (a, w) => call(a, box(w, { dstPos: { x: 0, y: 0, z: 7 } }), w)], [INVALID, "src beyond the buffer", (a, w) => call(a, box(w, { srcPos: { x: 0, y: 60, z: 0 } }), w)],
    [INVALID, "src far beyond the buffer", (a, w) => call(a, box(w, { srcPos: { x: 0, y: 600, z: 0 } }), w)], [INVALID, "a negative depth", (a, w) => call(a, box(w, { extent: { width: 32, height: 4, depth: -1 } }), w)],
    [INVALID, "no array", (a, w) => call(a, box(w, { srcArray: 5 }), w)],
  ];
}
const peer = (w: World, more: object = {}): In<cudaMemcpy3DPeerParms> => ({ srcPtr: { ptr: w.far, pitch: 64, xsize: 64, ysize: 4 }, srcDevice: 1, dstPtr: { ptr: w.d, pitch: 128, xsize: 64, ysize: 4 }, dstDevice: 0, extent: { width: 32, height: 4, depth: 2 }, ...more });
const peers = (call: (a: Api, p: In<cudaMemcpy3DPeerParms> | null, w: World) => number): readonly (readonly [number, string, (a: Api, w: World) => number])[] => [
  [INVALID, "p NULL", (a, w) => call(a, null, w)], [DEVICE, "no srcDevice", (a, w) => call(a, peer(w, { srcDevice: 2 }), w)], [DEVICE, "no dstDevice", (a, w) => call(a, peer(w, { dstDevice: -1 }), w)],
  [PITCH, "a pitch smaller than the width", (a, w) => call(a, peer(w, { extent: { width: 65, height: 4, depth: 2 } }), w)], [INVALID, "src no memory", (a, w) => call(a, peer(w, { srcPtr: { ptr: 4096, pitch: 64, xsize: 64, ysize: 4 } }), w)],
];

testErrors("Memory Management: copies of rows and boxes", [
  { name: "cudaMemcpy2D", needs: "context", control: (a, w) => a.cudaMemcpy2D(w.d, 64, view, 64, 32, 4, H2D), errors: rows((a, _w, ...rest) => a.cudaMemcpy2D(...rest)) },
  { name: "cudaMemcpy2DAsync", needs: "context", control: (a, w) => a.cudaMemcpy2DAsync(w.d, 64, view, 64, 32, 4, H2D, w.stream), errors: [
    ...rows((a, w, ...rest) => a.cudaMemcpy2DAsync(...rest, w.stream)), [HANDLE, "no stream", (a, w) => a.cudaMemcpy2DAsync(w.d, 64, view, 64, 32, 4, H2D, w.junk)]] },
  { name: "cudaMemcpy3D", needs: "context", control: (a, w) => a.cudaMemcpy3D(box(w)), errors: boxes((a, p) => a.cudaMemcpy3D(p)) },
  { name: "cudaMemcpy3DAsync", needs: "context", control: (a, w) => a.cudaMemcpy3DAsync(box(w), w.stream), errors: [...boxes((a, p, w) => a.cudaMemcpy3DAsync(p, w.stream)), [HANDLE, "no stream", (a, w) => a.cudaMemcpy3DAsync(box(w), w.junk)]] },
  { name: "cudaMemcpy3DPeer", needs: "context", control: (a, w) => a.cudaMemcpy3DPeer(peer(w)), errors: peers((a, p) => a.cudaMemcpy3DPeer(p)) },
  { name: "cudaMemcpy3DPeerAsync", needs: "context", control: (a, w) => a.cudaMemcpy3DPeerAsync(peer(w), w.stream), errors: [...peers((a, p, w) => a.cudaMemcpy3DPeerAsync(p, w.stream)), [HANDLE, "no stream", (a, w) => a.cudaMemcpy3DPeerAsync(peer(w), w.junk)]] },
]);

testErrors("Memory Management: setting memory", [
  { name: "cudaMemset", needs: "context", control: (a, w) => a.cudaMemset(w.d, 300, 4096), errors: [
    [INVALID, "no memory", (a) => a.cudaMemset(4096, 0, 16)], [INVALID, "NULL", (a) => a.cudaMemset(null, 0, 16)], [INVALID, "beyond the end", (a, w) => a.cudaMemset(w.d, 0, 4097)], [INVALID, "a negative count", (a, w) => a.cudaMemset(w.d, 0, -1)]] },
  { name: "cudaMemsetAsync", needs: "context", control: (a, w) => a.cudaMemsetAsync(w.d, 1, 4096, w.stream), errors: [
    [INVALID, "no memory", (a, w) => a.cudaMemsetAsync(4096, 0, 16, w.stream)], [HANDLE, "no stream", (a, w) => a.cudaMemsetAsync(w.d, 0, 16, w.junk)], [HANDLE, "stream of another device", (a, w) => a.cudaMemsetAsync(w.d, 0, 16, w.otherStream)]] },
  { name: "cudaMemset2D", needs: "context", control: (a, w) => a.cudaMemset2D(w.d, 64, 1, 32, 4), errors: [
    [INVALID, "a pitch smaller than the width", (a, w) => a.cudaMemset2D(w.d, 31, 0, 32, 4)], [INVALID, "beyond the end", (a, w) => a.cudaMemset2D(w.d, 64, 0, 32, 65)], [INVALID, "no memory", (a) => a.cudaMemset2D(4096, 64, 0, 32, 4)]] },
  { name: "cudaMemset2DAsync", needs: "context", control: (a, w) => a.cudaMemset2DAsync(w.d, 64, 1, 32, 4, w.stream), errors: [
    [INVALID, "a pitch smaller than the width", (a, w) => a.cudaMemset2DAsync(w.d, 31, 0, 32, 4, w.stream)], [HANDLE, "no stream", (a, w) => a.cudaMemset2DAsync(w.d, 64, 0, 32, 4, w.junk)]] },
  { name: "cudaMemset3D", needs: "context", control: (a, w) => a.cudaMemset3D({ ptr: w.d, pitch: 64, xsize: 64, ysize: 4 }, 1, { width: 32, height: 4, depth: 2 }), errors: [
    [INVALID, "ysize smaller than the height", (a, w) => a.cudaMemset3D({ ptr: w.d, pitch: 64, xsize: 64, ysize: 3 }, 1, { width: 32, height: 4, depth: 2 })],
    [INVALID, "beyond the end", (a, w) => a.cudaMemset3D({ ptr: w.d, pitch: 64, xsize: 64, ysize: 40 }, 1, { width: 32, height: 4, depth: 3 })], [INVALID, "no memory", (a) => a.cudaMemset3D({ ptr: 4096, pitch: 64, xsize: 64, ysize: 4 }, 1, { width: 32, height: 4, depth: 2 })],
    [INVALID, "a pitch smaller than the width", (a, w) => a.cudaMemset3D({ ptr: w.d, pitch: 31, xsize: 64, ysize: 4 }, 1, { width: 32, height: 4, depth: 2 })]] },
  { name: "cudaMemset3DAsync", needs: "context", control: (a, w) => a.cudaMemset3DAsync({ ptr: w.d, pitch: 64, xsize: 64, ysize: 4 }, 1, { width: 32, height: 4, depth: 2 }, w.stream), errors: [
    [INVALID, "ysize smaller than the height", (a, w) => a.cudaMemset3DAsync({ ptr: w.d, pitch: 64, xsize: 64, ysize: 3 }, 1, { width: 32, height: 4, depth: 2 }, w.stream)],
    [HANDLE, "no stream", (a, w) => a.cudaMemset3DAsync({ ptr: w.d, pitch: 64, xsize: 64, ysize: 4 }, 1, { width: 32, height: 4, depth: 2 }, w.junk)]] },
]);

const word = new Uint8Array(4);
testErrors("Memory Management: variables", [
  { name: "cudaGetSymbolAddress", needs: "context", control: (a) => a.cudaGetSymbolAddress(out(), "counter"), errors: [[INVALID, "devPtr NULL", (a) => a.cudaGetSymbolAddress(null, "counter")], [SYMBOL, "no such variable", (a) => a.cudaGetSymbolAddress(out(), "none")], [SYMBOL, "NULL", (a) => a.cudaGetSymbolAddress(out(), null)]] },
  { name: "cudaGetSymbolSize", needs: "context", control: (a) => a.cudaGetSymbolSize(out(), "counter"), errors: [[INVALID, "size NULL", (a) => a.cudaGetSymbolSize(null, "counter")], [SYMBOL, "a kernel", (a) => a.cudaGetSymbolSize(out(), "add")]] },
  { name: "cudaMemcpyToSymbol", needs: "context", control: (a) => a.cudaMemcpyToSymbol("counter", word, 4, 0, H2D), errors: [
    [SYMBOL, "no such variable", (a) => a.cudaMemcpyToSymbol("none", word, 4, 0, H2D)], [DIRECTION, "away from the symbol", (a) => a.cudaMemcpyToSymbol("counter", word, 4, 0, D2H)], [DIRECTION, "host to host", (a) => a.cudaMemcpyToSymbol("counter", word, 4, 0, H2H)],
    [INVALID, "beyond the variable", (a) => a.cudaMemcpyToSymbol("counter", view, 5, 0, H2D)], [INVALID, "before the variable", (a) => a.cudaMemcpyToSymbol("counter", word, 4, -4, H2D)], [INVALID, "src NULL", (a) => a.cudaMemcpyToSymbol("counter", null, 4, 0, H2D)]] },
  { name: "cudaMemcpyFromSymbol", needs: "context", control: (a) => a.cudaMemcpyFromSymbol(word, "table", 4, 12, D2H), errors: [
    [SYMBOL, "no such variable", (a) => a.cudaMemcpyFromSymbol(word, "none", 4, 0, D2H)], [DIRECTION, "towards the symbol", (a) => a.cudaMemcpyFromSymbol(word, "counter", 4, 0, H2D)], [INVALID, "beyond the variable", (a) => a.cudaMemcpyFromSymbol(word, "table", 4, 13, D2H)],
    [INVALID, "dst too short", (a) => a.cudaMemcpyFromSymbol(word, "table", 16, 0, D2H)]] },
  { name: "cudaMemcpyToSymbolAsync", needs: "context", control: (a, w) => a.cudaMemcpyToSymbolAsync("counter", word, 4, 0, H2D, w.stream), errors: [
    [SYMBOL, "no such variable", (a, w) => a.cudaMemcpyToSymbolAsync("none", word, 4, 0, H2D, w.stream)], [DIRECTION, "away from the symbol", (a, w) => a.cudaMemcpyToSymbolAsync("counter", word, 4, 0, D2H, w.stream)],
    [INVALID, "beyond the variable", (a, w) => a.cudaMemcpyToSymbolAsync("counter", view, 5, 0, H2D, w.stream)], [HANDLE, "no stream", (a, w) => a.cudaMemcpyToSymbolAsync("counter", word, 4, 0, H2D, w.junk)]] },
  { name: "cudaMemcpyFromSymbolAsync", needs: "context", control: (a, w) => a.cudaMemcpyFromSymbolAsync(word, "table", 4, 12, D2H, w.stream), errors: [
    [SYMBOL, "no such variable", (a, w) => a.cudaMemcpyFromSymbolAsync(word, "none", 4, 0, D2H, w.stream)], [DIRECTION, "towards the symbol", (a, w) => a.cudaMemcpyFromSymbolAsync(word, "counter", 4, 0, H2D, w.stream)],
    [INVALID, "beyond the variable", (a, w) => a.cudaMemcpyFromSymbolAsync(word, "table", 4, 13, D2H, w.stream)], [HANDLE, "no stream", (a, w) => a.cudaMemcpyFromSymbolAsync(word, "table", 4, 0, D2H, w.junk)]] },
]);

const device = { type: rt.cudaMemLocationTypeDevice, id: 0 } as const;
testErrors("Memory Management: hints; unified addressing", [
  { name: "cudaMemPrefetchAsync", needs: "context", control: (a, w) => a.cudaMemPrefetchAsync(w.managed, 64, device, 0, w.stream), errors: [
    [INVALID, "not managed", (a, w) => a.cudaMemPrefetchAsync(w.d, 64, device, 0, w.stream)], [INVALID, "flags", (a, w) => a.cudaMemPrefetchAsync(w.managed, 64, device, 1, w.stream)], [INVALID, "beyond the end", (a, w) => a.cudaMemPrefetchAsync(w.managed, 2 ** 30, device, 0, w.stream)],
    [DEVICE, "no device", (a, w) => a.cudaMemPrefetchAsync(w.managed, 64, { ...device, id: 2 }, 0, w.stream)], [HANDLE, "no stream", (a, w) => a.cudaMemPrefetchAsync(w.managed, 64, device, 0, w.junk)]] },
  { name: "cudaMemAdvise", needs: "context", control: (a, w) => a.cudaMemAdvise(w.managed, 64, rt.cudaMemAdviseSetReadMostly, device), errors: [
    [INVALID, "not managed", (a, w) => a.cudaMemAdvise(w.d, 64, rt.cudaMemAdviseSetReadMostly, device)], [INVALID, "no advice", (a, w) => a.cudaMemAdvise(w.managed, 64, 99 as 1, device)],
    [DEVICE, "no device", (a, w) => a.cudaMemAdvise(w.managed, 64, rt.cudaMemAdviseSetAccessedBy, { ...device, id: 9 })]] },
  { name: "cudaMemRangeGetAttribute", needs: "context", control: (a, w) => a.cudaMemRangeGetAttribute(out(), 4, rt.cudaMemRangeAttributeReadMostly, w.managed, 64), errors: [
    [INVALID, "data NULL", (a, w) => a.cudaMemRangeGetAttribute(null, 4, rt.cudaMemRangeAttributeReadMostly, w.managed, 64)], [INVALID, "no attribute", (a, w) => a.cudaMemRangeGetAttribute(out(), 4, 99 as 1, w.managed, 64)],
    [INVALID, "not managed", (a, w) => a.cudaMemRangeGetAttribute(out(), 4, rt.cudaMemRangeAttributeReadMostly, w.d, 64)]] },
  { name: "cudaMemRangeGetAttributes", needs: "context", control: (a, w) => a.cudaMemRangeGetAttributes([out()], [4], [1], 1, w.managed, 64), errors: [
    [INVALID, "no attributes", (a, w) => a.cudaMemRangeGetAttributes([], [], [], 0, w.managed, 64)], [INVALID, "data NULL", (a, w) => a.cudaMemRangeGetAttributes(null, [4], [1], 1, w.managed, 64)],
    [INVALID, "not managed", (a, w) => a.cudaMemRangeGetAttributes([out()], [4], [1], 1, w.d, 64)]] },
  { name: "cudaStreamAttachMemAsync", needs: "context", control: (a, w) => a.cudaStreamAttachMemAsync(w.stream, w.managed, 0, rt.cudaMemAttachSingle), errors: [
    [INVALID, "not managed", (a, w) => a.cudaStreamAttachMemAsync(w.stream, w.d, 0, rt.cudaMemAttachSingle)], [INVALID, "flags", (a, w) => a.cudaStreamAttachMemAsync(w.stream, w.managed, 0, 8)],
    [HANDLE, "no stream", (a, w) => a.cudaStreamAttachMemAsync(w.junk, w.managed, 0, rt.cudaMemAttachSingle)]] },
  { name: "cudaPointerGetAttributes", needs: "context", control: (a, w) => a.cudaPointerGetAttributes(out(), w.d), errors: [
    [INVALID, "attributes NULL", (a, w) => a.cudaPointerGetAttributes(null, w.d)], [INVALID, "ptr NULL", (a) => a.cudaPointerGetAttributes(out(), null)]] },
]);
