import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { parseModule } from "../../../src/compiler/ir/parse.ts";
import { lanePolicy } from "../../../src/compiler/wasm/simd/shapes.ts";
import { mustAgree } from "../differential/compare.ts";

afterAll(() => void (lanePolicy.quads = 0));

const read = (name: string): string => readFileSync(new URL(`../differential/regressions/${name}`, import.meta.url), "utf8");

test.each([1, 2, 4])("addresses that lanes took along from a loop are a step apart all the same in a row, with vectors by %i", (quads) => {
  lanePolicy.quads = quads;
  const { parameters, ...launch } = JSON.parse(read("row-behind-masked-loop.json")) as { parameters: Record<string, string | number> };
  const of = (name: string): bigint => BigInt(parameters[name]!);
  expect(() => mustAgree(parseModule(read("row-behind-masked-loop.ir")), { ...launch, parameters: { i32: 0, i64: of("i64"), f32: of("f32"), f64: of("f64") } } as never)).not.toThrow();
});
