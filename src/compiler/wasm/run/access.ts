import { PAGE_SHIFT, PAGE_SIZE, PTE_READ, PTE_WRITE, type AccessKind, type FaultKind, type MemoryAccess } from "../../abi.ts";
import { LOCAL_WINDOW, PARAM_WINDOW, PARAM_WINDOW_SIZE, SHARED_WINDOW, WINDOW_SIZE } from "../../ir/types.ts";
import { launch, slot } from "../lower/layout.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";
import type { Run } from "./context.ts";

/** The cold side of memory accesses: what compiled code could not translate by itself. */

const kinds: readonly AccessKind[] = ["read", "read", "write", "atomic"];

/** How often the host may say "try again" to one access before we call it a bug. */
const MAX_RETRIES = 1000;

/** Bytes of an access that crosses pages, waiting to be written back. */
let spread: number[] | null = null;

/**
 * Import `fault`: gives the linear address of an access, asking the host to make it possible; an access that lies in several pages is staged in the launch block.
 * @param kind 1 read, 2 write, 3 both
 * @throws DeviceFault
 */
export function resolveAccess(run: Run, address: bigint, size: number, mask: number, kind: number, line: number, item: number): number {
  const at = BigInt.asUintN(64, address);
  const access: MemoryAccess = { address: at, size, kind: kinds[kind]! };
  if ((Number(at & 0xffffn) & mask) !== 0) run.fault("misaligned", line, item, access, `needs a multiple of ${mask + 1}`);
  if (at >= PARAM_WINDOW && at < PARAM_WINDOW + PARAM_WINDOW_SIZE) return parameters(run, access, line, item);
  for (let attempt = 0; attempt < MAX_RETRIES; attempt++) {
    const found = place(run, at, size, kind);
    if (typeof found === "number") return found;
    const retry = run.hooks.fault(access, run.site(line, item));
    run.views.refresh();
    // What is where has changed.
    if (retry) run.checked?.resume();
    if (!retry) run.checked?.missing(at, size, access.kind, line, run.site(line, item));
    if (!retry) run.fault(found, line, item, access, found === "write-protected" ? "the page is read-only" : "nothing is mapped there");
  }
  throw new EmulatorBug(`the fault hook allowed 0x${at.toString(16)} ${MAX_RETRIES} times and never made it accessible`);
}

function parameters(run: Run, access: MemoryAccess, line: number, item: number): number {
  if (access.kind !== "read") run.fault("write-protected", line, item, access, "kernel parameters cannot be written");
  const offset = Number(access.address - PARAM_WINDOW);
  if (offset + access.size > run.paramBytes) run.fault("illegal-address", line, item, access, `outside the ${run.paramBytes} parameter bytes`);
  return run.params + offset;
}

function translate(run: Run, address: bigint, kind: number): number | FaultKind {
  const { table, basePage, pageCount } = run.pageTable;
  const index = BigInt.asUintN(64, (address >> BigInt(PAGE_SHIFT)) - BigInt(basePage));
  if (index >= BigInt(pageCount)) return "illegal-address";
  const entry = run.views.data.getUint32(table + 4 * Number(index), true);
  if ((entry & kind) !== kind) {
    const present = (entry & (PTE_READ | PTE_WRITE)) !== 0;
    return present && kind !== PTE_READ && (entry & PTE_WRITE) === 0 ? "write-protected" : "illegal-address";
  }
  return (entry - (entry % PAGE_SIZE)) + Number(address & 0xffffn);
}

function place(run: Run, address: bigint, size: number, kind: number): number | FaultKind {
  if (Number(address & 0xffffn) + size <= PAGE_SIZE) return translate(run, address, kind);
  const places: number[] = [];
  for (let i = 0; i < size; i++) {
    const found = translate(run, BigInt.asUintN(64, address + BigInt(i)), kind);
    if (typeof found !== "number") return found;
    places.push(found);
  }
  const bounce = run.launch + launch.bounce;
  if (size > launch.bounceBytes) throw new EmulatorBug(`an access of ${size} bytes`);
  places.forEach((from, i) => (run.views.u8[bounce + i] = run.views.u8[from]!));
  spread = places;
  return bounce;
}

/** Where the access really is that was staged last: pieces of it that lie side by side. */
export function* piecesOfSpread(): Iterable<{ readonly linear: number; readonly offset: number; readonly size: number }> {
  const places = spread ?? [];
  for (let start = 0; start < places.length; ) {
    let end = start + 1;
    while (end < places.length && places[end] === places[end - 1]! + 1 && places[end]! % PAGE_SIZE !== 0) end++;
    yield { linear: places[start]!, offset: start, size: end - start };
    start = end;
  }
}

/** Import `spread`: writes the staged bytes of a store to their pages. */
export function writeSpread(run: Run): void {
  const bounce = run.launch + launch.bounce;
  spread?.forEach((to, i) => (run.views.u8[to] = run.views.u8[bounce + i]!));
}

/** Import `outside`: an access beyond shared or local memory. */
export function outside(run: Run, address: bigint, size: number, kind: number, line: number, item: number): never {
  return run.fault("illegal-address", line, item, { address: BigInt.asUintN(64, address), size, kind: kinds[kind]! }, "outside the memory there is");
}

/** One byte at a generic address, for strings of printf and assert. */
export function readByte(run: Run, s: number, item: number, line: number): (address: bigint) => number {
  return (address) => {
    const at = BigInt.asUintN(64, address);
    const { i32, u8 } = run.views;
    const inside = (start: bigint, limit: number): boolean => {
      if (at - start >= BigInt(limit)) outside(run, at - start, 1, 1, line, item);
      return true;
    };
    if (at >= SHARED_WINDOW && at < SHARED_WINDOW + WINDOW_SIZE && inside(SHARED_WINDOW, i32[(run.launch + launch.sharedBytes) >> 2]!)) {
      return u8[i32[(s + slot.shared) >> 2]! + Number(at - SHARED_WINDOW)]!;
    }
    const localBytes = i32[(run.launch + launch.localBytes) >> 2]!;
    if (at >= LOCAL_WINDOW && at < PARAM_WINDOW && inside(LOCAL_WINDOW, localBytes)) {
      return u8[i32[(s + slot.local) >> 2]! + item * localBytes + Number(at - LOCAL_WINDOW)]!;
    }
    const linear = resolveAccess(run, at, 1, 0, 1, line, item);
    return run.views.u8[linear]!;
  };
}
