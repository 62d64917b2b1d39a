// A property that must hold under every legal schedule, not only the one that happened. Two streams write the same byte; with an event between
// them the second always wins, without it either may.
//
// Run: glassgpu run examples/every-order.ts
import { createMachine, out } from "glassgpu";
import type { CUcontext, CUdeviceptr, CUevent, CUstream } from "glassgpu/cuda";
import { CU_EVENT_DEFAULT, CU_STREAM_NON_BLOCKING } from "glassgpu/cuda";
import { exploreAll, type Strategy } from "glassgpu/testing";

/** Runs the program under the decisions of `strategy`; gives the byte that is left. */
function program(strategy: Strategy, withEvent: boolean): number {
  const machine = createMachine({ gpus: ["tiny"], strategy, order: "any" });
  const cu = machine.process("p").cuda;
  const must = (code: number): void => { if (code !== 0) throw new Error(`error ${code}`); };
  must(cu.cuInit(0));
  const context = out<CUcontext>();
  must(cu.cuDevicePrimaryCtxRetain(context, 0));
  must(cu.cuCtxSetCurrent(context.value));
  const [first, second] = [out<CUstream>(), out<CUstream>()];
  for (const stream of [first, second]) must(cu.cuStreamCreate(stream, CU_STREAM_NON_BLOCKING));
  const event = out<CUevent>();
  must(cu.cuEventCreate(event, CU_EVENT_DEFAULT));
  const byte = out<CUdeviceptr>();
  must(cu.cuMemAlloc(byte, 1));

  must(cu.cuMemsetD8Async(byte.value, 1, 1, first.value));
  must(cu.cuEventRecord(event.value, first.value));
  if (withEvent) must(cu.cuStreamWaitEvent(second.value, event.value, 0));
  must(cu.cuMemsetD8Async(byte.value, 2, 1, second.value));
  must(cu.cuCtxSynchronize());

  const result = new Uint8Array(1);
  must(cu.cuMemcpyDtoH(result, byte.value, 1));
  machine.dispose();
  return result[0]!;
}

for (const withEvent of [false, true]) {
  const runs = exploreAll((strategy) => program(strategy, withEvent));
  const outcomes = [...new Set(runs.map(({ outcome }) => outcome))].sort();
  console.log(`${withEvent ? "with" : "without"} an event: the byte is ${outcomes.join(" or ")} at the end`);
}
