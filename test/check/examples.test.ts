import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Cuda } from "./host.ts";

const n = 1024;
const f = Float32Array.from({ length: n }, (_, i) => i % 5);

/** Loads an example's PTX and runs its first kernel. */
function launch(file: string, grid: readonly [number, number], block: readonly [number, number], args: (h: Cuda) => number[]): readonly string[] {
  const h = new Cuda();
  const { cuda } = h.process.throwing;
  const text = readFileSync(new URL(`../../examples/kernels/${file}`, import.meta.url), "utf8");
  const name = /\.entry\s+(\w+)/.exec(text)![1]!;
  const fn = cuda.cuModuleGetFunction(cuda.cuModuleLoadData(text), name);
  expect(h.process.cuda.cuLaunchKernel(fn, grid[0], grid[1], 1, block[0], block[1], 1, 0, 0, args(h), null)).toBe(0);
  cuda.cuCtxSynchronize();
  return h.machine.diagnostics().map(({ message }) => message);
}

const words = (h: Cuda): number => h.words(new Uint32Array(f.buffer));

test.each([
  ["01_vecadd.ptx", [4, 1], [256, 1], (h: Cuda) => [words(h), words(h), h.alloc(4 * n), n]],
  ["02_matmul.ptx", [2, 2], [16, 16], (h: Cuda) => [words(h), words(h), h.alloc(4 * n), 32]],
  ["03_reduce.ptx", [4, 1], [256, 1], (h: Cuda) => [words(h), h.words(new Uint32Array(64)), n]],
] as const)("no false alarm in %s", (file, grid, block, args) => {
  expect(launch(file, grid, block, args)).toEqual([]);
});
