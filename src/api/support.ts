/**
 * How much of a function works.
 * - `full`: success and every documented error, with tests.
 * - `partial`: works; `note` says in one sentence what is missing.
 * - `refused`: exists and answers with the API's own not-supported code.
 */
export type Support = "full" | "partial" | "refused";

/** One row of an API's support table. */
export interface SupportRow {
  readonly name: string;
  /** The manual's chapter. */
  readonly chapter: string;
  readonly support: Support;
  /** One sentence, for partial and refused rows; "" for full ones. */
  readonly note: string;
}

/** How many rows of a support table are of each kind. */
export interface Coverage {
  readonly full: number;
  readonly partial: number;
  readonly refused: number;
  readonly total: number;
}

/** Counts the rows of a support table. */
export function coverage(rows: readonly SupportRow[]): Coverage {
  const count = (support: Support): number => rows.filter((row) => row.support === support).length;
  return { full: count("full"), partial: count("partial"), refused: count("refused"), total: rows.length };
}
