import type { Type } from "../../ir/types.ts";
import { bitsOf } from "../../ir/types.ts";
import type { Label } from "../asm/code.ts";
import { F32, F64, I32, I64, op, V128, type WasmType } from "../asm/opcodes.ts";
import { simd } from "../asm/simd.ts";
import { isLeaf, type Node } from "../graph/node.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";
import { ItemWriter } from "../fast/item.ts";
import { writeTurnover } from "./guards.ts";
import { compareCode } from "../emit/integer.ts";
import { Shapes, mayWrap, type Shape, type VectorPlan } from "./shapes.ts";
import type { VectorHost } from "./host.ts";
import { DIFFER } from "./row-guards.ts";
import { partsOf, repeats, vectorForm } from "./ops.ts";

/** Work-items in one vector. */
export const LANES = 4;

/**
 * Values of four work-items, or of two or four times four: what is said of a vector is written once for each. What all have in common, and what grows by a fixed step from one to the next, is kept as the first one's
 * scalar in its usual variable; the rest in vectors.
 */
export abstract class LaneWriter extends ItemWriter {
  /** What is known of the region in writing; null while code for single work-items is written. */
  protected plan: VectorPlan | null = null;
  private shapes: Shapes | null = null;
  /** The lane whose value is meant; -1: the first one's, of values that are not vectors. */
  protected laneAt = -1;
  /** The vector of each value that is meant: work-items go together by one, two or four vectors. */
  protected quad = 0;
  /** Where they go when they must go one by one. */
  protected apart: Label = 0;
  /** Variable: how many of them then do, before the next try. */
  protected readonly alone: number = this.code.local(I32);
  /** Variables of comparisons that were asked for the row as a whole (see row-guards.ts). */
  protected askedGuards: ReadonlyMap<Node, number> | null = null;
  private readonly vectors: Map<Node, number[]> = new Map();
  private readonly copies: Map<Node, number[]> = new Map();
  private readonly spilled: Set<Node> = new Set();

  protected readonly host: VectorHost = {
    code: this.code,
    vector: (node, part) => this.vector(node, part),
    temp: (type, use) => this.temp(type, use),
    same: (node) => this.shape(node) === 0,
    value: (node) => this.value(node),
  };

  protected begin(plan: VectorPlan, arriving: ReadonlySet<Node>): void {
    this.plan = plan;
    this.shapes = new Shapes(plan.levels, plan.cells, arriving, plan.masked, plan.guards, plan.assumed);
    for (const [node, shape] of plan.shapes) this.shapes.known.set(node, shape);
  }

  protected finish(): void {
    this.plan = null;
    this.shapes = null;
    this.spilled.clear();
  }

  /** Vectors of words that go together. */
  protected get quads(): number {
    return this.plan!.quads;
  }

  /** Work-items that go together. */
  protected get width(): number {
    return LANES * this.plan!.quads;
  }

  /** Vectors (a bit for each) in which none of the lanes is in the block in writing, as is known beforehand. */
  protected idle = 0;

  protected isIdle(quad: number): boolean {
    return ((this.idle >> quad) & 1) !== 0;
  }

  /** Does `write` once for each vector of words; those that are idle are left out, unless `all` are wanted. */
  protected eachQuad(write: (quad: number) => void, all = false): void {
    const before = this.quad;
    for (let quad = 0; quad < this.quads; quad++) {
      if (!all && this.isIdle(quad)) continue;
      this.quad = quad;
      write(quad);
    }
    this.quad = before;
  }

  /** Of a value's variables, those of the current vector. */
  protected mine(type: Type, all: readonly number[]): readonly number[] {
    const parts = partsOf(type);
    return all.slice(this.quad * parts, (this.quad + 1) * parts);
  }

  /** Shape of a value for code of the current block. */
  protected shape(node: Node): Shape {
    const shape = this.shapes!.use(node, this.block);
    if (shape === undefined) throw new EmulatorBug(`value ${node.id} (${node.op}) has no shape`);
    return shape;
  }

  /** The same; null also for a value that only others that were made elsewhere have asked for. */
  protected shapeIfKnown(node: Node): Shape {
    return this.shapes!.use(node, this.block) ?? null;
  }

  /** Whether the value is made by lanes that the current block still has, each one's own. */
  protected isOwn(node: Node): boolean {
    return this.shapes!.use(node, this.block) === null && !this.plan!.masked.leaves(node.block!, this.block);
  }

  /** Vector variables of the value in all its vectors, as code of the current block sees it. */
  protected vectorsOf(node: Node): readonly number[] {
    const late = node.block !== null && this.plan!.masked.leaves(node.block, this.block);
    return late ? this.copyOf(node) : this.ownVectors(node);
  }

  protected ownVectors(node: Node): readonly number[] {
    return this.variables(this.vectors, node);
  }

  /** Variables for the value as lanes had it when they left the loop that makes it. */
  protected copyOf(node: Node): readonly number[] {
    return this.variables(this.copies, node);
  }

