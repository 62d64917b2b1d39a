import { Errno } from "../errors.ts";
import type { Kernel } from "../machine.ts";
import type { Cgroup } from "./cgroup.ts";
import type { DmemPool, DmemRegion } from "./dmem.ts";
import type { CgroupFile } from "./files.ts";
import { NO_LIMIT } from "./page-counter.ts";

/** Bytes with an optional suffix (memparse). */
function parseBytes(word: string): number | null {
  if (word === "max") return NO_LIMIT;
  const match = /^(\d+|0x[0-9a-f]+)([kmgt])?$/i.exec(word);
  if (match === null) return null;
  return Math.min(Number(match[1]) * 1024 ** (1 + "kmgt".indexOf(match[2]?.toLowerCase() ?? "-")), NO_LIMIT);
}

const bytes = (n: number): string => (n === NO_LIMIT ? "max" : String(n));

function perRegion(kernel: Kernel, value: (region: DmemRegion) => number): string {
  return kernel.cgroups.dmem.regions().map((region) => `${region.name} ${bytes(value(region))}\n`).join("");
}

/** Lines "region bytes", done one after the other until one is wrong. -EINVAL: no such region, no number. */
function setLimits(kernel: Kernel, group: Cgroup, text: string, set: (pool: DmemPool, value: number) => void): number {
  const { dmem } = kernel.cgroups;
  for (const line of text.split("\n")) {
    const [name, word, ...more] = line.trim().split(/\s+/);
    if (name === undefined || name === "") continue;
    const region = dmem.find(name);
    const value = word === undefined ? null : parseBytes(word);
    if (region === undefined || value === null || more.length > 0) return -Errno.EINVAL;
    set(dmem.pool(group, region), value);
  }
  return 0;
}

function limitFile(get: (pool: DmemPool) => number, none: number, set: (pool: DmemPool, value: number) => void): CgroupFile {
  return {
    controller: "dmem",
    root: "never",
    read: (kernel, group) => perRegion(kernel, (region) => {
      const pool = region.pools.get(group);
      return pool === undefined ? none : get(pool);
    }),
    write: (kernel, group, text) => setLimits(kernel, group, text, set),
  };
}

/** Interface files of the device memory controller. */
export const dmemFiles: Readonly<Record<string, CgroupFile>> = {
  "dmem.capacity": { controller: "dmem", root: "only", read: (kernel) => perRegion(kernel, (region) => region.size) },
  "dmem.current": { controller: "dmem", read: (kernel, group) => perRegion(kernel, (region) => region.pools.get(group)?.counter.usage ?? 0) },
  "dmem.peak": { controller: "dmem", root: "never", read: (kernel, group) => perRegion(kernel, (region) => region.pools.get(group)?.counter.peak ?? 0) },
  "dmem.min": limitFile(({ counter }) => counter.min, 0, ({ counter }, value) => {
    counter.min = value;
  }),
  "dmem.low": limitFile(({ counter }) => counter.low, 0, ({ counter }, value) => {
    counter.low = value;
  }),
  "dmem.max": limitFile(({ counter }) => counter.max, NO_LIMIT, ({ counter }, value) => {
    counter.max = value;
  }),
};
