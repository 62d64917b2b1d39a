import { asyncCopies } from "./async.ts";
import { atomics } from "./atomics.ts";
import { common } from "./common.ts";
import { conversion } from "./convert.ts";
import { geometric } from "./geometric.ts";
import { images } from "./image.ts";
import { integers } from "./integer.ts";
import { math } from "./math.ts";
import { relational } from "./relational.ts";
import type { Lowering, Lowerings } from "./site.ts";
import { special } from "./special.ts";
import { subGroups } from "./subgroup.ts";
import { synchronisation } from "./sync.ts";
import { vectorMemory } from "./vectors.ts";
import { workGroups } from "./workgroup.ts";
import { workItem } from "./workitem.ts";

/** All builtins by name, in the order of the specification's chapters. */
const families: readonly Lowerings[] = [
  workItem, math, integers, common, geometric, relational, vectorMemory, synchronisation, asyncCopies, atomics, images, workGroups, subGroups, special,
];

const table = new Map<string, Lowering>();
for (const family of families) for (const [name, lowering] of Object.entries(family)) table.set(name, lowering);

/** How to lower calls of a builtin, by its name without types; null when there is none of that name. */
export function builtinLowering(base: string): Lowering | null {
  return table.get(base) ?? conversion(base);
}

/** Names of all builtins but the conversions, for documents and tests. */
export function openClBuiltinNames(): string[] {
  return [...table.keys()];
}
