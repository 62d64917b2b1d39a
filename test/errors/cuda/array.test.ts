import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { In } from "../../../src/cuda/abi/common.ts";
import type { CUarray, CUDA_ARRAY3D_DESCRIPTOR, CUDA_RESOURCE_DESC, CUDA_TEXTURE_DESC, CUmipmappedArray } from "../../../src/cuda/abi/driver/types.ts";
import type { SyncApi } from "../../../src/api/styles.ts";
import type { Driver } from "../../../src/cuda/index.ts";
import { testErrors } from "./run.ts";
import type { World } from "./world.ts";

const INVALID = cu.CUDA_ERROR_INVALID_VALUE;
const HANDLE = cu.CUDA_ERROR_INVALID_HANDLE;
const MEMORY = cu.CUDA_ERROR_OUT_OF_MEMORY;
const NO = cu.CUDA_ERROR_NOT_SUPPORTED;
type Api = SyncApi<Driver>;
const plain: In<CUDA_ARRAY3D_DESCRIPTOR> = { Width: 16, Height: 4, Format: cu.CU_AD_FORMAT_FLOAT, NumChannels: 1 };
const junk = 77 as CUarray;

/** Makes an array, uses it, destroys it; the first code that is not success. */
function withArray(a: Api, desc: In<CUDA_ARRAY3D_DESCRIPTOR>, use: (array: CUarray) => number): number {
  const box = out<CUarray>();
  const made = a.cuArray3DCreate(box, { ...plain, ...desc });
  if (made !== 0) return use(junk);
  const code = use(box.value);
  a.cuArrayDestroy(box.value);
  return code;
}

const line = { Height: 0 };
const creation = (call: (a: Api, box: ReturnType<typeof out<CUarray>> | null, desc: In<CUDA_ARRAY3D_DESCRIPTOR> | null) => number): [number, string, (a: Api, w: World) => number][] => [
  [INVALID, "handle NULL", (a) => call(a, null, plain)], [INVALID, "descriptor NULL", (a) => call(a, out(), null)], [INVALID, "width 0", (a) => call(a, out(), { ...plain, Width: 0 })],
  [INVALID, "too wide", (a) => call(a, out(), { ...plain, Width: 131073 })], [INVALID, "too high", (a) => call(a, out(), { ...plain, Height: 65537 })], [INVALID, "format unknown", (a) => call(a, out(), { ...plain, Format: 5 as never })],
  [INVALID, "three channels", (a) => call(a, out(), { ...plain, NumChannels: 3 })], [INVALID, "channels that the format has not", (a) => call(a, out(), { ...plain, Format: cu.CU_AD_FORMAT_UNORM_INT8X2, NumChannels: 1 })],
  [NO, "block-compressed", (a) => call(a, out(), { ...plain, Format: cu.CU_AD_FORMAT_BC1_UNORM })],
];
const creation3D: typeof creation = (call) => [
  ...creation(call),
  [INVALID, "flags unknown", (a) => call(a, out(), { ...plain, Flags: 512 })], [NO, "depth texture", (a) => call(a, out(), { ...plain, Flags: cu.CUDA_ARRAY3D_DEPTH_TEXTURE })],
  [INVALID, "cube of five faces", (a) => call(a, out(), { ...plain, Width: 4, Height: 4, Depth: 5, Flags: cu.CUDA_ARRAY3D_CUBEMAP })], [INVALID, "cube that is not square", (a) => call(a, out(), { ...plain, Width: 4, Height: 8, Depth: 6, Flags: cu.CUDA_ARRAY3D_CUBEMAP })],
  [INVALID, "layers that are no cubes", (a) => call(a, out(), { ...plain, Width: 4, Height: 4, Depth: 13, Flags: cu.CUDA_ARRAY3D_CUBEMAP | cu.CUDA_ARRAY3D_LAYERED })], [INVALID, "cube too wide", (a) => call(a, out(), { ...plain, Width: 65536, Height: 65536, Depth: 6, Flags: cu.CUDA_ARRAY3D_CUBEMAP })],
  [INVALID, "no layers", (a) => call(a, out(), { ...plain, Flags: cu.CUDA_ARRAY3D_LAYERED })], [INVALID, "depth without height", (a) => call(a, out(), { ...plain, Height: 0, Depth: 4 })],
  [INVALID, "gather of a volume", (a) => call(a, out(), { ...plain, Depth: 2, Flags: cu.CUDA_ARRAY3D_TEXTURE_GATHER })], [INVALID, "too many layers", (a) => call(a, out(), { ...plain, Depth: 2049, Flags: cu.CUDA_ARRAY3D_LAYERED })],
  [INVALID, "too deep", (a) => call(a, out(), { ...plain, Depth: 16385 })], [INVALID, "too wide for a surface", (a) => call(a, out(), { ...plain, Width: 131073, Flags: cu.CUDA_ARRAY3D_SURFACE_LDST })],
  [MEMORY, "more than there is", (a) => call(a, out(), { ...plain, Width: 16384, Height: 16384, Depth: 16384 })],
];

