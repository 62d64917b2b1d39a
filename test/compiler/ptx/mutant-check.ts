import { CompileError } from "../../../src/compiler/abi.ts";
import type { Module } from "../../../src/compiler/ir/module.ts";
import { verifyModule } from "../../../src/compiler/ir/verify.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import type { KernelCode } from "../../../src/compiler/wasm/run/kernel-code.ts";
import { mutant, reduced, type Source } from "./mutate.ts";

/** How far a text came. */
export type Fate = "refused" | "module" | "module with code";

/** How kernels of a module are compiled, as starting them would. */
interface Backend {
  kernelCode(name: string, shared: boolean, maximumPages: number, items: number, warpSize: number): KernelCode;
}

/**
 * What becomes of a text. Throws what must not happen: any other exception, a refusal without a reason or, in a text of more than nothing, without a line, an invalid module, and
 * kernels that the back end cannot compile on one of its paths.
 *
 * @param compile whether kernels are translated too
 * @param lines whether every refusal must name a line
 */
export function fate(text: string, front: (text: string) => Module, compile: boolean, lines: boolean): Fate {
  let module: Module;
  try {
    module = front(text);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    if (error.message.length < 6) throw new Error(`refused without a reason: "${error.message}"`, { cause: error });
    if (lines && !(error.line >= 1)) throw new Error(`refused without a line: ${error.message}`, { cause: error });
    return "refused";
  }
  const problems = verifyModule(module);
  if (problems.length > 0) throw new Error(`invalid module: ${problems.slice(0, 5).join("; ")}`);
  if (!compile) return "module";
  for (const slowOnly of [false, true]) {
    const code = compileModule(module, { slowOnly });
    for (const name of code.kernels.keys()) {
      const kernel = (code as unknown as Backend).kernelCode(name, true, 4096, 64, 32);
      if (slowOnly) kernel.slowCode();
      else kernel.fastCode();
    }
  }
  return "module with code";
}

/** How many mutants met which fate, and which took longest. */
export interface Tally {
  readonly counts: Record<Fate, number>;
  slowest: { readonly seed: number; readonly ms: number };
}

/** Most different failures that are shown at once. */
const MOST = 12;

/** Failures with the same key are taken for one: messages without the names and numbers in them. */
function keyOf(error: unknown): string {
  const { name, message } = error as Error;
  return `${name} ${message.replaceAll(/"[^"]*"|'[^']*'|0x[0-9a-f]+|\d+|%[\w.]+/g, "_").slice(0, 160)}`;
}

/**
 * Checks mutants `first` to `first + runs - 1`. Throws when some do what must not happen: one of each kind, with its number, the change, and a text reduced by lines.
 * @param clock milliseconds, to find slow ones; absent: nothing is timed
 */
export function checkMutants(sources: readonly Source[], front: (text: string) => Module, first: number, runs: number, options: { readonly compileEvery: number; readonly lines: boolean; readonly clock?: () => number }): Tally {
  const tally: Tally = { counts: { refused: 0, module: 0, "module with code": 0 }, slowest: { seed: -1, ms: 0 } };
  const failures = new Map<string, string>();
  for (let seed = first; seed < first + runs && failures.size < MOST; seed++) {
    const { text, what } = mutant(sources, seed);
    const compile = seed % options.compileEvery === 0;
    const began = options.clock?.() ?? 0;
    try {
      tally.counts[fate(text, front, compile, options.lines)]++;
    } catch (error) {
      const key = keyOf(error);
      if (failures.has(key)) continue;
      const same = (other: string): boolean => {
        try {
          fate(other, front, compile, options.lines);
          return false;
        } catch (another) {
          return keyOf(another) === key;
        }
      };
      failures.set(key, `mutant ${seed} (${what}): ${(error as Error).stack?.split("\n").slice(0, 4).join("\n")}\n${reduced(text, same)}`);
    }
    const ms = (options.clock?.() ?? 0) - began;
    if (ms > tally.slowest.ms) tally.slowest = { seed, ms };
  }
  if (failures.size > 0) throw new Error([`${failures.size} kinds of failure`, ...failures.values()].join("\n\n"));
  return tally;
}
