import type { InitElement, Linkage, Reg, StateSpace, Variable } from "./ast.ts";
import { count } from "./expression.ts";
import { literal } from "./numbers.ts";
import { initialiser } from "./parse-initialiser.ts";
import type { ParseState } from "./parse-state.ts";
import { ch, type Scanner } from "./scanner.ts";
import { ptxTypes, ptxType, type PtxType } from "./types.ts";

/** Bytes that any one variable may have; the machine refuses far smaller ones for lack of memory. */
const MAX_BYTES = 2 ** 40;
const MAX_ALIGN = 2 ** 20;

const vectors: Readonly<Record<string, number>> = { v2: 2, v4: 4, v8: 8 };
const pointerSpaces: ReadonlySet<string> = new Set(["global", "const", "local", "shared", "param", "generic"]);

/** What stands between the state space and the name. */
interface Declared {
  type: PtxType;
  vector: number;
  align: number;
  managed: boolean;
}

/** `.attribute(.managed, .unified(a, b))` */
function attribute(s: Scanner, into: Declared): void {
  s.expect(ch.lparen, "after .attribute");
  do {
    if (s.peek() !== ch.dot) s.fail(`expected an attribute, found ${s.found()}`);
    if (s.directive() === "managed") into.managed = true;
    if (s.peek() === ch.lparen) {
      s.pos++;
      do count(s, "an attribute's argument"); while (s.eat(ch.comma));
      s.expect(ch.rparen, "after an attribute's arguments");
    }
  } while (s.eat(ch.comma));
  s.expect(ch.rparen, "after .attribute");
}

function alignment(s: Scanner): number {
  const value = literal1(s, "an alignment");
  if (value < 1 || value > MAX_ALIGN || (value & (value - 1)) !== 0) s.fail(`an alignment must be a power of two up to ${MAX_ALIGN}`);
  return value;
}

/** A plain non-negative integer literal. */
function literal1(s: Scanner, what: string): number {
  const c = s.peek();
  if (c < ch.zero || c > ch.nine) s.fail(`expected ${what}, found ${s.found()}`);
  const value = literal(s);
  if (value.kind !== "int" || typeof value.value === "bigint") return s.fail(`${what} must be an integer below 2^53`);
  return value.value;
}

/** `.align n .v4 .f32 .ptr .global .align n` in any order, up to the name. */
function declared(p: ParseState, first: Partial<Declared>): Declared {
  const s = p.s;
  const out: Declared = { type: first.type ?? ptxType("b8"), vector: 1, align: 0, managed: false };
  let typed = first.type !== undefined;
  let pointer = false;
  while (s.peek() === ch.dot) {
    const word = s.directive();
    const type = ptxTypes.get(word);
    if (type !== undefined) {
      out.type = type;
      typed = true;
    } else if (word === "align") {
      const value = alignment(s);
      // After .ptr the alignment is that of what the pointer points to.
      if (!pointer) out.align = value;
    } else if (word === "ptr") pointer = true;
    else if (vectors[word] !== undefined) out.vector = vectors[word];
    else if (word === "attribute") attribute(s, out);
    else if (!(pointer && pointerSpaces.has(word))) s.fail(`unexpected .${word} in a declaration`);
  }
  if (out.type.bits < 8 && out.type.kind !== "pred") s.fail(`nothing can be declared of type .${out.type.name}`);
  if (!typed) s.fail(`expected a type, found ${s.found()}`);
  if (out.type.kind === "x" || out.type.name.startsWith("bf16")) s.fail(`nothing can be declared of type .${out.type.name}: use .b${out.type.bits}`);
  return out;
}

/** `[2][3]`, `[]`: elements by dimension; 0 for an open one. */
function dimensions(s: Scanner): number[] {
  const dims: number[] = [];
  while (s.peek() === ch.lbracket) {
    s.pos++;
    if (s.peek() === ch.rbracket) {
      if (dims.length > 0) s.fail("only the first dimension may be open");
      dims.push(0);
    } else {
      const n = count(s, "an array dimension");
      if (n === 0) s.fail("an array dimension must not be 0");
      dims.push(n);
    }
    s.expect(ch.rbracket, "after an array dimension");
    if (dims.length > 8) s.fail("an array has at most 8 dimensions");
  }
  return dims;
}

