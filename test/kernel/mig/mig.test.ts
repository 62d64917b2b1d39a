import { describe, expect, test } from "vitest";
import { createMachine } from "../../../src/index.ts";
import { a100Sxm40, a100Sxm80 } from "../../../src/gpu/profiles/a100.ts";
import { h100Sxm80 } from "../../../src/gpu/profiles/h100.ts";
import { mi250xDie } from "../../../src/gpu/profiles/mi250x.ts";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { Errno } from "../../../src/kernel/errors.ts";
import { nvErrorText, type NvIoctlTable } from "../../../src/kernel/sys/nv-uapi.ts";
import { O_RDONLY, O_RDWR } from "../../../src/kernel/sys/sys.ts";
import { userCredentials } from "../../../src/kernel/process/cred.ts";
import { Rig } from "../drm/rig.ts";
import { MigRig } from "./mig-rig.ts";

describe("profiles", () => {
  test("an empty H100 offers what nvidia-smi mig -lgip prints", () => {
    const mig = new MigRig({ gpus: [h100Sxm80] });
    const arg: NvIoctlTable["NV_MIG_PROFILES"] = { gpu: 0, profiles: [] };
    expect(mig.raw("NV_MIG_PROFILES", arg)).toBe(0);
    expect(arg.profiles.map((p) => [p.id, p.name, `${p.free}/${p.total}`, p.memoryMiB, p.multiprocessors, p.copyEngines])).toEqual([
      [19, "1g.10gb", "7/7", 9984, 16, 1], [20, "1g.10gb+me", "1/1", 9984, 16, 1], [15, "1g.20gb", "4/4", 20096, 26, 1], [14, "2g.20gb", "3/3", 20096, 32, 2],
      [9, "3g.40gb", "2/2", 40448, 60, 3], [5, "4g.40gb", "1/1", 40448, 64, 4], [0, "7g.80gb", "1/1", 81152, 132, 8],
    ]);
  });

  test("placements and their sizes, as mig -lgipp prints them", () => {
    const mig = new MigRig();
    const arg: NvIoctlTable["NV_MIG_PROFILES"] = { gpu: 0, profiles: [] };
    mig.raw("NV_MIG_PROFILES", arg);
    expect(arg.profiles.map((p) => `${p.id} {${p.starts.join()}}:${p.size}`)).toEqual([
      "19 {0,1,2,3,4,5,6}:1", "20 {0,1,2,3,4,5,6}:1", "15 {0,2,4,6}:2", "14 {0,2,4}:2", "9 {0,4}:4", "5 {0}:4", "0 {0}:8",
    ]);
  });

  test("no profile of any GPU has more than the GPU", () => {
    for (const gpu of [a100Sxm40, a100Sxm80, h100Sxm80]) {
      for (const p of gpu.mig!.profiles) {
        expect(p.memoryMiB * 2 ** 20).toBeLessThan(gpu.vramBytes);
        expect(p.multiprocessors).toBeLessThanOrEqual(gpu.multiprocessors);
        expect(Math.max(...p.starts) + p.memorySlices).toBeLessThanOrEqual(8);
      }
    }
  });

  test("what is left shrinks as instances come", () => {
    const mig = new MigRig();
    mig.gi(9);
    const arg: NvIoctlTable["NV_MIG_PROFILES"] = { gpu: 0, profiles: [] };
    mig.raw("NV_MIG_PROFILES", arg);
    expect(arg.profiles.map((p) => [p.name, p.free])).toEqual([["1g.5gb", 4], ["1g.5gb+me", 1], ["1g.10gb", 2], ["2g.10gb", 2], ["3g.20gb", 1], ["4g.20gb", 1], ["7g.40gb", 0]]);
  });
});

