import fc from "fast-check";
import { isDeepStrictEqual } from "node:util";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import type { Module } from "../../../src/compiler/ir/module.ts";
import { printModule } from "../../../src/compiler/ir/print.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { lowerProgram } from "../../../src/testing/ir/lower.ts";
import { launches, programs } from "../../../src/testing/ir/programs.ts";
import type { LaunchSpec } from "../../../src/testing/ir/spec.ts";
import type { Features } from "../../../src/testing/ir/statements.ts";
import { Arena, whole, type Limits, type Outcome } from "./arena.ts";

const arena = new Arena();

/** A generated module that shows itself as IR text when a property fails. */
export interface Generated {
  readonly module: Module;
}

export function modules(features: Features): fc.Arbitrary<Generated> {
  return programs(features).map((spec) => {
    const module = lowerProgram(spec);
    return { module, [fc.toStringMethod]: () => `\n${printModule(module)}` };
  });
}

/** Ways to cut a launch into calls of `run`. */
export const cuts: fc.Arbitrary<Limits> = fc.record({
  budget: fc.oneof(fc.integer({ min: 20, max: 2000 }), fc.constant(1e9)),
  maxBlocks: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constant(Infinity)),
  resident: fc.integer({ min: 1, max: 6 }),
});

/** What differs between two outcomes, in a few lines; empty when nothing does. */
export function difference(expected: Outcome, actual: Outcome): string {
  if (isDeepStrictEqual(expected, actual)) return "";
  if (expected.end !== "done" || actual.end !== "done") return `interpreter: ${show(expected)}\nWebAssembly: ${show(actual)}`;
  const lines: string[] = [];
  for (const key of ["out", "columns", "cells"] as const) {
    const [a, b] = [expected[key].split("\n"), actual[key].split("\n")];
    a.forEach((row, i) => {
      if (row !== b[i]) lines.push(`${key}[${i}]: interpreter ${row}`, `${" ".repeat(key.length)}  WebAssembly ${b[i]}`);
    });
  }
  for (const key of ["printed", "instructions", "bytes", "blocks"] as const) {
    if (!isDeepStrictEqual(expected[key], actual[key])) lines.push(`${key}: interpreter ${show(expected[key])}, WebAssembly ${show(actual[key])}`);
  }
  return lines.join("\n");
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `0x${part.toString(16)}` : part));
}

/** Throws unless both implementations come to the same end. */
export function mustAgree(module: Module, launch: LaunchSpec, limits: Limits = whole): void {
  const expected = arena.run(interpretModule(module), launch);
  const found = difference(expected, arena.run(compileModule(module), launch, limits));
  if (found !== "") throw new Error(`the interpreter and WebAssembly disagree\n${found}\nlaunch: ${show(launch)}`);
}

/** The property: whatever the program, the launch and the cuts, both agree. */
export function agreement(features: Features, limits: fc.Arbitrary<Limits> = fc.constant(whole)): fc.IProperty<[Generated, LaunchSpec, Limits]> {
  return fc.property(modules(features), launches(), limits, ({ module }, launch, cut) => mustAgree(module, launch, cut));
}
