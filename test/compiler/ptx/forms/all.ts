import type { Family } from "./grammar.ts";
import { compareForms, convertForms, floatForms, integerForms } from "./arithmetic.ts";
import { matrixForms } from "./matrix.ts";
import { atomicForms, memoryForms } from "./memory.ts";
import { videoForms } from "./video.ts";
import { asyncForms, warpForms } from "./warp.ts";

export { moduleOf } from "./grammar.ts";

/** All families. */
export const allForms: readonly Family[] = [...integerForms, ...floatForms, ...compareForms, ...convertForms, ...memoryForms, ...atomicForms, ...warpForms, ...asyncForms, ...matrixForms, ...videoForms];
