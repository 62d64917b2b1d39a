import { expect, test } from "vitest";
import { CompileError } from "../../../src/compiler/abi.ts";
import { parsePtx, ptxHeader, ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { fixture, HEAD } from "./bench.ts";

function refusal(text: string): CompileError {
  try {
    ptxToIr(text);
  } catch (error) {
    if (error instanceof CompileError) return error;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

/** An instruction in line 6 of a kernel with registers of each kind. */
const kernel = (line: string, before = ""): string => `${HEAD}${before.replaceAll("\n", " ")}
.visible .entry k(.param .u64 p) { .reg .b16 %h<4>; .reg .b32 %r<4>; .reg .b64 %rd<4>; .reg .f32 %f<4>; .reg .f64 %d<4>; .reg .pred %p<4>;
${line}
ret; }`;

const refusals: [text: string, kind: CompileError["kind"], line: number, message: string][] = [
  // Header.
  ["", "syntax", 1, "a PTX module begins with .version"],
  [".target sm_90", "syntax", 1, ".version"],
  [".version 9.1\n.target sm_90", "target", 1, "unsupported PTX version 9.1"],
  [".version 10.0\n.target sm_90", "target", 1, "unsupported PTX version 10.0"],
  [".version 8\n.target sm_90", "syntax", 1, "version such as 8.0"],
  [".version 8.0\n.entry", "syntax", 2, "expected .target"],
  [".version 8.0\n.target compute_90\n", "target", 3, "names no architecture"],
  [".version 8.0\n.target sm_90\n.address_size 16\n", "syntax", 4, "32 or 64"],
  // Lexical and structural errors.
  [`${HEAD}.entry k() { ret; `, "syntax", 4, "'}' is missing"],
  [`${HEAD}.entry k() { ret }`, "syntax", 4, "expected ';' after 'ret', found '}'"],
  [`${HEAD}/* never closed`, "syntax", 4, "comment without end"],
  [`${HEAD}.file 1 "never closed`, "syntax", 4, "string without end"],
  [`${HEAD}.frob x;`, "syntax", 4, "unknown directive .frob"],
  [`${HEAD}entry k() {}`, "syntax", 4, "expected a directive, found 'entry'"],
  [`${HEAD}.global .u32;`, "syntax", 4, "a variable's name"],
  [`${HEAD}.global x;`, "syntax", 4, "expected a type"],
  [`${HEAD}.global .u32 x[-1];`, "syntax", 4, "array dimension"],
  [`${HEAD}.global .u32 x[2] = {1,2,3};`, "syntax", 4, "more initial values"],
  [`${HEAD}.global .align 3 .u32 x;`, "syntax", 4, "power of two"],
  [`${HEAD}.shared .u32 x = 1;`, "syntax", 4, "cannot have an initialiser"],
  [`${HEAD}.global .pred x;`, "syntax", 4, "only registers can"],
  [`${HEAD}.global .u16 x = y;\n.global .u32 y;`, "type", 4, "does not fit in type .u16"],
  [`${HEAD}.global .u64 x = y;`, "link", 4, "'y' in its initialiser is not declared"],
  [`${HEAD}.global .u32 x;\n.global .u32 x;`, "link", 5, "defined twice"],
  [`${HEAD}.global .u32 x;\n.func x() { ret; }`, "link", 5, "has the name of a variable (line 4)"],
  [`${HEAD}.global .u32 x;\n.func f() { ret; }\n.alias x, f;`, "link", 6, "has the name of a variable"],
  [`${HEAD}.global .u32 __gg_heap;`, "link", 4, "reserved"],
  [`${HEAD}.func f() { ret; }\n.func f() { ret; }`, "link", 5, "defined twice (line 4)"],
  [`${HEAD}.version 8.0`, "syntax", 4, "must stand once"],
  [`${HEAD}.entry k(.reg .u32 x) { ret; }`, "syntax", 4, "a kernel's parameters are .param"],
  [`${HEAD}.entry k(.param .b8 x[40000]) { ret; }`, "unsupported", 4, "at most 32764"],
  [kernel("mov.u32 %r1, 99999999999999999999999;"), "syntax", 6, "64 bits"],
  [kernel("mov.u32 %r1, 0x;"), "syntax", 6, "without digits"],
  [kernel("mov.f32 %f1, 0f3F80;"), "syntax", 6, "exactly 8"],
  [kernel("mov.u32 %r1, 1/0;"), "syntax", 6, "division by zero"],
  [kernel("mov.u32 %r1, 5x;"), "syntax", 6, "number followed by 'x'"],
  [kernel(".reg .b32 a, a;"), "syntax", 6, "'a' is declared twice"],
  [kernel("L: L: ret;"), "syntax", 6, "'L' is declared twice"],
  // Names and operands.
  [kernel("bra NOWHERE;"), "syntax", 6, "no label 'NOWHERE'"],
  [kernel("{ INNER: ret; } bra INNER;"), "syntax", 6, "no label 'INNER'"],
  [kernel("add.u32 %r1, %r2, %r9;"), "type", 6, "'%r9' is neither"],
  [kernel("mov.u32 %r1, undeclared;"), "type", 6, "'undeclared' is not declared"],
  [kernel("ld.global.u32 %r1, [undeclared];"), "type", 6, "'undeclared' is not declared"],
  [kernel("add.u32 %r1, %r2;"), "syntax", 6, "takes 3 operands, 2 are given"],
  [kernel("add.u32 %r1, %r2, %rd1;"), "type", 6, "register %rd1 is of type .b64, the instruction wants .u32"],
  [kernel("add.s32 %f1, %r2, %r1;"), "type", 6, "register %f1 is of type .f32"],
  [kernel("add.f32 %f1, %f2, %d1;"), "type", 6, "%d1 is of type .f64"],
  [kernel("add.u32 5, %r2, %r1;"), "type", 6, "destination must be a register"],
  [kernel("add.u32 %r1, [%rd1], %r1;"), "type", 6, "register or a constant"],
  [kernel("add.u32 %r1, %r2, 0f3F800000;"), "type", 6, "floating-point constant"],
  [kernel("and.pred %p1, %p2, %r1;"), "type", 6, "no predicate"],
  [kernel("@%r1 ret;"), "syntax", 6, "'%r1' is no predicate register"],
  [kernel("ld.global.u32 %r1, %rd1;"), "type", 6, "address in brackets"],
  [kernel("ld.global.v2.u32 {%r1, %r2, %r3}, [%rd1];"), "type", 6, "2 components are wanted, 3 are given"],
  [kernel("ld.global.u64 %r1, [%rd1];"), "type", 6, "register %r1 is of type .b32"],
  [kernel("ld.global.u32 %r1, [%h1];"), "type", 6, "cannot hold an address"],
  [kernel("ld.param.u32 %r1, [p+6];"), "type", 6, "outside parameter 'p' of 8 bytes"],
  [kernel("st.param.u32 [p], %r1;"), "type", 6, "cannot be written"],
  [kernel("st.const.u32 [c], %r1;", ".const .u32 c;"), "type", 6, "constants cannot be written"],
  [kernel("setp.lt.b32 %p1, %r1, %r2;"), "type", 6, ".lt does not compare values of type .b32"],
  [kernel("setp.lo.s32 %p1, %r1, %r2;"), "type", 6, ".lo does not compare"],
  [kernel("lop3.b32 %r1, %r2, %r3, %r1, 300;"), "type", 6, "immLut"],
  [kernel("bar.sync 16;"), "type", 6, "barriers 0 to 15"],
  [kernel("cvt.s32.f32 %r1, %f1;"), "type", 6, "needs .rni"],
  [kernel("ld.global.f32 %d1, [%rd1];"), "type", 6, "%d1"],
  [kernel("ld.param.f32 %d1, [p];"), "type", 6, "%d1"],
  [kernel("ld.global.u16 %f1, [%rd1];"), "type", 6, "%f1"],
  [kernel("add.f32 %f1, %f2, 1;"), "type", 6, "an integer constant cannot be of type .f32: it needs a point, or 0f or 0d"],
  [kernel("add.u32 %r1, %r2, %tid.x;"), "type", 6, "%tid.x must be moved to a register first"],
  [kernel("ld.shared.u32 %r1, [g];", ".global .u32 g;"), "type", 6, "'g' is in .global, the instruction accesses .shared"],
  [kernel("div.f32 %f1, %f2, %f1;"), "type", 6, "a rounding modifier or .approx or .full is required"],
  [kernel("ld.relaxed.u32 %r1, [%rd1];"), "type", 6, ".relaxed requires a scope"],
  [kernel("bar.sync 0, 33;"), "type", 6, "a multiple of 32"],
  [kernel("add.rn.f32x2 %rd1, %rd2, %rd3;"), "type", 6, "requires .target sm_100 or higher, this is for sm_90"],
  // Calls.
  [kernel("call f;"), "type", 6, "function 'f' is not declared"],
  [kernel("call (%r1), f, (%r2);", ".func f(.param .b32 a) { ret; }"), "type", 6, "0 results are given, 1 are taken"],
  [kernel("call f, (%r1, %r2);", ".func f(.param .b32 a) { ret; }"), "type", 6, "1 arguments are wanted, 2 are given"],
  [kernel("call f, (%rd1);", ".func f(.param .b32 a) { ret; }"), "type", 6, "4 bytes"],
  [kernel("call %rd1, (%r1);"), "type", 6, "needs a .callprototype"],
  [kernel("call k, (%rd1);"), "type", 6, "is a kernel"],
  [`${HEAD}.func a(); .alias a, b; .func b(); .alias b, a; .entry k() { call a; ret; }`, "link", 4, "stands for itself"],
  // Instructions.
  [kernel("frobnicate.u32 %r1, %r2;"), "syntax", 6, "unknown instruction 'frobnicate.u32'"],
  [kernel("add.frob.u32 %r1, %r2, %r3;"), "type", 6, "'add' has no modifier .frob"],
  [kernel("add.sat.u64 %rd1, %rd2, %rd3;"), "type", 6, "no form of 'add' takes .u64"],
  [kernel("tcgen05.alloc.cta_group::1.sync.aligned.b32 [%r1], 32;"), "unsupported", 6, "is not supported"],
  [kernel("vset2.s32.s32 %r1, %r2, %r3, %r4;"), "type", 6, "no form of 'vset2'"],
  [kernel("add.u32 %r1, %r2, __gg_sin_f32; sin.approx.f32 %f1, %f2;", ".func __gg_sin_f32() { ret; }"), "link", 4, "reserved"],
];

test.each(refusals.map(([text, kind, line, message], i) => [i, message, text, kind, line] as const))("%i: %s", (_i, message, text, kind, line) => {
  const error = refusal(text);
  expect(error.message).toContain(message);
  expect([error.kind, error.line]).toEqual([kind, line]);
});

test("syntax errors carry a column", () => {
  expect(refusal(`${HEAD}.entry k() { ret + ; }`)).toMatchObject({ line: 4, column: 20 });
});

test("32-bit modules are refused as a target", () => {
  expect(refusal(".version 8.0\n.target sm_90\n.address_size 32\n.entry k() { ret; }")).toMatchObject({ kind: "target", line: 3 });
});

test("ptxHeader answers for versions that are refused, and refuses what is no PTX", () => {
  expect(ptxHeader(".version 12.3\n.target sm_90").version).toEqual({ major: 12, minor: 3 });
  expect(() => ptxHeader("\x7fELF")).toThrow(CompileError);
});

test("maxVersion can be set", () => {
  expect(() => parsePtx(".version 8.1\n.target sm_90", { maxVersion: { major: 8, minor: 0 } })).toThrow(/unsupported PTX version 8.1/);
  expect(parsePtx(".version 9.3\n.target sm_90", { maxVersion: { major: 9, minor: 3 } }).version.minor).toBe(3);
});

test("what is not executed is named with its line", () => {
  expect(refusal(fixture("sm_90", "09_coop"))).toMatchObject({ kind: "unsupported", line: 240 });
  expect(refusal(kernel("tex.2dms.v4.f32.s32 {%f1, %f2, %f3, %f1}, [%rd1, {%f1, %f2, %f3, %f1}];")).message).toContain("tex.2dms.v4.f32.s32");
  expect(refusal(kernel("ld.global.u32 %r1, [t];", ".global .texref t;")).message).toContain(".texref");
});
