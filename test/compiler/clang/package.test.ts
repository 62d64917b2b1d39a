import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { expect, test } from "vitest";
import { nameOf } from "../../../src/compiler/clang/hash.ts";
import { findPackage, PACKAGE } from "../../../src/compiler/clang/package.ts";

test("the package is found where Node finds it", () => {
  let entry: string | null = null;
  try {
    entry = createRequire(import.meta.url).resolve(PACKAGE);
  } catch {
    // not installed
  }
  const found = findPackage();
  expect(found === null ? null : fileURLToPath(found.url)).toBe(entry);
  if (found !== null) expect(found.version).toMatch(/^\d+\.\d+/);
  if (entry !== null) expect(dirname(entry)).toContain("clang");
});

test("names of texts: 32 digits, equal for equal texts, and none alike among a hundred thousand that nearly are", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (text) => /^[0-9a-f]{32}$/.test(nameOf(text)) && nameOf(text) === nameOf(`${text}`)), { seed: 20, numRuns: 200 });
  const seen = new Set<string>();
  for (let n = 0; n < 100_000; n++) seen.add(nameOf(`__kernel void k${n}(){}`));
  for (let n = 0; n < 1000; n++) seen.add(nameOf("\0".repeat(n)));
  expect(seen.size).toBe(101_000);
  // Each half alone spreads as well as a random number of its size: at most a handful of 100,000 pairs of 32 bits meet.
  for (let part = 0; part < 32; part += 8) expect(new Set([...seen].map((name) => name.slice(part, part + 8))).size).toBeGreaterThan(100_980);
});
