import { type Operand, Reg, type Sym, type Variable } from "./ast.ts";
import { constant } from "./expression.ts";
import type { ParseState } from "./parse-state.ts";
import { ch } from "./scanner.ts";

const MAX_VECTOR = 256;
const sink: Operand = { kind: "sink" };

function touch(p: ParseState, reg: Reg): Reg {
  if (reg.first < 0) reg.first = p.statement;
  reg.last = p.statement;
  return reg;
}

function constantOperand(p: ParseState): Operand {
  const c = constant(p.s);
  return c.kind === "int" ? { kind: "int", value: c.value } : c;
}

/** `.x` behind a name: component of a vector register or of a special register. Empty when there is none. */
function component(p: ParseState): string {
  const s = p.s;
  if (s.at(0) !== ch.dot || !s.startsName(s.at(1))) return "";
  return s.directive();
}

const componentIndex: Readonly<Record<string, number>> = { x: 0, y: 1, z: 2, w: 3, r: 0, g: 1, b: 2, a: 3 };

function named(p: ParseState, name: string): Operand {
  const s = p.s;
  const what = p.scope.find(name);
  if (what instanceof Reg) {
    const reg = touch(p, what);
    const part = component(p);
    return part === "" ? reg : { kind: "part", reg, part };
  }
  if (what !== undefined && what.kind === "vec") {
    const part = component(p);
    for (const item of what.items) touch(p, item);
    if (part === "") return what;
    const index = componentIndex[part];
    const item = index === undefined ? undefined : what.items[index];
    return item ?? s.fail(`vector register '${name}' has no component .${part}`);
  }
  if (what === undefined && name.charCodeAt(0) === ch.percent) {
    const part = component(p);
    return { kind: "sreg", name: part === "" ? name : `${name}.${part}` };
  }
  return symbol(p, name, what);
}

function symbol(p: ParseState, name: string, variable: Variable | undefined): Sym {
  return { kind: "sym", name, offset: offset(p), variable: variable ?? null, scope: p.scope };
}

/** `+n` or `-n` behind a base. */
function offset(p: ParseState): number {
  const s = p.s;
  const c = s.peek();
  if (c !== ch.plus && c !== ch.minus) return 0;
  if (c === ch.plus) s.pos++;
  const value = constant(s);
  if (value.kind !== "int" || typeof value.value === "bigint") return s.fail("an address offset must be an integer below 2^53");
  return value.value;
}

/** `[ ... ]`. */
function memory(p: ParseState): Operand {
  const s = p.s;
  s.pos++;
  const c = s.peek();
  let base: Reg | Sym | null = null;
  let at = 0;
  if (s.startsName(c)) {
    const name = s.name();
    const operand = named(p, name);
    if (operand.kind !== "reg" && operand.kind !== "sym") return s.fail(`'${name}' cannot be an address`);
    if (operand.kind === "sym") at = operand.offset;
    else at = offset(p);
    base = operand;
  } else {
    const value = constant(s);
    if (value.kind !== "int") return s.fail("an address must be an integer");
    at = Number(value.value);
  }
  if (s.peek() === ch.comma) {
    const items: Operand[] = [base ?? { kind: "int", value: at }];
    while (s.eat(ch.comma)) items.push(operand(p));
    s.expect(ch.rbracket, "after a texture or surface address");
    return { kind: "texture", items };
  }
  s.expect(ch.rbracket, "after an address");
  return { kind: "mem", base, offset: at };
}

function vector(p: ParseState): Operand {
  const s = p.s;
  s.pos++;
  const items: Operand[] = [];
  do {
    const item = simple(p);
    if (item.kind === "vec" || item.kind === "mem") s.fail("a vector operand holds registers and constants only");
    items.push(item);
    if (items.length > MAX_VECTOR) s.fail(`a vector operand has at most ${MAX_VECTOR} components`);
  } while (s.eat(ch.comma));
  s.expect(ch.rbrace, "after a vector operand");
  return { kind: "vec", items };
}

function negated(p: ParseState): Operand {
  const s = p.s;
  const start = s.pos;
  s.pos++;
  if (s.startsName(s.peek())) {
    const name = s.name();
    const operand = name === "WARP_SZ" ? null : named(p, name);
    if (operand !== null) {
      if (operand.kind !== "reg") return s.fail(`'!' wants a predicate register, found '${name}'`);
      return { kind: "not", reg: operand };
    }
  }
  s.pos = start;
  return constantOperand(p);
}

/** A minus before a register (vmad) or a constant. */
function minus(p: ParseState): Operand {
  const s = p.s;
  const start = s.pos;
  s.pos++;
  if (s.startsName(s.peek())) {
    const name = s.name();
    if (p.scope.find(name) instanceof Reg) return { kind: "negated", operand: named(p, name) };
  }
  s.pos = start;
  return constantOperand(p);
}

function simple(p: ParseState): Operand {
  const s = p.s;
  const c = s.peek();
  if (s.startsName(c)) {
    const start = s.pos;
    const name = s.name();
    if (name === "_") return sink;
    if (name === "WARP_SZ") {
      s.pos = start;
      return constantOperand(p);
    }
    return named(p, name);
  }
  switch (c) {
    case ch.lbracket: return memory(p);
    case ch.bang: return negated(p);
    case ch.minus: return minus(p);
    default: return constantOperand(p);
  }
}

/** Reads one operand of an instruction (PTX ISA 6.4). */
export function operand(p: ParseState): Operand {
  const s = p.s;
  if (s.peek() === ch.lbrace) return joined(p, vector(p));
  return joined(p, simple(p));
}

/** `a|b`: two destinations; the first may be a vector, of texture instructions. */
function joined(p: ParseState, a: Operand): Operand {
  if (p.s.peek() !== ch.bar || (a.kind !== "reg" && a.kind !== "sink" && a.kind !== "vec")) return a;
  p.s.pos++;
  return { kind: "pair", a, b: simple(p) };
}

/** Reads `( a, b )` of a call; the parenthesis is next. */
export function operandList(p: ParseState): Operand {
  const s = p.s;
  s.expect(ch.lparen, "to begin an argument list");
  const items: Operand[] = [];
  if (s.peek() !== ch.rparen) {
    do items.push(operand(p)); while (s.eat(ch.comma));
  }
  s.expect(ch.rparen, "after an argument list");
  return { kind: "list", items };
}
