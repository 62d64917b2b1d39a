import { describe, expect, test } from "vitest";
import { Diagnostics } from "../../src/api/diagnostics.ts";
import { Checker } from "../../src/check/checker.ts";
import { parseChecks } from "../../src/check/classes.ts";
import { Intervals, type Running } from "../../src/check/intervals.ts";
import { Order } from "../../src/check/order.ts";
import type { CodeEnv, LaunchConfig, PageTableView } from "../../src/compiler/abi.ts";
import { MAX_INTERVAL, plane, SHADOWED, TAG_SHIFT } from "../../src/compiler/wasm/checked/layout.ts";

// Numbers of intervals come to an end and begin anew; processes come and go. Both are too rare, and cost too much, to be met by kernels.

/** A launch whose groups are in these intervals. */
const running = (present: number[] = []): Running => ({ present: () => present, blockOf: (group) => [group, 0, 0], blockSize: [32, 1, 1] });

/** Takes numbers until only `left` are. */
function use(intervals: Intervals, left: number): void {
  for (let number = 0; number < MAX_INTERVAL - left; ) number = intervals.advance(0, 0) >>> TAG_SHIFT;
}

describe("when numbers come to an end", () => {
  test("all tags are forgotten, and what groups use is not given out again", () => {
    let forgotten = 0;
    const intervals = new Intervals(() => forgotten++);
    const present: number[] = [];
    const launch = running(present);
    const { number, base } = intervals.launch(launch);
    const kept = intervals.advance(number, 7);
    present.push(kept >>> TAG_SHIFT);
    use(intervals, 1);
    expect(forgotten).toBe(0);
    const after = [1, 2, 3].map(() => intervals.advance(number, 8));
    expect([forgotten, intervals.generation]).toEqual([1, 1]);
    // Behind the launch's beginning, all of them others, and not that of the group which is still there.
    expect(after.every((tag) => tag > base)).toBe(true);
    expect(new Set([...after, kept]).size).toBe(4);
    expect(intervals.owner(kept)).toMatchObject({ block: [7, 0, 0] });
    expect(intervals.ofOneGroup(after[1]!, after[2]!, number)).toBe(true);
  });

  test("launches begin anew early, where nothing runs; those that have ended are nobody's", () => {
    const intervals = new Intervals(() => {});
    const first = running();
    const { number } = intervals.launch(first);
    const tag = intervals.advance(number, 1);
    intervals.ended(first);
    use(intervals, MAX_INTERVAL / 4);
    expect(intervals.owner(tag)).toMatchObject({ block: [1, 0, 0] });
    const { base } = intervals.launch(running());
    expect(base >>> TAG_SHIFT).toBe(1);
    expect(intervals.owner(tag)).toBe(null);
  });

  test("what an older order says of tags is not asked: all counts as ordered", () => {
    const intervals = new Intervals(() => {});
    const { number } = intervals.launch(running());
    const order = new Order(intervals, 1);
    const [writer, other] = [intervals.advance(number, 0), intervals.advance(number, 1)];
    expect(order.before(writer, other)).toBe(false);
    use(intervals, 0);
    intervals.advance(number, 2);
    expect(order.before(writer, other)).toBe(true);
  });
});

test("what one work-item lets go of is not what another of its group did in the same interval; behind a barrier it is", () => {
  const intervals = new Intervals(() => {});
  const { number } = intervals.launch(running());
  const order = new Order(intervals, 1);
  const [mine, reader] = [intervals.advance(number, 0), intervals.advance(number, 1)];
  order.synchronised(mine | 5, false, true);
  order.synchronised(reader, true, false);
  expect([order.before(mine | 5, reader), order.before(mine | 6, reader), order.before(mine | 5, reader | 1)]).toEqual([true, false, false]);
  const next = intervals.advance(number, 0);
  order.synchronised(next | 9, false, true);
  order.synchronised(reader, true, false);
  expect(order.before(mine | 6, reader)).toBe(true);
});