  private variables(map: Map<Node, number[]>, node: Node): readonly number[] {
    // Another region may have used fewer of them.
    const found = map.get(node) ?? [];
    const many = partsOf(node.type!) * this.quads;
    while (found.length < many) found.push(this.code.local(V128));
    map.set(node, found);
    return found.slice(0, many);
  }

  override value(node: Node): void {
    if (this.plan === null) {
      super.value(node);
      return;
    }
    const shape = this.shape(node);
    if (shape === null) {
      if (this.laneAt < 0) throw new EmulatorBug(`value ${node.id} (${node.op}) differs between lanes`);
      this.pushLane(node, this.laneAt);
      return;
    }
    const lane = this.laneAt;
    this.laneAt = -1;
    super.value(node);
    this.laneAt = lane;
    if (shape === 0 || lane <= 0) return;
    if (node.type === "i64") this.code.i64(BigInt(shape * lane)).op(op.i64_add);
    else this.code.i32(shape * lane).op(op.i32_add);
  }

  /** A value with a step that may wrap between the four: then they go one by one. */
  override compute(node: Node): void {
    if (this.plan !== null && this.laneAt < 0 && node.op === "icmp" && this.plan.guards.has(node)) {
      this.guard(node);
      return;
    }
    super.compute(node);
    if (this.plan === null || this.laneAt >= 0 || !mayWrap(node)) return;
    const step = this.shape(node);
    if (step === null || step === 0 || node.type !== "i64") return;
    this.temp(I64, (x) => {
      const last = (node.op === "sext" ? 0x7fff_ffff : 0xffff_ffff) - (this.width - 1) * step;
      this.code.tee(x).get(x).i64(BigInt(last)).op(op.i64_gt_s).brIf(this.apart);
    });
  }

  /** A guard: the first lane's comparison, when it is everybody's. */
  private guard(node: Node): void {
    const { code } = this;
    const [a, b] = node.args as [Node, Node];
    const steps = [this.shape(a)!, this.shape(b)!] as const;
    if (steps[0] === 0 && steps[1] === 0) {
      super.compute(node);
      return;
    }
    const asked = this.askedGuards?.get(node);
    if (asked === undefined) {
      this.guardOf(node, steps);
      return;
    }
    code.get(asked).i32(DIFFER).op(op.i32_eq).if(I32);
    this.guardOf(node, steps);
    code.else().get(asked).end();
  }

  private guardOf(node: Node, steps: readonly [number, number]): void {
    const { code } = this;
    const [a, b] = node.args as [Node, Node];
    const type = a.type === "i64" ? I64 : I32;
    this.temp(type, (x) => this.temp(type, (y) => {
      this.value(a);
      code.set(x);
      this.value(b);
      code.set(y);
      const unequal = writeTurnover(code, { node, x, y, steps, more: this.width - 1, apart: this.apart, alone: this.alone });
      if (unequal) code.i32(node.attr === "ne" ? 1 : 0);
      else code.get(x).get(y).op(compareCode(node.attr, a.type === "i64"));
    }));
  }

  /** Pushes one part of the value's four lanes. */
  protected vector(node: Node, part: number): void {
    const { code } = this;
    const shape = this.shape(node);
    if (shape !== null) {
      this.widen(node, shape, part);
      return;
    }
    if (node.folded && !this.spilled.has(node)) {
      const write = vectorForm(node, (arg) => this.shape(arg) === 0);
      if (write === null) throw new EmulatorBug(`${node.op} has no vector form`);
      write(this.host, part);
      return;
    }
    if (node.folded || !isLeaf(node)) {
      code.get(this.mine(node.type!, this.vectorsOf(node))[part]!);
      return;
    }
    throw new EmulatorBug(`leaf ${node.op} ${node.attr} differs between lanes`);
  }

  /** Pushes a scalar as four lanes. */
  private widen(node: Node, shape: number, part: number): void {
    const { code } = this;
    const lane = this.laneAt;
    this.laneAt = -1;
    if (node.op === "const" && node.type !== "i64" && node.type !== "f64") this.constantLanes(node);
    else {
      super.value(node);
      this.splat(node.type!);
    }
    this.laneAt = lane;
    if (shape === 0) return;
    if (node.type === "i64") {
      const from = (this.quad * LANES + part * 2) * shape;
      code.v128([from | 0, from < 0 ? -1 : 0, (from + shape) | 0, from + shape < 0 ? -1 : 0]).simd(simd.i64x2_add);
    } else code.v128([0, 1, 2, 3].map((lane) => (this.quad * LANES + lane) * shape) as [number, number, number, number]).simd(simd.i32x4_add);
  }

  private constantLanes(node: Node): void {
    const word = new Int32Array(1);
    if (node.type === "f32") new Float32Array(word.buffer)[0] = Number(node.imm);
    else word[0] = node.type === "i1" ? -Number(node.imm) : Number(node.imm);
    const bits = word[0]!;
    this.code.v128([bits, bits, bits, bits]);
  }

