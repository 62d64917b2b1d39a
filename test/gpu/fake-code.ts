import { DeviceFault, type AccessKind, type CodeEnv, type DeviceCode, type Execution, type KernelInfo, type LaunchConfig, type LaunchHooks, type RunStatus, type Site } from "../../src/compiler/abi.ts";
import type { Module } from "../../src/compiler/ir/module.ts";
import type { LaunchJob } from "../../src/kernel/sys/uapi.ts";

/** What a fake kernel's work-group may do. Addresses are translated as compiled code does it. */
export interface BlockContext {
  readonly block: number;
  readonly config: LaunchConfig;
  readonly hooks: LaunchHooks;
  load(address: number): number;
  store(address: number, value: number): void;
  param(index: number): number;
}

/** A kernel without compiler: so many instructions a work-group, and something that happens when the group ends. */
export interface FakeKernel {
  /** Infinity: an endless loop. */
  readonly instructions?: number;
  readonly bytes?: number;
  readonly registers?: number;
  readonly sharedBytes?: number;
  readonly body?: (group: BlockContext) => void;
  /** True while all groups only wait. */
  readonly stalled?: (group: BlockContext) => boolean;
  /** Instructions that one look at what is waited for takes. */
  readonly stallCost?: number;
}

/** Executions made and not disposed; loads and trims of code so far. */
export const live = { executions: 0, loads: 0, trims: 0 };

export function fakeCode(kernels: Readonly<Record<string, FakeKernel>>): DeviceCode {
  const infos = new Map<string, KernelInfo>();
  for (const [name, kernel] of Object.entries(kernels)) {
    infos.set(name, {
      name, params: [], paramBytes: 0, sharedBytes: kernel.sharedBytes ?? 0, localBytes: 0, constBytes: 0, usesBarrier: false, usesPrintf: false,
      attributes: { reqdWorkGroupSize: null, workGroupSizeHint: null, maxThreads: null, minBlocksPerSm: null, vecTypeHint: null, registers: kernel.registers ?? 16 },
    });
  }
  return { module: {} as Module, kernels: infos, symbols: [], load: (env) => {
    live.loads++;
    return { start: (config, hooks) => new FakeExecution(env, kernels[config.kernel]!, config, hooks), trim: () => void live.trims++ };
  } };
}

class FakeExecution implements Execution {
  readonly blocksTotal: number;
  blocksDone = 0;
  private progress = 0;
  private readonly env: CodeEnv;
  private readonly kernel: FakeKernel;
  private readonly config: LaunchConfig;
  private readonly hooks: LaunchHooks;
  private readonly scratch: number;

  constructor(env: CodeEnv, kernel: FakeKernel, config: LaunchConfig, hooks: LaunchHooks) {
    this.env = env;
    this.kernel = kernel;
    this.config = config;
    this.hooks = hooks;
    this.blocksTotal = config.grid[0] * config.grid[1] * config.grid[2];
    this.scratch = env.allocate(1);
    live.executions++;
  }

  run(limits: { readonly budget: number; readonly maxBlocks: number; readonly resident: number }): RunStatus {
    const cost = this.kernel.instructions ?? 100;
    let instructions = 0;
    let blocks = 0;
    let stalled = false;
    while (this.blocksDone < this.blocksTotal && blocks < limits.maxBlocks && instructions < limits.budget) {
      const group = this.group();
      if (this.kernel.stalled?.(group) === true) {
        stalled = blocks === 0;
        instructions += this.kernel.stallCost ?? 10;
        break;
      }
      const step = Math.min(cost - this.progress, limits.budget - instructions);
      instructions += step;
      this.progress += step;
      if (this.progress < cost) break;
      this.progress = 0;
      this.kernel.body?.(group);
      this.blocksDone++;
      blocks++;
    }
    return { done: this.blocksDone === this.blocksTotal, blocks, instructions, bytes: blocks * (this.kernel.bytes ?? 0), stalled };
  }

  dispose(): void {
    live.executions--;
    this.env.release(this.scratch);
  }

  private group(): BlockContext {
    const view = new DataView(this.config.params.buffer, this.config.params.byteOffset, this.config.params.byteLength);
    return {
      block: this.blocksDone,
      config: this.config,
      hooks: this.hooks,
      load: (address) => this.words()[this.translate(address, "read") >>> 2]!,
      store: (address, value) => void (this.words()[this.translate(address, "write") >>> 2] = value),
      param: (index) => Number(view.getBigUint64(8 * index, true)),
    };
  }

  private words(): Uint32Array {
    return new Uint32Array(this.env.linear.memory.buffer);
  }

  private translate(address: number, kind: AccessKind): number {
    const { table, basePage, pageCount } = this.config.pageTable;
    const site: Site = { kernel: this.config.kernel, line: 7, block: [this.blocksDone, 0, 0], thread: [0, 0, 0] };
    for (let turn = 0; turn < 2; turn++) {
      const index = Math.floor(address / 65536) - basePage;
      const entry = index >= 0 && index < pageCount ? this.words()[(table >>> 2) + index]! : 0;
      const need = kind === "read" ? 1 : 2;
      if ((entry & need) !== 0) return ((entry & 0xffff0000) >>> 0) + (address % 65536);
      const access = { address: BigInt(address), size: 4, kind };
      if (turn === 1 || !this.hooks.fault(access, site)) throw new DeviceFault(entry === 0 ? "illegal-address" : "write-protected", site, access, "");
    }
    throw new Error("unreachable");
  }
}

/** A one-dimensional launch; parameters are u64. */
export function launch(code: DeviceCode, kernel: string, blocks: number, threads: number, params: readonly number[] = [], options: Partial<LaunchJob> = {}): LaunchJob {
  return {
    kind: "launch", code, kernel, workDim: 1, grid: [blocks, 1, 1], block: [threads, 1, 1], globalSize: [blocks * threads, 1, 1], globalOffset: [0, 0, 0], dynamicSharedBytes: 0,
    params: new Uint8Array(BigUint64Array.from(params, BigInt).buffer), symbols: new BigUint64Array(0), cooperative: false, stdout: null, ...options,
  };
}
