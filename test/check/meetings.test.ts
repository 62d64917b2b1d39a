import * as fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createMachine, formatDiagnostic, type Diagnostic, type HostProcess, type Machine } from "glassgpu";
import { MAX_DIAGNOSTICS } from "../../src/api/diagnostics.ts";
import { MAX_REPORTS, reportPolicy } from "../../src/check/reports.ts";
import { lanePolicy } from "../../src/compiler/wasm/simd/policy.ts";
import { Cl, found } from "./host.ts";
import { meetingC, meetingPtx, meetings, WORDS, wrongWith, type Meeting, type Wrong } from "./meetings.ts";

// Random kernels that meet at barriers, or do not: what is found in them is what a list of all their accesses says, on every path that they may take.

beforeAll(() => {
  reportPolicy.most = Infinity;
});
afterAll(() => {
  reportPolicy.most = MAX_REPORTS;
});
afterEach(() => {
  lanePolicy.always = false;
  lanePolicy.quads = 0;
});

const global = Uint32Array.from({ length: WORDS }, (_, i) => i);

/** The ways to run a kernel. */
const paths = [
  { name: "slow", slow: true, lanes: false, quads: 0, workers: 1 }, { name: "as ever", slow: false, lanes: false, quads: 0, workers: 1 },
  { name: "lanes", slow: false, lanes: true, quads: 1, workers: 1 }, { name: "rows", slow: false, lanes: true, quads: 4, workers: 2 },
] as const;

class Runner {
  private machine!: Machine;
  private process!: HostProcess;
  private memory = 0;
  readonly path: (typeof paths)[number];

  constructor(path: (typeof paths)[number]) {
    this.path = path;
    this.begin();
  }

  private begin(): void {
    this.machine = createMachine({ check: true, workers: this.path.workers });
    this.process = this.machine.process("meeting");
    this.process.throwing.cuda.cuInit(0);
    this.process.throwing.cuda.cuCtxCreate(null, 0, 0);
    this.memory = this.process.throwing.cuda.cuMemAlloc(4 * WORDS) as number;
  }

  run(meeting: Meeting, name: string): { readonly found: readonly Found[]; readonly code: number; readonly text: string; readonly all: readonly Diagnostic[] } {
    if (this.machine.diagnostics().length > MAX_DIAGNOSTICS / 2) {
      this.machine.dispose();
      this.begin();
    }
    const { cuda } = this.process.throwing;
    cuda.cuMemcpyHtoD(this.memory as never, global, 4 * WORDS);
    lanePolicy.always = this.path.lanes;
    lanePolicy.quads = this.path.quads;
    const { text, lines } = meetingPtx(meeting, name, this.path.slow);
    const fn = cuda.cuModuleGetFunction(cuda.cuModuleLoadData(text), name);
    const before = this.machine.diagnostics().length;
    this.process.cuda.cuLaunchKernel(fn, meeting.groups, 1, 1, meeting.items, 1, 1, 0, 0, [this.memory], null);
    const code = this.process.cuda.cuCtxSynchronize();
    const all = this.machine.diagnostics().slice(before);
    return { found: all.map((d) => foundIn(d, lines, this.memory)), code, text, all };
  }
}

interface Found {
  readonly kind: string;
  readonly step: number;
  readonly item: number;
  readonly group: number;
  readonly place: string;
}

function foundIn(d: Diagnostic, lines: readonly number[], memory: number): Found {
  const [, group, item] = /\(group (\d+),0,0, local (\d+),0,0\)/.exec(d.message)!.map(Number) as [number, number, number];
  const address = Number(d.values["address"]);
  return { kind: d.codeName, step: lines.indexOf(Number(/in line (\d+)$/.exec(d.message)?.[1])), item, group, place: d.values["space"] === "shared" ? `shared:${address / 4}:${group}` : `global:${(address - memory) / 4}` };
}

