import { Out } from "../../api/out.ts";
import type { DeviceCode } from "../../compiler/abi.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUjit_cacheMode, CUjit_fallback, CUjit_option, CUjit_target } from "../abi/driver/enums.ts";

/** Options of the just-in-time compiler that have an effect here: logs, the time taken, registers, the target. */
export interface JitOptions {
  readonly infoLog: Out<string> | null;
  readonly infoSize: number | Out<number>;
  readonly errorLog: Out<string> | null;
  readonly errorSize: number | Out<number>;
  readonly wallTime: Out<number> | null;
  /** Most registers a thread may have; 0: as many as it likes. */
  readonly maxRegisters: number;
  /** CU_JIT_TARGET as a compute capability; null: that of the current device. */
  readonly target: readonly [number, number] | null;
  /** Addresses that external variables of the code stand for (CU_JIT_GLOBAL_SYMBOL_*). */
  readonly globals: ReadonlyMap<string, number>;
}

const isCount = (value: unknown): boolean => typeof value === "number" && Number.isInteger(value) && value >= 0;
const isBox = (value: unknown): boolean => value === null || value === undefined || value instanceof Out;
const isNames = (value: unknown): boolean => Array.isArray(value) && value.every((name) => typeof name === "string");
const isAny = (): boolean => true;
const among = (values: object) => (value: unknown): boolean => Object.values(values).includes(value as never);

/** What the value of each option may be, and the rule in words (CUDA Driver API, CUjit_option). */
const rules: Readonly<Record<Exclude<CUjit_option, 35>, readonly [allowed: (value: unknown) => boolean, rule: string]>> = {
  [cu.CU_JIT_MAX_REGISTERS]: [isCount, "CU_JIT_MAX_REGISTERS must be a number of registers"],
  [cu.CU_JIT_THREADS_PER_BLOCK]: [(value) => (value instanceof Out ? value.isSet && isCount(value.value) : isCount(value)), "CU_JIT_THREADS_PER_BLOCK must be a number of threads, or an out() box with one, which keeps it"],
  [cu.CU_JIT_WALL_TIME]: [isBox, "CU_JIT_WALL_TIME must be an out() box"],
  [cu.CU_JIT_INFO_LOG_BUFFER]: [isBox, "a log buffer must be an out() box"],
  [cu.CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES]: [(value) => isBox(value) || isCount(value), "the size of a log buffer must be a number or an out() box with one"],
  [cu.CU_JIT_ERROR_LOG_BUFFER]: [isBox, "a log buffer must be an out() box"],
  [cu.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES]: [(value) => isBox(value) || isCount(value), "the size of a log buffer must be a number or an out() box with one"],
  [cu.CU_JIT_OPTIMIZATION_LEVEL]: [(value) => isCount(value) && (value as number) <= 4, "CU_JIT_OPTIMIZATION_LEVEL must be 0 to 4"],
  [cu.CU_JIT_TARGET_FROM_CUCONTEXT]: [isAny, ""],
  [cu.CU_JIT_TARGET]: [among(CUjit_target), "CU_JIT_TARGET must be of CUjit_target"],
  [cu.CU_JIT_FALLBACK_STRATEGY]: [among(CUjit_fallback), "CU_JIT_FALLBACK_STRATEGY must be of CUjit_fallback"],
  [cu.CU_JIT_GENERATE_DEBUG_INFO]: [isCount, "CU_JIT_GENERATE_DEBUG_INFO must be a number"],
  [cu.CU_JIT_LOG_VERBOSE]: [isCount, "CU_JIT_LOG_VERBOSE must be a number"],
  [cu.CU_JIT_GENERATE_LINE_INFO]: [isCount, "CU_JIT_GENERATE_LINE_INFO must be a number"],
  [cu.CU_JIT_CACHE_MODE]: [among(CUjit_cacheMode), "CU_JIT_CACHE_MODE must be of CUjit_cacheMode"],
  [cu.CU_JIT_NEW_SM3X_OPT]: [isAny, ""],
  [cu.CU_JIT_FAST_COMPILE]: [isAny, ""],
  [cu.CU_JIT_GLOBAL_SYMBOL_NAMES]: [isNames, "CU_JIT_GLOBAL_SYMBOL_NAMES must be names"],
  [cu.CU_JIT_GLOBAL_SYMBOL_ADDRESSES]: [Array.isArray, "CU_JIT_GLOBAL_SYMBOL_ADDRESSES must be addresses"],
  [cu.CU_JIT_GLOBAL_SYMBOL_COUNT]: [isCount, "CU_JIT_GLOBAL_SYMBOL_COUNT must be a number"],
  [cu.CU_JIT_LTO]: [isAny, ""],
  [cu.CU_JIT_FTZ]: [isAny, ""],
  [cu.CU_JIT_PREC_DIV]: [isAny, ""],
  [cu.CU_JIT_PREC_SQRT]: [isAny, ""],
  [cu.CU_JIT_FMA]: [isAny, ""],
  [cu.CU_JIT_REFERENCED_KERNEL_NAMES]: [isAny, ""],
  [cu.CU_JIT_REFERENCED_KERNEL_COUNT]: [isAny, ""],
  [cu.CU_JIT_REFERENCED_VARIABLE_NAMES]: [isAny, ""],
  [cu.CU_JIT_REFERENCED_VARIABLE_COUNT]: [isAny, ""],
  [cu.CU_JIT_OPTIMIZE_UNUSED_DEVICE_VARIABLES]: [isAny, ""],
  [cu.CU_JIT_POSITION_INDEPENDENT_CODE]: [isCount, "CU_JIT_POSITION_INDEPENDENT_CODE must be a number"],
  [cu.CU_JIT_MIN_CTA_PER_SM]: [isCount, "CU_JIT_MIN_CTA_PER_SM must be a number"],
  [cu.CU_JIT_MAX_THREADS_PER_BLOCK]: [isCount, "CU_JIT_MAX_THREADS_PER_BLOCK must be a number"],
  [cu.CU_JIT_OVERRIDE_DIRECTIVE_VALUES]: [isCount, "CU_JIT_OVERRIDE_DIRECTIVE_VALUES must be a number"],
  [cu.CU_JIT_SPLIT_COMPILE]: [isCount, "CU_JIT_SPLIT_COMPILE must be a number of threads"],
};

