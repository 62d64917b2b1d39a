import type { ValueId } from "../../compiler/ir/ops.ts";
import { sizeOf, type Type } from "../../compiler/ir/types.ts";
import { lowerFault } from "./lower-fault.ts";
import { columnElement, element, localBase, lowerExpression } from "./lower-expression.ts";
import { lowerGraph } from "./lower-graph.ts";
import { CELLS, INPUT_BYTES, LOCAL_BYTES, OWN_SLOTS, WRAP_LIMIT } from "./memory-map.ts";
import type { Edge, Scope } from "./scope.ts";
import type { Expr, Statement } from "./spec.ts";

/** Writes statements as IR, up to the first that nothing follows. */
export function lowerStatements(scope: Scope, statements: readonly Statement[]): void {
  for (const statement of statements) {
    if (scope.dead) return;
    scope.f.line = ++scope.program.line;
    lowerStatement(scope, statement);
  }
}

type Of<K extends Statement["kind"]> = Extract<Statement, { readonly kind: K }>;

function lowerStatement(scope: Scope, statement: Statement): void {
  const { f } = scope;
  switch (statement.kind) {
    case "assign": scope.set(statement.type, statement.variable, lowerExpression(scope, statement.value)); break;
    case "if":
      scope.branch(lowerExpression(scope, statement.condition), () => lowerStatements(scope, statement.then), () => lowerStatements(scope, statement.else));
      break;
    case "loop": loop(scope, statement); break;
    case "break":
    case "continue": {
      const inner = scope.loops.at(-1);
      if (inner === undefined) break;
      leaveIf(scope, statement.condition, () => {
        (statement.kind === "break" ? inner.breaks : inner.continues).push(scope.edge());
        scope.dead = true;
      });
      break;
    }
    case "switch": lowerSwitch(scope, statement); break;
    case "graph": lowerGraph(scope, statement); break;
    case "store": {
      const values = statement.values.map((value) => lowerExpression(scope, value));
      const type = f.fn.types[values[0]!]!;
      const slots = Math.ceil((values.length * sizeOf[type]) / 8);
      f.emit({ op: "store", src: values, space: statement.generic ? "generic" : "global", addr: scope.own, offset: (statement.slot % (OWN_SLOTS - slots + 1)) * 8, align: sizeOf[type] });
      break;
    }
    case "storeColumn": {
      const value = lowerExpression(scope, statement.value);
      const type = f.fn.types[value]!;
      f.emit({ op: "store", src: [value], space: "global", addr: columnElement(scope, type, statement.column, statement.narrow), offset: 0, align: sizeOf[type] });
      break;
    }
    case "vectorLoad": vectorLoad(scope, statement); break;
    case "storeLocal": {
      const index = lowerExpression(scope, statement.index);
      const value = lowerExpression(scope, statement.value);
      const size = sizeOf[f.fn.types[value]!];
      const addr = element(scope, localBase(scope, statement.generic), index, LOCAL_BYTES / size - 1, size);
      f.emit({ op: "store", src: [value], space: statement.generic ? "generic" : "local", addr, offset: 0, align: size });
      break;
    }
    case "accumulate": accumulate(scope, statement); break;
    case "ownAtomic": ownAtomic(scope, statement); break;
    case "call": call(scope, statement); break;
    case "recurse": {
      scope.program.usesRecursion = true;
      const depth = f.def("i32", { op: "and", a: lowerExpression(scope, statement.depth), b: f.const("i32", 7) });
      const value = lowerExpression(scope, statement.value);
      const result = f.value("i32");
      f.emit({ op: "call", dst: [result], callee: "recursion", args: [depth, value] });
      scope.set("i32", statement.variable, result);
      break;
    }
    case "printf": {
      const args = statement.args.map((arg) => lowerExpression(scope, arg));
      f.def("i32", { op: "printf", format: statement.format, formatAddr: null, argsAddr: null, args });
      break;
    }
    case "fence": f.emit({ op: "fence", order: "seq_cst", scope: "device" }); break;
    case "sleep": f.emit({ op: "nanosleep", ns: f.const("i32", 10) }); break;
    case "return": leaveIf(scope, statement.condition, () => scope.leave(scope)); break;
    case "exit":
      leaveIf(scope, statement.condition, () => {
        f.emit({ op: "exit" });
        scope.dead = true;
      });
      break;
    case "fault": lowerFault(scope, statement); break;
  }
}

function leaveIf(scope: Scope, condition: Expr, leave: () => void): void {
  scope.branch(lowerExpression(scope, condition), leave, () => undefined);
}

/** Up to three turns. */
function loop(scope: Scope, statement: Of<"loop">): void {
  const { f } = scope;
  const limit = f.def("i32", { op: "and", a: lowerExpression(scope, statement.count), b: f.const("i32", 3) });
  const zero = f.const("i32", 0);
  const opened = scope.openLoop("loop");
  const counter = f.phi("i32", opened.header);
  const more = f.def("i1", { op: "icmp", pred: "lt.u", a: counter, b: limit });
  const [body, exit] = [f.block("body"), f.block("exit")];
  f.emit({ op: "condbr", c: more, then: body, else: exit });
  const exits: Edge[] = [{ block: exit, variables: [...scope.variables] }];
  const continues: Edge[] = [];
  scope.loops.push({ breaks: exits, continues });
  f.at(body);
  lowerStatements(scope, statement.body);
  scope.loops.pop();
  if (!scope.dead) continues.push(scope.edge());
  scope.join("latch", continues);
  const next = scope.dead ? zero : f.def("i32", { op: "add", a: counter, b: f.const("i32", 1) });
  if (scope.dead) {
    // Nothing comes back: the header is no loop, its phis have the entry only.
    for (const [i, phi] of opened.phis.entries()) f.setPhi(opened.header, phi, [[opened.entry.block, opened.entry.variables[i]!]]);
    f.setPhi(opened.header, counter, [[opened.entry.block, zero]]);
  } else {
    const back = scope.edge();
    scope.closeLoop(opened, back);
    f.setPhi(opened.header, counter, [[opened.entry.block, zero], [back.block, next]]);
  }
  scope.join("after", exits);
}

