import { expect, test } from "vitest";
import { CompileError } from "../../../src/compiler/abi.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { packParams } from "../wasm/harness.ts";
import { HEAD, PtxBench } from "./bench.ts";

/** Variables of functions in .global and .const: there once, with a name that only the function sees. */

const regs = ".reg .b32 %r<20>; .reg .b64 %rd<20>; .reg .pred %p<4>;";
const entry = (name: string, body: string): string => `.visible .entry ${name}(.param .u64 pout) { ${regs} ld.param.u64 %rd1, [pout]; ${body} ret; }\n`;

test("keep what they hold from one launch to the next, each function its own", () => {
  const count = (name: string, first: number): string => entry(name, `.global .u32 count = ${first}; atom.global.add.u32 %r1, [count], 1; st.global.u32 [%rd1], %r1;`);
  const bench = new PtxBench(`${HEAD}.visible .global .u32 count = 100;\n${count("a", 0)}${count("b", 50)}${entry("c", "ld.global.u32 %r1, [count]; st.global.u32 [%rd1], %r1;")}`);
  const out = bench.machine.map(64);
  const run = (kernel: string): number => {
    bench.launch(kernel, packParams(out), {});
    return bench.machine.u32(out, 1)[0]!;
  };
  expect(["a", "a", "b", "a", "b", "c"].map(run)).toEqual([0, 1, 50, 2, 51, 100]);
});

test("are one for all calls of a function, and one for each block that declares the name", () => {
  const bench = new PtxBench(`${HEAD}.func (.reg .b32 %next) tick() { .global .u32 n = 7; ld.global.u32 %next, [n]; .reg .b32 %m; add.u32 %m, %next, 1; st.global.u32 [n], %m; ret; }\n${entry("k", `
    call (%r1), tick; call (%r2), tick; st.global.u32 [%rd1], %r1; st.global.u32 [%rd1+4], %r2;
    { .const .u32 x[2] = {3, 4}; ld.const.u32 %r3, [x+4]; } { .const .u32 x = 5; ld.const.u32 %r4, [x]; } st.global.u32 [%rd1+8], %r3; st.global.u32 [%rd1+12], %r4;`)}`);
  const out = bench.machine.map(64);
  bench.launch("k", packParams(out), {});
  expect([...bench.machine.u32(out, 4)]).toEqual([7, 8, 4, 5]);
});

test("begin with addresses of one another, and of the module's", () => {
  const bench = new PtxBench(`${HEAD}.global .u32 outer = 11;\n.global .u32 shadowed = 12;\n${entry("k", `
    .global .u32 shadowed = 13; .global .u64 mine = generic(shadowed); .const .u64 theirs = outer;
    ld.global.u64 %rd2, [mine]; ld.u32 %r1, [%rd2]; ld.const.u64 %rd3, [theirs]; ld.global.u32 %r2, [%rd3]; st.global.u32 [%rd1], %r1; st.global.u32 [%rd1+4], %r2;`)}`);
  const out = bench.machine.map(64);
  bench.launch("k", packParams(out), {});
  expect([...bench.machine.u32(out, 2)]).toEqual([13, 11]);
});

test("have names that nobody finds by the plain one", () => {
  const module = ptxToIr(`${HEAD}${entry("k", ".global .u32 hidden; .global .u32 other<2>; st.global.u32 [hidden], 1; st.global.u32 [other1], 1;")}`, "test");
  expect([...module.globals.values()].map(({ name, linkage, size }) => [name, linkage, size])).toEqual([["k.hidden.1", "local", 4], ["k.other0.2", "local", 4], ["k.other1.3", "local", 4]]);
});

test.each([
  [".visible .global .u32 x;", "unexpected .visible"],
  [".global .texref t;", "outside of functions"],
  [".shared .u32 s; .global .u64 p = s;", "no variable in .global or .const"],
  [".global .u64 p = %rd1;", "no variable in .global or .const"],
  [".global .u64 p = nobody;", "'nobody' in its initialiser is not declared"],
  [".global .u32 x<2> = 1;", "no initial values"],
  [".const .u32 c = 1; st.const.u32 [c], 1;", "const"],
])("%s is an error", (text, part) => {
  const load = (): unknown => ptxToIr(`${HEAD}${entry("k", text)}`, "test");
  expect(load).toThrow(CompileError);
  expect(load).toThrow(part);
});
