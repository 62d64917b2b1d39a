import fc from "fast-check";
import { expect, test } from "vitest";
import { CompileError } from "../../../src/compiler/abi.ts";
import { verifyModule } from "../../../src/compiler/ir/verify.ts";
import { ptxHeader, ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { fixture } from "./bench.ts";

/** Whatever the text: a valid module or a CompileError, nothing else. */

const names = ["01_vecadd", "03_reduce", "04_hist_atomics", "05_scan_dynsmem", "06_nbody_mandel", "07_printf_assert", "08_virtual_recursion", "10_half_bf16", "13_wmma_async", "15_cdp", "16_libraries"];
const texts = names.flatMap((name) => [fixture("sm_75", name), fixture("sm_90", name)]);
const tokensOf = (text: string): string[] => text.match(/\s+|\/\/[^\n]*|[%$\w]+|./gs) ?? [];
const tokenized = texts.map(tokensOf);
const pool = [...new Set(tokenized.flat().filter((t) => t.trim() !== "" && !t.startsWith("//")))];

function check(text: string): void {
  let module;
  try {
    module = ptxToIr(text);
  } catch (error) {
    if (error instanceof CompileError) {
      expect(error.message.length).toBeGreaterThan(5);
      return;
    }
    throw error;
  }
  expect(verifyModule(module)).toEqual([]);
}

interface Edit {
  readonly kind: "delete" | "insert" | "replace" | "swap" | "repeat";
  readonly at: number;
  readonly what: number;
}

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom<Edit["kind"]>("delete", "insert", "replace", "swap", "repeat"), at: fc.nat(), what: fc.nat(),
});

function apply(list: string[], edits: readonly Edit[], words: readonly string[]): void {
  for (const { kind, at, what } of edits) {
    if (list.length === 0) return;
    const i = at % list.length;
    const word = words[what % words.length]!;
    switch (kind) {
      case "delete": list.splice(i, 1 + (what % 3)); break;
      case "insert": list.splice(i, 0, word); break;
      case "replace": list[i] = word; break;
      case "repeat": list.splice(i, 0, ...list.slice(i, i + (what % 20))); break;
      case "swap": {
        const j = what % list.length;
        [list[i], list[j]] = [list[j]!, list[i]!];
        break;
      }
      default: kind satisfies never;
    }
  }
}

test("tokens deleted, inserted, replaced, repeated, swapped", () => {
  fc.assert(fc.property(fc.nat(texts.length - 1), fc.array(edit, { minLength: 1, maxLength: 4 }), (which, edits) => {
    const tokens = [...tokenized[which]!];
    apply(tokens, edits, pool);
    check(tokens.join(""));
  }), { numRuns: 700, seed: 20250 });
});

test("tokens exchanged within one kernel, so that more texts stay sensible", () => {
  const small = texts.filter((text) => text.length < 5000).map(tokensOf);
  fc.assert(fc.property(fc.nat(small.length - 1), fc.array(edit, { minLength: 1, maxLength: 2 }), (which, edits) => {
    const tokens = [...small[which]!];
    const own = tokens.filter((t) => t.trim() !== "" && !t.startsWith("//"));
    apply(tokens, edits.map((e) => ({ ...e, kind: e.kind === "insert" || e.kind === "repeat" ? "replace" : e.kind })), own);
    check(tokens.join(""));
  }), { numRuns: 700, seed: 20251 });
});

test("bytes changed, and texts cut off", () => {
  const characters = [..."{}[]();,.:%@!|<>=+-*/&^~?\"\\\0\n\t $_0aFx9éU"];
  fc.assert(fc.property(fc.nat(texts.length - 1), fc.array(edit, { minLength: 1, maxLength: 5 }), fc.nat(), (which, edits, cut) => {
    const list = [...texts[which]!];
    apply(list, edits, characters);
    check(cut % 4 === 0 ? list.slice(0, cut % list.length).join("") : list.join(""));
  }), { numRuns: 400, seed: 20252 });
});

test("any text at all", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    check(text);
    check(`.version 8.0\n.target sm_90\n${text}`);
    check(`.version 8.0\n.target sm_90\n.entry k() { ${text}`);
    try {
      ptxHeader(text);
    } catch (error) {
      expect(error).toBeInstanceOf(CompileError);
    }
  }), { numRuns: 600, seed: 20253 });
});

test.each([
  ["deep scopes", `.entry k() { ${"{".repeat(100_000)}`],
  ["deep parentheses", `.entry k() { mov.u32 r, ${"(".repeat(100_000)}1`],
  ["many signs", `.entry k() { mov.u32 r, ${"-".repeat(100_000)}1`],
  ["deep conditionals", `.entry k() { mov.u32 r, ${"1?".repeat(100_000)}1`],
  ["deep initialisers", `.global .u32 x[2][2] = ${"{".repeat(100_000)}`],
  ["a huge array", ".global .b8 x[0x7fffffffffff]; .entry k() { ret; }"],
  ["a huge family", ".entry k() { .reg .b32 %r<4000000000>; mov.u32 %r3999999999, 1; ret; }"],
  ["many parameters", `.func f(${".param .b32 a,".repeat(10_000)} .param .b32 b);`],
  ["a wide vector", `.entry k() { mov.b32 {${"_,".repeat(10_000)}_}, 1; }`],
  ["many operands", `.entry k() { add.u32 ${"1,".repeat(10_000)}1; }`],
  ["many blocks in a row", `.entry k() { .reg .pred p; .reg .b32 r; ${"@p st.global.b32 [0], r; @p mov.b32 r, 1; @p bra E; ".repeat(4000)} E: st.global.b32 [0], r; ret; }`],
  ["many labels", `.entry k() { .reg .pred p; .reg .b32 r; ${Array.from({ length: 3000 }, (_, i) => `L${i}: add.u32 r, r, 1; @p bra L${i};`).join(" ")} ret; }`],
  ["a long mnemonic", `.entry k() { add${".u32".repeat(10_000)} r; }`],
  ["a long number", `.entry k() { mov.u32 r, ${"9".repeat(100_000)}; }`],
])("%s", (_name, text) => {
  check(`.version 8.0\n.target sm_90\n${text}`);
});
