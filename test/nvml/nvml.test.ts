import { execFileSync } from "node:child_process";
import { createMachine, out, type HostProcess } from "glassgpu";
import * as entry from "glassgpu/nvml";
import { describe, expect, test } from "vitest";
import { root } from "../architecture/sources.ts";
import { userCredentials } from "../../src/kernel/process/cred.ts";
import { nvmlReturn_t, type nvmlDevice_t, type nvmlGpuInstance_t, type nvmlProcessInfo_t } from "../../src/nvml/abi.ts";
import { NvmlError } from "../../src/nvml/errors.ts";
import { refusedNames } from "../../src/nvml/refused.ts";
import { shapes } from "../../src/nvml/shapes.ts";
import { nvml } from "../../src/nvml/table.ts";
import { worker } from "../programs/workload.ts";

const E = nvmlReturn_t;

function started(gpus: readonly string[] = ["h100"]): HostProcess {
  const p = createMachine({ gpus }).process("monitor");
  expect(p.nvml.nvmlInit_v2()).toBe(0);
  return p;
}

function gpu(p: HostProcess, index: number = 0): nvmlDevice_t {
  return p.throwing.nvml.nvmlDeviceGetHandleByIndex_v2(index);
}

describe("tables", () => {
  test("shapes and entry are what the script writes, and fit the functions", () => {
    expect(() => execFileSync(process.execPath, [`${root}/scripts/nvml.mjs`, "--check"], { stdio: "pipe" })).not.toThrow();
    for (const [name, { arity, outs }] of Object.entries(shapes)) {
      expect([name, nvml[name as keyof typeof nvml].length - 1]).toEqual([name, arity]);
      expect(outs.every((i) => i < arity)).toBe(true);
    }
    expect(Object.keys(nvml).filter((name) => !(name in entry))).toEqual([]);
  });

  test("module functions act on the process in use", () => {
    const machine = createMachine({ gpus: ["tiny", "h100"] });
    machine.use(machine.process("ambient"));
    expect(entry.nvmlInit_v2()).toBe(0);
    const count = out<number>();
    expect([entry.nvmlDeviceGetCount_v2(count), count.value]).toEqual([0, 2]);
  });

  test.each(Object.entries(nvmlReturn_t))("%s has words", (_name, code) => {
    expect(started().nvml.nvmlErrorString(code)).not.toBe("");
  });
});

describe("initialisation", () => {
  test("every function but init and the error texts wants it first", () => {
    const p = createMachine().process("early");
    const free = new Set(["nvmlInit_v2", "nvmlInitWithFlags", "nvmlErrorString"]);
    for (const [name, { arity }] of Object.entries(shapes)) {
      if (free.has(name)) continue;
      const call = (p.nvml as unknown as Record<string, (...args: unknown[]) => number>)[name]!;
      const args = Array.from({ length: arity }, () => 1 as unknown);
      // Functions that look at a pointer first get one.
      if (name === "nvmlSystemGetCudaDriverVersion_v2") args[0] = out();
      if (name === "nvmlDeviceCreateGpuInstanceWithPlacement") args[2] = { start: 0, size: 1 };
      if (name === "nvmlGpuInstanceGetComputeInstanceProfileInfo") args[2] = 0;
      expect([name, call(...args)]).toEqual([name, E.NVML_ERROR_UNINITIALIZED]);
    }
  });

  test("counts: as many shutdowns as inits", () => {
    const p = started();
    expect(p.nvml.nvmlInitWithFlags(0)).toBe(0);
    expect([p.nvml.nvmlShutdown(), p.nvml.nvmlShutdown(), p.nvml.nvmlShutdown()]).toEqual([0, 0, E.NVML_ERROR_UNINITIALIZED]);
  });

  test("no driver: an AMD GPU, Windows", () => {
    expect(createMachine({ gpus: ["mi250x"] }).process("p").nvml.nvmlInit_v2()).toBe(E.NVML_ERROR_DRIVER_NOT_LOADED);
    expect(createMachine({ os: "windows" }).process("p").nvml.nvmlInit_v2()).toBe(E.NVML_ERROR_DRIVER_NOT_LOADED);
  });

  test.each(refusedNames)("%s answers NOT_SUPPORTED", (name) => {
    expect(started()["nvml"][name]()).toBe(E.NVML_ERROR_NOT_SUPPORTED);
  });
});