testErrors("Memory Management: arrays", [
  { name: "cuArrayCreate_v2", needs: "context", control: (a) => { const box = out<CUarray>(); const code = a.cuArrayCreate(box, plain); return code !== 0 ? code : a.cuArrayDestroy(box.value); }, errors: [
    ...creation((a, box, desc) => a.cuArrayCreate(box, desc))] },
  { name: "cuArray3DCreate_v2", needs: "context", control: (a) => { const box = out<CUarray>(); const code = a.cuArray3DCreate(box, plain); return code !== 0 ? code : a.cuArrayDestroy(box.value); }, errors: creation3D((a, box, desc) => a.cuArray3DCreate(box, desc)) },
  { name: "cuArrayGetDescriptor_v2", needs: "context", control: (a) => withArray(a, {}, (array) => a.cuArrayGetDescriptor(out(), array)), errors: [
    [INVALID, "descriptor NULL", (a) => withArray(a, {}, (array) => a.cuArrayGetDescriptor(null, array))], [HANDLE, "no array", (a) => a.cuArrayGetDescriptor(out(), junk)]] },
  { name: "cuArray3DGetDescriptor_v2", needs: "context", control: (a) => withArray(a, {}, (array) => a.cuArray3DGetDescriptor(out(), array)), errors: [
    [INVALID, "descriptor NULL", (a) => withArray(a, {}, (array) => a.cuArray3DGetDescriptor(null, array))], [HANDLE, "no array", (a) => a.cuArray3DGetDescriptor(out(), junk)]] },
  { name: "cuArrayDestroy", needs: "context", control: (a) => withArray(a, {}, (array) => a.cuArrayGetDescriptor(out(), array)), errors: [[HANDLE, "no array", (a) => a.cuArrayDestroy(junk)], [HANDLE, "NULL", (a) => a.cuArrayDestroy(null)]] },
  { name: "cuMipmappedArrayCreate", needs: "context", control: (a) => { const box = out<CUmipmappedArray>(); const code = a.cuMipmappedArrayCreate(box, plain, 2); return code !== 0 ? code : a.cuMipmappedArrayDestroy(box.value); }, errors: creation3D((a, box, desc) => a.cuMipmappedArrayCreate(box as never, desc, 3)) },
  { name: "cuMipmappedArrayGetLevel", needs: "context", control: (a) => { const box = out<CUmipmappedArray>(); const code = a.cuMipmappedArrayCreate(box, plain, 2); if (code !== 0) return a.cuMipmappedArrayGetLevel(out(), 0, 0); const got = a.cuMipmappedArrayGetLevel(out(), box.value, 1); a.cuMipmappedArrayDestroy(box.value); return got; }, errors: [
    [HANDLE, "no mipmapped array", (a) => a.cuMipmappedArrayGetLevel(out(), junk as never, 0)], [INVALID, "level NULL", (a) => a.cuMipmappedArrayGetLevel(null, 0, 0)],
    [INVALID, "no such level", (a) => { const box = out<CUmipmappedArray>(); a.cuMipmappedArrayCreate(box, plain, 2); const code = a.cuMipmappedArrayGetLevel(out(), box.value, 2); a.cuMipmappedArrayDestroy(box.value); return code; }]] },
  { name: "cuMipmappedArrayDestroy", needs: "context", control: (a) => { const box = out<CUmipmappedArray>(); const code = a.cuMipmappedArrayCreate(box, plain, 2); return a.cuMipmappedArrayDestroy(code === 0 ? box.value : 0); }, errors: [[HANDLE, "no mipmapped array", (a) => a.cuMipmappedArrayDestroy(junk as never)]] },
]);

