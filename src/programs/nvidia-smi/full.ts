import { ctime } from "../date.ts";
import type { GpuView, Versions } from "./snapshot.ts";

/** A line of `nvidia-smi -q`: a title, or a key with its value, at a depth. */
type Line = readonly [depth: number, key: string, value?: string];

const KEY_WIDTH = 51;
const MIB = 2 ** 20;
const mib = (bytes: number): string => `${Math.floor(bytes / MIB)} MiB`;
const watts = (milli: number): string => `${(milli / 1000).toFixed(2)} W`;
const enabled = (n: number): string => (n === 1 ? "Enabled" : "Disabled");
const celsius = (n: number | null | undefined): string => (n === null || n === undefined ? "N/A" : `${n} C`);

/** Key padded so that values begin in column 58, wherever the key begins. */
function show([depth, key, value]: Line): string {
  const start = `${"    ".repeat(depth)}${key}`;
  return value === undefined ? `${start}\n` : `${start.padEnd(KEY_WIDTH + 4)}: ${value}\n`;
}

function product(gpu: GpuView): Line[] {
  return [
    [1, "Product Name", gpu.name], [1, "Product Brand", "NVIDIA"], [1, "Product Architecture", gpu.architecture >= 9 ? "Hopper" : "Ampere"], [1, "Display Mode", "Disabled"], [1, "Display Active", "Disabled"],
    [1, "Persistence Mode", "Enabled"], [1, "Addressing Mode", "None"],
    [1, "MIG Mode"], [2, "Current", gpu.mig === null ? "N/A" : enabled(gpu.mig[0])], [2, "Pending", gpu.mig === null ? "N/A" : enabled(gpu.mig[1])],
    ...gpu.migDevices.flatMap((mig): Line[] => [
      [1, "MIG Device"], [2, "Index", String(mig.index)], [2, "GPU Instance ID", String(mig.gi)], [2, "Compute Instance ID", String(mig.ci)], [2, "Device Attributes"], [3, "Shared"],
      [4, "Multiprocessor count", String(mig.attributes.multiprocessorCount)], [4, "Copy Engine count", String(mig.attributes.sharedCopyEngineCount)],
      [4, "Encoder count", String(mig.attributes.sharedEncoderCount)], [4, "Decoder count", String(mig.attributes.sharedDecoderCount)], [4, "OFA count", String(mig.attributes.sharedOfaCount)],
      [4, "JPG count", String(mig.attributes.sharedJpegCount)], [2, "FB Memory Usage"], [3, "Total", mib(mig.memory.total)], [3, "Reserved", "0 MiB"], [3, "Used", mib(mig.memory.used)],
      [3, "Free", mib(mig.memory.free)], [2, "BAR1 Memory Usage"], [3, "Total", mib(mig.bar1.bar1Total)], [3, "Used", mib(mig.bar1.bar1Used)], [3, "Free", mib(mig.bar1.bar1Free)],
    ]),
    [1, "Accounting Mode", "Disabled"], [1, "Accounting Mode Buffer Size", "4000"],
    [1, "Driver Model"], [2, "Current", "N/A"], [2, "Pending", "N/A"],
    [1, "Serial Number", gpu.serial], [1, "GPU UUID", gpu.uuid], [1, "Minor Number", String(gpu.minor)], [1, "VBIOS Version", gpu.vbios], [1, "MultiGPU Board", "No"],
    [1, "Board ID", `0x${(gpu.pci.bus * 256 + gpu.pci.device * 8).toString(16)}`], [1, "Board Part Number", gpu.partNumber], [1, "GPU Part Number", "N/A"], [1, "FRU Part Number", "N/A"],
    [1, "GPU Recovery Action", "None"],
    [1, "GPU Virtualization Mode"], [2, "Virtualization Mode", "None"], [2, "Host VGPU Mode", "N/A"],
    [1, "PCI"], [2, "Bus", `0x${gpu.pci.bus.toString(16).toUpperCase().padStart(2, "0")}`], [2, "Device", `0x${gpu.pci.device.toString(16).toUpperCase().padStart(2, "0")}`],
    [2, "Domain", `0x${gpu.pci.domain.toString(16).toUpperCase().padStart(4, "0")}`], [2, "Device Id", `0x${gpu.pci.pciDeviceId.toString(16).toUpperCase().padStart(8, "0")}`],
    [2, "Bus Id", gpu.pci.busId], [2, "Sub System Id", `0x${gpu.pci.pciSubSystemId.toString(16).toUpperCase().padStart(8, "0")}`],
    [2, "GPU Link Info"], [3, "PCIe Generation"], [4, "Max", String(gpu.linkGeneration)], [4, "Current", String(gpu.linkGeneration)], [4, "Device Current", String(gpu.linkGeneration)],
    [4, "Device Max", String(gpu.linkGeneration)], [4, "Host Max", String(gpu.linkGeneration)], [3, "Link Width"], [4, "Max", `${gpu.linkWidth}x`], [4, "Current", `${gpu.linkWidth}x`],
    [2, "Replays Since Reset", "0"], [2, "Replay Number Rollovers", "0"],
    [1, "Fan Speed", "N/A"],
  ];
}

function performance(gpu: GpuView): Line[] {
  const not = "Not Active";
  return [
    [1, "Performance State", `P${gpu.performanceState}`],
    [1, "Clocks Event Reasons"], [2, "Idle", gpu.idle ? "Active" : not], [2, "Applications Clocks Setting", not], [2, "SW Power Cap", not], [2, "HW Slowdown", not], [3, "HW Thermal Slowdown", not],
    [3, "HW Power Brake Slowdown", not], [2, "Sync Boost", not], [2, "SW Thermal Slowdown", not], [2, "Display Clock Setting", not],
  ];
}

