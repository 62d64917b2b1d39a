import type { Family } from "./grammar.ts";

/** Registers of every kind: predicates, untyped ones of 16, 32, 64 and 128 bits, floating point, unsigned, signed. */
const REGS = ["p1", "h1", "r1", "d1", "q1", "f1", "e1", "w1", "u1", "s1", "t1"];
const CONSTANTS = ["1", "-1", "70000", "0x1ffffffff", "1.0", "0f3F800000", "0d3FF0000000000000", "gv", "gv+4", "sv", "%tid.x", "%laneid", "%clock64", "%tid", "_", "[d1]"];
const TYPES = ["u16", "s16", "b16", "f16", "u32", "s32", "b32", "f32", "f16x2", "u64", "s64", "b64", "f64", "pred"];
const MEMORY = ["u8", "s8", "b8", "u16", "b16", "u32", "s32", "b32", "f32", "u64", "b64", "f64", "b128"];

/** A register of the type's own kind. */
const own: Readonly<Record<string, string>> = {
  u8: "h3", s8: "h3", b8: "h3", u16: "h3", s16: "h3", b16: "h3", f16: "h3", u32: "r3", s32: "r3", b32: "r3", f32: "f3", f16x2: "r3", u64: "d3", s64: "d3", b64: "d3", f64: "e3", b128: "q3", pred: "p3",
};

function lines(name: string, ...all: readonly (readonly string[])[]): Family {
  return { name, lines: [...new Set(all.flat())] };
}

const each = (types: readonly string[], others: readonly string[], line: (type: string, other: string) => string): string[] => types.flatMap((type) => others.map((other) => line(type, other)));
const SOURCES = [...REGS, ...CONSTANTS];

