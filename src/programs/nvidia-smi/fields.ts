import { stamp } from "../date.ts";
import type { GpuView, ProcessView, Versions } from "./snapshot.ts";

/** What a field is made from. */
export interface Source {
  readonly gpu: GpuView;
  readonly versions: Versions;
  readonly count: number;
  /** Wall clock, ms since 1970. */
  readonly now: number;
}

/** A field of --query-gpu: its unit ("" for none) and its value without it; null: not available. */
interface Field {
  readonly unit: string;
  readonly value: (source: Source) => string | null;
}

const plain = (value: Field["value"]): Field => ({ unit: "", value });
const withUnit = (unit: string) => (value: (gpu: GpuView) => number | null): Field => ({ unit, value: ({ gpu }) => shown(value(gpu)) });
const shown = (value: number | null): string | null => (value === null ? null : String(value));
const mib = withUnit("MiB");
const mhz = withUnit("MHz");
const percent = withUnit("%");
const watts = (value: (gpu: GpuView) => number): Field => ({ unit: "W", value: ({ gpu }) => (value(gpu) / 1000).toFixed(2) });
const none = plain(() => null);
const yes = plain(() => "Enabled");
const hex = (n: number): string => `0x${n.toString(16).toUpperCase().padStart(8, "0")}`;
const MIB = 2 ** 20;
const toMib = (bytes: number): number => Math.floor(bytes / MIB);
const enabled = (n: number): string => (n === 1 ? "Enabled" : "Disabled");

/** The reasons for lower clocks, of which only one can hold here. */
const reasons = ["applications_clocks_setting", "sw_power_cap", "hw_slowdown", "hw_thermal_slowdown", "hw_power_brake_slowdown", "sw_thermal_slowdown", "sync_boost"];

function reasonFields(prefix: string): Record<string, Field> {
  const fields: Record<string, Field> = {
    [`${prefix}.supported`]: plain(() => "0x00000000000001FF"),
    [`${prefix}.active`]: plain(({ gpu }) => `0x${(gpu.idle ? 1 : 0).toString(16).toUpperCase().padStart(16, "0")}`),
    [`${prefix}.gpu_idle`]: plain(({ gpu }) => (gpu.idle ? "Active" : "Not Active")),
  };
  for (const reason of reasons) fields[`${prefix}.${reason}`] = plain(() => "Not Active");
  return fields;
}

function eccFields(): Record<string, Field> {
  const found: Record<string, Field> = {};
  for (const kind of ["corrected", "uncorrected"]) {
    for (const span of ["volatile", "aggregate"]) {
      for (const where of ["device_memory", "sram", "total"]) found[`ecc.errors.${kind}.${span}.${where}`] = plain(({ gpu }) => (gpu.ecc === null ? null : "0"));
    }
  }
  return found;
}