describe("devices", () => {
  test("by index, UUID and bus id: the same handle", () => {
    const p = started(["tiny", "h100"]);
    const { nvml: api } = p.throwing;
    const second = gpu(p, 1);
    expect(api.nvmlDeviceGetHandleByUUID(api.nvmlDeviceGetUUID(second, 96))).toBe(second);
    expect(api.nvmlDeviceGetHandleByPciBusId_v2("00000000:02:00.0")).toBe(second);
    expect(api.nvmlDeviceGetHandleByPciBusId_v2("02:00.0")).toBe(second);
    expect([api.nvmlDeviceGetName(second, 96), api.nvmlDeviceGetIndex(second), api.nvmlDeviceGetMinorNumber(second)]).toEqual(["NVIDIA H100 80GB HBM3", 1, 1]);
    expect(api.nvmlDeviceGetPciInfo_v3(second)).toMatchObject({ busId: "00000000:02:00.0", bus: 2, pciDeviceId: 0x233010de });
    expect(api.nvmlDeviceGetCudaComputeCapability(second)).toEqual([9, 0]);
    expect(api.nvmlDeviceGetMemoryInfo(second)).toEqual({ total: 81559 * 2 ** 20, free: 81559 * 2 ** 20, used: 0 });
  });

  test("bad arguments", () => {
    const p = started();
    const box = out<nvmlDevice_t>();
    const { nvml: api } = p;
    expect(api.nvmlDeviceGetHandleByIndex_v2(1, box)).toBe(E.NVML_ERROR_INVALID_ARGUMENT);
    expect(api.nvmlDeviceGetHandleByIndex_v2(0, null)).toBe(E.NVML_ERROR_INVALID_ARGUMENT);
    expect(api.nvmlDeviceGetHandleByUUID("GPU-0", box)).toBe(E.NVML_ERROR_NOT_FOUND);
    expect(api.nvmlDeviceGetHandleByUUID(null, box)).toBe(E.NVML_ERROR_INVALID_ARGUMENT);
    expect(api.nvmlDeviceGetHandleByPciBusId_v2("0000:09:00.0", box)).toBe(E.NVML_ERROR_NOT_FOUND);
    expect(box.isSet).toBe(false);
    expect(api.nvmlDeviceGetName(gpu(p), out<string>(), 5)).toBe(E.NVML_ERROR_INSUFFICIENT_SIZE);
    expect(api.nvmlDeviceGetName(gpu(p), null, 96)).toBe(E.NVML_ERROR_INVALID_ARGUMENT);
    expect(api.nvmlDeviceGetName(7 as nvmlDevice_t, out<string>(), 96)).toBe(E.NVML_ERROR_INVALID_ARGUMENT);
    expect(api.nvmlDeviceGetTemperature(gpu(p), 3, out<number>())).toBe(E.NVML_ERROR_INVALID_ARGUMENT);
    expect(api.nvmlDeviceGetClockInfo(gpu(p), 9, out<number>())).toBe(E.NVML_ERROR_INVALID_ARGUMENT);
    expect(api.nvmlDeviceGetFanSpeed(gpu(p), out<number>())).toBe(E.NVML_ERROR_NOT_SUPPORTED);
    expect(api.nvmlDeviceSetComputeMode(gpu(p), 0)).toBe(0);
    expect(api.nvmlDeviceSetComputeMode(gpu(p), 3)).toBe(E.NVML_ERROR_NOT_SUPPORTED);
    expect(api.nvmlDeviceSetComputeMode(gpu(p), 1)).toBe(E.NVML_ERROR_INVALID_ARGUMENT);
    expect(api.nvmlSystemGetProcessName(99, out<string>(), 10)).toBe(E.NVML_ERROR_NOT_FOUND);
    const small = started(["tiny"]);
    expect(small.nvml.nvmlDeviceGetEccMode(gpu(small), out<number>(), out<number>())).toBe(E.NVML_ERROR_NOT_SUPPORTED);
  });

  test("a GPU that was taken out is lost", () => {
    const p = started(["tiny"]);
    const device = gpu(p);
    p.sys.writeFile("/sys/bus/pci/devices/0000:01:00.0/remove", "1");
    expect(p.nvml.nvmlDeviceGetPowerUsage(device, out<number>())).toBe(E.NVML_ERROR_GPU_IS_LOST);
  });

  test("what is thrown names function, code and rule", () => {
    const p = started();
    expect(() => p.throwing.nvml.nvmlDeviceGetHandleByIndex_v2(9)).toThrow(NvmlError);
    expect(() => p.throwing.nvml.nvmlDeviceGetHandleByIndex_v2(9)).toThrow(/NVML_ERROR_INVALID_ARGUMENT: index must be below the number of GPUs \(index=9\)/);
  });
});

