import { invariant } from "../errors.ts";
import { mutant } from "../mutants.ts";
import { DXGK_SUBMITCOMMANDFLAGS as Flag, HW_QUEUE_DEPTH } from "./constants.ts";
import type { Packet, SchedContext } from "./packet.ts";
import type { NodePolicy } from "./policy.ts";

/** What a node needs of the machine. */
export interface NodePorts {
  readonly clock: { readonly now: number };
  readonly events: { readonly order: "timed" | "any"; at(time: number, run: () => void, label: string, timer?: boolean): object; cancel(event: object): void };
  readonly trace: { readonly enabled: boolean; emit(name: string, fields: Readonly<Record<string, string | number>>): void };
  /** Whether everything that the packet's device holds is resident; if not, it is being seen to, and `pump` is called when it is. */
  resident(packet: Packet): boolean;
  /** A packet has left the engine, for good or for now. */
  left(packet: Packet): void;
  /** How long the GPU may take to obey a preemption, ns; Infinity: nobody watches. */
  tdrDelayNs(): number;
  /** It took longer: the node is hung. Must lead to `reset` or the end of the machine. */
  timeout(node: VidSchNode, packet: Packet): void;
  /** Interrupt to its handling, ns. */
  readonly irqNs: number;
}

/** A preemption that was asked for and has not been answered (DXGKARG_PREEMPTCOMMAND). */
interface Preemption {
  readonly fenceId: number;
  readonly since: number;
  readonly timer: object | null;
  /** The engine has stopped and saves the packet's state. */
  saving: object | null;
}

/** Counters of a node, as Task Manager and GPUView show them. */
export interface NodeStatistics {
  busyNs: number;
  submitted: number;
  completed: number;
  resubmitted: number;
  preemptions: number;
  /** From request to the interrupt that answers, over all preemptions, ns; and the longest. */
  preemptionNs: number;
  longestPreemptionNs: number;
  /** State that stopped work has left in memory, over all preemptions, bytes. */
  savedBytes: number;
  contextSwitches: number;
}

/**
 * An engine as VidSch sees it (DXGK node): packets that are ready, and the short queue that the hardware works through. In hardware scheduling the GPU holds all that is ready,
 * and changing from one to the other is its own business: fence ids stay as they were.
 */
export class VidSchNode {
  readonly ordinal: number;
  readonly name: string;
  /** Given to the hardware; the first one runs. */
  readonly hardware: Packet[] = [];
  /** Ready and not with the hardware. */
  readonly ready: Packet[] = [];
  /** Preempted paging packets: they go before everything else. */
  readonly pagingAgain: Packet[] = [];
  readonly statistics: NodeStatistics = { busyNs: 0, submitted: 0, completed: 0, resubmitted: 0, preemptions: 0, preemptionNs: 0, longestPreemptionNs: 0, savedBytes: 0, contextSwitches: 0 };
  /** Newest submission fence, and newest one that the GPU has reported. */
  lastFence = 0;
  completedFence = 0;
  private readonly ports: NodePorts;
  private readonly policy: NodePolicy;
  private readonly hws: boolean;
  private readonly watchNs: number;
  private context: SchedContext | null = null;
  private preemption: Preemption | null = null;
  private since = 0;
  private watch: { readonly at: number; readonly event: object } | null = null;
  private delay: object | null = null;
  private resetting = false;
  private pumping = false;
  private again = false;
  private stepAsked = false;

  /**
   * @param hws the GPU's own scheduler changes contexts
   * @param watchNs after so long a stint the packet is asked to stop though nobody waits, ns: hardware that cannot stop in the middle is found out in this way when it hangs
   */
  constructor(ports: NodePorts, ordinal: number, name: string, policy: NodePolicy, hws: boolean, watchNs: number = Infinity) {
    this.ports = ports;
    this.ordinal = ordinal;
    this.name = name;
    this.policy = policy;
    this.hws = hws;
    this.watchNs = watchNs;
  }

  /** The packet that is on the engine. */
  get running(): Packet | null {
    return this.hardware[0] ?? null;
  }

  get preempting(): boolean {
    return this.preemption !== null;
  }