const view = new Uint8Array(256);
type Run = (a: Api, w: World, array: CUarray, offset: number, count: number, memory?: number) => number;
const runs = (call: Run, memory = true): [number, string, (a: Api, w: World) => number][] => [
  [HANDLE, "no array", (a, w) => call(a, w, junk, 0, 4)], [INVALID, "an array of two dimensions", (a, w) => withArray(a, {}, (array) => call(a, w, array, 0, 4))],
  [INVALID, "beyond the array", (a, w) => withArray(a, line, (array) => call(a, w, array, 4, 64))], [INVALID, "half an element", (a, w) => withArray(a, line, (array) => call(a, w, array, 0, 6))],
  ...(memory ? [[INVALID, "not memory", (a: Api, w: World) => withArray(a, line, (array) => call(a, w, array, 0, 4, 0x10))] as [number, string, (a: Api, w: World) => number]] : []),
];
const HtoA: Run = (a, _w, array, offset, count, memory) => a.cuMemcpyHtoA(array, offset, memory ?? view, count);
const AtoH: Run = (a, _w, array, offset, count, memory) => a.cuMemcpyAtoH(memory ?? view, array, offset, count);
const DtoA: Run = (a, w, array, offset, count, memory) => a.cuMemcpyDtoA(array, offset, memory ?? w.d, count);
const AtoD: Run = (a, w, array, offset, count, memory) => a.cuMemcpyAtoD(memory ?? w.d, array, offset, count);
const AtoA: Run = (a, _w, array, offset, count) => withArray(a, line, (other) => a.cuMemcpyAtoA(other, 0, array, offset, count));
const control = (call: Run) => (a: Api, w: World): number => withArray(a, line, (array) => call(a, w, array, 4, 16));

testErrors("Memory Management: copies of arrays", [
  { name: "cuMemcpyHtoA_v2", needs: "context", control: control(HtoA), errors: runs(HtoA) },
  { name: "cuMemcpyAtoH_v2", needs: "context", control: control(AtoH), errors: runs(AtoH) },
  { name: "cuMemcpyDtoA_v2", needs: "context", control: control(DtoA), errors: runs(DtoA) },
  { name: "cuMemcpyAtoD_v2", needs: "context", control: control(AtoD), errors: runs(AtoD) },
  { name: "cuMemcpyAtoA_v2", needs: "context", control: control(AtoA), errors: [...runs(AtoA, false), [INVALID, "elements of different sizes", (a) => withArray(a, line, (one) => withArray(a, { ...line, NumChannels: 2 }, (two) => a.cuMemcpyAtoA(one, 0, two, 0, 8)))]] },
  { name: "cuMemcpyHtoAAsync_v2", needs: "context", control: (a, w) => control((b, _w, array, offset, count) => b.cuMemcpyHtoAAsync(array, offset, view, count, w.stream))(a, w), errors: [
    ...runs((a, w, array, offset, count, memory) => a.cuMemcpyHtoAAsync(array, offset, memory ?? view, count, w.stream)), [HANDLE, "no stream", (a) => withArray(a, line, (array) => a.cuMemcpyHtoAAsync(array, 0, view, 4, 77 as never))]] },
  { name: "cuMemcpyAtoHAsync_v2", needs: "context", control: (a, w) => control((b, _w, array, offset, count) => b.cuMemcpyAtoHAsync(view, array, offset, count, w.stream))(a, w), errors: [
    ...runs((a, w, array, offset, count, memory) => a.cuMemcpyAtoHAsync(memory ?? view, array, offset, count, w.stream)), [HANDLE, "no stream", (a) => withArray(a, line, (array) => a.cuMemcpyAtoHAsync(view, array, 0, 4, 77 as never))]] },
]);

