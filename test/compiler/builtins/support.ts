import type { DeviceCode, LaunchConfig } from "../../../src/compiler/abi.ts";
import { imageDescriptor, pixelBytes } from "../../../src/compiler/builtins/opencl/images/descriptor.ts";
import { interpretModule } from "../../../src/compiler/interp/index.ts";
import type { Module } from "../../../src/compiler/ir/module.ts";
import { openclToIr } from "../../../src/compiler/llvm/opencl.ts";
import { TestMachine, type LaunchOptions, type LaunchResult } from "../wasm/harness.ts";

/** A machine that also puts module variables' initial bytes where the launch says they are. */
class ProgramMachine extends TestMachine {
  override config(code: DeviceCode, kernel: string, params: Uint8Array, options: LaunchOptions = {}): LaunchConfig {
    const config = super.config(code, kernel, params, options);
    const at = new Map(code.symbols.map((name, n) => [name, config.symbols[n]!]));
    for (const [name, address] of at) {
      const variable = code.module.globals.get(name)!;
      const bytes = new Uint8Array(variable.size);
      if (variable.init !== null) bytes.set(variable.init);
      const view = new DataView(bytes.buffer);
      for (const { offset, size, symbol, addend } of variable.relocs) {
        const value = at.get(symbol)! + addend;
        if (size === 8) view.setBigUint64(offset, value, true);
        else view.setUint32(offset, Number(value), true);
      }
      this.write(address, bytes);
    }
    return config;
  }
}

export type Buffer =
  | Float32Array | Float64Array | Int32Array | Uint32Array | Int16Array | Uint16Array | Int8Array | Uint8Array | BigInt64Array | BigUint64Array;

/** A kernel argument: a buffer or an image (written back afterwards), a number for a scalar parameter or a sampler, bytes, or a size of local memory. */
export type Argument = Buffer | number | bigint | { readonly local: number } | { readonly bytes: Uint8Array } | Image;

/** Pixels and what they mean; sizes that are not given are 1, pitches are tight. */
export interface Image {
  readonly pixels: Buffer;
  readonly order: number;
  readonly dataType: number;
  readonly width: number;
  readonly height?: number;
  readonly depth?: number;
  readonly layers?: number;
}

/** One program on one machine. */
export class Program {
  readonly module: Module;
  readonly code: DeviceCode;
  private readonly machine = new ProgramMachine();

  constructor(module: Module, compile: (module: Module) => DeviceCode = interpretModule) {
    this.module = module;
    this.code = compile(module);
  }

  /** Runs a kernel over `size` work-items in groups of `group`. Buffers come back changed. */
  run(kernel: string, args: readonly Argument[], size: number | readonly [number, number], group: number | readonly [number, number] = 1, options: LaunchOptions = {}): LaunchResult {
    const info = this.code.kernels.get(kernel)!;
    if (args.length !== info.params.length) throw new Error(`${kernel} takes ${info.params.length} arguments, not ${args.length}`);
    const block = new Uint8Array(info.paramBytes);
    const view = new DataView(block.buffer);
    const buffers: { address: bigint; buffer: Buffer }[] = [];
    let dynamic = Math.ceil(info.sharedBytes / 16) * 16;
    args.forEach((arg, n) => {
      const { offset, type, size: bytes } = info.params[n]!;
      if (typeof arg === "object" && "local" in arg) {
        view.setBigUint64(offset, BigInt(dynamic), true);
        dynamic += Math.ceil(arg.local / 16) * 16;
      } else if (typeof arg === "object" && "pixels" in arg) {
        const { pixels, order, dataType, width, height = 1, depth = 1, layers = 1 } = arg;
        const address = this.machine.upload(pixels);
        buffers.push({ address, buffer: pixels });
        const rowPitch = width * pixelBytes(order, dataType);
        const descriptor = imageDescriptor({ address, width, height, depth, layers, rowPitch, slicePitch: rowPitch * height, order, dataType })!;
        view.setBigUint64(offset, this.machine.upload(descriptor), true);
      } else if (typeof arg === "object" && "bytes" in arg) block.set(arg.bytes.subarray(0, bytes), offset);
      else if (typeof arg === "object") {
        const address = this.machine.upload(arg);
        buffers.push({ address, buffer: arg });
        view.setBigUint64(offset, address, true);
      } else if (type === "f32") view.setFloat32(offset, Number(arg), true);
      else if (type === "f64") view.setFloat64(offset, Number(arg), true);
      else for (let byte = 0; byte < bytes; byte++) view.setUint8(offset + byte, Number(BigInt(arg) >> BigInt(8 * byte) & 0xffn));
    });
    const [w, h] = typeof size === "number" ? [size, 1] : size;
    const [bw, bh] = typeof group === "number" ? [group, 1] : group;
    const result = this.machine.launch(this.code, this.code.load(this.machine), kernel, block, {
      grid: [Math.ceil(w / bw), Math.ceil(h / bh), 1], block: [bw, bh, 1], globalSize: [w, h, 1], workDim: h === 1 ? 1 : 2,
      dynamicShared: dynamic - Math.ceil(info.sharedBytes / 16) * 16, ...options,
    });
    for (const { address, buffer } of buffers) {
      new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).set(this.machine.read(address, buffer.byteLength));
    }
    return result;
  }
}

