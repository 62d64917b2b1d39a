import {
  PAGE_SIZE, PTE_READ, PTE_WRITE,
  type CodeEnv, type DeviceCode, type Execution, type LaunchConfig, type LaunchHooks, type LinearMemory, type LoadedCode, type MemoryAccess, type PageTableView, type RunStatus, type Site,
} from "../../../src/compiler/abi.ts";

/** First page number of the test's address space: addresses begin at 0x1000_0000, above the windows. */
const BASE_PAGE = 0x1000;
const PAGES = 4096;

/** What one launch needs beyond the kernel's name; everything else has the obvious default. */
export interface LaunchOptions {
  readonly grid?: readonly [number, number, number];
  readonly block?: readonly [number, number, number];
  readonly globalSize?: readonly [number, number, number];
  readonly globalOffset?: readonly [number, number, number];
  readonly workDim?: 1 | 2 | 3;
  readonly dynamicShared?: number;
  readonly warpSize?: number;
  readonly budget?: number;
  readonly maxBlocks?: number;
  readonly resident?: number;
  readonly maxRuns?: number;
  readonly fault?: (access: MemoryAccess, site: Site) => boolean;
}

/** How a launch went, summed over the calls of `run`. */
export interface LaunchResult {
  readonly done: boolean;
  readonly instructions: number;
  readonly bytes: number;
  readonly blocks: number;
  readonly runs: number;
  readonly printed: string;
  readonly last: RunStatus;
}

/**
 * A machine of the smallest kind: one linear memory, one page table whose pages lie scrambled in it, buffers
 * at virtual addresses. For tests of anything that implements `DeviceCode`.
 */
export class TestMachine implements CodeEnv {
  readonly linear: LinearMemory;
  readonly pageTable: PageTableView;
  private readonly memory: WebAssembly.Memory;
  private nextPhysical: number;
  private nextVirtual = 0;
  private readonly step: number;
  private readonly free: number[] = [];
  private readonly scratch = new Map<number, number>();

  /** @param scramble physical pages of a buffer are not neighbours (default); false: they are */
  constructor(options: { readonly shared?: boolean; readonly pages?: number; readonly scramble?: boolean } = {}) {
    this.step = (options.scramble ?? true) ? 2 * PAGE_SIZE : PAGE_SIZE;
    // Pages that nobody touches cost nothing.
    const maximum = Math.max(options.pages ?? 0, 4096);
    const shared = options.shared ?? true;
    this.memory = new WebAssembly.Memory(shared ? { initial: maximum, maximum, shared: true } : { initial: maximum, maximum });
    this.linear = { memory: this.memory, shared, maximumPages: maximum };
    this.pageTable = { table: PAGE_SIZE, basePage: BASE_PAGE, pageCount: PAGES };
    this.nextPhysical = 2 * PAGE_SIZE;
  }

  get buffer(): ArrayBuffer {
    return this.memory.buffer as ArrayBuffer;
  }

  allocate(bytes: number): number {
    const size = Math.max(1, Math.ceil(bytes / PAGE_SIZE)) * PAGE_SIZE;
    const address = this.nextPhysical;
    if (address + size > this.memory.buffer.byteLength) throw new Error(`test machine is out of memory (${bytes} bytes asked)`);
    this.nextPhysical += size;
    this.scratch.set(address, size);
    return address;
  }

  release(address: number): void {
    const size = this.scratch.get(address);
    if (size === undefined) throw new Error(`release of ${address}, which is no allocation`);
    this.scratch.delete(address);
    new Uint8Array(this.memory.buffer, address, size).fill(0);
  }

  /** Scratch allocations not yet released. */
  get scratchCount(): number {
    return this.scratch.size;
  }

  /** A mapped range of `bytes`; gives its virtual address (page aligned plus `misalign`). One unmapped page follows it. */
  map(bytes: number, permissions: number = PTE_READ | PTE_WRITE, misalign = 0): bigint {
    const pages = Math.max(1, Math.ceil((bytes + misalign) / PAGE_SIZE));
    const first = this.nextVirtual;
    this.nextVirtual += pages + 1;
    if (this.nextVirtual > PAGES) throw new Error("test machine is out of addresses");
    for (let i = 0; i < pages; i++) this.mapPage(first + i, permissions);
    return (BigInt(BASE_PAGE + first) << 16n) + BigInt(misalign);
  }

  /** Reserves addresses that nothing backs yet; `present` maps them. */
  reserve(bytes: number): bigint {
    const first = this.nextVirtual;
    this.nextVirtual += Math.ceil(bytes / PAGE_SIZE) + 1;
    return BigInt(BASE_PAGE + first) << 16n;
  }

  /** Makes the page of `address` present. */
  present(address: bigint, permissions: number = PTE_READ | PTE_WRITE): void {
    this.mapPage(Number(address >> 16n) - BASE_PAGE, permissions);
  }

  private mapPage(index: number, permissions: number): void {
    let physical = this.free.pop();
    if (physical === undefined) {
      physical = this.nextPhysical;
      if (this.step > PAGE_SIZE) this.free.push(physical + PAGE_SIZE);
      this.nextPhysical += this.step;
    }
    new Uint32Array(this.memory.buffer)[(PAGE_SIZE >> 2) + index] = physical | permissions;
  }

