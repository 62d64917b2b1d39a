import { expect, test } from "vitest";
import { Rig, type Node } from "../drm/rig.ts";
import { Errno } from "../../../src/kernel/errors.ts";
import type { BindOp } from "../../../src/kernel/sys/uapi.ts";
import { fakeCode, launch } from "../../gpu/fake-code.ts";

const P = 65536;

interface Case {
  readonly what: string;
  /** Request, pages [from, to); the old mapping is [2, 6), byte 0 of object 0 at page 2. */
  readonly from: number;
  readonly to: number;
  /** "same": the bytes that are there already; "moved": the same object, other bytes; "other": another object. */
  readonly backing: "same" | "moved" | "other";
  /** What is left of the old mapping, pages. */
  readonly rest: readonly (readonly [number, number])[];
  readonly keep: boolean;
}

/** The cases of the comment above drm_gpuvm_sm_map. */
const cases: readonly Case[] = [
  { what: "1: identical", from: 2, to: 6, backing: "same", rest: [], keep: true },
  { what: "2: same range, other offset", from: 2, to: 6, backing: "moved", rest: [], keep: false },
  { what: "3: same range, other object", from: 2, to: 6, backing: "other", rest: [], keep: false },
  { what: "4: same start, shorter, same object", from: 2, to: 4, backing: "same", rest: [[4, 6]], keep: true },
  { what: "5: same start, shorter, other object", from: 2, to: 4, backing: "other", rest: [[4, 6]], keep: false },
  { what: "6: same end, shorter, other object", from: 4, to: 6, backing: "other", rest: [[2, 4]], keep: false },
  { what: "7: same end, shorter, same object", from: 4, to: 6, backing: "same", rest: [[2, 4]], keep: true },
  { what: "8: inside, other object", from: 3, to: 5, backing: "other", rest: [[2, 3], [5, 6]], keep: false },
  { what: "9: inside, same object", from: 3, to: 5, backing: "same", rest: [[2, 3], [5, 6]], keep: true },
  { what: "10: same start, longer", from: 2, to: 8, backing: "other", rest: [], keep: false },
  { what: "11: begins inside, ends behind", from: 4, to: 8, backing: "other", rest: [[2, 4]], keep: false },
  { what: "12: begins before, same end", from: 0, to: 6, backing: "other", rest: [], keep: false },
  { what: "13: begins before, ends inside", from: 0, to: 4, backing: "other", rest: [[4, 6]], keep: false },
  { what: "14: begins before, ends behind", from: 0, to: 8, backing: "other", rest: [], keep: false },
  { what: "15: beside it", from: 6, to: 8, backing: "other", rest: [[2, 6]], keep: false },
];

function setup(): { rig: Rig; node: Node; vm: number; va: number } {
  const rig = new Rig();
  const node = rig.process().open();
  return { rig, node, vm: node.vm(), va: node.reserve(16 * P) };
}

test.each(cases)("drm_gpuvm_sm_map case $what", ({ from, to, backing, rest, keep }) => {
  for (const placement of ["vram", "system"] as const) {
    const { rig, node, vm, va } = setup();
    const [a, b] = [node.gem(16 * P, placement), node.gem(16 * P, placement)];
    node.bind(vm, a, va + 2 * P, 4 * P);
    const space = [...rig.gpus[0]!.vms][0]!;
    const before = [...space.maps][0]!;
    const entry = (page: number): number => space.pageTable.entry(va + page * P);
    const old = Array.from({ length: 8 }, (_, page) => entry(page));
    const oldIova = before.iova;
    const offset = backing === "same" ? (from - 2) * P : backing === "moved" ? 8 * P : 0;
    node.bind(vm, backing === "other" ? b : a, va + from * P, (to - from) * P, 3, offset);
    rig.kernel.checkInvariants();
    const maps = [...space.maps];
    const fresh = maps.filter((m) => m.start === va + from * P && m.end === va + to * P);
    expect(fresh).toHaveLength(1);
    expect(maps.filter((m) => m !== fresh[0]).map((m) => [(m.start - va) / P, (m.end - va) / P])).toEqual(rest);
    for (const m of maps) if (m !== fresh[0]) expect(m.offset).toBe(m.start - before.start);
    // What is kept has the same entries, and over the bus the same I/O addresses.
    for (let page = from; page < to; page++) if (keep) expect(entry(page)).toBe(old[page]);
    if (placement === "system" && keep) expect(fresh[0]!.iova).toBe(oldIova + (from - 2) * P);
    for (const [start, end] of rest) for (let page = start; page < end; page++) expect(entry(page)).toBe(old[page]);
    rig.store.dispose();
  }
});

const none = { offset: 0, flags: 0, handle: 0 };

