import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { program, type Argument } from "../builtins/support.ts";

/** Runs a kernel body over one work-item; %o is an output buffer of 64-bit words, %a and %b are i64 parameters. */
function run(body: string, a = 0n, b = 0n, before = ""): bigint[] {
  const out = new BigUint64Array(4);
  const args: Argument[] = [out, a, b];
  program(`${before}
define spir_kernel void @k(ptr addrspace(1) %o, i64 %a, i64 %b) {
${body}
  ret void
}`).run("k", args, 1);
  return [...out];
}

const store = (type: string, value: string, at = 0): string => `
  %p${at} = getelementptr i8, ptr addrspace(1) %o, i64 ${8 * at}
  store ${type} ${value}, ptr addrspace(1) %p${at}`;

describe("integers of odd width", () => {
  const ops: Readonly<Record<string, (a: bigint, b: bigint, bits: number) => bigint>> = {
    add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, and: (a, b) => a & b, or: (a, b) => a | b, xor: (a, b) => a ^ b,
    udiv: (a, b) => a / b, urem: (a, b) => a % b, sdiv: (a, b, n) => BigInt.asIntN(n, a) / BigInt.asIntN(n, b), srem: (a, b, n) => BigInt.asIntN(n, a) % BigInt.asIntN(n, b),
  };
  test.each([7, 12, 24, 33, 48])("i%i behaves as its width says", (bits) => {
    const body = Object.keys(ops).map((op) => `  %${op} = ${op} i${bits} %x, %y\n  %${op}w = zext i${bits} %${op} to i64\n  %${op}p = getelementptr i64, ptr addrspace(1) %o, i64 ${Object.keys(ops).indexOf(op)}\n  store i64 %${op}w, ptr addrspace(1) %${op}p`).join("\n");
    const compiled = program(`
define spir_kernel void @k(ptr addrspace(1) %o, i64 %a, i64 %b) {
  %x = trunc i64 %a to i${bits}
  %y = trunc i64 %b to i${bits}
${body}
  %lt = icmp slt i${bits} %x, %y
  %s = sext i${bits} %x to i64
  %r = select i1 %lt, i64 %s, i64 -1
  %rp = getelementptr i64, ptr addrspace(1) %o, i64 10
  store i64 %r, ptr addrspace(1) %rp
  %mem = getelementptr i64, ptr addrspace(1) %o, i64 11
  store i${bits} %x, ptr addrspace(1) %mem
  %back = load i${bits}, ptr addrspace(1) %mem
  %same = icmp eq i${bits} %back, %x
  %z = zext i1 %same to i64
  %zp = getelementptr i64, ptr addrspace(1) %o, i64 12
  store i64 %z, ptr addrspace(1) %zp
  ret void
}`);
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.bigInt({ min: 1n, max: (1n << BigInt(bits)) - 1n }), (a, b) => {
      const out = new BigUint64Array(13);
      compiled.run("k", [out, a, b], 1);
      const x = BigInt.asUintN(bits, a);
      Object.values(ops).forEach((f, n) => expect(out[n]).toBe(BigInt.asUintN(bits, f(x, b, bits))));
      const [sx, sy] = [BigInt.asIntN(bits, x), BigInt.asIntN(bits, b)];
      expect(out[10]).toBe(BigInt.asUintN(64, sx < sy ? sx : -1n));
      expect(out[12]).toBe(1n);
      // Only the bytes of the type are written.
      expect(out[11]! >> BigInt(8 * Math.ceil(bits / 8))).toBe(0n);
    }), { numRuns: 25, seed: bits });
  });
});

describe("integers above 64 bits", () => {
  test("i128 moves, shifts, adds and compares", () => {
    const body = `
  %x = zext i64 %a to i128
  %h = shl i128 %x, 70
  %l = zext i64 %b to i128
  %v = or i128 %h, %l
  %s = add i128 %v, %v
  %t = sub i128 %s, %l
  %d = lshr i128 %t, 33
  %lo = trunc i128 %d to i64
  %e = icmp ult i128 %v, %s
  %ew = zext i1 %e to i64${store("i128", "%t", 0)}${store("i64", "%lo", 2)}${store("i64", "%ew", 3)}`;
    fc.assert(fc.property(fc.bigInt({ min: 1n, max: (1n << 50n) - 1n }), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), (a, b) => {
      const v = (a << 70n) | b;
      const t = BigInt.asUintN(128, 2n * v - b);
      expect(run(body, a, b)).toEqual([BigInt.asUintN(64, t), t >> 64n, BigInt.asUintN(64, t >> 33n), v < BigInt.asUintN(128, 2n * v) ? 1n : 0n]);
    }), { numRuns: 30, seed: 128 });
  });

  test("i96 takes twelve bytes", () => {
    expect(run(`
  %x = zext i64 %a to i96
  %h = shl i96 %x, 32
  store i96 %h, ptr addrspace(1) %o, align 4
  %v = load i96, ptr addrspace(1) %o, align 4
  %w = lshr i96 %v, 40
  %r = trunc i96 %w to i64${store("i64", "%r", 3)}`, 0x1122334455667788n)).toEqual([0x5566778800000000n, 0x11223344n, 0n, 0x11223344556677n]);
  });

  test("what is not implemented is named", () => {
    expect(() => run(`  %x = zext i64 %a to i128\n  %y = mul i128 %x, %x${store("i128", "%y")}`)).toThrow("mul of i128");
    expect(() => run(`  %x = zext i64 %a to i128\n  %y = zext i64 %b to i128\n  %z = shl i128 %x, %y${store("i128", "%z")}`)).toThrow("variable amount");
  });
});

