import * as activity from "./activity.ts";
import * as computeInstance from "./compute-instance.ts";
import * as device from "./device.ts";
import * as init from "./init.ts";
import * as mig from "./mig.ts";
import * as process from "./process.ts";
import { refused } from "./refused.ts";
import * as system from "./system.ts";

type Only<M> = { readonly [K in keyof M as K extends `nvml${string}` ? K : never]: M[K] };

/** The functions of NVML: those of the chapter files, and the refused ones. */
export type Nvml = Only<typeof init> & Only<typeof system> & Only<typeof device> & Only<typeof activity> & Only<typeof process> & Only<typeof mig> & Only<typeof computeInstance> & typeof refused;

/** Everything that a chapter exports under a C name. */
function functions(chapter: object): object {
  return Object.fromEntries(Object.entries(chapter).filter(([name]) => name.startsWith("nvml")));
}

/** The implementation: functions `(t, ...C parameters)`. */
export const nvml: Nvml = Object.assign({}, refused, ...[init, system, device, activity, process, mig, computeInstance].map(functions)) as Nvml;
