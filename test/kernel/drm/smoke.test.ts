import { expect, test } from "vitest";
import { copy, fill, marker, Rig } from "./rig.ts";

test("a program opens the node, fills, copies, waits, and leaves nothing behind", () => {
  const rig = new Rig();
  const node = rig.process().open();
  const vm = node.vm();
  const a = node.buffer(vm, 100_000);
  const b = node.buffer(vm, 100_000, "system");
  const { queue, timeline } = node.queue(node.context(vm));
  node.exec(queue, fill(a.address, 100_000, [1, 2, 3, 4]));
  node.exec(queue, copy(b.address, a.address, 100_000));
  const point = node.exec(queue, marker);
  expect(point).toBe(3);
  rig.kernel.checkInvariants();
  expect(node.wait([{ syncobj: timeline, point }])).toEqual({ result: 0, error: 0 });
  expect([...b.bytes.subarray(0, 6)]).toEqual([1, 2, 3, 4, 1, 2]);
  expect(b.bytes[99_999]).toBe(4);
  rig.kernel.checkInvariants();
  node.client.process.terminate({ code: 0, signal: 0 });
  rig.kernel.checkInvariants();
  for (const [name, counts] of Object.entries(rig.kernel.objectCounts())) for (const [kind, n] of Object.entries(counts)) expect({ name, kind, n }).toEqual({ name, kind, n: 0 });
});
