import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { floats } from "./half.ts";
import { integerClamp, integerMax, integerMin } from "./integer.ts";
import { codeOf, isFloatCode } from "./mangle.ts";
import type { Lowering, Lowerings } from "./site.ts";

/** Common functions (OpenCL C 3.0 section 6.15.4), and min, max, clamp of integers, which share their names. */

/** y < x ? y : x, as the specification writes it: NaN in y gives x. */
export function lesser(k: Kit, x: ValueId, y: ValueId): ValueId {
  return k.select(k.fcmp("olt", y, x), y, x);
}

/** x < y ? y : x. */
export function greater(k: Kit, x: ValueId, y: ValueId): ValueId {
  return k.select(k.fcmp("olt", x, y), y, x);
}

function either(onFloats: Lowering, onIntegers: Lowering): Lowering {
  return (s) => (isFloatCode(codeOf(s.params[0])) ? onFloats(s) : onIntegers(s));
}

/** 0 below the first edge, 1 above the second, a cubic between. */
function smoothstep(k: Kit, low: ValueId, high: ValueId, x: ValueId): ValueId {
  const t = greater(k, k.like(x, 0), lesser(k, k.like(x, 1), k.div(k.sub(x, low), k.sub(high, low))));
  return k.mul(k.mul(t, t), k.sub(k.like(x, 3), k.mul(k.like(x, 2), t)));
}

/** 1, -1, or a zero of x's sign; 0 for NaN. */
function sign(k: Kit, x: ValueId): ValueId {
  const one = k.copysign(k.like(x, 1), x);
  const zero = k.select(k.fcmp("uno", x, x), k.like(x, 0), x);
  return k.select(k.fcmp("one", x, k.like(x, 0)), one, zero);
}

/** Lowerings of the common functions, by name. */
export const common: Lowerings = {
  min: either(floats((k, _, x, y) => lesser(k, x!, y!)), integerMin),
  max: either(floats((k, _, x, y) => greater(k, x!, y!)), integerMax),
  clamp: either(floats((k, _, x, low, high) => lesser(k, greater(k, x!, low!), high!)), integerClamp),
  degrees: floats((k, _, x) => k.mul(x!, k.like(x!, 180 / Math.PI))),
  radians: floats((k, _, x) => k.mul(x!, k.like(x!, Math.PI / 180))),
  mix: floats((k, _, x, y, a) => k.add(x!, k.mul(k.sub(y!, x!), a!))),
  step: floats((k, _, edge, x) => k.select(k.fcmp("olt", x!, edge!), k.like(x!, 0), k.like(x!, 1))),
  smoothstep: floats((k, _, low, high, x) => smoothstep(k, low!, high!, x!)),
  sign: floats((k, _, x) => sign(k, x!)),
};
