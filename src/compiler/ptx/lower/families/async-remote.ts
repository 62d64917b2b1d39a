import type { AtomicOp, ValueId } from "../../../ir/ops.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType, type PtxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { overBytes } from "./async.ts";
import { casAt } from "./atomic.ts";
import { single } from "./cluster.ts";
import { halfArithmetic } from "./half.ts";
import { completeTransaction } from "./mbarrier.ts";
import { vectorOf } from "./memory.ts";

/**
 * Stores and reductions that complete on an mbarrier, and reductions in bulk (PTX ISA 9.7.9.12, 9.7.13.7, 9.7.9.25.4.2). They are made for the shared memory of
 * another block of a cluster; clusters have one block here, so it is the own. Like all asynchronous operations they are complete at once.
 */

type Place = ReturnType<FnLowering["address"]>;

const order = { order: "relaxed", scope: "device" } as const;

/** st.async [shared], value or vector, [mbarrier] */
const store = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const n = vectorOf(m);
  return (c, ops) => {
    single(c);
    const values = c.items(ops[1], n).map((item) => c.src(item, type));
    const { addr, offset, space } = c.address(c.mem(ops[0]), "shared");
    const bytes = (type.bits / 8) * n;
    c.em.store(values, space, addr, offset, bytes, false, null);
    completeTransaction(c, c.mem(ops[2]), c.em.i32(bytes));
  };
};

/** The IR operation for a reduction of this type; null for halves, which have none. */
function operation(m: Mnemonic, type: PtxType): AtomicOp | null {
  const op = m.mods.find((mod) => /^(?:and|or|xor|add|inc|dec|min|max)$/.test(mod)) as "and" | "or" | "xor" | "add" | "inc" | "dec" | "min" | "max";
  if (type.kind === "h") return null;
  if (op === "add") return type.kind === "f" ? "fadd" : "add";
  return op === "min" || op === "max" ? `${op}.${type.kind === "s" ? "s" : "u"}` : op;
}

function reduceAt(c: FnLowering, m: Mnemonic, type: PtxType, { addr, offset, space }: Place, value: ValueId): void {
  const { em } = c;
  const op = operation(m, type);
  if (op !== null) return em.push({ op: "atomic", dst: em.value(em.types[value]!), rmw: op, space, addr, offset, value, ...order, line: em.line });
  const half = m.mods.includes("add") ? "add" : m.mods.includes("min") ? "min" : "max";
  casAt(c, { addr, offset, space }, order, type, (old) => halfArithmetic(c, type, half, old, value));
}

/** red.async [shared], value, [mbarrier] */
const reduce = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => {
    single(c);
    reduceAt(c, m, type, c.address(c.mem(ops[0]), "shared"), c.src(ops[1], type));
    completeTransaction(c, c.mem(ops[2]), c.em.i32(type.bits / 8));
  };
};

/** cp.reduce.async.bulk: element after element, each atomically; from the own shared memory to a cluster's (then the mbarrier is told) or to global memory. */
const bulkReduce = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  const shared = m.mods.includes("shared::cluster");
  return (c, ops) => {
    if (shared) single(c);
    const size = c.u32(ops[2]);
    const ir = type.kind === "h" ? "i16" : type.ir!;
    overBytes(c, c.address(c.mem(ops[0]), shared ? "shared" : "global"), c.address(c.mem(ops[1]), "shared"), size, type.bits / 8, (target, source) => {
      const [value] = c.em.load([ir], source.space, source.addr, source.offset, type.bits / 8, false, null);
      reduceAt(c, m, ptxType(type.name), target, value!);
    });
    if (shared) completeTransaction(c, c.mem(ops[3]), size);
  };
};

const TX = "mbarrier::complete_tx::bytes";
/** Operations, and the types they have in shared and in global memory. */
const REDUCTIONS = [
  ["and or xor", "b32", "b32 b64"], ["inc dec", "u32", "u32"], ["min max", "u32 s32", "u32 s32 u64 s64 f16 bf16"], ["add", "u32 s32 u64", "u32 s32 u64 f32 f64"],
] as const;

/** Rows of asynchronous stores and reductions. */
export const asyncRemoteRows: readonly Row[] = [
  { op: "st", types: ["b32 b64 u32 u64 s32 s64 f32 f64"], needs: `async ${TX}`, mods: "weak shared::cluster v2 v4", operands: 3, mode: "effect", make: store },
  ...REDUCTIONS.flatMap(([ops, shared, global]) => ops.split(" ").flatMap((op): Row[] => [
    { op: "red", types: [shared], needs: `async relaxed cluster ${TX} ${op}`, mods: "shared::cluster", operands: 3, mode: "effect", make: reduce },
    { op: "cp", types: [shared], needs: `reduce async bulk shared::cluster shared::cta ${TX} ${op}`, operands: 4, mode: "effect", make: bulkReduce },
    { op: "cp", types: [global], needs: `reduce async bulk global shared::cta bulk_group ${op}`, hints: true, operands: [3, 4], mode: "effect", make: bulkReduce },
  ])),
  { op: "cp", types: ["f16 bf16"], needs: "reduce async bulk global shared::cta bulk_group add noftz", hints: true, operands: [3, 4], mode: "effect", make: bulkReduce },
];
