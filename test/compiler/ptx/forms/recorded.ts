import { readFileSync } from "node:fs";

/** What the assembler says of a form: the least architecture (and whether only that one), and the least version of the ISA in which it is legal there; gone: the version from which on it is not. */
export interface Verdict {
  readonly target: string;
  readonly version: string;
  readonly gone: boolean;
}

interface File {
  readonly assembler: string;
  readonly kinds: readonly string[];
  readonly families: Readonly<Record<string, string>>;
}

const file = JSON.parse(readFileSync(new URL("verdicts.json", import.meta.url), "utf8")) as File;
const kinds = file.kinds.map((kind): Verdict => {
  const [target, version, gone] = kind.split(" ");
  return { target: target!, version: version!, gone: gone !== undefined };
});

/**
 * The verdicts of a family's lines, in order; null for what is illegal. Kept as runs: a letter (a kind; `.`: illegal) and how many.
 * @throws Error when there are none: run node scripts/ptx-forms.mjs
 */
export function verdicts(family: string, count: number): readonly (Verdict | null)[] {
  const out: (Verdict | null)[] = [];
  for (const [, letter, times] of (file.families[family] ?? "").matchAll(/([.A-Za-z])(\d*)/g)) {
    const verdict = letter === "." ? null : kinds[letter! < "a" ? letter!.charCodeAt(0) - 65 + 26 : letter!.charCodeAt(0) - 97]!;
    for (let i = 0; i < Number(times === "" ? 1 : times); i++) out.push(verdict);
  }
  if (out.length !== count) throw new Error(`${family}: ${out.length} verdicts are recorded, ${count} forms are there; run node scripts/ptx-forms.mjs`);
  return out;
}
