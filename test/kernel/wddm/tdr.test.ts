import { describe, expect, test } from "vitest";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { BugCheckError, Errno } from "../../../src/kernel/errors.ts";
import type { WddmOptions } from "../../../src/kernel/wddm/options.ts";
import { GRAPHICS_DRIVERS } from "../../../src/kernel/wddm/registry.ts";
import { fakeCode, launch } from "../../gpu/fake-code.ts";
import { fill, Rig, type Node } from "../drm/rig.ts";

const P = 65536;
const code = fakeCode({ endless: { instructions: Infinity }, long: { instructions: 1e8 }, short: { instructions: 1000 }, bad: { instructions: 1000, body: (g) => g.store(64, 1) } });
/** Hardware that cannot stop a launch in the middle: what hangs is found out by preemption. */
const coarse = { ...tiny, preemption: "dispatch" as const };

interface Program {
  readonly node: Node;
  readonly vm: number;
  readonly context: number;
  readonly queue: number;
  readonly timeline: number;
}

function machine(wddm: WddmOptions = {}, profile: typeof tiny = coarse): Rig {
  return new Rig({ os: "windows", gpus: [profile], wddm });
}

function program(rig: Rig, name: string): Program {
  const node = rig.process(name).open();
  const vm = node.vm();
  const context = node.context(vm);
  return { node, vm, context, ...node.queue(context) };
}

function fault(p: Program): string | undefined {
  return p.node.do("GLASS_CONTEXT_STATE", { context: p.context, fault: null }).fault?.reason;
}

function wait(p: Program, point: number): number {
  return p.node.wait([{ syncobj: p.timeline, point }]).error;
}

