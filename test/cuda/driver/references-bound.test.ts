import { describe, expect, test, vi } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUjit_option } from "../../../src/cuda/abi/driver/enums.ts";
import type { CUmodule } from "../../../src/cuda/abi/driver/types.ts";
import { createMachine } from "../../../src/index.ts";
import { WasmExecution } from "../../../src/compiler/wasm/run/execution.ts";
import { referenceHost, referencePtx, type ReferenceHost } from "./references-host.ts";

/** What launches see of references while the host goes on binding; separate samplers; references of linked texts. */
const OVERRIDE = cu.CU_TRSA_OVERRIDE_FORMAT;

describe("a launch keeps what was bound", () => {
  test("work in a queue reads its own binding, however often the reference is bound anew", () => {
    const w = referenceHost();
    const { easy } = w;
    const module = w.load("unified");
    const image = easy.cuModuleGetTexRef(module, "image");
    const kernel = easy.cuModuleGetFunction(module, "slow");
    const streams = [easy.cuStreamCreate(cu.CU_STREAM_NON_BLOCKING), easy.cuStreamCreate(cu.CU_STREAM_NON_BLOCKING)];
    // More launches than a page has places, so that places come into use again while others are still read.
    const launches = 560;
    const arrays = Array.from({ length: 5 }, (_, n) => w.array({ Width: 1, Height: 1 }, Float32Array.of(n + 1)));
    const results = easy.cuMemAlloc(4 * launches);
    for (let n = 0; n < launches; n++) {
      easy.cuTexRefSetArray(image, arrays[n % 5]!, OVERRIDE);
      easy.cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, streams[n % 2]!, [w.input, results + 4 * n, n === 0 ? 3000 : 2], null);
      // A state that no launch has seen leaves nothing behind.
      if (n % 7 === 0) easy.cuTexRefSetArray(image, arrays[4]!, OVERRIDE);
    }
    easy.cuCtxSynchronize();
    const back = w.read(new Float32Array(launches), results);
    expect([...back]).toEqual(Array.from({ length: launches }, (_, n) => (n === 0 ? 3000 : 2 * (n % 5 + 1))));
  });

  test("two contexts that load one text have references of their own, and unloading takes them", () => {
    const w = referenceHost();
    const { easy, cuda } = w;
    const [a, b] = [w.load("unified"), w.load("unified")];
    const [first, second] = [a, b].map((module) => easy.cuModuleGetTexRef(module, "image"));
    expect(easy.cuModuleGetTexRef(a, "image")).toBe(first);
    expect(second).not.toBe(first);
    easy.cuTexRefSetArray(first!, w.array({ Width: 1, Height: 1 }, Float32Array.of(1)), OVERRIDE);
    easy.cuTexRefSetArray(second!, w.array({ Width: 1, Height: 1 }, Float32Array.of(2)), OVERRIDE);
    expect([w.at(a, "sample", [[0, 0]])[0]![0], w.at(b, "sample", [[0, 0]])[0]![0]]).toEqual([1, 2]);
    easy.cuModuleUnload(a);
    expect(cuda.cuTexRefGetFlags(out(), first!)).toBe(cu.CUDA_ERROR_INVALID_VALUE);
    expect(w.at(b, "sample", [[0, 0]])[0]![0]).toBe(2);
  });

  test("launches of two processes that take turns keep theirs", () => {
    const w = referenceHost();
    const other = w.machine.process("other");
    other.easy.cuInit(0);
    other.easy.cuCtxCreate(null, 0, 0);
    let stops = 0;
    const { run } = WasmExecution.prototype;
    const spy = vi.spyOn(WasmExecution.prototype, "run").mockImplementation(function (this: WasmExecution, limits) {
      const status = run.call(this, limits);
      if (!status.done) stops++;
      return status;
    });
    try {
      const ends = [w, other].map(({ easy }, n) => {
        const module = easy.cuModuleLoadData(referencePtx("unified"));
        const image = easy.cuModuleGetTexRef(module, "image");
        const [memory, result] = [easy.cuMemAlloc(64), easy.cuMemAlloc(64)];
        easy.cuMemcpyHtoD(memory, Float32Array.of(n + 1), 4);
        easy.cuTexRefSetAddress2D_v3(image, { Width: 1, Height: 1, Format: cu.CU_AD_FORMAT_FLOAT, NumChannels: 1 }, memory, 512);
        easy.cuLaunchKernel(easy.cuModuleGetFunction(module, "slow"), 1, 1, 1, 1, 1, 1, 0, null, [memory, result, 30000], null);
        // What is bound later is for later launches.
        easy.cuTexRefSetAddress2D_v3(image, { Width: 1, Height: 1, Format: cu.CU_AD_FORMAT_FLOAT, NumChannels: 1 }, result, 512);
        return () => {
          easy.cuCtxSynchronize();
          const back = new Float32Array(1);
          easy.cuMemcpyDtoH(back, result, 4);
          return back[0];
        };
      });
      expect(ends.map((end) => end())).toEqual([30000, 60000]);
      expect(stops).toBeGreaterThan(2);
    } finally {
      spy.mockRestore();
    }
  });

  test("references are no variables", () => {
    const w = referenceHost();
    const module = w.load("unified");
    expect(w.cuda.cuModuleGetGlobal(out(), out(), module, "image")).toBe(cu.CUDA_ERROR_NOT_FOUND);
    expect(w.cuda.cuModuleGetGlobal(out(), out(), module, "kept")).toBe(0);
    const options: readonly CUjit_option[] = [cu.CU_JIT_GLOBAL_SYMBOL_COUNT, cu.CU_JIT_GLOBAL_SYMBOL_NAMES, cu.CU_JIT_GLOBAL_SYMBOL_ADDRESSES];
    expect(w.cuda.cuModuleLoadDataEx(out(), referencePtx("unified"), 3, options, [1, ["image"], [w.input]])).toBe(cu.CUDA_ERROR_INVALID_VALUE);
    const library = w.easy.cuLibraryLoadData(referencePtx("unified"), null, null, 0, null, null, 0);
    expect(w.cuda.cuLibraryGetGlobal(out(), out(), library, "image")).toBe(cu.CUDA_ERROR_NOT_FOUND);
    expect(w.easy.cuModuleGetTexRef(w.easy.cuLibraryGetModule(library), "image")).toBeGreaterThan(0);
  });

  test("the old way to launch: cuParamSetTexRef and cuLaunchGrid", () => {
    const w = referenceHost();
    const { easy } = w;
    const module = w.load("unified");
    const [kernel, image] = [easy.cuModuleGetFunction(module, "sample"), easy.cuModuleGetTexRef(module, "image")];
    easy.cuTexRefSetArray(image, w.array({ Width: 1, Height: 1 }, Float32Array.of(6)), OVERRIDE);
    easy.cuParamSetTexRef(kernel, cu.CU_PARAM_TR_DEFAULT, image);
    easy.cuParamSetv(kernel, 0, BigUint64Array.of(BigInt(w.input), BigInt(w.output)), 16);
    easy.cuParamSetSize(kernel, 16);
    easy.cuFuncSetBlockShape(kernel, 1, 1, 1);
    easy.cuLaunchGrid(kernel, 1, 1);
    easy.cuCtxSynchronize();
    expect(w.read(new Float32Array(1))[0]).toBe(6);
  });
});

