import type { CheckClass, CheckedFacts } from "../../abi.ts";
import type { Type } from "../../ir/types.ts";
import { I32, I64, op, type WasmType } from "../asm/opcodes.ts";
import type { Code } from "../asm/code.ts";
import type { Roots } from "../checked/roots.ts";
import type { Node } from "../graph/node.ts";
import { launch, slot } from "../lower/layout.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";
import { Emitter, type Helpers } from "./emitter.ts";
import { loadOf } from "./types.ts";

/** What all code of a program needs to know besides its graph. */
export interface ProgramFacts {
  /** Index of each symbol in the launch block's list. */
  readonly symbols: ReadonlyMap<string, number>;
  /** Offset of the parameter block from the launch block. */
  readonly params: number;
  readonly paramBytes: number;
  /** Offset of the area for printf's arguments. */
  readonly printArgs: number;
  /** Whether several threads run device code, so that atomics must be real. */
  readonly concurrent: boolean;
  /** What is checked at each access; null in ordinary code. */
  readonly checks: ReadonlySet<CheckClass> | null;
  /** Checked code: the pointers that accesses go through; null in ordinary code. */
  readonly roots: Roots | null;
  /** Checked code: what in it orders accesses; null in ordinary code. */
  readonly order: (CheckedFacts & { /** See CheckPlace. */ readonly exact: boolean }) | null;
}

const axis: Readonly<Record<string, number>> = { x: 0, y: 4, z: 8 };

/** What fast and slow code share: leaves that come from the launch block and the slot's header. */
export abstract class DeviceEmitter extends Emitter {
  /** Locals: launch block, slot. */
  protected readonly l: number;
  protected readonly s: number;
  protected readonly facts: ProgramFacts;

  constructor(code: Code, helpers: Helpers, facts: ProgramFacts, l: number, s: number) {
    super(code, helpers);
    this.facts = facts;
    this.l = l;
    this.s = s;
  }

  /** Pushes the work-item's index in one dimension, i32. */
  protected abstract threadId(dimension: "x" | "y" | "z"): void;
  /** Pushes the work-item's linear number in its group. */
  protected abstract linearId(): void;
  /** Pushes an offset in the work-item's local memory, i64. */
  protected localAddress(offset: number): void {
    this.code.i64(BigInt(offset));
  }

  protected leaf(node: Node): void {
    const { code } = this;
    switch (node.op) {
      case "param":
        this.loadParam(node.type!, Number(node.imm));
        return;
      case "paramaddr":
        code.i64(0x02ff_0000n + BigInt(node.imm));
        return;
      case "globaladdr": {
        const index = this.facts.symbols.get(node.attr);
        if (index === undefined) code.i64(BigInt(node.imm));
        else {
          code.get(this.l).memory(loadOf.i64, launch.symbols + 8 * index);
          if (BigInt(node.imm) !== 0n) code.i64(BigInt(node.imm)).op(op.i64_add);
        }
        return;
      }
      case "sharedaddr":
        code.i64(BigInt(node.imm));
        return;
      case "dynsharedaddr":
        code.get(this.l).memory(loadOf.i32, launch.dynStart).op(op.i64_extend_i32_u);
        return;
      case "localaddr":
        this.localAddress(Number(node.imm));
        return;
      case "sreg":
        this.register(node.attr);
        return;
      default:
        throw new EmulatorBug(`no leaf ${node.op}`);
    }
  }

  private loadParam(type: Type, offset: number): void {
    this.code.get(this.l).memory(loadOf[type], this.facts.params + offset);
    if (type === "i1") this.maskTo("i1");
  }

  private register(name: string): void {
    const { code } = this;
    const [base, dimension] = name.split(".") as [string, string | undefined];
    const at = dimension === undefined ? 0 : axis[dimension]!;
    const fromLaunch = (offset: number): Code => code.get(this.l).memory(loadOf.i32, offset);
    switch (base) {
      case "tid": this.threadId(dimension as "x"); return;
      case "ntid": code.get(this.s).memory(loadOf.i32, slot.ntid + at); return;
      case "ctaid": code.get(this.s).memory(loadOf.i32, slot.ctaid + at); return;
      case "entid": fromLaunch(launch.entid + at); return;
      case "nctaid": fromLaunch(launch.nctaid + at); return;
      case "gid":
        this.groupStart(dimension as "x");
        this.threadId(dimension as "x");
        code.op(op.i64_extend_i32_u, op.i64_add);
        return;
      case "gsize": code.get(this.l).memory(loadOf.i64, launch.gsize + 2 * at); return;
      case "goff": code.get(this.l).memory(loadOf.i64, launch.goff + 2 * at); return;
      case "workdim": fromLaunch(launch.workdim); return;
      case "lane":
        this.linearId();
        fromLaunch(launch.warpSize).op(op.i32_rem_u);
        return;
      case "warp":
        this.linearId();
        fromLaunch(launch.warpSize).op(op.i32_div_u);
        return;
      case "nwarp":
        code.get(this.s).memory(loadOf.i32, slot.items);
        fromLaunch(launch.warpSize).op(op.i32_add).i32(1).op(op.i32_sub);
        fromLaunch(launch.warpSize).op(op.i32_div_u);
        return;
      case "warpsize": fromLaunch(launch.warpSize); return;
      case "smid": code.get(this.s).memory(loadOf.i32, slot.smid); return;
      case "nsmid": fromLaunch(launch.smCount); return;
      case "dynshared": fromLaunch(launch.dynShared); return;
      case "gridid": fromLaunch(launch.gridid); return;
      default: throw new EmulatorBug(`no special register ${name}`);
    }
  }

  /** Pushes the global id of the group's first work-item in one dimension, i64. */
  protected groupStart(dimension: "x" | "y" | "z"): void {
    const at = axis[dimension]!;
    this.code.get(this.l).memory(loadOf.i64, launch.goff + 2 * at);
    this.code.get(this.s).memory(loadOf.i32, slot.ctaid + at).op(op.i64_extend_i32_u);
    this.code.get(this.l).memory(loadOf.i32, launch.entid + at).op(op.i64_extend_i32_u, op.i64_mul, op.i64_add);
  }

  /** Writes printf's arguments to their area, and pushes what the imported function returns. `item` pushes the work-item's number. */
  protected print(node: Node, site: number): void {
    const { code } = this;
    let at = this.facts.printArgs;
    for (const arg of node.args) {
      code.get(this.l);
      this.value(arg);
      code.memory({ i1: 0x36, i8: 0x36, i16: 0x36, i32: 0x36, i64: 0x37, f32: 0x38, f64: 0x39 }[arg.type!], at);
      at += 8;
    }
    code.i32(site).get(this.l).i32(this.facts.printArgs).op(op.i32_add).get(this.s);
    this.linearId();
    this.callImport("printf", [I32, I32, I32, I32], [I32]);
  }

  /** The type a value is passed in between functions of ours. */
  protected passed(type: Type): WasmType {
    return type === "i64" ? I64 : this.wasm(type);
  }
}
