import { expect, expectTypeOf, test } from "vitest";
import { bindAsync, bindCoroutine, bindSync, ProcessEndedError, type Host } from "../../src/api/bind.ts";
import type { Caller } from "../../src/api/caller.ts";
import { Diagnostics } from "../../src/api/diagnostics.ts";
import { throwingFacade, tupleFacade, type FacadeSpec } from "../../src/api/facades.ts";
import { free, malloc } from "../../src/api/heap.ts";
import { out, type Out } from "../../src/api/out.ts";
import type { SyncApi, ThrowingApi, TupleApi } from "../../src/api/styles.ts";
import { LinearStore } from "../../src/gpu/linear.ts";
import { Kernel } from "../../src/kernel/machine.ts";
import type { Blocking } from "../../src/kernel/process/wait.ts";

const toy = {
  /** Answers at once. */
  half(_t: Caller, result: Out<number> | null, n: number): 0 | 1 {
    if (result === null || n % 2 !== 0) return 1;
    result.value = n / 2;
    return 0;
  },
  /** Takes a while. */
  *pause(t: Caller, ns: number): Blocking<0 | 1> {
    if (ns < 0) return 1;
    yield* t.sys.nanosleep(ns);
    return 0;
  },
};

const spec: FacadeSpec = {
  shape: (name) => (name === "half" ? { outs: [0], arity: 2 } : { outs: [], arity: 1 }),
  error: (name, code) => (code === 0 ? null : new Error(`${name} failed`)),
};

function host(): Host {
  const kernel = new Kernel(new LinearStore(2 ** 30));
  return { kernel, process: kernel.createProcess("p", null), diagnostics: new Diagnostics() };
}

test("synchronous style: types are exact, results at once, time passes", () => {
  const h = host();
  const api = bindSync(toy, h);
  expectTypeOf(api.half).toEqualTypeOf<(result: Out<number> | null, n: number) => 0 | 1>();
  expectTypeOf(api.pause).toEqualTypeOf<(ns: number) => 0 | 1>();
  const box = out<number>();
  expect(api.half(box, 8)).toBe(0);
  expect(box.value).toBe(4);
  expect(api.pause(5000)).toBe(0);
  expect(h.kernel.clock.now).toBeGreaterThanOrEqual(5000);
  const { half } = api;
  expect(half(null, 2)).toBe(1);
});

test("coroutine style: threads interleave at every call", () => {
  const h = host();
  const log: string[] = [];
  for (const name of ["a", "b"]) {
    h.kernel.createProcess(name, function* (process): Blocking<void> {
      const api = bindCoroutine(toy, { ...h, process });
      expectTypeOf(api.pause).toEqualTypeOf<(ns: number) => Blocking<0 | 1>>();
      for (let i = 0; i < 3; i++) {
        log.push(`${name}${i}`);
        yield* api.half(null, 1);
      }
    });
  }
  h.kernel.runUntilIdle();
  expect(log).toEqual(["a0", "b0", "a1", "b1", "a2", "b2"]);
});

test("asynchronous style: calls of one thread stay in order while other JavaScript runs", async () => {
  const h = host();
  const api = bindAsync(toy, h);
  const log: string[] = [];
  const first = api.pause(1000).then(() => log.push("first"));
  const second = api.pause(10).then(() => log.push("second"));
  log.push("here");
  await Promise.all([first, second]);
  expect(log).toEqual(["here", "first", "second"]);
});

test("tuple and throwing facades: out values instead of boxes, typed", () => {
  const api = bindSync(toy, host());
  const tuple = tupleFacade(api, spec) as TupleApi<typeof toy>;
  const throwing = throwingFacade(api, spec) as ThrowingApi<typeof toy>;
  expectTypeOf<TupleApi<typeof toy>["half"]>().toEqualTypeOf<(n: number) => readonly [0 | 1, number?]>();
  expectTypeOf<ThrowingApi<typeof toy>["half"]>().toEqualTypeOf<(n: number) => number>();
  expectTypeOf<ThrowingApi<typeof toy>["pause"]>().toEqualTypeOf<(ns: number) => void>();
  expectTypeOf<SyncApi<typeof toy>["half"]>().toBeFunction();
  expect(tuple.half(6)).toEqual([0, 3]);
  expect(tuple.half(7)).toEqual([1, undefined]);
  expect(throwing.half(6)).toBe(3);
  expect(() => throwing.half(7)).toThrow("half failed");
  expect(throwing.pause(1)).toBeUndefined();
});

test("calls after the process has ended say so", () => {
  const h = host();
  const api = bindSync(toy, h);
  h.kernel.kill(h.process);
  expect(() => api.pause(1)).toThrow(ProcessEndedError);
});

test("an out box that nothing wrote cannot be read", () => {
  expect(() => out<number>().value).toThrow(ReferenceError);
  expect(out(3).value).toBe(3);
});

test("malloc gives disjoint aligned memory; free takes back only what malloc gave", () => {
  const h = host();
  const api = bindSync({
    malloc: (t: Caller, n: number): number => malloc(t, n),
    free: (t: Caller, a: number): number => (free(t, a), 0),
  }, h);
  const blocks = [1, 64, 65, 1000, 1 << 19, (1 << 19) + 1, 5_000_000].map((n) => ({ n, at: api.malloc(n) }));
  for (const { n, at } of blocks) {
    expect(at % 64).toBe(0);
    h.process.mm.bytes(at, n, true)!.fill(n & 255);
  }
  for (const { n, at } of blocks) expect(h.process.mm.bytes(at, n, false)!.every((b) => b === (n & 255))).toBe(true);
  for (const { at } of blocks) api.free(at);
  expect(() => api.free(blocks[0]!.at)).toThrow(/no live block/);
  expect(api.malloc(0)).toBe(0);
  expect(api.free(0)).toBe(0);
});
