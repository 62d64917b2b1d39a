import { Errno } from "../errors.ts";
import * as F from "./constants.ts";
import type { Word } from "./key.ts";

const operations = new Map<number, (old: number, arg: number) => number>([
  [F.FUTEX_OP_SET, (_old, arg) => arg],
  [F.FUTEX_OP_ADD, (old, arg) => old + arg],
  [F.FUTEX_OP_OR, (old, arg) => old | arg],
  [F.FUTEX_OP_ANDN, (old, arg) => old & ~arg],
  [F.FUTEX_OP_XOR, (old, arg) => old ^ arg],
]);

const comparisons = new Map<number, (old: number, arg: number) => boolean>([
  [F.FUTEX_OP_CMP_EQ, (old, arg) => old === arg],
  [F.FUTEX_OP_CMP_NE, (old, arg) => old !== arg],
  [F.FUTEX_OP_CMP_LT, (old, arg) => old < arg],
  [F.FUTEX_OP_CMP_LE, (old, arg) => old <= arg],
  [F.FUTEX_OP_CMP_GT, (old, arg) => old > arg],
  [F.FUTEX_OP_CMP_GE, (old, arg) => old >= arg],
]);

/** The third argument of FUTEX_WAKE_OP, put together as the FUTEX_OP macro does. Operands have 12 bits, signed. */
export function futexOp(op: number, arg: number, cmp: number, cmpArg: number): number {
  return (((op & 15) << 28) | ((cmp & 15) << 24) | ((arg & 0xfff) << 12) | (cmpArg & 0xfff)) >>> 0;
}

/**
 * Does what a FUTEX_WAKE_OP says to the word, at once. 1: the old value (signed) compares, 0: it does not; -ENOSYS: no such operation (the word
 * is as before) or no such comparison (it is not); -EFAULT.
 */
export function applyWakeOp({ mm, address }: Word, encoded: number): number {
  const operation = operations.get((encoded >>> 28) & 7);
  const comparison = comparisons.get((encoded >>> 24) & 15);
  let arg = (encoded << 8) >> 20;
  const cmpArg = (encoded << 20) >> 20;
  if (((encoded >>> 28) & F.FUTEX_OP_OPARG_SHIFT) !== 0) arg = 1 << (arg & 31);
  if (operation === undefined) return -Errno.ENOSYS;
  const old = mm.load32(address);
  if (old === null || !mm.store32(address, operation(old | 0, arg) >>> 0)) return -Errno.EFAULT;
  if (comparison === undefined) return -Errno.ENOSYS;
  return comparison(old | 0, cmpArg) ? 1 : 0;
}
