import { Code, type Label } from "../asm/code.ts";
import { I32, I64, mem, op } from "../asm/opcodes.ts";
import { SHADOWED } from "../checked/layout.ts";
import { rootEntry } from "../checked/roots.ts";
import { DeviceEmitter } from "../emit/device.ts";
import type { Helpers } from "../emit/emitter.ts";
import { isWide } from "../emit/types.ts";
import type { Block, Node } from "../graph/node.ts";
import { launch, narrowOffset, RECORD_SHIFT, RECORDS, slot, team, wideOffset, type SlotLayout } from "../lower/layout.ts";
import type { KernelProgram } from "../slow/program.ts";
import { slotStore } from "../slow/saved.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";
import type { FlowNode } from "./flow.ts";
import type { Extent } from "./extents.ts";
import type { Translation } from "./memory.ts";
import type { Regions } from "./regions.ts";
import { outcome } from "./outcome.ts";

const [L, S] = [0, 1];

/** The fast path's variables and where they come from: what all its other parts stand on. */
export abstract class FastFrame extends DeviceEmitter {
  protected readonly program: KernelProgram;
  protected readonly regions: Regions;
  protected readonly layout: SlotLayout;
  protected readonly align: (name: string) => number;
  // Variables of the whole function.
  protected readonly counted: number;
  /** What was counted at the last resume point, where that is not known from the code. */
  protected readonly mark: number;
  protected readonly node: number;
  protected readonly next: number;
  protected readonly item: number;
  protected readonly items: number;
  protected readonly alive: number;
  protected readonly size: readonly [number, number, number];
  protected readonly tid: readonly [number, number, number];
  protected readonly narrow: number;
  protected readonly wide: number;
  protected readonly sharedBase: number;
  protected readonly localBase: number;
  protected readonly pc: number;
  protected readonly result: number;
  protected readonly itemLimit: number;
  protected readonly translation: Translation;
  /** In warps: number and state of the current one, its first work-item and the end of them, and whether some warp waits at the barrier. */
  protected readonly team: number;
  protected readonly state: number;
  protected readonly first: number;
  protected readonly last: number;
  protected readonly any: number;
  protected readonly leaves: Map<Node, number> = new Map();
  /** Checked code: tags as in `CheckPlace`, and what leads to the shadow of shared memory. */
  protected readonly tags: { readonly interval: number; readonly groupBase: number; readonly base: number; readonly many: number; readonly sharedShadow: number };
  private readonly open: Map<number, number> = new Map();
  protected readonly limits: Map<string, number> = new Map();
  protected readonly extents: Map<string, Extent> = new Map();
  protected readonly exits: Map<Block, Label> = new Map();
  protected tail: Label = 0;
  protected done: Label = 0;
  protected region: FlowNode | null = null;
  protected block: Block | null = null;
  protected itemEnd: Label = 0;
  private readonly made: Map<FlowNode, Set<Node>> = new Map();
  /** The region's first block, where the row has been counted for it as a whole. */
  protected rowHead: Block | null = null;

  constructor(helpers: Helpers, program: KernelProgram, regions: Regions, layout: SlotLayout) {
    super(new Code(2), helpers, program.facts, L, S);
    this.program = program;
    this.regions = regions;
    this.layout = layout;
    this.align = (name) => Math.min(16, program.module.globals.get(name)?.align ?? 1);
    const { code } = this;
    const i32 = (): number => code.local(I32);
    this.counted = code.local(I64);
    this.mark = code.local(I64);
    [this.node, this.next, this.item, this.items, this.alive] = [i32(), i32(), i32(), i32(), i32()];
    this.size = [i32(), i32(), i32()];
    this.tid = [i32(), i32(), i32()];
    [this.narrow, this.wide, this.sharedBase, this.localBase, this.pc, this.result, this.itemLimit] = [i32(), i32(), i32(), i32(), i32(), i32(), i32()];
    [this.team, this.state, this.first, this.last, this.any] = [i32(), i32(), i32(), i32(), i32()];
    this.translation = { table: i32(), base: code.local(I64), limit: code.local(I64) };
    const tag = (): number => (program.facts.checks === null ? -1 : i32());
    this.tags = { interval: tag(), groupBase: tag(), base: tag(), many: tag(), sharedShadow: tag() };
    program.facts.roots?.list.forEach((root, i) => {
      if (!root.written) this.open.set(i, i32());
    });
  }

