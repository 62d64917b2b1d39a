import { describe, expect, test } from "vitest";
import { runExample } from "../../examples/run-example.ts";

describe("examples on Windows", () => {
  test.each(["context", "mapped-memory", "stream-priority", "svm-capabilities", "out-of-order-queue", "queue-priority", "every-order", "atomic-counter"])("%s prints what it prints on Linux", async (name) => {
    const windows = await runExample(name, [], { os: "windows" });
    expect(windows).toBe(await runExample(name));
  }, 60_000);
});
