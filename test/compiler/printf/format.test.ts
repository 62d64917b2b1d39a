import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { listedArguments, packedArguments, readString, type ListedArgument } from "../../../src/compiler/printf/arguments.ts";
import { formatPrintf, type PrintfArguments } from "../../../src/compiler/printf/format.ts";

const noMemory = (): number => {
  throw new Error("no memory is read here");
};

function f64(value: number): ListedArgument {
  return { kind: "float", bits: new BigUint64Array(Float64Array.of(value).buffer)[0]! };
}

function int(value: number | bigint): ListedArgument {
  return { kind: "int", bits: BigInt.asUintN(64, BigInt(value)) };
}

const print = (format: string, ...args: ListedArgument[]): string => formatPrintf(format, listedArguments(args, noMemory));

describe("printf", () => {
  // Rows "kind value "format" "text"", written by a C program with the GNU C library. (One row was taken out: for %#g of 999999.5 that library drops the zeros that C99 asks for.)
  const rows = readFileSync(new URL("libc.txt", import.meta.url), "utf8").trim().split("\n").map((row) => /^(\w+) (\S+) ("(?:[^"\\]|\\.)*") ("(?:[^"\\]|\\.)*")$/.exec(row)!);

  test("prints what the C library prints", () => {
    expect(rows.length).toBeGreaterThan(1000);
    for (const [row, kind, value, format, text] of rows) {
      const args: PrintfArguments = {
        taken: 0,
        int: () => BigInt.asUintN(64, BigInt(value!)),
        float: () => BigInt(value!),
        pointer: () => 0n,
        string: (limit) => new TextEncoder().encode(value).slice(0, limit),
      };
      expect([kind, row, formatPrintf(JSON.parse(format!) as string, args)]).toEqual([kind, row, JSON.parse(text!)]);
    }
  });

  test("takes width and precision from arguments", () => {
    expect(print("[%*d] [%-*d] [%*d]", int(5), int(1), int(5), int(2), int(-5), int(3))).toBe("[    1] [2    ] [3    ]");
    expect(print("[%.*f] [%.*f] [%*.*f]", int(2), f64(1.005), int(-1), f64(1), int(8), int(1), f64(2.25))).toBe("[1.00] [1.000000] [     2.2]");
  });

  test("prints vectors element by element", () => {
    expect(print("%v4d|%v2hlx|%v3f", int(1), int(-2), int(3), int(4), int(16), int(255), f64(1), f64(2), f64(-0.5))).toBe("1,-2,3,4|10,ff|1.000000,2.000000,-0.500000");
    expect(print("%#v2hhx %v2hd %3v2u|%v16.0f", int(0x1ff), int(0x102), int(0x18000), int(-1))).toContain("0xff,0x2 -32768,-1");
    expect(print("%5.1v2hlf|%-5v2d|", f64(1), f64(2), int(3), int(4))).toBe("%5.1v2hlf|3    ,4    |".replace("%5.1v2hlf", "  1.0,  2.0"));
  });

  test("prints pointers, percent signs, and what is no conversion as it stands", () => {
    expect(print("%p %p 100%% %y %", int(0), int(0xdeadbeef00n))).toBe("(nil) 0xdeadbeef00 100% %y %");
  });

  test("reads missing and mistyped arguments as zero", () => {
    expect(print("%d %f %d", f64(1), int(5))).toBe("0 0.000000 0");
  });

  test("reads strings up to the precision and no further", () => {
    const memory = new TextEncoder().encode("hello");
    const read = (address: bigint): number => memory[Number(address) - 16] ?? noMemory();
    expect(formatPrintf("%.3s|", listedArguments([int(16)], read))).toBe("hel|");
    expect(formatPrintf("%.5s|%s", listedArguments([int(16), int(0)], read))).toBe("hello|(null)");
    expect(() => formatPrintf("%s", listedArguments([int(16)], read))).toThrow("no memory");
    expect(readString(() => 65, 0n, Infinity).length).toBe(65536);
  });

  test("finds packed arguments at their natural alignment", () => {
    const bytes = new DataView(new ArrayBuffer(64));
    bytes.setInt32(0, -1, true);
    bytes.setFloat64(8, 0.5, true);
    bytes.setInt32(16, 7, true);
    bytes.setInt32(20, 8, true);
    bytes.setBigInt64(24, -9n, true);
    bytes.setInt32(32, 10, true);
    const args = packedArguments(0x1000n, (address) => bytes.getUint8(Number(address) - 0x1000));
    expect(formatPrintf("%d %g %d %hhd %lld %u", args)).toBe("-1 0.5 7 8 -9 10");
    expect(args.taken).toBe(6);
    expect(formatPrintf("%d", packedArguments(null, noMemory))).toBe("0");
  });
});
