import { describe, expect, test } from "vitest";
import { callBuiltin, program } from "./support.ts";

const INF = Infinity;

function unary(name: string, input: number[], extra = ""): number[] {
  return [...callBuiltin(`_Z${name.length}${name}f${extra}`, "float", ["float"], new Float32Array(input.length), Float32Array.from(input))];
}

describe("functions with two results", () => {
  test("fract gives the part below 1 and stores the whole", () => {
    const whole = new Float32Array(6);
    const input = Float32Array.of(2.75, -0.25, -1e-10, INF, -3, NaN);
    const out = callBuiltin("_Z5fractfPU3AS1f", "float", ["float", "ptr addrspace(1) to float"], new Float32Array(6), input, whole);
    expect([...out]).toEqual([0.75, 0.75, 0.9999999403953552, 0, 0, NaN]);
    expect([...whole]).toEqual([2, -1, -1, INF, -3, NaN]);
  });

  test("modf keeps the sign on both", () => {
    const whole = new Float64Array(4);
    const out = callBuiltin("_Z4modfdPU3AS1d", "double", ["double", "ptr addrspace(1) to double"], new Float64Array(4), Float64Array.of(2.75, -2.75, -INF, -0), whole);
    expect([...out]).toEqual([0.75, -0.75, -0, -0]);
    expect([...whole]).toEqual([2, -2, -INF, -0]);
  });

  test("frexp, with denormals and what has no exponent", () => {
    const exponent = new Int32Array(6);
    const out = callBuiltin("_Z5frexpfPU3AS1i", "float", ["float", "ptr addrspace(1) to i32"], new Float32Array(6), Float32Array.of(8, -0.75, 2 ** -149, 0, INF, NaN), exponent);
    expect([...out]).toEqual([0.5, -0.75, 0.5, 0, INF, NaN]);
    expect([...exponent]).toEqual([4, 0, -148, 0, 0, 0]);
  });

  test("remquo gives the remainder and the low bits of the quotient", () => {
    const quotient = new Int32Array(6);
    const out = callBuiltin("_Z6remquoddPU3AS1i", "double", ["double", "double", "ptr addrspace(1) to i32"], new Float64Array(6),
      Float64Array.of(5.5, -5.5, 1001, 7, 1e300, 3), Float64Array.of(2, 2, 2, -2, 3, INF), quotient);
    expect([...out].slice(0, 4)).toEqual([-0.5, 0.5, 1, -1]);
    expect(Math.abs(out[4]!)).toBeLessThanOrEqual(1.5);
    expect([...quotient].slice(0, 4)).toEqual([3, -3, 500 & 127, -4]);
    expect([out[5], quotient[5]]).toEqual([3, 0]);
  });

  test("sincos", () => {
    const cos = new Float32Array(2);
    const out = callBuiltin("_Z6sincosfPU3AS1f", "float", ["float", "ptr addrspace(1) to float"], new Float32Array(2), Float32Array.of(1, 1e6), cos);
    expect(out[0]).toBeCloseTo(Math.sin(1), 6);
    expect(cos[1]).toBeCloseTo(Math.cos(1e6), 6);
  });

  test("lgamma_r gives the sign of gamma", () => {
    const sign = new Int32Array(3);
    callBuiltin("_Z8lgamma_rfPU3AS1i", "float", ["float", "ptr addrspace(1) to i32"], new Float32Array(3), Float32Array.of(3.5, -0.5, -1.5), sign);
    expect([...sign]).toEqual([1, -1, 1]);
  });
});

