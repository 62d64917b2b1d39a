import { FnBuilder } from "../ir/builder.ts";
import type { Fn, KernelAttributes, KernelParam } from "../ir/module.ts";
import type { BlockId, ValueId } from "../ir/ops.ts";
import type { LBlock, LFunction, LInstr } from "./ast.ts";
import { readOnlyCopies } from "./byval.ts";
import { FnLowering, type ModuleLowering } from "./context.ts";
import { copyBytes } from "./copy.ts";
import { flatten } from "./flat.ts";
import { lowerInstr } from "./instr.ts";
import { allocSize, alignOf } from "./layout.ts";
import { Lexer } from "./lexer.ts";
import { mergeLoads } from "./merge.ts";
import { parseBody } from "./parse-body.ts";
import { estimateRegisters } from "./pressure.ts";

/** What makes a function a kernel. */
export interface KernelShape {
  readonly params: readonly KernelParam[];
  readonly bytes: number;
  readonly attributes: KernelAttributes;
}

/** A declaration that a linker has to fill. */
export function lowerDeclaration(mod: ModuleLowering, source: LFunction): Fn {
  const b = new FnBuilder(source.name, {
    kind: "func", linkage: "extern",
    params: source.params.flatMap((p) => flatten(p.type).map((leaf) => leaf.type)),
    results: flatten(source.ret).map((leaf) => leaf.type),
  });
  b.fn.blocks.length = 0;
  mod.module.functions.set(source.name, b.fn);
  return b.fn;
}

/** Lowers a function under `name`, as a kernel when `shape` is given. */
export function lowerFunction(mod: ModuleLowering, source: LFunction, name: string, shape: KernelShape | null): Fn {
  const linkage = source.local ? "local" : "visible";
  const b = new FnBuilder(name, shape === null
    ? {
        kind: "func", linkage,
        params: source.params.flatMap((p) => flatten(p.type).map((leaf) => leaf.type)),
        results: flatten(source.ret).map((leaf) => leaf.type),
        inline: source.attrs.some((group) => /\balwaysinline\b/.test(mod.source.attributes.get(group) ?? "")),
      }
    : { kind: "kernel", linkage, kernelParams: shape.params, paramBytes: shape.bytes, attributes: shape.attributes });
  // Known before it is complete: functions may call each other in circles.
  mod.module.functions.set(name, b.fn);
  const fx = new FnLowering(mod, source, b);
  const blocks = parseBody(new Lexer(mod.source.text, source.body), mod.source.namedTypes, source.params.filter((p) => /^\d+$/.test(p.name)).length);
  bindParams(fx, blocks, shape);
  new Body(fx, blocks).lower();
  fx.pool.finish();
  mergeLoads(b.fn);
  if (shape === null) return b.fn;
  const kernel: Fn = { ...b.fn, attributes: { ...shape.attributes, registers: estimateRegisters(b.fn) } };
  mod.module.functions.set(name, kernel);
  return kernel;
}

function bindParams(fx: FnLowering, blocks: readonly LBlock[], shape: KernelShape | null): void {
  let next = 0;
  fx.source.params.forEach((param, n) => {
    const leaves = flatten(param.type);
    if (shape === null) {
      const values = leaves.map(() => next++);
      if (param.byval === null) return fx.set(param.name, values);
      // The callee owns the copy.
      const index = fx.b.local({ name: param.name, size: allocSize(param.byval), align: Math.max(param.align, alignOf(param.byval)) });
      const base = fx.pool.def(`local ${index}`, "i64", { op: "localaddr", index });
      const copy = { base, offset: 0, space: "local" as const, generic: fx.spaceOf(param.type) === "generic" };
      const align = param.align || alignOf(param.byval);
      copyBytes(fx, copy, { base: values[0]!, offset: 0, space: fx.spaceOf(param.type), generic: false }, BigInt(allocSize(param.byval)), align, align, false);
      return fx.setPointer(param.name, copy);
    }
    const { offset } = shape.params[n]!;
    if (param.byval === null) {
      return fx.set(param.name, leaves.map((leaf) => fx.pool.def(`param ${leaf.type} ${offset + leaf.offset}`, leaf.type, { op: "param", offset: offset + leaf.offset })));
    }
    const base = fx.pool.def(`paramaddr ${offset}`, "i64", { op: "paramaddr", offset });
    const block = { base, offset: 0, space: "const" as const, generic: false };
    fx.paramBases.set(base, offset);
    const copies = readOnlyCopies(blocks, param.name);
    if (copies !== null) {
      fx.setPointer(param.name, block);
      for (const name of copies) {
        fx.setPointer(name, block);
        fx.aliased.add(name);
      }
      return undefined;
    }
    const index = fx.b.local({ name: param.name, size: allocSize(param.byval), align: Math.max(param.align, alignOf(param.byval)) });
    const local = fx.pool.def(`local ${index}`, "i64", { op: "localaddr", index });
    const copy = { base: local, offset: 0, space: "local" as const, generic: fx.spaceOf(param.type) === "generic" };
    const align = Math.max(param.align, alignOf(param.byval));
    copyBytes(fx, copy, block, BigInt(allocSize(param.byval)), align, align, false);
    return fx.setPointer(param.name, copy);
  });
}

