import fc from "fast-check";
import type { Type } from "../../compiler/ir/types.ts";
import type { AtomicOp } from "../../compiler/ir/ops.ts";
import { atomicOps } from "../../compiler/ir/words.ts";
import { expressions } from "./expressions.ts";
import type { Collective, FaultyAction, GraphBlock, Statement, UniformStatement } from "./spec.ts";

const valueTypes: readonly Type[] = ["i1", "i8", "i16", "i32", "i64", "f32", "f64"];

/** What programs may contain besides arithmetic, branches and memory. */
export interface Features {
  /** Statements nest this deep at most. */
  readonly depth: number;
  /** Operations nest this deep at most. */
  readonly expressionDepth: number;
  /** Calls of device functions. */
  readonly calls: boolean;
  /** Barriers and warp collectives. */
  readonly sync: boolean;
  readonly activemask: boolean;
  readonly printf: boolean;
  /** One work-item does something that faults. */
  readonly faults: boolean;
  /** Most statements in a list. */
  readonly length: number;
  /** Only what several work-items can do at once in lanes of vectors: no generic addresses, no local memory, no atomics. */
  readonly lanes?: boolean;
}

/** All features but faults. */
export const everything: Features = { depth: 2, expressionDepth: 3, calls: true, sync: true, activemask: true, printf: true, faults: false, length: 4 };

const faultyActions: readonly FaultyAction[] = [
  "unmapped", "null", "misaligned", "readonly", "behind-shared", "behind-local", "generic-shared", "straddle", "trap", "unreachable", "invalid-pc", "deep-recursion", "atomic-readonly", "barrier-id", "bad-string",
];

function anyOf<T>(pick: (type: Type) => fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof(...valueTypes.map(pick));
}

const nat = (max: number): fc.Arbitrary<number> => fc.nat({ max });
const kind = <K extends string>(name: K): fc.Arbitrary<K> => fc.constant(name);

/** Statements that any work-item may execute at any time. */
export function statements(features: Features): fc.Arbitrary<Statement> {
  const e = expressions(features.expressionDepth, features.lanes);
  const shallow = expressions(1, features.lanes);
  const value = anyOf((type) => e[type]);
  const assign = anyOf((type) => fc.record({ kind: kind("assign"), variable: nat(3), type: fc.constant(type), value: e[type] }));
  const generic = features.lanes === true ? fc.constant(false) : fc.boolean();
  const { statement } = fc.letrec<{ statement: Statement }>((tie) => {
    const list = (): fc.Arbitrary<Statement[]> => fc.array(tie("statement"), { maxLength: features.length, depthIdentifier: "statement" });
    const simple: { readonly weight: number; readonly arbitrary: fc.Arbitrary<Statement> }[] = [
      { weight: 6, arbitrary: assign },
      { weight: 3, arbitrary: fc.record({ kind: kind("store"), slot: nat(15), values: anyOf((type) => fc.array(e[type], { minLength: 1, maxLength: 4 })), generic }) },
      { weight: 3, arbitrary: fc.record({ kind: kind("storeColumn"), column: nat(1), value, narrow: fc.boolean() }) },
      { weight: 1, arbitrary: anyOf((type) => fc.record({ kind: kind("vectorLoad"), type: fc.constant(type), count: fc.constantFrom(2 as const, 3 as const, 4 as const), index: e.i32, variable: nat(3), generic, align: fc.constantFrom("natural" as const, "byte" as const) })) },
      { weight: 1, arbitrary: fc.record({ kind: kind("fence") }) },
      { weight: 1, arbitrary: fc.record({ kind: kind("break"), condition: e.i1 }) },
      { weight: 1, arbitrary: fc.record({ kind: kind("continue"), condition: e.i1 }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("return" as const, "exit" as const), condition: shallow.i1 }) },
    ];
    if (features.lanes !== true) {
      simple.push(
        { weight: 2, arbitrary: fc.record({ kind: kind("storeLocal"), index: e.i32, value, generic: fc.boolean() }) },
        { weight: 2, arbitrary: fc.record({ kind: kind("accumulate"), cell: nat(40), value: fc.oneof(e.i32, e.i64, e.f32, e.f64) }) },
        { weight: 2, arbitrary: ownAtomic(e) },
      );
    }
    // Sleeping gives up a turn, and with it the right to be waited for at an activemask.
    if (!features.activemask) simple.push({ weight: 1, arbitrary: fc.record({ kind: kind("sleep") }) });
    if (features.printf) simple.push({ weight: 1, arbitrary: printf(e) });
    if (features.calls) {
      simple.push(
        { weight: 3, arbitrary: fc.record({ kind: kind("call"), callee: nat(3), indirect: fc.boolean(), other: nat(3), choice: e.i1, args: fc.array(value, { maxLength: 3 }), variable: nat(3) }) },
        { weight: 1, arbitrary: fc.record({ kind: kind("recurse"), depth: e.i32, value: e.i32, variable: nat(3) }) },
      );
    }
    const nested: fc.Arbitrary<Statement> = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: kind("if"), condition: e.i1, then: list(), else: list() }) },
      { weight: 3, arbitrary: fc.record({ kind: kind("loop"), count: e.i32, body: list() }) },
      { weight: 2, arbitrary: fc.record({ kind: kind("switch"), value: e.i32, cases: fc.array(fc.record({ key: fc.integer({ min: -3, max: 4 }), body: list() }), { maxLength: 3 }), otherwise: list() }) },
      { weight: 1, arbitrary: graph(features) },
    );
    return { statement: fc.oneof({ maxDepth: features.depth, depthIdentifier: "statement" }, ...asOne(simple), { weight: 8, arbitrary: nested }) };
  });
  return statement;
}

