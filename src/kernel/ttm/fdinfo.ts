import { Usage } from "../fence/resv.ts";
import type { DrmFile } from "../drm/file.ts";
import type { GemObject } from "../drm/gem.ts";
import { TT, VRAM } from "./placement.ts";

/** Keys of one region, bytes. */
interface Region {
  total: number;
  shared: number;
  resident: number;
  purgeable: number;
  active: number;
}

/** The keys of drm_print_memory_stats, in the order that they are printed. */
const KEYS = ["total", "shared", "resident", "active", "purgeable"] as const;

/**
 * What the objects of an open file take, by region (Documentation/gpu/drm-usage-stats.rst): `total` with a handle there, `shared` with other handles, `resident` with
 * pages, `active` in use by a job or a move, `purgeable` (with pages) that may be thrown away. On amdgpu also what was asked for in VRAM and is not there.
 */
export function memoryLines(file: DrmFile): string[] {
  const empty = (): Region => ({ total: 0, shared: 0, resident: 0, purgeable: 0, active: 0 });
  const regions = { vram0: empty(), gtt: empty(), cpu: empty() };
  let requested = 0;
  let evicted = 0;
  const objects = new Set<GemObject>();
  for (const [, object] of file.objects.entries()) objects.add(object);
  for (const { backing, size, handleCount, imported } of objects) {
    const region = backing.memType === VRAM ? regions.vram0 : backing.memType === TT ? regions.gtt : regions.cpu;
    region.total += size;
    if (handleCount > 1 || imported) region.shared += size;
    const resident = backing.storage !== null;
    if (resident) region.resident += size;
    if (resident && backing.discardable) region.purgeable += size;
    if (backing.pending !== null || !backing.resv.idle(Usage.bookkeep)) region.active += size;
    if (backing.preferred !== "vram") continue;
    requested += size;
    if (backing.memType !== VRAM) evicted += size;
  }
  const shown = regions.cpu.total === 0 ? ["vram0", "gtt"] as const : ["vram0", "gtt", "cpu"] as const;
  const lines = shown.flatMap((name) => KEYS.map((key) => `drm-${key}-${name}:\t${regions[name][key] / 1024} KiB`));
  if (file.device.driver === "amdgpu") {
    lines.push(`drm-memory-vram:\t${regions.vram0.total / 1024} KiB`, `drm-memory-gtt: \t${regions.gtt.total / 1024} KiB`, `drm-memory-cpu: \t${regions.cpu.total / 1024} KiB`);
    lines.push(`amd-evicted-vram:\t${evicted / 1024} KiB`, `amd-requested-vram:\t${requested / 1024} KiB`);
  }
  return lines;
}
