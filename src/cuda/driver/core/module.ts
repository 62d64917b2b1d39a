import type { Caller } from "../../../api/caller.ts";
import type { DeviceCode, KernelInfo } from "../../../compiler/abi.ts";
import type { GlobalVar } from "../../../compiler/ir/module.ts";
import { functionAddresses } from "../../../compiler/ir/layout.ts";
import type { Blocking } from "../../../kernel/process/wait.ts";
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "../../../kernel/sys/sys.ts";
import type { CUfunction, CUkernel, CUlibrary, CUmodule } from "../../abi/driver/types.ts";
import type { Context } from "./context.ts";
import type { Allocation } from "./memory.ts";
import { ALIGNMENT } from "./heap.ts";
import { makePacker, type Packer } from "./params.ts";
import { Reference } from "./reference.ts";
import { Backing, Mapping, pageUp, type GpuSpace } from "./space.ts";
import { upload } from "./upload.ts";

/** A kernel in one context: what cuModuleGetFunction gives. */
export class CudaFunction {
  handle: CUfunction = 0;
  readonly module: Module;
  readonly info: KernelInfo;
  readonly pack: Packer;
  /** Offsets of the parameters that are references. */
  readonly handles: readonly number[];
  /** CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, as set; -1: the default. */
  maxDynamicShared = -1;
  /** Other attributes that were set, by CUfunction_attribute. */
  readonly attributes: Map<number, number> = new Map();
  cacheConfig = 0;
  loaded = false;
  /** State of the deprecated cuParamSet*, cuFuncSetBlockShape family. */
  readonly old: { block: [number, number, number]; shared: number; size: number; readonly params: Uint8Array } = { block: [1, 1, 1], shared: 0, size: 0, params: new Uint8Array(4096) };

  constructor(module: Module, info: KernelInfo) {
    this.module = module;
    this.info = info;
    this.pack = makePacker(info);
    this.handles = info.params.filter((p) => p.kind === "image" || p.kind === "sampler").map((p) => p.offset);
  }
}

/** A variable of a module in device memory. */
export interface Variable {
  readonly definition: GlobalVar;
  readonly address: number;
  readonly allocation: Allocation | null;
}

/** Code loaded into a context, with its variables. */
export class Module {
  handle: CUmodule = 0;
  readonly context: Context;
  readonly code: DeviceCode;
  /** The library it came from; then only that may unload it. */
  readonly library: Library | null;
  readonly variables: Map<string, Variable> = new Map();
  /** Addresses in the order of `code.symbols`. */
  symbols: BigUint64Array = new BigUint64Array(0);
  /** Texture, sampler and surface references by name; null: there are none. */
  references: ReadonlyMap<string, Reference> | null = null;
  private readonly functions: Map<string, CudaFunction> = new Map();
  private readonly mappings: { readonly mapping: Mapping; readonly managed: boolean }[] = [];

  private constructor(context: Context, code: DeviceCode, library: Library | null) {
    this.context = context;
    this.code = code;
    this.library = library;
  }

  /**
   * Loads code: lays its variables out in memory and gives them their first values. Blocks until those are in place.
   * @param bound variables that lie elsewhere already, with their addresses
   * @returns the module, or a negative errno; then nothing is left behind.
   */
  static *load(t: Caller, context: Context, code: DeviceCode, library: Library | null = null, bound: ReadonlyMap<string, number> = new Map()): Blocking<Module | number> {
    const module = new Module(context, code, library);
    const error = yield* module.layOut(t, bound);
    if (error < 0) {
      module.release(t);
      return error;
    }
    module.handle = context.driver.modules.add(module) as CUmodule;
    context.modules.add(module);
    return module;
  }

  /** The function of that name; undefined when the module has no such kernel. */
  function(name: string): CudaFunction | undefined {
    const old = this.functions.get(name);
    if (old !== undefined) return old;
    const info = this.code.kernels.get(name);
    if (info === undefined) return undefined;
    const made = new CudaFunction(this, info);
    made.handle = this.context.driver.functions.add(made) as CUfunction;
    this.functions.set(name, made);
    return made;
  }

  private *layOut(t: Caller, bound: ReadonlyMap<string, number>): Blocking<number> {
    const all = this.code.symbols.map((name) => this.code.module.globals.get(name)!);
    const globals = all.filter((g) => g.opaque === undefined);
    const addresses = new Map<string, number>(bound);
    const error = globals.length === all.length ? 0 : this.refer(t, all, addresses);
    if (error < 0) return error;
    for (const [name, address] of bound) this.variables.set(name, { definition: this.code.module.globals.get(name)!, address, allocation: null });
    for (const managed of [false, true]) {
      const own = globals.filter((g) => g.managed === managed && !bound.has(g.name));
      if (own.length === 0) continue;
      let end = 0;
      const offsets = own.map((g) => {
        const align = Math.max(ALIGNMENT, g.align);
        const offset = Math.ceil(end / align) * align;
        end = offset + Math.max(1, g.size);
        return offset;
      });
      const mapping = managed ? this.mapManaged(t, end) : this.mapDevice(t, end);
      if (typeof mapping === "number") return mapping;
      this.mappings.push({ mapping, managed });
      own.forEach((definition, i) => {
        const address = mapping.address + offsets[i]!;
        addresses.set(definition.name, address);
        const allocation = definition.size === 0 ? null : this.context.driver.remember(managed ? "managed" : "module", address, definition.size, {
          context: this.context, device: this.context.device, mappings: [mapping], owner: this,
        });
        this.variables.set(definition.name, { definition, address, allocation });
      });
    }
    this.symbols = BigUint64Array.from(this.code.symbols, (name) => BigInt(addresses.get(name)!));
    return yield* this.fill(t, addresses);
  }

