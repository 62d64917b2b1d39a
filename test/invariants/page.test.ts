import { readFileSync } from "node:fs";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { page, testsByInvariant } from "../../scripts/invariants.mjs";
import { areas } from "./catalogue.ts";

test("each of the 112 invariants has a test that names it", () => {
  const numbers = areas.flatMap((area) => area.statements.map((_, i) => area.first + i));
  expect(numbers).toEqual(Array.from({ length: 112 }, (_, i) => i + 1));
  const tests = testsByInvariant();
  expect(numbers.filter((number) => !tests.has(number))).toEqual([]);
});

test("docs/invariants.md is what the tests say", () => {
  expect(readFileSync(new URL("../../docs/invariants.md", import.meta.url), "utf8"), "run node scripts/invariants.mjs").toBe(page(areas));
});