describe("casts of bits", () => {
  test("vectors, scalars, floats and pointers", () => {
    expect(run(`
  %v = bitcast i64 %a to <2 x float>
  %e = extractelement <2 x float> %v, i32 1
  %i = bitcast float %e to i32
  %b4 = bitcast i64 %a to <8 x i8>
  %r = shufflevector <8 x i8> %b4, <8 x i8> poison, <8 x i32> <i32 7, i32 6, i32 5, i32 4, i32 3, i32 2, i32 1, i32 0>
  %w = bitcast <8 x i8> %r to i64
  %m = icmp ugt <8 x i8> %b4, splat (i8 68)
  %mask = bitcast <8 x i1> %m to i8
  %n = ptrtoint ptr addrspace(1) %o to i64
  %q = inttoptr i64 %n to ptr addrspace(1)
  store i32 %i, ptr addrspace(1) %q${store("i64", "%w", 1)}${store("i8", "%mask", 2)}`, 0x1122334455667788n)).toEqual([0x11223344n, 0x8877665544332211n, 0b00001111n, 0n]);
  });
});

describe("vectors", () => {
  test("elements at places only known at run time", () => {
    const body = (index: bigint): bigint[] => run(`
  %v = insertelement <4 x i32> <i32 10, i32 20, i32 30, i32 40>, i32 99, i64 %a
  %e = extractelement <4 x i32> %v, i64 %b
  store <4 x i32> %v, ptr addrspace(1) %o${store("i32", "%e", 2)}`, index, 2n);
    expect(body(1n)).toEqual([10n | 99n << 32n, 30n | 40n << 32n, 30n, 0n]);
    expect(body(2n)).toEqual([10n | 20n << 32n, 99n | 40n << 32n, 99n, 0n]);
  });

  test("select by a scalar and by a vector of conditions; phis of vectors", () => {
    expect(run(`
entry:
  %c = icmp eq i64 %a, 1
  br i1 %c, label %yes, label %no
yes:
  br label %join
no:
  br label %join
join:
  %v = phi <2 x i32> [ <i32 1, i32 2>, %yes ], [ <i32 3, i32 4>, %no ]
  %s = select i1 %c, <2 x i32> %v, <2 x i32> zeroinitializer
  %t = select <2 x i1> <i1 true, i1 false>, <2 x i32> %v, <2 x i32> <i32 7, i32 8>
  store <2 x i32> %s, ptr addrspace(1) %o${store("<2 x i32>", "%t", 1)}`, 1n)).toEqual([1n | 2n << 32n, 1n | 8n << 32n, 0n, 0n]);
  });

  test("aggregates as values", () => {
    expect(run(`
  %r = call { i64, [2 x i32] } @make(i64 %a)
  %x = extractvalue { i64, [2 x i32] } %r, 0
  %s = insertvalue { i64, [2 x i32] } %r, i32 77, 1, 1
  %y = extractvalue { i64, [2 x i32] } %s, 1
  %z = extractvalue [2 x i32] %y, 1${store("i64", "%x", 0)}${store("i32", "%z", 1)}`, 5n, 0n, `
define internal spir_func { i64, [2 x i32] } @make(i64 %n) {
  %m = mul i64 %n, 3
  %1 = insertvalue { i64, [2 x i32] } poison, i64 %m, 0
  ret { i64, [2 x i32] } %1
}`)).toEqual([15n, 77n, 0n, 0n]);
  });
});

