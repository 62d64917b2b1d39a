import { Out } from "../../api/out.ts";
import type { DeviceCode } from "../../compiler/abi.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUjit_option } from "../abi/driver/enums.ts";

/** Options of the just-in-time compiler that have an effect here: logs and the time taken. */
export interface JitOptions {
  readonly infoLog: Out<string> | null;
  readonly infoSize: number | Out<number>;
  readonly errorLog: Out<string> | null;
  readonly errorSize: number | Out<number>;
  readonly wallTime: Out<number> | null;
}

/**
 * Reads options. Log buffers are `Out<string>`, their sizes numbers or `Out<number>` (bytes of room before, bytes written after), the wall time an
 * `Out<number>` in milliseconds. Others are accepted without effect.
 * @returns the options, or the rule that was broken.
 */
export function readJitOptions(count: number, options: readonly CUjit_option[] | null, values: readonly unknown[] | null): JitOptions | string {
  if (!(count >= 0)) return "numOptions must not be negative";
  if (count > 0 && (options === null || values === null || options.length < count || values.length < count)) return "there must be numOptions options and values";
  const found = new Map<CUjit_option, unknown>();
  for (let i = 0; i < count; i++) {
    const option = options![i]!;
    if (!Object.values(CUjit_option).includes(option) || option === cu.CU_JIT_NUM_OPTIONS) return `option ${option} must be of CUjit_option`;
    found.set(option, values![i]);
  }
  const log = (option: CUjit_option): Out<string> | null | undefined => {
    const value = found.get(option);
    return value === undefined || value === null ? null : value instanceof Out ? (value as Out<string>) : undefined;
  };
  const size = (option: CUjit_option): number | Out<number> | undefined => {
    const value = found.get(option);
    if (value === undefined || value === null) return 0;
    return typeof value === "number" || value instanceof Out ? (value as number | Out<number>) : undefined;
  };
  const infoLog = log(cu.CU_JIT_INFO_LOG_BUFFER);
  const errorLog = log(cu.CU_JIT_ERROR_LOG_BUFFER);
  const infoSize = size(cu.CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES);
  const errorSize = size(cu.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
  const wallTime = found.get(cu.CU_JIT_WALL_TIME) ?? null;
  if (infoLog === undefined || errorLog === undefined) return "a log buffer must be an out() box";
  if (infoSize === undefined || errorSize === undefined) return "the size of a log buffer must be a number or an out() box with one";
  if (wallTime !== null && !(wallTime instanceof Out)) return "CU_JIT_WALL_TIME must be an out() box";
  return { infoLog, infoSize, errorLog, errorSize, wallTime: wallTime as Out<number> | null };
}

function write(log: Out<string> | null, size: number | Out<number>, text: string): void {
  const room = typeof size === "number" ? size : size.isSet ? size.value : 0;
  const cut = room > 0 ? text.slice(0, room - 1) : "";
  if (log !== null) log.value = cut;
  if (typeof size !== "number") size.value = cut === "" ? 0 : cut.length + 1;
}

/** Puts a refusal into the error log. */
export function reportRefusal(jit: JitOptions | null, log: string): void {
  if (jit === null) return;
  write(jit.errorLog, jit.errorSize, `${log}\n`);
  write(jit.infoLog, jit.infoSize, "");
}

/** Puts what was compiled into the info log: registers, shared and constant memory of each kernel, as ptxas -v says it. */
export function reportCompiled(jit: JitOptions | null, code: DeviceCode, nanoseconds: number): void {
  if (jit === null) return;
  const lines: string[] = [];
  for (const info of code.kernels.values()) {
    lines.push(`ptxas info    : Compiling entry function '${info.name}'`);
    lines.push(`ptxas info    : Used ${info.attributes.registers} registers, ${info.sharedBytes} bytes smem, ${info.paramBytes} bytes cmem[0]`);
  }
  write(jit.infoLog, jit.infoSize, lines.map((line) => `${line}\n`).join(""));
  write(jit.errorLog, jit.errorSize, "");
  if (jit.wallTime !== null) jit.wallTime.value = nanoseconds / 1e6;
}
