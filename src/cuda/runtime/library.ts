import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { KernelFunction, ModuleImage } from "../abi/common.ts";
import type { CUfunction_attribute, CUjit_option, CUlibraryOption, CUresult } from "../abi/driver/enums.ts";
import type { CUkernel } from "../abi/driver/types.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t, cudaFuncAttribute, cudaJitOption, cudaLibraryOption } from "../abi/runtime/enums.ts";
import type { cudaFunction_t, cudaKernel_t, cudaLibrary_t } from "../abi/runtime/types.ts";
import { fail } from "../driver/core/fail.ts";
import { driverKey } from "../driver/core/state.ts";
import { cuKernelSetAttribute } from "../driver/kernel.ts";
import * as cu from "../driver/library.ts";
import { inContextBlocking, withDriver } from "./core/call.ts";
import { functionOf, registeredKernel } from "./core/registry.ts";

/** Library Management, and from the runtime's names to the driver's handles. */

/**
 * Loads a library from PTX text.
 * @param library gets it
 * @param jitOptions as for the driver's cuLibraryLoadData
 * @returns cudaErrorInvalidValue: a pointer NULL, unknown options. cudaErrorInvalidPtx, cudaErrorUnsupportedPtxVersion, cudaErrorNoKernelImageForDevice.
 */
export function cudaLibraryLoadData(
  t: Caller, library: Out<cudaLibrary_t> | null, code: ModuleImage | null, jitOptions: readonly cudaJitOption[] | null, jitOptionsValues: readonly unknown[] | null, numJitOptions: number,
  libraryOptions: readonly cudaLibraryOption[] | null, libraryOptionValues: readonly unknown[] | null, numLibraryOptions: number,
): cudaError_t {
  return withDriver(t, () => cu.cuLibraryLoadData(
    t, library, code, jitOptions as readonly CUjit_option[] | null, jitOptionsValues, numJitOptions, libraryOptions as readonly CUlibraryOption[] | null, libraryOptionValues, numLibraryOptions,
  ));
}

/** Loads a library from a file of the machine. @returns as cudaLibraryLoadData; cudaErrorFileNotFound. */
export function cudaLibraryLoadFromFile(
  t: Caller, library: Out<cudaLibrary_t> | null, fileName: string | null, jitOptions: readonly cudaJitOption[] | null, jitOptionsValues: readonly unknown[] | null, numJitOptions: number,
  libraryOptions: readonly cudaLibraryOption[] | null, libraryOptionValues: readonly unknown[] | null, numLibraryOptions: number,
): cudaError_t {
  return withDriver(t, () => cu.cuLibraryLoadFromFile(
    t, library, fileName, jitOptions as readonly CUjit_option[] | null, jitOptionsValues, numJitOptions, libraryOptions as readonly CUlibraryOption[] | null, libraryOptionValues, numLibraryOptions,
  ));
}

/** Unloads a library. Blocks until its work is done. @returns cudaErrorInvalidValue: not a library. */
export function* cudaLibraryUnload(t: Caller, library: cudaLibrary_t | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => cu.cuLibraryUnload(t, library));
}

/** A kernel of a library. @param pKernel gets it. @returns cudaErrorInvalidValue: NULL. cudaErrorInvalidResourceHandle: not a library. cudaErrorSymbolNotFound: no such kernel. */
export function cudaLibraryGetKernel(t: Caller, pKernel: Out<cudaKernel_t> | null, library: cudaLibrary_t | null, name: string | null): cudaError_t {
  return withDriver(t, () => cu.cuLibraryGetKernel(t, pKernel, library, name));
}

/** A variable of a library. @param dptr gets its address; may be NULL. @param bytes gets its size; may be NULL. @returns as cudaLibraryGetKernel. */
export function* cudaLibraryGetGlobal(t: Caller, dptr: Out<number> | null, bytes: Out<number> | null, library: cudaLibrary_t | null, name: string | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => cu.cuLibraryGetGlobal(t, dptr, bytes, library, name));
}

