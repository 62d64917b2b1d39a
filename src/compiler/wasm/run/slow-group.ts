import { comparePlaces, placeOf } from "../../ir/convergence.ts";
import { BARRIERS, TURN } from "../../ir/limits.ts";
import { maskOfLanes } from "../../interp/lanes.ts";
import { ordersSharedOnly } from "../checked/facts.ts";
import type { Node } from "../graph/node.ts";
import { frame, launch, record, slot, status } from "../lower/layout.ts";
import { actsAlone, keyOf, resolveCollective, word, type Lane } from "./collectives.ts";
import { Barriers } from "./barriers.ts";
import { passBarrier, reportDivergence } from "./checked.ts";
import type { Run } from "./context.ts";

/** Why a turn of the group ended: all exited; others should have a turn; everybody only waits or sleeps; the budget ended in the middle. */
export type Outcome = "finished" | "turn" | "idle" | "budget";

/** What a work-item is doing. */
const READY = 0;
const EXITED = 1;
const WAITING = 2;
const ASLEEP = 3;
/** Ready, but going round a loop that waits for others. */
const SPINNING = 4;
/** Waiting at the one barrier of a kernel that has no other. */
const AT_BARRIER = 5;

/** Instructions after which a group that still works makes room for others. */
const GROUP_TURN = 1 << 25;

/** Counts and limits of the execution that the group belongs to. */
export interface Meter {
  /** Runs one work-item of the slot for at most `limit` instructions; gives its status. The instructions are added to `spent`. */
  step(slot: number, item: number, limit: number): number;
  /** Instructions of the last step. */
  readonly lastStep: number;
  /** Instructions that may still be spent in this call of `run`. */
  readonly left: number;
}

/** A work-group on the slow path: every work-item a state machine of its own. */
export class SlowGroup {
  readonly slot: number;
  readonly items: number;
  live: number;
  readonly warpSize: number;
  private readonly run_: Run;
  private readonly meter: Meter;
  private readonly state: Uint8Array;
  /** Spent a whole turn without stopping. */
  private readonly ranOut: Uint8Array;
  /** Instructions spent in loops that wait for others, since the work-item last stopped for another reason. */
  private readonly spun: Float64Array;
  private readonly barriers: Barriers;
  private cursor = 0;
  private itemSpent = 0;
  private turnSpent = 0;
  /** Work-items at the one barrier. */
  private arrived = 0;
  /** Whether some work-item did more than wait since this was last cleared. */
  progressed = false;

  /** The group's header in the slot is set, its records are cleared or say where its work-items stopped. */
  constructor(run: Run, meter: Meter, at: number) {
    const { i32 } = run.views;
    this.run_ = run;
    this.meter = meter;
    this.slot = at;
    this.items = i32[(at + slot.items) >> 2]!;
    this.live = this.items;
    this.warpSize = i32[(run.launch + launch.warpSize) >> 2]!;
    this.state = new Uint8Array(this.items);
    this.ranOut = new Uint8Array(this.items);
    this.spun = new Float64Array(this.items);
    this.barriers = new Barriers(this);
  }

  exited(item: number): boolean {
    return this.state[item] === EXITED;
  }

  /** Takes a work-item for exited that was so before the group came here. */
  markExited(item: number): void {
    if (this.state[item] === EXITED) return;
    this.state[item] = EXITED;
    this.live--;
  }

  /** Takes a work-item as waiting at a barrier that the fast path brought it to; a predicate is in its record. */
  atBarrierAlready(item: number, node: Node): void {
    const { i32 } = this.run_.views;
    i32[word(this.slot, item, record.site)] = this.run_.addSite(node);
    if (this.run_.features.oneBarrier) {
      this.atBarrier(item);
      return;
    }
    this.state[item] = WAITING;
    const id = (Number(node.imm) & 1) === 0 ? 0 : Number(node.args[0]!.imm) >>> 0;
    this.barriers.arrive(item, id, null, true);
  }

  /** The first turn goes to this work-item. */
  startAt(item: number): void {
    this.cursor = item;
  }

  /** Gives the work-items their turns, in ascending order. The order of execution does not depend on budgets. */
  run(): Outcome {
    this.run_.slot = this.slot;
    for (;;) {
      for (; this.cursor < this.items; this.cursor++) {
        if (this.state[this.cursor] !== READY && this.state[this.cursor] !== SPINNING) continue;
        if (!this.turn(this.cursor)) return "budget";
      }
      this.cursor = 0;
      const outcome = this.afterSweep();
      if (outcome !== null) return outcome;
    }
  }