/** What registers, constants and names may stand where (PTX ISA 9.4: operand types, and the relaxed rules of ld, st and cvt). */
export const operandForms: readonly Family[] = [
  lines("destinations", each(TYPES, [...REGS, "1", "_"], (t, d) => `add.${t} ${d}, ${own[t]}, ${own[t]}`), each(["b32", "b64", "b16"], REGS, (t, d) => `and.${t} ${d}, ${own[t]}, ${own[t]}`)),
  lines("sources", each(TYPES, SOURCES, (t, a) => `add.${t} ${own[t]}, ${own[t]}, ${a}`), each(["b16", "b32", "b64", "pred"], SOURCES, (t, a) => `xor.${t} ${own[t]}, ${a}, ${own[t]}`)),
  lines("sources of fma and mad", each(["f32", "f64", "f16"], SOURCES, (t, a) => `fma.rn.${t} ${own[t]}, ${a}, ${own[t]}, ${own[t]}`), each(["u32", "u64"], SOURCES, (t, a) => `mad.lo.${t} ${own[t]}, ${own[t]}, ${own[t]}, ${a}`)),
  lines("operands of mov", each([...TYPES, "b128"], SOURCES, (t, a) => `mov.${t} ${own[t]}, ${a}`), each([...TYPES, "b128"], REGS, (t, d) => `mov.${t} ${d}, ${own[t]}`)),
  lines("selp, slct", each(TYPES, SOURCES, (t, a) => `selp.${t} ${own[t]}, ${a}, ${own[t]}, p1`), SOURCES.map((a) => `selp.u32 r3, r1, r2, ${a}`), SOURCES.map((a) => `slct.u32.s32 r3, r1, r2, ${a}`), SOURCES.map((a) => `slct.f32.f32 f3, f1, f2, ${a}`)),
  lines("operands of setp", each(TYPES, SOURCES, (t, a) => `setp.eq.${t} p1, ${own[t]}, ${a}`), each(TYPES, SOURCES, (t, a) => `setp.ne.${t} p1, ${a}, ${own[t]}`), SOURCES.map((d) => `setp.eq.u32 ${d}, r1, r2`), SOURCES.map((c) => `setp.eq.and.u32 p1, r1, r2, ${c}`)),
  lines("amounts", ["shl.b16", "shl.b32", "shl.b64", "shr.u32", "shr.s64"].flatMap((op) => SOURCES.map((b) => `${op} ${own[op.slice(4)]}, ${own[op.slice(4)]}, ${b}`)), SOURCES.map((b) => `shf.l.wrap.b32 r3, r1, r2, ${b}`),
    SOURCES.map((b) => `bfe.u64 d3, d1, ${b}, 4`), SOURCES.map((b) => `bfi.b32 r3, r1, r2, 3, ${b}`), SOURCES.map((b) => `prmt.b32 r3, r1, r2, ${b}`), SOURCES.map((b) => `bfe.u32 r3, ${b}, 3, 4`)),
  lines("cvt from", each(["u8", "u16", "s32", "u64"], SOURCES, (t, a) => `cvt.u32.${t} r3, ${a}`), each(["f16", "f32"], SOURCES, (t, a) => `cvt.${t === "f16" ? "f32" : "f64"}.${t} ${t === "f16" ? "f3" : "e3"}, ${a}`), SOURCES.map((a) => `cvt.rn.f32.f64 f3, ${a}`)),
  lines("cvt to", each(["u8", "s16", "u32", "s64"], REGS, (t, d) => `cvt.${t}.u32 ${d}, r3`), each(["f16", "f32"], REGS, (t, d) => `cvt.rn.${t}.f64 ${d}, e3`), REGS.map((d) => `cvt.f64.f32 ${d}, f3`), REGS.map((d) => `cvt.rzi.s8.f32 ${d}, f3`)),
  lines("loads into", each(MEMORY, [...REGS, "_", "1"], (t, d) => `ld.global.${t} ${d}, [d3]`), each(["u32", "f32", "b16", "b64"], REGS, (t, d) => `ld.global.v2.${t} {${d}, ${own[t]}}, [d3]`), ["{_, r1}", "{r1, _}", "{r1, r1}", "{r1}", "r1", "{r1, r2, r3}"].map((d) => `ld.v2.u32 ${d}, [d3]`)),
  lines("stores of", each(MEMORY, SOURCES, (t, a) => `st.global.${t} [d3], ${a}`), each(["u32", "f32", "b16", "b64"], [...REGS, "1", "1.0"], (t, a) => `st.global.v2.${t} [d3], {${a}, ${own[t]}}`)),
  lines("addresses", each(["", ".global", ".shared", ".local", ".const", ".param"], [...REGS, "gv", "sv", "lv", "cv", "pv", "gv+4", "sv+4", "d1+4", "d1+-4", "r1+8", "4", "1.0", "%tid.x", "callee"], (space, a) => `ld${space}.u32 r3, [${a}]`),
    each(["", ".global", ".shared"], [...REGS, "gv", "sv", "cv", "4"], (space, a) => `atom${space}.add.u32 r3, [${a}], r1`), ["r1", "d1", "f1", "gv"].map((a) => `prefetch.global.L2 [${a}]`), ["ld.u32 r3, d1", "ld.u32 r3, gv", "st.u32 d1, r1"]),
  lines("values of atomics", each(["u32", "s32", "f32", "u64", "f64"], SOURCES, (t, b) => `atom.global.add.${t} ${own[t]}, [d3], ${b}`), each(["u32", "f32"], SOURCES, (t, b) => `red.global.add.${t} [d3], ${b}`), each(["b32", "b64"], SOURCES, (t, b) => `atom.global.cas.${t} ${own[t]}, [d3], ${own[t]}, ${b}`),
    each(["u32", "f32"], [...REGS, "_", "1"], (t, d) => `atom.global.add.${t} ${d}, [d3], ${own[t]}`)),
  lines("packs", ["r1", "f1", "u1", "h1", "d1", "1", "gv"].flatMap((a) => [`mov.b64 d3, {r2, ${a}}`, `mov.b32 r3, {${a}, h2}`, `mov.b64 {r2, ${a}}, d3`]), ["mov.b64 d3, {r1, r2, r3}", "mov.b64 d3, {h1, h2, h3, h4}", "mov.b64 {_, r2}, d3", "mov.b64 e3, {r1, r2}", "mov.b32 f3, {h1, h2}", "mov.b64 {h1, h2, h3, h4}, e3"]),
  lines("warps", SOURCES.flatMap((a) => [`shfl.sync.idx.b32 r3, ${a}, 1, 31, -1`, `shfl.sync.idx.b32 r3, r1, ${a}, 31, -1`, `shfl.sync.idx.b32 r3, r1, 1, 31, ${a}`, `vote.sync.ballot.b32 r3, ${a}, -1`, `vote.sync.any.pred p3, p1, ${a}`, `match.any.sync.b32 r3, ${a}, -1`, `redux.sync.add.u32 r3, ${a}, -1`, `bar.sync ${a}`, `bar.sync 1, ${a}`, `bar.red.popc.u32 r3, 1, ${a}`, `nanosleep.u32 ${a}`])),
  lines("guards", ["p1", "!p1"].map((p) => `@${p} mov.u32 r1, 1`), ["add.u32 r1, r2", "add.u32 r1, r2, r3, r4", "mov.u32 r1", "ret r1", "not.b32 r1, !r2", "add.u32 r1, -r2, r3", "add.f32 f1, -f2, f3", "and.pred p1, !p2, p3", "mov.pred p1, !p2", "selp.u32 r1, 1, 0, !p1", "add.u32 r1, r2, (1+2)*3", "mov.u32 r1, 1<<4", "mov.u32 r1, 5/2", "mov.u32 r1, ~1", "mov.s32 r1, !1", "mov.u32 r1, 1?2:3", "mov.u32 r1, 'a'", "mov.u32 r1, 0b101", "mov.u32 r1, 017", "mov.u32 r1, 10U", "mov.u64 d1, 10ULL", "mov.f32 f1, 1e3", "mov.f32 f1, .5", "mov.f32 f1, 1.", "mov.f64 e1, 0F3F800000", "mov.u64 d1, gv+4*2", "mov.u64 d1, gv-4", "mov.u64 d1, gv[4]", "mov.u64 d1, callee", "mov.u32 r1, WARP_SZ", "add.u32 r1, r2, WARP_SZ"]),
];
