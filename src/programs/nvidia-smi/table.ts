import { ctime } from "../date.ts";
import type { GpuView, ProcessView, Versions } from "./snapshot.ts";

/** The table that nvidia-smi prints without arguments: 91 columns, of which 89 are inside. */

const INSIDE = 89;
const line = (text: string): string => `|${text.padEnd(INSIDE)}|\n`;
const rule = (widths: readonly number[], fill: string, edge: string, cross: string): string => `${edge}${widths.map((n) => fill.repeat(n)).join(cross)}${edge}\n`;
const MAIN = [41, 24, 22];
const MIG = [18, 34, 11, 23];

/** "26MiB" of bytes. */
export function mib(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)}MiB`;
}

const TITLES = [
  "| GPU  Name                 Persistence-M | Bus-Id          Disp.A | Volatile Uncorr. ECC |\n",
  "| Fan  Temp   Perf          Pwr:Usage/Cap |           Memory-Usage | GPU-Util  Compute M. |\n",
  "|                                         |                        |               MIG M. |\n",
].join("");

/** Names longer than 27 characters are cut. */
function shortName(name: string): string {
  return name.length > 27 ? `${name.slice(0, 24)}...` : name;
}

/** A mode with a star when another waits for the next reset. */
function migMode(gpu: GpuView): string {
  if (gpu.mig === null) return "N/A";
  const [current, pending] = gpu.mig;
  return `${current === 1 ? "Enabled" : "Disabled"}${current === pending ? "" : "*"}`;
}

function gpuRows(gpu: GpuView): string {
  const partitioned = gpu.mig?.[0] === 1;
  const ecc = gpu.ecc === null ? "N/A" : partitioned ? "On" : "0";
  const util = gpu.utilization === null ? "N/A" : `${gpu.utilization.gpu}%`;
  const watts = (milli: number): string => `${Math.round(milli / 1000)}W`;
  const first = `${String(gpu.index).padStart(4)}  ${shortName(gpu.name).padEnd(31)}On  `;
  const second = ` N/A${`${gpu.temperature}C`.padStart(6)}${`P${gpu.performanceState}`.padStart(6)}${watts(gpu.power).padStart(16)} / ${watts(gpu.powerLimit).padStart(5)} `;
  return [
    `|${first}|   ${gpu.pci.busId} Off |${ecc.padStart(21)} |\n`,
    `|${second}|${mib(gpu.memory.used).padStart(11)} / ${mib(gpu.memory.total).padStart(9)} |${util.padStart(8)}${"Default".padStart(13)} |\n`,
    `|${" ".repeat(41)}|${" ".repeat(24)}|${migMode(gpu).padStart(21)} |\n`,
    rule(MAIN, "-", "+", "+"),
  ].join("");
}

function migRows(gpu: GpuView): string {
  return gpu.migDevices.map(({ gi, ci, index, memory, bar1, attributes: a }) => [
    `|${String(gpu.index).padStart(3)}${String(gi).padStart(5)}${String(ci).padStart(4)}${String(index).padStart(4)}  `,
    `|${mib(memory.used).padStart(19)} / ${mib(memory.total).padStart(8)}    |${String(a.multiprocessorCount).padStart(3)}${"0".padStart(7)} `,
    `|${String(a.sharedCopyEngineCount).padStart(3)}${String(a.sharedEncoderCount).padStart(4)}${String(a.sharedDecoderCount).padStart(5)}${String(a.sharedOfaCount).padStart(5)}${String(a.sharedJpegCount).padStart(5)} |\n`,
    `|${" ".repeat(18)}|${mib(bar1.bar1Used).padStart(19)} / ${mib(bar1.bar1Total).padStart(8)}    |${" ".repeat(11)}|${" ".repeat(23)}|\n`,
    rule(MIG, "-", "+", "+"),
  ].join("")).join("");
}

function migTable(gpus: readonly GpuView[]): string {
  if (!gpus.some((gpu) => gpu.mig?.[0] === 1)) return "";
  const rows = gpus.map(migRows).join("");
  return [
    rule([INSIDE], "-", "+", ""),
    line(" MIG devices:"),
    rule(MIG, "-", "+", "+"),
    "| GPU  GI  CI  MIG |              Shared Memory-Usage |        Vol|        Shared         |\n",
    "|      ID  ID  Dev |                Shared BAR1-Usage | SM     Unc| CE ENC  DEC  OFA  JPG |\n",
    "|                  |                                  |        ECC|                       |\n",
    rule(MIG, "=", "|", "+"),
    rows === "" ? `${line("  No MIG devices found")}${rule([INSIDE], "-", "+", "")}` : rows,
    "\n",
  ].join("");
}

/** Names longer than 36 characters lose their beginning. */
function processName(name: string): string {
  return name.length > 36 ? `...${name.slice(name.length - 33)}` : name;
}

function processRow(gpu: GpuView, p: ProcessView): string {
  // Numbers end where their titles do; "N/A" reaches one column further.
  const id = (n: number | null, width: number): string => (n === null ? "N/A".padStart(width + 1) : `${String(n).padStart(width)} `);
  return `|${String(gpu.index).padStart(5)}${id(p.gi, 5)}${id(p.ci, 4)}${String(p.pid).padStart(16)}${p.type.padStart(7)}   ${processName(p.name).padEnd(37)}${mib(p.memory).padStart(9)} |\n`;
}

function processTable(gpus: readonly GpuView[]): string {
  const rows = gpus.flatMap((gpu) => gpu.processes.map((p) => processRow(gpu, p))).join("");
  return [
    rule([INSIDE], "-", "+", ""),
    line(" Processes:"),
    line("  GPU   GI   CI              PID   Type   Process name                        GPU Memory"),
    line("        ID   ID                                                               Usage"),
    rule([INSIDE], "=", "|", ""),
    rows === "" ? line("  No running processes found") : rows,
    rule([INSIDE], "-", "+", ""),
  ].join("");
}

/** The whole output. @param now wall clock, ms since 1970 */
export function smiTable(gpus: readonly GpuView[], versions: Versions, now: number): string {
  const { driver, cuda } = versions;
  return [
    `${ctime(now)}       \n`,
    rule([INSIDE], "-", "+", ""),
    line(` NVIDIA-SMI ${driver.padEnd(23)}Driver Version: ${driver.padEnd(15)}CUDA Version: ${cuda}`),
    rule(MAIN, "-", "+", "+"),
    TITLES,
    rule(MAIN, "=", "|", "+"),
    ...gpus.map(gpuRows),
    "\n",
    migTable(gpus),
    processTable(gpus),
  ].join("");
}

/** `nvidia-smi -L`. */
export function smiList(gpus: readonly GpuView[]): string {
  return gpus.map((gpu) => {
    const parts = gpu.migDevices.map(({ name, index, uuid }) => `  ${name.padEnd(15)} Device  ${index}: (UUID: ${uuid})\n`);
    return `GPU ${gpu.index}: ${gpu.name} (UUID: ${gpu.uuid})\n${parts.join("")}`;
  }).join("");
}
