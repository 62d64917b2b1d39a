import type { LaunchConfig } from "../../abi.ts";
import type { Type } from "../../ir/types.ts";
import type { Node } from "../graph/node.ts";

/**
 * What the host can say of a value before a launch runs: a sum of a constant, multiples of the indices of group and work-item, and something between 0 and `slack` that is
 * not known. Launch, sizes and parameters are known numbers by then, so coefficients are too. A value of a type of n bits is the sum modulo 2^n.
 */
export interface Affine {
  readonly at: bigint;
  /** By index: group x, y, z, work-item x, y, z. */
  readonly by: readonly bigint[];
  readonly slack: bigint;
}

/** A step of a sum: what the index is multiplied by, its first value, how many it has, and whether different groups have different ones. */
export interface Step {
  readonly by: bigint;
  readonly first: bigint;
  readonly count: bigint;
  readonly group: boolean;
}

/** Sizes of a launch, by dimension: groups, work-items of a full group, and indices of work-items over all groups, first and end (those of them that come to a place). */
export interface Shape {
  readonly grid: readonly bigint[];
  readonly block: readonly bigint[];
  readonly first: readonly bigint[];
  readonly end: readonly bigint[];
}

/** The steps of a sum. Where indices of group and work-item go in as one index over all groups, they are one step: there are not more of them than work-items, though the last group may be cut. */
export function stepsOf(by: readonly bigint[], { grid, block, first, end }: Shape): Step[] {
  const steps: Step[] = [];
  for (let d = 0; d < 3; d++) {
    const [ofGroup, ofItem] = [by[d]!, by[d + 3]!];
    const [groups, size] = [grid[d]!, block[d]!];
    const all = { first: first[d]!, count: end[d]! - first[d]! };
    if (size === 1n || (groups > 1n && ofGroup === ofItem * size)) steps.push({ by: size === 1n ? ofGroup : ofItem, ...all, group: true });
    else if (groups === 1n) steps.push({ by: ofItem, ...all, group: false });
    else steps.push({ by: ofGroup, first: 0n, count: groups, group: true }, { by: ofItem, first: 0n, count: size, group: false });
  }
  return steps;
}

/** Least and greatest value of the sum, as an integer that does not wrap. */
export function rangeOf(form: Affine, shape: Shape): readonly [bigint, bigint] {
  let [low, high] = [form.at, form.at + form.slack];
  for (const { by, first, count } of stepsOf(form.by, shape)) {
    const [start, length] = [by * first, by * (count - 1n)];
    low += length < 0n ? start + length : start;
    high += length < 0n ? start : start + length;
  }
  return [low, high];
}

const NONE: readonly bigint[] = [0n, 0n, 0n, 0n, 0n, 0n];
const axes: Readonly<Record<string, number>> = { x: 0, y: 1, z: 2 };

function constant(at: bigint): Affine {
  return { at, by: NONE, slack: 0n };
}

function isConstant(form: Affine): boolean {
  return form.slack === 0n && form.by.every((by) => by === 0n);
}

/** Values of one kernel for one launch. */
export class Forms {
  readonly shape: Shape;
  private readonly config: LaunchConfig;
  private readonly symbols: ReadonlyMap<string, number>;
  private readonly dynamicStart: number;
  private readonly known = new Map<Node, Affine | null>();
  private readonly params: DataView;

  /** @param symbols index of each symbol in the launch's list @param dynamicStart offset of dynamic shared memory */
  constructor(config: LaunchConfig, symbols: ReadonlyMap<string, number>, dynamicStart: number) {
    this.config = config;
    this.symbols = symbols;
    this.dynamicStart = dynamicStart;
    this.shape = { grid: config.grid.map(BigInt), block: config.block.map(BigInt), first: [0n, 0n, 0n], end: config.globalSize.map(BigInt) };
    const { params } = config;
    this.params = new DataView(params.buffer, params.byteOffset, params.byteLength);
  }

  /** The value; null: nothing is known of it. */
  of(node: Node): Affine | null {
    const known = this.known.get(node);
    if (known !== undefined) return known;
    // A value that comes back to itself (through a phi) is not known.
    this.known.set(node, null);
    const form = this.find(node);
    this.known.set(node, form);
    return form;
  }

