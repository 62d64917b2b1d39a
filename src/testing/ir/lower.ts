import { FnBuilder, newModule } from "../../compiler/ir/builder.ts";
import type { KernelParam, Module } from "../../compiler/ir/module.ts";
import type { ValueId } from "../../compiler/ir/ops.ts";
import type { Type } from "../../compiler/ir/types.ts";
import { lowerExpression } from "./lower-expression.ts";
import { lowerStatements } from "./lower-statement.ts";
import { lowerUniform, tile } from "./lower-uniform.ts";
import { CELL_BYTES, COLUMN_BYTES, COLUMNS, ROW_BYTES, INPUT_BYTES, LOCAL_BYTES, MAX_GROUP, OWN_BYTES, OWN_SLOTS, PARAMS } from "./memory-map.ts";
import { linearId, placeInGroup } from "./place.ts";
import { Scope, VARIABLES, type ProgramScope } from "./scope.ts";
import { removeTrivialPhis } from "./simplify.ts";
import type { FunctionSpec, ProgramSpec, UniformFunctionSpec } from "./spec.ts";

/** The program as a valid module with the kernel `k` (`memory-map.ts` says what a launch must give it). */
export function lowerProgram(spec: ProgramSpec): Module {
  const module = newModule("generated");
  const program: ProgramScope = { functions: spec.functions, uniformFunctions: spec.uniformFunctions, somebodyLeaves: mentions(spec, "return", "exit"), line: 0, usesRecursion: false, hasFault: false };
  const add = (f: FnBuilder): void => {
    removeTrivialPhis(f.fn);
    module.functions.set(f.fn.name, f.fn);
  };
  module.globals.set("input", { name: "input", space: "const", size: INPUT_BYTES, align: 32, init: null, relocs: [], linkage: "visible", managed: false });
  module.globals.set("cells", { name: "cells", space: "global", size: CELL_BYTES, align: 8, init: null, relocs: [], linkage: "visible", managed: false });
  module.globals.set("rows", { name: "rows", space: "const", size: ROW_BYTES, align: 8, init: null, relocs: [], linkage: "visible", managed: false });
  module.globals.set("columns", { name: "columns", space: "global", size: COLUMNS * COLUMN_BYTES, align: 8, init: null, relocs: [], linkage: "visible", managed: false });
  module.shared.set("tile", { name: "tile", size: MAX_GROUP * 8, align: 8 });
  spec.functions.forEach((fn, number) => add(lowerFunction(program, fn, number)));
  spec.uniformFunctions.forEach((fn, number) => add(lowerUniformFunction(program, fn, number)));
  add(lowerKernel(program, spec));
  if (program.usesRecursion) add(recursion());
  return module;
}

function variablesFrom(f: FnBuilder, params: readonly Type[], first: ValueId): ValueId[] {
  const left = params.map((type, i) => ({ type, value: first + i }));
  return VARIABLES.map((type) => {
    const found = left.findIndex((param) => param.type === type);
    return found === -1 ? f.const(type, type === "i64" ? 3n : type === "i1" ? 1 : 3) : left.splice(found, 1)[0]!.value;
  });
}

function returnValues(scope: Scope, results: readonly Type[]): void {
  scope.f.emit({ op: "ret", values: results.map((type, i) => scope.get(type, i)) });
  scope.dead = true;
}

/** Results: the given expressions of the right types, else variables. */
function finish(scope: Scope, spec: FunctionSpec | UniformFunctionSpec): void {
  if (scope.dead) return;
  scope.f.line = ++scope.program.line;
  const left = [...spec.returns];
  const values = spec.results.map((type, i) => {
    const found = left.findIndex((expr) => expr.type === type);
    return found === -1 ? scope.get(type, i) : lowerExpression(scope, left.splice(found, 1)[0]!);
  });
  scope.f.emit({ op: "ret", values });
}

/** Fills the local array with zeros at the function's entry, if it has one: what was never written must not be read. */
function clearLocalArray(scope: Scope): void {
  if (!scope.usesLocalArray) return;
  const entry = scope.f.fn.blocks[0]!.instrs;
  const body = entry.splice(0);
  scope.f.at(0);
  const address = scope.f.def("i64", { op: "localaddr", index: scope.localArray(LOCAL_BYTES) });
  const zero = scope.f.const("i64", 0n);
  for (let at = 0; at < LOCAL_BYTES; at += 32) scope.f.emit({ op: "store", src: [zero, zero, zero, zero], space: "local", addr: address, offset: at, align: 8 });
  entry.push(...body);
}

function lowerFunction(program: ProgramScope, spec: FunctionSpec, number: number): FnBuilder {
  const f = new FnBuilder(`f${number}`, { kind: "func", params: ["i64", ...spec.params], results: spec.results, linkage: "local", inline: spec.inline });
  const leave = (scope: Scope): void => returnValues(scope, spec.results);
  const scope = new Scope(f, program, { firstCallee: number + 1, own: 0, variables: variablesFrom(f, spec.params, 1), leave, isKernel: false, linear: null });
  lowerStatements(scope, spec.body);
  finish(scope, spec);
  clearLocalArray(scope);
  return f;
}

/** Early ends are exits here: a work-item that only returned would come to other barriers than those that stayed. */
function exitInstead(scope: Scope): void {
  scope.f.emit({ op: "exit" });
  scope.dead = true;
}