const resource = (hArray: CUarray): In<CUDA_RESOURCE_DESC> => ({ resType: cu.CU_RESOURCE_TYPE_ARRAY, res: { array: { hArray } } });
const linear = (w: World, change: object = {}): In<CUDA_RESOURCE_DESC> => ({ resType: cu.CU_RESOURCE_TYPE_LINEAR, res: { linear: { devPtr: w.d, format: cu.CU_AD_FORMAT_FLOAT, numChannels: 1, sizeInBytes: 64, ...change } } });
const pitched = (w: World, change: object = {}): In<CUDA_RESOURCE_DESC> => ({ resType: cu.CU_RESOURCE_TYPE_PITCH2D, res: { pitch2D: { devPtr: w.d, format: cu.CU_AD_FORMAT_FLOAT, numChannels: 1, width: 4, height: 4, pitchInBytes: 64, ...change } } });
/** A texture of an array of floats, or of something else. */
const tex = (a: Api, desc: In<CUDA_TEXTURE_DESC> | null, res: In<CUDA_RESOURCE_DESC> | null = null, array: In<CUDA_ARRAY3D_DESCRIPTOR> = {}): number =>
  withArray(a, array, (handle) => {
    const box = out<never>();
    const code = a.cuTexObjectCreate(box, res ?? resource(handle), desc, null);
    if (code === 0) a.cuTexObjectDestroy(box.value);
    return code;
  });
const withTexture = (a: Api, use: (object: never) => number): number =>
  withArray(a, {}, (array) => {
    const box = out<never>();
    if (a.cuTexObjectCreate(box, resource(array), {}, null) !== 0) return use(junk as never);
    const code = use(box.value);
    a.cuTexObjectDestroy(box.value);
    return code;
  });
const ldst = { Flags: cu.CUDA_ARRAY3D_SURFACE_LDST };
const withSurface = (a: Api, use: (object: never) => number): number =>
  withArray(a, ldst, (array) => {
    const box = out<never>();
    if (a.cuSurfObjectCreate(box, resource(array)) !== 0) return use(junk as never);
    const code = use(box.value);
    a.cuSurfObjectDestroy(box.value);
    return code;
  });

testErrors("Texture Object Management", [
  { name: "cuTexObjectCreate", needs: "context", control: (a) => tex(a, {}), errors: [
    [INVALID, "object NULL", (a) => withArray(a, {}, (array) => a.cuTexObjectCreate(null, resource(array), {}, null))], [INVALID, "resource NULL", (a) => a.cuTexObjectCreate(out(), null, {}, null)],
    [INVALID, "texture NULL", (a) => tex(a, null)], [HANDLE, "no array", (a) => tex(a, {}, resource(junk))], [INVALID, "type unknown", (a) => tex(a, {}, { resType: 9 as never })],
    [INVALID, "flags of the resource", (a) => withArray(a, {}, (array) => a.cuTexObjectCreate(out(), { ...resource(array), flags: 1 }, {}, null))],
    [HANDLE, "no mipmapped array", (a) => tex(a, {}, { resType: cu.CU_RESOURCE_TYPE_MIPMAPPED_ARRAY, res: { mipmap: { hMipmappedArray: junk as never } } })],
    [INVALID, "linear: not memory", (a, w) => tex(a, {}, linear(w, { devPtr: 512 }))], [INVALID, "linear: not aligned", (a, w) => tex(a, {}, linear(w, { devPtr: w.d + 4 }))], [INVALID, "linear: NULL", (a, w) => tex(a, {}, linear(w, { devPtr: 0 }))],
    [INVALID, "linear: no element", (a, w) => tex(a, {}, linear(w, { sizeInBytes: 3 }))], [INVALID, "linear: too long", (a, w) => tex(a, {}, linear(w, { sizeInBytes: 8192 }))], [INVALID, "linear: format", (a, w) => tex(a, {}, linear(w, { numChannels: 3 }))],
    [INVALID, "pitched: pitch too small", (a, w) => tex(a, {}, pitched(w, { width: 17 }))], [INVALID, "pitched: pitch not aligned", (a, w) => tex(a, {}, pitched(w, { pitchInBytes: 40 }))], [INVALID, "pitched: too high", (a, w) => tex(a, {}, pitched(w, { height: 100 }))],
    [INVALID, "pitched: width 0", (a, w) => tex(a, {}, pitched(w, { width: 0 }))], [INVALID, "pitched: format", (a, w) => tex(a, {}, pitched(w, { format: 7 }))],
    [INVALID, "filter unknown", (a) => tex(a, { filterMode: 2 as never })], [INVALID, "address mode unknown", (a) => tex(a, { addressMode: [4 as never] })], [INVALID, "flags unknown", (a) => tex(a, { flags: 4 })],
    [INVALID, "linear filter of integers", (a) => tex(a, { filterMode: 1 }, null, { Format: cu.CU_AD_FORMAT_SIGNED_INT32 })],
    [NO, "sRGB", (a) => tex(a, { flags: cu.CU_TRSF_SRGB })], [INVALID, "filter between levels unknown", (a) => tex(a, { mipmapFilterMode: 2 as never })],
    [NO, "resource view", (a) => withArray(a, {}, (array) => a.cuTexObjectCreate(out(), resource(array), {}, {}))]] },
  { name: "cuTexObjectDestroy", needs: "context", control: (a) => withTexture(a, (object) => a.cuTexObjectGetResourceDesc(out(), object)), errors: [[INVALID, "no texture", (a) => a.cuTexObjectDestroy(junk as never)], [INVALID, "a surface", (a) => withSurface(a, (object) => a.cuTexObjectDestroy(object))]] },
  { name: "cuTexObjectGetResourceDesc", needs: "context", control: (a) => withTexture(a, (object) => a.cuTexObjectGetResourceDesc(out(), object)), errors: [
    [INVALID, "descriptor NULL", (a) => withTexture(a, (object) => a.cuTexObjectGetResourceDesc(null, object))], [INVALID, "no texture", (a) => a.cuTexObjectGetResourceDesc(out(), junk as never)]] },
  { name: "cuTexObjectGetTextureDesc", needs: "context", control: (a) => withTexture(a, (object) => a.cuTexObjectGetTextureDesc(out(), object)), errors: [
    [INVALID, "descriptor NULL", (a) => withTexture(a, (object) => a.cuTexObjectGetTextureDesc(null, object))], [INVALID, "no texture", (a) => a.cuTexObjectGetTextureDesc(out(), junk as never)]] },
]);

