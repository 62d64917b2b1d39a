import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FnBuilder, newModule } from "../../../src/compiler/ir/builder.ts";
import type { Module } from "../../../src/compiler/ir/module.ts";
import type { IntPredicate, ValueId } from "../../../src/compiler/ir/ops.ts";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { lanePolicy } from "../../../src/compiler/wasm/simd/shapes.ts";
import { packParams, TestMachine } from "./harness.ts";

/**
 * Branches on comparisons of places in a row: whatever the numbers, where they wrap, and wherever the border lies within work-items that go together,
 * each work-item takes its own way.
 */

type Type = "i32" | "i64";
const ITEMS = 48;
const machine = new TestMachine({ pages: 64 });
const out = machine.map(4 * ITEMS);

/** out[x] = (a + x * step) `pred` (b + x * other) ? 7 : 9, by a branch. */
function kernel(type: Type, pred: IntPredicate, step: number, other: number): Module {
  const f = new FnBuilder("k", { kind: "kernel", paramBytes: 24 });
  const to = f.def("i64", { op: "param", offset: 0 });
  const x = f.def("i32", { op: "sreg", reg: "tid.x" });
  const place = (offset: number, factor: number): ValueId => {
    const start = f.def(type, { op: "param", offset });
    const wide = type === "i64" ? f.def("i64", { op: "zext", a: x }) : x;
    return f.def(type, { op: "add", a: start, b: f.def(type, { op: "mul", a: wide, b: f.const(type, type === "i64" ? BigInt(factor) : factor) }) });
  };
  const condition = f.def("i1", { op: "icmp", pred, a: place(8, step), b: place(16, other) });
  const target = f.def("i64", { op: "add", a: to, b: f.def("i64", { op: "shl", a: f.def("i64", { op: "zext", a: x }), b: f.const("i64", 2n) }) });
  const write = (value: number): void => void f.emit({ op: "store", src: [f.const("i32", value)], space: "global", addr: target, offset: 0, align: 4 });
  const [yes, no, end] = [f.block("yes"), f.block("no"), f.block("end")];
  f.emit({ op: "condbr", c: condition, then: yes, else: no });
  for (const [block, value] of [[yes, 7], [no, 9]] as const) {
    f.at(block);
    write(value);
    f.emit({ op: "br", target: end });
  }
  f.at(end);
  f.emit({ op: "ret", values: [] });
  const module = newModule("guard");
  module.functions.set("k", f.fn);
  return module;
}

function run(compile: typeof compileModule, module: Module, type: Type, starts: readonly (readonly [bigint, bigint])[]): string[] {
  const code = compile(module);
  const loaded = code.load(machine);
  return starts.map(([a, b]) => {
    const params = new Uint8Array(24);
    params.set(packParams(out));
    const view = new DataView(params.buffer);
    for (const [value, at] of [[a, 8], [b, 16]] as const) {
      if (type === "i64") view.setBigUint64(at, BigInt.asUintN(64, value), true);
      else view.setUint32(at, Number(BigInt.asUintN(32, value)), true);
    }
    machine.launch(code, loaded, "k", params, { block: [ITEMS, 1, 1] });
    return `${a} ${b}: ${[...machine.u32(out, ITEMS)].join("")}`;
  });
}

const steps = [[1, 0], [0, 1], [-3, 0], [4, 1], [2, 2], [-1, 2]] as const;

describe.each(["i32", "i64"] as const)("%s", (type) => {
  beforeAll(() => void (lanePolicy.always = true));
  afterAll(() => void (lanePolicy.always = false));
  const width = type === "i64" ? 64n : 32n;
  const [top, middle] = [(1n << width) - 1n, 1n << (width - 1n)];
  // Borders within the row, at its ends and outside; and numbers that wrap in it, signed or unsigned.
  const starts = [0n, top, middle, middle - 1n, middle - 20n, top - 30n].flatMap((a) => [0n, 1n, 16n, 21n, 47n, 48n, -20n, middle].map((d) => [a, a + d] as const));

  test.each(["eq", "ne", "lt.s", "le.s", "gt.s", "ge.s", "lt.u", "le.u", "gt.u", "ge.u"] as const)("%s", (pred) => {
    for (const [step, other] of steps) {
      const module = kernel(type, pred, step, other);
      expect(run(compileModule, module, type, starts)).toEqual(run(interpretModule, module, type, starts));
    }
  });
});
