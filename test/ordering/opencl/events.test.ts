import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import { seededStrategy } from "../../../src/kernel/choices.ts";
import * as C from "../../../src/opencl/abi/constants.ts";
import * as E from "../../../src/opencl/abi/errors.ts";
import type { cl_event } from "../../../src/opencl/abi/types.ts";
import { Bench } from "../../opencl/harness.ts";
import { testModule } from "../../opencl/kernels.ts";
import { outcomes } from "./explore.ts";

const module = testModule();
const OOO = C.CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE;

/** A random acyclic wait relation. */
const dag = (n: number) => fc.tuple(...Array.from({ length: n }, (_, i) => fc.subarray(Array.from({ length: i }, (_unused, k) => k))));

/** A machine with a queue, a log and `mark` kernels that wait for one another, behind `gates` user events each. */
class Rig extends Bench {
  readonly ctx = this.context();
  readonly log = this.buffer(this.ctx, 256, C.CL_MEM_COPY_HOST_PTR, new Uint32Array(64));
  readonly kernelObject = this.kernelOf(this.program(this.ctx, module), "mark");

  mark(queue: ReturnType<Bench["queue"]>, value: number, waits: readonly cl_event[]): cl_event {
    const event = out<cl_event>();
    this.ok(this.cl.clSetKernelArg(this.kernelObject, 0, 8, this.log));
    this.ok(this.cl.clSetKernelArg(this.kernelObject, 1, 4, new Uint32Array([value])));
    this.ok(this.cl.clEnqueueNDRangeKernel(queue, this.kernelObject, 1, null, [1], [1], waits.length, waits.length === 0 ? null : waits, event));
    return event.value;
  }

  ran(queue: ReturnType<Bench["queue"]>): number[] {
    const data = this.read32(queue, this.log, 64);
    return [...data.subarray(1, 1 + data[0]!)];
  }
}