describe("texmode_independent", () => {
  const w = referenceHost();
  const module = w.load("independent");
  const image = w.easy.cuModuleGetTexRef(module, "image");

  test("each sampler has its own filter and modes; one may forbid normalised coordinates", () => {
    w.easy.cuTexRefSetArray(image, w.array({ Width: 4, Height: 1 }, Float32Array.of(0, 10, 20, 30)), OVERRIDE);
    const rows = w.at(module, "sample", [[0.125, 0.5], [1.125, 0.5], [0.25, 0.5], [1.5, 0.5], [4, 0.5]]);
    expect(rows.map(([points]) => points)).toEqual([0, 0, 10, 20, 0]);
    expect(rows.map(([, lines]) => lines)).toEqual([0, 30, 5, 15, 0]);
    // Border, without normalised coordinates: half of the border at 0 and at 4.
    expect(rows.map(([, , plain]) => plain)).toEqual([0, 6.25, 0, 10, 15]);
    expect(rows.map(([, , , gathered]) => gathered)).toEqual([0, 10, 0, 20, 0]);
    // The texture's own settings: coordinates as they are.
    w.easy.cuTexRefSetFlags(image, 0);
    expect(w.at(module, "sample", [[1.5, 0.5], [4.5, 0.5], [-0.5, 0.5]]).map(([points, lines]) => [points, lines])).toEqual([[10, 10], [30, 30], [0, 0]]);
    w.easy.cuTexRefSetFlags(image, cu.CU_TRSF_NORMALIZED_COORDINATES);
  });

  test("istypep tells samplers from textures", () => {
    expect(w.run(module, "types", 1, [w.output])).toBe(0);
    expect([...w.read(new Uint32Array(4))]).toEqual([1, 0, 0, 2]);
  });

  test("queries go to the sampler", () => {
    expect(w.run(module, "queries", 1, [w.output])).toBe(0);
    expect([...w.read(new Uint32Array(8))]).toEqual([1, 4, 3, 1, 0, 1, 0, 0]);
  });

  test("a sampler as a parameter is that of a texture reference or object", () => {
    const sampler = w.easy.cuTexRefCreate();
    w.easy.cuTexRefSetArray(image, w.array({ Width: 2, Height: 1 }, Float32Array.of(1, 2)), OVERRIDE);
    const chosen = (handle: number): number => {
      expect(w.run(module, "chosen", 1, [handle, w.output])).toBe(0);
      return w.read(new Float32Array(1))[0]!;
    };
    expect(chosen(sampler)).toBe(2);
    w.easy.cuTexRefSetFilterMode(sampler, cu.CU_TR_FILTER_MODE_LINEAR);
    expect(chosen(sampler)).toBe(1.5);
    const array = w.array({ Width: 1, Height: 1 });
    expect(chosen(w.easy.cuTexObjectCreate({ resType: cu.CU_RESOURCE_TYPE_ARRAY, res: { array: { hArray: array } } }, { filterMode: 1 }, null))).toBe(1.5);
  });
});

