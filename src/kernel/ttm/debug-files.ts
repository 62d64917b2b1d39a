import type { GpuDevice } from "../drm/device.ts";
import type { GpuVm } from "../drm/vm.ts";
import { isSparse } from "../drm/mapping.ts";
import { text, type TreeEntry } from "../drm/files/tree.ts";
import { TT, VRAM } from "./placement.ts";

/** amdgpu_gem_info: what every open file has, by handle, with where it is now. */
function gemInfo(device: GpuDevice): string {
  return [...device.files].map((file) => {
    const rows = [...file.objects.entries()].map(([handle, { backing, size, handleCount, dmaBuf, imported, label }]) => {
      const notes = [
        ...(backing.pinCount > 0 ? [`pin count ${backing.pinCount}`] : []),
        ...(dmaBuf === null ? [] : [imported ? "imported" : "exported"]),
        ...(handleCount > 1 ? [`handles ${handleCount}`] : []),
        ...(backing.swap === null ? [] : ["swapped"]),
        ...(backing.pending === null ? [] : ["moving"]),
        ...(label === "" ? [] : [label]),
      ];
      return `\t0x${handle.toString(16).padStart(8, "0")}: ${String(size).padStart(12)} byte ${backing.where.padEnd(4)}${notes.length === 0 ? "" : ` ${notes.join(" ")}`}\n`;
    });
    return `pid ${String(file.pid).padStart(8)} command ${file.command}:\n${rows.join("")}`;
  }).join("");
}

/** amdgpu_vm_info: for each VM what is mapped, what of it is evicted or moving, and the last accesses that found nothing. */
function vmInfo(vm: GpuVm): string {
  const rows = [...vm.maps].map((m) => {
    const range = `0x${m.start.toString(16).padStart(12, "0")}-0x${m.end.toString(16).padStart(12, "0")}`;
    const rights = `${m.flags & 1 ? "r" : "-"}${m.flags & 2 ? "w" : "-"}`;
    const what = isSparse(m) ? "sparse" : m.object === null ? "userptr" : m.object.backing.where;
    return `\t${range} ${rights} ${what}${m.iova === 0 ? "" : ` iova 0x${m.iova.toString(16)}`}\n`;
  });
  const faults = vm.faults.map((f) => `\tfault 0x${f.address.toString(16).padStart(12, "0")} ${f.kind} at ${f.time} ns\n`);
  const head = `vm ${vm.id}: ${vm.pageTable.present} pages present, ${vm.evicted.size} evicted, ${vm.moving.size} moving, ${vm.demand} bytes of VRAM${vm.banned === 0 ? "" : `, banned (${vm.banned})`}\n`;
  return head + rows.join("") + faults.join("");
}

/** Counters of memory management: a file of ours. */
function stats(device: GpuDevice): string {
  const { ttm } = device;
  return `${Object.entries({ ...ttm.counts, delayed: ttm.delayed.size, pendingMoves: ttm.moves.size, movedBytes: device.gpu.migrate.moved }).map(([name, n]) => `${name}=${n}`).join("\n")}\n`;
}

/**
 * Files of memory management below /sys/kernel/debug/dri/N (Documentation/gpu/amdgpu/debugfs.rst): `evict_vram` and `evict_gtt` make everything leave when they are read, and give the result.
 */
export function memoryFiles(device: GpuDevice): Readonly<Record<string, TreeEntry>> {
  const { ttm } = device;
  return {
    gem_info: text(() => gemInfo(device)),
    vm_info: text(() => [...device.vms].map(vmInfo).join("")),
    evict_vram: text(() => `${ttm.evictAll(VRAM)}\n`),
    evict_gtt: text(() => `${ttm.evictAll(TT)}\n`),
    vram_mm: text(() => ttm.vram.dump()),
    gtt_mm: text(() => ttm.tt.dump()),
    ttm_stats: text(() => stats(device)),
  };
}
