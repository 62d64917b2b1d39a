import { createMachine, EmulatorBug, type HostProcess } from "glassgpu";
import { short, table } from "./clock.ts";

/** How fast the kernel model is: system calls and events of its queue, a second. */
export interface KernelEvents {
  readonly name: string;
  readonly perSecond: number;
}

interface Client {
  readonly process: HostProcess;
  readonly fd: number;
  readonly queue: number;
  readonly timeline: number;
}

function client(machine: ReturnType<typeof createMachine>, name: string): Client {
  const process = machine.process(name);
  const { sys } = process;
  const fd = sys.open("/dev/dri/renderD128", 2);
  const ask = (result: number): void => { if (result < 0) throw new EmulatorBug(`bench: ${result}`); };
  const vm = { vm: 0 };
  ask(sys.ioctl(fd, "GLASS_VM_CREATE", vm));
  const context = { vm: vm.vm, notifier: 0, label: "bench", context: 0 };
  ask(sys.ioctl(fd, "GLASS_CONTEXT_CREATE", context));
  const queue = { context: context.context, engine: "compute" as const, order: "in-order" as const, priority: 2 as const, level: 0, label: "bench", queue: 0, timeline: 0 };
  ask(sys.ioctl(fd, "GLASS_EXEC_QUEUE_CREATE", queue));
  return { process, fd, queue: queue.queue, timeline: queue.timeline };
}

/** Two processes submit markers that wait for one another, make and close objects, read files; `live` objects lie around. */
function run(name: string, live: number, rounds: number, check: boolean, trace = false): KernelEvents {
  const machine = createMachine({ trace });
  const clients = [client(machine, "a"), client(machine, "b")];
  for (const { process, fd } of clients) {
    for (let i = 0; i < live / 2; i++) process.sys.ioctl(fd, "GLASS_GEM_CREATE", { size: 4096, placement: "system", label: "live", handle: 0 });
  }
  let calls = 0;
  const before = machine.kernel.events.ran;
  const start = performance.now();
  for (let round = 0; round < rounds; round++) {
    for (const { process, fd, queue } of clients) {
      const { sys } = process;
      const args = { queue, job: { kind: "marker" as const }, waits: [], propagateErrors: false, userFence: null, timestamps: null, label: "marker", point: 0 };
      for (let i = 0; i < 8; i++) sys.ioctl(fd, "GLASS_EXEC", args);
      const object = { size: 4096, placement: "system" as const, label: "bo", handle: 0 };
      sys.ioctl(fd, "GLASS_GEM_CREATE", object);
      sys.ioctl(fd, "DRM_IOCTL_GEM_CLOSE", { handle: object.handle });
      sys.futexWake(0x1000, 1);
      calls += 11;
      if (check) machine.kernel.checkInvariants();
    }
    if (check) while (machine.kernel.events.runNext()) machine.kernel.checkInvariants();
    else machine.kernel.runUntilIdle();
  }
  const seconds = (performance.now() - start) / 1000;
  const events = machine.kernel.events.ran - before + calls;
  machine.dispose();
  return { name, perSecond: events / seconds };
}

/** Rates with tracing off, with invariants checked after each event, and with many live objects. */
export function benchKernelEvents(quick: boolean): KernelEvents[] {
  const rounds = quick ? 500 : 5000;
  run("warm up", 10, rounds, false);
  return [
    run("tracing off", 10, rounds, false),
    run("tracing on", 10, quick ? 200 : 1000, false, true),
    run("invariants checked after each event", 10, quick ? 200 : 2000, true),
    run("1,000 live objects", 1000, rounds, false),
    run("100,000 live objects", 100_000, rounds, false),
  ];
}

/** The rates as a table. */
export function kernelEventsTable(rows: readonly KernelEvents[]): string {
  return table([["kernel events", "a second"], ...rows.map(({ name, perSecond }) => [name, short(Math.round(perSecond))])]);
}
