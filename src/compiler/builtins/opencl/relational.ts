import type { FloatPredicate, ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { enter } from "./half.ts";
import { codeOf, isFloatCode, lanesOf } from "./mangle.ts";
import { perLane, type Lowering, type Lowerings, type Site } from "./site.ts";

/** Relational functions (OpenCL C 3.0 section 6.15.6). True is 1 for scalars and -1 (all bits) in vectors. */

function truth(s: Site, condition: ValueId): ValueId {
  const type = s.result[0]!;
  if (type === "i1") return condition;
  return s.k.conv(s.result.length > 1 ? "sext" : "zext", type, condition);
}

function compare(pred: FloatPredicate): Lowering {
  return (s) => {
    const code = codeOf(s.params[0]);
    return perLane(s, (a, b) => truth(s, s.k.fcmp(pred, enter(s.k, code, a!), enter(s.k, code, b!))));
  };
}

/** A test of one float. `bits` has the sign bit cleared. */
function test(op: (k: Kit, magnitude: ValueId, infinity: bigint, smallest: bigint) => ValueId): Lowering {
  return (s) => {
    const { k } = s;
    const code = codeOf(s.params[0]);
    const [infinity, smallest, clear] = code === "Dh" ? [0x7c00n, 0x0400n, 0x7fffn] : code === "f" ? [0x7f80_0000n, 0x0080_0000n, 0x7fff_ffffn] : [0x7ff0n << 48n, 0x0010n << 48n, (1n << 63n) - 1n];
    return perLane(s, (x) => {
      const bits = code === "Dh" ? x! : k.bits(x!);
      return truth(s, op(k, k.and(bits, k.like(bits, clear!)), infinity!, smallest!));
    });
  };
}

const signbit: Lowering = (s) => perLane(s, (x) => {
  const bits = codeOf(s.params[0]) === "Dh" ? x! : s.k.bits(x!);
  return truth(s, s.k.icmp("lt.s", bits, s.k.like(bits, 0)));
});

/** Is the most significant bit set? */
function top(k: Kit, v: ValueId): ValueId {
  return k.type(v) === "i1" ? v : k.icmp("lt.s", v, k.like(v, 0));
}

function joined(how: "and" | "or"): Lowering {
  return (s) => {
    const { k } = s;
    // The operand's own bits are joined first: only the topmost is looked at.
    const bits = s.args[0]!.reduce((a, b) => k.int(how, a, b));
    return [s.result[0] === "i1" ? top(k, bits) : k.conv("zext", s.result[0]!, top(k, bits))];
  };
}

const bitselect: Lowering = (s) => {
  const { k } = s;
  const float = isFloatCode(codeOf(s.params[0])) && codeOf(s.params[0]) !== "Dh";
  return perLane(s, (a, b, c) => {
    const [x, y, mask] = [a!, b!, c!].map((v) => (float ? k.bits(v) : v));
    const mixed = k.xor(x!, k.and(k.xor(x!, y!), mask!));
    return float ? k.unbits(mixed) : mixed;
  });
};

/** select(a, b, c): b where c is true: by its top bit in vectors, by being nonzero as a scalar. */
const select: Lowering = (s) => {
  const { k } = s;
  const vector = lanesOf(s.params[0]) > 1;
  return perLane(s, (a, b, c) => k.select(vector ? top(k, c!) : k.icmp("ne", c!, k.like(c!, 0)), b!, a!));
};

/** Lowerings of the relational functions, by name. */
export const relational: Lowerings = {
  isequal: compare("oeq"), isnotequal: compare("une"), isgreater: compare("ogt"), isgreaterequal: compare("oge"),
  isless: compare("olt"), islessequal: compare("ole"), islessgreater: compare("one"), isordered: compare("ord"), isunordered: compare("uno"),
  isfinite: test((k, x, infinity) => k.icmp("lt.u", x, k.like(x, infinity))),
  isinf: test((k, x, infinity) => k.icmp("eq", x, k.like(x, infinity))),
  isnan: test((k, x, infinity) => k.icmp("gt.u", x, k.like(x, infinity))),
  isnormal: test((k, x, infinity, smallest) => k.icmp("lt.u", k.sub(x, k.like(x, smallest)), k.like(x, infinity - smallest))),
  signbit,
  any: joined("or"), all: joined("and"), bitselect, select,
};
