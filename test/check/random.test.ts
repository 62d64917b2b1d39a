import * as fc from "fast-check";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createMachine, formatDiagnostic, type Diagnostic, type HostProcess, type Machine } from "glassgpu";
import { MAX_DIAGNOSTICS } from "../../src/api/diagnostics.ts";
import { MAX_REPORTS, reportPolicy } from "../../src/check/reports.ts";
import { lanePolicy } from "../../src/compiler/wasm/simd/policy.ts";
import { eventsOf, faultsOf, programs, SHARED, TABLE, writePtx, type Program } from "./programs.ts";

// Random small kernels, right ones and wrong ones: what checked mode reports of them is there, and what is there it reports; and it changes neither results nor times.

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

/** How checked kernels are run: work-items one by one where that is better, or always four or sixteen at a time. */
const paths = [{ always: false, quads: 0, workers: 1 }, { always: true, quads: 1, workers: 1 }, { always: true, quads: 4, workers: 2 }] as const;

/** Kernels have names of their own, so that none is compiled already. */
let count = 0;

class Runner {
  readonly machine: Machine;
  private readonly process: HostProcess;
  private readonly path: (typeof paths)[number];

  constructor(check: boolean, path: (typeof paths)[number] = paths[0]) {
    this.path = path;
    this.machine = createMachine({ check, workers: path.workers });
    this.process = this.machine.process("random");
    this.process.throwing.cuda.cuInit(0);
    this.process.throwing.cuda.cuCtxCreate(null, 0, 0);
  }

  /** Runs it in new buffers. Gives their contents, their addresses, what was found, and how long it took in virtual time. */
  run(program: Program): { readonly contents: readonly number[][]; readonly addresses: readonly number[]; readonly found: readonly Diagnostic[]; readonly took: number; readonly lines: readonly number[]; readonly text: string; readonly code: number } {
    const { cuda } = this.process.throwing;
    const name = `k${++count}`;
    lanePolicy.always = this.path.always;
    lanePolicy.quads = this.path.quads;
    const { text, lines } = writePtx(program, name);
    const table = cuda.cuMemAlloc(TABLE.byteLength);
    cuda.cuMemcpyHtoD(table, TABLE, TABLE.byteLength);
    const addresses = program.buffers.map(({ words, written }) => {
      const at = cuda.cuMemAlloc(4 * words);
      if (written > 0) cuda.cuMemcpyHtoD(at, Uint32Array.from({ length: written }, (_, i) => i), 4 * written);
      return at;
    });
    const fn = cuda.cuModuleGetFunction(cuda.cuModuleLoadData(text), name);
    const before = this.machine.diagnostics().length;
    const start = this.machine.now;
    const [a, b, c] = addresses as [number, number, number];
    this.process.cuda.cuLaunchKernel(fn, program.groups, 1, 1, program.items, 1, 1, 0, 0, [table, a, program.alias ? a + 64 : b, c], null);
    const code = this.process.cuda.cuCtxSynchronize();
    const took = this.machine.now - start;
    const contents = program.buffers.map(({ words }, i) => {
      const data = new Uint32Array(words);
      cuda.cuMemcpyDtoH(data, addresses[i]!, 4 * words);
      return [...data];
    });
    for (const at of [table, ...addresses]) cuda.cuMemFree(at);
    return { contents, addresses, found: this.machine.diagnostics().slice(before), took, lines, text, code };
  }
}

/** Where a report says that it was: as in `Faults`, and the group of shared memory by its site. */
function placeOf(d: Diagnostic, addresses: readonly number[]): string {
  const address = Number(d.values["address"]);
  if (d.values["space"] === "shared") return `${SHARED}:${Math.floor(address / 4)}:${/\(group (\d+)/.exec(d.message)![1]}`;
  const buffer = addresses.findLastIndex((start) => start <= address);
  return `${buffer}:${Math.floor((address - addresses[buffer]!) / 4)}`;
}

