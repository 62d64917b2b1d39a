import type { MemoryOrder, Scope, ValueId } from "../ir/ops.ts";
import { sizeOf, type Type } from "../ir/types.ts";
import type { LInstr } from "./ast.ts";
import type { FnLowering } from "./context.ts";
import { constantOffset, indexValue } from "./constants.ts";
import { flatten, type Leaf } from "./flat.ts";
import { allocSize, alignOf, structLayout } from "./layout.ts";
import type { Pointer } from "./pointer.ts";
import { showType, type LType } from "./types.ts";

/** Largest power of two that divides both. */
export function commonAlign(align: number, offset: number): number {
  const low = offset & -offset;
  return offset === 0 ? align : Math.min(align, low);
}

/** One access: leaves of one type side by side. `parts` gives the widths of an integer that no single access can move. */
interface Run {
  readonly type: Type;
  readonly offset: number;
  readonly first: number;
  readonly count: number;
}

/** Widths in bytes that memory can move an odd integer in: 3 is 2 + 1, 12-byte limbs end in 4. */
function pieces(bits: number): number[] {
  const out: number[] = [];
  let rest = Math.ceil(bits / 8);
  for (const size of [8, 4, 2, 1]) while (rest >= size) {
    out.push(size);
    rest -= size;
  }
  return out;
}

const INTS: Readonly<Record<number, Type>> = { 1: "i8", 2: "i16", 4: "i32", 8: "i64" };

/** Whether the leaf is moved by one access of its own type. */
function whole(leaf: Leaf): boolean {
  return leaf.type === "i1" || leaf.bits === 8 * sizeOf[leaf.type];
}

function runs(leaves: readonly Leaf[]): Run[] {
  const out: Run[] = [];
  leaves.forEach((leaf, n) => {
    const last = out.at(-1);
    const joins = last !== undefined && whole(leaf) && last.first + last.count === n && last.type === leaf.type
      && last.offset + last.count * sizeOf[leaf.type] === leaf.offset && whole(leaves[n - 1]!);
    if (joins) out[out.length - 1] = { ...last, count: last.count + 1 };
    else out.push({ type: leaf.type, offset: leaf.offset, first: n, count: 1 });
  });
  return out;
}

function checkBits(fx: FnLowering, type: LType): void {
  if (type.k === "vec" && type.elem.k === "int" && type.elem.bits % 8 !== 0) fx.fail(`${showType(type)} in memory`);
}

/** How memory is accessed: alignment in bytes, and whether the access must be kept as it is. */
export interface Access {
  readonly align: number;
  readonly volatile: boolean;
}

/** Reads values of one type side by side. From the parameter block they are parameters, not memory. */
export function read(fx: FnLowering, types: readonly Type[], pointer: Pointer, offset: number, how: Access): ValueId[] {
  const block = fx.paramBases.get(pointer.base);
  if (block !== undefined) {
    return types.map((type, n) => {
      const at = block + pointer.offset + offset + n * sizeOf[type];
      return fx.pool.def(`param ${type} ${at}`, type, { op: "param", offset: at });
    });
  }
  const dst = types.map((t) => fx.b.value(t));
  fx.b.emit({
    op: "load", dst, space: pointer.space, addr: pointer.base, offset: pointer.offset + offset, align: commonAlign(how.align, offset),
    ...(how.volatile ? { volatile: true } : {}),
  });
  return dst;
}

/** Loads a value of an LLVM type. */
export function load(fx: FnLowering, type: LType, pointer: Pointer, how: Access): ValueId[] {
  checkBits(fx, type);
  const { k } = fx;
  const leaves = flatten(type);
  const values: ValueId[] = [];
  for (const run of runs(leaves)) {
    const leaf = leaves[run.first]!;
    if (whole(leaf)) {
      values.push(...read(fx, new Array<Type>(run.count).fill(run.type), pointer, run.offset, how));
      continue;
    }
    let sum: ValueId | null = null;
    let at = 0;
    for (const size of pieces(leaf.bits)) {
      const [part] = read(fx, [INTS[size]!], pointer, run.offset + at, how);
      const sized = INTS[size] === leaf.type ? part! : k.conv("zext", leaf.type, part!);
      const placed = at === 0 ? sized : k.shl(sized, 8 * at);
      sum = sum === null ? placed : k.or(sum, placed);
      at += size;
    }
    values.push(leaf.bits % 8 === 0 ? sum! : k.and(sum!, k.c(leaf.type, (1n << BigInt(leaf.bits)) - 1n)));
  }
  return values;
}

/** Stores a value of an LLVM type. */
export function store(fx: FnLowering, type: LType, values: readonly ValueId[], pointer: Pointer, how: Access): void {
  checkBits(fx, type);
  const { k, b } = fx;
  const leaves = flatten(type);
  const write = (src: readonly ValueId[], offset: number): void => b.emit({
    op: "store", src, space: pointer.space, addr: pointer.base, offset: pointer.offset + offset, align: commonAlign(how.align, offset),
    ...(how.volatile ? { volatile: true } : {}),
  });
  for (const run of runs(leaves)) {
    const leaf = leaves[run.first]!;
    if (whole(leaf)) {
      write(values.slice(run.first, run.first + run.count), run.offset);
      continue;
    }
    let at = 0;
    for (const size of pieces(leaf.bits)) {
      const lowered = at === 0 ? values[run.first]! : k.lshr(values[run.first]!, 8 * at);
      write([INTS[size] === leaf.type ? lowered : k.conv("trunc", INTS[size]!, lowered)], run.offset + at);
      at += size;
    }
  }
}

