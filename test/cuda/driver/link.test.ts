import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUjit_option } from "../../../src/cuda/abi/driver/enums.ts";
import type { ModuleImage } from "../../../src/cuda/abi/common.ts";
import { hostWithContext, makeMachine } from "../support/host.ts";
import { sourceOf, mutant } from "../../compiler/ptx/mutate.ts";

/** cuLink*: several PTX texts into one image. What goes together and what does not was asked of nvlink 13.0; the words of the error log are its own. */

const HEAD = ".version 8.8\n.target sm_80\n.address_size 64\n";
/** A kernel that stores the 32-bit variable x. */
const reads = (name: string, declaration: string, space = "global"): string => `${declaration}
.visible .entry ${name}(.param .u64 p) { .reg .b64 %d; .reg .b32 %r; ld.param.u64 %d, [p]; ld.${space}.u32 %r, [x]; st.global.u32 [%d], %r; ret; }`;
const func = (linkage: string, add: number): string => `${linkage} .func (.param .b32 r) foo(.param .b32 a) { .reg .b32 %r; ld.param.b32 %r, [a]; add.u32 %r, %r, ${add}; st.param.b32 [r], %r; ret; }`;
const texts: Readonly<Record<string, string>> = {
  calls: `.extern .func (.param .b32 r) foo(.param .b32 a);
.visible .entry calls(.param .u64 p) { .reg .b64 %d; .reg .b32 %r; ld.param.u64 %d, [p]; mov.u32 %r, 1;
  { .param .b32 a; .param .b32 b; st.param.b32 [a], %r; call.uni (b), foo, (a); ld.param.b32 %r, [b]; } st.global.u32 [%d], %r; ret; }`,
  foo: func(".visible", 1),
  fooWide: ".visible .func (.param .b64 r) foo(.param .b64 a) { .reg .b64 %r; ld.param.b64 %r, [a]; st.param.b64 [r], %r; ret; }",
  weakFoo: func(".weak", 2), weakFoo3: func(".weak", 3),
  fooVariable: ".visible .global .u32 foo = 3;",
  fooKernel: ".visible .entry foo() { ret; }",
  callsNone: ".extern .func foo();\n.visible .entry callsNone() { call.uni foo, (); ret; }",
  fooAlias: `${func(".visible", 1).replace(" foo(", " bar(")}\n.visible .func (.param .b32 r) foo(.param .b32 a);\n.alias foo, bar;`,
  x: ".visible .global .u32 x = 3;", xWide: ".visible .global .u64 x = 5;", xZero: ".visible .global .u32 x;",
  xStatic: reads("fixed", ".global .u32 x = 4;"), xManaged: reads("managed", ".visible .global .attribute(.managed) .align 4 .u32 x = 4;"),
  xExtern: reads("reads", ".extern .global .u32 x;"), xExternWide: reads("wide", ".extern .global .u64 x;"), xExternConst: reads("konst", ".extern .const .u32 x;", "const"),
  xOpen: reads("open", ".extern .global .u32 x[];"),
  xCommon: reads("common", ".common .global .u32 x;"), xCommon4: reads("common4", ".common .global .u32 x[4];"), xCommonWide: reads("commonWide", ".common .global .u64 x;"),
  xWeak: reads("weak", ".weak .global .u32 x = 1;"), xWeak2: ".weak .global .u32 x = 2;", xWeakWide: ".weak .global .u64 x = 5;",
  xWeakZero: reads("weakZero", ".weak .global .u32 x;"),
  pointer: ".extern .global .u32 x;\n.visible .global .u64 pointer = x;\n.visible .entry pointed(.param .u64 p) { .reg .b64 %d, %q; .reg .b32 %r; ld.param.u64 %d, [p]; ld.global.u64 %q, [pointer]; ld.u32 %r, [%q]; st.global.u32 [%d], %r; ret; }",
  shared: ".extern .shared .u32 s[4];\n.visible .entry shared(.param .u64 p) { .reg .b64 %d; .reg .b32 %r; ld.param.u64 %d, [p]; mov.u32 %r, 9; st.shared.u32 [s+4], %r; ld.shared.u32 %r, [s+4]; st.global.u32 [%d], %r; ret; }",
  s4: ".visible .shared .u32 s[4];", s8: ".visible .shared .u32 s[8];",
  sWeak: ".weak .shared .u32 s[4];\n.visible .entry weakly() { .reg .b32 %r; mov.u32 %r, 1; st.shared.u32 [s], %r; ret; }",
  unused: ".extern .func nope();\n.extern .global .u32 nothing;\n.visible .entry unused() { ret; }",
  unusedFunction: ".extern .func nope();\n.visible .entry unusedFunction() { ret; }",
};