/** A program of LLVM IR text. */
export function program(ir: string, compile?: (module: Module) => DeviceCode): Program {
  return new Program(openclToIr(ir, "test"), compile);
}

const SIZES: Readonly<Record<string, number>> = { i8: 1, i16: 2, i32: 4, i64: 8, half: 2, float: 4, double: 8, i1: 1 };

function sizeOf(type: string): number {
  const vector = /^<(\d+) x (\w+)>$/.exec(type);
  if (vector === null) return SIZES[type]!;
  const n = Number(vector[1]);
  return SIZES[vector[2]!]! * (n === 3 ? 4 : n);
}

/**
 * LLVM IR of a kernel `k` that calls a builtin on elements of its input buffers. Parameters: the result buffer, then a buffer for
 * each argument; arguments whose type begins with "ptr" get the address of the element itself.
 */
export function callKernel(name: string, result: string, params: readonly string[]): string {
  const loads: string[] = [];
  const args = params.map((type, n) => {
    if (type.startsWith("ptr")) {
      loads.push(`%v${n} = getelementptr i8, ptr addrspace(1) %p${n}, i64 %at${n}`);
      return `${type.split(" to ")[0]} %v${n}`;
    }
    loads.push(`%e${n} = getelementptr i8, ptr addrspace(1) %p${n}, i64 %at${n}`, `%v${n} = load ${type}, ptr addrspace(1) %e${n}`);
    return `${type} %v${n}`;
  });
  const strides = params.map((type, n) => `%at${n} = mul i64 %id, ${sizeOf(type.startsWith("ptr") ? type.split(" to ")[1]! : type)}`);
  const store = result === "void" ? [] : result === "i1"
    ? ["%w = zext i1 %r to i8", "%out = getelementptr i8, ptr addrspace(1) %o, i64 %id", "store i8 %w, ptr addrspace(1) %out"]
    : [`%step = mul i64 %id, ${sizeOf(result)}`, "%out = getelementptr i8, ptr addrspace(1) %o, i64 %step", `store ${result} %r, ptr addrspace(1) %out`];
  return `
declare spir_func i64 @_Z13get_global_idj(i32)
declare spir_func ${result} @${name}(${args.map((arg) => arg.replace(/ %v\d+$/, "")).join(", ")})
define spir_kernel void @k(ptr addrspace(1) %o${params.map((_, n) => `, ptr addrspace(1) %p${n}`).join("")}) {
  %id = call spir_func i64 @_Z13get_global_idj(i32 0)
  ${[...strides, ...loads].join("\n  ")}
  ${result === "void" ? "" : "%r = "}call spir_func ${result} @${name}(${args.join(", ")})
  ${store.join("\n  ")}
  ret void
}`;
}

/** Calls a builtin on each element; the result buffer comes back filled. */
export function callBuiltin<Result extends Buffer>(name: string, result: string, params: readonly string[], out: Result, ...inputs: readonly Buffer[]): Result {
  const lanes = /^<(\d+) x/.exec(result);
  const n = lanes === null ? 1 : Number(lanes[1]);
  const count = result === "void" ? inputs[0]!.length : out.length / (n === 3 ? 4 : n);
  program(callKernel(name, result, params)).run("k", [out, ...inputs], count, 1);
  return out;
}