  /** Makes four lanes of the scalar on the stack. */
  protected splat(type: Type): void {
    const { code } = this;
    switch (type) {
      case "i64": code.simd(simd.i64x2_splat); return;
      case "f64": code.simd(simd.f64x2_splat); return;
      case "f32": code.simd(simd.f32x4_splat); return;
      case "i1": code.simd(simd.i32x4_splat, simd.i32x4_neg); return;
      default: code.simd(simd.i32x4_splat);
    }
  }

  /** Pushes one lane of a vector value that has variables. */
  protected pushLane(node: Node, lane: number): void {
    const { code } = this;
    const type = node.type!;
    if (node.folded && !this.spilled.has(node)) throw new EmulatorBug(`${node.op} is not in a variable`);
    const vectors = this.vectorsOf(node);
    if (bitsOf[type] === 64) {
      code.get(vectors[lane >> 1]!).lane(type === "f64" ? simd.f64x2_extract_lane : simd.i64x2_extract_lane, lane & 1);
      return;
    }
    code.get(vectors[lane >> 2]!).lane(type === "f32" ? simd.f32x4_extract_lane : simd.i32x4_extract_lane, lane & 3);
    if (type === "i1") code.i32(1).op(op.i32_and);
  }

  /** Puts the scalar of `type` on the stack into a lane of the variables; `first`: into all of its vector. */
  protected setLane(type: Type, all: readonly number[], at: number, first: boolean): void {
    const parts = partsOf(type);
    const vectors = all.slice((at >> 2) * parts, ((at >> 2) + 1) * parts);
    const lane = at & 3;
    const { code } = this;
    const wide = bitsOf[type] === 64;
    const to = vectors[wide ? lane >> 1 : 0]!;
    if (first) {
      this.splat(type);
      for (const vector of vectors.slice(1)) code.tee(vector);
      code.set(vectors[0]!);
      return;
    }
    const scalar: WasmType = type === "i64" ? I64 : type === "f64" ? F64 : type === "f32" ? F32 : I32;
    this.temp(scalar, (x) => {
      if (type === "i1") this.temp(I32, (bit) => code.set(bit).i32(0).get(bit).op(op.i32_sub));
      code.set(x).get(to).get(x);
    });
    if (wide) code.lane(type === "f64" ? simd.f64x2_replace_lane : simd.i64x2_replace_lane, lane & 1);
    else code.lane(type === "f32" ? simd.f32x4_replace_lane : simd.i32x4_replace_lane, lane);
    code.set(to);
  }

  /** Does `write` once for each lane; values it pushes are that lane's. */
  protected eachLane(write: (lane: number) => void): void {
    for (let lane = 0; lane < this.width; lane++) {
      this.laneAt = lane;
      this.checked.clear();
      write(lane);
    }
    this.checked.clear();
    this.laneAt = -1;
  }

  /** Puts into variables what an expression's vector form cannot compute in place: before anything of it is pushed. */
  protected prepare(node: Node): void {
    const again = node.type !== null && this.shape(node) === null && (repeats(node) || vectorForm(node, (arg) => this.shape(arg) === 0) === null);
    for (const arg of node.args) {
      if (!arg.folded || this.shape(arg) !== null) continue;
      if (again || this.needsLanes(arg)) this.spill(arg);
      else this.prepare(arg);
    }
  }

  private needsLanes(node: Node): boolean {
    return vectorForm(node, (arg) => this.shape(arg) === 0) === null;
  }

  /** Computes a folded value into variables. */
  protected spill(node: Node): void {
    if (this.shape(node) !== null || !node.folded) return;
    this.make(node);
    this.spilled.add(node);
  }

  /** Puts operands of a node that is done lane by lane into variables. */
  protected spillArgs(node: Node): void {
    for (const arg of node.args) {
      if (arg.folded && this.shape(arg) === null) this.spill(arg);
    }
  }

  /** Computes a value of vector shape and sets its variables. */
  protected make(node: Node): void {
    const { code } = this;
    const vectors = this.ownVectors(node);
    const write = vectorForm(node, (arg) => this.shape(arg) === 0);
    if (write === null) {
      this.spillArgs(node);
      const made = Array.from(vectors, () => code.local(V128));
      this.eachLane((lane) => {
        super.compute(node);
        this.setLane(node.type!, made, lane, (lane & 3) === 0);
      });
      made.forEach((local, part) => code.get(local).set(vectors[part]!));
      return;
    }
    this.prepare(node);
    // All parts are computed before one is set: an operand may be the value's own last one.
    this.eachQuad(() => {
      const own = this.mine(node.type!, vectors);
      own.forEach((_, part) => write(this.host, part));
      for (const vector of [...own].reverse()) code.set(vector);
    });
  }

  protected override exitLabel(): Label {
    return this.plan === null ? super.exitLabel() : this.apart;
  }
}
