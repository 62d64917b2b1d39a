/** A fault planted in the model, and the test that must fail when it is switched on. */
export interface Mutant {
  /** The name that `mutant()` is asked for in src/kernel. */
  readonly name: string;
  /** Number of the invariant it breaks. */
  readonly invariant: number;
  /** What is wrong with the model when it is on. */
  readonly what: string;
  /** The test file that notices. */
  readonly test: string;
}
