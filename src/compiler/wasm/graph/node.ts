import type { Instr, MemoryOrder, Opcode } from "../../ir/ops.ts";
import type { Space, Type } from "../../ir/types.ts";

/**
 * The back end's own form of a function: nodes that point at their operands, in blocks. Mutable, so that
 * passes may rewrite in place.
 *
 * Constants and leaves (special registers, parameters, addresses of variables) float: they belong to no block and are made where they are used.
 * Operations beyond the IR's:
 * - `arg`: parameter `imm` of a device function;
 * - `proj`: the `imm`th value of a load of several values, or of a call;
 * - `result`: the `imm`th result of the operation that suspended before this block (collective, call), read from the work-item's record;
 * - `yield`: a loop's back edge, where fuel is looked at; `imm` 1: the loop waits for others.
 */
export type Op = Opcode | "arg" | "proj" | "result" | "yield";

/** What a memory access needs beyond operands. */
export interface Access {
  readonly space: Space;
  readonly offset: number;
  readonly align: number;
  readonly type: Type;
  readonly count: number;
  readonly volatile: boolean;
  readonly order: MemoryOrder | null;
}

/** One operation, and the value it makes. */
export class Node {
  readonly id: number;
  op: Op;
  /** Type of the value; null when there is none. */
  type: Type | null;
  args: Node[];
  /** Constant value (i32 and narrower: signed or zero-extended number; i64: signed bigint; floats: number), offset, index: by operation. */
  imm: number | bigint = 0;
  /** Predicate, mode, rounding, register, symbol: by operation. */
  attr = "";
  access: Access | null = null;
  /** The instruction it came from, for rare fields. */
  instr: Instr | null = null;
  line = 0;
  block: Block | null = null;
  /** How often live nodes use it; set by `countUses`. */
  uses = 0;
  /** Replaced by this node. */
  forward: Node | null = null;
  /** Computed inside its only user's expression. */
  folded = false;
  /** Recomputable anywhere from leaves alone. */
  free = false;
  /** Scratch for passes. */
  mark = 0;

  constructor(id: number, op: Op, type: Type | null, args: Node[]) {
    this.id = id;
    this.op = op;
    this.type = type;
    this.args = args;
  }
}

/** A basic block. */
export class Block {
  id: number;
  readonly label: string;
  /** Phis first; the terminator last. */
  nodes: Node[] = [];
  preds: Block[] = [];
  /** Distinct successors. condbr: then, else. switch: see `cases`. */
  succs: Block[] = [];
  /** For a switch: case value and index into `succs`; the default's index last with value null. */
  cases: [value: bigint | null, successor: number][] = [];
  /** Instructions and global bytes counted when the block is entered, as the IR's cost table has them. */
  cost = 0;
  bytes = 0;
  /** Above 0: a work-item can be resumed at this block's start (after its phis), under this number. */
  resume = 0;
  // Facts derived by cfg.ts.
  order = -1;
  idom: Block | null = null;
  domEnter = 0;
  domLeave = 0;
  /** Innermost loop's header (itself when it is one); null outside loops. */
  header: Block | null = null;
  loopDepth = 0;

  constructor(id: number, label: string) {
    this.id = id;
    this.label = label;
  }

  get last(): Node {
    return this.nodes[this.nodes.length - 1]!;
  }
}

/** One function. */
export class Graph {
  readonly name: string;
  readonly kind: "kernel" | "func";
  readonly params: readonly Type[];
  readonly results: readonly Type[];
  blocks: Block[] = [];
  private nextNode = 0;
  private nextBlock = 0;
  private readonly floating = new Map<string, Node>();

  constructor(name: string, kind: "kernel" | "func", params: readonly Type[], results: readonly Type[]) {
    this.name = name;
    this.kind = kind;
    this.params = params;
    this.results = results;
  }

  get nodeCount(): number {
    return this.nextNode;
  }

  node(op: Op, type: Type | null, args: Node[], line = 0): Node {
    const node = new Node(this.nextNode++, op, type, args);
    node.line = line;
    return node;
  }

  block(label: string): Block {
    const block = new Block(this.nextBlock++, label);
    this.blocks.push(block);
    return block;
  }

  get entry(): Block {
    return this.blocks[0]!;
  }

  /** The constant of that type and value (a NaN is canonical). */
  const(type: Type, value: number | bigint): Node {
    let imm: number | bigint;
    if (type === "i64") imm = BigInt.asIntN(64, BigInt(value));
    else if (type === "f32") imm = Math.fround(Number(value));
    else if (type === "f64") imm = Number(value);
    else if (type === "i32") imm = Number(value) | 0;
    else imm = Number(value) & (type === "i1" ? 1 : type === "i8" ? 0xff : 0xffff);
    return this.leaf("const", type, imm, Object.is(imm, -0) ? "-" : "");
  }

  /** A floating node: one for each operation, type, number and attribute. */
  leaf(op: Op, type: Type, imm: number | bigint, attr: string): Node {
    const key = `${op} ${type} ${imm} ${attr}`;
    let node = this.floating.get(key);
    if (node === undefined) {
      node = this.node(op, type, []);
      node.imm = imm;
      node.attr = attr === "-" ? "" : attr;
      node.free = true;
      this.floating.set(key, node);
    }
    return node;
  }
}

const leaves: ReadonlySet<Op> = new Set<Op>(["const", "constbits", "param", "paramaddr", "globaladdr", "sharedaddr", "dynsharedaddr", "localaddr", "funcaddr", "sreg"]);

/** Whether the node floats (clock registers do not: each read is its own). */
export function isLeaf(node: Node): boolean {
  return node.block === null && leaves.has(node.op);
}

/** The node that stands for `node` now. */
export function find(node: Node): Node {
  let at = node;
  while (at.forward !== null) at = at.forward;
  if (node.forward !== null) node.forward = at;
  return at;
}

const effects: ReadonlySet<Op> = new Set<Op>([
  "store", "atomic", "cmpxchg", "fence", "call", "calli", "barrier", "barred", "warpsync", "shfl", "vote", "match", "redux", "activemask",
  "printf", "assertfail", "nanosleep", "yield", "br", "condbr", "switch", "ret", "exit", "trap", "unreachable",
]);

/** Whether it does something besides making its value. */
export function hasEffect(node: Node): boolean {
  return effects.has(node.op);
}

/** Whether the value depends on its operands alone. */
export function isPure(node: Node): boolean {
  switch (node.op) {
    case "load": case "phi": case "arg": case "result": case "proj": return false;
    case "sreg": return node.block === null;
    default: return !effects.has(node.op);
  }
}

const suspending: ReadonlySet<Op> = new Set<Op>([
  "barrier", "barred", "warpsync", "shfl", "vote", "match", "redux", "activemask", "nanosleep", "yield", "call", "calli",
]);

/** Whether a work-item may stop there and go on later. */
export function mayWait(node: Node): boolean {
  return suspending.has(node.op);
}

const collectives: ReadonlySet<Op> = new Set<Op>(["warpsync", "shfl", "vote", "match", "redux", "activemask"]);

/** Whether the operation is one that the lanes of a warp do together. */
export function isCollective(node: Node): boolean {
  return collectives.has(node.op);
}