function lowerSwitch(scope: Scope, statement: Of<"switch">): void {
  const { f } = scope;
  const value = lowerExpression(scope, statement.value);
  const cases = statement.cases.filter(({ key }, i) => statement.cases.findIndex((other) => other.key === key) === i);
  const targets = cases.map(() => f.block("case"));
  const otherwise = f.block("default");
  f.emit({ op: "switch", a: value, cases: cases.map(({ key }, i) => [BigInt(key), targets[i]!]), default: otherwise });
  const before = [...scope.variables];
  const edges: Edge[] = [];
  const bodies = [...cases.map(({ body }, i) => [targets[i]!, body] as const), [otherwise, statement.otherwise] as const];
  for (const [block, body] of bodies) {
    f.at(block);
    scope.variables = [...before];
    scope.dead = false;
    lowerStatements(scope, body);
    if (!scope.dead) edges.push(scope.edge());
  }
  scope.join("endswitch", edges);
}

function vectorLoad(scope: Scope, { type, count, index, variable, generic, align }: Of<"vectorLoad">): void {
  const { f } = scope;
  const size = sizeOf[type];
  const base = f.def("i64", { op: "globaladdr", symbol: "input" });
  // Groups of four elements, so that whole vectors are aligned; the last is left out for the shifted ones.
  const groups = INPUT_BYTES / (4 * size);
  const addr = element(scope, base, lowerExpression(scope, index), groups / 2 - 1, 4 * size);
  const dst = Array.from({ length: count }, () => f.value(type));
  const natural = align === "natural";
  f.emit({ op: "load", dst, space: generic ? "generic" : "const", addr, offset: natural ? 0 : 1, align: natural ? size * (count === 3 ? 1 : count) : 1 });
  dst.forEach((value, i) => scope.set(type, variable + i, value));
}

function accumulate(scope: Scope, { cell, value }: Of<"accumulate">): void {
  const { f } = scope;
  const type = value.type;
  const candidates = [...CELLS.keys()].filter((i) => CELLS[i]!.type === type);
  const number = candidates[cell % candidates.length]!;
  const { op } = CELLS[number]!;
  let operand = lowerExpression(scope, value);
  if (op === "inc" || op === "dec") operand = f.const(type, type === "i64" ? BigInt(WRAP_LIMIT) : WRAP_LIMIT);
  else if (op === "fadd") {
    // Small whole numbers: their sums are exact in any order.
    const bits: ValueId = type === "f32" ? f.def("i32", { op: "bitcast", a: operand }) : f.def("i64", { op: "bitcast", a: operand });
    operand = f.def(type, { op: "sitofp", a: f.def("i8", { op: "trunc", a: bits }) });
  }
  const addr = f.def("i64", { op: "globaladdr", symbol: "cells" });
  f.def(type, { op: "atomic", rmw: op, space: cell % 2 === 0 ? "global" : "generic", addr, offset: number * 8, value: operand, order: "relaxed", scope: "device" });
}

function ownAtomic(scope: Scope, { op, type, slot, value, expected, variable, generic }: Of<"ownAtomic">): void {
  const { f } = scope;
  const space = generic ? "generic" : "global";
  const place = { space, addr: scope.own, offset: (slot % OWN_SLOTS) * 8, order: "acq_rel", scope: "device" } as const;
  const operand = lowerExpression(scope, value);
  const old = op === "cmpxchg"
    // When anything that the work-item stored is expected, it is what is there, so that the exchange happens.
    ? f.def(type, { op, ...place, expected: lowerExpression(scope, expected.kind === "own" ? { ...expected, slot } : expected), value: operand })
    : f.def(type, { op: "atomic", rmw: op, ...place, value: operand });
  scope.set(type, variable, old);
}

/** The argument for each parameter: the first given expression of its type that is left, else a variable. */
export function matchArguments(scope: Scope, params: readonly Type[], args: readonly Expr[]): ValueId[] {
  const left = [...args];
  return params.map((type, i) => {
    const found = left.findIndex((arg) => arg.type === type);
    return found === -1 ? scope.get(type, i) : lowerExpression(scope, left.splice(found, 1)[0]!);
  });
}

function call(scope: Scope, { callee, indirect, other, choice, args, variable }: Of<"call">): void {
  const { f } = scope;
  const { functions } = scope.program;
  const count = functions.length - scope.firstCallee;
  if (count <= 0) return;
  const number = scope.firstCallee + (callee % count);
  const { params, results } = functions[number]!;
  const values = [scope.own, ...matchArguments(scope, params, args)];
  const dst = results.map((type) => f.value(type));
  if (!indirect) f.emit({ op: "call", dst, callee: `f${number}`, args: values });
  else {
    const second = scope.firstCallee + (other % count);
    const same = JSON.stringify([functions[second]!.params, functions[second]!.results]) === JSON.stringify([params, results]);
    const a = f.def("i64", { op: "funcaddr", symbol: `f${number}` });
    const b = f.def("i64", { op: "funcaddr", symbol: `f${same ? second : number}` });
    const target = f.def("i64", { op: "select", c: lowerExpression(scope, choice), a, b });
    f.emit({ op: "calli", dst, target, args: values, params: ["i64", ...params], results: [...results] });
  }
  dst.forEach((value, i) => scope.set(results[i]!, variable + i, value));
}
