/** A fault that is written into a source file while its test runs: for code whose speed counts, which asks nobody whether it is to be wrong. */
export interface Edit {
  /** kebab-case name. */
  readonly name: string;
  /** What is wrong with it in. */
  readonly what: string;
  /** The file in src, and the text in it that is replaced; it is there once. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The test file that notices. */
  readonly test: string;
}

/** An edit that no test can notice, and why. */
export interface Equal extends Omit<Edit, "test"> {
  readonly why: string;
}

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
