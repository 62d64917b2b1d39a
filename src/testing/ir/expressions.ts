import fc from "fast-check";
import type { Type } from "../../compiler/ir/types.ts";
import { patterns } from "./constants.ts";
import { operationsFor } from "./operations.ts";
import type { Expr } from "./spec.ts";

const types: readonly Type[] = ["i1", "i8", "i16", "i32", "i64", "f32", "f64"];

/** Random expressions of each type, at most `depth` operations deep. */
export type Expressions = Readonly<Record<Type, fc.Arbitrary<Expr>>>;

function leaves(type: Type, plain: boolean): fc.Arbitrary<Expr>[] {
  const list: fc.Arbitrary<Expr>[] = [
    patterns(type).map((bits) => ({ kind: "const", type, bits })),
    fc.nat({ max: 3 }).map((index) => ({ kind: "variable", type, index })),
    fc.record({ kind: fc.constant("own" as const), type: fc.constant(type), slot: fc.nat({ max: 15 }), generic: plain ? fc.constant(false) : fc.boolean(), volatile: fc.boolean() }),
    fc.record({ kind: fc.constant("row" as const), type: fc.constant(type), shift: fc.nat({ max: 7 }), narrow: fc.boolean() }),
    fc.record({ kind: fc.constant("column" as const), type: fc.constant(type), column: fc.nat({ max: 1 }), narrow: fc.boolean() }),
  ];
  if (type === "i32" || type === "i64") list.push(fc.nat({ max: 30 }).map((index) => ({ kind: "register", type, index })));
  if (type === "i32" || type === "i64" || type === "f32" || type === "f64") list.push((plain ? fc.constant(false) : fc.boolean()).map((byAddress) => ({ kind: "parameter", type, byAddress })));
  return list;
}

/**
 * @param depth how deep operations nest at most
 * @param plain no generic addresses and no local memory
 */
export function expressions(depth: number, plain: boolean = false): Expressions {
  const { ...byType } = fc.letrec<Record<Type, Expr>>((tie) => {
    const arbitraries = {} as Record<Type, fc.Arbitrary<Expr>>;
    for (const type of types) {
      const leaf = fc.oneof(...leaves(type, plain));
      // First the opcode, then its variants, or the many conversions and roundings would crowd out the rest.
      const applications = new Map<string, fc.Arbitrary<Expr>[]>();
      for (const operation of operationsFor(type)) {
        const arbitrary = fc.tuple(...operation.operands.map((operand) => tie(operand))).map((args): Expr => ({ kind: "operation", type, operation, args }));
        const { op } = operation.fields;
        applications.set(op, [...(applications.get(op) ?? []), arbitrary]);
      }
      const memory: fc.Arbitrary<Expr>[] = (plain ? (["input"] as const) : (["input", "local"] as const)).map((kind) =>
        fc.record({ kind: fc.constant(kind), type: fc.constant(type), index: tie("i32"), generic: plain ? fc.constant(false) : fc.boolean() }));
      arbitraries[type] = fc.oneof(
        { maxDepth: depth, depthIdentifier: "expression", withCrossShrink: true },
        { weight: 2, arbitrary: leaf },
        { weight: 5, arbitrary: fc.oneof(...[...applications.values()].map((variants) => fc.oneof(...variants))) },
        { weight: 1, arbitrary: fc.oneof(...memory) },
      );
    }
    return arbitraries;
  });
  return byType;
}