  /** @returns false if the budget ended first */
  private turn(item: number): boolean {
    while (true) {
      const limit = Math.min(TURN - this.itemSpent, this.meter.left);
      if (limit <= 0) {
        if (this.itemSpent >= TURN) break;
        return false;
      }
      const result = this.meter.step(this.slot, item, limit);
      this.itemSpent += this.meter.lastStep;
      this.turnSpent += this.meter.lastStep;
      if (result !== status.spin && result !== status.sleep) this.progressed = true;
      if (result === status.fuel) continue;
      this.spun[item] = result === status.spin ? this.spun[item]! + this.itemSpent : 0;
      this.ranOut[item] = result === status.sleep || this.spun[item]! >= TURN ? 1 : 0;
      this.stopped(item, result);
      if (this.state[item] === READY) continue;
      this.itemSpent = 0;
      return true;
    }
    this.ranOut[item] = 1;
    this.state[item] = READY;
    this.itemSpent = 0;
    return true;
  }

  private stopped(item: number, result: number): void {
    switch (result) {
      case status.exited:
        this.state[item] = EXITED;
        this.live--;
        if (this.run_.features.oneBarrier) this.openBarrier();
        else this.barriers.recheck();
        return;
      case status.spin:
        this.state[item] = SPINNING;
        return;
      case status.sleep:
        this.state[item] = ASLEEP;
        return;
      case status.barrier:
        this.atBarrier(item);
        return;
      case status.collective:
        this.atCollective(item);
        return;
      default:
        this.state[item] = WAITING;
    }
  }

  private field(item: number, offset: number): number {
    return this.run_.views.i32[word(this.slot, item, offset)]!;
  }

  private siteOf(item: number): Run["sites"][number] {
    return this.run_.sites[this.field(item, record.site)]!;
  }

  private atBarrier(item: number): void {
    if (this.run_.features.oneBarrier) {
      this.state[item] = AT_BARRIER;
      this.arrived++;
      this.openBarrier();
      return;
    }
    const { node, line } = this.siteOf(item);
    const id = this.field(item, record.id) >>> 0;
    const has = Number(node.imm);
    const count = (has & 2) === 0 ? null : this.field(item, record.count) >>> 0;
    if (id >= BARRIERS) this.run_.fault("illegal-instruction", line ?? 0, item, null, `barrier ${id} does not exist`);
    if (count !== null && (count === 0 || count % this.warpSize !== 0)) {
      this.run_.fault("illegal-instruction", line ?? 0, item, null, `a barrier for ${count} work-items, no multiple of the warp size ${this.warpSize}`);
    }
    const waits = node.op === "barred" || node.attr !== "arrive";
    this.state[item] = waits ? WAITING : READY;
    this.barriers.arrive(item, id, count, waits);
  }

  /** The only barrier there is: nobody need be told apart. */
  private openBarrier(): void {
    if (this.arrived === 0 || this.arrived < this.live) return;
    this.arrived = 0;
    this.checkMeeting(AT_BARRIER);
    for (let item = 0; item < this.items; item++) if (this.state[item] === AT_BARRIER) this.state[item] = READY;
  }

  /** Called by the barriers: those of a complete one go on. */
  release(waiters: readonly number[]): void {
    const { i32 } = this.run_.views;
    if (this.run_.checked !== null) {
      if (waiters.length > 0 && (Number(this.siteOf(waiters[0]!).node.imm) & 2) === 0) this.checkWaiters(waiters);
      passBarrier(this.run_, this.slot, waiters.length > 0 && waiters.every((item) => ordersSharedOnly(this.siteOf(item).node)));
    }
    for (const item of waiters) this.state[item] = READY;
    if (!this.run_.features.votes) return;
    const voters = waiters.filter((item) => this.siteOf(item).node.op === "barred");
    const yes = voters.filter((item) => this.field(item, record.a) === 1).length;
    for (const item of voters) {
      const { node } = this.siteOf(item);
      i32[word(this.slot, item, record.a)] = node.attr === "popc" ? yes : node.attr === "and" ? (yes === voters.length ? 1 : 0) : yes > 0 ? 1 : 0;
    }
  }

  /** Checked mode, at a barrier that is complete: whether all came, and to the same one. */
  private checkMeeting(state: number): void {
    if (this.run_.checked === null) return;
    const waiters: number[] = [];
    for (let item = 0; item < this.items; item++) if (this.state[item] === state) waiters.push(item);
    this.checkWaiters(waiters);
    passBarrier(this.run_, this.slot, waiters.every((item) => ordersSharedOnly(this.siteOf(item).node)));
  }

  private checkWaiters(waiters: readonly number[]): void {
    const first = this.siteOf(waiters[0]!);
    const gone = this.state.indexOf(EXITED);
    if (gone >= 0) {
      reportDivergence(this.run_, first.line, waiters[0]!, `${this.items - this.live} of ${this.items} work-items have exited and never come, such as ${this.run_.site(0, gone).thread.join(",")}`);
    }
    const other = waiters.find((item) => this.siteOf(item).node.instr !== first.node.instr);
    if (other === undefined) return;
    const { line } = this.siteOf(other);
    reportDivergence(this.run_, first.line, waiters[0]!, `work-item ${this.run_.site(0, other).thread.join(",")} waits at another barrier${line === null ? "" : `, in line ${line}`}`);
  }

