import type { PointerReach, PointerUse } from "../compiler/abi.ts";
import { SHADOWED } from "../compiler/wasm/checked/layout.ts";
import type { Allocation } from "./allocations.ts";
import type { ProcessChecker } from "./process-checker.ts";

/** Nothing is known of it: it may lead anywhere. */
const ANYWHERE: PointerReach = { low: 0, high: 2 ** 62, open: true };

/** Shadow of a word of which each byte has been written. */
const WRITTEN = 0x0303_0303;

/**
 * What is known of the memory that a kernel's pointers lead to. A pointer leads to the allocation that it points into. Reads through it need no look when the launch writes to none of its
 * bytes (the kernel writes through pointers to other allocations only, which compiled code keeps in their bounds) and all of it has been written before.
 */
export function reachOf(process: ProcessChecker, pointers: readonly PointerUse[], closed: boolean): PointerReach[] {
  const found = pointers.map(({ address }) => process.allocations.at(address));
  const known = closed && pointers.every(({ written }, i) => !written || found[i] !== null);
  const written = new Set(pointers.flatMap((pointer, i) => (pointer.written && found[i] !== null ? [found[i]!] : [])));
  return found.map((allocation): PointerReach => {
    if (allocation === null) return ANYWHERE;
    return { low: allocation.address, high: allocation.address + allocation.size, open: !known || written.has(allocation) || !isWritten(process, allocation) };
  });
}

/** Whether all of an allocation has been written. What is found is kept: memory does not become unwritten. */
function isWritten(process: ProcessChecker, allocation: Allocation): boolean {
  const { written, address, size } = allocation;
  if (written === null) return true;
  const { u32, u8 } = process.checker.shadow;
  const end = address + size;
  let at = address + allocation.known;
  while (at < end) {
    const range = written.findIndex((start, i) => i % 2 === 0 && start <= at && at < written[i + 1]!);
    if (range >= 0) {
      at = written[range + 1]!;
      continue;
    }
    const shadow = process.shadowIfAny(Math.floor(at / SHADOWED));
    if (shadow === 0) break;
    const page = shadow - Math.floor(at / SHADOWED) * SHADOWED;
    const stop = Math.min(end, (Math.floor(at / SHADOWED) + 1) * SHADOWED);
    const before = at;
    while (at + 4 <= stop && (at & 3) === 0 && u32[(page + at) >>> 2] === WRITTEN) at += 4;
    while (at < stop && ((at & 3) !== 0 || stop - at < 4) && u8[page + at] === 3) at++;
    if (at === before) break;
  }
  allocation.known = Math.min(at, end) - address;
  return at >= end;
}
