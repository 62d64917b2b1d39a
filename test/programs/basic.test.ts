import { createMachine, DeadlockError } from "glassgpu";
import { describe, expect, test } from "vitest";

describe("machine.exec", () => {
  test("runs a program to its end: output, exit code, virtual time", () => {
    const machine = createMachine();
    expect(machine.exec("echo", ["a", "b c"])).toMatchObject({ code: 0, stdout: "a b c\n", stderr: "" });
    const before = machine.now;
    expect(machine.exec("sleep", ["1.5s"])).toMatchObject({ code: 0 });
    expect(Math.round((machine.now - before) / 1e8)).toBe(15);
  });

  test("what there is none of is refused with the names of those that there are", () => {
    expect(() => createMachine().exec("vi")).toThrow(/no program "vi"; it has .*nvidia-smi/);
  });

  test("forNs: control-C ends what does not end by itself", () => {
    const machine = createMachine();
    const { code, stdout } = machine.exec("nvidia-smi", ["-L", "-l", "1"], { forNs: 2.5e9 });
    expect([code, stdout.split("\n").length - 1]).toEqual([130, 3]);
  });

  test("a program that waits for what never comes is a deadlock, with its name", () => {
    const machine = createMachine();
    const p = machine.process("host");
    expect(p.sys.pipe2(0)).toEqual([3, 4]);
    expect(() => p.run(function* (own) {
      return yield* own.sys.read(3, new Uint8Array(1));
    })).toThrow(DeadlockError);
  });
});

describe("small programs", () => {
  const machine = createMachine({ gpus: ["tiny"] });
  const run = (name: string, ...args: string[]): readonly [number, string, string] => {
    const { code, stdout, stderr } = machine.exec(name, args);
    return [code, stdout, stderr];
  };

  test("cat: files, standard input, errors", () => {
    expect(run("cat", "/sys/bus/pci/devices/0000:01:00.0/vendor")).toEqual([0, "0x10de\n", ""]);
    expect(machine.exec("cat", ["-", "/sys/class/drm/version"], { stdin: "first\n" }).stdout).toBe("first\ndrm 1.1.0 20060810\n");
    expect(run("cat", "/nowhere", "/sys/class/drm/version")).toEqual([1, "drm 1.1.0 20060810\n", "cat: /nowhere: No such file or directory\n"]);
    expect(run("cat", "/sys/class")).toEqual([1, "", "cat: /sys/class: Is a directory\n"]);
  });

  test("ls: names, -l with rights and links, -d, errors", () => {
    expect(run("ls", "/dev/dri")).toEqual([0, "card0\nrenderD128\n", ""]);
    expect(run("ls", "-l", "/dev/dri")).toEqual([0, "crw-rw---- root  video         0 card0\ncrw-rw---- root  render        0 renderD128\n", ""]);
    expect(run("ls", "-l", "/sys/class/drm/card0")[1]).toContain("device -> /sys/bus/pci/devices/0000:01:00.0\n");
    expect(run("ls", "-d", "/dev")).toEqual([0, "/dev\n", ""]);
    expect(run("ls", "/nowhere")).toEqual([2, "", "ls: cannot access '/nowhere': No such file or directory\n"]);
    expect(run("ls", "/dev/dri", "/sys/class")[1]).toBe("/dev/dri:\ncard0\nrenderD128\n\n/sys/class:\ndrm\n");
  });

  test("ps and kill: a simulated program is seen, and ended", () => {
    const p = machine.spawn("worker", function* (own) {
      yield* own.sleep(1e12);
    });
    expect(run("ps")[1]).toMatch(/^ {4}PID TTY {10}TIME CMD\n/);
    expect(run("ps")[1]).toContain(`${String(p.pid).padStart(7)} pts/0    00:00:00 worker\n`);
    expect(run("ps", "-ef")[1]).toMatch(new RegExp(`root +${p.pid} +1 S +1 00:00:00 worker\n`));
    expect(run("kill", String(p.pid))).toEqual([0, "", ""]);
    expect(p.exitStatus).toEqual({ code: 143, signal: 15 });
    expect(run("kill", "-9", String(p.pid))).toEqual([1, "", `kill: (${p.pid}) - No such process\n`]);
    expect(run("kill", "-FOO", "1")).toEqual([1, "", "kill: FOO: invalid signal specification\n"]);
    expect(run("kill", "x")).toEqual([1, "", "kill: x: arguments must be process or job IDs\n"]);
    expect(run("kill")[0]).toBe(2);
  });

  test("sleep and timeout: times, exit codes", () => {
    expect(run("sleep", "soon")).toEqual([1, "", "sleep: invalid time interval 'soon'\n"]);
    expect(run("sleep")).toEqual([1, "", "sleep: missing operand\n"]);
    const before = machine.now;
    expect(run("timeout", "10ms", "sleep", "1")).toEqual([124, "", ""]);
    expect(machine.now - before).toBeLessThan(11e6);
    expect(run("timeout", "1", "echo", "x")).toEqual([0, "x\n", ""]);
    expect(run("timeout", "1", "cat", "/nowhere")[0]).toBe(1);
    expect(run("timeout", "1", "vi")[0]).toBe(127);
    expect(run("timeout", "later", "echo")[0]).toBe(125);
  });
});