  private find(node: Node): Affine | null {
    switch (node.op) {
      case "const": return node.type === "f32" || node.type === "f64" ? null : constant(BigInt(node.imm));
      case "param": return this.parameter(node.type!, Number(node.imm));
      case "globaladdr": {
        const index = this.symbols.get(node.attr);
        return constant((index === undefined ? 0n : this.config.symbols[index]!) + BigInt(node.imm));
      }
      case "sharedaddr": case "localaddr": return constant(BigInt(node.imm));
      case "dynsharedaddr": return constant(BigInt(this.dynamicStart));
      case "sreg": return this.register(node);
      case "add": case "sub": return this.sum(this.of(node.args[0]!), this.of(node.args[1]!), node.op === "add" ? 1n : -1n);
      case "neg": return this.sum(constant(0n), this.of(node.args[0]!), -1n);
      case "mul": return this.product(this.of(node.args[0]!), this.of(node.args[1]!));
      case "shl": return this.shifted(node);
      case "or": return this.joined(node);
      case "and": return this.masked(node);
      case "zext": return this.within(this.of(node.args[0]!), bits(node.args[0]!.type!), 0n);
      case "sext": return this.within(this.of(node.args[0]!), bits(node.args[0]!.type!), 1n << BigInt(bits(node.args[0]!.type!) - 1));
      case "trunc": return this.of(node.args[0]!);
      case "lshr": case "div.u": case "rem.u": return this.divided(node);
      case "ashr": return this.signExtended(node);
      case "phi": return this.merged(node);
      case "select": return this.either(this.of(node.args[1]!), this.of(node.args[2]!));
      default: return null;
    }
  }

  private parameter(type: Type, offset: number): Affine | null {
    const size = bits(type) / 8;
    if (type === "i1" || type === "f32" || type === "f64" || offset + size > this.params.byteLength) return null;
    switch (size) {
      case 1: return constant(BigInt(this.params.getUint8(offset)));
      case 2: return constant(BigInt(this.params.getUint16(offset, true)));
      case 4: return constant(BigInt(this.params.getInt32(offset, true)));
      default: return constant(this.params.getBigInt64(offset, true));
    }
  }

  private index(i: number, by: bigint): Affine {
    return { at: 0n, by: NONE.map((none, j) => (j === i ? by : none)), slack: 0n };
  }

  private register(node: Node): Affine | null {
    const { config } = this;
    const [base, axis] = node.attr.split(".") as [string, string | undefined];
    const d = axis === undefined ? 0 : axes[axis]!;
    switch (base) {
      case "tid": return this.index(3 + d, 1n);
      case "ctaid": return this.index(d, 1n);
      case "gid": return this.sum(this.sum(this.index(d, BigInt(config.block[d]!)), this.index(3 + d, 1n), 1n), constant(BigInt(config.globalOffset[d]!)), 1n);
      case "ntid": return (config.globalSize[d]! % config.block[d]!) === 0 ? constant(BigInt(config.block[d]!)) : null;
      case "entid": return constant(BigInt(config.block[d]!));
      case "nctaid": return constant(BigInt(config.grid[d]!));
      case "gsize": return constant(BigInt(config.globalSize[d]!));
      case "goff": return constant(BigInt(config.globalOffset[d]!));
      case "warpsize": return constant(BigInt(config.warpSize));
      case "lane": return { at: 0n, by: NONE, slack: BigInt(config.warpSize - 1) };
      case "warp": return { at: 0n, by: NONE, slack: BigInt(Math.ceil((config.block[0] * config.block[1] * config.block[2]) / config.warpSize) - 1) };
      default: return null;
    }
  }

  private sum(a: Affine | null, b: Affine | null, sign: 1n | -1n): Affine | null {
    if (a === null || b === null) return null;
    // Minus something from 0 to slack is something from -slack to 0.
    return { at: a.at + sign * b.at - (sign < 0n ? b.slack : 0n), by: a.by.map((by, i) => by + sign * b.by[i]!), slack: a.slack + b.slack };
  }

  private product(a: Affine | null, b: Affine | null): Affine | null {
    if (a === null || b === null) return null;
    const [form, times] = isConstant(b) ? [a, b.at] : [b, a.at];
    if (!isConstant(form === a ? b : a)) return null;
    const slack = form.slack * times;
    return { at: form.at * times + (slack < 0n ? slack : 0n), by: form.by.map((by) => by * times), slack: slack < 0n ? -slack : slack };
  }

  private shifted(node: Node): Affine | null {
    const by = this.of(node.args[1]!);
    if (by === null || !isConstant(by)) return null;
    return this.product(this.of(node.args[0]!), constant(1n << (by.at & BigInt(bits(node.type!) - 1))));
  }