testErrors("Surface Object Management", [
  { name: "cuSurfObjectCreate", needs: "context", control: (a) => withSurface(a, (object) => a.cuSurfObjectGetResourceDesc(out(), object)), errors: [
    [INVALID, "object NULL", (a) => withArray(a, ldst, (array) => a.cuSurfObjectCreate(null, resource(array)))], [INVALID, "resource NULL", (a) => a.cuSurfObjectCreate(out(), null)], [INVALID, "memory", (a, w) => a.cuSurfObjectCreate(out(), linear(w))],
    [INVALID, "an array that is not for surfaces", (a) => withArray(a, {}, (array) => a.cuSurfObjectCreate(out(), resource(array)))], [HANDLE, "no array", (a) => a.cuSurfObjectCreate(out(), resource(junk))]] },
  { name: "cuSurfObjectDestroy", needs: "context", control: (a) => withSurface(a, (object) => a.cuSurfObjectGetResourceDesc(out(), object)), errors: [[INVALID, "no surface", (a) => a.cuSurfObjectDestroy(junk as never)]] },
  { name: "cuSurfObjectGetResourceDesc", needs: "context", control: (a) => withSurface(a, (object) => a.cuSurfObjectGetResourceDesc(out(), object)), errors: [
    [INVALID, "descriptor NULL", (a) => withSurface(a, (object) => a.cuSurfObjectGetResourceDesc(null, object))], [INVALID, "no surface", (a) => a.cuSurfObjectGetResourceDesc(out(), junk as never)]] },
]);

testErrors("Memory Management: arrays without planes", [
  { name: "cuArrayGetPlane", needs: "nothing", control: () => 0, errors: [
    [INVALID, "plane NULL", (a) => withArray(a, {}, (array) => a.cuArrayGetPlane(null, array, 0))], [HANDLE, "no array", (a) => a.cuArrayGetPlane(out(), junk, 0)], [INVALID, "no planes", (a) => withArray(a, {}, (array) => a.cuArrayGetPlane(out(), array, 0))]] },
  { name: "cuTexObjectGetResourceViewDesc", needs: "nothing", control: () => 0, errors: [
    [INVALID, "descriptor NULL", (a) => withTexture(a, (object) => a.cuTexObjectGetResourceViewDesc(null, object))], [INVALID, "no texture", (a) => a.cuTexObjectGetResourceViewDesc(out(), junk as never)],
    [INVALID, "no view", (a) => withTexture(a, (object) => a.cuTexObjectGetResourceViewDesc(out(), object))]] },
]);
