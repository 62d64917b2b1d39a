import type { Space, Type } from "./types.ts";

/**
 * The operations of the device IR, exact to the bit. Where a source language leaves a result open,
 * the IR does not: that is what makes the reference interpreter and the WebAssembly back end comparable,
 * and a run replayable.
 *
 * Common rules:
 * - Integers wrap. Narrow integers (i1, i8, i16) are kept zero-extended; signed operations look at the sign bit of the type's width.
 * - Shifts take the amount modulo the width (WebAssembly's rule). PTX's clamping is the front end's work.
 * - Division by zero does not trap: unsigned and signed quotients have all bits set, remainders are the dividend;
 *   the smallest integer divided by -1 is itself, remainder 0.
 * - Floating point is IEEE 754 with denormals, round to nearest even unless `round` says otherwise. Any NaN result of an
 *   arithmetic operation is the canonical quiet NaN: 0x7fc00000 in f32, 0x7ff8000000000000n in f64 (as OpenCL prefers;
 *   the PTX front end maps where the ISA promises 0x7fffffff). Moves, loads, stores, select, neg, abs and copysign keep NaN bits.
 *   NON-SPEC: the WebAssembly back end may let payloads differ inside a computation; it canonicalises where
 *   bits become visible (store, bitcast, atomics, collectives).
 * - Operands and result have one type unless the operation says otherwise: a shift's amount and the result of clz, ctz and popc have the
 *   type of the shifted or counted value; clz and ctz of 0 are the width. `round` stands only on fadd, fsub, fmul, fdiv, fsqrt, fma and on
 *   the conversions that round.
 * - An i1 in memory is one byte, written 0 or 1; a load looks at its lowest bit.
 * - A memory operation first checks alignment ("misaligned"), then translates the whole access, page by page, before it touches any byte. A failed
 *   translation of any kind asks `LaunchHooks.fault` with the whole access; if that refuses, the fault is "write-protected" when the page is
 *   present (PTE_READ or PTE_WRITE set) and a store or atomic lacks PTE_WRITE, otherwise "illegal-address".
 *   Addresses are 64-bit sums `addr + offset` (wrapping). In the spaces shared and local an access must lie wholly inside the launch's shared size
 *   (static and dynamic) or the work-item's local memory, otherwise "illegal-address"; the hook is not asked.
 */

/** Rounding of a floating-point operation: to nearest even, to zero, down, up. */
export type Rounding = "rn" | "rz" | "rm" | "rp";

/** Binary integer operations. */
export type IntBinary =
  | "add" | "sub" | "mul"
  | "mulhi.s" | "mulhi.u"
  | "div.s" | "div.u" | "rem.s" | "rem.u"
  | "and" | "or" | "xor"
  | "shl" | "lshr" | "ashr" | "rotl"
  | "min.s" | "max.s" | "min.u" | "max.u";

/** Unary integer operations. */
export type IntUnary = "not" | "neg" | "clz" | "ctz" | "popc" | "brev";

/**
 * `fmin`/`fmax`: the number when one operand is NaN; canonical NaN when both are; -0 is less than +0.
 * `frem` is C's fmod (exact).
 */
export type FloatBinary = "fadd" | "fsub" | "fmul" | "fdiv" | "frem" | "fmin" | "fmax" | "copysign";
/** `frint` rounds to nearest even, `fround` half away from zero. `fsqrt` is correctly rounded. */
export type FloatUnary = "fneg" | "fabs" | "fsqrt" | "ffloor" | "fceil" | "ftrunc" | "frint" | "fround";

/** Integer comparisons. */
export type IntPredicate = "eq" | "ne" | "lt.s" | "le.s" | "gt.s" | "ge.s" | "lt.u" | "le.u" | "gt.u" | "ge.u";
/** o*: false when unordered; u*: true when unordered; ord/uno: neither/either is NaN. */
export type FloatPredicate =
  | "oeq" | "one" | "olt" | "ole" | "ogt" | "oge"
  | "ueq" | "une" | "ult" | "ule" | "ugt" | "uge"
  | "ord" | "uno";

/**
 * Conversions, from the operand's type to the instruction's type.
 * - trunc/zext/sext between integers; bitcast between i32 and f32, i64 and f64.
 * - fptosi/fptoui: round by `round` (default rz), saturate to the target's range, NaN gives 0.
 * - sitofp/uitofp, fptrunc (f64 to f32): round by `round` (default rn). fpext is exact.
 * - f16tof32/bf16tof32: i16 pattern to f32, exact. f32tof16/f32tobf16/f64tof16: to the i16 pattern, rounding by `round`;
 *   overflow gives infinity (rn) and NaN gives 0x7e00 / 0x7fc0.
 */
