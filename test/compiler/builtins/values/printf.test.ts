import { expect, test } from "vitest";
import { programsOf } from "./programs.ts";

/** printf from OpenCL C (section 6.15.14): what Clang passes for each conversion, flag, length and vector, and what comes out on each engine. `x` is 7 and `f` 1.5, known only to the launch. */
const ROWS: readonly (readonly [call: string, text: string])[] = [
  ['"%d|%i|%5d|%-5d|%05d|%+d|% d|%.3d|%8.3d\\n", x, -x, x, x, x, x, x, x, x', "7|-7|    7|7    |00007|+7| 7|007|     007\n"],
  ['"%u|%o|%x|%X|%#o|%#x|%#X|%08x\\n", -x, x + 1, x * 29, x * 29, x + 1, x * 29, x * 29, x', "4294967289|10|cb|CB|010|0xcb|0XCB|00000007\n"],
  ['"%hhd|%hhu|%hd|%hu|%ld|%lu|%lx\\n", (char)(x - 200), (uchar)(x - 8), (short)-x, (ushort)-x, -(long)x << 40, -(ulong)x, (ulong)x << 60', "63|255|-7|65529|-7696581394432|18446744073709551609|7000000000000000\n"],
  ['"%c%c|%3c|%-3c|\\n", x + 58, \'b\', \'c\', \'d\'', "Ab|  c|d  |\n"],
  ['"%s|%.2s|%6s|%-6s|%%|%s\\n", "plain", "short", "abc", "abc", x > 3 ? "yes" : "no"', "plain|sh|   abc|abc   |%|yes\n"],
  ['"%f|%.2f|%8.3f|%-8.1f|%08.2f|%+f|% .1f|%#.0f\\n", f, f, f, f, -f, f, f, f + 0.5f', "1.500000|1.50|   1.500|1.5     |-0001.50|+1.500000| 1.5|2.\n"],
  ['"%e|%E|%.0e|%g|%G|%#g|%a|%A\\n", f, f * 1e10f, f, f, f * 1e-10f, f, f, -f', "1.500000e+00|1.500000E+10|2e+00|1.5|1.5E-10|1.50000|0x1.8p+0|-0X1.8P+0\n"],
  ['"%f|%F|%5.1f|%e|%08f\\n", INFINITY * f, -INFINITY * f, f * INFINITY, NAN, INFINITY * f', "inf|-INF|  inf|nan|     inf\n"],
  ['"%lf|%.17g|%.1f|%g\\n", (double)f / 3, (double)f / 15, (half)f, (half)(f * 3)', "0.500000|0.10000000000000001|1.5|4.5\n"],
  ['"%v4hlf|%.1v2hlf|%6.2v3hlf|%v2lf|%v2hf\\n", (float4)(f, 2, 3, -4), (float2)(f), (float3)(f, 2, 3), (double2)(f, 2), (half2)(1, 2)', "1.500000,2.000000,3.000000,-4.000000|1.5,1.5|  1.50,  2.00,  3.00|1.500000,2.000000|1.000000,2.000000\n"],
  ['"%v4hld|%v2hlx|%#v4hhx|%v8hd|%v2ld|%v2lu|%-4v2hld|%04v3hlu\\n", (int4)(x, -x, 0, 1), (uint2)(x * 5), (uchar4)(1, 2, 253, x), (short8)(-x), (long2)(-x, 1L << 40), (ulong2)(-x), (int2)(1, x), (uint3)(x)', "7,-7,0,1|23,23|0x1,0x2,0xfd,0x7|-7,-7,-7,-7,-7,-7,-7,-7|-7,1099511627776|18446744073709551609,18446744073709551609|1   ,7   |0007,0007,0007\n"],
  ['"%v16hhd|%v4hhu|%v2ho|%v2hlX\\n", (char16)(x - 8), (uchar4)(x - 8), (ushort2)(8), (int2)(-x)', "-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1,-1|255,255,255,255|10,10|FFFFFFF9,FFFFFFF9\n"],
  ['"%v2hle|%v2hlg|%v2hla|%.1v2le\\n", (float2)(f), (float2)(f), (float2)(f), (double2)(f)', "1.500000e+00,1.500000e+00|1.5,1.5|0x1.8p+0,0x1.8p+0|1.5e+00,1.5e+00\n"],
  ['"%*d|%-*d|%.*f|%*.*f\\n", x, x, 3, x, 2, f, x, 1, f', "      7|7  |1.50|    1.5\n"],
  ['"%p|%p\\n", (global void *)0, (global void *)(ulong)(x + 0xab00)', "(nil)|0xab07\n"],
  ['"\\t\\"quoted\\" and no argument\\n"', '\t"quoted" and no argument\n'],
  ['"\\n"', "\n"], ['"x"', "x"], ['""', ""], ['"%c", x + 58', "A"], ['"%s\\n", "alone"', "alone\n"],
];

const source = `#pragma OPENCL EXTENSION cl_khr_fp16 : enable
kernel void rows(int x, float f, global int *results) {
${ROWS.map(([call], n) => `  results[${n}] = printf(${call});`).join("\n")}
}
kernel void order(global int *results) {
  int i = get_global_id(0);
  results[i] = printf("%d:%d ", (int)get_group_id(0), i);
  if (i % 2) results[i] += printf("odd %d ", i);
}
`;

const programs = programsOf("printf", source);

test.each(programs)("each conversion: %s", (_engine, program) => {
  const results = new Int32Array(ROWS.length).fill(5);
  const { printed } = program.run("rows", [7, 1.5, results], 1);
  expect(printed.split("\n")).toEqual(ROWS.map(([, text]) => text).join("").split("\n"));
  expect([...results]).toEqual(ROWS.map(() => 0));
});

test.each(programs)("a work-item's own lines are in order: %s", (_engine, program) => {
  const results = new Int32Array(12).fill(5);
  const { printed } = program.run("order", [results], 12, 4);
  const items = Array.from({ length: 12 }, (_, n) => n);
  const found = printed.match(/\d+:\d+|odd \d+/g)!;
  expect(found.toSorted()).toEqual(items.flatMap((n) => [`${Math.floor(n / 4)}:${n}`, ...(n % 2 === 1 ? [`odd ${n}`] : [])]).toSorted());
  for (const n of items) if (n % 2 === 1) expect(found.indexOf(`${Math.floor(n / 4)}:${n}`)).toBeLessThan(found.indexOf(`odd ${n}`));
  expect([...results]).toEqual(items.map(() => 0));
});
