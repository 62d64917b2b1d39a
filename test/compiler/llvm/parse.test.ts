import { describe, expect, test } from "vitest";
import { CompileError } from "../../../src/compiler/abi.ts";
import { Lexer } from "../../../src/compiler/llvm/lexer.ts";
import { alignOf, allocSize, storeSize, structLayout } from "../../../src/compiler/llvm/layout.ts";
import { parseBody } from "../../../src/compiler/llvm/parse-body.ts";
import { parseConst } from "../../../src/compiler/llvm/parse-const.ts";
import { parseType, type NamedTypes } from "../../../src/compiler/llvm/parse-type.ts";
import { parseModule } from "../../../src/compiler/llvm/parse.ts";
import { showType, type LType } from "../../../src/compiler/llvm/types.ts";

const none: NamedTypes = { named: () => null };
const type = (text: string): LType => parseType(new Lexer(text), none);

describe("types", () => {
  test.each([
    "void", "i1", "i24", "i128", "half", "float", "double", "ptr", "ptr addrspace(3)", "<4 x float>", "[16 x [16 x i8]]", "{ i32, <2 x i64> }", "<{ i8, i32 }>", "i32 (ptr addrspace(2), ...)",
  ])("%s", (text) => {
    expect(showType(type(text))).toBe(text);
  });

  test.each([["%missing", "unknown type"], ["[4 y i8]", "'x'"], ["x86_fp80", "a type"]])("%s is refused", (text, message) => {
    expect(() => type(text)).toThrow(message);
  });

  test.each([
    ["i1", 1, 1, 1], ["i24", 3, 4, 4], ["i64", 8, 8, 8], ["i128", 16, 8, 16], ["<3 x float>", 12, 16, 16], ["<2 x i8>", 2, 2, 2], ["[3 x i16]", 6, 2, 6],
    ["{ i8, i32, i8 }", 12, 4, 12], ["<{ i8, i32 }>", 5, 1, 5], ["{ float, <4 x i32>, [3 x i8], { double } }", 48, 16, 48], ["ptr addrspace(1)", 8, 8, 8],
  ])("layout of %s: stores %i bytes, aligned %i, every %i", (text, store, align, alloc) => {
    expect([storeSize(type(text)), alignOf(type(text)), allocSize(type(text))]).toEqual([store, align, alloc]);
  });

  test("offsets of fields", () => {
    expect(structLayout(type("{ i8, i64, i16, <4 x float> }") as LType & { k: "struct" }).offsets).toEqual([0, 8, 16, 32]);
  });
});

describe("constants", () => {
  const bits = (text: string, of: string): bigint => {
    const c = parseConst(new Lexer(text), none, type(of));
    if (c.k !== "float" && c.k !== "int") throw new Error(c.k);
    return c.k === "float" ? c.bits : c.value;
  };
  test.each<[string, string, bigint]>([
    ["i32", "-1", 0xffffffffn], ["i8", "200", 200n], ["i1", "true", 1n], ["i64", "-9223372036854775808", 1n << 63n],
    ["float", "1.000000e+00", 0x3f800000n], ["float", "0x3F50624DE0000000", 0x3a83126fn], ["float", "0x7FF0000000000000", 0x7f800000n], ["float", "0x7FF8000020000000", 0x7fc00001n],
    ["float", "-0.000000e+00", 0x80000000n], ["double", "5.000000e-01", 0x3fe0000000000000n], ["double", "0xFFF0000000000000", 0xfff0000000000000n], ["half", "0xH3C00", 0x3c00n], ["bfloat", "0xR3F80", 0x3f80n],
  ])("%s %s", (of, text, want) => {
    expect(bits(text, of)).toBe(want);
  });

  test("aggregates, strings and expressions", () => {
    expect(parseConst(new Lexer('c"a\\00\\22b"'), none, type("[4 x i8]"))).toMatchObject({ k: "bytes", text: 'a\0"b' });
    expect(parseConst(new Lexer("splat (i32 7)"), none, type("<3 x i32>"))).toMatchObject({ k: "list", items: [{ value: 7n }, { value: 7n }, { value: 7n }] });
    expect(parseConst(new Lexer("{ i32 1, float undef }"), none, type("{ i32, float }"))).toMatchObject({ k: "list", items: [{ value: 1n }, { k: "zero" }] });
    expect(parseConst(new Lexer("getelementptr inbounds (i8, ptr addrspace(2) @x, i64 12)"), none, type("ptr addrspace(2)"))).toMatchObject({ k: "expr", op: "getelementptr", args: [{ k: "global", name: "x" }, { value: 12n }] });
    expect(parseConst(new Lexer("addrspacecast (ptr addrspace(3) @s to ptr addrspace(4))"), none, type("ptr addrspace(4)"))).toMatchObject({ k: "expr", op: "addrspacecast" });
  });
});

