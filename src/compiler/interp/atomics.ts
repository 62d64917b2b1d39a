import type { AtomicOp } from "../ir/ops.ts";
import type { Type } from "../ir/types.ts";
import { floatBinary, type FloatType } from "./float.ts";
import { intBinary } from "./integer.ts";
import type { Value } from "./values.ts";

/** What an atomic stores: a function of the old value and the operand. */
export function atomicUpdate(op: AtomicOp, type: Type): (old: Value, operand: Value) => Value {
  switch (op) {
    case "xchg": return (_, operand) => operand;
    case "inc": return (old, operand) => (old >= operand ? zero(type) : add(type)(old, one(type)));
    case "dec": return (old, operand) => (old === zero(type) || old > operand ? operand : subtract(type)(old, one(type)));
    case "fadd":
    case "fmin":
    case "fmax": return floatBinary(op, type as FloatType, "rn");
    default: return intBinary(op, type) as (old: Value, operand: Value) => Value;
  }
}

function zero(type: Type): Value {
  return type === "i64" ? 0n : 0;
}

function one(type: Type): Value {
  return type === "i64" ? 1n : 1;
}

function add(type: Type): (a: Value, b: Value) => Value {
  return intBinary("add", type) as (a: Value, b: Value) => Value;
}

function subtract(type: Type): (a: Value, b: Value) => Value {
  return intBinary("sub", type) as (a: Value, b: Value) => Value;
}
