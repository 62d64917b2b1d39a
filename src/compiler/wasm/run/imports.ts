import { listedArguments, packedArguments, readString, type ListedArgument } from "../../printf/arguments.ts";
import { formatPrintf } from "../../printf/format.ts";
import { MAX_CALL_DEPTH } from "../../ir/limits.ts";
import { isFloat, type Type } from "../../ir/types.ts";
import { frame, launch, record, RECORD_SHIFT, RECORDS } from "../lower/layout.ts";
import type { KernelProgram } from "../slow/program.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";
import { beginGroup, checkAccess, passBarrier } from "./checked.ts";
import { outside, readByte, resolveAccess, writeSpread } from "./access.ts";
import type { Run } from "./context.ts";
import { exactFunction } from "./exact.ts";

/** Which launch the instance's imports act for; set before each call into it. */
export interface Active {
  run: Run | null;
}

/** Functions that the modules of one kernel import, by name. */
export function importsFor(program: KernelProgram, names: readonly string[], active: Active): Record<string, (...args: never[]) => unknown> {
  const run = (): Run => {
    if (active.run === null) throw new EmulatorBug("device code called out while no launch is running");
    return active.run;
  };
  const fixed: Readonly<Record<string, (...args: never[]) => unknown>> = {
    fault: (address: bigint, size: number, mask: number, kind: number, line: number, _s: number, item: number) => resolveAccess(run(), address, size, mask, kind, line, item),
    spread: () => writeSpread(run()),
    outside: (address: bigint, size: number, kind: number, line: number, _s: number, item: number) => outside(run(), address, size, kind, line, item),
    trap: (which: number, line: number, _s: number, item: number) => run().fault("trap", line, item, null, which === 0 ? "trap instruction" : "code that cannot be reached was reached"),
    printf: (site: number, args: number, s: number, item: number) => print(run(), program, site, args, s, item),
    now: () => {
      const now = BigInt(Math.floor(run().hooks.now()));
      run().views.refresh();
      return now;
    },
    remainder: (a: number, b: number) => a % b,
    check: (linear: number, size: number, what: number, line: number, s: number, item: number) => checkAccess(run(), linear, size, what, line, s, item),
    checkGroup: (s: number) => beginGroup(run(), s),
    checkBarrier: (s: number, sharedOnly: number) => passBarrier(run(), s, sharedOnly !== 0),
    enter: (target: bigint, site: number, next: number, local: number, line: number, s: number, item: number) => enter(run(), program, target, site, next, local, line, s, item),
  };
  const imports: Record<string, (...args: never[]) => unknown> = {};
  for (const name of names) imports[name] = fixed[name] ?? exactFunction(name);
  return imports;
}

/** Import `enter`: makes the control frame at `next` that of the function called. `site` below 0: -1 less the site, `target` is the function's number; otherwise an address as `funcaddr` gives it. */
function enter(run: Run, program: KernelProgram, target: bigint, site: number, next: number, local: number, line: number, s: number, item: number): void {
  const { i32 } = run.views;
  const at = (s + RECORDS + (item << RECORD_SHIFT)) >> 2;
  const number = site < 0 ? Number(target) : resolveCall(run, program, target, site, line, item);
  const callee = program.functions[number - 1]!;
  if (i32[at + (record.depth >> 2)]! + 2 > MAX_CALL_DEPTH) run.fault("stack-overflow", line, item, null, `more than ${MAX_CALL_DEPTH} activations`);
  if (callee.routine === null) run.fault("illegal-instruction", line, item, null, `"${callee.name}" has no body`);
  const localBytes = i32[(run.launch + launch.localBytes) >> 2]!;
  const bytes = callee.routine!.localBytes;
  if (bytes > 0 && local + bytes > localBytes) run.fault("stack-overflow", line, item, null, `the locals of "${callee.name}" do not fit the ${localBytes} bytes of local memory`);
  const into = next >> 2;
  i32[into + (frame.pc >> 2)] = 0;
  i32[into + (frame.caller >> 2)] = i32[at + (record.frame >> 2)]!;
  i32[into + (frame.callerFn >> 2)] = i32[at + (record.fn >> 2)]!;
  i32[into + (frame.callerLocal >> 2)] = i32[at + (record.local >> 2)]!;
  i32[into + (frame.via >> 2)] = site < 0 ? -1 - site : site;
  i32[at + (record.frame >> 2)] = next;
  i32[at + (record.fn >> 2)] = number;
  i32[at + (record.local >> 2)] = local;
  i32[at + (record.depth >> 2)]! += 1;
}

