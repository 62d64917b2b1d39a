/** A vector clock: for each actor the number of its last step that is known to have happened. Dense, by actor number. */
export type VectorClock = number[];

/** Makes `into` know all that `from` knows. */
export function join(into: VectorClock, from: VectorClock): void {
  for (let i = into.length; i < from.length; i++) into.push(0);
  for (let i = 0; i < from.length; i++) if (from[i]! > into[i]!) into[i] = from[i]!;
}

/** Whether step `tick` of an actor is known. */
export function knows(clock: VectorClock, actor: number, tick: number): boolean {
  return (clock[actor] ?? 0) >= tick;
}

/** One line of steps: a host thread, an in-order queue, a job of a queue without order. */
export class Actor {
  readonly id: number;
  readonly clock: VectorClock = [];

  constructor(id: number) {
    this.id = id;
    this.step();
  }

  /** Number of the step under way. */
  get tick(): number {
    return this.clock[this.id]!;
  }

  /** Begins a new step. */
  step(): void {
    while (this.clock.length <= this.id) this.clock.push(0);
    this.clock[this.id]!++;
  }

  /** What is known now; the step ends with it, so that later steps are not known to whoever gets it. */
  publish(): VectorClock {
    const known = this.clock.slice();
    this.step();
    return known;
  }
}
