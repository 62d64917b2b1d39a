import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as E from "../../../src/opencl/abi/errors.ts";
import { errorNames } from "../../../src/opencl/abi/errors.ts";
import { opencl } from "../../../src/opencl/index.ts";
import { Fixture, named } from "./fixture.ts";
import { bufferRows } from "./rows/buffer.ts";
import { imageRows } from "./rows/image.ts";
import { kernelRows } from "./rows/kernel.ts";
import { platformRows } from "./rows/platform.ts";
import { programRows } from "./rows/program.ts";
import { queueRows } from "./rows/queue.ts";
import { refusedRows } from "./rows/refused.ts";
import type { Row } from "./rows/row.ts";
import { svmAllocRows, svmRows } from "./rows/svm.ts";

// Every broken rule of every function, one at a time.
const f = new Fixture({ gpus: ["a100-pcie-40gb", "tiny"] });
const rows: readonly Row[] = [...platformRows(f), ...queueRows(f), ...bufferRows(f), ...programRows(f), ...kernelRows(f), ...svmRows(f), ...imageRows(f), ...refusedRows(f)];

const byFunction = new Map<Row[0], Row[]>();
for (const row of rows) byFunction.set(row[0], [...(byFunction.get(row[0]) ?? []), row]);
for (const [fn, own] of byFunction) {
  describe(fn, () => {
    for (const [, rule, code, call] of own) {
      test(`${named(code)}: ${rule}`, () => {
        f.diagnostics.clear();
        expect(named(call())).toBe(named(code));
        expect(f.last()).toMatchObject({ kind: "api-error", api: "opencl", call: fn, code, codeName: named(code) });
        expect(f.last()!.message.length).toBeGreaterThan(10);
      });
    }
  });
}

describe("clSVMAlloc gives NULL, and a diagnostic says why", () => {
  for (const [rule, code, call] of svmAllocRows(f)) {
    test(`${named(code)}: ${rule}`, () => {
      f.diagnostics.clear();
      expect(call()).toBe(0);
      expect(f.last()).toMatchObject({ kind: "api-error", api: "opencl", call: "clSVMAlloc", code });
    });
  }
});

/** Codes that functions name in their documentation and that no single broken rule brings about. */
const notRows: ReadonlyMap<string, string> = new Map([
  ["CL_OUT_OF_RESOURCES", "exhaustion: exhaustion.test.ts"],
  ["CL_OUT_OF_HOST_MEMORY", "exhaustion: exhaustion.test.ts"],
  ["CL_MEM_OBJECT_ALLOCATION_FAILURE", "exhaustion: exhaustion.test.ts"],
  ["CL_MISALIGNED_SUB_BUFFER_OFFSET", "clCreateSubBuffer refuses what is misaligned for every device of the context, so no such sub-buffer reaches a queue"],
  ["CL_MAP_FAILURE", "exhaustion: exhaustion.test.ts"],
  ["CL_LINKER_NOT_AVAILABLE", "the linker is part of the implementation"],
  ["CL_COMPILER_NOT_AVAILABLE", "facade.test.ts of test/opencl"],
  ["CL_DEVICE_NOT_AVAILABLE", "every device that is found is available"],
  ...["clCreateImage", "clCreateImageWithProperties", "clCreateImage2D", "clCreateImage3D", "clCreateSampler", "clCreateSamplerWithProperties", "clEnqueueFillImage", "clEnqueueCopyImage", "clEnqueueCopyImageToBuffer", "clEnqueueCopyBufferToImage"]
    .map((fn): [string, string] => [`${fn} CL_INVALID_OPERATION`, "every device has images"]),
  ...["clEnqueueReadImage", "clEnqueueWriteImage", "clEnqueueFillImage", "clEnqueueCopyImage", "clEnqueueCopyImageToBuffer", "clEnqueueCopyBufferToImage", "clEnqueueMapImage"]
    .flatMap((fn) => ["CL_INVALID_IMAGE_SIZE", "CL_IMAGE_FORMAT_NOT_SUPPORTED"].map((code): [string, string] => [`${fn} ${code}`, "all devices have the same images"])),
  ["clCreateCommandQueue CL_INVALID_QUEUE_PROPERTIES", "all properties of host queues are supported"],
]);

/** The codes that each function's documentation names; "as other function" means that one's. */
function documented(): Map<string, string[]> {
  const folder = new URL("../../../src/opencl/", import.meta.url);
  const returns = new Map<string, string>();
  for (const name of readdirSync(folder)) {
    if (!name.endsWith(".ts")) continue;
    const text = readFileSync(new URL(name, folder), "utf8");
    for (const [, comment, fn] of text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport function\*? (cl[A-Z]\w+)\(/g)) {
      returns.set(fn!, comment!.includes("@returns") ? comment!.slice(comment!.indexOf("@returns")) : "");
    }
  }
  const codes = (fn: string): string[] => {
    const text = returns.get(fn) ?? "";
    const other = /\bas (cl[A-Z]\w+)/.exec(text)?.[1];
    const own = (text.match(/CL_[A-Z_]+/g) ?? []).filter((code) => code in E && code !== "CL_SUCCESS");
    return [...new Set([...own, ...(other === undefined ? [] : codes(other))])];
  };
  return new Map([...returns.keys()].map((fn) => [fn, codes(fn)]));
}

test("every code that a function's documentation names is brought about by one of the rows, and none that it does not name", () => {
  const missing: string[] = [];
  const surplus: string[] = [];
  for (const [fn, codes] of documented()) {
    const made = new Set<string>((byFunction.get(fn as Row[0]) ?? []).map(([, , code]) => errorNames.get(code)!));
    if (!(fn in opencl)) throw new Error(fn);
    for (const code of codes) if (!made.has(code) && !notRows.has(code) && !notRows.has(`${fn} ${code}`)) missing.push(`${fn} ${code}`);
    for (const code of made) if (!codes.includes(code)) surplus.push(`${fn} ${code}`);
  }
  expect(missing).toEqual([]);
  expect(surplus).toEqual([]);
});

test("errors leave nothing behind: the same calls work as before", () => {
  f.ok(f.cl.clFinish(f.q));
  const data = new Uint32Array([1, 2, 3, 4]);
  const mem = f.buffer(f.ctx, 16);
  f.write32(f.q, mem, data);
  expect(f.read32(f.q, mem, 4)).toEqual(data);
  f.checkInvariants();
});
