import fc from "fast-check";
import { expect, test } from "vitest";
import { Bytes } from "../../../src/compiler/wasm/asm/bytes.ts";
import { Code } from "../../../src/compiler/wasm/asm/code.ts";
import { WasmModule } from "../../../src/compiler/wasm/asm/module.ts";
import { F64, I32, I64, op } from "../../../src/compiler/wasm/asm/opcodes.ts";

function run(params: readonly (typeof I32 | typeof I64 | typeof F64)[], result: typeof I32 | typeof I64 | typeof F64, write: (code: Code, module: WasmModule) => void, imports: Record<string, unknown> = {}): (...args: unknown[]) => unknown {
  const module = new WasmModule();
  const code = new Code(params.length);
  const ref = module.declare(params, [result], "f");
  write(code, module);
  module.define(ref, code);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish({ shared: true, maximumPages: 4 })), { e: { memory, ...imports } as never });
  return instance.exports["f"] as (...args: unknown[]) => unknown;
}

test("constants of every size come back as they went in", () => {
  const numbers = fc.oneof(fc.integer(), fc.constantFrom(0, -1, 63, 64, -64, -65, 127, 128, 0x7fffffff, -0x80000000));
  fc.assert(fc.property(numbers, (value) => run([], I32, (code) => code.i32(value))() === value), { seed: 1, numRuns: 100 });
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => run([], I64, (code) => code.i64(value))() === value), { seed: 2, numRuns: 100 });
  fc.assert(fc.property(fc.double(), (value) => Object.is(run([], F64, (code) => code.f64(value))(), value)), { seed: 3, numRuns: 100 });
});

test("unsigned numbers are encoded in the fewest bytes", () => {
  const encoded = (value: number): number[] => {
    const bytes = new Bytes();
    bytes.u32(value);
    return [...bytes.view()];
  };
  expect(encoded(0)).toEqual([0]);
  expect(encoded(127)).toEqual([0x7f]);
  expect(encoded(128)).toEqual([0x80, 1]);
  expect(encoded(0xffffffff)).toEqual([0xff, 0xff, 0xff, 0xff, 0x0f]);
});

test("a function asked for in the middle of another gets its index in the end", () => {
  const f = run([I32], I32, (code, module) => {
    const twice = module.declare([I32], [I32]);
    module.define(twice, new Code(1).get(0).i32(2).op(op.i32_mul));
    // The import comes last, and yet moves all indices.
    code.get(0).call(twice).call(module.import("plus", [I32], [I32]));
  }, { plus: (value: number) => value + 5 });
  expect(f(10)).toBe(25);
});

test("branches name blocks, whatever lies between", () => {
  const f = run([I32], I32, (code) => {
    const outer = code.block(I32);
    code.i32(1).get(0).brIf(outer).op(op.drop);
    const loop = code.loop();
    code.get(0).i32(1).op(op.i32_add).set(0);
    code.get(0).i32(10).op(op.i32_lt_s).brIf(loop);
    code.end();
    code.get(0).end();
  });
  expect(f(0)).toBe(10);
  expect(f(3)).toBe(1);
});

test("blocks left open, or closed once too often, are our own mistakes", () => {
  const open = new Code(0);
  open.block();
  expect(() => open.finish()).toThrow(/left open/);
  expect(() => new Code(0).end()).toThrow(/without a block/);
});
