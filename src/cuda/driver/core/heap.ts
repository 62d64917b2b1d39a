import { RED_ZONE } from "../../../check/checker.ts";
import { checkerOf } from "../../../check/registry.ts";
import type { Caller } from "../../../api/caller.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";
import { Backing, Mapping, pageUp, type GpuSpace } from "./space.ts";
import type { Device } from "./device.ts";

/** Every allocation's alignment, bytes: memory may be under textures (CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT). */
export const ALIGNMENT = 512;
/** What small allocations are cut from. */
export const BLOCK_BYTES: number = 2 * 1024 * 1024;
/** Larger requests get memory of their own. */
export const LARGEST_SMALL: number = BLOCK_BYTES / 2;

/** A piece of address space with memory: whole blocks, or the block of one large allocation. */
export interface Block {
  readonly mapping: Mapping;
  /** Free ranges [start, end) as offsets, ascending and never touching. */
  readonly free: [number, number][];
  readonly large: boolean;
}

/**
 * Device memory of one context, as the real driver gives it out: requests up to 1 MiB are cut from 2 MiB blocks (first fit, 512 bytes
 * alignment), larger ones get memory of their own. Freed pieces keep their bytes and stay accessible while their block has a live neighbour, as on
 * hardware. One empty block is kept for the next request; further ones, and large allocations, are unmapped at once, so that a stale pointer faults.
 */
export class DeviceHeap {
  private readonly device: Device;
  private readonly blocks: Block[] = [];
  /** Address spaces that see this heap: the context's own, and those of peers. */
  readonly spaces: Set<GpuSpace> = new Set();

  constructor(device: Device) {
    this.device = device;
  }

  /** Bytes taken from the device, used or not. */
  get reserved(): number {
    return this.blocks.reduce((sum, block) => sum + (block.mapping.backing?.size ?? 0), 0);
  }

  /** Gives the kept empty block back too. */
  trim(t: Caller): void {
    for (const block of this.blocks.slice()) if (!block.large && isEmpty(block)) this.drop(t, block);
  }

  /**
   * @param label what checked mode calls it; null: it is told later that the memory is the program's
   * @returns the address and the block it is in, or a negative errno.
   */
  allocate(t: Caller, size: number, label: string | null = "cuMemAlloc"): { readonly address: number; readonly block: Block } | number {
    const made = this.find(t, size);
    if (typeof made !== "number" && label !== null) checkerOf(t)?.allocated(t.process, made.address, size, label, false, null, size > LARGEST_SMALL ? 0 : RED_ZONE);
    return made;
  }

  private find(t: Caller, size: number): { readonly address: number; readonly block: Block } | number {
    const bytes = room(t, size);
    if (size > LARGEST_SMALL) {
      const block = this.grow(t, size, true);
      return typeof block === "number" ? block : { address: block.mapping.address, block };
    }
    for (const block of this.blocks) {
      const offset = block.large ? -1 : take(block, bytes);
      if (offset >= 0) return { address: block.mapping.address + offset, block };
    }
    const block = this.grow(t, BLOCK_BYTES, false);
    return typeof block === "number" ? block : { address: block.mapping.address + take(block, bytes), block };
  }

  release(t: Caller, block: Block, address: number, size: number): void {
    checkerOf(t)?.freed(t.process, address);
    if (!block.large) {
      give(block, address - block.mapping.address, room(t, size));
      if (!isEmpty(block) || !this.blocks.some((other) => other !== block && !other.large && isEmpty(other))) return;
    }
    this.drop(t, block);
  }

  /** Lets a space see everything that is and will be here. @returns 0 or a negative errno. */
  share(t: Caller, space: GpuSpace): number {
    for (const block of this.blocks) {
      const error = block.mapping.bind(t, space);
      if (error >= 0) continue;
      this.unshare(t, space);
      return error;
    }
    this.spaces.add(space);
    return 0;
  }

  unshare(t: Caller, space: GpuSpace): void {
    this.spaces.delete(space);
    for (const block of this.blocks) block.mapping.unbind(t, space);
  }

  destroy(t: Caller): void {
    for (const block of this.blocks.slice()) this.drop(t, block);
    this.spaces.clear();
  }

  private grow(t: Caller, size: number, large: boolean): Block | number {
    const backing = Backing.create(t, this.device, Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES, "vram", large ? "cuMemAlloc" : "cuMemAlloc (small)");
    if (typeof backing === "number") return backing;
    // Memory comes in units of 2 MiB, but only what was asked for is mapped: the page after it faults.
    const bytes = pageUp(size);
    const address = t.sys.reserve(bytes, large ? BLOCK_BYTES : ALIGNMENT);
    if (address < 0) {
      backing.close(t);
      return address;
    }
    const mapping = new Mapping(address, bytes, backing);
    for (const space of this.spaces) {
      const error = mapping.bind(t, space);
      if (error < 0) {
        this.unmap(t, mapping);
        return error;
      }
    }
    const block: Block = { mapping, free: [[0, bytes]], large };
    this.blocks.push(block);
    return block;
  }

  private drop(t: Caller, block: Block): void {
    const i = this.blocks.indexOf(block);
    if (i < 0) throw new EmulatorBug("a block of another heap");
    this.blocks.splice(i, 1);
    this.unmap(t, block.mapping);
  }

  private unmap(t: Caller, mapping: Mapping): void {
    mapping.unbindAll(t);
    t.sys.munmap(mapping.address, mapping.bytes);
    mapping.backing?.close(t);
  }
}

/** Bytes that a small allocation takes of its block. On a checked machine none is another's neighbour. */
function room(t: Caller, size: number): number {
  return Math.ceil((size + (checkerOf(t) === null ? 0 : RED_ZONE)) / ALIGNMENT) * ALIGNMENT;
}

/** Whether nothing of the block is in use. */
function isEmpty(block: Block): boolean {
  const only = block.free[0];
  return block.free.length === 1 && only !== undefined && only[1] - only[0] === block.mapping.bytes;
}

/** First fit. @returns the offset, or -1. */
function take(block: Block, bytes: number): number {
  for (let i = 0; i < block.free.length; i++) {
    const range = block.free[i]!;
    if (range[1] - range[0] < bytes) continue;
    const offset = range[0];
    range[0] += bytes;
    if (range[0] === range[1]) block.free.splice(i, 1);
    return offset;
  }
  return -1;
}

function give(block: Block, offset: number, bytes: number): void {
  const end = offset + bytes;
  let i = 0;
  while (i < block.free.length && block.free[i]![0] < offset) i++;
  const before = block.free[i - 1];
  const after = block.free[i];
  const joinsBefore = before !== undefined && before[1] === offset;
  const joinsAfter = after !== undefined && after[0] === end;
  if (joinsBefore && joinsAfter) {
    before[1] = after[1];
    block.free.splice(i, 1);
  } else if (joinsBefore) before[1] = end;
  else if (joinsAfter) after[0] = offset;
  else block.free.splice(i, 0, [offset, end]);
}