export type Conversion =
  | "trunc" | "zext" | "sext" | "bitcast"
  | "fptosi" | "fptoui" | "sitofp" | "uitofp" | "fptrunc" | "fpext"
  | "f16tof32" | "f32tof16" | "f64tof16" | "bf16tof32" | "f32tobf16";

/** Atomic read-modify-write operations. */
export type AtomicOp =
  | "add" | "sub" | "and" | "or" | "xor" | "xchg"
  | "min.s" | "max.s" | "min.u" | "max.u"
  /** CUDA's wrapping increment and decrement: `inc`: old >= v ? 0 : old+1; `dec`: old == 0 || old > v ? v : old-1. */
  | "inc" | "dec"
  | "fadd" | "fmin" | "fmax";

/** Memory orders, as in C11. */
export type MemoryOrder = "relaxed" | "acquire" | "release" | "acq_rel" | "seq_cst";
/** Whom an atomic operation is ordered for. */
export type Scope = "workitem" | "subgroup" | "workgroup" | "device" | "system";

/** What a work-item may ask about its place. All are i32 unless said; `x`, `y`, `z` are dimensions 0, 1, 2. */
export type SpecialRegister =
  | "tid.x" | "tid.y" | "tid.z"
  /** Size of this work-group (the last one of an OpenCL range may be smaller). */
  | "ntid.x" | "ntid.y" | "ntid.z"
  /** Size of the work-groups that are not at the edge: OpenCL's get_enqueued_local_size. */
  | "entid.x" | "entid.y" | "entid.z"
  | "ctaid.x" | "ctaid.y" | "ctaid.z"
  | "nctaid.x" | "nctaid.y" | "nctaid.z"
  /** i64: OpenCL's get_global_id, get_global_size and get_global_offset. */
  | "gid.x" | "gid.y" | "gid.z" | "gsize.x" | "gsize.y" | "gsize.z" | "goff.x" | "goff.y" | "goff.z"
  | "workdim"
  /** Linear work-item number in the group is x + y*ntid.x + z*ntid.x*ntid.y; lane = that mod warp size, warp = that / warp size. */
  | "lane" | "warp" | "nwarp" | "warpsize"
  | "smid" | "nsmid"
  /** i64: instructions counted so far for this work-item's SM, and the machine's virtual nanoseconds. */
  | "clock64" | "globaltimer"
  | "dynshared" | "gridid";

/** Index into the function's value table. Dense, from 0; parameters first. */
export type ValueId = number;
/** Index into the function's blocks; 0 is the entry and has no predecessors. */
export type BlockId = number;

/** Fields that every instruction may have. */
interface Common {
  /** Line of the source text (PTX file, or the OpenCL C / CUDA file by debug info); 1-based. Absent: unknown. */
  readonly line?: number;
}

interface Defines {
  /** The value defined. Its type stands in `fn.types[dst]`. */
  readonly dst: ValueId;
}

