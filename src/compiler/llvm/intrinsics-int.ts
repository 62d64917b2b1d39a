import type { IntUnary, ValueId } from "../ir/ops.ts";
import { bitsOf } from "../ir/types.ts";
import type { LInstr } from "./ast.ts";
import type { FnLowering } from "./context.ts";
import { elementLeaf, isWide, type Leaf } from "./flat.ts";
import { intBinary, resize, signed, trim } from "./ints.ts";
import { showType } from "./types.ts";
import { addSat, subSat } from "../builtins/opencl/saturate.ts";

type Call = LInstr & { op: "call" };

const COUNTS: Readonly<Record<string, IntUnary>> = { ctpop: "popc", ctlz: "clz", cttz: "ctz", bitreverse: "brev" };
const PAIRS = new Set(["smin", "smax", "umin", "umax"]);

/** Intrinsics on integers; null when the name is none of them. */
export function integerIntrinsic(fx: FnLowering, base: string, i: Call): readonly ValueId[] | null {
  const { k } = fx;
  const type = i.args[0]?.type;
  const scalar = type?.k === "vec" ? type.elem : type;
  if (type === undefined || scalar?.k !== "int" || isWide(type)) return null;
  const leaf = elementLeaf(type);
  const args = i.args.map((arg) => (arg.k === "meta" ? [] : fx.value(arg)));
  const each = (op: (...values: ValueId[]) => ValueId): readonly ValueId[] => args[0]!.map((_, n) => op(...args.map((values) => values[n] ?? values[0]!)));
  const exact = (): void => {
    if (leaf.bits !== bitsOf[leaf.type] || leaf.type === "i1") fx.fail(`${base} of ${showType(type)}`);
  };
  const count = COUNTS[base];
  if (count !== undefined) {
    if (count !== "popc") exact();
    return each((a) => k.int1(count, a!));
  }
  if (PAIRS.has(base)) return each((a, b) => intBinary(k, leaf, base, a!, b!)!);
  switch (base) {
    case "abs": return each((a) => {
      const value = signed(k, leaf, a!);
      return trim(k, leaf, k.select(k.icmp("lt.s", value, k.like(value, 0)), k.neg(value), value));
    });
    case "bswap": exact(); return each((a) => swapBytes(fx, leaf, a!));
    case "fshl": case "fshr": exact(); return each((a, b, c) => funnel(fx, leaf, base === "fshl", a!, b!, c!));
    case "uadd.sat": case "sadd.sat": exact(); return each((a, b) => addSat(k, base === "sadd.sat", a!, b!));
    case "usub.sat": case "ssub.sat": exact(); return each((a, b) => subSat(k, base === "ssub.sat", a!, b!));
    case "uadd.with.overflow": case "sadd.with.overflow": case "usub.with.overflow": case "ssub.with.overflow":
    case "umul.with.overflow": case "smul.with.overflow": {
      exact();
      const results = args[0]!.map((a, n) => withOverflow(fx, base, a, args[1]![n]!));
      return [...results.map(([value]) => value!), ...results.map(([, over]) => over!)];
    }
    case "scmp": case "ucmp": {
      const to = elementLeaf(i.type);
      return each((a, b) => {
        const x = base === "scmp" ? signed(k, leaf, a!) : a!;
        const y = base === "scmp" ? signed(k, leaf, b!) : b!;
        const suffix = base === "scmp" ? "s" : "u";
        const less = k.icmp(`lt.${suffix}`, x, y);
        return resize(k, to, to, k.select(less, k.c(to.type, -1), k.conv("zext", to.type, k.icmp(`gt.${suffix}`, x, y))), false);
      });
    }
    default: return null;
  }
}

function swapBytes(fx: FnLowering, leaf: Leaf, v: ValueId): ValueId {
  const { k } = fx;
  const bytes = leaf.bits / 8;
  let sum: ValueId | null = null;
  for (let n = 0; n < bytes; n++) {
    const byte = k.and(n === 0 ? v : k.lshr(v, 8 * n), k.like(v, 0xff));
    const up = 8 * (bytes - 1 - n);
    const placed = up === 0 ? byte : k.shl(byte, up);
    sum = sum === null ? placed : k.or(sum, placed);
  }
  return sum!;
}

/** The high (fshl) or low (fshr) word of a:b shifted by c modulo the width. */
function funnel(fx: FnLowering, leaf: Leaf, left: boolean, a: ValueId, b: ValueId, c: ValueId): ValueId {
  const { k } = fx;
  if (a === b) return k.int("rotl", a, left ? c : k.neg(c));
  // The other shift is by width - 1 - c and then by one more, so that c = 0 shifts the other word out.
  const mask = k.like(c, leaf.bits - 1);
  const amount = k.and(c, mask);
  const rest = k.xor(amount, mask);
  return left
    ? k.or(k.int("shl", a, amount), k.int("lshr", k.lshr(b, 1), rest))
    : k.or(k.int("shl", k.shl(a, 1), rest), k.int("lshr", b, amount));
}

function withOverflow(fx: FnLowering, base: string, a: ValueId, b: ValueId): ValueId[] {
  const { k } = fx;
  const sign = base.startsWith("s");
  const what = base.slice(1, 4);
  const zero = k.like(a, 0);
  if (what === "mul") {
    const value = k.mul(a, b);
    const high = k.int(sign ? "mulhi.s" : "mulhi.u", a, b);
    const width = bitsOf[k.type(a)];
    return [value, k.icmp("ne", high, sign ? k.ashr(value, width - 1) : zero)];
  }
  const value = what === "add" ? k.add(a, b) : k.sub(a, b);
  if (!sign) return [value, what === "add" ? k.icmp("lt.u", value, a) : k.icmp("lt.u", a, b)];
  // Overflow when the operands' signs agree (add) or differ (sub) and the result's sign is not a's.
  const changed = k.xor(value, a);
  const relation = what === "add" ? k.xor(value, b) : k.xor(a, b);
  return [value, k.icmp("lt.s", k.and(changed, relation), zero)];
}