  /** Checked code: variable that says whether reads through a pointer are checked one by one. */
  protected openRoot(root: number): number {
    const found = this.open.get(root);
    if (found === undefined) throw new EmulatorBug(`the kernel writes through pointer ${root}`);
    return found;
  }

  /** Checked code: what it knows of the launch. */
  protected loadChecks(): void {
    const { facts: { checks, roots }, code, tags } = this;
    if (checks === null) return;
    code.get(L).memory(mem.i32_load, launch.raceBase).set(tags.base).get(L).memory(mem.i32_load, launch.raceMany).set(tags.many);
    for (const [root, local] of this.open) code.get(L).memory(mem.i32_load, roots!.table + rootEntry.bytes * root + rootEntry.open).set(local);
  }

  /** Checked code: what it knows of the group, in its present interval. */
  protected loadInterval(): void {
    const { code, tags } = this;
    code.get(S).memory(mem.i32_load, slot.interval).set(tags.interval).get(S).memory(mem.i32_load, slot.groupBase).set(tags.groupBase);
    // Where shared memory lies in one page, its shadow is at a constant distance.
    const end = (): void => void code.get(this.sharedBase).get(L).memory(mem.i32_load, launch.sharedBytes).op(op.i32_add).i32(1).op(op.i32_sub);
    code.get(this.sharedBase).i32(16).op(op.i32_shr_u).i32(2).op(op.i32_shl).get(L).memory(mem.i32_load, launch.shadow).op(op.i32_add).memory(mem.i32_load);
    code.get(this.sharedBase).i32(-SHADOWED).op(op.i32_and, op.i32_sub).i32(0).get(this.sharedBase);
    end();
    code.op(op.i32_xor).i32(SHADOWED).op(op.i32_lt_u, op.select).set(tags.sharedShadow);
  }

  protected get warps(): boolean {
    return this.regions.levels.team.warp;
  }

  protected get many(): boolean {
    return this.regions.flow.nodes.length > 1;
  }

  /** What the slot's header keeps of the function's state between calls. */
  protected stateFields(): (readonly [local: number, offset: number])[] {
    const common = [[this.item, slot.item], [this.next, slot.next]] as const;
    if (this.warps) return [...common, [this.team, slot.team], [this.any, slot.any]];
    return [...common, [this.node, slot.node], [this.alive, slot.alive]];
  }

  protected storeCells(base: number, offset: number): void {
    for (const [node, cell] of [...this.regions.cells, ...this.regions.carried]) this.code.get(base).get(this.local(node)).memory(slotStore(node.type!), offset + 8 * cell);
  }

  protected teamEnd: Label = 0;

  /** Pushes how many work-items of the team have not exited. */
  protected aliveCount(): void {
    this.code.get(this.alive);
    if (this.warps) this.code.op(op.i32_popcnt);
  }

  protected readonly groupStarts: Map<string, number> = new Map();

  protected startLocal(dimension: string): number {
    let local = this.groupStarts.get(dimension);
    if (local === undefined) {
      local = this.code.local(I64);
      this.groupStarts.set(dimension, local);
    }
    return local;
  }

  /** Pushes whether this call may go on. */
  protected fuelLeft(): void {
    this.code.get(this.counted).op(op.i32_wrap_i64).get(L).memory(mem.i32_load, launch.callLimit).op(op.i32_lt_u);
  }

