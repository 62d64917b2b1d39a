import { demangle, type Mangled } from "../builtins/opencl/mangle.ts";
import type { Site } from "../builtins/opencl/site.ts";
import { builtinLowering } from "../builtins/opencl/table.ts";
import type { Module } from "../ir/module.ts";
import type { Space } from "../ir/types.ts";
import type { ValueId } from "../ir/ops.ts";
import type { LFunction, LInstr, Operand } from "./ast.ts";
import type { FnLowering } from "./context.ts";
import type { Dialect } from "./dialect.ts";
import { constantString } from "./globals.ts";
import { kernelShape } from "./kernel.ts";
import { lowerModule } from "./module.ts";
import type { LType } from "./types.ts";

/** Address spaces of spir64 (SPIR 1.2 section 3.2 and what Clang does): private, global, constant, local, generic. */
const SPACES: readonly (Space | undefined)[] = ["local", "global", "const", "shared", "generic"];

/** Constant elements of an operand. */
function constantsOf(operand: Operand, count: number): (bigint | null)[] {
  if (operand.k === "int") return [operand.value];
  if (operand.k === "zero") return new Array<bigint>(count).fill(0n);
  if (operand.k === "list") return operand.items.flatMap((item) => constantsOf(item, 1));
  return new Array<null>(count).fill(null);
}

function holdsHalf(type: LType): boolean {
  return type.k === "vec" ? holdsHalf(type.elem) : type.k === "float" && type.kind === "half";
}

/** What the builtins see of a call. */
function siteOf(fx: FnLowering, base: string, params: readonly Mangled[], i: LInstr & { op: "call" }): Site {
  const args = i.args.map((arg) => fx.value(arg));
  // printf takes halves as the floats they are.
  if (base === "printf") i.args.forEach((arg, n) => { if (holdsHalf(arg.type)) args[n] = args[n]!.map((v) => fx.k.conv("f16tof32", "f32", v)); });
  return {
    k: fx.k, base, params, args, result: fx.types(i.type),
    place: (n) => fx.pointer(i.args[n]!),
    constants: (n) => constantsOf(i.args[n]!, args[n]!.length),
    text: (n) => {
      const arg = i.args[n]!;
      return arg.k === "local" || arg.k === "meta" ? null : constantString(fx.mod, arg);
    },
    fail: (message) => fx.fail(message),
  };
}

const dialect: Dialect = {
  generic: 4,
  space: (n) => SPACES[n] ?? null,
  call(fx: FnLowering, _callee: LFunction | null, name: string, i: LInstr & { op: "call" }): readonly ValueId[] | null {
    const mangled = demangle(name);
    const base = mangled?.base ?? name;
    const lowering = builtinLowering(base);
    if (lowering !== null) return lowering(siteOf(fx, base, mangled?.params ?? [], i));
    if (/^__(read|write|reserve|commit|get|sub_group|work_group)_.*pipe|^_Z\d+(is_valid_reserve_id|get_pipe)/.test(name)) return fx.fail(`pipe function ${base}`);
    if (/^__enqueue_kernel|^__get_kernel|^_Z\d+(get_default_queue|create_user_event|ndrange_)/.test(name)) return fx.fail(`device-side enqueue (${base})`);
    return null;
  },
};

/** How a program was built matters to its module. */
export interface OpenClToIrOptions {
  /** File name of the source, as Clang was told it; lines of other files are not reported. */
  readonly sourceName?: string;
  /** The program will be linked with others: undefined functions are allowed, all functions with external linkage are kept. */
  readonly forLinking?: boolean;
}

/**
 * Lowers LLVM IR that Clang made of OpenCL C for spir64 to the device IR: every kernel, and what the kernels use.
 * @param irText textual LLVM IR, version 15 or later
 * @param name of the module, for messages
 * @throws CompileError; of kind "unsupported" for what is not implemented (with the source line when it is known), "link" for undefined functions
 */
export function openclToIr(irText: string, name: string, options: OpenClToIrOptions = {}): Module {
  return lowerModule(irText, {
    name, dialect, sourceName: options.sourceName ?? null, forLinking: options.forLinking ?? false,
    kernel: (source, fn) => (fn.kernel ? kernelShape(source, dialect, fn) : null),
  });
}
