import type { Label } from "../asm/code.ts";
import { I32, I64, mem, op } from "../asm/opcodes.ts";
import type { Node } from "../graph/node.ts";
import { readsOf } from "../graph/uses.ts";
import { record, RECORD_SHIFT, UNDO_BYTES, undoOffset } from "../lower/layout.ts";
import { ends, type FlowNode } from "./flow.ts";
import { ITEM_FUEL, outcome } from "./outcome.ts";
import { rowSites, type Plane, type RowSite } from "./rows.ts";
import { planTogether } from "./together.ts";
import type { Block } from "../graph/node.ts";
import { LANES } from "../simd/lanes.ts";
import { behindLoops, VectorFlow } from "../simd/flow.ts";
import { DIFFER, ROW_TO_ASK, rowGuards, writeRowGuard } from "../simd/row-guards.ts";
import type { Assumption } from "../simd/assumed.ts";
import { planVector, type VectorPlan } from "../simd/shapes.ts";
import { rollBack, rollBackType } from "../simd/undo.ts";

const S = 1;

/** What going one by one after all counts against going by fours, and from where on a group goes one by one, a row for each 1 above. */
const MISS = 4;
const MAX_MISSES = 48;
/** Logarithm of the work-items of a row for which 1 is taken off again. */
const ROW_PER_MISS = 5;

/** A try at several work-items together: `pushEnd` pushes where the row ends, `next` goes on behind them. */
interface Four {
  /** The ways in which the region is written for them, the more is assumed of rows the earlier. */
  readonly plans: readonly VectorPlan[];
  readonly write: (pushEnd: () => void, next: () => void) => void;
}

/** Operations that a region may have which is written several times for several kinds of rows. */
const MAX_VARIED = 200;

/** Loops over the work-items of a group or warp. */
export abstract class ItemLoops extends VectorFlow {
  // Four at a time.
  protected readonly undoTop: number = this.code.local(I32);
  protected readonly undoEnd: number = this.code.local(I32);
  /** First x from which four may be tried again, and how often that went wrong of late in this group. */
  private readonly skip: number = this.code.local(I32);
  protected readonly misses: number = this.code.local(I32);
  private readonly before: number = this.code.local(I64);
  /** Which of several ways the row's vectors take. */
  private readonly way: number = this.code.local(I32);

  /** A loop over the work-items from `item` on; `item` is 0 behind it. */
  protected forItems(node: FlowNode, body: () => void, loops = false, exits: readonly Block[] | null = null): void {
    const { code } = this;
    const [tx, ty, tz] = this.tid;
    const [nx, ny, nz] = this.size;
    const used = this.hoisted(node);
    const four = exits === null ? null : this.fourAtATime(node, used, exits, loops);
    if (this.warps) {
      this.forLanes(node, used, body, loops, four);
      return;
    }
    code.get(this.item).if();
    code.get(this.item).get(nx).op(op.i32_rem_u).set(tx);
    code.get(this.item).get(nx).op(op.i32_div_u).tee(ty).get(ny).op(op.i32_div_u).set(tz);
    code.get(ty).get(ny).op(op.i32_rem_u).set(ty);
    code.else();
    for (const local of this.tid) code.i32(0).set(local);
    code.end();
    const sites = this.sitesOf(node);
    const plan = this.facts.checks === null && this.onPlane(sites) ? planTogether(node, sites, this.regions) : null;
    if (plan !== null) this.openTogether(plan, loops);
    const zs = code.loop();
    this.setAll(used[1]!);
    const plane = this.askForPlane(sites, plan === null ? null : this.together);
    if (plan !== null) this.closeTogether(plane!, sites, plan, zs);
    const ys = code.loop();
    this.setAll(used[2]!);
    this.rowEnd = node.kind === "items" ? () => code.get(nx) : null;
    this.row(node, sites, plane, tx, () => code.get(nx).get(tx).op(op.i32_sub), () => {
      const rowEnd = code.block();
      if (four !== null) this.tryFours(four);
      const xs = code.loop();
      four?.write(() => code.get(nx), () => code.get(tx).get(nx).op(op.i32_lt_u).brIf(xs).br(rowEnd));
      const end = code.block();
      this.itemEnd = end;
      if (this.regions.flow.someExit && node.head !== this.program.kernel.graph.entry) {
        this.recordOfItem();
        code.memory(mem.i32_load, record.status).brIf(end);
      } else if (this.regions.flow.someExit) {
        this.recordOfItem();
        code.i32(0).memory(mem.i32_store, record.status);
      }
      this.oneItem(node, used, body, loops, this.items);
      code.get(tx).i32(1).op(op.i32_add).tee(tx).get(nx).op(op.i32_lt_u).brIf(xs);
      code.end();
      code.end();
    });
    this.rowEnd = null;
    code.i32(0).set(tx).get(ty).i32(1).op(op.i32_add).tee(ty).get(ny).op(op.i32_lt_u).brIf(ys);
    code.end();
    code.i32(0).set(ty).get(tz).i32(1).op(op.i32_add).tee(tz).get(nz).op(op.i32_lt_u).brIf(zs);
    code.end();
    code.i32(0).set(this.item);
  }

