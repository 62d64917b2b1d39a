import { Code, type Label } from "../asm/code.ts";
import { I32, I64, mem, op } from "../asm/opcodes.ts";
import { writeAtomic } from "../emit/atomics.ts";
import { DeviceEmitter } from "../emit/device.ts";
import type { Helpers } from "../emit/emitter.ts";
import { canonicalise, CANONICAL_OPERAND } from "../emit/float.ts";
import { writeSwitch } from "../emit/switch.ts";
import { isWide, loadOf, storeOf, wasmType } from "../emit/types.ts";
import { writeStructured } from "../flow/structure.ts";
import { isCollective, isLeaf, isPure, type Block, type Node } from "../graph/node.ts";
import { readsOf } from "../graph/uses.ts";
import { launch, narrowOffset, record, RECORD_SHIFT, RECORDS, slot, status, team, teamBytes, teamsOffset, wideOffset, type SlotLayout } from "../lower/layout.ts";
import { sizeOf } from "../../ir/types.ts";
import { accessSize, type KernelProgram } from "../slow/program.ts";
import { barrierOperands, slotLoad, slotStore } from "../slow/emitter.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";
import type { FlowNode } from "./flow.ts";
import { knownAlignment, place, placeType, writeTranslation, type Translation } from "./memory.ts";
import type { Regions } from "./regions.ts";

/** What the function gives back. */
export const outcome = { batch: 0, exit: 1, parked: 2, spinning: 3 } as const;

/** Instructions a work-item may execute in one region before it goes on in the slow path, where others get turns. */
export const ITEM_FUEL = 1 << 19;

const [L, S] = [0, 1];
const KIND = { load: 1, store: 2, atomic: 3, cmpxchg: 3 } as const;

/**
 * Writes the fast path: `(launch block, slot) -> outcome` runs work-groups from the slot's one on, region by region, each region as a loop over
 * the work-items.
 */
export class FastEmitter extends DeviceEmitter {
  private readonly program: KernelProgram;
  private readonly regions: Regions;
  private readonly layout: SlotLayout;
  private readonly align: (name: string) => number;
  // Variables of the whole function.
  private readonly counted: number;
  private readonly node: number;
  private readonly next: number;
  private readonly item: number;
  private readonly items: number;
  private readonly alive: number;
  private readonly size: readonly [number, number, number];
  private readonly tid: readonly [number, number, number];
  private readonly narrow: number;
  private readonly wide: number;
  private readonly sharedBase: number;
  private readonly localBase: number;
  private readonly pc: number;
  private readonly result: number;
  private readonly itemLimit: number;
  private readonly translation: Translation;
  /** In warps: number and state of the current one, its first work-item and the end of them, and whether some warp waits at the barrier. */
  private readonly team: number;
  private readonly state: number;
  private readonly first: number;
  private readonly last: number;
  private readonly any: number;
  private readonly leaves = new Map<Node, number>();
  private readonly limits = new Map<string, number>();
  private readonly exits = new Map<Block, Label>();
  private tail: Label = 0;
  private done: Label = 0;
  private region: FlowNode | null = null;
  private block: Block | null = null;
  private itemEnd: Label = 0;

  constructor(helpers: Helpers, program: KernelProgram, regions: Regions, layout: SlotLayout) {
    super(new Code(2), helpers, program.facts, L, S);
    this.program = program;
    this.regions = regions;
    this.layout = layout;
    this.align = (name) => Math.min(16, program.module.globals.get(name)?.align ?? 1);
    const { code } = this;
    const i32 = (): number => code.local(I32);
    this.counted = code.local(I64);
    [this.node, this.next, this.item, this.items, this.alive] = [i32(), i32(), i32(), i32(), i32()];
    this.size = [i32(), i32(), i32()];
    this.tid = [i32(), i32(), i32()];
    [this.narrow, this.wide, this.sharedBase, this.localBase, this.pc, this.result, this.itemLimit] = [i32(), i32(), i32(), i32(), i32(), i32(), i32()];
    [this.team, this.state, this.first, this.last, this.any] = [i32(), i32(), i32(), i32(), i32()];
    this.translation = { table: i32(), base: code.local(I64), limit: code.local(I64) };
  }

  private get warps(): boolean {
    return this.regions.levels.team.warp;
  }

  private get many(): boolean {
    return this.regions.flow.nodes.length > 1;
  }

  /** Writes the whole function. */
  function(): Code {
    const { code } = this;
    const blocks = this.program.kernel.graph.blocks;
    const stops = blocks.filter((block) => block.resume > 0 && this.needsExit(block));
    this.loadConstants();
    this.done = code.block();
    this.tail = code.block();
    for (const block of [...stops].reverse()) this.exits.set(block, code.block());
    const groups = code.loop();
    this.groupStart_();
    if (this.warps) this.phases();
    else {
      const groupEnd = code.block();
      this.teamStart();
      this.flow(groupEnd);
      code.end();
    }
    this.nextGroup(groups);
    code.end();
    code.op(op.unreachable);
    for (const block of stops) {
      code.end();
      this.exitStub(block);
      code.br(this.tail);
    }
    code.end();
    this.exitTail();
    code.i32(outcome.exit).set(this.result);
    code.end();
    code.get(L).get(this.counted).memory(mem.i64_store, launch.counted);
    return code.get(this.result);
  }

  /** Whether code of the fast path may leave at the block: for the operations behind its head, or (behind a yield) for want of fuel. */
  private needsExit(block: Block): boolean {
    if (block.nodes.some((node) => node.access !== null || node.op === "trap" || node.op === "unreachable" || node.op === "assertfail")) return true;
    return block.preds.some((pred) => pred.nodes.at(-2)?.op === "yield");
  }

  // Beginning and end of groups.