/** The compute capability of an enumerator of CUjit_target, whose upper half says which features are exact. */
function capability(target: number): [number, number] {
  const number = target & 0xffff;
  return [Math.floor(number / 10), number % 10];
}

/** Variables and their addresses, or the rule that was broken. */
function globalSymbols(found: ReadonlyMap<CUjit_option, unknown>): ReadonlyMap<string, number> | string {
  const globals = new Map<string, number>();
  const count = (found.get(cu.CU_JIT_GLOBAL_SYMBOL_COUNT) as number | undefined) ?? 0;
  const names = (found.get(cu.CU_JIT_GLOBAL_SYMBOL_NAMES) as readonly string[] | undefined) ?? [];
  const addresses = (found.get(cu.CU_JIT_GLOBAL_SYMBOL_ADDRESSES) as readonly unknown[] | undefined) ?? [];
  for (let i = 0; i < count; i++) {
    const [name, address] = [names[i], addresses[i]];
    if (name === undefined || typeof address !== "number") return "there must be CU_JIT_GLOBAL_SYMBOL_COUNT names and addresses of symbols";
    if (globals.has(name)) return `symbol ${name} must have one address`;
    globals.set(name, address);
  }
  return globals;
}

/**
 * Reads options. Log buffers are `Out<string>`, their sizes numbers or `Out<number>` (bytes of room before, bytes written after), the wall time an
 * `Out<number>` in milliseconds. Addresses of global symbols are numbers. Deprecated options and hints are accepted without effect.
 * @returns the options, or the rule that was broken.
 */
