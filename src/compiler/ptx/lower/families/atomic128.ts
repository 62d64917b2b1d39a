import type { Scope, ValueId } from "../../../ir/ops.ts";
import { ptxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { scopeOf, spaceOf, SPACE_MODS } from "./memory.ts";

/**
 * atom.cas.b128 and atom.exch.b128 (PTX ISA 9.7.13.5). WebAssembly has no atomics of that width, so they are made under a lock, one for the module.
 * NON-SPEC: two modules that use such atomics on the same memory, and narrower atomics beside them, are not kept apart.
 */

const LOCK = "__gg_lock128";
const b64 = ptxType("b64");

/** Does `body` while nobody else holds the lock. */
function locked(c: FnLowering, scope: Scope, body: () => void): void {
  const { em } = c;
  c.module.needGlobal(LOCK, 16);
  const lock = em.once(`globaladdr:${LOCK}`, () => {
    const dst = em.value("i64");
    em.push({ op: "globaladdr", dst, symbol: LOCK, line: em.line });
    return dst;
  });
  const [zero, one] = [em.i32(0), em.i32(1)];
  const [take, held] = [em.newBlock("lock"), em.newBlock("locked")];
  em.br(take);
  em.at(take);
  const got = em.value("i32");
  em.push({ op: "cmpxchg", dst: got, space: "global", addr: lock, offset: 0, expected: zero, value: one, order: "acquire", scope, line: em.line });
  em.condbr(em.icmp("eq", got, zero), held, take);
  em.at(held);
  body();
  const old = em.value("i32");
  em.push({ op: "atomic", dst: old, rmw: "xchg", space: "global", addr: lock, offset: 0, value: em.i32(0), order: "release", scope, line: em.line });
}

const swap = (compare: boolean) => (m: Mnemonic): Lower => {
  const scope = scopeOf(m, "device");
  const wanted = spaceOf(m);
  return (c, ops) => {
    const { em } = c;
    const pair = (i: number): ValueId[] => c.items(ops[i], 2).map((item) => c.src(item, b64));
    const { addr, offset, space } = c.address(c.mem(ops[1]), wanted);
    const expected = compare ? pair(2) : null;
    const value = pair(compare ? 3 : 2);
    let old: ValueId[] = [];
    locked(c, scope, () => {
      old = em.load(["i64", "i64"], space, addr, offset, 16, false, null);
      const same = expected === null ? null : em.bin("and", "i1", em.icmp("eq", old[0]!, expected[0]!), em.icmp("eq", old[1]!, expected[1]!));
      em.store(value.map((v, i) => (same === null ? v : em.select(same, v, old[i]!))), space, addr, offset, 16, false, null);
    });
    c.items(ops[0], 2).forEach((item, i) => c.dst(item, b64, old[i]!));
  };
};

const MODS = `relaxed acquire release acq_rel cta cluster gpu sys b128 ${SPACE_MODS}`;

/** Rows of 128-bit atomics. */
export const atomic128Rows: readonly Row[] = [
  { op: "atom", types: ["b128"], needs: "cas", mods: MODS, hints: true, operands: [4, 5], mode: "effect", make: swap(true) },
  { op: "atom", types: ["b128"], needs: "exch", mods: MODS, hints: true, operands: [3, 4], mode: "effect", make: swap(false) },
];
