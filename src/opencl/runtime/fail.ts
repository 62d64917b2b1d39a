import type { Caller } from "../../api/caller.ts";
import { callSite } from "../../api/diagnostics.ts";
import type { Out } from "../../api/out.ts";
import { errorNames, type cl_error } from "../abi/errors.ts";
import type { cl_int } from "../abi/types.ts";

/** Values that broke a rule, by parameter name. */
export type Values = Readonly<Record<string, unknown>>;

/**
 * The one way to fail: records why, and gives the code.
 * @param rule the rule that was broken, as a sentence
 */
export function fail(t: Caller, code: cl_error, rule: string, values: Values = {}): cl_int {
  t.diagnostics.add({
    kind: "api-error", api: "opencl", call: t.call, code, codeName: errorNames.get(code) ?? "", message: rule, values,
    process: t.process.name, pid: t.sys.pid, tid: t.sys.tid, time: t.sys.clockGettime(), site: callSite(),
  });
  return code;
}

/** As `fail`, for functions that return an object: the code goes to errcode_ret, and NULL is returned. */
export function failNull(t: Caller, errcode_ret: Out<cl_int> | null, code: cl_error, rule: string, values: Values = {}): never {
  fail(t, code, rule, values);
  if (errcode_ret !== null) errcode_ret.value = code;
  return 0 as never;
}

/** Records something that OpenCL leaves undefined and that is surely a mistake of the program. The call goes on. */
export function misuse(t: Caller, rule: string, values: Values = {}): void {
  t.diagnostics.add({
    kind: "misuse", api: "opencl", call: t.call, code: 0, codeName: "", message: rule, values,
    process: t.process.name, pid: t.sys.pid, tid: t.sys.tid, time: t.sys.clockGettime(), site: callSite(),
  });
}

/** Success of a function that returns an object. */
export function created<H extends number>(errcode_ret: Out<cl_int> | null, handle: number): H {
  if (errcode_ret !== null) errcode_ret.value = 0;
  return handle as H;
}
