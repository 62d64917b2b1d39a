import { CompileError } from "../../abi.ts";
import { newModule } from "../../ir/builder.ts";
import type { Fn, Module } from "../../ir/module.ts";
import type { Alias, Linkage, PtxFunction, PtxModule, Variable } from "../ast.ts";
import { addBuiltin } from "../../builtins/library.ts";
import { irSignature } from "./abi.ts";
import { kernelAttributes } from "./attributes.ts";
import { FnLowering } from "./function.ts";
import { globalVar } from "./globals.ts";
import { kernelParams, layoutParams } from "./layout.ts";
import { checkSampler, isIndependent, opaqueVar } from "./opaque.ts";
import type { Table } from "./rows.ts";
import { systemFunction } from "../system/library.ts";

const linkages: Readonly<Record<Linkage, Fn["linkage"]>> = { none: "local", visible: "visible", common: "visible", extern: "extern", weak: "weak" };

/** What becomes of symbols that the module does not define: see `PtxOptions`. */
export type Linking = "whole" | "unit";

/** Beginning of the names of what we add to modules. */
export const RESERVED = "__gg_";

function reserved(symbol: { readonly name: string; readonly line: number }): void {
  if (symbol.name.startsWith(RESERVED)) throw new CompileError("link", `the name '${symbol.name}' is reserved`, symbol.line);
}

/** Whether two declarations of a function agree: kind, and number, types and sizes of results and parameters. */
function alike(a: PtxFunction, b: PtxFunction): boolean {
  const same = (x: PtxFunction["params"], y: PtxFunction["params"]): boolean => x.length === y.length && x.every((one, i) => {
    const other = y[i]!;
    if (one.kind !== other.kind || one.type.name !== other.type.name) return false;
    return one.kind !== "variable" || other.kind !== "variable" || (one.size === other.size && one.align === other.align);
  });
  return a.entry === b.entry && same(a.params, b.params) && same(a.results, b.results);
}

/** Constants that a module may have (PTX ISA 5.1.3). */
const MAX_CONSTANTS = 65536;

/** Lowers a parsed module: what its functions share. */
export class ModuleLowering {
  readonly ptx: PtxModule;
  readonly table: Table;
  readonly ir: Module;
  /** The architecture that the text is for: 90 for sm_90 and sm_90a. */
  readonly sm: number;
  /** Whether it is for one architecture only (sm_90a). */
  readonly specific: boolean;
  /** The version of the ISA that the text is in: 83 is 8.3. */
  readonly version: number;
  /** Whether textures and samplers are separate (`.target texmode_independent`). */
  readonly independent: boolean;
  /** Module variables by name. */
  readonly variables: Map<string, Variable> = new Map();
  /** Functions by name: the definition, else the declaration. */
  private readonly functions = new Map<string, PtxFunction>();
  private readonly aliases = new Map<string, Alias>();
  /** Names given to function-level shared variables. */
  private readonly sharedNames = new Map<Variable, string>();
  /** And to those in global and constant memory. */
  private readonly staticNames = new Map<Variable, string>();
  private readonly linking: Linking | null;

  constructor(ptx: PtxModule, name: string, table: Table, linking: Linking | null = null) {
    this.ptx = ptx;
    this.linking = linking;
    this.table = table;
    const arch = ptx.target.map((word) => /^sm_(\d+)([af]?)$/.exec(word)).find((found) => found !== null);
    this.sm = Number(arch?.[1] ?? 0);
    this.specific = (arch?.[2] ?? "") !== "";
    this.version = 10 * ptx.version.major + ptx.version.minor;
    this.independent = isIndependent(ptx.target);
    this.ir = newModule(name, name);
    for (const variable of ptx.variables) this.declare(variable);
    for (const fn of ptx.functions) {
      reserved(fn);
      const known = this.functions.get(fn.name);
      const variable = this.variables.get(fn.name);
      if (variable !== undefined) throw new CompileError("link", `function '${fn.name}' has the name of a variable (line ${variable.line})`, fn.line);
      if (known !== undefined && known.body !== null && fn.body !== null) {
        throw new CompileError("link", `function '${fn.name}' is defined twice (line ${known.line})`, fn.line);
      }
      if (known !== undefined && !alike(known, fn)) throw new CompileError("link", `function '${fn.name}' has other parameters than before (line ${known.line})`, fn.line);
      if (known === undefined || known.body === null) this.functions.set(fn.name, fn);
    }
    for (const alias of ptx.aliases) {
      if (this.variables.has(alias.name)) throw new CompileError("link", `alias '${alias.name}' has the name of a variable`, alias.line);
      if (!this.functions.has(alias.name)) throw new CompileError("link", `alias '${alias.name}' is not declared`, alias.line);
      this.aliases.set(alias.name, alias);
    }
  }

