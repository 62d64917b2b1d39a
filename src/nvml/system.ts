import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import type { IoctlTable } from "../kernel/sys/uapi.ts";
import { nvmlReturn_t } from "./abi.ts";
import { enter, request } from "./core.ts";
import { fail } from "./errors.ts";

/** System Queries. */

/**
 * Gives a text to a C buffer.
 * @returns INVALID_ARGUMENT: no buffer. INSUFFICIENT_SIZE: it is too short for the text and its NUL.
 */
export function giveText(t: Caller, box: Out<string> | null, length: number, text: string): nvmlReturn_t {
  if (box === null) return fail(t, nvmlReturn_t.NVML_ERROR_INVALID_ARGUMENT, "the buffer must not be NULL");
  if (length <= text.length) return fail(t, nvmlReturn_t.NVML_ERROR_INSUFFICIENT_SIZE, "the buffer is too short for the text", { length, needed: text.length + 1 });
  box.value = text;
  return 0;
}

function versions(t: Caller): IoctlTable["NV_SYSTEM"] | nvmlReturn_t {
  const state = enter(t);
  if (typeof state === "number") return state;
  const arg: IoctlTable["NV_SYSTEM"] = { driverVersion: "", apiVersion: 0 };
  const code = request(t, state, "NV_SYSTEM", arg);
  return code === 0 ? arg : code;
}

/** Version of the driver: "580.65.06". @returns UNINITIALIZED, INVALID_ARGUMENT, INSUFFICIENT_SIZE */
export function nvmlSystemGetDriverVersion(t: Caller, version: Out<string> | null, length: number): nvmlReturn_t {
  const found = versions(t);
  return typeof found === "number" ? found : giveText(t, version, length, found.driverVersion);
}

/** Version of this library: "13.580.65.06". @returns UNINITIALIZED, INVALID_ARGUMENT, INSUFFICIENT_SIZE */
export function nvmlSystemGetNVMLVersion(t: Caller, version: Out<string> | null, length: number): nvmlReturn_t {
  const found = versions(t);
  return typeof found === "number" ? found : giveText(t, version, length, `${Math.floor(found.apiVersion / 1000)}.${found.driverVersion}`);
}

/** The newest CUDA version that the driver runs, 1000 * major + 10 * minor. @returns INVALID_ARGUMENT: NULL */
export function nvmlSystemGetCudaDriverVersion_v2(t: Caller, cudaDriverVersion: Out<number> | null): nvmlReturn_t {
  if (cudaDriverVersion === null) return fail(t, nvmlReturn_t.NVML_ERROR_INVALID_ARGUMENT, "cudaDriverVersion must not be NULL");
  const found = versions(t);
  if (typeof found === "number") return found;
  cudaDriverVersion.value = found.apiVersion;
  return 0;
}

/** Name of a process, as it was called. @returns UNINITIALIZED. INVALID_ARGUMENT: name NULL, length 0. NOT_FOUND: no such process. */
export function nvmlSystemGetProcessName(t: Caller, pid: number, name: Out<string> | null, length: number): nvmlReturn_t {
  const state = enter(t);
  if (typeof state === "number") return state;
  if (name === null || length === 0) return fail(t, nvmlReturn_t.NVML_ERROR_INVALID_ARGUMENT, "name must not be NULL and length not 0", { length });
  const line = t.sys.readFile(`/proc/${pid}/cmdline`);
  if (typeof line === "number") return fail(t, nvmlReturn_t.NVML_ERROR_NOT_FOUND, "there is no such process", { pid });
  name.value = (line.split("\0")[0] ?? "").slice(0, length - 1);
  return 0;
}
