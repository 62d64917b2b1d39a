import { O_CLOEXEC, O_RDWR } from "../../kernel/sys/sys.ts";
import { errorWords } from "../io.ts";
import type { Program, ProgramContext } from "../program.ts";
import { RocPrinter } from "./print.ts";
import { topology, type TopologyNode } from "./topology.ts";

const GRID = 4_294_967_295;
const AXES = ["x", "y", "z"];

function property(node: TopologyNode, name: string): number {
  return node.properties.get(name) ?? 0;
}

function perDimension(out: RocPrinter, level: number, label: string, values: readonly number[]): void {
  out.plain(`${"  ".repeat(level)}${label}`);
  values.forEach((value, i) => out.both(level + 1, AXES[i]!, value));
}

function pool(out: RocPrinter, number: number, segment: string, bytes: number, granule: readonly [number, number, number], allocatable: boolean, everybody: boolean): void {
  out.title(2, `Pool ${number}`);
  out.row(3, "Segment:", segment);
  out.both(3, "Size:", Math.floor(bytes / 1024), " KB");
  out.row(3, "Allocatable:", allocatable ? "TRUE" : "FALSE");
  out.row(3, "Alloc Granule:", `${granule[0]}KB`);
  out.row(3, "Alloc Recommended Granule:", `${granule[1]}KB`);
  out.row(3, "Alloc Alignment:", `${granule[2]}KB`);
  out.row(3, "Accessible by all:", everybody ? "TRUE" : "FALSE");
}

function cpuAgent(out: RocPrinter, node: TopologyNode, name: string): void {
  out.row(1, "Name:", name);
  out.row(1, "Uuid:", "CPU-XX");
  out.row(1, "Marketing Name:", name);
  out.row(1, "Vendor Name:", "CPU");
  out.row(1, "Feature:", "None specified");
  out.row(1, "Profile:", "FULL_PROFILE");
  out.row(1, "Float Round Mode:", "NEAR");
  for (const label of ["Max Queue Number:", "Queue Min Size:", "Queue Max Size:"]) out.both(1, label, 0);
  out.row(1, "Queue Type:", "MULTI");
  out.row(1, "Node:", String(node.index));
  out.row(1, "Device Type:", "CPU");
  out.title(1, "Cache Info:");
  out.both(2, "L1:", 32_768, " KB");
  out.both(1, "Chip ID:", 0);
  out.both(1, "ASIC Revision:", 0);
  out.both(1, "Cacheline Size:", 64);
  out.row(1, "Max Clock Freq. (MHz):", String(property(node, "max_engine_clk_ccompute")));
  out.row(1, "BDFID:", "0");
  out.row(1, "Internal Node ID:", String(node.index));
  out.row(1, "Compute Unit:", String(property(node, "cpu_cores_count")));
  for (const label of ["SIMDs per CU:", "Shader Engines:", "Shader Arrs. per Eng.:"]) out.row(1, label, "0");
  out.row(1, "WatchPts on Addr. Ranges:", "1");
  out.title(1, "Memory Properties:");
  out.plain("  Features:                None");
  out.title(1, "Pool Info:");
  const bytes = node.banks[0]?.get("size_in_bytes") ?? 0;
  ["FINE GRAINED", "EXTENDED FINE GRAINED", "KERNARG, FINE GRAINED", "COARSE GRAINED"].forEach((flags, i) => pool(out, i + 1, `GLOBAL; FLAGS: ${flags}`, bytes, [4, 4, 4], true, true));
  out.title(1, "ISA Info:");
}

/** Marketing names by device id (amdgpu.ids). */
const marketing: ReadonlyMap<number, string> = new Map([[0x7408, "AMD Instinct MI250X"]]);

