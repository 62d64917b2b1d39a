import { environment, nodeModule } from "../../clang/host.ts";
import { Code } from "../asm/code.ts";
import { WasmModule } from "../asm/module.ts";
import { F32, F64, type WasmType } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";

/**
 * Whether WebAssembly's `relaxed_madd` is fma here: one instruction instead of some twenty. Its specification (core 3.0, relaxed operators) leaves open
 * whether it rounds once or twice, but demands the same at all times in one environment; so it is tried out, once a process, before the first kernel is
 * translated, and used only when every trial is rounded once. Otherwise fma is computed in software. Either way results are those of the
 * interpreter, so what a program computes does not depend on the answer. (Decision 41.)
 */

/** For tests: fma in software, though there may be an instruction. Counts for kernels translated from then on. */
export const fmaPolicy: { software: boolean } = { software: false };

/** A trial: operands and what fma makes of them. */
export type Trial = readonly [a: number, b: number, c: number, result: number];

/** Any NaN will do, as elsewhere in compiled code (graph/nans.ts). */
const [inf, nan] = [Infinity, NaN];

/** Trials that hold in every binary format. */
const common: readonly Trial[] = [
  [2, 3, 4, 10], [-2, 3, 4, -2], [1, 1, -1, 0], [-1, 1, 1, 0], [1, -1, -0, -1], [0, 5, -0, 0], [-0, 5, -0, -0], [0, -5, -0, -0], [-0, -5, 0, 0], [0, 0, -0, 0],
  [inf, 2, 1, inf], [inf, -2, 1, -inf], [2, 3, -inf, -inf], [inf, 1, -inf, nan], [inf, 0, 1, nan], [0, -inf, nan, nan], [nan, 1, 1, nan], [1, nan, 1, nan], [1, 1, nan, nan], [inf, inf, inf, inf],
];

/** Trials in f32. One rounding too many, an overflow of the product, or lost subnormals show in each of the last ones. */
export const trials32: readonly Trial[] = [
  ...common,
  // (1 + u)(1 - u) - 1 = -u^2; the product alone rounds to 1.
  [1 + 2 ** -23, 1 - 2 ** -23, -1, -(2 ** -46)], [1 + 2 ** -23, 1 + 2 ** -23, -(1 + 2 ** -22), 2 ** -46], [2 ** 12 + 2 ** -11, 2 ** 12 - 2 ** -11, -(2 ** 24), -(2 ** -22)],
  // Halfway in 24 bits, but for something that 53 bits lose: going through f64 rounds twice.
  [1 + 2 ** -23, 1 + 2 ** -1, 2 ** -60, 1.5 + 2 ** -22], [1 + 2 ** -23, 1 + 2 ** -1, -(2 ** -60), 1.5 + 2 ** -23], [-1 - 2 ** -23, 1 + 2 ** -1, -(2 ** -60), -1.5 - 2 ** -22],
  // Products beyond the largest and below the smallest number.
  [2 ** 127, 2, -(2 ** 127), 2 ** 127], [2 ** 127, 4, -inf, -inf], [2 ** 127, 2, 0, inf], [2 ** -149, 2 ** -1, 2 ** -149, 2 ** -148], [2 ** -149, 2 ** -1, 0, 0], [-(2 ** -149), 2 ** -1, 0, -0],
  [2 ** -100, 2 ** -100, 1, 1], [2 ** -75, 2 ** -75, 2 ** -149, 2 ** -148], [2 ** -75, 2 ** -75, 0, 0], [2 ** -75, 1.5 * 2 ** -75, 0, 2 ** -149],
  // Subnormal sums.
  [2 ** -126, 1, -(2 ** -149), 2 ** -126 - 2 ** -149], [2 ** -63, 2 ** -63, -(2 ** -127), 2 ** -127], [3 * 2 ** -149, 2 ** -1, 2 ** -140, 2 ** -140 + 2 ** -148],
  [-(2 ** -149), 2 ** -149, 2 ** -126, 2 ** -126],
];

