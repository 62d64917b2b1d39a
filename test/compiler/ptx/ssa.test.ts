import fc from "fast-check";
import { expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { HEAD, PtxBench } from "./bench.ts";

/**
 * Random programs with few registers, written over and over, and any control flow: the values that SSA construction gives must be those
 * that a plain walk over the text gives.
 */

const REGISTERS = 5;
const PREDICATES = 3;

interface Guard {
  readonly predicate: number;
  readonly negate: boolean;
}
type Step =
  | { readonly kind: "op"; readonly op: "add" | "sub" | "xor" | "mul.lo"; readonly d: number; readonly a: number; readonly b: number; readonly guard: Guard | null }
  | { readonly kind: "const"; readonly d: number; readonly value: number; readonly guard: Guard | null }
  | { readonly kind: "move"; readonly d: number; readonly a: number; readonly guard: Guard | null }
  | { readonly kind: "compare"; readonly p: number; readonly q: number; readonly a: number; readonly b: number; readonly guard: Guard | null }
  /** A guarded load cannot be a selection: it needs a branch of its own. */
  | { readonly kind: "load"; readonly d: number; readonly guard: Guard | null };
type End = { readonly kind: "jump"; readonly to: number } | { readonly kind: "branch"; readonly guard: Guard; readonly to: number } | { readonly kind: "fall" } | { readonly kind: "table"; readonly a: number; readonly to: readonly [number, number, number] };
interface Block {
  readonly steps: readonly Step[];
  readonly end: End;
}

const register = fc.nat(REGISTERS - 1);
const predicate = fc.nat(PREDICATES - 1);
const guard: fc.Arbitrary<Guard> = fc.record({ predicate, negate: fc.boolean() });
const maybe = fc.option(guard, { freq: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("op" as const), op: fc.constantFrom("add" as const, "sub" as const, "xor" as const, "mul.lo" as const), d: register, a: register, b: register, guard: maybe }),
  fc.record({ kind: fc.constant("const" as const), d: register, value: fc.nat(9), guard: maybe }),
  fc.record({ kind: fc.constant("move" as const), d: register, a: register, guard: maybe }),
  fc.record({ kind: fc.constant("compare" as const), p: predicate, q: predicate, a: register, b: register, guard: maybe }).filter((s) => s.p !== s.q),
  fc.record({ kind: fc.constant("load" as const), d: register, guard: maybe }),
);
const MAX_BLOCKS = 8;
const target = fc.nat(MAX_BLOCKS - 1);
const end: fc.Arbitrary<End> = fc.oneof(
  fc.record({ kind: fc.constant("jump" as const), to: target }), fc.record({ kind: fc.constant("branch" as const), guard, to: target }), fc.constant({ kind: "fall" as const }),
  fc.record({ kind: fc.constant("table" as const), a: register, to: fc.tuple(target, target, target) }),
);
const program: fc.Arbitrary<readonly Block[]> = fc.array(fc.record({ steps: fc.array(step, { maxLength: 5 }), end }), { minLength: 1, maxLength: MAX_BLOCKS });

const MEMORY = 0x1234;
const FUEL = 40;

function guardText(g: Guard | null): string {
  return g === null ? "" : `@${g.negate ? "!" : ""}p${g.predicate} `;
}

function stepText(s: Step): string {
  const g = guardText(s.guard);
  switch (s.kind) {
    case "op": return `${g}${s.op}.${s.op === "xor" ? "b32" : "u32"} r${s.d}, r${s.a}, r${s.b};`;
    case "const": return `${g}mov.u32 r${s.d}, ${s.value};`;
    case "move": return `${g}mov.u32 r${s.d}, r${s.a};`;
    case "compare": return `${g}setp.lt.u32 p${s.p}|p${s.q}, r${s.a}, r${s.b};`;
    case "load": return `${g}ld.global.u32 r${s.d}, [out+124];`;
    default: return s satisfies never;
  }
}

function text(blocks: readonly Block[]): string {
  const label = (i: number): string => `L${i % blocks.length}`;
  const lines = blocks.flatMap((b, i) => {
    const out = [`L${i}: sub.u32 fuel, fuel, 1; setp.eq.u32 empty, fuel, 0; @empty bra END;`, ...b.steps.map(stepText)];
    if (b.end.kind === "jump") out.push(`bra.uni ${label(b.end.to)};`);
    else if (b.end.kind === "branch") out.push(`${guardText(b.end.guard)}bra ${label(b.end.to)};`);
    else if (b.end.kind === "table") out.push(`T${i}: .branchtargets ${b.end.to.map(label).join(", ")}; rem.u32 index, r${b.end.a}, 3; brx.idx index, T${i};`);
    return out;
  });
  const stores = [...Array.from({ length: REGISTERS }, (_, i) => `st.global.u32 [out+${4 * i}], r${i};`), ...Array.from({ length: PREDICATES }, (_, i) => `selp.u32 index, 1, 0, p${i}; st.global.u32 [out+${4 * (REGISTERS + i)}], index;`)];
  return `${HEAD}.visible .entry k(.param .u64 pout) { .reg .b32 r<${REGISTERS}>, fuel, index; .reg .pred p<${PREDICATES}>, empty; .reg .b64 out;
    ld.param.u64 out, [pout]; mov.u32 fuel, ${FUEL}; ${lines.join("\n")}\nEND: ${stores.join(" ")} ret; }`;
}

function expected(blocks: readonly Block[]): number[] {
  const r = new Uint32Array(REGISTERS);
  const p = new Uint8Array(PREDICATES);
  const holds = (g: Guard | null): boolean => g === null || (p[g.predicate] === 1) !== g.negate;
  let at = 0;
  for (let fuel = FUEL; --fuel > 0 && at < blocks.length;) {
    const b = blocks[at]!;
    for (const s of b.steps) {
      if (!holds(s.guard)) continue;
      if (s.kind === "const") r[s.d] = s.value;
      else if (s.kind === "move") r[s.d] = r[s.a]!;
      else if (s.kind === "load") r[s.d] = MEMORY;
      else if (s.kind === "compare") [p[s.p], p[s.q]] = r[s.a]! < r[s.b]! ? [1, 0] : [0, 1];
      else if (s.op === "add") r[s.d] = r[s.a]! + r[s.b]!;
      else if (s.op === "sub") r[s.d] = r[s.a]! - r[s.b]!;
      else if (s.op === "xor") r[s.d] = r[s.a]! ^ r[s.b]!;
      else r[s.d] = Math.imul(r[s.a]!, r[s.b]!);
    }
    const e = b.end;
    if (e.kind === "jump" || (e.kind === "branch" && holds(e.guard))) at = e.to % blocks.length;
    else if (e.kind === "table") at = e.to[r[e.a]! % 3]! % blocks.length;
    else at++;
  }
  return [...r, ...p];
}

test("registers in any control flow", () => {
  fc.assert(fc.property(program, (blocks) => {
    const bench = new PtxBench(text(blocks));
    const initial = new Uint32Array(32);
    initial[31] = MEMORY;
    const out = bench.machine.upload(initial);
    bench.launch("k", packParams(out));
    expect([...bench.machine.u32(out, REGISTERS + PREDICATES)]).toEqual(expected(blocks));
  }), { numRuns: 400, seed: 4711 });
});
