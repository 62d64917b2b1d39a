import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mustPrecede, run, STREAMS, type Step } from "./program.ts";

const stream = fc.constantFrom(...STREAMS);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom("mark" as const, "copy" as const, "host" as const), stream }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("record" as const, "wait" as const), stream, event: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("sync" as const), stream }) },
);

/** Checks one run against the rules. */
function holds(program: readonly Step[], seed: number | undefined, order: "timed" | "any"): void {
  const { ran, machine } = run(program, seed, order);
  const place = new Map(ran.map((id, i) => [id, i]));
  expect(ran.length).toBe(program.filter((s) => s.kind === "mark" || s.kind === "copy" || s.kind === "host").length);
  for (const [a, b] of mustPrecede(program)) expect(place.get(a)!, `step ${a} (${JSON.stringify(program[a])}) before step ${b} (${JSON.stringify(program[b])})`).toBeLessThan(place.get(b)!);
  machine.kernel.checkInvariants();
}

describe("streams, events and the default streams", () => {
  test("every order that the manual demands holds, whatever the machine chooses", () => {
    fc.assert(fc.property(fc.array(step, { minLength: 2, maxLength: 14 }), fc.integer({ min: 0, max: 1e6 }), (program, seed) => holds(program, seed, "any")), { seed: 11, numRuns: 60 });
  });

  test("also in timed order", () => {
    fc.assert(fc.property(fc.array(step, { minLength: 2, maxLength: 14 }), (program) => holds(program, undefined, "timed")), { seed: 12, numRuns: 30 });
  });

  test.each([
    ["two non-blocking streams", "free a", "free b"], ["two blocking streams", "blocking a", "blocking b"], ["legacy first, non-blocking second", "legacy", "free a"], ["non-blocking first, legacy second", "free a", "legacy"],
    ["per-thread and non-blocking", "per-thread", "free a"],
  ] as const)("orders that the manual leaves open both happen: %s", (_what, first, second) => {
    const program: Step[] = [{ kind: "mark", stream: first }, { kind: "mark", stream: second }];
    expect(mustPrecede(program)).toEqual([]);
    const seen = new Set<string>();
    for (let seed = 0; seed < 40 && seen.size < 2; seed++) seen.add(run(program, seed).ran.join());
    expect([...seen].sort()).toEqual(["0,1", "1,0"]);
  });

  test.each([
    ["legacy, then blocking", [{ kind: "mark", stream: "legacy" }, { kind: "mark", stream: "blocking a" }]],
    ["blocking, legacy, other blocking", [{ kind: "mark", stream: "blocking a" }, { kind: "mark", stream: "legacy" }, { kind: "mark", stream: "blocking b" }]],
    ["a wait in the legacy stream holds blocking streams up", [{ kind: "mark", stream: "free a" }, { kind: "record", stream: "free a", event: 0 }, { kind: "wait", stream: "legacy", event: 0 }, { kind: "mark", stream: "blocking a" }]],
    ["a record in the legacy stream captures blocking streams", [{ kind: "mark", stream: "blocking a" }, { kind: "record", stream: "legacy", event: 0 }, { kind: "wait", stream: "free a", event: 0 }, { kind: "mark", stream: "free a" }]],
    ["a wait keeps the record it saw", [{ kind: "mark", stream: "free a" }, { kind: "record", stream: "free a", event: 0 }, { kind: "wait", stream: "free b", event: 0 }, { kind: "record", stream: "legacy", event: 0 }, { kind: "mark", stream: "free b" }]],
    ["engines of one stream", [{ kind: "mark", stream: "free a" }, { kind: "copy", stream: "free a" }, { kind: "host", stream: "free a" }, { kind: "mark", stream: "free a" }]],
    ["synchronising with the legacy stream includes blocking streams", [{ kind: "mark", stream: "blocking a" }, { kind: "sync", stream: "legacy" }, { kind: "mark", stream: "free a" }]],
  ] as const)("%s: always in order", (_what, program) => {
    const ids = program.flatMap((s, i) => (s.kind === "mark" || s.kind === "copy" || s.kind === "host" ? [i] : []));
    expect(mustPrecede(program).length).toBeGreaterThan(0);
    for (let seed = 0; seed < 25; seed++) expect(run(program, seed).ran).toEqual(ids);
  });
});
