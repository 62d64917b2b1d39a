import { expect, test } from "vitest";
import { createMachine, type MachineOptions } from "../../src/index.ts";
import { out } from "../../src/api/out.ts";
import type { CUcontext, CUstream } from "../../src/cuda/entry/cuda.ts";
import type { Blocking } from "../../src/kernel/process/wait.ts";

/** Three processes that do the same with two streams each; gives the trace and the decisions. */
function run(options: MachineOptions): { trace: string; replay: string } {
  const machine = createMachine({ gpus: ["tiny"], trace: true, ...options });
  for (const name of ["a", "b", "c"]) {
    machine.spawn(name, function* (p): Blocking<void> {
      yield* p.cuda.cuInit(0);
      yield* p.cuda.cuCtxCreate(out<CUcontext>(), null, 0, 0);
      const buffer = out<number>();
      yield* p.cuda.cuMemAlloc(buffer, 4096);
      const streams = [out<CUstream>(), out<CUstream>()];
      for (const stream of streams) yield* p.cuda.cuStreamCreate(stream, 1);
      for (let i = 0; i < 3; i++) for (const stream of streams) yield* p.cuda.cuMemsetD32Async(buffer.value, i, 1024, stream.value);
      yield* p.cuda.cuCtxSynchronize();
    });
  }
  machine.run();
  const result = { trace: JSON.stringify(machine.trace()), replay: machine.replay() };
  machine.dispose();
  return result;
}

for (const order of ["timed", "any"] as const) {
  test(`${order} order: the same seed gives the same trace, byte for byte, and so does the replay string`, () => {
    for (const seed of [1, 2, 3]) {
      const first = run({ seed, order });
      expect(run({ seed, order })).toEqual(first);
      expect(run({ replay: first.replay, order })).toEqual(first);
    }
  });

  test(`${order} order: different seeds reach different orders`, () => {
    expect(new Set([1, 2, 3, 4, 5].map((seed) => run({ seed, order }).trace)).size).toBeGreaterThan(1);
  });
}
