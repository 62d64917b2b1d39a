import { describe, expect, test } from "vitest";
import { Instruction, type PtxModule } from "../../../src/compiler/ptx/ast.ts";
import { parsePtx, ptxHeader } from "../../../src/compiler/ptx/index.ts";
import { fixture, HEAD, lowered } from "./bench.ts";

const body = (text: string): PtxModule => parsePtx(`${HEAD}.visible .entry k(.param .u64 p) { .reg .b32 %r<10>; .reg .pred %p<4>; .reg .b64 %rd<4>; .reg .f32 %f<4>;\n${text}\nret; }`);
const first = (text: string): Instruction => body(text).functions[0]!.body!.find((s): s is Instruction => s instanceof Instruction)!;

describe("header", () => {
  test("version, targets, address size", () => {
    expect(ptxHeader("// c\n.version 7.8\n.target sm_86, debug\n.address_size 64\nnonsense")).toEqual({ version: { major: 7, minor: 8 }, target: ["sm_86", "debug"], addressSize: 64 });
    expect(ptxHeader(".version 9.9 .target sm_100a").addressSize).toBe(64);
    expect(ptxHeader(fixture("sm_90", "01_vecadd"))).toEqual({ version: { major: 9, minor: 0 }, target: ["sm_90"], addressSize: 64 });
  });
  test("blanks, comments and line ends of every kind", () => {
    expect(ptxHeader("\r\n\t/* a\n b */ .version /**/ 8.0 // x\r\n.target\tsm_75").version).toEqual({ major: 8, minor: 0 });
    expect(parsePtx(`${HEAD}\0 what follows a NUL is not read`).functions).toEqual([]);
    expect(parsePtx(`@@DWARF .section\n${HEAD}`).target).toEqual(["sm_90"]);
  });
});

describe("literals and constant expressions", () => {
  const value = (text: string): unknown => {
    const op = first(`mov.u32 %r1, ${text};`).ops[1]!;
    return op.kind === "int" ? op.value : op.kind === "f32" ? op.bits : op.kind === "f64" ? op.bits : op.kind;
  };
  test.each([
    ["42", 42], ["0x1F", 31], ["0X1fU", 31], ["017", 15], ["0b101", 5], ["0B101U", 5], ["0", 0], ["00", 0], ["7U", 7], ["-1", -1], ["+3", 3], ["~0", -1], ["!5", 0], ["!0", 1],
    ["1+2*3", 7], ["(1+2)*3", 9], ["10-4-3", 3], ["7/2", 3], ["-7/2", -3], ["-7%3", -1], ["1<<4", 16], ["256>>4", 16], ["-1>>60", -1], ["0xFFFFFFFFFFFFFFFF", 18446744073709551615n],
    ["1<2", 1], ["2<=1", 0], ["3>2", 1], ["3>=4", 0], ["1==1", 1], ["1!=1", 0], ["6&3", 2], ["6^3", 5], ["6|3", 7], ["1&&0", 0], ["1||0", 1], ["1?2:3", 2], ["0?2:0?4:5", 5],
    ["(.s64)0xFFFFFFFFFFFFFFFF", -1], ["(.u64)-1", 18446744073709551615n], ["WARP_SZ", 32], ["WARP_SZ*2", 64], ["9007199254740993", 9007199254740993n],
    ["0f3F800000", 0x3f800000], ["0F7fc00000", 0x7fc00000], ["0d3FF0000000000000", 0x3ff0000000000000n], ["1.5", 0x3ff8000000000000n], ["1e3", 0x408f400000000000n], ["2.5E-1", 0x3fd0000000000000n],
    ["-0f3F800000", 0xbf800000], ["-1.5", 0xbff8000000000000n], ["1.0+0.5", 0x3ff8000000000000n], ["3.0/2.0", 0x3ff8000000000000n], ["1.5<2.0", 1],
  ])("%s", (text, expected) => {
    expect(value(text)).toEqual(expected);
  });
});

