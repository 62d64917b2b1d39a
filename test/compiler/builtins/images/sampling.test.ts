import { describe, expect, test } from "vitest";
import { samplerBits } from "../../../../src/compiler/builtins/opencl/images/descriptor.ts";
import { interpretModule } from "../../../../src/compiler/interp/index.ts";
import { openclToIr } from "../../../../src/compiler/llvm/opencl.ts";
import { compileModule } from "../../../../src/compiler/wasm/index.ts";
import * as C from "../../../../src/opencl/abi/constants.ts";
import { Program } from "../support.ts";
import { halfValue } from "../ulp/formats.ts";
import { border } from "./formats.ts";
import { imageOf, KINDS, moduleOf, packed, places, reader, shapeOf, type Kind } from "./kernels.ts";

/**
 * Every sampler on every image type, with float and with integer coordinates, against the formulas of OpenCL C 3.0 section 8.2 in double precision. What is at the very
 * edge of two pixels, where single precision may choose either, is left out, and so is what the specification leaves undefined.
 */
interface Sampler {
  readonly normalized: boolean;
  readonly addressing: number;
  readonly linear: boolean;
}

const ADDRESSING = [C.CL_ADDRESS_NONE, C.CL_ADDRESS_CLAMP_TO_EDGE, C.CL_ADDRESS_CLAMP, C.CL_ADDRESS_REPEAT, C.CL_ADDRESS_MIRRORED_REPEAT];
/** Repeating modes are for normalized coordinates only. */
const SAMPLERS: readonly Sampler[] = ADDRESSING.flatMap((addressing) => [false, true].flatMap((normalized) => [false, true].map((linear) => ({ normalized, addressing, linear }))))
  .filter(({ addressing, normalized }) => normalized || addressing < C.CL_ADDRESS_REPEAT);

const clamp = (v: number, low: number, high: number): number => Math.min(Math.max(v, low), high);
const rint = (v: number): number => (Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v));

/** Index and weight of the pixels that one coordinate takes; null: undefined, or too near to an edge to tell. */
function axis({ normalized, addressing, linear }: Sampler, s: number, size: number): readonly (readonly [index: number, weight: number])[] | null {
  const repeat = addressing === C.CL_ADDRESS_REPEAT;
  const mirror = addressing === C.CL_ADDRESS_MIRRORED_REPEAT;
  const folded = repeat ? s - Math.floor(s) : mirror ? Math.abs(s - 2 * rint(0.5 * s)) : s;
  const u = normalized ? folded * size : folded;
  const at = linear ? u - 0.5 : u;
  // A hundredth of a pixel from an edge, where float and double may differ. A linear filter does not care: the weights agree there.
  if (!linear && Math.abs(at - Math.round(at)) < 0.01 && normalized) return null;
  const first = Math.floor(at);
  const place = (i: number): number => {
    if (repeat) return (i + size) % size;
    if (mirror || addressing === C.CL_ADDRESS_CLAMP_TO_EDGE) return clamp(i, 0, size - 1);
    return addressing === C.CL_ADDRESS_CLAMP ? clamp(i, -1, size) : i;
  };
  const all: (readonly [number, number])[] = linear ? [[place(first), 1 - (at - first)], [place(first + 1), at - first]] : [[place(first), 1]];
  // Without addressing, coordinates outside are undefined.
  if (addressing === C.CL_ADDRESS_NONE && all.some(([i]) => i < 0 || i >= size)) return null;
  return all;
}

/** What a pixel is: different in every place and component. */
const value = (n: number, c: number): number => Math.fround(((n * 37 + c * 11) % 64) / 8 - 3);

function wanted(k: Kind, sampler: Sampler, at: readonly number[], order: number): number[] | null {
  const { width, height, depth, layers } = shapeOf(k);
  const sizes = [width, height, depth].slice(0, k.dimensions);
  const axes = sizes.map((size, d) => axis(sampler, at[d]!, size));
  if (axes.some((a) => a === null)) return null;
  const layer = k.array ? clamp(rint(at[k.dimensions]!), 0, layers - 1) : 0;
  let sum = [0, 0, 0, 0];
  const walk = (d: number, chosen: number[], weight: number): void => {
    if (d < axes.length) {
      for (const [index, w] of axes[d]!) walk(d + 1, [...chosen, index], weight * w);
      return;
    }
    const [x, y = 0, z = 0] = chosen;
    const inside = x! >= 0 && x! < width && y >= 0 && y < height && z >= 0 && z < depth;
    const n = ((layer + z) * height + y) * width + x!;
    const pixel = inside ? [0, 1, 2, 3].map((c) => (order === C.CL_RGBA ? value(n, c) : c === 0 ? value(n, 0) : c === 3 ? 1 : 0)) : border(order);
    sum = sum.map((v, c) => v + weight * pixel[c]!);
  };
  walk(0, [], 1);
  return sum;
}

