import { CompileError } from "../../abi.ts";
import type { ValueId } from "../../ir/ops.ts";
import { bitsOf, sizeOf, type Type } from "../../ir/types.ts";
import { Reg, type Signature, type Variable } from "../ast.ts";
import type { Emitter } from "./emitter.ts";

/**
 * How parameters of device functions travel. PTX passes bytes; the IR passes values. The rule depends on sizes alone, so that an
 * indirect call agrees with its target through the `.callprototype`: up to 4 bytes are one i32; more are i64 words, the
 * last one i32 where at most 4 bytes remain.
 */
export interface Word {
  readonly offset: number;
  readonly type: "i32" | "i64";
}

/** Bytes that one parameter may have; PTX itself allows a few KiB for all of them. */
const MAX_PARAM = 4096;

/** The words of a parameter of `size` bytes. */
export function wordsOf(size: number): Word[] {
  const out: Word[] = [];
  for (let offset = 0; offset < size; offset += 8) out.push({ offset, type: size - offset <= 4 ? "i32" : "i64" });
  return out;
}

/** Bytes of a formal parameter; registers count as their type. */
export function sizeOfFormal(formal: Variable | Reg, line: number): number {
  const size = formal instanceof Reg ? Math.max(1, formal.type.bits / 8) : formal.size;
  if (size > MAX_PARAM) throw new CompileError("unsupported", `parameter '${formal.name}' of ${size} bytes: at most ${MAX_PARAM} are passed by value`, line);
  return size;
}

/** IR types of a list of formal parameters. */
export function irTypes(formals: readonly (Variable | Reg)[], line: number): Type[] {
  const out: Type[] = [];
  for (const formal of formals) for (const word of wordsOf(sizeOfFormal(formal, line))) out.push(word.type);
  return out;
}

/** Types of arguments and results of a signature. */
export function irSignature(signature: Signature, line: number): { readonly params: Type[]; readonly results: Type[] } {
  return { params: irTypes(signature.params, line), results: irTypes(signature.results, line) };
}

/** Any value as a word: float bits as integers, narrow ones zero-extended. */
export function toWord(em: Emitter, v: ValueId, type: "i32" | "i64"): ValueId {
  const bits = em.bits(v);
  return bitsOf[em.types[bits]!] < bitsOf[type] ? em.zext(bits, type) : em.trunc(bits, type);
}

/** A word as a value of type `to`, which is not wider. */
export function fromWord(em: Emitter, word: ValueId, to: Type): ValueId {
  if (bitsOf[em.types[word]!] === bitsOf[to]) return em.bitcast(word, to);
  const bits = em.trunc(em.bits(word), to === "f32" ? "i32" : to);
  return em.bitcast(bits, to);
}

/** The part of a word that holds `type` at byte `at` of it. */
export function extract(em: Emitter, word: ValueId, at: number, type: Type): ValueId {
  if (at === 0) return fromWord(em, word, type);
  const bits = em.bits(word);
  const wide = em.types[bits]!;
  return fromWord(em, em.bin("lshr", wide, bits, em.int(wide, at * 8)), type);
}

/** The word with `value` at byte `at` of it. */
export function insert(em: Emitter, word: ValueId, at: number, value: ValueId): ValueId {
  const type = em.types[value]!;
  const wordType = em.types[em.bits(word)]! as "i32" | "i64";
  if (at === 0 && sizeOf[type] === sizeOf[wordType]) return value;
  const keep = em.bits(word);
  const mask = ((1n << BigInt(bitsOf[type])) - 1n) << BigInt(at * 8);
  const field = toWord(em, value, wordType);
  const shifted = at === 0 ? field : em.bin("shl", wordType, field, em.int(wordType, at * 8));
  const known = em.known(keep);
  // The first store into a fresh parameter needs no clearing.
  if (known !== undefined && BigInt(known) === 0n) return shifted;
  return em.bin("or", wordType, em.bin("and", wordType, keep, em.int(wordType, ~mask)), shifted);
}
