import { DeviceFault, type CodeEnv, type FaultKind, type KernelInfo, type LaunchConfig, type LaunchHooks, type MemoryAccess, type Site } from "../abi.ts";
import { dynamicSharedStart, sharedSize } from "../ir/layout.ts";
import type { Code, Program } from "./code.ts";
import { Pages } from "./pages.ts";
import type { WorkItem } from "./work-item.ts";

/** What all work-groups of one launch have in common. */
export class Launch {
  readonly program: Program;
  readonly config: LaunchConfig;
  readonly hooks: LaunchHooks;
  readonly pages: Pages;
  readonly kernel: Code;
  readonly info: KernelInfo;
  readonly params: DataView;
  /** First byte of the dynamic shared memory. */
  readonly dynamicShared: number;
  /** End of all shared memory. */
  readonly sharedBytes: number;
  readonly symbolAddresses: ReadonlyMap<string, bigint>;
  /** Counted so far. */
  instructions: number = 0;
  bytes: number = 0;
  /** Instructions counted so far by multiprocessor, for %clock64. */
  readonly smInstructions: Float64Array;

  constructor(program: Program, kernel: Code, info: KernelInfo, env: CodeEnv, config: LaunchConfig, hooks: LaunchHooks) {
    this.program = program;
    this.kernel = kernel;
    this.info = info;
    this.config = config;
    this.hooks = hooks;
    this.pages = new Pages(env.linear, config.pageTable);
    const params = new Uint8Array(info.paramBytes); // a block given too short is zero at its end
    params.set(config.params.subarray(0, info.paramBytes));
    this.params = new DataView(params.buffer);
    this.dynamicShared = dynamicSharedStart(info.sharedBytes);
    this.sharedBytes = sharedSize(info.sharedBytes, config.dynamicSharedBytes);
    this.symbolAddresses = new Map(program.symbols.map((name, i) => [name, config.symbols[i]!]));
    this.smInstructions = new Float64Array(Math.max(1, config.smCount));
  }

  /** Where a work-item is: the instruction it began last. */
  site(item: WorkItem): Site {
    const { code, block, index } = item.frame;
    const line = code.blocks[block]!.instrs[index - 1]?.line ?? null;
    return { kernel: this.info.name, line, block: item.group.block, thread: item.thread };
  }

  /** Ends the kernel. */
  fault(item: WorkItem, kind: FaultKind, detail: string, access: MemoryAccess | null = null): never {
    throw new DeviceFault(kind, this.site(item), access, detail);
  }
}