function memory(gpu: GpuView): Line[] {
  return [
    [1, "FB Memory Usage"], [2, "Total", mib(gpu.memory.total)], [2, "Reserved", "0 MiB"], [2, "Used", mib(gpu.memory.used)], [2, "Free", mib(gpu.memory.free)],
    [1, "BAR1 Memory Usage"], [2, "Total", mib(gpu.bar1.bar1Total)], [2, "Used", mib(gpu.bar1.bar1Used)], [2, "Free", mib(gpu.bar1.bar1Free)],
  ];
}

function utilization({ utilization: u }: GpuView): Line[] {
  const percent = (n: number | undefined): string => (n === undefined ? "N/A" : `${n} %`);
  const idle = u === null ? "N/A" : "0 %";
  return [[1, "Utilization"], [2, "GPU", percent(u?.gpu)], [2, "Memory", percent(u?.memory)], [2, "Encoder", idle], [2, "Decoder", idle], [2, "JPEG", idle], [2, "OFA", idle]];
}

function ecc(gpu: GpuView): Line[] {
  const mode = gpu.ecc === null ? "N/A" : enabled(gpu.ecc);
  const n = gpu.ecc === null ? "N/A" : "0";
  const counts: Line[] = [[3, "SRAM Correctable", n], [3, "SRAM Uncorrectable Parity", n], [3, "SRAM Uncorrectable SEC-DED", n], [3, "DRAM Correctable", n], [3, "DRAM Uncorrectable", n]];
  return [[1, "ECC Mode"], [2, "Current", mode], [2, "Pending", mode], [1, "ECC Errors"], [2, "Volatile"], ...counts, [2, "Aggregate"], ...counts];
}

function temperature(gpu: GpuView): Line[] {
  const [shutdown, slowdown, memoryMax, target] = gpu.thresholds;
  return [
    [1, "Temperature"], [2, "GPU Current Temp", celsius(gpu.temperature)], [2, "GPU T.Limit Temp", "N/A"], [2, "GPU Shutdown Temp", celsius(shutdown)], [2, "GPU Slowdown Temp", celsius(slowdown)],
    [2, "GPU Max Operating Temp", celsius(target)], [2, "GPU Target Temperature", "N/A"], [2, "Memory Current Temp", celsius(memoryMax === null ? null : gpu.temperature + 2)],
    [2, "Memory Max Operating Temp", celsius(memoryMax)],
  ];
}

function power(gpu: GpuView): Line[] {
  return [
    [1, "GPU Power Readings"], [2, "Average Power Draw", watts(gpu.power)], [2, "Instantaneous Power Draw", watts(gpu.power)], [2, "Current Power Limit", watts(gpu.powerLimit)],
    [2, "Requested Power Limit", watts(gpu.powerLimit)], [2, "Default Power Limit", watts(gpu.powerLimit)], [2, "Min Power Limit", watts(gpu.powerMin)], [2, "Max Power Limit", watts(gpu.powerMax)],
  ];
}

const CLOCKS = ["Graphics", "SM", "Memory", "Video"];

function clocks(gpu: GpuView): Line[] {
  const rows = (values: readonly number[]): Line[] => CLOCKS.map((name, i) => [2, name, `${values[i]!} MHz`]);
  return [[1, "Clocks"], ...rows(gpu.clocks), [1, "Max Clocks"], ...rows(gpu.maxClocks)];
}

function computeMode(): Line[] {
  return [[1, "Compute Mode", "Default"]];
}

function processes(gpu: GpuView): Line[] {
  if (gpu.processes.length === 0) return [[1, "Processes", "None"]];
  const id = (n: number | null): string => (n === null ? "N/A" : String(n));
  return [[1, "Processes"], ...gpu.processes.flatMap((p): Line[] => [
    [2, "GPU instance ID", id(p.gi)], [2, "Compute instance ID", id(p.ci)], [2, "Process ID", String(p.pid)], [3, "Type", p.type], [3, "Name", p.name], [3, "Used GPU Memory", mib(p.memory)],
  ])];
}

/** Sections by what -d calls them, in the order of the output; "": only without -d. */
const sections: readonly (readonly [string, (gpu: GpuView) => Line[]])[] = [
  ["", product], ["PERFORMANCE", performance], ["MEMORY", memory], ["COMPUTE", computeMode], ["UTILIZATION", utilization], ["ECC", ecc], ["TEMPERATURE", temperature], ["POWER", power], ["CLOCK", clocks], ["PIDS", processes],
];

/** The first of -d's words that names no section, or null. */
export function unknownSection(display: readonly string[]): string | null {
  return display.find((word) => !sections.some(([name]) => name !== "" && name === word)) ?? null;
}

/** `nvidia-smi -q`. @param display what -d names; empty: everything @param count GPUs in the machine @param now wall clock, ms since 1970 */
export function smiFull(gpus: readonly GpuView[], versions: Versions, display: readonly string[], count: number, now: number): string {
  const head: Line[] = [[0, "Timestamp", ctime(now)], [0, "Driver Version", versions.driver], [0, "CUDA Version", versions.cuda]];
  const blocks = gpus.map((gpu) => {
    const lines = sections.filter(([name]) => display.length === 0 || display.includes(name)).flatMap(([, make]) => make(gpu));
    return `GPU ${gpu.pci.busId}\n${lines.map(show).join("")}\n`;
  });
  return `\n==============NVSMI LOG==============\n\n${head.map(show).join("")}\n${show([0, "Attached GPUs", String(count)])}${blocks.join("")}`;
}