function gpuAgent(out: RocPrinter, node: TopologyNode): void {
  const p = (name: string): number => property(node, name);
  const units = p("simd_count") / Math.max(1, p("simd_per_cu"));
  const waves = p("simd_per_cu") * p("max_waves_per_simd");
  const group = 1024;
  out.row(1, "Name:", node.name);
  out.row(1, "Uuid:", `GPU-${p("unique_id").toString(16).padStart(16, "0")}`);
  out.row(1, "Marketing Name:", marketing.get(p("device_id")) ?? "AMD Radeon Graphics");
  out.row(1, "Vendor Name:", "AMD");
  out.row(1, "Feature:", "KERNEL_DISPATCH");
  out.row(1, "Profile:", "BASE_PROFILE");
  out.row(1, "Float Round Mode:", "NEAR");
  out.both(1, "Max Queue Number:", 128);
  out.both(1, "Queue Min Size:", 64);
  out.both(1, "Queue Max Size:", 131_072);
  out.row(1, "Queue Type:", "MULTI");
  out.row(1, "Node:", String(node.index));
  out.row(1, "Device Type:", "GPU");
  out.title(1, "Cache Info:");
  for (const cache of node.caches) out.both(2, `L${cache.get("level") ?? 0}:`, cache.get("size") ?? 0, " KB");
  out.both(1, "Chip ID:", p("device_id"));
  out.both(1, "ASIC Revision:", 1);
  out.both(1, "Cacheline Size:", node.caches.at(-1)?.get("cache_line_size") ?? 64);
  out.row(1, "Max Clock Freq. (MHz):", String(p("max_engine_clk_fcompute")));
  out.row(1, "BDFID:", String(p("location_id")));
  out.row(1, "Internal Node ID:", String(node.index));
  out.row(1, "Compute Unit:", String(units));
  out.row(1, "SIMDs per CU:", String(p("simd_per_cu")));
  out.row(1, "Shader Engines:", String(p("array_count")));
  out.row(1, "Shader Arrs. per Eng.:", String(p("simd_arrays_per_engine")));
  out.row(1, "WatchPts on Addr. Ranges:", "4");
  out.row(1, "Coherent Host Access:", "FALSE");
  out.title(1, "Memory Properties:");
  out.plain("  Features:                KERNEL_DISPATCH ");
  out.row(1, "Fast F16 Operation:", "TRUE");
  out.both(1, "Wavefront Size:", p("wave_front_size"));
  out.both(1, "Workgroup Max Size:", group);
  perDimension(out, 1, "Workgroup Max Size per Dimension:", [group, group, group]);
  out.both(1, "Max Waves Per CU:", waves);
  out.both(1, "Max Work-item Per CU:", waves * p("wave_front_size"));
  out.both(1, "Grid Max Size:", GRID);
  perDimension(out, 1, "Grid Max Size per Dimension:", [GRID, GRID, GRID]);
  out.row(1, "Max fbarriers/Workgrp:", "32");
  out.row(1, "Packet Processor uCode::", String(p("fw_version")));
  out.row(1, "SDMA engine uCode::", String(p("sdma_fw_version")));
  out.row(1, "IOMMU Support::", "None");
  out.title(1, "Pool Info:");
  const vram = node.banks[0]?.get("size_in_bytes") ?? 0;
  ["COARSE GRAINED", "EXTENDED FINE GRAINED", "FINE GRAINED"].forEach((flags, i) => pool(out, i + 1, `GLOBAL; FLAGS: ${flags}`, vram, [4, 2048, 4], true, false));
  pool(out, 4, "GROUP", p("lds_size_in_kb") * 1024, [0, 0, 0], false, false);
  out.title(1, "ISA Info:");
  out.title(2, "ISA 1");
  out.row(3, "Name:", `amdgcn-amd-amdhsa--${node.name}:sramecc+:xnack-`);
  out.row(3, "Machine Models:", "HSA_MACHINE_MODEL_LARGE");
  out.row(3, "Profiles:", "HSA_PROFILE_BASE");
  // rocminfo prints this line twice.
  out.row(3, "Default Rounding Mode:", "NEAR");
  out.row(3, "Default Rounding Mode:", "NEAR");
  out.row(3, "Fast f16:", "TRUE");
  out.both(3, "Workgroup Max Size:", group);
  perDimension(out, 3, "Workgroup Max Size per Dimension:", [group, group, group]);
  out.both(3, "Grid Max Size:", GRID);
  perDimension(out, 3, "Grid Max Size per Dimension:", [GRID, GRID, GRID]);
  out.row(3, "FBarrier Max Size:", "32");
}

function system(out: RocPrinter): void {
  out.title(0, "HSA System Attributes");
  out.plain("Runtime Version:         1.18");
  out.plain("Runtime Ext Version:     1.15");
  out.plain("System Timestamp Freq.:  1000.000000MHz");
  out.plain("Sig. Max Wait Duration:  18446744073709551615 (0xFFFFFFFFFFFFFFFF) (timestamp count)");
  out.row(0, "Machine Model:", "LARGE");
  out.row(0, "System Endianness:", "LITTLE");
  out.plain("Mwaitx:                  DISABLED");
  out.plain("XNACK enabled:           NO");
  out.plain("DMAbuf Support:          YES");
  out.plain("VMM Support:             YES");
  out.plain("");
}

/** Says whether the driver is there and may be used. @returns what is wrong, or null */
function check(c: ProgramContext, out: RocPrinter): string | null {
  const version = c.sys.readFile("/sys/module/amdgpu/version");
  if (typeof version === "number") return "ROCk module is NOT loaded, possibly no GPU devices\n";
  out.plain(`ROCk module version ${version.trim()} is loaded`);
  const fd = c.sys.open("/dev/kfd", O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    const { uid } = c.sys.credentials;
    return `${out.text}Unable to open /dev/kfd read-write: ${errorWords(fd)}\n${uid === 0 ? "root" : `user${uid}`} is not member of "render" group, the default DRM access group. Users must be a member of the "render" group or another DRM access group in order for ROCm applications to run successfully.\n`;
  }
  c.sys.close(fd);
  return null;
}

/** rocminfo: the agents of ROCm. */
export const rocminfo: Program = function* (c) {
  const out = new RocPrinter();
  const wrong = check(c, out);
  if (wrong !== null) {
    yield* c.io.out(wrong);
    return 1;
  }
  const cpuinfo = c.sys.readFile("/proc/cpuinfo");
  const cpu = (typeof cpuinfo === "string" ? /^model name\s*: (.*)$/m.exec(cpuinfo)?.[1] : undefined) ?? "CPU";
  system(out);
  out.title(0, "HSA Agents");
  for (const node of topology(c)) {
    out.title(0, "*******");
    out.title(0, `Agent ${node.index + 1}`);
    out.title(0, "*******");
    if (node.gpuId === 0) cpuAgent(out, node, cpu);
    else gpuAgent(out, node);
  }
  out.title(0, "*** Done ***");
  yield* c.io.out(out.text);
  return 0;
};
