import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";
import type { Extent } from "../../kernel/sys/uapi.ts";
import type { cl_mem } from "../abi/types.ts";
import { runCallback } from "./callback.ts";
import type { ContextObject } from "./context-object.ts";
import type { EventObject } from "./event.ts";
import type { ImageBox, ImageShape } from "./image-shape.ts";
import type { Piece } from "./memory.ts";
import { ClObject } from "./object.ts";
import type { SvmAllocation } from "./svm-allocation.ts";
import type { Layout } from "./transfer.ts";

/** A region of a memory object that the host has mapped. */
export interface Mapping {
  /** The buffer, sub-buffer or image that was mapped. */
  readonly owner: MemObject;
  readonly pointer: HostPtr;
  /** From the beginning of the memory object at the bottom to the first byte of the region. */
  readonly offset: number;
  /** Bytes from the first to the last of the region, inclusive. */
  readonly size: number;
  /** The region: of a buffer one row. */
  readonly box: Extent;
  /** Distances of its rows and slices on the device, and in the host's view of it. */
  readonly layout: Layout;
  readonly host: Layout;
  /** Of images: the first pixel, and how many there are in each dimension. */
  readonly pixels: Pick<ImageBox, "at" | "size"> | null;
  /** CL_MAP_*. */
  readonly flags: number;
  /** Host memory that stands for the region, when it is not the memory object's own. */
  readonly shadow: Piece | null;
}

/** What a memory object is made of. */
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

/** A cl_mem: a buffer, a part of one, or an image. */
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
  /** The memory object this is a part of or was made from, and where it begins in the one at the bottom. */
  readonly whole: MemObject | null;
  readonly origin: number;
  /** Of images; null for buffers. */
  image: ImageShape | null = null;
  /** Mapped regions of the object at the bottom, those of its parts included. */
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

  /** The memory object at the bottom, which the others stand on. */
  get root(): MemObject {
    return this.whole === null ? this : this.whole.root;
  }

  protected dispose(t: Caller): void {
    for (let i = this.destructors.length - 1; i >= 0; i--) {
      const { call, data } = this.destructors[i]!;
      runCallback(t, () => call(this.handle as cl_mem, data));
    }
    const memory = this.context.memory;
    for (const map of this.maps.splice(0)) if (map.shadow !== null) memory.give(t, map.shadow);
    if (this.image !== null) memory.give(t, this.image.descriptor);
    if (this.store.piece !== null) memory.give(t, this.store.piece);
    if (this.store.pinned > 0) memory.unpin(t, this.address, this.store.pinned);
  }
}

/** Whether it is a cached copy of a JavaScript array: CL_MEM_USE_HOST_PTR with a view. */
export function isCached(mem: MemObject): boolean {
  return mem.hostPtr !== null && typeof mem.hostPtr !== "number";
}