interface Result {
  readonly codes: readonly number[];
  readonly complete: number;
  readonly errors: string;
  readonly info: string;
  readonly image: ModuleImage | null;
}

/** Links texts by name. */
function link(host: ReturnType<typeof hostWithContext>, names: readonly string[], more: readonly (readonly [CUjit_option, unknown])[] = []): Result {
  const { cuda, easy } = host;
  const [errors, info, image] = [out<string>(), out<string>(), out<ModuleImage>()];
  const options = [[cu.CU_JIT_ERROR_LOG_BUFFER, errors], [cu.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, 4096], [cu.CU_JIT_INFO_LOG_BUFFER, info], [cu.CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES, 4096], ...more] as const;
  const state = easy.cuLinkCreate(options.length, options.map(([option]) => option), options.map(([, value]) => value));
  const codes = names.map((name) => {
    const text = HEAD + (texts[name] ?? name);
    return cuda.cuLinkAddData(state, cu.CU_JIT_INPUT_PTX, text, text.length + 1, texts[name] === undefined ? null : name, 0, null, null);
  });
  const complete = cuda.cuLinkComplete(state, image, null);
  expect(cuda.cuLinkDestroy(state)).toBe(0);
  return { codes, complete, errors: errors.isSet ? errors.value : "", info: info.isSet ? info.value : "", image: image.isSet ? image.value : null };
}

/** What a kernel of the image stores. */
function result(host: ReturnType<typeof hostWithContext>, image: ModuleImage, kernel: string): number {
  const { easy } = host;
  const d = easy.cuMemAlloc(4);
  easy.cuLaunchKernel(easy.cuModuleGetFunction(easy.cuModuleLoadData(image), kernel), 1, 1, 1, 1, 1, 1, 0, 0, [d], null);
  const bytes = new Uint32Array(1);
  easy.cuMemcpyDtoH(bytes, d, 4);
  return bytes[0]!;
}

const host = hostWithContext();

describe("what goes together", () => {
  test.each<[names: string, kernel: string, value: number]>([
    ["calls foo", "calls", 2], ["foo calls", "calls", 2], ["calls foo weakFoo", "calls", 2], ["calls weakFoo foo", "calls", 2], ["calls weakFoo weakFoo3", "calls", 3], ["calls weakFoo3 weakFoo", "calls", 4],
    ["calls fooAlias", "calls", 2],
    ["x xExtern", "reads", 3], ["xExtern x", "reads", 3], ["xZero xExtern", "reads", 0], ["x xOpen", "open", 3], ["pointer x", "pointed", 3],
    ["xCommon xCommon4", "common4", 0], ["xCommon x", "common", 3], ["x xCommon", "common", 3], ["xCommon xWeak2", "common", 2], ["xCommon xWide", "common", 5], ["xCommon xWeakZero", "common", 0],
    ["xWeak xWeak2", "weak", 1], ["xWeak x", "weak", 3],
    // The one that is static is another variable.
    ["x xStatic", "fixed", 4], ["xStatic x xExtern", "fixed", 4], ["xStatic x xExtern", "reads", 3],
    ["shared s4", "shared", 9], ["shared sWeak s4", "shared", 9], ["shared sWeak", "shared", 9],
    ["unusedFunction x xExtern", "reads", 3],
  ])("%s: %s gives %i", (names, kernel, value) => {
    const { codes, complete, errors, image } = link(host, names.split(" "));
    expect([...codes, complete, errors]).toEqual([...codes.map(() => 0), 0, ""]);
    expect(result(host, image!, kernel)).toBe(value);
  });
});

