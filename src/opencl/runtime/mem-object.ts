import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";
import type { cl_mem } from "../abi/types.ts";
import { runCallback } from "./callback.ts";
import type { ContextObject } from "./context-object.ts";
import type { EventObject } from "./event.ts";
import type { Piece } from "./memory.ts";
import { ClObject } from "./object.ts";
import type { SvmAllocation } from "./svm-allocation.ts";

/** A region of a buffer that the host has mapped. */
export interface Mapping {
  /** The buffer or sub-buffer that was mapped. */
  readonly owner: MemObject;
  readonly pointer: HostPtr;
  /** From the beginning of the whole buffer. */
  readonly offset: number;
  readonly size: number;
  /** CL_MAP_*. */
  readonly flags: number;
  /** Host memory that stands for the region, when it is not the memory object's own. */
  readonly shadow: Piece | null;
}

/** What a buffer is made of. */
export interface Store {
  readonly address: number;
  /** Memory of ours; null for sub-buffers, host and SVM memory. */
  readonly piece: Piece | null;
  /** The program's own memory [address, address + bytes) that is pinned; 0: none. */
  readonly pinned: number;
  readonly svm: SvmAllocation | null;
  /** The CPU reaches it at `address`. */
  readonly cpu: boolean;
}

/** A cl_mem: a buffer or a part of one. */
export class MemObject extends ClObject {
  readonly context: ContextObject;
  /** CL_MEM_*, inherited ones included. */
  readonly flags: number;
  readonly size: number;
  readonly properties: readonly number[] | null;
  /** For CL_MEM_USE_HOST_PTR. */
  readonly hostPtr: HostPtr | null;
  readonly store: Store;
  /** GPU address of the first byte, the same on all devices of the context. */
  readonly address: number;
  /** The buffer this is a part of, and where it begins there. */
  readonly whole: MemObject | null;
  readonly origin: number;
  /** Mapped regions of the whole buffer, those of sub-buffers included. */
  readonly maps: Mapping[] = [];
  readonly destructors: { readonly call: (memobj: cl_mem, user_data: unknown) => unknown; readonly data: unknown }[] = [];
  /** Puts the initial contents there; null when they are. */
  upload: EventObject | null = null;

  constructor(context: ContextObject, flags: number, size: number, properties: readonly number[] | null, hostPtr: HostPtr | null, store: Store, whole: MemObject | null, origin: number) {
    super(whole ?? context);
    this.context = context;
    this.flags = flags;
    this.size = size;
    this.properties = properties;
    this.hostPtr = hostPtr;
    this.store = store;
    this.address = store.address;
    this.whole = whole;
    this.origin = origin;
  }

  protected get parent(): ClObject {
    return this.whole ?? this.context;
  }

  /** The buffer at the bottom. */
  get root(): MemObject {
    return this.whole ?? this;
  }

  protected dispose(t: Caller): void {
    for (let i = this.destructors.length - 1; i >= 0; i--) {
      const { call, data } = this.destructors[i]!;
      runCallback(t, () => call(this.handle as cl_mem, data));
    }
    const memory = this.context.memory;
    for (const map of this.maps.splice(0)) if (map.shadow !== null) memory.give(t, map.shadow);
    if (this.store.piece !== null) memory.give(t, this.store.piece);
    if (this.store.pinned > 0) memory.unpin(t, this.address, this.store.pinned);
  }
}

/** Whether it is a cached copy of a JavaScript array: CL_MEM_USE_HOST_PTR with a view. */
export function isCached(mem: MemObject): boolean {
  return mem.hostPtr !== null && typeof mem.hostPtr !== "number";
}
