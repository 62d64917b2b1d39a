import type { nvmlComputeInstanceProfileInfo_t, nvmlGpuInstanceProfileInfo_t } from "../../nvml/abi.ts";

/** Tables of `nvidia-smi mig -l...`. */

const rule = (width: number, fill: string = "-", edge: string = "+"): string => `${edge}${fill.repeat(width)}${edge}\n`;
const row = (width: number, text: string): string => `|${text.padEnd(width)}|\n`;

/** A GPU instance profile of a GPU, with how many more there could be. */
export interface GpuProfileRow {
  readonly gpu: number;
  readonly free: number;
  readonly profile: nvmlGpuInstanceProfileInfo_t;
}

/** "19.62" of mebibytes: the last digit is cut. */
function gib(mebibytes: number): string {
  return (Math.floor((mebibytes / 1024) * 100) / 100).toFixed(2);
}

const PROFILES = 79;

/** -lgip */
export function gpuProfileTable(rows: readonly GpuProfileRow[]): string {
  const head = [rule(PROFILES), row(PROFILES, " GPU instance profiles:"), row(PROFILES, " GPU   Name               ID    Instances   Memory     P2P    SM    DEC   ENC"), row(PROFILES, "                                Free/Total   GiB              CE    JPEG  OFA"), rule(PROFILES, "=", "|")];
  const body = rows.map(({ gpu, free, profile: p }) => [
    row(PROFILES, `${String(gpu).padStart(4)}  ${p.name.padEnd(18)}${String(p.id).padStart(4)}${`${free}/${p.instanceCount}`.padStart(8)}${gib(p.memorySizeMB).padStart(12)}${(p.isP2pSupported ? "Yes" : "No").padStart(9)}${String(p.multiprocessorCount).padStart(7)}${String(p.decoderCount).padStart(6)}${String(p.encoderCount).padStart(6)}`),
    row(PROFILES, `${String(p.copyEngineCount).padStart(64)}${String(p.jpegCount).padStart(6)}${String(p.ofaCount).padStart(6)}`),
    rule(PROFILES),
  ].join(""));
  return [...head, ...body].join("");
}

/** A GPU instance as it is listed. */
export interface GpuInstanceRow {
  readonly gpu: number;
  readonly name: string;
  readonly profile: number;
  readonly id: number;
  readonly start: number;
  readonly size: number;
}

const INSTANCES = 55;

/** -lgi */
export function gpuInstanceTable(rows: readonly GpuInstanceRow[]): string {
  const head = [rule(INSTANCES), row(INSTANCES, " GPU instances:"), row(INSTANCES, " GPU   Name             Profile  Instance   Placement"), row(INSTANCES, "                          ID       ID       Start:Size"), rule(INSTANCES, "=", "|")];
  const body = rows.map((r) => `${row(INSTANCES, `${String(r.gpu).padStart(4)}  ${r.name.padEnd(18)}${String(r.profile).padStart(4)}${String(r.id).padStart(9)}${`${r.start}:${r.size}`.padStart(13)}`)}${rule(INSTANCES)}`);
  return [...head, ...body].join("");
}

/** A compute instance profile of a GPU instance. */
export interface ComputeProfileRow {
  readonly gpu: number;
  readonly gi: number;
  readonly free: number;
  /** It is all of its GPU instance: what `-cci` without a profile makes. */
  readonly whole: boolean;
  readonly profile: nvmlComputeInstanceProfileInfo_t;
}

const COMPUTE_PROFILES = 86;

/** -lcip */
export function computeProfileTable(rows: readonly ComputeProfileRow[]): string {
  const w = COMPUTE_PROFILES;
  const head = [
    rule(w), row(w, " Compute instance profiles:"), row(w, " GPU     GPU       Name             Profile  Instances   Exclusive       Shared"), row(w, "       Instance                       ID     Free/Total     SM       DEC   ENC   OFA"),
    row(w, "         ID                                                          CE    JPEG"), rule(w, "=", "|"),
  ];
  const body = rows.map(({ gpu, gi, free, whole, profile: p }) => [
    row(w, `${String(gpu).padStart(4)}${String(gi).padStart(7)}       ${p.name.padEnd(21)}${p.id}${whole ? "*" : " "}${`${free}/${p.instanceCount}`.padStart(8)}${String(p.multiprocessorCount).padStart(13)}${String(p.sharedDecoderCount).padStart(9)}${String(p.sharedEncoderCount).padStart(6)}${String(p.sharedOfaCount).padStart(6)}`),
    row(w, `${String(p.sharedCopyEngineCount).padStart(71)}${String(p.sharedJpegCount).padStart(6)}`),
    rule(w),
  ].join(""));
  return [...head, ...body].join("");
}

/** A compute instance as it is listed. */
export interface ComputeInstanceRow extends GpuInstanceRow {
  readonly gi: number;
}

const COMPUTES = 68;

/** -lci */
export function computeInstanceTable(rows: readonly ComputeInstanceRow[]): string {
  const w = COMPUTES;
  const head = [rule(w), row(w, " Compute instances:"), row(w, " GPU     GPU       Name             Profile   Instance   Placement"), row(w, "       Instance                       ID        ID       Start:Size"), row(w, "         ID"), rule(w, "=", "|")];
  const body = rows.map((r) => `${row(w, `${String(r.gpu).padStart(4)}${String(r.gi).padStart(7)}       ${r.name.padEnd(21)}${r.profile}${String(r.id).padStart(10)}${`${r.start}:${r.size}`.padStart(13)}`)}${rule(w)}`);
  return [...head, ...body].join("");
}
