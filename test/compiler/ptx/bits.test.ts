import { expect, test } from "vitest";
import { corners, evaluate, int, product } from "./bench.ts";

interface Case {
  readonly code: string;
  readonly inputs: readonly string[];
  readonly outputs?: readonly string[];
  readonly vectors: readonly (readonly bigint[])[];
  /** From raw bits to raw bits. */
  readonly f: (...v: bigint[]) => bigint | readonly bigint[];
}

const widthOf = (type: string): number => (type === "pred" ? 1 : Number(type.slice(1)));
const ones = (n: number): bigint => (1n << BigInt(n)) - 1n;
const amounts = [0n, 1n, 5n, 15n, 16n, 17n, 31n, 32n, 33n, 63n, 64n, 65n, 255n, 256n, 257n, 0xffffffffn];

const cases: Case[] = [];

for (const bits of [16, 32, 64]) {
  const [b, s, u] = [`b${bits}`, `s${bits}`, `u${bits}`];
  const values = corners(bits);
  const shiftVectors = product(values, amounts);
  cases.push(
    { code: `and.${b} d, a, b;`, inputs: [b, b], vectors: product(values, values), f: (x, y) => x! & y! },
    { code: `or.${b} d, a, b;`, inputs: [b, b], vectors: product(values, values), f: (x, y) => x! | y! },
    { code: `xor.${b} d, a, b;`, inputs: [b, b], vectors: product(values, values), f: (x, y) => x! ^ y! },
    { code: `not.${b} d, a;`, inputs: [b], vectors: product(values), f: (x) => x! ^ ones(bits) },
    { code: `cnot.${b} d, a;`, inputs: [b], vectors: product(values), f: (x) => (x === 0n ? 1n : 0n) },
    { code: `shl.${b} d, a, b;`, inputs: [b, "u32"], vectors: shiftVectors, f: (x, n) => (n! >= BigInt(bits) ? 0n : x! << n!) },
    { code: `shr.${u} d, a, b;`, inputs: [u, "u32"], vectors: shiftVectors, f: (x, n) => (n! >= BigInt(bits) ? 0n : x! >> n!) },
    { code: `shr.${b} d, a, b;`, inputs: [b, "u32"], vectors: shiftVectors, f: (x, n) => (n! >= BigInt(bits) ? 0n : x! >> n!) },
    { code: `shr.${s} d, a, b;`, inputs: [s, "u32"], vectors: shiftVectors, f: (x, n) => int(x!, bits, true) >> (n! >= BigInt(bits) ? BigInt(bits - 1) : n!) },
    { code: `shl.${b} d, a, ${bits + 3};`, inputs: [b], vectors: product(values), f: () => 0n },
    { code: `shl.${b} d, a, ${bits - 1};`, inputs: [b], vectors: product(values), f: (x) => x! << BigInt(bits - 1) },
    { code: `shr.${s} d, a, ${bits};`, inputs: [s], vectors: product(values), f: (x) => int(x!, bits, true) >> BigInt(bits - 1) },
    { code: `shr.${u} d, a, ${bits};`, inputs: [u], vectors: product(values), f: () => 0n },
  );
}

