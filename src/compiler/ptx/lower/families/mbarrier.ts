import type { ValueId } from "../../../ir/ops.ts";
import type { Space } from "../../../ir/types.ts";
import type { Mem, Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType } from "../../types.ts";
import type { Ordering } from "../emitter.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { orderingOf, scopeOf, spaceOf, SPACE_MODS } from "./memory.ts";

/**
 * mbarrier objects (PTX ISA 9.7.13.15). The object is opaque to programs; ours is one 64-bit word changed by compare-and-swap:
 * bits 0-21 transaction bytes outstanding (two's complement), 22-41 pending arrivals, 42-61 arrivals expected in each phase, 62 the phase.
 * A phase is complete when arrivals and transactions are all in: then the phase flips and the pending count starts over.
 * The state that arrive gives is the word before it; a test compares phases.
 */

const TX_BITS = 22n;
const TX_MASK = (1n << TX_BITS) - 1n;
const COUNT_MASK = (1n << 20n) - 1n;
const PENDING = 22n;
const EXPECTED = 42n;
const PHASE = 62n;

interface Place {
  readonly addr: ValueId;
  readonly offset: number;
  readonly space: Space;
}

const relaxed: Ordering = { order: "acq_rel", scope: "workgroup" };

function field(c: FnLowering, word: ValueId, at: bigint, mask: bigint): ValueId {
  const { em } = c;
  return em.bin("and", "i64", em.bin("lshr", "i64", word, em.int("i64", at)), em.int("i64", mask));
}

/** What an operation adds to the fields: arrivals taken off, expectation lowered, transaction bytes added. All i64. */
interface Change {
  readonly arrivals: ValueId | null;
  readonly drop: boolean;
  readonly bytes: ValueId | null;
}

/** The word after a change, with the phase completed if nothing is outstanding. */
function advance(c: FnLowering, old: ValueId, change: Change): ValueId {
  const { em } = c;
  const add = (a: ValueId, b: ValueId): ValueId => em.bin("add", "i64", a, b);
  const low = (v: ValueId, mask: bigint): ValueId => em.bin("and", "i64", v, em.int("i64", mask));
  let pending = field(c, old, PENDING, COUNT_MASK);
  let expected = field(c, old, EXPECTED, COUNT_MASK);
  let tx = low(old, TX_MASK);
  if (change.arrivals !== null) {
    pending = low(em.bin("sub", "i64", pending, change.arrivals), COUNT_MASK);
    if (change.drop) expected = low(em.bin("sub", "i64", expected, change.arrivals), COUNT_MASK);
  }
  if (change.bytes !== null) tx = low(add(tx, change.bytes), TX_MASK);
  const zero = em.int("i64", 0);
  const complete = em.icmp("eq", em.bin("or", "i64", pending, tx), zero);
  const phase = em.bin("and", "i64", old, em.int("i64", 1n << PHASE));
  const flipped = em.select(complete, em.bin("xor", "i64", phase, em.int("i64", 1n << PHASE)), phase);
  const left = em.select(complete, expected, pending);
  const counts = em.bin("or", "i64", em.bin("shl", "i64", left, em.int("i64", PENDING)), em.bin("shl", "i64", expected, em.int("i64", EXPECTED)));
  return em.bin("or", "i64", em.bin("or", "i64", flipped, counts), tx);
}

/** Changes the object; gives the word before. */
function change(c: FnLowering, place: Place, order: Ordering, what: Change): ValueId {
  const { em } = c;
  const { addr, offset, space } = place;
  const [first] = em.load(["i64"], space, addr, offset, 8, false, { order: "relaxed", scope: order.scope });
  const before = em.block;
  const head = em.newBlock("mbarrier");
  const done = em.newBlock("mbarrier.done");
  em.br(head);
  em.at(head);
  const got = em.value("i64");
  const current = em.phi("i64", [[before, first!], [head, got]]);
  const fresh = advance(c, current, what);
  em.push({ op: "cmpxchg", dst: got, space, addr, offset, expected: current, value: fresh, ...order, line: em.line });
  em.condbr(em.icmp("eq", got, current), done, head);
  em.at(done);
  return current;
}

function place(c: FnLowering, m: Mnemonic, op: Operand | undefined): Place {
  return c.address(c.mem(op), spaceOf(m));
}

function ordering(m: Mnemonic): Ordering {
  return orderingOf(m) ?? { order: "acq_rel", scope: scopeOf(m, "workgroup") };
}

/** A count operand as i64. */
function count(c: FnLowering, op: Operand | undefined): ValueId {
  return op === undefined ? c.em.int("i64", 1) : c.em.zext(c.u32(op), "i64");
}

/** One arrival on the object at a shared address, as asynchronous copies make it. */
export function arriveNow(c: FnLowering, op: Mem): void {
  change(c, c.address(op, "shared"), relaxed, { arrivals: c.em.int("i64", 1), drop: false, bytes: null });
}

/** `bytes` (i32) of transactions done on the object at a shared address. */
export function completeTransaction(c: FnLowering, op: Mem, bytes: ValueId): void {
  const negative = c.em.un("neg", "i64", c.em.zext(bytes, "i64"));
  change(c, c.address(op, "shared"), relaxed, { arrivals: null, drop: false, bytes: negative });
}

