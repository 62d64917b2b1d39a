import type { Instr, Opcode } from "./ops.ts";

/**
 * The fields of every instruction, in the order in which they are printed. One table serves the printer, the parser,
 * the verifier and whoever asks for operands: an operation added to `ops.ts` does not compile until it has its row.
 *
 * Kinds: `value`/`value?`/`values` operands (`?`: may be null); `block` a successor; `phi` and `cases` the lists of those instructions;
 * `word` an enumeration or another bare word; `literal` number or bigint; `int` number; `big` bigint; `string`/`string?` text; `types` a list of types.
 * A `key` field may be absent and prints as `name=value`.
 */
export type FieldKind = "value" | "value?" | "values" | "block" | "phi" | "cases" | "word" | "literal" | "int" | "big" | "bool" | "string" | "string?" | "types";

/** One operand of an instruction. */
export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  readonly optional: boolean;
}

/** How many values an operation defines: none, one, a list, or one and an `ok` that may be missing. */
export type Results = "none" | "one" | "list" | "ok";

/** Results and operands of an instruction. */
export interface Shape {
  readonly results: Results;
  readonly fields: readonly Field[];
}

function shape(results: Results, ...fields: readonly string[]): Shape {
  return {
    results,
    fields: fields.map((text) => {
      const [name, kind] = text.split(":") as [string, string];
      return { name: name.replace("?", ""), kind: kind as FieldKind, optional: name.endsWith("?") };
    }),
  };
}

const binary = shape("one", "a:value", "b:value");
const unary = shape("one", "a:value");
const roundedBinary = shape("one", "a:value", "b:value", "round?:word");
const rounded = shape("one", "a:value", "round?:word");
const order = ["order?:word", "scope?:word", "volatile?:bool"];

/** The shape of every instruction: printer, parser and verifier go by it. */
export const shapes: Readonly<Record<Opcode, Shape>> = {
  const: shape("one", "value:literal"),
  constbits: shape("one", "bits:big"),
  add: binary, sub: binary, mul: binary, "mulhi.s": binary, "mulhi.u": binary,
  "div.s": binary, "div.u": binary, "rem.s": binary, "rem.u": binary,
  and: binary, or: binary, xor: binary, shl: binary, lshr: binary, ashr: binary, rotl: binary,
  "min.s": binary, "max.s": binary, "min.u": binary, "max.u": binary,
  not: unary, neg: unary, clz: unary, ctz: unary, popc: unary, brev: unary,
  fadd: roundedBinary, fsub: roundedBinary, fmul: roundedBinary, fdiv: roundedBinary,
  frem: roundedBinary, fmin: roundedBinary, fmax: roundedBinary, copysign: roundedBinary,
  fneg: rounded, fabs: rounded, fsqrt: rounded, ffloor: rounded, fceil: rounded, ftrunc: rounded, frint: rounded, fround: rounded,
  fma: shape("one", "a:value", "b:value", "c:value", "round?:word"),
  icmp: shape("one", "pred:word", "a:value", "b:value"),
  fcmp: shape("one", "pred:word", "a:value", "b:value"),
  select: shape("one", "c:value", "a:value", "b:value"),
  trunc: rounded, zext: rounded, sext: rounded, bitcast: rounded,
  fptosi: rounded, fptoui: rounded, sitofp: rounded, uitofp: rounded, fptrunc: rounded, fpext: rounded,
  f16tof32: rounded, f32tof16: rounded, f64tof16: rounded, bf16tof32: rounded, f32tobf16: rounded,
  copy: unary,
  phi: shape("one", "from:phi"),
  sreg: shape("one", "reg:word"),
  param: shape("one", "offset:int"),
  paramaddr: shape("one", "offset:int"),
  globaladdr: shape("one", "symbol:string", "offset?:big"),
  sharedaddr: shape("one", "symbol:string"),
  dynsharedaddr: shape("one"),
  localaddr: shape("one", "index:int"),
  funcaddr: shape("one", "symbol:string"),
  load: shape("list", "space:word", "addr:value", "offset:int", "align:int", ...order),
  store: shape("none", "src:values", "space:word", "addr:value", "offset:int", "align:int", ...order),
  atomic: shape("one", "rmw:word", "space:word", "addr:value", "offset:int", "value:value", "order:word", "scope:word"),
  cmpxchg: shape("one", "space:word", "addr:value", "offset:int", "expected:value", "value:value", "order:word", "scope:word"),
  fence: shape("none", "order:word", "scope:word"),
  call: shape("list", "callee:string", "args:values"),
  calli: shape("list", "target:value", "args:values", "params:types", "results:types"),
  barrier: shape("none", "kind:word", "id:value?", "count:value?", "orders?:word"),
  barred: shape("one", "red:word", "id:value?", "count:value?", "a:value"),
  warpsync: shape("none", "mask:value?"),
  shfl: shape("ok", "mode:word", "a:value", "b:value", "c:value", "mask:value?"),
  vote: shape("one", "mode:word", "a:value", "mask:value?"),
  match: shape("ok", "mode:word", "a:value", "mask:value?"),
  redux: shape("one", "red:word", "a:value", "mask:value?"),
  activemask: shape("one"),
  printf: shape("one", "format:string?", "formatAddr:value?", "argsAddr:value?", "args:values"),
  assertfail: shape("none", "message:value", "file:value", "lineNo:value", "func:value"),
  nanosleep: shape("none", "ns:value"),
  br: shape("none", "target:block"),
  condbr: shape("none", "c:value", "then:block", "else:block"),
  switch: shape("none", "a:value", "cases:cases", "default:block"),
  ret: shape("none", "values:values"),
  exit: shape("none"),
  trap: shape("none"),
  unreachable: shape("none"),
};

/** An instruction's field by name; for code driven by `shapes`. */
export function field(instr: Instr, name: string): unknown {
  return (instr as unknown as Record<string, unknown>)[name];
}
