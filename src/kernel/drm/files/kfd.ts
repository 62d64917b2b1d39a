import { Errno } from "../../errors.ts";
import type { Kernel } from "../../machine.ts";
import type { GpuDevice } from "../device.ts";
import { directory, provide, text, type Directory } from "./tree.ts";

/** Processors of the machine, as its tables say: it has as many as it has threads. */
const CPU_CORES = 2;
/** Firmware that the model goes by: those of gfx90a with ROCm 6. */
const UCODE = { cp: 83, sdma: 8 };

/** "90010" of "gfx90a": major, minor and stepping in decimal pairs. */
function targetVersion(gfx: string): number {
  const [, major = "0", minor = "0", stepping = "0"] = /^gfx(\d+)(\w)(\w)$/.exec(gfx) ?? [];
  return Number(major) * 10_000 + Number.parseInt(minor, 16) * 100 + Number.parseInt(stepping, 16);
}

function properties(rows: Readonly<Record<string, number>>): string {
  return Object.entries(rows).map(([key, value]) => `${key} ${value}\n`).join("");
}

/** A bank of memory: type 0 system, 1 the CPU's window to a GPU's memory, 2 a GPU's memory out of the CPU's reach. */
function bank(type: number, bytes: number, width: number, clockHz: number): Directory {
  return directory(() => ({ properties: text(() => properties({ heap_type: type, size_in_bytes: bytes, flags: 0, width, mem_clk_max: Math.round(clockHz / 1e6) })) }));
}

function cpuNode(kernel: Kernel): Directory {
  return directory(() => ({
    gpu_id: text(() => "0\n"),
    name: text(() => "\n"),
    properties: text(() => properties({
      cpu_cores_count: CPU_CORES, simd_count: 0, mem_banks_count: 1, caches_count: 0, io_links_count: 0, cpu_core_id_base: 0, simd_id_base: 0, max_waves_per_simd: 0, lds_size_in_kb: 0, wave_front_size: 0, max_engine_clk_ccompute: 3000,
    })),
    mem_banks: directory(() => ({ 0: bank(0, kernel.memory.ram?.total ?? 0, 64, 3.2e9) })),
  }));
}

function gpuNode(device: GpuDevice): Directory {
  const { profile } = device.gpu;
  const { pci } = device;
  const simds = profile.multiprocessors * 4;
  return directory(() => ({
    gpu_id: text(() => `${(pci.bus * 2654435761) % 65_536}\n`),
    name: text(() => `${profile.gfxTarget}\n`),
    properties: text(() => properties({
      cpu_cores_count: 0, simd_count: simds, mem_banks_count: 1, caches_count: 2, io_links_count: 1, cpu_core_id_base: 0, simd_id_base: 2_147_487_744, max_waves_per_simd: 8,
      lds_size_in_kb: profile.limits.sharedPerMultiprocessor / 1024, gds_size_in_kb: 0, wave_front_size: profile.warpSize, array_count: 8, simd_arrays_per_engine: 1, cu_per_simd_array: Math.ceil(profile.multiprocessors / 8),
      simd_per_cu: 4, max_slots_scratch_cu: 32, gfx_target_version: targetVersion(profile.gfxTarget), vendor_id: profile.vendorId, device_id: profile.deviceId,
      location_id: pci.bus * 256 + pci.device * 8 + pci.function, domain: pci.domain, drm_render_minor: 128 + device.index, hive_id: 0, num_sdma_engines: profile.copyEngines, num_sdma_xgmi_engines: 0,
      num_cp_queues: 24, max_engine_clk_fcompute: Math.round(profile.clockHz / 1e6), local_mem_size: 0, fw_version: UCODE.cp, sdma_fw_version: UCODE.sdma, unique_id: pci.bus,
    })),
    mem_banks: directory(() => ({ 0: bank(1, profile.vramBytes, profile.memoryBusBits, profile.memoryClockHz) })),
    caches: directory(() => ({
      0: directory(() => ({ properties: text(() => properties({ level: 1, size: 16, cache_line_size: 64 })) })),
      1: directory(() => ({ properties: text(() => properties({ level: 2, size: profile.l2Bytes / 1024, cache_line_size: 128 })) })),
    })),
  }));
}

/**
 * What ROCm's libraries look at: /sys/module/amdgpu, the topology of /sys/class/kfd (drivers/gpu/drm/amd/amdkfd/kfd_topology.c), and /dev/kfd, which can be opened and no more:
 * work goes through the render nodes here.
 */
export function mountKfd(kernel: Kernel, devices: readonly GpuDevice[]): void {
  const mine = devices.filter((device) => device.driver === "amdgpu");
  if (mine.length === 0 || kernel.os !== "linux") return;
  const module = directory(() => ({ version: text(() => `${mine[0]!.gpu.profile.driverVersion}\n`), initstate: text(() => "live\n") }));
  kernel.vfs.mount("/sys/module/amdgpu", provide("/sys/module/amdgpu", module));
  const nodes = directory(() => Object.fromEntries([cpuNode(kernel), ...mine.filter((device) => !device.unplugged).map(gpuNode)].map((node, i) => [String(i), node])));
  const topology = directory(() => ({ kfd: directory(() => ({ topology: directory(() => ({ nodes, generation_id: text(() => "1\n"), system_properties: text(() => properties({ platform_oem: 0, platform_id: 0, platform_rev: 0 })) })) })) }));
  kernel.vfs.mount("/sys/class/kfd", provide("/sys/class/kfd", topology));
  kernel.vfs.mknod("/dev/kfd", () => ({ kind: "kfd", ioctl: () => -Errno.EOPNOTSUPP, release: () => {} }), { mode: 0o660, uid: 0, gid: 992 });
}