/** Coordinates around and beyond the image. */
function coordinates(k: Kind, { normalized }: Sampler, whole: boolean): number[][] {
  const { width, height, depth, layers } = shapeOf(k);
  const sizes = [width, height, depth].slice(0, k.dimensions);
  const steps = whole ? [-2, -1, 0, 1, 2, 3, 4, 5, 6] : [-0.3, -0.1, 0.04, 0.13, 0.25, 0.5, 0.77, 0.9, 0.98, 1.03, 1.4, 1.99, 2.2, -1.7, 10.3];
  return Array.from({ length: 45 }, (_, n) => [
    ...sizes.map((size, d) => {
      const step = steps[(n * (d + 1) + d * 4 + Math.floor(n / steps.length)) % steps.length]!;
      return whole || normalized ? Math.fround(step) : Math.fround(step * size);
    }),
    ...(k.array ? [whole ? n % (layers + 2) - 1 : [0, 0.4, 1.6, -1, 7, 1.5, 0.5][n % 7]!] : []),
  ]);
}

const kinds = KINDS.filter(({ name }) => name !== "image1d_buffer");

describe.each([["interpreter", interpretModule], ["WebAssembly", compileModule]] as const)("on the %s", (engine, compile) => {
  test.each(kinds)("$name", (k) => {
    const order = k.depth ? C.CL_DEPTH : C.CL_RGBA;
    const channels = k.depth ? 1 : 4;
    const parts = [reader("float", k, "ro", "f", "f"), reader("whole", k, "ro", "f", "i"), ...(k.depth || engine === "WebAssembly" ? [] : [reader("half", k, "ro", "h", "f"), reader("ints", k, "ro", "i", "f"), reader("wholes", k, "ro", "ui", "i")])];
    const program = new Program(openclToIr(moduleOf(parts), k.name), compile);
    const count = places(k).length;
    const floats = new Uint8Array(Float32Array.from({ length: count * channels }, (_, n) => value(Math.floor(n / channels), n % channels)).buffer);
    const ints = new Uint8Array(Int32Array.from({ length: count * channels }, (_, n) => 8 * value(Math.floor(n / channels), n % channels)).buffer);
    const faults: string[] = [];
    let compared = 0;
    for (const sampler of SAMPLERS) {
      const bits = samplerBits(sampler.normalized, sampler.addressing, sampler.linear ? C.CL_FILTER_LINEAR : C.CL_FILTER_NEAREST);
      for (const kernel of parts.map(({ text }) => /@(\w+)\(/.exec(text)![1]!)) {
        const whole = kernel.startsWith("whole");
        // Integer coordinates are for unnormalized ones, nearest, without repetition; integer pixels cannot be filtered.
        if (whole && (sampler.normalized || sampler.linear)) continue;
        const integer = kernel === "ints" || kernel === "wholes";
        if (integer && sampler.linear) continue;
        const at = coordinates(k, sampler, whole);
        const data = packed(k, at);
        const out = new Uint32Array(4 * at.length);
        const image = imageOf(k, integer ? ints : floats, order, integer ? (kernel === "ints" ? C.CL_SIGNED_INT32 : C.CL_UNSIGNED_INT32) : C.CL_FLOAT);
        program.run(kernel, [image, bits, whole ? Int32Array.from(data) : Float32Array.from(data), out], at.length, 15);
        const view = new DataView(out.buffer);
        at.forEach((place, n) => {
          const want = wanted(k, sampler, place, order)?.slice(0, channels);
          if (want === undefined) return;
          compared++;
          want.forEach((w, c) => {
            // The border's alpha of one is an integer one too, not eight.
            const scaled = integer ? 8 * w : w;
            const got = kernel === "half" ? halfValue(view.getUint16(16 * n + 2 * c, true)) : integer ? view.getInt32(16 * n + 4 * c, true) : view.getFloat32(16 * n + 4 * c, true);
            const slack = kernel === "half" ? 2e-3 : sampler.linear ? 4e-5 : 0;
            if (!(Math.abs(got - scaled) <= slack)) faults.push(`${kernel} ${JSON.stringify(sampler)} at ${place.join(", ")} component ${c}: ${got}, not ${scaled}`);
          });
        });
      }
    }
    expect(faults.slice(0, 10)).toEqual([]);
    expect(compared).toBeGreaterThan(300);
  });
});