describe("intrinsics", () => {
  test("bits and saturation", () => {
    expect(run(`
  %x = trunc i64 %a to i32
  %s = call i32 @llvm.bswap.i32(i32 %x)
  %f = call i32 @llvm.fshl.i32(i32 %x, i32 %s, i32 8)
  %g = call i32 @llvm.fshr.i32(i32 %x, i32 %s, i32 0)
  %p = call i64 @llvm.ctpop.i64(i64 %a)
  %t = call i32 @llvm.sadd.sat.i32(i32 2147483647, i32 %x)
  %c = call i8 @llvm.scmp.i8.i32(i32 -5, i32 %x)
  %m = call <2 x i32> @llvm.umin.v2i32(<2 x i32> <i32 -1, i32 1>, <2 x i32> <i32 7, i32 7>)
  %sum = call i32 @llvm.vector.reduce.add.v2i32(<2 x i32> %m)
  %o1 = call { i32, i1 } @llvm.umul.with.overflow.i32(i32 %x, i32 %x)
  %ov = extractvalue { i32, i1 } %o1, 1
  %ow = zext i1 %ov to i32
  %q0 = insertelement <2 x i32> poison, i32 %f, i32 0
  %q1 = insertelement <2 x i32> %q0, i32 %g, i32 1
  store <2 x i32> %q1, ptr addrspace(1) %o
  %t0 = insertelement <2 x i32> poison, i32 %t, i32 0
  %t1 = insertelement <2 x i32> %t0, i32 %sum, i32 1${store("<2 x i32>", "%t1", 1)}${store("i8", "%c", 2)}
  %u = add i64 %p, 0
  %v = shl i64 %u, 32
  %w = zext i32 %ow to i64
  %y = or i64 %v, %w${store("i64", "%y", 3)}`, 0x12345678n)).toEqual([0x34567878n | 0x78563412n << 32n, 0x7fffffffn | 8n << 32n, 0xffn, 13n << 32n | 1n]);
  });

  test("memcpy, memmove and memset of small, large and unknown sizes", () => {
    const out = new Uint8Array(1024);
    const source = Uint8Array.from({ length: 512 }, (_, n) => n * 7);
    program(`
define spir_kernel void @k(ptr addrspace(1) %o, ptr addrspace(1) %i, i64 %n) {
  call void @llvm.memcpy.p1.p1.i64(ptr addrspace(1) align 1 %o, ptr addrspace(1) align 1 %i, i64 13, i1 false)
  %a = getelementptr i8, ptr addrspace(1) %o, i64 16
  call void @llvm.memcpy.p1.p1.i64(ptr addrspace(1) align 8 %a, ptr addrspace(1) align 8 %i, i64 256, i1 false)
  %m = getelementptr i8, ptr addrspace(1) %o, i64 20
  call void @llvm.memmove.p1.p1.i64(ptr addrspace(1) align 4 %m, ptr addrspace(1) align 4 %a, i64 %n, i1 false)
  %s = getelementptr i8, ptr addrspace(1) %o, i64 400
  call void @llvm.memset.p1.i64(ptr addrspace(1) align 4 %s, i8 -85, i64 6, i1 false)
  %t = getelementptr i8, ptr addrspace(1) %o, i64 416
  call void @llvm.memset.p1.i64(ptr addrspace(1) align 16 %t, i8 5, i64 300, i1 false)
  ret void
}`).run("k", [out, source, 200], 1);
    const want = new Uint8Array(1024);
    want.set(source.slice(0, 13));
    want.set(source.slice(0, 256), 16);
    want.copyWithin(20, 16, 216);
    want.fill(0xab, 400, 406);
    want.fill(5, 416, 716);
    expect([...out]).toEqual([...want]);
  });

  test("classes of floats", () => {
    const classes = (mask: number): string => `
define spir_kernel void @k(ptr addrspace(1) %o, ptr addrspace(1) %i) {
  %id = call spir_func i64 @_Z13get_global_idj(i32 0)
  %p = getelementptr float, ptr addrspace(1) %i, i64 %id
  %x = load float, ptr addrspace(1) %p
  %c = call i1 @llvm.is.fpclass.f32(float %x, i32 ${mask})
  %w = zext i1 %c to i32
  %q = getelementptr i32, ptr addrspace(1) %o, i64 %id
  store i32 %w, ptr addrspace(1) %q
  ret void
}
declare spir_func i64 @_Z13get_global_idj(i32)`;
    const values = Float32Array.of(NaN, -Infinity, -1, -1e-40, -0, 0, 1e-40, 1, Infinity);
    const of = (mask: number): number[] => {
      const out = new Int32Array(9);
      program(classes(mask)).run("k", [out, values], 9);
      return [...out];
    };
    expect(of(0x003)).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(of(0x204)).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 1]);
    expect(of(0x060)).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 0]);
    expect(of(0x198)).toEqual([0, 0, 1, 1, 0, 0, 1, 1, 0].map((v, n) => (n === 6 ? 1 : v)));
  });
});

