import type { OpenCl } from "../../../../src/opencl/index.ts";

/** One broken rule: the function, the rule in a few words, the code that the manual gives, and a call that breaks this rule only. */
export type Row = readonly [fn: keyof OpenCl, rule: string, code: number, call: () => number];
