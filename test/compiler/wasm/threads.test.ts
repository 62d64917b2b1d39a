import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DeviceCode, DeviceThreads, Execution, LoadedCode, RunStatus } from "../../../src/compiler/abi.ts";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import type { Module } from "../../../src/compiler/ir/module.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { deviceThreads } from "../../../src/compiler/wasm/threads/pool.ts";
import { launches } from "../../../src/testing/ir/programs.ts";
import type { LaunchSpec } from "../../../src/testing/ir/spec.ts";
import { everything, type Features } from "../../../src/testing/ir/statements.ts";
import { Arena, type Limits, type Outcome } from "../differential/arena.ts";
import { cuts, difference, modules } from "../differential/compare.ts";

/** Groups of a launch on several threads of the host: outcome, memory after a fault too, counts and the length of every slice are those of one thread. */

class ThreadedArena extends Arena {
  readonly threads: DeviceThreads | null;

  constructor(workers: number) {
    super();
    this.threads = deviceThreads(workers);
  }
}

const arenas = [1, 2, 3].map((workers) => new ThreadedArena(workers));

/** What one launch came to, slice by slice. */
interface Seen {
  readonly outcome: Outcome;
  readonly slices: readonly RunStatus[];
  readonly together: boolean;
}

/** Code whose executions write down what they come to. */
function recorded(code: DeviceCode, slices: RunStatus[], together: { seen: boolean }): DeviceCode {
  const record = (execution: Execution): Execution => ({
    get blocksTotal() { return execution.blocksTotal; },
    get blocksDone() { return execution.blocksDone; },
    dispose: () => execution.dispose(),
    run: (limits) => {
      const status = execution.run(limits);
      slices.push(status);
      together.seen ||= (execution.open ?? -1) >= 0;
      return status;
    },
  });
  const wrap = (loaded: LoadedCode): LoadedCode => ({ start: (config, hooks) => record(loaded.start(config, hooks)) });
  return { module: code.module, kernels: code.kernels, symbols: code.symbols, load: (env) => wrap(code.load(env)) };
}

function see(arena: Arena, module: Module, launch: LaunchSpec, limits: Limits, togetherFrom: number): Seen {
  const slices: RunStatus[] = [];
  const together = { seen: false };
  const outcome = arena.run(recorded(compileModule(module, { togetherFrom }), slices, together), launch, limits);
  return { outcome, slices, together: together.seen };
}

let launched = 0;
let together = 0;

function property(features: Features): fc.IProperty<unknown[]> {
  return fc.property(modules(features), launches(), cuts, fc.constantFrom(0, 0, 500), ({ module }, launch, limits, from) => {
    const [one, ...more] = arenas.map((arena) => see(arena, module, launch, limits, from));
    launched++;
    together += Number(one!.together);
    for (const other of more) expect(other).toEqual(one);
    const found = difference(arenas[0]!.run(interpretModule(module), launch), one!.outcome);
    if (found !== "") throw new Error(found);
  });
}

describe("one, two and three threads do the same", () => {
  const plain: Features = { ...everything, calls: false, printf: false, activemask: false };
  test("random programs", () => fc.assert(property({ ...plain, lanes: true, sync: false }), { seed: 401, numRuns: 35 }), 60_000);
  test("random programs with barriers and collectives", () => fc.assert(property({ ...plain, lanes: true }), { seed: 402, numRuns: 35 }), 60_000);
  test("random programs with faults", () => fc.assert(property({ ...plain, lanes: true, faults: true }), { seed: 403, numRuns: 35 }), 60_000);
  test("of the launches enough ran together", () => {
    expect(together / launched).toBeGreaterThan(0.2);
  });
});
