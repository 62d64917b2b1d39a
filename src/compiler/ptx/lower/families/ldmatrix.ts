import type { ValueId } from "../../../ir/ops.ts";
import type { Mem, Operand } from "../../ast.ts";
import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { fromLane } from "./matrix-elements.ts";
import { spaceOf } from "./memory.ts";

/**
 * ldmatrix, stmatrix, movmatrix (PTX ISA 9.7.14.5.14 and following): 8 by 8 matrices of 16-bit elements. Lane 8i+j gives the address of row j of
 * matrix i. Lane l holds elements 2(l%4) and 2(l%4)+1 of row l/4, or, transposed, of column l/4.
 */

const b32 = ptxType("b32");

function matrices(m: Mnemonic): number {
  return m.mods.includes("x4") ? 4 : m.mods.includes("x2") ? 2 : 1;
}

/** Address (with the operand's offset in it) of a row that another lane names. */
function rowAddress(c: FnLowering, whole: ValueId, lane: ValueId): ValueId {
  return fromLane(c, whole, lane);
}

interface Lanes {
  /** l/4 and l%4. */
  readonly row: ValueId;
  readonly pair: ValueId;
}

function lanes(c: FnLowering): Lanes {
  const { em } = c;
  const lane = em.sreg("lane");
  return { row: em.bin("lshr", "i32", lane, em.i32(2)), pair: em.bin("and", "i32", lane, em.i32(3)) };
}

function fullAddress(c: FnLowering, m: Mnemonic, op: Mem): { readonly addr: ValueId; readonly space: ReturnType<typeof spaceOf> } {
  const { em } = c;
  const { addr, offset, space } = c.address(op, spaceOf(m));
  return { addr: offset === 0 ? addr : em.bin("add", "i64", addr, em.int("i64", offset)), space };
}

/** Addresses of this lane's two elements in matrix `i` when transposed: rows 2p and 2p+1, column r. */
function transposed(c: FnLowering, base: ValueId, i: number, { row, pair }: Lanes): readonly [ValueId, ValueId] {
  const { em } = c;
  const first = em.bin("add", "i32", em.bin("shl", "i32", pair, em.i32(1)), em.i32(8 * i));
  const column = em.zext(em.bin("shl", "i32", row, em.i32(1)), "i64");
  const at = (lane: ValueId): ValueId => em.bin("add", "i64", rowAddress(c, base, lane), column);
  return [at(first), at(em.bin("add", "i32", first, em.i32(1)))];
}

/** Address of this lane's pair in matrix `i`: row r, column 2p. */
function straight(c: FnLowering, base: ValueId, i: number, { row, pair }: Lanes): ValueId {
  const { em } = c;
  const lane = em.bin("add", "i32", row, em.i32(8 * i));
  return em.bin("add", "i64", rowAddress(c, base, lane), em.zext(em.bin("shl", "i32", pair, em.i32(2)), "i64"));
}

const ldmatrix = (m: Mnemonic): Lower => {
  const n = matrices(m);
  const trans = m.mods.includes("trans");
  return (c, ops) => {
    const { em } = c;
    const { addr, space } = fullAddress(c, m, c.mem(ops[1]));
    const where = lanes(c);
    const values: ValueId[] = [];
    for (let i = 0; i < n; i++) {
      if (!trans) {
        values.push(em.load(["i32"], space, straight(c, addr, i, where), 0, 4, false, null)[0]!);
        continue;
      }
      const [low, high] = transposed(c, addr, i, where).map((a) => em.zext(em.load(["i16"], space, a, 0, 2, false, null)[0]!, "i32"));
      values.push(em.bin("or", "i32", low!, em.bin("shl", "i32", high!, em.i32(16))));
    }
    c.items(ops[0], n).forEach((item: Operand, i) => c.dst(item, b32, values[i]!));
  };
};

const stmatrix = (m: Mnemonic): Lower => {
  const n = matrices(m);
  const trans = m.mods.includes("trans");
  return (c, ops) => {
    const { em } = c;
    const values = c.items(ops[1], n).map((item) => em.bits(c.src(item, b32)));
    const { addr, space } = fullAddress(c, m, c.mem(ops[0]));
    const where = lanes(c);
    values.forEach((v, i) => {
      if (!trans) return em.store([v], space, straight(c, addr, i, where), 0, 4, false, null);
      const [low, high] = transposed(c, addr, i, where);
      em.store([em.trunc(v, "i16")], space, low, 0, 2, false, null);
      em.store([em.trunc(em.bin("lshr", "i32", v, em.i32(16)), "i16")], space, high, 0, 2, false, null);
    });
    // Lanes write for one another: what follows in the warp sees the whole matrix.
    em.push({ op: "warpsync", mask: em.i32(-1), line: em.line });
  };
};

/** movmatrix: the transpose of a matrix that lies in registers. Element (r, c) is half c%2 of lane 4r + c/2. */
const movmatrix: Lower = (c, ops) => {
  const { em } = c;
  const v = em.bits(c.src(ops[1], b32));
  const { row, pair } = lanes(c);
  const lane = em.bin("add", "i32", em.bin("shl", "i32", pair, em.i32(3)), em.bin("lshr", "i32", row, em.i32(1)));
  const shift = em.bin("shl", "i32", em.bin("and", "i32", row, em.i32(1)), em.i32(4));
  const pick = (from: ValueId): ValueId => em.bin("and", "i32", em.bin("lshr", "i32", fromLane(c, v, from), shift), em.i32(0xffff));
  const low = pick(lane);
  const high = pick(em.bin("add", "i32", lane, em.i32(4)));
  c.dst(ops[0], b32, em.bin("or", "i32", low, em.bin("shl", "i32", high, em.i32(16))));
};

const SPACES = "shared shared::cta";

/** Rows of matrix moves. */
export const ldmatrixRows: readonly Row[] = ["x1", "x2", "x4"].flatMap((n): Row[] => [
  { op: "ldmatrix", types: ["b16"], needs: `sync aligned m8n8 ${n}`, mods: `trans ${SPACES}`, operands: 2, mode: "effect", make: ldmatrix },
  { op: "stmatrix", types: ["b16"], needs: `sync aligned m8n8 ${n}`, mods: `trans ${SPACES}`, operands: 2, mode: "effect", make: stmatrix },
]).concat([{ op: "movmatrix", types: ["b16"], needs: "sync aligned m8n8 trans", operands: 2, mode: "effect", make: () => movmatrix }]);
