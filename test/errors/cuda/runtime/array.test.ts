import { out } from "../../../../src/api/out.ts";
import type { In } from "../../../../src/cuda/abi/common.ts";
import * as rt from "../../../../src/cuda/abi/runtime/constants.ts";
import type { cudaArray_t, cudaChannelFormatDesc, cudaMipmappedArray_t, cudaResourceDesc, cudaTextureDesc } from "../../../../src/cuda/abi/runtime/types.ts";
import { testErrors } from "./run.ts";
import type { World } from "./world.ts";

const INVALID = rt.cudaErrorInvalidValue;
const HANDLE = rt.cudaErrorInvalidResourceHandle;
const MEMORY = rt.cudaErrorMemoryAllocation;
const PITCH = rt.cudaErrorInvalidPitchValue;
const DIRECTION = rt.cudaErrorInvalidMemcpyDirection;
const CHANNEL = rt.cudaErrorInvalidChannelDescriptor;
const NO = rt.cudaErrorNotSupported;
const { cudaMemcpyHostToDevice: H2D, cudaMemcpyDeviceToHost: D2H, cudaMemcpyDeviceToDevice: D2D, cudaMemcpyHostToHost: H2H } = rt;
type Api = World["cudart"];
type Row = readonly [number, string, (a: Api, w: World) => number];
const f32: In<cudaChannelFormatDesc> = { x: 32, f: rt.cudaChannelFormatKindFloat };
const junk = 77 as cudaArray_t;
const view = new Uint8Array(4096);

/** Makes an array of 16 x 4 floats (or another), uses it, frees it. */
function withArray(a: Api, use: (array: cudaArray_t) => number, desc = f32, flags = 0): number {
  const box = out<cudaArray_t>();
  if (a.cudaMallocArray(box, desc, 16, 4, flags) !== 0) return use(junk);
  const code = use(box.value);
  a.cudaFreeArray(box.value);
  return code;
}
type Make = (a: Api, box: ReturnType<typeof out<never>> | null, desc: In<cudaChannelFormatDesc> | null, size: readonly [number, number, number], flags: number) => number;
const made = (call: Make, flat: boolean): Row[] => [
  [INVALID, "array NULL", (a) => call(a, null, f32, [4, 4, 0], 0)], [INVALID, "descriptor NULL", (a) => call(a, out(), null, [4, 4, 0], 0)], [INVALID, "width 0", (a) => call(a, out(), f32, [0, 4, 0], 0)],
  [INVALID, "too wide", (a) => call(a, out(), f32, [2 ** 18, 4, 0], 0)], [INVALID, "flags unknown", (a) => call(a, out(), f32, [4, 4, 0], 512)], [CHANNEL, "three channels", (a) => call(a, out(), { x: 8, y: 8, z: 8 }, [4, 4, 0], 0)],
  [CHANNEL, "channels that differ", (a) => call(a, out(), { x: 8, y: 16 }, [4, 4, 0], 0)], [CHANNEL, "floats of 8 bits", (a) => call(a, out(), { x: 8, f: rt.cudaChannelFormatKindFloat }, [4, 4, 0], 0)],
  ...(flat ? [] : ([[NO, "sparse", (a) => call(a, out(), f32, [4, 4, 0], rt.cudaArraySparse)], [INVALID, "cube of five faces", (a) => call(a, out(), f32, [4, 4, 5], rt.cudaArrayCubemap)], [MEMORY, "more than there is", (a) => call(a, out(), f32, [16384, 16384, 16384], 0)]] as Row[])),
];
const freed = (a: Api, code: number, box: { value: cudaArray_t }): number => (code === 0 ? a.cudaFreeArray(box.value) : code);
const withMipmap = (a: Api, use: (mipmap: cudaMipmappedArray_t) => number): number => {
  const box = out<cudaMipmappedArray_t>();
  if (a.cudaMallocMipmappedArray(box, f32, { width: 8, height: 8, depth: 0 }, 2, 0) !== 0) return use(junk as never);
  const code = use(box.value);
  a.cudaFreeMipmappedArray(box.value);
  return code;
};

