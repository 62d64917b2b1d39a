import { FORMATS } from "./formats.ts";
import { allowedIn, ROWS } from "./measure.ts";

/** What the campaign found: arguments of each call, its seed, and by format and function the largest error in ULPs. */
export interface Campaign {
  readonly count: number;
  readonly seed: number;
  /** Whether functions of one half were measured at every argument. */
  readonly allHalves?: boolean;
  readonly errors: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Errors as they are recorded and printed: upwards to two digits. */
export function printed(ulps: number): number {
  return Math.ceil(ulps * 100 - 1e-9) / 100;
}

function cell(allowed: number | null, measured: number | undefined): string {
  if (allowed === null || measured === undefined) return "|";
  return `${measured.toFixed(2)} | ${allowed === Infinity ? "any" : allowed}`;
}

/** The text of docs/ulp.md. */
export function page(record: Campaign): string {
  const lines = ["# Accuracy of the math builtins", "",
    "Largest errors found in ULPs, and what OpenCL C 3.0 section 7.4 allows (full profile, correctly rounded: 0.5). Denormals are supported, so below the normal numbers an ULP is the smallest denormal.",
    `Compared with values of 200 bits (\`test/compiler/builtins/ulp\`) at ${record.count.toLocaleString("en")} arguments each: ranges where the function does something, corners, and patterns at random${record.count < 65536 && record.allHalves !== true ? "" : "; functions of one half, at all 65,536"}.`,
    "The numbers after the geometric functions are elements. `sincos` is `sin` and `cos`; half computes in single precision and rounds; native functions may have any",
    "error, and are measured in ordinary ranges. What must be exact (`fmod`, `remainder`, rounding, comparisons, conversions, parts of numbers) has tests of its own beside these figures, and so have the edge",
    "cases of section 7.5.1.", "",
    "Written by the long search, `GLASSGPU_RUNS=100000 npx vitest run --config test/campaign/vitest.config.ts ulp`; those of halves by `half` in place of `ulp`; `npm test` measures a few hundred arguments each against the same limits.", "",
    "| | float | allowed | double | allowed | half | allowed |", "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"];
  for (const row of ROWS) {
    const cells = FORMATS.map((format) => cell(allowedIn(row, format), record.errors[format.name]?.[row.name]));
    lines.push(`| \`${row.name}\` | ${cells.map((text) => (text === "|" ? " | " : text)).join(" | ")} |`);
  }
  return `${lines.join("\n")}\n`;
}
