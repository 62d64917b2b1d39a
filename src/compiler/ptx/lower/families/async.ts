import type { ValueId } from "../../../ir/ops.ts";
import type { Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { arriveNow, completeTransaction } from "./mbarrier.ts";

/**
 * Asynchronous copies (PTX ISA 9.7.9.25). The ISA lets a copy be complete at any time from its issue on; ours are complete at once, so
 * that commit and wait have nothing to do.
 */

const nothing: Lower = () => undefined;

/** Runs `work` only where `cond` holds. */
function when(c: FnLowering, cond: ValueId, label: string, work: () => void): void {
  const { em } = c;
  const then = em.newBlock(label);
  const join = em.newBlock("join");
  em.condbr(cond, then, join);
  em.at(then);
  work();
  em.br(join);
  em.at(join);
}

/** Copies `bytes` (4, 8 or 16) as one access, or zero-fills behind `size`. */
function copy(c: FnLowering, ops: readonly Operand[], bytes: number, size: ValueId | null): void {
  const { em } = c;
  const to = c.address(c.mem(ops[0]), "shared");
  const from = c.address(c.mem(ops[1]), "global");
  const words = bytes / 4;
  const types = Array.from({ length: words }, () => "i32" as const);
  if (size === null) {
    em.store(em.load(types, from.space, from.addr, from.offset, bytes, false, null), to.space, to.addr, to.offset, bytes, false, null);
    return;
  }
  // Only `size` bytes are read; the rest of the destination becomes zero. Sizes count in words: hardware ignores finer ones.
  em.store(types.map(() => em.i32(0)), to.space, to.addr, to.offset, bytes, false, null);
  for (let i = 0; i < words; i++) {
    when(c, em.icmp("gt.u", size, em.i32(4 * i)), "copy", () => {
      const v = em.load(["i32"], from.space, from.addr, from.offset + 4 * i, 4, false, null);
      em.store(v, to.space, to.addr, to.offset + 4 * i, 4, false, null);
    });
  }
}

/** cp.async [shared], [global], cp-size{, src-size | ignore-src}{, policy} */
const copyAsync = (m: Mnemonic): Lower => (c, ops) => {
  const bytes = c.literal(ops[2]);
  if (bytes !== 4 && bytes !== 8 && bytes !== 16) return c.fail("the size must be the constant 4, 8 or 16");
  if (m.mods.includes("cg") && bytes !== 16) return c.fail("the size must be 16 with .cg");
  const last = ops[3];
  if (last === undefined) return copy(c, ops, bytes, null);
  const size = c.literal(last);
  if (size !== undefined && size >= bytes) return copy(c, ops, bytes, null);
  const predicate = (last.kind === "reg" && last.type.kind === "pred") || last.kind === "not";
  if (predicate) c.needs("cp.async with ignore-src", 80, 75);
  const policy = last.kind === "reg" && last.type.bits === 64;
  if (policy) return copy(c, ops, bytes, null);
  copy(c, ops, bytes, predicate ? c.em.select(c.pred(last), c.em.i32(0), c.em.i32(bytes)) : c.u32(last));
};

/** A loop that copies `size` bytes (a multiple of 16) between shared and global memory. */
function bulk(c: FnLowering, to: Operand | undefined, from: Operand | undefined, size: ValueId, target: "shared" | "global", source: "shared" | "global"): void {
  overBytes(c, c.address(c.mem(to), target), c.address(c.mem(from), source), size, 16, (there, here) => {
    c.em.store(c.em.load(["i64", "i64"], here.space, here.addr, here.offset, 16, false, null), there.space, there.addr, there.offset, 16, false, null);
  });
}

type Place = ReturnType<FnLowering["address"]>;

/** A loop over `size` bytes at two places, `step` at a time. */
export function overBytes(c: FnLowering, target: Place, source: Place, size: ValueId, step: number, work: (target: Place, source: Place) => void): void {
  const { em } = c;
  const before = em.block;
  const head = em.newBlock("bulk");
  const body = em.newBlock("bulk.copy");
  const done = em.newBlock("bulk.done");
  em.br(head);
  em.at(head);
  const at = em.value("i32");
  const next = em.value("i32");
  const zero = em.zero("i32");
  // What the loop does may end in another block than it began in.
  const phi: { op: "phi"; dst: ValueId; from: readonly (readonly [number, ValueId])[]; line: number } = { op: "phi", dst: at, from: [], line: em.line };
  em.push(phi);
  em.condbr(em.icmp("lt.u", at, size), body, done);
  em.at(body);
  const moved = em.zext(at, "i64");
  work({ ...target, addr: em.bin("add", "i64", target.addr, moved) }, { ...source, addr: em.bin("add", "i64", source.addr, moved) });
  em.push({ op: "add", dst: next, a: at, b: em.i32(step), line: em.line });
  const end = em.block;
  em.br(head);
  phi.from = [[before, zero], [end, next]];
  em.at(done);
}

const bulkToShared: Lower = (c, ops) => {
  const size = c.u32(ops[2]);
  bulk(c, ops[0], ops[1], size, "shared", "global");
  completeTransaction(c, c.mem(ops[3]), size);
};

/** Between blocks of a cluster, of which there is one. */
const bulkWithinShared: Lower = (c, ops) => {
  const size = c.u32(ops[2]);
  bulk(c, ops[0], ops[1], size, "shared", "shared");
  completeTransaction(c, c.mem(ops[3]), size);
};

const bulkToGlobal: Lower = (c, ops) => bulk(c, ops[0], ops[1], c.u32(ops[2]), "global", "shared");

/** Without .noinc the barrier's count is first raised and then lowered by the arrival: nothing changes. */
const mbarrierArrive = (m: Mnemonic): Lower => (m.mods.includes("noinc") ? (c, ops) => arriveNow(c, c.mem(ops[0])) : nothing);

const SHARED = "shared shared::cta shared::cluster";
const TX = "mbarrier::complete_tx::bytes";

/** Rows of asynchronous copies. */
export const asyncRows: readonly Row[] = [
  ...["ca", "cg"].map((level): Row => ({ op: "cp", types: [], needs: `async ${level} global`, mods: "shared shared::cta", hints: true, operands: [3, 5], mode: "effect", make: copyAsync })),
  { op: "cp", types: [], needs: "async commit_group", operands: 0, mode: "effect", make: () => nothing },
  { op: "cp", types: [], needs: "async wait_group", operands: 1, mode: "effect", make: () => nothing },
  { op: "cp", types: [], needs: "async wait_all", operands: 0, mode: "effect", make: () => nothing },
  { op: "cp", types: ["b64"], needs: "async mbarrier arrive", mods: `noinc ${SHARED}`, operands: 1, mode: "effect", make: mbarrierArrive },
  { op: "cp", types: [], needs: `async bulk global ${TX}`, mods: "shared::cta shared::cluster", hints: true, operands: [4, 5], mode: "effect", make: () => bulkToShared },
  { op: "cp", types: [], needs: `async bulk shared::cluster shared::cta ${TX}`, operands: 4, mode: "effect", make: () => bulkWithinShared },
  { op: "cp", types: [], needs: "async bulk global shared::cta bulk_group", hints: true, operands: [3, 4], mode: "effect", make: () => bulkToGlobal },
  { op: "cp", types: [], needs: "async bulk commit_group", operands: 0, mode: "effect", make: () => nothing },
  { op: "cp", types: [], needs: "async bulk wait_group", mods: "read", operands: 1, mode: "effect", make: () => nothing },
  { op: "cp", types: [], needs: "async bulk prefetch global", mods: "L2", hints: true, operands: [2, 3], mode: "effect", make: () => nothing },
];
