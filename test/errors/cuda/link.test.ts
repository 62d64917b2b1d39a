import { out } from "../../../src/api/out.ts";
import type { ModuleImage } from "../../../src/cuda/abi/common.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUlinkState } from "../../../src/cuda/abi/driver/types.ts";
import { ptx } from "../../cuda/support/host.ts";
import { testErrors } from "./run.ts";
import type { World } from "./world.ts";

const INVALID = cu.CUDA_ERROR_INVALID_VALUE;
const HANDLE = cu.CUDA_ERROR_INVALID_HANDLE;
const PTX = cu.CU_JIT_INPUT_PTX;
type Api = World["cuda"];

/** Calls with a link of its own, which is destroyed after. */
function inLink(a: Api, call: (state: CUlinkState) => number): number {
  const state = out<CUlinkState>();
  const code = a.cuLinkCreate(0, null, null, state);
  if (code !== 0) return code;
  const result = call(state.value);
  a.cuLinkDestroy(state.value);
  return result;
}

const add = (a: Api, state: CUlinkState, text: string | Uint8Array, type: number = PTX): number => a.cuLinkAddData(state, type as 1, text, text.length, "input", 0, null, null);
/** Calls with a link that holds the kernels of `ptx.add`. */
const withAdd = (a: Api, call: (state: CUlinkState) => number): number => inLink(a, (state) => add(a, state, ptx.add) || call(state));
const calls = ".version 8.0\n.target sm_75\n.address_size 64\n.extern .func f();\n.visible .entry k() { call f, (); ret; }";
const gone = (a: Api, call: (state: CUlinkState) => number): number => {
  let state: CUlinkState = 0;
  inLink(a, (own) => { state = own; return 0; });
  return call(state);
};
const bad = (give: (a: Api, text: string | Uint8Array, type?: number) => number) => [
  [cu.CUDA_ERROR_INVALID_PTX, "no PTX", (a: Api) => give(a, "int main() {}")], [cu.CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "PTX of the future", (a: Api) => give(a, ptx.add.replace(".version 8.0", ".version 9.9"))],
  [cu.CUDA_ERROR_NO_BINARY_FOR_GPU, "PTX for a newer GPU", (a: Api) => give(a, ptx.add.replace("sm_75", "sm_90"))], [cu.CUDA_ERROR_INVALID_IMAGE, "PTX as machine code", (a: Api) => give(a, ptx.add, cu.CU_JIT_INPUT_CUBIN)],
  [cu.CUDA_ERROR_INVALID_IMAGE, "a damaged image", (a: Api) => give(a, Uint8Array.from("\x7fGGC{}", (c) => c.charCodeAt(0)), cu.CU_JIT_INPUT_CUBIN)], [INVALID, "no type", (a: Api) => give(a, ptx.add, 6)],
] as const;

testErrors("Linking", [
  { name: "cuLinkCreate_v2", needs: "context", control: (a) => inLink(a, () => 0), errors: [
    [INVALID, "stateOut NULL", (a) => a.cuLinkCreate(0, null, null, null)], [INVALID, "options NULL", (a) => a.cuLinkCreate(1, null, null, out())], [INVALID, "no option", (a) => a.cuLinkCreate(1, [999 as 0], [0], out())],
    [INVALID, "a value of the wrong kind", (a) => a.cuLinkCreate(1, [cu.CU_JIT_MAX_REGISTERS], ["many"], out())]] },
  { name: "cuLinkAddData_v2", needs: "init", control: (a, w) => (a === w.cuda ? withAdd(a, () => 0) : a.cuLinkAddData(w.junk, PTX, ptx.add, 1, null, 0, null, null)), errors: [
    [HANDLE, "no link", (a, w) => add(a, w.junk, ptx.add)], [HANDLE, "a link that is destroyed", (a) => gone(a, (state) => add(a, state, ptx.add))], [HANDLE, "a link that is complete", (a) => withAdd(a, (state) => a.cuLinkComplete(state, out(), out()) || add(a, state, calls))],
    [INVALID, "data NULL", (a) => inLink(a, (state) => a.cuLinkAddData(state, PTX, null, 1, null, 0, null, null))], [INVALID, "size 0", (a) => inLink(a, (state) => a.cuLinkAddData(state, PTX, ptx.add, 0, null, 0, null, null))],
    [INVALID, "a size beyond the data", (a) => inLink(a, (state) => a.cuLinkAddData(state, PTX, new Uint8Array(4), 5, null, 0, null, null))], [INVALID, "no option", (a) => inLink(a, (state) => a.cuLinkAddData(state, PTX, ptx.add, 1, null, 1, [999 as 0], [0]))],
    [cu.CUDA_ERROR_INVALID_SOURCE, "what is there already", (a) => withAdd(a, (state) => add(a, state, ptx.add))], ...bad((a, text, type) => inLink(a, (state) => add(a, state, text, type)))] },
  { name: "cuLinkAddFile_v2", needs: "init", control: (a, w) => {
    if (a !== w.cuda) return a.cuLinkAddFile(w.junk, PTX, "/tmp/add.ptx", 0, null, null);
    return inLink(a, (state) => (w.machine.kernel.vfs.write("/tmp/add.ptx", ptx.add, { process: w.process, thread: w.process.main }), a.cuLinkAddFile(state, PTX, "/tmp/add.ptx", 0, null, null)));
  }, errors: [
    [HANDLE, "no link", (a, w) => a.cuLinkAddFile(w.junk, PTX, "/tmp/add.ptx", 0, null, null)], [INVALID, "path NULL", (a) => inLink(a, (state) => a.cuLinkAddFile(state, PTX, null, 0, null, null))],
    [cu.CUDA_ERROR_FILE_NOT_FOUND, "no file", (a) => inLink(a, (state) => a.cuLinkAddFile(state, PTX, "/tmp/missing", 0, null, null))], [INVALID, "no type", (a) => inLink(a, (state) => a.cuLinkAddFile(state, 6 as 1, "/tmp/missing", 0, null, null))]] },
  { name: "cuLinkComplete", needs: "init", control: (a, w) => (a === w.cuda ? withAdd(a, (state) => { const image = out<ModuleImage>(); return a.cuLinkComplete(state, image, out()) || a.cuLinkComplete(state, image, null); }) : a.cuLinkComplete(w.junk, out(), out())), errors: [
    [HANDLE, "no link", (a, w) => a.cuLinkComplete(w.junk, out(), out())], [INVALID, "cubinOut NULL", (a) => withAdd(a, (state) => a.cuLinkComplete(state, null, out()))],
    [cu.CUDA_ERROR_INVALID_SOURCE, "undefined symbols", (a) => inLink(a, (state) => add(a, state, calls) || a.cuLinkComplete(state, out(), out()))]] },
  { name: "cuLinkDestroy", needs: "init", control: (a, w) => { const state = out<CUlinkState>(); return a === w.cuda ? a.cuLinkCreate(0, null, null, state) || a.cuLinkDestroy(state.value) : a.cuLinkDestroy(w.junk); }, errors: [
    [HANDLE, "no link", (a, w) => a.cuLinkDestroy(w.junk)], [HANDLE, "destroyed already", (a) => gone(a, (state) => a.cuLinkDestroy(state))]] },
]);