  /** Accesses that a row can have translated at once. */
  private sitesOf(node: FlowNode): RowSite[] {
    return node.kind === "items" ? rowSites(node, this.regions.levels) : [];
  }

  /** The lanes of the warp from `item` (0: the first) on. */
  protected forLanes(node: FlowNode, used: readonly Node[][], body: () => void, loops: boolean, four: Four | null): void {
    const { code } = this;
    const tx = this.tid[0];
    const start = code.local(I32);
    code.get(this.first).get(this.item).get(this.item).op(op.i32_eqz, op.select).set(this.item);
    code.get(tx).set(start);
    code.get(this.item).get(this.first).op(op.i32_sub).get(tx).op(op.i32_add).set(tx);
    this.rowEnd = node.kind === "items" ? () => code.get(this.last).get(this.item).op(op.i32_sub).get(tx).op(op.i32_add) : null;
    this.row(node, this.sitesOf(node), null, tx, () => code.get(this.last).get(this.item).op(op.i32_sub), () => {
      const rowEnd = code.block();
      if (four !== null) this.tryFours(four);
      const lanes = code.loop();
      four?.write(() => code.get(this.last).get(this.item).op(op.i32_sub).get(tx).op(op.i32_add), () => code.get(this.item).get(this.last).op(op.i32_lt_u).brIf(lanes).br(rowEnd));
      const end = code.block();
      this.itemEnd = end;
      if (this.regions.flow.someExit) {
        code.get(this.alive).get(this.item).get(this.first).op(op.i32_sub, op.i32_shr_u).i32(1).op(op.i32_and, op.i32_eqz).brIf(end);
      }
      this.oneItem(node, used, body, loops, this.last);
      code.get(tx).i32(1).op(op.i32_add).set(tx);
      code.get(this.item).get(this.last).op(op.i32_lt_u).brIf(lanes);
      code.end();
      code.end();
    });
    this.rowEnd = null;
    code.get(start).set(tx).i32(0).set(this.item);
  }

  /** The work-item's turn, up to the end of the block around it; then the count of those done, and a look at the fuel. */
  private oneItem(node: FlowNode, used: readonly Node[][], body: () => void, loops: boolean, items: number): void {
    const { code } = this;
    if (loops) code.get(this.counted).op(op.i32_wrap_i64).i32(ITEM_FUEL).op(op.i32_add).set(this.itemLimit);
    this.enterItem(node);
    this.setAll(used[3]!);
    body();
    code.end();
    code.get(this.item).i32(1).op(op.i32_add).set(this.item);
    this.parkBetween(items, loops);
  }

