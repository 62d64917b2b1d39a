/**
 * Planted faults of the model, for `npm run mutants`: each names one rule that the model enforces and the suite must notice when it is
 * not. In the package the condition is constantly false and the bundler removes it.
 */
let active = "";

/**
 * Whether the named fault is switched on.
 *
 * @param name kebab-case name, listed in test/mutants
 */
export function mutant(name: string): boolean {
  return active !== "" && active === name;
}

/** Switches one fault on; the empty name switches all off. For the mutation run only. */
export function activateMutant(name: string): void {
  active = name;
}