describe("bits of floats", () => {
  test("ilogb", () => {
    const out = callBuiltin("_Z5ilogbf", "i32", ["float"], new Int32Array(6), Float32Array.of(1, 0.75, 2 ** -149, 0, INF, NaN));
    expect([...out]).toEqual([0, -1, -149, -(2 ** 31), 2 ** 31 - 1, 2 ** 31 - 1]);
  });

  test("ldexp rounds denormals once", () => {
    const out = callBuiltin("_Z5ldexpdi", "double", ["double", "i32"], new Float64Array(6), Float64Array.of(1.5, 1.5, 1, 3 * 2 ** -1074, 1.0000000000000002, 1), Int32Array.of(2, -1074, 2000, 2147, -1074, -2147483648));
    expect([...out]).toEqual([6, 2 * 2 ** -1074, INF, INF, 2 ** -1074, 0]);
    const single = callBuiltin("_Z5ldexpfi", "float", ["float", "i32"], new Float32Array(3), Float32Array.of(1, 1.5, 2 ** -149), Int32Array.of(-149, -150, 149));
    expect([...single]).toEqual([2 ** -149, 2 ** -149, 1]);
  });

  test("nextafter steps over zero, denormals and in half", () => {
    const out = callBuiltin("_Z9nextafterff", "float", ["float", "float"], new Float32Array(6), Float32Array.of(0, -0, 1, -1, 3.4028234663852886e38, 2 ** -149), Float32Array.of(1, -1, 2, -2, INF, -1));
    expect([...out]).toEqual([2 ** -149, -(2 ** -149), 1.0000001192092896, -1.0000001192092896, INF, 0]);
    const half = callBuiltin("_Z9nextafterDhDh", "half", ["half", "half"], new Uint16Array(3), Uint16Array.of(0x3c00, 0x3c00, 0), Uint16Array.of(0x4000, 0, 0xbc00));
    expect([...half]).toEqual([0x3c01, 0x3bff, 0x8001]);
  });

  test("nan carries its payload", () => {
    const out = new Uint32Array(1);
    callBuiltin("_Z3nanj", "float", ["i32"], new Float32Array(out.buffer), Uint32Array.of(5));
    expect(out[0]! & 0x7fc00000).toBe(0x7fc00000);
  });

  test("fma rounds once, mad need not", () => {
    const a = Float32Array.of(1 + 2 ** -12);
    const c = Float32Array.of(-(1 + 2 ** -11));
    expect(callBuiltin("_Z3fmafff", "float", ["float", "float", "float"], new Float32Array(1), a, a, c)[0]).toBe(2 ** -24);
    expect(callBuiltin("_Z3madfff", "float", ["float", "float", "float"], new Float32Array(1), Float32Array.of(2), Float32Array.of(3), Float32Array.of(4))[0]).toBe(10);
    // (1 + 2^-10)^2 - (1 + 2^-9) is 2^-20, which a rounded product would lose.
    const h = Uint16Array.of(0x3c01);
    expect(callBuiltin("_Z3fmaDhDhDh", "half", ["half", "half", "half"], new Uint16Array(1), h, h, Uint16Array.of(0xbc02))[0]).toBe(0x0010);
  });
});

describe("fast forms", () => {
  test("native and half functions", () => {
    for (const prefix of ["native_", "half_"]) {
      const close = (name: string, input: number[], f: (x: number) => number): void => unary(prefix + name, input).forEach((y, n) => expect(y / f(input[n]!), `${prefix}${name}(${input[n]})`).toBeCloseTo(1, 5));
      close("sin", [0.5, 2, -30], Math.sin);
      close("cos", [0.5, 2, -30], Math.cos);
      close("tan", [0.5, 2, -30], Math.tan);
      close("exp", [0.5, -20], Math.exp);
      close("exp2", [0.5, -20], (x) => 2 ** x);
      close("exp10", [0.5, -20], (x) => 10 ** x);
      close("log", [0.5, 1e20], Math.log);
      close("log2", [0.5, 1e20], Math.log2);
      close("log10", [0.5, 1e20], Math.log10);
      close("recip", [3, -7], (x) => 1 / x);
      close("sqrt", [3], Math.sqrt);
      close("rsqrt", [3], (x) => 1 / Math.sqrt(x));
      const powr = callBuiltin(`_Z${prefix.length + 4}${prefix}powrff`, "float", ["float", "float"], new Float32Array(1), Float32Array.of(3), Float32Array.of(2.5));
      expect(powr[0]! / 3 ** 2.5).toBeCloseTo(1, 5);
      const divide = callBuiltin(`_Z${prefix.length + 6}${prefix}divideff`, "float", ["float", "float"], new Float32Array(1), Float32Array.of(3), Float32Array.of(4));
      expect(divide[0]).toBe(0.75);
    }
  });

  test("a fast sine of a huge angle stays bounded, of infinity is NaN", () => {
    const [huge, infinite] = unary("native_sin", [1e30, INF]);
    expect(Math.abs(huge!)).toBeLessThanOrEqual(1);
    expect(infinite).toBeNaN();
  });
});

