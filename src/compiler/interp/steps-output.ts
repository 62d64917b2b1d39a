import type { Fn } from "../ir/module.ts";
import type { Instr } from "../ir/ops.ts";
import { listedArguments, packedArguments, readString, type ListedArgument } from "../printf/arguments.ts";
import { formatPrintf } from "../printf/format.ts";
import { isFloat, type Type } from "../ir/types.ts";
import type { Step } from "./code.ts";
import { readByte } from "./memory.ts";
import { f64FromBits, f64ToBits, f32ToBits, type Value } from "./values.ts";

type Of<Op extends Instr["op"]> = Extract<Instr, { readonly op: Op }>;

/** A NaN in f32 keeps its sign and payload when it is widened for printing. */
function widen(value: Value): bigint {
  if (typeof value === "number") return f64ToBits(value);
  const bits = BigInt(f32ToBits(value));
  return f64ToBits(f64FromBits(((bits & 0x80000000n) << 32n) | 0x7ff0000000000000n | ((bits & 0x7fffffn) << 29n)));
}

function listed(type: Type, value: Value): ListedArgument {
  if (!isFloat(type)) return { kind: "int", bits: BigInt(value) };
  return { kind: "float", bits: type === "f32" ? widen(value) : f64ToBits(value) };
}

/** Formats and prints; its result is what printf returns. */
export function printfStep(fn: Fn, instr: Of<"printf">): Step {
  const { dst, format, formatAddr, argsAddr, args } = instr;
  return (item, frame) => {
    const read = readByte(item);
    const text = format ?? new TextDecoder().decode(readString(read, frame.values[formatAddr!] as bigint, Infinity));
    const source = argsAddr === null
      ? listedArguments(args.map((value) => listed(fn.types[value]!, frame.values[value]!)), read)
      : packedArguments(frame.values[argsAddr] as bigint, read);
    const output = formatPrintf(text, source);
    item.group.launch.hooks.printf(output);
    frame.values[dst] = format === null ? source.taken : 0;
  };
}

/** A failed assertion: a fault with its text. */
export function assertStep(instr: Of<"assertfail">): Step {
  return (item, frame) => {
    const read = readByte(item);
    const text = (value: number): string => new TextDecoder().decode(readString(read, frame.values[value] as bigint, Infinity));
    const [message, file, func] = [text(instr.message), text(instr.file), text(instr.func)];
    item.group.launch.fault(item, "assert", `${file}:${frame.values[instr.lineNo]!}: ${func}: Assertion \`${message}' failed`);
  };
}