describe("event status", () => {
  test("E1, E2: it only goes down, ends for good, and a command runs only when all it waits for is complete", () => {
    fc.assert(
      fc.property(dag(5), fc.boolean(), fc.nat(), (waits, inOrder, seed) => {
        const b = new Rig({ gpus: ["tiny"], order: "any", strategy: seededStrategy(seed) });
        const q = b.queue(b.ctx, inOrder ? 0 : OOO);
        const gate = b.userEvent(b.ctx);
        const events: cl_event[] = [];
        waits.forEach((deps, i) => events.push(b.mark(q, i, [...deps.map((d) => events[d]!), ...(i === 0 ? [gate] : [])])));
        const last = events.map(() => C.CL_QUEUED as number);
        const look = (): void => {
          // From the last to the first: time goes on between two looks, and dependencies must be looked at after what waits for them.
        const now = events.toReversed().map((event) => b.status(event)).toReversed();
          now.forEach((status, i) => {
            expect(status).toBeLessThanOrEqual(last[i]!);
            if (last[i]! <= 0) expect(status).toBe(last[i]);
            if (status === C.CL_RUNNING) for (const dep of waits[i]!) expect(now[dep]).toBe(C.CL_COMPLETE);
            last[i] = status;
          });
        };
        look();
        b.ok(b.cl.clSetUserEventStatus(gate, 0));
        for (let steps = 0; steps < 500 && b.kernel.events.runNext(); steps++) look();
        look();
        expect(last).toEqual(events.map(() => C.CL_COMPLETE));
        b.checkInvariants();
      }),
      { numRuns: 25, seed: 11 },
    );
  });

  test("E3: what waits for a failure, directly or not, never runs and ends negative; everything else runs", () => {
    fc.assert(
      fc.property(dag(6), fc.uniqueArray(fc.nat({ max: 5 }), { minLength: 1, maxLength: 2 }), fc.boolean(), fc.boolean(), fc.nat(), (waits, failing, before, inOrder, seed) => {
        const b = new Rig({ gpus: ["tiny"], order: "any", strategy: seededStrategy(seed) });
        const q = b.queue(b.ctx, inOrder ? 0 : OOO);
        const bad = b.userEvent(b.ctx);
        // Failed before the commands are enqueued, or after.
        if (before) b.ok(b.cl.clSetUserEventStatus(bad, -7));
        const events: cl_event[] = [];
        waits.forEach((deps, i) => events.push(b.mark(q, i, [...deps.map((d) => events[d]!), ...(failing.includes(i) ? [bad] : [])])));
        if (!before) b.ok(b.cl.clSetUserEventStatus(bad, -7));
        b.ok(b.cl.clFinish(q));
        const doomed = new Set<number>();
        waits.forEach((deps, i) => {
          if (failing.includes(i) || deps.some((dep) => doomed.has(dep))) doomed.add(i);
        });
        expect(events.map((event) => b.status(event) < 0)).toEqual(events.map((_, i) => doomed.has(i)));
        expect(b.ran(q).sort()).toEqual(events.map((_, i) => i).filter((i) => !doomed.has(i)));
      }),
      { numRuns: 40, seed: 12 },
    );
  });

  test("E4: a failing enqueue makes no event", () => {
    const b = new Rig();
    const q = b.queue(b.ctx);
    const event = out<cl_event>();
    expect(b.cl.clEnqueueNDRangeKernel(q, b.kernelOf(b.program(b.ctx, module), "mark"), 1, null, [1], [1], 0, null, event)).toBe(E.CL_INVALID_KERNEL_ARGS);
    expect(b.cl.clEnqueueReadBuffer(q, b.log, 1, 999, 1, new Uint8Array(1), 0, null, event)).toBe(E.CL_INVALID_VALUE);
    expect(event.isSet).toBe(false);
  });

  test("E6: releasing events early changes nothing", () => {
    const b = new Rig();
    const q = b.queue(b.ctx, OOO);
    const gate = b.userEvent(b.ctx);
    let last = b.mark(q, 0, [gate]);
    for (let i = 1; i < 5; i++) {
      const next = b.mark(q, i, [last]);
      b.ok(b.cl.clReleaseEvent(last));
      expect(b.cl.clReleaseEvent(last)).toBe(E.CL_INVALID_EVENT);
      last = next;
    }
    b.ok(b.cl.clReleaseEvent(last));
    b.ok(b.cl.clSetUserEventStatus(gate, 0));
    b.ok(b.cl.clFinish(q));
    expect(b.ran(q)).toEqual([0, 1, 2, 3, 4]);
  });
});

