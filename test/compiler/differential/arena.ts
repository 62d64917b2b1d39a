import { DeviceFault, PAGE_SIZE, PTE_READ, PTE_WRITE, type CodeEnv, type DeviceCode, type Execution, type LinearMemory, type LaunchConfig, type LoadedCode, type MemoryAccess, type Site } from "../../../src/compiler/abi.ts";
import { inputBytes } from "../../../src/testing/ir/constants.ts";
import { CELL_BYTES, COLUMN_BYTES, COLUMNS, INPUT_BYTES, MAX_ITEMS, OWN_BYTES, PARAMS, ROW_BYTES } from "../../../src/testing/ir/memory-map.ts";
import type { LaunchSpec } from "../../../src/testing/ir/spec.ts";
import { TestMachine } from "../wasm/harness.ts";

/** How an execution is cut into calls of `run`. */
export interface Limits {
  readonly budget: number;
  readonly maxBlocks: number;
  readonly resident: number;
}

export const whole: Limits = { budget: 1e9, maxBlocks: Infinity, resident: 4 };

/** Everything that can be observed of a launch. After a fault the memory is not looked at: how far others came is open. */
export type Outcome =
  | { readonly end: "done"; readonly out: string; readonly columns: string; readonly cells: string; readonly printed: readonly string[]; readonly instructions: number; readonly bytes: number; readonly blocks: number }
  | { readonly end: "fault"; readonly kind: string; readonly site: Site; readonly access: MemoryAccess | null };

const MAX_RUNS = 20_000;

/** Memory for launches of generated programs, used again and again. */
export class Arena implements CodeEnv {
  private readonly machine: TestMachine;
  readonly linear: LinearMemory;
  /** Scratch memory that was released, by its size in pages. */
  private readonly free = new Map<number, number[]>();
  private readonly sizes = new Map<number, number>();
  private readonly input: bigint;
  private readonly cells: bigint;
  private readonly rows: bigint;
  private readonly columns: bigint;
  /** Output of a launch begins somewhere in the first of its pages. */
  private readonly out: bigint;

  /** @param machine one with other arenas in it: launches in each may be under way at the same time */
  constructor(machine: TestMachine = new TestMachine({ pages: 320 })) {
    this.machine = machine;
    this.linear = machine.linear;
    this.input = machine.map(INPUT_BYTES);
    this.cells = machine.map(CELL_BYTES);
    this.rows = machine.map(ROW_BYTES);
    this.columns = machine.map(65536 + COLUMNS * COLUMN_BYTES);
    this.out = machine.map(65536 + MAX_ITEMS * OWN_BYTES);
  }

  allocate(bytes: number): number {
    const pages = Math.max(1, Math.ceil(bytes / PAGE_SIZE));
    const address = this.free.get(pages)?.pop() ?? this.machine.allocate(bytes);
    this.sizes.set(address, pages);
    return address;
  }

  release(address: number): void {
    const pages = this.sizes.get(address);
    if (pages === undefined) throw new Error(`release of ${address}, which is no allocation`);
    this.sizes.delete(address);
    new Uint8Array(this.linear.memory.buffer, address, pages * PAGE_SIZE).fill(0);
    this.free.set(pages, [...(this.free.get(pages) ?? []), address]);
  }

  /** @param code loaded for this run only: whatever scratch memory it keeps is taken back */
  run(code: DeviceCode, spec: LaunchSpec, limits: Limits = whole): Outcome {
    try {
      const running = this.start(code, code.load(this), spec);
      for (let runs = 0; runs < MAX_RUNS; runs++) {
        const outcome = running.step(limits);
        if (outcome !== null) return outcome;
      }
      running.dispose();
      throw new Error(`not done after ${MAX_RUNS} calls of run`);
    } finally {
      this.releaseAll();
    }
  }

  /** Takes back all scratch memory, when nothing is under way and code that was loaded here is not used again. */
  releaseAll(): void {
    for (const address of [...this.sizes.keys()]) this.release(address);
  }