  private loadConstants(): void {
    const { code } = this;
    const { table, base, limit } = this.translation;
    code.get(L).memory(mem.i32_load, launch.table).set(table);
    code.get(L).memory(mem.i64_load, launch.baseAddress).set(base);
    code.get(L).memory(mem.i64_load, launch.tableLimit).set(limit);
    code.get(S).memory(mem.i32_load, slot.shared).set(this.sharedBase);
    for (const [local, offset] of this.stateFields()) code.get(S).memory(mem.i32_load, offset).set(local);
    // Sizes of accesses to shared and local memory, and with each the first offset that does not fit.
    const sizes = new Set<string>();
    const seen = new Set<Node>();
    const leaf = (node: Node): void => {
      if (seen.has(node)) return;
      seen.add(node);
      if (isLeaf(node) && node.op !== "const" && node.op !== "constbits" && this.regions.levels.leaf(node) === 0) this.leaves.set(node, code.local(wasmType(node.type!)));
    };
    for (const block of this.program.kernel.graph.blocks) {
      for (const node of block.nodes) {
        node.args.forEach(leaf);
        if (node.access !== null && (node.access.space === "shared" || node.access.space === "local")) sizes.add(`${node.access.space} ${accessSize(node) + Math.max(0, node.access.offset)}`);
      }
    }
    for (const key of sizes) {
      const [space, size] = key.split(" ") as [string, string];
      const local = code.local(I64);
      this.limits.set(key, local);
      const value = (): void => void code.get(L).memory(mem.i32_load, space === "shared" ? launch.sharedBytes : launch.localBytes).op(op.i64_extend_i32_u);
      value();
      code.i64(BigInt(size) - 1n).op(op.i64_sub).i64(0n);
      value();
      code.i64(BigInt(size)).op(op.i64_ge_u, op.select).set(local);
    }
    for (const [node, local] of this.leaves) {
      if (this.ofGroup(node)) continue;
      super.leaf(node);
      code.set(local);
    }
    if (!this.warps) this.loadCells(S, slot.group_values);
  }

  /** What the slot's header keeps of the function's state between calls. */
  private stateFields(): (readonly [local: number, offset: number])[] {
    const common = [[this.item, slot.item], [this.next, slot.next]] as const;
    if (this.warps) return [...common, [this.team, slot.team], [this.any, slot.any]];
    return [...common, [this.node, slot.node], [this.alive, slot.alive]];
  }

  private loadCells(base: number, offset: number): void {
    for (const [node, cell] of this.regions.cells) this.code.get(base).memory(slotLoad(node.type!), offset + 8 * cell).set(this.local(node));
  }

  private storeCells(base: number, offset: number): void {
    for (const [node, cell] of this.regions.cells) this.code.get(base).get(this.local(node)).memory(slotStore(node.type!), offset + 8 * cell);
  }

  /** Whether the leaf changes from group to group, or from warp to warp. */
  private ofGroup(node: Node): boolean {
    return node.op === "sreg" && /^(ctaid|ntid|smid|nwarp|tid|gid|warp$)/.test(node.attr);
  }

  private ofTeam(node: Node): boolean {
    return node.op === "sreg" && /^(tid|gid|warp$)/.test(node.attr);
  }

  private groupStart_(): void {
    const { code } = this;
    this.size.forEach((local, d) => code.get(S).memory(mem.i32_load, slot.ntid + 4 * d).set(local));
    code.get(S).memory(mem.i32_load, slot.items).set(this.items);
    this.setLeaves((node) => this.ofGroup(node) && !this.ofTeam(node));
    for (const start of this.starts()) {
      super.groupStart(start);
      code.set(this.startLocal(start));
    }
    // A group that goes on where it was parked keeps its memory.
    code.get(S).memory(mem.i32_load, slot.fresh).if();
    code.get(S).i32(0).memory(mem.i32_store, slot.fresh);
    code.get(this.items).set(this.alive);
    code.get(this.sharedBase).i32(0).get(L).memory(mem.i32_load, launch.sharedBytes).memoryFill();
    code.get(S).memory(mem.i32_load, slot.local).i32(0).get(this.items).get(L).memory(mem.i32_load, launch.localBytes).op(op.i32_mul).memoryFill();
    if (this.warps) this.freshTeams();
    code.end();
  }

  private setLeaves(which: (node: Node) => boolean): void {
    for (const [node, local] of this.leaves) {
      if (!which(node)) continue;
      if (node.attr === "warp") this.code.get(this.team);
      else super.leaf(node);
      this.code.set(local);
    }
  }

  /** What is the same for the whole team. */
  private teamStart(): void {
    this.setLeaves((node) => this.ofTeam(node));
    this.setAll(this.program.kernel.graph.blocks.flatMap((block) => block.nodes).filter((node) => node.free && !node.folded && node.type !== null && node.uses > 0 && this.regions.levels.of(node) === 0));
  }

  // Warps.

  /** Pushes the address of warp `team`'s state. */
  private stateOf(team_: number): void {
    this.code.get(S).i32(teamsOffset(this.layout)).op(op.i32_add).get(team_).i32(teamBytes(this.layout)).op(op.i32_mul, op.i32_add);
  }

  /** Pushes the number of warps. */
  private teamCount(): void {
    const { warpSize } = this.regions.levels.team;
    this.code.get(this.items).i32(warpSize - 1).op(op.i32_add).i32(warpSize).op(op.i32_div_u);
  }

  /** All warps of a new group stand at the entry. */
  private freshTeams(): void {
    const { code } = this;
    const { warpSize } = this.regions.levels.team;
    code.i32(0).set(this.team).i32(0).set(this.item).i32(0).set(this.any);
    const again = code.loop();
    this.stateOf(this.team);
    code.tee(this.state).i32(0).memory(mem.i32_store, team.node);
    // A bit for each lane there is; the last warp may have fewer.
    code.get(this.state).i32(-1).i32(32);
    code.get(this.items).get(this.team).i32(warpSize).op(op.i32_mul, op.i32_sub).tee(this.last).i32(warpSize).get(this.last).i32(warpSize).op(op.i32_lt_u, op.select);
    code.op(op.i32_sub, op.i32_shr_u).memory(mem.i32_store, team.alive);
    code.get(this.team).i32(1).op(op.i32_add).tee(this.team);
    this.teamCount();
    code.op(op.i32_lt_u).brIf(again);
    code.end();
    code.i32(0).set(this.team);
    for (const offset of [slot.yes, slot.voters]) code.get(S).i32(0).memory(mem.i32_store, offset);
  }

