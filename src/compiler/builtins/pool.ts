import type { FnBuilder, OneResult } from "../ir/builder.ts";
import type { Instr, ValueId } from "../ir/ops.ts";
import type { Type } from "../ir/types.ts";

/**
 * Values of one function that do not depend on where they are computed (constants, addresses of variables, parameters), each
 * defined once at the head of the entry block, where they dominate every use, phi operands included. A back end
 * rematerialises them, so the distance to the use costs nothing.
 */
export class ConstPool {
  private readonly b: FnBuilder;
  private readonly made = new Map<string, ValueId>();
  private readonly instrs: Instr[] = [];

  constructor(b: FnBuilder) {
    this.b = b;
  }

  /** The value that `instr` defines; the same for equal keys. */
  def(key: string, type: Type, instr: OneResult): ValueId {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const dst = this.b.value(type);
    this.instrs.push({ ...instr, dst } as Instr);
    this.made.set(key, dst);
    return dst;
  }

  /** The value that holds `value` as a constant of `type`; floats are told apart by their bits (0 and -0). */
  get(type: Type, value: number | bigint): ValueId {
    const plain = type === "i64" ? BigInt.asUintN(64, BigInt(value)) : Number(value);
    return this.def(Object.is(plain, -0) ? `${type}:-0` : `${type}:${plain}`, type, { op: "const", value: plain });
  }

  /** A float constant given by its bit pattern (NaN payloads survive). */
  bits(type: "f32" | "f64", bits: bigint): ValueId {
    return this.def(`${type}#${bits}`, type, { op: "constbits", bits });
  }

  /** Puts what was asked for at the head of the entry block. Call once, when the function is complete. */
  finish(): void {
    this.b.fn.blocks[0]!.instrs.unshift(...this.instrs);
    this.instrs.length = 0;
  }
}