describe("timeout detection and recovery", () => {
  test("a hang is found out after TdrDelay; the engine is reset and only its device is lost", () => {
    const rig = machine();
    const [guilty, other] = [program(rig, "guilty"), program(rig, "other")];
    const start = rig.kernel.clock.now;
    guilty.node.exec(guilty.queue, launch(code, "endless", 1, 32));
    const theirs = other.node.exec(other.queue, launch(code, "short", 2, 32));
    expect(wait(guilty, 1)).toBe(-Errno.ECANCELED);
    expect(rig.kernel.clock.now - start).toBeGreaterThanOrEqual(2e9);
    expect(rig.kernel.clock.now - start).toBeLessThan(2.2e9);
    expect(fault(guilty)).toBe("timeout");
    expect(wait(other, theirs)).toBe(0);
    expect(fault(other)).toBeUndefined();
    expect(rig.gpus[0]!.wddm!.tdr.statistics).toMatchObject({ engineResets: 1, adapterResets: 0, devicesRemoved: 1 });
    rig.kernel.checkInvariants();
  });

  test("what ends within TdrDelay is no timeout, however long it took; and what can be preempted never is", () => {
    for (const profile of [coarse, tiny]) {
      const rig = machine({}, profile);
      const [a, b] = [program(rig, "a"), program(rig, "b")];
      a.node.exec(a.queue, launch(code, "long", 8, 32));
      b.node.exec(b.queue, launch(code, "long", 8, 32));
      expect([wait(a, 1), wait(b, 1)]).toEqual([0, 0]);
      expect(rig.gpus[0]!.wddm!.tdr.statistics.engineResets).toBe(0);
      if (profile === tiny) expect(rig.gpus[0]!.wddm!.nodes[0]!.statistics.preemptions).toBeGreaterThan(0);
    }
  });

  test("TdrDelay and TdrLevel come from the registry, at boot or from a program", () => {
    const rig = machine({ registry: { TdrDelay: 7 } });
    const p = program(rig, "p");
    expect(p.node.client.sys.readFile(`${GRAPHICS_DRIVERS}\\TdrDelay`)).toBe("7");
    expect(p.node.client.sys.readFile(`${GRAPHICS_DRIVERS}\\TdrDdiDelay`)).toBe(-Errno.ENOENT);
    expect(p.node.client.sys.readdir(GRAPHICS_DRIVERS)).toEqual(expect.arrayContaining([]));
    expect(p.node.client.sys.writeFile(`${GRAPHICS_DRIVERS}\\TdrDelay`, "4")).toBe(1);
    expect(p.node.client.sys.writeFile(`${GRAPHICS_DRIVERS}\\TdrDelay`, "soon")).toBe(-Errno.EINVAL);
    const start = rig.kernel.clock.now;
    p.node.exec(p.queue, launch(code, "endless", 1, 32));
    expect(wait(p, 1)).toBe(-Errno.ECANCELED);
    expect(Math.round((rig.kernel.clock.now - start) / 1e9)).toBe(4);
    expect(() => machine({ registry: { TdrDelay: -1 } })).toThrow(RangeError);
  });

  test("TdrLevel 0 and TdrDebugMode 1 watch nothing; TdrLevel 1 stops the machine", () => {
    for (const registry of [{ TdrLevel: 0 }, { TdrDebugMode: 1 }]) {
      const rig = machine({ registry });
      const p = program(rig, "p");
      p.node.exec(p.queue, launch(code, "endless", 1, 32));
      const start = rig.kernel.clock.now;
      // Only the machine's own limit ends it.
      expect(wait(p, 1)).toBe(-Errno.ETIME);
      expect(rig.kernel.clock.now - start).toBeGreaterThan(9e9);
    }
    const rig = machine({ registry: { TdrLevel: 1 } });
    const p = program(rig, "p");
    p.node.exec(p.queue, launch(code, "endless", 1, 32));
    expect(() => wait(p, 1)).toThrow(BugCheckError);
  });

  test("without engine reset the adapter is reset: every device is lost, video memory with them, and new ones work", () => {
    const rig = machine({ engineReset: false });
    const [guilty, other] = [program(rig, "guilty"), program(rig, "other")];
    const theirs = other.node.buffer(other.vm, P);
    other.node.exec(other.queue, fill(theirs.address, P, [7]));
    expect(wait(other, 1)).toBe(0);
    expect(theirs.bytes[5]).toBe(7);
    guilty.node.exec(guilty.queue, launch(code, "endless", 1, 32));
    expect(wait(guilty, 1)).toBe(-Errno.ECANCELED);
    expect([fault(guilty), fault(other)]).toEqual(["timeout", "device-lost"]);
    expect(theirs.bytes[5]).toBe(0);
    expect(other.node.raw("GLASS_EXEC", other.node.args(other.queue, launch(code, "short", 1, 32)))).toBe(-Errno.ECANCELED);
    const fresh = { ...other, ...other.node.queue(other.node.context(other.vm)) };
    fresh.node.exec(fresh.queue, launch(code, "short", 1, 32));
    expect(wait(fresh, 1)).toBe(0);
    expect(rig.gpus[0]!.wddm!.tdr.statistics).toMatchObject({ engineResets: 0, adapterResets: 1, devicesRemoved: 2 });
    rig.kernel.checkInvariants();
  });

  test("the sixth adapter reset within a minute stops the machine, and every later call says so; spread out they do not", () => {
    const hang = (rig: Rig, p: Program): void => {
      const fresh = { ...p, ...p.node.queue(p.node.context(p.vm)) };
      fresh.node.exec(fresh.queue, launch(code, "endless", 1, 32));
      expect(wait(fresh, 1)).toBe(-Errno.ECANCELED);
      rig.run();
    };
    const rig = machine({ engineReset: false });
    const p = program(rig, "p");
    for (let i = 0; i < 5; i++) hang(rig, p);
    expect(() => hang(rig, p)).toThrow(/0x116/);
    expect(() => rig.run()).toThrow(BugCheckError);
    expect(() => p.node.client.drive(p.node.client.sys.nanosleep(1))).toThrow(BugCheckError);
    const calm = machine({ engineReset: false });
    const q = program(calm, "q");
    for (let i = 0; i < 8; i++) {
      hang(calm, q);
      calm.kernel.events.advance(calm.kernel.clock.now + 15e9);
    }
    expect(calm.gpus[0]!.wddm!.tdr.statistics.adapterResets).toBe(8);
    // TdrDebugMode 3 knows no limit.
    const forgiving = machine({ engineReset: false, registry: { TdrDebugMode: 3 } });
    const r = program(forgiving, "r");
    for (let i = 0; i < 7; i++) hang(forgiving, r);
  });

  test("engine resets do not count, and a reset that takes longer than TdrDdiDelay stops the machine", () => {
    const rig = machine();
    const p = program(rig, "p");
    for (let i = 0; i < 8; i++) {
      const fresh = { ...p, ...p.node.queue(p.node.context(p.vm)) };
      fresh.node.exec(fresh.queue, launch(code, "endless", 1, 32));
      expect(wait(fresh, 1)).toBe(-Errno.ECANCELED);
    }
    const slow = machine({ resetNs: 5.1e9 });
    const q = program(slow, "q");
    q.node.exec(q.queue, launch(code, "endless", 1, 32));
    expect(() => wait(q, 1)).toThrow(/TdrDdiDelay/);
  });

  test("an invalid address loses the device of the program that used it, no other", () => {
    const rig = machine({}, tiny);
    const [guilty, other] = [program(rig, "guilty"), program(rig, "other")];
    const work = other.node.exec(other.queue, launch(code, "long", 4, 32));
    guilty.node.exec(guilty.queue, launch(code, "bad", 1, 32));
    expect(wait(guilty, 1)).toBe(-Errno.EIO);
    expect(wait(other, work)).toBe(0);
    expect([fault(guilty), fault(other)]).toEqual(["fault", undefined]);
  });

  test("a killed program's packets go, wherever they are", () => {
    const rig = machine({}, tiny);
    const [dead, other] = [program(rig, "dead"), program(rig, "other")];
    for (let i = 0; i < 3; i++) dead.node.exec(dead.queue, launch(code, "endless", 1, 32));
    const work = other.node.exec(other.queue, launch(code, "long", 4, 32));
    rig.kernel.events.advance(rig.kernel.clock.now + 5e6);
    rig.kernel.kill(dead.node.client.process);
    expect(wait(other, work)).toBe(0);
    rig.run();
    rig.kernel.checkInvariants();
    expect(rig.kernel.objectCounts()["wddm0"]).toMatchObject({ packets: 0 });
  });

  test("there is no /proc, no /sys and no debugfs", () => {
    const sys = program(machine(), "p").node.client.sys;
    for (const path of ["/proc", "/proc/self/fdinfo", "/sys", "/sys/class/drm", "/sys/kernel/debug/dri"]) expect(sys.readdir(path)).toBe(-Errno.ENOENT);
    expect(sys.readFile("/proc/self/status")).toBe(-Errno.ENOENT);
  });
});