  protected charge(block: Block, once: boolean): void {
    if (block.cost === 0 && block.bytes === 0) return;
    const { code } = this;
    code.get(this.counted).i64((BigInt(block.bytes) << 32n) + BigInt(block.cost));
    if (once) {
      this.aliveCount();
      code.op(op.i64_extend_i32_u, op.i64_mul);
    }
    code.op(op.i64_add).set(this.counted);
  }

  /** Goes to another node of the flow, unless fuel is spent: then the group is parked in front of it. */
  protected goTo(block: Block): void {
    this.code.i32(this.regions.flow.at.get(block)!.index).set(this.node);
  }

  protected parkUnlessFuel(): void {
    this.fuelLeft();
    this.code.op(op.i32_eqz).if();
    this.park(outcome.parked);
    this.code.end();
  }

  protected park(how: number): void {
    this.saveState();
    this.code.i32(how).set(this.result).br(this.done);
  }

  protected saveState(): void {
    const { code } = this;
    for (const [local, offset] of this.stateFields()) code.get(S).get(local).memory(mem.i32_store, offset);
    if (this.warps) this.saveTeam();
    else this.storeCells(S, slot.group_values);
  }

  protected saveTeam(): void {
    this.code.get(this.state).get(this.node).memory(mem.i32_store, team.node);
    this.code.get(this.state).get(this.alive).memory(mem.i32_store, team.alive);
    this.storeCells(this.state, team.cells);
  }

  protected recordOfItem(): void {
    this.code.get(this.item).i32(RECORD_SHIFT).op(op.i32_shl).get(S).op(op.i32_add).i32(RECORDS).op(op.i32_add);
  }

  protected inOrder(nodes: Node[]): Node[] {
    return nodes.sort((a, b) => a.block!.order - b.block!.order || a.block!.nodes.indexOf(a) - b.block!.nodes.indexOf(b));
  }

  protected setAll(nodes: readonly Node[]): void {
    for (const node of nodes) {
      this.compute(node);
      this.code.set(this.local(node));
    }
  }

  protected place(node: Node): { base: number; offset: number } {
    const index = this.program.kernel.saved.slot.get(node);
    if (index === undefined) throw new EmulatorBug(`value ${node.id} (${node.op}) has no slot`);
    return isWide(node.type!) ? { base: this.wide, offset: wideOffset(this.layout, index) } : { base: this.narrow, offset: narrowOffset(this.layout, index) };
  }

  protected storeSlot(node: Node, value: Node): void {
    const { base, offset } = this.place(node);
    this.code.get(base);
    this.value(value);
    this.code.memory(slotStore(node.type!), offset);
  }

  /** Values of the work-item that are computed in the region. Its head's phis have been in their slots since the way in. */
  protected madeIn(node: FlowNode): ReadonlySet<Node> {
    const known = this.made.get(node);
    if (known !== undefined) return known;
    const made = new Set(node.blocks.flatMap((block) => block.nodes));
    this.made.set(node, made);
    for (const value of made) if (this.regions.cells.has(value) || (value.op === "phi" && value.block === node.head)) made.delete(value);
    return made;
  }

  protected exitLabel(): Label {
    const label = this.exits.get(this.block!);
    if (label === undefined) throw new EmulatorBug(`no exit at ${this.block!.label}`);
    return label;
  }

  // Leaves and memory.

  /** Pushes a leaf from where it comes from; `leaf` takes it from its variable. */
  protected fetchLeaf(node: Node): void {
    super.leaf(node);
  }

  protected fetchGroupStart(dimension: "x" | "y" | "z"): void {
    super.groupStart(dimension);
  }

  protected override leaf(node: Node): void {
    const local = this.leaves.get(node);
    if (local !== undefined) this.code.get(local);
    else super.leaf(node);
  }

  protected override groupStart(dimension: "x" | "y" | "z"): void {
    this.code.get(this.startLocal(dimension));
  }

  protected threadId(dimension: "x" | "y" | "z"): void {
    this.code.get(this.tid[{ x: 0, y: 1, z: 2 }[dimension]]!);
  }

  protected linearId(): void {
    this.code.get(this.item);
  }
}
