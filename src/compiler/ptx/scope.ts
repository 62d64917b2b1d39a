import { Reg, type Label, type Signature, type Variable, type VectorReg } from "./ast.ts";
import { ptxType, type PtxType } from "./types.ts";

/** What a name means where it is written: a register, a vector register, or a variable. */
export type Named = Reg | VectorReg | Variable;

interface Family {
  readonly type: PtxType;
  readonly count: number;
}

/** What the registers of one function share: their dense numbering. */
export interface RegisterFile {
  readonly registers: Reg[];
}

/**
 * One `{ }` of a function body. Names (also labels and prototypes) are seen inside it and in what it encloses.
 * `.reg .b32 %r<54>` declares 54 names; they are made when first used, so that generous counts cost nothing.
 */
export class Scope {
  readonly parent: Scope | null;
  private readonly file: RegisterFile;
  private readonly names = new Map<string, Named>();
  private families: Map<string, Family> | null = null;
  private labels: Map<string, Label> | null = null;
  private lists: Map<string, readonly string[]> | null = null;
  private prototypes: Map<string, Signature> | null = null;

  constructor(parent: Scope | null, file: RegisterFile) {
    this.parent = parent;
    this.file = file;
  }

  /** Declares `name` here; false when it is declared here already. */
  declare(name: string, what: Named): boolean {
    if (this.names.has(name)) return false;
    this.names.set(name, what);
    return true;
  }

  /** A new register of the function. */
  register(name: string, type: PtxType): Reg {
    const reg = new Reg(name, type, this.file.registers.length);
    this.file.registers.push(reg);
    return reg;
  }

  /** `.reg .type prefix<count>`: names `prefix0` up to `prefix(count-1)`. */
  declareFamily(prefix: string, type: PtxType, count: number): boolean {
    this.families ??= new Map();
    if (this.families.has(prefix)) return false;
    this.families.set(prefix, { type, count });
    return true;
  }

  /** What `name` means here; undefined when it is not declared in the function. */
  find(name: string): Named | undefined {
    // oxlint-disable-next-line typescript/no-this-alias
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      const known = scope.names.get(name);
      if (known !== undefined) return known;
      if (scope.families !== null) {
        const made = scope.member(name);
        if (made !== undefined) return made;
      }
    }
    return undefined;
  }

  /** A register as its name is declared: 128-bit ones are pairs of 64-bit ones. */
  make(name: string, type: PtxType): Reg | VectorReg {
    if (type.bits !== 128) return this.register(name, type);
    const word = ptxType("b64");
    return { kind: "vec", items: [this.register(`${name}.lo`, word), this.register(`${name}.hi`, word)] };
  }

  private member(name: string): Reg | VectorReg | undefined {
    let digits = name.length;
    let number = 0;
    let scale = 1;
    while (digits > 0) {
      const c = name.charCodeAt(digits - 1) - 48;
      if (c < 0 || c > 9) break;
      number += c * scale;
      scale *= 10;
      digits--;
      // A prefix may itself end in digits (`%r1<4>`), so every split is tried.
      if (digits < name.length - 1 && c === 0) continue;
      const family = this.families!.get(name.slice(0, digits));
      if (family === undefined || number >= family.count) continue;
      const reg = this.make(name, family.type);
      this.names.set(name, reg);
      return reg;
    }
    return undefined;
  }

  declareLabel(label: Label): boolean {
    this.labels ??= new Map();
    if (this.labels.has(label.name)) return false;
    this.labels.set(label.name, label);
    return true;
  }

  /** The label that `name` means for a branch written here (labels may follow their use). */
  findLabel(name: string): Label | undefined {
    // oxlint-disable-next-line typescript/no-this-alias
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      const label = scope.labels?.get(name);
      if (label !== undefined) return label;
    }
    return undefined;
  }

  /** `.branchtargets` and `.calltargets`. */
  declareList(name: string, items: readonly string[]): void {
    this.lists ??= new Map();
    this.lists.set(name, items);
  }

  findList(name: string): readonly string[] | undefined {
    // oxlint-disable-next-line typescript/no-this-alias
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      const list = scope.lists?.get(name);
      if (list !== undefined) return list;
    }
    return undefined;
  }

  declarePrototype(name: string, signature: Signature): void {
    this.prototypes ??= new Map();
    this.prototypes.set(name, signature);
  }

  findPrototype(name: string): Signature | undefined {
    // oxlint-disable-next-line typescript/no-this-alias
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      const found = scope.prototypes?.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
