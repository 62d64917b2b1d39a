import { FnBuilder, newModule } from "../../../src/compiler/ir/builder.ts";
import type { Module } from "../../../src/compiler/ir/module.ts";

/** A module with a bit of everything that is not one operation: a loop, phis, calls, all kinds of variables. */
export function sampleModule(): Module {
  const module = newModule("sample", "sample.cl");
  module.globals.set("table", {
    name: "table", space: "const", size: 32, align: 8, init: new Uint8Array([1, 2, 255]), managed: false, linkage: "local",
    relocs: [{ offset: 8, size: 8, symbol: "counter", addend: 4n, generic: true }, { offset: 16, size: 8, symbol: "twice", addend: 0n, generic: true }],
  });
  module.globals.set("counter", { name: "counter", space: "global", size: 8, align: 4, init: null, relocs: [], managed: true, linkage: "visible" });
  module.shared.set("tile", { name: "tile", size: 256, align: 16 });

  const twice = new FnBuilder("twice", { kind: "func", params: ["i32"], results: ["i32"], linkage: "local", inline: true });
  twice.emit({ op: "ret", values: [twice.def("i32", { op: "add", a: 0, b: 0 })] });
  module.functions.set("twice", twice.fn);

  const f = new FnBuilder("main", {
    kind: "kernel", paramBytes: 16,
    kernelParams: [
      { name: "out", offset: 0, size: 8, align: 8, kind: "global", type: null, info: { typeName: "int*", access: "none", qualifiers: ["restrict", "const"] } },
      { name: "n", offset: 8, size: 4, align: 4, kind: "scalar", type: "i32", info: null },
    ],
  });
  f.line = 3;
  f.local({ name: "tmp", size: 12, align: 4 });
  const out = f.def("i64", { op: "param", offset: 0 });
  const n = f.def("i32", { op: "param", offset: 8 });
  const zero = f.const("i32", 0);
  const one = f.const("i32", 1);
  const entry = f.here;
  const loop = f.block("loop");
  const done = f.block("done");
  f.emit({ op: "br", target: loop });
  f.at(loop);
  f.line = 4;
  const i = f.phi("i32", loop);
  const twiceI = f.value("i32");
  f.emit({ op: "call", dst: [twiceI], callee: "twice", args: [i] });
  const next = f.def("i32", { op: "add", a: i, b: one });
  f.setPhi(loop, i, [[entry, zero], [loop, next]]);
  const more = f.def("i1", { op: "icmp", pred: "lt.s", a: next, b: n });
  f.emit({ op: "condbr", c: more, then: loop, else: done });
  f.at(done);
  f.line = undefined;
  f.emit({ op: "store", src: [twiceI], space: "global", addr: out, offset: 0, align: 4 });
  f.emit({ op: "ret", values: [] });
  module.functions.set("main", f.fn);
  return module;
}