const bitLength = (v: bigint): number => v.toString(2).replace(/^0$/, "").length;
for (const bits of [32, 64]) {
  const [b, s, u] = [`b${bits}`, `s${bits}`, `u${bits}`];
  const values = corners(bits);
  const find = (v: bigint, signed: boolean): number => bitLength(signed && int(v, bits, true) < 0n ? ~v & ones(bits) : v) - 1;
  const shiftamt = (n: number): bigint => (n < 0 ? -1n : BigInt(bits - 1 - n));
  const fields = product(values, [0n, 1n, 7n, 31n, 32n, 60n, 63n, 64n, 200n, 256n], [0n, 1n, 8n, 31n, 32n, 33n, 63n, 64n, 255n, 257n]);
  // The ISA's own loop over bits.
  const bfe = (v: bigint, p: bigint, l: bigint, signed: boolean): bigint => {
    const [pos, len] = [Number(p & 255n), Number(l & 255n)];
    const top = BigInt(Math.min(pos + len - 1, bits - 1));
    const fill = !signed || len === 0 ? 0n : (v >> top) & 1n;
    let d = 0n;
    for (let i = 0; i < bits; i++) d |= (i < len && pos + i < bits ? (v >> BigInt(pos + i)) & 1n : fill) << BigInt(i);
    return d;
  };
  const bfi = (a: bigint, base: bigint, p: bigint, l: bigint): bigint => {
    const [pos, len] = [Number(p & 255n), Number(l & 255n)];
    let d = base;
    for (let i = 0; i < len && pos + i < bits; i++) {
      const at = BigInt(pos + i);
      d = (d & ~(1n << at)) | (((a >> BigInt(i)) & 1n) << at);
    }
    return d;
  };
  cases.push(
    { code: `popc.${b} d, a;`, inputs: [b], outputs: ["u32"], vectors: product(values), f: (x) => BigInt(x!.toString(2).replaceAll("0", "").length) },
    { code: `clz.${b} d, a;`, inputs: [b], outputs: ["u32"], vectors: product(values), f: (x) => BigInt(bits - bitLength(x!)) },
    { code: `brev.${b} d, a;`, inputs: [b], vectors: product(values), f: (x) => BigInt(`0b${[...x!.toString(2).padStart(bits, "0")].reverse().join("")}`) },
    { code: `bfind.${u} d, a;`, inputs: [u], outputs: ["u32"], vectors: product(values), f: (x) => BigInt(find(x!, false)) },
    { code: `bfind.${s} d, a;`, inputs: [s], outputs: ["u32"], vectors: product(values), f: (x) => BigInt(find(x!, true)) },
    { code: `bfind.shiftamt.${u} d, a;`, inputs: [u], outputs: ["u32"], vectors: product(values), f: (x) => shiftamt(find(x!, false)) },
    { code: `bfind.shiftamt.${s} d, a;`, inputs: [s], outputs: ["u32"], vectors: product(values), f: (x) => shiftamt(find(x!, true)) },
    { code: `bfe.${u} d, a, b, c;`, inputs: [u, "u32", "u32"], vectors: fields, f: (x, p, l) => bfe(x!, p!, l!, false) },
    { code: `bfe.${s} d, a, b, c;`, inputs: [s, "u32", "u32"], vectors: fields, f: (x, p, l) => bfe(x!, p!, l!, true) },
    { code: `bfi.${b} d, a, b, c, f;`, inputs: [b, b, "u32", "u32"], vectors: fields.map(([x, p, l]) => [x!, values[5]!, p!, l!]), f: (x, y, p, l) => bfi(x!, y!, p!, l!) },
  );
  for (const [p, l] of [[0, 0], [4, 8], [bits - 4, 8], [0, bits], [bits, 4], [255, 5], [8, 255]] as const) {
    const at = [BigInt(p), BigInt(l)] as const;
    cases.push(
      { code: `bfe.${u} d, a, ${p}, ${l};`, inputs: [u], vectors: product(values), f: (x) => bfe(x!, ...at, false) },
      { code: `bfe.${s} d, a, ${p}, ${l};`, inputs: [s], vectors: product(values), f: (x) => bfe(x!, ...at, true) },
      { code: `bfi.${b} d, a, b, ${p}, ${l};`, inputs: [b, b], vectors: product(values, values.slice(4)), f: (x, y) => bfi(x!, y!, ...at) },
    );
  }
}

const words = corners(32);
const mod = (n: bigint, wrap: boolean): bigint => (wrap ? n & 31n : n > 32n ? 32n : n);
for (const mode of ["wrap", "clamp"]) {
  const wrap = mode === "wrap";
  const both = (lo: bigint, hi: bigint): bigint => (hi << 32n) | lo;
  const mask = (p: bigint, l: bigint): bigint => (ones(Number(mod(l, wrap))) << mod(p, wrap)) & ones(32);
  const extend = (x: bigint, n: bigint, signed: boolean): bigint => (mod(n, wrap) === 0n ? 0n : int(x & ones(Number(mod(n, wrap))), Number(mod(n, wrap)), signed));
  cases.push(
    { code: `shf.l.${mode}.b32 d, a, b, c;`, inputs: ["b32", "b32", "u32"], vectors: product(words.slice(5), words.slice(4), amounts), f: (x, y, n) => (both(x!, y!) << mod(n!, wrap)) >> 32n },
    { code: `shf.r.${mode}.b32 d, a, b, c;`, inputs: ["b32", "b32", "u32"], vectors: product(words.slice(5), words.slice(4), amounts), f: (x, y, n) => both(x!, y!) >> mod(n!, wrap) },
    { code: `shf.l.${mode}.b32 d, a, a, b;`, inputs: ["b32", "u32"], vectors: product(words, amounts), f: (x, n) => (both(x!, x!) << mod(n!, wrap)) >> 32n },
    { code: `shf.r.${mode}.b32 d, a, a, b;`, inputs: ["b32", "u32"], vectors: product(words, amounts), f: (x, n) => both(x!, x!) >> mod(n!, wrap) },
    { code: `bmsk.${mode}.b32 d, a, b;`, inputs: ["b32", "b32"], vectors: product(amounts, amounts), f: (p, l) => mask(p!, l!) },
    { code: `szext.${mode}.u32 d, a, b;`, inputs: ["u32", "u32"], vectors: product(words, amounts), f: (x, n) => extend(x!, n!, false) },
    { code: `szext.${mode}.s32 d, a, b;`, inputs: ["s32", "u32"], vectors: product(words, amounts), f: (x, n) => extend(x!, n!, true) },
  );
}

