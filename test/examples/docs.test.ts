import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, expect, test, vi } from "vitest";
import { root, textOf } from "../architecture/sources.ts";

/** Programs in the documentation (blocks that import something) run as they stand. */
const folder = `${root}/out/docs-test`;
const programs = readdirSync(`${root}/docs`, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md") && !name.startsWith("api"))
  .flatMap((name) => [...textOf(`docs/${name}`).matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match, i) => ({ name: `${name} ${i + 1}`, text: match[1]! })))
  .filter(({ text }) => /^import /m.test(text));

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(programs)("$name", async ({ name, text }) => {
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/${name.replaceAll(/[^a-z0-9]+/gi, "-")}.ts`;
  writeFileSync(file, text.includes("export ") ? text : `${text}\nexport {};\n`);
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  try {
    await import(file);
  } finally {
    log.mockRestore();
  }
  expect(programs.length).toBeGreaterThan(0);
}, 60_000);
