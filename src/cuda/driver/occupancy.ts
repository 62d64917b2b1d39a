import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUfunction, CUoccupancyB2DSize } from "../abi/driver/types.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { dynamicSharedLimit, maxThreads, residentBlocks } from "./core/launch.ts";
import type { CudaFunction } from "./core/module.ts";
import { functionArgument } from "./function-argument.ts";

/** Occupancy: how many blocks of a kernel a multiprocessor holds at once. The same numbers rule the simulated hardware. */

function target(t: Caller, func: CUfunction | null, flags: number): CudaFunction | CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const fn = functionArgument(t, context, func, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof fn === "number") return fn;
  return (flags & ~cu.CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE) === 0 ? fn : fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be of CUoccupancy_flags", { flags });
}

/** Blocks that fit, 0 when such a launch would be refused. */
function blocksOf(t: Caller, fn: CudaFunction, threads: number, dynamic: number): number {
  if (threads > maxThreads(fn) || dynamic > dynamicSharedLimit(fn)) return 0;
  return Math.max(0, residentBlocks(t, fn, threads, dynamic));
}

/**
 * Blocks of a kernel that one multiprocessor holds at once.
 * @param numBlocks gets the number
 * @param blockSize threads of a block
 * @param dynamicSMemSize dynamic shared memory of a block, bytes
 * @returns INVALID_VALUE: numBlocks NULL, not a function, sizes out of range.
 */
export function cuOccupancyMaxActiveBlocksPerMultiprocessor(t: Caller, numBlocks: Out<number> | null, func: CUfunction | null, blockSize: number, dynamicSMemSize: number): CUresult {
  return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(t, numBlocks, func, blockSize, dynamicSMemSize, 0);
}

/**
 * The same with flags.
 * @param flags CU_OCCUPANCY_DEFAULT or CU_OCCUPANCY_DISABLE_CACHING_OVERRIDE (no difference here)
 * @returns as without; INVALID_VALUE: other flags.
 */
export function cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(t: Caller, numBlocks: Out<number> | null, func: CUfunction | null, blockSize: number, dynamicSMemSize: number, flags: number): CUresult {
  const fn = target(t, func, flags);
  if (typeof fn === "number") return fn;
  if (numBlocks === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "numBlocks must not be NULL");
  if (!(blockSize > 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "blockSize must be positive", { blockSize });
  if (!(dynamicSMemSize >= 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dynamicSMemSize must not be negative", { dynamicSMemSize });
  numBlocks.value = blocksOf(t, fn, blockSize, dynamicSMemSize);
  return 0;
}

/**
 * A block size with the most threads on a multiprocessor, and the smallest grid that fills the device with it.
 * @param minGridSize gets blocks
 * @param blockSize gets threads of a block
 * @param blockSizeToDynamicSMemSize dynamic shared memory for a block size, bytes; NULL: dynamicSMemSize whatever the size
 * @param blockSizeLimit largest block size to consider; 0: no limit
 * @returns INVALID_VALUE: an out-parameter NULL, not a function.
 */
export function cuOccupancyMaxPotentialBlockSize(t: Caller, minGridSize: Out<number> | null, blockSize: Out<number> | null, func: CUfunction | null, blockSizeToDynamicSMemSize: CUoccupancyB2DSize | null, dynamicSMemSize: number, blockSizeLimit: number): CUresult {
  return cuOccupancyMaxPotentialBlockSizeWithFlags(t, minGridSize, blockSize, func, blockSizeToDynamicSMemSize, dynamicSMemSize, blockSizeLimit, 0);
}

/** The same with flags. @returns as without; INVALID_VALUE: other flags. */
export function cuOccupancyMaxPotentialBlockSizeWithFlags(
  t: Caller, minGridSize: Out<number> | null, blockSize: Out<number> | null, func: CUfunction | null, blockSizeToDynamicSMemSize: CUoccupancyB2DSize | null, dynamicSMemSize: number, blockSizeLimit: number, flags: number,
): CUresult {
  const fn = target(t, func, flags);
  if (typeof fn === "number") return fn;
  if (minGridSize === null || blockSize === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "minGridSize and blockSize must not be NULL");
  if (!(blockSizeLimit >= 0 && dynamicSMemSize >= 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "blockSizeLimit and dynamicSMemSize must not be negative", { blockSizeLimit, dynamicSMemSize });
  const { warpSize, multiprocessors } = fn.module.context.device.profile;
  const largest = blockSizeLimit === 0 ? maxThreads(fn) : Math.min(maxThreads(fn), blockSizeLimit);
  let best = { threads: 0, blocks: 0 };
  for (let size = largest; size > 0; size = Math.floor((size - 1) / warpSize) * warpSize) {
    const blocks = blocksOf(t, fn, size, blockSizeToDynamicSMemSize === null ? dynamicSMemSize : blockSizeToDynamicSMemSize(size));
    if (blocks * size > best.blocks * best.threads) best = { threads: size, blocks };
  }
  minGridSize.value = best.blocks * multiprocessors;
  blockSize.value = best.threads;
  return 0;
}

/**
 * The most dynamic shared memory a block may have so that a number of blocks still fit on a multiprocessor.
 * @param dynamicSmemSize gets bytes
 * @param numBlocks blocks on a multiprocessor
 * @param blockSize threads of a block
 * @returns INVALID_VALUE: dynamicSmemSize NULL, not a function, sizes not positive, so many blocks cannot fit at all.
 */
export function cuOccupancyAvailableDynamicSMemPerBlock(t: Caller, dynamicSmemSize: Out<number> | null, func: CUfunction | null, numBlocks: number, blockSize: number): CUresult {
  const fn = target(t, func, 0);
  if (typeof fn === "number") return fn;
  if (dynamicSmemSize === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dynamicSmemSize must not be NULL");
  if (!(numBlocks > 0 && blockSize > 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "numBlocks and blockSize must be positive", { numBlocks, blockSize });
  if (blocksOf(t, fn, blockSize, 0) < numBlocks) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "so many blocks do not fit on a multiprocessor at all", { numBlocks, blockSize });
  let low = 0;
  let high = dynamicSharedLimit(fn);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (blocksOf(t, fn, blockSize, middle) >= numBlocks) low = middle;
    else high = middle - 1;
  }
  dynamicSmemSize.value = low;
  return 0;
}
