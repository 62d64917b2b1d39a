import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseModule } from "../../../src/compiler/ir/parse.ts";
import type { LaunchSpec } from "../../../src/testing/ir/spec.ts";
import { mustAgree } from "./compare.ts";

const folder = new URL("regressions/", import.meta.url);

function read(name: string): string {
  return readFileSync(new URL(name, folder), "utf8");
}

function launchOf(name: string): LaunchSpec {
  const launch = JSON.parse(read(`${name}.json`)) as LaunchSpec;
  const { i32, i64, f32, f64 } = launch.parameters;
  return { ...launch, parameters: { i32, i64: BigInt(i64), f32: BigInt(f32), f64: BigInt(f64) } };
}

/** Shrunk programs on which the two implementations once disagreed: `NAME.ir` and its launch, `NAME.json`. */
describe("programs that once told the interpreter and WebAssembly apart", () => {
  const names = readdirSync(folder).filter((name) => name.endsWith(".ir")).map((name) => name.slice(0, -3));

  test("are kept", () => expect(names.length).toBeGreaterThan(0));

  test.each(names)("%s", (name) => mustAgree(parseModule(read(`${name}.ir`)), launchOf(name)));
});