  private declare(variable: Variable): void {
    reserved(variable);
    const known = this.variables.get(variable.name);
    if (known === undefined || known.linkage === "extern") this.variables.set(variable.name, variable);
    else if (variable.linkage !== "extern") throw new CompileError("link", `variable '${variable.name}' is defined twice (line ${known.line})`, variable.line);
  }

  /** Lowers everything. */
  run(): Module {
    for (const variable of this.variables.values()) {
      if (variable.space === "global" || variable.space === "const") {
        // An external variable of a whole program is its own (ptxas says so in a warning).
        const own = this.linking === "whole" && variable.linkage === "extern" ? { ...variable, linkage: "visible" as const } : variable;
        this.ir.globals.set(variable.name, own.type.kind === "opaque" ? opaqueVar(own, this.independent) : globalVar(own, own.name, this.symbolName));
      } else if (variable.space === "shared" && this.linking === "unit" && variable.linkage !== "none") this.sharedName(variable, variable);
    }
    for (const fn of this.functions.values()) this.declareStatics(fn);
    let constants = 0;
    for (const { space, size, align } of this.ir.globals.values()) if (space === "const") constants = Math.ceil(constants / align) * align + size;
    if (constants > MAX_CONSTANTS) throw new CompileError("type", `${constants} bytes of constants are declared: at most ${MAX_CONSTANTS} are possible`, 1);
    for (const fn of this.functions.values()) if (fn.body !== null && !this.ir.functions.has(fn.name)) this.lower(fn);
    if (this.linking === "whole") this.refuseExternal();
    if (this.linking === "unit") for (const alias of this.aliases.values()) this.forward(alias);
    return this.ir;
  }

  /** Nothing may be left for others to define. */
  private refuseExternal(): void {
    for (const fn of this.ir.functions.values()) {
      if (fn.linkage === "extern") throw new CompileError("link", `unresolved extern function '${fn.name}'`, this.functions.get(fn.name)?.line ?? 0);
    }
  }

  /** A function of an alias's name, for other modules to call. */
  private forward(alias: Alias): void {
    const declared = this.functions.get(alias.name);
    const target = this.functionNamed(alias.name);
    const seen = declared !== undefined && declared.linkage !== "none" && declared.linkage !== "extern";
    if (target === undefined || target.body === null || target.entry || !seen || this.ir.functions.has(alias.name)) return;
    const { params, results } = irSignature(target, alias.line);
    const values = results.map((_, i) => params.length + i);
    this.ir.functions.set(alias.name, {
      ...this.shell(target), name: alias.name, linkage: linkages[declared.linkage], types: [...params, ...results],
      blocks: [{ label: "entry", instrs: [{ op: "call", dst: values, callee: target.name, args: params.map((_, i) => i) }, { op: "ret", values }] }],
    });
  }

  private lower(fn: PtxFunction): void {
    const ir = this.shell(fn);
    this.ir.functions.set(fn.name, ir);
    new FnLowering(this, fn, ir).run();
  }

  /** The IR function, still without code. */
  private shell(fn: PtxFunction): Fn {
    const common = { name: fn.name, linkage: linkages[fn.linkage], locals: [] };
    if (fn.entry) {
      for (const p of fn.params) checkSampler({ name: p.name, type: p.type, line: fn.line }, this.independent);
      const layout = layoutParams(fn);
      return {
        ...common, kind: "kernel", params: [], results: [], types: [], blocks: [{ label: "entry", instrs: [] }],
        kernelParams: kernelParams(fn, layout), paramBytes: layout.bytes, attributes: kernelAttributes(fn),
      };
    }
    for (const p of [...fn.params, ...fn.results]) {
      if (p.type.kind === "opaque") throw new CompileError("type", `parameter '${p.name}' of type .${p.type.name}: only kernels have such`, fn.line);
    }
    const { params, results } = irSignature(fn, fn.line);
    return {
      ...common, kind: "func", params, results, types: [...params], blocks: fn.body === null ? [] : [{ label: "entry", instrs: [] }],
      kernelParams: [], paramBytes: 0, attributes: null,
    };
  }

  /** Follows aliases; their targets are functions. */
  private resolve(name: string): string {
    let at = name;
    // A chain of aliases cannot be longer than their number, unless it is a ring.
    for (let i = 0; i <= this.aliases.size; i++) {
      const next = this.aliases.get(at);
      if (next === undefined) return at;
      at = next.target;
    }
    throw new CompileError("link", `alias '${name}' stands for itself`, this.aliases.get(name)!.line);
  }

