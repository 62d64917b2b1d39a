import type { MemoryOrder, ValueId } from "../../../ir/ops.ts";
import type { Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { scopeOf } from "./memory.ts";

/** Barriers of a block, and fences (PTX ISA 9.7.13). */

/** Barrier number: null for barrier 0, so that the common case needs no value. */
function barrierId(c: FnLowering, op: Operand | undefined): ValueId | null {
  if (op === undefined || (op.kind === "int" && op.value === 0)) return null;
  if (op.kind === "int" && (op.value < 0 || op.value > 15)) return c.fail("there are barriers 0 to 15");
  return c.u32(op);
}

/** How many work-items take part: whole warps. */
function participants(c: FnLowering, op: Operand): ValueId {
  const known = c.literal(op);
  if (known !== undefined && (known === 0 || known > 1024 || known % 32 !== 0)) c.fail("the number of threads is a multiple of 32, up to 1024");
  return c.u32(op);
}

const sync = (kind: "sync" | "arrive"): Lower => (c, ops) => {
  const id = barrierId(c, ops[0]);
  const count = ops[1] === undefined ? null : participants(c, ops[1]);
  c.em.push({ op: "barrier", kind, id, count, line: c.em.line });
};

/** bar.red d, a{, b}, {!}c */
const reduce = (red: "and" | "or" | "popc"): Lower => (c, ops) => {
  const id = barrierId(c, ops[1]);
  const count = ops.length === 4 ? participants(c, ops[2]!) : null;
  const a = c.pred(ops[ops.length - 1]);
  const dst = c.em.value(red === "popc" ? "i32" : "i1");
  c.em.push({ op: "barred", dst, red, id, count, a, line: c.em.line });
  if (red === "popc") c.dst(ops[0], ptxType("u32"), dst);
  else c.dstPred(ops[0], dst);
};

const membarScopes: Readonly<Record<string, "workgroup" | "device" | "system">> = { cta: "workgroup", gl: "device", sys: "system" };

/** membar is a sequentially consistent fence (PTX ISA 9.7.13.4). */
const membar = (m: Mnemonic): Lower => {
  const scope = membarScopes[m.mods[0]!]!;
  return (c) => c.em.push({ op: "fence", order: "seq_cst", scope, line: c.em.line });
};

const fenceOrders: Readonly<Record<string, MemoryOrder>> = { sc: "seq_cst", acq_rel: "acq_rel", acquire: "acquire", release: "release" };

const fence = (m: Mnemonic): Lower => {
  const order = m.mods.map((mod) => fenceOrders[mod]).find((o) => o !== undefined) ?? "acq_rel";
  const scope = scopeOf(m, "device");
  return (c) => c.em.push({ op: "fence", order, scope, line: c.em.line });
};

/** Proxy fences order ways of access that are one and the same here. */
const proxyFence: Lower = (c) => c.em.push({ op: "fence", order: "acq_rel", scope: "device", line: c.em.line });

const PROXIES = "proxy alias async async.global global shared tensormap generic acquire release gpu cta cluster sys "
  + "sync_restrict::shared::cta sync_restrict::shared::cluster shared::cta shared::cluster async::generic tensormap::generic";

/** Rows of barriers and fences. */
export const barrierRows: readonly Row[] = [
  ...["bar", "barrier"].flatMap((op): Row[] => [
    { op, types: [], needs: "sync", mods: "cta aligned", operands: [1, 2], mode: "effect", make: () => sync("sync") },
    { op, types: [], needs: "arrive", mods: "cta aligned", operands: 2, mode: "effect", make: () => sync("arrive") },
    { op, types: ["u32"], needs: "red popc", mods: "cta aligned", operands: [3, 4], mode: "effect", make: () => reduce("popc") },
    { op, types: ["pred"], needs: "red and", mods: "cta aligned", operands: [3, 4], mode: "effect", make: () => reduce("and") },
    { op, types: ["pred"], needs: "red or", mods: "cta aligned", operands: [3, 4], mode: "effect", make: () => reduce("or") },
  ]),
  ...Object.keys(membarScopes).map((scope): Row => ({ op: "membar", types: [], needs: scope, operands: 0, mode: "effect", make: membar })),
  { op: "membar", types: [], needs: "proxy", mods: PROXIES, operands: 0, mode: "effect", make: () => proxyFence },
  ...["cta", "cluster", "gpu", "sys"].map((scope): Row => ({ op: "fence", types: [], needs: scope, mods: "sc acq_rel acquire release sync_restrict::shared::cta sync_restrict::shared::cluster", operands: 0, mode: "effect", make: fence })),
  { op: "fence", types: [], needs: "proxy", mods: PROXIES, operands: [0, 2], mode: "effect", make: () => proxyFence },
  { op: "fence", types: [], needs: "mbarrier_init", mods: "release cluster", operands: 0, mode: "effect", make: () => proxyFence },
];
