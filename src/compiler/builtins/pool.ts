import type { FnBuilder } from "../ir/builder.ts";
import type { Instr, ValueId } from "../ir/ops.ts";
import type { Type } from "../ir/types.ts";

/**
 * Constants of one function, each defined once at the head of the entry block, where they dominate every use
 * (phi operands included). A back end rematerialises constants, so the distance to the use costs nothing.
 */
export class ConstPool {
  private readonly b: FnBuilder;
  private readonly made = new Map<string, ValueId>();
  private readonly instrs: Instr[] = [];

  constructor(b: FnBuilder) {
    this.b = b;
  }

  /** The value that holds `value` as a constant of `type`; floats are told apart by their bits (0 and -0). */
  get(type: Type, value: number | bigint): ValueId {
    const plain = type === "i64" ? BigInt.asUintN(64, BigInt(value)) : Number(value);
    const key = Object.is(plain, -0) ? `${type}:-0` : `${type}:${plain}`;
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const dst = this.b.value(type);
    this.instrs.push({ op: "const", dst, value: plain });
    this.made.set(key, dst);
    return dst;
  }

  /** A float constant given by its bit pattern (NaN payloads survive). */
  bits(type: "f32" | "f64", bits: bigint): ValueId {
    const key = `${type}#${bits}`;
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const dst = this.b.value(type);
    this.instrs.push({ op: "constbits", dst, bits });
    this.made.set(key, dst);
    return dst;
  }

  /** Puts what was asked for at the head of the entry block. Call once, when the function is complete. */
  finish(): void {
    this.b.fn.blocks[0]!.instrs.unshift(...this.instrs);
    this.instrs.length = 0;
  }
}