describe("GPU instances", () => {
  test("ids come from the place: two halves are 2 and 1", () => {
    const mig = new MigRig();
    expect([mig.gi(9), mig.gi(9), mig.gi(9)]).toEqual([2, 1, -Errno.ENOSPC]);
    expect(nvErrorText(-Errno.ENOSPC)).toBe("Insufficient Resources");
    expect(mig.instances().map((gi) => `${gi.name} ${gi.profile} ${gi.id} ${gi.start}:${gi.size}`)).toEqual(["MIG 3g.20gb 9 1 0:4", "MIG 3g.20gb 9 2 4:4"]);
  });

  test("a mixed partition: 13, 5, 1, as in the user guide", () => {
    const mig = new MigRig();
    expect([mig.gi(19), mig.gi(14), mig.gi(5)]).toEqual([13, 5, 1]);
    expect(mig.gi(19)).toBe(-Errno.ENOSPC);
  });

  test("instances do not move: the order in which they were made matters", () => {
    const mig = new MigRig();
    // One small instance in each half: no half is free.
    expect([mig.gi(19, 0), mig.gi(19, 4)]).toEqual([7, 11]);
    expect(mig.gi(9)).toBe(-Errno.ENOSPC);
    expect(mig.dropGi(7)).toBe(0);
    expect(mig.gi(9)).toBe(1);
  });

  test("seven small ones, and no eighth", () => {
    const mig = new MigRig();
    expect(Array.from({ length: 8 }, () => mig.gi(19))).toEqual([13, 12, 11, 10, 9, 8, 7, -Errno.ENOSPC]);
    mig.rig.kernel.checkInvariants();
  });

  test("only one with the media engines", () => {
    const mig = new MigRig();
    expect(mig.gi(20)).toBe(13);
    expect(mig.gi(20)).toBe(-Errno.ENOSPC);
    expect(mig.gi(19)).toBe(12);
  });

  test("errors of creation: profile, placement, mode, right, GPU", () => {
    const mig = new MigRig();
    expect(mig.gi(99)).toBe(-Errno.EINVAL);
    expect(mig.gi(9, 2)).toBe(-Errno.EINVAL);
    expect(mig.gi(9, null, 1)).toBe(-Errno.ENODEV);
    expect(mig.raw("NV_MIG_GI_CREATE", { gpu: 0, profile: 9, start: null, capability: mig.control, gi: -1 })).toBe(-Errno.EACCES);
    expect(mig.gi(9, 4)).toBe(2);
    expect(mig.gi(9, 4)).toBe(-Errno.ENOSPC);
    const off = new MigRig({ on: false });
    expect(off.gi(9)).toBe(-Errno.EOPNOTSUPP);
    expect(off.raw("NV_MIG_PROFILES", { gpu: 0, profiles: [] })).toBe(-Errno.EOPNOTSUPP);
    expect(off.instances()).toEqual([]);
  });

  test("destroying: what is not there, what has compute instances, what has clients", () => {
    const mig = new MigRig();
    const gi = mig.gi(14);
    expect(mig.dropGi(2)).toBe(-Errno.ENOENT);
    expect(mig.ci(gi)).toBe(0);
    expect(mig.dropGi(gi)).toBe(-Errno.EBUSY);
    const client = mig.rig.process("client");
    mig.node(client, gi);
    expect(mig.dropCi(gi, 0)).toBe(-Errno.EBUSY);
    expect(nvErrorText(-Errno.EBUSY)).toBe("In use by another client");
    expect(mig.dropCi(gi, 1)).toBe(-Errno.ENOENT);
    client.process.terminate({ code: 0, signal: 0 });
    expect(mig.dropCi(gi, 0)).toBe(0);
    expect(mig.dropGi(gi)).toBe(0);
    expect(mig.instances()).toEqual([]);
    mig.rig.kernel.checkInvariants();
  });

  test("memory that is still shared keeps its GPU instance", () => {
    const mig = new MigRig();
    const gi = mig.gi(14);
    mig.ci(gi);
    const client = mig.rig.process("client");
    const node = mig.node(client, gi);
    const handle = node.gem(65536);
    node.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", { handle, flags: 0, fd: -1 });
    client.sys.close(node.fd);
    expect(mig.dropCi(gi, 0)).toBe(0);
    expect(mig.dropGi(gi)).toBe(-Errno.EBUSY);
    client.process.terminate({ code: 0, signal: 0 });
    expect(mig.dropGi(gi)).toBe(0);
  });
});

