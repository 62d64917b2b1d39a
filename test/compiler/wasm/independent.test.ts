import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { TestMachine } from "./harness.ts";

/** Groups run side by side only where none touches what another writes: compared with going through all addresses one by one. */

/** An access of four bytes at out + 4 * (groups * ctaid + items * tid + at), of the work-items whose index in x is below a limit. */
interface Access {
  readonly store: boolean;
  readonly groups: readonly [number, number];
  readonly items: readonly [number, number];
  readonly at: number;
  readonly below: number | null;
}

interface Case {
  readonly accesses: readonly Access[];
  readonly grid: readonly [number, number];
  readonly block: readonly [number, number];
}

const head = ".version 7.0\n.target sm_75\n.address_size 64\n.visible .entry k(.param .u64 out, .param .u32 factor) {\n.reg .pred %p<9>; .reg .b32 %r<40>; .reg .b64 %rd<9>;\n";
const start = "mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ctaid.y; mov.u32 %r3, %tid.x; mov.u32 %r4, %tid.y; mov.u32 %r5, %ntid.x; mad.lo.s32 %r6, %r1, %r5, %r3; ld.param.u64 %rd1, [out]; ld.param.u32 %r7, [factor];\n";

/** Factors reach the kernel as multiples of a parameter that is 1, so that only the launch knows them. */
function source({ accesses }: Case): string {
  const body = accesses.map(({ store, groups, items, at, below }, i) => {
    const sum = [...groups, ...items].map((by, d) => `mul.lo.s32 %r10, %r7, ${by}; mad.lo.s32 %r9, %r${d + 1}, %r10, %r9;`).join(" ");
    const access = store ? "st.global.u32 [%rd3], %r6;" : "ld.global.u32 %r20, [%rd3]; add.s32 %r6, %r6, %r20;";
    return `${below === null ? "" : `setp.ge.s32 %p1, %r6, ${below}; @%p1 bra L${i};`} mov.u32 %r9, ${at}; ${sum} mul.wide.s32 %rd2, %r9, 4; add.s64 %rd3, %rd1, %rd2; ${access}\n${below === null ? "" : `L${i}:`}`;
  });
  return `${head}${start}${body.join("\n")}\nret;\n}`;
}

/** Whether no group touches what another writes, by looking at every address. */
function truth({ accesses, grid, block }: Case): boolean {
  const writers = new Map<number, number>();
  const touched: [number, number][] = [];
  for (const { store, groups, items, at, below } of accesses) {
    for (let gy = 0; gy < grid[1]; gy++) for (let gx = 0; gx < grid[0]; gx++) for (let y = 0; y < block[1]; y++) for (let x = 0; x < block[0]; x++) {
      if (below !== null && gx * block[0] + x >= below) continue;
      const word = at + groups[0] * gx + groups[1] * gy + items[0] * x + items[1] * y;
      const group = gx + grid[0] * gy;
      touched.push([word, group]);
      if (!store) continue;
      const other = writers.get(word);
      if (other !== undefined && other !== group) return false;
      writers.set(word, group);
    }
  }
  return touched.every(([word, group]) => (writers.get(word) ?? group) === group);
}

function runsTogether(one: Case): boolean {
  const machine = new TestMachine({ scramble: false });
  const code = compileModule(ptxToIr(source(one), "k.ptx"), { togetherFrom: 0 });
  const out = machine.map(4 * 65536) + 131072n;
  const params = new Uint8Array(16);
  new DataView(params.buffer).setBigUint64(0, out, true);
  new DataView(params.buffer).setUint32(8, 1, true);
  const { grid, block } = one;
  const [full, items] = [[grid[0], grid[1], 1], [block[0], block[1], 1]] as const;
  const execution = code.load(machine).start({
    kernel: "k", workDim: 3, grid: full, block: items, globalSize: [full[0] * items[0], full[1] * items[1], 1], globalOffset: [0, 0, 0], dynamicSharedBytes: 0, params, warpSize: 32,
    pageTable: machine.pageTable, symbols: new BigUint64Array(0), smCount: 1, gridId: 1,
  }, { fault: () => false, printf: () => undefined, now: () => 0 });
  execution.run({ budget: 1, maxBlocks: Infinity, resident: 1 });
  const together = (execution.open ?? -1) >= 0;
  execution.dispose();
  return together;
}

const factor = fc.integer({ min: -40, max: 40 });

/** Rows that fit, or nearly fit, into one another: mere chance would hardly ever find independent groups. */
const cases: fc.Arbitrary<Case> = fc.record({ grid: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })), block: fc.tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 4 })) })
  .chain(({ grid, block }) => {
    const width = grid[0] * block[0];
    const fitting = fc.record({ step: fc.constantFrom(1, 1, 2, 3, -1), pitch: fc.constantFrom(width, width, width - 1, width - 2, width + 3) }).map(({ step, pitch }) => ({ items: [step, pitch * Math.abs(step)] as const, groups: [step * block[0], pitch * Math.abs(step) * block[1]] as const }));
    const any = fc.record({ items: fc.tuple(factor, factor), groups: fc.tuple(factor, factor) });
    const shape = fc.oneof({ weight: 4, arbitrary: fitting }, { weight: 1, arbitrary: any });
    const below = fc.oneof(fc.constant(null), fc.integer({ min: Math.max(1, width - 3), max: width + 1 }));
    const rest = fc.record({ store: fc.boolean(), at: fc.oneof(fc.integer({ min: -2, max: 2 }), fc.integer({ min: -5000, max: 5000 })), below });
    return fc.tuple(shape, fc.array(fc.tuple(fc.option(shape, { freq: 3 }), rest), { minLength: 1, maxLength: 2 })).map(([common, list]): Case => ({
      grid, block, accesses: list.map(([own, others], i) => ({ ...(own ?? common), ...others, store: i === 0 || others.store })),
    }));
  });

describe("groups run side by side", () => {
  test("only where none touches what another writes", () => {
    let proven = 0;
    let independent = 0;
    fc.assert(fc.property(cases, (one) => {
      const is = truth(one);
      const together = runsTogether(one);
      if (one.grid[0] * one.grid[1] > 1) {
        independent += Number(is);
        proven += Number(together);
      }
      if (together) expect(is).toBe(true);
    }), { seed: 501, numRuns: 600 });
    // And mostly where they could.
    expect(proven / independent).toBeGreaterThan(0.6);
  }, 60_000);
});
