import type { Caller } from "../../api/caller.ts";
import type { Extent } from "../../kernel/sys/uapi.ts";
import * as cl from "../abi/constants.ts";
import { CL_INVALID_VALUE } from "../abi/errors.ts";
import type { cl_image_format, cl_int } from "../abi/types.ts";
import { fail } from "./fail.ts";
import type { Piece } from "./memory.ts";
import type { Triple } from "./rect.ts";
import type { Layout } from "./transfer.ts";

/** What the dimensions of an image type mean. */
export interface ImageType {
  /** Coordinates of a pixel, without the layer. */
  readonly dimensions: 1 | 2 | 3;
  readonly array: boolean;
}

/** Every image type there is. */
export const imageTypes: ReadonlyMap<number, ImageType> = new Map<number, ImageType>([
  [cl.CL_MEM_OBJECT_IMAGE1D, { dimensions: 1, array: false }],
  [cl.CL_MEM_OBJECT_IMAGE1D_BUFFER, { dimensions: 1, array: false }],
  [cl.CL_MEM_OBJECT_IMAGE1D_ARRAY, { dimensions: 1, array: true }],
  [cl.CL_MEM_OBJECT_IMAGE2D, { dimensions: 2, array: false }],
  [cl.CL_MEM_OBJECT_IMAGE2D_ARRAY, { dimensions: 2, array: true }],
  [cl.CL_MEM_OBJECT_IMAGE3D, { dimensions: 3, array: false }],
]);

/** What makes a memory object an image. Sizes are 1 where a dimension does not exist. */
export interface ImageShape extends Layout {
  /** CL_MEM_OBJECT_IMAGE*. */
  readonly type: number;
  readonly format: cl_image_format;
  /** Bytes of a pixel. */
  readonly pixel: number;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly layers: number;
  /** Bytes from one row to the next, and from one slice (3D) or layer (arrays) to the next. */
  readonly row: number;
  readonly slice: number;
  /** The same in the host's memory: CL_MEM_USE_HOST_PTR with a JavaScript array. */
  readonly host: Layout;
  /** Where the descriptor lies that kernels get. */
  readonly descriptor: Piece;
}

/** Slices or layers: what the third distance counts. */
export function slicesOf(shape: Pick<ImageShape, "depth" | "layers">): number {
  return shape.depth * shape.layers;
}

/** Bytes of all pixels, gaps between rows and slices included. */
export function imageBytes(size: Pick<ImageShape, "type" | "width" | "height" | "depth" | "layers" | "pixel">, layout: Layout): number {
  const { dimensions, array } = imageTypes.get(size.type)!;
  if (array || dimensions === 3) return layout.slice * slicesOf(size);
  return dimensions === 2 ? layout.row * size.height : layout.row;
}

/** Part of an image, in bytes. */
export interface ImageBox {
  /** Pixel coordinates: x, y, slice or layer. */
  readonly at: readonly [number, number, number];
  readonly size: readonly [number, number, number];
  /** Width in bytes. */
  readonly box: Extent;
  /** Of the first byte, from the image's beginning. */
  readonly offset: number;
}

/** x, y, z of an origin or region whose layer may stand in its second place. */
function spread(triple: Triple, { dimensions, array }: ImageType, missing: number): [number, number, number] {
  const [x = missing, y = missing, z = missing] = triple;
  return dimensions === 1 && array ? [x, missing, y] : [x, y, z];
}

/**
 * A region of an image as the enqueue functions take it.
 * @param name the parameter of the origin, for messages
 * @returns the box, or the code that was recorded: CL_INVALID_VALUE
 */
export function imageBox(t: Caller, shape: ImageShape, name: string, origin: Triple, region: Triple): ImageBox | cl_int {
  const type = imageTypes.get(shape.type)!;
  const at = spread(origin, type, 0);
  const size = spread(region, type, 1);
  const limits = [shape.width, shape.height, slicesOf(shape)];
  const unused = type.dimensions === 1 && type.array ? 2 : type.dimensions + (type.array ? 1 : 0);
  for (let i = unused; i < 3; i++) {
    if ((origin[i] ?? 0) !== 0 || (region[i] ?? 1) !== 1) return fail(t, CL_INVALID_VALUE, `${name} must be 0 and region 1 in dimensions that the image does not have`, { [name]: [...origin], region: [...region] });
  }
  if (size.some((n) => !(n > 0))) return fail(t, CL_INVALID_VALUE, "no element of region may be 0", { region: [...region] });
  for (let i = 0; i < 3; i++) {
    if (!(at[i]! >= 0 && at[i]! + size[i]! <= limits[i]!)) return fail(t, CL_INVALID_VALUE, `the region at ${name} must lie inside the image`, { [name]: [...origin], region: [...region], image: limits });
  }
  return { at, size, box: { width: size[0] * shape.pixel, height: size[1], depth: size[2] }, offset: at[0] * shape.pixel + at[1] * shape.row + at[2] * shape.slice };
}

/**
 * How a region lies in the host's memory, with pitches of 0 computed as the manual says.
 * @returns it, or the code that was recorded: CL_INVALID_VALUE
 */
export function hostLayout(t: Caller, shape: ImageShape, { box }: ImageBox, rowPitch: number, slicePitch: number): Layout | cl_int {
  const { dimensions, array } = imageTypes.get(shape.type)!;
  if (rowPitch !== 0 && rowPitch < box.width) return fail(t, CL_INVALID_VALUE, "the row pitch must be 0 or at least the bytes of a row", { rowPitch, row: box.width });
  const row = rowPitch === 0 ? box.width : rowPitch;
  if (!array && dimensions < 3) {
    return slicePitch === 0 ? { row, slice: row * box.height } : fail(t, CL_INVALID_VALUE, "the slice pitch must be 0 for images of one or two dimensions", { slicePitch });
  }
  const least = row * box.height;
  if (slicePitch !== 0 && slicePitch < least) return fail(t, CL_INVALID_VALUE, "the slice pitch must be 0 or at least the bytes of a slice", { slicePitch, slice: least });
  return { row, slice: slicePitch === 0 ? least : slicePitch };
}