  /** Makes the references, bound to nothing. */
  private refer(t: Caller, all: readonly GlobalVar[], addresses: Map<string, number>): number {
    const references = new Map<string, Reference>();
    this.references = references;
    this.symbols = new BigUint64Array(all.length);
    for (const [symbol, { name, opaque }] of all.entries()) {
      if (opaque === undefined) continue;
      const reference = new Reference(this.context, { module: this, symbol }, opaque);
      references.set(name, reference);
      const error = reference.update(t);
      if (error < 0) return error;
      addresses.set(name, reference.place);
    }
    return 0;
  }

  private mapDevice(t: Caller, bytes: number): Mapping | number {
    const { device, heap } = this.context;
    const backing = Backing.create(t, device, bytes, "vram", "module");
    if (typeof backing === "number") return backing;
    const address = t.sys.reserve(pageUp(bytes), ALIGNMENT);
    if (address < 0) {
      backing.close(t);
      return address;
    }
    const mapping = new Mapping(address, pageUp(bytes), backing);
    for (const space of heap.spaces) {
      const error = mapping.bind(t, space);
      if (error >= 0) continue;
      unmap(t, mapping);
      return error;
    }
    return mapping;
  }

  private mapManaged(t: Caller, bytes: number): Mapping | number {
    const { driver } = this.context;
    const address = t.sys.mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (address < 0) return address;
    const mapping = new Mapping(address, pageUp(bytes), null, 0, true);
    for (const space of driver.spaces()) {
      const error = mapping.bind(t, space);
      if (error >= 0) continue;
      unmap(t, mapping);
      return error;
    }
    driver.everywhere.add(mapping);
    return mapping;
  }

  /** First values: bytes of the variables with the addresses that they mention. Fresh memory is zero already. */
  private *fill(t: Caller, addresses: ReadonlyMap<string, number>): Blocking<number> {
    let functions: ReadonlyMap<string, bigint> | null = null;
    for (const { definition, address } of this.variables.values()) {
      if (definition.init === null && definition.relocs.length === 0) continue;
      const bytes = new Uint8Array(definition.size);
      if (definition.init !== null) bytes.set(definition.init.subarray(0, definition.size));
      const view = new DataView(bytes.buffer);
      for (const reloc of definition.relocs) {
        const target = addresses.get(reloc.symbol);
        const base = target === undefined ? (functions ??= functionAddresses(this.code.module)).get(reloc.symbol) ?? 0n : BigInt(target);
        if (reloc.size === 8) view.setBigUint64(reloc.offset, BigInt.asUintN(64, base + reloc.addend), true);
        else view.setUint32(reloc.offset, Number(BigInt.asUintN(32, base + reloc.addend)), true);
      }
      if (definition.managed) t.sys.memory(address, bytes.length, true)?.set(bytes);
      else {
        const error = yield* upload(t, this.context, address, bytes);
        if (error < 0) return error;
      }
    }
    return 0;
  }

  /** Lets another context's space see the variables, or no longer. @returns 0 or a negative errno. */
  share(t: Caller, space: GpuSpace, on: boolean): number {
    for (const { mapping, managed } of this.mappings) {
      if (managed) continue;
      const error = on ? mapping.bind(t, space) : (mapping.unbind(t, space), 0);
      if (error < 0) return error;
    }
    return 0;
  }

  /** Takes everything back: functions, variables, memory. */
  release(t: Caller): void {
    const { driver } = this.context;
    for (const fn of this.functions.values()) driver.functions.remove(fn.handle);
    this.functions.clear();
    for (const reference of this.references?.values() ?? []) {
      if (reference.handle !== 0) (reference.opaque.kind === "surfref" ? driver.surfaces : driver.references).remove(reference.handle);
      reference.retire(t);
    }
    this.references = null;
    for (const { allocation } of this.variables.values()) if (allocation !== null) driver.memory.remove(allocation);
    this.variables.clear();
    for (const { mapping, managed } of this.mappings.splice(0)) {
      if (managed) driver.everywhere.delete(mapping);
      unmap(t, mapping);
    }
    driver.modules.remove(this.handle);
    this.context.modules.delete(this);
  }
}

/** Takes variables' memory back, wherever it is mapped. */
function unmap(t: Caller, mapping: Mapping): void {
  mapping.unbindAll(t);
  t.sys.munmap(mapping.address, mapping.bytes);
  mapping.backing?.close(t);
}

/** Code that belongs to no context: loaded into each one on first use. */
export class Library {
  handle: CUlibrary = 0;
  readonly text: string;
  /** CU_JIT_MAX_REGISTERS of its kernels; 0: no limit. */
  readonly maxRegisters: number;
  readonly modules: Map<Context, Module> = new Map();
  /** Kernels by name, in the module's order. */
  readonly kernels: Map<string, Kernel> = new Map();

  /** Its variables by name, and whether each is managed. */
  readonly variables: ReadonlyMap<string, boolean>;

  constructor(text: string, code: DeviceCode, maxRegisters = 0) {
    this.text = text;
    this.maxRegisters = maxRegisters;
    this.variables = new Map(code.symbols.flatMap((name) => {
      const { opaque, managed } = code.module.globals.get(name)!;
      return opaque === undefined ? [[name, managed]] : [];
    }));
  }
}

/** A kernel of a library, independent of contexts. */
export class Kernel {
  handle: CUkernel = 0;
  readonly library: Library;
  readonly info: KernelInfo;
  /** Attributes set for each device, by device ordinal and CUfunction_attribute. */
  readonly attributes: Map<number, Map<number, number>> = new Map();

  constructor(library: Library, info: KernelInfo) {
    this.library = library;
    this.info = info;
  }
}