  protect(address: bigint, permissions: number): void {
    const table = new Uint32Array(this.memory.buffer);
    const entry = (PAGE_SIZE >> 2) + Number(address >> 16n) - BASE_PAGE;
    table[entry] = ((table[entry]! & 0xffff0000) | permissions) >>> 0;
  }

  /** Linear-memory address of a virtual one. */
  physical(address: bigint): number {
    const entry = new Uint32Array(this.memory.buffer)[(PAGE_SIZE >> 2) + Number(address >> 16n) - BASE_PAGE]!;
    return (entry & 0xffff0000) + Number(address & 0xffffn);
  }

  write(address: bigint, bytes: Uint8Array): void {
    const all = new Uint8Array(this.memory.buffer);
    for (let i = 0; i < bytes.length;) {
      const at = address + BigInt(i);
      const n = Math.min(bytes.length - i, PAGE_SIZE - Number(at & 0xffffn));
      all.set(bytes.subarray(i, i + n), this.physical(at));
      i += n;
    }
  }

  read(address: bigint, length: number): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(length);
    const all = new Uint8Array(this.memory.buffer);
    for (let i = 0; i < length;) {
      const at = address + BigInt(i);
      const n = Math.min(length - i, PAGE_SIZE - Number(at & 0xffffn));
      const from = this.physical(at);
      out.set(all.subarray(from, from + n), i);
      i += n;
    }
    return out;
  }

  /** A buffer holding the array's bytes; gives its address. */
  upload(data: ArrayBufferView): bigint {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const address = this.map(Math.max(bytes.length, 1));
    this.write(address, bytes);
    return address;
  }

  f32(address: bigint, n: number): Float32Array {
    return new Float32Array(this.read(address, n * 4).buffer);
  }

  f64(address: bigint, n: number): Float64Array {
    return new Float64Array(this.read(address, n * 8).buffer);
  }

  u32(address: bigint, n: number): Uint32Array {
    return new Uint32Array(this.read(address, n * 4).buffer);
  }

  i32(address: bigint, n: number): Int32Array {
    return new Int32Array(this.read(address, n * 4).buffer);
  }

  u64(address: bigint, n: number): BigUint64Array {
    return new BigUint64Array(this.read(address, n * 8).buffer);
  }

  /** Launch description of `kernel`; `params` is the parameter block. */
  config(code: DeviceCode, kernel: string, params: Uint8Array, options: LaunchOptions = {}): LaunchConfig {
    const grid = options.grid ?? [1, 1, 1];
    const block = options.block ?? [1, 1, 1];
    const symbols = new BigUint64Array(code.symbols.map((name) => {
      const variable = code.module.globals.get(name)!;
      return this.map(variable.size);
    }));
    return {
      kernel, workDim: options.workDim ?? 3, grid, block,
      globalSize: options.globalSize ?? [grid[0] * block[0], grid[1] * block[1], grid[2] * block[2]],
      globalOffset: options.globalOffset ?? [0, 0, 0],
      dynamicSharedBytes: options.dynamicShared ?? 0, params, warpSize: options.warpSize ?? 32,
      pageTable: this.pageTable, symbols, smCount: 4, gridId: 1,
    };
  }

  /** Compiles nothing: starts `kernel` of loaded code and runs it to its end (or for `maxRuns` calls of `run`). */
  launch(code: DeviceCode, loaded: LoadedCode, kernel: string, params: Uint8Array, options: LaunchOptions = {}): LaunchResult {
    let printed = "";
    const hooks: LaunchHooks = {
      fault: options.fault ?? (() => false),
      printf: (text) => void (printed += text),
      now: () => 12345,
    };
    const execution: Execution = loaded.start(this.config(code, kernel, params, options), hooks);
    const limits = { budget: options.budget ?? 1e9, maxBlocks: options.maxBlocks ?? Infinity, resident: options.resident ?? 16 };
    let instructions = 0;
    let bytes = 0;
    let blocks = 0;
    let runs = 0;
    try {
      for (;;) {
        const status = execution.run(limits);
        runs++;
        instructions += status.instructions;
        bytes += status.bytes;
        blocks += status.blocks;
        if (status.done || runs >= (options.maxRuns ?? 100000)) return { done: status.done, instructions, bytes, blocks, runs, printed, last: status };
      }
    } finally {
      execution.dispose();
    }
  }
}

/** A parameter block of values at their natural alignment: bigint 8 bytes, `["f32", x]` and so on otherwise; a plain number is an i32. */
export function packParams(...values: readonly (bigint | number | readonly ["f32" | "f64" | "u8" | "u16", number])[]): Uint8Array {
  const bytes = new Uint8Array(16 * values.length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const place = (size: number): number => {
    at = Math.ceil(at / size) * size;
    at += size;
    return at - size;
  };
  for (const value of values) {
    if (typeof value === "bigint") view.setBigUint64(place(8), BigInt.asUintN(64, value), true);
    else if (typeof value === "number") view.setInt32(place(4), value, true);
    else if (value[0] === "f32") view.setFloat32(place(4), value[1], true);
    else if (value[0] === "f64") view.setFloat64(place(8), value[1], true);
    else if (value[0] === "u8") view.setUint8(place(1), value[1]);
    else view.setUint16(place(2), value[1], true);
  }
  return bytes.subarray(0, at);
}
