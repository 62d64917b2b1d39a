import type { FnBuilder } from "../../compiler/ir/builder.ts";
import type { ValueId } from "../../compiler/ir/ops.ts";
import { SHARED_WINDOW, sizeOf } from "../../compiler/ir/types.ts";
import { lowerExpression } from "./lower-expression.ts";
import { lowerStatements, matchArguments } from "./lower-statement.ts";
import { placeInGroup } from "./place.ts";
import type { Scope } from "./scope.ts";
import type { Collective, Expr, UniformStatement } from "./spec.ts";

/** Lowers statements that the whole group reaches together. */
export function lowerUniform(scope: Scope, statements: readonly UniformStatement[]): void {
  for (const statement of statements) {
    if (scope.dead) return;
    scope.f.line = ++scope.program.line;
    lowerOne(scope, statement);
  }
}

function lowerOne(scope: Scope, statement: UniformStatement): void {
  const { f } = scope;
  switch (statement.kind) {
    case "plain": lowerStatements(scope, [statement.body]); break;
    case "exchange": {
      const value = lowerExpression(scope, statement.value);
      publish(scope, value, statement.generic, statement.dynamic);
      barrier(scope, statement.barrier, statement.counted);
      take(scope, statement.value, statement.distance, statement.variable, statement.generic, statement.dynamic);
      barrier(scope, statement.barrier, statement.counted);
      break;
    }
    case "reduce": {
      const a = lowerExpression(scope, statement.value);
      const id = barrierId(scope, statement.barrier);
      if (statement.red === "popc") scope.set("i32", statement.variable, f.def("i32", { op: "barred", red: "popc", id, count: null, a }));
      else scope.set("i1", statement.variable, f.def("i1", { op: "barred", red: statement.red, id, count: null, a }));
      break;
    }
    case "collective": scope.set("i32", statement.variable, collective(scope, statement.collective, null)); break;
    case "split": {
      const condition = lowerExpression(scope, statement.condition);
      const mask = f.def("i32", { op: "vote", mode: "ballot", a: condition, mask: null });
      const others = f.def("i32", { op: "not", a: mask });
      const side = (body: typeof statement.then, what: Collective, own: ValueId) => (): void => {
        lowerStatements(scope, body);
        if (!scope.dead) scope.set("i32", statement.variable, collective(scope, what, own));
      };
      scope.branch(condition, side(statement.then, statement.thenCollective, mask), side(statement.else, statement.elseCollective, others));
      break;
    }
    case "divergentBarrier": {
      publish(scope, lowerExpression(scope, statement.value), false, false);
      const side = (body: typeof statement.then) => (): void => {
        lowerStatements(scope, body);
        if (!scope.dead) barrier(scope, 16);
      };
      scope.branch(lowerExpression(scope, statement.condition), side(statement.then), side(statement.else));
      if (scope.dead) break;
      take(scope, statement.value, statement.distance, statement.variable, true, false);
      barrier(scope, 16);
      break;
    }
    case "uniformLoop": uniformLoop(scope, statement.count, statement.body); break;
    case "uniformIf": {
      const parameter = lowerExpression(scope, { kind: "const", type: "i32", bits: 0n });
      const word = scope.isKernel ? lowerExpression(scope, { kind: "parameter", type: "i32", byAddress: false }) : parameter;
      const bit = f.def("i1", { op: "trunc", a: f.def("i32", { op: "lshr", a: word, b: f.const("i32", statement.bit) }) });
      scope.branch(bit, () => lowerUniform(scope, statement.then), () => lowerUniform(scope, statement.else));
      break;
    }
    case "activemask": {
      const mask = (): void => {
        if (!scope.dead) scope.set("i32", statement.variable, f.def("i32", { op: "activemask" }));
      };
      scope.branch(lowerExpression(scope, statement.condition), () => {
        lowerStatements(scope, statement.then);
        mask();
      }, mask);
      break;
    }
    case "callUniform": {
      const { uniformFunctions } = scope.program;
      if (uniformFunctions.length === 0) break;
      const number = statement.callee % uniformFunctions.length;
      const { params, results } = uniformFunctions[number]!;
      const args = [scope.own, ...matchArguments(scope, params, statement.args)];
      const dst = results.map((type) => f.value(type));
      f.emit({ op: "call", dst, callee: `u${number}`, args });
      dst.forEach((value, i) => scope.set(results[i]!, statement.variable + i, value));
      break;
    }
  }
}