describe("what does not", () => {
  test.each<[names: string, log: string, late?: true]>([
    ["calls", "Undefined reference to 'foo' in 'calls'", true],
    ["x foo foo", "Multiple definition of 'foo' in 'foo', first defined in 'foo'"],
    ["calls fooWide", "Prototype doesn't match for 'foo' in 'fooWide', first defined in 'calls'"],
    ["calls fooVariable", "Memory space doesn't match for 'foo' in 'fooVariable', first specified in 'calls'"],
    ["callsNone fooKernel", "Function 'foo' not declared __global__ in all source files"],
    ["calls callsNone", "Prototype doesn't match for 'foo' in 'callsNone', first defined in 'calls'"],
    ["x xExternWide", "Size doesn't match for 'x' in 'xExternWide', first specified in 'x'"], ["xExtern xExternWide", "Size doesn't match for 'x' in 'xExternWide', first specified in 'xExtern'"],
    ["x xExternConst", "Memory space doesn't match for 'x' in 'xExternConst', first specified in 'x'"], ["xExtern", "Undefined reference to 'x' in 'xExtern'", true], ["xExtern xStatic", "Undefined reference to 'x' in 'xExtern'", true],
    ["xCommon xExternWide", "Size doesn't match for 'x' in 'xExternWide', first specified in 'xCommon'"], ["xWeak xWeakWide", "Size doesn't match for 'x' in 'xWeakWide', first specified in 'xWeak'"],
    ["xCommonWide xWeak2", "Common symbol 'x' in file 'xCommonWide' has larger size than initialization"], ["xWeak xCommonWide", "Common symbol 'x' in file 'xCommonWide' has larger size than initialization"],
    ["xManaged xExtern", "Managed attribute doesn't match for 'x' in 'xExtern', first specified in 'xManaged'"],
    ["shared", "Undefined reference to 's' in 'shared'", true], ["shared s8", "Size doesn't match for 's' in 's8', first specified in 'shared'"], ["s4 s4", "Multiple definition of 's' in 's4', first defined in 's4'"],
    ["unused", "Undefined reference to 'nothing' in 'unused'", true], ["pointer", "Undefined reference to 'x' in 'pointer'", true],
  ])("%s: %s", (names, log, late) => {
    const inputs = names.split(" ");
    const { codes, complete, errors, image } = link(host, inputs);
    expect(errors.split("\n")[0]).toBe(`error   : ${log}`);
    expect(codes).toEqual(inputs.map((_, i) => (late !== true && i === inputs.length - 1 ? cu.CUDA_ERROR_INVALID_SOURCE : 0)));
    if (late === true) expect([complete, image]).toEqual([cu.CUDA_ERROR_INVALID_SOURCE, null]);
  });

  test("several complaints of one input, each on a line", () => {
    expect(link(host, ["foo", "fooVariable"]).errors).toBe("error   : Memory space doesn't match for 'foo' in 'fooVariable', first specified in 'foo'\nerror   : Multiple definition of 'foo' in 'fooVariable', first defined in 'foo'\n");
  });

  test("a refused input leaves the link as it was", () => {
    const { codes, complete, image } = link(host, ["calls", "fooWide", ".func broken(", "foo"]);
    expect([codes, complete]).toEqual([[0, cu.CUDA_ERROR_INVALID_SOURCE, cu.CUDA_ERROR_INVALID_PTX, 0], 0]);
    expect(result(host, image!, "calls")).toBe(2);
  });
});

describe("one text without others is a whole program, as for ptxas", () => {
  test("external variables are its own", () => expect(result(host, HEAD + texts["xExtern"]!, "reads")).toBe(0));
  test("external functions that it calls are an error; others are not", () => {
    expect([host.cuda.cuModuleLoadData(out(), HEAD + texts["calls"]!), host.cuda.cuModuleLoadData(out(), HEAD + texts["unused"]!)]).toEqual([cu.CUDA_ERROR_INVALID_PTX, 0]);
    expect(host.machine.diagnostics().at(-1)!.message).toContain("unresolved extern function 'foo'");
  });
});

