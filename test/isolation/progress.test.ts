import { describe, expect, test } from "vitest";
import * as cu from "../../src/cuda/abi/driver/constants.ts";
import { apis, cudaApi, RESIDENT } from "./progress-host.ts";

/** Kernels that wait go on or meet the watchdog, as on hardware: work-groups that are on the GPU make progress together, work-groups that found no room begin when others end. */

describe.each(apis)("$name", ({ open }) => {
  test("an endless loop meets the watchdog, after its time and not before", () => {
    const api = open();
    api.start("endless", 3, 32, api.buffer(1));
    api.sleep(1e9);
    expect(api.wait()).toBe("timeout");
    expect(api.machine.kernel.clock.now).toBeGreaterThanOrEqual(2e9);
    api.machine.checkInvariants();
    api.machine.dispose();
  });

  test.each([[2, 1], [RESIDENT, 1], [100, 1], [4, 32], [20, 64]])("a lock between %i work-groups of %i, all of which count under it", (groups, items) => {
    const api = open();
    const [lock, count] = [api.buffer(1), api.buffer(1)];
    api.start("locked", groups, items, lock, count, 5);
    expect(api.wait()).toBe("done");
    expect([lock.read(), count.read()]).toEqual([[0], [groups * items * 5]]);
    api.machine.checkInvariants();
    api.machine.dispose();
  });

  test("a lock that nobody gives back meets the watchdog", () => {
    const api = open();
    const door = api.mapped(2);
    door.words[0] = 1;
    api.start("locked", 4, 1, door, api.buffer(1), 1);
    expect(api.wait()).toBe("timeout");
    api.machine.dispose();
  });

  test("a persistent kernel answers the host's questions until it is sent away", () => {
    const api = open();
    const [door, answer] = [api.mapped(1), api.mapped(2)];
    api.start("served", 1, 1, door, answer);
    for (const question of [7, 12, 255, 3]) {
      door.words[0] = question;
      for (let i = 0; i < 1000 && answer.words[0] !== question; i++) api.sleep(10_000);
      expect(answer.words[0]).toBe(question);
      expect(answer.words[1]).toBe(question * question);
    }
    door.words[0] = 0xffffffff;
    expect(api.wait()).toBe("done");
    api.machine.checkInvariants();
    api.machine.dispose();
  });

  test("a persistent kernel that is never sent away meets the watchdog", () => {
    const api = open();
    api.start("served", 1, 1, api.mapped(1), api.mapped(2));
    expect(api.wait()).toBe("timeout");
    api.machine.dispose();
  });

  test.each([1, 2, 7, RESIDENT])("a barrier of all %i work-groups, which fit on the GPU", (groups) => {
    const api = open();
    const [arrived, data, seen] = [api.buffer(1), api.buffer(groups), api.buffer(groups)];
    api.start("meeting", groups, 32, arrived, data, seen);
    expect(api.wait()).toBe("done");
    expect(seen.read()).toEqual(Array.from({ length: groups }, (_, i) => 100 + ((i + 1) % groups)));
    api.machine.dispose();
  });

  test("a barrier of one work-group more than fits is never passed", () => {
    const api = open();
    const groups = RESIDENT + 1;
    api.start("meeting", groups, 32, api.buffer(1), api.buffer(groups), api.buffer(groups));
    expect(api.wait()).toBe("timeout");
    api.machine.checkInvariants();
    api.machine.dispose();
  });
});

test("CUDA: a cooperative launch of as many blocks as fit passes the barrier; one of more is refused", () => {
  const api = cudaApi();
  const [arrived, data, seen] = [api.buffer(1), api.buffer(RESIDENT + 1), api.buffer(RESIDENT + 1)];
  expect(api.startCooperative("meeting", RESIDENT + 1, 32, arrived, data, seen)).toBe(cu.CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
  // What is on the GPU already ends first: all blocks of a cooperative launch begin together.
  const [lock, count] = [api.buffer(1), api.buffer(1)];
  api.start("locked", 12, 32, lock, count, 3);
  expect(api.startCooperative("meeting", RESIDENT, 32, arrived, data, seen)).toBe(0);
  expect(api.wait()).toBe("done");
  expect(count.read()).toEqual([12 * 32 * 3]);
  expect(seen.read().slice(0, RESIDENT)).toEqual(Array.from({ length: RESIDENT }, (_, i) => 100 + ((i + 1) % RESIDENT)));
  api.machine.dispose();
});
