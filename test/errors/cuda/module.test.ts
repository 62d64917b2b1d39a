import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUlibrary, CUmodule } from "../../../src/cuda/abi/driver/types.ts";
import { ptx } from "../../cuda/support/host.ts";
import { testErrors } from "./run.ts";
import type { World } from "./world.ts";

const INVALID = cu.CUDA_ERROR_INVALID_VALUE;
const HANDLE = cu.CUDA_ERROR_INVALID_HANDLE;
type Api = World["cuda"];

function loaded(a: Api, load: (box: ReturnType<typeof out<CUmodule>>) => number): number {
  const box = out<CUmodule>();
  const code = load(box);
  return code === 0 ? a.cuModuleUnload(box.value) : code;
}

function library(a: Api, load: (box: ReturnType<typeof out<CUlibrary>>) => number): number {
  const box = out<CUlibrary>();
  const code = load(box);
  return code === 0 ? a.cuLibraryUnload(box.value) : code;
}

/** A library with a managed variable. */
const managed = ".version 8.0\n.target sm_75\n.address_size 64\n.visible .global .attribute(.managed) .align 4 .u32 shared = 5;\n";
const newer = ptx.add.replace(".version 8.0", ".version 9.9");
const hopper = ptx.add.replace("sm_75", "sm_90");
const broken = ptx.add.replace("ret;", "return;");
const elf = Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0);
const texts = (call: (a: Api, text: string | Uint8Array) => number) => [
  [cu.CUDA_ERROR_INVALID_PTX, "no PTX", (a: Api) => call(a, "int main() {}")], [cu.CUDA_ERROR_INVALID_PTX, "an instruction that is none", (a: Api) => call(a, broken)],
  [cu.CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "PTX of the future", (a: Api) => call(a, newer)], [cu.CUDA_ERROR_NO_BINARY_FOR_GPU, "PTX for a newer GPU", (a: Api) => call(a, hopper)],
  [cu.CUDA_ERROR_NO_BINARY_FOR_GPU, "machine code", (a: Api) => call(a, elf)],
] as const;

