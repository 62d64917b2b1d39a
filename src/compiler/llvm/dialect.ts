import type { Space } from "../ir/types.ts";
import type { ValueId } from "../ir/ops.ts";
import type { LInstr, LFunction } from "./ast.ts";
import type { FnLowering } from "./context.ts";

/** What differs between the languages that arrive as LLVM IR. */
export interface Dialect {
  /** State space of an address space number; null when there is none. */
  space(addressSpace: number): Space | null;
  /** Number of the generic address space. */
  readonly generic: number;
  /**
   * Lowers a call of a function that the module only declares (no `llvm.` intrinsic of the language-independent kind).
   * Gives the results, or null when the name means nothing to the language.
   */
  call(fx: FnLowering, callee: LFunction | null, name: string, instr: LInstr & { op: "call" }): readonly ValueId[] | null;
}