describe("linking", () => {
  const link = (w: ReferenceHost, ...texts: readonly string[]): CUmodule => {
    const state = w.easy.cuLinkCreate(0, null, null);
    texts.forEach((text, n) => w.easy.cuLinkAddData(state, cu.CU_JIT_INPUT_PTX, text, text.length, `${n}.ptx`, 0, null, null));
    return w.easy.cuModuleLoadData(w.easy.cuLinkComplete(state)[0]!);
  };
  const [a, b] = ["link-a", "link-b"].map(referencePtx);

  test("external references meet their definitions; local ones of the same name stay apart", () => {
    const w = referenceHost();
    const { easy } = w;
    const module = link(w, a!, b!);
    const row = (v: number) => w.array({ Width: 2, Flags: cu.CUDA_ARRAY3D_SURFACE_LDST }, Float32Array.of(0, v));
    const bind = (name: string, v: number): void => easy.cuTexRefSetArray(easy.cuModuleGetTexRef(module, name), row(v), OVERRIDE);
    bind("shared", 1);
    bind("own", 2);
    bind("own.1", 3);
    const target = row(7);
    easy.cuSurfRefSetArray(easy.cuModuleGetSurfRef(module, "target"), target, 0);
    expect(w.run(module, "both", 1, [w.output])).toBe(0);
    expect([...w.read(new Float32Array(3))]).toEqual([1, 2, 3]);
    expect(w.contents(target, new Uint32Array(2), 1)[1]).toBe(99);
    expect(w.run(module, "alone", 1, [w.output])).toBe(0);
    expect(w.read(new Float32Array(1))[0]).toBe(3);
  });

  test("missing ones, doubles and other types are named", () => {
    const w = referenceHost();
    const add = (...texts: readonly string[]): { code: number; text: string } => {
      const state = w.easy.cuLinkCreate(0, null, null);
      for (const text of texts) {
        const code = w.cuda.cuLinkAddData(state, cu.CU_JIT_INPUT_PTX, text, text.length, "unit", 0, null, null);
        if (code !== 0) return { code, text: w.machine.lastText() };
      }
      return { code: w.cuda.cuLinkComplete(state, out(), out()), text: w.machine.lastText() };
    };
    const missing = add(a!);
    expect(missing.code).toBe(cu.CUDA_ERROR_INVALID_SOURCE);
    expect(missing.text).toContain("Undefined reference to 'shared'");
    expect(add(b!, b!).text).toContain("Multiple definition of 'shared'");
    expect(add(b!, a!.replace(".extern .global .surfref target;", ".extern .global .texref target;").replace(/sust.*/, "")).text).toContain("Prototype doesn't match for 'target'");
  });
});

test("checked mode finds nothing wrong with descriptors, and what is wrong with surfaces that are bound to nothing", () => {
  const machine = createMachine({ check: ["bounds", "lifetime", "races", "uninitialised", "barriers"] });
  const process = machine.process("checked");
  const { cuda } = process.throwing;
  cuda.cuInit(0);
  cuda.cuCtxCreate(null, 0, 0);
  const module = cuda.cuModuleLoadData(referencePtx("unified"));
  const array = cuda.cuArray3DCreate({ Width: 1, Height: 1, Depth: 0, Format: cu.CU_AD_FORMAT_FLOAT, NumChannels: 1, Flags: 0 });
  cuda.cuMemcpy2D({ srcMemoryType: cu.CU_MEMORYTYPE_HOST, srcHost: Float32Array.of(5), srcPitch: 4, dstMemoryType: cu.CU_MEMORYTYPE_ARRAY, dstArray: array, WidthInBytes: 4, Height: 1 });
  cuda.cuTexRefSetArray(cuda.cuModuleGetTexRef(module, "image"), array, OVERRIDE);
  const [input, output] = [cuda.cuMemAlloc(64), cuda.cuMemAlloc(64)];
  cuda.cuMemsetD32(input, 0, 16);
  cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, "sample"), 1, 1, 1, 2, 1, 1, 0, null, [input, output], null);
  cuda.cuCtxSynchronize();
  const back = new Float32Array(8);
  cuda.cuMemcpyDtoH(back, output, 32);
  expect([back[0], back[4]]).toEqual([5, 5]);
  expect(machine.diagnostics()).toEqual([]);
  cuda.cuLaunchKernel(cuda.cuModuleGetFunction(module, "surface"), 1, 1, 1, 1, 1, 1, 0, null, [output], null);
  expect(() => cuda.cuCtxSynchronize()).toThrow(/ILLEGAL_ADDRESS/);
  expect(machine.diagnostics().length).toBeGreaterThan(0);
});
