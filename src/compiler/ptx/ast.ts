import type { Mnemonic } from "./mnemonic.ts";
import type { Scope } from "./scope.ts";
import type { PtxType } from "./types.ts";

/** A virtual register (one component of it, for vector registers). Registers are operands as they are. */
export class Reg {
  readonly kind = "reg";
  readonly name: string;
  readonly type: PtxType;
  /** Dense number in the function, from 0. */
  readonly index: number;
  /** Number of the first and the last statement that names it: its span, for the register estimate. -1: never. */
  first = -1;
  last = -1;
  constructor(name: string, type: PtxType, index: number) {
    this.name = name;
    this.type = type;
    this.index = index;
  }
}

/** A vector register (`.reg .v4 .f32 v`): its components. */
export interface VectorReg {
  readonly kind: "vec";
  readonly items: readonly Reg[];
}

/** Addressable state spaces (PTX ISA 5.1). */
export type StateSpace = "global" | "const" | "shared" | "local" | "param";
/** Linking directives (PTX ISA 11.6). */
export type Linkage = "none" | "visible" | "extern" | "weak" | "common";

/** One element of an initialiser, flattened: a number, or the address of a symbol. */
export type InitElement =
  | { readonly kind: "int"; readonly value: bigint }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "bits"; readonly bits: bigint; readonly width: 32 | 64 }
  /** `mask` takes one byte of the address: `0xff00(symbol)`. `variable` is what the symbol means in the function where it stands, if it is declared there. */
  | { readonly kind: "address"; readonly symbol: string; readonly variable?: Variable; readonly addend: bigint; readonly generic: boolean; readonly mask: bigint | null };

/** A variable or parameter in one of the addressable state spaces. */
export interface Variable {
  readonly kind: "variable";
  readonly name: string;
  readonly space: StateSpace;
  readonly linkage: Linkage;
  readonly type: PtxType;
  /** Vector components of one element: 1, 2, 4. */
  readonly vector: number;
  /** Elements by dimension, none for a scalar. 0 stands for an open first dimension. */
  readonly dims: readonly number[];
  /** Bytes of alignment: as declared, else the natural one. */
  readonly align: number;
  /** Bytes; 0 for open arrays. */
  readonly size: number;
  /** Position (in elements) and value of what is initialised; null without initialiser. */
  readonly init: readonly { readonly at: number; readonly value: InitElement }[] | null;
  /** Members of an opaque variable that its initialiser names: numbers, or the name of an enumerated value. Absent: none. */
  readonly members?: ReadonlyMap<string, number | string>;
  readonly managed: boolean;
  /** Declared inside a function: its index among that function's variables; -1 for module variables. */
  readonly index: number;
  readonly line: number;
}

/** Predicated or not, one instruction. */
export class Instruction {
  readonly kind = "instruction";
  readonly m: Mnemonic;
  readonly guard: Reg | null;
  readonly negate: boolean;
  readonly ops: readonly Operand[];
  readonly line: number;
  constructor(m: Mnemonic, guard: Reg | null, negate: boolean, ops: readonly Operand[], line: number) {
    this.m = m;
    this.guard = guard;
    this.negate = negate;
    this.ops = ops;
    this.line = line;
  }
}

/** A branch target. */
export interface Label {
  readonly kind: "label";
  readonly name: string;
  readonly line: number;
}

/** `.loc`: what follows comes from this line of that file. */
export interface Loc {
  readonly kind: "loc";
  readonly file: number;
  readonly line: number;
}

/** What a function body is made of, blocks flattened. */
export type Statement = Instruction | Label | Loc;

/** A name that is no register: variable, function, label, list. `scope` is where it was written. */
export interface Sym {
  readonly kind: "sym";
  readonly name: string;
  readonly offset: number;
  /** The function's own variable of that name, when there is one. */
  readonly variable: Variable | null;
  readonly scope: Scope;
}

/** `[base+offset]`; without base an absolute address. */
export interface Mem {
  readonly kind: "mem";
  readonly base: Reg | Sym | null;
  readonly offset: number;
}

/** An operand as written (PTX ISA 6.4), names resolved as far as they can be. */
export type Operand =
  | Reg
  | Sym
  | Mem
  | { readonly kind: "int"; readonly value: number | bigint }
  /** A floating-point literal by its bits (0f) or by those of the double (0d, decimal). */
  | { readonly kind: "f32"; readonly bits: number }
  | { readonly kind: "f64"; readonly bits: bigint }
  | { readonly kind: "sreg"; readonly name: string }
  /** `[name, {coordinates}]` and `[name, sampler, {coordinates}]` of texture and surface instructions. */
  | { readonly kind: "texture"; readonly items: readonly Operand[] }
  | { readonly kind: "vec"; readonly items: readonly Operand[] }
  /** `d|p` */
  | { readonly kind: "pair"; readonly a: Operand; readonly b: Operand }
  /** `!p` */
  | { readonly kind: "not"; readonly reg: Reg }
  /** `(a, b)` of a call. */
  | { readonly kind: "list"; readonly items: readonly Operand[] }
  /** `%r1.h0`: part of a register, in video instructions. */
  | { readonly kind: "part"; readonly reg: Reg; readonly part: string }
  /** `-%r1`, `-%r1.h0`: in vmad. */
  | { readonly kind: "negated"; readonly operand: Operand }
  /** `_`: result not wanted. */
  | { readonly kind: "sink" };

/** Parameters and results of a function, or of a `.callprototype`. Registers only in the pre-ABI form. */
export interface Signature {
  readonly params: readonly (Variable | Reg)[];
  readonly results: readonly (Variable | Reg)[];
}

/** Performance-tuning and cluster directives of a function (PTX ISA 11.4), numbers as written. */
export type Directives = ReadonlyMap<string, readonly number[]>;

/** A kernel (`.entry`) or a device function. */
export interface PtxFunction extends Signature {
  readonly kind: "function";
  readonly name: string;
  readonly entry: boolean;
  readonly linkage: Linkage;
  readonly directives: Directives;
  /** Null: a declaration. */
  readonly body: readonly Statement[] | null;
  /** Number of registers named (and of function-level variables): sizes of the dense tables. */
  readonly registers: readonly Reg[];
  readonly variables: readonly Variable[];
  readonly line: number;
}

/** `.alias name, target`: another name of a function. */
export interface Alias {
  readonly kind: "alias";
  readonly name: string;
  readonly target: string;
  readonly line: number;
}

/** What `.version`, `.target` and `.address_size` say. */
export interface PtxHeader {
  readonly version: { readonly major: number; readonly minor: number };
  /** All target words: `sm_90`, `debug`, ... */
  readonly target: readonly string[];
  readonly addressSize: 32 | 64;
}

/** A parsed PTX module. */
export interface PtxModule extends PtxHeader {
  readonly functions: readonly PtxFunction[];
  readonly variables: readonly Variable[];
  readonly aliases: readonly Alias[];
  /** Names by `.file` number. */
  readonly files: ReadonlyMap<number, string>;
}
