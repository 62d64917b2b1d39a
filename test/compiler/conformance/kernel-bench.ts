import { DeviceFault } from "../../../src/compiler/abi.ts";
import { parseModule } from "../../../src/compiler/ir/parse.ts";
import { TestMachine, packParams, type LaunchOptions, type LaunchResult } from "../wasm/harness.ts";
import type { Compile } from "./op-bench.ts";

/** A machine with a compiled module, for tests of whole kernels written as IR text. */
export class Bench {
  readonly machine: TestMachine = new TestMachine({ pages: 192 });
  private readonly compile: Compile;

  constructor(compile: Compile) {
    this.compile = compile;
  }

  /** Launches kernel `k` of the module text (its header line may be left out). */
  run(text: string, params: Uint8Array, options: LaunchOptions = {}): LaunchResult {
    const code = this.compile(parseModule(text.trimStart().startsWith("module") ? text : `module "m" source=_\n${text}`));
    return this.machine.launch(code, code.load(this.machine), "k", params, options);
  }

  /** The fault that the launch ends in. */
  fault(text: string, params: Uint8Array, options: LaunchOptions = {}): DeviceFault {
    try {
      this.run(text, params, options);
    } catch (error) {
      if (error instanceof DeviceFault) return error;
      throw error;
    }
    throw new Error("the launch ended without a fault");
  }

  /** Runs `k` over `items` work-items in one group (or as `options` say); its only parameter is an output buffer, which comes back as `words` u32 values. */
  words(text: string, words: number, options: LaunchOptions = {}): number[] {
    const out = this.machine.map(Math.max(words * 4, 4));
    this.run(text, packParams(out), options);
    return [...this.machine.u32(out, words)];
  }
}

/** A kernel `k` of the given body with `bytes` of parameters. */
export function kernel(body: string, options: { readonly bytes?: number; readonly locals?: string; readonly before?: string } = {}): string {
  return `${options.before ?? ""}
kernel "k" params=() results=() bytes=${options.bytes ?? 8} linkage=visible {
  attributes reqd=_ hint=_ threads=_ blocks=_ vec=_ registers=32
  ${options.locals ?? ""}
^entry:
${body}
}`;
}

/** Instructions that put the address of the work-item's own u32 of the output buffer (parameter 0, index = tid.x) into %slot. */
export const OWN_SLOT: string = `
  %out:i64 = param 0
  %tid:i32 = sreg tid.x
  %tid64:i64 = zext %tid
  %four64:i64 = const 4n
  %bytes:i64 = mul %tid64 %four64
  %slot:i64 = add %out %bytes`;
