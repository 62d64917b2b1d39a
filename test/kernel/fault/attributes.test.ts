import { describe, expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import { MAP_ANONYMOUS, MAP_PRIVATE, O_RDWR, PROT_READ, PROT_WRITE } from "../../../src/kernel/sys/sys.ts";
import { userCredentials } from "../../../src/kernel/process/cred.ts";
import { createMachine, type MachineOptions } from "../../../src/machine.ts";

const NODE = "/dev/dri/renderD128";
const DEBUG = "/sys/kernel/debug";

function start(faults: MachineOptions["faults"] = {}, more: MachineOptions = {}) {
  const machine = createMachine({ gpus: ["tiny"], faults, ...more });
  const { sys } = machine.process("test");
  const map = (): number => sys.mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  /** Which of the next n maps fail. */
  const failing = (n: number): number[] => Array.from({ length: n }, (_, i) => [i + 1, map()] as const).filter(([, result]) => result < 0).map(([i]) => i);
  return { machine, sys, map, failing };
}

describe("attributes, as fault-injection.rst has them", () => {
  test("nothing is asked for: nothing fails, nothing is chosen", () => {
    const { machine, failing } = start();
    expect(machine.kernel.faults.active).toBe(false);
    expect(failing(5)).toEqual([]);
    expect(machine.kernel.choices.count).toBe(0);
  });

  test("times 1 is the default; -1 is no limit", () => {
    const { failing, sys, machine } = start({ failslab: { probability: 100 } });
    expect(failing(4)).toEqual([1]);
    expect(machine.kernel.faults.active).toBe(false);
    sys.writeFile(`${DEBUG}/failslab/times`, "2\n");
    expect(failing(4)).toEqual([1, 2]);
    sys.writeFile(`${DEBUG}/failslab/times`, "-1\n");
    expect(failing(4)).toEqual([1, 2, 3, 4]);
  });

  test("interval", () => {
    expect(start({ failslab: { probability: 100, times: -1, interval: 3 } }).failing(7)).toEqual([3, 6]);
  });

  test("space is used up by what is asked for", () => {
    const { failing } = start({ fail_page_alloc: { probability: 100, times: -1, space: 3 * 65536 } });
    expect(failing(5)).toEqual([3, 4, 5]);
  });

  test("a boot option is interval, probability, space, times", () => {
    expect(start({ failslab: "2,100,0,-1" }).failing(5)).toEqual([2, 4]);
  });

  test.each([{ failslab: "1,2" }, { failslab: { probability: 101 } }, { failslab: { times: -2 } }, { nothing: {} }, { functions: { x: -1 } }, { functions: { GLASS_GEM_CREATE: 5 } }])("%j is refused", (faults) => {
    expect(() => start(faults as MachineOptions["faults"])).toThrow(RangeError);
  });

  test("a probability asks the choice point, and replays", () => {
    const options = { failslab: { probability: 40, times: -1 } };
    const first = start(options, { seed: 7 });
    const failed = first.failing(40);
    expect(failed.length).toBeGreaterThan(8);
    expect(failed.length).toBeLessThan(25);
    expect(start(options, { replay: first.machine.replay() }).failing(40)).toEqual(failed);
    expect(start(options).failing(40), "the natural course has no faults").toEqual([]);
  });

  test("\"choice\" is two alternatives, for explorers", () => {
    const asked: [number, string][] = [];
    const { failing } = start({ failslab: { probability: "choice", times: -1 } }, { strategy: { pick: (n, label) => (asked.push([n, label]), asked.length % 2) } });
    expect(failing(4)).toEqual([1, 3]);
    expect(new Set(asked.map(([n, label]) => `${n} ${label}`))).toEqual(new Set(["2 whether failslab fails"]));
  });

  test("task-filter: only tasks with make-it-fail", () => {
    const { machine, sys, map } = start({ failslab: { probability: 100, times: -1, taskFilter: true } });
    const other = machine.process("other");
    expect(map()).toBeGreaterThan(0);
    expect(sys.writeFile(`/proc/${other.sys.pid}/make-it-fail`, "1\n")).toBeGreaterThan(0);
    expect(map()).toBeGreaterThan(0);
    expect(other.sys.open(NODE, O_RDWR)).toBe(-Errno.ENOMEM);
    sys.writeFile(`${DEBUG}/failslab/probability`, "0");
    expect(other.sys.readFile(`/proc/self/make-it-fail`)).toBe("1\n");
    const child = other.sys.fork(null);
    expect(sys.readFile(`/proc/${child}/make-it-fail`), "a child has it from its parent").toBe("1\n");
  });
});

describe("/proc/<pid>/fail-nth", () => {
  test("the n-th call fails, once; reading tells how far it is", () => {
    const { sys, failing, map } = start();
    expect(sys.writeFile(`/proc/${sys.pid}/fail-nth`, "5\n")).toBe(2);
    expect(map()).toBeGreaterThan(0);
    // Reading takes memory too.
    const left = sys.readFile(`/proc/${sys.pid}/fail-nth`);
    expect(left).toBe("2\n");
    expect(failing(4)).toEqual([1]);
    expect(sys.readFile(`/proc/${sys.pid}/task/${sys.tid}/fail-nth`)).toBe("0\n");
  });

  test("is of one task", () => {
    const { machine, sys, failing } = start();
    const other = machine.process("other");
    other.sys.writeFile("/proc/self/fail-nth", "1");
    expect(failing(3)).toEqual([]);
    expect(sys.readFile(`/proc/${other.sys.pid}/fail-nth`)).toBe("1\n");
    expect(other.sys.eventfd(0, 0)).toBe(-Errno.ENOMEM);
  });

  test.each(["-1", "x", ""])("%j is -EINVAL", (text) => {
    const { sys } = start();
    expect(sys.writeFile(`/proc/${sys.pid}/fail-nth`, text)).toBe(-Errno.EINVAL);
  });

  test("belongs to the process's user; make-it-fail needs CAP_SYS_RESOURCE", () => {
    const { machine, sys } = start();
    const user = machine.process("user", { cred: userCredentials(1000) });
    expect(user.sys.writeFile(`/proc/${sys.pid}/fail-nth`, "1")).toBe(-Errno.EACCES);
    expect(user.sys.writeFile("/proc/self/make-it-fail", "1")).toBe(-Errno.EPERM);
    expect(user.sys.writeFile("/proc/self/fail-nth", "1")).toBe(1);
  });
});

describe("debugfs", () => {
  test("every capability has its files", () => {
    const { sys } = start();
    expect(sys.readdir(`${DEBUG}/failslab`)).toEqual(["injected", "interval", "probability", "space", "task-filter", "times", "verbose"]);
    expect(["fail_page_alloc", "fail_usercopy", "fail_futex", "fail_function", "fail_fd", "fail_gpu_alloc", "fail_dma", "fail_fence", "fail_irq", "fail_bus"].every((name) => Array.isArray(sys.readdir(`${DEBUG}/${name}`)))).toBe(true);
    expect(sys.readFile(`${DEBUG}/failslab/times`)).toBe("1\n");
    expect(sys.readFile(`${DEBUG}/failslab/task-filter`)).toBe("N\n");
    expect(sys.writeFile(`${DEBUG}/failslab/task-filter`, "Y")).toBe(1);
    expect(sys.readFile(`${DEBUG}/failslab/task-filter`)).toBe("Y\n");
    expect(sys.writeFile(`${DEBUG}/failslab/probability`, "101")).toBe(-Errno.EINVAL);
    expect(sys.writeFile(`${DEBUG}/failslab/probability`, "many")).toBe(-Errno.EINVAL);
    expect(sys.writeFile(`${DEBUG}/failslab/injected`, "1")).toBe(-Errno.EACCES);
  });

  test("fail_function: functions by name, each with its value", () => {
    const { sys } = start();
    const dir = `${DEBUG}/fail_function`;
    expect(sys.writeFile(`${dir}/inject`, "GLASS_GEM_CREATE")).toBe(16);
    expect(sys.writeFile(`${dir}/GLASS_GEM_CREATE/retval`, "-5")).toBe(2);
    expect(sys.writeFile(`${dir}/GLASS_GEM_CREATE/retval`, "5")).toBe(-Errno.EINVAL);
    expect(sys.readFile(`${dir}/GLASS_GEM_CREATE/retval`)).toBe("0xfffffffb\n");
    sys.writeFile(`${dir}/times`, "-1");
    sys.writeFile(`${dir}/probability`, "100");
    const fd = sys.open(NODE, O_RDWR);
    const create = () => sys.ioctl(fd, "GLASS_GEM_CREATE", { size: 65536, placement: "vram", label: "x", handle: 0 });
    expect(create()).toBe(-Errno.EIO);
    expect(sys.ioctl(fd, "GLASS_VM_CREATE", { vm: 0 })).toBe(0);
    sys.writeFile(`${dir}/inject`, "!GLASS_GEM_CREATE");
    expect(create()).toBe(0);
    expect(sys.readFile(`${dir}/inject`)).toBe("\n");
    expect(sys.readFile(`${dir}/injected`)).toBe("1\n");
  });

  test("verbose: a trace event for each fault", () => {
    const { machine, sys, map } = start({ failslab: { probability: 100, times: 2 } }, { trace: true });
    map();
    sys.writeFile(`${DEBUG}/failslab/verbose`, "0");
    map();
    const events = machine.trace().filter((event) => event.name === "fault:fault_inject");
    expect(events.map((event) => event.fields)).toEqual([{ name: "failslab", interval: 1, probability: 100, space: 0, times: 1, pid: sys.tid }]);
  });
});