function lowerUniformFunction(program: ProgramScope, spec: UniformFunctionSpec, number: number): FnBuilder {
  const f = new FnBuilder(`u${number}`, { kind: "func", params: ["i64", ...spec.params], results: spec.results, linkage: "local" });
  const scope = new Scope(f, program, { firstCallee: 0, own: 0, variables: variablesFrom(f, spec.params, 1), leave: exitInstead, isKernel: false, linear: null });
  lowerUniform(scope, spec.body);
  finish(scope, spec);
  clearLocalArray(scope);
  return f;
}

const kernelParams: readonly KernelParam[] = [
  { name: "out", offset: PARAMS.out, size: 8, align: 8, kind: "global", type: null, info: null },
  ...(["i32", "i64", "f32", "f64"] as const).map((type): KernelParam => ({ name: type, offset: PARAMS[type], size: type.endsWith("32") ? 4 : 8, align: type.endsWith("32") ? 4 : 8, kind: "scalar", type, info: null })),
];

function lowerKernel(program: ProgramScope, spec: ProgramSpec): FnBuilder {
  const f = new FnBuilder("k", { kind: "kernel", kernelParams, paramBytes: PARAMS.bytes });
  f.line = ++program.line;
  const linear = linearId(f);
  const own = f.def("i64", { op: "add", a: f.def("i64", { op: "param", offset: PARAMS.out }), b: f.def("i64", { op: "mul", a: linear, b: f.const("i64", BigInt(OWN_BYTES)) }) });
  const scope = new Scope(f, program, { firstCallee: 0, own, variables: kernelVariables(f, linear), leave: exitInstead, isKernel: true, linear });
  if (mentions(spec, "exchange", "divergentBarrier")) {
    const { number } = placeInGroup(f);
    for (const dynamic of [false, true]) f.emit({ op: "store", src: [f.const("i64", 0n)], space: "shared", addr: tile(f, number, false, dynamic), offset: 0, align: 8 });
    f.emit({ op: "barrier", kind: "sync", id: null, count: null });
  }
  lowerUniform(scope, spec.body);
  if (!scope.dead) {
    spec.finals.forEach((expr, i) => {
      f.line = ++program.line;
      const value = lowerExpression(scope, expr);
      f.emit({ op: "store", src: [value], space: "global", addr: scope.own, offset: (i % OWN_SLOTS) * 8, align: 1 });
    });
    f.emit({ op: "ret", values: [] });
  }
  clearLocalArray(scope);
  return f;
}

/** Whether statements of one of the kinds stand anywhere in the program. */
function mentions(spec: ProgramSpec, ...kinds: readonly string[]): boolean {
  const text = JSON.stringify(spec, (_, value: unknown) => (typeof value === "bigint" ? "" : value));
  return kinds.some((kind) => text.includes(`"kind":"${kind}"`));
}

/** Values that differ between work-items, of every type. */
function kernelVariables(f: FnBuilder, linear: ValueId): ValueId[] {
  const n = f.def("i32", { op: "trunc", a: linear });
  const lane = f.def("i32", { op: "sreg", reg: "lane" });
  const byType: Readonly<Record<Type, readonly ValueId[]>> = {
    i1: [f.def("i1", { op: "trunc", a: n })],
    i8: [f.def("i8", { op: "trunc", a: n })],
    i16: [f.def("i16", { op: "trunc", a: n })],
    i32: [n, lane],
    i64: [linear, f.def("i64", { op: "sreg", reg: "gid.x" })],
    f32: [f.def("f32", { op: "sitofp", a: n }), f.def("f32", { op: "param", offset: PARAMS.f32 })],
    f64: [f.def("f64", { op: "sitofp", a: lane }), f.def("f64", { op: "param", offset: PARAMS.f64 })],
  };
  const taken: Partial<Record<Type, number>> = {};
  return VARIABLES.map((type) => {
    const i = taken[type] ?? 0;
    taken[type] = i + 1;
    return byType[type][i]!;
  });
}

/** recursion(depth, value): value kept in each activation's own memory while the inner ones run. */
function recursion(): FnBuilder {
  const f = new FnBuilder("recursion", { kind: "func", params: ["i32", "i32"], results: ["i32"], linkage: "local" });
  const address = f.def("i64", { op: "localaddr", index: f.local({ name: "kept", size: 4, align: 4 }) });
  f.emit({ op: "store", src: [1], space: "local", addr: address, offset: 0, align: 4 });
  const [end, more] = [f.block("end"), f.block("more")];
  f.emit({ op: "condbr", c: f.def("i1", { op: "icmp", pred: "eq", a: 0, b: f.const("i32", 0) }), then: end, else: more });
  f.at(end).emit({ op: "ret", values: [1] });
  f.at(more);
  const inner = f.value("i32");
  f.emit({ op: "call", dst: [inner], callee: "recursion", args: [f.def("i32", { op: "sub", a: 0, b: f.const("i32", 1) }), f.def("i32", { op: "xor", a: 1, b: 0 })] });
  const kept = f.value("i32");
  f.emit({ op: "load", dst: [kept], space: "local", addr: address, offset: 0, align: 4 });
  f.emit({ op: "ret", values: [f.def("i32", { op: "add", a: f.def("i32", { op: "mul", a: inner, b: f.const("i32", 3) }), b: kept })] });
  return f;
}
