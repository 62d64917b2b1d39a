import { describe, expect, test } from "vitest";
import { PTE_READ, PTE_WRITE, type MemoryAccess } from "../../../src/compiler/abi.ts";
import { Bench, kernel } from "./kernel-bench.ts";
import type { Compile } from "./op-bench.ts";
import { packParams } from "../wasm/harness.ts";

const load = (space: string, type: string, align: number, offset = 0): string => kernel(`
  %a:i64 = param 0
  %v:${type} = load ${space} %a ${offset} ${align} !5
  ret () !6`);
const store = (space: string, type: string, value: string, align: number, offset = 0): string => kernel(`
  %a:i64 = param 0
  %v:${type} = const ${value}
  store (%v) ${space} %a ${offset} ${align} !7
  ret ()`);

/** Translation, faults, and the spaces. */
export function memoryConformance(compile: Compile): void {
  const bench = new Bench(compile);
  const { machine } = bench;
  const site = { kernel: "k", line: 5, block: [0, 0, 0], thread: [0, 0, 0] };

  describe("translation", () => {
    test("reaches every byte of a buffer whose pages are scattered, vectors and offsets included", () => {
      const from = machine.map(3 * 65536);
      const to = machine.map(3 * 65536);
      const data = Uint8Array.from({ length: 3 * 65536 }, (_, i) => (i * 7 + (i >> 8)) & 255);
      machine.write(from, data);
      const text = kernel(`
        %from:i64 = param 0
        %to:i64 = param 8
        %id:i64 = sreg gid.x
        %size:i64 = const 48n
        %delta:i64 = mul %id %size
        %a:i64 = add %from %delta
        %b:i64 = add %to %delta
        %p:i32, %q:i32, %r:i32, %s:i32 = load global %a 0 16
        %t:i64, %u:i64 = load global %a 16 8
        %v:i8 = load generic %a 32 1
        %w:i16 = load const %a 34 2
        %x:f32, %y:f32, %z:f32 = load global %a 36 4
        store (%p %q %r %s) global %b 0 16
        store (%t %u) generic %b 16 8
        store (%v) global %b 32 1
        store (%w) global %b 34 2
        store (%x %y %z) global %b 36 4
        ret ()`, { bytes: 16 });
      const n = (3 * 65536) / 48;
      const result = bench.run(text, packParams(from, to), { grid: [n / 64, 1, 1], block: [64, 1, 1] });
      const copied = machine.read(to, data.length);
      expect(copied).toEqual(data.map((byte, i) => (i % 48 === 33 ? 0 : byte)));
      expect(result.bytes).toBe(n * 47 * 2);
    });

    test("of an access across a page boundary goes page by page", () => {
      const from = machine.map(2 * 65536);
      machine.write(from + 65530n, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
      const text = kernel(`
        %a:i64 = param 0
        %v:i64 = load global %a 0 1
        %w:i32, %x:i32 = load generic %a 4 2
        store (%v) global %a 32 1
        store (%x %w) global %a 2 4
        ret ()`);
      bench.run(text, packParams(from + 65530n), {});
      expect([...machine.read(from + 65532n, 8)]).toEqual([9, 10, 11, 12, 5, 6, 7, 8]);
      expect([...machine.read(from + 65530n + 32n, 8)]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      const last = machine.map(65536);
      expect(bench.fault(load("global", "i64", 1), packParams(last + 65533n))).toMatchObject({ kind: "illegal-address", access: { address: last + 65533n, size: 8 } });
    });

    test("of a store that crosses into a forbidden page writes nothing", () => {
      const at = machine.map(65536);
      machine.write(at + 65532n, Uint8Array.of(1, 2, 3, 4));
      expect(bench.fault(store("global", "i64", "-1n", 4), packParams(at + 65532n)).kind).toBe("illegal-address");
      expect([...machine.read(at + 65532n, 4)]).toEqual([1, 2, 3, 4]);
    });
  });

  describe("faults", () => {
    test.each([0n, 0x1000n, 0xfffffffn, 0x2fffffffn << 8n, 1n << 48n, 1n << 63n, (1n << 64n) - 8n])("no translation at 0x%s", (address) => {
      const fault = bench.fault(load("global", "i64", 8), packParams(address & ~7n));
      expect(fault).toMatchObject({ kind: "illegal-address", site, access: { address: address & ~7n, size: 8, kind: "read" } });
    });

    test("below, behind and beside a buffer", () => {
      const at = machine.map(65536);
      expect(bench.fault(load("global", "i8", 1), packParams(at + 65536n)).kind).toBe("illegal-address");
      expect(bench.fault(load("generic", "i8", 1), packParams(at + 65536n)).kind).toBe("illegal-address");
      expect(bench.fault(load("const", "i8", 1), packParams(at + 65536n)).kind).toBe("illegal-address");
      expect(bench.fault(load("global", "i32", 4, 65536), packParams(at)).access?.address).toBe(at + 65536n);
      expect(bench.run(load("global", "i32", 4, -4), packParams(at + 65536n)).done).toBe(true);
    });

    test("addresses wrap at 2^64", () => {
      expect(bench.fault(load("global", "i32", 4, 8), packParams((1n << 64n) - 4n)).access?.address).toBe(4n);
    });

    test("a store to a read-only page is write-protected, a load from it is not", () => {
      const at = machine.map(64, PTE_READ);
      expect(bench.run(load("global", "i32", 4), packParams(at)).done).toBe(true);
      expect(bench.fault(store("global", "i32", "1", 4, 4), packParams(at))).toMatchObject({ kind: "write-protected", site: { line: 7 }, access: { address: at + 4n, size: 4, kind: "write" } });
      expect(bench.fault(kernel("%a:i64 = param 0\n%v:i32 = const 1\n%o:i32 = atomic add global %a 0 %v relaxed device\nret ()"), packParams(at))).toMatchObject({ kind: "write-protected", access: { kind: "atomic" } });
    });

    test("a load from a write-only page is an illegal address", () => {
      const at = machine.map(64, PTE_WRITE);
      expect(bench.run(store("global", "i32", "1", 4), packParams(at)).done).toBe(true);
      expect(bench.fault(load("global", "i32", 4), packParams(at)).kind).toBe("illegal-address");
      expect(bench.fault(kernel("%a:i64 = param 0\n%v:i32 = const 1\n%o:i32 = cmpxchg global %a 0 %v %v relaxed device\nret ()"), packParams(at)).kind).toBe("illegal-address");
    });

    test("misaligned comes before no translation", () => {
      const at = machine.map(64);
      expect(bench.fault(load("global", "i32", 4), packParams(at + 2n))).toMatchObject({ kind: "misaligned", access: { address: at + 2n, size: 4 } });
      expect(bench.fault(load("global", "i32", 4), packParams(2n)).kind).toBe("misaligned");
      expect(bench.fault(load("generic", "i64", 8), packParams(at + 4n)).kind).toBe("misaligned");
      expect(bench.fault(store("generic", "i16", "1", 2), packParams(at + 1n)).kind).toBe("misaligned");
      expect(bench.run(load("global", "i32", 2), packParams(at + 2n)).done).toBe(true);
      expect(bench.fault(kernel("%a:i64 = param 0\n%v:i32, %w:i32 = load global %a 0 8\nret ()"), packParams(at + 4n)).kind).toBe("misaligned");
      expect(bench.fault(kernel("%a:i64 = param 0\n%v:i64 = const 1n\n%o:i64 = atomic xchg global %a 0 %v relaxed device\nret ()"), packParams(at + 4n)).kind).toBe("misaligned");
    });

    test("name the work-item", () => {
      const at = machine.map(65536);
      const text = kernel(`
        %a:i64 = param 0
        %g:i64 = sreg gid.x
        %size:i64 = const 4096n
        %d:i64 = mul %g %size
        %b:i64 = add %a %d
        %v:i32 = load global %b 0 4 !5
        ret ()`);
      expect(bench.fault(text, packParams(at), { grid: [8, 1, 1], block: [3, 1, 1], resident: 1 }).site).toEqual({ kernel: "k", line: 5, block: [5, 0, 0], thread: [1, 0, 0] });
    });
  });

  describe("the fault hook", () => {
    test("is asked with access and site, and the access is tried again", () => {
      const at = machine.reserve(2 * 65536);
      const asked: MemoryAccess[] = [];
      const result = bench.run(store("global", "i64", "77n", 4), packParams(at + 65532n), {
        fault: (access, where) => {
          asked.push(access);
          expect(where).toEqual({ ...site, line: 7 });
          machine.present(at + (asked.length === 1 ? 0n : 65536n));
          return true;
        },
      });
      expect(result.done).toBe(true);
      expect(asked).toEqual([{ address: at + 65532n, size: 8, kind: "write" }, { address: at + 65532n, size: 8, kind: "write" }]);
      expect(machine.u32(at + 65532n, 2)).toEqual(Uint32Array.of(77, 0));
    });

    test("is asked for write protection too, not for misaligned or shared accesses", () => {
      const at = machine.map(64, PTE_READ);
      expect(bench.run(store("global", "i32", "5", 4), packParams(at), { fault: () => { machine.protect(at, PTE_READ | PTE_WRITE); return true; } }).done).toBe(true);
      let asked = 0;
      const count = (): boolean => { asked++; return false; };
      bench.fault(load("global", "i32", 4), packParams(at + 1n), { fault: count });
      bench.fault(load("shared", "i32", 4), packParams(64n), { fault: count });
      bench.fault(load("generic", "i32", 4), packParams(0x1000000n), { fault: count });
      expect(asked).toBe(0);
    });
  });

  describe("shared, local, generic and parameter memory", () => {
    const shared = { before: 'shared "s" size=20 align=4' };

    test("shared memory ends where the launch says", () => {
      const text = (offset: number): string => kernel(`
        %base:i64 = sharedaddr "s"
        %v:i32 = const 9
        store (%v) shared %base ${offset} 4 !3
        ret ()`, shared);
      expect(bench.run(text(16), packParams(0n)).done).toBe(true);
      expect(bench.fault(text(20), packParams(0n))).toMatchObject({ kind: "illegal-address", access: { address: 20n, size: 4, kind: "write" } });
      expect(bench.run(text(44), packParams(0n), { dynamicShared: 16 }).done).toBe(true);
      expect(bench.fault(text(48), packParams(0n), { dynamicShared: 16 }).kind).toBe("illegal-address");
      expect(bench.fault(text(-4), packParams(0n)).access?.address).toBe((1n << 64n) - 4n);
      expect(bench.fault(load("shared", "i32", 4), packParams(1n << 32n)).kind).toBe("illegal-address");
    });

    test("dynamic shared memory begins at a multiple of 16 and is shared by the group only", () => {
      const text = kernel(`
        %out:i64 = param 0
        %static:i64 = sharedaddr "s"
        %d:i64 = dynsharedaddr
        %size:i32 = sreg dynshared
        %t:i32 = sreg tid.x
        %b:i32 = sreg ctaid.x
        %one:i32 = const 1
        %sum:i32 = atomic add shared %d 0 %one relaxed workgroup
        barrier sync _ _
        %n:i32 = load shared %d 0 4
        %t64:i64 = zext %b
        %four:i64 = const 16n
        %o:i64 = mul %t64 %four
        %a:i64 = add %out %o
        %d32:i32 = trunc %d
        store (%n %size %d32) global %a 0 4
        ret ()`, shared);
      const out = machine.map(64);
      machine.write(out, new Uint8Array(64));
      bench.run(text, packParams(out), { grid: [2, 1, 1], block: [5, 1, 1], dynamicShared: 8 });
      expect([...machine.u32(out, 7)].filter((_, i) => i !== 3)).toEqual([5, 8, 32, 5, 8, 32]);
    });

    test("generic addresses reach shared, local and global memory and count bytes only for global", () => {
      const text = kernel(`
        %out:i64 = param 0
        %s:i64 = sharedaddr "s"
        %sw:i64 = const 16777216n
        %sg:i64 = add %s %sw
        %l:i64 = localaddr 0
        %lw:i64 = const 33554432n
        %lg:i64 = add %l %lw
        %one:i32 = const 1
        %two:i32 = const 2
        store (%one) generic %sg 0 4
        store (%two) generic %lg 4 4
        %x:i32 = load shared %s 0 4
        %y:i32 = load local %l 4 4
        %o:i32 = atomic add generic %sg 0 %two relaxed device
        %p:i32 = atomic add generic %lg 4 %two relaxed device
        %u:i32 = load generic %sg 0 4
        %w:i32 = load generic %lg 4 4
        store (%x %y %u %w) generic %out 0 4
        ret ()`, { ...shared, locals: 'local "l" size=8 align=8' });
      const out = machine.map(16);
      const result = bench.run(text, packParams(out));
      expect([...machine.u32(out, 4)]).toEqual([1, 2, 3, 4]);
      expect(result.bytes).toBe(16);
    });

    test("local memory is each work-item's own, and bounded", () => {
      const text = kernel(`
        %out:i64 = param 0
        %l:i64 = localaddr 1
        %t:i32 = sreg tid.x
        store (%t) local %l 0 4
        barrier sync _ _
        %v:i32 = load local %l 0 4
        %t64:i64 = zext %t
        %four:i64 = const 4n
        %o:i64 = mul %t64 %four
        %a:i64 = add %out %o
        store (%v) global %a 0 4
        ret ()`, { locals: 'local "x" size=3 align=1 local "l" size=4 align=4' });
      expect(bench.words(text, 40, { block: [40, 1, 1] })).toEqual(Array.from({ length: 40 }, (_, i) => i));
      expect(bench.fault(load("local", "i32", 4), packParams(1n << 20n)).kind).toBe("illegal-address");
      expect(bench.fault(load("local", "i32", 4), packParams((1n << 64n) - 2n)).kind).toBe("illegal-address");
      expect(bench.fault(load("generic", "i32", 4), packParams(0x2100000n)).kind).toBe("illegal-address");
    });

    test("parameters can be read by value and by address, not written", () => {
      const text = kernel(`
        %out:i64 = param 0
        %v:i16 = param 10
        %w:i8 = param 12
        %p:i64 = paramaddr 8
        %x:i32 = load const %p 0 4
        %y:i32 = load generic %p 0 4
        %v32:i32 = zext %v
        %w32:i32 = sext %w
        store (%x %y %v32 %w32) global %out 0 4
        ret ()`, { bytes: 16 });
      const out = machine.map(16);
      bench.run(text, packParams(out, 0x12345678, 0x80));
      expect([...machine.u32(out, 4)]).toEqual([0x12345678, 0x12345678, 0x1234, 0xffffff80]);
      const write = kernel("%p:i64 = paramaddr 0\n%v:i32 = const 1\nstore (%v) generic %p 0 4\nret ()");
      expect(bench.fault(write, packParams(0n)).kind).toBe("write-protected");
      const beyond = kernel("%p:i64 = paramaddr 0\n%v:i32 = load generic %p 8 4\nret ()");
      expect(bench.fault(beyond, packParams(0n)).kind).toBe("illegal-address");
    });

    test("module variables are where the launch says", () => {
      const text = kernel(`
        %out:i64 = param 0
        %g:i64 = globaladdr "g" offset=4n
        %v:i32 = const 5
        store (%v) global %g 0 4
        %h:i64 = globaladdr "g"
        %w:i32 = load generic %h 4 4
        store (%w) global %out 0 4
        ret ()`, { before: 'global "g" space=global size=8 align=4 linkage=visible managed=false init=_ relocs=()' });
      expect(bench.words(text, 1)).toEqual([5]);
    });
  });
}
