import { expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import { IommuDomain } from "../../../src/kernel/iommu/domain.ts";

const P = 65536;
const make = (): IommuDomain => new IommuDomain({ trace: { enabled: false, emit: () => {} } }, 1);

test.each([[1, P, P, 3], [P, 1, P, 3], [P, P, P + 1, 3], [P, P, 0, 3], [P, P, P, 0]])("map(%d, %d, %d, %d) is -EINVAL", (iova, linear, bytes, prot) => {
  expect(make().map(iova, linear, bytes, prot)).toBe(-Errno.EINVAL);
});

test("over something mapped: -EEXIST, and nothing is mapped", () => {
  const domain = make();
  expect(domain.map(4 * P, P, 2 * P, 3)).toBe(0);
  for (const at of [3, 4, 5]) expect(domain.map(at * P, 9 * P, 2 * P, 3)).toBe(-Errno.EEXIST);
  expect(domain.map(6 * P, 9 * P, P, 3)).toBe(0);
  expect(domain.map(2 * P, 9 * P, 2 * P, 3)).toBe(0);
  expect(domain.mapped).toBe(5 * P);
});

test("unmap stops at the first hole and says how far it came", () => {
  const domain = make();
  domain.map(4 * P, 10 * P, 2 * P, 3);
  domain.map(7 * P, 20 * P, P, 3);
  expect(domain.unmap(4 * P, 4 * P)).toBe(2 * P);
  expect(domain.translate("d", 7 * P, false)).toBe(20 * P);
  expect(domain.unmap(4 * P, P)).toBe(0);
  expect(domain.unmap(7 * P + 1, P)).toBe(0);
});

test("a piece out of the middle", () => {
  const domain = make();
  domain.map(4 * P, 10 * P, 4 * P, 1);
  expect(domain.unmap(5 * P, P)).toBe(P);
  expect(domain.count).toBe(2);
  expect(domain.translate("d", 4 * P + 5, false)).toBe(10 * P + 5);
  expect(domain.translate("d", 5 * P, false)).toBe(-1);
  expect(domain.translate("d", 6 * P, false)).toBe(12 * P);
  expect(domain.covers(6 * P, 2 * P)).toBe(true);
  expect(domain.covers(4 * P, 2 * P)).toBe(false);
  domain.checkInvariants();
});

test("refused accesses are recorded, the latest 256 of them", () => {
  const domain = make();
  domain.map(P, P, P, 1);
  expect(domain.translate("0000:01:00.0", P, true)).toBe(-1);
  expect(domain.faults).toEqual([{ device: "0000:01:00.0", iova: P, write: true }]);
  for (let i = 0; i < 300; i++) domain.translate("d", i, false);
  expect(domain.faults.length).toBe(256);
});

test("caches are told of what goes, but for the one that did it", () => {
  const domain = make();
  const told: string[] = [];
  const cache = (name: string) => ({ invalidate: (iova: number, bytes: number): void => void told.push(`${name} ${iova / P} ${bytes / P}`) });
  const [a, b] = [cache("a"), cache("b")];
  domain.caches.add(a);
  domain.caches.add(b);
  domain.map(P, P, 3 * P, 3);
  domain.unmap(P, P, a);
  domain.unmap(2 * P, 5 * P);
  expect(told).toEqual(["b 1 1", "a 2 2", "b 2 2"]);
});
