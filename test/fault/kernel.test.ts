import { expect, test } from "vitest";
import { Errno, errnoName } from "../../src/kernel/errors.ts";
import { AF_UNIX, SOCK_STREAM } from "../../src/kernel/fs/socket.ts";
import { handlersOf } from "./requests.ts";
import { F_DUPFD, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, O_CREAT, O_RDWR, PROT_READ, PROT_WRITE, type Sys } from "../../src/kernel/sys/sys.ts";
import { GPU_READ, GPU_WRITE } from "../../src/kernel/sys/uapi.ts";
import type { Blocking } from "../../src/kernel/process/wait.ts";
import { createMachine } from "../../src/machine.ts";
import { failNth, leftAfterExit, tally, watched, type Walked } from "./walk.ts";

const PAGE = 65536;
const counts = tally();
let walks = 0;

/** What the general resource errors of system calls are. */
const general: ReadonlySet<number> = new Set([-Errno.ENOMEM, -Errno.EFAULT, -Errno.EMFILE]);

/** Answers of futex calls that did what they are for: the word had changed, the time was over. */
const plainAnswers: ReadonlySet<number> = new Set([-Errno.EAGAIN, -Errno.ETIMEDOUT]);

function world(gpu = "tiny") {
  const machine = createMachine({ gpus: [gpu, gpu], memoryBytes: 2 ** 30 });
  const host = machine.process("walker");
  const { kernel } = machine;
  const process = kernel.processes.get(host.sys.pid)!;
  const { sys } = host;
  const drive = <T>(call: Blocking<T>): T => kernel.scheduler.drive(process.main, call);
  const ok = (result: number): number => {
    if (result < 0) throw new Error(errnoName(result));
    return result;
  };
  const fd = ok(sys.open("/dev/dri/card0", O_RDWR));
  const fd2 = ok(sys.open("/dev/dri/renderD129", O_RDWR));
  const vm = { vm: 0 };
  ok(sys.ioctl(fd, "GLASS_VM_CREATE", vm));
  const word = ok(sys.mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  const gem = { size: PAGE, placement: "system" as const, label: "x", handle: 0 };
  ok(sys.ioctl(fd, "GLASS_GEM_CREATE", gem));
  const context = { vm: vm.vm, notifier: word, label: "c", context: 0 };
  ok(sys.ioctl(fd, "GLASS_CONTEXT_CREATE", context));
  const queue = { context: context.context, engine: "copy" as const, order: "in-order" as const, priority: 2 as const, level: 0, label: "q", queue: 0, timeline: 0 };
  ok(sys.ioctl(fd, "GLASS_EXEC_QUEUE_CREATE", queue));
  const syncobj = { flags: 1, handle: 0 };
  ok(sys.ioctl(fd, "DRM_IOCTL_SYNCOBJ_CREATE", syncobj));
  const shared = { handle: gem.handle, flags: 0, fd: -1 };
  ok(sys.ioctl(fd, "DRM_IOCTL_PRIME_HANDLE_TO_FD", shared));
  const fence = { handle: syncobj.handle, flags: 1, fd: -1 };
  ok(sys.ioctl(fd, "DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", fence));
  const va = ok(sys.reserve(4 * PAGE, PAGE));
  const walked: Walked = {
    kernel, process,
    state: () => machine.objectCounts(),
    code: (name, _args, result) => (typeof result === "number" && result < 0 && !(name.startsWith("futex") && plainAnswers.has(result)) ? result : 0),
    allowed: (_name, code) => general.has(code),
    named: errnoName,
  };
  return { machine, sys, drive, ok, fd, fd2, vm: vm.vm, word, gem: gem.handle, context: context.context, queue: queue.queue, syncobj: syncobj.handle, dmaBuf: shared.fd, syncFile: fence.fd, va, walked };
}

type World = ReturnType<typeof world>;

/** A generator call as a plain one, so that it can be watched. */
function plain(w: World, sys: Sys): Sys {
  const blocking = new Set(["read", "writeBytes", "poll", "sendmsg", "recvmsg", "ioctlWait", "futexWait", "futex", "futexWaitv", "waitpid", "nanosleep", "execve"]);
  return new Proxy(sys, {
    get(target, name) {
      const value = target[name as keyof Sys] as unknown;
      if (typeof value !== "function") return value;
      const call = (value as (...args: unknown[]) => unknown).bind(target);
      return blocking.has(String(name)) ? (...args: unknown[]) => w.drive(call(...args) as Blocking<unknown>) : call;
    },
  });
}

type Plain = { [K in keyof Sys]: Sys[K] extends (...args: infer A) => Blocking<infer R> ? (...args: A) => R : Sys[K] };

const calls: Readonly<Record<string, (sys: Plain, w: World) => unknown>> = {
  open: (sys) => sys.close(sys.open("/dev/dri/renderD128", O_RDWR)),
  "open (creates)": (sys) => sys.close(sys.open("/tmp/file", O_RDWR | O_CREAT)),
  dup: (sys, w) => sys.close(sys.dup(w.fd)),
  dup2: (sys, w) => sys.close(sys.dup2(w.fd, 40)),
  dup3: (sys, w) => sys.close(sys.dup3(w.fd, 41, 0)),
  fcntl: (sys, w) => sys.close(sys.fcntl(w.fd, F_DUPFD, 50)),
  pipe2: (sys) => {
    const pair = sys.pipe2(0);
    if (typeof pair === "number") return pair;
    sys.writeBytes(pair[1], new Uint8Array(16));
    sys.read(pair[0], new Uint8Array(16));
    return pair.map((end) => sys.close(end));
  },
  eventfd: (sys) => sys.close(sys.eventfd(0, 0)),
  poll: (sys, w) => sys.poll([{ fd: w.syncFile, events: 1, revents: 0 }], 1000),
  socketpair: (sys, w) => {
    const pair = sys.socketpair(AF_UNIX, SOCK_STREAM);
    if (typeof pair === "number") return pair;
    sys.sendmsg(pair[0], { data: new Uint8Array(4), fds: [w.fd, w.dmaBuf] });
    const message = { data: new Uint8Array(4), maxFds: 4, fds: [] as number[], flags: 0 };
    sys.recvmsg(pair[1], message);
    for (const fd of [...message.fds, ...pair]) sys.close(fd);
    return 0;
  },
  mkdir: (sys) => sys.rmdir("/tmp/dir") + sys.mkdir("/tmp/dir"),
  readFile: (sys) => sys.readFile("/proc/meminfo"),
  mmap: (sys) => sys.munmap(sys.mmap(0, 4 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4 * PAGE),
  "mmap (MAP_FIXED over another)": (sys, w) => sys.mmap(w.word + 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
  "mmap (object)": (sys, w) => {
    const arg = { handle: w.gem, offset: 0 };
    sys.ioctl(w.fd, "GLASS_GEM_MMAP_OFFSET", arg);
    return sys.munmap(sys.mmap(0, PAGE, PROT_READ, MAP_SHARED, w.fd, arg.offset), PAGE);
  },
  "munmap and mprotect that split": (sys) => {
    const at = sys.mmap(0, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    sys.mprotect(at + 2 * PAGE, PAGE, PROT_READ);
    sys.munmap(at + 5 * PAGE, PAGE);
    return sys.munmap(at, 8 * PAGE);
  },
  reserve: (sys) => sys.munmap(sys.reserve(PAGE, PAGE), PAGE),
  fork: (sys, w) => {
    const child = sys.fork(null);
    if (child > 0) w.machine.kernel.kill(w.machine.kernel.processes.get(child)!);
    return sys.waitpid(-1, null, 1);
  },
  clone: (sys, w) => {
    sys.clone("helper", function* () {});
    w.machine.run();
    return 0;
  },
  "futex (wait, wake)": (sys, w) => {
    sys.futex(w.word + 8, 0, 5);
    return sys.futex(w.word + 8, 1, 1);
  },
  "futex (PI)": (sys, w) => {
    sys.futex(w.word + 12, 6, 0);
    return sys.futex(w.word + 12, 7, 0);
  },
  futexWaitv: (sys, w) => sys.futexWaitv([{ uaddr: w.word + 16, val: 0, flags: 2 }], 0, w.machine.now + 1000),
  GLASS_GEM_CREATE: (sys, w) => {
    for (const placement of ["vram", "system"] as const) {
      const arg = { size: 4 * PAGE, placement, label: "x", handle: 0 };
      sys.ioctl(w.fd, "GLASS_GEM_CREATE", arg);
      sys.ioctl(w.fd, "DRM_IOCTL_GEM_CLOSE", { handle: arg.handle });
    }
    return 0;
  },
  "GLASS_GEM_CREATE that evicts": (sys, w) => {
    const handles: number[] = [];
    for (let i = 0; i < 4; i++) {
      const arg = { size: 16 * 2 ** 20, placement: "vram" as const, label: "x", flags: 0, handle: 0 };
      if (sys.ioctl(i % 2 === 0 ? w.fd : w.fd, "GLASS_GEM_CREATE", arg) === 0) handles.push(arg.handle);
    }
    for (const handle of handles) sys.ioctl(w.fd, "DRM_IOCTL_GEM_CLOSE", { handle });
    return 0;
  },
  "flink and open": (sys, w) => {
    const name = { handle: w.gem, name: 0 };
    sys.ioctl(w.fd, "DRM_IOCTL_GEM_FLINK", name);
    const open = { name: name.name, handle: 0, size: 0 };
    sys.ioctl(w.fd, "DRM_IOCTL_GEM_OPEN", open);
    return sys.ioctl(w.fd, "DRM_IOCTL_GEM_CLOSE", { handle: open.handle });
  },
  PRIME: (sys, w) => {
    const out = { handle: w.gem, flags: 0, fd: -1 };
    sys.ioctl(w.fd, "DRM_IOCTL_PRIME_HANDLE_TO_FD", out);
    const into = { fd: out.fd, handle: 0 };
    sys.ioctl(w.fd2, "DRM_IOCTL_PRIME_FD_TO_HANDLE", into);
    sys.ioctl(w.fd2, "DRM_IOCTL_GEM_CLOSE", { handle: into.handle });
    return sys.close(out.fd);
  },
  "PRIME of a new object": (sys, w) => {
    const gem = { size: PAGE, placement: "system" as const, label: "y", handle: 0 };
    sys.ioctl(w.fd, "GLASS_GEM_CREATE", gem);
    const out = { handle: gem.handle, flags: 0, fd: -1 };
    sys.ioctl(w.fd, "DRM_IOCTL_PRIME_HANDLE_TO_FD", out);
    sys.close(out.fd);
    return sys.ioctl(w.fd, "DRM_IOCTL_GEM_CLOSE", { handle: gem.handle });
  },
  syncobj: (sys, w) => {
    const made = { flags: 1, handle: 0 };
    sys.ioctl(w.fd, "DRM_IOCTL_SYNCOBJ_CREATE", made);
    const out = { handle: made.handle, flags: 0, fd: -1 };
    sys.ioctl(w.fd, "DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", out);
    const into = { fd: out.fd, flags: 0, handle: 0 };
    sys.ioctl(w.fd2, "DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", into);
    sys.ioctl(w.fd2, "DRM_IOCTL_SYNCOBJ_DESTROY", { handle: into.handle });
    sys.close(out.fd);
    const file = { handle: made.handle, flags: 1, fd: -1 };
    sys.ioctl(w.fd, "DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", file);
    sys.ioctl(w.fd, "DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", { fd: file.fd, flags: 1, handle: w.syncobj });
    const merge = { name: "m", fd2: w.syncFile, fence: -1 };
    sys.ioctl(file.fd, "SYNC_IOC_MERGE", merge);
    sys.close(merge.fence);
    sys.close(file.fd);
    sys.ioctl(w.fd, "DRM_IOCTL_SYNCOBJ_RESET", { handles: [made.handle] });
    sys.ioctl(w.fd, "DRM_IOCTL_SYNCOBJ_SIGNAL", { handles: [made.handle] });
    sys.ioctl(w.fd, "DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", { handles: [made.handle], points: [3] });
    sys.ioctl(w.fd, "DRM_IOCTL_SYNCOBJ_QUERY", { handles: [made.handle], points: [] });
    sys.ioctlWait(w.fd, "DRM_IOCTL_SYNCOBJ_TRANSFER", { srcHandle: made.handle, srcPoint: 0, dstHandle: w.syncobj, dstPoint: 9, flags: 0 });
    sys.ioctlWait(w.fd, "DRM_IOCTL_SYNCOBJ_WAIT", { handles: [made.handle], timeoutNs: 0, flags: 0, firstSignaled: 0 });
    sys.ioctlWait(w.fd, "DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT", { points: [{ syncobj: made.handle, point: 3 }], all: true, deadline: null, error: 0 });
    const event = sys.eventfd(0, 0);
    sys.ioctl(w.fd, "DRM_IOCTL_SYNCOBJ_EVENTFD", { handle: made.handle, flags: 0, point: 3, fd: event });
    sys.close(event);
    return sys.ioctl(w.fd, "DRM_IOCTL_SYNCOBJ_DESTROY", { handle: made.handle });
  },
  "dma-buf's sync files": (sys, w) => {
    const out = { flags: 1, fd: -1 };
    sys.ioctl(w.dmaBuf, "DMA_BUF_IOCTL_EXPORT_SYNC_FILE", out);
    sys.ioctl(w.dmaBuf, "DMA_BUF_IOCTL_IMPORT_SYNC_FILE", { flags: 1, fd: w.syncFile });
    return sys.close(out.fd);
  },
  "VM, binds, bind queue": (sys, w) => {
    const vm = { vm: 0 };
    sys.ioctl(w.fd, "GLASS_VM_CREATE", vm);
    const map = { op: "map" as const, handle: w.gem, offset: 0, address: w.va, size: PAGE, flags: GPU_READ | GPU_WRITE };
    sys.ioctl(w.fd, "GLASS_VM_BIND", { vm: vm.vm, ...map });
    sys.ioctl(w.fd, "GLASS_VM_BIND", { vm: vm.vm, ...map, op: "map-userptr", handle: 0, offset: w.word, address: w.va + PAGE });
    sys.ioctl(w.fd, "GLASS_VM_BIND_ARRAY", {
      vm: vm.vm, queue: 0, waits: [], signals: [],
      ops: [{ ...map, address: w.va + 2 * PAGE }, { ...map, op: "unmap" }, { ...map, op: "map-null", address: w.va + 3 * PAGE }, { ...map, op: "map-userptr", handle: 0, offset: w.word }],
    });
    const queue = { vm: vm.vm, queue: 0 };
    sys.ioctl(w.fd, "GLASS_BIND_QUEUE_CREATE", queue);
    sys.ioctl(w.fd, "GLASS_VM_BIND_ARRAY", { vm: vm.vm, queue: queue.queue, ops: [map], waits: [], signals: [] });
    w.machine.run();
    sys.ioctl(w.fd, "GLASS_BIND_QUEUE_DESTROY", queue);
    return sys.ioctl(w.fd, "GLASS_VM_DESTROY", vm);
  },
  "context, queue, work": (sys, w) => {
    const context = { vm: w.vm, notifier: w.word, label: "c", context: 0 };
    sys.ioctl(w.fd, "GLASS_CONTEXT_CREATE", context);
    const queue = { context: context.context, engine: "copy" as const, order: "in-order" as const, priority: 2 as const, level: 0, label: "q", queue: 0, timeline: 0 };
    sys.ioctl(w.fd, "GLASS_EXEC_QUEUE_CREATE", queue);
    const map = { vm: w.vm, op: "map" as const, handle: w.gem, offset: 0, address: w.va, size: PAGE, flags: GPU_READ | GPU_WRITE };
    sys.ioctl(w.fd, "GLASS_VM_BIND", map);
    sys.ioctl(w.fd, "GLASS_EXEC", {
      queue: queue.queue, job: { kind: "fill", dst: w.va, extent: { width: PAGE, height: 1, depth: 1 }, pitch: PAGE, slicePitch: PAGE, pattern: new Uint8Array([7]) },
      waits: [{ syncobj: w.syncobj, point: 0 }], signals: [{ syncobj: w.syncobj, point: 0 }], implicit: [{ handle: w.gem, write: true }], propagateErrors: false, userFence: { address: w.word + 32, value: 1, errorValue: 2 },
      timestamps: w.word + 64, label: "fill", point: 0,
    });
    w.machine.run();
    sys.ioctl(w.fd, "GLASS_VM_BIND", { ...map, op: "unmap" });
    sys.ioctl(w.fd, "GLASS_EXEC_QUEUE_DESTROY", queue);
    sys.ioctl(w.fd, "DRM_IOCTL_SYNCOBJ_DESTROY", { handle: queue.timeline });
    return sys.ioctl(w.fd, "GLASS_CONTEXT_DESTROY", context);
  },
  iommufd: (sys, w) => {
    const iommu = sys.open("/dev/iommu", O_RDWR);
    const ioas = { outIoasId: 0 };
    sys.ioctl(iommu, "IOMMU_IOAS_ALLOC", ioas);
    const map = { ioasId: ioas.outIoasId, flags: 6, userVa: w.word, length: PAGE, iova: 0 };
    sys.ioctl(iommu, "IOMMU_IOAS_MAP", map);
    sys.ioctl(iommu, "IOMMU_IOAS_UNMAP", { ioasId: ioas.outIoasId, iova: map.iova, length: PAGE });
    return sys.close(iommu);
  },
};

function walk(call: (sys: Plain, w: World) => unknown, functions: boolean): string[] {
  const problems: string[] = [];
  for (let n = 1; n < 200; n++) {
    const w = world();
    if (functions) for (const name of handlersOf()) w.machine.kernel.faults.functions.inject(name, -Errno.ENOMEM);
    const sys = watched(plain(w, w.sys), w.walked, counts, problems) as unknown as Plain;
    failNth(w.walked, n);
    try {
      call(sys, w);
    } catch (error) {
      problems.push(`point ${n} throws: ${(error as Error).message}`);
    }
    const over = w.walked.process.main.failNth > 0;
    failNth(w.walked, 0);
    walks++;
    const left = leftAfterExit(w.machine.kernel);
    if (Object.keys(left).length > 0) problems.push(`point ${n} leaves ${JSON.stringify(left)} after exit`);
    w.machine.dispose();
    if (over) return problems;
  }
  return [...problems, "no end"];
}

test.each(Object.entries(calls))("%s", (_name, call) => {
  expect(walk(call, false)).toEqual([]);
  expect(walk(call, true)).toEqual([]);
});

test("the walk reached enough", () => {
  expect(walks).toBeGreaterThan(counts.faults / 2);
  expect(counts.faults).toBeGreaterThan(390);
  expect(counts.functions.size).toBeGreaterThan(20);
});

