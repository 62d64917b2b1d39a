import { callSite, type Diagnostic } from "../../../api/diagnostics.ts";
import type { Caller } from "../../../api/caller.ts";
import { CUresult } from "../../abi/driver/enums.ts";
import { cudaError_t } from "../../abi/runtime/enums.ts";

const driverNames = new Map<number, string>(Object.entries(CUresult).map(([name, code]) => [code, name]));
const runtimeNames = new Map<number, string>(Object.entries(cudaError_t).map(([name, code]) => [code, name]));

/** The enumerator's name of a driver code, or null. */
export function resultName(code: number): string | null {
  return driverNames.get(code) ?? null;
}

/** The enumerator's name of a runtime code, or null. */
export function errorName(code: number): string | null {
  return runtimeNames.get(code) ?? null;
}

/**
 * Explains an error and returns its code. Called by the runtime's functions too (which stand on the driver's): the diagnostic then
 * names the runtime's function and code.
 * @param rule the rule that was broken, as a sentence.
 * @param values the values that broke it.
 */
export function fail<C extends number>(t: Caller, code: C, rule: string, values: Readonly<Record<string, unknown>> = {}): C {
  const runtime = t.call.startsWith("cuda");
  latest = {
    kind: "api-error",
    api: runtime ? "cudart" : "cuda",
    call: t.call,
    code,
    codeName: (runtime ? errorName(code) : resultName(code)) ?? `code ${code}`,
    message: rule,
    values,
    process: t.process.name,
    pid: t.process.pid,
    tid: t.thread.tid,
    time: t.sys.clockGettime(),
    site: callSite(),
  };
  t.diagnostics.add(latest);
  return code;
}

let latest: Diagnostic | null = null;

/** What explains a code that a call has just answered: for the error that a facade throws then. */
export function explanation(call: string, code: number): Diagnostic | null {
  return latest !== null && latest.call === call && latest.code === code ? latest : null;
}

/** Notes something that C lets pass but no program means: no error code goes with it. */
export function misuse(t: Caller, message: string, values: Readonly<Record<string, unknown>> = {}): void {
  t.diagnostics.add({
    kind: "misuse", api: t.call.startsWith("cuda") ? "cudart" : "cuda", call: t.call, code: 0, codeName: "", message, values,
    process: t.process.name, pid: t.process.pid, tid: t.thread.tid, time: t.sys.clockGettime(), site: callSite(),
  });
}
