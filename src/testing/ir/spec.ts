import type { AtomicOp, Instr, IntBinary } from "../../compiler/ir/ops.ts";
import type { Type } from "../../compiler/ir/types.ts";

/**
 * What a random program is before it is IR: a tree that fast-check can generate and shrink part by part, and that
 * `lower.ts` turns into a valid module whatever is in it. Numbers that name something (a variable, a function, a slot) are taken modulo
 * how many there are.
 *
 * Every program is free of races: a work-item writes only its own slots, shared cells change by operations whose order does not matter and
 * whose results are not looked at, and shared memory is exchanged across barriers that all work-items reach. So its outcome is one, whatever the schedule.
 */

/** An operation of `operations.ts` that computes a value from values. */
export interface Operation {
  readonly result: Type;
  readonly operands: readonly Type[];
  /** The instruction's fields besides `dst` and its operands `a`, `b`, `c`. */
  readonly fields: Readonly<Record<string, unknown>> & { readonly op: Instr["op"] };
  /** Names of the operand fields. */
  readonly names: readonly string[];
}

/** An expression of a random program. */
export type Expr =
  | { readonly kind: "const"; readonly type: Type; readonly bits: bigint }
  | { readonly kind: "variable"; readonly type: Type; readonly index: number }
  /** A parameter of the kernel; in functions a variable. */
  | { readonly kind: "parameter"; readonly type: "i32" | "i64" | "f32" | "f64"; readonly byAddress: boolean }
  /** A special register that does not depend on the schedule. */
  | { readonly kind: "register"; readonly type: "i32" | "i64"; readonly index: number }
  | { readonly kind: "operation"; readonly type: Type; readonly operation: Operation; readonly args: readonly Expr[] }
  /** One value of the read-only input at an element chosen by `index`. */
  | { readonly kind: "input"; readonly type: Type; readonly index: Expr; readonly generic: boolean }
  /** What is in one of the work-item's own output slots now. */
  | { readonly kind: "own"; readonly type: Type; readonly slot: number; readonly generic: boolean; readonly volatile: boolean }
  /** The element of the read-only rows at the work-item's number plus a shift. `narrow`: the index is computed in 32 bits. */
  | { readonly kind: "row"; readonly type: Type; readonly shift: number; readonly narrow: boolean }
  /** What is in the work-item's element of a column now. */
  | { readonly kind: "column"; readonly type: Type; readonly column: number; readonly narrow: boolean }
  /** An element of the function's local array. */
  | { readonly kind: "local"; readonly type: Type; readonly index: Expr; readonly generic: boolean };

/** A warp collective that gives an i32 or i1 (kept as i32). */
export type Collective =
  | { readonly op: "shfl"; readonly mode: "up" | "down" | "bfly" | "idx"; readonly value: Expr; readonly lane: Expr; readonly clamp: number; readonly wantOk: boolean }
  | { readonly op: "vote"; readonly mode: "all" | "any" | "uni" | "ballot"; readonly value: Expr }
  | { readonly op: "match"; readonly mode: "any" | "all"; readonly value: Expr; readonly wide: boolean; readonly wantOk: boolean }
  | { readonly op: "redux"; readonly red: Extract<Instr, { readonly op: "redux" }>["red"] & IntBinary; readonly value: Expr };

/** Statements that any work-item may execute at any time. */
export type Statement =
  | { readonly kind: "assign"; readonly variable: number; readonly type: Type; readonly value: Expr }
  | { readonly kind: "if"; readonly condition: Expr; readonly then: readonly Statement[]; readonly else: readonly Statement[] }
  | { readonly kind: "loop"; readonly count: Expr; readonly body: readonly Statement[] }
  | { readonly kind: "break"; readonly condition: Expr }
  | { readonly kind: "continue"; readonly condition: Expr }
  | { readonly kind: "switch"; readonly value: Expr; readonly cases: readonly { readonly key: number; readonly body: readonly Statement[] }[]; readonly otherwise: readonly Statement[] }
  /** A random control-flow graph, reducible or not, of at most `fuel` block entries. */
  | { readonly kind: "graph"; readonly fuel: number; readonly blocks: readonly GraphBlock[] }
  | { readonly kind: "store"; readonly slot: number; readonly values: readonly Expr[]; readonly generic: boolean }
  | { readonly kind: "storeColumn"; readonly column: number; readonly value: Expr; readonly narrow: boolean }
  /** Several values at once from the input into variables. */
  | { readonly kind: "vectorLoad"; readonly type: Type; readonly count: 2 | 3 | 4; readonly index: Expr; readonly variable: number; readonly generic: boolean; readonly align: "natural" | "byte" }
  | { readonly kind: "storeLocal"; readonly index: Expr; readonly value: Expr; readonly generic: boolean }
  /** An atomic on a cell shared by all; its result is dropped. */
  | { readonly kind: "accumulate"; readonly cell: number; readonly value: Expr }
  /** An atomic on the work-item's own slot; its result goes to a variable. */
  | { readonly kind: "ownAtomic"; readonly op: AtomicOp | "cmpxchg"; readonly type: "i32" | "i64" | "f32" | "f64"; readonly slot: number; readonly value: Expr; readonly expected: Expr; readonly variable: number; readonly generic: boolean }
  | { readonly kind: "call"; readonly callee: number; readonly indirect: boolean; readonly other: number; readonly choice: Expr; readonly args: readonly Expr[]; readonly variable: number }
  | { readonly kind: "recurse"; readonly depth: Expr; readonly value: Expr; readonly variable: number }
  | { readonly kind: "printf"; readonly format: string; readonly args: readonly Expr[] }
  | { readonly kind: "fence" }
  | { readonly kind: "sleep" }
  | { readonly kind: "return"; readonly condition: Expr }
  | { readonly kind: "exit"; readonly condition: Expr }
  | { readonly kind: "fault"; readonly what: FaultyAction; readonly item: number };

