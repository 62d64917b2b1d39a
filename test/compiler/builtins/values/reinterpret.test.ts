import { expect, test } from "vitest";
import { programsOf } from "./programs.ts";

/** as_type (OpenCL C 3.0 section 6.4.4.2): every legal pair of types keeps the bits, NaN's among them. */
const SCALARS = { char: 1, uchar: 1, short: 2, ushort: 2, int: 4, uint: 4, long: 8, ulong: 8, half: 2, float: 4, double: 8 } as const;
interface Type {
  readonly name: string;
  readonly lanes: number;
  readonly element: number;
}
const TYPES: readonly Type[] = Object.entries(SCALARS).flatMap(([name, element]) => [1, 2, 3, 4, 8, 16].map((lanes) => ({ name: lanes === 1 ? name : `${name}${lanes}`, lanes, element })));

/** Bytes in memory: three elements take the room of four. */
const size = ({ lanes, element }: Type): number => (lanes === 3 ? 4 : lanes) * element;
/** Four elements are seen as three only if they are of the same size, for what the fourth would be. */
const legal = (a: Type, b: Type): boolean => size(a) === size(b);

/** One kernel a type: all types it can be seen as, one after the other. */
const source = [
  "#pragma OPENCL EXTENSION cl_khr_fp16 : enable",
  ...TYPES.map((to) => `kernel void to_${to.name}(global const uchar *in, global uchar *out) {
${TYPES.filter((from) => legal(from, to)).map((from, n) => `  *(global ${to.name} *)(out + ${n * size(to)}) = as_${to.name}(*(global const ${from.name} *)(in + ${n * size(to)}));`).join("\n")}
}`),
].join("\n");
const programs = programsOf("reinterpret", source);

/** Patterns that a detour over numbers would change: signalling NaNs, negative zeros, denormals. */
function patterns(bytes: number, to: Type): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(bytes);
  const view = new DataView(out.buffer);
  for (let at = 0; at < bytes; at += 8) {
    const kind = (at / 8 + to.lanes) % 5;
    if (kind === 0) for (let i = 0; i < 8; i += 2) view.setUint16(at + i, [0x7c01, 0xfc55, 0x7e01, 0x8000][i / 2]!, true);
    else if (kind === 1) view.setBigUint64(at, 0x7f80_0001_ffa5_5a5an, true);
    else if (kind === 2) view.setBigUint64(at, 0xfff0_0000_0000_0001n, true);
    else if (kind === 3) view.setBigUint64(at, 0x8000_0000_0000_0001n, true);
    else for (let i = 0; i < 8; i++) out[at + i] = (at + i) * 37 + 11;
  }
  return out;
}

test.each(programs)("%s", (_engine, program) => {
  const faults: string[] = [];
  for (const to of TYPES) {
    const froms = TYPES.filter((from) => legal(from, to));
    const all = patterns(Math.ceil(froms.length * size(to) / 8) * 8, to);
    const out = new Uint8Array(all.length);
    program.run(`to_${to.name}`, [all, out], 1);
    froms.forEach((from, n) => {
      // What fills three elements up is open, on either side.
      const known = Math.min(to.lanes === 3 ? 3 * to.element : size(to), from.lanes === 3 ? 3 * from.element : size(to));
      const [want, got] = [all, out].map((bytes) => [...bytes.slice(n * size(to), n * size(to) + known)].map((v) => v.toString(16)).join(" "));
      if (want !== got) faults.push(`${from.name} as ${to.name}: ${got}, not ${want}`);
    });
  }
  expect(faults).toEqual([]);
});
