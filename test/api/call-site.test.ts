import { expect, test } from "vitest";
import { callSite } from "../../src/api/diagnostics.ts";

test("the call site is the first frame outside the library", () => {
  const site = (() => callSite())();
  expect(site).toMatch(/test\/api\/call-site\.test\.ts:\d+:\d+$/);
});