/** A managed variable of a library. @param dptr gets its address; may be NULL. @param bytes gets its size; may be NULL. @returns as cudaLibraryGetKernel. */
export function* cudaLibraryGetManaged(t: Caller, dptr: Out<number> | null, bytes: Out<number> | null, library: cudaLibrary_t | null, name: string | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => cu.cuLibraryGetManaged(t, dptr, bytes, library, name));
}

/** A function that host and device can both call: there is none. @returns cudaErrorInvalidValue: NULL. cudaErrorInvalidResourceHandle: not a library. cudaErrorSymbolNotFound: always, else. */
export function cudaLibraryGetUnifiedFunction(t: Caller, fptr: Out<unknown> | null, library: cudaLibrary_t | null, symbol: string | null): cudaError_t {
  return withDriver(t, () => cu.cuLibraryGetUnifiedFunction(t, fptr, library, symbol));
}

/** How many kernels a library has. @param count gets the number. @returns cudaErrorInvalidValue: NULL. cudaErrorInvalidResourceHandle: not a library. */
export function cudaLibraryGetKernelCount(t: Caller, count: Out<number> | null, lib: cudaLibrary_t | null): cudaError_t {
  return withDriver(t, () => cu.cuLibraryGetKernelCount(t, count, lib));
}

/** The kernels of a library. @param kernels gets at most numKernels of them. @returns cudaErrorInvalidValue: NULL. cudaErrorInvalidResourceHandle: not a library. */
export function cudaLibraryEnumerateKernels(t: Caller, kernels: Out<readonly cudaKernel_t[]> | null, numKernels: number, lib: cudaLibrary_t | null): cudaError_t {
  return withDriver(t, () => cu.cuLibraryEnumerateKernels(t, kernels, numKernels, lib));
}

/** Sets an attribute of a kernel for one device. @returns cudaErrorInvalidResourceHandle: not a kernel. cudaErrorInvalidValue: no such attribute or value. cudaErrorInvalidDevice. */
export function cudaKernelSetAttributeForDevice(t: Caller, kernel: cudaKernel_t | null, attr: cudaFuncAttribute, value: number, device: number): cudaError_t {
  return withDriver(t, () => cuKernelSetAttribute(t, attr as CUfunction_attribute, value, kernel, device));
}

/** The driver's function of a kernel, in the current context. @param functionPtr gets it. @returns cudaErrorInvalidValue: NULL. cudaErrorInvalidDeviceFunction: no such kernel. */
export function* cudaGetFuncBySymbol(t: Caller, functionPtr: Out<cudaFunction_t> | null, symbolPtr: KernelFunction | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    if (functionPtr === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "functionPtr must not be NULL");
    const fn = yield* functionOf(t, context, symbolPtr);
    if (typeof fn === "number") return fn;
    functionPtr.value = fn.handle;
    return 0;
  });
}

/** The context-independent handle of a registered kernel. @param kernelPtr gets it. @returns cudaErrorInvalidValue: NULL. cudaErrorInvalidDeviceFunction: no such kernel. */
export function cudaGetKernel(t: Caller, kernelPtr: Out<cudaKernel_t> | null, entryFuncAddr: KernelFunction | null): cudaError_t {
  return withDriver(t, () => {
    if (kernelPtr === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "kernelPtr must not be NULL");
    const name = typeof entryFuncAddr === "string" ? entryFuncAddr : typeof entryFuncAddr === "object" && entryFuncAddr !== null ? entryFuncAddr.kernelName : null;
    const kernel = name === null ? undefined : registeredKernel(t, name);
    if (kernel === undefined) return fail(t, rt.cudaErrorInvalidDeviceFunction as CUresult, "entryFuncAddr must be a kernel of a registered module", { entryFuncAddr: name });
    if (kernel.handle === 0) kernel.handle = t.processState(driverKey).kernels.add(kernel) as CUkernel;
    kernelPtr.value = kernel.handle;
    return 0;
  });
}
