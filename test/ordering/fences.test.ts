import { describe, expect, test } from "vitest";
import { createMachine } from "glassgpu";

// Litmus tests of PTX (ISA chapter 8, "Memory Consistency Model"): what it forbids is never seen, whoever comes first, on one thread of the host or two, checked or not. What it allows beyond an order of all
// accesses (store buffering without fences, say) is never seen either: stores are there when they are made.

/** Instances of a test, each with words and results of its own: x, 64 bytes on y, and from byte 128 on the participants' results, 64 bytes apart. */
const INSTANCES = 48;
const BYTES = 512;

/** How accesses are spelled, and what stands between them. */
interface Way {
  readonly load: string;
  readonly store: string;
  readonly fence: string;
}

interface Litmus {
  readonly name: string;
  /** What participants do with x (%rd1) and y (%rd2); each leaves a word in %r9. */
  readonly parts: readonly ((way: Way) => string)[];
  /** By results, and what is in x and y at the end. */
  readonly forbidden: (results: readonly number[], x: number, y: number) => boolean;
  readonly ways: (scope: string) => readonly Way[];
  /** Also where all participants are work-items of one warp, whose order is the program's: nobody comes first by chance. */
  readonly mixed?: false;
}

const relaxed = (scope: string, fence: string): Way => ({ load: `ld.relaxed.${scope}.global.u32`, store: `st.relaxed.${scope}.global.u32`, fence });
const membar = (scope: string): string => `membar.${{ cta: "cta", gpu: "gl", sys: "sys" }[scope]!};`;
const strong = (scope: string): Way[] => [relaxed(scope, `fence.sc.${scope};`), relaxed(scope, membar(scope))];
const causal = (scope: string): Way[] => [relaxed(scope, `fence.acq_rel.${scope};`), ...strong(scope), { load: `ld.acquire.${scope}.global.u32`, store: `st.release.${scope}.global.u32`, fence: "" }];
const plain = (scope: string): Way[] => [relaxed(scope, "")];

const [X, Y] = ["[%rd1]", "[%rd2]"];
const set = (where: string, value: number | string) => ({ store }: Way): string => `${store} ${where}, ${value};`;
const none = "mov.u32 %r9, 0;";
/** Reads one, then the other: 2 * first + second. */
const both = (first: string, second: string) => ({ load, fence }: Way): string => `${load} %r8, ${first};\n${fence}\n${load} %r7, ${second};\nmad.lo.u32 %r9, %r8, 2, %r7;`;

const tests: readonly Litmus[] = [
  {
    name: "message passing",
    parts: [(way) => `${set(X, 1)(way)}\n${way.fence}\n${set(Y, 1)(way)}\n${none}`, both(Y, X)],
    forbidden: ([, b]) => b === 2, ways: causal,
  },
  {
    name: "store buffering",
    parts: [[X, Y], [Y, X]].map(([own, other]) => (way: Way): string => `${set(own!, 1)(way)}\n${way.fence}\n${way.load} %r9, ${other};`),
    forbidden: ([a, b]) => a === 0 && b === 0, ways: strong,
  },
  {
    name: "load buffering",
    parts: [[X, Y], [Y, X]].map(([from, to]) => (way: Way): string => `${way.load} %r9, ${from};\n${way.fence}\n${set(to!, 1)(way)}`),
    forbidden: ([a, b]) => a === 1 && b === 1, ways: causal,
  },
  {
    name: "no value out of thin air",
    parts: [[X, Y], [Y, X]].map(([from, to]) => (way: Way): string => `${way.load} %r9, ${from};\n${set(to!, "%r9")(way)}`),
    forbidden: ([a, b]) => a !== 0 || b !== 0, ways: plain, mixed: false,
  },
  {
    name: "causality over a third",
    parts: [(way) => `${set(X, 1)(way)}\n${none}`, (way) => `${way.load} %r9, ${X};\n${way.fence}\n${set(Y, "%r9")(way)}`, both(Y, X)],
    forbidden: ([, , c]) => c === 2, ways: causal,
  },
  {
    name: "independent reads of independent writes",
    parts: [(way) => `${set(X, 1)(way)}\n${none}`, (way) => `${set(Y, 1)(way)}\n${none}`, both(X, Y), both(Y, X)],
    forbidden: ([, , c, d]) => c === 2 && d === 2, ways: strong,
  },
  {
    name: "reads of one word do not go back",
    parts: [(way) => `${set(X, 1)(way)}\n${set(X, 2)(way)}\n${none}`, (way) => `${way.load} %r8, ${X};\n${way.load} %r7, ${X};\nmad.lo.u32 %r9, %r8, 4, %r7;`],
    forbidden: ([, b]) => b! >> 2 > (b! & 3), ways: plain,
  },
  {
    name: "two and two writes",
    parts: [[X, Y], [Y, X]].map(([first, second]) => (way: Way): string => `${set(first!, 1)(way)}\n${way.fence}\n${set(second!, 2)(way)}\n${none}`),
    forbidden: (_, x, y) => x === 1 && y === 1, ways: strong,
  },
];