/** All reports are of something that is wrong, and all that is wrong for certain is reported. */
function compare(found: readonly Found[], wrong: Wrong, about: () => string): void {
  const must = (holds: boolean, what: string): void => {
    if (!holds) expect.fail(`${what}\n${about()}`);
  };
  for (const { kind, step, item, group, place } of found) {
    if (kind === "races") must(wrong.races.get(place)?.has(step) === true, `no race: ${place}, step ${step}`);
    else if (kind === "uninitialised") must(wrong.perhaps.has(place), `not unwritten: ${place}`);
    else if (kind === "barriers") must(wrong.diverged.has(`${step}:${group}:${item}`), `all come: step ${step}, group ${group}, work-item ${item}`);
    else must(false, `${kind}: ${place}`);
    if (kind !== "barriers") must(wrong.events.some((event) => event.step === step && event.group === group && event.item === item && event.place === place), `no such access: step ${step}, group ${group}, work-item ${item}, ${place}`);
  }
  for (const place of wrong.certain) must(found.some((one) => one.kind === "races" && one.place === place), `race not found: ${place}`);
  for (const place of wrong.unwritten.keys()) must(found.some((one) => one.kind === "uninitialised" && one.place === place), `unwritten not found: ${place}`);
  for (const at of wrong.diverged) must(found.some((one) => one.kind === "barriers" && `${one.step}:${one.group}:${one.item}` === at), `divergence not found: ${at}`);
}

/** A collective waits for all lanes that have not left, wherever they are: where barriers diverge, that ends in nothing. */
function ends({ steps }: Meeting, { diverged }: Wrong): boolean {
  return diverged.size === 0 || !steps.some(({ kind }) => kind === "collective");
}

test("races, what nobody wrote, and barriers that not all come to, on every path", () => {
  const runners = paths.map((path) => new Runner(path));
  const seen = { races: 0, unwritten: 0, diverged: 0, none: 0 };
  let count = 0;
  fc.assert(fc.property(meetings, (meeting) => {
    const wrong = wrongWith(meeting, false);
    fc.pre(ends(meeting, wrong));
    count++;
    const ran = runners.map((runner) => ({ path: runner.path, ...runner.run(meeting, `${runner.path.name.replace(" ", "_")}${count}`) }));
    for (const { path, found, code, text, all } of ran) {
      const about = (): string => `${path.name}\n${text}\n${all.map(formatDiagnostic).join("\n")}`;
      compare(found, wrong, about);
      if (code !== 0) expect.fail(`error ${code}\n${about()}`);
      // All paths say the same. (Who comes first differs: of several readers of what nobody wrote one is told, and of a race the one or the other side.)
      const places = (list: readonly Found[], kind: string): readonly string[] => [...new Set(list.filter((one) => one.kind === kind && (kind === "races" || !wrong.races.has(one.place))).map(({ place }) => place))].sort();
      expect(places(found, "uninitialised")).toEqual(places(ran[0]!.found, "uninitialised"));
      if (!meeting.steps.some(({ kind }) => kind === "collective")) expect(places(found, "races")).toEqual(places(ran[0]!.found, "races"));
    }
    seen.races += Math.sign(wrong.races.size);
    seen.unwritten += Math.sign(wrong.unwritten.size);
    seen.diverged += Math.sign(wrong.diverged.size);
    seen.none += ran[0]!.found.length === 0 ? 1 : 0;
  }), { seed: Number(process.env["CHECK_SEED"] ?? 11), numRuns: Number(process.env["CHECK_RUNS"] ?? 30) });
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(2);
});

test("the same in OpenCL C, whose barriers order what they are told to", () => {
  const seen = { races: 0, none: 0 };
  fc.assert(fc.property(meetings, (meeting) => {
    const wrong = wrongWith(meeting, true);
    fc.pre(ends(meeting, wrong) && !meeting.steps.some((step) => step.kind === "collective"));
    const { text, lines } = meetingC(meeting);
    const h = new Cl(text, true, "-cl-std=CL3.0 -cl-opt-disable");
    const memory = h.buffer(global);
    h.run([memory, h.buffer(new Uint32Array(1))], meeting.groups * meeting.items, meeting.items);
    const all = found(h.machine);
    const at = all.find(({ values }) => values["space"] === "global");
    const start = at === undefined ? 0 : Number(at.values["address"]) - Number(at.values["offset"]);
    compare(all.map((d) => foundIn(d, lines, start)), wrong, () => `${text}\n${all.map(formatDiagnostic).join("\n")}`);
    h.machine.dispose();
    seen.races += Math.sign(wrong.races.size);
    seen.none += all.length === 0 ? 1 : 0;
  }), { seed: Number(process.env["CHECK_SEED"] ?? 6), numRuns: Number(process.env["CHECK_RUNS"] ?? 10) });
  expect(Math.min(...Object.values(seen)), JSON.stringify(seen)).toBeGreaterThan(0);
});