testErrors("Memory Management: arrays", [
  { name: "cudaMallocArray", needs: "context", control: (a) => { const box = out<cudaArray_t>(); return freed(a, a.cudaMallocArray(box, f32, 8, 8, 0), box); }, errors: [
    ...made((a, box, desc, [width, height], flags) => a.cudaMallocArray(box, desc, width, height, flags), true), [MEMORY, "more than there is", (a) => a.cudaMallocArray(out(), { x: 32, y: 32, z: 32, w: 32, f: 2 }, 131072, 65536, 0)]] },
  { name: "cudaMalloc3DArray", needs: "context", control: (a) => { const box = out<cudaArray_t>(); return freed(a, a.cudaMalloc3DArray(box, f32, { width: 8, height: 8, depth: 2 }, 0), box); }, errors: made((a, box, desc, [width, height, depth], flags) => a.cudaMalloc3DArray(box, desc, { width, height, depth }, flags), false) },
  { name: "cudaMallocMipmappedArray", needs: "context", control: (a) => { const box = out<cudaMipmappedArray_t>(); const code = a.cudaMallocMipmappedArray(box, f32, { width: 8, height: 8, depth: 0 }, 2, 0); return code === 0 ? a.cudaFreeMipmappedArray(box.value) : code; }, errors: made((a, box, desc, [width, height, depth], flags) => a.cudaMallocMipmappedArray(box, desc, { width, height, depth }, 2, flags), false) },
  { name: "cudaGetMipmappedArrayLevel", needs: "context", control: (a) => withMipmap(a, (mipmap) => a.cudaGetMipmappedArrayLevel(out(), mipmap, 1)), errors: [
    [INVALID, "array NULL", (a) => withMipmap(a, (mipmap) => a.cudaGetMipmappedArrayLevel(null, mipmap, 1))], [HANDLE, "no mipmapped array", (a) => a.cudaGetMipmappedArrayLevel(out(), junk as never, 0)], [INVALID, "no such level", (a) => withMipmap(a, (mipmap) => a.cudaGetMipmappedArrayLevel(out(), mipmap, 2))]] },
  { name: "cudaFreeArray", needs: "context", control: (a) => a.cudaFreeArray(null), errors: [[INVALID, "no array", (a) => a.cudaFreeArray(junk)]] },
  { name: "cudaFreeMipmappedArray", needs: "context", control: (a) => a.cudaFreeMipmappedArray(null), errors: [[INVALID, "no mipmapped array", (a) => a.cudaFreeMipmappedArray(junk as never)]] },
  { name: "cudaArrayGetInfo", needs: "context", control: (a) => withArray(a, (array) => a.cudaArrayGetInfo(out(), null, out(), array)), errors: [[INVALID, "no array", (a) => a.cudaArrayGetInfo(out(), out(), out(), junk)]] },
  { name: "cudaGetChannelDesc", needs: "context", control: (a) => withArray(a, (array) => a.cudaGetChannelDesc(out(), array)), errors: [[INVALID, "no array", (a) => a.cudaGetChannelDesc(out(), junk as never)], [INVALID, "descriptor NULL", (a) => withArray(a, (array) => a.cudaGetChannelDesc(null, array as never))]] },
  { name: "cudaArrayGetPlane", needs: "nothing", control: () => 0, errors: [[INVALID, "no planes", (a) => withArray(a, (array) => a.cudaArrayGetPlane(out(), array, 0))]] },
]);

