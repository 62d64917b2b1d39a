import { Bytes } from "./bytes.ts";
import type { Code } from "./code.ts";
import type { WasmType } from "./opcodes.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";

/** How the module imports its memory. */
export interface MemoryImport {
  readonly shared: boolean;
  /** In pages of 64 KiB; written only for shared memory, which must have one. */
  readonly maximumPages: number;
}

interface Func {
  readonly type: number;
  code: Code | null;
  readonly exported: string | null;
}

/** A WebAssembly module under construction. Imports must be declared before the first function. */
export class WasmModule {
  private readonly types: string[] = [];
  private readonly typeBytes: Bytes[] = [];
  private readonly imports: { readonly name: string; readonly type: number }[] = [];
  private readonly functions: Func[] = [];

  private type(params: readonly WasmType[], results: readonly WasmType[]): number {
    const key = `${params.join()}>${results.join()}`;
    const known = this.types.indexOf(key);
    if (known >= 0) return known;
    const bytes = new Bytes();
    bytes.u8(0x60);
    bytes.u32(params.length);
    for (const type of params) bytes.u8(type);
    bytes.u32(results.length);
    for (const type of results) bytes.u8(type);
    this.types.push(key);
    this.typeBytes.push(bytes);
    return this.types.length - 1;
  }

  /** Index of an imported function of module "e", declared at its first use. */
  import(name: string, params: readonly WasmType[], results: readonly WasmType[]): number {
    const known = this.imports.findIndex((imported) => imported.name === name);
    if (known >= 0) return known;
    if (this.functions.length > 0) throw new EmulatorBug(`wasm: import ${name} after a function`);
    this.imports.push({ name, type: this.type(params, results) });
    return this.imports.length - 1;
  }

  /** Declares a function and gives its index; its body follows with `define`. */
  declare(params: readonly WasmType[], results: readonly WasmType[], exported: string | null = null): number {
    this.functions.push({ type: this.type(params, results), code: null, exported });
    return this.imports.length + this.functions.length - 1;
  }

  define(index: number, code: Code): void {
    this.functions[index - this.imports.length]!.code = code;
  }

  finish(memory: MemoryImport): Uint8Array<ArrayBuffer> {
    const out = new Bytes();
    for (const byte of [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]) out.u8(byte);
    const section = (id: number, count: number, fill: (to: Bytes) => void): void => {
      if (count === 0) return;
      const body = new Bytes();
      body.u32(count);
      fill(body);
      out.u8(id);
      out.u32(body.length);
      out.append(body);
    };
    section(1, this.types.length, (to) => this.typeBytes.forEach((bytes) => to.append(bytes)));
    section(2, this.imports.length + 1, (to) => {
      to.name("e");
      to.name("memory");
      to.u8(2);
      to.u8(memory.shared ? 3 : 0);
      to.u32(0);
      if (memory.shared) to.u32(memory.maximumPages);
      for (const { name, type } of this.imports) {
        to.name("e");
        to.name(name);
        to.u8(0);
        to.u32(type);
      }
    });
    section(3, this.functions.length, (to) => this.functions.forEach((fn) => to.u32(fn.type)));
    const exported = this.functions.filter((fn) => fn.exported !== null);
    section(7, exported.length, (to) => {
      for (const fn of exported) {
        to.name(fn.exported!);
        to.u8(0);
        to.u32(this.imports.length + this.functions.indexOf(fn));
      }
    });
    section(10, this.functions.length, (to) => {
      for (const fn of this.functions) {
        if (fn.code === null) throw new EmulatorBug("wasm: a declared function has no body");
        const body = fn.code.finish();
        to.u32(body.length);
        to.append(body);
      }
    });
    return out.view().slice();
  }
}