/** `oneof` at its greatest depth takes only its first member: all simple statements are that one. */
function asOne(simple: { readonly weight: number; readonly arbitrary: fc.Arbitrary<Statement> }[]): { readonly weight: number; readonly arbitrary: fc.Arbitrary<Statement> }[] {
  return [{ weight: 20, arbitrary: fc.oneof(...simple) }];
}

function ownAtomic(e: ReturnType<typeof expressions>): fc.Arbitrary<Statement> {
  const of = (type: "i32" | "i64" | "f32" | "f64", ops: readonly (AtomicOp | "cmpxchg")[]): fc.Arbitrary<Statement> => fc.record({
    kind: kind("ownAtomic"), op: fc.constantFrom(...ops), type: fc.constant(type), slot: nat(15), value: e[type], expected: e[type], variable: nat(3), generic: fc.boolean(),
  });
  const floatOps = atomicOps.filter((op) => op === "xchg" || op.startsWith("f"));
  const intOps = [...atomicOps.filter((op) => !op.startsWith("f")), "cmpxchg" as const];
  return fc.oneof(of("i32", intOps), of("i64", intOps), of("f32", floatOps), of("f64", floatOps));
}

function printf(e: ReturnType<typeof expressions>): fc.Arbitrary<Statement> {
  const piece = fc.oneof(
    fc.constantFrom("%d", "%5d", "%u", "%x", "%#o", "%c").chain((format) => e.i32.map((value) => ({ format, value }))),
    fc.constantFrom("%lld", "%llx", "%-20llu|", "%p").chain((format) => e.i64.map((value) => ({ format, value }))),
    fc.constantFrom("%f", "%e", "%g", "%a", "%.3f").chain((format) => fc.oneof(e.f64, e.f32).map((value) => ({ format, value }))),
  );
  return fc.array(piece, { maxLength: 4 }).map((pieces) => ({ kind: "printf", format: `p${pieces.map(({ format }) => ` ${format}`).join("")}\n`, args: pieces.map(({ value }) => value) }));
}

function graph(features: Features): fc.Arbitrary<Statement> {
  const e = expressions(Math.min(2, features.expressionDepth), features.lanes);
  const block: fc.Arbitrary<GraphBlock> = fc.record({
    body: fc.array(anyOf((type) => fc.record({ variable: nat(3), type: fc.constant(type), value: e[type] })), { maxLength: 2 }),
    condition: e.i32,
    targets: fc.tuple(nat(6), nat(6), nat(6)),
    terminator: fc.constantFrom("br" as const, "condbr" as const, "condbr" as const, "switch" as const),
  });
  return fc.record({ kind: kind("graph"), fuel: fc.integer({ min: 0, max: 12 }), blocks: fc.array(block, { minLength: 1, maxLength: 6 }) });
}