  private parkBetween(items: number, loops: boolean): void {
    const { code } = this;
    if (!loops) return;
    // A group that is not at its end stops between two work-items when this call has done enough.
    code.get(this.item).get(items).op(op.i32_lt_u);
    this.fuelLeft();
    code.op(op.i32_eqz, op.i32_and).if();
    this.park(outcome.parked);
    code.end();
  }

  /** A new row: fours are tried from its start, unless that has gone wrong too often; now and then all the same. */
  private tryFours({ plans }: Four): void {
    const { code } = this;
    this.chooseWay(plans);
    // Long rows may go wrong more often.
    const [nx] = this.size;
    this.temp(I32, (some) => {
      code.get(nx).i32(ROW_PER_MISS).op(op.i32_shr_u).tee(some).get(this.misses).get(some).get(this.misses).op(op.i32_lt_u, op.select).set(some);
      code.get(this.misses).get(some).op(op.i32_sub).set(this.misses);
    });
    code.get(this.misses).i32(MAX_MISSES).op(op.i32_gt_s).if(I32);
    code.get(this.misses).i32(1).op(op.i32_sub).set(this.misses).i32(0x7fff_ffff);
    code.else().i32(0).end();
    code.set(this.skip);
  }

  /** Writes what four work-items do in the region, to be used where a row's next work-item is; null when the region is not for that. */
  private fourAtATime(node: FlowNode, used: readonly Node[][], exits: readonly Block[], loops: boolean): Four | null {
    const plans = this.planFour(node, used, exits);
    if (plans.length === 0) return null;
    const arriving = new Set(node.head === this.program.kernel.graph.entry ? [] : this.arriving(node));
    const writeOne = (plan: VectorPlan, one: Label, pushEnd: () => void, next: () => void): void => {
      const { code } = this;
      const tx = this.tid[0];
      const { someExit } = this.regions.flow;
      const width = LANES * plan.quads;
      code.get(tx).i32(width).op(op.i32_add);
      pushEnd();
      code.op(op.i32_gt_u).brIf(one);
      code.get(tx).get(this.skip).op(op.i32_lt_u).brIf(one);
      if (!plan.assumed.nothing) code.get(tx).i32(width - 1).op(op.i32_and).brIf(one);
      if (someExit) this.allThere(node, width, one);
      code.get(this.counted).set(this.before);
      const apart = code.block();
      const behind = loops && node.blocks.some(ends) ? behindLoops(node) : null;
      const quick = behind !== null && node.blocks.some((block) => ends(block) && !behind.has(block)) ? code.block() : null;
      const end = code.block();
      if (loops) code.get(this.counted).op(op.i32_wrap_i64).i32(width * ITEM_FUEL).op(op.i32_add).set(this.itemLimit);
      this.apart = apart;
      this.block = null;
      this.begin(plan, arriving);
      this.region = node;
      const logs = this.logsAny(node);
      if (logs) code.get(S).i32(undoOffset(this.layout)).op(op.i32_add).tee(this.undoTop).i32(UNDO_BYTES).op(op.i32_add).set(this.undoEnd);
      this.enterFour(node);
      this.findUnread(node, exits);
      this.makeAll(used[3]!);
      this.fourBody(node, exits, end, quick);
      this.finish();
      code.end();
      const goOn = (loops: boolean): void => {
        code.get(this.item).i32(width).op(op.i32_add).set(this.item).get(tx).i32(width).op(op.i32_add).set(tx);
        this.parkBetween(this.warps ? this.last : this.items, loops);
        next();
        code.end();
      };
      goOn(loops);
      if (quick !== null) goOn(false);
      // One by one, from what was before.
      if (logs) code.get(S).i32(undoOffset(this.layout)).op(op.i32_add).get(this.undoTop).call(this.helpers.get("rollBack", rollBackType, [], rollBack));
      this.clearMasks(plan);
      code.get(this.before).set(this.counted);
      code.get(tx).get(this.alone).op(op.i32_add).set(this.skip).i32(width).set(this.alone);
      code.get(this.misses).i32(MISS).op(op.i32_add).set(this.misses);
    };
    const write = (pushEnd: () => void, next: () => void): void => {
      const { code } = this;
      const one = code.block();
      plans.forEach((plan, i) => {
        if (plans.length === 1 && plan.assumed.nothing) {
          writeOne(plan, one, pushEnd, next);
          return;
        }
        code.get(this.way).i32(i).op(op.i32_eq).if();
        writeOne(plan, one, pushEnd, next);
        code.br(one).end();
      });
      code.end();
    };
    return { plans, write };
  }

