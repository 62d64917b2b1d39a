import { expect, test } from "vitest";
import { coverageOf, supportTables } from "../../../src/tools/cli/coverage.ts";
import { textOf } from "../../architecture/sources.ts";

test("the README's table of what works has today's figures", () => {
  const lines = textOf("README.md").split("\n");
  for (const [api, { full, partial, refused, total }] of Object.entries(coverageOf(supportTables))) {
    const row = lines.find((line) => line.startsWith(`| ${api} `))!;
    expect(row).toMatch(new RegExp(`\\| ${full} \\| ${partial} \\| ${refused} \\| ${total} \\|$`));
  }
});