  /** A packet is ready. */
  enqueue(packet: Packet): void {
    this.ready.push(packet);
    this.emit("Microsoft-Windows-DxgKrnl/QueuePacket/Start", packet, { PacketType: packet.type });
    this.pump();
  }

  /** Gives the hardware what it has room for, and has running work preempted for what is more urgent. */
  pump(): void {
    const { events, clock } = this.ports;
    if (events.order === "any") {
      this.considerPreemption();
      if (this.stepAsked || !this.hasRoom || this.ready.length + this.pagingAgain.length === 0) return;
      this.stepAsked = true;
      events.at(clock.now, () => {
        this.stepAsked = false;
        if (this.submitNext()) this.pump();
        else this.considerPreemption();
      }, `node ${this.name}`);
      return;
    }
    if (this.pumping) {
      this.again = true;
      return;
    }
    this.pumping = true;
    do {
      this.again = false;
      while (this.submitNext());
    } while (this.again);
    this.pumping = false;
    this.considerPreemption();
  }

  /** The packet's work has ended, well or badly; it is gone from the node. */
  completed(packet: Packet): void {
    const at = this.hardware.indexOf(packet);
    if (at < 0) {
      this.forget(packet);
      return;
    }
    this.hardware.splice(at, 1);
    this.emit("Microsoft-Windows-DxgKrnl/DmaPacket/Stop", packet, { bPreempted: 0 });
    this.emit("Microsoft-Windows-DxgKrnl/QueuePacket/Stop", packet, { bPreempted: 0 });
    if (at === 0) {
      this.endStint(packet);
      this.completedFence = Math.max(this.completedFence, packet.fenceId);
      this.statistics.completed++;
      if (this.preemption !== null) this.answer();
      else this.startFirst();
    }
    this.pump();
    if (at === 0) this.ports.left(packet);
  }

  /** Asks the hardware to stop (DxgkDdiPreemptCommand). Nothing happens when it runs nothing or was asked already. */
  preempt(): void {
    const running = this.running;
    if (running === null || this.preemption !== null || this.resetting) return;
    const { clock, events, trace } = this.ports;
    const fenceId = this.hws ? 0 : ++this.lastFence;
    const delay = mutant("tdr-timer-half") ? this.ports.tdrDelayNs() / 2 : this.ports.tdrDelayNs();
    const timer = delay === Infinity ? null : events.at(clock.now + delay, () => this.ports.timeout(this, running), "TdrDelay", true);
    this.preemption = { fenceId, since: clock.now, timer, saving: null };
    if (trace.enabled) trace.emit("Microsoft-Windows-DxgKrnl/DmaPacket/Start", { NodeOrdinal: this.ordinal, PacketType: "preemption", PreemptionFenceId: fenceId, LastCompletedFenceId: this.completedFence });
    if (this.delay !== null || !running.begun) {
      // It has not really begun this stint: the hardware drops it at once.
      this.cancelDelay();
      this.stopped(running, 0);
      return;
    }
    const mine = this.preemption;
    running.work.suspend(() => {
      if (this.preemption === mine) this.stopped(running, running.work.saveNs());
    });
  }

  /** The engine was reset: the hardware holds nothing. Returns what it held, the packet that ran first. It is over for them unless they are put back by `enqueueAgain`. */
  reset(): Packet[] {
    if (this.preemption !== null) this.dropPreemption();
    this.cancelDelay();
    this.cancelWatch();
    const running = this.running;
    if (running !== null) this.endStint(running);
    return this.hardware.splice(0);
  }

  /** The hardware may not be given anything for a while: it is being reset. */
  hold(on: boolean): void {
    this.resetting = on;
    if (!on) this.pump();
  }

  /** Packets that the hardware lost before they ended: they are submitted anew. */
  enqueueAgain(packets: readonly Packet[]): void {
    for (const packet of packets) this.giveBack(packet);
  }

  /** Whether a packet of the device is on the engine. */
  runs(device: object): boolean {
    return this.running?.context.device === device;
  }

  /** Whether a packet of the device waits, before the engine or behind the one that is on it. */
  awaits(device: object): boolean {
    return this.ready.some((packet) => packet.context.device === device) || this.hardware.some((packet, i) => i > 0 && packet.context.device === device);
  }

  /** All packets that the node knows. */
  packets(): Packet[] {
    return [...this.hardware, ...this.pagingAgain, ...this.ready];
  }

