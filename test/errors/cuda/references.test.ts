import { out } from "../../../src/api/out.ts";
import type { SyncApi } from "../../../src/api/styles.ts";
import type { In } from "../../../src/cuda/abi/common.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUarray, CUDA_ARRAY_DESCRIPTOR, CUdeviceptr, CUmipmappedArray, CUmodule, CUsurfref, CUtexref } from "../../../src/cuda/abi/driver/types.ts";
import type { Driver } from "../../../src/cuda/index.ts";
import { referencePtx } from "../../cuda/driver/references-host.ts";
import { testErrors } from "./run.ts";
import type { ErrorCase, World } from "./world.ts";

const INVALID = cu.CUDA_ERROR_INVALID_VALUE;
const OVERRIDE = cu.CU_TRSA_OVERRIDE_FORMAT;
type Api = SyncApi<Driver>;
const junk = 77 as never;

interface Objects {
  readonly module: CUmodule;
  /** Bound to nothing, to an array, to levels, to linear memory, to rows; made by cuTexRefCreate. */
  readonly free: CUtexref;
  readonly row: CUtexref;
  readonly prepared: CUtexref;
  readonly made: CUtexref;
  readonly pitched: CUtexref;
  readonly surface: CUsurfref;
  readonly array: CUarray;
  readonly plainArray: CUarray;
  readonly mipmap: CUmipmappedArray;
}

const objects = new WeakMap<World["process"], Objects>();
const of = (w: World): Objects => objects.get(w.process)!;
const rows: In<CUDA_ARRAY_DESCRIPTOR> = { Width: 4, Height: 4, Format: cu.CU_AD_FORMAT_FLOAT, NumChannels: 1 };
const floats: In<CUDA_ARRAY_DESCRIPTOR> = { Width: 8, Height: 4, Format: cu.CU_AD_FORMAT_FLOAT, NumChannels: 1 };
const PITCH = 512;

function setup(w: World): void {
  const { easy } = w;
  const module = easy.cuModuleLoadData(referencePtx("unified"));
  const array = easy.cuArray3DCreate({ ...floats, Depth: 0, Flags: cu.CUDA_ARRAY3D_SURFACE_LDST });
  const mipmap = easy.cuMipmappedArrayCreate({ ...floats, Depth: 0, Flags: 0 }, 2);
  const [free, row, prepared] = ["image", "row", "prepared"].map((name) => easy.cuModuleGetTexRef(module, name));
  const [made, pitched] = [easy.cuTexRefCreate(), easy.cuTexRefCreate()];
  easy.cuTexRefSetAddress2D_v3(pitched, rows, w.d2, PITCH);
  easy.cuTexRefSetMipmappedArray(prepared!, mipmap, OVERRIDE);
  easy.cuTexRefSetArray(made, array, OVERRIDE);
  easy.cuTexRefSetAddress_v2(row!, w.d, 1024);
  objects.set(w.process, { module, free: free!, row: row!, prepared: prepared!, made, pitched, surface: easy.cuModuleGetSurfRef(module, "target"), array, plainArray: easy.cuArrayCreate(floats), mipmap });
}

type Row = ErrorCase["errors"][number];
const noTexture = (call: (a: Api, tex: CUtexref | null) => number): Row[] => [[INVALID, "no texture reference", (a) => call(a, junk)], [INVALID, "NULL", (a) => call(a, null)], [INVALID, "a surface reference", (a, w) => call(a, of(w).surface as never)]];

/** A setter with one value that works and some that do not. */
function setter<T>(name: ErrorCase["name"], call: (a: Api, tex: CUtexref | null, value: T) => number, good: T, bad: readonly (readonly [string, T])[]): ErrorCase {
  return { name, needs: "context", setup, control: (a, w) => call(a, of(w).made, good), errors: [
    ...noTexture((a, tex) => call(a, tex, good)), ...bad.map(([rule, value]): Row => [INVALID, rule, (a, w) => call(a, of(w).made, value)])] };
}

/** A query of a value that every reference has. */
function query(name: ErrorCase["name"], call: (a: Api, box: ReturnType<typeof out<never>> | null, tex: CUtexref | null) => number): ErrorCase {
  return { name, needs: "context", setup, control: (a, w) => call(a, out(), of(w).made), errors: [...noTexture((a, tex) => call(a, out(), tex)), [INVALID, "out-parameter NULL", (a, w) => call(a, null, of(w).made)]] };
}

