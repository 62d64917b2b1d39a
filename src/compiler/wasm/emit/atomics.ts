import { Code } from "../asm/code.ts";
import { atomic, F32, F64, I32, op, type WasmType } from "../asm/opcodes.ts";
import type { Node } from "../graph/node.ts";
import type { Emitter } from "./emitter.ts";
import { loadOf, storeOf } from "./types.ts";

/** Read-modify-write at a linear address. */

const native: Readonly<Record<string, number>> = { add: atomic.add, sub: atomic.sub, and: atomic.and, or: atomic.or, xor: atomic.xor, xchg: atomic.xchg };
const plain: Readonly<Record<string, readonly [number, number]>> = {
  add: [op.i32_add, op.i64_add], sub: [op.i32_sub, op.i64_sub], and: [op.i32_and, op.i64_and], or: [op.i32_or, op.i64_or], xor: [op.i32_xor, op.i64_xor],
};

/**
 * Pushes the old value; the address is in the variable `address`, the operands are `values`.
 * @param real other threads may see the memory: WebAssembly's atomics must be used
 */
export function writeAtomic(e: Emitter, node: Node, address: number, values: readonly Node[], real: boolean): void {
  const { code } = e;
  const type = node.access!.type;
  const wide = type === "i64" || type === "f64";
  const wasm = e.wasm(type);
  const float = wasm === F32 || wasm === F64;
  if (node.op === "cmpxchg") {
    e.temp(wasm, (expected) => e.temp(wasm, (wanted) => e.temp(wasm, (old) => {
      e.value(values[0]!);
      code.set(expected);
      e.value(values[1]!);
      code.set(wanted);
      if (real) {
        code.get(address);
        bits(code, expected, type);
        bits(code, wanted, type);
        code.atomic(atomic.cmpxchg + (wide ? 1 : 0), wide ? 3 : 2);
        fromBits(code, type);
        return;
      }
      code.get(address).memory(loadOf[type]).tee(old);
      if (float) code.op(wide ? op.i64_reinterpret_f64 : op.i32_reinterpret_f32);
      bits(code, expected, type);
      code.op(wide ? op.i64_eq : op.i32_eq).if();
      code.get(address).get(wanted).memory(storeOf[type]).end();
      code.get(old);
    })));
    return;
  }
  const value = values[0]!;
  const simple = plain[node.attr];
  if (real && !float && native[node.attr] !== undefined) {
    code.get(address);
    e.value(value);
    code.atomic(native[node.attr]! + (wide ? 1 : 0), wide ? 3 : 2);
    return;
  }
  if (!real && !float && (simple !== undefined || node.attr === "xchg")) {
    e.temp(wasm, (old) => {
      code.get(address).get(address).memory(loadOf[type]).set(old);
      if (simple !== undefined) code.get(old);
      e.value(value);
      if (simple !== undefined) code.op(simple[wide ? 1 : 0]);
      code.memory(storeOf[type]);
      code.get(old);
    });
    return;
  }
  code.get(address);
  e.value(value);
  code.call(e.helpers.get(`atomic ${node.attr} ${type} ${real}`, [I32, wasm], [wasm], () => loop(node.attr, type, wasm, real)));
}

function bits(code: Code, local: number, type: string): void {
  code.get(local);
  if (type === "f32") code.op(op.i32_reinterpret_f32);
  else if (type === "f64") code.op(op.i64_reinterpret_f64);
}

function fromBits(code: Code, type: string): void {
  if (type === "f32") code.op(op.f32_reinterpret_i32);
  else if (type === "f64") code.op(op.f64_reinterpret_i64);
}

/** old = *address; *address = f(old, value), repeated until nobody came between. */
function loop(operation: string, type: "i1" | "i8" | "i16" | "i32" | "i64" | "f32" | "f64", wasm: WasmType, real: boolean): Code {
  const code = new Code(2);
  const old = code.local(wasm);
  const next = code.local(wasm);
  const wide = type === "i64" || type === "f64";
  const again = code.loop();
  code.get(0).memory(loadOf[type]).set(old);
  combine(code, operation, type, old);
  code.set(next);
  if (real) {
    code.get(0);
    bits(code, old, type);
    bits(code, next, type);
    code.atomic(atomic.cmpxchg + (wide ? 1 : 0), wide ? 3 : 2);
    bits(code, old, type);
    code.op(wide ? op.i64_ne : op.i32_ne).brIf(again);
  } else code.get(0).get(next).memory(storeOf[type]);
  code.end();
  return code.get(old);
}

/** Pushes what `operation` makes of the old value and parameter 1. */
function combine(code: Code, operation: string, type: string, old: number): void {
  const wide = type === "i64" || type === "f64";
  const value = 1;
  const choose = (compare: readonly [number, number]): void => {
    code.get(old).get(value).get(old).get(value).op(compare[wide ? 1 : 0]!, op.select);
  };
  switch (operation) {
    case "xchg": code.get(value); return;
    case "min.s": choose([op.i32_lt_s, op.i64_lt_s]); return;
    case "max.s": choose([op.i32_gt_s, op.i64_gt_s]); return;
    case "min.u": choose([op.i32_lt_u, op.i64_lt_u]); return;
    case "max.u": choose([op.i32_gt_u, op.i64_gt_u]); return;
    case "inc":
      // old >= value ? 0 : old + 1
      zero(code, wide).get(old);
      one(code, wide).op(wide ? op.i64_add : op.i32_add).get(old).get(value).op(wide ? op.i64_ge_u : op.i32_ge_u, op.select);
      return;
    case "dec":
      // old == 0 or old > value ? value : old - 1
      code.get(value).get(old);
      one(code, wide).op(wide ? op.i64_sub : op.i32_sub);
      code.get(old).op(wide ? op.i64_eqz : op.i32_eqz).get(old).get(value).op(wide ? op.i64_gt_u : op.i32_gt_u, op.i32_or, op.select);
      return;
    case "fadd":
      code.get(old).get(value).op(wide ? op.f64_add : op.f32_add);
      break;
    case "fmin": case "fmax": {
      const least = operation === "fmin" ? (wide ? op.f64_min : op.f32_min) : wide ? op.f64_max : op.f32_max;
      const equal = wide ? op.f64_eq : op.f32_eq;
      code.get(old).get(value).op(least).get(old).get(value).get(value).op(equal, op.select).get(value).get(old).get(old).op(equal, op.select);
      break;
    }
    default: {
      const simple = plain[operation]!;
      code.get(old).get(value).op(simple[wide ? 1 : 0]);
      return;
    }
  }
  // A float result that is NaN is the canonical one.
  const result = code.local(wide ? F64 : F32);
  code.tee(result);
  if (wide) code.f64bits(0x7ff8_0000_0000_0000n);
  else code.f32bits(0x7fc0_0000);
  code.get(result).get(result).op(wide ? op.f64_eq : op.f32_eq, op.select);
}

function zero(code: Code, wide: boolean): Code {
  return wide ? code.i64(0n) : code.i32(0);
}

function one(code: Code, wide: boolean): Code {
  return wide ? code.i64(1n) : code.i32(1);
}

