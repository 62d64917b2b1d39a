import { CompileError } from "../abi.ts";
import { addBuiltin } from "../builtins/library.ts";
import { Kit } from "../builtins/kit.ts";
import { ConstPool } from "../builtins/pool.ts";
import type { FnBuilder } from "../ir/builder.ts";
import type { Module } from "../ir/module.ts";
import type { BlockId, ValueId } from "../ir/ops.ts";
import type { Space, Type } from "../ir/types.ts";
import type { LFunction, LInstr, Operand } from "./ast.ts";
import { constantPointer, constantValues } from "./constants.ts";
import type { LineTable } from "./debug.ts";
import type { Dialect } from "./dialect.ts";
import { flatten } from "./flat.ts";
import type { ParsedModule } from "./parse.ts";
import { OFFSET_LIMIT, windowOf, type Pointer } from "./pointer.ts";
import type { LType } from "./types.ts";

/** One module on its way from LLVM to the device IR. */
export interface ModuleLowering {
  readonly source: ParsedModule;
  readonly module: Module;
  readonly dialect: Dialect;
  readonly lines: LineTable;
  /** May functions stay undefined, for a linker? */
  readonly allowUndefined: boolean;
  /** Sees to it that a variable that is used is in the module; tells where it lives. */
  variable(name: string): { readonly space: Space; readonly symbol: string };
  /** Sees to it that a function that is called is in the module, as a function; gives its IR name. */
  callable(fn: LFunction): string;
}

/** One function on its way: what its LLVM values have become. */
export class FnLowering {
  readonly mod: ModuleLowering;
  readonly source: LFunction;
  readonly b: FnBuilder;
  readonly pool: ConstPool;
  readonly k: Kit;
  readonly blocks: Map<string, BlockId> = new Map();
  /** Addresses of the parameter block, by value: what is read there at a known offset is a parameter. */
  readonly paramBases: Map<ValueId, number> = new Map();
  /** Variables that are only copies of a parameter, and stand for it. */
  readonly aliased: Set<string> = new Set();
  private readonly values = new Map<string, readonly ValueId[]>();
  private readonly pointers = new Map<string, Pointer>();
  private at: LInstr | null = null;

  constructor(mod: ModuleLowering, source: LFunction, b: FnBuilder) {
    this.mod = mod;
    this.source = source;
    this.b = b;
    this.pool = new ConstPool(b);
    this.k = new Kit(b, mod.module, this.pool, (name) => addBuiltin(mod.module, name).results);
  }

  /** Marks the instruction that is lowered now: its line goes on what is emitted, and into errors. */
  enter(instr: LInstr): void {
    this.at = instr;
    const line = this.mod.lines.line(instr.dbg);
    this.b.line = line === 0 ? undefined : line;
  }

  /** Ends the compilation; names the source line when debug information has it, else the line of the IR. */
  fail(message: string, kind: CompileError["kind"] = "unsupported"): never {
    if (this.b.line !== undefined) throw new CompileError(kind, `${message} (in ${this.source.name})`, this.b.line);
    const irLine = this.at === null ? 0 : this.mod.source.text.slice(0, this.at.at).split("\n").length;
    throw new CompileError(kind, `${message} (in ${this.source.name}${irLine === 0 ? "" : `, line ${irLine} of the LLVM IR`})`);
  }

  space(addressSpace: number): Space {
    return this.mod.dialect.space(addressSpace) ?? this.fail(`address space ${addressSpace}`);
  }

  spaceOf(type: LType): Space {
    return type.k === "ptr" ? this.space(type.space) : this.fail("pointer wanted");
  }

  set(name: string, values: readonly ValueId[]): void {
    this.values.set(name, values);
  }

  setPointer(name: string, pointer: Pointer): void {
    this.pointers.set(name, pointer);
  }

  /** The IR values of an operand; addresses are computed here if they were not yet. */
  value(operand: Operand): readonly ValueId[] {
    if (operand.k === "local") {
      const known = this.values.get(operand.name);
      if (known !== undefined) return known;
      const pointer = this.pointers.get(operand.name);
      if (pointer !== undefined) return [this.address(pointer)];
      return this.fail(`value %${operand.name} is used before it is defined`, "syntax");
    }
    if (operand.k === "meta") return this.fail("metadata used as a value");
    return constantValues(this, operand);
  }

  /** The only IR value of a scalar operand. */
  one(operand: Operand): ValueId {
    const values = this.value(operand);
    return values.length === 1 ? values[0]! : this.fail("scalar wanted");
  }

  /** Where a pointer operand points, as far as is known without computing. */
  pointer(operand: Operand): Pointer {
    if (operand.k === "local") {
      const known = this.pointers.get(operand.name);
      if (known !== undefined) return known;
    } else if (operand.k !== "meta") {
      const constant = constantPointer(this, operand);
      if (constant !== null) return constant;
    }
    return { base: this.one(operand), offset: 0, space: this.spaceOf(operand.type), generic: false };
  }

  /** The address as a number, in the pointer's own type. */
  address(pointer: Pointer): ValueId {
    const add = BigInt(pointer.offset) + (pointer.generic ? windowOf(pointer.space) : 0n);
    return add === 0n ? pointer.base : this.k.add(pointer.base, this.k.l(add));
  }

  /** The pointer some constant bytes further. */
  advance(pointer: Pointer, bytes: number): Pointer {
    const offset = pointer.offset + bytes;
    if (Math.abs(offset) < OFFSET_LIMIT) return { ...pointer, offset };
    return { ...pointer, base: this.k.add(pointer.base, this.k.l(BigInt(offset))), offset: 0 };
  }

  /** IR types of a value of that LLVM type. */
  types(type: LType): Type[] {
    return flatten(type).map((leaf) => leaf.type);
  }
}
