import type { JitLogs } from "../jit-options.ts";
import type { LinkUnit } from "./image.ts";
import { PtxLinker } from "./link.ts";
import { isRefusal, type Refusal } from "./refusal.ts";

/** A link under way: what cuLinkCreate gives. */
export class LinkState {
  readonly target: readonly [number, number];
  readonly maxRegisters: number;
  readonly logs: JitLogs;
  /** The result, once there is one. */
  image: Uint8Array | null = null;
  /** Number of inputs taken in. */
  inputs = 0;
  private linker: PtxLinker;

  /** @param target compute capability of the result @param maxRegisters of its kernels; 0: no limit */
  constructor(target: readonly [number, number], maxRegisters: number, logs: JitLogs) {
    this.target = target;
    this.maxRegisters = maxRegisters;
    this.logs = logs;
    this.linker = new PtxLinker(target);
  }

  get units(): readonly LinkUnit[] {
    return this.linker.units;
  }

  /** Takes the parts of one input in: all of them, or none. @returns why not, or null */
  add(parts: readonly LinkUnit[]): Refusal | null {
    const before = [...this.units];
    for (const part of parts) {
      const refused = this.linker.add(part);
      if (refused === null) continue;
      if (this.units.length > before.length) this.restore(before);
      return refused;
    }
    this.inputs++;
    return null;
  }

  private restore(units: readonly LinkUnit[]): void {
    this.linker = new PtxLinker(this.target);
    for (const unit of units) this.linker.add(unit);
  }

  /** Whether everything is defined. @returns what is not, or null */
  complete(): Refusal | null {
    const module = this.linker.finish();
    return isRefusal(module) ? module : null;
  }
}
