import { Code, type FuncRef } from "../asm/code.ts";
import { I32, mem, op } from "../asm/opcodes.ts";
import { tagsInMemory, writeCheck } from "../checked/emit.ts";
import { DeviceEmitter } from "../emit/device.ts";
import type { Helpers } from "../emit/emitter.ts";
import { canonicalise, CANONICAL_OPERAND } from "../emit/float.ts";
import { isWide, loadOf, storeOf } from "../emit/types.ts";
import type { Block, Node } from "../graph/node.ts";
import { readsOf } from "../graph/uses.ts";
import { frame, launch, narrowOffset, record, slot, wideOffset, type SlotLayout } from "../lower/layout.ts";
import { sizeOf } from "../../ir/types.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";
import { generic, span, spanType, translate, translateType } from "./memory.ts";
import { accessSize, type KernelProgram, type Routine } from "./program.ts";
import { slotLoad, slotStore } from "./saved.ts";

const [L, S, ITEM] = [0, 1, 2];
const KIND = { load: 1, store: 2, atomic: 3, cmpxchg: 3 } as const;

/** The slow path's variables: where a stopped work-item's values are, and how memory is reached with every check. */
export abstract class SlowFrame extends DeviceEmitter {
  protected readonly program: KernelProgram;
  protected readonly routine: Routine;
  protected readonly layout: SlotLayout | null;
  protected readonly blocks: readonly Block[];
  protected readonly resumes: readonly Block[];
  protected readonly record: number;
  /** Base of saved values: by width for the kernel, the control frame for functions. */
  protected readonly narrowBase: number;
  protected readonly wideBase: number;
  protected readonly localBase: number;

  /** @param layout the kernel's slots; null for device functions, which save in their control frame */
  constructor(helpers: Helpers, program: KernelProgram, routine: Routine, layout: SlotLayout | null) {
    super(new Code(3), helpers, program.facts, L, S);
    this.program = program;
    this.routine = routine;
    this.layout = layout;
    this.blocks = routine.graph.blocks;
    this.resumes = this.blocks.filter((block) => block.resume > 0).sort((a, b) => a.resume - b.resume);
    this.record = this.code.local(I32);
    this.narrowBase = this.code.local(I32);
    this.wideBase = layout === null ? this.narrowBase : this.code.local(I32);
    this.localBase = this.code.local(I32);
  }

  /** All values are read before any phi is set. */
  protected copyPhis(from: Block, to: Block): void {
    const at = to.preds.indexOf(from);
    const set: Node[] = [];
    for (const phi of to.nodes) {
      if (phi.op !== "phi") break;
      const arg = phi.args[at]!;
      if (arg === phi || phi.uses === 0) continue;
      this.value(arg);
      set.push(phi);
    }
    for (const phi of set.reverse()) this.code.set(this.local(phi));
  }

  protected place(node: Node): { base: number; offset: number } {
    const index = this.routine.saved.slot.get(node)!;
    if (this.layout === null) {
      const values = this.routine.frameBytes - 8 * (this.routine.saved.narrow + this.routine.saved.wide);
      return { base: this.narrowBase, offset: (values & ~7) + 8 * (isWide(node.type!) ? this.routine.saved.narrow + index : index) };
    }
    return isWide(node.type!) ? { base: this.wideBase, offset: wideOffset(this.layout, index) } : { base: this.narrowBase, offset: narrowOffset(this.layout, index) };
  }

  protected save(block: Block): void {
    for (const node of this.routine.saved.at.get(block)!) {
      const { base, offset } = this.place(node);
      this.code.get(base);
      this.value(node);
      this.code.memory(slotStore(node.type!), offset);
    }
    if (this.layout !== null) this.code.get(this.record).i32(block.resume).memory(mem.i32_store, record.pc);
    else this.code.get(this.narrowBase).i32(block.resume).memory(mem.i32_store, frame.pc);
  }

  protected restore(block: Block): void {
    for (const node of this.routine.saved.at.get(block)!) {
      const { base, offset } = this.place(node);
      this.code.get(base).memory(slotLoad(node.type!), offset).set(this.local(node));
    }
    const fresh = new Set<Node>();
    const again = (node: Node): void => {
      if (fresh.has(node)) return;
      fresh.add(node);
      readsOf(node, again);
      this.compute(node);
      this.code.set(this.local(node));
    };
    for (const node of this.routine.saved.recompute.get(block)!) again(node);
  }