export function readJitOptions(count: number, options: readonly CUjit_option[] | null, values: readonly unknown[] | null): JitOptions | string {
  if (!(count >= 0)) return "numOptions must not be negative";
  if (count > 0 && (options === null || values === null || options.length < count || values.length < count)) return "there must be numOptions options and values";
  const found = new Map<CUjit_option, unknown>();
  for (let i = 0; i < count; i++) {
    const option = options![i]!;
    if (option === cu.CU_JIT_NUM_OPTIONS || !Object.values(CUjit_option).includes(option)) return `option ${option} must be of CUjit_option`;
    const [allowed, rule] = rules[option];
    if (!allowed(values![i])) return rule;
    found.set(option, values![i] ?? null);
  }
  const target = found.get(cu.CU_JIT_TARGET) as number | undefined;
  if (target !== undefined && found.has(cu.CU_JIT_TARGET_FROM_CUCONTEXT)) return "CU_JIT_TARGET and CU_JIT_TARGET_FROM_CUCONTEXT exclude each other";
  if (target !== undefined && found.has(cu.CU_JIT_THREADS_PER_BLOCK)) return "CU_JIT_TARGET and CU_JIT_THREADS_PER_BLOCK exclude each other";
  const globals = globalSymbols(found);
  if (typeof globals === "string") return globals;
  const get = <T>(option: CUjit_option, absent: T): T => (found.get(option) as T | null | undefined) ?? absent;
  return {
    infoLog: get(cu.CU_JIT_INFO_LOG_BUFFER, null), infoSize: get(cu.CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES, 0),
    errorLog: get(cu.CU_JIT_ERROR_LOG_BUFFER, null), errorSize: get(cu.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, 0),
    wallTime: get(cu.CU_JIT_WALL_TIME, null), maxRegisters: get(cu.CU_JIT_MAX_REGISTERS, 0), target: target === undefined ? null : capability(target), globals,
  };
}

function write(log: Out<string> | null, size: number | Out<number>, text: string, room: number): void {
  const cut = room > 0 ? text.slice(0, room - 1) : "";
  if (log !== null) log.value = cut;
  if (typeof size !== "number") size.value = cut === "" ? 0 : cut.length + 1;
}

const roomOf = (size: number | Out<number>): number => (typeof size === "number" ? size : size.isSet ? size.value : 0);

/** Log buffers of one set of options: what is said later goes behind what was said before, as far as there is room. */
export class JitLogs {
  private readonly jit: JitOptions;
  private readonly room: { readonly info: number; readonly error: number };
  private info = "";
  private error = "";
  private nanoseconds = 0;

  constructor(jit: JitOptions) {
    this.jit = jit;
    this.room = { info: roomOf(jit.infoSize), error: roomOf(jit.errorSize) };
  }

  /** Adds lines and time to what was said. */
  add(info: string, error: string, nanoseconds: number): void {
    const { jit, room } = this;
    this.info += info;
    this.error += error;
    this.nanoseconds += nanoseconds;
    write(jit.infoLog, jit.infoSize, this.info, room.info);
    write(jit.errorLog, jit.errorSize, this.error, room.error);
    if (jit.wallTime !== null) jit.wallTime.value = this.nanoseconds / 1e6;
  }
}

/** Puts a refusal into the error log. */
export function reportRefusal(jit: JitOptions | null, log: string): void {
  if (jit !== null) new JitLogs({ ...jit, wallTime: null }).add("", `${log}\n`, 0);
}

/** Registers, shared and constant memory of each kernel, as ptxas -v says it. */
export function compiledLines(code: DeviceCode): string {
  const lines: string[] = [];
  for (const info of code.kernels.values()) {
    lines.push(`ptxas info    : Compiling entry function '${info.name}'\n`);
    lines.push(`ptxas info    : Used ${info.attributes.registers} registers, ${info.sharedBytes} bytes smem, ${info.paramBytes} bytes cmem[0]\n`);
  }
  return lines.join("");
}

/** Puts what was compiled into the info log. */
export function reportCompiled(jit: JitOptions | null, code: DeviceCode, nanoseconds: number): void {
  if (jit !== null) new JitLogs(jit).add(compiledLines(code), "", nanoseconds);
}