describe("common functions", () => {
  const three = (name: string, a: number, b: number, c: number): number => callBuiltin(`_Z${name.length}${name}fff`, "float", ["float", "float", "float"], new Float32Array(1), Float32Array.of(a), Float32Array.of(b), Float32Array.of(c))[0]!;
  const two = (name: string, a: number, b: number): number => callBuiltin(`_Z${name.length}${name}ff`, "float", ["float", "float"], new Float32Array(1), Float32Array.of(a), Float32Array.of(b))[0]!;

  test("clamp, mix, step, smoothstep, min, max", () => {
    expect([three("clamp", 5, 0, 1), three("clamp", -5, 0, 1), three("clamp", 0.5, 0, 1)]).toEqual([1, 0, 0.5]);
    expect(three("mix", 2, 4, 0.25)).toBe(2.5);
    expect([two("step", 1, 0.5), two("step", 1, 1)]).toEqual([0, 1]);
    expect([three("smoothstep", 0, 2, 1), three("smoothstep", 0, 2, -1), three("smoothstep", 0, 2, 3)]).toEqual([0.5, 0, 1]);
    expect([two("min", 1, 2), two("max", 1, 2), two("min", 3, NaN), two("max", 3, NaN)]).toEqual([1, 2, 3, 3]);
  });

  test("degrees, radians, sign", () => {
    expect(unary("degrees", [Math.PI])[0]).toBeCloseTo(180, 4);
    expect(unary("radians", [180])[0]).toBeCloseTo(Math.PI, 6);
    expect(unary("sign", [5, -5, 0, -0, NaN])).toEqual([1, -1, 0, -0, 0]);
  });

  test("scalars stand for all elements of a vector", () => {
    const out = callBuiltin("_Z5clampDv4_fff", "<4 x float>", ["<4 x float>", "float", "float"], new Float32Array(4), Float32Array.of(-1, 0.25, 0.75, 2), Float32Array.of(0), Float32Array.of(0.5));
    expect([...out]).toEqual([0, 0.25, 0.5, 0.5]);
    const max = callBuiltin("_Z3maxDv2_ff", "<2 x float>", ["<2 x float>", "float"], new Float32Array(2), Float32Array.of(1, 5), Float32Array.of(3));
    expect([...max]).toEqual([3, 5]);
  });

  test("half is computed on in single precision and rounded back", () => {
    expect([...callBuiltin("_Z4sqrtDh", "half", ["half"], new Uint16Array(1), Uint16Array.of(0x4400))]).toEqual([0x4000]);
    expect([...callBuiltin("_Z3expDh", "half", ["half"], new Uint16Array(1), Uint16Array.of(0x3c00))]).toEqual([0x4170]);
    expect([...callBuiltin("_Z4fabsDh", "half", ["half"], new Uint16Array(1), Uint16Array.of(0xbc00))]).toEqual([0x3c00]);
    expect([...callBuiltin("_Z3maxDhDh", "half", ["half", "half"], new Uint16Array(1), Uint16Array.of(0xbc00), Uint16Array.of(0x4000))]).toEqual([0x4000]);
  });
});

describe("geometric functions", () => {
  const a = Float32Array.of(1, 2, 3, 4);
  const b = Float32Array.of(-5, 6, 7, 8);
  test("dot, length, distance, normalize, cross", () => {
    expect(callBuiltin("_Z3dotDv4_fS_", "float", ["<4 x float>", "<4 x float>"], new Float32Array(1), a, b)[0]).toBe(60);
    expect(callBuiltin("_Z6lengthDv4_f", "float", ["<4 x float>"], new Float32Array(1), Float32Array.of(1, 2, 2, 4))[0]).toBe(5);
    expect(callBuiltin("_Z6lengthDv2_f", "float", ["<2 x float>"], new Float32Array(1), Float32Array.of(3e30, 4e30))[0]).toBe(Math.fround(5e30));
    expect(callBuiltin("_Z6lengthDv2_d", "double", ["<2 x double>"], new Float64Array(2), Float64Array.of(3e300, 4e300, 3e-300, 4e-300))[0]! / 5e300).toBeCloseTo(1, 14);
    expect(callBuiltin("_Z8distanceDv4_fS_", "float", ["<4 x float>", "<4 x float>"], new Float32Array(1), a, b)[0]).toBeCloseTo(Math.sqrt(36 + 16 + 16 + 16), 5);
    expect([...callBuiltin("_Z9normalizeDv2_f", "<2 x float>", ["<2 x float>"], new Float32Array(6), Float32Array.of(3, 4, 0, 0, INF, 5))]).toEqual([Math.fround(0.6), Math.fround(0.8), 0, 0, 1, 0]);
    expect([...callBuiltin("_Z5crossDv4_fS_", "<4 x float>", ["<4 x float>", "<4 x float>"], new Float32Array(4), a, b)]).toEqual([-4, -22, 16, 0]);
    expect([...callBuiltin("_Z5crossDv3_fS_", "<3 x float>", ["<3 x float>", "<3 x float>"], new Float32Array(4), a, b)].slice(0, 3)).toEqual([-4, -22, 16]);
    expect(callBuiltin("_Z11fast_lengthDv2_f", "float", ["<2 x float>"], new Float32Array(1), Float32Array.of(3, 4))[0]).toBe(5);
    expect([...callBuiltin("_Z14fast_normalizeDv2_f", "<2 x float>", ["<2 x float>"], new Float32Array(2), Float32Array.of(0, 4))]).toEqual([0, 1]);
  });
});

describe("contraction", () => {
  test("fmuladd rounds once, as fma does; what may not be contracted rounds twice", () => {
    const ir = (name: string): string => `
declare float @llvm.${name}.f32(float, float, float)
define spir_kernel void @k(ptr addrspace(1) %o, float %a, float %c) {
  %r = call float @llvm.${name}.f32(float %a, float %a, float %c)
  store float %r, ptr addrspace(1) %o
  ret void
}`;
    const out = new Float32Array(1);
    const [x, c] = [1 + 2 ** -12, -(1 + 2 ** -11)];
    for (const name of ["fmuladd", "fma"]) {
      program(ir(name)).run("k", [out, x, c], 1);
      expect(out[0], name).toBe(2 ** -24);
    }
    program(ir("fma").replace(/%r = .*/, "%p = fmul float %a, %a\n  %r = fadd float %p, %c")).run("k", [out, x, c], 1);
    expect(out[0]).toBe(0);
  });
});
