import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { out } from "../../src/api/out.ts";
import { openClCompiler } from "../../src/compiler/clang/compiler.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import * as E from "../../src/opencl/abi/errors.ts";
import type { cl_program } from "../../src/opencl/abi/types.ts";
import { Bench } from "./harness.ts";

/** Program binaries (OpenCL 3.0 API 5.8.2, 5.8.9): there and back, onto other machines, and what is none. */
const b = new Bench({ gpus: ["a100-pcie-40gb", "a100-pcie-40gb"] });
const { cl } = b;
const [one, two] = b.devices;
const ctx = b.context(b.devices);
const { CL_PROGRAM_BINARY_TYPE_COMPILED_OBJECT: OBJECT, CL_PROGRAM_BINARY_TYPE_LIBRARY: LIBRARY, CL_PROGRAM_BINARY_TYPE_EXECUTABLE: EXECUTABLE } = C;
const text = "#ifndef N\n#define N 1\n#endif\nglobal int calls = 40;\nconstant float table[3] = { 1.5f, -0.0f, 1e-40f };\nint more(int x) { return x + N; }\nkernel void k(global int *p) { p[0] = more(calls++) + (table[get_global_id(0) % 3] > 1.0f); printf(\"%d %s\\n\", p[0], \"\\\"text\\\"\\t\"); }";

function made(on: Bench, context = on.context(), options: string | null = null, which: "build" | "compile" | "library" = "build"): cl_program {
  const program = on.make((e) => on.cl.clCreateProgramWithSource(context, 1, [text], null, e));
  if (which === "build") on.ok(on.cl.clBuildProgram(program, 0, null, options, null, null));
  else on.ok(on.cl.clCompileProgram(program, 0, null, options, 0, null, null, null, null));
  return which === "library" ? on.make((e) => on.cl.clLinkProgram(context, 0, null, "-create-library", 1, [program], null, null, e)) : program;
}
function binaries(on: Bench, program: cl_program): Uint8Array[] {
  const box = out<Uint8Array[]>();
  on.ok(on.cl.clGetProgramInfo(program, C.CL_PROGRAM_BINARIES, Infinity, box, null));
  return box.value;
}
function ask<T>(on: Bench, program: cl_program, name: number, device = on.device): T {
  const box = out<T>();
  on.ok(on.cl.clGetProgramBuildInfo(program, device, name, Infinity, box, null));
  return box.value;
}
function run(on: Bench, context: ReturnType<Bench["context"]>, program: cl_program): number {
  const kernel = on.kernelOf(program, "k");
  const result = on.buffer(context, 4);
  const queue = on.queue(context);
  on.ok(on.cl.clSetKernelArg(kernel, 0, 8, result));
  on.ok(on.cl.clEnqueueNDRangeKernel(queue, kernel, 1, null, [1], null, 0, null, null));
  return on.read32(queue, result, 1)[0]!;
}

