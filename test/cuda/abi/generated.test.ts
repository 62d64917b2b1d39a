import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { generate } from "../../../scripts/cuda/generate.mjs";
import { generateTables } from "../../../scripts/cuda/table.mjs";
import { CUresult } from "../../../src/cuda/abi/driver/enums.ts";
import { driverSignatures } from "../../../src/cuda/abi/driver/signatures.ts";
import { cudaError_t } from "../../../src/cuda/abi/runtime/enums.ts";
import { runtimeSignatures } from "../../../src/cuda/abi/runtime/signatures.ts";

const root = new URL("../../../", import.meta.url);

describe("generated files", () => {
  test.each([...generate()])("src/cuda/abi/%s is what the generator writes", (path, text) => {
    expect(readFileSync(new URL(`src/cuda/abi/${path}`, root), "utf8")).toBe(text);
  });

  test.each([...generateTables()])("%s is what the generator writes", (path, text) => {
    expect(readFileSync(new URL(path, root), "utf8")).toBe(text);
  });
});

describe("the header's numbers", () => {
  test("functions, codes", () => {
    expect(Object.keys(driverSignatures)).toHaveLength(449);
    expect(Object.keys(runtimeSignatures)).toHaveLength(310);
    expect(Object.keys(CUresult)).toHaveLength(101);
    expect(Object.keys(cudaError_t)).toHaveLength(134);
  });

  test("codes that both APIs have are equal", () => {
    expect([CUresult.CUDA_ERROR_INVALID_VALUE, CUresult.CUDA_ERROR_OUT_OF_MEMORY, CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, CUresult.CUDA_ERROR_UNKNOWN])
      .toEqual([cudaError_t.cudaErrorInvalidValue, cudaError_t.cudaErrorMemoryAllocation, cudaError_t.cudaErrorIllegalAddress, cudaError_t.cudaErrorUnknown]);
  });

  test("out-parameters by number of them, as counted in the header (to within 5 %)", () => {
    const outs = (signatures: typeof driverSignatures | typeof runtimeSignatures): number[] => {
      const count = [0, 0, 0, 0];
      for (const { outs: list } of Object.values(signatures)) count[Math.min(3, list.length)]!++;
      return count;
    };
    const near = (a: number[], b: number[]): boolean => a.every((n, i) => Math.abs(n - b[i]!) <= 0.05 * 449);
    expect(near(outs(driverSignatures), [218, 198, 25, 8])).toBe(true);
    expect(near(outs(runtimeSignatures), [147, 141, 13, 9])).toBe(true);
  });
});