describe("compute instances", () => {
  test("profiles of a 3g.20gb, and what fits", () => {
    const mig = new MigRig();
    const gi = mig.gi(9);
    const arg: NvIoctlTable["NV_MIG_COMPUTE_PROFILES"] = { gpu: 0, gi, profiles: [] };
    expect(mig.raw("NV_MIG_COMPUTE_PROFILES", arg)).toBe(0);
    expect(arg.profiles.map((p) => [p.id, p.name, `${p.free}/${p.total}`, p.multiprocessors])).toEqual([
      [0, "MIG 1c.3g.20gb", "3/3", 14], [1, "MIG 2c.3g.20gb", "1/1", 28], [2, "MIG 3g.20gb", "1/1", 42],
    ]);
    expect([mig.ci(gi, 1), mig.ci(gi, 0), mig.ci(gi, 0)]).toEqual([0, 1, -Errno.ENOSPC]);
    expect(mig.ci(gi)).toBe(-Errno.ENOSPC);
    expect(mig.ci(gi, 4)).toBe(-Errno.EINVAL);
    expect(mig.ci(9)).toBe(-Errno.ENOENT);
    expect(mig.raw("NV_MIG_COMPUTE_PROFILES", { gpu: 0, gi: 9, profiles: [] })).toBe(-Errno.ENOENT);
    mig.rig.kernel.checkInvariants();
  });

  test("of a whole instance by default; names and UUIDs", () => {
    const mig = new MigRig();
    const a = mig.gi(9);
    const b = mig.gi(9);
    expect([mig.ci(a), mig.ci(b, 0), mig.ci(b, 0)]).toEqual([0, 0, 1]);
    const all = mig.instances().flatMap((gi) => gi.compute);
    expect(all.map((ci) => [ci.name, ci.profile, ci.multiprocessors])).toEqual([["MIG 1c.3g.20gb", 0, 14], ["MIG 1c.3g.20gb", 0, 14], ["MIG 3g.20gb", 2, 42]]);
    expect(new Set(all.map((ci) => ci.uuid)).size).toBe(3);
    for (const { uuid } of all) expect(uuid).toMatch(/^MIG-[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
  });
});

describe("mode", () => {
  test("set at once on an idle GPU, pending on one in use, in force after a reset", () => {
    const mig = new MigRig({ on: false });
    const client = mig.rig.process("client");
    client.open();
    expect(mig.mode(true)).toBe("pending");
    const list: NvIoctlTable["NV_GPU_LIST"] = { gpus: [] };
    mig.raw("NV_GPU_LIST", list);
    expect(list.gpus[0]!.mig).toEqual({ current: false, pending: true });
    expect(mig.raw("NV_GPU_RESET", { gpu: 0 })).toBe(-Errno.EBUSY);
    client.process.terminate({ code: 0, signal: 0 });
    expect(mig.gi(9)).toBe(-Errno.EOPNOTSUPP);
    expect(mig.raw("NV_GPU_RESET", { gpu: 0 })).toBe(0);
    expect(mig.gi(9)).toBe(2);
    expect(mig.mode(false)).toBe("pending");
    expect(mig.instances()).toHaveLength(1);
    expect(mig.raw("NV_GPU_RESET", { gpu: 0 })).toBe(0);
    expect(mig.instances()).toEqual([]);
    expect(mig.mode(true)).toBe("set");
    mig.rig.kernel.checkInvariants();
  });

  test("some GPUs cannot be cut; some machines have no control node", () => {
    const mig = new MigRig({ gpus: [a100Sxm40, tiny] });
    const set = (gpu: number): number => mig.raw("NV_MIG_SET_MODE", { gpu, enable: true, capability: mig.capability, state: "set" });
    expect([set(0), set(1), set(2)]).toEqual([0, -Errno.EOPNOTSUPP, -Errno.ENODEV]);
    expect(new Rig({ gpus: [mi250xDie] }).process().sys.open("/dev/nvidiactl", O_RDWR)).toBe(-Errno.ENOENT);
  });

  test("a partitioned GPU takes no work as a whole", () => {
    const mig = new MigRig();
    const node = mig.rig.process("client").open();
    expect(node.raw("GLASS_DEVICE_QUERY", { info: null })).toBe(0);
    expect(node.raw("GLASS_GEM_CREATE", { size: 65536, placement: "vram", label: "x", handle: 0 })).toBe(-Errno.ENODEV);
    expect(node.raw("GLASS_VM_CREATE", { vm: 0 })).toBe(-Errno.ENODEV);
  });

  test("unknown requests, missing arguments", () => {
    const mig = new MigRig();
    expect(mig.admin.sys.ioctl(mig.control, "GLASS_VM_CREATE", { vm: 0 })).toBe(-Errno.ENOTTY);
    expect(mig.admin.sys.ioctl(mig.control, "NV_GPU_LIST", null as never)).toBe(-Errno.EFAULT);
  });
});

describe("rights", () => {
  test("texts under /proc, nodes under /dev, minors by place", () => {
    const mig = new MigRig();
    const gi = mig.gi(14);
    mig.ci(gi);
    const { sys } = mig.admin;
    expect(sys.readdir("/proc/driver/nvidia/capabilities/gpu0/mig")).toEqual([`gi${gi}`]);
    expect(sys.readdir(`/proc/driver/nvidia/capabilities/gpu0/mig/gi${gi}`)).toEqual(["access", "ci0"]);
    const minor = 3 + gi * 9;
    expect(sys.readFile(`/proc/driver/nvidia/capabilities/gpu0/mig/gi${gi}/access`)).toBe(`DeviceFileMinor: ${minor}\nDeviceFileMode: 292\nDeviceFileModify: 1\n`);
    expect(sys.readFile("/proc/driver/nvidia/capabilities/mig/config")).toBe("DeviceFileMinor: 1\nDeviceFileMode: 256\nDeviceFileModify: 1\n");
    expect(String(sys.readFile("/proc/driver/nvidia-caps/mig-minors")).split("\n").slice(0, 5)).toEqual(["config 1", "monitor 2", "gpu0/gi0/access 3", "gpu0/gi0/ci0/access 4", "gpu0/gi0/ci1/access 5"]);
    expect(String(sys.readFile("/proc/driver/nvidia-caps/mig-minors"))).toContain(`gpu0/gi${gi}/ci0/access ${minor + 1}\n`);
    expect(sys.open(`/dev/nvidia-caps/nvidia-cap${minor + 1}`, O_RDONLY)).toBeGreaterThan(0);
    mig.dropCi(gi, 0);
    expect(sys.open(`/dev/nvidia-caps/nvidia-cap${minor + 1}`, O_RDONLY)).toBe(-Errno.ENOENT);
    mig.dropGi(gi);
    expect(sys.readdir("/proc/driver/nvidia/capabilities/gpu0/mig")).toBe(-Errno.ENOENT);
  });

  test("an ordinary user may use instances, not make them", () => {
    const mig = new MigRig();
    const gi = mig.gi(14);
    mig.ci(gi);
    const user = mig.rig.process("user");
    user.process.cred = userCredentials(1000);
    expect(user.sys.open("/dev/nvidia-caps/nvidia-cap1", O_RDONLY)).toBe(-Errno.EACCES);
    expect(mig.node(user, gi).gem(65536)).toBeGreaterThan(0);
    const control = user.sys.open("/dev/nvidiactl", O_RDWR);
    expect(user.sys.ioctl(control, "NV_SET_TIMESLICE", { gpu: 0, value: 1 })).toBe(-Errno.EPERM);
    expect(user.sys.ioctl(control, "NV_GPU_RESET", { gpu: 0 })).toBe(-Errno.EPERM);
  });

  test("subscribing: each broken rule", () => {
    const mig = new MigRig({ gpus: [a100Sxm40, a100Sxm40] });
    mig.mode(true, 1);
    const [a, b] = [mig.gi(14), mig.gi(14)];
    const other = mig.gi(14, null, 1);
    for (const gi of [a, b]) mig.ci(gi);
    mig.ci(other, null, 1);
    const client = mig.rig.process("client");
    const cap = (gi: number, ci: number | null, gpu = 0): number => client.sys.open(`/dev/nvidia-caps/nvidia-cap${3 + (gpu * 15 + gi) * 9 + (ci === null ? 0 : 1 + ci)}`, O_RDONLY);
    const node = client.open();
    const subscribe = (gi: number, ci: number): number => node.raw("GLASS_MIG_SUBSCRIBE", { gi, ci });
    expect(subscribe(99, 99)).toBe(-Errno.EBADF);
    expect(subscribe(cap(a, null), 99)).toBe(-Errno.EBADF);
    expect(subscribe(node.fd, cap(a, 0))).toBe(-Errno.EINVAL);
    expect(subscribe(cap(a, 0), cap(a, 0))).toBe(-Errno.EINVAL);
    expect(subscribe(cap(a, null), cap(a, null))).toBe(-Errno.EINVAL);
    expect(subscribe(cap(a, null), cap(b, 0))).toBe(-Errno.EINVAL);
    expect(subscribe(cap(other, null, 1), cap(other, 0, 1))).toBe(-Errno.EINVAL);
    const stale = [cap(b, null), cap(b, 0)] as const;
    mig.dropCi(b, 0);
    expect(subscribe(...stale)).toBe(-Errno.ENODEV);
    expect(subscribe(cap(a, null), cap(a, 0))).toBe(0);
    expect(subscribe(cap(a, null), cap(a, 0))).toBe(-Errno.EBUSY);
  });

  test("no memory of one GPU instance is imported into another", () => {
    const mig = new MigRig();
    const [a, b] = [mig.gi(14), mig.gi(14)];
    for (const gi of [a, b]) mig.ci(gi);
    const client = mig.rig.process("client");
    const [one, two, again] = [mig.node(client, a), mig.node(client, b), mig.node(client, a)];
    const out = { handle: one.gem(65536), flags: 0, fd: -1 };
    one.do("DRM_IOCTL_PRIME_HANDLE_TO_FD", out);
    expect(two.raw("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd: out.fd, handle: 0 })).toBe(-Errno.EOPNOTSUPP);
    expect(again.raw("DRM_IOCTL_PRIME_FD_TO_HANDLE", { fd: out.fd, handle: 0 })).toBe(0);
  });
});

describe("time slices", () => {
  test("settings 0 to 3, in their order; others are refused", () => {
    const mig = new MigRig({ on: false });
    const { turns } = mig.rig.gpus[0]!.gpu.compute;
    const at = (value: number): number => {
      expect(mig.raw("NV_SET_TIMESLICE", { gpu: 0, value })).toBe(0);
      return turns.timeslice;
    };
    const [standard, short, medium, long] = [at(0), at(1), at(2), at(3)] as const;
    expect(short).toBeLessThan(standard);
    expect(standard).toBeLessThan(medium);
    expect(medium).toBeLessThan(long);
    const list: NvIoctlTable["NV_GPU_LIST"] = { gpus: [] };
    mig.raw("NV_GPU_LIST", list);
    expect(list.gpus[0]!.timeslice).toBe("long");
    expect(mig.raw("NV_SET_TIMESLICE", { gpu: 0, value: 4 })).toBe(-Errno.EINVAL);
    expect(mig.raw("NV_SET_TIMESLICE", { gpu: 3, value: 1 })).toBe(-Errno.ENODEV);
  });
});

test("a machine says what instances hold, and nothing after the last program", () => {
  const machine = createMachine({ gpus: ["a100-sxm4-40gb"] });
  expect(machine.objectCounts()["nvidia"]).toMatchObject({ gpuInstances: 0, vramBytes: 0 });
  machine.dispose();
});
