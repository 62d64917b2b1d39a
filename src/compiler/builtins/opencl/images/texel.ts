import type { ValueId } from "../../../ir/ops.ts";
import type { Type } from "../../../ir/types.ts";
import type { Kit } from "../../kit.ts";
import type { Recipe, Recipes } from "../../recipe.ts";
import { ChannelKind, Field, OWN_BORDER } from "./descriptor.ts";

/** Single pixels: where they are, and what their bits mean (OpenCL C 3.0 section 8.3, "Conversion rules"). */

/** A u32 field of the descriptor at address `image`. */
export function field(k: Kit, image: ValueId, offset: number): ValueId {
  return word(k, "i32", image, offset, 4);
}

function word(k: Kit, type: Type, addr: ValueId, offset: number, align: number): ValueId {
  const dst = k.b.value(type);
  k.b.emit({ op: "load", dst: [dst], space: "global", addr, offset, align });
  return dst;
}

function wide(k: Kit, v: ValueId): ValueId {
  return k.conv("zext", "i64", v);
}

/** Address of the pixel at x, y, z (i32, inside the image). */
function address(k: Kit, image: ValueId, [x, y, z]: readonly ValueId[]): ValueId {
  const base = word(k, "i64", image, Field.address, 8);
  const column = k.mul(wide(k, x!), wide(k, field(k, image, Field.pixelBytes)));
  const row = k.mul(wide(k, y!), wide(k, field(k, image, Field.rowPitch)));
  const slice = k.mul(wide(k, z!), wide(k, field(k, image, Field.slicePitch)));
  return k.add(k.add(base, column), k.add(row, slice));
}

/** Whether the pixel is in the image: a slice or layer is one of whichever there are. */
function inside(k: Kit, image: ValueId, [x, y, z]: readonly ValueId[]): ValueId {
  const slices = k.mul(field(k, image, Field.depth), field(k, image, Field.layers));
  const in2 = k.and(k.icmp("lt.u", x!, field(k, image, Field.width)), k.icmp("lt.u", y!, field(k, image, Field.height)));
  return k.and(in2, k.icmp("lt.u", z!, slices));
}

/** The four channels of a pixel, zero-extended; those that do not exist repeat the last one. */
function channels(k: Kit, image: ValueId, at: ValueId): ValueId[] {
  const size = field(k, image, Field.channelBytes);
  const count = field(k, image, Field.channels);
  const read = (type: Type, bytes: number): ValueId[] => [0, 1, 2, 3].map((n) => {
    const last = k.sub(count, k.i(1));
    const index = k.int("min.u", k.i(n), last);
    const value = word(k, type, k.add(at, wide(k, k.mul(index, k.i(bytes)))), 0, bytes);
    return type === "i32" ? value : k.conv("zext", "i32", value);
  });
  const together = (type: Type, bytes: number): ValueId[] => {
    const dst = [0, 1, 2, 3].map(() => k.b.value(type));
    k.b.emit({ op: "load", dst, space: "global", addr: at, offset: 0, align: bytes });
    return dst.map((v) => (type === "i32" ? v : k.conv("zext", "i32", v)));
  };
  const either = (type: Type, bytes: number): ValueId[] => k.if(k.icmp("eq", count, k.i(4)), () => together(type, bytes), () => read(type, bytes));
  return k.if(k.icmp("eq", size, k.i(1)), () => either("i8", 1), () => k.if(k.icmp("eq", size, k.i(2)), () => either("i16", 2), () => either("i32", 4)));
}

/** Chooses by a number with few values, the last one for all others. */
function choose(k: Kit, selector: ValueId, arms: readonly (readonly [readonly number[], () => ValueId[]])[]): ValueId[] {
  const [first, ...rest] = arms;
  if (rest.length === 0) return first![1]();
  const hit = first![0].map((n) => k.icmp("eq", selector, k.i(n))).reduce((a, b) => k.or(a, b));
  return k.if(hit, first![1], () => choose(k, selector, rest));
}

function signExtend(k: Kit, v: ValueId, bits: number): ValueId {
  return k.ashr(k.shl(v, 32 - bits), 32 - bits);
}

/** Where alpha lies in the pixels of sRGB images. */
const SRGB_ALPHA = 3;

