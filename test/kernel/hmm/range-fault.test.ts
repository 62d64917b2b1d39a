import { expect, test } from "vitest";
import { LinearStore } from "../../../src/gpu/linear.ts";
import { Errno } from "../../../src/kernel/errors.ts";
import { migrateVmaSetup } from "../../../src/kernel/hmm/migrate.ts";
import { hmmRangeFault, hmmRangeFaultUnlocked } from "../../../src/kernel/hmm/range-fault.ts";
import { AddressSpace } from "../../../src/kernel/mm/address-space.ts";
import { MmuIntervalNotifier } from "../../../src/kernel/mm/notifier.ts";
import { Rig } from "../drm/rig.ts";
import { P } from "./rig.ts";

function setup(): { mm: AddressSpace; at: number; notifier: MmuIntervalNotifier; look: (change?: object) => number } {
  const mm = new AddressSpace(new LinearStore(2 ** 30), 0);
  const place = mm.reserve(32 * P, P);
  const at = mm.mapAnonymous(place, 8 * P, 3, true, false);
  const notifier = new MmuIntervalNotifier(at, at + 16 * P, () => {});
  mm.intervals.insert(notifier);
  const look = (change: object = {}): number => hmmRangeFault(mm, { notifier, sequence: notifier.readBegin(), start: at, end: at + 2 * P, write: true, owner: null, pages: [], ...change }, () => false);
  return { mm, at, notifier, look };
}

test("a look-up, and each way that it is refused", () => {
  const { mm, at, notifier, look } = setup();
  expect(look()).toBe(0);
  expect(look({ start: at + 1 })).toBe(-Errno.EINVAL);
  expect(look({ end: at })).toBe(-Errno.EINVAL);
  expect(look({ end: at + 17 * P })).toBe(-Errno.EINVAL);
  expect(look({ start: at - P })).toBe(-Errno.EINVAL);
  expect(look({ start: at + 7 * P, end: at + 9 * P })).toBe(-Errno.EFAULT);
  mm.protect(at + P, P, 1);
  expect(look()).toBe(-Errno.EPERM);
  expect(look({ write: false })).toBe(0);
  mm.protect(at + P, P, 0);
  expect(look({ write: false })).toBe(-Errno.EFAULT);
  mm.protect(at + P, P, 3);
  expect(look({ sequence: notifier.readBegin() - 1 })).toBe(-Errno.EBUSY);
  expect(look()).toBe(0);
});

test("without the lock: it begins again while the range changes, and gives up in the end; a killed process gives up at once", () => {
  const { mm, at, notifier } = setup();
  let changes = 0;
  const look = (limit: number, ended = false): unknown => {
    changes = 0;
    // Each look at the backing changes the range, until the limit.
    return hmmRangeFaultUnlocked(mm, { notifier, start: at, end: at + P, write: false, owner: null }, () => {
      if (changes++ < limit) mm.notify(at, at + P, "protect");
      return false;
    }, () => ended);
  };
  expect(look(3)).toMatchObject({ pages: [{ device: false, writable: true }] });
  expect(look(Infinity)).toBe(-Errno.EBUSY);
  expect(look(0, true)).toBe(-Errno.EINTR);
  mm.unmap(at, P);
  expect(look(0)).toBe(-Errno.EFAULT);
});

test("a mapping of a device's memory is refused", () => {
  const rig = new Rig();
  const node = rig.process().open();
  const buffer = node.buffer(node.vm(), P);
  const { mm } = node.client.process;
  const notifier = new MmuIntervalNotifier(buffer.address, buffer.address + P, () => {});
  const range = { notifier, sequence: notifier.readBegin(), start: buffer.address, end: buffer.address + P, write: false, owner: null, pages: [] };
  expect(hmmRangeFault(mm, range, () => true)).toBe(-Errno.EINVAL);
  expect(hmmRangeFault(mm, range, () => false)).toBe(0);
});

test("a migration is set up for whole pages of one private mapping only", () => {
  const { mm, at } = setup();
  const shared = mm.mapAnonymous(0, P, 3, false, true);
  const setupOf = (start: number, end: number): unknown => migrateVmaSetup(mm, start, end, "system");
  expect(setupOf(at, at + 8 * P)).toMatchObject({ start: at });
  expect(setupOf(at + 1, at + P)).toBe(-Errno.EINVAL);
  expect(setupOf(at, at)).toBe(-Errno.EINVAL);
  expect(setupOf(at, at + 9 * P)).toBe(-Errno.EINVAL);
  expect(setupOf(at + 12 * P, at + 13 * P)).toBe(-Errno.EINVAL);
  expect(setupOf(shared, shared + P)).toBe(-Errno.EINVAL);
});