test("sparse mappings read as zero and forget what is written", () => {
  const { rig, node, vm, va } = setup();
  const seen: number[] = [];
  const code = fakeCode({ put: { body: (g) => g.store(g.param(0), 7) }, see: { body: (g) => void seen.push(g.load(g.param(0))) } });
  const { queue, timeline } = node.queue(node.context(vm));
  node.do("GLASS_VM_BIND", { vm, op: "map-null", ...none, address: va, size: 4 * P, flags: 3 });
  for (const [kernel, page] of [["see", 0], ["put", 0], ["see", 0], ["put", 3], ["see", 3]] as const) node.exec(queue, launch(code, kernel, 1, 32, [va + page * P + 8]));
  expect(node.wait([{ syncobj: timeline, point: 5 }])).toEqual({ result: 0, error: 0 });
  expect(seen).toEqual([0, 0, 0]);
  rig.kernel.checkInvariants();
  // A sparse mapping has rights too.
  node.do("GLASS_VM_BIND", { vm, op: "map-null", ...none, address: va, size: 4 * P, flags: 1 });
  node.exec(queue, launch(code, "put", 1, 32, [va]));
  expect(node.wait([{ syncobj: timeline, point: 6 }]).error).toBe(-Errno.EIO);
  node.client.process.terminate({ code: 0, signal: 0 });
  expect(rig.store.counts()).toEqual({ system: 0, vram: 0, pagetable: 0, scratch: 0 });
});

test("unmap-all takes an object out wherever it is", () => {
  const { rig, node, vm, va } = setup();
  const [a, b] = [node.gem(2 * P), node.gem(2 * P)];
  for (const page of [0, 4, 8]) node.bind(vm, a, va + page * P, 2 * P);
  node.bind(vm, b, va + 2 * P, 2 * P);
  node.do("GLASS_VM_BIND", { vm, op: "unmap-all", ...none, handle: a, address: 0, size: 0 });
  const space = [...rig.gpus[0]!.vms][0]!;
  expect([...space.maps].map((m) => m.start)).toEqual([va + 2 * P]);
  expect(node.raw("GLASS_VM_BIND", { vm, op: "unmap-all", ...none, handle: 77, address: 0, size: 0 })).toBe(-Errno.ENOENT);
  rig.kernel.checkInvariants();
});

test("GLASS_VM_BIND_ARRAY: errno table; a failed request changes nothing", () => {
  const { rig, node, vm, va } = setup();
  const handle = node.gem(4 * P);
  const map: BindOp = { op: "map", handle, offset: 0, address: va, size: P, flags: 3 };
  const { queue } = node.do("GLASS_BIND_QUEUE_CREATE", { vm, queue: 0 });
  const { handle: syncobj } = node.do("DRM_IOCTL_SYNCOBJ_CREATE", { flags: 0, handle: 0 });
  const good = { vm, queue: 0, ops: [map], waits: [], signals: [] };
  expect(node.raw("GLASS_VM_BIND_ARRAY", good)).toBe(0);
  const space = [...rig.gpus[0]!.vms][0]!;
  const before = [...space.maps].map((m) => ({ ...m }));
  const present = space.pageTable.present;
  const bad: readonly [string, Partial<typeof good>, number][] = [
    ["no such VM", { vm: 99 }, -Errno.ENOENT],
    ["no such queue", { queue: 99 }, -Errno.ENOENT],
    ["no operations", { ops: [] }, -Errno.EINVAL],
    ["too many operations", { ops: new Array<BindOp>(1025).fill(map) }, -Errno.EINVAL],
    ["the second is out of the object", { ops: [{ ...map, address: va + 2 * P }, { ...map, offset: 4 * P }] }, -Errno.EINVAL],
    ["the second has no handle", { ops: [{ ...map, address: va + 2 * P }, { ...map, handle: 99 }] }, -Errno.ENOENT],
    ["the second's memory is not there", { ops: [{ ...map, op: "unmap" }, { ...map, op: "map-userptr", offset: va }] }, -Errno.EFAULT],
    ["unknown operation", { ops: [{ ...map, op: "remap" as "map" }] }, -Errno.EINVAL],
    ["no rights", { ops: [{ ...map, flags: 0 }] }, -Errno.EINVAL],
    ["not aligned", { ops: [{ ...map, address: va + 1 }] }, -Errno.EINVAL],
    ["outside the window", { ops: [{ ...map, address: 0 }] }, -Errno.EINVAL],
    ["fences without a queue", { signals: [{ syncobj, point: 0 }] as never }, -Errno.EINVAL],
    ["unknown syncobj to wait for", { queue, waits: [{ syncobj: 99, point: 0 }] as never }, -Errno.ENOENT],
    ["a wait for nothing", { queue, waits: [{ syncobj, point: 0 }] as never }, -Errno.EINVAL],
    ["unknown syncobj to signal", { queue, signals: [{ syncobj: 99, point: 0 }] as never }, -Errno.ENOENT],
    ["a bad point", { queue, signals: [{ syncobj, point: -1 }] as never }, -Errno.EINVAL],
  ];
  for (const [what, change, errno] of bad) {
    expect(node.raw("GLASS_VM_BIND_ARRAY", { ...good, ...change }), what).toBe(errno);
    rig.run();
    expect([...space.maps].map((m) => ({ ...m, iova: 0 })), what).toEqual(before.map((m) => ({ ...m, iova: 0 })));
    expect(space.pageTable.present).toBe(present);
    rig.kernel.checkInvariants();
  }
  expect(node.raw("GLASS_BIND_QUEUE_CREATE", { vm: 99, queue: 0 })).toBe(-Errno.ENOENT);
  expect(node.raw("GLASS_BIND_QUEUE_DESTROY", { vm, queue: 99 })).toBe(-Errno.ENOENT);
  expect(node.raw("GLASS_BIND_QUEUE_DESTROY", { vm, queue })).toBe(0);
});

