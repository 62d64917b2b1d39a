import { describe, expect, test } from "vitest";
import { CompileError } from "../../../src/compiler/abi.ts";
import { openclToIr } from "../../../src/compiler/llvm/opencl.ts";

function refusal(ir: string, options: Parameters<typeof openclToIr>[2] = {}): CompileError {
  try {
    openclToIr(ir, "m", options);
  } catch (error) {
    if (error instanceof CompileError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const kernel = (body: string, rest = ""): string => `define spir_kernel void @k(ptr addrspace(1) %o) !dbg !1 {
${body}
  ret void
}
${rest}
!1 = distinct !DISubprogram(name: "k", file: !2, line: 1)
!2 = !DIFile(filename: "program.cl", directory: "")
!3 = !DILocation(line: 17, column: 3, scope: !1)
!4 = !DIFile(filename: "header.h", directory: "")
!5 = distinct !DISubprogram(name: "inlined", file: !4, line: 1)
!6 = !DILocation(line: 400, column: 1, scope: !5, inlinedAt: !3)`;

describe("what is not understood is never passed over", () => {
  test.each([
    ["an unknown intrinsic", "  call void @llvm.frob.i32(i32 1), !dbg !3", "unsupported", "intrinsic llvm.frob.i32"],
    ["an undefined function", "  call spir_func void @mystery(i32 1), !dbg !3", "link", "undefined function mystery"],
    ["an image of many samples", "  call spir_func <4 x float> @_Z11read_imagef19ocl_image2d_msaa_roDv2_ii(ptr addrspace(1) %o, <2 x i32> zeroinitializer, i32 0), !dbg !3", "unsupported", "read_imagef on ocl_image2d_msaa_ro"],
    ["a pipe", "  call spir_func i32 @__read_pipe_2(ptr addrspace(1) %o), !dbg !3", "unsupported", "pipe function __read_pipe_2"],
    ["device-side enqueue", "  call spir_func i32 @__enqueue_kernel_basic(i32 0), !dbg !3", "unsupported", "device-side enqueue"],
    ["a variable-length array", "  %n = load i32, ptr addrspace(1) %o, !dbg !3\n  %v = alloca i8, i32 %n, !dbg !3", "unsupported", "array of variable length"],
    ["vectors of bits in memory", "  %v = load <4 x i1>, ptr addrspace(1) %o, !dbg !3", "unsupported", "<4 x i1> in memory"],
    ["narrow atomics", "  %v = atomicrmw add ptr addrspace(1) %o, i8 1 monotonic, !dbg !3", "unsupported", "atomicrmw on i8"],
    ["printf with a computed format", "  %p = addrspacecast ptr addrspace(1) %o to ptr addrspace(4), !dbg !3\n  %v = call spir_func i32 (ptr addrspace(2), ...) @printf(ptr addrspace(2) null), !dbg !3", "unsupported", "no string literal"],
  ])("%s", (_, body, kind, message) => {
    const error = refusal(kernel(body));
    expect(error.kind).toBe(kind);
    expect(error.message).toContain(message);
    expect(error.line).toBe(17);
  });

  test("the line of inlined code from a header is that of the call", () => {
    expect(refusal(kernel("  call void @llvm.frob.i32(i32 1), !dbg !6"), { sourceName: "program.cl" }).line).toBe(17);
  });

  test("without debug information the line of the IR is named", () => {
    const error = refusal(kernel("  call void @llvm.frob.i32(i32 1)"));
    expect(error.line).toBe(0);
    expect(error.message).toContain("line 2 of the LLVM IR");
  });

  test("a variable in no known place, an initialiser with work-group addresses", () => {
    expect(refusal("@x = addrspace(9) global i32 0").message).toContain("address space 9");
    expect(refusal("@s = internal addrspace(3) global i32 undef\n@p = addrspace(1) global ptr addrspace(3) @s").message).toContain("work-group memory");
  });

  test("undefined functions stay when the program is to be linked", () => {
    const module = openclToIr(kernel("  call spir_func void @mystery(i32 1), !dbg !3", "declare spir_func void @mystery(i32)\ndefine spir_func i32 @kept(i32 %x) {\n  ret i32 %x\n}"), "m", { forLinking: true });
    expect(module.functions.get("mystery")).toMatchObject({ linkage: "extern", params: ["i32"], blocks: [] });
    expect(module.functions.has("kept")).toBe(true);
    expect(openclToIr(kernel("", "define spir_func i32 @unused(i32 %x) {\n  ret i32 %x\n}"), "m").functions.has("unused")).toBe(false);
  });
});

test("types of absurd size are refused, not made", () => {
  expect(refusal(kernel("  %v = call <18446744073709551615 x i32> @wide()")).message).toContain("a vector of 18446744073709552000 elements: no more than 65536");
  expect(refusal(kernel("  %v = load [99999999 x i32], ptr addrspace(1) %o, align 4"))).toMatchObject({ kind: "unsupported", message: expect.stringContaining("more than 65536 parts") as string });
});
