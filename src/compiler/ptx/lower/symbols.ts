import type { ValueId } from "../../ir/ops.ts";
import type { Space } from "../../ir/types.ts";
import type { Sym, Variable } from "../ast.ts";
import type { FnLowering } from "./function.ts";

/** What a name in an instruction stands for. */
export interface Symbol {
  /** Space of the address; functions have addresses of their own kind and count as generic. */
  readonly space: Space;
  /** The variable, when it is one. */
  readonly variable: Variable | null;
  /** The address (i64), relative to its space. */
  address(): ValueId;
}

/** Names of one function's instructions: its own variables, the module's variables, functions. */
export class Symbols {
  private readonly c: FnLowering;
  /** Frame slots of the function's .local variables. */
  private readonly slots = new Map<Variable, number>();

  constructor(c: FnLowering) {
    this.c = c;
  }

  /**
   * What a name means.
   * @throws CompileError when it means nothing
   */
  resolve(sym: Sym): Symbol {
    const variable = sym.variable ?? this.c.module.variables.get(sym.name);
    if (variable !== undefined) return this.ofVariable(variable);
    const target = this.c.module.functionName(sym.name);
    if (target === undefined) return this.c.fail(`'${sym.name}' is not declared`);
    return { space: "generic", variable: null, address: () => this.named("funcaddr", target) };
  }

  /** Address of a name with its offset added. */
  address(sym: Sym): ValueId {
    const { em } = this.c;
    const base = this.resolve(sym).address();
    return sym.offset === 0 ? base : em.bin("add", "i64", base, em.int("i64", sym.offset));
  }

  private named(op: "funcaddr" | "globaladdr" | "sharedaddr", symbol: string): ValueId {
    const { em } = this.c;
    return em.once(`${op}:${symbol}`, () => {
      const dst = em.value("i64");
      em.push({ op, dst, symbol, line: em.line });
      return dst;
    });
  }

  private ofVariable(variable: Variable): Symbol {
    const { c } = this;
    switch (variable.space) {
      case "global":
      case "const":
        return { space: variable.space, variable, address: () => this.named("globaladdr", c.module.globalName(variable)) };
      case "shared": {
        const name = c.module.sharedName(c.fn, variable);
        return { space: "shared", variable, address: () => (name === null ? this.dynamic() : this.named("sharedaddr", name)) };
      }
      case "local": return { space: "local", variable, address: () => this.local(variable) };
      case "param":
        // Its address is a texture's, and that is what the parameter holds.
        if (variable.type.kind === "opaque") return { space: "global", variable, address: () => c.params.load(variable, 0, "i64") };
        return { space: c.params.spaceOf(), variable, address: () => c.params.address(variable) };
      default: return variable.space satisfies never;
    }
  }

  private dynamic(): ValueId {
    const { em } = this.c;
    return em.once("dynshared", () => {
      const dst = em.value("i64");
      em.push({ op: "dynsharedaddr", dst, line: em.line });
      return dst;
    });
  }

  private local(variable: Variable): ValueId {
    const { em } = this.c;
    let index = this.slots.get(variable);
    if (index === undefined) {
      index = em.fn.locals.push({ name: variable.name, size: variable.size, align: variable.align }) - 1;
      this.slots.set(variable, index);
    }
    const slot = index;
    return em.once(`local:${slot}`, () => {
      const dst = em.value("i64");
      em.push({ op: "localaddr", dst, index: slot, line: em.line });
      return dst;
    });
  }
}
