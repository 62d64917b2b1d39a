import { knows, type VectorClock } from "./clock.ts";
import type { Place } from "./place.ts";

/** Who did something, for reports. */
export interface Doer {
  /** "cuMemcpyDtoHAsync: copy in stream 2". */
  readonly what: string;
  /** Where in the host program: "file:line:column", or null. */
  readonly site: () => string | null;
  /** The API function's name, or "". */
  readonly call: string;
  /** Queue or thread that did it: what a missing synchronisation would have to join. */
  readonly line: string;
  /** A device did it. */
  readonly device: boolean;
}

/** One access. */
export interface Access {
  readonly start: number;
  readonly end: number;
  readonly kind: "read" | "write" | "free";
  readonly actor: number;
  readonly tick: number;
  readonly doer: Doer;
}

/** Two accesses that nothing orders. */
export interface Conflict {
  readonly earlier: Access;
  readonly later: Access;
  readonly place: Place;
}

/** Accesses that are remembered of one memory; older ones give way. */
const MAX_ACCESSES = 4096;

/** What was done to memory. */
export class Shadow {
  private readonly spaces = new Map<object, Access[]>();

  /** Adds an access. @param clock what its doer knows @returns earlier accesses that are not ordered with it, of which one wrote */
  add(place: Place, access: Access, clock: VectorClock): Conflict[] {
    let list = this.spaces.get(place.space);
    if (list === undefined) this.spaces.set(place.space, (list = []));
    const conflicts: Conflict[] = [];
    let kept = 0;
    for (const old of list) {
      const known = knows(clock, old.actor, old.tick);
      const overlaps = old.start < access.end && access.start < old.end;
      if (overlaps && !known && (old.kind !== "read" || access.kind !== "read")) conflicts.push({ earlier: old, later: access, place });
      // What is known to the later access and lies inside it: whoever conflicts with the old one conflicts with the new one too.
      const covered = known && access.start <= old.start && old.end <= access.end && (access.kind !== "read" || old.kind === "read");
      if (!covered) list[kept++] = old;
    }
    list.length = kept;
    if (list.length >= MAX_ACCESSES) list.shift();
    list.push(access);
    return conflicts;
  }

  /** A place begins a new life. */
  clear(place: Place): void {
    const list = this.spaces.get(place.space);
    if (list === undefined) return;
    const rest = list.flatMap((old) => {
      if (old.end <= place.start || place.end <= old.start) return [old];
      const parts: Access[] = [];
      if (old.start < place.start) parts.push({ ...old, end: place.start });
      if (old.end > place.end) parts.push({ ...old, start: place.end });
      return parts;
    });
    this.spaces.set(place.space, rest);
  }
}
