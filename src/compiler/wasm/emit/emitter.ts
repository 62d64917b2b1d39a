import type { Type } from "../../ir/types.ts";
import type { Code, FuncRef } from "../asm/code.ts";
import type { WasmModule } from "../asm/module.ts";
import { op, type WasmType } from "../asm/opcodes.ts";
import { isLeaf, type Node } from "../graph/node.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";
import { wasmType } from "./types.ts";
import { writeInteger } from "./integer.ts";
import { writeFloat } from "./float.ts";
import { writeConversion } from "./convert.ts";

/** Helper functions of one WebAssembly module, written at most once each. */
export class Helpers {
  readonly module: WasmModule;
  private readonly made = new Map<string, FuncRef>();

  constructor(module: WasmModule) {
    this.module = module;
  }

  /** The helper of that name; `write` makes its body at the first use. */
  get(name: string, params: readonly WasmType[], results: readonly WasmType[], write: (helpers: Helpers) => Code): FuncRef {
    let ref = this.made.get(name);
    if (ref === undefined) {
      ref = this.module.declare(params, results);
      this.made.set(name, ref);
      this.module.define(ref, write(this));
    }
    return ref;
  }

  import(name: string, params: readonly WasmType[], results: readonly WasmType[]): FuncRef {
    return this.module.import(name, params, results);
  }
}

/** Writes expressions of one function. How leaves, memory and suspending operations look is the subclass's matter. */
export abstract class Emitter {
  readonly code: Code;
  readonly helpers: Helpers;
  protected readonly locals: Map<Node, number> = new Map();
  private readonly spare = new Map<WasmType, number[]>();

  constructor(code: Code, helpers: Helpers) {
    this.code = code;
    this.helpers = helpers;
  }

  /** The variable of a node. */
  local(node: Node): number {
    let local = this.locals.get(node);
    if (local === undefined) {
      local = this.code.local(wasmType(node.type!));
      this.locals.set(node, local);
    }
    return local;
  }

  /** Lends a variable for the duration of `use`. */
  temp<T>(type: WasmType, use: (local: number) => T): T {
    const spare = this.spare.get(type) ?? [];
    this.spare.set(type, spare);
    const local = spare.pop() ?? this.code.local(type);
    const result = use(local);
    spare.push(local);
    return result;
  }

  /** Pushes the node's value. */
  value(node: Node): void {
    if (node.op === "const") this.constant(node.type!, node.imm);
    else if (node.op === "constbits") {
      if (node.type === "f32") this.code.f32bits(Number(BigInt.asIntN(32, BigInt(node.imm))));
      else this.code.f64bits(BigInt(node.imm));
    } else if (isLeaf(node)) this.leaf(node);
    else if (node.folded) this.compute(node);
    else this.variable(node);
  }

  /** Pushes the value of a node that has a variable. */
  protected variable(node: Node): void {
    this.code.get(this.local(node));
  }

  constant(type: Type, value: number | bigint): void {
    if (type === "i64") this.code.i64(BigInt(value));
    else if (type === "f32") this.code.f32(Number(value));
    else if (type === "f64") this.code.f64(Number(value));
    else this.code.i32(Number(value) | 0);
  }

  /** Pushes the value of a leaf other than a constant. */
  protected abstract leaf(node: Node): void;

  /** Writes a load; pushes the value when there is one only, else sets the variables of its projections. */
  protected abstract load(node: Node): void;

  /** Computes the node and pushes its value. */
  compute(node: Node): void {
    const { code } = this;
    switch (node.op) {
      case "load":
        this.load(node);
        return;
      case "select":
        this.value(node.args[1]!);
        this.value(node.args[2]!);
        this.value(node.args[0]!);
        code.op(op.select);
        return;
      default:
        if (writeInteger(this, node) || writeFloat(this, node) || writeConversion(this, node)) return;
        throw new EmulatorBug(`no code for ${node.op}`);
    }
  }

  /** Pushes a truth value as any non-zero i32: cheaper where only that matters. */
  condition(node: Node): void {
    this.value(node);
  }

  /** Calls an imported function with what is on the stack. */
  callImport(name: string, params: readonly WasmType[], results: readonly WasmType[]): void {
    this.code.call(this.helpers.import(name, params, results));
  }

  /** Pushes `i32` mask of the type's width. */
  maskTo(type: Type): void {
    if (type === "i1") this.code.i32(1).op(op.i32_and);
    else if (type === "i8") this.code.i32(0xff).op(op.i32_and);
    else if (type === "i16") this.code.i32(0xffff).op(op.i32_and);
  }

  /** Pushes the node's value sign-extended to its WebAssembly type. */
  signedValue(node: Node): void {
    this.value(node);
    if (node.type === "i8") this.code.op(op.i32_extend8_s);
    else if (node.type === "i16") this.code.op(op.i32_extend16_s);
    else if (node.type === "i1") this.code.i32(31).op(op.i32_shl).i32(31).op(op.i32_shr_s);
  }

  wasm(type: Type): WasmType {
    return wasmType(type);
  }
}