const address2D = (change: In<CUDA_ARRAY_DESCRIPTOR>, ptr = 0, pitch = PITCH) => (a: Api, w: World): number => a.cuTexRefSetAddress2D_v3(of(w).free, { ...rows, ...change }, (w.d + ptr) as CUdeviceptr, pitch);

testErrors("Texture Reference Management [DEPRECATED]", [
  { name: "cuTexRefCreate", needs: "context", setup, control: (a) => { const box = out<CUtexref>(); const code = a.cuTexRefCreate(box); return code !== 0 ? code : a.cuTexRefDestroy(box.value); }, errors: [[INVALID, "pTexRef NULL", (a) => a.cuTexRefCreate(null)]] },
  { name: "cuTexRefDestroy", needs: "context", setup, control: (a) => { const box = out<CUtexref>(); const code = a.cuTexRefCreate(box); return a.cuTexRefDestroy(code === 0 ? box.value : junk); }, errors: [
    ...noTexture((a, tex) => a.cuTexRefDestroy(tex)), [INVALID, "one of a module", (a, w) => a.cuTexRefDestroy(of(w).free)]] },
  { name: "cuTexRefSetArray", needs: "context", setup, control: (a, w) => a.cuTexRefSetArray(of(w).made, of(w).array, OVERRIDE), errors: [
    ...noTexture((a, tex) => a.cuTexRefSetArray(tex, junk, OVERRIDE)), [INVALID, "no array", (a, w) => a.cuTexRefSetArray(of(w).made, junk, OVERRIDE)], [INVALID, "array NULL", (a, w) => a.cuTexRefSetArray(of(w).made, null, OVERRIDE)],
    [INVALID, "flags 0", (a, w) => a.cuTexRefSetArray(of(w).made, of(w).array, 0)], [INVALID, "other flags", (a, w) => a.cuTexRefSetArray(of(w).made, of(w).array, 3)]] },
  { name: "cuTexRefSetMipmappedArray", needs: "context", setup, control: (a, w) => a.cuTexRefSetMipmappedArray(of(w).prepared, of(w).mipmap, OVERRIDE), errors: [
    ...noTexture((a, tex) => a.cuTexRefSetMipmappedArray(tex, junk, OVERRIDE)), [INVALID, "no mipmapped array", (a, w) => a.cuTexRefSetMipmappedArray(of(w).made, of(w).array as never, OVERRIDE)],
    [INVALID, "flags 0", (a, w) => a.cuTexRefSetMipmappedArray(of(w).made, of(w).mipmap, 0)]] },
  { name: "cuTexRefSetAddress_v2", needs: "context", setup, control: (a, w) => a.cuTexRefSetAddress(null, of(w).row, w.d, 1024), errors: [
    ...noTexture((a, tex) => a.cuTexRefSetAddress(out(), tex, 0 as CUdeviceptr, 16)), [INVALID, "not aligned, ByteOffset NULL", (a, w) => a.cuTexRefSetAddress(null, of(w).row, (w.d + 16) as CUdeviceptr, 16)],
    [INVALID, "not memory", (a, w) => a.cuTexRefSetAddress(out(), of(w).row, 0x1000 as CUdeviceptr, 16)], [INVALID, "dptr NULL", (a, w) => a.cuTexRefSetAddress(out(), of(w).row, 0 as CUdeviceptr, 16)], [INVALID, "no bytes", (a, w) => a.cuTexRefSetAddress(out(), of(w).row, w.d, 0)],
    [INVALID, "a negative size", (a, w) => a.cuTexRefSetAddress(out(), of(w).row, w.d, -4)], [INVALID, "beyond the allocation", (a, w) => a.cuTexRefSetAddress(out(), of(w).row, w.d, 5000)], [INVALID, "too many elements", (a, w) => a.cuTexRefSetAddress(out(), of(w).row, w.d, 2 ** 40)]] },
  { name: "cuTexRefSetAddress2D_v3", needs: "context", setup, control: address2D({}), errors: [
    ...noTexture((a, tex) => a.cuTexRefSetAddress2D(tex, rows, 0 as CUdeviceptr, PITCH)), [INVALID, "desc NULL", (a, w) => a.cuTexRefSetAddress2D(of(w).free, null, w.d, PITCH)], [INVALID, "format unknown", address2D({ Format: 5 as never })],
    [INVALID, "three channels", address2D({ NumChannels: 3 })], [INVALID, "width 0", address2D({ Width: 0 })], [INVALID, "height 0", address2D({ Height: 0 })], [INVALID, "too wide", address2D({ Width: 131073 })], [INVALID, "too high", address2D({ Height: 65001 })],
    [INVALID, "pitch too short", address2D({ Width: 200 })], [INVALID, "pitch not aligned", address2D({}, 0, 516)], [INVALID, "pitch too long", address2D({}, 0, 2 ** 22)], [INVALID, "address not aligned", address2D({}, 4)], [INVALID, "beyond the allocation", address2D({ Height: 9 })]] },
  { name: "cuTexRefSetFormat", needs: "context", setup, control: (a, w) => a.cuTexRefSetFormat(of(w).made, cu.CU_AD_FORMAT_FLOAT, 1), errors: [
    ...noTexture((a, tex) => a.cuTexRefSetFormat(tex, cu.CU_AD_FORMAT_FLOAT, 1)), [INVALID, "format unknown", (a, w) => a.cuTexRefSetFormat(of(w).made, 5 as never, 1)], [INVALID, "three channels", (a, w) => a.cuTexRefSetFormat(of(w).made, cu.CU_AD_FORMAT_FLOAT, 3)],
    [INVALID, "after cuTexRefSetAddress2D", (a, w) => a.cuTexRefSetFormat(of(w).pitched, cu.CU_AD_FORMAT_FLOAT, 1)], [INVALID, "other elements than the array's", (a, w) => a.cuTexRefSetFormat(of(w).made, cu.CU_AD_FORMAT_FLOAT, 2)],
    [INVALID, "linear memory without one such element", (a, w) => { const box = out<CUtexref>(); a.cuTexRefCreate(box); a.cuTexRefSetAddress(null, box.value, w.d, 4); const code = a.cuTexRefSetFormat(box.value, cu.CU_AD_FORMAT_FLOAT, 2); a.cuTexRefDestroy(box.value); return code; }]] },
  setter<readonly [number, number]>("cuTexRefSetAddressMode", (a, tex, [dim, am]) => a.cuTexRefSetAddressMode(tex, dim, am as never), [2, cu.CU_TR_ADDRESS_MODE_MIRROR], [["no such dimension", [3, 0]], ["a negative one", [-1, 0]], ["no such mode", [0, 4]]]),
  setter<number>("cuTexRefSetFilterMode", (a, tex, fm) => a.cuTexRefSetFilterMode(tex, fm as never), cu.CU_TR_FILTER_MODE_LINEAR, [["no such filter", 2]]),
  setter<number>("cuTexRefSetMipmapFilterMode", (a, tex, fm) => a.cuTexRefSetMipmapFilterMode(tex, fm as never), cu.CU_TR_FILTER_MODE_LINEAR, [["no such filter", 2]]),
  setter<number>("cuTexRefSetMipmapLevelBias", (a, tex, bias) => a.cuTexRefSetMipmapLevelBias(tex, bias), 0.5, []),
  setter<number>("cuTexRefSetMipmapLevelClamp", (a, tex, most) => a.cuTexRefSetMipmapLevelClamp(tex, 0, most), 2, []),
  setter<number>("cuTexRefSetMaxAnisotropy", (a, tex, most) => a.cuTexRefSetMaxAnisotropy(tex, most), 4, []),
  setter<number>("cuTexRefSetFlags", (a, tex, flags) => a.cuTexRefSetFlags(tex, flags), cu.CU_TRSF_NORMALIZED_COORDINATES, [["flags unknown", 4], ["one of objects only", cu.CU_TRSF_SEAMLESS_CUBEMAP]]),
  { name: "cuTexRefSetBorderColor", needs: "context", setup, control: (a, w) => a.cuTexRefSetAddressMode(of(w).made, 0, cu.CU_TR_ADDRESS_MODE_BORDER) || a.cuTexRefSetBorderColor(of(w).made, [1, 2, 3, 4]), errors: [
    ...noTexture((a, tex) => a.cuTexRefSetBorderColor(tex, [0, 0, 0, 0])), [INVALID, "colour NULL", (a, w) => a.cuTexRefSetBorderColor(of(w).prepared, null)], [INVALID, "too few components", (a, w) => a.cuTexRefSetBorderColor(of(w).prepared, [1, 2, 3])],
    [INVALID, "no border", (a, w) => a.cuTexRefSetBorderColor(of(w).made, [1, 2, 3, 4])]] },
  { name: "cuTexRefGetAddress_v2", needs: "context", setup, control: (a, w) => a.cuTexRefGetAddress(out(), of(w).pitched), errors: [
    ...noTexture((a, tex) => a.cuTexRefGetAddress(out(), tex)), [INVALID, "pdptr NULL", (a, w) => a.cuTexRefGetAddress(null, of(w).row)], [INVALID, "nothing bound", (a, w) => a.cuTexRefGetAddress(out(), of(w).free)], [INVALID, "an array bound", (a, w) => a.cuTexRefGetAddress(out(), of(w).made)]] },
  { name: "cuTexRefGetArray", needs: "context", setup, control: (a, w) => a.cuTexRefGetArray(out(), of(w).made), errors: [
    ...noTexture((a, tex) => a.cuTexRefGetArray(out(), tex)), [INVALID, "phArray NULL", (a, w) => a.cuTexRefGetArray(null, of(w).made)], [INVALID, "nothing bound", (a, w) => a.cuTexRefGetArray(out(), of(w).free)], [INVALID, "memory bound", (a, w) => a.cuTexRefGetArray(out(), of(w).row)],
    [INVALID, "levels bound", (a, w) => a.cuTexRefGetArray(out(), of(w).prepared)]] },
  { name: "cuTexRefGetMipmappedArray", needs: "context", setup, control: (a, w) => a.cuTexRefGetMipmappedArray(out(), of(w).prepared), errors: [
    ...noTexture((a, tex) => a.cuTexRefGetMipmappedArray(out(), tex)), [INVALID, "out-parameter NULL", (a, w) => a.cuTexRefGetMipmappedArray(null, of(w).prepared)], [INVALID, "an array bound", (a, w) => a.cuTexRefGetMipmappedArray(out(), of(w).made)]] },
  { ...query("cuTexRefGetAddressMode", (a, box, tex) => a.cuTexRefGetAddressMode(box, tex, 1)), errors: [
    ...query("cuTexRefGetAddressMode", (a, box, tex) => a.cuTexRefGetAddressMode(box, tex, 1)).errors, [INVALID, "no such dimension", (a, w) => a.cuTexRefGetAddressMode(out(), of(w).made, 3)]] },
  query("cuTexRefGetFilterMode", (a, box, tex) => a.cuTexRefGetFilterMode(box, tex)), query("cuTexRefGetMipmapFilterMode", (a, box, tex) => a.cuTexRefGetMipmapFilterMode(box, tex)),
  query("cuTexRefGetMipmapLevelBias", (a, box, tex) => a.cuTexRefGetMipmapLevelBias(box, tex)), query("cuTexRefGetMaxAnisotropy", (a, box, tex) => a.cuTexRefGetMaxAnisotropy(box, tex)),
  query("cuTexRefGetBorderColor", (a, box, tex) => a.cuTexRefGetBorderColor(box, tex)), query("cuTexRefGetFlags", (a, box, tex) => a.cuTexRefGetFlags(box, tex)),
  { name: "cuTexRefGetFormat", needs: "context", setup, control: (a, w) => a.cuTexRefGetFormat(null, null, of(w).made) || a.cuTexRefGetFormat(out(), out(), of(w).made), errors: noTexture((a, tex) => a.cuTexRefGetFormat(out(), out(), tex)) },
  { name: "cuTexRefGetMipmapLevelClamp", needs: "context", setup, control: (a, w) => a.cuTexRefGetMipmapLevelClamp(out(), out(), of(w).made), errors: [
    ...noTexture((a, tex) => a.cuTexRefGetMipmapLevelClamp(out(), out(), tex)), [INVALID, "least NULL", (a, w) => a.cuTexRefGetMipmapLevelClamp(null, out(), of(w).made)], [INVALID, "most NULL", (a, w) => a.cuTexRefGetMipmapLevelClamp(out(), null, of(w).made)]] },
]);

