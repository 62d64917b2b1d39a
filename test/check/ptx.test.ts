import { describe, expect, test } from "vitest";
import { classes, Cuda, found } from "./host.ts";

const data = Uint32Array.from({ length: 64 }, (_, i) => i);

describe("bounds", () => {
  test("a read past the end of an allocation, in a page that is there", () => {
    const h = new Cuda();
    const at = h.words(data);
    const other = h.words(data);
    expect(h.run("add.u64 %rd4, %rd1, %rd3;\nld.global.u32 %r3, [%rd4+4];\nadd.u64 %rd5, %rd2, %rd3;\nst.global.u32 [%rd5], %r3;", [at, other], 1, 64)).toBe(0);
    expect(classes(h.machine)).toEqual(["bounds"]);
    const [d] = found(h.machine);
    expect(d).toMatchObject({ call: "k", api: "device", values: { address: BigInt(at + 256), size: 4, offset: 256, allocationSize: 256 } });
    expect(d!.message).toContain("0 bytes past the end of cuMemAlloc #1");
    expect(d!.message).toContain("work-item 63,0,0");
    expect(d!.message).toMatch(/in line \d+/);
  });

  test("nothing when all is inside, and nothing when bounds are not checked", () => {
    for (const check of [true, ["races", "uninitialised"]] as const) {
      const h = new Cuda(check);
      const at = h.words(data);
      const offset = check === true ? 0 : 4;
      h.run(`add.u64 %rd4, %rd1, %rd3;\nld.global.u32 %r3, [%rd4+${offset}];\nadd.u64 %rd5, %rd2, %rd3;\nst.global.u32 [%rd5], %r3;`, [at, h.alloc(256)], 1, 64);
      expect(found(h.machine)).toEqual([]);
    }
  });

  test("an address where nothing is mapped faults as ever, and is explained", () => {
    const h = new Cuda();
    const at = h.words(data);
    expect(h.run("ld.global.u32 %r3, [%rd1+67108864];\nst.global.u32 [%rd1], %r3;", [at, at], 1, 1)).not.toBe(0);
    expect(classes(h.machine)).toContain("bounds");
  });

  test("at most four reports for a line", () => {
    const h = new Cuda();
    h.run("add.u64 %rd4, %rd1, %rd3;\nst.global.u32 [%rd4+256], %r1;", [h.alloc(256), 0], 1, 32);
    expect(classes(h.machine)).toEqual(["bounds", "bounds", "bounds", "bounds"]);
  });
});

