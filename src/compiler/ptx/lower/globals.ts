import { CompileError } from "../../abi.ts";
import type { GlobalVar, Relocation } from "../../ir/module.ts";
import type { InitElement, Variable } from "../ast.ts";
import { f32Bits, f32Value, f64Bits, f64Value } from "../numbers.ts";

/** Initialised bytes that one variable may have. */
const MAX_INIT = 2 ** 28;

/** The bits of one element, of `width` bits. */
function bitsOf(value: Exclude<InitElement, { kind: "address" }>, variable: Variable): bigint {
  const { type } = variable;
  if (value.kind === "int") {
    if (type.kind === "f") throw new CompileError("type", `variable '${variable.name}' of type .${type.name} cannot be initialised with an integer: it needs a point, or 0f or 0d`, variable.line);
    return BigInt.asUintN(type.bits, value.value);
  }
  const width = value.kind === "bits" ? value.width : 64;
  const bits = value.kind === "bits" ? value.bits : f64Bits(value.value);
  if (width === type.bits) return bits;
  if (type.kind === "f" || type.kind === "b") {
    const number = width === 32 ? f32Value(Number(bits)) : f64Value(bits);
    if (type.bits === 32) return BigInt(f32Bits(number));
    if (type.bits === 64) return f64Bits(number);
  }
  throw new CompileError("type", `variable '${variable.name}' of type .${type.name} cannot be initialised with a floating-point constant`, variable.line);
}

/** A symbol of an initialiser. */
type Sym = Extract<InitElement, { kind: "address" }>;

interface Address {
  readonly symbol: string;
  readonly addend: bigint;
  readonly generic: boolean;
}

/** Collects the bytes of an address that are written one by one: `0xff(s), 0xff00(s), ...`. */
class MaskedAddress {
  private readonly variable: Variable;
  private current: (Address & { readonly offset: number }) | null = null;
  private bytes = 0;

  constructor(variable: Variable) {
    this.variable = variable;
  }

  add(offset: number, address: Address, mask: bigint, relocs: Relocation[]): void {
    const c = this.current;
    const follows = c !== null && offset === c.offset + this.bytes && c.symbol === address.symbol && c.addend === address.addend;
    if (!follows) {
      this.close();
      this.current = { ...address, offset };
      this.bytes = 0;
    }
    if (mask !== 0xffn << BigInt(8 * this.bytes)) this.refuse();
    this.bytes++;
    if (this.bytes === 8) {
      const { symbol, addend, generic } = this.current!;
      relocs.push({ offset: this.current!.offset, size: 8, symbol, addend, generic });
      this.current = null;
      this.bytes = 0;
    }
  }

  close(): void {
    if (this.current !== null) this.refuse();
  }

  private refuse(): never {
    throw new CompileError("unsupported", `variable '${this.variable.name}': bytes of an address must be all eight, in order`, this.variable.line);
  }
}

/**
 * The IR variable of a module variable: initial bytes and relocations.
 *
 * @param own what it is called in the IR
 * @param name what a symbol in an initialiser is called there; undefined when there is no such symbol
 * @throws CompileError for initial values that do not fit
 */
export function globalVar(variable: Variable, own: string, name: (symbol: Sym) => string | undefined): GlobalVar {
  const { init, type } = variable;
  const bytes = type.bits / 8;
  const relocs: Relocation[] = [];
  let data: Uint8Array | null = null;
  if (init !== null && init.length > 0) {
    const end = (init[init.length - 1]!.at + 1) * bytes;
    if (end > MAX_INIT) throw new CompileError("unsupported", `variable '${variable.name}' has more than ${MAX_INIT} initial bytes`, variable.line);
    data = new Uint8Array(end);
    const view = new DataView(data.buffer);
    const masked = new MaskedAddress(variable);
    for (const { at, value } of init) {
      const offset = at * bytes;
      if (value.kind === "address") {
        const symbol = name(value);
        if (symbol === undefined) throw new CompileError("link", `variable '${variable.name}': '${value.symbol}' in its initialiser is not declared`, variable.line);
        const address = { symbol, addend: value.addend, generic: value.generic };
        if (value.mask !== null) masked.add(offset, address, value.mask, relocs);
        else if (bytes === 4 || bytes === 8) relocs.push({ offset, size: bytes, ...address });
        else throw new CompileError("type", `variable '${variable.name}': an address does not fit in type .${type.name}`, variable.line);
      } else write(view, offset, bytes, bitsOf(value, variable));
    }
    masked.close();
  }
  const { linkage } = variable;
  return {
    name: own, space: variable.space === "const" ? "const" : "global", size: variable.size, align: variable.align, init: data, relocs,
    linkage: linkage === "none" ? "local" : linkage, managed: variable.managed,
  };
}

function write(view: DataView, offset: number, bytes: number, bits: bigint): void {
  for (let i = 0; i < bytes; i++) view.setUint8(offset + i, Number((bits >> BigInt(8 * i)) & 0xffn));
}
