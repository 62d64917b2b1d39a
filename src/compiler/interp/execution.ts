import type { Execution, RunStatus } from "../abi.ts";
import { EmulatorBug } from "../../kernel/errors.ts";
import { Group } from "./group.ts";
import type { Launch } from "./launch.ts";

/** A launch in progress: hands turns to its resident work-groups, round robin, and admits new ones in order. */
export class InterpreterExecution implements Execution {
  readonly blocksTotal: number;
  blocksDone: number = 0;
  private readonly launch: Launch;
  private readonly resident: Group[] = [];
  private next = 0;
  private cursor = 0;
  private dead = false;

  constructor(launch: Launch) {
    const [x, y, z] = launch.config.grid;
    this.launch = launch;
    this.blocksTotal = x * y * z;
  }

  run(limits: { readonly budget: number; readonly maxBlocks: number; readonly resident: number }): RunStatus {
    if (this.dead) throw new EmulatorBug("run was called on an execution that is over");
    const { launch } = this;
    const before = { instructions: launch.instructions, bytes: launch.bytes, blocks: this.blocksDone };
    const stalled = this.guarded(() => this.proceed(launch.instructions + limits.budget, this.blocksDone + limits.maxBlocks, Math.max(1, limits.resident)));
    return {
      done: this.blocksDone === this.blocksTotal,
      blocks: this.blocksDone - before.blocks,
      instructions: launch.instructions - before.instructions,
      bytes: launch.bytes - before.bytes,
      stalled,
    };
  }

  dispose(): void {
    this.dead = true;
    this.resident.length = 0;
  }

  private guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** @returns whether it came back because every resident group only waited */
  private proceed(limit: number, lastBlock: number, most: number): boolean {
    let idle = 0;
    while (this.launch.instructions < limit && this.blocksDone < lastBlock && this.blocksDone < this.blocksTotal) {
      while (this.resident.length < most && this.next < this.blocksTotal) this.admit();
      this.cursor %= this.resident.length;
      switch (this.resident[this.cursor]!.run(limit)) {
        case "finished":
          this.resident.splice(this.cursor, 1);
          this.blocksDone++;
          idle = 0;
          break;
        case "turn":
          this.cursor++;
          idle = 0;
          break;
        case "idle":
          this.cursor++;
          idle++;
          if (idle >= this.resident.length) return true;
          break;
        case "budget": return false;
      }
    }
    return false;
  }

  private admit(): void {
    const number = this.next++;
    const [x, y] = this.launch.config.grid;
    this.resident.push(new Group(this.launch, number, [number % x, Math.floor(number / x) % y, Math.floor(number / (x * y))]));
  }
}
