import { CompileError } from "../abi.ts";
import type { Variable } from "./ast.ts";
import { Scanner } from "./scanner.ts";
import { Scope, type RegisterFile } from "./scope.ts";

/** What the parts of the parser share while they read one module. */
export class ParseState {
  readonly s: Scanner;
  /** Number of the current statement of the function, for register spans. */
  statement = 0;
  /** Innermost scope of the function being read. */
  scope: Scope;
  /** Registers and variables of the function being read. */
  file: RegisterFile & { readonly variables: Variable[] };

  constructor(text: string) {
    this.s = new Scanner(text);
    this.file = { registers: [], variables: [] };
    this.scope = new Scope(null, this.file);
  }

  /** Begins a function: new registers, new outermost scope. */
  enterFunction(): void {
    this.file = { registers: [], variables: [] };
    this.scope = new Scope(null, this.file);
    this.statement = 0;
  }

  /** A name that is declared twice in one scope. */
  duplicate(name: string): never {
    throw new CompileError("syntax", `'${name}' is declared twice in the same scope`, this.s.line, this.s.column());
  }
}
