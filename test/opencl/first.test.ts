import { expect, test } from "vitest";
import { Bench } from "./harness.ts";
import { testModule } from "./kernels.ts";

test("a kernel runs and its result is read", () => {
  const b = new Bench();
  const context = b.context();
  const queue = b.queue(context);
  const mem = b.buffer(context, 64);
  const kernel = b.kernelOf(b.program(context, testModule()), "fill");
  b.ok(b.cl.clSetKernelArg(kernel, 0, 8, mem));
  b.ok(b.cl.clSetKernelArg(kernel, 1, 4, new Uint32Array([100])));
  b.ok(b.cl.clEnqueueNDRangeKernel(queue, kernel, 1, null, [16], [4], 0, null, null));
  expect([...b.read32(queue, mem, 16)]).toEqual(Array.from({ length: 16 }, (_, i) => 100 + i));
  b.checkInvariants();
});