/** A block of a random control-flow graph. */
export interface GraphBlock {
  readonly body: readonly { readonly variable: number; readonly type: Type; readonly value: Expr }[];
  readonly condition: Expr;
  readonly targets: readonly [number, number, number];
  readonly terminator: "br" | "condbr" | "switch";
}

/** What the one faulting work-item does. */
export type FaultyAction =
  | "unmapped" | "null" | "misaligned" | "readonly" | "behind-shared" | "behind-local" | "generic-shared" | "straddle" | "trap" | "unreachable" | "invalid-pc" | "deep-recursion" | "atomic-readonly" | "barrier-id" | "bad-string";

/** Statements that all work-items of the group that are still there must reach together. */
export type UniformStatement =
  | { readonly kind: "plain"; readonly body: Statement }
  /** Writes to shared memory, waits, reads what a neighbour wrote, waits. */
  | { readonly kind: "exchange"; readonly value: Expr; readonly distance: number; readonly variable: number; readonly barrier: number; readonly counted: boolean; readonly generic: boolean; readonly dynamic: boolean }
  | { readonly kind: "reduce"; readonly red: "and" | "or" | "popc"; readonly value: Expr; readonly barrier: number; readonly variable: number }
  | { readonly kind: "collective"; readonly collective: Collective; readonly variable: number }
  /** The lanes split by a condition, and each side has a collective with its own mask. */
  | { readonly kind: "split"; readonly condition: Expr; readonly then: readonly Statement[]; readonly thenCollective: Collective; readonly else: readonly Statement[]; readonly elseCollective: Collective; readonly variable: number }
  /** A barrier in each branch of a divergent condition. */
  | { readonly kind: "divergentBarrier"; readonly condition: Expr; readonly then: readonly Statement[]; readonly else: readonly Statement[]; readonly value: Expr; readonly distance: number; readonly variable: number }
  | { readonly kind: "uniformLoop"; readonly count: number; readonly body: readonly UniformStatement[] }
  | { readonly kind: "uniformIf"; readonly bit: number; readonly then: readonly UniformStatement[]; readonly else: readonly UniformStatement[] }
  | { readonly kind: "activemask"; readonly condition: Expr; readonly then: readonly Statement[]; readonly variable: number }
  | { readonly kind: "callUniform"; readonly callee: number; readonly args: readonly Expr[]; readonly variable: number };

/** A device function; it may call those after it in the list. */
export interface FunctionSpec {
  readonly params: readonly Type[];
  readonly results: readonly Type[];
  readonly inline: boolean;
  readonly body: readonly Statement[];
  readonly returns: readonly Expr[];
}

/** A function that all work-items call together. */
export interface UniformFunctionSpec {
  readonly params: readonly Type[];
  readonly results: readonly Type[];
  readonly body: readonly UniformStatement[];
  readonly returns: readonly Expr[];
}

/** A whole random program. */
export interface ProgramSpec {
  readonly functions: readonly FunctionSpec[];
  readonly uniformFunctions: readonly UniformFunctionSpec[];
  readonly body: readonly UniformStatement[];
  /** Stored to the first slots when the work-item comes to its end. */
  readonly finals: readonly Expr[];
}

/** How a program is launched, and on what data. */
export interface LaunchSpec {
  readonly grid: readonly [number, number, number];
  readonly block: readonly [number, number, number];
  /** Work-items cut off the last group of each dimension (an OpenCL range that is no multiple). */
  readonly cut: readonly [number, number, number];
  readonly offset: readonly [number, number, number];
  readonly warpSize: number;
  /** At least `MAX_GROUP` times 8. */
  readonly dynamicShared: number;
  readonly parameters: { readonly i32: number; readonly i64: bigint; readonly f32: bigint; readonly f64: bigint };
  /** Seeds the input bytes. */
  readonly input: number;
  /** Bytes that the output and the columns begin before a page boundary. */
  readonly beforePage: number;
}
