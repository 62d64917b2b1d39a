import { describe, expect, test } from "vitest";
import { createMachine, out, type HostProcess, type Machine } from "../../../src/index.ts";
import { CL_DEVICE_GLOBAL_MEM_SIZE, CL_DEVICE_MAX_COMPUTE_UNITS, CL_DEVICE_NAME, CL_DEVICE_TYPE_ALL, type cl_device_id } from "../../../src/opencl/entry/opencl.ts";
import { Errno } from "../../../src/kernel/errors.ts";
import type { NvIoctlTable } from "../../../src/kernel/sys/nv-uapi.ts";

/** Names of the GPUs that CUDA sees; the code of cuInit when it fails. */
function cudaNames(p: HostProcess): string[] | number {
  const code = p.cuda.cuInit(0);
  if (code !== 0) return code;
  const count = out<number>();
  p.cuda.cuDeviceGetCount(count);
  return Array.from({ length: count.value }, (_, i) => {
    const name = out<string>();
    p.cuda.cuDeviceGetName(name, 100, i);
    return name.value;
  });
}

function clNames(p: HostProcess): string[] {
  const cl = p.throwing.opencl;
  const [platforms] = cl.clGetPlatformIDs(1);
  const ids: cl_device_id[] = [];
  const count = out<number>();
  if (p.opencl.clGetDeviceIDs(platforms[0]!, CL_DEVICE_TYPE_ALL, 0, null, count) !== 0) return [];
  ids.push(...cl.clGetDeviceIDs(platforms[0]!, CL_DEVICE_TYPE_ALL, count.value)[0]);
  return ids.map((id) => {
    const size = out<number>();
    p.opencl.clGetDeviceInfo(id, CL_DEVICE_NAME, 0, null, size);
    const text = new Uint8Array(size.value);
    p.opencl.clGetDeviceInfo(id, CL_DEVICE_NAME, text.length, text, null);
    return new TextDecoder().decode(text).replace(/\0$/, "");
  });
}

const see = (machine: Machine, env: Readonly<Record<string, string>> = {}): string[] | number => cudaNames(machine.process("p", { env }));
const NO_DEVICE = 100;
const A = "NVIDIA A100-SXM4-40GB";
const H = "NVIDIA H100 80GB HBM3";
const T = "Glass Tiny";

/** Cuts GPU 0 and gives the UUIDs of its compute instances. */
function cut(machine: Machine, profiles: readonly number[]): string[] {
  const { sys } = machine.process("nvidia-smi");
  const fd = sys.open("/dev/nvidiactl", 2);
  const capability = sys.open("/dev/nvidia-caps/nvidia-cap1", 0);
  expect(sys.ioctl(fd, "NV_MIG_SET_MODE", { gpu: 0, enable: true, capability, state: "set" })).toBe(0);
  for (const profile of profiles) {
    const arg = { gpu: 0, profile, start: null, capability, gi: 0 };
    expect(sys.ioctl(fd, "NV_MIG_GI_CREATE", arg)).toBe(0);
    expect(sys.ioctl(fd, "NV_MIG_CI_CREATE", { gpu: 0, gi: arg.gi, profile: null, capability, ci: 0, created: 0 })).toBe(0);
  }
  const list: NvIoctlTable["NV_MIG_INSTANCES"] = { gpu: 0, instances: [] };
  sys.ioctl(fd, "NV_MIG_INSTANCES", list);
  return list.instances.flatMap((gi) => gi.compute.map((ci) => ci.uuid));
}