  private atCollective(item: number): void {
    const lane = item % this.warpSize;
    if (!actsAlone(this.field(item, record.count) === 1, this.field(item, record.id), lane)) {
      this.state[item] = WAITING;
      return;
    }
    resolveCollective(this.run_.views, this.slot, [{ item, lane, node: this.siteOf(item).node }], this.warpSize);
    this.state[item] = READY;
  }

  private afterSweep(): Outcome | null {
    if (this.live === 0) return "finished";
    let ready = false;
    const { collectives, activemask } = this.run_.features;
    for (let first = 0; collectives && first < this.items; first += this.warpSize) {
      const end = Math.min(first + this.warpSize, this.items);
      ready = this.resolveWarp(first, end) || ready;
      if (activemask) ready = this.releaseActiveMask(first, end) || ready;
    }
    let waits = false;
    for (let item = 0; item < this.items; item++) {
      if (this.state[item] === READY) ready = true;
      else if (this.state[item] === SPINNING || this.state[item] === ASLEEP) {
        waits = true;
        this.state[item] = READY;
      }
    }
    if (!ready && !waits) this.stuck();
    if (!ready) {
      this.turnSpent = 0;
      return "idle";
    }
    if (this.turnSpent < GROUP_TURN) return null;
    this.turnSpent = 0;
    return "turn";
  }

  /** Complete collectives of one warp. */
  private resolveWarp(first: number, end: number): boolean {
    let any = false;
    for (let item = first; item < end; item++) {
      if (this.state[item] !== WAITING) continue;
      const { node } = this.siteOf(item);
      if (node.op === "barrier" || node.op === "barred" || node.op === "activemask") continue;
      const masked = this.field(item, record.count) === 1;
      const mask = this.field(item, record.id);
      const key = keyOf(node, masked, mask);
      const members: Lane[] = [];
      let complete = true;
      for (let other = first; other < end && complete; other++) {
        const lane = other - first;
        if (this.state[other] === EXITED || (masked && (lane > 31 || ((mask >>> lane) & 1) === 0))) continue;
        const theirs = this.state[other] === WAITING ? this.siteOf(other).node : null;
        if (theirs !== null && theirs.op === node.op && keyOf(theirs, this.field(other, record.count) === 1, this.field(other, record.id)) === key) members.push({ item: other, lane, node: theirs });
        else complete = false;
      }
      if (!complete) continue;
      resolveCollective(this.run_.views, this.slot, members, this.warpSize);
      for (const member of members) this.state[member.item] = READY;
      any = true;
    }
    return any;
  }

  /** Lets the lanes go on that wait at the activemask that comes first of those that lanes wait at (see ir/convergence.ts), if no lane of the warp can go on before. */
  private releaseActiveMask(first: number, end: number): boolean {
    const members: number[] = [];
    let foremost: readonly number[] | null = null;
    for (let item = first; item < end; item++) {
      const state = this.state[item];
      if ((state === READY || state === ASLEEP || state === SPINNING) && this.ranOut[item] === 0) return false;
      if (state !== WAITING || this.siteOf(item).node.op !== "activemask") continue;
      const places = this.placesOf(item);
      const order: number = foremost === null ? -1 : comparePlaces(places, foremost);
      if (order < 0) members.length = 0;
      if (order <= 0) {
        foremost = places;
        members.push(item);
      }
    }
    if (members.length === 0) return false;
    const mask = maskOfLanes(members.map((item) => item - first));
    for (const item of members) {
      this.run_.views.i32[word(this.slot, item, record.a)] = mask;
      this.state[item] = READY;
    }
    return true;
  }

  /** Where a lane stands that waits at an activemask: the calls that led there, outermost first, and the activemask. */
  private placesOf(item: number): number[] {
    const { run_: { sites, views: { i32 } } } = this;
    const places = [placeOf(this.siteOf(item).node.instr!)];
    let at = i32[word(this.slot, item, record.frame)]!;
    let fn = i32[word(this.slot, item, record.fn)]!;
    while (fn !== 0) {
      places.push(placeOf(sites[i32[(at + frame.via) >> 2]!]!.node.instr!));
      fn = i32[(at + frame.callerFn) >> 2]!;
      at = i32[(at + frame.caller) >> 2]!;
    }
    return places.reverse();
  }

  /** Nobody can go on, ever. */
  private stuck(): never {
    const isWaiting = (state: number): boolean => state === WAITING || state === AT_BARRIER;
    const item = this.state.findIndex(isWaiting);
    const waiting = this.state.filter(isWaiting).length;
    reportDivergence(this.run_, this.siteOf(item).line, item, `${waiting} of ${this.items} work-items wait for others that will never come`);
    return this.run_.fault("barrier-divergence", this.siteOf(item).line ?? 0, item, null,
      `${waiting} of ${this.items} work-items wait for others that will never come, ${this.items - this.live} have exited;`);
  }
}
