import { mutant } from "../mutants.ts";
import { Band } from "./constants.ts";
import type { Packet, SchedContext, SchedProcess } from "./packet.ts";
import { candidates, type Chooser, type NodePolicy } from "./policy.ts";

/** What DxgkDdiSetupPriorityBands tells the GPU's scheduler. Times in ns here (100 ns units there); one value a band, IDLE first. */
export interface PriorityBands {
  /** Time a running context of a lower band keeps the engine when one of this band is ready. IDLE's means nothing, REALTIME's is near zero. */
  readonly gracePeriodForBand: readonly [number, number, number, number];
  /** Turn of a process among those of its band. */
  readonly processQuantumForBand: readonly [number, number, number, number];
  /** Time beyond the quantum in which a process may bring its packet to an end. */
  readonly processGracePeriodForBand: readonly [number, number, number, number];
  /** Share of NORMAL beside a busy FOCUS, percent. */
  readonly targetNormalBandPercentage: number;
}

/** Largest share that NORMAL can be promised (DXGKARG_SETUPPRIORITYBANDS). */
export const MAX_NORMAL_PERCENTAGE = 50;

/** MODEL: Microsoft publishes no default but the percentage. */
export function defaultBands(quantumNs: number, percentage: number): PriorityBands {
  return {
    gracePeriodForBand: [0, 1_000_000, 500_000, 0],
    processQuantumForBand: [quantumNs, quantumNs, quantumNs, quantumNs],
    processGracePeriodForBand: [0, 0, 0, 0],
    targetNormalBandPercentage: percentage,
  };
}

/**
 * The GPU's own scheduler (WDDM 2.7): the band decides, REALTIME before FOCUS before NORMAL before IDLE, but for NORMAL's promised share beside FOCUS; in a band the process, by turns;
 * in a process the context's priority, and contexts of equal priority by turns.
 */
export class HardwarePolicy implements NodePolicy {
  bands: PriorityBands;
  private readonly chooser: Chooser;
  private turns = 0;
  private readonly processTurn = new Map<SchedProcess, number>();
  /** Time of the engine that NORMAL has waited for beside FOCUS and is still owed, ns. */
  private owed = 0;

  constructor(chooser: Chooser, bands: PriorityBands) {
    this.chooser = chooser;
    this.bands = bands;
  }

  pick(ready: readonly Packet[], _now: number): Packet | null {
    if (ready.length === 0) return null;
    const all = candidates(ready);
    const band = this.turnOfNormal(all) ? Band.NORMAL : Math.max(...all.map(bandOf));
    const inBand = all.filter((packet) => bandOf(packet) === band);
    const level = Math.max(...inBand.map(realtimeLevel));
    const peers = inBand.filter((packet) => realtimeLevel(packet) === level);
    const oldest = Math.min(...peers.map((packet) => this.turnOf(packet.context)));
    const process = peers.find((packet) => this.turnOf(packet.context) === oldest)!.context.device.process;
    const mine = peers.filter((packet) => packet.context.device.process === process);
    const priority = Math.max(...mine.map(priorityOf));
    const urgent = mine.filter((packet) => priorityOf(packet) === priority);
    const last = Math.min(...urgent.map((packet) => packet.context.lastTurn));
    const equal = urgent.filter((packet) => packet.context.lastTurn === last);
    return equal[equal.length === 1 ? 0 : this.chooser.choose(equal.length, "context for a node")]!;
  }

  preemptAt(running: Packet, since: number, waiting: readonly Packet[], now: number): number {
    let at = Infinity;
    for (const packet of waiting) at = Math.min(at, this.yieldsTo(running, since, packet, now));
    return Math.max(at, now);
  }

  began(packet: Packet, _now: number): void {
    packet.context.lastTurn = ++this.turns;
    this.processTurn.set(packet.context.device.process, this.turns);
  }

  ran(packet: Packet, ns: number, waiting: readonly Packet[]): void {
    const share = this.share;
    const band = bandOf(packet);
    const contended = waiting.some((other) => other !== packet && bandOf(other) === (band === Band.FOCUS ? Band.NORMAL : Band.FOCUS));
    if (band === Band.FOCUS) this.owed = contended || this.normalWaits(waiting) ? this.owed + ns * share : 0;
    else if (band === Band.NORMAL) this.owed = Math.max(0, this.owed - ns * (1 - share));
  }

  private get share(): number {
    return mutant("normal-band-starves") ? 0 : this.bands.targetNormalBandPercentage / 100;
  }

  private normalWaits(waiting: readonly Packet[]): boolean {
    return waiting.some((packet) => bandOf(packet) === Band.NORMAL);
  }

  /** NORMAL is owed a whole turn beside FOCUS and nothing more urgent than both waits. */
  private turnOfNormal(packets: readonly Packet[]): boolean {
    return this.owed >= this.normalTurn && this.share > 0 && Math.max(...packets.map(bandOf)) === Band.FOCUS && this.normalWaits(packets);
  }

  /** What NORMAL must be owed to get a turn, ns: so much that a turn of one quantum makes it even. */
  private get normalTurn(): number {
    return this.bands.processQuantumForBand[Band.NORMAL] * (1 - this.share);
  }

  /** When `running` has to give way to `other`, ns. */
  private yieldsTo(running: Packet, since: number, other: Packet, now: number): number {
    const mine = bandOf(running);
    const theirs = bandOf(other);
    if (theirs !== mine) return this.yieldsToBand(mine, theirs, since, other);
    if (mine === Band.REALTIME && realtimeLevel(other) !== realtimeLevel(running)) return realtimeLevel(other) > realtimeLevel(running) ? Math.max(now, other.readyAt) : Infinity;
    if (other.context.device.process !== running.context.device.process) return since + this.bands.processQuantumForBand[mine] + this.bands.processGracePeriodForBand[mine];
    if (other.context === running.context) return Infinity;
    const properties = running.context.properties;
    const difference = priorityOf(other) - priorityOf(running);
    if (difference > 0) return Math.max(now, other.readyAt + properties.gracePeriodLowerPriorityNs);
    return difference === 0 ? since + properties.quantumNs + properties.gracePeriodSamePriorityNs : Infinity;
  }

  private yieldsToBand(mine: Band, theirs: Band, since: number, other: Packet): number {
    const share = this.share;
    if (mine === Band.FOCUS && theirs === Band.NORMAL) return share === 0 ? Infinity : since + Math.max(0, this.normalTurn - this.owed) / share;
    if (mine === Band.NORMAL && theirs === Band.FOCUS && this.owed > 0) return Math.max(since + this.owed / (1 - share), other.readyAt + this.grace(theirs));
    if (theirs < mine || mutant("higher-band-waits")) return Infinity;
    return other.readyAt + this.grace(theirs);
  }

  private grace(band: Band): number {
    return band === Band.REALTIME ? 0 : this.bands.gracePeriodForBand[band];
  }

  private turnOf(context: SchedContext): number {
    return this.processTurn.get(context.device.process) ?? 0;
  }
}

function bandOf(packet: Packet): Band {
  return packet.type === "paging" ? Band.REALTIME : packet.context.properties.band;
}

function realtimeLevel(packet: Packet): number {
  if (packet.type === "paging") return 32;
  return packet.context.properties.band === Band.REALTIME ? packet.context.properties.realtimeBandPriorityLevel : 0;
}

function priorityOf(packet: Packet): number {
  return packet.context.properties.inProcessPriority;
}
