import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import type { Strategy } from "../../../src/kernel/choices.ts";
import * as C from "../../../src/opencl/abi/constants.ts";
import type { cl_event } from "../../../src/opencl/abi/types.ts";
import { Bench } from "../../opencl/harness.ts";
import { testModule } from "../../opencl/kernels.ts";
import { linearExtensions, outcomes } from "./explore.ts";

const module = testModule();

/**
 * Enqueues `mark` kernels that wait for one another as `waits` says, lets them all go at once, and gives the order in which they ran.
 * A command of `kinds[i]` "barrier" or "marker" is that instead of a kernel, and does not show in the order.
 */
function orderOf(strategy: Strategy, explore: () => void, waits: readonly (readonly number[])[], kinds: readonly string[] = [], properties = C.CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE): number[] {
  const b = new Bench({ gpus: ["tiny"], strategy, order: "any" });
  const { cl } = b;
  const ctx = b.context();
  const q = b.queue(ctx, properties);
  const log = b.buffer(ctx, 64, C.CL_MEM_COPY_HOST_PTR, new Uint32Array(16));
  const kernel = b.kernelOf(b.program(ctx, module), "mark");
  b.ok(cl.clSetKernelArg(kernel, 0, 8, log));
  b.run();
  const gate = b.userEvent(ctx);
  const events: cl_event[] = [];
  waits.forEach((deps, i) => {
    const event = out<cl_event>();
    const list = [gate, ...deps.map((dep) => events[dep]!)];
    if (kinds[i] === "barrier") b.ok(cl.clEnqueueBarrierWithWaitList(q, deps.length, deps.length === 0 ? null : deps.map((dep) => events[dep]!), event));
    else if (kinds[i] === "marker") b.ok(cl.clEnqueueMarkerWithWaitList(q, deps.length, deps.length === 0 ? null : deps.map((dep) => events[dep]!), event));
    else {
      b.ok(cl.clSetKernelArg(kernel, 1, 4, new Uint32Array([i])));
      b.ok(cl.clEnqueueNDRangeKernel(q, kernel, 1, null, [1], [1], list.length, list, event));
    }
    events.push(event.value);
  });
  b.run();
  explore();
  b.ok(cl.clSetUserEventStatus(gate, 0));
  b.ok(cl.clFinish(q));
  const data = b.read32(q, log, 16);
  return [...data.subarray(1, 1 + data[0]!)];
}

const sorted = (orders: number[][]): string[] => [...new Set(orders.map((order) => JSON.stringify(order)))].sort();

/** A random acyclic wait relation: each command waits for some of those before it. */
const dag = (n: number) => fc.tuple(...Array.from({ length: n }, (_, i) => fc.subarray(Array.from({ length: i }, (_unused, k) => k))));

describe("Q2: out-of-order queues", () => {
  test("the orders of three commands that can be reached are exactly the linear extensions of their wait lists", () => {
    fc.assert(
      fc.property(dag(3), (waits) => {
        const { reached } = outcomes((strategy, explore) => orderOf(strategy, explore, waits));
        expect(reached).toEqual(sorted(linearExtensions(waits)));
      }),
      { numRuns: 4, seed: 3 },
    );
  });

  test("Q4: a barrier without a list: all before it, all after it", () => {
    const { reached } = outcomes((strategy, explore) => orderOf(strategy, explore, [[], [], [], [], []], ["", "", "barrier", "", ""]));
    expect(reached).toEqual(sorted([[0, 1, 3, 4], [0, 1, 4, 3], [1, 0, 3, 4], [1, 0, 4, 3]]));
  });

  test("Q4: a barrier with a list waits for the list only, and holds what comes after", () => {
    const { reached } = outcomes((strategy, explore) => orderOf(strategy, explore, [[], [], [1], []], ["", "", "barrier", ""]));
    expect(reached).toEqual(sorted(linearExtensions([[], [], [1]]).map((order) => order.map((i) => [0, 1, 3][i]!))));
  });

  test("Q3: a marker holds nothing that comes after it", () => {
    const { reached } = outcomes((strategy, explore) => orderOf(strategy, explore, [[], [], []], ["", "marker", ""]));
    expect(reached).toEqual(sorted([[0, 2], [2, 0]]));
  });

  test("Q3: what waits for a marker without a list comes after everything before the marker", () => {
    const { reached } = outcomes((strategy, explore) => orderOf(strategy, explore, [[], [], [], [2]], ["", "", "marker", ""]));
    expect(reached).toEqual(sorted([[0, 1, 3], [1, 0, 3]]));
  });
});

describe("Q1: in-order queues", () => {
  test("only the order of enqueueing can be reached, whatever the wait lists", () => {
    fc.assert(
      fc.property(dag(3), (waits) => {
        const { reached } = outcomes((strategy, explore) => orderOf(strategy, explore, waits, [], 0));
        expect(reached).toEqual(["[0,1,2]"]);
      }),
      { numRuns: 5, seed: 4 },
    );
  });
});
