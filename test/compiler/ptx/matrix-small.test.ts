import { expect, test } from "vitest";
import { packParams } from "../wasm/harness.ts";
import { engines, f32, HEAD, PtxBench } from "./bench.ts";

/** wmma of elements of less than a byte, and mma.m8n8k4 of halves, against products computed in JavaScript from the ISA's layouts. */

const list = (kind: string, n: number): string => `{${Array.from({ length: n }, (_, i) => `${kind}${i}`).join(", ")}}`;
const number = (i: number, seed: number, below: number): number => (Math.imul(i + seed, 2654435761) >>> 9) % below;
const regs = ".reg .b64 %rd<8>; .reg .b32 %t, a<8>, b<8>, c<8>, d<8>;";

test.each(engines.flatMap(([engine, compile]) => (["u4", "s4", "b1 xor", "b1 and"] as const).map((kind) => [engine, kind, compile] as const)))("%s: wmma of %s", (_engine, kind, compile) => {
  const [type, op] = kind.split(" ") as [string, string | undefined];
  const bits = type === "b1" ? 1 : 4;
  const k = type === "b1" ? 128 : 32;
  const shape = `m8n8k${k}`;
  // Lines are 16 bytes long where they could be shorter: the stride is in elements.
  const stride = 128 / bits;
  const values = (seed: number): number[] => Array.from({ length: 8 * k }, (_, i) => number(i, seed, 2 ** bits) - (type === "s4" ? 8 : 0));
  const image = (x: readonly number[]): Uint8Array => {
    const out = new Uint8Array(8 * 16);
    x.forEach((v, i) => {
      const at = Math.floor(i / k) * stride + (i % k);
      out[Math.floor((at * bits) / 8)]! |= (v & (2 ** bits - 1)) << ((at * bits) % 8);
    });
    return out;
  };
  const [a, b] = [values(3), values(77)];
  const c = Int32Array.from({ length: 64 }, (_, i) => number(i, 5, 100) - 50);
  const mul = op === undefined ? "" : `.${op}.popc`;
  const bench = new PtxBench(`${HEAD}.visible .entry k(.param .u64 pa, .param .u64 pb, .param .u64 pc) { ${regs}
    ld.param.u64 %rd1, [pa]; ld.param.u64 %rd2, [pb]; ld.param.u64 %rd3, [pc];
    wmma.load.a.sync.aligned.row.${shape}.global.${type} {a0}, [%rd1], ${stride}; wmma.load.b.sync.aligned.col.${shape}.global.${type} {b0}, [%rd2], ${stride};
    wmma.load.c.sync.aligned.row.${shape}.global.s32 {c0, c1}, [%rd3];
    wmma.mma${mul}.sync.aligned.row.col.${shape}.s32.${type}.${type}.s32 {d0, d1}, {a0}, {b0}, {c0, c1};
    wmma.store.d.sync.aligned.col.${shape}.global.s32 [%rd3], {d0, d1}, 8; ret; }`, compile);
  const pc = bench.machine.upload(c);
  bench.launch("k", packParams(bench.machine.upload(image(a)), bench.machine.upload(image(b)), pc), { block: [32, 1, 1] });
  const product = (x: number, y: number): number => (op === undefined ? x * y : op === "xor" ? x ^ y : x & y);
  const expected = Array.from({ length: 64 }, (_, at) => {
    const [column, row] = [Math.floor(at / 8), at % 8];
    let sum = c[8 * row + column]!;
    for (let i = 0; i < k; i++) sum += product(a[row * k + i]!, b[column * k + i]!);
    return sum;
  });
  expect([...new Int32Array(bench.machine.u32(pc, 64).buffer.slice(0, 256))]).toEqual(expected);
});

/** Small integers as halves. */
const half = (x: number): number => {
  if (x === 0) return 0;
  const e = Math.floor(Math.log2(Math.abs(x)));
  return (x < 0 ? 0x8000 : 0) | ((e + 15) << 10) | ((Math.abs(x) / 2 ** e - 1) * 1024);
};

