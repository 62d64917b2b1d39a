import { Code } from "../asm/code.ts";
import { WasmModule, type MemoryImport } from "../asm/module.ts";
import { I32, mem, op } from "../asm/opcodes.ts";
import { Helpers } from "../emit/emitter.ts";
import { writeSwitch } from "../emit/switch.ts";
import { record, RECORD_SHIFT, RECORDS, status, type SlotLayout } from "../lower/layout.ts";
import { SlowEmitter } from "./emitter.ts";
import type { KernelProgram } from "./program.ts";

const routineType = [I32, I32, I32] as const;

/**
 * The module of the slow path: exports `step(launch block, slot, item) -> status`, which runs one work-item until it exits or waits.
 */
export function slowModule(program: KernelProgram, layout: SlotLayout, memory: MemoryImport): { bytes: Uint8Array<ArrayBuffer>; imports: string[] } {
  const module = new WasmModule();
  const helpers = new Helpers(module);
  const step = module.declare(routineType, [I32], "step");
  const refs = [module.declare(routineType, [I32]), ...program.functions.map(() => module.declare(routineType, [I32]))];
  module.define(refs[0]!, new SlowEmitter(helpers, program, program.kernel, layout).function());
  program.functions.forEach(({ routine }, i) => {
    const ref = refs[i + 1]!;
    if (routine === null) module.define(ref, new Code(3).op(op.unreachable));
    else module.define(ref, new SlowEmitter(helpers, program, routine, null).function());
  });
  const code = new Code(3);
  const result = code.local(I32);
  if (program.functions.length === 0) code.get(0).get(1).get(2).call(refs[0]!);
  else {
    // Calls and returns come back here, so that no activation lives on WebAssembly's own stack.
    const again = code.loop();
    const done = code.block();
    code.get(2).i32(RECORD_SHIFT).op(op.i32_shl).get(1).op(op.i32_add).memory(mem.i32_load, RECORDS + record.fn);
    writeSwitch(code, [...refs.keys()], (i) => {
      code.get(0).get(1).get(2).call(refs[i]!).set(result).br(done);
    });
    code.end();
    code.get(result).i32(status.again).op(op.i32_eq).brIf(again);
    code.end();
    code.get(result);
  }
  module.define(step, code);
  return { bytes: module.finish(memory), imports: module.importNames };
}