describe("two units that nvcc -rdc=true compiled", () => {
  const unit = (name: string): string => readFileSync(new URL(`../../fixtures/ptx/link/${name}.ptx`, import.meta.url), "utf8");

  /** Links a and b and loads the result by `load`. */
  function linked(): { world: ReturnType<typeof hostWithContext>; image: ModuleImage } {
    const world = hostWithContext();
    const { easy } = world;
    world.machine.kernel.vfs.write("/tmp/b.ptx", unit("b"), { process: world.process, thread: world.process.main });
    const state = easy.cuLinkCreate(0, null, null);
    easy.cuLinkAddData(state, cu.CU_JIT_INPUT_PTX, unit("a"), unit("a").length, "a.ptx", 0, null, null);
    easy.cuLinkAddFile(state, cu.CU_JIT_INPUT_PTX, "/tmp/b.ptx", 0, null, null);
    const [image, size] = easy.cuLinkComplete(state);
    expect((image as Uint8Array).byteLength).toBe(size);
    easy.cuLinkDestroy(state);
    return { world, image };
  }

  test("calls, function pointers, virtual functions, statics of one name, constants and shared memory across units", () => {
    const { world: { easy }, image } = linked();
    const module = easy.cuModuleLoadData(image);
    const n = 32;
    const d = easy.cuMemAlloc(4 * n);
    const got = new Int32Array(n);
    const factors = [1, 10, 100, 1000];
    const scale = (x: number, i: number): number => x * factors[i]! + 7;
    let counter = 100;
    const expected = Array.from({ length: n }, (_, i) => {
      let v = scale(i, i & 3) + 2 * i + (i + 5);
      v += scale(i, 1) + ((i & 1) === 0 ? scale(i, 2) : i - 2);
      counter += v;
      return v + i * 3 + 1000;
    });
    easy.cuLaunchKernel(easy.cuModuleGetFunction(module, "call"), 1, 1, 1, n, 1, 1, 0, 0, [d], null);
    easy.cuMemcpyDtoH(got, d, 4 * n);
    expect([...got]).toEqual(expected);
    easy.cuLaunchKernel(easy.cuModuleGetFunction(module, "other"), 1, 1, 1, n, 1, 1, 0, 0, [d], null);
    easy.cuMemcpyDtoH(got, d, 4 * n);
    expect([...got]).toEqual(Array.from({ length: n }, (_, i) => 2 * i + 14 + counter));
    const [address, bytes] = easy.cuModuleGetGlobal(module, "counter");
    easy.cuMemcpyDtoH(got, address, bytes);
    expect([bytes, got[0]]).toEqual([4, counter]);
    easy.cuLaunchKernel(easy.cuModuleGetFunction(module, "share"), 1, 1, 1, n, 1, 1, 4 * n, 0, [d], null);
    easy.cuMemcpyDtoH(got, d, 4);
    expect(got[0]).toBe((n * (n - 1)) / 2);
  });

  test("the image loads into a library, into the runtime, into another machine, and goes into another link", () => {
    const { world, image } = linked();
    const { easy } = world;
    const library = easy.cuLibraryLoadData(image, null, null, 0, null, null, 0);
    expect([easy.cuLibraryGetKernelCount(library), easy.cuKernelGetName(easy.cuLibraryGetKernel(library, "call"))]).toEqual([3, "call"]);
    const objects = world.cudart.registerModule(image)!;
    expect(Object.keys(objects.kernels).toSorted()).toEqual(["call", "other", "share"]);
    const elsewhere = hostWithContext();
    const state = elsewhere.easy.cuLinkCreate(0, null, null);
    elsewhere.easy.cuLinkAddData(state, cu.CU_JIT_INPUT_CUBIN, image, (image as Uint8Array).byteLength, "ab", 0, null, null);
    const more = HEAD.replace("sm_80", "sm_75") + ".extern .global .align 4 .u32 counter;\n.visible .entry third(.param .u64 p) { .reg .b64 %d; .reg .b32 %r; ld.param.u64 %d, [p]; ld.global.u32 %r, [counter]; st.global.u32 [%d], %r; ret; }";
    elsewhere.easy.cuLinkAddData(state, cu.CU_JIT_INPUT_PTX, more, more.length, "c", 0, null, null);
    expect(result(elsewhere, elsewhere.easy.cuLinkComplete(state)[0], "third")).toBe(100);
    // Once complete, it stays as it is.
    expect(elsewhere.cuda.cuLinkAddData(state, cu.CU_JIT_INPUT_PTX, more, more.length, "d", 0, null, null)).toBe(cu.CUDA_ERROR_INVALID_HANDLE);
  });

  test("an image is for its architecture and the later ones of its generation", () => {
    const { image } = linked();
    const on = (gpu: string): number => {
      const world = makeMachine({ gpus: [gpu] }).process();
      world.easy.cuInit(0);
      world.easy.cuCtxCreate(null, 0, 0);
      return world.cuda.cuModuleLoadData(out(), image);
    };
    expect([on("a100-pcie-40gb"), on("h100-sxm-80gb")]).toEqual([0, cu.CUDA_ERROR_NO_BINARY_FOR_GPU]);
  });

  test("damaged images are refused, whatever is changed", () => {
    const { world: { cuda }, image } = linked();
    const bytes = image as Uint8Array;
    fc.assert(fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
      const changed = Uint8Array.from(cut ? bytes.subarray(0, at) : bytes);
      if (!cut) changed[at] = value;
      const code = cuda.cuModuleLoadData(out(), changed);
      expect([0, cu.CUDA_ERROR_INVALID_IMAGE, cu.CUDA_ERROR_INVALID_PTX, cu.CUDA_ERROR_NO_BINARY_FOR_GPU, cu.CUDA_ERROR_INVALID_SOURCE, cu.CUDA_ERROR_UNSUPPORTED_PTX_VERSION, cu.CUDA_ERROR_NOT_SUPPORTED]).toContain(code);
    }), { numRuns: 150, seed: 5 });
  });

  test("mutated inputs: an image that loads, or the API's errors with a log", () => {
    const sources = [sourceOf(unit("a")), sourceOf(unit("b"))];
    const world = hostWithContext();
    const { cuda, easy } = world;
    let [refused, done] = [0, 0];
    for (let seed = 0; seed < 300; seed++) {
      const log = out<string>();
      const state = easy.cuLinkCreate(2, [cu.CU_JIT_ERROR_LOG_BUFFER, cu.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES], [log, 1 << 16]);
      const { text } = mutant(sources, seed);
      const codes = [text, unit(seed % 2 === 0 ? "a" : "b")].map((input) => (input === "" ? 0 : cuda.cuLinkAddData(state, cu.CU_JIT_INPUT_PTX, input, input.length, "m", 0, null, null)));
      const image = out<ModuleImage>();
      codes.push(cuda.cuLinkComplete(state, image, null));
      if (codes.some((code) => code !== 0)) {
        refused++;
        expect(log.value).toMatch(/error|fatal/);
      } else {
        done++;
        expect(cuda.cuModuleLoadData(out(), image.value)).toBe(0);
      }
      easy.cuLinkDestroy(state);
    }
    expect([refused > 100, done > 3]).toEqual([true, true]);
  });
});

