import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import * as precise from "../../../src/compiler/interp/exact.ts";
import { fmaPolicy, fusedInstruction, trials32, trials64 } from "../../../src/compiler/wasm/emit/fused.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { lanePolicy } from "../../../src/compiler/wasm/simd/shapes.ts";
import { floatPatterns } from "../conformance/floats.ts";
import { applyOp, hex, type Compile } from "../conformance/op-bench.ts";
import * as q from "../conformance/rational.ts";

type FloatType = "f32" | "f64";
type Triple = readonly [bigint, bigint, bigint];

const formats = { f32: precise.F32, f64: precise.F64 } as const;
const trials = { f32: trials32, f64: trials64 } as const;

const view = new DataView(new ArrayBuffer(8));

function bitsOf(type: FloatType, value: number): bigint {
  if (Number.isNaN(value)) return q.canonicalNaN(q.formats[type]);
  if (type === "f32") view.setFloat32(0, value);
  else view.setFloat64(0, value);
  return type === "f32" ? BigInt(view.getUint32(0)) : view.getBigUint64(0);
}

function numberOf(type: FloatType, bits: bigint): number {
  if (type === "f32") view.setUint32(0, Number(bits));
  else view.setBigUint64(0, bits);
  return type === "f32" ? view.getFloat32(0) : view.getFloat64(0);
}

/** fma as the interpreter has it. */
function exactly(type: FloatType, [a, b, c]: Triple): bigint {
  return bitsOf(type, precise.fma(formats[type], numberOf(type, a), numberOf(type, b), numberOf(type, c), "rn"));
}

/** Triples whose product and sum nearly cancel, or whose sum lies at a tie but for a far smaller third part. */
function hard(type: FloatType): fc.Arbitrary<Triple> {
  const format = q.formats[type];
  const pattern = floatPatterns(format);
  const round = (value: number): number => (type === "f32" ? Math.fround(value) : value);
  return fc.oneof(
    fc.tuple(pattern, pattern, pattern),
    fc.tuple(pattern, pattern, fc.integer({ min: -2, max: 2 })).map(([a, b, off]): Triple => {
      const product = round(numberOf(type, a) * numberOf(type, b));
      const bits = bitsOf(type, Number.isFinite(product) ? -product : 1);
      const moved = bits + BigInt(off);
      return [a, b, moved < 0n || q.isNaNBits(format, moved) ? bits : moved];
    }),
    fc.tuple(fc.integer({ min: 1, max: 1 << 23 }), fc.integer({ min: -160, max: -30 }), fc.boolean(), fc.boolean()).map(([odd, exponent, down, negative]): Triple => {
      const ulp = type === "f32" ? 2 ** -23 : 2 ** -52;
      const sign = negative ? -1 : 1;
      return [bitsOf(type, sign * (1 + (2 * odd + 1) * ulp)), bitsOf(type, 1.5), bitsOf(type, round((down ? -1 : 1) * 2 ** exponent))];
    }),
  );
}

const paths: Readonly<Record<string, { readonly compile: Compile; readonly lanes: boolean }>> = {
  "the slow path": { compile: (module) => compileModule(module, { slowOnly: true }), lanes: false },
  "four lanes": { compile: (module) => compileModule(module), lanes: true },
};

function fused(compile: Compile, type: FloatType, triples: readonly Triple[]): bigint[] {
  return applyOp(compile, [type, type, type], type, (f, [a, b, c]) => f.def(type, { op: "fma", a: a!, b: b!, c: c! }), triples);
}

describe("fma by an instruction and in software", () => {
  afterEach(() => void (fmaPolicy.software = false));

  test("the instruction is used where the processor has it", () => {
    const flags = existsSync("/proc/cpuinfo") ? / fma /.test(readFileSync("/proc/cpuinfo", "utf8")) || process.arch === "arm64" : fusedInstruction();
    expect(fusedInstruction()).toBe(flags);
    fmaPolicy.software = true;
    expect(fusedInstruction()).toBe(false);
  });

  describe.each(["f32", "f64"] as const)("%s", (type) => {
    test("trials are right", () => {
      for (const [a, b, c, result] of trials[type]) {
        if (type === "f32") for (const value of [a, b, c, result]) expect(Math.fround(value)).toBe(value);
        expect(precise.fma(formats[type], a, b, c, "rn"), `fma(${a}, ${b}, ${c})`).toBe(result);
      }
    });

    test("trials find out a product that is rounded, a sum that is rounded twice, lost subnormals", () => {
      const round = type === "f32" ? Math.fround : (x: number) => x;
      const flush = (x: number): number => (Math.abs(x) < (type === "f32" ? 2 ** -126 : 2 ** -1022) ? (Object.is(x, -0) || x < 0 ? -0 : 0) : x);
      const wrong: readonly ((a: number, b: number, c: number) => number)[] = [
        (a, b, c) => round(round(a * b) + c), (a, b, c) => flush(precise.fma(formats[type], a, b, c, "rn")), (a, b, c) => precise.fma(formats[type], flush(a), flush(b), flush(c), "rn"),
        ...(type === "f32" ? [(a: number, b: number, c: number): number => round(a * b + c)] : []),
      ];
      for (const fma of wrong) expect(trials[type].some(([a, b, c, result]) => !Object.is(fma(a, b, c), result))).toBe(true);
    });

    describe.each(Object.keys(paths))("%s", (name) => {
      const { compile, lanes } = paths[name]!;
      beforeAll(() => void (lanePolicy.always = lanes));
      afterAll(() => void (lanePolicy.always = false));

      test.each(["instruction", "software"])("%s", (how) => {
        fmaPolicy.software = how === "software";
        const triples = trials[type].map(([a, b, c]): Triple => [bitsOf(type, a), bitsOf(type, b), bitsOf(type, c)]);
        triples.push(...fc.sample(hard(type), { numRuns: 4000, seed: 41 }));
        fused(compile, type, triples).forEach((bits, i) => {
          const want = exactly(type, triples[i]!);
          if (bits !== want) expect.fail(`fma(${triples[i]!.map(hex).join(", ")}) gives ${hex(bits)}, not ${hex(want)}`);
        });
      });
    });
  });
});