/** Fields of --query-gpu by name (nvidia-smi --help-query-gpu). */
const gpuFields: Readonly<Record<string, Field>> = {
  timestamp: plain(({ now }) => stamp(now)),
  driver_version: plain(({ versions }) => versions.driver),
  count: plain(({ count }) => String(count)),
  name: plain(({ gpu }) => gpu.name),
  gpu_name: plain(({ gpu }) => gpu.name),
  serial: plain(({ gpu }) => gpu.serial),
  gpu_serial: plain(({ gpu }) => gpu.serial),
  uuid: plain(({ gpu }) => gpu.uuid),
  gpu_uuid: plain(({ gpu }) => gpu.uuid),
  index: plain(({ gpu }) => String(gpu.index)),
  "pci.bus_id": plain(({ gpu }) => gpu.pci.busId),
  gpu_bus_id: plain(({ gpu }) => gpu.pci.busId),
  "pci.domain": plain(({ gpu }) => `0x${gpu.pci.domain.toString(16).toUpperCase().padStart(4, "0")}`),
  "pci.bus": plain(({ gpu }) => `0x${gpu.pci.bus.toString(16).toUpperCase().padStart(2, "0")}`),
  "pci.device": plain(({ gpu }) => `0x${gpu.pci.device.toString(16).toUpperCase().padStart(2, "0")}`),
  "pci.device_id": plain(({ gpu }) => hex(gpu.pci.pciDeviceId)),
  "pci.sub_device_id": plain(({ gpu }) => hex(gpu.pci.pciSubSystemId)),
  "pcie.link.gen.current": plain(({ gpu }) => String(gpu.linkGeneration)),
  "pcie.link.gen.gpucurrent": plain(({ gpu }) => String(gpu.linkGeneration)),
  "pcie.link.gen.max": plain(({ gpu }) => String(gpu.linkGeneration)),
  "pcie.link.gen.gpumax": plain(({ gpu }) => String(gpu.linkGeneration)),
  "pcie.link.gen.hostmax": plain(({ gpu }) => String(gpu.linkGeneration)),
  "pcie.link.width.current": plain(({ gpu }) => String(gpu.linkWidth)),
  "pcie.link.width.max": plain(({ gpu }) => String(gpu.linkWidth)),
  vgpu_driver_capability_heterogenous_multivgpu: none,
  addressing_mode: plain(() => "None"),
  display_mode: plain(() => "Disabled"),
  display_attached: plain(() => "No"),
  display_active: plain(() => "Disabled"),
  persistence_mode: yes,
  accounting_mode: plain(() => "Disabled"),
  "driver_model.current": none,
  "driver_model.pending": none,
  vbios_version: plain(({ gpu }) => gpu.vbios),
  "inforom.img": none,
  "inforom.oem": none,
  "inforom.ecc": none,
  "gom.current": none,
  "gom.pending": none,
  "fan.speed": { unit: "%", value: () => null },
  pstate: plain(({ gpu }) => `P${gpu.performanceState}`),
  ...reasonFields("clocks_event_reasons"),
  ...reasonFields("clocks_throttle_reasons"),
  "memory.total": mib((gpu) => toMib(gpu.memory.total)),
  "memory.reserved": mib(() => 0),
  "memory.used": mib((gpu) => toMib(gpu.memory.used)),
  "memory.free": mib((gpu) => toMib(gpu.memory.total) - toMib(gpu.memory.used)),
  compute_mode: plain(() => "Default"),
  compute_cap: plain(({ gpu }) => gpu.capability.join(".")),
  "utilization.gpu": percent((gpu) => gpu.utilization?.gpu ?? null),
  "utilization.memory": percent((gpu) => gpu.utilization?.memory ?? null),
  "utilization.encoder": percent((gpu) => (gpu.utilization === null ? null : 0)),
  "utilization.decoder": percent((gpu) => (gpu.utilization === null ? null : 0)),
  "utilization.jpeg": percent((gpu) => (gpu.utilization === null ? null : 0)),
  "utilization.ofa": percent((gpu) => (gpu.utilization === null ? null : 0)),
  "encoder.stats.sessionCount": plain(() => "0"),
  "encoder.stats.averageFps": plain(() => "0"),
  "encoder.stats.averageLatency": plain(() => "0"),
  "dramEncryption.mode.current": none,
  "ecc.mode.current": plain(({ gpu }) => (gpu.ecc === null ? null : enabled(gpu.ecc))),
  "ecc.mode.pending": plain(({ gpu }) => (gpu.ecc === null ? null : enabled(gpu.ecc))),
  ...eccFields(),
  "retired_pages.single_bit_ecc.count": none,
  "retired_pages.double_bit.count": none,
  "retired_pages.pending": none,
  "temperature.gpu": plain(({ gpu }) => String(gpu.temperature)),
  "temperature.gpu.tlimit": plain(({ gpu }) => shown(gpu.thresholds[3] === null ? null : (gpu.thresholds[3] ?? 0) - gpu.temperature)),
  "temperature.memory": plain(({ gpu }) => (gpu.thresholds[2] === null ? null : String(gpu.temperature + 2))),
  "power.management": yes,
  "power.draw": watts((gpu) => gpu.power),
  "power.draw.average": watts((gpu) => gpu.power),
  "power.draw.instant": watts((gpu) => gpu.power),
  "power.limit": watts((gpu) => gpu.powerLimit),
  "enforced.power.limit": watts((gpu) => gpu.powerLimit),
  "power.default_limit": watts((gpu) => gpu.powerLimit),
  "power.min_limit": watts((gpu) => gpu.powerMin),
  "power.max_limit": watts((gpu) => gpu.powerMax),
  "clocks.current.graphics": mhz((gpu) => gpu.clocks[0]!),
  "clocks.gr": mhz((gpu) => gpu.clocks[0]!),
  "clocks.current.sm": mhz((gpu) => gpu.clocks[1]!),
  "clocks.sm": mhz((gpu) => gpu.clocks[1]!),
  "clocks.current.memory": mhz((gpu) => gpu.clocks[2]!),
  "clocks.mem": mhz((gpu) => gpu.clocks[2]!),
  "clocks.current.video": mhz((gpu) => gpu.clocks[3]!),
  "clocks.video": mhz((gpu) => gpu.clocks[3]!),
  "clocks.max.graphics": mhz((gpu) => gpu.maxClocks[0]!),
  "clocks.max.gr": mhz((gpu) => gpu.maxClocks[0]!),
  "clocks.max.sm": mhz((gpu) => gpu.maxClocks[1]!),
  "clocks.max.memory": mhz((gpu) => gpu.maxClocks[2]!),
  "clocks.max.mem": mhz((gpu) => gpu.maxClocks[2]!),
  "mig.mode.current": plain(({ gpu }) => (gpu.mig === null ? null : enabled(gpu.mig[0]))),
  "mig.mode.pending": plain(({ gpu }) => (gpu.mig === null ? null : enabled(gpu.mig[1]))),
  gpu_recovery_action: plain(() => "None"),
  "gsp.mode.current": none,
  "gsp.mode.default": none,
};

