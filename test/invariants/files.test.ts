import fc from "fast-check";
import { test } from "vitest";
import { expect } from "../expect.ts";
import { Errno } from "../../src/kernel/errors.ts";
import { O_CLOEXEC, O_RDWR } from "../../src/kernel/sys/sys.ts";
import type { IoctlName } from "../../src/kernel/sys/uapi.ts";
import { Client, Rig } from "../kernel/drm/rig.ts";

/** What the model knows of one open of a node. */
interface Opened {
  readonly id: number;
  readonly render: boolean;
  readonly handles: Map<number, number>;
  readonly syncobjs: Set<number>;
}

interface Proc {
  readonly client: Client;
  /** Descriptor to open file; null: something else (terminal, socket). */
  fds: Map<number, { file: Opened | null; cloexec: boolean }>;
  alive: boolean;
}

const kinds = ["open", "open", "open", "missing", "dup", "dup2", "close", "close", "fork", "send", "receive", "exec", "kill", "exit", "gem", "gem", "syncobj", "gemClose", "syncobjDestroy", "flink", "resolve", "bad", "bad", "full"] as const;
const step = fc.record({ kind: fc.constantFrom(...kinds), who: fc.nat(3), a: fc.nat(12), b: fc.nat(12), flag: fc.boolean() });

const P = 65536;

/** The model of everything that invariants 1 to 5 speak of, beside the machine. */
class Play {
  readonly rig = new Rig();
  readonly procs: Proc[] = [];
  readonly flight: Opened[] = [];
  private readonly socket: readonly [number, number];
  private ids = 0;
  steps = 0;

  constructor() {
    const client = this.rig.process("first");
    this.socket = client.sys.socketpair(1, 5) as readonly [number, number];
    this.procs.push({ client, alive: true, fds: new Map([0, 1, 2, ...this.socket].map((fd) => [fd, { file: null, cloexec: false }])) });
  }

  private lowest(p: Proc): number {
    let fd = 0;
    while (p.fds.has(fd)) fd++;
    return fd;
  }

  /** Files that somebody holds: by a descriptor or a message on its way. */
  private live(): Set<Opened> {
    const held = this.procs.filter((p) => p.alive).flatMap((p) => [...p.fds.values()].map((slot) => slot.file));
    return new Set([...held, ...this.flight].filter((file) => file !== null));
  }

  private file(p: Proc, n: number): [number, Opened] | null {
    const all = [...p.fds].filter(([, slot]) => slot.file !== null);
    const found = all[n % Math.max(1, all.length)];
    return found === undefined ? null : [found[0], found[1].file!];
  }

  private socketOpen(fd: number): boolean {
    return this.procs.some((p) => p.alive && p.fds.get(fd)?.file === null);
  }

  private state(): string {
    const { kernel } = this.rig;
    const fds = this.procs.map((p) => [...p.client.process.files.entries()].map(([fd]) => fd));
    const [first] = this.procs.filter((p) => p.alive);
    const text = (name: string): unknown => first?.client.sys.readFile(`/sys/kernel/debug/dri/0/${name}`);
    return JSON.stringify([kernel.objectCounts(), fds, text("gem_info"), text("gem_names")]);
  }