function uniformLoop(scope: Scope, count: number, body: readonly UniformStatement[]): void {
  const { f } = scope;
  const zero = f.const("i32", 0);
  const opened = scope.openLoop("uloop");
  const counter = f.phi("i32", opened.header);
  const more = f.def("i1", { op: "icmp", pred: "lt.u", a: counter, b: f.const("i32", count) });
  const [inside, exit] = [f.block("ubody"), f.block("uexit")];
  f.emit({ op: "condbr", c: more, then: inside, else: exit });
  const atExit = { block: exit, variables: [...scope.variables] };
  f.at(inside);
  lowerUniform(scope, body);
  if (scope.dead) {
    for (const [i, phi] of opened.phis.entries()) f.setPhi(opened.header, phi, [[opened.entry.block, opened.entry.variables[i]!]]);
    f.setPhi(opened.header, counter, [[opened.entry.block, zero]]);
  } else {
    const next = f.def("i32", { op: "add", a: counter, b: f.const("i32", 1) });
    const back = scope.edge();
    scope.closeLoop(opened, back);
    f.setPhi(opened.header, counter, [[opened.entry.block, zero], [back.block, next]]);
  }
  scope.join("uafter", [atExit]);
}

function barrierId(scope: Scope, barrier: number): ValueId | null {
  return barrier >= 16 ? null : scope.f.const("i32", barrier);
}

/** @param counted with the number of all work-items, in whole warps; a warp that has exited would be waited for, so only where nobody leaves */
function barrier(scope: Scope, id: number, counted = false): void {
  const { f } = scope;
  const warps = (): ValueId => f.def("i32", { op: "mul", a: f.def("i32", { op: "sreg", reg: "nwarp" }), b: f.def("i32", { op: "sreg", reg: "warpsize" }) });
  f.emit({ op: "barrier", kind: "sync", id: barrierId(scope, id), count: counted && !scope.program.somebodyLeaves ? warps() : null });
}

/** Address of an element of the shared array, or of the dynamic shared memory. */
export function tile(f: FnBuilder, index: ValueId, generic: boolean, dynamic: boolean): ValueId {
  const base = dynamic ? f.def("i64", { op: "dynsharedaddr" }) : f.def("i64", { op: "sharedaddr", symbol: "tile" });
  const start = generic ? f.def("i64", { op: "add", a: base, b: f.const("i64", SHARED_WINDOW) }) : base;
  return f.def("i64", { op: "add", a: start, b: f.def("i64", { op: "mul", a: f.def("i64", { op: "zext", a: index }), b: f.const("i64", 8n) }) });
}

function publish(scope: Scope, value: ValueId, generic: boolean, dynamic: boolean): void {
  const addr = tile(scope.f, placeInGroup(scope.f).number, generic, dynamic);
  scope.f.emit({ op: "store", src: [value], space: generic ? "generic" : "shared", addr, offset: 0, align: sizeOf[scope.f.fn.types[value]!] });
}

function take(scope: Scope, like: Expr, distance: number, variable: number, generic: boolean, dynamic: boolean): void {
  const { f } = scope;
  const { number, size } = placeInGroup(f);
  const other = f.def("i32", { op: "rem.u", a: f.def("i32", { op: "add", a: number, b: f.const("i32", distance) }), b: size });
  const value = f.value(like.type);
  f.emit({ op: "load", dst: [value], space: generic ? "generic" : "shared", addr: tile(f, other, generic, dynamic), offset: 0, align: sizeOf[like.type] });
  scope.set(like.type, variable, value);
}

function collective(scope: Scope, what: Collective, mask: ValueId | null): ValueId {
  const { f } = scope;
  switch (what.op) {
    case "shfl": {
      const a = lowerExpression(scope, what.value);
      const b = lowerExpression(scope, what.lane);
      const c = f.const("i32", what.clamp);
      const ok = what.wantOk ? f.value("i1") : -1;
      const value = f.def("i32", { op: "shfl", mode: what.mode, ok, a, b, c, mask });
      return ok === -1 ? value : f.def("i32", { op: "add", a: value, b: f.def("i32", { op: "zext", a: ok }) });
    }
    case "vote": {
      const a = lowerExpression(scope, what.value);
      if (what.mode === "ballot") return f.def("i32", { op: "vote", mode: "ballot", a, mask });
      return f.def("i32", { op: "zext", a: f.def("i1", { op: "vote", mode: what.mode, a, mask }) });
    }
    case "match": {
      const narrow = lowerExpression(scope, what.value);
      const a = f.def(what.wide ? "i64" : "i32", { op: "sext", a: narrow });
      const ok = what.wantOk ? f.value("i1") : -1;
      const value = f.def("i32", { op: "match", mode: what.mode, ok, a, mask });
      return ok === -1 ? value : f.def("i32", { op: "xor", a: value, b: f.def("i32", { op: "zext", a: ok }) });
    }
    case "redux": return f.def("i32", { op: "redux", red: what.red, a: lowerExpression(scope, what.value), mask });
  }
}
