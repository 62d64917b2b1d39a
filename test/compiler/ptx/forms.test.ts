import { expect, test } from "vitest";
import { CompileError } from "../../../src/compiler/abi.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { allForms, moduleOf } from "./forms/all.ts";
import { refusedHere, takenHere } from "./forms/exceptions.ts";
import { verdicts, type Verdict } from "./forms/recorded.ts";

/**
 * Every form of the families in forms/: legal ones compile in the architecture and version from which on the assembler takes them, and not below; illegal ones are errors of the text.
 * The everyday suite takes all that is legal and every 16th of the rest; GLASSGPU_RUNS=all takes all.
 */
const step = process.env["GLASSGPU_RUNS"] === "all" ? 1 : 16;
const older: Readonly<Record<string, string>> = { sm_80: "sm_75", sm_86: "sm_80", sm_89: "sm_86", sm_90: "sm_89", sm_90a: "sm_90" };
const before = (version: string): string => (version === "8.0" ? "7.8" : version === "7.0" ? "6.5" : (Number(version) - 0.1).toFixed(1));

/** The error of a module of one instruction; null when it compiles. */
function refusal(line: string, target: string, version: string): CompileError | null {
  try {
    ptxToIr(moduleOf([line], version, target).text, "form", { linking: "unit" });
    return null;
  } catch (error) {
    if (error instanceof CompileError) return error;
    throw error;
  }
}

function problem(line: string, verdict: Verdict | null): string | null {
  if (verdict === null) {
    const error = refusal(line, "sm_90a", "9.0");
    return error === null ? "is illegal and was taken" : error.kind === "type" || error.kind === "syntax" || error.kind === "unsupported" ? null : `is illegal and gave ${error.kind}`;
  }
  const { target, version, gone } = verdict;
  const error = refusal(line, target, version);
  if (error !== null) return `is legal for ${target}, ${version}, and was refused: ${error.message}`;
  if (gone && refusal(line, target, "9.0") === null) return "is not legal any more and was taken";
  const elder = older[target];
  if (elder !== undefined && refusal(line, elder, "9.0") === null) return `is legal from ${target} on and was taken for ${elder}`;
  // 6.3 is the oldest version that the assembler could be asked about.
  const oldest = { sm_75: "6.3", sm_80: "7.0", sm_86: "7.1", sm_89: "7.8", sm_90: "7.8", sm_90a: "8.0" }[target];
  return version !== oldest && refusal(line, target, before(version)) === null ? `is legal from version ${version} on and was taken in ${before(version)}` : null;
}

test.each(allForms.map(({ name, lines }) => [name, lines] as const))("%s", (name, lines) => {
  const known = verdicts(name, lines.length);
  const wrong: string[] = [];
  let illegal = 0;
  lines.forEach((line, i) => {
    const verdict = known[i]!;
    if (verdict === null ? lines.length > 1000 && illegal++ % step !== 0 || takenHere(line) : refusedHere(line)) return;
    const why = problem(line, verdict);
    if (why !== null) wrong.push(`${line} ${why}`);
  });
  expect(wrong).toEqual([]);
});
