import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import { Errno } from "../../kernel/errors.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { ModuleImage } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUlibraryOption, type CUjit_option, type CUresult } from "../abi/driver/enums.ts";
import type { CUdeviceptr, CUkernel, CUlibrary, CUmodule } from "../abi/driver/types.ts";
import { isEnumerator } from "./core/arguments.ts";
import { compilePtx } from "./core/compile.ts";
import { enter, enterDriver } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import { imageText } from "./core/image.ts";
import { Kernel, Library } from "./core/module.ts";
import { isRefusal } from "./core/refusal.ts";
import { threadKey, type DriverState } from "./core/state.ts";
import { waitContext } from "./core/wait.ts";
import { libraryModule } from "./function-argument.ts";
import { readJitOptions, reportCompiled, reportRefusal } from "./jit-options.ts";

/** Library Management: code that belongs to no context and is loaded into each one when it is first used there. Kernels: kernel.ts. */

/** Compiles and files a library. */
function load(
  t: Caller, driver: DriverState, out: Out<CUlibrary> | null, image: ModuleImage | null, jitOptions: readonly CUjit_option[] | null, jitValues: readonly unknown[] | null, numJit: number,
  options: readonly CUlibraryOption[] | null, numOptions: number,
): CUresult {
  if (out === null || image === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "library and its code must not be NULL");
  const jit = readJitOptions(numJit, jitOptions, jitValues);
  if (typeof jit === "string") return fail(t, cu.CUDA_ERROR_INVALID_VALUE, jit);
  if (jit.globals.size > 0) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "symbols are bound to addresses by cuModuleLoadDataEx only");
  for (let i = 0; i < numOptions; i++) {
    const option = options?.[i];
    if (option === undefined || !isEnumerator(CUlibraryOption, option) || option === cu.CU_LIBRARY_NUM_OPTIONS) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "library options must be of CUlibraryOption", { option });
  }
  const text = imageText(image);
  const device = t.threadState(threadKey).stack.at(-1)?.device ?? driver.devices[0]!;
  const code = typeof text === "string" ? compilePtx(text, "library", device.profile.computeCapability, jit.maxRegisters) : text;
  if (isRefusal(code)) {
    reportRefusal(jit, code.log);
    return fail(t, code.code, code.rule);
  }
  reportCompiled(jit, code, 0);
  const library = new Library(text as string, code, jit.maxRegisters);
  library.handle = driver.libraries.add(library) as CUlibrary;
  for (const info of code.kernels.values()) {
    const kernel = new Kernel(library, info);
    kernel.handle = driver.kernels.add(kernel) as CUkernel;
    library.kernels.set(info.name, kernel);
  }
  out.value = library.handle;
  return 0;
}

/**
 * Loads a library from PTX text. Needs no context.
 * @param library gets it
 * @param code PTX text, or its bytes
 * @param jitOptions as for cuModuleLoadDataEx
 * @returns INVALID_VALUE: a pointer NULL, unknown options. INVALID_PTX, UNSUPPORTED_PTX_VERSION, NO_BINARY_FOR_GPU, INVALID_IMAGE, NOT_SUPPORTED: as cuModuleLoadData.
 */
export function cuLibraryLoadData(
  t: Caller, library: Out<CUlibrary> | null, code: ModuleImage | null, jitOptions: readonly CUjit_option[] | null, jitOptionsValues: readonly unknown[] | null, numJitOptions: number,
  libraryOptions: readonly CUlibraryOption[] | null, _libraryOptionValues: readonly unknown[] | null, numLibraryOptions: number,
): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  return load(t, driver, library, code, jitOptions, jitOptionsValues, numJitOptions, libraryOptions, numLibraryOptions);
}

/**
 * Loads a library from a file of the simulated machine.
 * @returns as cuLibraryLoadData; INVALID_VALUE: fileName NULL. FILE_NOT_FOUND: no such file.
 */
export function cuLibraryLoadFromFile(
  t: Caller, library: Out<CUlibrary> | null, fileName: string | null, jitOptions: readonly CUjit_option[] | null, jitOptionsValues: readonly unknown[] | null, numJitOptions: number,
  libraryOptions: readonly CUlibraryOption[] | null, _libraryOptionValues: readonly unknown[] | null, numLibraryOptions: number,
): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (library === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "library must not be NULL");
  if (fileName === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "fileName must not be NULL");
  const text = t.sys.readFile(fileName);
  if (text === -Errno.ENOMEM) return fail(t, errnoCode(text), errnoRule(text, "reading the file"));
  if (typeof text === "number") return fail(t, cu.CUDA_ERROR_FILE_NOT_FOUND, "fileName must name a readable file of the machine", { fileName });
  return load(t, driver, library, text, jitOptions, jitOptionsValues, numJitOptions, libraryOptions, numLibraryOptions);
}

/** The library a handle names. */
function libraryArgument(t: Caller, driver: DriverState, library: CUlibrary | null, code: CUresult = cu.CUDA_ERROR_INVALID_HANDLE): Library | CUresult {
  return driver.libraries.get(library ?? 0) ?? fail(t, code, "library must be loaded", { library });
}

/**
 * Unloads a library from every context. Waits for their work. Blocks.
 * @returns INVALID_VALUE: not a library.
 */
