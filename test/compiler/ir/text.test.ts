import { describe, expect, test } from "vitest";
import { CompileError } from "../../../src/compiler/abi.ts";
import { FnBuilder, newModule } from "../../../src/compiler/ir/builder.ts";
import type { Instr } from "../../../src/compiler/ir/ops.ts";
import { parseModule } from "../../../src/compiler/ir/parse.ts";
import { printModule } from "../../../src/compiler/ir/print.ts";
import { sampleModule } from "./samples.ts";

describe("the text form", () => {
  test("of the sample", () => {
    expect(printModule(sampleModule())).toMatchInlineSnapshot(`
      "module "sample" source="sample.cl"
      global "table" space=const size=32 align=8 linkage=local managed=false init="0102ff" relocs=((8 8 "counter" 4n true) (16 8 "twice" 0n true))
      global "counter" space=global size=8 align=4 linkage=visible managed=true init=_ relocs=()
      shared "tile" size=256 align=16

      func "twice" params=(i32) results=(i32) bytes=0 linkage=local inline=true {
      ^entry:
        %1:i32 = add %0 %0
        ret (%1)
      }

      kernel "main" params=() results=() bytes=16 linkage=visible {
        param "out" offset=0 size=8 align=8 kind=global type=_ info=("int*" "none" "restrict" "const")
        param "n" offset=8 size=4 align=4 kind=scalar type=i32 info=_
        attributes reqd=_ hint=_ threads=_ blocks=_ vec=_ registers=32
        local "tmp" size=12 align=4
      ^entry:
        %0:i64 = param 0 !3
        %1:i32 = param 8 !3
        %2:i32 = const 0 !3
        %3:i32 = const 1 !3
        br ^loop.1 !3
      ^loop.1:
        %4:i32 = phi (^entry %2, ^loop.1 %6)
        %5:i32 = call "twice" (%4) !4
        %6:i32 = add %4 %3 !4
        %7:i1 = icmp lt.s %6 %1 !4
        condbr %7 ^loop.1 ^done.2 !4
      ^done.2:
        store (%5) global %0 0 4
        ret ()
      }
      "
    `);
  });

  test("reads back to an equal module", () => {
    const module = sampleModule();
    expect(parseModule(printModule(module))).toEqual(module);
  });

  test("keeps every field of every operation, odd names and odd numbers", () => {
    const f = new FnBuilder("odd \"name\"\n", { kind: "func", params: ["i64", "i32", "f32", "i1", "f64"], results: [], linkage: "weak" });
    const def = (types: readonly ("i32" | "i64" | "f32" | "f64" | "i1")[]): number[] => types.map((type) => f.value(type));
    const one = (type: "i32" | "i64" | "f32" | "f64" | "i1"): number => f.value(type);
    f.value("i16"); // in the table, never defined
    f.line = 12;
    const emit = (...instrs: Instr[]): void => instrs.forEach((instr) => f.emit(instr));
    emit(
      { op: "const", dst: one("f32"), value: -0 }, { op: "const", dst: one("f64"), value: NaN }, { op: "const", dst: one("f64"), value: -Infinity },
      { op: "const", dst: one("f32"), value: 2 ** -149 }, { op: "const", dst: one("i64"), value: -(2n ** 63n) }, { op: "constbits", dst: one("f32"), bits: 0x7fa00001n },
      { op: "fadd", dst: one("f32"), a: 2, b: 2, round: "rm" }, { op: "fptosi", dst: one("i32"), a: 2, round: "rp" }, { op: "fptosi", dst: one("i32"), a: 2 },
      { op: "icmp", pred: "lt.s", dst: one("i1"), a: 1, b: 1 }, { op: "fcmp", pred: "uno", dst: one("i1"), a: 2, b: 2 },
      { op: "globaladdr", dst: one("i64"), symbol: "a b", offset: -8n }, { op: "globaladdr", dst: one("i64"), symbol: "é\u2028" },
      { op: "load", dst: def(["i32", "i32", "i32"]), space: "generic", addr: 0, offset: -16, align: 4, volatile: false, order: "acquire", scope: "system" },
      { op: "store", src: [1, 1], space: "local", addr: 0, offset: 4, align: 8, volatile: true },
      { op: "atomic", dst: one("i32"), rmw: "dec", space: "global", addr: 0, offset: 0, value: 1, order: "acq_rel", scope: "device" },
      { op: "cmpxchg", dst: one("i64"), space: "shared", addr: 0, offset: 0, expected: 0, value: 0, order: "seq_cst", scope: "workgroup" },
      { op: "fence", order: "seq_cst", scope: "system" },
      { op: "call", dst: [], callee: "nothing", args: [] },
      { op: "calli", dst: def(["i32", "f64"]), target: 0, args: [1, 2], params: ["i32", "f32"], results: ["i32", "f64"] },
      { op: "barrier", kind: "sync", id: null, count: null }, { op: "barrier", kind: "arrive", id: 1, count: 1 }, { op: "barred", dst: one("i32"), red: "popc", id: null, count: 1, a: 3 },
      { op: "warpsync", mask: null }, { op: "shfl", dst: one("i32"), ok: -1, mode: "bfly", a: 1, b: 1, c: 1, mask: 1 }, { op: "shfl", dst: one("i32"), ok: one("i1"), mode: "up", a: 1, b: 1, c: 1, mask: null },
      { op: "match", dst: one("i32"), ok: one("i1"), mode: "all", a: 0, mask: 1 }, { op: "match", dst: one("i32"), ok: -1, mode: "any", a: 0, mask: null },
      { op: "printf", dst: one("i32"), format: 'a\t"%d"\u0000\n', formatAddr: null, argsAddr: null, args: [1, 4] }, { op: "printf", dst: one("i32"), format: null, formatAddr: 0, argsAddr: 0, args: [] },
      { op: "assertfail", message: 0, file: 0, lineNo: 1, func: 0 },
      { op: "switch", a: 0, cases: [[-1n, 1], [5n, 2], [6n, 1]], default: 2 },
    );
    f.fn.blocks.push({ label: "strange label: \"x\"", instrs: [{ op: "trap" }] }, { label: "%2", instrs: [{ op: "unreachable", line: 1 }] });
    const module = newModule("m", null);
    module.shared.set("s", { name: "s", size: 4, align: 4 });
    module.shared.set("t", { name: "t", size: 8, align: 8, linkage: "weak" });
    module.functions.set(f.fn.name, f.fn);
    expect(parseModule(printModule(module))).toEqual(module);
    expect(printModule(parseModule(printModule(module)))).toBe(printModule(module));
  });

  test.each([
    ['modul "x"', 'line 1: expected "module"'],
    ['module "x" source=_\nkernel "k" params=() results=() bytes=0 linkage=visible {\n^entry:\n  frobnicate %1\n}', "line 4: no operation is called frobnicate"],
    ['module "x" source=_\nfunc "f" params=() results=() bytes=0 linkage=visible {\n^entry:\n  br ^nowhere\n}', "no block is called ^nowhere"],
    ['module "x" source=_\nfunc "f" params=() results=() bytes=0 linkage=visible {\n^entry:\n  %0:i32 = icmp below %0 %0\n}', "expected one of eq, ne"],
    ['module "x" source=_\nfunc "f" params=() results=() bytes=0 linkage=visible {\n^entry:\n  %1:i32 = const 0\n}', '%0 of "f" has no type'],
    ['module "x" source=_\nfunc "f" params=() results=() bytes=0 linkage=visible {', "unexpected end of text"],
    ['module "x" source=_\nfunc "f" params=(i33)', "expected one of i1"],
  ])("refuses %j", (text, message) => {
    expect(() => parseModule(text)).toThrow(CompileError);
    expect(() => parseModule(text)).toThrow(message);
  });
});
