import { expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import { FenceArray } from "../../../src/kernel/fence/array.ts";
import { chainFind, FenceChain, unwrapChain } from "../../../src/kernel/fence/chain.ts";
import { DmaFence, fenceIsLater, FenceRegistry } from "../../../src/kernel/fence/fence.ts";
import { DmaResv, Usage, usageFor } from "../../../src/kernel/fence/resv.ts";

const ports = { clock: { now: 100 }, trace: { enabled: false, emit: (): void => {} } };
const make = (): FenceRegistry => new FenceRegistry(ports);

test("errors: only negative errnos, only before signaling", () => {
  const fence = make().context("d", "t").emit();
  expect(() => fence.setError(5)).toThrow(/errno/);
  expect(() => fence.setError(-5000)).toThrow(/errno/);
  fence.setError(-Errno.EIO);
  expect(fence.status).toBe(0);
  expect(fence.signal()).toBe(0);
  expect(fence.status).toBe(-Errno.EIO);
  expect(() => fence.setError(-Errno.EIO)).toThrow(/before it signals/);
  expect(fence.signal()).toBe(-Errno.EINVAL);
});

test("a callback that signals another fence from inside, and one that looks at the fence", () => {
  const line = make().context("d", "t");
  const [a, b] = [line.emit(), line.emit()];
  const seen: string[] = [];
  a.addCallback({ fenceSignaled: (f) => { seen.push(`a ${f.signaled}`); b.signal(); } });
  a.addCallback({ fenceSignaled: () => void seen.push(`a again, b ${b.signaled}`) });
  b.addCallback({ fenceSignaled: () => void seen.push("b") });
  a.signal();
  expect(seen).toEqual(["a true", "b", "a again, b true"]);
});

test("only fences of one context are compared", () => {
  const registry = make();
  const [x, y] = [registry.context("d", "x"), registry.context("d", "y")];
  const [a, b] = [x.emit(), x.emit()];
  expect(fenceIsLater(b, a)).toBe(true);
  expect(() => fenceIsLater(a, y.emit())).toThrow(/one context/);
});

test("references are counted, and one too many is our own bug", () => {
  const registry = make();
  const fence = registry.context("d", "t").emit();
  fence.get();
  fence.put();
  expect(registry.live).toBe(1);
  fence.put();
  expect(registry.live).toBe(0);
  expect(() => fence.put()).toThrow(/as often as got/);
});

test("an operation that says it is over signals at once", () => {
  const line = make().context("d", "t");
  let asked = 0;
  const fence = new DmaFence(line, 1, { enableSignaling: () => { asked++; return false; } });
  expect(fence.addCallback({ fenceSignaled: () => {} })).toBe(-Errno.ENOENT);
  expect([asked, fence.signaled]).toEqual([1, true]);
});

test("an array over signaled members is signaled; an any-array keeps no callback", () => {
  const registry = make();
  const line = registry.context("d", "t");
  const [a, b] = [line.emit(), line.emit()];
  a.signal();
  const any = new FenceArray(registry.context("d", "any"), [a, b], "any");
  expect(any.fence.signaled).toBe(true);
  b.setError(-Errno.EIO);
  b.signal();
  expect(any.fence.error).toBe(0);
  expect(new FenceArray(registry.context("d", "all"), [a, b], "all").fence.status).toBe(-Errno.EIO);
});

test("a chain: find, and unwrap without what is over", () => {
  const registry = make();
  const [line, work] = [registry.context("d", "chain"), registry.context("d", "work")];
  const fences = [work.emit(), work.emit(), work.emit()];
  let last: FenceChain | null = null;
  for (const [i, fence] of fences.entries()) last = new FenceChain(line, last, fence, (i + 1) * 10);
  expect(chainFind(last, 0)).toBeNull();
  expect(chainFind(last, 31)).toBe(-Errno.EINVAL);
  expect((chainFind(last, 11) as FenceChain).seqno).toBe(20);
  fences[1]!.signal();
  expect((chainFind(last, 20) as FenceChain).fence.signaled).toBe(false);
  expect(unwrapChain(last)).toEqual([fences[0], fences[2]]);
  fences[0]!.signal();
  expect(chainFind(last, 20)).toBeNull();
});

test("a reservation: who waits for whom", () => {
  const registry = make();
  const resv = new DmaResv();
  const fences = Object.fromEntries(Object.entries(Usage).map(([name, usage]) => {
    const fence = registry.context("d", name).emit();
    resv.publish(fence, usage);
    return [name, fence];
  }));
  expect(resv.fences(usageFor(false))).toEqual([fences["kernel"], fences["write"]]);
  expect(resv.fences(usageFor(true))).toEqual([fences["kernel"], fences["write"], fences["read"]]);
  fences["kernel"]!.signal();
  fences["write"]!.signal();
  expect(resv.idle(usageFor(false))).toBe(true);
  expect(resv.idle(usageFor(true))).toBe(false);
  resv.clear();
  for (const fence of Object.values(fences)) fence.put();
  expect(registry.live).toBe(0);
});
