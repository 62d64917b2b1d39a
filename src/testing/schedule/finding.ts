/**
 * What was found wrong with a schedule.
 * - `failure`: the program threw, ended with a bad exit code, or one of its processes died of an error. `deadlock`: nothing could wake what waits. `difference`: the outcome is not that of the first schedule.
 * - `race`, `lifetime`, `leak`, `polling`: what the detectors of `detect` found. `bug`: a mistake of the emulator itself.
 */
export type FindingKind = "failure" | "deadlock" | "difference" | "race" | "lifetime" | "leak" | "polling" | "bug";

/** One thing found wrong. */
export interface Finding {
  readonly kind: FindingKind;
  /** The same for the same mistake in every schedule: what shrinking keeps. */
  readonly key: string;
  /** For people: some lines. */
  readonly message: string;
}

/** A mistake, and the schedule that shows it best. */
export interface Found extends Finding {
  /** Number of the schedule that first showed it, from 0. */
  readonly schedule: number;
  /** That schedule's decisions, for `--replay` and createMachine({ replay, order: "any" }). */
  readonly replay: string;
  /** The simplest schedule that shows it too; equal to `replay` when none is simpler. */
  readonly shrunk: string;
  /** Decisions of `shrunk` that are not the natural ones. */
  readonly deviations: number;
}
