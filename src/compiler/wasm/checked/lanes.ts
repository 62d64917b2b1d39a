import { sizeOf } from "../../ir/types.ts";
import type { Label } from "../asm/code.ts";
import { I32, op, V128 } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import type { Emitter } from "../emit/emitter.ts";
import type { Node } from "../graph/node.ts";
import { plane, SHADOWED, TAG_MANY, TAG_PART } from "./layout.ts";
import { synchronises, usedWords, writeShadowOf, type CheckPlace } from "./emit.ts";

/** Accesses of neighbouring work-items that lie side by side in memory, looked at together. */
export interface Row {
  /** Pushes the linear address of the first. */
  readonly push: () => void;
  /** Vectors of four work-items. */
  readonly quads: number;
  /** For elements of one word: pushes the lanes of a vector of work-items that take part; null: all. */
  readonly mask: ((quad: number) => void) | null;
  /** For elements of one word: variable with what the numbers of lanes are crossed with; null: they are in order. */
  readonly crossed: number | null;
  readonly apart: Label;
}

/** Whether accesses side by side can be looked at as vectors: whole words, that order nothing. */
export function fitsVectors(node: Node): boolean {
  const { type, count, align, space } = node.access!;
  const size = sizeOf[type] * count;
  return align >= 4 && size % 4 === 0 && size <= 16 && (node.op === "load" || node.op === "store") && !synchronises(node) && (space === "global" || space === "shared");
}

/**
 * Looks at the accesses of a row together: enters those that are as usual, goes apart with all when one is not. What it has entered of work-items that then go one by one is entered
 * by them again.
 */
