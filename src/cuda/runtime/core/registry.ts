import type { Caller } from "../../../api/caller.ts";
import type { Blocking } from "../../../kernel/process/wait.ts";
import type { DeviceSymbol, KernelFunction } from "../../abi/common.ts";
import type { CUresult } from "../../abi/driver/enums.ts";
import type { CUfunction, CUkernel } from "../../abi/driver/types.ts";
import * as rt from "../../abi/runtime/constants.ts";
import type { Context } from "../../driver/core/context.ts";
import { fail } from "../../driver/core/fail.ts";
import { Library, Kernel, type CudaFunction, type Variable } from "../../driver/core/module.ts";
import { kernelFunction, launchable, libraryModule } from "../../driver/function-argument.ts";
import type { DeviceCode } from "../../../compiler/abi.ts";
import { runtimeKey } from "./state.ts";

/** A registered module: as the fat binaries of an executable are, it is loaded into a context when something of it is first used there. */
export class RegisteredModule {
  readonly library: Library;
  readonly symbols: ReadonlySet<string>;

  constructor(text: string, code: DeviceCode) {
    this.library = new Library(text, code);
    for (const [name, info] of code.kernels) this.library.kernels.set(name, new Kernel(this.library, info));
    this.symbols = new Set(this.library.variables.keys());
  }
}

/** The name that a function object or string says; null for handles. */
function kernelName(func: KernelFunction): string | null {
  if (typeof func === "string") return func;
  return typeof func === "number" ? null : func.kernelName;
}

/** The registered kernel of a name; the module registered last wins. */
export function registeredKernel(t: Caller, name: string): Kernel | undefined {
  return t.processState(runtimeKey).modules.findLast((module) => module.library.kernels.has(name))?.library.kernels.get(name);
}

/**
 * The function in the current context that the runtime's callers name: by name, by the object that registerModule gave, or by a kernel or function handle.
 * @returns the function. cudaErrorInvalidDeviceFunction: no such kernel.
 */
export function* functionOf(t: Caller, context: Context, func: KernelFunction | null): Blocking<CudaFunction | CUresult> {
  if (func === null || func === 0) return fail(t, rt.cudaErrorInvalidDeviceFunction as CUresult, "func must not be NULL");
  const name = kernelName(func);
  if (name === null) {
    const known = context.driver.functions.get(func as number) !== undefined || context.driver.kernels.get(func as number) !== undefined;
    if (!known) return fail(t, rt.cudaErrorInvalidDeviceFunction as CUresult, "func must be a kernel of a registered module, a cudaKernel_t or a CUfunction", { func });
    return yield* launchable(t, context, func as CUfunction | CUkernel);
  }
  const kernel = registeredKernel(t, name);
  if (kernel === undefined) return fail(t, rt.cudaErrorInvalidDeviceFunction as CUresult, "no registered module has a kernel of that name (registerModule comes first)", { func: name });
  return yield* kernelFunction(t, context, kernel);
}

/**
 * A device variable in the current context.
 * @returns cudaErrorInvalidSymbol: no registered module has such a variable.
 */
export function* variableOf(t: Caller, context: Context, symbol: DeviceSymbol | null): Blocking<Variable | CUresult> {
  const name = symbol === null || typeof symbol === "string" ? symbol : symbol.symbolName;
  const registered = name === null ? undefined : t.processState(runtimeKey).modules.findLast((module) => module.symbols.has(name));
  if (name === null || registered === undefined) return fail(t, rt.cudaErrorInvalidSymbol as CUresult, "symbol must be a variable of a registered module", { symbol: name });
  const module = yield* libraryModule(t, context, registered.library);
  return typeof module === "number" ? module : module.variables.get(name)!;
}
