import type { PtxFunction, PtxModule, Variable } from "../ast.ts";
import { parsePtx } from "../parser.ts";
import { heapPtx } from "./heap.ts";

/** What the CUDA runtime provides to device code, and what we call it. */
const provided: Readonly<Record<string, string>> = { malloc: "__gg_malloc", free: "__gg_free" };

let parsed: PtxModule | null = null;

/** The library's functions by the name that programs declare, and its variables; null when it has none of that name. */
export function systemFunction(name: string): { readonly fn: PtxFunction; readonly variables: readonly Variable[] } | null {
  const ours = Object.hasOwn(provided, name) ? provided[name] : undefined;
  if (ours === undefined) return null;
  parsed ??= parsePtx(heapPtx);
  const fn = parsed.functions.find((f) => f.name === ours);
  return fn === undefined ? null : { fn, variables: parsed.variables };
}
