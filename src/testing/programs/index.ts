import type { SimProcess } from "../../host/host-process.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import { runOnDriver } from "./driver.ts";
import type { LineProgram, Outcome } from "./language.ts";
import { runOnOpenCl } from "./opencl.ts";
import { runOnRuntime } from "./runtime.ts";

/** APIs that a line program can be run on. */
export const apiNames = ["driver", "runtime", "opencl"] as const;
/** "driver": cu*, "runtime": cuda*, "opencl": cl*. */
export type ApiName = (typeof apiNames)[number];

const interpreters = { driver: runOnDriver, runtime: runOnRuntime, opencl: runOnOpenCl } as const;

/** Runs a line program in a simulated process, on one of the APIs. @throws ApiFailure, RangeError (a buffer in pieces) */
export function runProgram(p: SimProcess, api: ApiName, program: LineProgram): Blocking<Outcome> {
  return interpreters[api](p, program);
}
