import type { Instr, ValueId } from "../../../ir/ops.ts";
import type { Type } from "../../../ir/types.ts";
import type { Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";

/** What the lanes of a warp do together (PTX ISA 9.7.9.6 and 9.7.13). */

const b32 = ptxType("b32");

/** `d` and `p` of `d|p`; a sink or no second destination gives null. */
function destinations(op: Operand | undefined): { readonly d: Operand | undefined; readonly p: Operand | null } {
  return op !== undefined && op.kind === "pair" ? { d: op.a, p: op.b } : { d: op, p: null };
}

/** The member mask: an operand of .sync forms; null (all lanes present) of the old ones. */
function maskOf(c: FnLowering, m: Mnemonic, op: Operand | undefined): ValueId | null {
  return m.mods.includes("sync") ? c.u32(op) : null;
}

type Draft<T> = T extends { readonly dst: ValueId } ? Omit<T, "dst" | "line"> : never;

/** Emits an instruction that defines one value. */
function define(c: FnLowering, type: Type, draft: Draft<Instr>): ValueId {
  const dst = c.em.value(type);
  c.em.push({ ...draft, dst, line: c.em.line } as Instr);
  return dst;
}

type ShuffleMode = "up" | "down" | "bfly" | "idx";

const shfl = (mode: ShuffleMode) => (m: Mnemonic): Lower => (c, ops) => {
  const { d, p } = destinations(ops[0]);
  const a = c.src(ops[1], b32);
  const b = c.src(ops[2], b32);
  const clamp = c.u32(ops[3]);
  const mask = maskOf(c, m, ops[4]);
  const ok = p === null || p.kind === "sink" ? -1 : c.em.value("i1");
  const v = define(c, "i32", { op: "shfl", mode, ok, a, b, c: clamp, mask });
  c.dst(d, b32, v);
  if (ok !== -1) c.dstPred(p!, ok);
};

const vote = (mode: "all" | "any" | "uni" | "ballot") => (m: Mnemonic): Lower => (c, ops) => {
  const a = c.pred(ops[1]);
  const mask = maskOf(c, m, ops[2]);
  const v = define(c, mode === "ballot" ? "i32" : "i1", { op: "vote", mode, a, mask });
  if (mode === "ballot") c.dst(ops[0], b32, v);
  else c.dstPred(ops[0], v);
};

const match = (mode: "any" | "all") => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => {
    const { d, p } = destinations(ops[0]);
    if (mode === "any" && ops[0]?.kind === "pair") c.fail("match.any gives no predicate");
    const a = c.src(ops[1], type);
    const mask = c.u32(ops[2]);
    const ok = p === null || p.kind === "sink" ? -1 : c.em.value("i1");
    const v = define(c, "i32", { op: "match", mode, ok, a, mask });
    c.dst(d, b32, v);
    if (ok !== -1) c.dstPred(p!, ok);
  };
};

const redux = (op: "add" | "min" | "max" | "and" | "or" | "xor") => (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const red = op === "min" || op === "max" ? (`${op}.${type.kind === "s" ? "s" : "u"}` as const) : op;
  return (c, ops) => c.dst(ops[0], type, define(c, "i32", { op: "redux", red, a: c.src(ops[1], type), mask: c.u32(ops[2]) }));
};

const activemask: Lower = (c, ops) => c.dst(ops[0], b32, define(c, "i32", { op: "activemask" }));

const warpsync: Lower = (c, ops) => c.em.push({ op: "warpsync", mask: c.u32(ops[0]), line: c.em.line });

/** elect.sync d|p, mask: the lowest lane of the mask is elected. */
const elect: Lower = (c, ops) => {
  const { em } = c;
  const { d, p } = destinations(ops[0]);
  const mask = c.u32(ops[1]);
  em.push({ op: "warpsync", mask, line: em.line });
  const leader = em.un("ctz", "i32", mask);
  const mine = em.icmp("eq", em.sreg("lane"), leader);
  c.dst(d, b32, leader);
  if (p !== null && p.kind !== "sink") c.dstPred(p, mine);
};

/** Rows of warp collectives. */
export const collectiveRows: readonly Row[] = [
  ...(["up", "down", "bfly", "idx"] as const).flatMap((mode): Row[] => [
    { op: "shfl", types: ["b32"], needs: `sync ${mode}`, operands: 5, mode: "effect", make: shfl(mode) },
    { op: "shfl", types: ["b32"], needs: mode, operands: 4, mode: "effect", make: shfl(mode) },
  ]),
  ...(["all", "any", "uni"] as const).flatMap((mode): Row[] => [
    { op: "vote", types: ["pred"], needs: `sync ${mode}`, operands: 3, mode: "effect", make: vote(mode) },
    { op: "vote", types: ["pred"], needs: mode, operands: 2, mode: "effect", make: vote(mode) },
  ]),
  { op: "vote", types: ["b32"], needs: "sync ballot", operands: 3, mode: "effect", make: vote("ballot") },
  { op: "vote", types: ["b32"], needs: "ballot", operands: 2, mode: "effect", make: vote("ballot") },
  { op: "match", types: ["b32 b64"], needs: "any sync", operands: 3, mode: "effect", make: match("any") },
  { op: "match", types: ["b32 b64"], needs: "all sync", operands: 3, mode: "effect", make: match("all") },
  ...(["add", "min", "max"] as const).map((op): Row => ({ op: "redux", types: ["u32 s32"], needs: `sync ${op}`, operands: 3, mode: "effect", make: redux(op) })),
  ...(["and", "or", "xor"] as const).map((op): Row => ({ op: "redux", types: ["b32"], needs: `sync ${op}`, operands: 3, mode: "effect", make: redux(op) })),
  { op: "activemask", types: ["b32"], operands: 1, mode: "effect", make: () => activemask },
  { op: "bar", types: [], needs: "warp sync", operands: 1, mode: "effect", make: () => warpsync },
  { op: "elect", types: [], needs: "sync", operands: 2, mode: "effect", make: () => elect },
];
