import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "../kernel/sys/sys.ts";
import type { Caller, StateKey } from "./caller.ts";
import { stateKey } from "./caller.ts";

const CHUNK = 1 << 20;
const LARGEST_CLASS = 1 << 19;
const ALIGNMENT = 64;

interface Heap {
  /** Free blocks by size class. */
  readonly free: Map<number, number[]>;
  /** Size class (small) or mapping length (large) of each live block. */
  readonly live: Map<number, number>;
  bump: number;
  end: number;
}

const heapKey: StateKey<Heap> = stateKey<Heap>("malloc", () => ({ free: new Map(), live: new Map(), bump: 0, end: 0 }));

function sizeClass(bytes: number): number {
  let size = ALIGNMENT;
  while (size < bytes) size *= 2;
  return size;
}

/**
 * malloc(3) of the simulated C library: memory of the process, not zeroed when it is reused. Alignment 64 bytes.
 * @returns the address, or 0 when there is no memory or `bytes` is 0.
 */
export function malloc(t: Caller, bytes: number): number {
  if (!(bytes > 0) || !Number.isSafeInteger(bytes)) return 0;
  const heap = t.processState(heapKey);
  if (bytes > LARGEST_CLASS) {
    const address = map(t, bytes);
    if (address === 0) return 0;
    heap.live.set(address, bytes);
    t.sys.watch?.allocated(address, bytes);
    return address;
  }
  const size = sizeClass(bytes);
  let address = heap.free.get(size)?.pop();
  if (address === undefined) {
    if (heap.bump + size > heap.end) {
      const chunk = map(t, CHUNK);
      if (chunk === 0) return 0;
      heap.bump = chunk;
      heap.end = chunk + CHUNK;
    }
    address = heap.bump;
    heap.bump += size;
  }
  heap.live.set(address, size);
  t.sys.watch?.allocated(address, bytes);
  return address;
}

/**
 * free(3). Address 0 is ignored.
 * @throws RangeError for what is no live block: C calls that undefined, here it is an error that says so.
 */
export function free(t: Caller, address: number): void {
  if (address === 0) return;
  const heap = t.processState(heapKey);
  const size = heap.live.get(address);
  if (size === undefined) throw new RangeError(`free(0x${address.toString(16)}): no live block of malloc begins there (freed twice, or never allocated)`);
  heap.live.delete(address);
  t.sys.watch?.freed(address, size);
  if (size > LARGEST_CLASS) {
    t.sys.munmap(address, size);
    return;
  }
  const list = heap.free.get(size);
  if (list === undefined) heap.free.set(size, [address]);
  else list.push(address);
}

function map(t: Caller, bytes: number): number {
  const address = t.sys.mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return address < 0 ? 0 : address;
}
