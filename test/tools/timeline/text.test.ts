import { expect, test } from "vitest";
import { textTimeline } from "../../../src/tools/timeline/text.ts";
import { sampleTrace } from "../../kernel/trace/sample.ts";
import { bigTrace } from "./big.ts";

test("the text picture shows who ran where and when", () => {
  expect(textTimeline(sampleTrace(), { columns: 38 })).toBe(
    [
      "from 1 µs to 4.8 µs, a column is 100 ns",
      "GPU 0 compute  vecadd |               ███████████████████    |",
      "GPU 0 compute  saxpy  |                        █████████████ |",
      "GPU 0 copy  saxpy     |                 ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓  |",
      "vecadd main           |──────────       ··················   |",
      "saxpy main            |                ────────────────────  |",
      "█ kernel   ▓ copy   ─ API call   · asleep",
    ].join("\n"),
  );
});

test("long idle stretches are cut, threads can be left out", () => {
  const text = textTimeline(bigTrace(4).events, { columns: 40, threads: false });
  expect(text).toContain("≈ is time cut out (450 ms in all)");
  expect(text).not.toContain("main");
  expect(text.split("\n").slice(1, -1).every((line) => /^GPU [01] (compute|copy0) {2}\w+ +\|.{40}\|$/.test(line))).toBe(true);
});

test("an empty trace says so", () => {
  expect(textTimeline([])).toBe("nothing happened");
});
