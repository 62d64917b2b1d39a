import type { ValueId } from "../../../ir/ops.ts";
import type { FnLowering } from "../function.ts";

/** `.ftz` and `.sat` of single precision (PTX ISA 9.7.3). */

const SMALLEST_NORMAL = 2 ** -126;

/** The value with subnormals made zero of the same sign. What is known to be flushed already stays. */
export function flush(c: FnLowering, v: ValueId): ValueId {
  if (c.flushed.has(v)) return v;
  const { em } = c;
  const known = em.known(v);
  if (known !== undefined && (Math.abs(Number(known)) >= SMALLEST_NORMAL || Number(known) === 0)) return v;
  return em.once(`ftz:${v}`, () => {
    const small = em.fcmp("olt", em.un("fabs", "f32", v), em.float("f32", SMALLEST_NORMAL));
    const result = em.select(small, em.fbin("copysign", "f32", em.float("f32", 0), v), v);
    c.flushed.add(result);
    return result;
  });
}

/** Limits to [0, 1]; NaN becomes +0. */
export function saturate(c: FnLowering, v: ValueId): ValueId {
  const { em } = c;
  const type = em.types[v]!;
  return em.fbin("fmin", type, em.fbin("fmax", type, v, em.float(type, 0)), em.float(type, 1));
}

/** What modifiers ask for before and after a single-precision operation. */
export interface Finish {
  readonly ftz: boolean;
  readonly sat: boolean;
}

/** Reads `.ftz` and `.sat`. */
export function finishOf(mods: readonly string[]): Finish {
  return { ftz: mods.includes("ftz"), sat: mods.includes("sat") };
}

/** A source operand, flushed where asked. */
export function before(c: FnLowering, f: Finish, v: ValueId): ValueId {
  return f.ftz ? flush(c, v) : v;
}

/** A result, saturated and flushed where asked. */
export function after(c: FnLowering, f: Finish, v: ValueId): ValueId {
  const limited = f.sat ? saturate(c, v) : v;
  return f.ftz ? flush(c, limited) : limited;
}
