import { V128 } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import type { Node } from "../graph/node.ts";
import type { VectorHost } from "./host.ts";

/**
 * Minimum and maximum of floats. `pmin` and `pmax` are one instruction each on x86, and defined by a comparison: pmin(x, y) = y < x ? y : x, pmax(x, y) = x < y ? y : x.
 */

type Write = (host: VectorHost, part: number) => void;

function pick(least: boolean, wide: boolean): number {
  if (wide) return least ? simd.f64x2_pmin : simd.f64x2_pmax;
  return least ? simd.f32x4_pmin : simd.f32x4_pmax;
}

function both(x: Node, y: Node, code: number): Write {
  return (host, part) => {
    host.vector(x, part);
    host.vector(y, part);
    host.code.simd(code);
  };
}

/** A selection by comparison of the same two floats; null when it is none. Bits of NaNs and zeros are as the selection's. */
export function selectedExtreme(node: Node, wide: boolean): Write | null {
  const [on, yes, no] = node.args as [Node, Node, Node];
  if (on.op !== "fcmp" || (node.type !== "f32" && node.type !== "f64") || on.args[0]!.type !== node.type) return null;
  let [x, y] = on.args as [Node, Node];
  let [chosen, other] = [yes, no];
  switch (on.attr) {
    case "olt": break;
    case "ogt": [x, y] = [y, x]; break;
    case "uge": [chosen, other] = [no, yes]; break;
    case "ule":
      [x, y] = [y, x];
      [chosen, other] = [no, yes];
      break;
    default: return null;
  }
  // x < y ? chosen : other.
  if (chosen === x && other === y) return both(y, x, pick(true, wide));
  if (chosen === y && other === x) return both(x, y, pick(false, wide));
  return null;
}

/** fmin and fmax: of a number and a NaN the number, of two zeros -0 the lesser. */
export function floatExtreme(node: Node, wide: boolean): Write {
  const [a, b] = node.args as [Node, Node];
  const least = node.op === "fmin";
  // Beside a constant that is no NaN, and no zero of the sign that could lose: the constant unless the other is beyond it.
  for (const [limit, other] of [[b, a], [a, b]] as const) {
    if (limit.op === "const" && !Number.isNaN(Number(limit.imm)) && !Object.is(limit.imm, least ? 0 : -0)) return both(limit, other, pick(least, wide));
  }
  const extreme = wide ? (least ? simd.f64x2_min : simd.f64x2_max) : least ? simd.f32x4_min : simd.f32x4_max;
  const equal = wide ? simd.f64x2_eq : simd.f32x4_eq;
  return (host, part) => {
    const { code } = host;
    host.temp(V128, (x) => host.temp(V128, (y) => {
      host.vector(a, part);
      code.set(x);
      host.vector(b, part);
      code.set(y);
      code.get(x).get(y).simd(extreme).get(x).get(y).get(y).simd(equal, simd.bitselect).get(y).get(x).get(x).simd(equal, simd.bitselect);
    }));
  };
}
