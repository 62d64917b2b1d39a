import type { CheckClass, CodeEnv, DeviceCode, Execution, KernelInfo, LaunchConfig, LaunchHooks, LoadedCode } from "../abi.ts";
import { masking } from "../ir/convergence.ts";
import { deviceSymbols, kernelInfos } from "../ir/kernel-info.ts";
import { callGraph, frameAlign, functionAddresses, recursiveFunctions, sharedLayout } from "../ir/layout.ts";
import type { Module } from "../ir/module.ts";
import type { ModuleFacts } from "./graph/import.ts";
import { CAPACITIES } from "./lower/layout.ts";
import { WasmExecution } from "./run/execution.ts";
import { KernelCode, LoadedKernel } from "./run/kernel-code.ts";
import { EmulatorBug } from "../../kernel/errors.ts";

/** Choices of the back end, for tests. */
export interface CompileOptions {
  /** Run everything on the slow path (default false). */
  readonly slowOnly?: boolean;
  /** Instructions of a launch from which on its groups run several at a time, if they are independent (default 2^19). Results do not depend on it. */
  readonly togetherFrom?: number;
}

const TOGETHER_FROM = 1 << 19;

/**
 * Compiles a valid module to WebAssembly. Nothing is translated here: each kernel is, when it is first started.
 * @param module must not change afterwards
 */
export function compileModule(module: Module, options: CompileOptions = {}): DeviceCode {
  return new WasmCode(module, options);
}

/**
 * Whether launches of the kernel can take the fast path (see README).
 * @param code what `compileModule` gave
 */
export function takesFastPath(code: DeviceCode, kernel: string, warpSize: number = 32): boolean {
  if (!(code instanceof WasmCode)) throw new EmulatorBug("not compiled by this back end");
  return code.kernelCode(kernel, true, 65536, 64, 4, warpSize).program.regions !== null;
}

class WasmCode implements DeviceCode {
  readonly module: Module;
  readonly kernels: ReadonlyMap<string, KernelInfo>;
  readonly symbols: readonly string[];
  readonly options: CompileOptions;
  private readonly compiled = new Map<string, KernelCode>();
  private facts: ModuleFacts | null = null;

  constructor(module: Module, options: CompileOptions) {
    this.module = module;
    this.options = options;
    this.kernels = kernelInfos(module);
    this.symbols = deviceSymbols(module);
  }

  load(env: CodeEnv): LoadedCode {
    return new LoadedWasm(this, env);
  }

  private moduleFacts(): ModuleFacts {
    if (this.facts === null) {
      const graph = callGraph(this.module);
      this.facts = {
        module: this.module, recursive: recursiveFunctions(graph), masking: masking(this.module), functions: functionAddresses(this.module), shared: sharedLayout(this.module, graph).offsets,
        symbols: new Map(this.symbols.map((name, i) => [name, i])), frameAlign: frameAlign(this.module),
      };
    }
    return this.facts;
  }

  /** The kernel, compiled for such a memory and groups of up to `items`, in rows of which `row` may go together. */
  kernelCode(name: string, shared: boolean, maximumPages: number, items: number, row: number, warpSize: number, checks: ReadonlySet<CheckClass> | null = null): KernelCode {
    const capacity = capacityFor(items);
    const key = `${name} ${shared} ${maximumPages} ${capacity} ${row} ${warpSize}${checks === null ? "" : ` ${[...checks].sort().join()}`}`;
    let code = this.compiled.get(key);
    if (code === undefined) {
      const info = this.kernels.get(name);
      if (info === undefined) throw new EmulatorBug(`start of "${name}", which is no kernel of the module`);
      code = new KernelCode(this.moduleFacts(), info, { shared, maximumPages }, capacity, row, warpSize, this.options.slowOnly ?? false, checks, this.options.togetherFrom ?? TOGETHER_FROM);
      this.compiled.set(key, code);
    }
    return code;
  }
}

/** Slots are laid out for groups of up to so many work-items: few sizes, so that few variants are compiled. */
function capacityFor(items: number): number {
  for (const size of CAPACITIES) if (items <= size) return size;
  return 2 ** Math.ceil(Math.log2(items));
}

class LoadedWasm implements LoadedCode {
  private readonly code: WasmCode;
  private readonly env: CodeEnv;
  /** By name, then by the work-items of a row that may go together (see ROWS). */
  private readonly kernels = new Map<string, (LoadedKernel | null)[]>();

  constructor(code: WasmCode, env: CodeEnv) {
    this.code = code;
    this.env = env;
  }

  start(config: LaunchConfig, hooks: LaunchHooks): Execution {
    const items = config.block[0] * config.block[1] * config.block[2];
    let variants = this.kernels.get(config.kernel);
    if (variants === undefined) {
      variants = ROWS.map(() => null);
      this.kernels.set(config.kernel, variants);
    }
    const row = rowFor(config, variants);
    let kernel = variants[row]!;
    if (kernel === null || kernel.code.layout.items < items || kernel.code.warpSize !== config.warpSize) {
      kernel?.retire();
      const { shared, maximumPages } = this.env.linear;
      kernel = new LoadedKernel(this.code.kernelCode(config.kernel, shared, maximumPages, items, ROWS[row]!, config.warpSize, this.env.checker?.classes ?? null), this.env);
      variants[row] = kernel;
    }
    return new WasmExecution(kernel, config, hooks);
  }

  trim(): void {
    for (const variants of this.kernels.values()) for (const kernel of variants) kernel?.trim();
  }
}

/** Work-items of a row that may go together, by which a kernel is compiled. */
const ROWS = [16, 8, 4] as const;

/** Which of ROWS a launch takes. Any number is right for any launch; what rows do not divide by goes one by one. */
function rowFor({ block: [x] }: LaunchConfig, loaded: readonly (LoadedKernel | null)[]): number {
  if (x < 4) {
    const known = loaded.findIndex((kernel) => kernel !== null);
    if (known >= 0) return known;
  }
  return x >= 64 || x % 16 === 0 ? 0 : x % 8 === 0 ? 1 : 2;
}
