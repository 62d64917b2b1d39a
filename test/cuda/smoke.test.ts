import { expect, test } from "vitest";
import { hostWithContext, ptx } from "./support/host.ts";

test("allocate, copy, launch, copy back", () => {
  const { easy, cuda, machine } = hostWithContext();
  const data = Uint32Array.from({ length: 1000 }, (_, i) => i);
  const d = easy.cuMemAlloc(4000);
  expect(cuda.cuMemcpyHtoD(d, data, 4000)).toBe(0);
  const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "add");
  expect(cuda.cuLaunchKernel(fn, 4, 1, 1, 256, 1, 1, 0, 0, [d, 1000, 5], null)).toBe(0);
  const back = new Uint32Array(1000);
  expect(cuda.cuMemcpyDtoH(back, d, 4000)).toBe(0);
  expect(back).toEqual(data.map((x) => x + 5));
  expect(machine.diagnostics()).toEqual([]);
});
