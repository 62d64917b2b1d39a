import { CompileError } from "../../abi.ts";
import type { Instruction, Operand } from "../ast.ts";
import type { Mnemonic } from "../mnemonic.ts";
import type { FnLowering } from "./function.ts";
import { goneFrom, needsOf } from "./needs.ts";
import { illegal } from "./rules/index.ts";

/** Emits IR for one instruction whose mnemonic is already taken apart. */
export type Lower = (c: FnLowering, ops: readonly Operand[], instr: Instruction) => void;

/**
 * How a guard (`@p`) is honoured.
 * - `pure`: no effect but its destinations; it is computed anyway, and each destination selects between new and old value;
 * - `effect`: a branch around it;
 * - `control`: the row reads the guard itself (branches, returns).
 */
export type Mode = "pure" | "effect" | "control";

/** One form of an instruction. Adding to the ISA we know means adding rows. */
export interface Row {
  readonly op: string;
  /** For each type modifier, in order, the types it may be (separated by blanks). */
  readonly types: readonly string[];
  /** Further modifiers that may be present (separated by blanks). */
  readonly mods?: string;
  /** Modifiers that must be present. */
  readonly needs?: string;
  /** Cache hints (`L1::evict_last`, `L2::128B` ...) may be present; they have no effect here. */
  readonly hints?: boolean;
  /** Number of operands, or least and most. */
  readonly operands: number | readonly [number, number];
  readonly mode: Mode;
  /** Called once for each different mnemonic. */
  readonly make: (m: Mnemonic) => Lower;
}

/** A row chosen and specialised for one mnemonic. */
export interface Plan {
  readonly lower: Lower;
  readonly mode: Mode;
  readonly least: number;
  readonly most: number;
  /** The least `.target` that has it. */
  readonly sm: number;
  /** The least `.version` that has it; 8.3 is 83. */
  readonly version: number;
  /** The first version without it (Infinity: all later ones have it too), for architectures from sm_70 on. */
  readonly gone: number;
}

/** Names of all integer types with arithmetic. */
export const INTS = "u16 u32 u64 s16 s32 s64";
/** Names of the untyped types with logic and shifts. */
export const BITS = "b16 b32 b64";

interface Compiled {
  readonly row: Row;
  readonly types: readonly ReadonlySet<string>[];
  readonly allowed: ReadonlySet<string>;
  readonly needs: readonly string[];
}

function words(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : text.split(" ");
}

function compile(row: Row): Compiled {
  const needs = words(row.needs);
  return { row, types: row.types.map((set) => new Set(words(set))), allowed: new Set([...needs, ...words(row.mods)]), needs };
}

const hint = /^(L1|L2)::|^level::|^unified$/;

function fits(form: Compiled, m: Mnemonic): boolean {
  if (form.types.length !== m.types.length || !form.types.every((set, i) => set.has(m.types[i]!.name))) return false;
  return form.needs.every((need) => m.mods.includes(need))
    && m.mods.every((mod) => form.allowed.has(mod) || (form.row.hints === true && hint.test(mod)));
}

/** The instruction table: what rows exist, by opcode. */
export class Table {
  private readonly rows = new Map<string, Row[]>();
  /** Rows made ready for matching, when their opcode is first met: most programs use few. */
  private readonly forms = new Map<string, readonly Compiled[]>();
  /** Opcodes of the ISA that are known but not executed yet, for better messages. */
  private readonly known: ReadonlySet<string>;
  /** Modifiers and types of forms that the ISA has and we do not. */
  private readonly later: ReadonlySet<string>;

  constructor(families: readonly (readonly Row[])[], known: readonly string[], later: readonly string[]) {
    this.known = new Set(known);
    this.later = new Set(later);
    for (const family of families) {
      for (const row of family) {
        const list = this.rows.get(row.op);
        if (list === undefined) this.rows.set(row.op, [row]);
        else list.push(row);
      }
    }
  }

  private formsOf(op: string): readonly Compiled[] | undefined {
    const ready = this.forms.get(op);
    const rows = this.rows.get(op);
    if (ready !== undefined || rows === undefined) return ready;
    const compiled = rows.map(compile);
    this.forms.set(op, compiled);
    return compiled;
  }

  /**
   * The way to lower an instruction of this name.
   * @throws CompileError unsupported (a form we do not execute), type (modifiers that do not go together) or syntax (no such instruction)
   */
  plan(m: Mnemonic, line: number): Plan {
    if (m.plan !== null) return m.plan;
    const forms = this.formsOf(m.op);
    const form = forms?.find((f) => fits(f, m));
    if (form === undefined) this.refuse(m, forms, line);
    const why = illegal(m);
    if (why !== null) throw new CompileError("type", `instruction '${m.text}': ${why}`, line);
    const { operands, mode, make } = form.row;
    const [least, most] = typeof operands === "number" ? [operands, operands] : operands;
    m.plan = { lower: make(m), mode, least, most, ...needsOf(m), gone: goneFrom(m) };
    return m.plan;
  }

  private refuse(m: Mnemonic, forms: readonly Compiled[] | undefined, line: number): never {
    if (forms !== undefined) {
      const strange = m.mods.find((mod) => !forms.some((f) => f.allowed.has(mod) || (f.row.hints === true && hint.test(mod))));
      const types = m.types.map((t) => `.${t.name}`).join("") || "no type";
      const later = m.mods.find((mod) => this.later.has(mod)) ?? m.types.find(({ name }) => this.later.has(name))?.name;
      if (later !== undefined) throw new CompileError("unsupported", `instruction '${m.text}': .${later} is not supported`, line);
      throw new CompileError("type", `instruction '${m.text}': ${strange === undefined ? `no form of '${m.op}' takes ${types} with these modifiers` : `'${m.op}' has no modifier .${strange}`}`, line);
    }
    if (this.known.has(m.op)) throw new CompileError("unsupported", `instruction '${m.text}' is not supported`, line);
    throw new CompileError("syntax", `unknown instruction '${m.text}'`, line);
  }
}
