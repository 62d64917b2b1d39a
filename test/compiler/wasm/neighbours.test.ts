import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PTE_READ, PTE_WRITE } from "../../../src/compiler/abi.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { togetherPolicy } from "../../../src/compiler/wasm/fast/together.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { packParams, TestMachine } from "./harness.ts";

/** Groups that lie side by side are run as one where nobody can tell: compared with the slow path, and slice by slice with groups that each go by themselves. */

interface Read {
  readonly dx: number;
  readonly dy: number;
  /** From the buffer that is written. */
  readonly own: boolean;
}

interface Case {
  readonly reads: readonly Read[];
  /** Work-items of a group, groups, and numbers from one row of the image to the next. */
  readonly block: readonly [number, number];
  readonly grid: readonly [number, number];
  readonly pitch: number;
  /** Leaves the image's border alone: nothing, columns, or columns and rows. */
  readonly border: 0 | 1 | 2;
  /** Work-items below this x only; null: all. */
  readonly below: number | null;
  /** Bytes that a number takes, and how often each is written. */
  readonly size: 1 | 4;
  readonly stores: 1 | 2;
  /** Both buffers are the same memory, under two addresses. */
  readonly twin: boolean;
  /** The page with this number of the first buffer is not there at first; null: all are. */
  readonly missing: number | null;
  readonly budget: number;
  readonly maxBlocks: number;
}

const head = ".version 7.0\n.target sm_75\n.address_size 64\n.visible .entry k(.param .u64 from, .param .u64 to, .param .u32 pitch, .param .u32 width, .param .u32 height, .param .u32 below) {\n.reg .pred %p<9>; .reg .b32 %r<40>; .reg .b64 %rd<20>;\n";
const start = `mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ntid.x; mov.u32 %r3, %tid.x; mad.lo.s32 %r4, %r1, %r2, %r3; mov.u32 %r1, %ctaid.y; mov.u32 %r2, %ntid.y; mov.u32 %r3, %tid.y; mad.lo.s32 %r5, %r1, %r2, %r3;
ld.param.u64 %rd1, [from]; ld.param.u64 %rd2, [to]; ld.param.u32 %r6, [pitch]; ld.param.u32 %r7, [width]; ld.param.u32 %r8, [height]; ld.param.u32 %r9, [below]; mad.lo.s32 %r10, %r5, %r6, %r4; mov.u32 %r20, 7;\n`;

function source({ reads, border, below, size, stores }: Case): string {
  const unless = (condition: string): string => `${condition} @%p1 bra END;\n`;
  const edges = (place: number, end: number): string => unless(`setp.eq.s32 %p1, %r${place}, 0;`) + `sub.s32 %r11, %r${end}, 1; ${unless(`setp.eq.s32 %p1, %r${place}, %r11;`)}`;
  const [scale, type] = size === 4 ? ["mul.wide.s32 %rd3, %r11, 4;", "u32"] : ["cvt.s64.s32 %rd3, %r11;", "u8"];
  const at = (dx: number, dy: number, buffer: number): string => `mad.lo.s32 %r11, %r6, ${dy}, %r10; add.s32 %r11, %r11, ${dx}; ${scale} add.s64 %rd4, %rd${buffer}, %rd3;`;
  const body = reads.map(({ dx, dy, own }) => `${at(dx, dy, own ? 2 : 1)} ld.global.${type} %r21, [%rd4]; mad.lo.s32 %r20, %r20, 3, %r21;\n`);
  const writes = Array.from({ length: stores }, (_, i) => `${at(0, 0, 2)} ${i === 0 ? "" : "add.s32 %r20, %r20, 5;"} st.global.${type} [%rd4], %r20;\n`);
  return `${head}${start}${border > 0 ? edges(4, 7) : ""}${border > 1 ? edges(5, 8) : ""}${below === null ? "" : unless("setp.ge.s32 %p1, %r4, %r9;")}${body.join("")}${writes.join("")}END: ret;\n}`;
}