interface Run {
  readonly seed: number;
  readonly workers: number;
  readonly check: boolean;
  /** By this bit of its number an instance's roles go round. */
  readonly turn: number;
}

/** Runs all instances; their participants are work-items of one group, or of a group each. @returns words of each instance */
function run({ parts }: Litmus, way: Way, within: boolean, { seed, workers, check, turn }: Run): readonly Uint32Array[] {
  const n = parts.length;
  const place = within ? "mov.u32 %r1, %ctaid.x; mov.u32 %r2, %tid.x;" : `mov.u32 %r3, %ctaid.x; div.u32 %r1, %r3, ${n}; rem.u32 %r2, %r3, ${n};`;
  const roles = parts.map((part, i) => `ROLE${i}: setp.ne.u32 %p1, %r2, ${i}; @%p1 bra ROLE${i + 1};\n${part(way)}\nbra DONE;\n`);
  const text = `.version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k(.param .u64 a)\n{\n.reg .pred %p<3>; .reg .b32 %r<12>; .reg .b64 %rd<6>;\nld.param.u64 %rd1, [a]; ${place}\nmad.wide.u32 %rd1, %r1, ${BYTES}, %rd1; add.u64 %rd2, %rd1, 64;\n`
    + `shr.u32 %r4, %r1, ${turn}; add.u32 %r2, %r2, %r4; rem.u32 %r2, %r2, ${n}; mad.wide.u32 %rd3, %r2, 64, %rd1; mov.u32 %r9, 0;\n${roles.join("")}ROLE${n}: trap;\nDONE: st.global.u32 [%rd3+128], %r9;\nret;\n}\n`;
  const machine = createMachine({ seed, workers, check });
  const { cuda } = machine.process("litmus").throwing;
  cuda.cuInit(0);
  cuda.cuCtxCreate(null, 0, 0);
  const at = cuda.cuMemAlloc(BYTES * INSTANCES);
  cuda.cuMemsetD8(at, 0, BYTES * INSTANCES);
  cuda.cuLaunchKernel(cuda.cuModuleGetFunction(cuda.cuModuleLoadData(text), "k"), within ? INSTANCES : n * INSTANCES, 1, 1, within ? n : 1, 1, 1, 0, 0, [at], null);
  const words = new Uint32Array(BYTES / 4 * INSTANCES);
  cuda.cuMemcpyDtoH(words, at, words.byteLength);
  expect(machine.diagnostics()).toEqual([]);
  machine.dispose();
  return Array.from({ length: INSTANCES }, (_, i) => words.subarray(BYTES / 4 * i, BYTES / 4 * (i + 1)));
}

describe.each(tests)("$name", (litmus) => {
  test.each([["work-items of one group", "cta"], ["work-items of one group", "gpu"], ["groups", "gpu"], ["groups", "sys"]] as const)("%s, scope %s", (who, scope) => {
    const seen = new Set<string>();
    for (const way of litmus.ways(scope)) {
      for (let seed = 0; seed < 4; seed++) {
        for (const words of run(litmus, way, who !== "groups", { seed, workers: 1 + (seed & 1), check: (seed & 2) !== 0, turn: seed % 3 })) {
          const results = litmus.parts.map((_, i) => words[32 + 16 * i]!);
          expect(litmus.forbidden(results, words[0]!, words[16]!), `${JSON.stringify(way)} ${seed}: ${results.join(" ")}`).toBe(false);
          seen.add(`${results.join(" ")}; ${words[0]} ${words[16]}`);
        }
      }
    }
    // Each came first somewhere.
    if (litmus.mixed !== false) expect(seen.size).toBeGreaterThan(1);
  });
});