  checkInvariants(): void {
    invariant(this.hardware.length <= HW_QUEUE_DEPTH, `${this.name}: the hardware queue holds two packets at most`);
    for (let i = 1; i < this.hardware.length; i++) invariant(this.hardware[i - 1]!.fenceId < this.hardware[i]!.fenceId || this.hws || this.hardware[i - 1]!.type === "paging", `${this.name}: fences of the hardware queue ascend`);
    invariant(new Set(this.packets()).size === this.packets().length, `${this.name}: a packet stands in one place`);
    for (const packet of this.pagingAgain) invariant(packet.type === "paging" && packet.fenceId > 0, `${this.name}: only paging packets keep their fence over a preemption`);
    invariant(this.preemption === null || this.running !== null || this.preemption.saving !== null, `${this.name}: what is preempted runs`);
    invariant(this.completedFence <= this.lastFence, `${this.name}: only submitted fences complete`);
  }

  /** Whether the hardware takes another packet now. */
  private get hasRoom(): boolean {
    return this.preemption === null && !this.resetting && this.hardware.length < (this.hws ? 1 : HW_QUEUE_DEPTH);
  }

  private submitNext(): boolean {
    if (!this.hasRoom) return false;
    const packet = this.take();
    if (packet === null) return false;
    const switches = this.context !== packet.context;
    packet.flags = (packet.type === "paging" ? Flag.Paging : 0) | (packet.type === "present" ? Flag.Present : 0) | (switches ? Flag.ContextSwitch : 0);
    packet.flags = (packet.flags | packet.ownFlags) >>> 0;
    if (packet.preempted > 0 && !this.hws) {
      packet.flags = (packet.flags | Flag.Resubmission) >>> 0;
      this.statistics.resubmitted++;
    }
    const keeps = packet.fenceId > 0 && (this.hws || packet.type === "paging") && !mutant("paging-gets-new-fence");
    if (!keeps && !(mutant("render-keeps-fence") && packet.fenceId > 0)) packet.fenceId = ++this.lastFence;
    if (switches) this.statistics.contextSwitches++;
    this.context = packet.context;
    this.statistics.submitted++;
    this.hardware.push(packet);
    this.emit("Microsoft-Windows-DxgKrnl/DmaPacket/Start", packet, { PacketType: packet.type, Flags: packet.flags });
    if (this.hardware.length === 1) this.startFirst();
    return true;
  }

  /** Takes the packet whose turn it is from those that may run. */
  private take(): Packet | null {
    const again = this.pagingAgain[0];
    if (again !== undefined && !mutant("paging-not-first")) return this.pagingAgain.shift()!;
    if (again !== undefined && this.ready.length === 0) return this.pagingAgain.shift()!;
    let able = this.ready;
    while (able.length > 0) {
      const packet = this.policy.pick(able, this.ports.clock.now);
      if (packet === null) return null;
      if (this.ports.resident(packet)) {
        this.ready.splice(this.ready.indexOf(packet), 1);
        return packet;
      }
      // Its memory is being seen to; meanwhile another device's turn may come.
      able = able.filter((other) => other.context.device !== packet.context.device);
    }
    return null;
  }

  /** The first of the hardware queue goes on the engine. */
  private startFirst(): void {
    for (;;) {
      const packet = this.running;
      if (packet === null || this.resetting) return;
      const { clock, events } = this.ports;
      // What was taken into the hardware queue may have lost memory since.
      if (!this.ports.resident(packet)) {
        this.hardware.shift();
        this.giveBack(packet);
        continue;
      }
      this.since = clock.now;
      this.policy.began(packet, clock.now);
      if (packet.begun) {
        const restore = packet.work.restoreNs();
        this.delay = events.at(clock.now + restore, () => {
          this.delay = null;
          packet.work.resume();
        }, "context restore");
        return;
      }
      packet.begun = true;
      if (packet.work.begin()) return;
      // It was cancelled: over without having run.
      this.hardware.shift();
      this.completedFence = Math.max(this.completedFence, packet.fenceId);
      this.emit("Microsoft-Windows-DxgKrnl/QueuePacket/Stop", packet, { bPreempted: 0 });
    }
  }

