import type { Caller } from "../../api/caller.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUfunction, CUkernel } from "../abi/driver/types.ts";
import type { Context } from "./core/context.ts";
import { compilePtx } from "./core/compile.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import { Module, type CudaFunction, type Kernel, type Library } from "./core/module.ts";
import { isRefusal } from "./core/refusal.ts";

/** The function a handle names, of any context; for calls that need no code in the current one. */
export function functionArgument(t: Caller, context: Context, f: CUfunction | null, code: CUresult): CudaFunction | CUresult {
  return context.driver.functions.get(f ?? 0) ?? fail(t, code, "the function must be of a module that is loaded now", { f });
}

/** A library's module in a context, loaded on first use. Blocks until its variables have their first values. */
export function* libraryModule(t: Caller, context: Context, library: Library): Blocking<Module | CUresult> {
  const old = library.modules.get(context);
  if (old !== undefined && context.modules.has(old)) return old;
  const code = compilePtx(library.text, "library", context.device.profile.computeCapability, library.maxRegisters);
  if (isRefusal(code)) return fail(t, code.code, code.rule);
  const module = yield* Module.load(t, context, code, library);
  if (typeof module === "number") return fail(t, errnoCode(module), errnoRule(module, "memory for the library's variables"));
  library.modules.set(context, module);
  return module;
}

/** A kernel's function in a context, with the attributes set for its device. */
export function* kernelFunction(t: Caller, context: Context, kernel: Kernel): Blocking<CudaFunction | CUresult> {
  const module = yield* libraryModule(t, context, kernel.library);
  if (typeof module === "number") return module;
  const fn = module.function(kernel.info.name)!;
  const attributes = kernel.attributes.get(context.device.ordinal);
  if (attributes !== undefined) {
    for (const [attribute, value] of attributes) {
      if (attribute === cu.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES && fn.maxDynamicShared < 0) fn.maxDynamicShared = value;
      else if (!fn.attributes.has(attribute)) fn.attributes.set(attribute, value);
    }
  }
  return fn;
}

/** The function to launch: a CUfunction, or a CUkernel (which is loaded into the context on first use). */
export function* launchable(t: Caller, context: Context, f: CUfunction | CUkernel | null): Blocking<CudaFunction | CUresult> {
  const fn = context.driver.functions.get(f ?? 0);
  if (fn !== undefined) return fn;
  const kernel = context.driver.kernels.get(f ?? 0);
  if (kernel !== undefined) return yield* kernelFunction(t, context, kernel);
  return fail(t, cu.CUDA_ERROR_INVALID_HANDLE, "f must be a function of a loaded module, or a kernel of a loaded library", { f });
}