testErrors("Module Management", [
  { name: "cuModuleLoad", needs: "context", control: (a, w) => { return loaded(a, (box) => (w.machine.kernel.vfs.write("/tmp/add.ptx", ptx.add, { process: w.process, thread: w.process.main }), a.cuModuleLoad(box, "/tmp/add.ptx"))); }, errors: [
    [INVALID, "module NULL", (a) => a.cuModuleLoad(null, "/tmp/x")], [INVALID, "fname NULL", (a) => a.cuModuleLoad(out(), null)], [cu.CUDA_ERROR_FILE_NOT_FOUND, "no file", (a) => a.cuModuleLoad(out(), "/tmp/missing.ptx")]] },
  { name: "cuModuleLoadData", needs: "context", control: (a) => loaded(a, (box) => a.cuModuleLoadData(box, ptx.add)), errors: [
    [INVALID, "module NULL", (a) => a.cuModuleLoadData(null, ptx.add)], [INVALID, "image NULL", (a) => a.cuModuleLoadData(out(), null)], ...texts((a, text) => a.cuModuleLoadData(out(), text))] },
  { name: "cuModuleLoadDataEx", needs: "context", control: (a) => loaded(a, (box) => a.cuModuleLoadDataEx(box, ptx.add, 1, [cu.CU_JIT_MAX_REGISTERS], [32])), errors: [
    [INVALID, "options NULL", (a) => a.cuModuleLoadDataEx(out(), ptx.add, 1, null, null)], [INVALID, "fewer values than options", (a) => a.cuModuleLoadDataEx(out(), ptx.add, 1, [0], [])], [INVALID, "no option", (a) => a.cuModuleLoadDataEx(out(), ptx.add, 1, [999 as 0], [0])],
    [INVALID, "a log buffer that is no box", (a) => a.cuModuleLoadDataEx(out(), ptx.add, 1, [cu.CU_JIT_ERROR_LOG_BUFFER], ["text"])], ...texts((a, text) => a.cuModuleLoadDataEx(out(), text, 0, null, null))] },
  { name: "cuModuleLoadFatBinary", needs: "context", control: (a) => loaded(a, (box) => a.cuModuleLoadFatBinary(box, ptx.add)), errors: texts((a, text) => a.cuModuleLoadFatBinary(out(), text)) },
  { name: "cuModuleUnload", needs: "context", control: (a, w) => { const m = out<CUmodule>(); const code = a.cuModuleLoadData(m, ptx.add); return code === 0 ? a.cuModuleUnload(m.value) : a.cuModuleUnload(w.module); }, errors: [
    [INVALID, "no module", (a, w) => a.cuModuleUnload(w.junk)], [INVALID, "unloaded already", (a, w) => a.cuModuleUnload(w.goneModule)]] },
  { name: "cuModuleGetLoadingMode", needs: "init", control: (a) => a.cuModuleGetLoadingMode(out()), errors: [[INVALID, "mode NULL", (a) => a.cuModuleGetLoadingMode(null)]] },
  { name: "cuModuleGetFunction", needs: "context", control: (a, w) => a.cuModuleGetFunction(out(), w.module, "add"), errors: [
    [INVALID, "hfunc NULL", (a, w) => a.cuModuleGetFunction(null, w.module, "add")], [INVALID, "name NULL", (a, w) => a.cuModuleGetFunction(out(), w.module, null)], [INVALID, "no module", (a, w) => a.cuModuleGetFunction(out(), w.junk, "add")],
    [cu.CUDA_ERROR_NOT_FOUND, "no such kernel", (a, w) => a.cuModuleGetFunction(out(), w.module, "sub")]] },
  { name: "cuModuleGetFunctionCount", needs: "context", control: (a, w) => a.cuModuleGetFunctionCount(out(), w.module), errors: [[INVALID, "count NULL", (a, w) => a.cuModuleGetFunctionCount(null, w.module)], [HANDLE, "no module", (a, w) => a.cuModuleGetFunctionCount(out(), w.junk)]] },
  { name: "cuModuleEnumerateFunctions", needs: "context", control: (a, w) => a.cuModuleEnumerateFunctions(out(), 2, w.module), errors: [
    [INVALID, "functions NULL", (a, w) => a.cuModuleEnumerateFunctions(null, 2, w.module)], [INVALID, "numFunctions 0", (a, w) => a.cuModuleEnumerateFunctions(out(), 0, w.module)], [HANDLE, "no module", (a, w) => a.cuModuleEnumerateFunctions(out(), 2, w.junk)]] },
  { name: "cuModuleGetGlobal_v2", needs: "context", control: (a, w) => { const m = out<CUmodule>(); if (a.cuModuleLoadData(m, ptx.variables) !== 0) return a.cuModuleGetGlobal(out(), out(), w.module, "x"); const code = a.cuModuleGetGlobal(out(), out(), m.value, "counter"); a.cuModuleUnload(m.value); return code; }, errors: [
    [INVALID, "name NULL", (a, w) => a.cuModuleGetGlobal(out(), out(), w.module, null)], [INVALID, "both out-parameters NULL", (a, w) => a.cuModuleGetGlobal(null, null, w.module, "x")], [INVALID, "no module", (a, w) => a.cuModuleGetGlobal(out(), out(), w.junk, "x")],
    [cu.CUDA_ERROR_NOT_FOUND, "no such variable", (a, w) => a.cuModuleGetGlobal(out(), out(), w.module, "counter")]] },
]);