  /** At a row's beginning: the first way whose assumptions hold. */
  private chooseWay(plans: readonly VectorPlan[]): void {
    const { code } = this;
    const chosen = code.block();
    plans.forEach((plan, i) => {
      const width = LANES * plan.quads;
      const no = code.block();
      for (const [value, bit] of plan.assumed.exact) {
        this.value(value);
        code.i32(bit).op(op.i32_ne).brIf(no);
      }
      for (const [value, step] of plan.assumed.multiples) this.lowBits(step * width, no, () => this.value(value), value.type === "i64");
      for (const [value, step] of plan.assumed.aligned) {
        this.lowBits(step * width, no, () => {
          this.afresh(value);
          if (value.type === "i64") code.op(op.i32_wrap_i64);
          code.get(this.tid[0]).i32(step).op(op.i32_mul, op.i32_sub);
        }, false);
      }
      code.i32(i).set(this.way).i32(width).set(this.alone).br(chosen);
      code.end();
    });
    code.i32(plans.length).set(this.way);
    code.end();
  }

  /** Goes to `no` where what `push` pushes has bits below `unit`, a power of two. */
  private lowBits(unit: number, no: Label, push: () => void, wide: boolean): void {
    const { code } = this;
    push();
    if (wide) code.op(op.i32_wrap_i64);
    code.i32(unit - 1).op(op.i32_and).brIf(no);
  }

  /** The ways in which the region may be written for work-items together; none where they always go one by one. */
  private planFour(node: FlowNode, used: readonly Node[][], exits: readonly Block[]): VectorPlan[] {
    if (node.kind !== "items") return [];
    // With other threads about, nothing can be taken back that they may have seen.
    if (this.facts.concurrent && node.blocks.some((block) => block.nodes.some((inner) => inner.op === "atomic"))) return [];
    const entry = node.head === this.program.kernel.graph.entry;
    const arriving = new Set(entry ? [] : this.arriving(node));
    const blocks = [...node.blocks].sort((a, b) => a.order - b.order);
    // With what is folded into them: that may stand in blocks of other regions.
    const whole = (value: Node): Node[] => [...value.args.filter((arg) => arg.folded && arg.block !== null).flatMap(whole), value];
    const made = [...new Set([...used[3]!.flatMap(whole), ...blocks.flatMap((block) => block.nodes)])];
    const most = this.regions.flow.someExit && !this.warps ? 1 : this.layout.row / LANES;
    const plan = (assume: Assumption): VectorPlan | null => planVector(node, this.regions.levels, this.regions.cells, arriving, made, exits, most, assume);
    const plans = [plan("nothing")];
    if (this.facts.checks === null && made.length <= MAX_VARIED) {
      const aligned = plan("aligned");
      const bits = aligned === null || aligned.assumed.nothing ? [] : ([1, 2, 4, 8] as const).map(plan);
      plans.unshift(plan("multiples"), ...bits, aligned);
    }
    return plans.filter((one, i) => one !== null && (i === plans.length - 1 || !one.assumed.nothing) && one.assumed.worthwhile(LANES * one.quads)) as VectorPlan[];
  }

