import { describe, expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { Bench, kernel, OWN_SLOT } from "./kernel-bench.ts";
import type { Compile } from "./op-bench.ts";

const FUNC = "bytes=0 linkage=local";

/** Branches, phis, calls, ends of work-items and of kernels. */
export function controlConformance(compile: Compile): void {
  const bench = new Bench(compile);
  const iota = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

  test("phis of one block take their values all at once", () => {
    const text = kernel(`${OWN_SLOT}
      %zero:i32 = const 0
      %one:i32 = const 1
      %seven:i32 = const 7
      br ^loop
    ^loop:
      %i:i32 = phi (^entry %zero, ^loop %next)
      %a:i32 = phi (^entry %one, ^loop %b)
      %b:i32 = phi (^entry %seven, ^loop %a)
      %next:i32 = add %i %one
      %more:i1 = icmp lt.u %next %tid
      condbr %more ^loop ^done
    ^done:
      %shift:i32 = const 8
      %high:i32 = shl %a %shift
      %both:i32 = or %high %b
      store (%both) global %slot 0 4
      ret ()`);
    expect(bench.words(text, 6, { block: [6, 1, 1] })).toEqual([0x107, 0x107, 0x701, 0x107, 0x701, 0x107]);
  });

  test("switch compares patterns of the operand's width", () => {
    const text = kernel(`${OWN_SLOT}
      %narrow:i8 = trunc %tid
      %v1:i32 = const 1
      %v2:i32 = const 2
      %v3:i32 = const 3
      switch %narrow (-1n ^a, 3n ^b, 200n ^a, 5n ^b) ^c
    ^a:
      br ^end
    ^b:
      br ^end
    ^c:
      br ^end
    ^end:
      %r:i32 = phi (^a %v1, ^b %v2, ^c %v3)
      store (%r) global %slot 0 4
      ret ()`);
    const wanted = iota(256).map((i) => (i === 255 || i === 200 ? 1 : i === 3 || i === 5 ? 2 : 3));
    expect(bench.words(text, 256, { block: [256, 1, 1] })).toEqual(wanted);
  });

  test("a switch on i64 sees all 64 bits", () => {
    const text = kernel(`${OWN_SLOT}
      %sh:i64 = const 32n
      %wide:i64 = shl %tid64 %sh
      %v1:i32 = const 1
      %v2:i32 = const 2
      switch %wide (4294967296n ^a, -9223372036854775808n ^a) ^b
    ^a:
      store (%v1) global %slot 0 4
      ret ()
    ^b:
      store (%v2) global %slot 0 4
      ret ()`);
    expect(bench.words(text, 3, { block: [3, 1, 1] })).toEqual([2, 1, 2]);
  });

  test("both edges of a branch may lead to one block, and loops may share blocks", () => {
    const text = kernel(`${OWN_SLOT}
      %zero:i32 = const 0
      %one:i32 = const 1
      %three:i32 = const 3
      br ^a
    ^a:
      %x:i32 = phi (^entry %zero, ^b %x2)
      %xa:i32 = add %x %one
      %c:i1 = icmp eq %xa %tid
      condbr %c ^b ^b
    ^b:
      %x2:i32 = add %xa %one
      %more:i1 = icmp lt.u %x2 %tid
      condbr %more ^a ^out
    ^out:
      store (%x2) global %slot 0 4
      ret ()`);
    expect(bench.words(text, 6, { block: [6, 1, 1] })).toEqual([2, 2, 2, 4, 4, 6]);
  });

  test("irreducible control flow", () => {
    // Two entries into the cycle a <-> b, chosen by the lowest bit.
    const text = kernel(`${OWN_SLOT}
      %zero:i32 = const 0
      %one:i32 = const 1
      %ten:i32 = const 10
      %odd32:i32 = and %tid %one
      %odd:i1 = trunc %odd32
      condbr %odd ^a ^b
    ^a:
      %p:i32 = phi (^entry %tid, ^b %q2)
      %p2:i32 = add %p %one
      %ca:i1 = icmp gt.u %p2 %ten
      condbr %ca ^out ^b
    ^b:
      %q:i32 = phi (^entry %tid, ^a %p2)
      %q2:i32 = mul %q %three
      br ^a
    ^out:
      store (%p2) global %slot 0 4
      ret ()`.replace("%zero:i32 = const 0", "%three:i32 = const 3"));
    const reference = (tid: number): number => {
      let value = tid;
      let atA = tid % 2 === 1;
      for (;;) {
        if (atA) {
          value += 1;
          if (value > 10) return value;
          atA = false;
        } else {
          value *= 3;
          atA = true;
        }
      }
    };
    expect(bench.words(text, 12, { block: [12, 1, 1] })).toEqual(iota(12).map(reference));
  });

  describe("calls", () => {
    test("pass several arguments and results of all types", () => {
      const text = `func "swap" params=(i1 i8 i16 i32 i64 f32 f64) results=(f64 f32 i64 i32 i16 i8 i1) ${FUNC} {
      ^entry:
        ret (%6 %5 %4 %3 %2 %1 %0)
      }` + kernel(`
        %out:i64 = param 0
        %a:i1 = const 1
        %b:i8 = const 200
        %c:i16 = const 60000
        %d:i32 = const -5
        %e:i64 = const -6n
        %f:f32 = const 1.5
        %g:f64 = const 2.5
        %r:f64, %s:f32, %t:i64, %u:i32, %v:i16, %w:i8, %x:i1 = call "swap" (%a %b %c %d %e %f %g)
        store (%r) global %out 0 8
        store (%t) global %out 8 8
        store (%s) global %out 16 4
        store (%u) global %out 20 4
        store (%v) global %out 24 2
        store (%w) global %out 26 1
        store (%x) global %out 27 1
        ret ()`);
      expect(bench.words(text, 7)).toEqual([0, 0x40040000, -6 >>> 0, 0xffffffff, 0x3fc00000, -5 >>> 0, 0x01c8ea60]);
    });

    const factorial = `func "fact" params=(i32) results=(i32) ${FUNC} {
      local "frame" size=4 align=4
    ^entry:
      %one:i32 = const 1
      %slot:i64 = localaddr 0
      store (%0) local %slot 0 4
      %base:i1 = icmp le.u %0 %one
      condbr %base ^end ^more
    ^more:
      %less:i32 = sub %0 %one
      %below:i32 = call "fact" (%less)
      %mine:i32 = load local %slot 0 4
      %product:i32 = mul %below %mine
      ret (%product)
    ^end:
      ret (%one)
    }`;

    test("recurse, every activation with locals of its own", () => {
      const text = factorial + kernel(`${OWN_SLOT}
        %r:i32 = call "fact" (%tid)
        store (%r) global %slot 0 4
        ret ()`);
      expect(bench.words(text, 11, { block: [11, 1, 1] })).toEqual([1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800]);
    });

    test("that recurse without end overflow the stack at the call", () => {
      const text = `func "f" params=(i32) results=(i32) ${FUNC} {
      ^entry:
        %r:i32 = call "f" (%0) !9
        ret (%r)
      }` + kernel(`
        %x:i32 = const 1
        %r:i32 = call "f" (%x) !3
        ret ()`);
      expect(bench.fault(text, packParams(0n))).toMatchObject({ kind: "stack-overflow", site: { line: 9 } });
    });

    test("of frames that do not fit local memory overflow the stack", () => {
      const text = `func "f" params=(i32) results=(i32) ${FUNC} {
        local "big" size=9000 align=4
      ^entry:
        %l:i64 = localaddr 0
        store (%0) local %l 0 4
        %r:i32 = call "f" (%0) !9
        ret (%r)
      }` + kernel(`
        %x:i32 = const 1
        %r:i32 = call "f" (%x) !3
        ret ()`);
      expect(bench.fault(text, packParams(0n))).toMatchObject({ kind: "stack-overflow", site: { line: 9 } });
    });

    const table = `func "add" params=(i32 i32) results=(i32) ${FUNC} {
      ^entry:
        %r:i32 = add %0 %1
        ret (%r)
      }
      func "mul" params=(i32 i32) results=(i32) ${FUNC} {
      ^entry:
        %r:i32 = mul %0 %1
        ret (%r)
      }
      func "other" params=(i32) results=(i32) ${FUNC} {
      ^entry:
        ret (%0)
      }`;
    const indirect = (symbol: string): string => table + kernel(`${OWN_SLOT}
      %fa:i64 = funcaddr "add"
      %fb:i64 = funcaddr "${symbol}"
      %three:i32 = const 3
      %one:i32 = const 1
      %bit:i32 = and %tid %one
      %odd:i1 = trunc %bit
      %f:i64 = select %odd %fa %fb
      %r:i32 = calli %f (%tid %three) (i32 i32) (i32) !8
      store (%r) global %slot 0 4
      ret ()`);

    test("through addresses reach the function that each work-item names", () => {
      expect(bench.words(indirect("mul"), 6, { block: [6, 1, 1] })).toEqual([0, 4, 6, 6, 12, 8]);
    });

    test("through an address of another type, or of nothing, end at an invalid pc", () => {
      expect(bench.fault(indirect("other"), packParams(bench.machine.map(64)), { block: [2, 1, 1] })).toMatchObject({ kind: "invalid-pc", site: { line: 8, thread: [0, 0, 0] } });
      const wild = (address: bigint): string => table + kernel(`
        %f:i64 = const ${address}n
        %x:i32 = const 1
        %r:i32 = calli %f (%x %x) (i32 i32) (i32) !2
        ret ()`);
      for (const address of [0n, 1000n, -1n, 1n << 32n]) expect(bench.fault(wild(address), packParams(0n))).toMatchObject({ kind: "invalid-pc", site: { line: 2 } });
    });

    test("of a kernel's address end at an invalid pc", () => {
      const text = kernel('%f:i64 = funcaddr "k"\ncalli %f () () ()\nret ()');
      expect(bench.fault(text, packParams(0n)).kind).toBe("invalid-pc");
    });
  });

  describe("ends", () => {
    test("exit in a function ends the work-item, the others go on", () => {
      const text = `func "leave" params=(i32) results=() ${FUNC} {
      ^entry:
        %two:i32 = const 2
        %c:i1 = icmp eq %0 %two
        condbr %c ^gone ^stay
      ^gone:
        exit
      ^stay:
        ret ()
      }` + kernel(`${OWN_SLOT}
        %nine:i32 = const 9
        call "leave" (%tid)
        store (%nine) global %slot 0 4
        ret ()`);
      expect(bench.words(text, 4, { block: [4, 1, 1] })).toEqual([9, 9, 0, 9]);
    });

    test.each(["trap", "unreachable"])("%s is a trap at its line", (op) => {
      const text = kernel(`
        %t:i32 = sreg tid.y
        %two:i32 = const 2
        %c:i1 = icmp eq %t %two
        condbr %c ^bad ^good
      ^bad:
        ${op} !42
      ^good:
        ret ()`);
      expect(bench.fault(text, packParams(0n), { block: [2, 4, 1], grid: [1, 2, 1], resident: 1 })).toMatchObject({ kind: "trap", site: { line: 42, thread: [0, 2, 0], block: [0, 0, 0] } });
    });

    test("assertfail carries message, file and function", () => {
      const globals = ["message x > 0", "file a.cu", "func void k()"].map((text) => {
        const [name, ...rest] = text.split(" ");
        const bytes = [...new TextEncoder().encode(rest.join(" ")), 0].map((byte) => byte.toString(16).padStart(2, "0"));
        return { name: name!, bytes };
      });
      // The test machine does not initialise variables: the kernel writes its strings into local memory.
      const locals = globals.map(({ name, bytes }) => `local "${name}" size=${bytes.length} align=1`).join("\n");
      let n = 0;
      const fill = globals.map(({ bytes }, i) => [`%l${i}:i64 = localaddr ${i}`, "", `%g${i}:i64 = add %l${i} %window`, ...bytes.flatMap((byte, j) => [`%b${++n}:i8 = const ${Number.parseInt(byte, 16)}`, `store (%b${n}) local %l${i} ${j} 1`])].join("\n")).join("\n");
      const text = kernel(`%window:i64 = const 33554432n\n${fill}\n%line:i32 = const 12\nassertfail %g0 %g1 %line %g2 !3\nret ()`, { locals });
      const fault = bench.fault(text, packParams(0n));
      expect(fault).toMatchObject({ kind: "assert", site: { line: 3 }, access: null });
      expect(fault.message).toContain("a.cu:12: void k(): Assertion `x > 0' failed");
    });
  });
}
