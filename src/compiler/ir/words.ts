import type {
  AtomicOp, FloatPredicate, Instr, IntPredicate, MemoryOrder, Opcode, Rounding, Scope, SpecialRegister,
} from "./ops.ts";
import type { Space } from "./types.ts";

/** The enumerations of `ops.ts` as lists, complete by type: a member added there does not compile until it stands here. */

function complete<T extends string>(members: Readonly<Record<T, true>>): readonly T[] {
  return Object.keys(members) as T[];
}

/** Every rounding mode. */
export const roundings: readonly Rounding[] = complete<Rounding>({ rn: true, rz: true, rm: true, rp: true });

/** Every integer comparison. */
export const intPredicates: readonly IntPredicate[] = complete<IntPredicate>({
  eq: true, ne: true, "lt.s": true, "le.s": true, "gt.s": true, "ge.s": true, "lt.u": true, "le.u": true, "gt.u": true, "ge.u": true,
});

/** Every floating-point comparison. */
export const floatPredicates: readonly FloatPredicate[] = complete<FloatPredicate>({
  oeq: true, one: true, olt: true, ole: true, ogt: true, oge: true, ueq: true, une: true, ult: true, ule: true, ugt: true, uge: true, ord: true, uno: true,
});

/** Every atomic operation. */
export const atomicOps: readonly AtomicOp[] = complete<AtomicOp>({
  add: true, sub: true, and: true, or: true, xor: true, xchg: true, "min.s": true, "max.s": true, "min.u": true, "max.u": true,
  inc: true, dec: true, fadd: true, fmin: true, fmax: true,
});

/** Every memory order, scope and state space. */
export const memoryOrders: readonly MemoryOrder[] = complete<MemoryOrder>({ relaxed: true, acquire: true, release: true, acq_rel: true, seq_cst: true });
export const scopes: readonly Scope[] = complete<Scope>({ workitem: true, subgroup: true, workgroup: true, device: true, system: true });
export const spaces: readonly Space[] = complete<Space>({ global: true, const: true, shared: true, local: true, generic: true });

/** Every special register. */
export const specialRegisters: readonly SpecialRegister[] = complete<SpecialRegister>({
  "tid.x": true, "tid.y": true, "tid.z": true, "ntid.x": true, "ntid.y": true, "ntid.z": true, "entid.x": true, "entid.y": true, "entid.z": true,
  "ctaid.x": true, "ctaid.y": true, "ctaid.z": true, "nctaid.x": true, "nctaid.y": true, "nctaid.z": true,
  "gid.x": true, "gid.y": true, "gid.z": true, "gsize.x": true, "gsize.y": true, "gsize.z": true, "goff.x": true, "goff.y": true, "goff.z": true,
  workdim: true, lane: true, warp: true, nwarp: true, warpsize: true, smid: true, nsmid: true, clock64: true, globaltimer: true, dynshared: true, gridid: true,
});

type Of<Op extends Opcode, Name extends string> = Extract<Instr, { readonly op: Op }> extends { readonly [key in Name]: infer Word extends string } ? Word : never;

const reductions = complete<Of<"redux", "red">>({ add: true, "min.s": true, "max.s": true, "min.u": true, "max.u": true, and: true, or: true, xor: true });
const byOp: Readonly<Record<string, readonly string[]>> = {
  "icmp.pred": intPredicates,
  "fcmp.pred": floatPredicates,
  "barrier.kind": complete<Of<"barrier", "kind">>({ sync: true, arrive: true }),
  "barrier.orders": complete<"shared">({ shared: true }),
  "barred.red": complete<Of<"barred", "red">>({ and: true, or: true, popc: true }),
  "shfl.mode": complete<Of<"shfl", "mode">>({ up: true, down: true, bfly: true, idx: true }),
  "vote.mode": complete<Of<"vote", "mode">>({ all: true, any: true, uni: true, ballot: true }),
  "match.mode": complete<Of<"match", "mode">>({ any: true, all: true }),
  "redux.red": reductions,
};
const byField: Readonly<Record<string, readonly string[]>> = {
  round: roundings, reg: specialRegisters, space: spaces, order: memoryOrders, scope: scopes, rmw: atomicOps,
};

/** What may stand in a field of kind `word` (see `shapes`). */
export function wordsOf(op: Opcode, fieldName: string): readonly string[] {
  return byOp[`${op}.${fieldName}`] ?? byField[fieldName] ?? [];
}