  /** Each warp goes from barrier to barrier, all by turns, until none is left. */
  private phases(): void {
    const { code } = this;
    const { warpSize } = this.regions.levels.team;
    const phase = code.loop();
    const teams = code.loop();
    this.teamEnd = code.block();
    const gone = code.block();
    this.stateOf(this.team);
    code.tee(this.state).memory(mem.i32_load, team.node).tee(this.node).i32(-1).op(op.i32_eq).brIf(this.teamEnd);
    code.get(this.state).memory(mem.i32_load, team.alive).set(this.alive);
    code.get(this.team).i32(warpSize).op(op.i32_mul).tee(this.first).i32(warpSize).op(op.i32_add).set(this.last);
    code.get(this.last).get(this.items).get(this.last).get(this.items).op(op.i32_lt_u, op.select).set(this.last);
    const [tx, ty, tz] = this.tid;
    const [nx, ny] = this.size;
    code.get(this.first).get(nx).op(op.i32_rem_u).set(tx);
    code.get(this.first).get(nx).op(op.i32_div_u).tee(ty).get(ny).op(op.i32_div_u).set(tz);
    code.get(ty).get(ny).op(op.i32_rem_u).set(ty);
    this.loadCells(this.state, team.cells);
    this.teamStart();
    this.flow(gone);
    code.end();
    code.get(this.state).i32(-1).memory(mem.i32_store, team.node);
    code.end();
    code.i32(0).set(this.item);
    code.get(this.team).i32(1).op(op.i32_add).tee(this.team);
    this.teamCount();
    code.op(op.i32_lt_u).brIf(teams);
    code.end();
    code.i32(0).set(this.team);
    // The barrier is complete: whoever voted there did so by now.
    for (const [from, to] of [[slot.yes, slot.lastYes], [slot.voters, slot.lastVoters]] as const) {
      code.get(S).get(S).memory(mem.i32_load, from).memory(mem.i32_store, to);
      code.get(S).i32(0).memory(mem.i32_store, from);
    }
    code.get(this.any).i32(0).set(this.any).brIf(phase);
    code.end();
  }

  private teamEnd: Label = 0;

  /** Pushes how many work-items of the team have not exited. */
  private aliveCount(): void {
    this.code.get(this.alive);
    if (this.warps) this.code.op(op.i32_popcnt);
  }

  private readonly groupStarts = new Map<string, number>();

  /** Dimensions whose global ids are used. */
  private starts(): ("x" | "y" | "z")[] {
    const used = new Set<string>();
    for (const block of this.program.kernel.graph.blocks) {
      for (const node of block.nodes) for (const arg of node.args) if (arg.op === "sreg" && arg.attr.startsWith("gid.")) used.add(arg.attr.slice(4));
    }
    return [...used] as ("x" | "y" | "z")[];
  }

  private startLocal(dimension: string): number {
    let local = this.groupStarts.get(dimension);
    if (local === undefined) {
      local = this.code.local(I64);
      this.groupStarts.set(dimension, local);
    }
    return local;
  }

  /** Counts the group and opens the next one in the same slot, if there is one and fuel for it. */
  private nextGroup(again: Label): void {
    const { code } = this;
    const field = (base: number, offset: number): Code => code.get(base).memory(mem.i32_load, offset);
    code.get(L);
    field(L, launch.finished).i32(1).op(op.i32_add).memory(mem.i32_store, launch.finished);
    code.i32(0).set(this.node).i32(0).set(this.item);
    code.get(S).i32(1).memory(mem.i32_store, slot.fresh);
    code.i32(outcome.batch).set(this.result);
    code.get(L);
    field(L, launch.groupCount).i32(1).op(op.i32_sub).memory(mem.i32_store, launch.groupCount);
    field(L, launch.groupCount).op(op.i32_eqz).brIf(this.done);
    code.get(S);
    field(S, slot.group).i32(1).op(op.i32_add).memory(mem.i32_store, slot.group);
    // Next coordinates: x, and at the end of a row y, then z.
    const carry = code.block();
    for (let d = 0; d < 3; d++) {
      const at = slot.ctaid + 4 * d;
      code.get(S);
      field(S, at).i32(1).op(op.i32_add).memory(mem.i32_store, at);
      if (d < 2) {
        field(S, at);
        field(L, launch.nctaid + 4 * d).op(op.i32_lt_u).brIf(carry);
        code.get(S).i32(0).memory(mem.i32_store, at);
      }
    }
    code.end();
    code.i32(1).set(this.items);
    for (let d = 0; d < 3; d++) {
      // min(block, global size - group * block)
      const local = this.size[d]!;
      code.get(L).memory(mem.i64_load, launch.gsize + 8 * d);
      field(S, slot.ctaid + 4 * d).op(op.i64_extend_i32_u);
      field(L, launch.entid + 4 * d).op(op.i64_extend_i32_u, op.i64_mul, op.i64_sub);
      this.temp(I64, (left) => {
        code.tee(left);
        field(L, launch.entid + 4 * d).op(op.i64_extend_i32_u, op.i64_lt_u).if(I32);
        code.get(left).op(op.i32_wrap_i64).else();
        field(L, launch.entid + 4 * d).end().set(local);
      });
      code.get(S).get(local).memory(mem.i32_store, slot.ntid + 4 * d);
      code.get(local).get(this.items).op(op.i32_mul).set(this.items);
    }
    code.get(S).get(this.items).memory(mem.i32_store, slot.items);
    code.get(S);
    field(S, slot.smid).i32(1).op(op.i32_add);
    field(L, launch.smCount).op(op.i32_rem_u).memory(mem.i32_store, slot.smid);
    this.fuelLeft();
    code.brIf(again);
    code.br(this.done);
  }

  /** Pushes whether this call may go on. */
  private fuelLeft(): void {
    this.code.get(this.counted).op(op.i32_wrap_i64).get(L).memory(mem.i32_load, launch.callLimit).op(op.i32_lt_u);
  }

  // The group's flow.