test.each(engines.flatMap(([engine, compile]) => ["row", "col"].flatMap((la) => ["row", "col"].flatMap((lb) => [["f16", "f16"], ["f32", "f32"], ["f32", "f16"]].map(([d, c]) => [engine, la, lb, d!, c!, compile] as const)))).filter(([engine, la, lb]) => engine === "interpreter" || la !== lb))(
  "%s: mma.m8n8k4.%s.%s.%s.f16.f16.%s", (_engine, la, lb, dType, cType, compile) => {
    const matrix = (seed: number, n: number): number[][] => Array.from({ length: 4 }, (_, q) => Array.from({ length: n }, (_x, i) => number(i + 100 * q, seed, 9) - 4));
    const [A, B, C] = [matrix(1, 32), matrix(2, 32), matrix(3, 64)];
    const lanes = Array.from({ length: 32 }, (_, lane) => ({ q: (lane % 16) >> 2, high: lane >= 16 ? 4 : 0, in4: lane % 4 }));
    // PTX ISA 9.7.14.5.1: where element i of a lane's fragment lies.
    const ofA = lanes.map(({ q, high, in4 }) => [0, 1, 2, 3].map((i) => (la === "row" ? A[q]![(in4 + high) * 4 + i]! : A[q]![(i + high) * 4 + in4]!)));
    const ofB = lanes.map(({ q, high, in4 }) => [0, 1, 2, 3].map((i) => (lb === "col" ? B[q]![i * 8 + in4 + high]! : B[q]![in4 * 8 + i + high]!)));
    const place = (type: string, lane: number, i: number): number => {
      const { high, in4 } = lanes[lane]!;
      return type === "f16" ? 8 * (in4 + high) + i : 8 * ((in4 & 1) + (i & 2) + high) + (i & 4) + (in4 & 2) + (i & 1);
    };
    const words = (values: readonly number[], type: string): number[] =>
      (type === "f32" ? values.map((v) => Number(f32(v))) : Array.from({ length: values.length / 2 }, (_, i) => half(values[2 * i]!) | (half(values[2 * i + 1]!) << 16)));
    const accumulator = (type: string, lane: number, of: (q: number, at: number) => number): number[] =>
      words(Array.from({ length: 8 }, (_, i) => of(lanes[lane]!.q, place(type, lane, i))), type);
    const [nc, nd] = [cType === "f32" ? 8 : 4, dType === "f32" ? 8 : 4];
    const input = new Uint32Array(32 * 12);
    lanes.forEach((_, lane) => input.set([...words(ofA[lane]!, "f16"), ...words(ofB[lane]!, "f16"), ...accumulator(cType, lane, (q, at) => C[q]![at]!)], 12 * lane));
    const load = (kind: string, n: number, at: number): string => Array.from({ length: n }, (_, i) => `ld.global.b32 ${kind}${i}, [%rd1+${at + 4 * i}];`).join(" ");
    const bench = new PtxBench(`${HEAD}.visible .entry k(.param .u64 pin, .param .u64 pout) { ${regs}
      ld.param.u64 %rd1, [pin]; ld.param.u64 %rd2, [pout]; mov.u32 %t, %tid.x; mad.wide.u32 %rd1, %t, 48, %rd1; mad.wide.u32 %rd2, %t, 32, %rd2;
      ${load("a", 2, 0)} ${load("b", 2, 8)} ${load("c", nc, 16)}
      mma.sync.aligned.m8n8k4.${la}.${lb}.${dType}.f16.f16.${cType} ${list("d", nd)}, {a0, a1}, {b0, b1}, ${list("c", nc)};
      ${Array.from({ length: nd }, (_, i) => `st.global.b32 [%rd2+${4 * i}], d${i};`).join(" ")} ret; }`, compile);
    const out = bench.machine.map(32 * 32);
    bench.launch("k", packParams(bench.machine.upload(input), out), { block: [32, 1, 1] });
    const product = (q: number, at: number): number => [0, 1, 2, 3].reduce((sum, i) => sum + A[q]![(at >> 3) * 4 + i]! * B[q]![i * 8 + (at & 7)]!, C[q]![at]!);
    const got = bench.machine.u32(out, 32 * 8);
    lanes.forEach((_, lane) => expect([...got.slice(8 * lane, 8 * lane + nd)], `lane ${lane}`).toEqual(accumulator(dType, lane, product).map((w) => w >>> 0)));
  });