describe("processes", () => {
  test("a list goes in as room and comes out as number", () => {
    const machine = createMachine({ gpus: ["h100"] });
    const w = worker(machine, "train", 64);
    const p = machine.process("monitor");
    p.nvml.nvmlInit_v2();
    const count = out<number>(0);
    const list = out<nvmlProcessInfo_t[]>();
    expect([p.nvml.nvmlDeviceGetComputeRunningProcesses_v3(gpu(p), count, null), count.value]).toEqual([E.NVML_ERROR_INSUFFICIENT_SIZE, 1]);
    expect([p.nvml.nvmlDeviceGetComputeRunningProcesses_v3(gpu(p), count, list), list.value]).toEqual([0, [{ pid: w.process.pid, usedGpuMemory: 64 * 2 ** 20, gpuInstanceId: 0xffffffff, computeInstanceId: 0xffffffff }]]);
    const [code, n, found] = p.tuple.nvml.nvmlDeviceGetComputeRunningProcesses_v3(gpu(p));
    expect([code, n, found?.length]).toEqual([0, 1, 1]);
    expect(p.nvml.nvmlDeviceGetComputeRunningProcesses_v3(gpu(p), null, list)).toBe(E.NVML_ERROR_INVALID_ARGUMENT);
    expect(p.tuple.nvml.nvmlDeviceGetGraphicsRunningProcesses_v3(gpu(p))).toEqual([0, 0, []]);
    expect(p.nvml.nvmlDeviceGetProcessUtilization(gpu(p), out(), out<number>(), 0)).toBe(E.NVML_ERROR_NOT_FOUND);
    expect(p.throwing.nvml.nvmlSystemGetProcessName(w.process.pid, 20)).toBe("train");
    w.process.exit();
    expect(p.tuple.nvml.nvmlDeviceGetComputeRunningProcesses_v3(gpu(p))).toEqual([0, 0, []]);
  });
});