const init = (m: Mnemonic): Lower => (c, ops) => {
  const { em } = c;
  const { addr, offset, space } = place(c, m, ops[0]);
  const n = em.bin("and", "i64", count(c, ops[1]), em.int("i64", COUNT_MASK));
  const word = em.bin("or", "i64", em.bin("shl", "i64", n, em.int("i64", PENDING)), em.bin("shl", "i64", n, em.int("i64", EXPECTED)));
  em.store([word], space, addr, offset, 8, false, null);
};

/** An invalidated object is memory like any other. */
const inval = (m: Mnemonic): Lower => (c, ops) => {
  const { addr, offset, space } = place(c, m, ops[0]);
  c.em.store([c.em.int("i64", 0)], space, addr, offset, 8, false, null);
};

const state = ptxType("b64");

/** mbarrier.arrive{_drop}{.expect_tx} {state,} [addr]{, count}: with .expect_tx the operand counts bytes, and one arrival is made. */
const arrive = (m: Mnemonic): Lower => {
  const drop = m.mods.includes("arrive_drop");
  const expects = m.mods.includes("expect_tx");
  const order = ordering(m);
  return (c, ops) => {
    const silent = ops[0]!.kind === "mem";
    const rest = silent ? ops : ops.slice(1);
    if (rest.length > 1 && !m.mods.includes("noComplete")) c.needs("mbarrier.arrive with a count", 90, 78);
    if (ops[0]!.kind === "sink" && !drop) c.needs("mbarrier.arrive without a state", 80, 71);
    const operand = count(c, rest[1]);
    const one = c.em.int("i64", 1);
    const old = change(c, place(c, m, rest[0]), order, { arrivals: expects ? one : operand, drop, bytes: expects ? operand : null });
    if (!silent) c.dst(ops[0], state, old);
  };
};

const transaction = (sign: 1 | -1) => (m: Mnemonic): Lower => (c, ops) => {
  const bytes = count(c, ops[1]);
  change(c, place(c, m, ops[0]), ordering(m), { arrivals: null, drop: false, bytes: sign === 1 ? bytes : c.em.un("neg", "i64", bytes) });
};

/** Whether the phase that a state or parity names is complete. */
function test(c: FnLowering, m: Mnemonic, at: Place, wanted: ValueId): ValueId {
  const { em } = c;
  const [word] = em.load(["i64"], at.space, at.addr, at.offset, 8, false, { order: "acquire", scope: scopeOf(m, "workgroup") });
  return em.icmp("ne", field(c, word!, PHASE, 1n), wanted);
}

/** test_wait looks once; try_wait gives others a turn before it looks again. */
const wait = (m: Mnemonic): Lower => {
  const parity = m.mods.includes("parity");
  const patient = m.mods.includes("try_wait");
  return (c, ops) => {
    const { em } = c;
    const at = place(c, m, ops[1]);
    const wanted = parity ? em.bin("and", "i64", em.zext(c.u32(ops[2]), "i64"), em.int("i64", 1)) : field(c, c.src(ops[2], state), PHASE, 1n);
    const now = test(c, m, at, wanted);
    if (!patient) return c.dstPred(ops[0], now);
    const before = em.block;
    const again = em.newBlock("mbarrier.wait");
    const join = em.newBlock("join");
    em.condbr(now, join, again);
    em.at(again);
    em.push({ op: "nanosleep", ns: ops[3] === undefined ? em.i32(20) : c.u32(ops[3]), line: em.line });
    const later = test(c, m, at, wanted);
    em.br(join);
    em.at(join);
    c.dstPred(ops[0], em.phi("i1", [[before, now], [again, later]]));
  };
};

const pendingCount: Lower = (c, ops) => c.dst(ops[0], ptxType("b32"), c.em.trunc(field(c, c.src(ops[1], state), PENDING, COUNT_MASK), "i32"));

const COMMON = `release acquire relaxed cta cluster ${SPACE_MODS}`;

/** Rows of mbarrier objects. */
export const mbarrierRows: readonly Row[] = [
  { op: "mbarrier", types: ["b64"], needs: "init", mods: COMMON, operands: 2, mode: "effect", make: init },
  { op: "mbarrier", types: ["b64"], needs: "inval", mods: COMMON, operands: 1, mode: "effect", make: inval },
  ...["arrive", "arrive_drop"].flatMap((op): Row[] => [
    { op: "mbarrier", types: ["b64"], needs: op, mods: `${COMMON} noComplete`, operands: [1, 3], mode: "effect", make: arrive },
    { op: "mbarrier", types: ["b64"], needs: `${op} expect_tx`, mods: COMMON, operands: [2, 3], mode: "effect", make: arrive },
  ]),
  { op: "mbarrier", types: ["b64"], needs: "expect_tx", mods: COMMON, operands: 2, mode: "effect", make: transaction(1) },
  { op: "mbarrier", types: ["b64"], needs: "complete_tx", mods: COMMON, operands: 2, mode: "effect", make: transaction(-1) },
  { op: "mbarrier", types: ["b64"], needs: "test_wait", mods: `${COMMON} parity`, operands: 3, mode: "effect", make: wait },
  { op: "mbarrier", types: ["b64"], needs: "try_wait", mods: `${COMMON} parity`, operands: [3, 4], mode: "effect", make: wait },
  { op: "mbarrier", types: ["b64"], needs: "pending_count", operands: 2, mode: "pure", make: () => pendingCount },
];
