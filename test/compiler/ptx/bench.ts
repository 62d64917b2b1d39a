import { readFileSync } from "node:fs";
import type { DeviceCode, LaunchConfig, LaunchHooks } from "../../../src/compiler/abi.ts";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import { functionAddresses } from "../../../src/compiler/ir/layout.ts";
import type { Module } from "../../../src/compiler/ir/module.ts";
import { verifyModule } from "../../../src/compiler/ir/verify.ts";
import { ptxToIr } from "../../../src/compiler/ptx/index.ts";
import { compileModule } from "../../../src/compiler/wasm/index.ts";
import { TestMachine, type LaunchOptions } from "../wasm/harness.ts";

/** Text of a compiled sample: `fixture("sm_75", "01_vecadd")`. */
export function fixture(arch: "sm_75" | "sm_90", name: string): string {
  return readFileSync(new URL(`../../fixtures/ptx/${arch}/${name}.ptx`, import.meta.url), "utf8");
}

/** Text of a sample that exercises instructions one by one, most of them by inline assembly: `sample("integer")` is what nvcc made of fixtures/ptx/nvcc/integer.cu. */
export function sample(name: string): string {
  return readFileSync(new URL(`../../fixtures/ptx/nvcc/${name}.ptx`, import.meta.url), "utf8");
}

/** Head of a PTX text. */
export const HEAD = ".version 8.8\n.target sm_90\n.address_size 64\n";

/** Lowers and verifies; the verifier's complaints become a failure of the test. */
export function lowered(text: string, name = "test"): Module {
  const module = ptxToIr(text, name);
  const problems = verifyModule(module);
  if (problems.length > 0) throw new Error(`invalid IR:\n${problems.slice(0, 10).join("\n")}`);
  return module;
}

/** What executes the IR: the reference interpreter and the WebAssembly back end must agree. */
export const engines: readonly (readonly [name: string, compile: (module: Module) => DeviceCode])[] = [["interpreter", interpretModule], ["wasm", compileModule]];

/** What a launch printed, and the values of its execution. */
export interface Outcome {
  readonly printed: string;
}

/** A machine with one PTX module loaded: its variables laid out and initialised, as a driver does. */
export class PtxBench {
  readonly machine: TestMachine = new TestMachine({ pages: 512 });
  readonly module: Module;
  readonly symbols: Map<string, bigint> = new Map();
  private readonly code: DeviceCode;

  constructor(text: string, compile: (module: Module) => DeviceCode = interpretModule) {
    this.module = lowered(text);
    this.code = compile(this.module);
    for (const name of this.code.symbols) this.symbols.set(name, this.machine.map(Math.max(1, this.module.globals.get(name)!.size)));
    this.initialise();
  }

  private initialise(): void {
    const numbers = functionAddresses(this.module);
    for (const [name, at] of this.symbols) {
      const variable = this.module.globals.get(name)!;
      if (variable.init !== null) this.machine.write(at, variable.init);
      for (const reloc of variable.relocs) {
        const target = this.symbols.get(reloc.symbol) ?? (numbers.get(reloc.symbol) ?? 0n);
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, target + reloc.addend), true);
        this.machine.write(at + BigInt(reloc.offset), bytes.subarray(0, reloc.size));
      }
    }
  }

  /** Runs a kernel to its end. */
  launch(kernel: string, params: Uint8Array, options: LaunchOptions = {}): Outcome {
    let printed = "";
    const hooks: LaunchHooks = { fault: () => false, printf: (text) => void (printed += text), now: () => 12345 };
    const grid = options.grid ?? [1, 1, 1];
    const block = options.block ?? [1, 1, 1];
    const config: LaunchConfig = {
      kernel, workDim: 3, grid, block, globalSize: [grid[0] * block[0], grid[1] * block[1], grid[2] * block[2]], globalOffset: [0, 0, 0],
      dynamicSharedBytes: options.dynamicShared ?? 0, params, warpSize: 32, pageTable: this.machine.pageTable,
      symbols: new BigUint64Array(this.code.symbols.map((name) => this.symbols.get(name)!)), smCount: 4, gridId: 1,
    };
    const execution = this.code.load(this.machine).start(config, hooks);
    try {
      for (let i = 0; i < 100_000; i++) {
        if (execution.run({ budget: 1e9, maxBlocks: Infinity, resident: options.resident ?? 16 }).done) return { printed };
      }
      throw new Error(`kernel ${kernel} does not end`);
    } finally {
      execution.dispose();
    }
  }
}

/** A one-line program under test: registers `a`, `b`, `c` ... hold the inputs, `d` (and `e`) take the outputs. */
export interface Snippet {
  /** Instructions; more registers may be declared inside. */
  readonly code: string;
  /** Types of the inputs: u32, s64, f32, f16 (a .b16 register), pred ... */
  readonly inputs: readonly string[];
  /** Types of the outputs; default one, like the first input. */
  readonly outputs?: readonly string[];
  /** What the text begins with, other than HEAD. */
  readonly head?: string;
  /** Declarations at module level. */
  readonly before?: string;
}