describe("CUDA_VISIBLE_DEVICES", () => {
  const machine = createMachine({ gpus: ["a100-sxm4-40gb", "h100", "tiny"] });
  const uuids = machine.gpus.map(({ uuid }) => uuid);

  test.each<readonly [string, readonly string[] | number]>([
    ["0", [A]], ["1,0", [H, A]], ["2,1,0", [T, H, A]], [" 1 , 2", [H, T]], ["", NO_DEVICE], ["-1", NO_DEVICE], ["3", NO_DEVICE], ["0,3,1", [A]], ["0,-1,1", [A]], ["1,x,0", [H]], ["NoDevFiles", NO_DEVICE],
    ["1,1,0", [H]], ["MIG-0", NO_DEVICE],
  ])("%s", (list, names) => expect(see(machine, { CUDA_VISIBLE_DEVICES: list })).toEqual(names));

  test("unset: all", () => expect(see(machine)).toEqual([A, H, T]));
  test("by UUID, whole or cut short", () => {
    expect(see(machine, { CUDA_VISIBLE_DEVICES: `${uuids[2]},${uuids[0]}` })).toEqual([T, A]);
    expect(see(machine, { CUDA_VISIBLE_DEVICES: uuids[1]!.slice(0, 12) })).toEqual([H]);
    // All begin so: it names no single one.
    expect(see(machine, { CUDA_VISIBLE_DEVICES: "GPU-" })).toBe(NO_DEVICE);
  });
  test("fastest first, and numbers in that order", () => {
    expect(see(machine, { CUDA_DEVICE_ORDER: "FASTEST_FIRST" })).toEqual([H, A, T]);
    expect(see(machine, { CUDA_DEVICE_ORDER: "FASTEST_FIRST", CUDA_VISIBLE_DEVICES: "0" })).toEqual([H]);
    expect(see(machine, { CUDA_DEVICE_ORDER: "PCI_BUS_ID", CUDA_VISIBLE_DEVICES: "0" })).toEqual([A]);
  });
  test("the runtime counts the same", () => {
    const p = machine.process("p", { env: { CUDA_VISIBLE_DEVICES: "1,2" } });
    const count = out<number>();
    expect(p.cudart.cudaGetDeviceCount(count)).toBe(0);
    expect(count.value).toBe(2);
  });
  test("OpenCL of NVIDIA's GPUs goes by it, other GPUs do not", () => {
    const mixed = createMachine({ gpus: ["a100-sxm4-40gb", "mi250x", "h100"] });
    const names = (list: string): string[] => clNames(mixed.process("p", { env: { CUDA_VISIBLE_DEVICES: list } }));
    expect(names("1")).toEqual([H, "AMD Instinct MI250X"]);
    expect(names("")).toEqual(["AMD Instinct MI250X"]);
    expect(clNames(mixed.process("p"))).toEqual([A, "AMD Instinct MI250X", H]);
  });
  test("a child inherits its parent's environment", () => {
    const parent = machine.kernel.createProcess("parent", null);
    parent.env.set("CUDA_VISIBLE_DEVICES", "1");
    const child = machine.kernel.fork(parent, "child", null);
    if (typeof child === "number") throw new Error(`fork: ${child}`);
    expect(child.env.get("CUDA_VISIBLE_DEVICES")).toBe("1");
  });
});

