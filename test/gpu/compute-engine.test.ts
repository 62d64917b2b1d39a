import { beforeEach, expect, test } from "vitest";
import { DeviceFault } from "../../src/compiler/abi.ts";
import { Bench } from "./bench-ports.ts";
import { fakeCode, live } from "./fake-code.ts";

/** Executions that earlier tests of this thread left. */
let before = 0;
beforeEach(() => {
  before = live.executions;
});

test("small launches of several queues run at the same time", () => {
  const bench = new Bench();
  const code = fakeCode({ k: { instructions: 1e6 } });
  bench.engine.submit(bench.work("a", code, 1));
  bench.engine.submit(bench.work("b", code, 1));
  bench.run();
  expect(bench.time("start b")).toBe(bench.time("start a"));
  expect(bench.time("start b")).toBeLessThan(bench.time("end a"));
  expect(live.executions).toBe(before);
  expect(bench.store.counts().scratch).toBe(0);
});

test("a launch that fills the GPU makes the next wait, and an empty one takes one event", () => {
  const bench = new Bench();
  const code = fakeCode({ k: { instructions: 1e5 } });
  bench.engine.submit(bench.work("full", code, 4, 1024));
  bench.engine.submit(bench.work("next", code, 4, 1024));
  expect(bench.events.size).toBe(1);
  bench.run();
  expect(bench.time("start next")).toBeGreaterThan(bench.time("end full"));
  expect(bench.events.ran).toBe(2);
});

test("twice the work takes twice the time; twice the groups on idle multiprocessors do not", () => {
  const time = (instructions: number, blocks: number): number => {
    const bench = new Bench();
    bench.engine.submit(bench.work("a", fakeCode({ k: { instructions } }), blocks, 1024));
    bench.run();
    return bench.time("end a") - bench.time("start a");
  };
  expect(time(2e6, 1) / time(1e6, 1)).toBeCloseTo(2, 1);
  expect(time(1e6, 2) / time(1e6, 1)).toBeCloseTo(1, 1);
  expect(time(1e6, 8) / time(1e6, 2)).toBeCloseTo(4, 1);
});

test("memory traffic bounds a kernel that computes little", () => {
  const time = (bytes: number): number => {
    const bench = new Bench();
    bench.engine.submit(bench.work("a", fakeCode({ k: { instructions: 10, bytes } }), 64, 256));
    bench.run();
    return bench.time("end a") - bench.time("start a");
  };
  expect(time(2e6) / time(1e6)).toBeCloseTo(2, 1);
  expect(time(1e6)).toBeGreaterThan(((64 * 1e6) / 32e9) * 1e9 * 0.99);
});

test("a more urgent launch gets freed multiprocessors first, before the rest of the old one", () => {
  const bench = new Bench();
  const long = fakeCode({ k: { instructions: 1e6 } });
  bench.engine.submit(bench.work("long", long, 100, 1024));
  bench.events.runNext();
  bench.engine.submit(bench.work("peer", long, 4, 1024));
  bench.engine.submit(bench.work("urgent", long, 4, 1024, { urgency: -1 }));
  bench.run();
  expect(bench.time("end urgent")).toBeLessThan(bench.time("end long"));
  expect(bench.time("start urgent")).toBeLessThan(bench.time("start peer"));
  expect(bench.time("end long")).toBeLessThan(bench.time("end peer"));
});

test("equally urgent launches may go in any order, and the choice point decides", () => {
  const order = (pick: number): string[] => {
    const bench = new Bench({ strategy: { pick: (n) => Math.min(pick, n - 1) } });
    const code = fakeCode({ k: { instructions: 1e5 } });
    for (const label of ["a", "b", "c"]) bench.engine.submit(bench.work(label, code, 4, 1024));
    bench.run();
    return bench.log.filter((e) => e.what.startsWith("start")).map((e) => e.what.slice(6));
  };
  expect(order(0)).toEqual(["a", "b", "c"]);
  expect(order(1)).toEqual(["a", "c", "b"]);
});

