import type { Packet } from "./packet.ts";

/** Who runs next on a node, and how long whoever runs may keep it. */
export interface NodePolicy {
  /** The packet whose turn it is; null when there is none. `ready` is not empty of packets that may not run: the caller leaves them out. */
  pick(ready: readonly Packet[], now: number): Packet | null;
  /**
   * When the running packet has to give way to one of those that wait; Infinity: not at all.
   * @param since when it began this stint, ns
   */
  preemptAt(running: Packet, since: number, waiting: readonly Packet[], now: number): number;
  /** A packet begins a stint on the engine. */
  began(packet: Packet, now: number): void;
  /** It ended a stint of this length. */
  ran(packet: Packet, ns: number, waiting: readonly Packet[]): void;
}

/** The choice point, as far as a policy needs it. */
export interface Chooser {
  choose(n: number, label: string): number;
}

/**
 * VidSch in software: strict priorities; among equally urgent contexts the one whose last turn lies farthest back, and whoever runs gives way after its quantum when such a
 * one waits, or at once to a more urgent one (unless that was submitted without DXGK_SUBMIT_PREEMPT).
 */
export class SoftwarePolicy implements NodePolicy {
  private readonly chooser: Chooser;
  private readonly quantumNs: number;
  private turns = 0;

  constructor(chooser: Chooser, quantumNs: number) {
    this.chooser = chooser;
    this.quantumNs = quantumNs;
  }

  pick(ready: readonly Packet[], _now: number): Packet | null {
    let urgent = -1;
    for (const packet of ready) urgent = Math.max(urgent, packet.context.priority);
    const firsts = candidates(ready.filter((packet) => packet.context.priority === urgent));
    if (firsts.length <= 1) return firsts[0] ?? null;
    const oldest = Math.min(...firsts.map((packet) => packet.context.lastTurn));
    const equal = firsts.filter((packet) => packet.context.lastTurn === oldest);
    return equal[equal.length === 1 ? 0 : this.chooser.choose(equal.length, "context for a node")]!;
  }

  preemptAt(running: Packet, since: number, waiting: readonly Packet[], now: number): number {
    let at = Infinity;
    for (const packet of waiting) {
      if (packet.context === running.context) continue;
      if (packet.context.priority > running.context.priority && packet.preempts) return now;
      if (packet.context.priority >= running.context.priority) at = since + this.quantumNs;
    }
    return at;
  }

  began(packet: Packet, _now: number): void {
    packet.context.lastTurn = ++this.turns;
  }

  ran(): void {}
}

/** What may run next: of each in-order context its oldest packet, of the others all. In order of arrival. */
export function candidates(packets: readonly Packet[]): Packet[] {
  const firsts = new Map<object, Packet>();
  const result: Packet[] = [];
  for (const packet of packets) {
    if (!packet.context.inOrder) {
      result.push(packet);
      continue;
    }
    const known = firsts.get(packet.context);
    if (known === undefined || packet.sequence < known.sequence) firsts.set(packet.context, packet);
  }
  result.push(...firsts.values());
  return result.length < 2 ? result : result.toSorted((a, b) => a.sequence - b.sequence);
}
