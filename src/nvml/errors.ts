import type { Caller } from "../api/caller.ts";
import { callSite, formatDiagnostic, type Diagnostic } from "../api/diagnostics.ts";
import { nvmlReturn_t } from "./abi.ts";

const names = new Map<number, string>(Object.entries(nvmlReturn_t).map(([name, code]) => [code, name]));

/** What nvmlErrorString says. */
const texts: Readonly<Record<nvmlReturn_t, string>> = {
  0: "Success", 1: "Uninitialized", 2: "Invalid Argument", 3: "Not Supported", 4: "Insufficient Permissions", 5: "Already Initialized", 6: "Not Found", 7: "Insufficient Size",
  8: "Insufficient External Power", 9: "Driver Not Loaded", 10: "Timeout", 11: "Interrupt Request Issue", 12: "NVML Shared Library Not Found", 13: "Function Not Found", 14: "Corrupted infoROM",
  15: "GPU is lost", 16: "GPU requires restart", 17: "The operating system has blocked the request.", 18: "RM has detected an NVML/RM version mismatch.", 19: "In use by another client",
  20: "Insufficient Memory", 21: "No data", 22: "The requested vgpu operation is not available because ECC is enabled", 23: "Insufficient Resources",
  24: "The requested frequency is not supported", 25: "The provided version is not supported", 26: "The requested functionality has been deprecated", 27: "Not Ready", 28: "No GPUs were found",
  29: "Resource not in correct state to perform requested operation", 999: "Unknown Error",
};

/** Text of a code; "Unknown Error" for numbers that are none. */
export function errorText(code: number): string {
  return texts[code as nvmlReturn_t] ?? texts[999];
}

let latest: Diagnostic | null = null;

/** Explains an error and returns its code. @param rule the rule that was broken @param values the values that broke it */
export function fail<C extends nvmlReturn_t>(t: Caller, code: C, rule: string, values: Readonly<Record<string, unknown>> = {}): C {
  latest = {
    kind: "api-error", api: "nvml", call: t.call, code, codeName: names.get(code) ?? `code ${code}`, message: rule, values,
    process: t.process.name, pid: t.process.pid, tid: t.thread.tid, time: t.sys.clockGettime(), site: callSite(),
  };
  t.diagnostics.add(latest);
  return code;
}

/** What explains a code that a call has just answered. */
export function explanation(call: string, code: number): Diagnostic | null {
  return latest !== null && latest.call === call && latest.code === code ? latest : null;
}

/** NVML's code for a negative errno of the control node. Total: what is not foreseen is UNKNOWN. */
export function codeOf(errno: number): nvmlReturn_t {
  switch (-errno) {
    case 1: case 13: return nvmlReturn_t.NVML_ERROR_NO_PERMISSION;
    case 2: return nvmlReturn_t.NVML_ERROR_NOT_FOUND;
    case 12: return nvmlReturn_t.NVML_ERROR_MEMORY;
    case 16: return nvmlReturn_t.NVML_ERROR_IN_USE;
    case 19: return nvmlReturn_t.NVML_ERROR_GPU_IS_LOST;
    case 22: return nvmlReturn_t.NVML_ERROR_INVALID_ARGUMENT;
    case 28: return nvmlReturn_t.NVML_ERROR_INSUFFICIENT_RESOURCES;
    case 95: return nvmlReturn_t.NVML_ERROR_NOT_SUPPORTED;
    default: return nvmlReturn_t.NVML_ERROR_UNKNOWN;
  }
}

/** What the throwing facade throws. */
export class NvmlError extends Error {
  /** The function that answered it. */
  readonly call: string;
  readonly code: number;
  readonly codeName: string;
  readonly diagnostic: Diagnostic | null;

  constructor(call: string, code: number, diagnostic: Diagnostic | null = null) {
    const codeName = names.get(code) ?? `code ${code}`;
    super(diagnostic === null ? `${call}: ${codeName}` : formatDiagnostic(diagnostic));
    this.name = "NvmlError";
    this.call = call;
    this.code = code;
    this.codeName = codeName;
    this.diagnostic = diagnostic;
  }
}