type Rows = (a: Api, w: World, array: cudaArray_t, x: number, y: number, memory: ArrayBufferView | number | null, pitch: number, width: number, height: number, kind: number) => number;
const rows = (call: Rows, kind: number): Row[] => [
  [INVALID, "no array", (a, w) => call(a, w, junk, 0, 0, view, 64, 64, 4, kind)], [INVALID, "beyond the row", (a, w) => withArray(a, (array) => call(a, w, array, 4, 0, view, 64, 64, 4, kind))],
  [INVALID, "beyond the rows", (a, w) => withArray(a, (array) => call(a, w, array, 0, 1, view, 64, 64, 4, kind))], [PITCH, "pitch too small", (a, w) => withArray(a, (array) => call(a, w, array, 0, 0, view, 63, 64, 4, kind))],
  [INVALID, "memory NULL", (a, w) => withArray(a, (array) => call(a, w, array, 0, 0, null, 64, 64, 4, kind))], [INVALID, "memory too short", (a, w) => withArray(a, (array) => call(a, w, array, 0, 0, view.subarray(0, 255), 64, 64, 4, kind))],
  [DIRECTION, "a kind that is none", (a, w) => withArray(a, (array) => call(a, w, array, 0, 0, view, 64, 64, 4, 9))], [DIRECTION, "host to host", (a, w) => withArray(a, (array) => call(a, w, array, 0, 0, view, 64, 64, 4, H2H))],
];
const to2D: Rows = (a, _w, array, x, y, memory, pitch, width, height, kind) => a.cudaMemcpy2DToArray(array, x, y, memory, pitch, width, height, kind as never);
const from2D: Rows = (a, _w, array, x, y, memory, pitch, width, height, kind) => a.cudaMemcpy2DFromArray(memory, pitch, array as never, x, y, width, height, kind as never);
const to2DAsync: Rows = (a, w, array, x, y, memory, pitch, width, height, kind) => a.cudaMemcpy2DToArrayAsync(array, x, y, memory, pitch, width, height, kind as never, w.stream);
const from2DAsync: Rows = (a, w, array, x, y, memory, pitch, width, height, kind) => a.cudaMemcpy2DFromArrayAsync(memory, pitch, array as never, x, y, width, height, kind as never, w.stream);
const works = (call: Rows, kind: number) => (a: Api, w: World): number => withArray(a, (array) => call(a, w, array, 4, 1, view, 64, 60, 3, kind));
const without = (list: Row[], rule: string): Row[] => list.filter(([, name]) => name !== rule);

testErrors("Memory Management: copies of rows of arrays", [
  { name: "cudaMemcpy2DToArray", needs: "context", control: works(to2D, H2D), errors: rows(to2D, H2D) },
  { name: "cudaMemcpy2DFromArray", needs: "context", control: works(from2D, D2H), errors: rows(from2D, D2H) },
  { name: "cudaMemcpy2DToArrayAsync", needs: "context", control: works(to2DAsync, H2D), errors: [...rows(to2DAsync, H2D), [HANDLE, "no stream", (a, w) => withArray(a, (array) => a.cudaMemcpy2DToArrayAsync(array, 0, 0, view, 64, 64, 4, H2D, w.junk))]] },
  { name: "cudaMemcpy2DFromArrayAsync", needs: "context", control: works(from2DAsync, D2H), errors: [...rows(from2DAsync, D2H), [HANDLE, "no stream", (a, w) => withArray(a, (array) => a.cudaMemcpy2DFromArrayAsync(view, 64, array as never, 0, 0, 64, 4, D2H, w.junk))]] },
  { name: "cudaMemcpy2DArrayToArray", needs: "context", control: (a) => withArray(a, (array) => withArray(a, (other) => a.cudaMemcpy2DArrayToArray(array, 0, 0, other as never, 4, 1, 60, 3, D2D))), errors: [
    [INVALID, "no array", (a) => withArray(a, (array) => a.cudaMemcpy2DArrayToArray(array, 0, 0, junk as never, 0, 0, 64, 4, D2D))], [INVALID, "beyond the rows", (a) => withArray(a, (array) => a.cudaMemcpy2DArrayToArray(array, 0, 0, array as never, 0, 2, 64, 3, D2D))],
    [DIRECTION, "to the host", (a) => withArray(a, (array) => a.cudaMemcpy2DArrayToArray(array, 0, 0, array as never, 0, 0, 64, 4, D2H))]] },
]);