  private flow(groupEnd: Label): void {
    const { code } = this;
    const { nodes } = this.regions.flow;
    if (!this.many) {
      this.itemsNode(nodes[0]!, groupEnd);
      return;
    }
    const again = code.loop();
    code.get(this.node);
    writeSwitch(code, nodes.map((node) => node.index), (index) => {
      const node = nodes[index]!;
      if (node.kind === "items") this.itemsNode(node, groupEnd);
      else if (node.kind === "meet") this.meet(node);
      else this.groupBlock(node);
      code.br(again);
    });
    code.end();
    code.op(op.unreachable);
  }

  private charge(block: Block, once: boolean): void {
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
  private goTo(block: Block): void {
    this.code.i32(this.regions.flow.at.get(block)!.index).set(this.node);
  }

  private parkUnlessFuel(): void {
    this.fuelLeft();
    this.code.op(op.i32_eqz).if();
    this.park(outcome.parked);
    this.code.end();
  }

  private park(how: number): void {
    this.saveState();
    this.code.i32(how).set(this.result).br(this.done);
  }

  private saveState(): void {
    const { code } = this;
    for (const [local, offset] of this.stateFields()) code.get(S).get(local).memory(mem.i32_store, offset);
    if (this.warps) this.saveTeam();
    else this.storeCells(S, slot.group_values);
  }

  private saveTeam(): void {
    this.code.get(this.state).get(this.node).memory(mem.i32_store, team.node);
    this.code.get(this.state).get(this.alive).memory(mem.i32_store, team.alive);
    this.storeCells(this.state, team.cells);
  }

  private groupBlock(node: FlowNode): void {
    const { code } = this;
    const block = node.head;
    this.charge(block, true);
    this.takeVotes(block);
    this.setAll(block.nodes.filter((inner) => this.regions.cells.has(inner) && inner.op !== "phi" && inner.op !== "result" && !inner.folded));
    for (const inner of block.nodes) {
      switch (inner.op) {
        case "yield":
          if (Number(inner.imm) === 1) {
            this.goTo(block.succs[0]!);
            this.park(outcome.spinning);
          }
          break;
        case "br":
          this.enter(block, block.succs[0]!);
          break;
        case "condbr":
          this.value(inner.args[0]!);
          code.if();
          this.enter(block, block.succs[0]!);
          code.else();
          this.enter(block, block.succs[1]!);
          code.end();
          break;
        case "switch":
          throw new EmulatorBug("a switch in a group block");
        default:
      }
    }
    this.parkUnlessFuel();
  }

  /** Sets the group's phis of `to`, and goes there. */
  private enter(from: Block, to: Block): void {
    const at = to.preds.indexOf(from);
    const set: Node[] = [];
    for (const phi of to.nodes) {
      if (phi.op !== "phi") break;
      if (!this.regions.cells.has(phi) || phi.args[at] === phi) continue;
      this.value(phi.args[at]!);
      set.push(phi);
    }
    for (const phi of set.reverse()) this.code.set(this.local(phi));
    this.goTo(to);
  }

  private meet(node: FlowNode): void {
    const { code } = this;
    const block = node.head;
    const at = block.nodes[0]!;
    const next = block.succs[0]!;
    if (isCollective(at)) {
      this.collective(node, at, next);
      return;
    }
    this.charge(block, true);
    if (at.op === "barred") {
      if (!this.warps) code.get(S).i32(0).memory(mem.i32_store, slot.yes);
      this.forItems(node, () => {
        const predicate = barrierOperands(at)[2]!;
        code.get(S).get(S).memory(mem.i32_load, slot.yes);
        this.recordOfItem();
        this.value(predicate);
        code.memory(mem.i32_store, record.a);
        this.value(predicate);
        code.op(op.i32_add).memory(mem.i32_store, slot.yes);
      });
      if (!this.warps) {
        code.get(S).get(S).memory(mem.i32_load, slot.yes).memory(mem.i32_store, slot.lastYes);
        code.get(S).get(this.alive).memory(mem.i32_store, slot.lastVoters);
      } else {
        code.get(S).get(S).memory(mem.i32_load, slot.voters);
        this.aliveCount();
        code.op(op.i32_add).memory(mem.i32_store, slot.voters);
      }
    }
    this.goTo(next);
    if (!this.warps) return;
    this.saveTeam();
    code.i32(1).set(this.any).br(this.teamEnd);
  }

  /** Sets the result of a vote at the barrier before the block, which all have in common. */
  private takeVotes(head: Block): void {
    const { code } = this;
    const at = head.preds[0]?.nodes[0];
    if (at?.op !== "barred") return;
    for (const node of head.nodes) {
      if (node.op !== "result") continue;
      code.get(S).memory(mem.i32_load, slot.lastYes);
      if (at.attr === "and") code.get(S).memory(mem.i32_load, slot.lastVoters).op(op.i32_eq);
      else if (at.attr === "or") code.i32(0).op(op.i32_ne);
      code.set(this.local(node));
    }
  }

  /** A warp collective that all the warp's lanes have come to. Results are left in the records, those that all have in common in their variables too. */
  private collective(node: FlowNode, at: Node, next: Block): void {
    const { code } = this;
    this.charge(node.head, true);
    const masked = Number(at.imm) === 1;
    const mask = masked ? at.args[at.args.length - 1]! : null;
    const result = next.nodes.find((other) => other.op === "result" && Number(other.imm) === 0);
    const { warpSize } = this.regions.levels.team;
    const everyone = mask === null || (mask.op === "const" && Number(mask.imm) === -1);
    // Lanes whose mask leaves out another: the slow path sorts out who meets whom.
    const least = everyone ? -1 : code.local(I32);
    if (least >= 0) code.get(this.alive).set(least);
    const lane = code.local(I32);
    const yes = code.local(I32);
    const total = code.local(I32);
    const start: Readonly<Record<string, number>> = { "min.s": 0x7fff_ffff, "max.s": -0x8000_0000, "min.u": -1, and: -1 };
    code.i32(0).set(yes).i32(start[at.attr] ?? 0).set(total);
    this.forItems(node, () => {
      if (mask !== null && least >= 0) {
        this.value(mask);
        code.get(least).op(op.i32_and).set(least);
      }
      switch (at.op) {
        case "vote":
          this.value(at.args[0]!);
          code.get(this.item).get(this.first).op(op.i32_sub, op.i32_shl).get(yes).op(op.i32_or).set(yes);
          break;
        case "redux": {
          const value = code.local(I32);
          this.value(at.args[0]!);
          code.set(value);
          const pick = (compare: number): void => void code.get(total).get(value).get(total).get(value).op(compare, op.select).set(total);
          if (at.attr === "min.s") pick(op.i32_lt_s);
          else if (at.attr === "max.s") pick(op.i32_gt_s);
          else if (at.attr === "min.u") pick(op.i32_lt_u);
          else if (at.attr === "max.u") pick(op.i32_gt_u);
          else code.get(total).get(value).op({ add: op.i32_add, and: op.i32_and, or: op.i32_or, xor: op.i32_xor }[at.attr]!).set(total);
          break;
        }
        case "shfl":
          this.recordOfItem();
          this.value(at.args[0]!);
          code.memory(mem.i32_store, record.count);
          break;
        default:
      }
    });
    if (least >= 0) {
      code.get(least).get(this.alive).op(op.i32_ne).if();
      code.get(this.counted).i64((BigInt(node.head.bytes) << 32n) + BigInt(node.head.cost));
      this.aliveCount();
      code.op(op.i64_extend_i32_u, op.i64_mul, op.i64_sub).set(this.counted);
      this.park(outcome.spinning);
      code.end();
    }
    if (at.op === "shfl") this.shuffle(node, at, lane, warpSize);
    else if (result !== undefined) {
      switch (at.op === "vote" ? at.attr : at.op) {
        case "all": code.get(yes).get(this.alive).op(op.i32_eq); break;
        case "any": code.get(yes).i32(0).op(op.i32_ne); break;
        case "uni": code.get(yes).get(this.alive).op(op.i32_eq).get(yes).op(op.i32_eqz, op.i32_or); break;
        case "ballot": code.get(yes); break;
        case "activemask": code.get(this.alive); break;
        default: code.get(total);
      }
      code.set(this.local(result));
    }
    this.goTo(next);
  }

  /** Each lane takes its value from the lane it names (PTX ISA, shfl.sync); the values lie in the records. */
  private shuffle(node: FlowNode, at: Node, lane: number, warpSize: number): void {
    const { code } = this;
    const [, b, c] = at.args as [Node, Node, Node];
    const bits = warpSize > 32 ? 63 : 31;
    const own = code.local(I32);
    const clamp = code.local(I32);
    const last = code.local(I32);
    const good = code.local(I32);
    const from = code.local(I32);
    this.forItems(node, () => {
      code.get(this.item).get(this.first).op(op.i32_sub).set(own);
      this.value(c);
      code.tee(clamp).i32(8).op(op.i32_shr_u).i32(bits).op(op.i32_and).set(lane);
      // last = own & segment | clamp & ~segment
      code.get(own).get(lane).op(op.i32_and).get(clamp).i32(bits).op(op.i32_and).get(lane).i32(-1).op(op.i32_xor, op.i32_and, op.i32_or).set(last);
      const delta = (): void => {
        this.value(b);
        code.i32(bits).op(op.i32_and);
      };
      if (at.attr === "idx") {
        code.get(own).get(lane).op(op.i32_and);
        delta();
        code.get(lane).i32(-1).op(op.i32_xor, op.i32_and, op.i32_or).set(lane);
      } else {
        code.get(own);
        delta();
        code.op(at.attr === "up" ? op.i32_sub : at.attr === "down" ? op.i32_add : op.i32_xor).set(lane);
      }
      code.get(lane).get(last).op(at.attr === "up" ? op.i32_ge_s : op.i32_le_s).set(good);
      // Out of range, or nobody there: the own value.
      code.get(lane).get(own).get(good).op(op.select).set(from);
      code.get(from).get(own).get(this.alive).get(from).op(op.i32_shr_u).i32(1).op(op.i32_and).get(from).i32(warpSize).op(op.i32_lt_u, op.i32_and, op.select).set(from);
      this.recordOfItem();
      code.get(from).get(this.first).op(op.i32_add).i32(RECORD_SHIFT).op(op.i32_shl).get(S).op(op.i32_add).memory(mem.i32_load, RECORDS + record.count);
      code.memory(mem.i32_store, record.a);
      this.recordOfItem();
      code.get(good).memory(mem.i32_store, record.b);
    });
  }

  private itemsNode(node: FlowNode, groupEnd: Label): void {
    const { code } = this;
    this.takeVotes(node.head);
    // What is common to all, computed in this region.
    const inside = new Set(node.blocks);
    const common: Node[] = [];
    for (const block of node.blocks) {
      for (const inner of block.nodes) if (this.regions.cells.has(inner) && inner.op !== "phi" && inner.op !== "result" && !inner.folded) common.push(inner);
    }
    this.setAll(common);
    const exits = [...new Set(node.blocks.flatMap((block) => block.succs.filter((next) => !inside.has(next) || next === node.head)))];
    if (exits.length === 1) code.i32(this.regions.flow.at.get(exits[0]!)!.index).set(this.next);
    const loops = node.blocks.some((block) => block.nodes.some((inner) => inner.op === "yield"));
    this.forItems(node, () => this.itemBody(node, exits), loops);
    if (exits.length === 0) {
      code.br(groupEnd);
      return;
    }
    if (this.regions.flow.someExit) code.get(this.alive).op(op.i32_eqz).brIf(groupEnd);
    code.get(this.next).set(this.node);
    // In front of phis: the group's are set here, the work-items' have moved.
    if (exits.length === 1 && node.blocks.length === 1 && exits[0]!.nodes[0]!.op === "phi") this.enter(node.head, exits[0]!);
    this.parkUnlessFuel();
  }

  /** A loop over the work-items from `item` on; `item` is 0 behind it. */
  private forItems(node: FlowNode, body: () => void, loops = false): void {
    const { code } = this;
    const [tx, ty, tz] = this.tid;
    const [nx, ny, nz] = this.size;
    const used = this.hoisted(node);
    if (this.warps) {
      this.forLanes(node, used, body, loops);
      return;
    }
    code.get(this.item).if();
    code.get(this.item).get(nx).op(op.i32_rem_u).set(tx);
    code.get(this.item).get(nx).op(op.i32_div_u).tee(ty).get(ny).op(op.i32_div_u).set(tz);
    code.get(ty).get(ny).op(op.i32_rem_u).set(ty);
    code.else();
    for (const local of this.tid) code.i32(0).set(local);
    code.end();
    const zs = code.loop();
    this.setAll(used[1]!);
    const ys = code.loop();
    this.setAll(used[2]!);
    const xs = code.loop();
    const end = code.block();
    this.itemEnd = end;
    if (this.regions.flow.someExit && node.head !== this.program.kernel.graph.entry) {
      this.recordOfItem();
      code.memory(mem.i32_load, record.status).brIf(end);
    } else if (this.regions.flow.someExit) {
      this.recordOfItem();
      code.i32(0).memory(mem.i32_store, record.status);
    }
    if (loops) code.get(this.counted).op(op.i32_wrap_i64).i32(ITEM_FUEL).op(op.i32_add).set(this.itemLimit);
    this.enterItem(node);
    this.setAll(used[3]!);
    body();
    code.end();
    code.get(this.item).i32(1).op(op.i32_add).set(this.item);
    if (loops) {
      // A group that is not at its end stops between two work-items when this call has done enough.
      code.get(this.item).get(this.items).op(op.i32_lt_u);
      this.fuelLeft();
      code.op(op.i32_eqz, op.i32_and).if();
      this.park(outcome.parked);
      code.end();
    }
    code.get(tx).i32(1).op(op.i32_add).tee(tx).get(nx).op(op.i32_lt_u).brIf(xs);
    code.end();
    code.i32(0).set(tx).get(ty).i32(1).op(op.i32_add).tee(ty).get(ny).op(op.i32_lt_u).brIf(ys);
    code.end();
    code.i32(0).set(ty).get(tz).i32(1).op(op.i32_add).tee(tz).get(nz).op(op.i32_lt_u).brIf(zs);
    code.end();
    code.i32(0).set(this.item);
  }

  /** The lanes of the warp from `item` (0: the first) on. */
  private forLanes(node: FlowNode, used: readonly Node[][], body: () => void, loops: boolean): void {
    const { code } = this;
    const tx = this.tid[0];
    const start = code.local(I32);
    code.get(this.first).get(this.item).get(this.item).op(op.i32_eqz, op.select).set(this.item);
    code.get(tx).set(start);
    code.get(this.item).get(this.first).op(op.i32_sub).get(tx).op(op.i32_add).set(tx);
    const lanes = code.loop();
    const end = code.block();
    this.itemEnd = end;
    if (this.regions.flow.someExit) {
      code.get(this.alive).get(this.item).get(this.first).op(op.i32_sub, op.i32_shr_u).i32(1).op(op.i32_and, op.i32_eqz).brIf(end);
    }
    if (loops) code.get(this.counted).op(op.i32_wrap_i64).i32(ITEM_FUEL).op(op.i32_add).set(this.itemLimit);
    this.enterItem(node);
    this.setAll(used[3]!);
    body();
    code.end();
    code.get(this.item).i32(1).op(op.i32_add).set(this.item);
    if (loops) {
      code.get(this.item).get(this.last).op(op.i32_lt_u);
      this.fuelLeft();
      code.op(op.i32_eqz, op.i32_and).if();
      this.park(outcome.parked);
      code.end();
    }
    code.get(tx).i32(1).op(op.i32_add).set(tx);
    code.get(this.item).get(this.last).op(op.i32_lt_u).brIf(lanes);
    code.end();
    code.get(start).set(tx).i32(0).set(this.item);
  }

  private recordOfItem(): void {
    this.code.get(this.item).i32(RECORD_SHIFT).op(op.i32_shl).get(S).op(op.i32_add).i32(RECORDS).op(op.i32_add);
  }

  /** Recomputable values that the region reads, by the level at which they vary: those of the work-item (3) only when they are made elsewhere. */
  private hoisted(node: FlowNode): Node[][] {
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

  private inOrder(nodes: Node[]): Node[] {
    return nodes.sort((a, b) => a.block!.order - b.block!.order || a.block!.nodes.indexOf(a) - b.block!.nodes.indexOf(b));
  }

  private setAll(nodes: readonly Node[]): void {
    for (const node of nodes) {
      this.compute(node);
      this.code.set(this.local(node));
    }
  }

  // One work-item in one region.

  /** Bases of the work-item's own memory, and its values from earlier regions. */
  private enterItem(node: FlowNode): void {
    const { code } = this;
    const kernel = this.program.kernel;
    if (kernel.saved.narrow > 0) code.get(this.item).i32(2).op(op.i32_shl).get(S).op(op.i32_add).set(this.narrow);
    if (kernel.saved.wide > 0) code.get(this.item).i32(3).op(op.i32_shl).get(S).op(op.i32_add).set(this.wide);
    if (this.usesLocal()) {
      code.get(S).memory(mem.i32_load, slot.local).get(this.item).get(L).memory(mem.i32_load, launch.localBytes).op(op.i32_mul, op.i32_add).set(this.localBase);
    }
    if (node.head === kernel.graph.entry) return;
    for (const value of this.arriving(node)) {
      const { base, offset } = this.place(value);
      code.get(base).memory(slotLoad(value.type!), offset).set(this.local(value));
    }
  }

  private localUse: boolean | null = null;

  private usesLocal(): boolean {
    this.localUse ??= this.program.kernel.graph.blocks.some((block) => block.nodes.some((node) => node.access?.space === "local"));
    return this.localUse;
  }

  /** Saved values of the work-item that the region reads. */
  private arriving(node: FlowNode): Node[] {
    const saved = (this.program.kernel.saved.at.get(node.head) ?? []).filter((value) => !this.regions.cells.has(value));
    const read = new Set<Node>();
    for (const block of node.blocks) {
      for (const inner of block.nodes) {
        if (inner.folded || inner.op === "phi") continue;
        readsOf(inner, (value) => read.add(value));
      }
      for (const next of block.succs) {
        const at = next.preds.indexOf(block);
        for (const phi of next.nodes) {
          if (phi.op !== "phi") break;
          read.add(phi.args[at]!);
        }
      }
    }
    return saved.filter((value) => read.has(value));
  }

  private place(node: Node): { base: number; offset: number } {
    const index = this.program.kernel.saved.slot.get(node);
    if (index === undefined) throw new EmulatorBug(`value ${node.id} (${node.op}) has no slot`);
    return isWide(node.type!) ? { base: this.wide, offset: wideOffset(this.layout, index) } : { base: this.narrow, offset: narrowOffset(this.layout, index) };
  }

  private storeSlot(node: Node, value: Node): void {
    const { base, offset } = this.place(node);
    this.code.get(base);
    this.value(value);
    this.code.memory(slotStore(node.type!), offset);
  }

  private itemBody(node: FlowNode, exits: readonly Block[]): void {
    const { code } = this;
    this.region = node;
    const blocks = node.blocks;
    const number = new Map<Block, number>(blocks.map((block, i) => [block, i]));
    // Leaving the region is going to a node behind the blocks; an edge back to the head leaves too.
    const target = (next: Block): number => (exits.includes(next) ? blocks.length + exits.indexOf(next) : number.get(next)!);
    const succs = blocks.map((block) => block.succs.map(target));
    for (const _ of exits) succs.push([]);
    const made = this.madeIn(node);
    writeStructured(code, succs, {
      write: (index, go) => {
        const block = blocks[index];
        if (block === undefined) {
          const exit = exits[index - blocks.length]!;
          for (const value of this.program.kernel.saved.at.get(exit)!) if (made.has(value)) this.storeSlot(value, value);
          if (exits.length > 1) code.i32(this.regions.flow.at.get(exit)!.index).set(this.next);
          code.br(this.itemEnd);
          return;
        }
        this.itemBlock(block, (next) => go(target(next)));
      },
      edge: (from, to) => {
        const into = blocks[to];
        if (into !== undefined) this.copyPhis(blocks[from]!, into);
        else this.movePhis(blocks[from]!, exits[to - blocks.length]!);
      },
    });
    this.region = null;
  }

  /** Values of the work-item that are computed in the region. Its head's phis have been in their slots since the way in. */
  private madeIn(node: FlowNode): Set<Node> {
    const made = new Set(node.blocks.flatMap((block) => block.nodes));
    for (const value of made) if (this.regions.cells.has(value) || (value.op === "phi" && value.block === node.head)) made.delete(value);
    return made;
  }

  private copyPhis(from: Block, to: Block): void {
    const at = to.preds.indexOf(from);
    const set: Node[] = [];
    for (const phi of to.nodes) {
      if (phi.op !== "phi") break;
      const arg = phi.args[at]!;
      if (arg === phi || phi.uses === 0) continue;
      this.value(arg);
      set.push(phi);
    }
    for (const phi of set.reverse()) this.code.set(this.local(phi));
  }

  /** On the way out of the region: phis of the work-item move between slots, all read before one is written. */
  private movePhis(from: Block, to: Block): void {
    const { code } = this;
    const at = to.preds.indexOf(from);
    const moves: { readonly phi: Node; readonly local: number }[] = [];
    for (const phi of to.nodes) {
      if (phi.op !== "phi") break;
      const arg = phi.args[at]!;
      if (this.regions.cells.has(phi) || phi.uses === 0 || !this.program.kernel.saved.slot.has(phi)) continue;
      if (this.program.kernel.saved.slot.get(arg) === this.program.kernel.saved.slot.get(phi) && arg.type === phi.type && !this.regions.cells.has(arg)) continue;
      const local = code.local(wasmType(phi.type!));
      this.value(arg);
      code.set(local);
      moves.push({ phi, local });
    }
    for (const { phi, local } of moves) {
      const { base, offset } = this.place(phi);
      code.get(base).get(local).memory(slotStore(phi.type!), offset);
    }
  }

  private itemBlock(block: Block, go: (next: Block) => void): void {
    this.block = block;
    this.checked.clear();
    this.charge(block, false);
    for (const node of block.nodes) {
      if (node.folded || node.op === "phi" || node.op === "proj") continue;
      if (this.regions.cells.has(node) || (node.free && this.regions.levels.of(node) < 3)) continue;
      this.statement(node, block, go);
      this.block = block;
    }
  }

  private exitLabel(): Label {
    const label = this.exits.get(this.block!);
    if (label === undefined) throw new EmulatorBug(`no exit at ${this.block!.label}`);
    return label;
  }

  private statement(node: Node, block: Block, go: (next: Block) => void): void {
    const { code } = this;
    switch (node.op) {
      case "br": go(block.succs[0]!); return;
      case "condbr":
        this.condition(node.args[0]!);
        code.if();
        go(block.succs[0]!);
        code.else();
        go(block.succs[1]!);
        code.end();
        return;
      case "switch":
        this.branchTable(node, block, go);
        return;
      case "ret": case "exit":
        if (this.regions.flow.someExit && this.warps) {
          code.get(this.alive).i32(1).get(this.item).get(this.first).op(op.i32_sub, op.i32_shl).i32(-1).op(op.i32_xor, op.i32_and).set(this.alive);
        } else if (this.regions.flow.someExit) {
          this.recordOfItem();
          code.i32(status.exited).memory(mem.i32_store, record.status);
          code.get(this.alive).i32(1).op(op.i32_sub).set(this.alive);
        }
        code.br(this.itemEnd);
        return;
      case "trap": case "unreachable": case "assertfail":
        code.br(this.exitLabel());
        return;
      case "yield":
        this.yield(node, block.succs[0]!);
        return;
      case "nanosleep": case "fence":
        return;
      case "result":
        this.recordOfItem();
        code.memory(slotLoad(node.type!), Number(node.imm) === 0 ? record.a : record.b).set(this.local(node));
        return;
      case "store":
        this.store(node);
        return;
      case "atomic": case "cmpxchg": {
        const outer = node.access!.space === "global" || node.access!.space === "generic";
        this.temp(I32, (address) => {
          const offset = this.linear(node);
          if (offset !== 0) code.i32(offset).op(op.i32_add);
          code.set(address);
          writeAtomic(this, node, address, node.args.slice(1), outer && this.facts.shared);
        });
        if (node.uses > 0) code.set(this.local(node));
        else code.op(op.drop);
        return;
      }
      case "printf":
        this.print(node, this.program.sites.push({ node, line: node.line }) - 1);
        if (node.uses > 0) code.set(this.local(node));
        else code.op(op.drop);
        return;
      case "sreg":
        if (node.attr === "globaltimer") this.callImport("now", [], [I64]);
        else code.get(L).memory(mem.i64_load, launch.clock).get(this.counted).op(op.i32_wrap_i64, op.i64_extend_i32_u, op.i64_add);
        code.set(this.local(node));
        return;
      default:
        if (node.op === "load" && node.access!.count > 1) {
          this.load(node);
          return;
        }
        if (node.uses === 0 && isPure(node)) return;
        this.compute(node);
        if (node.uses > 0) code.set(this.local(node));
        else code.op(op.drop);
    }
  }

  private yield(node: Node, next: Block): void {
    const exit = this.exits.get(next)!;
    if (Number(node.imm) === 1) this.code.br(exit);
    else this.code.get(this.counted).op(op.i32_wrap_i64).get(this.itemLimit).op(op.i32_ge_u).brIf(exit);
  }

  private branchTable(node: Node, block: Block, go: (next: Block) => void): void {
    const { code } = this;
    const on = node.args[0]!;
    const type = this.wasm(on.type!);
    const value = code.local(type);
    this.value(on);
    code.set(value);
    const otherwise = block.cases.find(([at]) => at === null)![1];
    for (const [at, successor] of block.cases) {
      if (at === null) continue;
      code.get(value);
      if (type === I64) code.i64(at).op(op.i64_eq);
      else code.i32(Number(BigInt.asIntN(32, BigInt.asUintN(sizeOf[on.type!] * 8, at)))).op(op.i32_eq);
      code.if();
      go(block.succs[successor]!);
      code.end();
    }
    go(block.succs[otherwise]!);
  }

  // Leaving for the slow path.

  /** Saves what the work-item has made in this region; the rest is in its slots already. */
  private exitStub(block: Block): void {
    const { code } = this;
    const owner = this.regions.flow.nodes.find((node) => node.kind === "items" && node.blocks.includes(block));
    const made = owner === undefined ? new Set<Node>() : this.madeIn(owner);
    for (const value of this.program.kernel.saved.at.get(block)!) if (made.has(value) || this.regions.cells.has(value)) this.storeSlot(value, value);
    code.i32(block.resume).set(this.pc);
  }

  private exitTail(): void {
    this.recordOfItem();
    this.code.get(this.pc).memory(mem.i32_store, record.pc);
    this.saveState();
  }

  // Leaves and memory.

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

  /** Shared and local addresses known to be inside in this block: base value and the reach checked. */
  private readonly checked = new Map<string, number>();

  private linear(node: Node): number {
    const { code } = this;
    const access = node.access!;
    const exit = this.exitLabel();
    const kind = KIND[node.op as keyof typeof KIND];
    const address = node.args[0]!;
    const size = accessSize(node);
    if (access.space === "shared" || access.space === "local") {
      const reach = size + Math.max(0, access.offset);
      const limit = this.limits.get(`${access.space} ${reach}`)!;
      const base = access.space === "shared" ? this.sharedBase : this.localBase;
      this.temp(I64, (at) => {
        this.value(address);
        if (access.offset < 0) code.i64(BigInt(access.offset)).op(op.i64_add);
        code.tee(at).get(limit).op(op.i64_ge_u).brIf(exit);
        code.get(at).op(op.i32_wrap_i64).get(base).op(op.i32_add);
      });
      return Math.max(0, access.offset);
    }
    if (access.space === "generic") {
      this.temp(I64, (at) => this.temp(I32, (linear) => {
        this.value(address);
        if (access.offset !== 0) code.i64(BigInt(access.offset)).op(op.i64_add);
        code.tee(at).i32(size).i32(access.align - 1).i32(kind).get(L).get(S).get(this.item);
        code.call(this.helpers.get("place", placeType, [I32], place)).tee(linear).i32(-1).op(op.i32_eq).brIf(exit);
        // Bytes count when the address is outside the windows.
        code.get(this.counted).i64(BigInt(size) << 32n).i64(0n).get(at).i64(0x0100_0000n).op(op.i64_sub).i64(0x0200_0000n).op(op.i64_ge_u, op.select, op.i64_add).set(this.counted);
        code.get(linear);
      }));
      return 0;
    }
    this.temp(I64, (relative) => this.temp(I32, (low) => {
      this.relative(address);
      if (access.offset !== 0) code.i64(BigInt(access.offset)).op(op.i64_add);
      const aligned = Math.min(knownAlignment(address, this.align), access.offset === 0 ? 16 : access.offset & -access.offset);
      writeTranslation(code, this.translation, relative, low, node, kind, aligned, exit);
    }));
    return 0;
  }

  /** Pushes an address less the page table's first. */
  private relative(address: Node): void {
    this.value(address);
    this.code.get(this.translation.base).op(op.i64_sub);
  }

  protected load(node: Node): void {
    const { code } = this;
    const { type, count } = node.access!;
    const offset = this.linear(node);
    if (count === 1) {
      code.memory(loadOf[type], offset);
      if (type === "i1") this.maskTo("i1");
      return;
    }
    this.temp(I32, (address) => {
      code.set(address);
      for (const proj of node.block!.nodes) {
        if (proj.op !== "proj" || proj.args[0] !== node) continue;
        code.get(address).memory(loadOf[type], offset + Number(proj.imm) * sizeOf[type]);
        if (type === "i1") this.maskTo("i1");
        code.set(this.local(proj));
      }
    });
  }

  private store(node: Node): void {
    const { code } = this;
    const { type } = node.access!;
    const values = node.args.slice(1);
    const write = (value: Node, offset: number): void => {
      this.value(value);
      if ((node.mark & CANONICAL_OPERAND) !== 0) canonicalise(this, type === "f64");
      code.memory(storeOf[type], offset);
    };
    const offset = this.linear(node);
    if (values.length === 1) {
      write(values[0]!, offset);
      return;
    }
    this.temp(I32, (address) => {
      code.set(address);
      values.forEach((value, i) => {
        code.get(address);
        write(value, offset + i * sizeOf[type]);
      });
    });
  }
}