  /** An "or" of values that have no bit in common is their sum. */
  private joined(node: Node): Affine | null {
    const width = bits(node.type!);
    const forms = node.args.map((arg) => this.within(this.of(arg), width, 0n));
    for (const [a, b] of [[forms[0], forms[1]], [forms[1], forms[0]]] as const) {
      if (a === null || a === undefined || b === null || b === undefined || a.slack !== 0n) continue;
      const [low, high] = rangeOf(b, this.shape);
      if (low < 0n) continue;
      const step = 1n << BigInt(high.toString(2).length);
      if (a.at % step === 0n && a.by.every((by) => by % step === 0n)) return this.sum(a, b, 1n);
    }
    return null;
  }

  private masked(node: Node): Affine | null {
    const width = bits(node.type!);
    const mask = this.of(node.args[1]!);
    const form = this.of(node.args[0]!);
    if (mask === null || !isConstant(mask)) return null;
    const ones = BigInt.asUintN(width, mask.at);
    if ((ones & (ones + 1n)) === 0n && form !== null && ones > 0n) {
      const low = this.within(form, ones.toString(2).length, 0n);
      if (low !== null) return low;
    }
    return { at: 0n, by: NONE, slack: ones };
  }

  /** Quotient, shift or remainder by a constant, of which only the range is kept. */
  private divided(node: Node): Affine | null {
    const width = bits(node.type!);
    const by = this.of(node.args[1]!);
    if (by === null || !isConstant(by)) return null;
    const divisor = node.op === "lshr" ? 1n << (by.at & BigInt(width - 1)) : BigInt.asUintN(width, by.at);
    if (divisor === 0n) return null;
    const form = this.within(this.of(node.args[0]!), width, 0n);
    if (form === null) return node.op === "rem.u" ? { at: 0n, by: NONE, slack: divisor - 1n } : null;
    const [low, high] = rangeOf(form, this.shape);
    if (node.op === "rem.u") return high < divisor ? form : { at: 0n, by: NONE, slack: divisor - 1n };
    if (form.slack === 0n && form.at % divisor === 0n && form.by.every((one) => one % divisor === 0n)) {
      return { at: form.at / divisor, by: form.by.map((one) => one / divisor), slack: 0n };
    }
    return { at: low / divisor, by: NONE, slack: high / divisor - low / divisor };
  }

  /** A shift of a multiple: what is left when a value was shifted to the left and back. */
  private signExtended(node: Node): Affine | null {
    const width = bits(node.type!);
    const by = this.of(node.args[1]!);
    const form = this.within(this.of(node.args[0]!), width, 1n << BigInt(width - 1));
    if (form === null || by === null || !isConstant(by) || form.slack !== 0n) return null;
    const divisor = 1n << (by.at & BigInt(width - 1));
    if (form.at % divisor !== 0n || form.by.some((one) => one % divisor !== 0n)) return null;
    return { at: form.at / divisor, by: form.by.map((one) => one / divisor), slack: 0n };
  }

  /** A value that is the same whichever way one came. */
  private merged(node: Node): Affine | null {
    const [first, ...others] = node.args.filter((arg) => arg !== node).map((arg) => this.of(arg));
    if (first === null || first === undefined) return null;
    const same = (other: Affine | null): boolean => other !== null && other.at === first.at && other.slack === 0n && other.by.every((by, i) => by === first.by[i]);
    return first.slack === 0n && others.every(same) ? first : null;
  }

  private either(a: Affine | null, b: Affine | null): Affine | null {
    if (a === null || b === null || a.by.some((by, i) => by !== b.by[i])) return null;
    const at = a.at < b.at ? a.at : b.at;
    const [endA, endB] = [a.at + a.slack, b.at + b.slack];
    return { at, by: a.by, slack: (endA > endB ? endA : endB) - at };
  }

  /**
   * The value as an integer from `-below` on, `width` bits wide; null when it may lie outside.
   * @param below 0 for unsigned values, half the range for signed ones
   * @param shape of the work-items for which it need hold
   */
  within(form: Affine | null, width: number, below: bigint, shape: Shape = this.shape): Affine | null {
    if (form === null) return null;
    const [low, high] = rangeOf(form, shape);
    const turns = (low + below) >> BigInt(width);
    return turns !== (high + below) >> BigInt(width) ? null : { ...form, at: form.at - (turns << BigInt(width)) };
  }
}

/** Bits of an integer type, or of anything as long in memory. */
function bits(type: Type): number {
  switch (type) {
    case "i1": return 1;
    case "i8": return 8;
    case "i16": return 16;
    case "i64": case "f64": return 64;
    default: return 32;
  }
}