const toRun: Rows = (a, _w, array, x, y, memory, _pitch, width, height, kind) => a.cudaMemcpyToArray(array, x, y, memory, width * height, kind as never);
const fromRun: Rows = (a, _w, array, x, y, memory, _pitch, width, height, kind) => a.cudaMemcpyFromArray(memory, array as never, x, y, width * height, kind as never);
const toRunAsync: Rows = (a, w, array, x, y, memory, _pitch, width, height, kind) => a.cudaMemcpyToArrayAsync(array, x, y, memory, width * height, kind as never, w.stream);
const fromRunAsync: Rows = (a, w, array, x, y, memory, _pitch, width, height, kind) => a.cudaMemcpyFromArrayAsync(memory, array as never, x, y, width * height, kind as never, w.stream);
testErrors("Memory Management: copies of bytes of arrays", [
  { name: "cudaMemcpyToArray", needs: "context", control: works(toRun, H2D), errors: without(rows(toRun, H2D), "pitch too small") },
  { name: "cudaMemcpyFromArray", needs: "context", control: works(fromRun, D2H), errors: without(rows(fromRun, D2H), "pitch too small") },
  { name: "cudaMemcpyToArrayAsync", needs: "context", control: works(toRunAsync, H2D), errors: without(rows(toRunAsync, H2D), "pitch too small") },
  { name: "cudaMemcpyFromArrayAsync", needs: "context", control: works(fromRunAsync, D2H), errors: without(rows(fromRunAsync, D2H), "pitch too small") },
  { name: "cudaMemcpyArrayToArray", needs: "context", control: (a) => withArray(a, (array) => withArray(a, (other) => a.cudaMemcpyArrayToArray(array, 0, 0, other as never, 8, 1, 100, D2D))), errors: [
    [INVALID, "no array", (a) => withArray(a, (array) => a.cudaMemcpyArrayToArray(array, 0, 0, junk as never, 0, 0, 64, D2D))], [INVALID, "beyond the end", (a) => withArray(a, (array) => a.cudaMemcpyArrayToArray(array, 0, 0, array as never, 0, 1, 256, D2D))],
    [DIRECTION, "to the host", (a) => withArray(a, (array) => a.cudaMemcpyArrayToArray(array, 0, 0, array as never, 0, 0, 64, D2H))]] },
]);

const resource = (array: cudaArray_t): In<cudaResourceDesc> => ({ resType: rt.cudaResourceTypeArray, res: { array: { array } } });
const tex = (a: Api, desc: In<cudaTextureDesc> | null, res: In<cudaResourceDesc> | null = null, format = f32): number => withArray(a, (array) => {
  const box = out<never>();
  const code = a.cudaCreateTextureObject(box, res ?? resource(array), desc, null);
  return code === 0 ? a.cudaDestroyTextureObject(box.value) : code;
}, format);
const withTexture = (a: Api, use: (object: never) => number): number => withArray(a, (array) => {
  const box = out<never>();
  if (a.cudaCreateTextureObject(box, resource(array), {}, null) !== 0) return use(junk as never);
  const code = use(box.value);
  a.cudaDestroyTextureObject(box.value);
  return code;
});
const withSurface = (a: Api, use: (object: never) => number): number => withArray(a, (array) => {
  const box = out<never>();
  if (a.cudaCreateSurfaceObject(box, resource(array)) !== 0) return use(junk as never);
  const code = use(box.value);
  a.cudaDestroySurfaceObject(box.value);
  return code;
}, f32, rt.cudaArraySurfaceLoadStore);
const i32: In<cudaChannelFormatDesc> = { x: 32, f: rt.cudaChannelFormatKindSigned };
const linear = (w: World, change: object): In<cudaResourceDesc> => ({ resType: rt.cudaResourceTypeLinear, res: { linear: { devPtr: w.d, desc: f32, sizeInBytes: 64, ...change } } });

