import type { Reg, Signature, Variable } from "./ast.ts";
import { count } from "./expression.ts";
import type { ParseState } from "./parse-state.ts";
import { formal } from "./parse-variable.ts";
import { ch } from "./scanner.ts";

const MAX_FORMALS = 4096;

/** `( formal, formal )`, or nothing. With `local`, they are entered into the current function's scope. */
export function formals(p: ParseState, local: boolean): (Variable | Reg)[] {
  const s = p.s;
  const out: (Variable | Reg)[] = [];
  if (!s.eat(ch.lparen)) return out;
  if (s.peek() !== ch.rparen) {
    do {
      out.push(formal(p, local));
      if (out.length > MAX_FORMALS) s.fail(`more than ${MAX_FORMALS} parameters`);
    } while (s.eat(ch.comma));
  }
  s.expect(ch.rparen, "after a parameter list");
  return out;
}

/** `.callprototype (results) _ (params) .noreturn;` the directive has been taken. */
export function prototype(p: ParseState): Signature {
  const s = p.s;
  const results = formals(p, false);
  s.expectName("'_'");
  const params = formals(p, false);
  while (s.peek() === ch.dot) {
    s.directive();
    if (s.peek() >= ch.zero && s.peek() <= ch.nine) count(s, "a directive's argument");
  }
  s.expect(ch.semicolon, "after .callprototype");
  return { params, results };
}