export function* cuLibraryUnload(t: Caller, library: CUlibrary | null): Blocking<CUresult> {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const found = libraryArgument(t, driver, library, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof found === "number") return found;
  for (const [context, module] of found.modules) {
    if (context.destroyed) continue;
    yield* waitContext(t, context);
    module.release(t);
  }
  found.modules.clear();
  for (const kernel of found.kernels.values()) driver.kernels.remove(kernel.handle);
  driver.libraries.remove(found.handle);
  return 0;
}

/**
 * A kernel of a library.
 * @param pKernel gets it
 * @returns INVALID_VALUE: a pointer NULL. INVALID_HANDLE: not a library. NOT_FOUND: no kernel of that name.
 */
export function cuLibraryGetKernel(t: Caller, pKernel: Out<CUkernel> | null, library: CUlibrary | null, name: string | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (pKernel === null || name === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pKernel and name must not be NULL");
  const found = libraryArgument(t, driver, library);
  if (typeof found === "number") return found;
  const kernel = found.kernels.get(name);
  if (kernel === undefined) return fail(t, cu.CUDA_ERROR_NOT_FOUND, "the library must have a kernel of that name", { name, kernels: [...found.kernels.keys()].join(", ") });
  pKernel.value = kernel.handle;
  return 0;
}

/**
 * How many kernels a library has.
 * @param count gets the number
 * @returns INVALID_VALUE: count NULL. INVALID_HANDLE: not a library.
 */
export function cuLibraryGetKernelCount(t: Caller, count: Out<number> | null, lib: CUlibrary | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (count === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "count must not be NULL");
  const found = libraryArgument(t, driver, lib);
  if (typeof found === "number") return found;
  count.value = found.kernels.size;
  return 0;
}

/**
 * The kernels of a library.
 * @param kernels gets at most numKernels of them
 * @returns INVALID_VALUE: kernels NULL, numKernels 0. INVALID_HANDLE: not a library.
 */
export function cuLibraryEnumerateKernels(t: Caller, kernels: Out<readonly CUkernel[]> | null, numKernels: number, lib: CUlibrary | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (kernels === null || !(numKernels > 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "kernels must not be NULL, numKernels must be positive", { numKernels });
  const found = libraryArgument(t, driver, lib);
  if (typeof found === "number") return found;
  kernels.value = [...found.kernels.values()].slice(0, numKernels).map((kernel) => kernel.handle);
  return 0;
}

/**
 * A library's module in the current context; loads it there. Blocks until its variables have their first values.
 * @param pMod gets it
 * @returns INVALID_VALUE: pMod NULL. INVALID_HANDLE: not a library.
 */
export function* cuLibraryGetModule(t: Caller, pMod: Out<CUmodule> | null, library: CUlibrary | null): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (pMod === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pMod must not be NULL");
  const found = libraryArgument(t, context.driver, library);
  if (typeof found === "number") return found;
  const module = yield* libraryModule(t, context, found);
  if (typeof module === "number") return module;
  pMod.value = module.handle;
  return 0;
}

function* variable(t: Caller, dptr: Out<CUdeviceptr> | null, bytes: Out<number> | null, library: CUlibrary | null, name: string | null, managed: boolean): Blocking<CUresult> {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (name === null || (dptr === null && bytes === null)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "name must not be NULL, nor both dptr and bytes");
  const found = libraryArgument(t, context.driver, library);
  if (typeof found === "number") return found;
  if (found.variables.get(name) !== managed) return fail(t, cu.CUDA_ERROR_NOT_FOUND, `the library must have a ${managed ? "managed " : ""}variable of that name`, { name });
  const module = yield* libraryModule(t, context, found);
  if (typeof module === "number") return module;
  const known = module.variables.get(name)!;
  if (dptr !== null) dptr.value = known.address;
  if (bytes !== null) bytes.value = known.definition.size;
  return 0;
}

/**
 * A variable of a library in the current context.
 * @param dptr gets its address; may be NULL
 * @param bytes gets its size; may be NULL
 * @returns INVALID_VALUE: name NULL, both out-parameters NULL. INVALID_HANDLE: not a library. NOT_FOUND: no variable of that name.
 */
export function* cuLibraryGetGlobal(t: Caller, dptr: Out<CUdeviceptr> | null, bytes: Out<number> | null, library: CUlibrary | null, name: string | null): Blocking<CUresult> {
  return yield* variable(t, dptr, bytes, library, name, false);
}

/**
 * A managed variable of a library. NON-SPEC: each context has its own, so one must be current.
 * @returns as cuLibraryGetGlobal.
 */
export function* cuLibraryGetManaged(t: Caller, dptr: Out<CUdeviceptr> | null, bytes: Out<number> | null, library: CUlibrary | null, name: string | null): Blocking<CUresult> {
  return yield* variable(t, dptr, bytes, library, name, true);
}

/**
 * A function that host and device can both call. There is none: what PTX says of functions gives the host nothing to call.
 * @returns INVALID_VALUE: a pointer NULL. INVALID_HANDLE: not a library. NOT_FOUND: always, else.
 */
export function cuLibraryGetUnifiedFunction(t: Caller, fptr: Out<unknown> | null, library: CUlibrary | null, symbol: string | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (fptr === null || symbol === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "fptr and symbol must not be NULL");
  const found = libraryArgument(t, driver, library);
  if (typeof found === "number") return found;
  return fail(t, cu.CUDA_ERROR_NOT_FOUND, "no library has functions that host and device can both call", { symbol });
}