describe("an index that leads from one live allocation into another", () => {
  const body = "add.u64 %rd4, %rd1, %rd3;\nst.global.u32 [%rd4+DISTANCE], %r1;\nld.global.u32 %r3, [%rd2];\nst.shared.u32 [sh], %r3;";

  test("is told of a pointer that is a parameter, with both allocations", () => {
    const h = new Cuda(["bounds"]);
    const [at, other] = [h.alloc(256), h.words(data)];
    h.run(body.replace("DISTANCE", String(other - at)), [at, other], 1, 64);
    expect(classes(h.machine)).toEqual(["bounds", "bounds", "bounds", "bounds"]);
    expect(found(h.machine)[0]!.message).toMatch(/write of 4 bytes \d+ bytes past the end of cuMemAlloc #1 .*, to which its pointer leads: that is byte \d+ of cuMemAlloc #2/);
  });

  test("inside, up to the last byte, nothing is", () => {
    const h = new Cuda(["bounds"]);
    h.run(body.replace("DISTANCE", "0"), [h.alloc(256), h.words(data)], 1, 64);
    expect(found(h.machine)).toEqual([]);
  });
});

test("next to a live allocation, where another was before, is out of bounds, not freed memory", () => {
  const h = new Cuda();
  h.process.throwing.cuda.cuMemFree(h.alloc(4096));
  const at = h.alloc(256);
  h.run("add.u64 %rd4, %rd1, %rd3;\nst.global.u32 [%rd4+4], %r1;", [at, at], 1, 64);
  expect(classes(h.machine)).toEqual(["bounds"]);
  expect(found(h.machine)[0]!.message).toContain("0 bytes past the end of cuMemAlloc #2");
});

describe("lifetime", () => {
  test("a write to freed memory that is still mapped", () => {
    const h = new Cuda();
    const at = h.words(data);
    h.alloc(256);
    h.process.throwing.cuda.cuMemFree(at);
    h.run("st.global.u32 [%rd1], %r1;", [at, 0], 1, 1);
    expect(classes(h.machine)).toEqual(["lifetime"]);
    expect(found(h.machine)[0]!.message).toContain("byte 0 of cuMemAlloc #1");
  });

  test("memory that was freed and given out again is new", () => {
    const h = new Cuda();
    const keep = h.alloc(256);
    const at = h.words(data);
    h.process.throwing.cuda.cuMemFree(at);
    expect(h.alloc(256)).toBe(at);
    h.run("st.global.u32 [%rd1], %r1;", [at, keep], 1, 1);
    expect(found(h.machine)).toEqual([]);
  });
});

describe("uninitialised", () => {
  test("global, shared and private memory that nobody wrote", () => {
    const h = new Cuda();
    const out = h.alloc(256);
    h.run("ld.global.u32 %r3, [%rd1];\nst.global.u32 [%rd2], %r3;", [h.alloc(256), out], 1, 1);
    h.run("ld.shared.u32 %r3, [sh+8];\nst.global.u32 [%rd2], %r3;", [out, out], 1, 1);
    h.run("ld.local.u32 %r3, [lo+4];\nst.global.u32 [%rd2], %r3;", [out, out], 1, 1);
    expect(classes(h.machine)).toEqual(["uninitialised", "uninitialised", "uninitialised"]);
    expect(found(h.machine).map(({ values }) => values["space"])).toEqual(["global", "shared", "private"]);
  });

  test("the last word of memory that is only read, and all but that", () => {
    const read = (written: number): number => {
      const h = new Cuda(["uninitialised"]);
      const at = h.alloc(256);
      h.process.throwing.cuda.cuMemcpyHtoD(at, data, written);
      h.run("add.u64 %rd4, %rd1, %rd3;\nld.global.u32 %r3, [%rd4];\nadd.u64 %rd5, %rd2, %rd3;\nst.global.u32 [%rd5], %r3;", [at, h.alloc(256)], 1, 64);
      return found(h.machine).length;
    };
    expect([256, 255, 252, 248, 0].map(read)).toEqual([0, 1, 1, 2, 4]);
  });

  test("of a load of several values only those that are used need to be written", () => {
    const loads = (used: string): number => {
      const h = new Cuda(["uninitialised"]);
      h.run(`st.shared.v2.u32 [sh], {%r1, %r1};\nst.shared.u32 [sh+8], %r1;\nld.shared.v4.u32 {%r3, %r4, %r5, %r6}, [sh];\nadd.u32 %r3, %r3, %r4;\nadd.u32 %r3, %r3, ${used};\nst.global.u32 [%rd1], %r3;`, [h.words(data), 0], 1, 1);
      return found(h.machine).length;
    };
    expect([loads("%r5"), loads("%r6")]).toEqual([0, 1]);
  });

  test("what was copied, filled or stored may be read", () => {
    const h = new Cuda();
    const filled = h.alloc(256);
    h.process.throwing.cuda.cuMemsetD32(filled, 7, 64);
    h.run("st.shared.u32 [sh], %r1;\nld.shared.u32 %r3, [sh];\nst.local.u32 [lo], %r3;\nld.local.u32 %r4, [lo];\nld.global.u32 %r5, [%rd1+4];\nld.global.u32 %r6, [%rd2];\nadd.u32 %r5, %r5, %r6;\nadd.u32 %r5, %r5, %r4;\nst.global.u32 [%rd2], %r5;",
      [filled, h.words(data)], 1, 1);
    expect(found(h.machine)).toEqual([]);
  });
});

describe("races", () => {
  const exchange = (between: string): string => `mov.u32 %r5, sh;\nshl.b32 %r6, %r1, 2;\nadd.u32 %r7, %r5, %r6;\nst.shared.u32 [%r7], %r1;\n${between}\nxor.b32 %r8, %r6, 4;\nadd.u32 %r9, %r5, %r8;\nld.shared.u32 %r3, [%r9];\nadd.u64 %rd5, %rd1, %rd3;\nst.global.u32 [%rd5], %r3;`;

  test("work-items of a group that exchange values without a barrier", () => {
    const h = new Cuda(["races"]);
    h.run(exchange(""), [h.alloc(256), 0], 1, 64);
    expect(new Set(classes(h.machine))).toEqual(new Set(["races"]));
    const race = found(h.machine).find(({ message }) => message.includes("a write by work-item"))!;
    expect(race.values).toMatchObject({ space: "shared", size: 4 });
    expect(race.values["otherLine"]).toBeGreaterThan(0);
  });

  test("none with a barrier", () => {
    const h = new Cuda();
    h.run(exchange("bar.sync 0;"), [h.alloc(256), 0], 4, 64);
    // All groups write the same words of global memory: that is one.
    const other = found(h.machine).filter(({ values }) => values["space"] !== "global");
    expect(other).toEqual([]);
    expect(classes(h.machine)).toContain("races");
  });

  test("groups that write one word, with and without atomics, and in two launches", () => {
    const h = new Cuda();
    const at = h.words(data);
    h.run("atom.global.add.u32 %r3, [%rd1], 1;", [at, 0], 8, 1);
    h.run("st.global.u32 [%rd1], %r2;", [at, 0], 1, 1);
    h.run("st.global.u32 [%rd1], %r2;", [at, 0], 1, 1);
    expect(found(h.machine)).toEqual([]);
    h.run("st.global.u32 [%rd1], %r2;", [at, 0], 8, 1);
    expect(new Set(classes(h.machine))).toEqual(new Set(["races"]));
    expect(found(h.machine)[0]!.message).toContain("work-item 0,0,0 of group 0,0,0");
  });

  test("a shift in place: each reads what its neighbour writes", () => {
    const shift = (offset: number): string => `add.u64 %rd4, %rd1, %rd3;\nld.global.u32 %r3, [%rd4+${offset}];\nadd.u32 %r3, %r3, 1;\nst.global.u32 [%rd4], %r3;`;
    for (const [offset, races] of [[4, 4], [0, 0], [256, 0]] as const) {
      const h = new Cuda();
      h.run(shift(offset), [h.words(new Uint32Array(128)), 0], 1, 64);
      expect(classes(h.machine)).toEqual(new Array(races).fill("races"));
    }
  });

  test("many groups may read one word", () => {
    const h = new Cuda();
    h.run("ld.global.u32 %r3, [%rd1];\nmad.lo.u32 %r4, %r2, 32, %r1;\nmul.wide.u32 %rd4, %r4, 4;\nadd.u64 %rd5, %rd2, %rd4;\nst.global.u32 [%rd5], %r3;", [h.words(data), h.alloc(4096)], 8, 32);
    expect(found(h.machine)).toEqual([]);
  });

  test("a work-item that writes a word and then a part of it has written the word; also the other way round", () => {
    const both = (first: string, second: string): number => {
      const h = new Cuda(["races"]);
      h.run(`cvt.u16.u32 %h1, %r1;\nsetp.ne.u32 %p1, %r1, 0;\n@%p1 bra OTHER;\n${first}\n${second}\nbra DONE;\nOTHER:\nst.global.u8 [%rd1+1], %h1;\nDONE:`, [h.words(data), 0], 1, 2);
      return found(h.machine).length;
    };
    expect(both("st.global.u32 [%rd1], %r1;", "st.global.u8 [%rd1], %h1;")).toBe(1);
    expect(both("st.global.u8 [%rd1], %h1;", "st.global.u32 [%rd1], %r1;")).toBe(1);
    expect(both("ld.global.u32 %r3, [%rd1]; st.shared.u32 [sh], %r3;", "ld.global.u8 %h2, [%rd1]; st.shared.u8 [sh+4], %h2;")).toBe(1);
    expect(both("ld.global.u8 %h2, [%rd1]; st.shared.u8 [sh+4], %h2;", "ld.global.u32 %r3, [%rd1]; st.shared.u32 [sh], %r3;")).toBe(1);
    expect(both("st.global.u8 [%rd1], %h1;", "st.global.u8 [%rd1+2], %h1;")).toBe(0);
  });

  test("several atomics, and then a plain access by one who was among them", () => {
    for (const [space, place] of [["global", "%rd1"], ["shared", "sh"]] as const) {
      for (const last of [0, 63]) {
        const h = new Cuda(["races"]);
        h.run(`setp.ne.u32 %p1, %r1, ${last};\natom.${space}.add.u32 %r3, [${place}], 1;\n@%p1 bra DONE;\nst.${space}.u32 [${place}], %r3;\nDONE:`, [h.words(data), 0], 1, 64);
        expect(classes(h.machine).length, `${space} ${last}`).toBeGreaterThan(0);
      }
      const alone = new Cuda(["races"]);
      alone.run(`setp.ne.u32 %p1, %r1, 63;\n@%p1 bra DONE;\natom.${space}.add.u32 %r3, [${place}], 1;\natom.${space}.add.u32 %r3, [${place}], 1;\nst.${space}.u32 [${place}], %r3;\nDONE:`, [alone.words(data), 0], 1, 64);
      expect(found(alone.machine)).toEqual([]);
    }
  });

  /** Each work-item reads its neighbour's word by the first pointer and writes its own by the second. */
  const neighbours = (fetch: string): string => `${fetch}\nxor.b32 %r4, %r1, 1;\nmul.wide.u32 %rd4, %r4, 4;\nadd.u64 %rd4, %rd4, %rd1;\nadd.u64 %rd5, %rd2, %rd3;\nld.global.u32 %r3, [%rd4];\nst.global.u32 [%rd5], %r3;`;

  test("memory that is written by another pointer: a second parameter, one that is kept in memory, one that points beside it", () => {
    const run = (fetch: string, second: (h: Cuda, at: number) => number): boolean => {
      const h = new Cuda(["races"]);
      const at = h.words(data);
      h.run(neighbours(fetch), [at, second(h, at)], 1, 64);
      return found(h.machine).length > 0;
    };
    expect(run("", (h) => h.alloc(256))).toBe(false);
    expect(run("", (_, at) => at)).toBe(true);
    expect(run("ld.global.u64 %rd2, [%rd2];", (h, at) => h.words(new Uint32Array(new BigUint64Array([BigInt(at)]).buffer)))).toBe(true);
    expect(run("ld.global.u64 %rd2, [%rd2];", (h) => h.words(new Uint32Array(new BigUint64Array([BigInt(h.alloc(256))]).buffer)))).toBe(false);
    expect(run("add.u64 %rd2, %rd2, 512;", (_, at) => at - 512)).toBe(true);
  });

  test("bytes of one word are not the same memory", () => {
    const h = new Cuda();
    h.run("cvt.u64.u32 %rd4, %r1;\nadd.u64 %rd5, %rd1, %rd4;\ncvt.u16.u32 %h1, %r1;\nst.global.u8 [%rd5], %h1;", [h.alloc(256), 0], 1, 64);
    expect(found(h.machine)).toEqual([]);
  });
});

describe("barriers", () => {
  test("some work-items exit before the barrier", () => {
    const h = new Cuda();
    h.run("setp.gt.u32 %p1, %r1, 40;\n@%p1 ret;\nbar.sync 0;\nst.global.u32 [%rd1], 1;", [h.alloc(256), 0], 1, 64);
    expect(classes(h.machine)).toContain("barriers");
    expect(found(h.machine).find(({ codeName }) => codeName === "barriers")!.message).toContain("23 of 64 work-items have exited");
  });

  test("work-items that wait at different barriers", () => {
    const h = new Cuda(["barriers"]);
    h.run("setp.gt.u32 %p1, %r1, 31;\n@%p1 bra L1;\nbar.sync 0;\nbra L2;\nL1:\nbar.sync 0;\nL2:\nst.global.u32 [%rd1], 1;", [h.alloc(256), 0], 1, 64);
    expect(classes(h.machine)).toEqual(["barriers"]);
  });

  test("a barrier that is never complete: told of, and the end of the kernel", () => {
    const h = new Cuda(["barriers"]);
    expect(h.run("setp.ge.u32 %p1, %r1, 32;\n@%p1 bra L;\nbar.sync 1, 64;\nL:\nbar.sync 2, 64;", [h.alloc(256), 0], 1, 64)).not.toBe(0);
    expect(classes(h.machine)).toEqual(["barriers"]);
    expect(found(h.machine)[0]!.message).toMatch(/wait for others that will never come/);
  });

  test("nothing when all come", () => {
    const h = new Cuda(["barriers"]);
    h.run("bar.sync 0;\nst.global.u32 [%rd1], 1;\nbar.sync 0;", [h.alloc(256), 0], 3, 64);
    expect(found(h.machine)).toEqual([]);
  });
});

test("a class that there is not is refused", () => {
  expect(() => new Cuda(["bonds" as "bounds"])).toThrow(/no class "bonds"; there are bounds, lifetime/);
});
