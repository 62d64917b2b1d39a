import type { GpuPorts } from "./ports.ts";
import { Preemption, PreemptionCount } from "./preemption.ts";
import type { GpuProfile } from "./profile.ts";
import type { ComputeWork, Resident, TurnTaker } from "./resident.ts";

/**
 * The launches that wait for multiprocessors, most urgent first, and whose turn it is. Where contexts do not share the multiprocessors,
 * only the launches of one context run at a time; it gives way after its time slice when another, not less urgent, waits, or at once to a more urgent one,
 * provided that the hardware can stop launches in the middle.
 */
export class RunList {
  private readonly waiting: Resident[] = [];
  private readonly ports: GpuPorts;
  private readonly gpu: number;
  private readonly shared: boolean;
  private readonly stop: Preemption;
  /** How long a context runs while another waits, ns. */
  timeslice: number;
  private readonly blocked: (resident: Resident) => boolean;
  private active: TurnTaker | null = null;
  private since = 0;
  /** Of the active context's launch that was taken last. */
  private activeUrgency = 0;
  private turns = 0;
  /** How often a context was stopped in the middle, and what that cost. */
  readonly preemption: PreemptionCount = new PreemptionCount();
  /** What the last pick costs because state is saved and restored for it, ns. */
  switchCost = 0;
  private saves = 0;
  private restores = 0;
  private stops = false;

  /** @param blocked launches that lack room of their own, whatever the others do: they keep nobody waiting */
  constructor(ports: GpuPorts, gpu: number, profile: GpuProfile, blocked: (resident: Resident) => boolean = () => false) {
    this.blocked = blocked;
    this.ports = ports;
    this.gpu = gpu;
    this.shared = profile.contextsShareMultiprocessors;
    this.stop = new Preemption(profile);
    this.timeslice = profile.timesliceNs;
  }

  /** Keeps the list in order of urgency, then of submission. */
  add(resident: Resident): void {
    const list = this.waiting;
    let i = list.length;
    while (i > 0 && comesBefore(resident, list[i - 1]!)) i--;
    if (i === list.length) list.push(resident);
    else list.splice(i, 0, resident);
  }

  find(work: ComputeWork): Resident | undefined {
    return this.waiting.find((r) => r.work === work);
  }

  remove(resident: Resident): void {
    const list = this.waiting;
    if (list[list.length - 1] === resident) list.pop();
    else list.splice(list.indexOf(resident), 1);
  }

  forEach(visit: (resident: Resident) => void): void {
    for (const resident of this.waiting) visit(resident);
  }

  /**
   * Who should run next, or null: nobody waits, or it is not their turn. The caller takes it or lets the list be.
   * @param running launches that run now (all of the active context, when contexts take turns)
   */
  pick(running: number): Resident | null {
    const list = this.waiting;
    this.switchCost = 0;
    if (list.length === 0) return null;
    if (this.shared) return this.choose(null);
    const active = this.active;
    const next = this.successor();
    if (active === null || next === active) {
      this.stop.clear();
      this.letRun(next);
      if (active === null) this.price(null, next);
      return this.choose(next);
    }
    // Who is not more urgent is due when the active context's slice is over, though it is known now that he waits.
    const { now } = this.ports.clock;
    this.stop.request(list[0]!.work!.urgency < this.activeUrgency ? now : Math.max(now, this.since + this.timeslice), this.newestOf(active));
    let going = false;
    for (const r of list) if (r.work!.group === active && this.stop.mustGoOn(r)) going = true;
    if (going) return this.choose(active, (r) => this.stop.mustGoOn(r));
    // The others must drain first. Those that run end their slices soon.
    if (running > 0) return null;
    this.price(active, next);
    return this.choose(next);
  }

  /** Time to carry a stopped launch's state to memory, or back, ns. */
  stateNs(resident: Resident): number {
    return this.stop.timeFor(this.stop.stateOf(resident));
  }

  /** Registers and shared memory of a stopped launch, bytes. */
  stateBytes(resident: Resident): number {
    return this.stop.stateOf(resident);
  }

  /** How often a context was stopped in the middle. */
  get preemptions(): number {
    return this.preemption.count;
  }

  /** What that cost in all, ns. */
  get preemptionNs(): number {
    return this.preemption.delayNs;
  }

