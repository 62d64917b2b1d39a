import type { KernelAttributes } from "../../ir/module.ts";
import type { PtxFunction } from "../ast.ts";

/** Least and most registers of a work-item that the estimate gives (hardware: 255). */
const LEAST = 16;
const MOST = 255;

/**
 * Registers a work-item would take on hardware, for occupancy: an estimate. A register counts from the first statement that names
 * it to the last (64-bit ones twice, predicates not); the most that overlap, plus 8 for addressing and the call frame, rounded up
 * to 8 (the hardware's unit), at least 16, at most 255 or `.maxnreg`.
 */
export function estimateRegisters(fn: PtxFunction): number {
  const change = new Int32Array((fn.body?.length ?? 0) + 2);
  for (const reg of fn.registers) {
    if (reg.first < 0 || reg.type.kind === "pred") continue;
    const weight = Math.max(1, reg.type.bits / 32);
    change[reg.first] = change[reg.first]! + weight;
    change[reg.last + 1] = change[reg.last + 1]! - weight;
  }
  let live = 0;
  let most = 0;
  for (const d of change) {
    live += d;
    if (live > most) most = live;
  }
  const rounded = Math.ceil((most + 8) / 8) * 8;
  const limit = fn.directives.get("maxnreg")?.[0] ?? MOST;
  return Math.max(LEAST, Math.min(rounded, limit, MOST));
}

function triple(numbers: readonly number[] | undefined): readonly [number, number, number] | null {
  return numbers === undefined || numbers.length === 0 ? null : [numbers[0]!, numbers[1] ?? 1, numbers[2] ?? 1];
}

/** What a kernel's directives ask of a launch (PTX ISA 11.4). */
export function kernelAttributes(fn: PtxFunction): KernelAttributes {
  const { directives } = fn;
  const most = triple(directives.get("maxntid"));
  return {
    reqdWorkGroupSize: triple(directives.get("reqntid")),
    workGroupSizeHint: null,
    maxThreads: most === null ? null : most[0] * most[1] * most[2],
    minBlocksPerSm: directives.get("minnctapersm")?.[0] ?? null,
    vecTypeHint: null,
    registers: estimateRegisters(fn),
  };
}