testErrors("Texture and Surface Object Management", [
  { name: "cudaCreateTextureObject", needs: "context", control: (a) => tex(a, {}), errors: [
    [INVALID, "object NULL", (a) => withArray(a, (array) => a.cudaCreateTextureObject(null, resource(array), {}, null))], [INVALID, "resource NULL", (a) => a.cudaCreateTextureObject(out(), null, {}, null)], [INVALID, "texture NULL", (a) => tex(a, null)],
    [INVALID, "no array", (a) => tex(a, {}, resource(junk))], [INVALID, "no mipmapped array", (a) => tex(a, {}, { resType: rt.cudaResourceTypeMipmappedArray })], [INVALID, "type unknown", (a) => tex(a, {}, { resType: 9 as never })],
    [CHANNEL, "linear: format", (a, w) => tex(a, {}, linear(w, { desc: { x: 8, y: 16 } }))], [INVALID, "linear: not memory", (a, w) => tex(a, {}, linear(w, { devPtr: 512 }))], [INVALID, "linear: bytes of the program", (a, w) => tex(a, {}, linear(w, { devPtr: view }))],
    [rt.cudaErrorInvalidNormSetting, "32-bit integers as floats", (a) => tex(a, { readMode: rt.cudaReadModeNormalizedFloat }, null, i32)], [rt.cudaErrorInvalidFilterSetting, "linear filter of integers", (a) => tex(a, { filterMode: rt.cudaFilterModeLinear }, null, i32)],
    [NO, "sRGB", (a) => tex(a, { sRGB: 1 })], [NO, "resource view", (a) => withArray(a, (array) => a.cudaCreateTextureObject(out(), resource(array), {}, {}))]] },
  { name: "cudaDestroyTextureObject", needs: "context", control: (a) => a.cudaDestroyTextureObject(null), errors: [[INVALID, "no texture", (a) => a.cudaDestroyTextureObject(junk as never)]] },
  { name: "cudaGetTextureObjectResourceDesc", needs: "context", control: (a) => withTexture(a, (object) => a.cudaGetTextureObjectResourceDesc(out(), object)), errors: [
    [INVALID, "descriptor NULL", (a) => withTexture(a, (object) => a.cudaGetTextureObjectResourceDesc(null, object))], [INVALID, "no texture", (a) => a.cudaGetTextureObjectResourceDesc(out(), junk as never)]] },
  { name: "cudaGetTextureObjectTextureDesc", needs: "context", control: (a) => withTexture(a, (object) => a.cudaGetTextureObjectTextureDesc(out(), object)), errors: [
    [INVALID, "descriptor NULL", (a) => withTexture(a, (object) => a.cudaGetTextureObjectTextureDesc(null, object))], [INVALID, "no texture", (a) => a.cudaGetTextureObjectTextureDesc(out(), junk as never)]] },
  { name: "cudaGetTextureObjectResourceViewDesc", needs: "nothing", control: () => 0, errors: [[INVALID, "no view", (a) => withTexture(a, (object) => a.cudaGetTextureObjectResourceViewDesc(out(), object))]] },
  { name: "cudaCreateSurfaceObject", needs: "context", control: (a) => withSurface(a, (object) => a.cudaGetSurfaceObjectResourceDesc(out(), object)), errors: [
    [INVALID, "object NULL", (a) => a.cudaCreateSurfaceObject(null, resource(junk))], [INVALID, "resource NULL", (a) => a.cudaCreateSurfaceObject(out(), null)], [HANDLE, "no array", (a) => a.cudaCreateSurfaceObject(out(), resource(junk))],
    [INVALID, "memory", (a, w) => a.cudaCreateSurfaceObject(out(), linear(w, {}))], [INVALID, "an array that is not for surfaces", (a) => withArray(a, (array) => a.cudaCreateSurfaceObject(out(), resource(array)))]] },
  { name: "cudaDestroySurfaceObject", needs: "context", control: (a) => a.cudaDestroySurfaceObject(null), errors: [[INVALID, "no surface", (a) => a.cudaDestroySurfaceObject(junk as never)]] },
  { name: "cudaGetSurfaceObjectResourceDesc", needs: "context", control: (a) => withSurface(a, (object) => a.cudaGetSurfaceObjectResourceDesc(out(), object)), errors: [
    [INVALID, "descriptor NULL", (a) => withSurface(a, (object) => a.cudaGetSurfaceObjectResourceDesc(null, object))], [INVALID, "no surface", (a) => a.cudaGetSurfaceObjectResourceDesc(out(), junk as never)]] },
]);