function toFloats(k: Kit, kind: ValueId, raw: readonly ValueId[]): ValueId[] {
  const each = (f: (v: ValueId) => ValueId) => (): ValueId[] => raw.map(f);
  const unorm = (max: number) => each((v) => k.div(k.conv("uitofp", "f32", v), k.f(max)));
  const snorm = (bits: number) => each((v) => {
    const x = k.div(k.conv("sitofp", "f32", signExtend(k, v, bits)), k.f(2 ** (bits - 1) - 1));
    return k.select(k.fcmp("olt", x, k.f(-1)), k.f(-1), x);
  });
  return choose(k, kind, [
    [[ChannelKind.float], each((v) => k.unbits(v))],
    [[ChannelKind.unorm8], unorm(255)],
    [[ChannelKind.half], each((v) => k.conv("f16tof32", "f32", k.conv("trunc", "i16", v)))],
    [[ChannelKind.unorm16], unorm(65535)],
    [[ChannelKind.snorm8], snorm(8)],
    [[ChannelKind.srgb8], () => unorm(255)().map((v, n) => (n === SRGB_ALPHA ? v : k.call1("__gg_image_from_srgb", v)))],
    [[], snorm(16)],
  ]);
}

function toInts(k: Kit, kind: ValueId, raw: readonly ValueId[]): ValueId[] {
  return choose(k, kind, [
    [[ChannelKind.int8], () => raw.map((v) => signExtend(k, v, 8))],
    [[ChannelKind.int16], () => raw.map((v) => signExtend(k, v, 16))],
    [[], () => [...raw]],
  ]);
}

/** Components from channels: 0 to 3 a channel, 4 zero, 5 one. */
function swizzled(k: Kit, image: ValueId, values: readonly ValueId[]): ValueId[] {
  const order = field(k, image, Field.swizzle);
  const plain = k.icmp("eq", order, k.i(0x3210));
  return k.if(plain, () => [...values], () => [0, 1, 2, 3].map((n) => {
    const from = k.and(k.lshr(order, 4 * n), k.i(15));
    const zero = k.like(values[0]!, 0);
    const constant = k.select(k.icmp("eq", from, k.i(5)), k.like(values[0]!, 1), zero);
    return values.reduce((result, v, channel) => k.select(k.icmp("eq", from, k.i(channel)), v, result), constant);
  }));
}

/** The pixel at x, y, z as four components; outside the image, the border colour. */
function fetch(type: "f32" | "i32"): Recipe {
  return {
    params: ["i64", "i32", "i32", "i32"], results: [type, type, type, type], inline: false,
    build(k, [image, ...at]) {
      return k.if(inside(k, image!, at), () => {
        const raw = channels(k, image!, address(k, image!, at));
        const kind = field(k, image!, Field.kind);
        return swizzled(k, image!, type === "f32" ? toFloats(k, kind, raw) : toInts(k, kind, raw));
      }, () => {
        const flags = field(k, image!, Field.unswizzle);
        const own = k.icmp("ne", k.and(flags, k.i(OWN_BORDER)), k.i(0));
        return k.if(own, () => {
          const dst = [0, 1, 2, 3].map(() => k.b.value(type));
          k.b.emit({ op: "load", dst, space: "global", addr: image!, offset: Field.border, align: 4 });
          return dst;
        }, () => {
          const zero = k.c(type, 0);
          return [zero, zero, zero, k.select(k.icmp("lt.s", flags, k.i(0)), k.c(type, 1), zero)];
        });
      });
    },
  };
}

/** Components as the bits of a channel: rounded to nearest even and saturated. */
function fromFloats(k: Kit, kind: ValueId, values: readonly ValueId[]): ValueId[] {
  const each = (f: (v: ValueId) => ValueId) => (): ValueId[] => values.map(f);
  const scaled = (v: ValueId, max: number, type: "i8" | "i16", op: "fptoui" | "fptosi"): ValueId => k.conv("zext", "i32", k.conv(op, type, k.mul(v, k.f(max)), "rn"));
  const norm = (max: number, type: "i8" | "i16", op: "fptoui" | "fptosi") => each((v) => scaled(v, max, type, op));
  return choose(k, kind, [
    [[ChannelKind.float], each((v) => k.bits(v))],
    [[ChannelKind.unorm8], norm(255, "i8", "fptoui")],
    [[ChannelKind.half], each((v) => k.conv("zext", "i32", k.conv("f32tof16", "i16", v)))],
    [[ChannelKind.unorm16], norm(65535, "i16", "fptoui")],
    [[ChannelKind.snorm8], norm(127, "i8", "fptosi")],
    // Components, not channels: alpha is the last one in all orders.
    [[ChannelKind.srgb8], () => values.map((v, n) => scaled(n === SRGB_ALPHA ? v : k.call1("__gg_image_to_srgb", v), 255, "i8", "fptoui"))],
    [[], norm(32767, "i16", "fptosi")],
  ]);
}

