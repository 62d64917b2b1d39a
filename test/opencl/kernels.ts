import { FnBuilder, newModule } from "../../src/compiler/ir/builder.ts";
import type { KernelAttributes, KernelParam, Module } from "../../src/compiler/ir/module.ts";
import { defaultAttributes } from "../../src/compiler/ir/builder.ts";

const pointer = (name: string, offset: number, kind: KernelParam["kind"] = "global", typeName = "uint*"): KernelParam => ({
  name, offset, size: 8, align: 8, kind, type: "i64", info: { typeName, access: "none", qualifiers: [] },
});
const word = (name: string, offset: number): KernelParam => ({ name, offset, size: 4, align: 4, kind: "scalar", type: "i32", info: { typeName: "uint", access: "none", qualifiers: [] } });

/** Adds `kernel fill(global uint* out, uint value)`: out[gid] = value + gid. */
export function addFill(module: Module, name = "fill", attributes: KernelAttributes = defaultAttributes): void {
  const b = new FnBuilder(name, { kind: "kernel", kernelParams: [pointer("out", 0), word("value", 8)], paramBytes: 12, attributes });
  const out = b.def("i64", { op: "param", offset: 0 });
  const value = b.def("i32", { op: "param", offset: 8 });
  const gid = b.def("i64", { op: "sreg", reg: "gid.x" });
  const two = b.const("i64", 2n);
  const address = b.def("i64", { op: "add", a: out, b: b.def("i64", { op: "shl", a: gid, b: two }) });
  const sum = b.def("i32", { op: "add", a: value, b: b.def("i32", { op: "trunc", a: gid }) });
  b.emit({ op: "store", src: [sum], space: "global", addr: address, offset: 0, align: 4 });
  b.emit({ op: "ret", values: [] });
  module.functions.set(name, b.fn);
}

/** `kernel mark(global uint* log, uint value)`: log[++log[0]] = value. With one work-item: notes in which order kernels ran. */
export function addMark(module: Module): void {
  const b = new FnBuilder("mark", { kind: "kernel", kernelParams: [pointer("log", 0), word("value", 8)], paramBytes: 12 });
  const log = b.def("i64", { op: "param", offset: 0 });
  const value = b.def("i32", { op: "param", offset: 8 });
  const one = b.const("i32", 1);
  const old = b.def("i32", { op: "atomic", rmw: "add", space: "global", addr: log, offset: 0, value: one, order: "relaxed", scope: "device" });
  const index = b.def("i64", { op: "zext", a: old });
  const address = b.def("i64", { op: "add", a: log, b: b.def("i64", { op: "shl", a: index, b: b.const("i64", 2n) }) });
  b.emit({ op: "store", src: [value], space: "global", addr: address, offset: 4, align: 4 });
  b.emit({ op: "ret", values: [] });
  module.functions.set("mark", b.fn);
}

/** `kernel locals(global uint* out, local uint* a, local uint* b)`: writes where `a` and `b` lie and the group's size. */
export function addLocals(module: Module): void {
  const b = new FnBuilder("locals", { kind: "kernel", kernelParams: [pointer("out", 0), pointer("a", 8, "shared"), pointer("b", 16, "shared")], paramBytes: 24 });
  const out = b.def("i64", { op: "param", offset: 0 });
  for (const [i, offset] of [8, 16].entries()) {
    const place = b.def("i64", { op: "param", offset });
    b.emit({ op: "store", src: [b.const("i32", 7 + i)], space: "shared", addr: place, offset: 0, align: 4 });
    b.emit({ op: "store", src: [b.def("i32", { op: "trunc", a: place })], space: "global", addr: out, offset: 4 * i, align: 4 });
  }
  const first = b.value("i32");
  b.emit({ op: "load", dst: [first], space: "shared", addr: b.def("i64", { op: "param", offset: 8 }), offset: 0, align: 4 });
  b.emit({ op: "store", src: [first], space: "global", addr: out, offset: 8, align: 4 });
  b.emit({ op: "ret", values: [] });
  module.functions.set("locals", b.fn);
}

/** `kernel wild()`: writes to an address that is not mapped. */
export function addWild(module: Module): void {
  const b = new FnBuilder("wild", { kind: "kernel", kernelParams: [], paramBytes: 0 });
  b.emit({ op: "store", src: [b.const("i32", 1)], space: "global", addr: b.const("i64", 0x1234_5678_0000n), offset: 0, align: 4 });
  b.emit({ op: "ret", values: [] });
  module.functions.set("wild", b.fn);
}

/** `kernel groups(global uint* out)`: out[gid] = size of its work-group. */
export function addGroups(module: Module): void {
  const b = new FnBuilder("groups", { kind: "kernel", kernelParams: [pointer("out", 0)], paramBytes: 8 });
  const out = b.def("i64", { op: "param", offset: 0 });
  const gid = b.def("i64", { op: "sreg", reg: "gid.x" });
  const address = b.def("i64", { op: "add", a: out, b: b.def("i64", { op: "shl", a: gid, b: b.const("i64", 2n) }) });
  b.emit({ op: "store", src: [b.def("i32", { op: "sreg", reg: "ntid.x" })], space: "global", addr: address, offset: 0, align: 4 });
  b.emit({ op: "ret", values: [] });
  module.functions.set("groups", b.fn);
}

/** A program with all of them; `fixed` needs work-groups of 4. */
export function testModule(): Module {
  const module = newModule("test");
  addFill(module);
  addFill(module, "fixed", { ...defaultAttributes, reqdWorkGroupSize: [4, 1, 1] });
  addMark(module);
  addLocals(module);
  addWild(module);
  addGroups(module);
  return module;
}