function bitsOf(type: string): number {
  if (type === "pred") return 32;
  return type.includes("x2") ? 32 : Number(/\d+$/.exec(type)![0]);
}

function registerType(type: string): string {
  if (type === "pred" || type === "f32" || type === "f64") return type;
  return `b${bitsOf(type)}`;
}

/** Runs a snippet once a vector, one work-item each; inputs and outputs are raw bits. */
export function evaluate(snippet: Snippet, vectors: readonly (readonly bigint[])[]): bigint[][] {
  const outputs = snippet.outputs ?? [snippet.inputs[0]!];
  const names = "abcfgh";
  const results = "de";
  const lines: string[] = [];
  snippet.inputs.forEach((type, i) => {
    const name = names[i]!;
    lines.push(`.reg .${registerType(type)} ${name};`);
    if (type === "pred") lines.push(`ld.global.u32 %r9, [%in+${8 * i}];`, `setp.ne.u32 ${name}, %r9, 0;`);
    else lines.push(`ld.global.b${bitsOf(type)} ${name}, [%in+${8 * i}];`);
  });
  outputs.forEach((type, i) => lines.push(`.reg .${registerType(type)} ${results[i]!};`));
  lines.push(snippet.code);
  outputs.forEach((type, i) => {
    const name = results[i]!;
    if (type === "pred") lines.push(`selp.u32 %r9, 1, 0, ${name};`, `st.global.u32 [%out+${8 * i}], %r9;`);
    else lines.push(`st.global.b${bitsOf(type)} [%out+${8 * i}], ${name};`);
  });
  const text = `${snippet.head ?? HEAD}${snippet.before ?? ""}
.visible .entry k(.param .u64 pin, .param .u64 pout) {
  .reg .b32 %r<10>; .reg .b64 %rd<10>; .reg .b64 %in, %out;
  ld.param.u64 %in, [pin]; ld.param.u64 %out, [pout];
  mov.u32 %r1, %tid.x; mul.wide.u32 %rd1, %r1, 64;
  add.s64 %in, %in, %rd1; add.s64 %out, %out, %rd1;
  ${lines.join("\n  ")}
  ret;
}`;
  const bench = new PtxBench(text);
  const n = vectors.length;
  const data = new BigUint64Array(n * 8);
  vectors.forEach((v, i) => v.forEach((x, j) => { data[8 * i + j] = BigInt.asUintN(64, x); }));
  const input = bench.machine.upload(data);
  const output = bench.machine.map(n * 64);
  const params = new Uint8Array(new BigUint64Array([input, output]).buffer);
  for (let at = 0; at < n; at += 256) {
    const shifted = new Uint8Array(new BigUint64Array([input + BigInt(64 * at), output + BigInt(64 * at)]).buffer);
    bench.launch("k", at === 0 ? params : shifted, { block: [Math.min(256, n - at), 1, 1] });
  }
  const words = bench.machine.u64(output, n * 8);
  return vectors.map((_, i) => outputs.map((type, j) => BigInt.asUintN(bitsOf(type), words[8 * i + j]!)));
}

/** All ways to pick one of each list. */
export function product<T>(...lists: readonly (readonly T[])[]): T[][] {
  return lists.reduce<T[][]>((all, list) => all.flatMap((head) => list.map((x) => [...head, x])), [[]]);
}

/** Integers of a width where things go wrong. */
export function corners(bits: number): bigint[] {
  const top = 1n << BigInt(bits - 1);
  const all = (1n << BigInt(bits)) - 1n;
  return [0n, 1n, 2n, 7n, top - 1n, top, top + 1n, all, all - 1n, 0x123456789abcdef0n & all, 0xfedcba9876543210n & all];
}

const view = new DataView(new ArrayBuffer(8));
export const f32 = (x: number): bigint => { view.setFloat32(0, x); return BigInt(view.getUint32(0)); };
export const f64 = (x: number): bigint => { view.setFloat64(0, x); return view.getBigUint64(0); };
export const fromF32 = (bits: bigint): number => { view.setUint32(0, Number(bits)); return view.getFloat32(0); };
export const fromF64 = (bits: bigint): number => { view.setBigUint64(0, bits); return view.getFloat64(0); };
/** The integer that bits of a width mean, read with a sign or without. */
export const int = (bits: bigint, width: number, signed: boolean): bigint => (signed ? BigInt.asIntN(width, bits) : BigInt.asUintN(width, bits));

/** Floats where things go wrong, as f32 bits. */
export const floats32: readonly bigint[] = [
  0n, 0x8000_0000n, f32(1), f32(-1), f32(1.5), f32(-2.25), f32(1e10), f32(-1e-10), f32(3.4e38), f32(Infinity), f32(-Infinity), 0x7fc0_0000n,
  1n, 0x8000_0001n, 0x007f_ffffn, 0x0080_0000n, f32(0.1), f32(16777217), f32(2147483648), f32(-2147483648), f32(0.5), f32(2.5), f32(-0.5),
];
/** The same as f64 bits. */
export const floats64: readonly bigint[] = [...floats32.map((b) => f64(fromF32(b))), f64(1e300), f64(5e-324), f64(0.1), f64(-9.3e18)];
