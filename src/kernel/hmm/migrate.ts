import { Errno } from "../errors.ts";
import { isMovable, type AddressSpace } from "../mm/address-space.ts";
import type { DevicePage } from "../mm/residency.ts";
import { PAGE } from "../mm/vma.ts";
import { mutant } from "../mutants.ts";

/** One page of a migration. */
export interface MigratePage {
  readonly page: number;
  /** Collected and free to move (MIGRATE_PFN_MIGRATE): false for pinned pages, and for pages that are not where the caller said. */
  movable: boolean;
  /** Where it is: linear address, and its device page when it is in device memory. */
  readonly linear: number;
  readonly device: DevicePage | null;
  /** Set by the caller, with the bytes already copied: the page's new home on a device. Null leaves it where it is. */
  target: DevicePage | null;
  /** After `pages`: it has moved. */
  moved: boolean;
}

/** A migration under way (struct migrate_vma). */
export interface Migration {
  readonly mm: AddressSpace;
  readonly start: number;
  readonly end: number;
  readonly pages: MigratePage[];
}

/**
 * Collects pages of one mapping and takes them away from everybody who maps them (migrate_vma_setup, mm/migrate_device.c).
 * @param select what to collect: pages in RAM, or pages in device memory
 * @returns -EINVAL: not whole pages, empty, not inside one mapping, or a mapping whose pages cannot move
 */
export function migrateVmaSetup(mm: AddressSpace, start: number, end: number, select: "system" | "device"): Migration | number {
  if (start % PAGE !== 0 || end % PAGE !== 0 || start >= end) return -Errno.EINVAL;
  const vma = mm.find(start);
  if (vma === null || !isMovable(vma) || end > vma.end) return -Errno.EINVAL;
  const { residency } = mm;
  const pages: MigratePage[] = [];
  for (let page = start; page < end; page += PAGE) {
    const device = residency.away.get(page) ?? null;
    const pinned = residency.pins.has(page) && !mutant("hmm-migrates-pinned");
    pages.push({ page, movable: (device === null) === (select === "system") && !pinned, linear: device?.linear ?? vma.linear + (page - vma.start), device, target: null, moved: false });
  }
  // The CPU's mappings and all devices' go; a page that turns out not to move gets its old mapping back.
  for (const run of runs(pages)) mm.notify(run.start, run.end, "migrate");
  for (const { page, movable } of pages) if (movable && residency.copied.has(page)) residency.collapse(page);
  return { mm, start, end, pages };
}

/** Moves each page that has a target, whole or not at all (migrate_vma_pages). A page that was pinned meanwhile stays. */
export function migrateVmaPages(migration: Migration): number {
  let moved = 0;
  for (const entry of migration.pages) {
    if (!entry.movable || entry.target === null) continue;
    if (migration.mm.residency.pins.has(entry.page) && !mutant("hmm-migrates-pinned")) continue;
    entry.moved = true;
    moved++;
  }
  return moved;
}

/** New mappings for what has moved, the old ones for what has not; targets that were not used are freed (migrate_vma_finalize). */
export function migrateVmaFinalize(migration: Migration): void {
  const { mm } = migration;
  for (const { page, moved, target, linear } of migration.pages) {
    if (target === null) continue;
    if (!moved && !mutant("hmm-failed-migration-moves")) {
      target.owner.release(target);
      continue;
    }
    mm.residency.moveAway(page, target);
    // The old frame holds nothing of the page any more. A stale reader gets a pattern, not luck.
    mm.memory.fill(linear, LEFT_BEHIND, PAGE);
  }
}

/** What is left in RAM where a page was. */
export const LEFT_BEHIND = 0xdb;

/** Neighbouring pages that are to move. */
function* runs(pages: readonly MigratePage[]): Generator<{ readonly start: number; readonly end: number }> {
  for (let i = 0; i < pages.length; i++) {
    if (!pages[i]!.movable) continue;
    const start = pages[i]!.page;
    while (i + 1 < pages.length && pages[i + 1]!.movable) i++;
    yield { start, end: pages[i]!.page + PAGE };
  }
}
