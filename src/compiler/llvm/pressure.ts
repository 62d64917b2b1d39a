import type { Fn } from "../ir/module.ts";
import { definedBy } from "../ir/module.ts";
import type { Opcode } from "../ir/ops.ts";
import { sizeOf } from "../ir/types.ts";
import { operandsOf, targetsOf } from "../ir/uses.ts";

/** What hardware gives a work-item at least and at most, 32-bit registers (CUDA C++ Programming Guide, "Technical Specifications per Compute Capability"). */
const LEAST = 16;
const MOST = 255;
/** Registers for addressing, predicates and the launch's own numbers. */
const RESERVED = 8;
/** Values that are encoded in instructions or made again instead of being kept. */
const FREE: ReadonlySet<Opcode> = new Set<Opcode>(["const", "constbits", "param", "paramaddr", "globaladdr", "sharedaddr", "localaddr", "sreg"]);

/**
 * How many 32-bit registers a work-item of the kernel would take on hardware, for occupancy: the most values alive at one place, blocks in the
 * order they stand, values that enter a loop alive throughout it. Called functions are not counted.
 */
export function estimateRegisters(fn: Fn): number {
  const starts: number[] = [];
  let position = 0;
  for (const block of fn.blocks) {
    starts.push(position);
    position += block.instrs.length;
  }
  starts.push(position);
  const first = new Int32Array(fn.types.length).fill(-1);
  const last = new Int32Array(fn.types.length).fill(-1);
  const loops: [number, number][] = [];
  fn.blocks.forEach((block, id) => block.instrs.forEach((instr, n) => {
    const at = starts[id]! + n;
    if (!FREE.has(instr.op)) for (const value of definedBy(instr)) first[value] = at;
    if (instr.op === "phi") for (const [from, value] of instr.from) last[value] = Math.max(last[value]!, starts[from + 1]! - 1);
    else for (const value of operandsOf(instr)) last[value] = Math.max(last[value]!, at);
    for (const target of targetsOf(instr)) if (target <= id) loops.push([starts[target]!, at]);
  }));
  // Inner loops first: what they prolong may reach into outer ones.
  loops.sort((a, b) => a[1] - b[1]);
  for (const [from, to] of loops) {
    for (let value = 0; value < last.length; value++) {
      if (first[value]! >= 0 && first[value]! < from && last[value]! >= from && last[value]! < to) last[value] = to;
    }
  }
  const change = new Int32Array(position + 2);
  for (let value = 0; value < last.length; value++) {
    if (first[value]! < 0 || last[value]! < first[value]!) continue;
    const words = Math.ceil(sizeOf[fn.types[value]!] / 4);
    change[first[value]!]! += words;
    change[last[value]! + 1]! -= words;
  }
  let alive = 0;
  let most = 0;
  for (const delta of change) {
    alive += delta;
    most = Math.max(most, alive);
  }
  return Math.min(MOST, Math.max(LEAST, RESERVED + most));
}
