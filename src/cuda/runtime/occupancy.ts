import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { KernelFunction } from "../abi/common.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUfunction } from "../abi/driver/types.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import * as cu from "../driver/occupancy.ts";
import { inContextBlocking } from "./core/call.ts";
import { functionOf } from "./core/registry.ts";

/** Occupancy: how many blocks of a kernel one multiprocessor holds. They block only while a module is loaded for the first time. */

function* withFunction(t: Caller, func: KernelFunction | null, body: (fn: CUfunction) => CUresult): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, function* (context) {
    const fn = yield* functionOf(t, context, func);
    return typeof fn === "number" ? fn : body(fn.handle);
  });
}

/**
 * Blocks of a kernel that one multiprocessor holds at once.
 * @param numBlocks gets the number
 * @param blockSize threads of a block
 * @param dynamicSMemSize dynamic shared memory of a block, bytes
 * @returns cudaErrorInvalidDeviceFunction: no such kernel. cudaErrorInvalidValue: numBlocks NULL, a size that is not positive.
 */
export function* cudaOccupancyMaxActiveBlocksPerMultiprocessor(t: Caller, numBlocks: Out<number> | null, func: KernelFunction | null, blockSize: number, dynamicSMemSize: number): Blocking<cudaError_t> {
  return yield* withFunction(t, func, (fn) => cu.cuOccupancyMaxActiveBlocksPerMultiprocessor(t, numBlocks, fn, blockSize, dynamicSMemSize));
}

/** The same with flags. @param flags cudaOccupancyDefault or cudaOccupancyDisableCachingOverride. @returns as there; cudaErrorInvalidValue: other flags. */
export function* cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(t: Caller, numBlocks: Out<number> | null, func: KernelFunction | null, blockSize: number, dynamicSMemSize: number, flags: number): Blocking<cudaError_t> {
  return yield* withFunction(t, func, (fn) => cu.cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(t, numBlocks, fn, blockSize, dynamicSMemSize, flags));
}

/**
 * Dynamic shared memory that each of so many blocks on a multiprocessor can have.
 * @param dynamicSmemSize gets the bytes
 * @returns cudaErrorInvalidDeviceFunction: no such kernel. cudaErrorInvalidValue: dynamicSmemSize NULL, a size that is not positive.
 */
export function* cudaOccupancyAvailableDynamicSMemPerBlock(t: Caller, dynamicSmemSize: Out<number> | null, func: KernelFunction | null, numBlocks: number, blockSize: number): Blocking<cudaError_t> {
  return yield* withFunction(t, func, (fn) => cu.cuOccupancyAvailableDynamicSMemPerBlock(t, dynamicSmemSize, fn, numBlocks, blockSize));
}