describe("callbacks", () => {
  test("K1: each runs once, when its status is reached or was; on failure with the error", () => {
    const b = new Rig();
    const q = b.queue(b.ctx);
    const gate = b.userEvent(b.ctx);
    const event = b.mark(q, 0, [gate]);
    const seen: string[] = [];
    for (const [name, type] of [["submitted", C.CL_SUBMITTED], ["running", C.CL_RUNNING], ["complete", C.CL_COMPLETE]] as const) {
      b.ok(b.cl.clSetEventCallback(event, type, (e, status, data) => seen.push(`${name} ${status} ${e === event} ${String(data)}`), name));
    }
    b.run();
    expect(seen).toEqual([`submitted ${C.CL_SUBMITTED} true submitted`]);
    b.ok(b.cl.clSetUserEventStatus(gate, 0));
    b.run();
    expect(seen.slice(1).sort()).toEqual([`complete 0 true complete`, `running 1 true running`]);
    b.ok(b.cl.clSetEventCallback(event, C.CL_COMPLETE, () => seen.push("late"), null));
    b.run();
    expect(seen).toHaveLength(4);

    const bad = b.userEvent(b.ctx);
    const failed = b.mark(q, 1, [bad]);
    b.ok(b.cl.clSetEventCallback(failed, C.CL_COMPLETE, (_e, status) => seen.push(`failed ${status}`), null));
    b.ok(b.cl.clSetUserEventStatus(bad, -3));
    b.run();
    expect(seen.at(-1)).toBe(`failed ${E.CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST}`);
  });

  test("K1: the order of callbacks of one event is the machine's choice, and every order can happen", () => {
    const { reached } = outcomes((strategy, explore) => {
      const b = new Bench({ gpus: ["tiny"], order: "any", strategy });
      const event = b.userEvent(b.context());
      const order: number[] = [];
      for (let i = 0; i < 3; i++) b.ok(b.cl.clSetEventCallback(event, C.CL_COMPLETE, () => order.push(i), null));
      b.run();
      explore();
      b.ok(b.cl.clSetUserEventStatus(event, 0));
      b.run();
      return order;
    });
    expect(reached).toEqual(["[0,1,2]", "[0,2,1]", "[1,0,2]", "[1,2,0]", "[2,0,1]", "[2,1,0]"]);
  });

  test("K2: what the command did is seen in its completion callback", () => {
    const b = new Rig();
    const q = b.queue(b.ctx);
    const data = new Uint32Array(4);
    b.mark(q, 9, []);
    const event = out<cl_event>();
    b.ok(b.cl.clEnqueueReadBuffer(q, b.log, 0, 0, 16, data, 0, null, event));
    let seen: number[] = [];
    b.ok(b.cl.clSetEventCallback(event.value, C.CL_COMPLETE, () => (seen = [...data]), null));
    b.run();
    expect(seen).toEqual([1, 9, 0, 0]);
  });

  test("K3: a released event lives until its callbacks have run", () => {
    const b = new Rig();
    const event = b.userEvent(b.ctx);
    let status = 1;
    b.ok(b.cl.clSetEventCallback(event, C.CL_COMPLETE, (_e, s) => (status = s), null));
    const command = b.mark(b.queue(b.ctx), 0, [event]);
    b.ok(b.cl.clSetEventCallback(command, C.CL_COMPLETE, (_e, s) => (status += s + 10), null));
    b.ok(b.cl.clReleaseEvent(command));
    b.ok(b.cl.clSetUserEventStatus(event, 0));
    b.run();
    expect(status).toBe(10);
  });

  test("K4: a blocking call in a callback is reported, an enqueue is not (K5)", () => {
    const b = new Rig();
    const q = b.queue(b.ctx);
    const event = b.userEvent(b.ctx);
    b.ok(b.cl.clSetEventCallback(event, C.CL_COMPLETE, () => {
      b.mark(q, 4, []);
      b.ok(b.cl.clFlush(q));
      b.context();
    }, null));
    b.ok(b.cl.clSetUserEventStatus(event, 0));
    b.run();
    expect(b.diagnostics.all().map((d) => [d.kind, d.call])).toEqual([["misuse", "clCreateContext"]]);
    expect(b.ran(q)).toEqual([4]);
  });

  test("K6: destructors run last registered first, after the last release and the last command, and before a context's own", () => {
    const b = new Bench();
    const ctx = b.context();
    const q = b.queue(ctx);
    const mem = b.buffer(ctx, 64);
    const order: string[] = [];
    for (const n of [1, 2]) b.ok(b.cl.clSetMemObjectDestructorCallback(mem, () => order.push(`mem ${n}`), null));
    for (const n of [1, 2]) b.ok(b.cl.clSetContextDestructorCallback(ctx, () => order.push(`context ${n}`), null));
    const gate = b.userEvent(ctx);
    b.ok(b.cl.clEnqueueFillBuffer(q, mem, new Uint8Array([1]), 1, 0, 64, 1, [gate], null));
    b.ok(b.cl.clReleaseMemObject(mem));
    b.ok(b.cl.clReleaseContext(ctx));
    b.run();
    expect(order).toEqual([]);
    b.ok(b.cl.clSetUserEventStatus(gate, 0));
    b.run();
    expect(order).toEqual(["mem 2", "mem 1"]);
    b.ok(b.cl.clReleaseEvent(gate));
    b.ok(b.cl.clReleaseCommandQueue(q));
    expect(order).toEqual(["mem 2", "mem 1", "context 2", "context 1"]);
    b.checkInvariants();
  });
});
