import type { FnBuilder } from "../ir/builder.ts";
import type { Module } from "../ir/module.ts";
import type {
  Conversion, FloatBinary, FloatPredicate, FloatUnary, IntBinary, IntPredicate, IntUnary, Rounding, SpecialRegister, ValueId,
} from "../ir/ops.ts";
import { isFloat, type Type } from "../ir/types.ts";
import type { ConstPool } from "./pool.ts";

/**
 * What builtins are written with: one method an IR operation, types taken from the operands, constants pooled,
 * and structured control flow. It only builds; nothing is computed here.
 */
export class Kit {
  readonly b: FnBuilder;
  readonly module: Module;
  readonly pool: ConstPool;
  private readonly resolve: (name: string) => readonly Type[];

  /** `resolve` makes sure that a library function is in the module, and gives its result types. */
  constructor(b: FnBuilder, module: Module, pool: ConstPool, resolve: (name: string) => readonly Type[]) {
    this.b = b;
    this.module = module;
    this.pool = pool;
    this.resolve = resolve;
  }

  type(v: ValueId): Type {
    return this.b.fn.types[v]!;
  }

  f(value: number): ValueId {
    return this.pool.get("f32", Math.fround(value));
  }
  d(value: number): ValueId {
    return this.pool.get("f64", value);
  }
  i(value: number): ValueId {
    return this.pool.get("i32", value >>> 0);
  }
  l(value: bigint | number): ValueId {
    return this.pool.get("i64", BigInt(value));
  }
  /** A constant of any type. Integers may be given signed; they are wrapped to the width. */
  c(type: Type, value: number | bigint): ValueId {
    if (type === "i64") return this.l(value);
    if (type === "f32") return this.f(Number(value));
    if (type === "f64") return this.d(Number(value));
    const masks = { i1: 1, i8: 0xff, i16: 0xffff, i32: 0xffff_ffff } as const;
    return this.pool.get(type, (Number(value) & masks[type]) >>> 0);
  }
  /** A constant of the type that `v` has. */
  like(v: ValueId, value: number | bigint): ValueId {
    return this.c(this.type(v), value);
  }
  nan(type: "f32" | "f64"): ValueId {
    return this.pool.bits(type, type === "f32" ? 0x7fc0_0000n : 0x7ff8_0000_0000_0000n);
  }

  int(op: IntBinary, a: ValueId, b: ValueId): ValueId {
    return this.b.def(this.type(a), { op, a, b });
  }
  int1(op: IntUnary, a: ValueId): ValueId {
    return this.b.def(this.type(a), { op, a });
  }
  float(op: FloatBinary, a: ValueId, b: ValueId, round?: Rounding): ValueId {
    return this.b.def(this.type(a), round === undefined ? { op, a, b } : { op, a, b, round });
  }
  float1(op: FloatUnary, a: ValueId): ValueId {
    return this.b.def(this.type(a), { op, a });
  }
  private isFloat(v: ValueId): boolean {
    return isFloat(this.type(v));
  }

  add(a: ValueId, b: ValueId): ValueId {
    return this.isFloat(a) ? this.float("fadd", a, b) : this.int("add", a, b);
  }
  sub(a: ValueId, b: ValueId): ValueId {
    return this.isFloat(a) ? this.float("fsub", a, b) : this.int("sub", a, b);
  }
  mul(a: ValueId, b: ValueId): ValueId {
    return this.isFloat(a) ? this.float("fmul", a, b) : this.int("mul", a, b);
  }
  /** Floating-point division; integers use `int("div.s", ...)`. */
  div(a: ValueId, b: ValueId): ValueId {
    return this.float("fdiv", a, b);
  }
  fma(a: ValueId, b: ValueId, c: ValueId): ValueId {
    return this.b.def(this.type(a), { op: "fma", a, b, c });
  }
  neg(a: ValueId): ValueId {
    return this.isFloat(a) ? this.float1("fneg", a) : this.int1("neg", a);
  }
  abs(a: ValueId): ValueId {
    return this.float1("fabs", a);
  }
  sqrt(a: ValueId): ValueId {
    return this.float1("fsqrt", a);
  }
  rint(a: ValueId): ValueId {
    return this.float1("frint", a);
  }
  copysign(magnitude: ValueId, sign: ValueId): ValueId {
    return this.float("copysign", magnitude, sign);
  }

  and(a: ValueId, b: ValueId): ValueId {
    return this.int("and", a, b);
  }
  or(a: ValueId, b: ValueId): ValueId {
    return this.int("or", a, b);
  }
  xor(a: ValueId, b: ValueId): ValueId {
    return this.int("xor", a, b);
  }
  not(a: ValueId): ValueId {
    return this.int1("not", a);
  }
  shl(a: ValueId, by: number): ValueId {
    return this.int("shl", a, this.like(a, by));
  }
  lshr(a: ValueId, by: number): ValueId {
    return this.int("lshr", a, this.like(a, by));
  }
  ashr(a: ValueId, by: number): ValueId {
    return this.int("ashr", a, this.like(a, by));
  }

