import type { FloatBinary, ValueId } from "../ir/ops.ts";
import type { LInstr } from "./ast.ts";
import type { FnLowering } from "./context.ts";
import { elementLeaf } from "./flat.ts";
import { onWorking } from "./floats.ts";
import { intBinary } from "./ints.ts";

type Call = LInstr & { op: "call" };

const FLOATS: Readonly<Record<string, FloatBinary>> = { fmin: "fmin", fmax: "fmax", fadd: "fadd", fmul: "fmul" };

/** llvm.vector.reduce.*; null when the name is none of them. Floating-point sums go from the first element to the last. */
export function vectorIntrinsic(fx: FnLowering, base: string, i: Call): readonly ValueId[] | null {
  if (!base.startsWith("vector.reduce.")) return null;
  const what = base.slice("vector.reduce.".length);
  const vector = i.args.at(-1)!;
  const leaf = elementLeaf(vector.type);
  const values = [...fx.value(vector)];
  const float = FLOATS[what];
  if (float !== undefined) {
    if (i.args.length > 1) values.unshift(fx.one(i.args[0]!));
    return [values.reduce((a, b) => onWorking(fx.k, leaf, [a, b], (x, y) => fx.k.float(float, x!, y!)))];
  }
  return [values.reduce((a, b) => intBinary(fx.k, leaf, what, a, b) ?? fx.fail(`intrinsic ${base}`))];
}
