import { describe, expect, test } from "vitest";
import { callBuiltin, program } from "./support.ts";

describe("vector loads and stores", () => {
  const ir = (n: number): string => `
declare spir_func <${n} x i16> @_Z5vloadmPU3AS1Ks(i64, ptr addrspace(1))
define spir_kernel void @k(ptr addrspace(1) %in, ptr addrspace(1) %out) {
  %id = call spir_func i64 @_Z13get_global_idj(i32 0)
  %v = call spir_func <${n} x i16> @_Z${n > 9 ? 7 : 6}vload${n}mPU3AS1Ks(i64 %id, ptr addrspace(1) %in)
  call spir_func void @_Z${n > 9 ? 8 : 7}vstore${n}Dv${n}_smPU3AS1s(<${n} x i16> %v, i64 %id, ptr addrspace(1) %out)
  ret void
}
declare spir_func i64 @_Z13get_global_idj(i32)`;

  test.each([2, 3, 4, 8, 16])("vload%i and vstore step by the number of elements, and want an element's alignment only", (n) => {
    const input = Int16Array.from({ length: 3 * n + 1 }, (_, i) => i + 1).subarray(0);
    const out = new Int16Array(3 * n + 1);
    program(ir(n)).run("k", [input, out], 3);
    expect([...out]).toEqual([...input.slice(0, 3 * n), 0]);
  });

  test("halves: vload_half, vstore_half with every rounding, and the aligned forms of 3", () => {
    const half = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7c00);
    const load = `
define spir_kernel void @k(ptr addrspace(1) %in, ptr addrspace(1) %out) {
  %v = call spir_func <3 x float> @_Z12vloada_half3mPU3AS1KDh(i64 1, ptr addrspace(1) %in)
  store <3 x float> %v, ptr addrspace(1) %out
  %w = call spir_func float @_Z10vload_halfmPU3AS1KDh(i64 2, ptr addrspace(1) %in)
  %p = getelementptr float, ptr addrspace(1) %out, i64 4
  store float %w, ptr addrspace(1) %p
  ret void
}`;
    const out = new Float32Array(5);
    program(load).run("k", [Uint16Array.of(...half, ...half.slice(1), 0), out], 1);
    expect([...out]).toEqual([-2, 2 ** -24, Infinity, 0, 2 ** -24]);
    for (const [mode, want] of [["", 0x3c01], ["_rte", 0x3c01], ["_rtz", 0x3c00], ["_rtp", 0x3c01], ["_rtn", 0x3c00]] as const) {
      const base = `vstore_half${mode}`;
      const store = `
define spir_kernel void @k(ptr addrspace(1) %out) {
  call spir_func void @_Z${base.length}${base}fmPU3AS1Dh(float 0x3FF0030000000000, i64 1, ptr addrspace(1) %out)
  ret void
}`;
      const patterns = new Uint16Array(2);
      program(store).run("k", [patterns], 1);
      expect(patterns[1], mode).toBe(want);
    }
  });
});

describe("shuffles", () => {
  test("shuffle and shuffle2 with masks known at run time; only the low bits of the mask count", () => {
    const x = Float32Array.of(1, 2, 3, 4);
    expect([...callBuiltin("_Z7shuffleDv4_fDv4_j", "<4 x float>", ["<4 x float>", "<4 x i32>"], new Float32Array(4), x, Uint32Array.of(3, 0, 6, 1))]).toEqual([4, 1, 3, 2]);
    expect([...callBuiltin("_Z7shuffleDv4_fDv2_j", "<2 x float>", ["<4 x float>", "<2 x i32>"], new Float32Array(2), x, Uint32Array.of(2, 2))]).toEqual([3, 3]);
    expect([...callBuiltin("_Z8shuffle2Dv4_fS_Dv4_j", "<4 x float>", ["<4 x float>", "<4 x float>", "<4 x i32>"], new Float32Array(4), x, Float32Array.of(5, 6, 7, 8), Uint32Array.of(7, 0, 4, 11))]).toEqual([8, 1, 5, 4]);
  });
});

describe("address spaces", () => {
  test("to_global, to_local, to_private and get_fence tell generic pointers apart", () => {
    const out = new BigUint64Array(8);
    program(`
@s = internal addrspace(3) global i32 undef
define spir_kernel void @k(ptr addrspace(1) %o) {
  %a = alloca i32
  %pa = addrspacecast ptr %a to ptr addrspace(4)
  %pg = addrspacecast ptr addrspace(1) %o to ptr addrspace(4)
  %ps = addrspacecast ptr addrspace(3) @s to ptr addrspace(4)
  %1 = call spir_func ptr addrspace(1) @__to_global(ptr addrspace(4) %pa)
  %2 = call spir_func ptr addrspace(1) @__to_global(ptr addrspace(4) %pg)
  %3 = call spir_func ptr addrspace(3) @__to_local(ptr addrspace(4) %ps)
  %4 = call spir_func ptr addrspace(3) @__to_local(ptr addrspace(4) %pg)
  %5 = call spir_func ptr @__to_private(ptr addrspace(4) %ps)
  %f = call spir_func i32 @_Z9get_fencePU3AS4Kv(ptr addrspace(4) %ps)
  %n = icmp eq ptr addrspace(3) %4, addrspacecast (ptr addrspace(4) null to ptr addrspace(3))
  store ptr addrspace(1) %1, ptr addrspace(1) %o
  %o1 = getelementptr i64, ptr addrspace(1) %o, i64 1
  %same = icmp eq ptr addrspace(1) %2, %o
  store i1 %same, ptr addrspace(1) %o1
  %o2 = getelementptr i64, ptr addrspace(1) %o, i64 2
  %back = icmp eq ptr addrspace(3) %3, @s
  store i1 %back, ptr addrspace(1) %o2
  %o3 = getelementptr i64, ptr addrspace(1) %o, i64 3
  store i1 %n, ptr addrspace(1) %o3
  %o4 = getelementptr i64, ptr addrspace(1) %o, i64 4
  store ptr %5, ptr addrspace(1) %o4
  %o5 = getelementptr i64, ptr addrspace(1) %o, i64 5
  store i32 %f, ptr addrspace(1) %o5
  ret void
}`).run("k", [out], 1);
    expect([...out]).toEqual([0n, 1n, 1n, 1n, 0n, 1n, 0n, 0n]);
  });

  test("an access through a generic pointer of known origin names its real space", () => {
    const { module } = program(`
define spir_kernel void @k(ptr addrspace(1) %o) {
  %g = addrspacecast ptr addrspace(1) %o to ptr addrspace(4)
  %e = getelementptr i32, ptr addrspace(4) %g, i64 3
  store i32 1, ptr addrspace(4) %e
  ret void
}`);
    const stores = module.functions.get("k")!.blocks.flatMap((block) => block.instrs.filter((i) => i.op === "store"));
    expect(stores).toMatchObject([{ space: "global", offset: 12 }]);
  });
});