function collectives(e: ReturnType<typeof expressions>): fc.Arbitrary<Collective> {
  return fc.oneof(
    fc.record({ op: kind("shfl"), mode: fc.constantFrom("up" as const, "down" as const, "bfly" as const, "idx" as const), value: e.i32, lane: e.i32, clamp: fc.oneof(fc.constantFrom(0, 31, 0x181f, 0x1c07), nat(0x1f1f)), wantOk: fc.boolean() }),
    fc.record({ op: kind("vote"), mode: fc.constantFrom("all" as const, "any" as const, "uni" as const, "ballot" as const), value: e.i1 }),
    fc.record({ op: kind("match"), mode: fc.constantFrom("any" as const, "all" as const), value: e.i8, wide: fc.boolean(), wantOk: fc.boolean() }),
    fc.record({ op: kind("redux"), red: fc.constantFrom("add" as const, "min.s" as const, "max.s" as const, "min.u" as const, "max.u" as const, "and" as const, "or" as const, "xor" as const), value: e.i32 }),
  );
}

/** Statements that all work-items of a group must reach together. */
export function uniformStatements(features: Features, inner: boolean): fc.Arbitrary<UniformStatement> {
  const e = expressions(features.expressionDepth, features.lanes);
  const value = anyOf((type) => e[type]);
  const body = statements(features);
  const list = fc.array(body, { maxLength: features.length });
  const plain: fc.Arbitrary<UniformStatement> = body.map((statement) => ({ kind: "plain", body: statement }));
  const options: { readonly weight: number; readonly arbitrary: fc.Arbitrary<UniformStatement> }[] = [{ weight: 6, arbitrary: plain }];
  if (features.faults) {
    options.push({ weight: 3, arbitrary: fc.record({ kind: kind("fault"), what: fc.constantFrom(...faultyActions), item: nat(1000) }).map((statement) => ({ kind: "plain" as const, body: statement })) });
  }
  if (features.sync) {
    options.push(
      { weight: 3, arbitrary: fc.record({ kind: kind("exchange"), value, distance: nat(40), variable: nat(3), barrier: nat(16), counted: fc.boolean(), generic: features.lanes === true ? fc.constant(false) : fc.boolean(), dynamic: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ kind: kind("reduce"), red: fc.constantFrom("and" as const, "or" as const, "popc" as const), value: e.i1, barrier: nat(16), variable: nat(3) }) },
      { weight: 3, arbitrary: fc.record({ kind: kind("collective"), collective: collectives(e), variable: nat(3) }) },
      { weight: 2, arbitrary: fc.record({ kind: kind("split"), condition: e.i1, then: list, thenCollective: collectives(e), else: list, elseCollective: collectives(e), variable: nat(3) }) },
      { weight: 1, arbitrary: fc.record({ kind: kind("divergentBarrier"), condition: e.i1, then: list, else: list, value, distance: nat(40), variable: nat(3) }) },
    );
    if (features.activemask) options.push({ weight: 1, arbitrary: fc.record({ kind: kind("activemask"), condition: e.i1, then: list, variable: nat(3) }) });
    if (features.calls && !inner) options.push({ weight: 1, arbitrary: fc.record({ kind: kind("callUniform"), callee: nat(2), args: fc.array(value, { maxLength: 3 }), variable: nat(3) }) });
  }
  const { statement } = fc.letrec<{ statement: UniformStatement }>((tie) => {
    const nested = fc.array(tie("statement"), { maxLength: 3, depthIdentifier: "uniform" });
    return {
      statement: fc.oneof(
        { maxDepth: 2, depthIdentifier: "uniform" },
        { weight: 8, arbitrary: fc.oneof(...options) },
        { weight: 1, arbitrary: fc.record({ kind: kind("uniformLoop"), count: fc.integer({ min: 0, max: 3 }), body: nested }) },
        { weight: 1, arbitrary: fc.record({ kind: kind("uniformIf"), bit: nat(31), then: nested, else: nested }) },
      ),
    };
  });
  return statement;
}

