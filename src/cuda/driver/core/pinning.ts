import type { Caller } from "../../../api/caller.ts";
import { Mapping, PAGE } from "./space.ts";
import type { DriverState } from "./state.ts";

/**
 * Registered ranges need not be whole pages, but GPUs map pages: the first and last page of a range may be another range's too. Those are mappings of their own,
 * counted in the driver's state; what lies between is one mapping.
 */
function edge(driver: DriverState, page: number): Mapping {
  const old = driver.edgePages.get(page);
  if (old !== undefined) {
    old.users++;
    return old.mapping;
  }
  const mapping = new Mapping(page, PAGE, null);
  driver.edgePages.set(page, { mapping, users: 1 });
  return mapping;
}

/** Makes a range of the process's memory visible to every context. @returns its mappings, or a negative errno. */
export function pinRange(t: Caller, driver: DriverState, address: number, bytes: number): Mapping[] | number {
  const first = Math.floor(address / PAGE) * PAGE;
  const last = Math.floor((address + bytes - 1) / PAGE) * PAGE;
  const mappings = [edge(driver, first)];
  if (last > first) mappings.push(edge(driver, last));
  if (last - first > PAGE) mappings.push(new Mapping(first + PAGE, last - first - PAGE, null));
  for (const mapping of mappings) {
    for (const space of driver.spaces()) {
      if (mapping.spaces.has(space)) continue;
      const error = mapping.bind(t, space);
      if (error >= 0) continue;
      unpinRange(t, driver, mappings);
      return error;
    }
    driver.everywhere.add(mapping);
  }
  return mappings;
}

/** Undoes pinRange. */
export function unpinRange(t: Caller, driver: DriverState, mappings: readonly Mapping[]): void {
  for (const mapping of mappings) {
    const shared = driver.edgePages.get(mapping.address);
    if (shared?.mapping === mapping) {
      if (--shared.users > 0) continue;
      driver.edgePages.delete(mapping.address);
    }
    driver.everywhere.delete(mapping);
    mapping.unbindAll(t);
  }
}
