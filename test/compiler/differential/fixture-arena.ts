import { DeviceFault, PAGE_SIZE, type DeviceCode, type LaunchConfig } from "../../../src/compiler/abi.ts";
import { functionAddresses } from "../../../src/compiler/ir/layout.ts";
import type { KernelParam } from "../../../src/compiler/ir/module.ts";
import { TestMachine } from "../wasm/harness.ts";

/** How a kernel of a compiled sample ended on data made up from its parameter list. */
export interface FixtureOutcome {
  readonly end: string;
  /** Memory of every buffer and module variable that is not as it was, as digests. Empty after a fault. */
  readonly memory: readonly string[];
  readonly printed: readonly string[];
  readonly instructions: number;
  readonly bytes: number;
}

const BUFFER_BYTES = 2 * PAGE_SIZE;
const GRID = [3, 1, 1] as const;
const BLOCK = [64, 1, 1] as const;

/**
 * Launches a kernel with buffers for its pointers and small numbers for its scalars. PTX does not tell pointers from other 64-bit
 * numbers: all are taken for pointers. What the kernel means is not known here; only that both implementations must see the same.
 * @param limit instructions after which it is given up (null)
 */
export function runFixture(code: DeviceCode, kernel: string, limit: number): FixtureOutcome | null {
  const machine = new TestMachine({ pages: 256 });
  const regions: { readonly name: string; readonly address: bigint; readonly size: number }[] = [];
  const addresses = new Map<string, bigint>();
  for (const name of code.symbols) {
    const { size } = code.module.globals.get(name)!;
    const address = machine.map(Math.max(1, size));
    addresses.set(name, address);
    regions.push({ name, address, size });
  }
  initialise(machine, code, addresses);
  const info = code.kernels.get(kernel)!;
  const params = new Uint8Array(info.paramBytes);
  info.params.forEach((param, i) => {
    const view = new DataView(params.buffer, param.offset);
    if (param.kind === "shared") view.setBigUint64(0, 0n, true);
    else if (param.size === 8 && param.type !== "f64") {
      const address = machine.map(BUFFER_BYTES);
      machine.write(address, buffer(i));
      regions.push({ name: param.name, address, size: BUFFER_BYTES });
      view.setBigUint64(0, address, true);
    } else scalar(view, param, i);
  });
  const printed: string[] = [];
  const config: LaunchConfig = {
    kernel, workDim: 1, grid: GRID, block: BLOCK, globalSize: [GRID[0] * BLOCK[0], 1, 1], globalOffset: [0, 0, 0], dynamicSharedBytes: 8192, params, warpSize: 32,
    pageTable: machine.pageTable, symbols: BigUint64Array.from(code.symbols, (name) => addresses.get(name)!), smCount: 4, gridId: 1,
  };
  const execution = code.load(machine).start(config, { fault: () => false, printf: (text) => void printed.push(text), now: () => 1000 });
  let instructions = 0;
  let bytes = 0;
  try {
    for (let done = false; !done;) {
      const status = execution.run({ budget: 1e6, maxBlocks: Infinity, resident: 8 });
      instructions += status.instructions;
      bytes += status.bytes;
      done = status.done;
      if (instructions > limit || (status.stalled && !done)) return null;
    }
  } catch (error) {
    if (!(error instanceof DeviceFault)) throw error;
    const { block, thread, line } = error.site;
    return { end: `${error.kind} in block ${block.join()}, thread ${thread.join()}, line ${line}, address ${error.access?.address.toString(16)}`, memory: [], printed: [], instructions: 0, bytes: 0 };
  } finally {
    execution.dispose();
  }
  return { end: "done", memory: regions.map(({ name, address, size }) => `${name} ${digest(machine.read(address, size))}`), printed: printed.sort(), instructions, bytes };
}

function initialise(machine: TestMachine, code: DeviceCode, addresses: ReadonlyMap<string, bigint>): void {
  const functions = functionAddresses(code.module);
  for (const [name, address] of addresses) {
    const { init, relocs } = code.module.globals.get(name)!;
    if (init !== null) machine.write(address, init);
    for (const { offset, size, symbol, addend } of relocs) {
      const word = new DataView(new ArrayBuffer(8));
      word.setBigUint64(0, BigInt.asUintN(64, (addresses.get(symbol) ?? functions.get(symbol) ?? 0n) + addend), true);
      machine.write(address + BigInt(offset), new Uint8Array(word.buffer, 0, size));
    }
  }
}

/** Floats, doubles or small integers, by the parameter's number: whatever the kernel takes them for. */
function buffer(index: number): Uint8Array {
  const count = BUFFER_BYTES / 4;
  if (index % 3 === 0) return new Uint8Array(Float32Array.from({ length: count }, (_, i) => ((i * 37) % 101) / 8 - 5).buffer);
  if (index % 3 === 1) return new Uint8Array(Uint32Array.from({ length: count }, (_, i) => (i * 7) % 61).buffer);
  return new Uint8Array(Float64Array.from({ length: count / 2 }, (_, i) => ((i * 29) % 97) / 16 - 2).buffer);
}

function scalar(view: DataView, { size, type }: KernelParam, index: number): void {
  if (type === "f32") view.setFloat32(0, 1.25 + index, true);
  else if (type === "f64") view.setFloat64(0, 0.75 + index, true);
  else if (size === 4) view.setInt32(0, 100 + 28 * (index % 2), true);
  else for (let i = 0; i < size; i++) view.setUint8(i, i % 4 === 0 ? 1 + i : 0);
}

/** FNV-1a over the bytes, and how many are not zero. */
function digest(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  let used = 0;
  for (const byte of bytes) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    if (byte !== 0) used++;
  }
  return `${hash.toString(16)} (${used} bytes)`;
}
