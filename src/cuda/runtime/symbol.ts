import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { DeviceSymbol } from "../abi/common.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import { fail } from "../driver/core/fail.ts";
import { inContextBlocking } from "./core/call.ts";
import { variableOf } from "./core/registry.ts";

/** Memory Management: where device variables are. Blocks while a module is loaded for the first time. */

/**
 * The device address of a variable.
 * @param devPtr gets it
 * @returns cudaErrorInvalidSymbol: no such variable. cudaErrorInvalidValue: devPtr NULL.
 */
export function* cudaGetSymbolAddress(t: Caller, devPtr: Out<number> | null, symbol: DeviceSymbol | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    if (devPtr === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "devPtr must not be NULL");
    const variable = yield* variableOf(t, context, symbol);
    if (typeof variable === "number") return variable;
    devPtr.value = variable.address;
    return 0;
  });
}

/**
 * The size of a variable in bytes.
 * @param size gets it
 * @returns cudaErrorInvalidSymbol: no such variable. cudaErrorInvalidValue: size NULL.
 */
export function* cudaGetSymbolSize(t: Caller, size: Out<number> | null, symbol: DeviceSymbol | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    if (size === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "size must not be NULL");
    const variable = yield* variableOf(t, context, symbol);
    if (typeof variable === "number") return variable;
    size.value = variable.definition.size;
    return 0;
  });
}