test("what is found is there, and what is there is found; results and times are those of unchecked runs", () => {
  const begin = (): readonly Runner[] => [new Runner(false), ...paths.map((path) => new Runner(true, path))];
  let [plain, ...checked] = begin() as [Runner, ...Runner[]];
  let seen = { outside: 0, races: 0, unwritten: 0, none: 0 };
  fc.assert(fc.property(programs, (program) => {
    // Out of shared memory hardware faults: that is not for here.
    fc.pre(eventsOf(program).every(({ space, at, size }) => space !== SHARED || at + size <= 512));
    const faults = faultsOf(program);
    // Machines keep so many diagnostics.
    if (checked.some(({ machine }) => machine.diagnostics().length > MAX_DIAGNOSTICS / 2)) {
      for (const { machine } of [plain, ...checked]) machine.dispose();
      [plain, ...checked] = begin() as [Runner, ...Runner[]];
    }
    const other = plain.run(program);
    const found = checked.map((runner) => compare(program, faults, runner.run(program), other));
    seen = {
      outside: seen.outside + Math.sign(faults.outside.length), races: seen.races + Math.sign(faults.races.size), unwritten: seen.unwritten + Math.sign(faults.unwritten.size),
      none: seen.none + (Math.max(...found) === 0 ? 1 : 0),
    };
  }), { seed: Number(process.env["CHECK_SEED"] ?? 4), numRuns: Number(process.env["CHECK_RUNS"] ?? 28) });
  // Of each kind there were some.
  for (const many of Object.values(seen)) expect(many).toBeGreaterThan(0);
});

type Ran = ReturnType<Runner["run"]>;

/** Compares a checked run with what is wrong, and with one that nobody checked. Gives how many reports there were. */
function compare(program: Program, faults: ReturnType<typeof faultsOf>, ran: Ran, other: Ran): number {
  const about = (): string => `${ran.text}\n${ran.found.map(formatDiagnostic).join("\n")}`;
  const stepAt = (line: number): number => ran.lines.indexOf(line);
  const reports = ran.found.map((d) => ({ d, kind: d.codeName, step: stepAt(Number(/in line (\d+)$/.exec(d.message)?.[1])), place: placeOf(d, ran.addresses), address: Number(d.values["address"]) }));
  const must = (holds: boolean, place: string): void => {
    if (!holds) expect.fail(`${place}\n${about()}`);
  };
  for (const { kind, step, place, d } of reports) {
    if (kind === "bounds") must(faults.outside.some((event) => event.step === step && BigInt(event.at + ran.addresses[event.space]!) <= BigInt(d.values["address"] as bigint)), `not outside: ${place}`);
    else if (kind === "races") must(faults.races.get(place)?.has(step) === true, `no race: ${place}`);
    else if (kind === "uninitialised") must(faults.unwritten.get(place)?.has(step) === true || wide(faults, place, step), `not unwritten: ${place}`);
    else must(false, place);
  }
  const has = (kind: string, place: string): boolean => reports.some((report) => report.kind === kind && (report.place === place || (faults.wide.has(place) && near(report.place, place))));
  for (const step of new Set(faults.outside.map((event) => event.step))) {
    const found = reports.filter((report) => report.kind === "bounds" && report.step === step).length;
    must(found === faults.outside.filter((event) => event.step === step).length, `${found} outside in step ${step}`);
  }
  for (const place of faults.certain) must(has("races", place), `race not found: ${place}`);
  for (const place of faults.unwritten.keys()) must(has("uninitialised", place), `unwritten not found: ${place}`);
  if (faults.races.size === 0 && faults.outside.length === 0) {
    // (What nobody wrote is whatever was there.)
    if (program.buffers.every(({ words, written }) => written === words)) expect(ran.contents).toEqual(other.contents);
    expect(ran.took).toBe(other.took);
    expect(ran.code).toBe(other.code);
  }
  return ran.found.length;
}

/** A read of several words is reported at its first byte; where there is a race too, what is read is a matter of luck. */
function wide({ unwritten, races }: ReturnType<typeof faultsOf>, place: string, step: number): boolean {
  const [space, word, group] = place.split(":");
  return [0, 1, 2, 3].some((more) => {
    const key = [space, Number(word) + more, ...(group === undefined ? [] : [group])].join(":");
    return unwritten.get(key)?.has(step) === true || races.has(key);
  });
}

/** Whether two places are in one access of up to four words. */
function near(a: string, b: string): boolean {
  const [x, y] = [a.split(":"), b.split(":")];
  return x[0] === y[0] && x[2] === y[2] && Math.abs(Number(x[1]) - Number(y[1])) < 4;
}