for (let lut = 0; lut < 256; lut += 1) {
  if (lut % 7 !== 0 && ![0x96, 0xe8, 0xca, 0x80, 0xfe, 0x3c].includes(lut)) continue;
  cases.push({
    code: `lop3.b32 d, a, b, c, ${lut};`, inputs: ["b32", "b32", "b32"], vectors: [[0xf0f0f0f0n, 0xccccccccn, 0xaaaaaaaan], [0x12345678n, 0x9abcdef0n, 0x0f1e2d3cn]],
    f: (x, y, z) => {
      let d = 0n;
      for (let i = 0n; i < 32n; i++) {
        const row = (((x! >> i) & 1n) << 2n) | (((y! >> i) & 1n) << 1n) | ((z! >> i) & 1n);
        d |= ((BigInt(lut) >> row) & 1n) << i;
      }
      return d;
    },
  });
}

const sources = [0x80123456n, 0x789abcdefn & 0xffffffffn];
const pick = (selector: bigint, signs: boolean) => (x: bigint, y: bigint): bigint => {
  const all = (y << 32n) | x;
  let d = 0n;
  for (let i = 0n; i < 4n; i++) {
    const nibble = (selector >> (4n * i)) & 15n;
    const b = (all >> (8n * (nibble & 7n))) & 255n;
    d |= (signs && nibble >= 8n ? (b >= 128n ? 255n : 0n) : b) << (8n * i);
  }
  return d;
};
const selectors = [0x3210n, 0x5410n, 0x7632n, 0x0123n, 0x4567n, 0xba98n, 0xfedcn, 0x8888n, 0x1054n, 0x7777n, 0x6543n, 0x3b2an];
for (const s of selectors) cases.push({ code: `prmt.b32 d, a, b, ${s};`, inputs: ["b32", "b32"], vectors: product(sources, sources), f: (x, y) => pick(s, true)(x!, y!) });
cases.push({ code: "prmt.b32 d, a, b, c;", inputs: ["b32", "b32", "b32"], vectors: product(sources, sources, selectors), f: (x, y, s) => pick(s!, true)(x!, y!) });
const special: Record<string, readonly bigint[]> = {
  f4e: [0x3210n, 0x4321n, 0x5432n, 0x6543n], b4e: [0x5670n, 0x6701n, 0x7012n, 0x0123n], rc8: [0x0000n, 0x1111n, 0x2222n, 0x3333n],
  ecl: [0x3210n, 0x3211n, 0x3222n, 0x3333n], ecr: [0x0000n, 0x1110n, 0x2210n, 0x3210n], rc16: [0x1010n, 0x3232n, 0x1010n, 0x3232n],
};
for (const [mode, table] of Object.entries(special)) {
  cases.push({ code: `prmt.b32.${mode} d, a, b, c;`, inputs: ["b32", "b32", "b32"], vectors: product(sources, sources, [0n, 1n, 2n, 3n, 6n]), f: (x, y, s) => pick(table[Number(s! & 3n)]!, false)(x!, y!) });
  cases.push({ code: `prmt.b32.${mode} d, a, b, 2;`, inputs: ["b32", "b32"], vectors: product(sources, sources), f: (x, y) => pick(table[2]!, false)(x!, y!) });
}

// The ISA's own loop.
const fns = (mask: bigint, base: bigint, offset: bigint): bigint => {
  const n = int(offset, 32, true);
  if (n === 0n) return base < 32n && ((mask >> base) & 1n) === 1n ? base : -1n;
  let left = (n < 0n ? -n : n) - 1n;
  for (let pos = base; pos >= 0n && pos < 32n; pos += n > 0n ? 1n : -1n) {
    if (((mask >> pos) & 1n) === 0n) continue;
    if (left === 0n) return pos;
    left--;
  }
  return -1n;
};
cases.push({
  code: "fns.b32 d, a, b, c;", inputs: ["b32", "b32", "b32"], vectors: product([0n, 0x80000001n, 0xaaaaaaaan, 0xffffffffn], [0n, 1n, 16n, 31n], [0n, 1n, 2n, 5n, 0xffffffffn, 0xfffffffdn]),
  f: (m, b, o) => fns(m!, b!, o!),
});
cases.push({
  code: ".reg .pred p, q; setp.ne.u32 q, f, 0; lop3.or.b32 d|p, a, b, c, 0x80, q; selp.u32 e, 1, 0, p;", inputs: ["b32", "b32", "b32", "b32"], outputs: ["b32", "u32"],
  vectors: [[1n, 1n, 1n, 0n], [1n, 2n, 4n, 0n], [1n, 2n, 4n, 1n]], f: (x, y, z, q) => [x! & y! & z!, (x! & y! & z!) !== 0n || q !== 0n ? 1n : 0n],
});

test.each(cases.map((c) => [c.code.replace(/;$/, ""), c] as const))("%s", (_name, c) => {
  const outputs = c.outputs ?? [c.inputs[0]!];
  const results = evaluate({ code: c.code, inputs: c.inputs, outputs }, c.vectors);
  c.vectors.forEach((v, i) => {
    const out = c.f(...v);
    const expected = (typeof out === "bigint" ? [out] : out).map((x, j) => BigInt.asUintN(widthOf(outputs[j]!), x));
    expect(results[i], `inputs ${v.map((x) => x.toString(16)).join(", ")}`).toEqual(expected);
  });
});
