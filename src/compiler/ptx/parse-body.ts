import { Instruction, Reg, type Operand, type Statement } from "./ast.ts";
import { count } from "./expression.ts";
import { mnemonic } from "./mnemonic.ts";
import { operand, operandList } from "./parse-operand.ts";
import { prototype } from "./parse-signature.ts";
import type { ParseState } from "./parse-state.ts";
import { registers, variables } from "./parse-variable.ts";
import { ch } from "./scanner.ts";
import { Scope } from "./scope.ts";

/** Scopes inside scopes; inline assembly uses two or three. */
const MAX_SCOPES = 256;
const MAX_OPERANDS = 64;

/** Reads a function's body up to its closing brace; the opening one has been taken. Blocks are flattened: names are resolved here. */
export function body(p: ParseState): Statement[] {
  const s = p.s;
  const out: Statement[] = [];
  const outermost = p.scope;
  let depth = 0;
  for (;;) {
    p.statement = out.length;
    const c = s.peek();
    if (s.startsName(c)) named(p, out);
    else if (c === ch.at) guarded(p, out);
    else if (c === ch.dot) directive(p, out);
    else if (c === ch.lbrace) {
      if (++depth > MAX_SCOPES) s.fail(`more than ${MAX_SCOPES} nested scopes`);
      s.pos++;
      p.scope = new Scope(p.scope, p.file);
    } else if (c === ch.rbrace) {
      s.pos++;
      if (depth-- === 0) break;
      p.scope = p.scope.parent ?? outermost;
    } else if (c === ch.semicolon) s.pos++;
    else s.fail(c === -1 ? "function body without end: a '}' is missing" : `expected an instruction, found ${s.found()}`);
  }
  return out;
}

/** A label, or an instruction without guard. */
function named(p: ParseState, out: Statement[]): void {
  const s = p.s;
  const line = s.line;
  const start = s.pos;
  const name = s.dotted();
  if (s.peek() === ch.colon) {
    s.pos++;
    if (name.includes(".")) {
      s.pos = start;
      s.fail(`'${name}' cannot be a label`);
    }
    label(p, name, line, out);
    return;
  }
  out.push(instruction(p, name, null, false, line));
}

function label(p: ParseState, name: string, line: number, out: Statement[]): void {
  const s = p.s;
  if (s.peek() === ch.dot) {
    const pos = s.pos;
    const word = s.directive();
    if (word === "callprototype") return p.scope.declarePrototype(name, prototype(p));
    if (word === "branchtargets" || word === "calltargets") {
      const items: string[] = [];
      do items.push(s.expectName("a target")); while (s.eat(ch.comma));
      s.expect(ch.semicolon, `after .${word}`);
      return p.scope.declareList(name, items);
    }
    s.pos = pos;
  }
  const made = { kind: "label", name, line } as const;
  if (!p.scope.declareLabel(made)) p.duplicate(name);
  out.push(made);
}

/** `@p`, `@!p` and the instruction they guard. */
function guarded(p: ParseState, out: Statement[]): void {
  const s = p.s;
  s.pos++;
  const negate = s.eat(ch.bang);
  const name = s.expectName("a predicate register");
  const reg = p.scope.find(name);
  if (!(reg instanceof Reg) || reg.type.kind !== "pred") return s.fail(`guard '${name}' is no predicate register`);
  if (reg.first < 0) reg.first = p.statement;
  reg.last = p.statement;
  if (!s.startsName(s.peek())) s.fail(`expected an instruction after the guard, found ${s.found()}`);
  const line = s.line;
  out.push(instruction(p, s.dotted(), reg, negate, line));
}

function instruction(p: ParseState, text: string, guard: Reg | null, negate: boolean, line: number): Instruction {
  const s = p.s;
  let name = text;
  // `ld.global .f32`: blanks inside a mnemonic.
  while (s.peek() === ch.dot) name += `.${s.directive()}`;
  const m = mnemonic(name);
  const ops: Operand[] = [];
  const next = s.peek();
  if (m.op === "call") callOperands(p, ops);
  else if (next !== ch.semicolon && next !== ch.rbrace && next !== -1) {
    do {
      ops.push(operand(p));
      if (ops.length > MAX_OPERANDS) s.fail(`an instruction has at most ${MAX_OPERANDS} operands`);
    } while (s.eat(ch.comma));
  }
  if (s.peek() !== ch.semicolon) s.fail(`expected ';' after '${name}', found ${s.found()}`);
  s.pos++;
  return new Instruction(m, guard, negate, ops, line);
}

const noArguments: Operand = { kind: "list", items: [] };

/** `(results), target, (arguments), list`: always the four, with empty lists where nothing stands; the last only when given. */
function callOperands(p: ParseState, ops: Operand[]): void {
  const s = p.s;
  if (s.peek() === ch.lparen) {
    ops.push(operandList(p));
    s.expect(ch.comma, "after a call's results");
  } else ops.push(noArguments);
  ops.push(operand(p));
  if (!s.eat(ch.comma)) {
    ops.push(noArguments);
    return;
  }
  if (s.peek() === ch.lparen) {
    ops.push(operandList(p));
    if (!s.eat(ch.comma)) return;
  } else ops.push(noArguments);
  ops.push(operand(p));
}

/** Directives inside a body (PTX ISA chapter 11 and section 5.1). */
function directive(p: ParseState, out: Statement[]): void {
  const s = p.s;
  const word = s.directive();
  switch (word) {
    case "reg": return registers(p);
    // One of .global or .const there is once for all calls, as outside, but has its name here alone.
    case "global":
    case "const":
    case "local":
    case "param": variables(p, word, "none", true); return;
    case "shared":
    case "shared::cta": variables(p, "shared", "none", true); return;
    case "extern": {
      if (s.peek() !== ch.dot || !s.directive().startsWith("shared")) s.fail("only .shared variables may be .extern inside a function");
      variables(p, "shared", "extern", true);
      return;
    }
    case "loc": out.push(loc(p)); return;
    case "pragma":
      do s.string(); while (s.eat(ch.comma));
      return s.expect(ch.semicolon, "after .pragma");
    default: s.fail(`unexpected .${word} in a function body`);
  }
}

/** `.loc file line column [, function_name label [+ n], inlined_at file line column]` */
export function loc(p: ParseState): Statement {
  const s = p.s;
  const file = count(s, "a file number");
  const line = count(s, "a line number");
  count(s, "a column");
  while (s.eat(ch.comma)) {
    const word = s.expectName("function_name or inlined_at");
    if (word === "inlined_at") for (let i = 0; i < 3; i++) count(s, "a position");
    else {
      s.expectName("a label");
      if (s.eat(ch.plus)) count(s, "an offset");
    }
  }
  return { kind: "loc", file, line };
}