describe("partitions", () => {
  test("mode, instances, MIG devices, and their end", () => {
    const p = started();
    const { nvml: api } = p.throwing;
    const device = gpu(p);
    expect(api.nvmlDeviceGetMigMode(device)).toEqual([0, 0]);
    expect(p.nvml.nvmlDeviceCreateGpuInstance(device, 9, out())).toBe(E.NVML_ERROR_NOT_SUPPORTED);
    expect(api.nvmlDeviceSetMigMode(device, 1)).toBe(0);
    expect(api.nvmlDeviceGetMigMode(device)).toEqual([1, 1]);
    const gi = api.nvmlDeviceCreateGpuInstance(device, 9);
    const ci = api.nvmlGpuInstanceCreateComputeInstance(gi, 2);
    expect(api.nvmlGpuInstanceGetInfo(gi)).toMatchObject({ device, id: 2, profileId: 9, placement: { start: 4, size: 4 } });
    expect(api.nvmlComputeInstanceGetInfo_v2(ci)).toMatchObject({ gpuInstance: gi, id: 0, profileId: 2, placement: { start: 0, size: 3 } });
    const part = api.nvmlDeviceGetMigDeviceHandleByIndex(device, 0);
    expect([api.nvmlDeviceIsMigDeviceHandle(part), api.nvmlDeviceGetGpuInstanceId(part), api.nvmlDeviceGetComputeInstanceId(part), api.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(part)]).toEqual([1, 2, 0, device]);
    expect(api.nvmlDeviceGetAttributes_v2(part)).toMatchObject({ multiprocessorCount: 60, gpuInstanceSliceCount: 3, computeInstanceSliceCount: 3, memorySizeMB: 40448 });
    expect(api.nvmlDeviceGetHandleByUUID(api.nvmlDeviceGetUUID(part, 96))).toBe(part);
    expect(p.nvml.nvmlDeviceGetPowerUsage(part, out<number>())).toBe(E.NVML_ERROR_NOT_SUPPORTED);
    expect(p.nvml.nvmlDeviceGetUtilizationRates(device, out())).toBe(E.NVML_ERROR_NOT_SUPPORTED);
    expect(p.nvml.nvmlDeviceGetMigDeviceHandleByIndex(device, 1, out())).toBe(E.NVML_ERROR_NOT_FOUND);
    expect(p.nvml.nvmlDeviceGetMigDeviceHandleByIndex(device, 7, out())).toBe(E.NVML_ERROR_INVALID_ARGUMENT);
    expect(p.nvml.nvmlGpuInstanceDestroy(gi)).toBe(E.NVML_ERROR_IN_USE);
    expect([p.nvml.nvmlComputeInstanceDestroy(ci), p.nvml.nvmlGpuInstanceDestroy(gi)]).toEqual([0, 0]);
    expect(p.nvml.nvmlGpuInstanceDestroy(gi)).toBe(E.NVML_ERROR_INVALID_ARGUMENT);
    expect(p.nvml.nvmlDeviceGetUUID(part, out<string>(), 96)).toBe(E.NVML_ERROR_NOT_FOUND);
  });

  test("profiles, placements, room", () => {
    const p = started();
    const { nvml: api } = p.throwing;
    const device = gpu(p);
    api.nvmlDeviceSetMigMode(device, 1);
    expect(api.nvmlDeviceGetGpuInstanceProfileInfo(device, 2)).toMatchObject({ id: 9, name: "MIG 3g.40gb", sliceCount: 3, instanceCount: 2, multiprocessorCount: 60, memorySizeMB: 40448 });
    expect(p.nvml.nvmlDeviceGetGpuInstanceProfileInfo(device, 5, out())).toBe(E.NVML_ERROR_NOT_SUPPORTED);
    expect(p.nvml.nvmlDeviceGetGpuInstanceProfileInfo(device, 99, out())).toBe(E.NVML_ERROR_INVALID_ARGUMENT);
    expect(p.tuple.nvml.nvmlDeviceGetGpuInstancePossiblePlacements_v2(device, 9)).toEqual([0, [{ start: 0, size: 4 }, { start: 4, size: 4 }], 2]);
    expect(api.nvmlDeviceGetGpuInstanceRemainingCapacity(device, 9)).toBe(2);
    const first = api.nvmlDeviceCreateGpuInstanceWithPlacement(device, 9, { start: 0, size: 4 });
    expect(api.nvmlDeviceGetGpuInstanceById(device, 1)).toBe(first);
    expect(p.nvml.nvmlDeviceCreateGpuInstanceWithPlacement(device, 9, { start: 1, size: 4 }, out<nvmlGpuInstance_t>())).toBe(E.NVML_ERROR_INVALID_ARGUMENT);
    expect(p.nvml.nvmlDeviceCreateGpuInstance(device, 0, out<nvmlGpuInstance_t>())).toBe(E.NVML_ERROR_INSUFFICIENT_RESOURCES);
    expect(p.nvml.nvmlDeviceCreateGpuInstance(device, 77, out<nvmlGpuInstance_t>())).toBe(E.NVML_ERROR_INVALID_ARGUMENT);
  });

  test("who may not: NO_PERMISSION; what cannot: NOT_SUPPORTED", () => {
    const machine = createMachine({ gpus: ["h100", "tiny"] });
    const p = machine.process("user", { cred: userCredentials(1000) });
    p.nvml.nvmlInit_v2();
    expect(p.nvml.nvmlDeviceSetMigMode(gpu(p), 1, out())).toBe(E.NVML_ERROR_NO_PERMISSION);
    expect(p.nvml.nvmlDeviceSetMigMode(gpu(p, 1), 1, out())).toBe(E.NVML_ERROR_NOT_SUPPORTED);
  });
});