  protected site(node: Node): number {
    return this.program.sites.push({ node, line: node.line > 0 ? node.line : null }) - 1;
  }

  // Calls.

  /** Pushes the address of the control frame behind the own one. */
  protected nextFrame(): void {
    const { code } = this;
    if (this.layout === null) code.get(this.narrowBase).i32(this.routine.frameBytes).op(op.i32_add);
    else code.get(S).memory(mem.i32_load, slot.control).get(ITEM).get(L).memory(mem.i32_load, launch.controlBytes).op(op.i32_mul, op.i32_add);
  }

  // Places.

  protected threadId(dimension: "x" | "y" | "z"): void {
    this.code.get(this.record).memory(mem.i32_load, record.tid + { x: 0, y: 4, z: 8 }[dimension]);
  }

  protected linearId(): void {
    this.code.get(ITEM);
  }

  protected override localAddress(offset: number): void {
    if (this.layout !== null) this.code.i64(BigInt(offset));
    else this.code.get(this.localBase).i32(offset).op(op.i32_add, op.i64_extend_i32_u);
  }

  // Memory.

  /** Pushes the linear address of an access, after all checks. */
  protected linear(node: Node): void {
    this.unchecked(node);
    const { checks } = this.facts;
    if (checks === null) return;
    const { code } = this;
    this.temp(I32, (p) => {
      code.set(p);
      writeCheck(this, node, () => code.get(p), { l: L, s: S, item: () => code.get(ITEM), ...tagsInMemory(this, L, S), serial: false, races: checks.has("races"), exact: this.facts.order!.exact, sharedShadow: null, earlier: null, apart: null });
      code.get(p);
    });
  }

  private unchecked(node: Node): void {
    const { code } = this;
    const access = node.access!;
    const size = accessSize(node);
    const kind = KIND[node.op as keyof typeof KIND];
    if (kind === undefined) throw new EmulatorBug(`${node.op} is no access`);
    this.value(node.args[0]!);
    if (access.offset !== 0) code.i64(BigInt(access.offset)).op(op.i64_add);
    code.i32(size);
    if (access.space === "shared" || access.space === "local") {
      code.get(L).memory(mem.i32_load, access.space === "shared" ? launch.sharedBytes : launch.localBytes);
      code.i32(kind).i32(node.line).get(S).get(ITEM).call(this.helpers.get("span", spanType, [I32], span));
      if (access.space === "shared") code.get(S).memory(mem.i32_load, slot.shared).op(op.i32_add);
      else code.get(S).memory(mem.i32_load, slot.local).op(op.i32_add).get(ITEM).get(L).memory(mem.i32_load, launch.localBytes).op(op.i32_mul, op.i32_add);
      return;
    }
    code.i32(access.align - 1).i32(kind).i32(node.line).get(L).get(S).get(ITEM);
    const helper: FuncRef = access.space === "generic"
      ? this.helpers.get("generic", translateType, [I32], generic)
      : this.helpers.get("translate", translateType, [I32], translate);
    code.call(helper);
  }

  protected load(node: Node): void {
    const { code } = this;
    const { type, count } = node.access!;
    this.linear(node);
    if (count === 1) {
      code.memory(loadOf[type]);
      if (type === "i1") this.maskTo("i1");
      return;
    }
    this.temp(I32, (address) => {
      code.set(address);
      const projections = node.block!.nodes.filter((other) => other.op === "proj" && other.args[0] === node);
      for (const proj of projections) {
        code.get(address).memory(loadOf[type], Number(proj.imm) * sizeOf[type]);
        if (type === "i1") this.maskTo("i1");
        code.set(this.local(proj));
      }
    });
  }

  protected store(node: Node): void {
    const { code } = this;
    const { type, align, space } = node.access!;
    this.temp(I32, (address) => {
      this.linear(node);
      code.set(address);
      node.args.slice(1).forEach((arg, i) => {
        code.get(address);
        this.value(arg);
        if ((node.mark & CANONICAL_OPERAND) !== 0) canonicalise(this, type === "f64");
        code.memory(storeOf[type], i * sizeOf[type]);
      });
      if (accessSize(node) > align && space !== "shared" && space !== "local") {
        code.get(address).get(L).i32(launch.bounce).op(op.i32_add, op.i32_eq).if();
        this.callImport("spread", [], []);
        code.end();
      }
    });
  }
}