  run(s: { kind: (typeof kinds)[number]; who: number; a: number; b: number; flag: boolean }): void {
    const p = this.procs[s.who % this.procs.length]!;
    if (!p.alive) return;
    this.steps++;
    const { sys } = p.client;
    const lowest = this.lowest(p);
    const picked = this.file(p, s.a);
    switch (s.kind) {
      case "open": {
        expect(sys.open(s.flag ? "/dev/dri/renderD128" : "/dev/dri/card0", O_RDWR | (s.b % 2 === 1 ? O_CLOEXEC : 0))).toBe(lowest);
        p.fds.set(lowest, { file: { id: this.ids++, render: s.flag, handles: new Map(), syncobjs: new Set() }, cloexec: s.b % 2 === 1 });
        break;
      }
      case "missing":
        expect(sys.open("/dev/dri/card9", O_RDWR)).toBe(-Errno.ENOENT);
        break;
      case "dup": {
        const slot = p.fds.get(s.a);
        expect(sys.dup(s.a)).toBe(slot === undefined ? -Errno.EBADF : lowest);
        if (slot !== undefined) p.fds.set(lowest, { file: slot.file, cloexec: false });
        break;
      }
      case "dup2": {
        const slot = p.fds.get(s.a);
        // The sockets' and the terminal's numbers stay what they are.
        const to = s.b + 8;
        expect(sys.dup2(s.a, to)).toBe(slot === undefined ? -Errno.EBADF : to);
        if (slot !== undefined && s.a !== to) p.fds.set(to, { file: slot.file, cloexec: false });
        break;
      }
      case "close":
        if (s.a <= this.socket[1] && p.fds.has(s.a)) break;
        expect(sys.close(s.a)).toBe(p.fds.delete(s.a) ? 0 : -Errno.EBADF);
        break;
      case "fork": {
        if (this.procs.length > 3) break;
        const pid = sys.fork(null, "child");
        this.procs.push({ client: new Client(this.rig, this.rig.kernel.processes.get(pid)!), alive: true, fds: new Map(p.fds) });
        break;
      }
      case "send": {
        if (picked === null || this.flight.length > 3) break;
        expect(p.client.drive(sys.sendmsg(this.socket[0], { data: Uint8Array.of(1), fds: [picked[0]] }))).toBe(1);
        this.flight.push(picked[1]);
        break;
      }
      case "receive": {
        if (this.flight.length === 0) break;
        const message = { data: new Uint8Array(1), maxFds: s.flag ? 1 : 0, fds: [], flags: 0 };
        expect(p.client.drive(sys.recvmsg(this.socket[1], message))).toBe(1);
        const file = this.flight.shift()!;
        expect([message.fds, message.flags]).toEqual(s.flag ? [[lowest], 0] : [[], 8]);
        if (s.flag) p.fds.set(lowest, { file, cloexec: false });
        break;
      }
      case "exec":
        expect(p.client.drive(sys.execve("/bin/again", ["again"], null))).toBe(0);
        for (const [fd, slot] of [...p.fds]) if (slot.cloexec) p.fds.delete(fd);
        break;
      case "kill":
      case "exit":
        // One process stays, so that there is somebody to look.
        if (s.a > 3 || this.procs.filter((q) => q.alive).length < 2) break;
        if (s.kind === "kill") sys.kill(p.client.process.pid, 9);
        else sys.exit(0);
        p.alive = false;
        p.fds = new Map();
        if (!this.socketOpen(this.socket[1])) this.flight.length = 0;
        break;
      case "full": {
        // Nothing is left over when there is no descriptor for it.
        const before = this.state();
        const old = { limit: { soft: 0, hard: 0 } };
        sys.prlimit(7, { soft: lowest, hard: 524_288 }, old);
        expect([sys.open("/dev/dri/card0", O_RDWR), sys.dup(picked?.[0] ?? 0), sys.eventfd(0, 0), sys.pipe2(0)]).toEqual([-24, -24, -24, -24]);
        sys.prlimit(7, old.limit);
        expect(this.state()).toBe(before);
        break;
      }
      default:
        if (picked !== null) this.request(s, p, picked[0], picked[1]);
    }
  }

  private request(s: { kind: string; a: number; b: number; flag: boolean }, p: Proc, fd: number, file: Opened): void {
    const { sys } = p.client;
    const lowestOf = (used: { has(n: number): boolean }): number => {
      let n = 1;
      while (used.has(n)) n++;
      return n;
    };
    if (s.kind === "gem") {
      const arg = { size: P, placement: "vram" as const, label: "", handle: 0 };
      const expected = lowestOf(file.handles);
      expect([sys.ioctl(fd, "GLASS_GEM_CREATE", arg), arg.handle]).toEqual([0, expected]);
      file.handles.set(expected, this.ids++);
    } else if (s.kind === "syncobj") {
      const arg = { flags: 0, handle: 0 };
      const expected = lowestOf(file.syncobjs);
      expect([sys.ioctl(fd, "DRM_IOCTL_SYNCOBJ_CREATE", arg), arg.handle]).toEqual([0, expected]);
      file.syncobjs.add(expected);
    } else if (s.kind === "gemClose") {
      expect(sys.ioctl(fd, "DRM_IOCTL_GEM_CLOSE", { handle: s.b })).toBe(file.handles.delete(s.b) ? 0 : -Errno.EINVAL);
    } else if (s.kind === "syncobjDestroy") {
      expect(sys.ioctl(fd, "DRM_IOCTL_SYNCOBJ_DESTROY", { handle: s.b })).toBe(file.syncobjs.delete(s.b) ? 0 : -Errno.EINVAL);
    } else if (s.kind === "flink") {
      const arg = { handle: s.b, name: 0 };
      const before = this.state();
      const result = sys.ioctl(fd, "DRM_IOCTL_GEM_FLINK", arg);
      expect(result).toBe(file.render ? -Errno.EACCES : file.handles.has(s.b) ? 0 : -Errno.ENOENT);
      if (result < 0) expect([this.state(), arg.name]).toEqual([before, 0]);
    } else if (s.kind === "resolve") {
      expect(sys.ioctl(fd, "GLASS_GEM_MMAP_OFFSET", { handle: s.b, offset: 0 })).toBe(file.handles.has(s.b) ? 0 : -Errno.ENOENT);
    } else {
      this.bad(s, p, fd);
    }
  }