function fromInts(k: Kit, kind: ValueId, values: readonly ValueId[]): ValueId[] {
  const limit = (low: number, high: number) => (): ValueId[] => values.map((v) => k.int("min.s", k.int("max.s", v, k.i(low)), k.i(high)));
  const below = (high: number) => (): ValueId[] => values.map((v) => k.int("min.u", v, k.i(high)));
  return choose(k, kind, [
    [[ChannelKind.int32, ChannelKind.uint32], () => [...values]],
    [[ChannelKind.int8], limit(-128, 127)],
    [[ChannelKind.int16], limit(-32768, 32767)],
    [[ChannelKind.uint8], below(255)],
    [[], below(65535)],
  ]);
}

/** Writes the components to the pixel at x, y, z; outside the image nothing happens (undefined in OpenCL). */
function store(type: "f32" | "i32"): Recipe {
  return {
    params: ["i64", "i32", "i32", "i32", type, type, type, type], results: [], inline: false,
    build(k, [image, x, y, z, ...components]) {
      const at = [x!, y!, z!];
      k.if(inside(k, image!, at), () => {
        const kind = field(k, image!, Field.kind);
        const bits = type === "f32" ? fromFloats(k, kind, components) : fromInts(k, kind, components);
        const order = field(k, image!, Field.unswizzle);
        const count = field(k, image!, Field.channels);
        const size = field(k, image!, Field.channelBytes);
        const base = address(k, image!, at);
        for (let channel = 0; channel < 4; channel++) {
          const from = k.and(k.lshr(order, 4 * channel), k.i(3));
          const value = bits.reduce((result, v, n) => k.select(k.icmp("eq", from, k.i(n)), v, result));
          k.if(k.icmp("gt.u", count, k.i(channel)), () => {
            const place = k.add(base, wide(k, k.mul(size, k.i(channel))));
            const write = (narrow: Type, bytes: number) => (): ValueId[] => {
              const src = narrow === "i32" ? value : k.conv("trunc", narrow, value);
              k.b.emit({ op: "store", src: [src], space: "global", addr: place, offset: 0, align: bytes });
              return [];
            };
            return k.if(k.icmp("eq", size, k.i(1)), write("i8", 1), () => k.if(k.icmp("eq", size, k.i(2)), write("i16", 2), write("i32", 4)));
          });
        }
        return [];
      });
      return [];
    },
  };
}

/** A colour of an sRGB image, from the 0 to 1 that its byte stands for to linear light (API specification, "Conversion rules for sRGBA and sBGRA images"). */
const fromSrgb: Recipe = {
  params: ["f32"], results: ["f32"], inline: false,
  build(k, [c]) {
    const curve = k.call1("__gg_powr_f32", k.div(k.add(c!, k.f(0.055)), k.f(1.055)), k.f(2.4));
    return [k.select(k.fcmp("ole", c!, k.f(0.04045)), k.div(c!, k.f(12.92)), curve)];
  },
};

/** The other way: NaN is 0, and what is beyond the ends is kept at them. */
const toSrgb: Recipe = {
  params: ["f32"], results: ["f32"], inline: false,
  build(k, [c]) {
    const positive = k.select(k.fcmp("ogt", c!, k.f(0)), c!, k.f(0));
    const inside = k.select(k.fcmp("olt", positive, k.f(1)), positive, k.f(1));
    const curve = k.sub(k.mul(k.f(1.055), k.call1("__gg_powr_f32", inside, k.f(1 / 2.4))), k.f(0.055));
    return [k.select(k.fcmp("olt", inside, k.f(0.0031308)), k.mul(inside, k.f(12.92)), curve)];
  },
};

/** Library functions that read and write one pixel, by component type. */
export const texels: Recipes = {
  __gg_image_fetch_f32: fetch("f32"), __gg_image_fetch_i32: fetch("i32"),
  __gg_image_from_srgb: fromSrgb, __gg_image_to_srgb: toSrgb,
  __gg_image_store_f32: store("f32"), __gg_image_store_i32: store("i32"),
};