/** One instruction. */
export type Instr = Common & (
  /** i64 constants are bigint, all others number (i1: 0 or 1; narrow integers zero-extended; i32 as any of its signed or unsigned spellings; NaN allowed). */
  | (Defines & { readonly op: "const"; readonly value: number | bigint })
  /** Keeps a NaN's exact pattern: f32 from a u32, f64 from a u64. */
  | (Defines & { readonly op: "constbits"; readonly bits: bigint })
  | (Defines & { readonly op: IntBinary; readonly a: ValueId; readonly b: ValueId })
  | (Defines & { readonly op: IntUnary; readonly a: ValueId })
  | (Defines & { readonly op: FloatBinary; readonly a: ValueId; readonly b: ValueId; readonly round?: Rounding })
  | (Defines & { readonly op: FloatUnary; readonly a: ValueId; readonly round?: Rounding })
  /** a*b+c with one rounding. */
  | (Defines & { readonly op: "fma"; readonly a: ValueId; readonly b: ValueId; readonly c: ValueId; readonly round?: Rounding })
  | (Defines & { readonly op: "icmp"; readonly pred: IntPredicate; readonly a: ValueId; readonly b: ValueId })
  | (Defines & { readonly op: "fcmp"; readonly pred: FloatPredicate; readonly a: ValueId; readonly b: ValueId })
  /** c ? a : b, both evaluated. */
  | (Defines & { readonly op: "select"; readonly c: ValueId; readonly a: ValueId; readonly b: ValueId })
  | (Defines & { readonly op: Conversion; readonly a: ValueId; readonly round?: Rounding })
  /** A copy; also what lowering leaves behind. */
  | (Defines & { readonly op: "copy"; readonly a: ValueId })
  /** Value by predecessor; only at the head of a block, one entry for each predecessor. */
  | (Defines & { readonly op: "phi"; readonly from: readonly (readonly [BlockId, ValueId])[] })
  | (Defines & { readonly op: "sreg"; readonly reg: SpecialRegister })
  /** Reads `fn.types[dst]` at byte `offset` of the kernel's parameter block (only in kernels). */
  | (Defines & { readonly op: "param"; readonly offset: number })
  /**
   * i64 address of byte `offset` of the parameter block itself, for parameters whose address is taken: `PARAM_WINDOW + offset`,
   * readable in the spaces const and generic.
   */
  | (Defines & { readonly op: "paramaddr"; readonly offset: number })
  /** i64: address of a module variable (global/const space), of a shared variable (space shared), or of the dynamic shared memory. */
  | (Defines & { readonly op: "globaladdr"; readonly symbol: string; readonly offset?: bigint })
  | (Defines & { readonly op: "sharedaddr"; readonly symbol: string })
  | (Defines & { readonly op: "dynsharedaddr" })
  /** i64: offset of one of the function's `locals` in the work-item's frame (space local). */
  | (Defines & { readonly op: "localaddr"; readonly index: number })
  /** i64: a number that `calli` accepts. */
  | (Defines & { readonly op: "funcaddr"; readonly symbol: string })
  /**
   * Reads `dst.length` values of one type from consecutive memory at `addr + offset`. `align` is what the access needs:
   * an address that is no multiple of it faults as misaligned (space global, const, generic). Translation is of the whole access.
   */
  | { readonly op: "load"; readonly dst: readonly ValueId[]; readonly space: Space; readonly addr: ValueId; readonly offset: number;
      readonly align: number; readonly volatile?: boolean; readonly order?: MemoryOrder; readonly scope?: Scope }
  | { readonly op: "store"; readonly src: readonly ValueId[]; readonly space: Space; readonly addr: ValueId; readonly offset: number;
      readonly align: number; readonly volatile?: boolean; readonly order?: MemoryOrder; readonly scope?: Scope }
  /** Old value in dst (i32, i64, f32, f64; narrow types through cmpxchg by the front end). */
  | (Defines & { readonly op: "atomic"; readonly rmw: AtomicOp; readonly space: Space; readonly addr: ValueId; readonly offset: number;
      readonly value: ValueId; readonly order: MemoryOrder; readonly scope: Scope })
  | (Defines & { readonly op: "cmpxchg"; readonly space: Space; readonly addr: ValueId; readonly offset: number;
      readonly expected: ValueId; readonly value: ValueId; readonly order: MemoryOrder; readonly scope: Scope })
  | { readonly op: "fence"; readonly order: MemoryOrder; readonly scope: Scope }
  /** Direct and indirect calls. Results are listed; device functions may return several values. */
  | { readonly op: "call"; readonly dst: readonly ValueId[]; readonly callee: string; readonly args: readonly ValueId[] }
  | { readonly op: "calli"; readonly dst: readonly ValueId[]; readonly target: ValueId; readonly args: readonly ValueId[]; readonly params: readonly Type[]; readonly results: readonly Type[] }
  /**
   * Work-group barrier `id` (0 to 15; i32; null: 0). With `count` (i32, a multiple of the warp size) only that many work-items take part.
   * `kind` "sync" waits; "arrive" only counts, and needs a `count`. Without a count, all non-exited work-items of the group must come to it.
   * With one, lanes of a warp that do not exist or have exited count as arrived as soon as another lane of their warp has. A bad id or count is the fault "illegal-instruction".
   * `orders` "shared": the program asks for the order of accesses to shared memory only. All are ordered nevertheless; checkers tell who relies on that.
   */
  | { readonly op: "barrier"; readonly kind: "sync" | "arrive"; readonly id: ValueId | null; readonly count: ValueId | null; readonly orders?: "shared" }
  /** bar.red: i1 operand; dst is i1 (and/or) or i32 (popc). Also OpenCL's work_group_any/all. */
  | (Defines & { readonly op: "barred"; readonly red: "and" | "or" | "popc"; readonly id: ValueId | null; readonly count: ValueId | null; readonly a: ValueId })
  /**
   * Warp collectives over the lanes named in `mask` (i32) that have not exited; `mask` null: all lanes of the warp that are not exited.
   * Lanes named in the mask wait for one another: until each is at a collective with the same operation, mode and mask (wherever in the program).
   * A lane's own bit must be in the mask (else it acts alone, as if the mask were its own bit). A mask names lanes 0 to 31; in wider warps
   * the other lanes act alone unless the mask is null, and ballot and match show lanes 0 to 31.
   */
  | { readonly op: "warpsync"; readonly mask: ValueId | null }
  /**
   * PTX shfl.sync: value `a` (i32; wider values are split by the front end), lane or delta `b`, clamp word `c` as in the ISA (bits 0-4 clamp, 8-12 segment mask);
   * `dst` gets the value, `ok` (i1, or -1) whether the source lane was in range. Reading an inactive lane gives the lane's own value.
   * In warps wider than 32, lane numbers, clamp (bits 0-5) and segment mask (bits 8-13) have one bit more.
   */
  | (Defines & { readonly op: "shfl"; readonly mode: "up" | "down" | "bfly" | "idx"; readonly ok: ValueId | -1;
      readonly a: ValueId; readonly b: ValueId; readonly c: ValueId; readonly mask: ValueId | null })
  /** dst: i1 for all/any/uni, i32 for ballot. `a` is i1. */
  | (Defines & { readonly op: "vote"; readonly mode: "all" | "any" | "uni" | "ballot"; readonly a: ValueId; readonly mask: ValueId | null })
  /** dst: i32 mask of lanes with the same `a` (i32 or i64); `all`: the mask if all agree else 0, `ok` (i1, or -1) says whether. */
  | (Defines & { readonly op: "match"; readonly mode: "any" | "all"; readonly ok: ValueId | -1; readonly a: ValueId; readonly mask: ValueId | null })
  | (Defines & { readonly op: "redux"; readonly red: "add" | "min.s" | "max.s" | "min.u" | "max.u" | "and" | "or" | "xor"; readonly a: ValueId; readonly mask: ValueId | null })
  /**
   * i32: the lanes of the warp that execute this together. The model's choice: a lane that comes to it waits; when no lane of the warp
   * can go on (each has exited or waits, and no collective or barrier is complete), the lanes that wait at the one of these instructions that comes first
   * (convergence.ts; calls that led there count) go on together, and form the mask. So that a spinning lane cannot hold up the others for ever, a
   * lane that has spent a whole turn (`TURN` of limits.ts) without coming to it no longer counts as able to go on.
   */
  | (Defines & { readonly op: "activemask" })
  /**
   * printf. OpenCL: `format` is the text, `args` the evaluated arguments, C-promoted, vectors as their elements; dst (i32) is 0. CUDA's vprintf: `formatAddr` is a generic
   * address, `argsAddr` the generic address of the packed arguments (each at its natural alignment; or null); dst is the number of arguments printed.
   */
  | (Defines & { readonly op: "printf"; readonly format: string | null; readonly formatAddr: ValueId | null; readonly argsAddr: ValueId | null; readonly args: readonly ValueId[] })
  /** A failing device assert: addresses of message, file, function strings (i64, generic) and the line (i32). Ends the kernel. */
  | { readonly op: "assertfail"; readonly message: ValueId; readonly file: ValueId; readonly lineNo: ValueId; readonly func: ValueId }
  | { readonly op: "nanosleep"; readonly ns: ValueId }
  /** Terminators. */
  | { readonly op: "br"; readonly target: BlockId }
  | { readonly op: "condbr"; readonly c: ValueId; readonly then: BlockId; readonly else: BlockId }
  | { readonly op: "switch"; readonly a: ValueId; readonly cases: readonly (readonly [bigint, BlockId])[]; readonly default: BlockId }
  | { readonly op: "ret"; readonly values: readonly ValueId[] }
  /** Ends this work-item, at any call depth. */
  | { readonly op: "exit" }
  /** Ends the kernel with a trap fault (CUDA_ERROR_ILLEGAL_INSTRUCTION / LAUNCH_FAILED class). */
  | { readonly op: "trap" }
  | { readonly op: "unreachable" }
);

/** Names of the instructions. */
export type Opcode = Instr["op"];

/** What ends a block. */
export const terminators: ReadonlySet<Opcode> = new Set<Opcode>(["br", "condbr", "switch", "ret", "exit", "trap", "unreachable"]);