describe("instructions", () => {
  const body = (text: string): ReturnType<typeof parseBody> => parseBody(new Lexer(`${text}\n}`), none, 1);

  test("blocks without labels are numbered after the values", () => {
    const blocks = body(`
  %2 = add nuw nsw i32 %0, 1, !dbg !7
  br label %3

3:                                                ; preds = %1, %3
  %4 = phi i32 [ %2, %1 ], [ %5, %3 ]
  %5 = tail call fastcc noundef i32 @f(i32 noundef signext %4, ptr nonnull align 8 byval({ i32, i32 }) %0) #3, !dbg !9, !srcloc !2
  ret void
"quoted name":
  store atomic volatile i32 0, ptr addrspace(1) %0 syncscope("workgroup") release, align 4
  unreachable`);
    expect(blocks.map((b) => b.name)).toEqual(["1", "3", "quoted name"]);
    expect(blocks[0]!.instrs[0]).toMatchObject({ op: "binary", what: "add", dst: "2", dbg: 7 });
    expect(blocks[1]!.instrs[0]).toMatchObject({ op: "phi", from: [{ block: "1" }, { block: "3" }] });
    expect(blocks[1]!.instrs[1]).toMatchObject({ op: "call", dbg: 9, aligns: [0, 8], byval: [null, { k: "struct" }] });
    expect(blocks[2]!.instrs[0]).toMatchObject({ op: "store", order: "release", scope: "workgroup", align: 4, volatile: true });
  });

  test("a call without attributes ends with its line", () => {
    const [block] = body("entry:\n  call void @g()\n  store i32 1, ptr %p\n  ret void");
    expect(block!.instrs.map((i) => i.op)).toEqual(["call", "store", "ret"]);
  });

  test.each([["  %x = frobnicate i32 1", "unsupported instruction frobnicate"], ["  %x = add i32 1 2", "expected ','"], ["  br i32 5", "expected ','"]])("%s is refused with its line", (text, message) => {
    try {
      body(`entry:\n${text}`);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(CompileError);
      expect((error as CompileError).message).toContain(message);
      expect((error as CompileError).line).toBeGreaterThan(1);
    }
  });
});

describe("modules", () => {
  test("the top level is read without the bodies", () => {
    const module = parseModule(`; ModuleID = 'x'
source_filename = "x.cl"
target triple = "spir64"
%struct.a = type { i32, %struct.b }
%struct.b = type <{ i8, i16 }>
@g = internal unnamed_addr addrspace(3) global [4 x float] undef, align 16
@s = private unnamed_addr addrspace(2) constant %struct.a { i32 1, %struct.b <{ i8 2, i16 3 }> }, align 4
@alias = hidden alias i32, ptr @g
define dso_local spir_kernel void @k(ptr addrspace(1) noundef captures(none) initializes((0, 4)) %p, i32) local_unnamed_addr #0 !dbg !3 !kernel_arg_name !4 {
entry:
  this is not looked at
}
declare !dbg !9 spir_func i32 @printf(ptr addrspace(2), ...) #1
attributes #0 = { convergent "uniform-work-group-size"="true" }
!llvm.ident = !{!0}
!4 = !{!"a, b", !"c"}
`);
    expect(module.functions.get("k")).toMatchObject({ kernel: true, local: false, attrs: ["0"], params: [{ name: "p" }, { name: "0" }] });
    expect([...module.functions.get("k")!.metadata]).toEqual([["dbg", 3], ["kernel_arg_name", 4]]);
    expect(module.functions.get("printf")).toMatchObject({ body: -1, varargs: true });
    expect(module.globals.get("g")).toMatchObject({ space: 3, align: 16, linkage: "internal", constant: false });
    expect(module.globals.get("s")).toMatchObject({ space: 2, constant: true, init: { k: "list" } });
    expect(module.aliases.get("alias")).toBe("g");
    expect(module.triple).toBe("spir64");
    expect(module.metadata.get(4)).toBe('!{!"a, b", !"c"}');
  });

  test("what is no LLVM IR is refused", () => {
    expect(() => parseModule("int main() {}")).toThrow(CompileError);
    expect(() => parseModule("define void @f() {\n  ret void\n")).toThrow("does not end");
    expect(() => parseModule('@x = global [2 x i8] c"ab')).toThrow("unterminated");
  });
});