describe("partitioned GPUs", () => {
  test("CUDA sees the first compute instance, or the one that is named; as small as it is", () => {
    const machine = createMachine({ gpus: ["a100-sxm4-40gb"] });
    const uuids = cut(machine, [14, 9]);
    // Ids go by the place: 2g.10gb is 5 (4:2), 3g.20gb is 1 (0:4).
    expect(see(machine)).toEqual([`${A} MIG 3g.20gb`]);
    expect(see(machine, { CUDA_VISIBLE_DEVICES: uuids[1]! })).toEqual([`${A} MIG 2g.10gb`]);
    expect(see(machine, { CUDA_VISIBLE_DEVICES: `${uuids[1]},${uuids[0]}` })).toEqual([`${A} MIG 2g.10gb`]);
    expect(see(machine, { CUDA_VISIBLE_DEVICES: "0" })).toEqual([`${A} MIG 3g.20gb`]);
    expect(see(machine, { CUDA_VISIBLE_DEVICES: "1" })).toBe(NO_DEVICE);
    expect(see(machine, { CUDA_VISIBLE_DEVICES: `MIG-${machine.gpus[0]!.uuid}/3/0` })).toBe(NO_DEVICE);
    expect(see(machine, { CUDA_VISIBLE_DEVICES: `MIG-${machine.gpus[0]!.uuid}/1/0` })).toEqual([`${A} MIG 3g.20gb`]);
    const p = machine.process("p", { env: { CUDA_VISIBLE_DEVICES: uuids[1]! } });
    cudaNames(p);
    const [sms, bytes] = [out<number>(), out<number>()];
    p.cuda.cuDeviceGetAttribute(sms, 16, 0);
    p.cuda.cuDeviceTotalMem(bytes, 0);
    expect([sms.value, bytes.value]).toEqual([28, 9984 * 2 ** 20]);
  });

  test("its memory is its own: an allocation that fits the GPU and not the instance is refused, and none is left of the neighbour's", () => {
    const machine = createMachine({ gpus: ["a100-sxm4-40gb"] });
    const uuids = cut(machine, [14, 14]);
    const [a, b] = uuids.map((uuid, i) => machine.process(`p${i}`, { env: { CUDA_VISIBLE_DEVICES: uuid } })) as [HostProcess, HostProcess];
    for (const p of [a, b]) {
      p.throwing.cuda.cuInit(0);
      p.throwing.cuda.cuCtxCreate(null, 0, 0);
    }
    const box = out<number>();
    expect(a.cuda.cuMemAlloc(box, 11 * 2 ** 30)).toBe(2);
    expect(a.cuda.cuMemAlloc(box, 9 * 2 ** 30)).toBe(0);
    expect(b.cuda.cuMemAlloc(box, 9 * 2 ** 30)).toBe(0);
    const [free, total] = [out<number>(), out<number>()];
    b.cuda.cuMemGetInfo(free, total);
    expect(total.value).toBe(9984 * 2 ** 20);
    machine.checkInvariants();
  });

  test("without instances there is no device; a GPU that is not cut comes before instances", () => {
    const machine = createMachine({ gpus: ["a100-sxm4-40gb"] });
    cut(machine, []);
    expect(see(machine)).toBe(NO_DEVICE);
    const two = createMachine({ gpus: ["a100-sxm4-40gb", "h100"] });
    const uuids = cut(two, [9]);
    expect(see(two)).toEqual([H]);
    expect(see(two, { CUDA_VISIBLE_DEVICES: uuids[0]! })).toEqual([`${A} MIG 3g.20gb`]);
    expect(see(two, { CUDA_VISIBLE_DEVICES: "1,0" })).toEqual([H]);
  });

  test("OpenCL sees the same instance", () => {
    const machine = createMachine({ gpus: ["a100-sxm4-40gb"] });
    const uuids = cut(machine, [14]);
    const p = machine.process("p", { env: { CUDA_VISIBLE_DEVICES: uuids[0]! } });
    expect(clNames(p)).toEqual([`${A} MIG 2g.10gb`]);
    const [platforms] = p.throwing.opencl.clGetPlatformIDs(1);
    const [ids] = p.throwing.opencl.clGetDeviceIDs(platforms[0]!, CL_DEVICE_TYPE_ALL, 1);
    const units = new Uint32Array(1);
    const bytes = new BigUint64Array(1);
    p.opencl.clGetDeviceInfo(ids[0]!, CL_DEVICE_MAX_COMPUTE_UNITS, 4, units, null);
    p.opencl.clGetDeviceInfo(ids[0]!, CL_DEVICE_GLOBAL_MEM_SIZE, 8, bytes, null);
    expect([units[0], bytes[0]]).toEqual([28, 9984n * 2n ** 20n]);
  });

  test("who may not open the rights sees no device", () => {
    const machine = createMachine({ gpus: ["a100-sxm4-40gb"] });
    cut(machine, [14]);
    const [minor] = [3 + 5 * 9];
    machine.kernel.vfs.mknod(`/dev/nvidia-caps/nvidia-cap${minor}`, () => -Errno.EACCES);
    expect(see(machine)).toBe(NO_DEVICE);
  });
});
