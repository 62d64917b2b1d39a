import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AtomicOp } from "../../../src/compiler/ir/ops.ts";
import { packParams } from "../wasm/harness.ts";
import { Bench, kernel, OWN_SLOT } from "./kernel-bench.ts";
import { integerEdges } from "./integers.ts";
import type { Compile } from "./op-bench.ts";

const iota = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Special registers, atomics, counting, budgets, resident groups. */
export function executionConformance(compile: Compile): void {
  const bench = new Bench(compile);

  test("special registers tell a work-item its place", () => {
    // Two words of each register for every work-item, in the order of execution slots given by a global linear number.
    const names = ["tid.x", "tid.y", "tid.z", "ntid.x", "ntid.y", "ntid.z", "entid.x", "entid.y", "entid.z", "ctaid.x", "ctaid.y", "ctaid.z", "nctaid.x", "nctaid.y", "nctaid.z",
      "workdim", "lane", "warp", "nwarp", "warpsize", "smid", "nsmid", "dynshared", "gridid"];
    const wide = ["gid.x", "gid.y", "gid.z", "gsize.x", "gsize.y", "gsize.z", "goff.x", "goff.y", "goff.z", "globaltimer"];
    const words = names.length + 2 * wide.length;
    const text = kernel(`
      %out:i64 = param 0
      ${wide.map((name, i) => `%w${i}:i64 = sreg ${name}`).join("\n")}
      ${names.map((name, i) => `%n${i}:i32 = sreg ${name}`).join("\n")}
      %gx:i64 = sub %w0 %w6
      %gy:i64 = sub %w1 %w7
      %gz:i64 = sub %w2 %w8
      %zy:i64 = mul %gz %w4
      %row:i64 = add %zy %gy
      %rx:i64 = mul %row %w3
      %linear:i64 = add %rx %gx
      %size:i64 = const ${words * 4}n
      %d:i64 = mul %linear %size
      %a:i64 = add %out %d
      store (${names.map((_, i) => `%n${i}`).join(" ")}) global %a 0 4
      store (${wide.map((_, i) => `%w${i}`).join(" ")}) global %a ${names.length * 4} 8
      ret ()`);
    const options = { workDim: 2 as const, grid: [3, 2, 2] as const, block: [4, 3, 1] as const, globalSize: [10, 5, 2] as const, globalOffset: [100, 20, 3] as const, warpSize: 8, dynamicShared: 32 };
    const out = bench.machine.map(100 * words * 4);
    bench.run(text, packParams(out), options);
    const got = bench.machine.u32(out, 100 * words);
    for (let z = 0; z < 2; z++) {
      for (let y = 0; y < 5; y++) {
        for (let x = 0; x < 10; x++) {
          const block = [Math.floor(x / 4), Math.floor(y / 3), z];
          const thread = [x % 4, y % 3, 0];
          const size = [Math.min(4, 10 - block[0]! * 4), Math.min(3, 5 - block[1]! * 3), 1];
          const local = thread[0]! + thread[1]! * size[0]!;
          const group = block[0]! + 3 * block[1]! + 6 * z;
          const small = [...thread, ...size, 4, 3, 1, ...block, 3, 2, 2, 2, local % 8, Math.floor(local / 8), Math.ceil((size[0]! * size[1]!) / 8), 8, group % 4, 4, 32, 1];
          const large = [100 + x, 20 + y, 3 + z, 10, 5, 2, 100, 20, 3, 12345].flatMap((value) => [value, 0]);
          const at = (x + 10 * y + 50 * z) * words;
          expect([...got.subarray(at, at + words)]).toEqual([...small, ...large]);
        }
      }
    }
  });

  describe("atomics", () => {
    const update = (op: AtomicOp, width: number, old: bigint, value: bigint): bigint => {
      const s = (v: bigint): bigint => BigInt.asIntN(width, v);
      const result = {
        add: () => old + value, sub: () => old - value, and: () => old & value, or: () => old | value, xor: () => old ^ value, xchg: () => value,
        "min.s": () => (s(old) < s(value) ? old : value), "max.s": () => (s(old) > s(value) ? old : value), "min.u": () => (old < value ? old : value), "max.u": () => (old > value ? old : value),
        inc: () => (old >= value ? 0n : old + 1n), dec: () => (old === 0n || old > value ? value : old - 1n),
        fadd: () => 0n, fmin: () => 0n, fmax: () => 0n,
      }[op]();
      return BigInt.asUintN(width, result);
    };
    const ops = ["add", "sub", "and", "or", "xor", "xchg", "min.s", "max.s", "min.u", "max.u", "inc", "dec"] as const;

    test.each(ops.flatMap((op) => (["i32", "i64"] as const).flatMap((type) => ["global", "generic"].map((space) => [op, type, space] as const))))("%s on %s in %s memory", (op, type, space) => {
      const width = type === "i32" ? 32 : 64;
      const edges = integerEdges(width).filter((_, i) => i % 2 === 0);
      const cases = edges.flatMap((old) => edges.map((value) => [old, value] as const));
      const text = kernel(`
        %p:i64 = param 0
        %id:i64 = sreg gid.x
        %size:i64 = const 24n
        %d:i64 = mul %id %size
        %a:i64 = add %p %d
        %v:${type} = load global %a 8 8
        %old:${type} = atomic ${op} ${space} %a 0 %v relaxed device
        store (%old) global %a 16 8
        ret ()`);
      const at = bench.machine.upload(new BigUint64Array(cases.flatMap(([old, value]) => [old, value, 0n])));
      const result = bench.run(text, packParams(at), { grid: [cases.length, 1, 1], resident: 1 });
      const after = bench.machine.u64(at, cases.length * 3);
      cases.forEach(([old, value], i) => expect([old, value, after[3 * i], after[3 * i + 2]]).toEqual([old, value, update(op, width, old, value), old]));
      expect(result.bytes).toBe(cases.length * (width / 8) * 3);
    });

    test.each(["f32", "f64"] as const)("fadd, fmin, fmax, xchg on %s", (type) => {
      const text = (op: string): string => kernel(`
        %p:i64 = param 0
        %v:${type} = load global %p 8 8
        %old:${type} = atomic ${op} global %p 0 %v seq_cst system
        store (%old) global %p 16 8
        ret ()`);
      const bits = (value: number): bigint => (type === "f32" ? BigInt(new Uint32Array(Float32Array.of(value).buffer)[0]!) : new BigUint64Array(Float64Array.of(value).buffer)[0]!);
      const nan = type === "f32" ? 0x7fc00000n : 0x7ff8000000000000n;
      const run = (op: string, old: bigint, value: bigint): bigint[] => {
        const at = bench.machine.upload(BigUint64Array.of(old, value, 0n));
        bench.run(text(op), packParams(at));
        return [...bench.machine.u64(at, 3)].filter((_, i) => i !== 1);
      };
      expect(run("fadd", bits(1.5), bits(2.25))).toEqual([bits(3.75), bits(1.5)]);
      expect(run("fadd", bits(Infinity), bits(-Infinity))).toEqual([nan, bits(Infinity)]);
      expect(run("fmin", bits(0), bits(-0))).toEqual([bits(-0), bits(0)]);
      expect(run("fmax", nan + 5n, bits(2))).toEqual([bits(2), nan + 5n]);
      expect(run("fmin", nan + 5n, nan)).toEqual([nan, nan + 5n]);
      expect(run("xchg", nan + 5n, nan + 7n)).toEqual([nan + 7n, nan + 5n]);
    });

    test("cmpxchg stores only when the old value is the expected one", () => {
      const text = kernel(`
        %p:i64 = param 0
        %e:i64 = const -1n
        %n:i64 = const 5n
        %a:i64 = cmpxchg global %p 0 %e %n relaxed device
        %b:i64 = cmpxchg global %p 0 %e %a relaxed device
        store (%a %b) global %p 8 8
        ret ()`);
      const at = bench.machine.upload(BigUint64Array.of(2n ** 64n - 1n, 0n, 0n));
      bench.run(text, packParams(at));
      expect([...bench.machine.u64(at, 3)]).toEqual([5n, 2n ** 64n - 1n, 5n]);
    });

    test("a lock taken by spinning lets every work-item in", () => {
      const text = kernel(`
        %p:i64 = param 0
        %zero:i32 = const 0
        %one:i32 = const 1
        br ^try
      ^try:
        %was:i32 = cmpxchg global %p 0 %zero %one acquire device
        %got:i1 = icmp eq %was %zero
        condbr %got ^in ^try
      ^in:
        %v:i32 = load global %p 4 4
        %w:i32 = add %v %one
        store (%w) global %p 4 4
        %x:i32 = atomic xchg global %p 0 %zero release device
        ret ()`);
      const at = bench.machine.upload(Uint32Array.of(0, 0));
      bench.run(text, packParams(at), { grid: [5, 1, 1], block: [40, 1, 1] });
      expect([...bench.machine.u32(at, 2)]).toEqual([0, 200]);
    });
  });

  /** Work-item i counts to tid * 10 in a loop. */
  const looping = kernel(`${OWN_SLOT}
    %zero:i32 = const 0
    %one:i32 = const 1
    %ten:i32 = const 10
    %limit:i32 = mul %tid %ten
    br ^loop
  ^loop:
    %i:i32 = phi (^entry %zero, ^loop %next)
    %next:i32 = add %i %one
    %more:i1 = icmp lt.u %next %limit
    condbr %more ^loop ^done
  ^done:
    store (%next) global %slot 0 4
    ret ()`);

  describe("counting", () => {
    test("sums instruction weights and global bytes over all work-items", () => {
      const out = bench.machine.map(64);
      const result = bench.run(looping, packParams(out), { grid: [3, 1, 1], block: [4, 1, 1] });
      // Entry: param 1, sreg 1, zext 1, i64 mul 2, add 1, mul 1, br 1 = 8; a turn: add, icmp, condbr = 3; end: store 4, ret 1.
      const turns = 1 + 10 + 20 + 30;
      expect(result.instructions).toBe(3 * (4 * (8 + 5) + 3 * turns));
      expect(result.bytes).toBe(3 * 4 * 4);
      expect(result.blocks).toBe(3);
    });

    test("does not depend on budget, maxBlocks or resident groups, nor do results", () => {
      const whole = { grid: [4, 1, 1] as const, block: [7, 1, 1] as const };
      const expected = bench.run(looping, packParams(bench.machine.map(64)), whole);
      fc.assert(fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), (budget, maxBlocks, resident) => {
        const out = bench.machine.map(64);
        const { instructions, bytes, blocks, done } = bench.run(looping, packParams(out), { ...whole, budget, maxBlocks, resident });
        expect({ instructions, bytes, blocks, done }).toEqual({ instructions: expected.instructions, bytes: expected.bytes, blocks: 4, done: true });
        expect([...bench.machine.u32(out, 7)]).toEqual([1, ...iota(7).slice(1).map((i) => i * 10)]);
      }), { numRuns: 20, seed: 31 });
    });
  });

  describe("run", () => {
    test("comes back from an endless loop when the budget is spent", () => {
      const text = kernel("br ^loop\n^loop:\nbr ^loop");
      const result = bench.run(text, packParams(0n), { budget: 10000, maxRuns: 3 });
      expect(result.done).toBe(false);
      expect(result.instructions).toBeGreaterThanOrEqual(3 * 9000);
      expect(result.instructions).toBeLessThan(1e6);
    });

    test("finishes at most maxBlocks groups a call", () => {
      const result = bench.run(looping, packParams(bench.machine.map(64)), { grid: [5, 1, 1], maxBlocks: 2 });
      expect([result.runs, result.blocks, result.done]).toEqual([3, 5, true]);
    });

    test("lets resident groups wait for one another", () => {
      // Every group announces itself, then spins until all have.
      const text = kernel(`
        %p:i64 = param 0
        %one:i32 = const 1
        %n:i32 = sreg nctaid.x
        %was:i32 = atomic add global %p 0 %one release device
        br ^spin
      ^spin:
        %v:i32 = load global %p 0 4 order=acquire scope=device volatile=true
        %wait:i1 = icmp lt.u %v %n
        condbr %wait ^spin ^end
      ^end:
        ret ()`);
      const again = bench.machine.upload(Uint32Array.of(0));
      expect(bench.run(text, packParams(again), { grid: [6, 1, 1], block: [1, 1, 1], resident: 6, budget: 1e6, maxRuns: 1000 }).done).toBe(true);
      const narrow = bench.machine.upload(Uint32Array.of(0));
      expect(bench.run(text, packParams(narrow), { grid: [6, 1, 1], resident: 5, budget: 1e5, maxRuns: 20 }).done).toBe(false);
    });

    test("sleeping work-items let others go on, and a group of sleepers is a stall", () => {
      const text = kernel(`
        %p:i64 = param 0
        %ns:i32 = const 100
        %zero:i32 = const 0
        %t:i32 = sreg tid.x
        %first:i1 = icmp eq %t %zero
        condbr %first ^spin ^spin
      ^spin:
        nanosleep %ns
        %v:i32 = load global %p 0 4 volatile=true
        %wait:i1 = icmp eq %v %zero
        condbr %wait ^spin ^end
      ^end:
        ret ()`);
      const at = bench.machine.upload(Uint32Array.of(0));
      const result = bench.run(text, packParams(at), { block: [3, 1, 1], budget: 1e9, maxRuns: 2 });
      expect([result.done, result.last.stalled]).toEqual([false, true]);
      const go = bench.machine.upload(Uint32Array.of(1));
      expect(bench.run(text, packParams(go), { block: [3, 1, 1] }).done).toBe(true);
    });
  });

  describe("printf", () => {
    test("of evaluated arguments", () => {
      const text = kernel(`
        %t:i32 = sreg tid.x
        %f:f64 = const 2.5
        %g:f32 = const -0.5
        %l:i64 = const -3n
        %r:i32 = printf "%d: %5.1f %v2g %lld|%x|%%\\n" _ _ (%t %f %g %f %l %r0)
        ret ()`.replace("%f:f64", "%r0:i32 = const 255\n%f:f64"));
      expect(bench.run(text, packParams(0n), { block: [2, 1, 1] }).printed).toBe("0:   2.5 -0.5,2.5 -3|ff|%\n1:   2.5 -0.5,2.5 -3|ff|%\n");
    });

    test("of packed arguments gives their number, and reads strings", () => {
      const text = kernel(`
        %out:i64 = param 0
        %fmt:i64 = param 8
        %args:i64 = param 16
        %r:i32 = printf _ %fmt %args ()
        %s:i32 = printf _ %out _ ()
        store (%r %s) global %out 16 4
        ret ()`, { bytes: 24 });
      const { machine } = bench;
      const string = machine.upload(new TextEncoder().encode("wörld\0"));
      const format = machine.upload(new TextEncoder().encode("hello %s, %d %.2f %llu %c%p\n\0"));
      const bytes = new DataView(new ArrayBuffer(48));
      bytes.setBigUint64(0, string, true);
      bytes.setInt32(8, -7, true);
      bytes.setFloat64(16, 3.14159, true);
      bytes.setBigUint64(24, 2n ** 64n - 1n, true);
      bytes.setInt32(32, 65, true);
      bytes.setBigUint64(40, 0n, true);
      const out = machine.upload(new TextEncoder().encode("plain\n\0         \0\0\0\0\0\0\0\0"));
      expect(bench.run(text, packParams(out, format, machine.upload(bytes))).printed).toBe("hello wörld, -7 3.14 18446744073709551615 A(nil)\nplain\n");
      expect([...machine.u32(out + 16n, 2)]).toEqual([6, 0]);
    });

    test("faults at its line when a string cannot be read", () => {
      const text = kernel('%a:i64 = const 4096n\n%r:i32 = printf "%s" _ _ (%a) !4\nret ()');
      expect(bench.fault(text, packParams(0n))).toMatchObject({ kind: "illegal-address", site: { line: 4 } });
    });
  });
}