testErrors("Surface references, and references of modules [DEPRECATED]", [
  { name: "cuSurfRefSetArray", needs: "context", setup, control: (a, w) => a.cuSurfRefSetArray(of(w).surface, of(w).array, 0), errors: [
    [INVALID, "no surface reference", (a, w) => a.cuSurfRefSetArray(junk, of(w).array, 0)], [INVALID, "a texture reference", (a, w) => a.cuSurfRefSetArray(of(w).free as never, of(w).array, 0)], [INVALID, "no array", (a, w) => a.cuSurfRefSetArray(of(w).surface, junk, 0)],
    [INVALID, "an array without CUDA_ARRAY3D_SURFACE_LDST", (a, w) => a.cuSurfRefSetArray(of(w).surface, of(w).plainArray, 0)], [INVALID, "flags", (a, w) => a.cuSurfRefSetArray(of(w).surface, of(w).array, 1)]] },
  { name: "cuSurfRefGetArray", needs: "context", setup, control: (a, w) => a.cuSurfRefSetArray(of(w).surface, of(w).array, 0) || a.cuSurfRefGetArray(out(), of(w).surface), errors: [
    [INVALID, "phArray NULL", (a, w) => a.cuSurfRefGetArray(null, of(w).surface)], [INVALID, "no surface reference", (a) => a.cuSurfRefGetArray(out(), junk)], [INVALID, "nothing bound", (a, w) => a.cuSurfRefGetArray(out(), of(w).surface)]] },
  { name: "cuModuleGetTexRef", needs: "context", setup, control: (a, w) => a.cuModuleGetTexRef(out(), of(w).module, "row"), errors: [
    [INVALID, "pTexRef NULL", (a, w) => a.cuModuleGetTexRef(null, of(w).module, "row")], [INVALID, "name NULL", (a, w) => a.cuModuleGetTexRef(out(), of(w).module, null)], [INVALID, "no module", (a, w) => a.cuModuleGetTexRef(out(), w.goneModule, "row")],
    ...["none", "target", "described", "kept", "fetch"].map((name): Row => [cu.CUDA_ERROR_NOT_FOUND, `no texture reference: ${name}`, (a, w) => a.cuModuleGetTexRef(out(), of(w).module, name)]),
    [cu.CUDA_ERROR_NOT_FOUND, "a module without any", (a, w) => a.cuModuleGetTexRef(out(), w.module, "row")]] },
  { name: "cuModuleGetSurfRef", needs: "context", setup, control: (a, w) => a.cuModuleGetSurfRef(out(), of(w).module, "described"), errors: [
    [INVALID, "pSurfRef NULL", (a, w) => a.cuModuleGetSurfRef(null, of(w).module, "target")], [INVALID, "name NULL", (a, w) => a.cuModuleGetSurfRef(out(), of(w).module, null)], [INVALID, "no module", (a, w) => a.cuModuleGetSurfRef(out(), w.goneModule, "target")],
    [cu.CUDA_ERROR_NOT_FOUND, "a texture reference", (a, w) => a.cuModuleGetSurfRef(out(), of(w).module, "row")]] },
  { name: "cuParamSetTexRef", needs: "context", setup, control: (a, w) => a.cuParamSetTexRef(w.fn, cu.CU_PARAM_TR_DEFAULT, of(w).row), errors: [
    [INVALID, "no function", (a, w) => a.cuParamSetTexRef(junk, cu.CU_PARAM_TR_DEFAULT, of(w).row)], [INVALID, "another texture unit", (a, w) => a.cuParamSetTexRef(w.fn, 0, of(w).row)], [INVALID, "no texture reference", (a, w) => a.cuParamSetTexRef(w.fn, cu.CU_PARAM_TR_DEFAULT, junk)],
    [INVALID, "one of no module", (a, w) => a.cuParamSetTexRef(w.fn, cu.CU_PARAM_TR_DEFAULT, of(w).made)]] },
]);
