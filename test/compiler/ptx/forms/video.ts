import { family, type Family } from "./grammar.ts";

const TYPES = "u32 s32 u16";
/** PTX ISA 9.7.17: scalar and vector video instructions. */
export const videoForms: readonly Family[] = [
  family("vadd, vsub, vabsdiff, vmin, vmax", ["vadd vsub vabsdiff vmin vmax", "u32 s32", "u32 s32", "u32 s32", "- sat"], "r0, r1.b0, r2.h1"),
  family("with a second operation", ["vadd vsub vabsdiff vmin vmax", TYPES, "s32", "u32 s32", "- sat", "add min max sub"], "r0, r1, r2, r3"),
  family("with a place", ["vadd vsub vabsdiff vmin vmax", TYPES, "s32", "u32 s32", "- sat"], "r0.b1, r1, r2.h0, r3"),
  family("vshl, vshr", ["vshl vshr", "u32 s32", "u32 s32", "u32 s32", "- sat", "- clamp wrap"], "r0, r1.b1, r2"),
  family("vshl, vshr with a second operation", ["vshl vshr", "u32 s32", "u32", "u32", "- sat", "clamp wrap", "add min max"], "r0, r1, r2, r3"),
  family("vmad", ["vmad", "u32 s32", "u32 s32", "u32 s32", "- sat", "- shr7 shr15 shr8"], "r0, r1.h0, -r2.h1, r3"),
  family("vmad.po", ["vmad", "u32 s32", "u32 s32", "u32 s32", "po", "- sat", "- shr7 shr15"], "r0, r1, r2, r3"),
  family("vset", ["vset", "u32 s32", "u32 s32", "eq ne lt le gt ge lo", "- add min max"], (_, parts) => (/^(?:add|min|max)$/.test(parts.at(-1)!) ? "r0, r1, r2, r3" : "r0, r1.b3, r2.h0")),
  family("of pairs", ["vadd2 vsub2 vavrg2 vabsdiff2 vmin2 vmax2", "u32 s32", "u32 s32", "u32 s32", "- sat", "- add"], "r0, r1, r2, r3"),
  family("of pairs, masked", ["vadd2 vavrg2 vabsdiff2 vmax2", "u32 s32", "s32", "u32", "- sat"], "r0.h10, r1.h32, r2.h10, r3"),
  family("of fours", ["vadd4 vsub4 vavrg4 vabsdiff4 vmin4 vmax4", "u32 s32", "u32 s32", "u32 s32", "- sat", "- add"], "r0, r1, r2, r3"),
  family("of fours, masked", ["vadd4 vavrg4 vabsdiff4 vmin4", "u32 s32", "s32", "u32", "- sat"], "r0.b10, r1.b3210, r2.b7654, r3"),
  family("vset2, vset4", ["vset2 vset4", "u32 s32", "u32 s32", "eq ne lt le gt ge", "- add"], "r0, r1, r2, r3"),
];