describe.runIf(openClCompiler() !== null)("binaries", () => {
  test.each([["build", EXECUTABLE], ["compile", OBJECT], ["library", LIBRARY]] as const)("%s: loaded on another machine it has its type, is its own binary, and runs", (which, type) => {
    const [binary] = binaries(b, made(b, ctx, which === "library" ? null : "-DN=2", which)) as [Uint8Array];
    const other = new Bench({ gpus: ["h100"] });
    const context = other.context();
    const status = out<number[]>();
    const program = other.make((e) => other.cl.clCreateProgramWithBinary(context, 1, [other.device], [binary.length], [binary], status, e));
    expect(status.value).toEqual([0]);
    expect([ask(other, program, C.CL_PROGRAM_BUILD_STATUS), ask(other, program, C.CL_PROGRAM_BUILD_OPTIONS), ask(other, program, C.CL_PROGRAM_BINARY_TYPE)]).toEqual([C.CL_BUILD_NONE, "", type]);
    expect(binaries(other, program)).toEqual([binary]);
    const source = out<string>();
    other.ok(other.cl.clGetProgramInfo(program, C.CL_PROGRAM_SOURCE, Infinity, source, null));
    expect(source.value).toBe("");
    expect(other.code((e) => other.cl.clCreateKernel(program, "k", e))).toBe(E.CL_INVALID_PROGRAM_EXECUTABLE);
    expect(other.cl.clCompileProgram(program, 0, null, null, 0, null, null, null, null)).toBe(E.CL_INVALID_OPERATION);
    if (which === "build") {
      other.ok(other.cl.clBuildProgram(program, 0, null, null, null, null));
      expect(ask(other, program, C.CL_PROGRAM_BUILD_OPTIONS), "as if built with the options of then").toBe("-DN=2");
      expect(run(other, context, program)).toBe(43);
    } else {
      expect(other.cl.clBuildProgram(program, 0, null, null, null, null)).toBe(E.CL_INVALID_BINARY);
      const linked = other.make((e) => other.cl.clLinkProgram(context, 0, null, null, 1, [program], null, null, e));
      expect([ask(other, linked, C.CL_PROGRAM_BINARY_TYPE), run(other, context, linked)]).toEqual([EXECUTABLE, which === "compile" ? 43 : 42]);
    }
    expect(other.host.process.stdout).toMatch(/^4[23] "text"\t\n$/);
  });

  test("what is cut, longer, or differs in one bit is none: CL_INVALID_BINARY, for that device alone, with a diagnostic", () => {
    const [binary] = binaries(b, made(b, ctx)) as [Uint8Array];
    const refused = (bytes: Uint8Array): void => {
      const status = out<number[]>();
      expect(b.code((e) => cl.clCreateProgramWithBinary(ctx, 2, [one!, two!], [binary.length, bytes.length], [binary, bytes], status, e))).toBe(E.CL_INVALID_BINARY);
      expect(status.value).toEqual([0, E.CL_INVALID_BINARY]);
      expect(b.last()).toMatchObject({ call: "clCreateProgramWithBinary", values: { status: [0, E.CL_INVALID_BINARY] } });
    };
    fc.assert(fc.property(fc.nat(binary.length * 8 - 1), (bit) => {
      const bytes = binary.slice();
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      refused(bytes);
    }), { seed: 33, numRuns: 60 });
    fc.assert(fc.property(fc.integer({ min: 1, max: binary.length - 1 }), (length) => refused(binary.subarray(0, length))), { seed: 34, numRuns: 40 });
    refused(Uint8Array.of(...binary, 0));
    refused(new TextEncoder().encode("\x7fELF and so on, the binary of some other platform entirely"));
    refused(new Uint8Array(4096));
  });

  test("type and flags that no version knows are refused", () => {
    const [binary] = binaries(b, made(b, ctx)) as [Uint8Array];
    for (const [at, value] of [[8, 0], [8, 3], [8, 99], [12, 4], [12, 255], [13, 1]] as const) {
      const bytes = binary.slice();
      bytes[at] = value;
      expect(b.code((e) => cl.clCreateProgramWithBinary(ctx, 1, [one!], [bytes.length], [bytes], null, e)), `${value} at ${at}`).toBe(E.CL_INVALID_BINARY);
    }
  });

  test("NULL and empty entries are invalid values, told per device before anything else", () => {
    const [binary] = binaries(b, made(b, ctx)) as [Uint8Array];
    const rows: readonly (readonly [readonly (Uint8Array | null)[], readonly number[], readonly number[]])[] = [
      [[null, binary], [binary.length, binary.length], [E.CL_INVALID_VALUE, 0]], [[binary, binary], [binary.length, 0], [0, E.CL_INVALID_VALUE]],
      [[new Uint8Array(9), null], [9, 1], [E.CL_INVALID_BINARY, E.CL_INVALID_VALUE]],
    ];
    for (const [list, lengths, wanted] of rows) {
      const status = out<number[]>();
      expect(b.code((e) => cl.clCreateProgramWithBinary(ctx, 2, [one!, two!], lengths, list, status, e))).toBe(E.CL_INVALID_VALUE);
      expect(status.value).toEqual(wanted);
    }
  });

  test("each device may have another binary", () => {
    const [first] = binaries(b, made(b, ctx, "-DN=5")) as [Uint8Array];
    const [second] = binaries(b, made(b, ctx, "-DN=7")) as [Uint8Array];
    const program = b.make((e) => cl.clCreateProgramWithBinary(ctx, 2, [two!, one!], [second.length, first.length], [second, first], null, e));
    b.ok(cl.clBuildProgram(program, 0, null, null, null, null));
    expect([one!, two!].map((device) => ask(b, program, C.CL_PROGRAM_BUILD_OPTIONS, device))).toEqual(["-DN=5", "-DN=7"]);
    expect(run(b, ctx, program)).toBe(46);
  });

  test("programs of an intermediate language, and their constants, are refused with the reason", () => {
    const words = new Uint32Array([0x07230203, 0x00010000, 0, 1, 0]);
    expect(b.code((e) => cl.clCreateProgramWithIL(ctx, words, words.byteLength, e))).toBe(E.CL_INVALID_OPERATION);
    expect(b.last()?.message).toContain("CL_DEVICE_IL_VERSION");
    expect(cl.clSetProgramSpecializationConstant(made(b, ctx), 1, 4, words)).toBe(E.CL_INVALID_PROGRAM);
    expect(b.last()?.message).toContain("intermediate language");
    b.ok(cl.clUnloadPlatformCompiler(b.platform));
    // A hint: the next build works all the same.
    expect(run(b, ctx, made(b, ctx))).toBe(42);
  });
});
