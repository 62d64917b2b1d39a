import fc from "fast-check";
import { bitsOf, type Type } from "../../compiler/ir/types.ts";
import { patterns } from "./constants.ts";
import { expressions } from "./expressions.ts";
import type { FunctionSpec, LaunchSpec, ProgramSpec, UniformFunctionSpec } from "./spec.ts";
import { everything, statements, uniformStatements, type Features } from "./statements.ts";

const valueTypes: readonly Type[] = ["i1", "i8", "i16", "i32", "i64", "f32", "f64"];

/** Random programs. Lower them with `lowerProgram`. */
export function programs(features: Features = everything): fc.Arbitrary<ProgramSpec> {
  const e = expressions(features.expressionDepth, features.lanes);
  const signature = { params: fc.array(fc.constantFrom(...valueTypes), { maxLength: 3 }), results: fc.array(fc.constantFrom(...valueTypes), { maxLength: 2 }) };
  const returns = fc.array(fc.oneof(...valueTypes.map((type) => e[type])), { maxLength: 2 });
  const small: Features = { ...features, depth: Math.min(1, features.depth), length: Math.min(2, features.length) };
  const fn: fc.Arbitrary<FunctionSpec> = fc.record({ ...signature, inline: fc.boolean(), body: fc.array(statements(small), { maxLength: 3 }), returns });
  const uniform: fc.Arbitrary<UniformFunctionSpec> = fc.record({ ...signature, body: fc.array(uniformStatements(small, true), { maxLength: 2 }), returns });
  return fc.record({
    functions: features.calls ? fc.array(fn, { maxLength: 3 }) : fc.constant([]),
    uniformFunctions: features.calls && features.sync ? fc.array(uniform, { maxLength: 2 }) : fc.constant([]),
    body: fc.array(uniformStatements(features, false), { minLength: 1, maxLength: 5 }),
    finals: fc.array(fc.oneof(...valueTypes.map((type) => e[type])), { maxLength: 4 }),
  });
}

/** Random launch shapes: few work-items, groups that are no multiple of the warp, ranges that cut the last groups. */
export function launches(): fc.Arbitrary<LaunchSpec> {
  const blocks = fc.oneof(
    fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 1, 2, 3), fc.constantFrom(1, 1, 2)),
    fc.tuple(fc.constantFrom(1, 2, 4, 8, 16, 31, 32, 33, 40, 64), fc.constant(1), fc.constant(1)),
  );
  const parameters = fc.record({
    i32: patterns("i32").map((bits) => Number(BigInt.asIntN(bitsOf.i32, bits))),
    i64: patterns("i64"), f32: patterns("f32"), f64: patterns("f64"),
  });
  return fc.record({
    grid: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(1, 1, 2), fc.constantFrom(1, 1, 1, 2)),
    block: blocks,
    cut: fc.tuple(fc.constantFrom(0, 0, 1, 5), fc.constantFrom(0, 0, 1), fc.constant(0)),
    offset: fc.tuple(fc.constantFrom(0, 0, 7), fc.constantFrom(0, 0, 1), fc.constant(0)),
    warpSize: fc.constantFrom(32, 32, 32, 32, 8, 16),
    dynamicShared: fc.constantFrom(512, 516, 1000),
    parameters,
    input: fc.nat({ max: 1000 }),
    beforePage: fc.constantFrom(65536, 65536, 264, 104, 4096),
  }).map((spec) => ({ ...spec, cut: [Math.min(spec.cut[0], spec.block[0] - 1), Math.min(spec.cut[1], spec.block[1] - 1), 0] as const }));
}
