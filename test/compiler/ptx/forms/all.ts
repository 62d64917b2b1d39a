import type { Family } from "./grammar.ts";
import { compareForms, convertForms, floatForms, integerForms } from "./arithmetic.ts";
import { matrixForms } from "./matrix.ts";
import { atomicForms, memoryForms } from "./memory.ts";
import { operandForms } from "./operands.ts";
import { textureForms } from "./texture.ts";
import { videoForms } from "./video.ts";
import { asyncForms, warpForms } from "./warp.ts";

export { exceptions } from "./exceptions.ts";
export { moduleOf } from "./grammar.ts";

/** Families by chapter of the ISA. */
export const chapters: readonly (readonly [title: string, families: readonly Family[]])[] = [
  ["Integers", integerForms], ["Floating point", floatForms], ["Comparison and selection", compareForms], ["Conversions", convertForms], ["Data movement", memoryForms],
  ["Atomics and fences", atomicForms], ["Barriers and warps", warpForms], ["mbarriers and asynchronous copies", asyncForms], ["Textures and surfaces", textureForms], ["Matrices", matrixForms], ["Video", videoForms], ["Operands", operandForms],
];

/** All families. */
export const allForms: readonly Family[] = chapters.flatMap(([, families]) => families);