testErrors("Library Management", [
  { name: "cuLibraryLoadData", needs: "init", control: (a) => library(a, (box) => a.cuLibraryLoadData(box, ptx.add, null, null, 0, null, null, 0)), errors: [
    [INVALID, "library NULL", (a) => a.cuLibraryLoadData(null, ptx.add, null, null, 0, null, null, 0)], [INVALID, "code NULL", (a) => a.cuLibraryLoadData(out(), null, null, null, 0, null, null, 0)],
    [INVALID, "no option", (a) => a.cuLibraryLoadData(out(), ptx.add, null, null, 0, [9 as 0], [0], 1)], [INVALID, "no JIT option", (a) => a.cuLibraryLoadData(out(), ptx.add, [999 as 0], [0], 1, null, null, 0)],
    ...texts((a, text) => a.cuLibraryLoadData(out(), text, null, null, 0, null, null, 0))] },
  { name: "cuLibraryLoadFromFile", needs: "init", control: (a, w) => library(a, (box) => (w.machine.kernel.vfs.write("/tmp/lib.ptx", ptx.add, { process: w.process, thread: w.process.main }), a.cuLibraryLoadFromFile(box, "/tmp/lib.ptx", null, null, 0, null, null, 0))), errors: [
    [INVALID, "fileName NULL", (a) => a.cuLibraryLoadFromFile(out(), null, null, null, 0, null, null, 0)], [cu.CUDA_ERROR_FILE_NOT_FOUND, "no file", (a) => a.cuLibraryLoadFromFile(out(), "/tmp/missing", null, null, 0, null, null, 0)]] },
  { name: "cuLibraryUnload", needs: "init", control: (a, w) => { const l = out<CUlibrary>(); const code = a.cuLibraryLoadData(l, ptx.add, null, null, 0, null, null, 0); return code === 0 ? a.cuLibraryUnload(l.value) : a.cuLibraryUnload(w.library); }, errors: [[INVALID, "no library", (a, w) => a.cuLibraryUnload(w.junk)]] },
  { name: "cuLibraryGetKernel", needs: "init", control: (a, w) => a.cuLibraryGetKernel(out(), w.library, "add"), errors: [
    [INVALID, "pKernel NULL", (a, w) => a.cuLibraryGetKernel(null, w.library, "add")], [INVALID, "name NULL", (a, w) => a.cuLibraryGetKernel(out(), w.library, null)], [HANDLE, "no library", (a, w) => a.cuLibraryGetKernel(out(), w.junk, "add")],
    [cu.CUDA_ERROR_NOT_FOUND, "no such kernel", (a, w) => a.cuLibraryGetKernel(out(), w.library, "sub")]] },
  { name: "cuLibraryGetKernelCount", needs: "init", control: (a, w) => a.cuLibraryGetKernelCount(out(), w.library), errors: [[INVALID, "count NULL", (a, w) => a.cuLibraryGetKernelCount(null, w.library)], [HANDLE, "no library", (a, w) => a.cuLibraryGetKernelCount(out(), w.junk)]] },
  { name: "cuLibraryEnumerateKernels", needs: "init", control: (a, w) => a.cuLibraryEnumerateKernels(out(), 2, w.library), errors: [
    [INVALID, "kernels NULL", (a, w) => a.cuLibraryEnumerateKernels(null, 2, w.library)], [INVALID, "numKernels 0", (a, w) => a.cuLibraryEnumerateKernels(out(), 0, w.library)], [HANDLE, "no library", (a, w) => a.cuLibraryEnumerateKernels(out(), 2, w.junk)]] },
  { name: "cuLibraryGetModule", needs: "context", control: (a, w) => a.cuLibraryGetModule(out(), w.library), errors: [[INVALID, "pMod NULL", (a, w) => a.cuLibraryGetModule(null, w.library)], [HANDLE, "no library", (a, w) => a.cuLibraryGetModule(out(), w.junk)]] },
  { name: "cuKernelGetFunction", needs: "context", control: (a, w) => a.cuKernelGetFunction(out(), w.kernel), errors: [[INVALID, "pFunc NULL", (a, w) => a.cuKernelGetFunction(null, w.kernel)], [HANDLE, "no kernel", (a, w) => a.cuKernelGetFunction(out(), w.junk)]] },
  { name: "cuKernelGetLibrary", needs: "init", control: (a, w) => a.cuKernelGetLibrary(out(), w.kernel), errors: [[INVALID, "pLib NULL", (a, w) => a.cuKernelGetLibrary(null, w.kernel)], [HANDLE, "no kernel", (a, w) => a.cuKernelGetLibrary(out(), w.junk)]] },
  { name: "cuLibraryGetGlobal", needs: "context", control: (a, w) => { const l = out<CUlibrary>(); if (a.cuLibraryLoadData(l, ptx.variables, null, null, 0, null, null, 0) !== 0) return a.cuLibraryGetGlobal(out(), null, w.library, "x"); const code = a.cuLibraryGetGlobal(out(), null, l.value, "counter"); a.cuLibraryUnload(l.value); return code; }, errors: [
    [INVALID, "name NULL", (a, w) => a.cuLibraryGetGlobal(out(), out(), w.library, null)], [HANDLE, "no library", (a, w) => a.cuLibraryGetGlobal(out(), out(), w.junk, "x")]] },
  { name: "cuLibraryGetManaged", needs: "context", control: (a) => { const l = out<CUlibrary>(); const code = a.cuLibraryLoadData(l, managed, null, null, 0, null, null, 0); if (code !== 0) return code; const got = a.cuLibraryGetManaged(out(), out(), l.value, "shared"); a.cuLibraryUnload(l.value); return got; }, errors: [
    [INVALID, "name NULL", (a, w) => a.cuLibraryGetManaged(out(), out(), w.library, null)], [HANDLE, "no library", (a, w) => a.cuLibraryGetManaged(out(), out(), w.junk, "x")], [cu.CUDA_ERROR_NOT_FOUND, "no such variable", (a, w) => a.cuLibraryGetManaged(out(), out(), w.library, "none")]] },
  { name: "cuKernelGetAttribute", needs: "init", control: (a, w) => a.cuKernelGetAttribute(out(), cu.CU_FUNC_ATTRIBUTE_NUM_REGS, w.kernel, 1), errors: [
    [INVALID, "pi NULL", (a, w) => a.cuKernelGetAttribute(null, 0, w.kernel, 0)], [INVALID, "no attribute", (a, w) => a.cuKernelGetAttribute(out(), 99 as 0, w.kernel, 0)], [HANDLE, "no kernel", (a, w) => a.cuKernelGetAttribute(out(), 0, w.junk, 0)],
    [cu.CUDA_ERROR_INVALID_DEVICE, "no such device", (a, w) => a.cuKernelGetAttribute(out(), 0, w.kernel, 2)]] },
  { name: "cuKernelSetAttribute", needs: "init", control: (a, w) => a.cuKernelSetAttribute(cu.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 65536, w.kernel, 0), errors: [
    [INVALID, "an attribute that cannot be set", (a, w) => a.cuKernelSetAttribute(cu.CU_FUNC_ATTRIBUTE_NUM_REGS, 1, w.kernel, 0)], [INVALID, "more than the device has", (a, w) => a.cuKernelSetAttribute(8, 1 << 20, w.kernel, 0)], [HANDLE, "no kernel", (a, w) => a.cuKernelSetAttribute(8, 0, w.junk, 0)],
    [cu.CUDA_ERROR_INVALID_DEVICE, "no such device", (a, w) => a.cuKernelSetAttribute(8, 0, w.kernel, 2)]] },
  { name: "cuKernelSetCacheConfig", needs: "init", control: (a, w) => a.cuKernelSetCacheConfig(w.kernel, 1, 0), errors: [
    [INVALID, "no configuration", (a, w) => a.cuKernelSetCacheConfig(w.kernel, 9 as 0, 0)], [HANDLE, "no kernel", (a, w) => a.cuKernelSetCacheConfig(w.junk, 1, 0)], [cu.CUDA_ERROR_INVALID_DEVICE, "no such device", (a, w) => a.cuKernelSetCacheConfig(w.kernel, 1, 2)]] },
  { name: "cuKernelGetName", needs: "init", control: (a, w) => a.cuKernelGetName(out(), w.kernel), errors: [[INVALID, "name NULL", (a, w) => a.cuKernelGetName(null, w.kernel)], [INVALID, "no kernel", (a, w) => a.cuKernelGetName(out(), w.junk)]] },
  { name: "cuKernelGetParamInfo", needs: "init", control: (a, w) => a.cuKernelGetParamInfo(w.kernel, 2, out(), null), errors: [
    [INVALID, "no kernel", (a, w) => a.cuKernelGetParamInfo(w.junk, 0, out(), out())], [INVALID, "no such parameter", (a, w) => a.cuKernelGetParamInfo(w.kernel, 3, out(), out())], [INVALID, "paramOffset NULL", (a, w) => a.cuKernelGetParamInfo(w.kernel, 0, null, out())]] },
  { name: "cuLibraryGetUnifiedFunction", needs: "init", control: (a) => a.cuDriverGetVersion(out()) || a.cuDeviceGetCount(out()), errors: [
    [INVALID, "fptr NULL", (a, w) => a.cuLibraryGetUnifiedFunction(null, w.library, "add")], [INVALID, "symbol NULL", (a, w) => a.cuLibraryGetUnifiedFunction(out(), w.library, null)], [HANDLE, "no library", (a, w) => a.cuLibraryGetUnifiedFunction(out(), w.junk, "add")],
    [cu.CUDA_ERROR_NOT_FOUND, "no library has any", (a, w) => a.cuLibraryGetUnifiedFunction(out(), w.library, "add")]] },
]);