test("a cooperative launch waits until all of its groups fit", () => {
  const bench = new Bench();
  const code = fakeCode({ k: { instructions: 1e6 } });
  bench.engine.submit(bench.work("first", code, 1, 1024));
  bench.engine.submit(bench.work("all", code, 4, 1024, { cooperative: true }));
  bench.engine.submit(bench.work("later", code, 1, 1024));
  bench.run();
  expect(bench.time("start all")).toBeGreaterThan(bench.time("end first"));
  expect(bench.time("start later")).toBeGreaterThan(bench.time("start all"));
});

test("an endless loop meets its limit, soon in real time, and others run beside it", () => {
  const bench = new Bench();
  bench.engine.submit(bench.work("endless", fakeCode({ k: { instructions: Infinity } }), 1));
  bench.engine.submit(bench.work("other", fakeCode({ k: {} }), 4));
  bench.run();
  expect(bench.outcome("other")).toBe("done");
  expect(bench.outcome("endless")).toBe("timeout");
  const took = bench.time("end endless") - bench.time("start endless");
  expect(took).toBeGreaterThanOrEqual(2e9 - 3000);
  expect(took).toBeLessThan(3e9);
  // 2^29 instructions of patience and what comes after, in slices of 2^21.
  expect(bench.events.ran).toBeLessThan(600);
});

test("an endless loop over the whole GPU too, though its instructions take no time", () => {
  const bench = new Bench({ profile: { multiprocessors: 108 } });
  bench.engine.submit(bench.work("endless", fakeCode({ k: { instructions: Infinity } }), 216, 1024));
  bench.run();
  expect(bench.outcome("endless")).toBe("timeout");
  expect(bench.events.ran).toBeLessThan(600);
});

test("a long kernel that makes progress is not hurried", () => {
  const bench = new Bench({ limits: { hangPatience: 2 ** 22 } });
  bench.engine.submit(bench.work("steady", fakeCode({ k: { instructions: 2 ** 22 - 1 } }), 400, 1024));
  bench.run();
  expect(bench.outcome("steady")).toBe("done");
  const counted = (400 * (2 ** 22 - 1)) / (2 * 64);
  expect((bench.time("end steady") - bench.time("start steady")) / counted).toBeCloseTo(1, 1);
});

test("groups that only wait back off, and go on soon after what they wait for has come", () => {
  const bench = new Bench();
  let flag = false;
  bench.engine.submit(bench.work("spin", fakeCode({ k: { stalled: () => !flag } }), 1));
  bench.events.at(300_000, () => (flag = true), "host");
  bench.run();
  expect(bench.outcome("spin")).toBe("done");
  expect(bench.time("end spin")).toBeGreaterThan(300_000);
  expect(bench.time("end spin")).toBeLessThan(700_000);
  expect(bench.events.ran).toBeLessThan(20);
});

test("a wait that is expensive to look at meets its limit in few looks; what ends a stall starts the count anew", () => {
  const bench = new Bench();
  bench.engine.submit(bench.work("spin", fakeCode({ k: { stalled: () => true, stallCost: 2 ** 21 } }), 1));
  bench.run();
  expect(bench.outcome("spin")).toBe("timeout");
  expect(bench.events.ran).toBeLessThan(100);
  // A kernel that answers a host again and again is not slowed down more each time.
  const pong = new Bench();
  let rounds = 0;
  let waiting = false;
  pong.engine.submit(pong.work("pong", fakeCode({ k: { instructions: 1e6, stalled: () => waiting, stallCost: 2 ** 21, body: () => { waiting = ++rounds < 100; if (waiting) pong.events.at(pong.clock.now + 3000, () => (waiting = false), "host"); } } }), 100));
  pong.run();
  expect(pong.outcome("pong")).toBe("done");
  expect(pong.time("end pong")).toBeLessThan(100 * 500_000);
});

test("without a watchdog the machine's limit holds", () => {
  const bench = new Bench({ profile: { jobTimeoutNs: 0 }, limits: { hangLimitNs: 5e6 } });
  bench.engine.submit(bench.work("spin", fakeCode({ k: { stalled: () => true } }), 1));
  bench.run();
  expect(bench.outcome("spin")).toBe("timeout");
  expect(bench.time("end spin")).toBeLessThan(7e6);
});