  /** None of those that would go together has exited. */
  private allThere(node: FlowNode, width: number, one: Label): void {
    const { code } = this;
    if (this.warps) {
      code.get(this.alive).get(this.item).get(this.first).op(op.i32_sub, op.i32_shr_u).i32((1 << width) - 1).op(op.i32_and).i32((1 << width) - 1).op(op.i32_ne).brIf(one);
      return;
    }
    const entry = node.head === this.program.kernel.graph.entry;
    for (let lane = 0; lane < width; lane++) {
      this.recordOfItem();
      if (entry) code.i32(0).memory(mem.i32_store, record.status + (lane << RECORD_SHIFT));
      else code.memory(mem.i32_load, record.status + (lane << RECORD_SHIFT)).brIf(one);
    }
  }

  /** Writes a row's loop: twice where its addresses may not need to be translated one by one. */
  private row(node: FlowNode, sites: readonly RowSite[], plane: Plane | null, tx: number, pushCount: () => void, loop: () => void): void {
    const { code } = this;
    if (sites.length === 0) {
      loop();
      return;
    }
    const count = code.local(I32);
    pushCount();
    code.set(count);
    this.rows = this.askForRow(sites, plane, tx, count);
    code.if();
    // When nobody can leave in the middle, the row's first blocks are counted together.
    const quiet = !this.regions.flow.someExit && node.blocks.every((block) => block.nodes.every((at) => this.staysInRow(at)));
    if (quiet) {
      code.get(this.counted).i64((BigInt(node.head.bytes) << 32n) + BigInt(node.head.cost)).get(count).op(op.i64_extend_i32_u, op.i64_mul, op.i64_add).set(this.counted);
      this.rowHead = node.head;
    }
    this.askedGuards = this.askGuards(node, tx, count);
    loop();
    this.askedGuards = null;
    this.rowHead = null;
    this.rows = null;
    code.else();
    loop();
    code.end();
  }

  /** Asks what comes out the same for a whole row; null where rows are short. */
  private askGuards(node: FlowNode, tx: number, count: number): ReadonlyMap<Node, number> | null {
    const guards = this.layout.row === 16 && this.facts.checks === null ? rowGuards(node.blocks, this.regions.levels) : [];
    if (guards.length === 0) return null;
    const { code } = this;
    const asked = new Map(guards.map(({ comparison }) => [comparison, code.local(I32)]));
    for (const local of asked.values()) code.i32(DIFFER).set(local);
    code.get(count).i32(ROW_TO_ASK).op(op.i32_ge_u).if();
    for (const guard of guards) {
      writeRowGuard({ code, afresh: (value) => this.afresh(value), temp: (type, use) => this.temp(type, use) }, guard, tx, count);
      code.set(asked.get(guard.comparison)!);
    }
    code.end();
    return asked;
  }

  private staysInRow(node: Node): boolean {
    switch (node.op) {
      case "trap": case "unreachable": case "assertfail": case "yield": return false;
      default: return node.access === null || this.rows!.has(node);
    }
  }

  /** Recomputable values that the region reads, by the level at which they vary: those of the work-item (3) only when they are made elsewhere. */
  protected hoisted(node: FlowNode): Node[][] {
    const inside = new Set(node.blocks);
    const levels: Set<Node>[] = [new Set(), new Set(), new Set(), new Set()];
    const need = (value: Node): void => {
      if (!value.free || value.block === null) return;
      const level = this.regions.levels.of(value);
      if (level === 0 || levels[level]!.has(value)) return;
      if (level === 3 && inside.has(value.block!)) {
        readsOf(value, need);
        return;
      }
      levels[level]!.add(value);
      readsOf(value, need);
    };
    for (const block of node.blocks) {
      for (const inner of block.nodes) if (!inner.folded && inner.op !== "phi") readsOf(inner, need);
      for (const next of block.succs) {
        const at = next.preds.indexOf(block);
        for (const phi of next.nodes) {
          if (phi.op !== "phi") break;
          need(phi.args[at]!);
        }
      }
    }
    return levels.map((set) => this.inOrder([...set]));
  }
}