/** Calls of `run` with what each came to, and both buffers at the end. */
function run(one: Case, how: "together" | "apart" | "slow"): { slices: unknown[]; sums: unknown; data: Uint8Array } {
  togetherPolicy.never = how === "apart";
  try {
    const { block, grid, pitch, size } = one;
    const machine = new TestMachine({ scramble: false });
    const code = compileModule(ptxToIr(source(one), "k.ptx"), { slowOnly: how === "slow" });
    const rows = grid[1] * block[1];
    const bytes = size * (pitch * rows + 2 * pitch + 64);
    const bias = BigInt(size * (pitch + 16));
    const from = machine.map(bytes);
    const to = machine.map(bytes);
    if (one.twin) {
      const table = new Uint32Array(machine.buffer, machine.pageTable.table);
      const page = (address: bigint): number => Number(address >> 16n) - machine.pageTable.basePage;
      for (let i = 0; i < Math.ceil(bytes / 65536); i++) table[page(to) + i] = table[page(from) + i]!;
    }
    machine.write(from, Uint8Array.from({ length: bytes }, (_, i) => (i * 2654435761) >>> 13));
    machine.write(to, Uint8Array.from({ length: bytes }, (_, i) => (i * 2246822519) >>> 11));
    const gone = one.missing === null ? null : from + BigInt(one.missing % Math.ceil(bytes / 65536)) * 65536n;
    if (gone !== null) machine.protect(gone, 0);
    const params = packParams(from + bias, to + bias, pitch, grid[0] * block[0], rows, one.below ?? 0);
    const execution = code.load(machine).start(machine.config(code, "k", params, { grid: [...grid, 1], block: [...block, 1] }), {
      fault: () => {
        if (gone !== null) machine.protect(gone, PTE_READ | PTE_WRITE);
        return gone !== null;
      }, printf: () => undefined, now: () => 0,
    });
    const slices: { instructions: number; bytes: number; blocks: number; done: boolean }[] = [];
    do slices.push(execution.run({ budget: one.budget, maxBlocks: one.maxBlocks, resident: 4 })); while (!slices.at(-1)!.done && slices.length < 100_000);
    execution.dispose();
    const sum = (of: (slice: { instructions: number; bytes: number; blocks: number }) => number): number => slices.reduce((so, slice) => so + of(slice), 0);
    if (gone !== null) machine.protect(gone, PTE_READ | PTE_WRITE);
    return { slices, sums: [sum(({ instructions }) => instructions), sum((slice) => slice.bytes), sum(({ blocks }) => blocks)], data: Uint8Array.from([...machine.read(from, bytes), ...machine.read(to, bytes)]) };
  } finally {
    togetherPolicy.never = false;
  }
}

const read = (far: number): fc.Arbitrary<Read> => fc.record({ dx: fc.integer({ min: -far, max: far }), dy: fc.integer({ min: -1, max: 1 }), own: fc.boolean() });

const cases: fc.Arbitrary<Case> = fc.record({
  block: fc.tuple(fc.constantFrom(16, 16, 16, 32, 48, 8, 20), fc.constantFrom(1, 1, 2, 4, 7)),
  grid: fc.tuple(fc.constantFrom(1, 2, 3, 8, 9, 40), fc.constantFrom(1, 2, 3)),
}).chain(({ block, grid }) => fc.record({
  block: fc.constant(block), grid: fc.constant(grid), pitch: fc.integer({ min: -3, max: 40 }).map((more) => Math.max(16, block[0] * grid[0] + (more > 20 ? 0 : more))),
  reads: fc.oneof(fc.array(read(2), { maxLength: 4 }), fc.array(read(2).map((one) => ({ ...one, own: false })), { maxLength: 4 }), fc.constant([{ dx: 0, dy: 0, own: true }, { dx: 1, dy: 1, own: false }])),
  border: fc.constantFrom<(0 | 1 | 2)[]>(0, 1, 2), below: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 160 })), size: fc.constantFrom<(1 | 4)[]>(4, 4, 1), stores: fc.constantFrom<(1 | 2)[]>(1, 1, 2),
  twin: fc.constantFrom(false, false, false, true), missing: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(3) }),
  budget: fc.constantFrom(1e9, 1e9, 20_000, 3_000, 700, 90), maxBlocks: fc.constantFrom(Infinity, Infinity, 5, 1),
}));

describe("groups side by side", () => {
  test("leave, count and stop as if each went by itself", () => {
    fc.assert(fc.property(cases, (one) => {
      const together = run(one, "together");
      const apart = run(one, "apart");
      expect(together.slices).toEqual(apart.slices);
      expect(together.data).toEqual(apart.data);
      // Rows that read what others write have no order of their own; two-dimensional groups go row by row anyway.
      const slow = run(one, "slow");
      expect(together.sums).toEqual(slow.sums);
      if (!one.twin && !one.reads.some(({ own, dx, dy }) => own && (dx !== 0 || dy !== 0))) expect(together.data).toEqual(slow.data);
    }), { seed: 77, numRuns: 40 });
  }, 60_000);
});