type Address = Extract<InitElement, { kind: "address" }>;

/** What the symbol of an initialiser means in a function. */
function named(p: ParseState, value: Address): Address {
  const found = p.scope.find(value.symbol);
  if (found === undefined) return value;
  if (found.kind !== "variable" || (found.space !== "global" && found.space !== "const")) p.s.fail(`'${value.symbol}' is no variable in .global or .const: it has no address to begin with`);
  return { ...value, variable: found };
}

function finish(p: ParseState, space: StateSpace, linkage: Linkage, d: Declared, name: string, line: number, index: number): Variable {
  const s = p.s;
  const dims = dimensions(s);
  if (d.type.kind === "pred") s.fail(`variable '${name}' cannot be of type .pred: only registers can`);
  const element = d.type.bits / 8;
  const elementBytes = element * d.vector;
  if (d.type.kind === "opaque") {
    if (index >= 0 && space !== "param") s.fail(`variable '${name}' of type .${d.type.name} must be declared outside of functions, or as a parameter of a kernel`);
    if (dims.length > 0 || d.vector > 1) s.fail(`variable '${name}' of type .${d.type.name} must be a single one`);
    if (space !== "param" && space !== "global") s.fail(`variable '${name}' of type .${d.type.name} must be in .global, or a parameter of a kernel`);
  }
  if (name === "_" && space !== "param") s.fail("'_' is no name of a variable");
  if (d.managed && space !== "global") s.fail(`variable '${name}' in .${space} cannot be managed`);
  if (space === "param" && d.type.kind === "p") s.fail(`a parameter cannot be of type .${d.type.name}: use .b${d.type.bits}`);
  let init: Variable["init"] = null;
  let members: Variable["members"];
  if (s.peek() === ch.equals) {
    s.pos++;
    if (space !== "global" && space !== "const") s.fail(`variable '${name}' in .${space} cannot have an initialiser`);
    if (linkage === "extern") s.fail(`variable '${name}' is external: its initial value is with its definition`);
    if (d.type.kind === "h" || d.type.kind === "p") s.fail(`variable '${name}' of type .${d.type.name} cannot have an initialiser: use .b${d.type.bits}`);
    const read = initialiser(p, d.type, dims.length === 0 && d.vector > 1 ? [d.vector] : d.vector > 1 ? [...dims, d.vector] : dims);
    init = index < 0 ? read.elements : read.elements.map(({ at, value }) => ({ at, value: value.kind === "address" ? named(p, value) : value }));
    members = read.members;
    if (dims[0] === 0) dims[0] = Math.max(1, read.first);
  }
  if (dims[0] === 0 && (space === "global" || space === "const") && linkage !== "extern") s.fail(`variable '${name}' has no size`);
  const size = dims.reduce((a, b) => a * b, elementBytes);
  if (size > MAX_BYTES) s.fail(`variable '${name}' is larger than ${MAX_BYTES} bytes`);
  return {
    kind: "variable", name, space, linkage, type: d.type, vector: d.vector, dims, align: Math.max(d.align, d.align === 0 ? elementBytes : 1), size, init,
    ...(members === undefined ? {} : { members }), managed: d.managed, index, line,
  };
}

/**
 * Reads a declaration `... name, name[2] = {...};` of variables; the state space has been taken.
 * With `local`, the variables are the current function's and are entered into its scope.
 */