  /** Prepares memory and begins a launch. @param loaded the code, in this machine's memory */
  start(code: DeviceCode, loaded: LoadedCode, spec: LaunchSpec): Running {
    const { machine } = this;
    const globalSize = spec.grid.map((groups, d) => groups * spec.block[d]! - spec.cut[d]!) as [number, number, number];
    const items = globalSize[0] * globalSize[1] * globalSize[2];
    const out = this.out + BigInt(65536 - spec.beforePage);
    machine.protect(this.input, PTE_READ | PTE_WRITE);
    machine.write(this.input, inputBytes(spec.input));
    machine.protect(this.input, PTE_READ);
    machine.write(this.cells, new Uint8Array(CELL_BYTES));
    machine.write(out, new Uint8Array(items * OWN_BYTES));
    machine.write(this.rows, inputBytes(spec.input + 1, ROW_BYTES));
    const columns = this.columns + BigInt(65536 - spec.beforePage);
    machine.write(columns, new Uint8Array(COLUMNS * COLUMN_BYTES));
    const addresses: Readonly<Record<string, bigint>> = { input: this.input, cells: this.cells, rows: this.rows, columns };
    const config: LaunchConfig = {
      kernel: "k", workDim: 3, grid: spec.grid, block: spec.block, globalSize, globalOffset: spec.offset,
      dynamicSharedBytes: spec.dynamicShared, params: parameterBlock(out, spec), warpSize: spec.warpSize, pageTable: machine.pageTable,
      symbols: BigUint64Array.from(code.symbols, (name) => addresses[name]!), smCount: 3, gridId: 9,
    };
    const printed: string[] = [];
    const execution = loaded.start(config, { fault: () => false, printf: (text) => void printed.push(text), now: () => 77 });
    const memory = (): Memory => ({ out: hexRows(machine.read(out, items * OWN_BYTES)), columns: hexRows(machine.read(columns, COLUMNS * COLUMN_BYTES), COLUMN_BYTES), cells: hexRows(machine.read(this.cells, CELL_BYTES)) });
    return new Running(execution, printed, memory);
  }
}

/** What a launch has written. */
interface Memory {
  readonly out: string;
  readonly columns: string;
  readonly cells: string;
}

/** A launch under way. */
export class Running {
  private readonly sums = { instructions: 0, bytes: 0, blocks: 0 };
  private readonly execution: Execution;
  private readonly printed: string[];
  private readonly memory: () => Memory;

  constructor(execution: Execution, printed: string[], memory: () => Memory) {
    this.execution = execution;
    this.printed = printed;
    this.memory = memory;
  }

  /** Calls `run` once. Null when the launch has not ended; after an end it is disposed of. */
  step(limits: Limits): Outcome | null {
    const { sums } = this;
    try {
      const status = this.execution.run(limits);
      sums.instructions += status.instructions;
      sums.bytes += status.bytes;
      sums.blocks += status.blocks;
      if (!status.done) return null;
    } catch (error) {
      this.dispose();
      if (!(error instanceof DeviceFault)) throw error;
      return { end: "fault", kind: error.kind, site: error.site, access: error.access };
    }
    this.dispose();
    return { end: "done", ...this.memory(), printed: this.printed.sort(), ...sums };
  }

  dispose(): void {
    this.execution.dispose();
  }
}

function parameterBlock(out: bigint, { parameters }: LaunchSpec): Uint8Array {
  const view = new DataView(new ArrayBuffer(PARAMS.bytes));
  view.setBigUint64(PARAMS.out, out, true);
  view.setInt32(PARAMS.i32, parameters.i32, true);
  view.setBigUint64(PARAMS.i64, parameters.i64, true);
  view.setUint32(PARAMS.f32, Number(parameters.f32), true);
  view.setBigUint64(PARAMS.f64, parameters.f64, true);
  return new Uint8Array(view.buffer);
}

/** One line for each work-item's 128 bytes (or column, or cells): a difference shows where it is. Zeros at the end of a line are left out. */
function hexRows(bytes: Uint8Array, width: number = OWN_BYTES): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += width) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, Math.min(width, bytes.length - at));
    const words: string[] = [];
    for (let i = 0; i + 8 <= view.byteLength; i += 8) words.push(view.getBigUint64(i, true).toString(16));
    rows.push(words.join(" ").replace(/( 0)+$/, ""));
  }
  return rows.join("\n");
}
