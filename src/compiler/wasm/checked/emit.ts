import { sizeOf } from "../../ir/types.ts";
import type { Label } from "../asm/code.ts";
import { I32, mem, op } from "../asm/opcodes.ts";
import type { Emitter } from "../emit/emitter.ts";
import type { Node } from "../graph/node.ts";
import { launch, slot } from "../lower/layout.ts";
import type { Earlier } from "./earlier.ts";
import { access as flag, plane, TAG_ATOMIC, TAG_ITEM, TAG_MANY, TAG_PART } from "./layout.ts";

/** What the code around an access has for its check. */
export interface CheckPlace {
  /** Variables of the launch block and the slot. */
  readonly l: number;
  readonly s: number;
  /** Pushes the work-item's number in its group; or, where all of several read or add together, `TAG_MANY`. */
  readonly item: () => void;
  /** Pushes tags: of the group's present interval, of its first, of the launch's beginning, of words that several groups read. */
  readonly interval: () => void;
  readonly groupBase: () => void;
  readonly base: () => void;
  readonly many: () => void;
  /** Groups run one after the other, so that a tag tells by its size alone whose it is. */
  readonly serial: boolean;
  /** Whether accesses are compared with each other. */
  readonly races: boolean;
  /** Every atomic is to be looked at precisely: they may order other accesses, or be atomic for their group only. */
  readonly exact: boolean;
  /** Variable: what is added to a linear address of shared memory to get its shadow's, 0 when it is not in one page; null: there is none. */
  readonly sharedShadow: number | null;
  /** What the work-item has done to this place in this interval before. */
  readonly earlier: Earlier;
  /** Where to go with what is not as usual; null: to the import `check`. */
  readonly apart: Label | null;
}

/** Words of an access that the program uses: a load of three values of four need not have the fourth. Bit i: word i. */
export function usedWords(node: Node): number {
  const { type, count } = node.access!;
  const size = sizeOf[type];
  if (node.op !== "load" || count === 1) return -1;
  let used = 0;
  for (const proj of node.block!.nodes) {
    if (proj.op !== "proj" || proj.args[0] !== node || proj.uses === 0) continue;
    const start = Number(proj.imm) * size;
    for (let at = start; at < start + size; at++) used |= 1 << (at >> 2);
  }
  return used;
}

/** Whether the access orders others: atomics, and loads and stores that are volatile or have an order. */
export function synchronises(node: Node): boolean {
  return node.op === "atomic" || node.op === "cmpxchg" || node.access!.volatile || node.access!.order !== null;
}

/** Whether an atomic is one for its own work-group only. */
function narrow(node: Node): boolean {
  const { instr } = node;
  return node.access!.space !== "shared" && instr !== null && "scope" in instr && (instr.scope === "workgroup" || instr.scope === "subgroup");
}

/** What goes to the import `check` about it. @param root of an access that has left its memory; else -1 */
function describe(node: Node, root: number): number {
  const { space } = node.access!;
  const kind = node.op === "load" ? 1 : node.op === "store" ? 2 : 3;
  const where = space === "shared" ? flag.shared : space === "local" ? flag.local : 0;
  return kind | (synchronises(node) ? flag.synchronises | (narrow(node) ? flag.narrow : 0) : 0) | where | ((usedWords(node) & 0xffff) << flag.usedShift) | ((root + 1) << flag.rootShift);
}

/** Calls the import `check` for the access at `push`. */
export function writeReport(emitter: Emitter, node: Node, push: () => void, root: number, { s, item }: CheckPlace): void {
  const { code } = emitter;
  push();
  code.i32(sizeOf[node.access!.type] * node.access!.count).i32(describe(node, root)).i32(node.line).get(s);
  item();
  emitter.callImport("check", [I32, I32, I32, I32, I32, I32], []);
}