test("over-commit of one VM is -ENOSPC; a bind that fails later bans the VM: -ENOENT", () => {
  const { rig, node, vm, va } = setup();
  const other = rig.process("other").open();
  // An object of another file does not count for this file's budget, but for its VM.
  const fd = (n: Node, handle: number): number => n.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle, flags: 0, fd: 0 }).fd;
  const all = rig.gpus[0]!.gpu.vram.total;
  const mine = node.gem(all);
  const theirs = other.gem(P);
  const shared = fd(other, theirs);
  const open = other.client.process.files.get(shared)!.get();
  const here = node.client.process.files.install(open, false);
  const { handle } = node.do("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd: here, handle: 0 });
  const big = node.reserve(all);
  node.bind(vm, mine, big, all);
  const map: BindOp = { op: "map", handle, offset: 0, address: va, size: P, flags: 3 };
  expect(node.raw("GLASS_VM_BIND", { vm, ...map })).toBe(-Errno.ENOSPC);
  expect(node.raw("GLASS_VM_BIND_ARRAY", { vm, queue: 0, ops: [map], waits: [], signals: [] })).toBe(-Errno.ENOSPC);
  // The memory of a userptr goes between the request and the bind.
  const { queue } = node.do("GLASS_BIND_QUEUE_CREATE", { vm, queue: 0 });
  const cpu = node.client.malloc(P);
  const { handle: gate } = node.do("DRM_IOCTL_SYNCOBJ_CREATE", { flags: 0, handle: 0 });
  node.do("GLASS_VM_BIND_ARRAY", { vm, queue, ops: [{ op: "map-userptr", handle: 0, offset: cpu, address: va, size: P, flags: 3 }], waits: [{ syncobj: gate, point: 1 }], signals: [] });
  node.client.sys.munmap(cpu, P);
  node.do("DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", { handles: [gate], points: [1] });
  rig.run();
  expect(node.raw("GLASS_VM_BIND", { vm, op: "unmap", ...none, address: va, size: P })).toBe(-Errno.ENOENT);
  expect(node.raw("GLASS_VM_BIND_ARRAY", { vm, queue: 0, ops: [map], waits: [], signals: [] })).toBe(-Errno.ENOENT);
  expect(node.raw("GLASS_BIND_QUEUE_CREATE", { vm, queue: 0 })).toBe(-Errno.ENOENT);
  const q = node.queue(node.context(vm));
  expect(node.raw("GLASS_EXEC", node.args(q.queue, { kind: "marker" }))).toBe(-Errno.ENOENT);
  expect(node.raw("GLASS_VM_DESTROY", { vm })).toBe(0);
});

test("an access without translation is in the fault report: address, kind, VM, engine", () => {
  const rig = new Rig({ trace: true });
  const node = rig.process().open();
  const vm = node.vm();
  const va = node.reserve(P);
  const { queue, timeline } = node.queue(node.context(vm));
  const code = fakeCode({ put: { body: (g) => g.store(g.param(0), 7) } });
  node.exec(queue, launch(code, "put", 1, 32, [va + 256]));
  expect(node.wait([{ syncobj: timeline, point: 1 }]).error).toBe(-Errno.EIO);
  const space = [...rig.gpus[0]!.vms][0]!;
  expect(space.faults).toEqual([{ address: va + 256, kind: "write", time: expect.any(Number) }]);
  expect(node.client.sys.readFile("/sys/kernel/debug/dri/0/vm_info")).toContain(`fault 0x${(va + 256).toString(16).padStart(12, "0")} write`);
  expect(rig.kernel.trace.events().some((e) => e.name === "gpu:fault" && e.fields["engine"] === "compute")).toBe(true);
});