const ORDERS: Readonly<Record<string, MemoryOrder>> = {
  unordered: "relaxed", monotonic: "relaxed", acquire: "acquire", release: "release", acq_rel: "acq_rel", seq_cst: "seq_cst",
};
const SCOPES: Readonly<Record<string, Scope>> = {
  "": "system", system: "system", device: "device", agent: "device", workgroup: "workgroup", block: "workgroup", subgroup: "subgroup", wavefront: "subgroup", singlethread: "workitem",
};

/** The memory order of an LLVM word. */
export function orderOf(fx: FnLowering, order: string): MemoryOrder {
  return ORDERS[order] ?? fx.fail(`memory order ${order}`);
}
/** The scope of an LLVM synchronisation scope; without one it is the whole system. */
export function scopeOf(fx: FnLowering, scope: string): Scope {
  return SCOPES[scope] ?? fx.fail(`synchronisation scope "${scope}"`);
}

/** load, plain or atomic. */
export function lowerLoad(fx: FnLowering, i: LInstr & { op: "load" }): readonly ValueId[] {
  const pointer = fx.pointer(i.ptr);
  const align = i.align || alignOf(i.type);
  if (i.order === null) return load(fx, i.type, pointer, { align, volatile: i.volatile });
  const leaves = flatten(i.type);
  if (leaves.length !== 1 || !whole(leaves[0]!)) return fx.fail(`atomic load of ${showType(i.type)}`);
  const dst = fx.b.value(leaves[0]!.type);
  fx.b.emit({
    op: "load", dst: [dst], space: pointer.space, addr: pointer.base, offset: pointer.offset, align,
    order: orderOf(fx, i.order), scope: scopeOf(fx, i.scope),
  });
  return [dst];
}

/** store, plain or atomic. */
export function lowerStore(fx: FnLowering, i: LInstr & { op: "store" }): void {
  const { type } = i.value;
  const values = fx.value(i.value);
  const pointer = fx.pointer(i.ptr);
  const align = i.align || alignOf(type);
  if (i.order === null) return store(fx, type, values, pointer, { align, volatile: i.volatile });
  const leaves = flatten(type);
  if (leaves.length !== 1 || !whole(leaves[0]!)) return fx.fail(`atomic store of ${showType(type)}`);
  return fx.b.emit({
    op: "store", src: values, space: pointer.space, addr: pointer.base, offset: pointer.offset, align,
    order: orderOf(fx, i.order), scope: scopeOf(fx, i.scope),
  });
}

/** n * scale in 64 bits. */
function scaled(fx: FnLowering, index: ValueId, scale: number): ValueId {
  const log = Math.log2(scale);
  if (scale === 1) return index;
  return Number.isInteger(log) ? fx.k.shl(index, log) : fx.k.mul(index, fx.k.l(BigInt(scale)));
}

/** getelementptr: constant parts are added to the offset, the others to the base. */
export function lowerGep(fx: FnLowering, i: LInstr & { op: "gep" }): Pointer {
  const from = fx.pointer(i.ptr);
  const constant = constantOffset(i.elem, i.indices);
  if (constant !== null) return fx.advance(from, constant);
  const { k } = fx;
  let base = from.base;
  let offset = 0;
  let type = i.elem;
  i.indices.forEach((index, n) => {
    const value = indexValue(index);
    if (n > 0 && type.k === "struct") {
      const field = value ?? fx.fail("index into a structure that is not constant");
      offset += structLayout(type).offsets[field]!;
      type = type.fields[field]!;
      return;
    }
    if (n > 0) {
      if (type.k !== "array" && type.k !== "vec") return fx.fail(`getelementptr into ${showType(type)}`);
      type = type.elem;
    }
    const scale = allocSize(type);
    if (value !== null) {
      offset += value * scale;
      return;
    }
    const raw = fx.one(index);
    const narrow = k.type(raw) !== "i64";
    base = k.add(base, scaled(fx, narrow ? k.conv("sext", "i64", raw) : raw, scale));
  });
  return fx.advance({ ...from, base }, offset);
}

/** alloca: a variable in the work-item's frame. */
export function lowerAlloca(fx: FnLowering, i: LInstr & { op: "alloca" }): Pointer {
  const count = i.count === null ? 1 : indexValue(i.count) ?? fx.fail("array of variable length");
  const index = fx.b.local({ name: i.dst ?? "", size: count * allocSize(i.elem), align: Math.max(i.align, alignOf(i.elem)) });
  const base = fx.pool.def(`local ${index}`, "i64", { op: "localaddr", index });
  // In languages whose allocas are generic pointers the variable still lives in local memory.
  return { base, offset: 0, space: "local", generic: fx.spaceOf(i.type) === "generic" };
}
