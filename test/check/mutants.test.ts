import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as code from "../mutants/checked-code.ts";
import * as findings from "../mutants/checked-findings.ts";
import * as lanes from "../mutants/checked-lanes.ts";

const edits = [...code.edits, ...findings.edits, ...lanes.edits];
const equal = [...code.equal, ...lanes.equal];

test("the faults that are written into checked mode's code for the mutation run fit what is there", () => {
  const root = new URL("../../", import.meta.url);
  for (const { name, file, from, to, test: noticing } of edits) {
    expect(readFileSync(new URL(file, root), "utf8").split(from).length - 1, name).toBe(1);
    expect(to, name).not.toBe(from);
    expect(existsSync(new URL(noticing, root)), name).toBe(true);
  }
  for (const { name, file, from, to } of equal) {
    expect(readFileSync(new URL(file, root), "utf8").split(from).length - 1, name).toBe(1);
    expect(to, name).not.toBe(from);
  }
  expect(new Set([...edits, ...equal].map(({ name }) => name)).size).toBe(edits.length + equal.length);
});
