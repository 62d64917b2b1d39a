import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as precise from "../../../src/compiler/interp/exact.ts";
import type { Rounding } from "../../../src/compiler/ir/ops.ts";
import { isDirected } from "../../../src/compiler/wasm/emit/directed.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { lanePolicy } from "../../../src/compiler/wasm/simd/shapes.ts";
import { floatPatterns } from "../conformance/floats.ts";
import { applyOp, hex, type Compile } from "../conformance/op-bench.ts";
import * as q from "../conformance/rational.ts";

/** Directed roundings in f32, in the lanes of vectors and one by one, against exact integers. */

type Triple = readonly [bigint, bigint, bigint];

const format = q.formats.f32;
const view = new DataView(new ArrayBuffer(4));

function bitsOf(value: number): bigint {
  if (Number.isNaN(value)) return q.canonicalNaN(format);
  view.setFloat32(0, value);
  return BigInt(view.getUint32(0));
}

function numberOf(bits: bigint): number {
  view.setUint32(0, Number(bits));
  return view.getFloat32(0);
}

const operations: Readonly<Record<"fadd" | "fsub" | "fmul" | "fma", (a: number, b: number, c: number, mode: Rounding) => number>> = {
  fadd: (a, b, _, mode) => precise.sum(precise.F32, a, b, mode),
  fsub: (a, b, _, mode) => precise.sum(precise.F32, a, -b, mode),
  fmul: (a, b, _, mode) => precise.product(precise.F32, a, b, mode),
  fma: (a, b, c, mode) => precise.fma(precise.F32, a, b, c, mode),
};

const patterns = floatPatterns(format);
const edges = q.floatEdges(format);
const edge = fc.constantFrom(...edges, bitsOf(0), bitsOf(-0), bitsOf(2 ** -149), bitsOf(-(2 ** -149)), bitsOf(2 ** 127), bitsOf(-(2 ** 127)), bitsOf(2 ** -75), bitsOf(2 ** -126));
/** Anything, edges among themselves, and thirds that cancel product or sum but for the last bits. */
const triples: readonly Triple[] = fc.sample(fc.oneof(
  fc.tuple(patterns, patterns, patterns),
  fc.tuple(edge, edge, edge),
  fc.tuple(patterns, patterns, fc.integer({ min: -1, max: 1 })).map(([a, b, off]): Triple => {
    const bits = bitsOf(Math.fround(-numberOf(a) * numberOf(b)));
    return [a, b, q.isFiniteBits(format, bits) && q.magnitudeOf(format, bits) > 0n ? bits + BigInt(off) : bits];
  }),
  fc.tuple(patterns, fc.integer({ min: -1, max: 1 }), patterns).map(([a, off, c]): Triple => {
    const bits = bitsOf(-numberOf(a));
    return [a, q.isFiniteBits(format, bits) && q.magnitudeOf(format, bits) > 0n ? bits + BigInt(off) : bits, c];
  }),
), { numRuns: 4000, seed: 42 });

const paths: Readonly<Record<string, { readonly compile: Compile; readonly lanes: boolean }>> = {
  "one by one": { compile: (module) => compileModule(module, { slowOnly: true }), lanes: false },
  "four lanes": { compile: (module) => compileModule(module), lanes: true },
};

describe.each(Object.keys(paths))("%s", (name) => {
  const { compile, lanes } = paths[name]!;
  beforeAll(() => void (lanePolicy.always = lanes));
  afterAll(() => void (lanePolicy.always = false));

  describe.each(["rm", "rp", "rz"] as const)("%s", (mode) => {
    test.each(Object.keys(operations) as (keyof typeof operations)[])("%s", (operation) => {
      expect(isDirected(operation)).toBe(true);
      const results = applyOp(compile, ["f32", "f32", "f32"], "f32", (f, [a, b, c]) => (
        operation === "fma" ? f.def("f32", { op: "fma", a: a!, b: b!, c: c!, round: mode }) : f.def("f32", { op: operation, a: a!, b: b!, round: mode })
      ), triples);
      results.forEach((bits, i) => {
        const [a, b, c] = triples[i]!;
        const want = bitsOf(operations[operation](numberOf(a), numberOf(b), numberOf(c), mode));
        if (bits !== want) expect.fail(`${operation}.${mode}(${[a, b, c].map(hex).join(", ")}) gives ${hex(bits)}, not ${hex(want)}`);
      });
    });
  });
});
