import type { ValueId } from "../../../ir/ops.ts";
import type { Kit } from "../../kit.ts";
import type { Recipe, Recipes } from "../../recipe.ts";
import { Field, SamplerBit } from "./descriptor.ts";
import { field } from "./texel.ts";

/** Sampling: addressing modes and filters (OpenCL C 3.0 section 8.2). */

/** Where one coordinate falls: the nearest pixel, and the two for a linear filter with the second's weight. */
interface Axis {
  readonly nearest: ValueId;
  readonly low: ValueId;
  readonly high: ValueId;
  readonly weight: ValueId;
}

function has(k: Kit, sampler: ValueId, bit: number): ValueId {
  return k.icmp("ne", k.and(sampler, k.i(bit)), k.i(0));
}

function floor(k: Kit, x: ValueId): ValueId {
  return k.float1("ffloor", x);
}

/** How far up the sampler has the mode of each dimension. */
const SHIFTS = [0, SamplerBit.secondShift, SamplerBit.thirdShift];

/** @param size of the image in that dimension, i32 */
function axis(k: Kit, sampler: ValueId, dimension: number, coordinate: ValueId, size: ValueId): Axis {
  const own = dimension === 0 ? sampler : k.xor(sampler, k.lshr(sampler, SHIFTS[dimension]!));
  const mode = k.and(own, k.i(SamplerBit.addressMask));
  const is = (value: number): ValueId => k.icmp("eq", mode, k.i(value));
  const repeat = is(SamplerBit.repeat);
  const mirror = is(SamplerBit.mirroredRepeat);
  const edge = is(SamplerBit.clampToEdge);
  const extent = k.toFloat("f32", size);
  const mirrored = k.abs(k.sub(coordinate, k.mul(k.f(2), k.rint(k.mul(coordinate, k.f(0.5))))));
  const folded = k.select(repeat, k.sub(coordinate, floor(k, coordinate)), k.select(mirror, mirrored, coordinate));
  const u = k.select(has(k, sampler, SamplerBit.normalized), k.mul(folded, extent), coordinate);
  const last = k.sub(size, k.i(1));
  const low = k.select(edge, k.i(0), k.i(-1));
  const high = k.select(edge, last, size);
  /** Brings an index that is at most one off into the image, or to the border just outside it. */
  const place = (index: ValueId): ValueId => {
    const clamped = k.int("min.s", k.int("max.s", index, low), high);
    const over = k.icmp("gt.s", index, last);
    const under = k.icmp("lt.s", index, k.i(0));
    const around = k.select(over, k.sub(index, size), k.select(under, k.add(index, size), index));
    const inner = k.int("min.s", k.int("max.s", index, k.i(0)), last);
    return k.select(repeat, around, k.select(mirror, inner, clamped));
  };
  const centre = k.sub(u, k.f(0.5));
  const below = floor(k, centre);
  const first = k.toInt("i32", below);
  return { nearest: place(k.toInt("i32", floor(k, u))), low: place(first), high: place(k.add(first, k.i(1))), weight: k.sub(centre, below) };
}

const SIZES = [Field.width, Field.height, Field.depth];

/** Parameters: image, sampler, a float coordinate for each dimension, the layer (i32; 0 without). */
function sample(dimensions: 1 | 2 | 3, type: "f32" | "i32"): Recipe {
  return {
    params: ["i64", "i32", ...new Array<"f32">(dimensions).fill("f32"), "i32"], results: [type, type, type, type], inline: false,
    build(k, args) {
      const [image, sampler] = args;
      const layer = args.at(-1)!;
      const axes = args.slice(2, 2 + dimensions).map((coordinate, n) => axis(k, sampler!, n, coordinate, field(k, image!, SIZES[n]!)));
      const fetch = (indices: readonly ValueId[]): ValueId[] => {
        const at = [...indices];
        if (dimensions === 1) at.push(k.i(0));
        if (dimensions < 3) at.push(layer);
        return k.call(`__gg_image_fetch_${type}`, image!, ...at);
      };
      const nearest = (): ValueId[] => fetch(axes.map((a) => a.nearest));
      if (type === "i32") return nearest();
      return k.if(has(k, sampler!, SamplerBit.linear), () => blend(k, axes, fetch, []), nearest);
    },
  };
}

/** Weighted mean over the corners, one axis after the other, the last one first. */
function blend(k: Kit, axes: readonly Axis[], fetch: (indices: readonly ValueId[]) => ValueId[], chosen: readonly ValueId[]): ValueId[] {
  const n = axes.length - 1 - chosen.length;
  if (n < 0) return fetch(chosen);
  const { low, high, weight } = axes[n]!;
  const a = blend(k, axes, fetch, [low, ...chosen]);
  const b = blend(k, axes, fetch, [high, ...chosen]);
  const rest = k.sub(k.f(1), weight);
  return a.map((v, c) => k.add(k.mul(v, rest), k.mul(b[c]!, weight)));
}

/** Library functions that sample, by dimensions and component type: `__gg_image_sample2_f32`. */
export const samplers: Recipes = Object.fromEntries(([1, 2, 3] as const).flatMap((dimensions) => (["f32", "i32"] as const).map((type) => [`__gg_image_sample${dimensions}_${type}`, sample(dimensions, type)])));
