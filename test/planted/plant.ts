import type { DetectorName } from "../../src/testing/detect/index.ts";
import type { FindingKind } from "../../src/testing/schedule/finding.ts";
import type { Program } from "../../src/testing/schedule/run.ts";

/** A mistake that host programs make, in two versions of one small program. */
export interface Planted {
  readonly name: string;
  readonly kind: FindingKind;
  /** Words that the report must say. */
  readonly says: readonly (string | RegExp)[];
  readonly detect?: readonly DetectorName[];
  /** @param right the correct twin */
  readonly program: (right: boolean) => Program;
}