  /** A request that cannot succeed, and leaves everything as it is: the answers too. */
  private bad(s: { a: number; b: number; flag: boolean }, p: Proc, fd: number): void {
    const bad: readonly (readonly [IoctlName, object | null])[] = [
      ["GLASS_GEM_CREATE", { size: 0, placement: "vram", label: "", handle: 0 }], ["GLASS_GEM_CREATE", { size: 2 ** 46, placement: "vram", label: "", handle: 0 }],
      ["GLASS_GEM_CREATE", null], ["DRM_IOCTL_GEM_CLOSE", { handle: 0 }], ["DRM_IOCTL_GEM_OPEN", { name: 99, handle: 0, size: 0 }],
      ["DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle: 77, flags: 0, fd: -1 }], ["DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd, handle: 0 }],
      ["GLASS_CONTEXT_CREATE", { vm: 9, notifier: 0, label: "", context: 0 }], ["GLASS_VM_DESTROY", { vm: 5 }], ["DRM_IOCTL_NOTHING" as IoctlName, {}],
      ["DRM_IOCTL_AUTH_MAGIC", { magic: 4711 }], ["DRM_IOCTL_GET_CAP", { capability: 77, value: 0 }], ["DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", { fd: 99, flags: 0, handle: 0 }],
    ];
    const [name, arg] = bad[(s.a * 13 + s.b) % bad.length]!;
    const before = this.state();
    const given = JSON.stringify(arg);
    expect(p.client.sys.ioctl(fd, name, arg as never)).toBeLessThan(0);
    expect(JSON.stringify(arg)).toBe(given);
    expect(this.state()).toBe(before);
  }

  /** The machine is as the model says. */
  check(): void {
    const { kernel, gpus } = this.rig;
    kernel.checkInvariants();
    const live = this.live();
    expect(gpus[0]!.files.size).toBe(live.size);
    expect(gpus[0]!.objects.size).toBe([...live].reduce((n, file) => n + file.handles.size, 0));
    for (const p of this.procs) {
      if (p.alive) expect([...p.client.process.files.entries()].map(([fd]) => fd)).toEqual([...p.fds.keys()].toSorted((a, b) => a - b));
    }
  }

  end(): void {
    for (const p of this.procs) this.rig.kernel.kill(p.client.process);
    this.flight.length = 0;
    expect([this.rig.gpus[0]!.files.size, this.rig.gpus[0]!.objects.size, this.rig.gpus[0]!.names.size]).toEqual([0, 0, 0]);
    expect(this.rig.kernel.objectCounts()["drm"]).toMatchObject({ syncobjs: 0 });
    this.rig.store.dispose();
  }
}

test("invariants 1, 2, 3, 4 and 5: opens apart, descriptors share, the last reference frees all, render nodes refuse, lowest numbers, failures change nothing", () => {
  let steps = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 30, maxLength: 80 }), (all) => {
      const play = new Play();
      for (const s of all) {
        play.run(s);
        play.check();
      }
      play.end();
      steps += play.steps;
    }),
    { seed: 4, numRuns: 300 },
  );
  expect(steps).toBeGreaterThan(10_000);
});