  /** The function a name means, following aliases; a declared one that the system provides is the system's. Undefined when there is none. */
  functionNamed(name: string): PtxFunction | undefined {
    const fn = this.functions.get(this.resolve(name));
    if (fn === undefined || fn.body !== null) return fn;
    return this.provide(fn) ?? fn;
  }

  /** Puts a system function into the module, when there is one of the declaration's name and type. */
  private provide(declared: PtxFunction): PtxFunction | null {
    const system = systemFunction(declared.name);
    if (system === null) return null;
    const [have, want] = [irSignature(system.fn, declared.line), irSignature(declared, declared.line)];
    if (have.params.join() !== want.params.join() || have.results.join() !== want.results.join()) return null;
    if (!this.functions.has(system.fn.name)) {
      this.functions.set(system.fn.name, system.fn);
      for (const variable of system.variables) this.addVariable(variable);
      this.lower(system.fn);
    }
    return system.fn;
  }

  private addVariable(variable: Variable): void {
    if (this.variables.has(variable.name)) return;
    this.variables.set(variable.name, variable);
    this.ir.globals.set(variable.name, globalVar(variable, variable.name, this.symbolName));
  }

  /**
   * The IR name of a function that is called or whose address is taken; a declaration without body becomes an
   * external function of the module. Undefined when there is none.
   */
  functionName(name: string): string | undefined {
    const fn = this.functionNamed(name);
    if (fn === undefined) return undefined;
    if (fn.body === null && !this.ir.functions.has(fn.name)) this.ir.functions.set(fn.name, { ...this.shell(fn), linkage: "extern" });
    return fn.name;
  }

  /** A function's own variables in .global and .const: they have names that no text can write. */
  private declareStatics(fn: PtxFunction): void {
    if (fn.body === null) return;
    const own = fn.variables.filter(({ space }) => space === "global" || space === "const");
    for (const variable of own) this.staticNames.set(variable, `${fn.name}.${variable.name}.${variable.index}`);
    for (const variable of own) this.ir.globals.set(this.globalName(variable), globalVar(variable, this.globalName(variable), this.symbolName));
  }

  /** The IR name of a variable in global or constant memory. */
  globalName(variable: Variable): string {
    return this.staticNames.get(variable) ?? variable.name;
  }

  /** What a name in an initialiser stands for. */
  private readonly symbolName = ({ symbol: name, variable: own }: { readonly symbol: string; readonly variable?: Variable }): string | undefined => {
    if (own !== undefined) return this.globalName(own);
    const variable = this.variables.get(name);
    if (variable?.type.kind === "opaque") throw new CompileError("type", `'${name}' of type .${variable.type.name} cannot stand in an initialiser`, variable.line);
    if (variable !== undefined) return name;
    return this.functionName(name);
  };

  /** The IR name of a shared variable; null for the dynamic shared memory (open extern arrays all mean it). */
  sharedName(fn: { readonly name: string }, variable: Variable): string | null {
    if (variable.dims[0] === 0) return null;
    const known = this.sharedNames.get(variable);
    if (known !== undefined) return known;
    // Function-level names may repeat in other functions.
    const taken = this.ir.shared.has(variable.name) || (variable.index >= 0 && this.variables.has(variable.name));
    const name = taken ? `${fn.name}.${variable.name}.${variable.index}` : variable.name;
    const linkage = this.linking === "unit" && variable.index < 0 && variable.linkage !== "none" ? { linkage: variable.linkage } : {};
    this.ir.shared.set(name, { name, size: variable.size, align: variable.align, ...linkage });
    this.sharedNames.set(variable, name);
    return name;
  }

  /** Bytes of shared variables used so far, laid out one after the other. */
  staticSharedBytes(): number {
    let at = 0;
    for (const variable of this.ir.shared.values()) at = Math.ceil(at / variable.align) * variable.align + variable.size;
    return Math.ceil(at / 16) * 16;
  }

  /**
   * Puts a function of the builtin library into the module, and gives its name.
   * @throws CompileError when the module has an incompatible function of that name
   */
  builtin(name: string, line: number): string {
    if (this.functions.has(name) || this.variables.has(name)) throw new CompileError("link", `the name '${name}' is reserved for the builtin library`, line);
    addBuiltin(this.ir, name);
    return name;
  }

  /** Makes a hidden variable in global memory, zero at first. */
  needGlobal(name: string, size: number): void {
    if (this.ir.globals.has(name)) return;
    this.ir.globals.set(name, { name, space: "global", size, align: size, init: null, relocs: [], linkage: "local", managed: false });
  }

  /** Makes a hidden variable in shared memory. */
  needShared(name: string, size: number): void {
    if (!this.ir.shared.has(name)) this.ir.shared.set(name, { name, size, align: 16 });
  }
}
