import { createMachine } from "glassgpu";
import { describe, expect, test } from "vitest";
import { Errno } from "../../../src/kernel/errors.ts";
import { KernelLog, LogLevel, MAX_LOG_RECORDS } from "../../../src/kernel/log/log.ts";

describe("the ring", () => {
  test("keeps the newest records, in order, with numbers that do not repeat", () => {
    const clock = { now: 5 };
    const log = new KernelLog(clock);
    log.atBoot(() => log.printk(LogLevel.info, "first"));
    for (let i = 0; i < MAX_LOG_RECORDS + 10; i++) {
      clock.now++;
      log.printk(LogLevel.err, `line ${i}`);
    }
    const records = log.records();
    expect(records).toHaveLength(MAX_LOG_RECORDS);
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, i) => records[0]!.seq + i));
    expect(log.after(0)).toBe(records[0]);
    expect(log.after(records.at(-1)!.seq + 1)).toBeUndefined();
  });

  test("what is said at boot comes first and at time 0, whenever it is looked at", () => {
    const clock = { now: 100 };
    const log = new KernelLog(clock);
    log.atBoot(() => log.printk(LogLevel.info, "a\nb"));
    log.printk(LogLevel.warning, "later");
    expect(log.records().map(({ time, text }) => [time, text])).toEqual([[0, "a"], [0, "b"], [100, "later"]]);
  });
});

describe("/dev/kmsg", () => {
  test("a record a read; the end; too little room; positions", () => {
    const p = createMachine({ gpus: ["tiny"] }).process("root");
    const fd = p.sys.open("/dev/kmsg", 0);
    const into = new Uint8Array(8192);
    const read = (room: Uint8Array = into): string | number => {
      const n = p.run((own) => own.sys.read(fd, room));
      return n < 0 ? n : new TextDecoder().decode(room.subarray(0, n));
    };
    expect(read()).toBe("5,0,0,-;Linux version 6.17.0-glassgpu (glassgpu@glassgpu) #1 SMP PREEMPT_DYNAMIC\n");
    expect(read(new Uint8Array(3))).toBe(-Errno.EINVAL);
    expect(p.sys.lseek(fd, 0, 2)).toBe(0);
    expect(read()).toBe(-Errno.EAGAIN);
    expect(p.sys.lseek(fd, 0, 0)).toBe(0);
    expect(read()).toContain("Linux version");
    expect(p.sys.lseek(fd, 0, 1)).toBe(-Errno.EINVAL);
  });

  test("Windows has none", () => {
    expect(createMachine({ os: "windows" }).process("p").sys.open("/dev/kmsg", 0)).toBe(-Errno.ENOENT);
  });
});
