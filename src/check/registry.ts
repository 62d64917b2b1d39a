import type { Diagnostics } from "../api/diagnostics.ts";
import type { Checker } from "./checker.ts";

const checkers = new WeakMap<Diagnostics, Checker>();

/** The machine that explains its errors there is checked. */
export function registerChecker(diagnostics: Diagnostics, checker: Checker): void {
  checkers.set(diagnostics, checker);
}

/** The checker of the caller's machine; null: device code is not checked. @param t a caller of an API */
export function checkerOf(t: { readonly diagnostics: Diagnostics }): Checker | null {
  return checkers.get(t.diagnostics) ?? null;
}
