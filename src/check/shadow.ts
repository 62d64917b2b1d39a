import type { CodeEnv } from "../compiler/abi.ts";
import { MAX_FRAMES } from "../gpu/frames.ts";
import { DEFINED, plane, SHADOW_BYTES, SHADOWED } from "../compiler/wasm/checked/layout.ts";

/**
 * The shadow of a machine's memory: for each page that checked code touches, what is known of its bytes. Lies in the same linear memory, so that compiled code reaches it by
 * a load from a table; pages without a shadow lead to one that is all zero, which no check passes.
 */
export class Shadow {
  /** Linear address of the table: a u32 for each page of linear memory. */
  readonly table: number;
  readonly absent: number;
  private readonly env: CodeEnv;
  private readonly bytes: number;
  private readonly pages: number[] = [];
  private readonly idle: number[] = [];
  /** The whole memory. Looked at anew when shadow memory is added: views of a memory that grew stay good for what they show, and asking for its buffer costs microseconds. */
  u8!: Uint8Array;
  u32!: Uint32Array;

  constructor(env: CodeEnv, races: boolean) {
    this.env = env;
    this.bytes = races ? SHADOW_BYTES.races : SHADOW_BYTES.plain;
    this.table = env.allocate(4 * MAX_FRAMES);
    this.absent = env.allocate(SHADOW_BYTES.races);
    this.refresh();
    this.u32.fill(this.absent, this.table >>> 2, (this.table >>> 2) + MAX_FRAMES);
  }

  /** Must be called when memory that is looked at may be new. */
  refresh(): void {
    const { buffer } = this.env.linear.memory;
    if (buffer === this.u8?.buffer) return;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
  }

  /** The shadow that compiled code finds for a page of linear memory; 0: none. */
  of(page: number): number {
    const found = this.u32[(this.table >>> 2) + page]!;
    return found === this.absent ? 0 : found;
  }

  set(page: number, shadow: number): void {
    this.u32[(this.table >>> 2) + page] = shadow === 0 ? this.absent : shadow;
  }

  /** A page of shadow: every byte in that state, nobody has accessed it. */
  make(state: number): number {
    const known = this.idle.pop();
    const at = known ?? this.env.allocate(this.bytes);
    if (known === undefined) {
      this.pages.push(at);
      this.refresh();
    } else this.u8.fill(0, at, at + this.bytes);
    if (state !== 0) this.u8.fill(state, at, at + SHADOWED);
    return at;
  }

  drop(shadow: number): void {
    this.idle.push(shadow);
  }

  /** Forgets who accessed what. */
  forget(): void {
    if (this.bytes === SHADOW_BYTES.plain) return;
    for (const at of this.pages) this.u8.fill(0, at + plane.writer, at + plane.reader + SHADOWED);
  }

  /** A page about whose bytes nothing is known: all of it may be used. */
  unknown(): number {
    return this.make(DEFINED);
  }
}
