import type { Caller } from "../../../api/caller.ts";
import type { Blocking } from "../../../kernel/process/wait.ts";
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "../../../kernel/sys/sys.ts";
import type { Context } from "./context.ts";
import { Mapping } from "./space.ts";
import { waitPoints } from "./wait.ts";

/** Bytes of a bounce buffer: small ones for small copies, large ones for the rest. */
export const SMALL_STAGE: number = 64 * 1024;
export const LARGE_STAGE: number = 4 * 1024 * 1024;
/** How many of each kind a context has at most. Two let the CPU fill one while the copy engine empties the other. */
const SMALL_COUNT = 16;
const LARGE_COUNT = 2;

/** A page-locked bounce buffer for copies from and to pageable memory. */
export interface Stage {
  readonly mapping: Mapping;
  readonly address: number;
  readonly bytes: number;
  /** The last work that uses it; timeline 0: none. */
  timeline: number;
  point: number;
}

/** Bounce buffers of one context, used in turn. */
export class Staging {
  private readonly context: Context;
  private readonly small: Stage[] = [];
  private readonly large: Stage[] = [];
  private smallTurn = 0;
  private largeTurn = 0;

  constructor(context: Context) {
    this.context = context;
  }

  /** A buffer of at least `bytes` (at most LARGE_STAGE) that no work uses any more. Blocks until there is one. @returns it, or a negative errno. */
  *take(t: Caller, bytes: number): Blocking<Stage | number> {
    const isSmall = bytes <= SMALL_STAGE;
    const pool = isSmall ? this.small : this.large;
    const turn = isSmall ? this.smallTurn++ : this.largeTurn++;
    // One that no work uses goes first: of calls that fail before they submit something only one buffer is left.
    let stage = pool.find((idle) => idle.timeline === 0) ?? pool[turn % (isSmall ? SMALL_COUNT : LARGE_COUNT)];
    if (stage === undefined) {
      const made = this.make(t, isSmall ? SMALL_STAGE : LARGE_STAGE);
      if (typeof made === "number") return made;
      pool.push((stage = made));
    }
    while (stage.timeline !== 0) {
      const { timeline, point } = stage;
      const error = yield* waitPoints(t, this.context.device, [{ syncobj: timeline, point }]);
      if (error < 0) return error;
      // Another thread that waited too may have put new work there.
      if (stage.timeline === timeline && stage.point === point) stage.timeline = 0;
    }
    t.sys.watch?.allocated(stage.address, stage.bytes);
    return stage;
  }

  private make(t: Caller, bytes: number): Stage | number {
    const address = t.sys.mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address < 0) return address;
    const mapping = new Mapping(address, bytes, null);
    const error = mapping.bind(t, this.context.space);
    if (error < 0) {
      t.sys.munmap(address, bytes);
      return error;
    }
    return { mapping, address, bytes, timeline: 0, point: 0 };
  }

  destroy(t: Caller): void {
    for (const stage of [...this.small, ...this.large]) {
      stage.mapping.unbindAll(t);
      t.sys.munmap(stage.address, stage.bytes);
    }
    this.small.length = 0;
    this.large.length = 0;
  }
}
