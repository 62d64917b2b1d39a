import { describe, expect, test } from "vitest";
import { createMachine } from "glassgpu";

// Litmus tests of PTX fences: what the memory model forbids is never seen, whoever comes first, on one thread of the host or two, checked or not.

/** Instances of a test, each with words and results of its own. */
const PAIRS = 64;

interface Litmus {
  readonly name: string;
  /** What the two of a pair do with x (%rd1) and y (%rd2); each leaves a word in %r9. `fence` stands between. */
  readonly first: (fence: string) => string;
  readonly second: (fence: string) => string;
  readonly forbidden: (a: number, b: number) => boolean;
  readonly fences: (scope: string) => readonly string[];
}

const tests: readonly Litmus[] = [
  {
    name: "message passing",
    first: (fence) => `st.relaxed.gpu.global.u32 [%rd1], 1;\n${fence}\nst.relaxed.gpu.global.u32 [%rd2], 1;\nmov.u32 %r9, 0;`,
    second: (fence) => `ld.relaxed.gpu.global.u32 %r8, [%rd2];\n${fence}\nld.relaxed.gpu.global.u32 %r7, [%rd1];\nmad.lo.u32 %r9, %r8, 2, %r7;`,
    forbidden: (_, b) => b === 2,
    fences: (scope) => [`fence.acq_rel.${scope};`, `fence.sc.${scope};`, scope === "cta" ? "membar.cta;" : "membar.gl;"],
  },
  {
    name: "store buffering",
    first: (fence) => `st.relaxed.gpu.global.u32 [%rd1], 1;\n${fence}\nld.relaxed.gpu.global.u32 %r9, [%rd2];`,
    second: (fence) => `st.relaxed.gpu.global.u32 [%rd2], 1;\n${fence}\nld.relaxed.gpu.global.u32 %r9, [%rd1];`,
    forbidden: (a, b) => a === 0 && b === 0,
    fences: (scope) => [`fence.sc.${scope};`, scope === "cta" ? "membar.cta;" : "membar.gl;"],
  },
];

/** Runs all pairs; the two of a pair are work-items of one group, or of two. @param turn who of them is which, by the pair's bit. @returns what each of the two found */
function results(litmus: Litmus, fence: string, within: boolean, { seed, workers, check, turn }: { readonly seed: number; readonly workers: number; readonly check: boolean; readonly turn: number }): readonly (readonly [number, number])[] {
  const place = within ? "mov.u32 %r1, %ctaid.x; mov.u32 %r2, %tid.x;" : "mov.u32 %r3, %ctaid.x; shr.u32 %r1, %r3, 1; and.b32 %r2, %r3, 1;";
  const text = `.version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k(.param .u64 a)\n{\n.reg .pred %p<3>; .reg .b32 %r<12>; .reg .b64 %rd<6>;\nld.param.u64 %rd1, [a]; ${place}\nmad.wide.u32 %rd1, %r1, 256, %rd1; add.u64 %rd2, %rd1, 64;\n`
    + `shr.u32 %r4, %r1, ${turn}; and.b32 %r4, %r4, 1; xor.b32 %r2, %r2, %r4; setp.ne.u32 %p1, %r2, 0; @%p1 bra SECOND;\n${litmus.first(fence)}\nst.global.u32 [%rd1+128], %r9;\nbra DONE;\nSECOND:\n${litmus.second(fence)}\nst.global.u32 [%rd1+192], %r9;\nDONE:\nret;\n}\n`;
  const machine = createMachine({ seed, workers, check });
  const { cuda } = machine.process("litmus").throwing;
  cuda.cuInit(0);
  cuda.cuCtxCreate(null, 0, 0);
  const at = cuda.cuMemAlloc(256 * PAIRS);
  cuda.cuMemsetD8(at, 0, 256 * PAIRS);
  cuda.cuLaunchKernel(cuda.cuModuleGetFunction(cuda.cuModuleLoadData(text), "k"), within ? PAIRS : 2 * PAIRS, 1, 1, within ? 2 : 1, 1, 1, 0, 0, [at], null);
  const words = new Uint32Array(64 * PAIRS);
  cuda.cuMemcpyDtoH(words, at, words.byteLength);
  expect(machine.diagnostics()).toEqual([]);
  machine.dispose();
  return Array.from({ length: PAIRS }, (_, i) => [words[64 * i + 32]!, words[64 * i + 48]!]);
}

describe.each(tests)("$name", (litmus) => {
  test.each([["work-items of one group", "cta"], ["work-items of one group", "gpu"], ["groups", "gpu"], ["groups", "sys"]] as const)("%s, fences of scope %s", (who, scope) => {
    const within = who !== "groups";
    const seen = new Set<string>();
    for (const fence of litmus.fences(scope)) {
      for (let seed = 0; seed < 6; seed++) {
        for (const [a, b] of results(litmus, fence, within, { seed, workers: 1 + (seed & 1), check: (seed & 2) !== 0, turn: seed % 3 })) {
          expect(litmus.forbidden(a, b), `${fence} ${seed}`).toBe(false);
          seen.add(`${a} ${b}`);
        }
      }
    }
    // Both came first somewhere.
    expect(seen.size).toBeGreaterThan(1);
  });
});
