import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FnBuilder } from "../../../src/compiler/ir/builder.ts";
import type { ValueId } from "../../../src/compiler/ir/ops.ts";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { lanePolicy } from "../../../src/compiler/wasm/simd/shapes.ts";
import { applyOp, hex, pairs } from "../conformance/op-bench.ts";
import * as q from "../conformance/rational.ts";

/** Minima and maxima on lanes, however they are written, down to the bits of NaNs and zeros. */

type FloatType = "f32" | "f64";
type Build = (f: FnBuilder, args: readonly ValueId[]) => ValueId;

const limits = [0, -0, 1, -2.5, Infinity, -Infinity, NaN];

describe.each(["f32", "f64"] as const)("%s", (type: FloatType) => {
  beforeAll(() => void (lanePolicy.always = true));
  afterAll(() => void (lanePolicy.always = false));
  const format = q.formats[type];
  const zero = q.withSign(format, 0n, true);
  const operands = pairs([...q.floatEdges(format).filter((_, i) => i % 4 === 1), 0n, zero, q.infinity(format), q.infinity(format) | zero, q.canonicalNaN(format), q.canonicalNaN(format) + 5n]);

  function agree(build: Build): void {
    const want = applyOp(interpretModule, [type, type], type, build, operands);
    applyOp(compileModule, [type, type], type, build, operands).forEach((bits, i) => {
      if (bits !== want[i]) expect.fail(`(${operands[i]!.map(hex).join(", ")}) gives ${hex(bits)}, not ${hex(want[i]!)}`);
    });
  }

  test.each(["olt", "ogt", "ole", "oge", "ult", "ugt", "ule", "uge"] as const)("chosen by %s", (pred) => {
    agree((f, [a, b]) => f.def(type, { op: "select", c: f.def("i1", { op: "fcmp", pred, a: a!, b: b! }), a: a!, b: b! }));
    agree((f, [a, b]) => f.def(type, { op: "select", c: f.def("i1", { op: "fcmp", pred, a: a!, b: b! }), a: b!, b: a! }));
  });

  test.each(["fmin", "fmax"] as const)("%s", (op) => {
    agree((f, [a, b]) => f.def(type, { op, a: a!, b: b! }));
    for (const limit of limits) {
      agree((f, [a]) => f.def(type, { op, a: a!, b: f.const(type, limit) }));
      agree((f, [a]) => f.def(type, { op, a: f.const(type, limit), b: a! }));
    }
  });
});
