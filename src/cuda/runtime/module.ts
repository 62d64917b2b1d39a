import type { Caller } from "../../api/caller.ts";
import type { ModuleImage } from "../abi/common.ts";
import { compilePtx } from "../driver/core/compile.ts";
import { fail } from "../driver/core/fail.ts";
import { imageText } from "../driver/core/image.ts";
import { isRefusal } from "../driver/core/refusal.ts";
import { finish, withDriver } from "./core/call.ts";
import { RegisteredModule } from "./core/registry.ts";
import { deviceOf } from "./core/call.ts";
import { runtimeKey } from "./core/state.ts";
import { driverKey } from "../driver/core/state.ts";

/** What nvcc's host code does before main: telling the runtime of the kernels and variables of an executable. Ours, not NVIDIA's, in form. */

/** Kernels and variables of a registered module, to be given to cudaLaunchKernel, cudaMemcpyToSymbol ... */
export interface RegisteredObjects {
  readonly kernels: Readonly<Record<string, { readonly kernelName: string }>>;
  readonly symbols: Readonly<Record<string, { readonly symbolName: string }>>;
}

/**
 * Registers device code (PTX text), as the host code that nvcc makes does for the fat binaries of an executable. It is loaded into a context when something of it is first used there.
 * @returns its kernels and variables by name, or null when the code is refused; cudaGetLastError then says why
 */
export function registerModule(t: Caller, image: ModuleImage): RegisteredObjects | null {
  let result: RegisteredObjects | null = null;
  finish(t, withDriver(t, () => {
    const text = imageText(image);
    if (typeof text !== "string") return fail(t, text.code, text.rule);
    const device = t.processState(driverKey).devices[deviceOf(t)]!;
    const code = compilePtx(text, "registered", device.profile.computeCapability);
    if (isRefusal(code)) return fail(t, code.code, code.rule);
    t.processState(runtimeKey).modules.push(new RegisteredModule(text, code));
    result = {
      kernels: Object.fromEntries([...code.kernels.keys()].map((name) => [name, { kernelName: name }])),
      symbols: Object.fromEntries(code.symbols.filter((name) => code.module.globals.get(name)!.opaque === undefined).map((name) => [name, { symbolName: name }])),
    };
    return 0;
  }));
  return result;
}
