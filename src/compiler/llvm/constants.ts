import type { ValueId } from "../ir/ops.ts";
import type { Const } from "./ast.ts";
import type { FnLowering } from "./context.ts";
import { elementLeaf, flatten, type Leaf } from "./flat.ts";
import { allocSize, structLayout } from "./layout.ts";
import type { Pointer } from "./pointer.ts";
import { type LType } from "./types.ts";

const scratch = new DataView(new ArrayBuffer(8));

/** The number that float bits mean; null for NaN, whose bits must be kept. */
export function floatOf(bits: bigint, width: number): number | null {
  let value: number;
  if (width === 32) {
    scratch.setUint32(0, Number(bits));
    value = scratch.getFloat32(0);
  } else {
    scratch.setBigUint64(0, bits);
    value = scratch.getFloat64(0);
  }
  return value === value ? value : null;
}

function leafConstant(fx: FnLowering, leaf: Leaf, bits: bigint): ValueId {
  if (leaf.type !== "f32" && leaf.type !== "f64") return fx.k.c(leaf.type, bits);
  const value = floatOf(bits, leaf.bits);
  return value === null ? fx.pool.bits(leaf.type, bits) : fx.pool.get(leaf.type, value);
}

/** IR values of a constant. */
export function constantValues(fx: FnLowering, c: Const): readonly ValueId[] {
  switch (c.k) {
    case "int": return flatten(c.type).map((leaf, n) => leafConstant(fx, leaf, BigInt.asUintN(leaf.bits, c.value >> BigInt(64 * n))));
    case "float": return [leafConstant(fx, elementLeaf(c.type), c.bits)];
    case "zero": return flatten(c.type).map((leaf) => leafConstant(fx, leaf, 0n));
    case "list": return c.items.flatMap((item) => constantValues(fx, item));
    case "bytes": return [...c.text].map((char) => fx.k.c("i8", char.charCodeAt(0)));
    case "global": {
      const fn = fx.mod.source.functions.get(c.name);
      if (fn !== undefined) return [fx.pool.def(`fn ${c.name}`, "i64", { op: "funcaddr", symbol: fx.mod.callable(fn) })];
      return [fx.address(constantPointer(fx, c)!)];
    }
    case "expr": return expression(fx, c);
  }
}

function expression(fx: FnLowering, c: Const & { k: "expr" }): readonly ValueId[] {
  const pointer = constantPointer(fx, c);
  if (pointer !== null) return [fx.address(pointer)];
  const [a, b] = c.args;
  switch (c.op) {
    case "bitcast": case "inttoptr": case "ptrtoint": {
      const [value] = constantValues(fx, a!);
      const { type } = elementLeaf(c.type);
      return [type === "i64" || fx.k.type(value!) === type ? value! : fx.k.conv("trunc", type, value!)];
    }
    case "trunc": return [fx.k.conv("trunc", elementLeaf(c.type).type, constantValues(fx, a!)[0]!)];
    case "addrspacecast": {
      // Null stays null between spaces, save that OpenCL's null of work-group memory must differ from offset 0.
      if (a!.k === "zero" && c.type.k === "ptr") return [fx.space(c.type.space) === "shared" ? fx.k.l(-1n) : fx.k.l(0n)];
      return fx.fail("addrspacecast constant expression");
    }
    case "add": case "sub": case "xor": case "mul": {
      const [x] = constantValues(fx, a!);
      const [y] = constantValues(fx, b!);
      return [fx.k.int(c.op, x!, y!)];
    }
    default: return fx.fail(`constant expression ${c.op}`);
  }
}

/** Where a constant pointer into a module variable points; null when it is no such pointer. */
export function constantPointer(fx: FnLowering, c: Const): Pointer | null {
  if (c.k === "global") {
    const target = fx.mod.source.aliases.get(c.name) ?? c.name;
    if (fx.mod.source.functions.has(target)) return null;
    const { space, symbol } = fx.mod.variable(target);
    const base = space === "shared"
      ? fx.pool.def(`shared ${symbol}`, "i64", { op: "sharedaddr", symbol })
      : fx.pool.def(`global ${symbol}`, "i64", { op: "globaladdr", symbol });
    return { base, offset: 0, space, generic: false };
  }
  if (c.k !== "expr") return null;
  const [first] = c.args;
  if (c.op === "getelementptr") {
    const base = constantPointer(fx, first!);
    const offset = constantOffset(c.elem!, c.args.slice(1));
    return base === null || offset === null ? null : fx.advance(base, offset);
  }
  if (c.op === "bitcast") return constantPointer(fx, first!);
  if (c.op === "addrspacecast") {
    const base = constantPointer(fx, first!);
    const generic = c.type.k === "ptr" && c.type.space === fx.mod.dialect.generic;
    return base === null ? null : { ...base, generic };
  }
  return null;
}

/** Byte offset of constant getelementptr indices; null when one is not constant. */
export function constantOffset(elem: LType, indices: readonly { readonly k: string; readonly type: LType }[]): number | null {
  let offset = 0;
  let type = elem;
  for (const [n, index] of indices.entries()) {
    const value = indexValue(index);
    if (value === null) return null;
    if (n === 0) offset += value * allocSize(type);
    else if (type.k === "struct") {
      offset += structLayout(type).offsets[value]!;
      type = type.fields[value]!;
    } else if (type.k === "array" || type.k === "vec") {
      type = type.elem;
      offset += value * allocSize(type);
    } else return null;
  }
  return offset;
}

/** The value of a constant index, signed; null when it is not constant. */
export function indexValue(index: { readonly k: string; readonly type: LType }): number | null {
  if (index.k === "zero") return 0;
  if (index.k !== "int" || index.type.k !== "int") return null;
  return Number(BigInt.asIntN(index.type.bits, (index as { value: bigint } & typeof index).value));
}