describe("processes", () => {
  /** A checker over memory of its own, of which pages are given out one behind the other. */
  function world(): { readonly checker: Checker; readonly table: (frames: readonly number[]) => PageTableView; readonly given: () => number } {
    const memory = new WebAssembly.Memory({ initial: 400 });
    let next = SHADOWED;
    const env: CodeEnv = {
      linear: { memory } as never,
      allocate: (bytes) => {
        const at = next;
        next += Math.ceil(bytes / SHADOWED) * SHADOWED;
        return at;
      },
      release: () => {},
    };
    const table = (frames: readonly number[]): PageTableView => {
      const at = env.allocate(4 * frames.length);
      const u32 = new Uint32Array(memory.buffer);
      frames.forEach((frame, i) => (u32[at / 4 + i] = frame * SHADOWED + 3));
      return { table: at, basePage: 16, pageCount: frames.length };
    };
    return { checker: new Checker(parseChecks(true), env, new Diagnostics(), () => 0), table, given: () => next };
  }
  const config = (pageTable: PageTableView): LaunchConfig => ({ pageTable, block: [1, 1, 1], grid: [1, 1, 1], globalSize: [1, 1, 1], globalOffset: [0, 0, 0], warpSize: 32, kernel: "k" }) as never;
  const facts = { ordersGroups: false, ordersItems: false, ordersWarps: false };

  test("one that has ended gives its shadow to others", () => {
    const { checker, table, given } = world();
    let after = 0;
    for (let pid = 1; pid < 8; pid++) {
      const process = checker.process(pid, "p");
      const view = table([200]);
      process.allocated(16 * SHADOWED, 64, "memory", false, 0);
      process.launch(config(view), facts).resume();
      expect(process.shadowOf(200)).not.toBe(0);
      checker.exited(pid);
      if (pid === 2) after = given();
    }
    // Pages for page tables only.
    expect(given() - after).toBe(5 * SHADOWED);
    expect(checker.current).toBe(null);
  });

  test("what one had in a page of memory is not what the next one has there", () => {
    const { checker, table } = world();
    const [one, two] = [checker.process(1, "one"), checker.process(2, "two")];
    const views = [table([200]), table([200])] as const;
    one.allocated(16 * SHADOWED, 64, "memory", true, 0);
    one.launch(config(views[0]), facts).resume();
    const before = one.shadowOf(200);
    two.allocated(16 * SHADOWED + 64, 64, "memory", false, 0);
    two.launch(config(views[1]), facts).resume();
    expect(checker.shadow.of(200)).toBe(0);
    const after = two.shadowOf(200);
    expect(after).not.toBe(before);
    expect([...checker.shadow.u8.subarray(after + 60, after + 68)]).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    expect(two.addressOf(200 * SHADOWED + 8)).toBe(16 * SHADOWED + 8);
    // And the first finds its own again.
    one.resume(views[0]);
    expect(one.shadowOf(200)).toBe(before);
  });

  test("memory that is given out again has no past", () => {
    const { checker, table } = world();
    const process = checker.process(1, "p");
    process.allocated(16 * SHADOWED, 64, "memory", false, 0);
    process.launch(config(table([200])), facts).resume();
    const at = process.shadowOf(200);
    const { u32 } = checker.shadow;
    for (const word of [plane.writer, plane.reader, plane.reader + 64]) u32[(at + word) / 4] = 12345;
    process.freed(16 * SHADOWED);
    process.allocated(16 * SHADOWED, 64, "memory", false, 0);
    expect([plane.writer, plane.reader, plane.reader + 64].map((word) => u32[(at + word) / 4])).toEqual([0, 0, 12345]);
  });

  test("what lies where scratch memory was is not known any more when that is given back", () => {
    const { checker, table } = world();
    const process = checker.process(1, "p");
    process.allocated(16 * SHADOWED, 64, "memory", false, 0);
    process.launch(config(table([200])), facts).resume();
    expect([process.shadowOf(200), process.shadowOf(300)].includes(0)).toBe(false);
    checker.envFor(1, "p").release(0);
    expect([checker.shadow.of(200) === 0, checker.shadow.of(300) === 0]).toEqual([false, true]);
  });

  test("what comes when its time has come, and what is known to be past", () => {
    const { checker, table } = world();
    const process = checker.process(1, "p");
    const [a, b] = [16 * SHADOWED, 16 * SHADOWED + 1024];
    let reached = false;
    for (const at of [a, b]) process.allocated(at, 64, "old", false, 0);
    for (const at of [a, b]) process.when(at, () => reached, () => process.freed(at));
    expect([a, b].map((at) => process.allocations.at(at)?.label)).toEqual(["old", "old"]);
    // The library gives one of them out at once: whatever was to come there is past.
    process.when(a, null, () => process.allocated(a, 64, "new", false, 0));
    reached = true;
    process.launch(config(table([200])), facts);
    expect([a, b].map((at) => process.allocations.at(at)?.label ?? null)).toEqual(["new", null]);
  });
});
