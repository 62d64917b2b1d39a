import { expect, test } from "vitest";
import { CUDA_ERROR_NOT_INITIALIZED } from "../../../src/cuda/entry/cuda.ts";
import { cudaErrorInitializationError } from "../../../src/cuda/entry/cudart.ts";
import { createMachine } from "../../../src/index.ts";

test("a forked child of a process that used CUDA cannot use it, one of a process that did not can", () => {
  const machine = createMachine();
  const used = machine.process("used");
  used.throwing.cuda.cuInit(0);
  const fresh = machine.process("fresh");
  const results: Record<string, number[]> = {};
  for (const [name, parent] of Object.entries({ used, fresh })) {
    parent.fork(function* (child) {
      results[name] = [yield* child.cuda.cuInit(0), yield* child.cudart.cudaFree(0)];
    });
  }
  machine.run();
  expect(results).toEqual({ used: [CUDA_ERROR_NOT_INITIALIZED, cudaErrorInitializationError], fresh: [0, 0] });
  machine.dispose();
});
