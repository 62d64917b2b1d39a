import type { LinearMemory } from "../../abi.ts";

/** Linear memory as typed arrays; renewed when the memory grows. */
export class Views {
  private readonly linear: LinearMemory;
  private readonly memory: WebAssembly.Memory;
  private buffer: ArrayBufferLike;
  private grown: number | undefined;
  u8!: Uint8Array;
  i32!: Int32Array;
  i64!: BigInt64Array;
  f64!: Float64Array;
  data!: DataView;

  constructor(linear: LinearMemory) {
    this.linear = linear;
    this.memory = linear.memory;
    this.buffer = this.memory.buffer;
    this.make();
  }

  private make(): void {
    this.grown = this.linear.grown;
    this.buffer = this.memory.buffer;
    this.u8 = new Uint8Array(this.buffer);
    this.i32 = new Int32Array(this.buffer);
    this.i64 = new BigInt64Array(this.buffer);
    this.f64 = new Float64Array(this.buffer);
    this.data = new DataView(this.buffer);
  }

  /** Must be called whenever other code may have grown the memory. */
  refresh(): void {
    const { grown } = this.linear;
    if (grown === undefined ? this.memory.buffer !== this.buffer : grown !== this.grown) this.make();
  }
}
