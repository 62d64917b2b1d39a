import { stateKey, type Caller, type StateKey } from "../../api/caller.ts";
import { TEXTURE_DESCRIPTOR_BYTES } from "../../compiler/ptx/texture.ts";
import type { CUDA_RESOURCE_DESC, CUDA_RESOURCE_VIEW_DESC, CUDA_TEXTURE_DESC } from "../abi/driver/types.ts";
import { mapEverywhere } from "./memory.ts";
import type { Context } from "./core/context.ts";
import { PAGE } from "./core/space.ts";

/** Bytes of a descriptor's place. */
const PLACE = 128;

/** A texture or surface object: its handle is the address of the descriptor that device code reads. */
export interface BindlessObject {
  readonly kind: "texture" | "surface";
  readonly handle: number;
  readonly context: Context;
  readonly resource: CUDA_RESOURCE_DESC;
  readonly texture: CUDA_TEXTURE_DESC | null;
  readonly view: CUDA_RESOURCE_VIEW_DESC | null;
}

/**
 * Texture and surface objects of one process. Descriptors lie in memory of the process that every context sees at one address; a place is used again only
 * when all others are in use, so that a handle of a destroyed object stays wrong for long.
 */
export class Bindless {
  readonly objects: Map<number, BindlessObject> = new Map();
  private readonly free: number[] = [];

  /** Writes a descriptor. @returns its address, or a negative errno */
  place(t: Caller, context: Context, bytes: Uint8Array): number {
    if (this.free.length === 0) {
      const mapping = mapEverywhere(t, context, PAGE);
      if (typeof mapping === "number") return mapping;
      for (let at = 0; at + TEXTURE_DESCRIPTOR_BYTES <= PAGE; at += PLACE) this.free.push(mapping.address + at);
    }
    const address = this.free.shift()!;
    t.sys.memory(address, bytes.length, true)!.set(bytes);
    return address;
  }

  remove(object: BindlessObject): void {
    this.objects.delete(object.handle);
    this.free.push(object.handle);
  }
}

const key: StateKey<Bindless> = stateKey("cuda textures", () => new Bindless());

/** Texture and surface objects of the calling process. */
export function bindlessOf(t: Caller): Bindless {
  return t.processState(key);
}
