import { defaultBoard, loadOf, sensors } from "../../gpu/board.ts";
import type { GpuDevice } from "../drm/device.ts";
import type { DrmFile } from "../drm/file.ts";
import type { GemObject } from "../drm/gem.ts";
import { VRAM } from "../ttm/placement.ts";
import type { NvGpuStatus, NvProcessInfo } from "../sys/nv-uapi.ts";
import type { NvGpu } from "./nvidia.ts";

/** The newest compute API that the driver serves: 1000 * major + 10 * minor. */
export const API_VERSION: number = 13000;

const percent = (part: number): number => Math.round(100 * part);

/** NV_GPU_STATUS: what the GPU's sensors and counters show. */
export function gpuStatus({ device }: NvGpu): NvGpuStatus {
  const { gpu, pci, recovery } = device;
  const { profile, meter } = gpu;
  const board = profile.board ?? defaultBoard;
  const { compute, memory, watts, joules, celsius, active } = sensors(profile, meter, gpu.ports.clock.now);
  return {
    gpuPercent: percent(compute),
    memoryPercent: percent(memory),
    powerWatts: watts,
    energyJoules: joules,
    temperature: celsius,
    memoryTemperature: board.memoryCelsius === null ? null : celsius + 2,
    smClockHz: active ? profile.clockHz : board.idleClockHz,
    memoryClockHz: profile.memoryClockHz,
    maxSmClockHz: profile.clockHz,
    performanceState: 0,
    board,
    bar1Total: pci.bars[1] ?? 0,
    bar1Used: mappedBytes(device),
    ecc: profile.ecc,
    multiprocessors: profile.multiprocessors,
    copyEngines: profile.copyEngines,
    memoryBusBits: profile.memoryBusBits,
    link: pci.link,
    vendorId: pci.vendorId,
    deviceId: pci.deviceId,
    subsystemId: pci.subsystemId,
    timesliceNs: gpu.compute.turns.timeslice,
    resets: device.resets,
    lost: device.unplugged || recovery.wedged,
  };
}

/** Memory of the GPU that the CPU may reach: objects with a place to be mapped at. */
function mappedBytes(device: GpuDevice): number {
  let bytes = 0;
  for (const object of device.mmapOffsets.values()) if (object.backing.memType === VRAM) bytes += object.size;
  return bytes;
}

function memoryOf(files: readonly DrmFile[]): number {
  const seen = new Set<GemObject>();
  for (const file of files) for (const [, object] of file.objects.entries()) if (object.backing.memType === VRAM) seen.add(object);
  return [...seen].reduce((sum, { size }) => sum + size, 0);
}

/** NV_GPU_PROCESSES: who has a context on the GPU, or on an instance of it. */
export function processesOf({ device, mig }: NvGpu): readonly NvProcessInfo[] {
  const found: NvProcessInfo[] = [];
  const collect = (files: Iterable<DrmFile>, gi: number | null, ci: number | null): void => {
    const byPid = new Map<number, DrmFile[]>();
    for (const file of files) if (file.liveContexts > 0) byPid.set(file.pid, [...(byPid.get(file.pid) ?? []), file]);
    for (const [pid, mine] of byPid) {
      const load = mine.map((file) => loadOf(device.gpu.profile, file.meter));
      found.push({
        pid, gi, ci, memory: memoryOf(mine), mps: mine.some((file) => file.slice.shared !== null),
        gpuPercent: percent(Math.min(1, load.reduce((sum, l) => sum + l.compute, 0))),
        memoryPercent: percent(Math.min(1, load.reduce((sum, l) => sum + l.memory, 0))),
      });
    }
  };
  collect(device.files, null, null);
  for (const gi of mig?.instances.values() ?? []) for (const ci of gi.compute.values()) collect(ci.clients, gi.id, ci.id);
  return found.toSorted((a, b) => (a.gi ?? -1) - (b.gi ?? -1) || (a.ci ?? -1) - (b.ci ?? -1) || a.pid - b.pid);
}