  icmp(pred: IntPredicate, a: ValueId, b: ValueId): ValueId {
    return this.b.def("i1", { op: "icmp", pred, a, b });
  }
  fcmp(pred: FloatPredicate, a: ValueId, b: ValueId): ValueId {
    return this.b.def("i1", { op: "fcmp", pred, a, b });
  }
  select(c: ValueId, a: ValueId, b: ValueId): ValueId {
    return a === b ? a : this.b.def(this.type(a), { op: "select", c, a, b });
  }
  conv(op: Conversion, type: Type, a: ValueId, round?: Rounding): ValueId {
    return this.b.def(type, round === undefined ? { op, a } : { op, a, round });
  }
  /** A float's bits as an integer of the same width. */
  bits(a: ValueId): ValueId {
    return this.conv("bitcast", this.type(a) === "f32" ? "i32" : "i64", a);
  }
  /** An integer's bits as a float of the same width. */
  unbits(a: ValueId): ValueId {
    return this.conv("bitcast", this.type(a) === "i32" ? "f32" : "f64", a);
  }
  /** To a signed integer, toward zero; NaN gives 0. */
  toInt(type: Type, a: ValueId): ValueId {
    return this.conv("fptosi", type, a);
  }
  /** From a signed integer. */
  toFloat(type: Type, a: ValueId): ValueId {
    return this.conv("sitofp", type, a);
  }
  widen(a: ValueId): ValueId {
    return this.conv("fpext", "f64", a);
  }
  narrow(a: ValueId): ValueId {
    return this.conv("fptrunc", "f32", a);
  }
  sreg(reg: SpecialRegister, type: Type = "i32"): ValueId {
    return this.b.def(type, { op: "sreg", reg });
  }

  /** c[0] + x*(c[1] + x*(c[2] + ...)), multiply and add apart. */
  poly(x: ValueId, coefficients: readonly number[]): ValueId {
    let sum = this.like(x, coefficients.at(-1)!);
    for (let i = coefficients.length - 2; i >= 0; i--) sum = this.add(this.mul(sum, x), this.like(x, coefficients[i]!));
    return sum;
  }

  /** Calls a library function by name. */
  call(name: string, ...args: ValueId[]): ValueId[] {
    const dst = this.resolve(name).map((type) => this.b.value(type));
    this.b.emit({ op: "call", dst, callee: name, args });
    return dst;
  }
  /** Calls a library function of one result. */
  call1(name: string, ...args: ValueId[]): ValueId {
    return this.call(name, ...args)[0]!;
  }

  /** Both arms give the same number of values of the same types; the merged values come back. */
  if(c: ValueId, then: () => ValueId[], otherwise: () => ValueId[] = () => []): ValueId[] {
    const yes = this.b.block("then");
    const no = this.b.block("else");
    const join = this.b.block("join");
    this.b.emit({ op: "condbr", c, then: yes, else: no });
    this.b.at(yes);
    const a = then();
    const fromYes = this.b.here;
    if (!this.b.terminated) this.b.emit({ op: "br", target: join });
    this.b.at(no);
    const z = otherwise();
    const fromNo = this.b.here;
    if (!this.b.terminated) this.b.emit({ op: "br", target: join });
    this.b.at(join);
    return a.map((value, n) => {
      const dst = this.b.phi(this.type(value), join);
      this.b.setPhi(join, dst, [[fromYes, value], [fromNo, z[n]!]]);
      return dst;
    });
  }

  /**
   * while (test(vars)) vars = body(vars). `test` runs in the loop's head; the variables as they stand when it fails come back.
   */
  loop(initial: readonly ValueId[], test: (vars: ValueId[]) => ValueId, body: (vars: ValueId[]) => ValueId[]): ValueId[] {
    const before = this.b.here;
    const head = this.b.block("loop");
    const inside = this.b.block("body");
    const after = this.b.block("done");
    this.b.emit({ op: "br", target: head });
    const vars = initial.map((value) => this.b.phi(this.type(value), head));
    this.b.at(head);
    this.b.emit({ op: "condbr", c: test(vars), then: inside, else: after });
    this.b.at(inside);
    const next = body(vars);
    const last = this.b.here;
    this.b.emit({ op: "br", target: head });
    vars.forEach((dst, n) => this.b.setPhi(head, dst, [[before, initial[n]!], [last, next[n]!]]));
    this.b.at(after);
    return vars;
  }
}
