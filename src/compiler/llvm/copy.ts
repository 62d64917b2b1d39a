import type { ValueId } from "../ir/ops.ts";
import { sizeOf, type Type } from "../ir/types.ts";
import type { FnLowering } from "./context.ts";
import { commonAlign, read } from "./memory.ts";
import type { Pointer } from "./pointer.ts";

/** Up to this many bytes are moved without a loop. */
const UNROLL_BYTES = 128;
/** Parameters are worth more: read at a computed address they are slow. */
const UNROLL_PARAMETER_BYTES = 2048;

const UNITS: readonly Type[] = ["i64", "i32", "i16", "i8"];

function write(fx: FnLowering, to: Pointer, value: ValueId, offset: number, align: number): void {
  const size = sizeOf[fx.k.type(value)];
  fx.b.emit({ op: "store", src: [value], space: to.space, addr: to.base, offset: to.offset + offset, align: Math.min(align, size) });
}

/** Pieces of a fixed number of bytes, the widest that alignment allows. */
function* chunks(bytes: number, align: number): Generator<{ readonly type: Type; readonly offset: number }> {
  let offset = 0;
  while (offset < bytes) {
    const fits = Math.max(1, commonAlign(align, offset));
    const type = UNITS.find((t) => sizeOf[t] <= Math.min(fits, bytes - offset))!;
    yield { type, offset };
    offset += sizeOf[type];
  }
}

/** The pointer with its offset added, so that a variable can be added too. */
function at(fx: FnLowering, pointer: Pointer, index: ValueId): Pointer {
  return { ...pointer, base: fx.k.add(pointer.base, index) };
}

/**
 * memcpy and memmove. `bytes` is known where it is small; overlapping ranges are right in both cases (all reads
 * before all writes, or a loop from the safe end).
 */
export function copyBytes(fx: FnLowering, to: Pointer, from: Pointer, bytes: bigint | ValueIdOf, alignTo: number, alignFrom: number, overlap: boolean): void {
  const { k } = fx;
  const align = Math.min(alignTo, alignFrom, 8);
  const limit = fx.paramBases.has(from.base) ? UNROLL_PARAMETER_BYTES : UNROLL_BYTES;
  if (typeof bytes === "bigint" && bytes <= BigInt(limit)) {
    const parts = [...chunks(Number(bytes), align)];
    const values = parts.map(({ type, offset }) => read(fx, [type], from, offset, { align: Math.min(align, sizeOf[type]), volatile: false })[0]!);
    parts.forEach(({ offset }, n) => write(fx, to, values[n]!, offset, align));
    return;
  }
  const known = typeof bytes === "bigint" && bytes % BigInt(align) === 0n;
  const unit: Type = known ? UNITS.find((t) => sizeOf[t] <= align)! : "i8";
  const size = k.l(BigInt(sizeOf[unit]));
  const total = typeof bytes === "bigint" ? k.l(bytes) : bytes.value;
  const step = (index: ValueId): void => write(fx, at(fx, to, index), read(fx, [unit], at(fx, from, index), 0, { align: Math.min(align, sizeOf[unit]), volatile: false })[0]!, 0, align);
  const up = (): ValueId[] => {
    k.loop([k.l(0)], ([i]) => k.icmp("lt.u", i!, total), ([i]) => {
      step(i!);
      return [k.add(i!, size)];
    });
    return [];
  };
  if (!overlap) {
    up();
    return;
  }
  k.if(k.icmp("lt.u", fx.address(from), fx.address(to)), () => {
    k.loop([total], ([i]) => k.icmp("ne", i!, k.l(0)), ([i]) => {
      const next = k.sub(i!, size);
      step(next);
      return [next];
    });
    return [];
  }, up);
}

/** A size that is not known before the program runs. */
export interface ValueIdOf {
  readonly value: ValueId;
}

/** memset; `byte` is an i8. */
export function fillBytes(fx: FnLowering, to: Pointer, byte: ValueId, bytes: bigint | ValueIdOf, align: number): void {
  const { k } = fx;
  const spread = (type: Type): ValueId => {
    if (type === "i8") return byte;
    const wide = k.conv("zext", type, byte);
    const ones = type === "i64" ? 0x0101_0101_0101_0101n : type === "i32" ? 0x0101_0101 : 0x0101;
    return k.mul(wide, k.c(type, ones));
  };
  if (typeof bytes === "bigint" && bytes <= BigInt(UNROLL_BYTES)) {
    const made = new Map<Type, ValueId>();
    for (const { type, offset } of chunks(Number(bytes), Math.min(align, 8))) {
      let value = made.get(type);
      if (value === undefined) made.set(type, value = spread(type));
      write(fx, to, value, offset, align);
    }
    return;
  }
  const usable = Math.min(align, 8);
  const unit: Type = typeof bytes === "bigint" && bytes % BigInt(usable) === 0n ? UNITS.find((t) => sizeOf[t] <= usable)! : "i8";
  const value = spread(unit);
  const total = typeof bytes === "bigint" ? k.l(bytes) : bytes.value;
  k.loop([k.l(0)], ([i]) => k.icmp("lt.u", i!, total), ([i]) => {
    write(fx, at(fx, to, i!), value, 0, align);
    return [k.add(i!, k.l(BigInt(sizeOf[unit])))];
  });
}
