import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import * as rt from "../../../src/cuda/abi/runtime/constants.ts";
import { driver, runtime } from "../../../src/cuda/index.ts";
import { driverSupport, runtimeSupport } from "../../../src/cuda/support.ts";
import { generateSupport } from "../../../scripts/cuda/support.mjs";
import { hostWithContext, makeMachine } from "../support/host.ts";

const root = new URL("../../../", import.meta.url);

/** Text of all test files of a folder. */
function tests(folder: string): string {
  return readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))
    .map((name) => readFileSync(new URL(`${folder}/${name}`, root), "utf8")).join("\n");
}

/** No call of these can be wrong or right, or their rows are built from the names of the plain forms. */
const withoutRows = new Set([
  "cudaGetErrorName", "cudaGetErrorString", "cudaCreateChannelDesc", "cuDeviceGetLuid", "cuCtxGetExecAffinity", "cudaDeviceFlushGPUDirectRDMAWrites",
  "cuMemsetD8Async", "cuMemsetD16Async", "cuMemsetD32Async", "cuMemsetD2D8Async", "cuMemsetD2D16Async", "cuMemsetD2D32Async",
]);

describe("the support tables", () => {
  test("they are what the generator writes", () => {
    expect(readFileSync(new URL("src/cuda/support.ts", root), "utf8")).toBe(generateSupport());
  });

  test("every function that is not refused has its errors tested", () => {
    const text = tests("test/errors/cuda");
    const named = (name: string): boolean => new RegExp(`\\b(${name}|${name.replace(/_v\d+$/, "")})\\b`).test(text);
    const missing = [...driverSupport, ...runtimeSupport].filter(({ name, support }) => support !== "refused" && !withoutRows.has(name) && !named(name)).map(({ name }) => name);
    expect(missing).toEqual([]);
  });

  test("a row that is not full says what is missing", () => {
    expect([...driverSupport, ...runtimeSupport].filter(({ support, note }) => support !== "full" && !/^[A-Z].*\.$/.test(note))).toEqual([]);
  });

  test("refused functions answer so, explain it, and touch nothing", () => {
    const { cuda, cudart, machine } = hostWithContext();
    const refusedBy = (rows: typeof driverSupport | typeof runtimeSupport): string[] => rows.filter(({ support, name }) => support === "refused" && (name in driver || name in runtime)).map(({ name }) => name);
    for (const name of refusedBy(driverSupport)) expect([name, (cuda as unknown as Record<string, () => number>)[name]!()]).toEqual([name, cu.CUDA_ERROR_NOT_SUPPORTED]);
    for (const name of refusedBy(runtimeSupport)) expect([name, (cudart as unknown as Record<string, () => number>)[name]!()]).toEqual([name, rt.cudaErrorNotSupported]);
    expect(machine.diagnostics().every(({ message }) => message.length > 0)).toBe(true);
  });
});

describe("functions with little to them", () => {
  test("a channel descriptor; writes of others flushed", () => {
    const { cudart } = makeMachine().process();
    expect(cudart.cudaCreateChannelDesc(8, 8, 0, 0, rt.cudaChannelFormatKindUnsigned)).toEqual({ x: 8, y: 8, z: 0, w: 0, f: rt.cudaChannelFormatKindUnsigned });
    expect(cudart.cudaDeviceFlushGPUDirectRDMAWrites(0, 100)).toBe(0);
  });

  test("what Windows and the Multi-Process Service alone have", () => {
    const { cuda } = hostWithContext();
    expect([cuda.cuDeviceGetLuid(out(), out(), 0), cuda.cuDeviceGetLuid(out(), out(), 9)]).toEqual([cu.CUDA_ERROR_INVALID_VALUE, cu.CUDA_ERROR_INVALID_DEVICE]);
    expect([cuda.cuCtxGetExecAffinity(out(), cu.CU_EXEC_AFFINITY_TYPE_SM_COUNT), cuda.cuCtxGetExecAffinity(null, 0), cuda.cuCtxGetExecAffinity(out(), 7 as 0)])
      .toEqual([cu.CUDA_ERROR_UNSUPPORTED_EXEC_AFFINITY, cu.CUDA_ERROR_INVALID_VALUE, cu.CUDA_ERROR_INVALID_VALUE]);
  });
});