export function variables(p: ParseState, space: StateSpace, linkage: Linkage, local: boolean, type?: PtxType): Variable[] {
  const s = p.s;
  const d = declared(p, type === undefined ? {} : { type });
  const out: Variable[] = [];
  do {
    const line = s.line;
    const name = s.expectName("a variable's name");
    if (space === "local" && !local) s.fail(`variable '${name}': .local variables belong to functions`);
    const add = (variable: Variable): void => {
      if (local) enter(p, variable);
      out.push(variable);
    };
    const index = (): number => (local ? p.file.variables.length : -1);
    if (s.peek() === ch.less) {
      // `.global .b32 x<3>;` makes x0, x1, x2 (PTX ISA 5.4.6: no arrays, no initial values).
      const n = family(s);
      if (n > MAX_PARAMETERISED) s.fail(`more than ${MAX_PARAMETERISED} variables in one declaration`);
      const next = s.peek();
      if (next === ch.lbracket || next === ch.equals) s.fail(`variables '${name}<${n}>' can be no arrays, and have no initial values`);
      for (let i = 0; i < n; i++) add(finish(p, space, linkage, d, `${name}${i}`, line, index()));
    } else add(finish(p, space, linkage, d, name, line, index()));
  } while (s.eat(ch.comma));
  s.expect(ch.semicolon, "after a declaration");
  return out;
}

function enter(p: ParseState, variable: Variable): void {
  if (!p.scope.declare(variable.name, variable)) p.duplicate(variable.name);
  p.file.variables.push(variable);
}

const MAX_PARAMETERISED = 4096;

/** `<54>` */
function family(s: Scanner): number {
  s.expect(ch.less, "before a number of registers");
  const n = literal1(s, "a number of registers");
  s.expect(ch.greater, "after a number of registers");
  return n;
}

/** Reads `.reg .type names;`; `.reg` has been taken. */
export function registers(p: ParseState): void {
  const s = p.s;
  const d = declared(p, {});
  registerType(s, d);
  do {
    const name = s.expectName("a register's name");
    if (s.peek() === ch.less) {
      if (d.vector > 1) s.fail("vector registers cannot be declared in families");
      if (!p.scope.declareFamily(name, d.type, family(s))) p.duplicate(name);
    } else if (!p.scope.declare(name, makeRegister(p, name, d))) p.duplicate(name);
  } while (s.eat(ch.comma));
  s.expect(ch.semicolon, "after a register declaration");
}

function registerType(s: Scanner, d: Declared): void {
  if (d.type.kind === "opaque" || (d.vector > 1 && d.type.bits === 128)) s.fail(`registers cannot be ${d.vector > 1 ? "vectors " : ""}of type .${d.type.name}`);
}

function makeRegister(p: ParseState, name: string, d: Declared): Reg | { readonly kind: "vec"; readonly items: readonly Reg[] } {
  if (d.vector === 1) return p.scope.make(name, d.type);
  const items: Reg[] = [];
  for (let i = 0; i < d.vector; i++) items.push(p.scope.register(`${name}.${"xyzw"[i] ?? i}`, d.type));
  return { kind: "vec", items };
}

/** One formal parameter or result: `.param .b64 name[8]`, or `.reg .u32 name` in the pre-ABI form. */
export function formal(p: ParseState, local: boolean): Variable | Reg {
  const s = p.s;
  if (s.peek() !== ch.dot) s.fail(`expected .param or .reg, found ${s.found()}`);
  const space = s.directive();
  if (space !== "param" && space !== "reg") s.fail(`a formal parameter is .param or .reg, not .${space}`);
  const d = declared(p, {});
  const line = s.line;
  const name = s.expectName("a parameter's name");
  if (space === "reg") {
    registerType(s, d);
    if (d.type.bits === 128) s.fail("registers of 128 bits cannot be parameters");
    const reg = p.scope.register(name, d.type);
    if (local && name !== "_" && !p.scope.declare(name, reg)) p.duplicate(name);
    return reg;
  }
  const variable = finish(p, "param", "none", d, name, line, local ? p.file.variables.length : -1);
  if (variable.dims[0] === 0) s.fail(`parameter '${name}' has no size`);
  if (!local) return variable;
  p.file.variables.push(variable);
  if (name !== "_" && !p.scope.declare(name, variable)) p.duplicate(name);
  return variable;
}