/** Fields of --query-compute-apps. */
const appFields: Readonly<Record<string, { readonly unit: string; readonly value: (source: Source, p: ProcessView) => string | null }>> = {
  timestamp: { unit: "", value: ({ now }) => stamp(now) },
  gpu_name: { unit: "", value: ({ gpu }) => gpu.name },
  gpu_bus_id: { unit: "", value: ({ gpu }) => gpu.pci.busId },
  gpu_serial: { unit: "", value: ({ gpu }) => gpu.serial },
  gpu_uuid: { unit: "", value: ({ gpu }) => gpu.uuid },
  pid: { unit: "", value: (_source, p) => String(p.pid) },
  process_name: { unit: "", value: (_source, p) => p.name },
  name: { unit: "", value: (_source, p) => p.name },
  used_gpu_memory: { unit: "MiB", value: (_source, p) => String(toMib(p.memory)) },
  used_memory: { unit: "MiB", value: (_source, p) => String(toMib(p.memory)) },
};

/** How CSV is to be written. */
export interface CsvFormat {
  readonly header: boolean;
  readonly units: boolean;
}

function cell(value: string | null, unit: string, format: CsvFormat): string {
  if (value === null) return "[N/A]";
  return unit === "" || !format.units ? value : `${value} ${unit}`;
}

/** The first of the names that is no field, or null. */
export function unknownField(of: string, names: readonly string[]): string | null {
  const known = of === "gpu" ? gpuFields : appFields;
  return names.find((name) => !Object.hasOwn(known, name)) ?? null;
}

/** Names with units, as the first line of CSV. */
export function csvHeader(of: string, names: readonly string[]): string {
  const known: Readonly<Record<string, { readonly unit: string }>> = of === "gpu" ? gpuFields : appFields;
  return `${names.map((name) => (known[name]!.unit === "" ? name : `${name} [${known[name]!.unit}]`)).join(", ")}\n`;
}

/** The lines of one GPU: one of itself, or one for each of its processes. */
export function csvRows(of: string, names: readonly string[], source: Source, format: CsvFormat): string {
  if (of === "gpu") return `${names.map((name) => cell(gpuFields[name]!.value(source), gpuFields[name]!.unit, format)).join(", ")}\n`;
  return source.gpu.processes.map((p) => `${names.map((name) => cell(appFields[name]!.value(source, p), appFields[name]!.unit, format)).join(", ")}\n`).join("");
}

/** All fields of --query-gpu, for --help-query-gpu. */
export const gpuFieldNames: readonly string[] = Object.keys(gpuFields);
