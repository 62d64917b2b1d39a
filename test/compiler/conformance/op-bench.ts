import type { DeviceCode } from "../../../src/compiler/abi.ts";
import { FnBuilder, newModule } from "../../../src/compiler/ir/builder.ts";
import type { Module } from "../../../src/compiler/ir/module.ts";
import type { ValueId } from "../../../src/compiler/ir/ops.ts";
import type { Type } from "../../../src/compiler/ir/types.ts";
import { packParams, TestMachine } from "../wasm/harness.ts";

/** What is under test: the interpreter, or the WebAssembly back end. */
export type Compile = (module: Module) => DeviceCode;

const machine = new TestMachine({ pages: 256 });
const SLOTS = 65536;
const input = machine.map(3 * SLOTS * 8);
const output = machine.map(SLOTS * 8);

/**
 * Applies an operation to many operand tuples: one work-item a tuple, operands and result as bit patterns in memory.
 * @param build emits the operation on the loaded operands and gives the result
 */
export function applyOp(compile: Compile, operands: readonly Type[], result: Type, build: (f: FnBuilder, args: readonly ValueId[]) => ValueId, tuples: readonly (readonly bigint[])[]): bigint[] {
  const f = new FnBuilder("k", { kind: "kernel", paramBytes: 16 });
  const from = f.def("i64", { op: "param", offset: 0 });
  const to = f.def("i64", { op: "param", offset: 8 });
  const gid = f.def("i64", { op: "sreg", reg: "gid.x" });
  const at = (base: ValueId, stride: bigint): ValueId => f.def("i64", { op: "add", a: base, b: f.def("i64", { op: "mul", a: gid, b: f.const("i64", stride) }) });
  const place = at(from, BigInt(8 * operands.length));
  const args = operands.map((type, i) => {
    const value = f.value(type);
    f.emit({ op: "load", dst: [value], space: "global", addr: place, offset: 8 * i, align: 1 });
    return value;
  });
  const value = build(f, args);
  const target = at(to, 8n);
  f.emit({ op: "store", src: [f.const("i64", 0n)], space: "global", addr: target, offset: 0, align: 8 });
  f.emit({ op: "store", src: [value], space: "global", addr: target, offset: 0, align: 1 });
  f.emit({ op: "ret", values: [] });
  if (f.fn.types[value] !== result) throw new Error(`the operation gives ${f.fn.types[value]}, not ${result}`);
  const module = newModule("op");
  module.functions.set("k", f.fn);
  const code = compile(module);
  const loaded = code.load(machine);
  const results: bigint[] = [];
  const perLaunch = Math.min(SLOTS, tuples.length);
  for (let first = 0; first < tuples.length; first += perLaunch) {
    const part = tuples.slice(first, first + perLaunch);
    machine.write(input, new Uint8Array(new BigUint64Array(part.flat()).buffer));
    const block = Math.min(64, part.length);
    const groups = Math.ceil(part.length / block);
    machine.launch(code, loaded, "k", packParams(input, output), { grid: [groups, 1, 1], block: [block, 1, 1], globalSize: [part.length, 1, 1] });
    results.push(...machine.u64(output, part.length));
  }
  return results;
}

/** All pairs. */
export function pairs<T>(values: readonly T[]): (readonly [T, T])[] {
  return values.flatMap((a) => values.map((b) => [a, b] as const));
}

/** Shows a bit pattern in failures. */
export function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
