import type { Instr, ValueId } from "./ops.ts";
import type { Type } from "./types.ts";

/** One basic block: phis first, then others, one terminator last. */
export interface Block {
  /** For printing and error messages; unique in the function. */
  readonly label: string;
  readonly instrs: Instr[];
}

/** Work-item memory of fixed size that a function asks for (alloca, .local, the PTX call depot). */
export interface LocalVar {
  readonly name: string;
  readonly size: number;
  readonly align: number;
}

/** Work-group memory of fixed size. Several functions may use one; the module lays them out by name. */
export interface SharedVar {
  readonly name: string;
  readonly size: number;
  readonly align: number;
  /** How a linker sees it; absent: its module keeps it to itself. */
  readonly linkage?: "visible" | "extern" | "weak" | "common";
}

/** A reference inside a variable's initial bytes: 8 (or 4) bytes at `offset` hold the address of `symbol` plus `addend`. */
export interface Relocation {
  readonly offset: number;
  readonly size: 4 | 8;
  readonly symbol: string;
  readonly addend: bigint;
  /** Generic address wanted (matters only for shared symbols, which cannot appear here: kept for functions). */
  readonly generic: boolean;
}

/** What a reference to a texture, sampler or surface is (PTX ISA 5.3): nothing in memory; each launch says where its descriptor lies. */
export interface OpaqueVar {
  readonly kind: "texref" | "samplerref" | "surfref";
  /** Whether textures and samplers of its module are separate. */
  readonly independent: boolean;
  /** Initial values by the ISA's names; those left out have their defaults. */
  readonly members: Readonly<Record<string, number | string>>;
}

/** A module variable in device memory. */
export interface GlobalVar {
  readonly name: string;
  readonly space: "global" | "const";
  readonly size: number;
  readonly align: number;
  /** Bytes from the start; the rest is zero. Null: all zero. */
  readonly init: Uint8Array | null;
  readonly relocs: readonly Relocation[];
  readonly linkage: "local" | "visible" | "extern" | "weak" | "common";
  readonly managed: boolean;
  /** It is a reference, and its address is that of a descriptor, which may be another one in each launch. Absent: a variable. */
  readonly opaque?: OpaqueVar;
}

/** How a host sees a kernel parameter; order is the kernel's order. */
export interface KernelParam {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly align: number;
  /**
   * `scalar`: plain value; `bytes`: struct or array by value; `global`/`const`: device pointer;
   * `shared`: work-group pointer (OpenCL `__local`, the host gives a size and the launch puts the offset, i64, here);
   * `sampler`, `image`: handles, i64.
   */
  readonly kind: "scalar" | "bytes" | "global" | "const" | "shared" | "sampler" | "image";
  /** Machine type when `kind` is scalar and it has one. */
  readonly type: Type | null;
  /** Source-level facts for clGetKernelArgInfo: "float*", "restrict" ... Null when unknown. */
  readonly info: { readonly typeName: string; readonly access: string; readonly qualifiers: readonly string[] } | null;
}

/** What a kernel asks of its launch. Null: no demand. */
export interface KernelAttributes {
  readonly reqdWorkGroupSize: readonly [number, number, number] | null;
  readonly workGroupSizeHint: readonly [number, number, number] | null;
  readonly maxThreads: number | null;
  readonly minBlocksPerSm: number | null;
  readonly vecTypeHint: string | null;
  /** Work-items of a sub-group, when the kernel is only for devices with such. */
  readonly subGroupSize?: number;
  /** Registers a work-item takes on hardware, an estimate of the front end (for occupancy). */
  readonly registers: number;
}

/** A function or kernel: typed values, blocks of instructions. */
export interface Fn {
  readonly name: string;
  readonly kind: "kernel" | "func";
  /** Function parameters (not of kernels): values 0 .. n-1. */
  readonly params: readonly Type[];
  readonly results: readonly Type[];
  /** Type of each value, by id. */
  readonly types: Type[];
  readonly blocks: Block[];
  readonly locals: LocalVar[];
  /** Kernels only. */
  readonly kernelParams: readonly KernelParam[];
  /** Bytes of the parameter block. */
  readonly paramBytes: number;
  readonly attributes: KernelAttributes | null;
  /** "local" functions cannot be seen by a linker; an extern one has no blocks. */
  readonly linkage: "local" | "visible" | "extern" | "weak";
  /** Ask the back end to inline every call (small builtins). */
  readonly inline?: boolean;
}

/** What a front end makes and a back end takes. */
export interface Module {
  readonly name: string;
  readonly functions: Map<string, Fn>;
  readonly globals: Map<string, GlobalVar>;
  readonly shared: Map<string, SharedVar>;
  /** Name of the source text that `line` fields point into, for messages. */
  readonly sourceName: string | null;
}

/** Values that an instruction defines (none, one, or several). */
export function definedBy(instr: Instr): readonly ValueId[] {
  if (!("dst" in instr)) return [];
  const dst = instr.dst;
  if (typeof dst !== "number") return dst;
  return "ok" in instr && instr.ok !== -1 ? [dst, instr.ok] : [dst];
}
