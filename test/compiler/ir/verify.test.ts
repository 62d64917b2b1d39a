import { describe, expect, test } from "vitest";
import { FnBuilder, newModule } from "../../../src/compiler/ir/builder.ts";
import type { Fn, Module } from "../../../src/compiler/ir/module.ts";
import { assertValid, verifyModule } from "../../../src/compiler/ir/verify.ts";
import { EmulatorBug } from "../../../src/kernel/errors.ts";
import { sampleModule } from "./samples.ts";

/** One change of the valid sample and the problem that it must be called. */
const broken: readonly (readonly [string, (module: Module, main: Fn) => void, string])[] = [
  ["a value defined twice", (_, main) => main.blocks[0]!.instrs.splice(0, 0, { op: "const", dst: 1, value: 0 }), "defines %1 a second time"],
  ["a use before its definition", (_, main) => main.blocks[0]!.instrs.reverse(), "a terminator stands before the end"],
  ["no terminator", (_, main) => main.blocks[2]!.instrs.pop(), "does not end in a terminator"],
  ["an empty block", (_, main) => main.blocks[2]!.instrs.splice(0), "does not end in a terminator"],
  ["two blocks with one label", (_, main) => main.blocks.push({ label: "entry", instrs: [{ op: "ret", values: [] }] }), "another block has the same label"],
  ["a branch to the entry", (_, main) => main.blocks[2]!.instrs.splice(-1, 1, { op: "br", target: 0 }), "goes to the entry block"],
  ["a branch to nowhere", (_, main) => main.blocks[2]!.instrs.splice(-1, 1, { op: "br", target: 9 }), "goes to block 9, but the function has 3"],
  ["a value out of range", (_, main) => main.blocks[2]!.instrs.splice(0, 0, { op: "nanosleep", ns: 99 }), "reads %99, but the function has"],
  ["a value that nothing defines", (_, main) => { main.types.push("i32"); main.blocks[2]!.instrs.splice(0, 0, { op: "nanosleep", ns: main.types.length - 1 }); }, "which nothing defines"],
  ["a late phi", (_, main) => { main.types.push("i32"); main.blocks[1]!.instrs.splice(2, 0, { op: "phi", dst: main.types.length - 1, from: [[0, 1], [1, 1]] }); }, "a phi stands behind other instructions"],
  ["a phi without an entry", (_, main) => { main.types.push("i32"); main.blocks[1]!.instrs.unshift({ op: "phi", dst: main.types.length - 1, from: [[0, 2]] }); }, 'has no entry for its predecessor "loop.1"'],
  ["a phi with too many entries", (_, main) => { main.types.push("i32"); main.blocks[2]!.instrs.unshift({ op: "phi", dst: main.types.length - 1, from: [[1, 2], [0, 2]] }); }, "has an entry for block 0, which does not lead here"],
  ["a use that is not dominated", (_, main) => {
    main.types.push("i32");
    const dst = main.types.length - 1;
    main.blocks.push({ label: "island", instrs: [{ op: "const", dst, value: 0 }, { op: "br", target: 2 }] });
    main.blocks[2]!.instrs.unshift({ op: "nanosleep", ns: dst });
  }, `where it may not be defined yet`],
  ["an i64 operand for i32", (_, main) => main.blocks[2]!.instrs.unshift({ op: "nanosleep", ns: 0 }), "operand %0 is i64, not i32"],
  ["an unknown callee", (module) => module.functions.delete("twice"), 'calls the unknown function "twice"'],
  ["a call with too many arguments", (module) => { module.functions.set("twice", { ...module.functions.get("twice")!, params: [] }); }, "has 1 arguments, not 0"],
  ["a wrong key", (module) => module.functions.set("other", module.functions.get("twice")!), "filed under another name"],
  ["an alignment", (module) => module.shared.set("tile", { name: "tile", size: 4, align: 3 }), "alignment 3 is no power of two"],
  ["too many initial bytes", (module) => module.globals.set("counter", { ...module.globals.get("counter")!, init: new Uint8Array(9) }), "has 9 initial bytes, but its size is 8"],
  ["an unknown reference", (module) => module.globals.delete("counter"), 'refers to the unknown symbol "counter"'],
  ["overlapping references", (module) => module.globals.set("table", { ...module.globals.get("table")!, relocs: [8, 12].map((offset) => ({ offset, size: 8 as const, symbol: "counter", addend: 0n, generic: false })) }), "overlap"],
  ["overlapping parameters", (module, main) => { module.functions.set("main", { ...main, kernelParams: [main.kernelParams[0]!, { ...main.kernelParams[1]!, offset: 4 }] }); }, "overlaps the parameter before it"],
  ["a parameter past the block", (module, main) => { module.functions.set("main", { ...main, paramBytes: 8 }); }, "past the 8 parameter bytes"],
  ["a store to const", (_, main) => main.blocks[2]!.instrs.unshift({ op: "store", src: [1], space: "const", addr: 0, offset: 0, align: 4 }), "writes to space const"],
  ["a rounding where none belongs", (_, main) => { main.types.push("f32", "f32"); const n = main.types.length; main.blocks[2]!.instrs.unshift({ op: "const", dst: n - 2, value: 0 }, { op: "fabs", dst: n - 1, a: n - 2, round: "rz" }); }, "may not carry a rounding"],
];

describe("the verifier", () => {
  test("accepts the sample", () => {
    expect(verifyModule(sampleModule())).toEqual([]);
    expect(() => assertValid(sampleModule())).not.toThrow();
  });

  test.each(broken)("finds %s", (_, change, problem) => {
    const module = sampleModule();
    change(module, module.functions.get("main")!);
    expect(verifyModule(module).join("\n")).toContain(problem);
    expect(() => assertValid(module)).toThrow(EmulatorBug);
  });

  test("names function, block, instruction and line", () => {
    const module = sampleModule();
    const main = module.functions.get("main")!;
    main.blocks[1]!.instrs.splice(1, 0, { op: "nanosleep", ns: 0, line: 7 });
    expect(verifyModule(module)).toEqual(['function "main", block "loop.1", instruction 1 (nanosleep, line 7): operand %0 is i64, not i32']);
  });

  test("lets unreachable code use anything", () => {
    const f = new FnBuilder("f", { kind: "func" });
    f.emit({ op: "ret", values: [] });
    const dead = f.block("dead");
    f.at(dead);
    const value = f.value("i32");
    f.emit({ op: "nanosleep", ns: value });
    f.emit({ op: "const", dst: value, value: 1 });
    f.emit({ op: "br", target: dead });
    const module = newModule("m");
    module.functions.set("f", f.fn);
    expect(verifyModule(module)).toEqual([]);
  });
});
