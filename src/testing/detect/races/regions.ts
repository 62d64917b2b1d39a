import type { Place } from "./place.ts";

/** Largest view whose contents are compared, bytes. */
const MAX_BYTES = 1 << 20;

interface Region {
  readonly place: Place;
  readonly live: Uint8Array;
  readonly seen: Uint8Array;
}

/**
 * Memory that a program holds as a JavaScript array. Nobody hears of what it does there, but what it writes shows: the bytes differ from what they were when the program's
 * code began to run.
 */
export class Regions {
  private readonly byOwner = new Map<object, Region[]>();

  /** @param owner process whose code may write there */
  add(owner: object, place: Place, live: Uint8Array): void {
    if (live.length > MAX_BYTES || live.length === 0) return;
    let list = this.byOwner.get(owner);
    if (list === undefined) this.byOwner.set(owner, (list = []));
    if (list.some((known) => known.place.space === place.space && known.place.start <= place.start && place.end <= known.place.end)) return;
    list.push({ place, live, seen: live.slice() });
  }

  /** The program's code begins to run: what is there now it did not write. */
  refresh(owner: object): void {
    for (const { live, seen } of this.byOwner.get(owner) ?? []) seen.set(live);
  }

  /** What the program wrote since. */
  written(owner: object): Place[] {
    const places: Place[] = [];
    for (const { place, live, seen } of this.byOwner.get(owner) ?? []) {
      for (const [from, to] of changes(seen, live)) places.push({ space: place.space, start: place.start + from, end: place.start + to });
      seen.set(live);
    }
    return places;
  }
}

/** Runs of bytes that differ; runs closer than 8 bytes to each other are one. */
export function changes(before: Uint8Array, after: Uint8Array): [number, number][] {
  const runs: [number, number][] = [];
  const length = Math.min(before.length, after.length);
  for (let i = 0; i < length; i++) {
    if (before[i] === after[i]) continue;
    const last = runs.at(-1);
    if (last !== undefined && i - last[1] < 8) last[1] = i + 1;
    else runs.push([i, i + 1]);
  }
  return runs;
}