  /** Preempts now, or looks again when it is time. */
  private considerPreemption(): void {
    const running = this.running;
    if (running === null || this.preemption !== null || this.resetting) return;
    const { clock, events } = this.ports;
    const waiting = [...this.pagingAgain, ...this.hardware.slice(1), ...this.ready];
    const at = Math.min(this.since + this.watchNs, this.policy.preemptAt(running, this.since, waiting, clock.now));
    if (at <= clock.now) {
      this.cancelWatch();
      this.preempt();
      return;
    }
    if (this.watch !== null && this.watch.at === at) return;
    this.cancelWatch();
    if (at === Infinity) return;
    const when = Math.ceil(at);
    const event = events.at(when, () => {
      this.watch = null;
      this.considerPreemption();
    }, "quantum");
    this.watch = { at, event };
  }

  /** The engine has stopped; the state is saved, then the interrupt comes (DXGK_INTERRUPT_DMA_PREEMPTED). */
  private stopped(running: Packet, saveNs: number): void {
    const { clock, events } = this.ports;
    const preemption = this.preemption!;
    invariant(this.running === running, "what stops is what ran");
    if (saveNs > 0) this.statistics.savedBytes += running.work.savedBytes();
    if (preemption.timer !== null) events.cancel(preemption.timer);
    preemption.saving = events.at(clock.now + saveNs + this.ports.irqNs, () => {
      preemption.saving = null;
      this.endStint(running);
      this.answer();
      this.pump();
      this.ports.left(running);
    }, "DMA_PREEMPTED");
  }

  /** The answer to the preemption: what the hardware still held comes back. */
  private answer(): void {
    const { clock, events } = this.ports;
    const preemption = this.preemption!;
    if (preemption.timer !== null) events.cancel(preemption.timer);
    if (preemption.saving !== null) events.cancel(preemption.saving);
    this.preemption = null;
    const took = clock.now - preemption.since;
    this.statistics.preemptions++;
    this.statistics.preemptionNs += took;
    this.statistics.longestPreemptionNs = Math.max(this.statistics.longestPreemptionNs, took);
    const back = this.hardware.splice(0);
    for (const packet of back) {
      packet.preempted++;
      packet.readyAt = clock.now;
      this.emit("Microsoft-Windows-DxgKrnl/DmaPacket/Stop", packet, { bPreempted: 1 });
      this.giveBack(packet);
    }
    this.context = null;
  }

  /** Back to where packets wait: paging in front, in their order. */
  private giveBack(packet: Packet): void {
    if (packet.type === "paging") this.pagingAgain.push(packet);
    else this.ready.push(packet);
  }

  private dropPreemption(): void {
    const { events } = this.ports;
    const preemption = this.preemption!;
    if (preemption.timer !== null) events.cancel(preemption.timer);
    if (preemption.saving !== null) events.cancel(preemption.saving);
    this.preemption = null;
  }

  private endStint(packet: Packet): void {
    this.cancelWatch();
    this.cancelDelay();
    const ns = this.ports.clock.now - this.since;
    packet.ranNs += ns;
    this.statistics.busyNs += ns;
    this.policy.ran(packet, ns, [...this.ready, ...this.pagingAgain, ...this.hardware]);
  }

  /** A packet that waited is no more. */
  private forget(packet: Packet): void {
    for (const list of [this.ready, this.pagingAgain]) {
      const at = list.indexOf(packet);
      if (at >= 0) list.splice(at, 1);
    }
    this.emit("Microsoft-Windows-DxgKrnl/QueuePacket/Stop", packet, { bPreempted: 0 });
    this.pump();
  }

  private cancelDelay(): void {
    if (this.delay !== null) this.ports.events.cancel(this.delay);
    this.delay = null;
  }

  private cancelWatch(): void {
    if (this.watch !== null) this.ports.events.cancel(this.watch.event);
    this.watch = null;
  }

  private emit(name: string, packet: Packet, more: Readonly<Record<string, string | number>>): void {
    const { trace } = this.ports;
    if (!trace.enabled) return;
    trace.emit(name, { hContext: packet.context.id, NodeOrdinal: this.ordinal, SubmissionFenceId: packet.fenceId, ProcessId: packet.context.device.process.pid, Label: packet.work.label, ...more });
  }
}