describe("options", () => {
  test("the info log tells registers, limited as asked, and the image keeps the limit", () => {
    const { info, image } = link(host, ["calls", "foo"], [[cu.CU_JIT_MAX_REGISTERS, 5], [cu.CU_JIT_WALL_TIME, out<number>()]]);
    expect(info).toMatch(/Compiling entry function 'calls'\nptxas info {4}: Used \d+ registers/);
    const fn = host.easy.cuModuleGetFunction(host.easy.cuModuleLoadData(image!), "calls");
    expect(host.easy.cuFuncGetAttribute(cu.CU_FUNC_ATTRIBUTE_NUM_REGS, fn)).toBe(5);
    const plain = host.easy.cuModuleLoadDataEx(HEAD + texts["xStatic"]!, 1, [cu.CU_JIT_MAX_REGISTERS], [4]);
    expect(host.easy.cuFuncGetAttribute(cu.CU_FUNC_ATTRIBUTE_NUM_REGS, host.easy.cuModuleGetFunction(plain, "fixed"))).toBe(4);
  });

  test("a short log buffer is cut, its size box says what was written", () => {
    const { easy, cuda } = host;
    const [log, size, time] = [out<string>(), out<number>(), out<number>()];
    size.value = 12;
    const state = easy.cuLinkCreate(3, [cu.CU_JIT_ERROR_LOG_BUFFER, cu.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, cu.CU_JIT_WALL_TIME], [log, size, time]);
    const text = HEAD + texts["calls"]!;
    easy.cuLinkAddData(state, cu.CU_JIT_INPUT_PTX, text, text.length, "calls", 0, null, null);
    expect([cuda.cuLinkComplete(state, out(), out()), log.value, size.value, time.value > 0]).toEqual([cu.CUDA_ERROR_INVALID_SOURCE, "error   : U", 12, true]);
    easy.cuLinkDestroy(state);
  });

  test("external variables are bound to addresses", () => {
    const { easy, cuda } = host;
    const d = easy.cuMemAlloc(8);
    easy.cuMemsetD32(d, 77, 2);
    const options = (names: unknown, addresses: unknown, count: number): [string, number, CUjit_option[], unknown[]] =>
      [HEAD + texts["xExtern"]!, 3, [cu.CU_JIT_GLOBAL_SYMBOL_NAMES, cu.CU_JIT_GLOBAL_SYMBOL_ADDRESSES, cu.CU_JIT_GLOBAL_SYMBOL_COUNT], [names, addresses, count]];
    const module = easy.cuModuleLoadDataEx(...options(["x"], [d + 4], 1));
    expect(easy.cuModuleGetGlobal(module, "x")).toEqual([d + 4, 4]);
    easy.cuLaunchKernel(easy.cuModuleGetFunction(module, "reads"), 1, 1, 1, 1, 1, 1, 0, 0, [d], null);
    const got = new Uint32Array(1);
    easy.cuMemcpyDtoH(got, d, 4);
    expect(got[0]).toBe(77);
    easy.cuModuleUnload(module);
    expect([["y"], ["x", "x"]].map((names) => cuda.cuModuleLoadDataEx(out(), ...options(names, [d, d], names.length)))).toEqual([1, 1]);
    expect([cuda.cuModuleLoadDataEx(out(), ...options(["x"], [], 1)), cuda.cuLinkCreate(3, options([], [], 0)[2], [["x"], [d], 1], out())]).toEqual([1, cu.CUDA_ERROR_NOT_SUPPORTED]);
  });

  test("a target that the device does not run", () => {
    const { cuda } = host;
    const load = (target: number): number => cuda.cuModuleLoadDataEx(out(), HEAD + texts["x"]!, 1, [cu.CU_JIT_TARGET], [target]);
    expect([load(cu.CU_TARGET_COMPUTE_80), load(cu.CU_TARGET_COMPUTE_90), load(cu.CU_TARGET_COMPUTE_86), load(cu.CU_TARGET_COMPUTE_75)]).toEqual([0, 209, 209, 209]);
    const { image } = link(host, ["x", "xExtern"], [[cu.CU_JIT_TARGET, cu.CU_TARGET_COMPUTE_90]]);
    expect(cuda.cuModuleLoadData(out(), image)).toBe(cu.CUDA_ERROR_NO_BINARY_FOR_GPU);
  });

  test.each<[rule: string, options: readonly (readonly [CUjit_option, unknown])[]]>([
    ["registers below 0", [[0, -1]]], ["half a thread", [[1, 0.5]]], ["an optimisation level of 5", [[7, 5]]], ["no such target", [[9, 81]]], ["target and context", [[8, 0], [9, 80]]], ["target and threads", [[1, 64], [9, 80]]],
    ["no such strategy", [[10, 2]]], ["no such cache mode", [[14, 3]]], ["a log that is no box", [[5, "text"]]], ["a size that is none", [[6, "big"]]], ["names that are none", [[17, 5]]], ["the number of options", [[35 as 0, 0]]],
  ])("%s: INVALID_VALUE", (_rule, options) => {
    const [names, values] = [options.map(([option]) => option), options.map(([, value]) => value)];
    expect([host.cuda.cuLinkCreate(options.length, names, values, out()), host.cuda.cuModuleLoadDataEx(out(), HEAD, options.length, names, values)]).toEqual([1, 1]);
  });
});