/** Trials in f64. */
export const trials64: readonly Trial[] = [
  ...common,
  [1 + 2 ** -52, 1 - 2 ** -52, -1, -(2 ** -104)], [1 + 2 ** -52, 1 + 2 ** -52, -(1 + 2 ** -51), 2 ** -104], [2 ** 27 + 2 ** -25, 2 ** 27 - 2 ** -25, -(2 ** 54), -(2 ** -50)],
  [1 + 2 ** -52, 1 + 2 ** -1, 2 ** -200, 1.5 + 2 ** -51], [1 + 2 ** -52, 1 + 2 ** -1, -(2 ** -200), 1.5 + 2 ** -52], [-1 - 2 ** -52, 1 + 2 ** -1, -(2 ** -200), -1.5 - 2 ** -51],
  [2 ** 1023, 2, -(2 ** 1023), 2 ** 1023], [2 ** 1023, 4, -inf, -inf], [2 ** 1023, 2, 0, inf], [2 ** -1074, 2 ** -1, 2 ** -1074, 2 ** -1073], [2 ** -1074, 2 ** -1, 0, 0], [-(2 ** -1074), 2 ** -1, 0, -0],
  [2 ** -600, 2 ** -600, 1, 1], [2 ** -537, 2 ** -538, 2 ** -1074, 2 ** -1073], [2 ** -537, 2 ** -538, 0, 0], [2 ** -537, 1.5 * 2 ** -538, 0, 2 ** -1074],
  [2 ** -1022, 1, -(2 ** -1074), 2 ** -1022 - 2 ** -1074], [2 ** -511, 2 ** -511, -(2 ** -1023), 2 ** -1023], [3 * 2 ** -1074, 2 ** -1, 2 ** -1060, 2 ** -1060 + 2 ** -1073],
  [-(2 ** -1074), 2 ** -1074, 2 ** -1022, 2 ** -1022],
];

/** A module with `f32` and `f64`: fma of scalars, by the relaxed instructions. */
function trialModule(): Uint8Array<ArrayBuffer> {
  const module = new WasmModule();
  const write = (name: string, type: WasmType, splat: number, madd: number, lane: number): void => {
    const code = new Code(3);
    for (const operand of [0, 1, 2]) code.get(operand).simd(splat);
    module.define(module.declare([type, type, type], [type], name), code.simd(madd).lane(lane, 0));
  };
  write("f32", F32, simd.f32x4_splat, simd.f32x4_relaxed_madd, simd.f32x4_extract_lane);
  write("f64", F64, simd.f64x2_splat, simd.f64x2_relaxed_madd, simd.f64x2_extract_lane);
  return module.finish({ shared: false, maximumPages: 0 });
}

function probe(): boolean {
  if (environment("GLASSGPU_RELAXED_SIMD") === "off") return false;
  try {
    const bytes = trialModule();
    if (!WebAssembly.validate(bytes)) {
      // Node 20 has the instructions behind a flag, which counts for modules compiled later.
      nodeModule("node:v8")?.setFlagsFromString("--experimental-wasm-relaxed-simd");
      if (!WebAssembly.validate(bytes)) return false;
    }
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { e: { memory: new WebAssembly.Memory({ initial: 0 }) } });
    const right = (name: string, trials: readonly Trial[]): boolean => {
      const fma = exports[name] as (a: number, b: number, c: number) => number;
      return trials.every(([a, b, c, result]) => Object.is(fma(a, b, c), result));
    };
    return right("f32", trials32) && right("f64", trials64);
  } catch {
    // A host that forbids to set flags, or to compile, has none.
    return false;
  }
}

let known: boolean | null = null;

/** Whether fma is to be written as `relaxed_madd`. */
export function fusedInstruction(): boolean {
  known ??= probe();
  return known && !fmaPolicy.software;
}
