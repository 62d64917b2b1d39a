import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import { Errno } from "../../kernel/errors.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { ModuleImage } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUjit_option, CUmoduleLoadingMode, CUresult } from "../abi/driver/enums.ts";
import type { CUdeviceptr, CUfunction, CUmodule } from "../abi/driver/types.ts";
import type { Context } from "./core/context.ts";
import { enter, enterDriver, failSticky } from "./core/enter.ts";
import { compilePtx } from "./core/compile.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import { imageText } from "./core/image.ts";
import { Module } from "./core/module.ts";
import { isRefusal } from "./core/refusal.ts";
import { waitContext } from "./core/wait.ts";
import { readJitOptions, reportCompiled, reportRefusal, type JitOptions } from "./jit-options.ts";

/** Module Management: loading code, finding what is in it. Linking: module-link.ts. */

/** CPU time of the just-in-time compiler: 1 us for each character of the text. MODEL. */
export const COMPILE_NS_PER_CHARACTER: number = 1000;

/** Compiles and loads an image into a context. @returns the module, or the error. */
export function* loadImage(t: Caller, context: Context, image: ModuleImage, jit: JitOptions | null): Blocking<Module | CUresult> {
  const text = imageText(image);
  if (typeof text !== "string") {
    reportRefusal(jit, text.log);
    return fail(t, text.code, text.rule);
  }
  const has = context.device.profile.computeCapability;
  const target = jit?.target ?? has;
  if (target[0] !== has[0] || target[1] > has[1]) {
    reportRefusal(jit, `fatal   : code for compute capability ${target.join(".")} cannot be loaded on a device of ${has.join(".")}`);
    return fail(t, cu.CUDA_ERROR_NO_BINARY_FOR_GPU, "CU_JIT_TARGET must be an architecture that the device runs", { target: target.join("."), device: has.join(".") });
  }
  const code = compilePtx(text, "module", target, jit?.maxRegisters);
  t.sys.spend(text.length * COMPILE_NS_PER_CHARACTER);
  if (isRefusal(code)) {
    reportRefusal(jit, code.log);
    return fail(t, code.code, code.rule);
  }
  for (const name of jit?.globals.keys() ?? []) {
    const variable = code.module.globals.get(name);
    if (variable === undefined || variable.opaque !== undefined || variable.managed || variable.init !== null || variable.relocs.length > 0) {
      return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "CU_JIT_GLOBAL_SYMBOL_NAMES must be external variables of the code", { name });
    }
  }
  reportCompiled(jit, code, text.length * COMPILE_NS_PER_CHARACTER);
  const module = yield* Module.load(t, context, code, null, jit?.globals);
  return typeof module === "number" ? fail(t, errnoCode(module), errnoRule(module, "memory for the module's variables")) : module;
}

function* load(t: Caller, out: Out<CUmodule> | null, image: ModuleImage | null, jit: JitOptions | null): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (out === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "module must not be NULL");
  if (image === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "image must not be NULL");
  const module = yield* loadImage(t, context, image, jit);
  if (typeof module === "number") return module;
  out.value = module.handle;
  return 0;
}

/**
 * Loads a module from a file of the simulated machine.
 * @param module gets it
 * @param fname path of a PTX file
 * @returns as cuModuleLoadData; FILE_NOT_FOUND: no such file. INVALID_VALUE: a pointer NULL.
 */
export function* cuModuleLoad(t: Caller, module: Out<CUmodule> | null, fname: string | null): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (module === null || fname === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "module and fname must not be NULL");
  const text = t.sys.readFile(fname);
  if (text === -Errno.ENOMEM) return fail(t, errnoCode(text), errnoRule(text, "reading the file"));
  if (typeof text === "number") return fail(t, cu.CUDA_ERROR_FILE_NOT_FOUND, "fname must name a readable file of the machine", { fname });
  return yield* load(t, module, text, null);
}

/**
 * Loads a module from PTX text, which is a whole program, or from what cuLinkComplete gave. Blocks until its variables have their first values.
 * @param module gets it
 * @param image PTX text, its bytes, or a linked image
 * @returns INVALID_VALUE: a pointer NULL. INVALID_PTX: not valid PTX, or it calls a function that it does not define. UNSUPPORTED_PTX_VERSION: newer than 9.0. NO_BINARY_FOR_GPU: for another
 * architecture, or machine code. INVALID_IMAGE: a damaged result of cuLinkComplete. NOT_SUPPORTED: instructions that the emulator lacks. OUT_OF_MEMORY.
 */
export function* cuModuleLoadData(t: Caller, module: Out<CUmodule> | null, image: ModuleImage | null): Blocking<CUresult> {
  return yield* load(t, module, image, null);
}

/**
 * cuModuleLoadData with options of the just-in-time compiler. Log buffers and the wall time are out boxes in `optionValues`.
 * @param numOptions number of options
 * @param options which
 * @param optionValues their values
 * @returns as cuModuleLoadData; INVALID_VALUE: unknown options, a value of the wrong kind.
 */
