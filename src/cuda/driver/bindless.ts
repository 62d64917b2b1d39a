import { stateKey, type Caller, type StateKey } from "../../api/caller.ts";
import { MAX_LEVELS, TEXTURE_DESCRIPTOR_BYTES } from "../../compiler/ptx/texture.ts";
import type { CUDA_RESOURCE_DESC, CUDA_RESOURCE_VIEW_DESC, CUDA_TEXTURE_DESC } from "../abi/driver/types.ts";
import { mapEverywhere } from "./memory.ts";
import type { SyncPoint } from "../../kernel/sys/uapi.ts";
import type { Context } from "./core/context.ts";
import { PAGE } from "./core/space.ts";
import { arePointsReached } from "./core/wait.ts";

/** Bytes of a place: for one descriptor, and for as many as a texture can have levels. */
const PLACES = [TEXTURE_DESCRIPTOR_BYTES, 2 ** Math.ceil(Math.log2(MAX_LEVELS * TEXTURE_DESCRIPTOR_BYTES))] as const;

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
 * Descriptors of the texture and surface objects (and references: `core/reference.ts`) of one process. They lie in memory of the process that every context sees at one address; a place is used again only
 * when all others are in use, so that a handle of a destroyed object stays wrong for long.
 */
export class Bindless {
  readonly objects: Map<number, BindlessObject> = new Map();
  /** Free places of each size. */
  private readonly free: readonly [number[], number[]] = [[], []];
  private readonly large = new Set<number>();
  /** Places that launches may still read. */
  private retired: { readonly address: number; readonly context: Context; readonly points: readonly SyncPoint[] }[] = [];

  /** Writes a descriptor. @returns its address, or a negative errno */
  place(t: Caller, context: Context, bytes: Uint8Array): number {
    const which = bytes.length > PLACES[0] ? 1 : 0;
    const free = this.free[which];
    if (free.length === 0) this.sweep(t);
    if (free.length === 0) {
      const mapping = mapEverywhere(t, context, PAGE);
      if (typeof mapping === "number") return mapping;
      for (let at = 0; at < PAGE; at += PLACES[which]) free.push(mapping.address + at);
    }
    const address = free.shift()!;
    if (which === 1) this.large.add(address);
    t.sys.memory(address, bytes.length, true)!.set(bytes);
    return address;
  }

  /** Writes another descriptor to a place that nobody reads. @returns whether it fits there */
  rewrite(t: Caller, address: number, bytes: Uint8Array): boolean {
    if (this.large.has(address) !== bytes.length > PLACES[0]) return false;
    t.sys.memory(address, bytes.length, true)!.set(bytes);
    return true;
  }

  remove(object: BindlessObject): void {
    this.objects.delete(object.handle);
    this.release(object.handle);
  }

  /** Takes a place back, once all points are reached. */
  retire(address: number, context: Context, points: readonly SyncPoint[]): void {
    if (points.length === 0) this.release(address);
    else this.retired.push({ address, context, points });
  }

  private release(address: number): void {
    this.free[this.large.delete(address) ? 1 : 0].push(address);
  }

  private sweep(t: Caller): void {
    const waiting: Bindless["retired"] = [];
    for (const place of this.retired) {
      if (place.context.destroyed || arePointsReached(t, place.context.device, place.points)) this.release(place.address);
      else waiting.push(place);
    }
    this.retired = waiting;
  }
}

const key: StateKey<Bindless> = stateKey("cuda textures", () => new Bindless());

/** Texture and surface objects of the calling process. */
export function bindlessOf(t: Caller): Bindless {
  return t.processState(key);
}