/** The blocks of one function: order, phis, terminators. */
class Body {
  private readonly fx: FnLowering;
  private readonly order: readonly LBlock[];
  /** Phis by block: leaves of each, and what comes in from where. */
  private readonly phis = new Map<string, { readonly instr: LInstr & { op: "phi" }; readonly dst: readonly ValueId[]; readonly from: [BlockId, ValueId][][] }[]>();

  constructor(fx: FnLowering, blocks: readonly LBlock[]) {
    this.fx = fx;
    this.order = reversePostOrder(fx, blocks);
  }

  lower(): void {
    const { fx, order } = this;
    order.forEach((block, n) => fx.blocks.set(block.name, n === 0 ? 0 : fx.b.block(block.name)));
    for (const block of order) this.declarePhis(block);
    for (const block of order) {
      if (block !== order[0]) fx.b.at(fx.blocks.get(block.name)!);
      const last = block.instrs.at(-1);
      for (const instr of block.instrs) {
        if (instr.op === "phi") continue;
        fx.enter(instr);
        if (instr === last) this.terminator(block, instr);
        else lowerInstr(fx, instr);
      }
    }
    for (const [name, phis] of this.phis) {
      for (const { dst, from } of phis) dst.forEach((value, leaf) => fx.b.setPhi(fx.blocks.get(name)!, value, from[leaf]!));
    }
  }

  private declarePhis(block: LBlock): void {
    const { fx } = this;
    const here = fx.blocks.get(block.name)!;
    const list = [];
    for (const instr of block.instrs) {
      if (instr.op !== "phi") break;
      fx.enter(instr);
      const dst = fx.types(instr.type).map((type) => fx.b.phi(type, here));
      fx.set(instr.dst!, dst);
      list.push({ instr, dst, from: dst.map((): [BlockId, ValueId][] => []) });
    }
    if (list.length > 0) this.phis.set(block.name, list);
  }

  private terminator(block: LBlock, i: LInstr): void {
    const { fx } = this;
    const { b } = fx;
    switch (i.op) {
      case "ret":
        b.emit({ op: "ret", values: i.value === null ? [] : fx.value(i.value) });
        return;
      case "unreachable":
        b.emit({ op: "unreachable" });
        return;
      case "br": this.edges(block, [i.target]);
        b.emit({ op: "br", target: fx.blocks.get(i.target)! });
        return;
      case "condbr": {
        const c = fx.one(i.c);
        this.edges(block, [i.then, i.else]);
        const then = fx.blocks.get(i.then)!;
        if (i.then === i.else) b.emit({ op: "br", target: then });
        else b.emit({ op: "condbr", c, then, else: fx.blocks.get(i.else)! });
        return;
      }
      case "switch": {
        const a = fx.one(i.a);
        this.edges(block, [i.default, ...i.cases.map(([, target]) => target)]);
        b.emit({ op: "switch", a, cases: i.cases.map(([value, target]) => [value, fx.blocks.get(target)!] as const), default: fx.blocks.get(i.default)! });
        return;
      }
      default: fx.fail(`block %${block.name} ends in ${i.op}`, "syntax");
    }
  }

  /** Computes, at the end of a block, what the phis of its successors get from it. */
  private edges(block: LBlock, targets: readonly string[]): void {
    const { fx } = this;
    const here = fx.b.here;
    for (const target of new Set(targets)) {
      for (const { instr, from } of this.phis.get(target) ?? []) {
        const entry = instr.from.find((edge) => edge.block === block.name) ?? fx.fail(`phi %${instr.dst} has no entry for %${block.name}`, "syntax");
        fx.value(entry.value).forEach((value, leaf) => from[leaf]!.push([here, value]));
      }
    }
  }
}

function targetsOf(block: LBlock): readonly string[] {
  const last = block.instrs.at(-1);
  switch (last?.op) {
    case "br": return [last.target];
    case "condbr": return [last.then, last.else];
    case "switch": return [last.default, ...last.cases.map(([, target]) => target)];
    default: return [];
  }
}

/** Reachable blocks so that every definition comes before its uses, save around loops. */
function reversePostOrder(fx: FnLowering, blocks: readonly LBlock[]): LBlock[] {
  const byName = new Map(blocks.map((block) => [block.name, block]));
  const seen = new Set<LBlock>();
  const order: LBlock[] = [];
  const first = blocks[0] ?? fx.fail("function without blocks", "syntax");
  const stack: { block: LBlock; next: number; targets: readonly string[] }[] = [];
  const visit = (block: LBlock): void => {
    seen.add(block);
    stack.push({ block, next: 0, targets: targetsOf(block) });
  };
  visit(first);
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    // Last target first: the first one then comes right behind the block.
    const name = top.targets[top.targets.length - 1 - top.next++];
    if (name === undefined) {
      order.push(top.block);
      stack.pop();
      continue;
    }
    const block = byName.get(name) ?? fx.fail(`unknown block %${name}`, "syntax");
    if (!seen.has(block)) visit(block);
  }
  return order.reverse();
}