function resolveCall(run: Run, program: KernelProgram, target: bigint, site: number, line: number, item: number): number {
  const instr = program.sites[site]!.node.instr;
  if (instr?.op !== "calli") throw new EmulatorBug("an indirect call without its instruction");
  const address = BigInt.asUintN(64, target);
  const name = program.functionAt.get(address);
  const number = name === undefined ? undefined : program.functionNumber.get(name);
  const fn = name === undefined ? undefined : program.module.functions.get(name);
  const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((type, i) => type === b[i]);
  if (number === undefined || fn === undefined || !same(fn.params, instr.params) || !same(fn.results, instr.results)) {
    run.fault("invalid-pc", line, item, null, `0x${address.toString(16)} is no function of the type (${instr.params.join(", ")}) -> (${instr.results.join(", ")})`);
  }
  return number!;
}

/** A NaN in f32 keeps its sign and payload when it is widened for printing. */
function widen(bits: number, data: DataView, at: number): bigint {
  if ((bits & 0x7fff_ffff) <= 0x7f80_0000) {
    const copy = new DataView(new ArrayBuffer(8));
    copy.setFloat64(0, data.getFloat32(at, true));
    return copy.getBigUint64(0);
  }
  const wide = BigInt(bits >>> 0);
  return ((wide & 0x8000_0000n) << 32n) | 0x7ff0_0000_0000_0000n | ((wide & 0x7f_ffffn) << 29n);
}

function listed(run: Run, type: Type, at: number): ListedArgument {
  const { data } = run.views;
  if (!isFloat(type)) return { kind: "int", bits: type === "i64" ? data.getBigUint64(at, true) : BigInt(data.getUint32(at, true)) };
  return { kind: "float", bits: type === "f32" ? widen(data.getInt32(at, true), data, at) : data.getBigUint64(at, true) };
}

/** Imports `printf` and, for an assertion that failed, its end. */
function print(run: Run, program: KernelProgram, site: number, args: number, s: number, item: number): number {
  const { node } = program.sites[site]!;
  const { instr } = node;
  const { data } = run.views;
  const read = readByte(run, s, item, node.line);
  const text = (address: bigint): string => new TextDecoder().decode(readString(read, address, Infinity));
  if (instr?.op === "assertfail") {
    const [message, file, func] = [0, 8, 24].map((at) => text(data.getBigUint64(args + at, true)));
    return run.fault("assert", node.line, item, null, `${file}:${data.getInt32(args + 16, true)}: ${func}: Assertion \`${message}' failed`);
  }
  if (instr?.op !== "printf") throw new EmulatorBug("printf without its instruction");
  let at = args;
  const address = (present: boolean): bigint | null => {
    if (!present) return null;
    at += 8;
    return data.getBigUint64(at - 8, true);
  };
  const formatAddress = address(instr.formatAddr !== null);
  const packed = address(instr.argsAddr !== null);
  const format = instr.format ?? text(formatAddress!);
  const rest = node.args.slice((at - args) / 8);
  const source = packed === null ? listedArguments(rest.map((arg, i) => listed(run, arg.type!, at + 8 * i)), read) : packedArguments(packed, read);
  run.hooks.printf(formatPrintf(format, source));
  run.views.refresh();
  return instr.format === null ? source.taken : 0;
}
