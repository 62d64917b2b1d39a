import { expect, test } from "vitest";
import { openclToIr } from "../../../src/compiler/llvm/opencl.ts";

function registers(body: string): number {
  const module = openclToIr(`define spir_kernel void @k(ptr addrspace(1) %p, i64 %n) {\n${body}\n}`, "m");
  return module.functions.get("k")!.attributes!.registers;
}

/** Loads `n` floats and keeps them until all are there. */
function alive(n: number): string {
  const load = Array.from({ length: n }, (_, i) => `  %a${i} = getelementptr float, ptr addrspace(1) %p, i64 ${i}\n  %v${i} = load volatile float, ptr addrspace(1) %a${i}`);
  const use = Array.from({ length: n }, (_, i) => `  store volatile float %v${i}, ptr addrspace(1) %a${n - 1 - i}`);
  return [...load, ...use, "  ret void"].join("\n");
}

test("a small kernel takes the least there is, a large one the most", () => {
  expect(registers("  ret void")).toBe(16);
  expect(registers(alive(400))).toBe(255);
});

test("values alive together are counted, 64-bit ones twice", () => {
  expect(registers(alive(60)) - registers(alive(30))).toBe(30);
  expect(registers(alive(60).replaceAll("float", "double")) - registers(alive(30).replaceAll("float", "double"))).toBe(60);
});

test("what a loop needs stays alive through it", () => {
  const loop = (n: number): string => {
    const load = Array.from({ length: n }, (_, i) => `  %a${i} = getelementptr float, ptr addrspace(1) %p, i64 ${i}\n  %v${i} = load volatile float, ptr addrspace(1) %a${i}`);
    const use = Array.from({ length: n }, (_, i) => `  store volatile float %v${i}, ptr addrspace(1) %a0`);
    const more = Array.from({ length: 20 }, (_, i) => `  %w${i} = load volatile float, ptr addrspace(1) %a0`);
    const after = Array.from({ length: 20 }, (_, i) => `  store volatile float %w${i}, ptr addrspace(1) %a0`);
    return `entry:\n${load.join("\n")}\n  br label %head\nhead:\n  %i = phi i64 [ 0, %entry ], [ %j, %head ]\n${use.join("\n")}\n${more.join("\n")}\n${after.join("\n")}\n  %j = add i64 %i, 1\n  %c = icmp ult i64 %j, %n\n  br i1 %c, label %head, label %end\nend:\n  ret void`;
  };
  // The loaded values are used before the others are loaded, but the next turn wants them again.
  expect(registers(loop(30))).toBeGreaterThanOrEqual(8 + 30 + 20);
});