describe("operands", () => {
  test.each([
    ["add.s32 %r1, %r2, -5;", ["reg", "reg", "int"]],
    ["ld.global.u32 %r1, [%rd1+4];", ["reg", "mem"]],
    ["ld.global.u32 %r1, [%rd1+-4];", ["reg", "mem"]],
    ["ld.global.u32 %r1, [%rd1 - 4];", ["reg", "mem"]],
    ["ld.param.u64 %rd1, [p];", ["reg", "mem"]],
    ["ld.global.u32 %r1, [0x1000];", ["reg", "mem"]],
    ["ld.global.v2.u32 {%r1, _}, [%rd1];", ["vec", "mem"]],
    ["setp.lt.and.s32 %p1|%p2, %r1, %r2, !%p3;", ["pair", "reg", "reg", "not"]],
    ["shfl.sync.idx.b32 %r1|%p1, %r2, 0, 31, -1;", ["pair", "reg", "int", "int", "int"]],
    ["match.all.sync.b32 _|%p1, %r2, -1;", ["pair", "reg", "int"]],
    ["mov.u32 %r1, %tid.x;", ["reg", "sreg"]],
    ["mov.u32 %r1, %clock;", ["reg", "sreg"]],
    ["bra.uni somewhere;", ["sym"]],
    ["tex.2d.v4.f32.f32 {%f1, %f1, %f1, %f1}, [%rd1, {%f1, %f2}];", ["vec", "texture"]],
    ["tex.2d.v4.f32.f32 {%f1, %f1, %f1, %f1}, [t, s, {%f1, %f2}];", ["vec", "texture"]],
    ["call (p), f, (p, p), proto;", ["list", "sym", "list", "sym"]],
    ["call f;", ["list", "sym", "list"]],
    ["ret;", []],
  ])("%s", (text, kinds) => {
    expect(first(text).ops.map((op) => op.kind)).toEqual(kinds);
  });

  test("offsets and guards", () => {
    const load = first("@!%p1 ld.global.u32 %r1, [%rd1+4*(2+1)];");
    expect([load.guard?.name, load.negate, load.line]).toEqual(["%p1", true, 5]);
    expect(load.ops[1]).toMatchObject({ kind: "mem", offset: 12 });
  });

  test("mnemonics: modifiers, types, double colons, blanks", () => {
    expect(first("ld.global .v4\n.f32 {%f1, %f1, %f1, %f1}, [%rd1];").m).toMatchObject({ op: "ld", mods: ["global", "v4"], text: "ld.global.v4.f32" });
    expect(first("st.shared::cta.b32 [%r1], %r2;").m.mods).toEqual(["shared::cta"]);
    expect(first("ld.global.L1::no_allocate.L2::256B.u32 %r1, [%rd1];").m.mods).toEqual(["global", "L1::no_allocate", "L2::256B"]);
    expect(first("cvt.rn.f16.f32 %r1, %f1;").m.types.map((t) => t.name)).toEqual(["f16", "f32"]);
  });

  test("register families, single names, several in one line, shadowing", () => {
    const f = parsePtx(`${HEAD}.func f() { .reg .b32 a, %x<3>, b; .reg .b32 %x1<2>; mov.b32 a, %x2; { .reg .b32 a; mov.b32 a, %x10; } mov.b32 a, b; ret; }`).functions[0]!;
    const names = f.body!.flatMap((s) => (s instanceof Instruction ? [s.ops.map((op) => (op.kind === "reg" ? `${op.name}#${op.index}` : "?")).join()] : []));
    expect(names[0]).toBe(names[2]!.replace("b#1", "%x2#2"));
    expect(names[1]).toMatch(/^a#3,%x10#4$/);
  });
});

describe("declarations", () => {
  const module = (text: string): PtxModule => parsePtx(HEAD + text);
  test.each([
    [".global .u32 a;", { name: "a", size: 4, align: 4, dims: [] }],
    [".global .align 16 .b8 b[10];", { size: 10, align: 16, dims: [10] }],
    [".global .f64 c[2][3];", { size: 48, align: 8, dims: [2, 3] }],
    [".global .s16 d[] = {1, 2, 3};", { size: 6, dims: [3] }],
    [".const .v4 .f32 e[2];", { size: 32, align: 16, space: "const" }],
    [".const[3] .b32 f;", { space: "const" }],
    [".shared .align 4 .b8 g[8];", { space: "shared" }],
    [".extern .shared .align 16 .b8 h[];", { size: 0, dims: [0], linkage: "extern" }],
    [".visible .global .align 4 .u32 i = 1+2;", { linkage: "visible" }],
    [".weak .const .u32 j;", { linkage: "weak" }],
    [".common .global .u32 k[4];", { linkage: "common" }],
    [".global .texref t;", { size: 8 }],
    [".global .samplerref s = { addr_mode_0 = clamp_to_edge, filter_mode = linear };", { size: 8 }],
    [".tex .u64 legacy;", { space: "global" }],
    [".global .u32 x[(2+2)*2];", { size: 32 }],
    [".global .u32 y[3] = {1, 2, };", { size: 12 }],
    [".global .u8 z[1] = {7};", { size: 1 }],
  ])("%s", (text, expected) => {
    expect(module(text).variables[0]).toMatchObject(expected);
  });

  test.each([
    ".visible .entry k() { ret; }", ".entry k { ret; }", ".func f;", ".func (.param .b32 r) f (.param .b32 a, .param .align 8 .b8 s[16]);", ".weak .func (.reg .f32 r) f (.reg .f32 a, .reg .pred q) { ret; }",
    ".visible .entry k(.param .u64 .ptr .global .align 16 p, .param .b8 c) .maxntid 128, 1, 1 .minnctapersm 2 .maxnreg 32 { ret; }",
    ".entry k() .reqntid 32 .reqnctapercluster 2, 1, 1 .explicitcluster { ret; }", ".func f() .noreturn { trap; }", ".func .attribute(.unified(1, 2)) f() { ret; }",
    '.file 1 "a.cu"\n.file 2 "b.cu", 1234, 99\n.entry k() { .loc 1 2 3\n.loc 2 4 5, function_name $L__info_string0, inlined_at 1 9 3\nret; }',
    ".section .debug_info { .b8 1, 2 .b32 .debug_line $L__x: .b64 foo }", '.pragma "nounroll";\n.entry k() { .pragma "nounroll"; ret; }', ".func a() { ret; } .func b(); .alias b, a;",
    ".entry k() { { { .reg .pred p; } } { } ret; }", ".entry k() { .param .b32 x<3>; st.param.b32 [x1], 5; ret; }", ".extern .func vprintf(.param .b64 a);", ".entry k() {;; ret;; };",
    ".entry k() .language \"c\" { ret; }", ".func f(.param .b32 _) { ret; }",
  ])("accepts %s", (text) => {
    expect(() => lowered(HEAD + text)).not.toThrow();
  });

  test("lines and files are kept", () => {
    const m = module('.file 1 "a.cu"\n.entry k() {\n.loc 1 7 3\nret;\n}');
    expect(m.files.get(1)).toBe("a.cu");
    expect(m.functions[0]!.body).toMatchObject([{ kind: "loc", file: 1, line: 7 }, { kind: "instruction", line: 7 }]);
    expect(m.functions[0]!.line).toBe(5);
  });
});