export function writeRowCheck(emitter: Emitter, node: Node, row: Row, place: CheckPlace): void {
  const { code } = emitter;
  const { type, count, space } = node.access!;
  // Where something was wrong with the place the first time they have gone apart; and while they go together nobody else comes in between.
  if (place.earlier === "written" || (place.earlier === "read" && node.op === "load")) return;
  const words = (sizeOf[type] * count) / 4;
  const read = node.op === "load";
  const vectors = row.quads * words;
  emitter.temp(I32, (a) => emitter.temp(V128, (bad) => {
    // All in one page.
    if (space !== "shared" || place.sharedShadow === null) {
      row.push();
      code.i32(SHADOWED - 1).op(op.i32_and).i32(SHADOWED - 16 * vectors).op(op.i32_gt_u).brIf(row.apart);
    }
    writeShadowOf(emitter, row.push, a, space, place, row.apart);
    const used = usedWords(node);
    const one = (at: number): number => (read && ((used >> at % words) & 1) !== 0 ? 0x0303_0303 : 0x0101_0101);
    const masked = (at: number): void => {
      if (row.mask === null) return;
      row.mask(at);
      code.simd(simd.and);
    };
    const each = (write: (at: number, offset: number) => void): void => {
      for (let at = 0; at < vectors; at++) write(at, 16 * at);
    };
    const add = (first: boolean): void => {
      if (!first) code.get(bad).simd(simd.or);
      code.set(bad);
    };
    each((at, offset) => {
      const want = [0, 1, 2, 3].map((lane) => one(4 * at + lane)) as [number, number, number, number];
      code.get(a).simdMemory(simd.load, offset);
      if (want.some((word) => word !== 0x0303_0303)) code.v128(want).simd(simd.and);
      code.v128(want).simd(simd.i32x4_ne);
      masked(at);
      add(at === 0);
    });
    const { earlier } = place;
    if (place.races) emitter.temp(V128, (first) => emitter.temp(V128, (base) => emitter.temp(V128, (old) => emitter.temp(V128, (tag) => {
      place.interval();
      place.item();
      code.op(op.i32_or).simd(simd.i32x4_splat).set(first);
      (space === "shared" ? place.interval : place.base)();
      code.simd(simd.i32x4_splat).set(base);
      const setTag = (at: number): void => {
        const lanes = [0, 1, 2, 3].map((lane) => Math.floor((4 * at + lane) / words));
        code.get(first);
        if (row.crossed === null) code.v128(lanes as [number, number, number, number]);
        else {
          code.v128(lanes as [number, number, number, number]).get(row.crossed).i32(3).op(op.i32_and).simd(simd.i32x4_splat, simd.xor);
        }
        code.simd(simd.i32x4_add).set(tag);
      };
      const others = (at: number, offset: number): void => {
        code.get(a).simdMemory(simd.load, offset).tee(old).get(base).simd(simd.i32x4_ge_u).get(old).get(tag).simd(simd.i32x4_ne, simd.and);
        masked(at);
        add(false);
      };
      each((at, offset) => {
        if (at === 0 || vectors > 1) setTag(at);
        if (earlier === "read") {
          code.get(a).simdMemory(simd.load, plane.reader + offset).get(tag).simd(simd.i32x4_ne);
          masked(at);
          add(false);
          return;
        }
        others(at, plane.writer + offset);
        if (!read) others(at, plane.reader + offset);
      });
      code.get(bad).simd(simd.any_true).brIf(row.apart);
      /** Stores the vector on the stack in the lanes that take part. */
      const store = (at: number, offset: number): void => {
        if (row.mask !== null) {
          code.get(a).simdMemory(simd.load, offset);
          row.mask(at);
          code.simd(simd.bitselect);
        }
        code.simdMemory(simd.store, offset);
      };
      each((at, offset) => {
        if (vectors > 1) setTag(at);
        if (!read) {
          if (earlier === null) {
            code.get(a).v128([0x0303_0303, 0x0303_0303, 0x0303_0303, 0x0303_0303]);
            store(at, offset);
          }
          code.get(a).get(tag);
          store(at, plane.writer + offset);
          code.get(a).i32(node.line).simd(simd.i32x4_splat);
          store(at, plane.writerLine + offset);
          return;
        }
        // Reads that are not known yet.
        code.get(a).simdMemory(simd.load, plane.reader + offset).tee(old).get(tag).simd(simd.i32x4_ne);
        masked(at);
        code.simd(simd.any_true).if();
        readers(emitter, { old, tag, base, shared: space === "shared" }, place, () => {
          code.get(a);
        });
        store(at, plane.reader + offset);
        code.get(a).i32(node.line).simd(simd.i32x4_splat);
        store(at, plane.readerLine + offset);
        code.end();
      });
    }))));
    else {
      code.get(bad).simd(simd.any_true).brIf(row.apart);
      if (!read) each((at, offset) => {
        code.get(a).v128([0x0303_0303, 0x0303_0303, 0x0303_0303, 0x0303_0303]);
        if (row.mask !== null) {
          code.get(a).simdMemory(simd.load, offset);
          row.mask(at);
          code.simd(simd.bitselect);
        }
        code.simdMemory(simd.store, offset);
      });
    }
  }));
}

/** Pushes (behind `address`) the readers of four words as they are after these reads; see `tagRead`. */
function readers(emitter: Emitter, { old, tag, base, shared }: { readonly old: number; readonly tag: number; readonly base: number; readonly shared: boolean }, place: CheckPlace, address: () => void): void {
  const { code } = emitter;
  address();
  const splat = (push: () => void, or: number): void => {
    push();
    if (or !== 0) code.i32(or).op(op.i32_or);
    code.simd(simd.i32x4_splat);
  };
  // bitselect(a, b, mask): a where the mask is set.
  splat(place.interval, TAG_MANY);
  code.get(tag).get(old);
  splat(place.interval, 0);
  code.simd(simd.i32x4_ge_u).get(old).v128([~TAG_PART, ~TAG_PART, ~TAG_PART, ~TAG_PART]).simd(simd.and).get(tag).simd(simd.i32x4_ne, simd.and, simd.bitselect);
  if (shared) return;
  // Of other groups.
  splat(place.many, 0);
  code.get(old).get(base).simd(simd.i32x4_ge_u).get(old);
  splat(place.groupBase, 0);
  code.simd(simd.i32x4_lt_u, simd.and);
  emitter.temp(V128, (mask) => emitter.temp(V128, (many) => emitter.temp(V128, (own) => {
    code.set(mask).set(many).set(own);
    code.get(many).get(own).get(mask).simd(simd.bitselect);
  })));
}

