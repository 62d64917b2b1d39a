import type { Code, Label } from "../asm/code.ts";
import { I32, I64, mem, op } from "../asm/opcodes.ts";
import { wasmType } from "../emit/types.ts";
import { isLeaf, type Node } from "../graph/node.ts";
import { launch, record, slot, team, teamBytes, teamsOffset } from "../lower/layout.ts";
import { slotLoad } from "../slow/saved.ts";
import { reachOf } from "./memory.ts";
import { outcome } from "./outcome.ts";
import { MeetWriter } from "./meet.ts";

const [L, S] = [0, 1];

/** Beginning and end of work-groups and warps. */
export abstract class GroupWriter extends MeetWriter {
  // Beginning and end of groups.

  protected loadConstants(): void {
    const { code } = this;
    const { table, base, limit } = this.translation;
    code.get(L).memory(mem.i32_load, launch.table).set(table);
    code.get(L).memory(mem.i64_load, launch.baseAddress).set(base);
    code.get(L).memory(mem.i64_load, launch.tableLimit).set(limit);
    code.get(S).memory(mem.i32_load, slot.shared).set(this.sharedBase);
    for (const [local, offset] of this.stateFields()) code.get(S).memory(mem.i32_load, offset).set(local);
    this.loadChecks();
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
        if (node.access !== null && (node.access.space === "shared" || node.access.space === "local")) sizes.add(`${node.access.space} ${reachOf(node)}`);
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
      this.fetchLeaf(node);
      code.set(local);
    }
    if (!this.warps) this.loadCells(S, slot.group_values);
  }

  protected loadCells(base: number, offset: number): void {
    for (const [node, cell] of [...this.regions.cells, ...this.regions.carried]) this.code.get(base).memory(slotLoad(node.type!), offset + 8 * cell).set(this.local(node));
  }

  /** Whether the leaf changes from group to group, or from warp to warp. */
  protected ofGroup(node: Node): boolean {
    return node.op === "sreg" && /^(ctaid|ntid|smid|nwarp|tid|gid|warp$)/.test(node.attr);
  }

  protected ofTeam(node: Node): boolean {
    return node.op === "sreg" && /^(tid|gid|warp$)/.test(node.attr);
  }

  protected groupStart_(): void {
    const { code } = this;
    this.size.forEach((local, d) => code.get(S).memory(mem.i32_load, slot.ntid + 4 * d).set(local));
    code.get(S).memory(mem.i32_load, slot.items).set(this.items);
    this.setLeaves((node) => this.ofGroup(node) && !this.ofTeam(node));
    for (const start of this.starts()) {
      this.fetchGroupStart(start);
      code.set(this.startLocal(start));
    }
    code.i32(0).set(this.misses);
    // A group that goes on where it was parked keeps its memory.
    code.get(S).memory(mem.i32_load, slot.fresh).if();
    code.get(S).i32(0).memory(mem.i32_store, slot.fresh);
    code.get(this.items).set(this.alive);
    // Filling calls out of the code, also when there is nothing to fill.
    this.temp(I32, (bytes) => {
      code.get(L).memory(mem.i32_load, launch.sharedBytes).tee(bytes).if();
      code.get(this.sharedBase).i32(0).get(bytes).memoryFill();
      code.end();
      code.get(this.items).get(L).memory(mem.i32_load, launch.localBytes).op(op.i32_mul).tee(bytes).if();
      code.get(S).memory(mem.i32_load, slot.local).i32(0).get(bytes).memoryFill();
      code.end();
    });
    if (this.facts.checks !== null) {
      code.get(S);
      this.callImport("checkGroup", [I32], []);
    }
    if (this.warps) this.freshTeams();
    else if (this.regions.flow.someExit && this.regions.flow.nodes[0]!.kind !== "items") this.freshStatus();
    code.end();
    if (this.facts.checks !== null) this.loadInterval();
  }

  /** Nobody has exited yet. (A first region of work-items says so itself.) */
  private freshStatus(): void {
    const { code } = this;
    const again = code.loop();
    this.recordOfItem();
    code.i32(0).memory(mem.i32_store, record.status);
    code.get(this.item).i32(1).op(op.i32_add).tee(this.item).get(this.items).op(op.i32_lt_u).brIf(again);
    code.end();
    code.i32(0).set(this.item);
  }

  protected setLeaves(which: (node: Node) => boolean): void {
    for (const [node, local] of this.leaves) {
      if (!which(node)) continue;
      if (node.attr === "warp") this.code.get(this.team);
      else this.fetchLeaf(node);
      this.code.set(local);
    }
  }

  /** What is the same for the whole team. */
  protected teamStart(): void {
    this.setLeaves((node) => this.ofTeam(node));
    this.setAll(this.program.kernel.graph.blocks.flatMap((block) => block.nodes).filter((node) => node.free && !node.folded && node.type !== null && node.uses > 0 && this.regions.levels.of(node) === 0));
  }

  // Warps.

  /** Pushes the address of warp `team`'s state. */
  protected stateOf(team_: number): void {
    this.code.get(S).i32(teamsOffset(this.layout)).op(op.i32_add).get(team_).i32(teamBytes(this.layout)).op(op.i32_mul, op.i32_add);
  }

  /** Pushes the number of warps. */
  protected teamCount(): void {
    const { warpSize } = this.regions.levels.team;
    this.code.get(this.items).i32(warpSize - 1).op(op.i32_add).i32(warpSize).op(op.i32_div_u);
  }

  /** All warps of a new group stand at the entry. */
  protected freshTeams(): void {
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

  /** Dimensions whose global ids are used. */
  protected starts(): ("x" | "y" | "z")[] {
    const used = new Set<string>();
    for (const block of this.program.kernel.graph.blocks) {
      for (const node of block.nodes) for (const arg of node.args) if (arg.op === "sreg" && arg.attr.startsWith("gid.")) used.add(arg.attr.slice(4));
    }
    return [...used] as ("x" | "y" | "z")[];
  }

  /** Counts the group and opens the next one in the same slot, if there is one and fuel for it. */
  protected nextGroup(again: Label): void {
    const { code } = this;
    const field = (base: number, offset: number): Code => code.get(base).memory(mem.i32_load, offset);
    code.get(L);
    field(L, launch.finished);
    this.pushTogether();
    code.op(op.i32_add).memory(mem.i32_store, launch.finished);
    code.i32(0).set(this.node).i32(0).set(this.item);
    code.get(S).i32(1).memory(mem.i32_store, slot.fresh);
    code.i32(outcome.batch).set(this.result);
    code.get(L);
    field(L, launch.groupCount);
    this.pushTogether();
    code.op(op.i32_sub).memory(mem.i32_store, launch.groupCount);
    field(L, launch.groupCount).op(op.i32_eqz).brIf(this.done);
    code.get(S);
    field(S, slot.group);
    this.pushTogether();
    code.op(op.i32_add).memory(mem.i32_store, slot.group);
    // Next coordinates: x, and at the end of a row y, then z.
    const carry = code.block();
    for (let d = 0; d < 3; d++) {
      const at = slot.ctaid + 4 * d;
      code.get(S);
      field(S, at);
      if (d === 0) this.pushTogether();
      else code.i32(1);
      code.op(op.i32_add).memory(mem.i32_store, at);
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
    field(S, slot.smid);
    this.pushTogether();
    code.op(op.i32_add);
    field(L, launch.smCount).op(op.i32_rem_u).memory(mem.i32_store, slot.smid);
    this.fuelLeft();
    code.brIf(again);
    code.br(this.done);
  }
}
