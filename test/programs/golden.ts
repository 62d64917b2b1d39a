import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

const folder = join(dirname(fileURLToPath(import.meta.url)), "golden");

/** Compares a program's output with the file of that name, character by character. GOLDEN=write makes the files anew: look at what git says then. */
export function expectGolden(name: string, text: string): void {
  const file = join(folder, `${name}.txt`);
  if (process.env["GOLDEN"] === "write") writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, "utf8"));
}
