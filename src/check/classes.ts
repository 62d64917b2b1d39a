import type { CheckClass } from "../compiler/abi.ts";

/** Everything that device code can be checked for. */
export const CHECK_CLASSES: readonly CheckClass[] = ["bounds", "lifetime", "uninitialised", "races", "barriers"];

/**
 * What the option `check` asks for.
 * @param check a list of classes, or true for all of them
 * @throws RangeError naming a class that there is not
 */
export function parseChecks(check: boolean | readonly string[]): ReadonlySet<CheckClass> {
  if (check === true) return new Set(CHECK_CLASSES);
  if (check === false) return new Set();
  const chosen = new Set<CheckClass>();
  for (const name of check) {
    const found = CHECK_CLASSES.find((known) => known === name);
    if (found === undefined) throw new RangeError(`check: there is no class ${JSON.stringify(name)}; there are ${CHECK_CLASSES.join(", ")}`);
    chosen.add(found);
  }
  return chosen;
}