describe("control flow", () => {
  test("a switch with shared targets and large cases", () => {
    const body = (a: bigint): bigint => run(`
entry:
  switch i64 %a, label %other [
    i64 1, label %few
    i64 2, label %few
    i64 -1, label %all
  ]
few:
  br label %end
all:
  br label %end
other:
  br label %end
end:
  %r = phi i64 [ 10, %few ], [ 20, %all ], [ 30, %other ]
  store i64 %r, ptr addrspace(1) %o`, a)[0]!;
    expect([body(1n), body(2n), body(0xffffffffffffffffn), body(7n)]).toEqual([10n, 10n, 20n, 30n]);
  });

  test("blocks in any order, and pointers through phis", () => {
    expect(run(`
entry:
  br label %first
later:
  %r = load i64, ptr addrspace(1) %p
  store i64 %r, ptr addrspace(1) %o
  br label %end
first:
  %x = getelementptr i8, ptr addrspace(1) %o, i64 8
  %y = getelementptr i8, ptr addrspace(1) %o, i64 16
  store i64 %a, ptr addrspace(1) %x
  store i64 %b, ptr addrspace(1) %y
  %c = icmp ult i64 %a, %b
  br i1 %c, label %second, label %third
second:
  br label %third
third:
  %p = phi ptr addrspace(1) [ %x, %first ], [ %y, %second ]
  br label %later
end:`, 5n, 9n)).toEqual([9n, 5n, 9n, 0n]);
  });

  test("trap and unreachable end the kernel", () => {
    expect(() => run("  call void @llvm.trap()\n  unreachable\ndead:")).toThrow("trap");
    expect(() => run("  %c = icmp eq i64 %a, 0\n  br i1 %c, label %u, label %v\nu:\n  unreachable\nv:")).toThrow("trap");
  });
});

describe("functions", () => {
  test("a kernel that is called is a function besides", () => {
    const { module } = program(`
define spir_kernel void @inner(ptr addrspace(1) %o, i64 %n) {
  store i64 %n, ptr addrspace(1) %o
  ret void
}
define spir_kernel void @k(ptr addrspace(1) %o, i64 %n) {
  call spir_kernel void @inner(ptr addrspace(1) %o, i64 7)
  ret void
}`);
    expect([...module.functions.values()].map((fn) => `${fn.kind} ${fn.name}`)).toEqual(["kernel inner", "kernel k", "func inner$function"]);
    const out = new BigUint64Array(1);
    program(`
define spir_kernel void @inner(ptr addrspace(1) %o, i64 %n) {
  store i64 %n, ptr addrspace(1) %o
  ret void
}
define spir_kernel void @k(ptr addrspace(1) %o, i64 %n) {
  call spir_kernel void @inner(ptr addrspace(1) %o, i64 7)
  ret void
}`).run("k", [out, 0n], 1);
    expect(out[0]).toBe(7n);
  });

  test("calls through an address, and of functions that call each other", () => {
    expect(run(`
  %even = call i1 @even(i64 %a)
  %f = select i1 %even, ptr @double, ptr @triple
  %r = call i64 %f(i64 %b)${store("i64", "%r")}`, 10n, 7n, `
define internal i64 @double(i64 %x) {
  %r = shl i64 %x, 1
  ret i64 %r
}
define internal i64 @triple(i64 %x) {
  %r = mul i64 %x, 3
  ret i64 %r
}
define internal i1 @even(i64 %n) {
  %z = icmp eq i64 %n, 0
  br i1 %z, label %yes, label %more
yes:
  ret i1 true
more:
  %m = sub i64 %n, 1
  %o = call i1 @odd(i64 %m)
  ret i1 %o
}
define internal i1 @odd(i64 %n) {
  %z = icmp eq i64 %n, 0
  br i1 %z, label %no, label %more
no:
  ret i1 false
more:
  %m = sub i64 %n, 1
  %e = call i1 @even(i64 %m)
  ret i1 %e
}`)).toEqual([14n, 0n, 0n, 0n]);
  });

  test("a structure by value is the callee's own", () => {
    expect(run(`
  %s = alloca { i64, i64 }, align 8
  store i64 %a, ptr %s
  %f = getelementptr i8, ptr %s, i64 8
  store i64 %b, ptr %f
  %r = call i64 @sum(ptr byval({ i64, i64 }) align 8 %s)
  %same = load i64, ptr %s${store("i64", "%r")}${store("i64", "%same", 1)}`, 3n, 4n, `
define internal i64 @sum(ptr byval({ i64, i64 }) align 8 %p) {
  %x = load i64, ptr %p
  %q = getelementptr i8, ptr %p, i64 8
  %y = load i64, ptr %q
  store i64 99, ptr %p
  %z = add i64 %x, %y
  ret i64 %z
}`)).toEqual([7n, 3n, 0n, 0n]);
  });
});
