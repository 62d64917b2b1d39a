import { terminators, type Instr, type BlockId, type ValueId } from "./ops.ts";
import type { Block, Fn, KernelAttributes, KernelParam, LocalVar, Module } from "./module.ts";
import type { Type } from "./types.ts";

/** An empty module. */
export function newModule(name: string, sourceName: string | null = null): Module {
  return { name, functions: new Map(), globals: new Map(), shared: new Map(), sourceName };
}

type WithoutDst<T> = T extends { readonly dst: ValueId } ? Omit<T, "dst"> : never;
/** Instructions that define exactly one value, before that value has a number. */
export type OneResult = WithoutDst<Instr>;

/** Attributes of a kernel that says nothing about itself. */
export const defaultAttributes: KernelAttributes = {
  reqdWorkGroupSize: null, workGroupSizeHint: null, maxThreads: null, minBlocksPerSm: null, vecTypeHint: null, registers: 32,
};

/**
 * Builds one function. `line` is stamped on what is emitted until it changes. Blocks may be created before
 * they are filled; phis may be completed later with `setPhi`.
 */
export class FnBuilder {
  readonly fn: Fn;
  line: number | undefined = undefined;
  private current: Block;

  constructor(name: string, options: {
    kind: "kernel" | "func";
    params?: readonly Type[];
    results?: readonly Type[];
    kernelParams?: readonly KernelParam[];
    paramBytes?: number;
    attributes?: KernelAttributes | null;
    linkage?: Fn["linkage"];
    inline?: boolean;
  }) {
    const params = options.params ?? [];
    this.current = { label: "entry", instrs: [] };
    this.fn = {
      name,
      kind: options.kind,
      params,
      results: options.results ?? [],
      types: [...params],
      blocks: [this.current],
      locals: [],
      kernelParams: options.kernelParams ?? [],
      paramBytes: options.paramBytes ?? 0,
      attributes: options.attributes ?? (options.kind === "kernel" ? defaultAttributes : null),
      linkage: options.linkage ?? "visible",
      ...(options.inline === undefined ? {} : { inline: options.inline }),
    };
  }

  value(type: Type): ValueId {
    this.fn.types.push(type);
    return this.fn.types.length - 1;
  }

  block(label: string): BlockId {
    this.fn.blocks.push({ label: `${label}.${this.fn.blocks.length}`, instrs: [] });
    return this.fn.blocks.length - 1;
  }

  at(block: BlockId): this {
    this.current = this.fn.blocks[block]!;
    return this;
  }

  get here(): BlockId {
    return this.fn.blocks.indexOf(this.current);
  }

  get terminated(): boolean {
    const last = this.current.instrs.at(-1);
    return last !== undefined && terminators.has(last.op);
  }

  local(variable: LocalVar): number {
    this.fn.locals.push(variable);
    return this.fn.locals.length - 1;
  }

  emit(instr: Instr): void {
    this.current.instrs.push(this.line === undefined || instr.line !== undefined ? instr : { ...instr, line: this.line });
  }

  /** Emits an instruction that defines one new value of `type`, and gives that value. */
  def(type: Type, instr: OneResult): ValueId {
    const dst = this.value(type);
    this.emit({ ...instr, dst } as Instr);
    return dst;
  }

  const(type: Type, value: number | bigint): ValueId {
    return this.def(type, { op: "const", value: type === "i64" ? BigInt(value) : Number(value) });
  }

  /** An incomplete phi at the head of `block`; fill it with `setPhi`. */
  phi(type: Type, block: BlockId): ValueId {
    const dst = this.value(type);
    const instrs = this.fn.blocks[block]!.instrs;
    let i = 0;
    while (i < instrs.length && instrs[i]!.op === "phi") i++;
    instrs.splice(i, 0, { op: "phi", dst, from: [] });
    return dst;
  }

  setPhi(block: BlockId, dst: ValueId, from: readonly (readonly [BlockId, ValueId])[]): void {
    const instrs = this.fn.blocks[block]!.instrs;
    const i = instrs.findIndex((instr) => instr.op === "phi" && instr.dst === dst);
    instrs[i] = { op: "phi", dst, from };
  }
}