  /** What it takes to stop `from` (null: nothing runs) and let `to` go on. */
  private price(from: TurnTaker | null, to: TurnTaker): void {
    this.saves = 0;
    this.restores = 0;
    this.stops = false;
    for (const r of this.waiting) {
      const { group } = r.work!;
      if (group === from && r.execution !== null) {
        this.stops = true;
        if (r.savedBytes === 0) this.saves += this.stop.stateOf(r);
      }
      if (group === to) this.restores += r.savedBytes;
    }
    const fixed = this.stops ? this.ports.costs.contextSwitch : 0;
    this.switchCost = fixed + this.stop.timeFor(this.saves) + this.stop.timeFor(this.restores);
  }

  private newestOf(group: TurnTaker): number {
    let newest = 0;
    for (const r of this.waiting) if (r.work!.group === group) newest = Math.max(newest, r.work!.sequence);
    return newest;
  }

  /** Launches that were to drain need not any more. */
  private letRun(group: TurnTaker): void {
    for (const r of this.waiting) if (r.draining > 0 && r.work!.group === group) r.drain(false);
  }

  /** The launch that was picked gets its room. */
  take(resident: Resident): void {
    this.remove(resident);
    const { group, urgency } = resident.work!;
    this.activeUrgency = urgency;
    if (group === this.active) return;
    this.move(group, resident);
    this.active = group;
    this.since = this.ports.clock.now;
    group.lastTurn = ++this.turns;
  }

  /** State of the context that stops goes to its save area, and that of the one that goes on comes back. */
  private move(to: TurnTaker, resident: Resident): void {
    const { now } = this.ports.clock;
    if (this.shared) return;
    for (const r of this.waiting) if (r.work!.group === this.active && r.execution !== null && r.savedBytes === 0) r.savedBytes = this.stop.stateOf(r);
    resident.savedBytes = 0;
    for (const r of this.waiting) if (r.work!.group === to) r.savedBytes = 0;
    if (this.saves > 0) this.active?.saveState?.(this.saves);
    if (this.restores > 0) to.restoreState?.(this.restores);
    this.preemption.savedBytes += this.saves;
    this.preemption.restoredBytes += this.restores;
    if (this.stops) {
      const delay = Math.max(0, now - (this.stop.requestedAt < 0 ? now : this.stop.requestedAt)) + this.switchCost;
      this.preemption.count++;
      this.preemption.delayNs += delay;
      if (this.ports.trace.enabled) {
        this.ports.trace.emit("gpu:context_switch", { gpu: this.gpu, engine: "compute", cost: this.switchCost, bytes: this.saves + this.restores, delay, ...resident.work!.traceFields() });
      }
    }
    this.stop.clear();
  }

  /** Whose turn it is now. */
  private successor(): TurnTaker {
    const list = this.waiting;
    const first = list[0]!;
    const active = this.active;
    const mine = active === null ? undefined : list.find((r) => r.work!.group === active);
    const expired = this.ports.clock.now - this.since >= this.timeslice;
    if (mine !== undefined && !expired && mine.work!.urgency <= first.work!.urgency) return mine.work!.group;
    // The one that has waited longest among the most urgent.
    let best = mine !== undefined && mine.work!.urgency <= first.work!.urgency ? null : first.work!.group;
    for (const resident of list) {
      if (resident.work!.urgency !== first.work!.urgency) break;
      const group = resident.work!.group;
      if (group !== active && (best === null || group.lastTurn < best.lastTurn)) best = group;
    }
    if (best !== null) return best;
    this.since = this.ports.clock.now;
    return active!;
  }

  /** The first of the most urgent launches (of a context), or by choice another of them. */
  private choose(group: TurnTaker | null, may: ((resident: Resident) => boolean) | null = null): Resident | null {
    const list = this.waiting;
    let first: Resident | null = null;
    let n = 0;
    for (const resident of list) {
      if ((group !== null && resident.work!.group !== group) || this.blocked(resident) || (may !== null && !may(resident))) continue;
      if (first === null) first = resident;
      else if (resident.work!.urgency !== first.work!.urgency) break;
      n++;
    }
    if (first === null || n === 1) return first;
    let skip = this.ports.choices.choose(n, "launch for free multiprocessors");
    if (skip === 0) return first;
    for (const resident of list) {
      if ((group !== null && resident.work!.group !== group) || this.blocked(resident) || (may !== null && !may(resident))) continue;
      if (resident.work!.urgency === first.work!.urgency && skip-- === 0) return resident;
    }
    return first;
  }
}

/** The natural order: urgency, then submission. */
export function comesBefore(a: Resident, b: Resident): boolean {
  const x = a.work!;
  const y = b.work!;
  return x.urgency !== y.urgency ? x.urgency < y.urgency : x.sequence < y.sequence;
}
