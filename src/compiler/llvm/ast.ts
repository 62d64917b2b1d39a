import type { LType } from "./types.ts";

/** Constants (Language Reference, "Constants" and "Constant Expressions"). */
export type Const =
  | { readonly k: "int"; readonly type: LType; readonly value: bigint }
  /** `bits` in the format of the type. */
  | { readonly k: "float"; readonly type: LType; readonly bits: bigint }
  /** null, zeroinitializer, undef, poison, none: all are zeros here. */
  | { readonly k: "zero"; readonly type: LType }
  | { readonly k: "global"; readonly type: LType; readonly name: string }
  | { readonly k: "list"; readonly type: LType; readonly items: readonly Const[] }
  | { readonly k: "bytes"; readonly type: LType; readonly text: string }
  | { readonly k: "expr"; readonly type: LType; readonly op: string; readonly args: readonly Const[]; readonly elem?: LType };

/** What an instruction works on: a constant, a local value, or metadata (which nothing looks at). */
export type Operand = Const | { readonly k: "local"; readonly type: LType; readonly name: string } | { readonly k: "meta"; readonly type: LType };

interface Base {
  /** Name of the result; null when there is none. */
  readonly dst: string | null;
  /** Type of the result. */
  readonly type: LType;
  /** Number of the !dbg node; -1 without. */
  readonly dbg: number;
  /** Where in the text it stands, for errors. */
  readonly at: number;
}

/** One instruction, by `op`. Flags are not kept. */
export type LInstr = Base & (
  | { readonly op: "binary"; readonly what: string; readonly a: Operand; readonly b: Operand }
  | { readonly op: "fneg" | "freeze"; readonly a: Operand }
  | { readonly op: "icmp" | "fcmp"; readonly pred: string; readonly a: Operand; readonly b: Operand }
  | { readonly op: "select"; readonly c: Operand; readonly a: Operand; readonly b: Operand }
  | { readonly op: "phi"; readonly from: readonly { readonly value: Operand; readonly block: string }[] }
  | { readonly op: "cast"; readonly what: string; readonly a: Operand }
  | { readonly op: "load"; readonly ptr: Operand; readonly align: number; readonly volatile: boolean; readonly order: string | null; readonly scope: string }
  | { readonly op: "store"; readonly value: Operand; readonly ptr: Operand; readonly align: number; readonly volatile: boolean; readonly order: string | null; readonly scope: string }
  | { readonly op: "gep"; readonly elem: LType; readonly ptr: Operand; readonly indices: readonly Operand[]; readonly inbounds: boolean }
  | { readonly op: "alloca"; readonly elem: LType; readonly count: Operand | null; readonly align: number }
  | { readonly op: "extractelement"; readonly a: Operand; readonly index: Operand }
  | { readonly op: "insertelement"; readonly a: Operand; readonly value: Operand; readonly index: Operand }
  | { readonly op: "shufflevector"; readonly a: Operand; readonly b: Operand; readonly mask: Operand }
  | { readonly op: "extractvalue"; readonly a: Operand; readonly path: readonly number[] }
  | { readonly op: "insertvalue"; readonly a: Operand; readonly value: Operand; readonly path: readonly number[] }
  | { readonly op: "call"; readonly callee: Operand; readonly args: readonly Operand[]; readonly byval: readonly (LType | null)[];
      /** Alignment promised for each argument; 0 without. */
      readonly aligns: readonly number[] }
  | { readonly op: "fence"; readonly order: string; readonly scope: string }
  | { readonly op: "cmpxchg"; readonly ptr: Operand; readonly expected: Operand; readonly value: Operand; readonly order: string; readonly scope: string }
  | { readonly op: "atomicrmw"; readonly what: string; readonly ptr: Operand; readonly value: Operand; readonly order: string; readonly scope: string }
  | { readonly op: "ret"; readonly value: Operand | null }
  | { readonly op: "br"; readonly target: string }
  | { readonly op: "condbr"; readonly c: Operand; readonly then: string; readonly else: string }
  | { readonly op: "switch"; readonly a: Operand; readonly cases: readonly (readonly [bigint, string])[]; readonly default: string }
  | { readonly op: "unreachable" }
);

/** One basic block. */
export interface LBlock {
  readonly name: string;
  readonly instrs: LInstr[];
}

/** One parameter of a function. */
export interface LParam {
  readonly type: LType;
  readonly name: string;
  /** What the pointer points to, when the argument is a copy. */
  readonly byval: LType | null;
  /** Alignment attribute; 0 without. */
  readonly align: number;
}

/** A function: its header, and where its body stands until someone wants it. */
export interface LFunction {
  readonly name: string;
  readonly kernel: boolean;
  /** internal or private. */
  readonly local: boolean;
  readonly ret: LType;
  readonly params: readonly LParam[];
  readonly varargs: boolean;
  /** Attribute groups by number. */
  readonly attrs: readonly string[];
  /** Attachments: kind to node number. */
  readonly metadata: ReadonlyMap<string, number>;
  /** Position behind "{"; -1 for a declaration. */
  readonly body: number;
}

/** One module variable. */
export interface LGlobal {
  readonly name: string;
  readonly type: LType;
  readonly space: number;
  readonly constant: boolean;
  readonly linkage: string;
  readonly init: Const | null;
  readonly align: number;
}

/** The top level of a module. */
export interface LModule {
  readonly text: string;
  readonly functions: ReadonlyMap<string, LFunction>;
  readonly globals: ReadonlyMap<string, LGlobal>;
  /** Aliases of functions and variables: name to name. */
  readonly aliases: ReadonlyMap<string, string>;
  readonly attributes: ReadonlyMap<string, string>;
  readonly types: ReadonlyMap<string, LType>;
  /** Text of each numbered metadata node behind its "=". */
  readonly metadata: ReadonlyMap<number, string>;
  readonly namedMetadata: ReadonlyMap<string, string>;
  readonly triple: string;
}
