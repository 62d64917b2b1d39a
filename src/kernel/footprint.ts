/**
 * What one step of the machine touched. Two steps that touched nothing in common give the same in either order, so an explorer need not try both. Off (null) unless an
 * explorer asks for it; then every place where two steps can meet names what they meet at: threads, wait queues, fences, schedulers, words and ranges of memory.
 */
export class Footprint {
  /** Things that were used in a way that order matters to. */
  readonly objects: Set<object> = new Set();
  /** Linear memory: start, end, 1 when written; three numbers a range. */
  readonly ranges: number[] = [];

  /** Adds what another step touched. */
  add(other: Footprint): void {
    for (const object of other.objects) this.objects.add(object);
    for (const n of other.ranges) this.ranges.push(n);
  }

  /** Whether the order of the two steps could matter. */
  meets(other: Footprint): boolean {
    const [small, large] = this.objects.size < other.objects.size ? [this, other] : [other, this];
    for (const object of small.objects) if (large.objects.has(object)) return true;
    for (let i = 0; i < this.ranges.length; i += 3) {
      for (let k = 0; k < other.ranges.length; k += 3) {
        if ((this.ranges[i + 2] === 1 || other.ranges[k + 2] === 1) && this.ranges[i]! < other.ranges[k + 1]! && other.ranges[k]! < this.ranges[i + 1]!) return true;
      }
    }
    return false;
  }
}

/** What host threads have in common beside what they do to the machine: the JavaScript of their program. */
export type HostSharing = "all" | "process" | "none";

const script: object = {};
let sharing: HostSharing = "all";

/** Which host threads may share JavaScript variables: all of them, those of one process, none. */
export function setHostSharing(value: HostSharing): void {
  sharing = value;
}

/** The step under way runs code of a host program. */
export function touchHost(thread: { readonly process: object }): void {
  if (current !== null && sharing !== "none") current.objects.add(sharing === "all" ? script : thread.process);
}

/** The step under way. One for all machines: steps of several machines do not overlap. */
let current: Footprint | null = null;

/** Begins a step: what is touched from now on goes there; null: nobody wants to know. */
export function beginStep(step: Footprint | null): void {
  current = step;
}

/** The step under way meets others at `object`. */
export function touch(object: object): void {
  if (current !== null) current.objects.add(object);
}

/** The step under way reads or writes linear memory. */
export function touchMemory(start: number, bytes: number, write: boolean): void {
  if (current !== null) current.ranges.push(start, start + bytes, write ? 1 : 0);
}
