import type { Kernel } from "../machine.ts";
import { mutant } from "../mutants.ts";
import { VIDEO_TDR_FAILURE } from "./constants.ts";
import type { WddmOptions } from "./options.ts";
import { GRAPHICS_DRIVERS, Registry } from "./registry.ts";

/** What the graphics adapters of a Windows machine share: the registry, and the memory of recoveries. */
export class Dxgkrnl {
  readonly kernel: Kernel;
  readonly options: WddmOptions;
  readonly registry: Registry;
  /** When adapters were reset, ns, oldest first: only those that the limit still looks at. */
  private readonly recoveries: number[] = [];

  constructor(kernel: Kernel, options: WddmOptions) {
    this.kernel = kernel;
    this.options = options;
    this.registry = new Registry(options.registry);
    kernel.vfs.mount(GRAPHICS_DRIVERS, this.registry);
  }

  /** Notes one more adapter reset. False: that was one too many within TdrLimitTime. */
  noteRecovery(): boolean {
    const now = this.kernel.clock.now;
    const window = this.registry.get("TdrLimitTime") * 1e9;
    while (this.recoveries.length > 0 && this.recoveries[0]! <= now - window) this.recoveries.shift();
    this.recoveries.push(now);
    return this.recoveries.length <= this.registry.get("TdrLimitCount") + (mutant("tdr-limit-off-by-one") ? 1 : 0) || this.registry.get("TdrDebugMode") === 3;
  }

  /** VIDEO_TDR_FAILURE: the end of the machine. */
  bugCheck(reason: string): void {
    this.kernel.bugCheck(VIDEO_TDR_FAILURE, reason);
  }
}