/** Sets `into` to the address of the shadow of the byte whose address `push` pushes. */
export function writeShadowOf(emitter: Emitter, push: () => void, into: number, space: string, { l, sharedShadow }: CheckPlace, unusual: Label): void {
  const { code } = emitter;
  const look = (): void => {
    push();
    code.i32(16).op(op.i32_shr_u).i32(2).op(op.i32_shl).get(l).memory(mem.i32_load, launch.shadow).op(op.i32_add).memory(mem.i32_load);
    push();
    code.i32(0xffff).op(op.i32_and, op.i32_add).set(into);
  };
  if (space !== "shared" || sharedShadow === null) {
    look();
    return;
  }
  code.get(sharedShadow).op(op.i32_eqz).brIf(unusual);
  push();
  code.get(sharedShadow).op(op.i32_add).set(into);
}

/**
 * A look at the shadow of an access: what is as usual is settled in a few instructions; everything else goes to the import `check`, or apart.
 * @param push pushes the access's linear address
 */
export function writeCheck(emitter: Emitter, node: Node, push: () => void, place: CheckPlace): void {
  const access = node.access!;
  if (access.space === "const") return;
  const { code } = emitter;
  const settled = code.block();
  const unusual = place.apart ?? code.block();
  const done = writeUsual(emitter, node, push, place, unusual);
  if (done) code.br(settled);
  else if (place.apart !== null) code.br(unusual);
  if (place.apart === null) {
    code.end();
    writeReport(emitter, node, push, -1, place);
  }
  code.end();
}

/** Writes what settles the usual; goes to `unusual` otherwise. @returns false when nothing of this access can be settled so: nothing was written */
function writeUsual(emitter: Emitter, node: Node, push: () => void, place: CheckPlace, unusual: Label): boolean {
  const { space, type, count, align } = node.access!;
  const { code } = emitter;
  const size = sizeOf[type] * count;
  const atomic = node.op === "atomic" || node.op === "cmpxchg";
  const compares = place.races && space !== "local";
  const words = size >= 4 && align >= 4 && size % 4 === 0;
  if (size > 16 || !(words || size < 4)) return false;
  if (compares && synchronises(node) && (place.exact || !(atomic && words && size <= 8 && space !== "generic"))) return false;
  const shared = space === "shared";
  emitter.temp(I32, (a) => {
    writeShadowOf(emitter, push, a, space, place, unusual);
    if (!compares) {
      writeStates(emitter, node, a, unusual);
      if (node.op !== "load" && place.earlier === null) writeDefined(emitter, a, size);
      return;
    }
    // Who has been there since tells of this work-item too.
    if (place.earlier === "written" || (place.earlier === "read" && node.op === "load")) {
      writeStates(emitter, node, a, unusual);
      return;
    }
    emitter.temp(I32, (tag) => emitter.temp(I32, (base) => emitter.temp(I32, (old) => emitter.temp(I32, (word) => {
      // In shared memory everything before the last barrier is past; elsewhere, everything before the launch.
      (shared ? place.interval : place.base)();
      code.set(base);
      place.interval();
      place.item();
      code.op(op.i32_or);
      if (size < 4) code.i32(TAG_PART).op(op.i32_or);
      code.set(tag);
      // The word that holds a part of it: tags are by word.
      code.get(a);
      if (size < 4) code.i32(-4).op(op.i32_and);
      code.set(word);
      const vars: Tags = { tag, base, old, word, place, shared, part: size < 4, unusual, line: node.line };
      writeStates(emitter, node, a, unusual);
      for (let at = 0; at < size; at += 4) {
        if (atomic) tagAtomic(emitter, at, vars);
        else if (node.op === "load") tagRead(emitter, at, vars);
        else if (place.earlier === "read") {
          // Had another been there since, it would have left its mark on the reader.
          code.get(word).memory(mem.i32_load, plane.reader + at).get(tag).op(op.i32_ne).brIf(unusual);
        } else {
          othersWrote(emitter, at, vars);
          othersRead(emitter, at, vars);
        }
      }
      if (node.op === "load" || atomic) return;
      if (place.earlier === null) writeDefined(emitter, a, size);
      for (let at = 0; at < size; at += 4) {
        // (Of one that wrote the whole word before and now a part the checker keeps that it was the whole.)
        code.get(word).get(tag).memory(mem.i32_store, plane.writer + at);
        code.get(word).i32(node.line).memory(mem.i32_store, plane.writerLine + at);
      }
    }))));
  });
  return true;
}

