import { stateKey, type Caller, type StateKey } from "../../../api/caller.ts";
import { HandleTable } from "../../../api/handles.ts";
import * as cu from "../../abi/driver/constants.ts";
import type { CUresult } from "../../abi/driver/enums.ts";
import type { CUarray, CUDA_ARRAY3D_DESCRIPTOR, CUmipmappedArray } from "../../abi/driver/types.ts";
import type { ArrayFormat } from "./array-format.ts";
import type { Context } from "./context.ts";
import { fail } from "./fail.ts";
import type { Block } from "./heap.ts";
import type { Allocation } from "./memory.ts";

/** Rows of arrays begin at multiples of this, bytes. */
const ROW_ALIGNMENT = 32;

/** A CUDA array: memory of a context that programs reach by copies, textures and surfaces only. Rows and slices lie one after the other. */
export class CudaArray {
  handle: CUarray = 0;
  readonly context: Context;
  /** As it was asked for. */
  readonly descriptor: CUDA_ARRAY3D_DESCRIPTOR;
  readonly format: ArrayFormat;
  /** Elements; 1 where a dimension does not exist. */
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly layers: number;
  /** Bytes of an element, and from one row and one slice (or layer) to the next. */
  readonly element: number;
  readonly row: number;
  readonly slice: number;
  /** Not in the map of addresses: no pointer names it. */
  readonly allocation: Allocation;
  /** The mipmapped array it is a level of. */
  readonly level: MipmappedArray | null;

  constructor(context: Context, descriptor: CUDA_ARRAY3D_DESCRIPTOR, format: ArrayFormat, layout: ArrayLayout, block: Block, address: number, level: MipmappedArray | null) {
    this.context = context;
    this.descriptor = descriptor;
    this.format = format;
    this.width = layout.width;
    this.height = layout.height;
    this.depth = layout.depth;
    this.layers = layout.layers;
    this.element = layout.element;
    this.row = layout.row;
    this.slice = layout.slice;
    this.level = level;
    this.allocation = {
      kind: "device", address, size: layout.bytes, context, device: context.device, mappings: [block.mapping], flags: 0, id: context.driver.nextId(), syncMemops: false, owner: block,
    };
  }

  get address(): number {
    return this.allocation.address;
  }

  /** Slices or layers. */
  get slices(): number {
    return this.depth * this.layers;
  }
}

/** Levels of detail. */
export class MipmappedArray {
  handle: CUmipmappedArray = 0;
  readonly context: Context;
  readonly descriptor: CUDA_ARRAY3D_DESCRIPTOR;
  readonly levels: CudaArray[] = [];

  constructor(context: Context, descriptor: CUDA_ARRAY3D_DESCRIPTOR) {
    this.context = context;
    this.descriptor = descriptor;
  }
}

/** Sizes of an array. */
export interface ArrayLayout {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly layers: number;
  readonly element: number;
  readonly row: number;
  readonly slice: number;
  readonly bytes: number;
}

/** How an array lies in memory. */
export function arrayLayout(descriptor: CUDA_ARRAY3D_DESCRIPTOR, format: ArrayFormat): ArrayLayout {
  // The faces of a cube are layers.
  const layered = (descriptor.Flags & (cu.CUDA_ARRAY3D_LAYERED | cu.CUDA_ARRAY3D_CUBEMAP)) !== 0;
  const { Width: width } = descriptor;
  const height = Math.max(1, descriptor.Height);
  const depth = layered ? 1 : Math.max(1, descriptor.Depth);
  const layers = layered ? descriptor.Depth : 1;
  const element = format.bytes * descriptor.NumChannels;
  const row = Math.ceil((width * element) / ROW_ALIGNMENT) * ROW_ALIGNMENT;
  const slice = row * height;
  return { width, height, depth, layers, element, row, slice, bytes: slice * depth * layers };
}

/** Arrays of one process. */
export class ArrayState {
  readonly arrays: HandleTable<CudaArray>;
  readonly mipmaps: HandleTable<MipmappedArray>;

  constructor(pid: number) {
    this.arrays = new HandleTable(0x30, pid);
    this.mipmaps = new HandleTable(0x31, pid);
  }
}

const key: StateKey<ArrayState> = stateKey("cuda arrays", (t: Caller) => new ArrayState(t.sys.pid));

/** Arrays of the calling process. */
export function arraysOf(t: Caller): ArrayState {
  return t.processState(key);
}

/**
 * The array a handle names.
 * @param code what the caller's manual says of handles that are none
 * @returns the array, or the error: no array of this process, or its context is gone
 */
export function arrayArgument(t: Caller, handle: CUarray | null, name: string, code: CUresult = cu.CUDA_ERROR_INVALID_HANDLE): CudaArray | CUresult {
  const { arrays } = arraysOf(t);
  const array = arrays.get(handle ?? 0);
  if (array !== undefined && !array.context.destroyed) return array;
  const stale = array !== undefined || arrays.isStale(handle ?? 0);
  return fail(t, code, stale ? `${name} names an array that has been destroyed` : `${name} must be an array of this process`, { [name]: handle });
}

/** The mipmapped array a handle names. @param code as for arrays. @returns the mipmapped array, or the error */
export function mipmapArgument(t: Caller, handle: CUmipmappedArray | null, name: string, code: CUresult = cu.CUDA_ERROR_INVALID_HANDLE): MipmappedArray | CUresult {
  const mipmap = arraysOf(t).mipmaps.get(handle ?? 0);
  if (mipmap !== undefined && !mipmap.context.destroyed) return mipmap;
  return fail(t, code, `${name} must be a mipmapped array of this process`, { [name]: handle });
}

/** Makes an array whose descriptor is known to be right. @returns it, or a negative errno */
export function makeArray(t: Caller, context: Context, descriptor: CUDA_ARRAY3D_DESCRIPTOR, format: ArrayFormat, level: MipmappedArray | null): CudaArray | number {
  const layout = arrayLayout(descriptor, format);
  const made = context.heap.allocate(t, layout.bytes);
  if (typeof made === "number") return made;
  const array = new CudaArray(context, descriptor, format, layout, made.block, made.address, level);
  array.handle = arraysOf(t).arrays.add(array) as CUarray;
  return array;
}

/** Gives an array's memory back. The caller has waited for its users. */
export function releaseArray(t: Caller, array: CudaArray): void {
  const { allocation, context } = array;
  arraysOf(t).arrays.remove(array.handle);
  context.heap.release(t, allocation.owner as Block, allocation.address, allocation.size);
}
