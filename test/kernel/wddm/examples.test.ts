import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runExample } from "../../examples/run-example.ts";

describe("examples on Windows", () => {
  test.each(["context", "mapped-memory", "stream-priority", "svm-capabilities", "out-of-order-queue", "queue-priority", "atomic-counter"])("%s prints what it prints on Linux", async (name) => {
    const windows = await runExample(name, [], { os: "windows" });
    expect(windows).toBe(await runExample(name));
  }, 60_000);

  test("every-order finds the same outcomes", async () => {
    const text = await runExample("every-order", [], { os: "windows" });
    expect(text.trimEnd().split("\n")).toEqual(["without an event: the byte is 1 or 2 at the end", "with an event: the byte is 2 at the end"]);
  }, 60_000);

  test("two-processes: the same results; only the PCI bus is not found, which Linux shows as files", async () => {
    const folder = mkdtempSync(join(tmpdir(), "example-"));
    const said = async (os: "linux" | "windows"): Promise<string[]> => {
      const text = await runExample("two-processes", [folder], { os });
      return text.split("\n").flatMap((line) => (/^ *[\d.]+ ms {2}[AB] {2}/.test(line) && !/ bus/.test(line) && !line.includes("the same device") ? [line.replace(/^ *[\d.]+ ms {2}/, "")] : []));
    };
    const of = (lines: readonly string[], who: string): string[] => lines.filter((line) => line.startsWith(who));
    const [linux, windows] = [await said("linux"), await said("windows")];
    for (const who of ["A", "B"]) {
      expect(of(windows, who).length).toBeGreaterThan(4);
      expect(of(windows, who)).toEqual(of(linux, who));
    }
    rmSync(folder, { recursive: true });
  }, 60_000);
});