/** All bytes are in live allocations, and those that are read and used have been written. */
function writeStates(emitter: Emitter, node: Node, a: number, unusual: Label): void {
  const { code } = emitter;
  const size = sizeOf[node.access!.type] * node.access!.count;
  const used = usedWords(node);
  const ones = size >= 4 ? 0x0101_0101 : size === 2 ? 0x0101 : 1;
  const load = size >= 4 ? mem.i32_load : size === 2 ? mem.i32_load16_u : mem.i32_load8_u;
  for (let at = 0; at < size; at += 4) {
    const defined = node.op !== "store" && (used & (1 << (at >> 2))) !== 0;
    code.get(a).memory(load, at);
    if (!defined) code.i32(ones).op(op.i32_and);
    code.i32(defined ? 3 * ones : ones).op(op.i32_ne).brIf(unusual);
  }
}

function writeDefined(emitter: Emitter, a: number, size: number): void {
  const { code } = emitter;
  const store = size >= 4 ? mem.i32_store : size === 2 ? mem.i32_store16 : mem.i32_store8;
  for (let at = 0; at < size; at += 4) code.get(a).i32(size >= 4 ? 0x0303_0303 : size === 2 ? 0x0303 : 3).memory(store, at);
}

interface Tags {
  readonly tag: number;
  readonly base: number;
  readonly old: number;
  readonly word: number;
  readonly place: CheckPlace;
  readonly shared: boolean;
  readonly part: boolean;
  readonly unusual: Label;
  readonly line: number;
}

/** Goes to `unusual` when another work-item has written the word since the base. (The same part again, or other parts: the checker knows no better.) */
function othersWrote(emitter: Emitter, at: number, tags: Tags): void {
  emitter.code.get(tags.word).memory(mem.i32_load, plane.writer + at).set(tags.old);
  conflict(emitter, tags);
}

function othersRead(emitter: Emitter, at: number, tags: Tags): void {
  emitter.code.get(tags.word).memory(mem.i32_load, plane.reader + at).set(tags.old);
  conflict(emitter, tags);
}

function conflict(emitter: Emitter, { old, base, tag, part, unusual }: Tags): void {
  const { code } = emitter;
  code.get(old).get(base).op(op.i32_ge_u).get(old).get(tag).op(op.i32_ne, op.i32_and);
  if (part) code.get(old).i32(TAG_PART).op(op.i32_and, op.i32_eqz, op.i32_and);
  code.brIf(unusual);
}

