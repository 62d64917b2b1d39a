import type { Plan } from "./lower/rows.ts";
import { ptxTypes, type PtxType } from "./types.ts";

/** An instruction's name taken apart: `ld.global.v4.f32` is opcode `ld`, modifiers `global`, `v4`, type `f32`. */
export interface Mnemonic {
  readonly text: string;
  readonly op: string;
  /** Modifiers that are no types, in order. */
  readonly mods: readonly string[];
  readonly types: readonly PtxType[];
  /** How it is lowered; found at first use, and kept because programs repeat themselves. */
  plan: Plan | null;
}

/** Programs use some tens of different names; the bound is for texts that are made to hurt. */
const MAX_CACHED = 4096;
const cache = new Map<string, Mnemonic>();

/** Takes a name apart; the same text gives the same object. */
export function mnemonic(text: string): Mnemonic {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const parts = text.split(".");
  const mods: string[] = [];
  const types: PtxType[] = [];
  for (let i = 1; i < parts.length; i++) {
    const part = parts[i]!;
    const type = ptxTypes.get(part);
    if (type === undefined) mods.push(part);
    else types.push(type);
  }
  const made: Mnemonic = { text, op: parts[0]!, mods, types, plan: null };
  if (cache.size >= MAX_CACHED) cache.clear();
  cache.set(text, made);
  return made;
}
