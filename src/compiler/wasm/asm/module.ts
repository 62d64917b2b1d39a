import { Bytes } from "./bytes.ts";
import type { Code, FuncRef } from "./code.ts";
import type { WasmType } from "./opcodes.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";

/** How the module imports its memory. */
export interface MemoryImport {
  readonly shared: boolean;
  /** In pages of 64 KiB; written only for shared memory, which must have one. */
  readonly maximumPages: number;
}

interface Func extends FuncRef {
  readonly type: number;
  code: Code | null;
  readonly exported: string | null;
}

interface Imported extends FuncRef {
  readonly name: string;
  readonly type: number;
}

/** A WebAssembly module under construction. Function indices are settled by `finish`. */
export class WasmModule {
  private readonly types: string[] = [];
  private readonly typeBytes: Bytes[] = [];
  private readonly imports: Imported[] = [];
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

  /** An imported function of module "e", declared at its first use. */
  import(name: string, params: readonly WasmType[], results: readonly WasmType[]): FuncRef {
    const known = this.imports.find((imported) => imported.name === name);
    if (known !== undefined) return known;
    const made = { name, type: this.type(params, results), index: -1 };
    this.imports.push(made);
    return made;
  }

  /** Names of the imported functions. */
  get importNames(): string[] {
    return this.imports.map((imported) => imported.name);
  }

  /** Declares a function; its body follows with `define`. */
  declare(params: readonly WasmType[], results: readonly WasmType[], exported: string | null = null): FuncRef {
    const made = { type: this.type(params, results), code: null, exported, index: -1 };
    this.functions.push(made);
    return made;
  }

  define(ref: FuncRef, code: Code): void {
    (ref as Func).code = code;
  }

  finish(memory: MemoryImport): Uint8Array<ArrayBuffer> {
    this.imports.forEach((imported, i) => (imported.index = i));
    this.functions.forEach((fn, i) => (fn.index = this.imports.length + i));
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
        to.u32(fn.index);
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
