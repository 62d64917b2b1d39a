import type { AtomicOp, MemoryOrder, Scope, ValueId } from "../../ir/ops.ts";
import { sizeOf } from "../../ir/types.ts";
import { codeOf, isSignedCode } from "./mangle.ts";
import type { Lowering, Lowerings, Site } from "./site.ts";
import { typeOfCode } from "./site.ts";
import { orderArgument, scopeArgument } from "./sync.ts";

/**
 * Atomics: those of OpenCL C 1.x (atomic_add, atom_add; relaxed) and those of C11 (atomic_fetch_add, with or without
 * _explicit; OpenCL C 3.0 section 6.15.12).
 */

function rmw(s: Site, name: string, value: ValueId, order: MemoryOrder, scope: Scope): ValueId {
  const code = codeOf(s.params[0]);
  const type = typeOfCode[code] ?? s.fail(`${s.base} on this type`);
  const { k } = s;
  const float = type === "f32" || type === "f64";
  if (type !== "i32" && type !== "i64" && !float) s.fail(`${s.base} on ${8 * sizeOf[type]}-bit integers`);
  const place = s.place(0);
  let op: AtomicOp;
  let operand = value;
  switch (name) {
    case "add": case "sub":
      op = float ? "fadd" : name;
      if (float && name === "sub") operand = k.neg(value);
      break;
    case "min": case "max": op = float ? `f${name}` : `${name}.${isSignedCode(code) ? "s" : "u"}`; break;
    case "xchg": case "and": case "or": case "xor": op = name; break;
    default: return s.fail(`builtin ${s.base}`);
  }
  return k.b.def(type, { op: "atomic", rmw: op, space: place.space, addr: place.base, offset: place.offset, value: operand, order, scope });
}

function legacy(name: string): Lowering {
  return (s) => [rmw(s, name, s.args[1]![0]!, "relaxed", "device")];
}

function step(name: "add" | "sub"): Lowering {
  return (s) => [rmw(s, name, s.k.c(typeOfCode[codeOf(s.params[0])] ?? s.fail(`${s.base} on this type`), 1), "relaxed", "device")];
}

const exchange: Lowering = (s) => [rmw(s, "xchg", s.args[1]![0]!, "relaxed", "device")];

const compareExchange: Lowering = (s) => {
  const type = typeOfCode[codeOf(s.params[0])];
  if (type !== "i32" && type !== "i64") return s.fail(`${s.base} on this type`);
  const place = s.place(0);
  return [s.k.b.def(type, {
    op: "cmpxchg", space: place.space, addr: place.base, offset: place.offset, expected: s.args[1]![0]!, value: s.args[2]![0]!, order: "relaxed", scope: "device",
  })];
};

const LEGACY: Lowerings = {
  add: legacy("add"), sub: legacy("sub"), xchg: exchange, inc: step("add"), dec: step("sub"), cmpxchg: compareExchange,
  min: legacy("min"), max: legacy("max"), and: legacy("and"), or: legacy("or"), xor: legacy("xor"),
};

/** Order and scope of a C11 atomic: arguments from `n` on, or sequentially consistent on the device. */
function ordering(s: Site, n: number): { order: MemoryOrder; scope: Scope } {
  return {
    order: s.args.length > n ? orderArgument(s, n) : "seq_cst",
    scope: s.args.length > n + 1 ? scopeArgument(s, n + 1) : "device",
  };
}

function fetch(name: string): Lowering {
  return (s) => {
    const { order, scope } = ordering(s, 2);
    return [rmw(s, name, s.args[1]![0]!, order, scope)];
  };
}

const load: Lowering = (s) => {
  const type = typeOfCode[codeOf(s.params[0])] ?? s.fail(`${s.base} on this type`);
  const place = s.place(0);
  const dst = s.k.b.value(type);
  s.k.b.emit({ op: "load", dst: [dst], space: place.space, addr: place.base, offset: place.offset, align: sizeOf[type], ...ordering(s, 1) });
  return [dst];
};

const store: Lowering = (s) => {
  const src = s.args[1]!;
  const place = s.place(0);
  const how = s.base === "atomic_init" ? {} : ordering(s, 2);
  s.k.b.emit({ op: "store", src, space: place.space, addr: place.base, offset: place.offset, align: sizeOf[s.k.type(src[0]!)], ...how });
  return [];
};

/** bool f(object, expected*, desired, ...): on failure the value found goes to *expected. */
const compareExchangeC11: Lowering = (s) => {
  const { k } = s;
  const type = typeOfCode[codeOf(s.params[0])] ?? s.fail(`${s.base} on this type`);
  const place = s.place(0);
  const wanted = s.place(1);
  // The order of a failure, which may not be stronger, stands between.
  const order = s.args.length > 3 ? orderArgument(s, 3) : "seq_cst";
  const scope = s.args.length > 5 ? scopeArgument(s, 5) : "device";
  const float = type === "f32" || type === "f64";
  const plain = type === "f32" ? "i32" : type === "f64" ? "i64" : type;
  if (plain !== "i32" && plain !== "i64") s.fail(`${s.base} on ${8 * sizeOf[type]}-bit integers`);
  const expected = k.b.value(plain);
  k.b.emit({ op: "load", dst: [expected], space: wanted.space, addr: wanted.base, offset: wanted.offset, align: sizeOf[plain] });
  const value = float ? k.bits(s.args[2]![0]!) : s.args[2]![0]!;
  const old = k.b.def(plain, { op: "cmpxchg", space: place.space, addr: place.base, offset: place.offset, expected, value, order, scope });
  // Storing what was found is harmless when it is what was expected, and spares a branch.
  k.b.emit({ op: "store", src: [old], space: wanted.space, addr: wanted.base, offset: wanted.offset, align: sizeOf[plain] });
  return [k.icmp("eq", old, expected)];
};

/** atomic_flag is an int: set is 1. */
const testAndSet: Lowering = (s) => {
  const place = s.place(0);
  const old = s.k.b.def("i32", { op: "atomic", rmw: "xchg", space: place.space, addr: place.base, offset: place.offset, value: s.k.i(1), ...ordering(s, 1) });
  return [s.k.icmp("ne", old, s.k.i(0))];
};

const clear: Lowering = (s) => {
  const place = s.place(0);
  s.k.b.emit({ op: "store", src: [s.k.i(0)], space: place.space, addr: place.base, offset: place.offset, align: 4, ...ordering(s, 1) });
  return [];
};

const C11: Lowerings = {
  atomic_init: store, atomic_store: store, atomic_load: load, atomic_exchange: fetch("xchg"),
  atomic_compare_exchange_strong: compareExchangeC11, atomic_compare_exchange_weak: compareExchangeC11,
  atomic_flag_test_and_set: testAndSet, atomic_flag_clear: clear,
  ...Object.fromEntries(["add", "sub", "and", "or", "xor", "min", "max"].map((name) => [`atomic_fetch_${name}`, fetch(name)])),
};

/** Lowerings of all atomics, by name. */
export const atomics: Lowerings = {
  ...Object.fromEntries(Object.entries(LEGACY).flatMap(([name, f]) => [[`atomic_${name}`, f], [`atom_${name}`, f]])),
  ...C11,
  ...Object.fromEntries(Object.entries(C11).map(([name, f]) => [`${name}_explicit`, f])),
};