test("a fault ends its launch alone and says why", () => {
  const bench = new Bench();
  const code = fakeCode({ k: { body: (group) => group.store(4096, 1) } });
  bench.engine.submit(bench.work("bad", code, 3));
  bench.engine.submit(bench.work("good", fakeCode({ k: {} }), 3));
  bench.run();
  expect(bench.outcome("bad")).toBe("fault");
  expect(bench.log.find((e) => e.what === "end bad")?.fault).toMatchObject({ kind: "illegal-address", site: { line: 7 } });
  expect(bench.outcome("good")).toBe("done");
  expect(live.executions).toBe(before);
});

test("no room for scratch memory is the launch's fault, not ours", () => {
  const bench = new Bench();
  const code = fakeCode({ k: {} });
  const work = bench.work("big", code, 1);
  bench.engine.submit({ ...work, loaded: { start: () => { bench.store.allocate(2 ** 34); throw new Error("unreachable"); } } });
  bench.run();
  expect(bench.log.find((e) => e.what === "end big")?.fault).toBeInstanceOf(DeviceFault);
  expect(bench.log.find((e) => e.what === "end big")?.fault?.kind).toBe("out-of-memory");
});

test("abort works on a running launch and on a waiting one, and gives their room to others", () => {
  const bench = new Bench();
  const code = fakeCode({ k: { instructions: 1e7 } });
  const running = bench.work("running", code, 4, 1024);
  const waiting = bench.work("waiting", code, 4, 1024);
  bench.engine.submit(running);
  bench.engine.submit(waiting);
  bench.engine.submit(bench.work("last", code, 4, 1024));
  bench.engine.abort(waiting);
  bench.engine.abort(running);
  expect(bench.outcome("running")).toBe("killed");
  expect(bench.outcome("waiting")).toBe("killed");
  bench.run();
  expect(bench.outcome("last")).toBe("done");
  expect(bench.engine.load).toBe(0);
});

test("contexts that do not share take turns of a time slice, and the switch is counted", () => {
  const bench = new Bench({ profile: { timesliceNs: 100_000 } });
  const a = { lastTurn: 0 };
  const b = { lastTurn: 0 };
  const code = fakeCode({ k: { instructions: 1e6 } });
  bench.engine.submit(bench.work("a", code, 200, 1024, { group: a }));
  bench.engine.submit(bench.work("b", code, 200, 1024, { group: b }));
  bench.run();
  expect(bench.time("start b")).toBeGreaterThanOrEqual(100_000);
  expect(bench.time("start b")).toBeLessThan(bench.time("end a"));
  expect(bench.engine.turns.preemptions).toBeGreaterThan(4);
});

test("contexts that share do not", () => {
  const bench = new Bench({ profile: { contextsShareMultiprocessors: true } });
  const code = fakeCode({ k: { instructions: 1e6 } });
  bench.engine.submit(bench.work("a", code, 1, 32, { group: { lastTurn: 0 } }));
  bench.engine.submit(bench.work("b", code, 1, 32, { group: { lastTurn: 0 } }));
  bench.run();
  expect(bench.time("start b")).toBe(bench.time("start a"));
  expect(bench.engine.turns.preemptions).toBe(0);
});

test("hardware that cannot stop a launch lets it end before another context's", () => {
  const bench = new Bench({ profile: { timesliceNs: 1000, preemption: "dispatch" } });
  const code = fakeCode({ k: { instructions: 1e6 } });
  bench.engine.submit(bench.work("a", code, 200, 1024, { group: { lastTurn: 0 } }));
  bench.engine.submit(bench.work("b", code, 1, 1024, { group: { lastTurn: 0 }, urgency: -1 }));
  bench.run();
  expect(bench.time("start b")).toBeGreaterThan(bench.time("end a"));
  expect(bench.engine.turns.preemptions).toBe(0);
});

test("a more urgent context takes over in the middle", () => {
  const bench = new Bench();
  const code = fakeCode({ k: { instructions: 1e6 } });
  bench.engine.submit(bench.work("a", code, 200, 1024, { group: { lastTurn: 0 } }));
  bench.engine.submit(bench.work("b", code, 1, 1024, { group: { lastTurn: 0 }, urgency: -1 }));
  bench.run();
  expect(bench.time("end b")).toBeLessThan(bench.time("end a"));
  expect(bench.engine.turns.preemptions).toBe(1);
});