/** Enters a read: nobody read the word since the base, or the same work-item, or several. */
function tagRead(emitter: Emitter, at: number, tags: Tags): void {
  const { code } = emitter;
  const { tag, base, old, word, place, shared, part, unusual, line } = tags;
  othersWrote(emitter, at, tags);
  code.get(word).memory(mem.i32_load, plane.reader + at).tee(old).get(tag).op(op.i32_ne).if();
  const manyHere = (): void => {
    place.interval();
    code.i32(TAG_MANY).op(op.i32_or);
    if (part) code.get(old).i32(TAG_PART).op(op.i32_and, op.i32_or);
  };
  const manyGroups = (): void => {
    place.many();
    if (part) code.get(old).i32(TAG_PART).op(op.i32_and, op.i32_or);
  };
  const known = code.block();
  code.get(old).get(base).op(op.i32_ge_u).if();
  // The same work-item, of a part now and of the whole before, or the other way round: of the whole.
  code.get(old).get(tag).op(op.i32_xor).i32(TAG_PART).op(op.i32_eq).if();
  code.get(word).get(tag).i32(~TAG_PART).op(op.i32_and).memory(mem.i32_store, plane.reader + at).br(known);
  code.end();
  // What is known already need not be written again.
  (shared ? manyHere : manyGroups)();
  code.get(old).op(op.i32_eq).brIf(known);
  if (!shared && !place.serial) code.br(unusual);
  code.end();
  code.get(word);
  if (shared) {
    manyHere();
    code.get(tag).get(old).get(base).op(op.i32_ge_u, op.select);
  } else if (place.serial) {
    // By whom it was read last: this group in this interval or before, other groups, nobody in this launch.
    manyHere();
    code.get(tag).get(old);
    place.interval();
    code.op(op.i32_ge_u, op.select);
    manyGroups();
    code.get(old);
    place.groupBase();
    code.op(op.i32_ge_u, op.select);
    code.get(tag).get(old).get(base).op(op.i32_ge_u, op.select);
  } else code.get(tag);
  code.memory(mem.i32_store, plane.reader + at);
  code.get(word).i32(line).memory(mem.i32_store, plane.readerLine + at);
  code.end();
  code.end();
}

/** Enters an atomic access: since the base nobody read the word, and only atomics wrote it. */
function tagAtomic(emitter: Emitter, at: number, tags: Tags): void {
  const { code } = emitter;
  const { tag, base, old, word, place, shared, unusual, line } = tags;
  code.get(word).memory(mem.i32_load, plane.reader + at).get(base).op(op.i32_ge_u).brIf(unusual);
  const known = code.block();
  const several = (): void => {
    (shared ? place.interval : place.many)();
    code.i32(TAG_MANY | TAG_ATOMIC).op(op.i32_or);
  };
  code.get(word).memory(mem.i32_load, plane.writer + at).tee(old);
  several();
  code.op(op.i32_eq).brIf(known);
  code.get(old).get(base).op(op.i32_ge_u).get(old).i32(TAG_ATOMIC).op(op.i32_and, op.i32_eqz, op.i32_and).brIf(unusual);
  if (!shared && !place.serial) code.get(old).get(base).op(op.i32_ge_u).brIf(unusual);
  code.get(word);
  const mine = (): void => void code.get(tag).i32(TAG_ATOMIC).op(op.i32_or);
  // Of several work-items in this interval, unless it was this one.
  mine();
  place.interval();
  code.i32(TAG_MANY | TAG_ATOMIC).op(op.i32_or);
  code.get(old).i32(TAG_MANY | TAG_ITEM).op(op.i32_and);
  place.item();
  code.op(op.i32_eq, op.select);
  if (shared) {
    mine();
    code.get(old).get(base).op(op.i32_ge_u, op.select);
  } else {
    mine();
    code.get(old);
    place.interval();
    code.op(op.i32_ge_u, op.select);
    several();
    code.get(old);
    place.groupBase();
    code.op(op.i32_ge_u, op.select);
    mine();
    code.get(old).get(base).op(op.i32_ge_u, op.select);
  }
  code.memory(mem.i32_store, plane.writer + at);
  code.get(word).i32(line).memory(mem.i32_store, plane.writerLine + at);
  code.end();
}

/** Tags from the launch block and the slot's header, for code that has no variables of them. */
export function tagsInMemory(emitter: Emitter, l: number, s: number): Pick<CheckPlace, "interval" | "groupBase" | "base" | "many"> {
  const { code } = emitter;
  const load = (base: number, offset: number) => (): void => void code.get(base).memory(mem.i32_load, offset);
  return { interval: load(s, slot.interval), groupBase: load(s, slot.groupBase), base: load(l, launch.raceBase), many: load(l, launch.raceMany) };
}
