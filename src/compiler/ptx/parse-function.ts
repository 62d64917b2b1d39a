import type { Directives, Linkage, PtxFunction } from "./ast.ts";
import { count } from "./expression.ts";
import { body } from "./parse-body.ts";
import type { ParseState } from "./parse-state.ts";
import { formals } from "./parse-signature.ts";
import { ch, type Scanner } from "./scanner.ts";

/** `.maxntid 256, 1, 1` and its like, up to the body or the semicolon. */
function directives(p: ParseState): Directives {
  const s = p.s;
  const out = new Map<string, readonly number[]>();
  while (s.peek() === ch.dot) {
    const name = s.directive();
    const numbers: number[] = [];
    if (name === "attribute" || s.peek() === ch.lparen) skipParentheses(p);
    else if (s.peek() === ch.quote) {
      do s.string(); while (s.eat(ch.comma));
      s.eat(ch.semicolon);
    } else if (s.peek() >= ch.zero && s.peek() <= ch.nine) {
      do {
        if (numbers.length === 3) s.fail(`.${name} takes at most three numbers`);
        numbers.push(count(s, `an argument of .${name}`));
      } while (s.eat(ch.comma));
    }
    out.set(name, numbers);
  }
  return out;
}

function skipParentheses(p: ParseState): void {
  const s = p.s;
  s.expect(ch.lparen, "after .attribute");
  let depth = 1;
  while (depth > 0) {
    const c = s.peek();
    if (c === -1) s.fail("parenthesis without end");
    s.pos++;
    if (c === ch.lparen) depth++;
    else if (c === ch.rparen) depth--;
  }
}

/** What directives say of one another (PTX ISA 11.4). */
function agree(s: Scanner, attributes: Directives, entry: boolean, gives: boolean): void {
  const both = (a: string, b: string): void => { if (attributes.has(a) && attributes.has(b)) s.fail(`.${a} and .${b} exclude each other`); };
  both("maxntid", "reqntid");
  both("reqnctapercluster", "maxclusterrank");
  for (const name of ["maxntid", "reqntid"]) if (attributes.get(name)?.includes(0) === true) s.fail(`.${name} takes numbers above 0`);
  if (attributes.has("noreturn") && (entry || gives)) s.fail(`.noreturn is for functions without ${entry ? "a launch to end" : "results"}`);
  if (attributes.has("maxnctapersm")) s.fail(".maxnctapersm is not there any more: .minnctapersm is");
}

/** Reads a function or kernel; `.func` or `.entry` has been taken. */
export function parseFunction(p: ParseState, entry: boolean, linkage: Linkage): PtxFunction {
  const s = p.s;
  p.enterFunction();
  const file = p.file;
  const line = s.line;
  if (s.peek() === ch.dot) directives(p);
  const results = s.peek() === ch.lparen ? formals(p, true) : [];
  if (entry && results.length > 0) s.fail("a kernel has no results");
  const name = s.expectName("a function's name");
  const params = formals(p, true);
  const attributes = directives(p);
  agree(s, attributes, entry, results.length > 0);
  const common = { kind: "function", name, entry, linkage, directives: attributes, params, results, registers: file.registers, variables: file.variables, line } as const;
  if (s.eat(ch.semicolon)) return { ...common, body: null };
  s.expect(ch.lbrace, `to begin the body of '${name}'`);
  return { ...common, body: body(p) };
}
