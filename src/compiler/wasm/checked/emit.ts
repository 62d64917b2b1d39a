import { sizeOf } from "../../ir/types.ts";
import { I32, mem, op } from "../asm/opcodes.ts";
import type { Emitter } from "../emit/emitter.ts";
import type { Node } from "../graph/node.ts";
import { launch, slot } from "../lower/layout.ts";
import { access as flag, plane, TAG_ATOMIC, TAG_MANY, TAG_PART } from "./layout.ts";

/** Variables of the code around an access: launch block, slot, work-item. */
export interface CheckPlace {
  readonly l: number;
  readonly s: number;
  readonly item: number;
  /** Groups run one after the other, so that a tag tells by its size alone whose it is. */
  readonly serial: boolean;
}

/** Words of an access that the program uses: a load of three values of four need not have the fourth. Bit i: word i. */
function usedWords(node: Node): number {
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

/** Sets `into` to the address of the shadow of the byte whose address `push` pushes. */
function writeShadowOf(emitter: Emitter, push: () => void, into: number, l: number): void {
  const { code } = emitter;
  push();
  code.i32(16).op(op.i32_shr_u).i32(2).op(op.i32_shl).get(l).memory(mem.i32_load, launch.shadow).op(op.i32_add).memory(mem.i32_load);
  push();
  code.i32(0xffff).op(op.i32_and, op.i32_add).set(into);
}

/**
 * With an access's linear address (less `offset`) on the stack, leaves it there, after a look at the shadow of the memory: what is as usual is settled in a few
 * instructions, everything else goes to the import `check`.
 * @param races whether accesses are compared with each other
 */
export function writeCheck(emitter: Emitter, node: Node, offset: number, races: boolean, { l, s, item, serial }: CheckPlace): void {
  const access = node.access!;
  if (access.space === "const") return;
  const { code } = emitter;
  const size = sizeOf[access.type] * access.count;
  const atomic = node.op === "atomic" || node.op === "cmpxchg";
  const kind = atomic ? 3 : node.op === "load" ? 1 : 2;
  const synchronises = atomic || access.volatile || access.order !== null;
  const used = usedWords(node);
  const what = kind | (synchronises ? flag.synchronises : 0) | (access.space === "shared" ? flag.shared : access.space === "local" ? flag.local : 0) | ((used & 0xffff) << flag.usedShift);
  const compares = races && access.space !== "local";
  emitter.temp(I32, (p) => {
    code.set(p);
    const address = (): void => {
      code.get(p);
      if (offset !== 0) code.i32(offset).op(op.i32_add);
    };
    const settled = code.block();
    const unusual = code.block();
    const settles = atomic && compares && access.space !== "generic" && (size === 4 || size === 8);
    if (settles) {
      // A word that only atomic accesses have met since the base, of several work-items: one more changes nothing.
      emitter.temp(I32, (a) => emitter.temp(I32, (many) => emitter.temp(I32, (base) => {
        writeShadowOf(emitter, address, a, l);
        const shared = access.space === "shared";
        code.get(shared ? s : l).memory(mem.i32_load, shared ? slot.interval : launch.raceBase).tee(base).i32(TAG_MANY | TAG_ATOMIC).op(op.i32_or).set(many);
        for (let at = 0; at < size; at += 4) {
          code.get(a).memory(mem.i32_load, at).i32(0x0303_0303).op(op.i32_ne).brIf(unusual);
          code.get(a).memory(mem.i32_load, plane.writer + at).get(many).op(op.i32_ne).brIf(unusual);
          code.get(a).memory(mem.i32_load, plane.reader + at).get(base).op(op.i32_ge_u).brIf(unusual);
        }
      })));
      code.br(settled);
    }
    const quick = !(synchronises && compares) && size <= 16 && (size < 4 || (access.align >= 4 && size % 4 === 0));
    if (quick) {
      emitter.temp(I32, (a) => emitter.temp(I32, (tag) => emitter.temp(I32, (base) => emitter.temp(I32, (old) => {
        writeShadowOf(emitter, address, a, l);
        if (compares) {
          code.get(s).memory(mem.i32_load, slot.interval).get(item).op(op.i32_or);
          if (size < 4) code.i32(TAG_PART).op(op.i32_or);
          code.set(tag);
          // In shared memory everything before the last barrier is past; elsewhere, everything before the launch.
          if (access.space === "shared") code.get(s).memory(mem.i32_load, slot.interval);
          else code.get(l).memory(mem.i32_load, launch.raceBase);
          code.set(base);
        }
        const ones = size >= 4 ? 0x0101_0101 : size === 2 ? 0x0101 : 1;
        const load = size >= 4 ? mem.i32_load : size === 2 ? mem.i32_load16_u : mem.i32_load8_u;
        const store = size >= 4 ? mem.i32_store : size === 2 ? mem.i32_store16 : mem.i32_store8;
        // The word that holds a part of it: tags are by word.
        const word = size >= 4 ? a : emitter.code.local(I32);
        if (size < 4) code.get(a).i32(-4).op(op.i32_and).set(word);
        for (let at = 0; at < size; at += 4) {
          const defined = kind === 1 && (used & (1 << (at >> 2))) !== 0;
          code.get(a).memory(load, at);
          if (!defined) code.i32(ones).op(op.i32_and);
          code.i32(defined ? 3 * ones : ones).op(op.i32_ne).brIf(unusual);
          if (!compares) continue;
          // Written by nobody else since the base.
          code.get(word).memory(mem.i32_load, plane.writer + at).set(old);
          code.get(old).get(base).op(op.i32_ge_u).get(old).get(tag).op(op.i32_ne, op.i32_and).brIf(unusual);
          code.get(word).memory(mem.i32_load, plane.reader + at).set(old);
          if (kind === 2) {
            code.get(old).get(base).op(op.i32_ge_u).get(old).get(tag).op(op.i32_ne, op.i32_and).brIf(unusual);
            continue;
          }
          // Read by nobody else since the base, or by several as is known already.
          code.get(old).get(tag).op(op.i32_ne).if();
          if (access.space === "shared") code.get(old).get(base).i32(TAG_MANY).op(op.i32_or, op.i32_ne).if();
          else code.get(old).get(l).memory(mem.i32_load, launch.raceMany).op(op.i32_ne).if();
          if (access.space === "shared" && size >= 4) {
            code.get(word).get(base).i32(TAG_MANY).op(op.i32_or).get(tag).get(old).get(base).op(op.i32_ge_u, op.select).memory(mem.i32_store, plane.reader + at);
          } else if (serial && size >= 4) {
            // By whom it was read last: nobody in this launch, other groups, this group before or in this interval.
            const interval = (): void => void code.get(s).memory(mem.i32_load, slot.interval);
            code.get(word).get(tag);
            interval();
            code.i32(TAG_MANY).op(op.i32_or).get(tag).get(old);
            interval();
            code.op(op.i32_ge_u, op.select).get(l).memory(mem.i32_load, launch.raceMany).get(old).get(s).memory(mem.i32_load, slot.groupBase).op(op.i32_ge_u, op.select);
            code.get(old).get(base).op(op.i32_lt_u, op.select).memory(mem.i32_store, plane.reader + at);
          } else {
            code.get(old).get(base).op(op.i32_ge_u).brIf(unusual);
            code.get(word).get(tag).memory(mem.i32_store, plane.reader + at);
          }
          code.get(word).i32(node.line).memory(mem.i32_store, plane.readerLine + at);
          code.end().end();
        }
        if (kind === 2) {
          for (let at = 0; at < size; at += 4) {
            code.get(a).i32(3 * ones).memory(store, at);
            if (!compares) continue;
            code.get(word).get(tag).memory(mem.i32_store, plane.writer + at);
            code.get(word).i32(node.line).memory(mem.i32_store, plane.writerLine + at);
          }
        }
      }))));
      code.br(settled);
    }
    code.end();
    address();
    code.i32(size).i32(what).i32(node.line).get(s).get(item);
    emitter.callImport("check", [I32, I32, I32, I32, I32, I32], []);
    code.end();
    code.get(p);
  });
}
