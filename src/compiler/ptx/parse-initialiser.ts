import type { InitElement } from "./ast.ts";
import { constant, intOf } from "./expression.ts";
import type { ParseState } from "./parse-state.ts";
import { ch } from "./scanner.ts";
import type { PtxType } from "./types.ts";

/** Initialised elements by position, and how far the first dimension goes. */
export interface Initialiser {
  readonly elements: { readonly at: number; readonly value: InitElement }[];
  readonly first: number;
  /** Of opaque types: members by name. */
  readonly members?: ReadonlyMap<string, number | string>;
}

/** `symbol`, `symbol+8`, `generic(symbol)+8`: an address. The name has been taken. */
function address(p: ParseState, name: string, mask: bigint | null): InitElement {
  const s = p.s;
  let symbol = name;
  let generic = false;
  if (name === "generic" && s.peek() === ch.lparen) {
    s.pos++;
    symbol = s.expectName("a symbol");
    generic = true;
    s.expect(ch.rparen, "after generic(");
  }
  let addend = 0n;
  const c = s.peek();
  if (c === ch.plus || c === ch.minus) {
    if (c === ch.plus) s.pos++;
    addend = intOf(s, constant(s));
  }
  return { kind: "address", symbol, addend, generic, mask };
}

function element(p: ParseState): InitElement {
  const s = p.s;
  const c = s.peek();
  if (s.startsName(c) && !s.src.startsWith("WARP_SZ", s.pos)) return address(p, s.name(), null);
  const value = constant(s);
  // `0xff00(symbol)`: the byte of the address that the mask selects (PTX ISA 5.4.5).
  if (value.kind === "int" && s.peek() === ch.lparen) {
    s.pos++;
    const masked = address(p, s.expectName("a symbol"), BigInt.asUintN(64, BigInt(value.value)));
    s.expect(ch.rparen, "after a masked address");
    return masked;
  }
  if (value.kind === "int") return { kind: "int", value: BigInt(value.value) };
  return value.kind === "f32" ? { kind: "bits", bits: BigInt(value.bits), width: 32 } : { kind: "bits", bits: value.bits, width: 64 };
}

/** `{ addr_mode_0 = wrap, filter_mode = linear }`: members of an opaque type by their names (PTX ISA 5.3). */
function members(p: ParseState): Map<string, number | string> {
  const s = p.s;
  const out = new Map<string, number | string>();
  s.expect(ch.lbrace, "to begin an initialiser");
  if (s.peek() !== ch.rbrace) {
    do {
      const name = s.expectName("the name of a member");
      if (out.has(name)) s.fail(`member '${name}' is initialised twice`);
      s.expect(ch.equals, "after the name of a member");
      out.set(name, s.startsName(s.peek()) ? s.name() : Number(intOf(s, constant(s))));
    } while (s.eat(ch.comma));
  }
  s.expect(ch.rbrace, "after an initialiser");
  return out;
}

/** Reads what follows `=`. `dims`: elements by dimension; the first may be 0 for an open one. */
export function initialiser(p: ParseState, type: PtxType, dims: readonly number[]): Initialiser {
  const s = p.s;
  if (type.kind === "opaque") {
    return { elements: [], first: 1, members: members(p) };
  }
  const elements: Initialiser["elements"] = [];
  if (dims.length === 0) {
    if (s.peek() === ch.lbrace) s.fail("the initial value of a scalar stands without braces");
    elements.push({ at: 0, value: element(p) });
    return { elements, first: 1 };
  }
  const strides = dims.map((_, i) => dims.slice(i + 1).reduce((a, b) => a * b, 1));
  const first = level(p, dims, strides, 0, 0, elements);
  return { elements, first };
}

/** One brace level; returns how many entries of this dimension were touched. */
function level(p: ParseState, dims: readonly number[], strides: readonly number[], depth: number, base: number, out: Initialiser["elements"]): number {
  const s = p.s;
  s.expect(ch.lbrace, "to begin an initialiser");
  const room = dims[depth] === 0 ? Infinity : dims[depth]! * strides[depth]!;
  let at = 0;
  if (s.peek() !== ch.rbrace) {
    do {
      const c = s.peek();
      if (c === ch.rbrace) break;
      if (c === ch.lbrace && depth + 1 < dims.length) {
        const stride = strides[depth]!;
        at = Math.ceil(at / stride) * stride;
        if (at >= room) s.fail("more initial values than the variable has elements");
        level(p, dims, strides, depth + 1, base + at, out);
        at += stride;
      } else {
        if (at >= room) s.fail("more initial values than the variable has elements");
        out.push({ at: base + at, value: element(p) });
        at++;
      }
    } while (s.eat(ch.comma));
  }
  s.expect(ch.rbrace, "after an initialiser");
  return Math.ceil(at / strides[depth]!);
}