export function* cuModuleLoadDataEx(t: Caller, module: Out<CUmodule> | null, image: ModuleImage | null, numOptions: number, options: readonly CUjit_option[] | null, optionValues: readonly unknown[] | null): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const jit = readJitOptions(numOptions, options, optionValues);
  if (typeof jit === "string") return fail(t, cu.CUDA_ERROR_INVALID_VALUE, jit);
  return yield* load(t, module, image, jit);
}

/**
 * Loads a module from a fat binary: here, from the PTX text that would be in it.
 * @returns as cuModuleLoadData.
 */
export function* cuModuleLoadFatBinary(t: Caller, module: Out<CUmodule> | null, fatCubin: ModuleImage | null): Blocking<CUresult> {
  return yield* load(t, module, fatCubin, null);
}

/** The module a handle names, of any context. */
export function moduleArgument(t: Caller, context: Context, hmod: CUmodule | null, code: CUresult): Module | CUresult {
  return context.driver.modules.get(hmod ?? 0) ?? fail(t, code, "hmod must be a loaded module of this process", { hmod });
}

/**
 * Unloads a module: its functions and variables are gone. Waits for the context's work first. Blocks.
 * @returns INVALID_VALUE: not a module. NOT_PERMITTED: it belongs to a library (cuLibraryUnload unloads that).
 */
export function* cuModuleUnload(t: Caller, hmod: CUmodule | null): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  const module = moduleArgument(t, context, hmod, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof module === "number") return module;
  if (module.library !== null) return fail(t, cu.CUDA_ERROR_NOT_PERMITTED, "the module belongs to a library: cuLibraryUnload unloads it", { hmod });
  const sticky = yield* waitContext(t, module.context);
  if (sticky !== 0) return failSticky(t, sticky);
  module.release(t);
  return 0;
}

/**
 * Whether code is loaded at once or on first use: at once.
 * @param mode gets CU_MODULE_EAGER_LOADING
 * @returns INVALID_VALUE: mode NULL.
 */
export function cuModuleGetLoadingMode(t: Caller, mode: Out<CUmoduleLoadingMode> | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (mode === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "mode must not be NULL");
  mode.value = cu.CU_MODULE_EAGER_LOADING;
  return 0;
}

/**
 * A kernel of a module.
 * @param hfunc gets it
 * @param name as in the PTX text (mangled, when the source was C++)
 * @returns INVALID_VALUE: a pointer NULL, not a module. NOT_FOUND: no kernel of that name.
 */
export function cuModuleGetFunction(t: Caller, hfunc: Out<CUfunction> | null, hmod: CUmodule | null, name: string | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (hfunc === null || name === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "hfunc and name must not be NULL");
  const module = moduleArgument(t, context, hmod, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof module === "number") return module;
  const fn = module.function(name);
  if (fn === undefined) return fail(t, cu.CUDA_ERROR_NOT_FOUND, "the module must have a kernel of that name", { name, kernels: [...module.code.kernels.keys()].join(", ") });
  hfunc.value = fn.handle;
  return 0;
}

/**
 * How many kernels a module has.
 * @param count gets the number
 * @returns INVALID_VALUE: count NULL. INVALID_HANDLE: not a module.
 */
export function cuModuleGetFunctionCount(t: Caller, count: Out<number> | null, mod: CUmodule | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (count === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "count must not be NULL");
  const module = moduleArgument(t, context, mod, cu.CUDA_ERROR_INVALID_HANDLE);
  if (typeof module === "number") return module;
  count.value = module.code.kernels.size;
  return 0;
}

/**
 * The kernels of a module, in its order.
 * @param functions gets at most numFunctions of them
 * @returns INVALID_VALUE: functions NULL, numFunctions 0. INVALID_HANDLE: not a module.
 */
export function cuModuleEnumerateFunctions(t: Caller, functions: Out<readonly CUfunction[]> | null, numFunctions: number, mod: CUmodule | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (functions === null || !(numFunctions > 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "functions must not be NULL, numFunctions must be positive", { numFunctions });
  const module = moduleArgument(t, context, mod, cu.CUDA_ERROR_INVALID_HANDLE);
  if (typeof module === "number") return module;
  functions.value = [...module.code.kernels.keys()].slice(0, numFunctions).map((name) => module.function(name)!.handle);
  return 0;
}

/**
 * A variable of a module.
 * @param dptr gets its address; may be NULL
 * @param bytes gets its size; may be NULL
 * @returns INVALID_VALUE: name NULL, both out-parameters NULL, not a module. NOT_FOUND: no variable of that name.
 */
export function cuModuleGetGlobal_v2(t: Caller, dptr: Out<CUdeviceptr> | null, bytes: Out<number> | null, hmod: CUmodule | null, name: string | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (name === null || (dptr === null && bytes === null)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "name must not be NULL, nor both dptr and bytes");
  const module = moduleArgument(t, context, hmod, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof module === "number") return module;
  const variable = module.variables.get(name);
  if (variable === undefined) return fail(t, cu.CUDA_ERROR_NOT_FOUND, "the module must have a variable of that name", { name, variables: [...module.variables.keys()].join(", ") });
  if (dptr !== null) dptr.value = variable.address;
  if (bytes !== null) bytes.value = variable.definition.size;
  return 0;
}
