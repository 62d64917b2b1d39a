import type { Fn, Module } from "./module.ts";
import type { Instr, Opcode, SpecialRegister, ValueId } from "./ops.ts";
import { isFloat, isInt, type Type } from "./types.ts";

/** Operations whose result is rounded: only they may carry `round`. */
const roundable: ReadonlySet<Opcode> = new Set<Opcode>([
  "fadd", "fsub", "fmul", "fdiv", "fsqrt", "fma",
  "fptosi", "fptoui", "sitofp", "uitofp", "fptrunc", "f32tof16", "f64tof16", "f32tobf16",
]);

const wideRegisters: ReadonlySet<SpecialRegister> = new Set<SpecialRegister>([
  "gid.x", "gid.y", "gid.z", "gsize.x", "gsize.y", "gsize.z", "goff.x", "goff.y", "goff.z", "clock64", "globaltimer",
]);

/** Type of a special register's value. */
export function registerType(register: SpecialRegister): "i32" | "i64" {
  return wideRegisters.has(register) ? "i64" : "i32";
}

const widths: Readonly<Record<string, number>> = { i1: 1, i8: 8, i16: 16, i32: 32, i64: 64 };

/** What the operand and result types of one instruction break, as sentence ends ("operand %3 is i64, not i32"). Assumes that value ids are in range. */
export function typeProblems(module: Module, fn: Fn, instr: Instr): string[] {
  const problems: string[] = [];
  const typeOf = (value: ValueId): Type => fn.types[value]!;
  const say = (problem: string): void => void problems.push(problem);
  const want = (value: ValueId | null, type: Type, role: string): void => {
    if (value !== null && typeOf(value) !== type) say(`${role} %${value} is ${typeOf(value)}, not ${type}`);
  };
  const wantInt = (value: ValueId, role: string): void => {
    if (!isInt(typeOf(value))) say(`${role} %${value} is ${typeOf(value)}, not an integer`);
  };
  const wantFloat = (value: ValueId, role: string): void => {
    if (!isFloat(typeOf(value))) say(`${role} %${value} is ${typeOf(value)}, not a float`);
  };
  const wantAll = (values: readonly ValueId[], types: readonly Type[], role: string): void => {
    if (values.length !== types.length) say(`has ${values.length} ${role}s, not ${types.length}`);
    else values.forEach((value, i) => want(value, types[i]!, `${role} ${i}`));
  };
  const wantOffset = (offset: number): void => {
    if (!Number.isSafeInteger(offset)) say(`offset ${offset} is no whole number`);
  };
  if ("round" in instr && instr.round !== undefined && !roundable.has(instr.op)) say("may not carry a rounding");

  switch (instr.op) {
    case "const": {
      const type = typeOf(instr.dst);
      if (type === "i64" ? typeof instr.value !== "bigint" : typeof instr.value !== "number") say(`a constant of type ${type} is given as ${typeof instr.value}`);
      else if (type === "i64" && (instr.value < -(2n ** 63n) || instr.value >= 2n ** 64n)) say(`constant ${instr.value} does not fit i64`);
      else if (type === "i32" && !(Number.isInteger(instr.value) && instr.value >= -(2 ** 31) && instr.value < 2 ** 32)) say(`constant ${instr.value} does not fit i32`);
      else if (type in widths && type !== "i64" && type !== "i32" && !(Number.isInteger(instr.value) && instr.value >= 0 && instr.value < 2 ** widths[type]!)) {
        say(`constant ${instr.value} is no zero-extended ${type}`);
      } else if (type === "f32" && typeof instr.value === "number" && !Object.is(Math.fround(instr.value), instr.value)) say(`constant ${instr.value} is no f32`);
      break;
    }
    case "constbits":
      wantFloat(instr.dst, "result");
      if (instr.bits < 0n || instr.bits >= (typeOf(instr.dst) === "f32" ? 2n ** 32n : 2n ** 64n)) say(`bits 0x${instr.bits.toString(16)} do not fit ${typeOf(instr.dst)}`);
      break;
    case "add": case "sub": case "mul": case "mulhi.s": case "mulhi.u": case "div.s": case "div.u": case "rem.s": case "rem.u":
    case "and": case "or": case "xor": case "shl": case "lshr": case "ashr": case "rotl":
    case "min.s": case "max.s": case "min.u": case "max.u":
      wantInt(instr.dst, "result");
      want(instr.a, typeOf(instr.dst), "operand");
      want(instr.b, typeOf(instr.dst), "operand");
      break;
    case "not": case "neg": case "clz": case "ctz": case "popc": case "brev":
      wantInt(instr.dst, "result");
      want(instr.a, typeOf(instr.dst), "operand");
      break;
    case "fadd": case "fsub": case "fmul": case "fdiv": case "frem": case "fmin": case "fmax": case "copysign":
      wantFloat(instr.dst, "result");
      want(instr.a, typeOf(instr.dst), "operand");
      want(instr.b, typeOf(instr.dst), "operand");
      break;
    case "fneg": case "fabs": case "fsqrt": case "ffloor": case "fceil": case "ftrunc": case "frint": case "fround":
      wantFloat(instr.dst, "result");
      want(instr.a, typeOf(instr.dst), "operand");
      break;
    case "fma":
      wantFloat(instr.dst, "result");
      for (const value of [instr.a, instr.b, instr.c]) want(value, typeOf(instr.dst), "operand");
      break;
    case "icmp":
      want(instr.dst, "i1", "result");
      wantInt(instr.a, "operand");
      want(instr.b, typeOf(instr.a), "operand");
      break;
    case "fcmp":
      want(instr.dst, "i1", "result");
      wantFloat(instr.a, "operand");
      want(instr.b, typeOf(instr.a), "operand");
      break;
    case "select":
      want(instr.c, "i1", "condition");
      want(instr.a, typeOf(instr.dst), "operand");
      want(instr.b, typeOf(instr.dst), "operand");
      break;
    case "trunc": case "zext": case "sext": {
      const from = typeOf(instr.a);
      const to = typeOf(instr.dst);
      const fits = isInt(from) && isInt(to) && (instr.op === "trunc" ? widths[to]! < widths[from]! : widths[to]! > widths[from]!);
      if (!fits) say(`cannot turn ${from} into ${to}`);
      break;
    }
    case "bitcast": {
      const pair = `${typeOf(instr.a)} ${typeOf(instr.dst)}`;
      if (!["i32 f32", "f32 i32", "i64 f64", "f64 i64"].includes(pair)) say(`cannot turn ${pair.replace(" ", " into ")}`);
      break;
    }
    case "fptosi": case "fptoui":
      wantFloat(instr.a, "operand");
      wantInt(instr.dst, "result");
      if (typeOf(instr.dst) === "i1") say("result may not be i1");
      break;
    case "sitofp": case "uitofp":
      wantInt(instr.a, "operand");
      wantFloat(instr.dst, "result");
      break;
    case "fptrunc": want(instr.a, "f64", "operand"); want(instr.dst, "f32", "result"); break;
    case "fpext": want(instr.a, "f32", "operand"); want(instr.dst, "f64", "result"); break;
    case "f16tof32": case "bf16tof32": want(instr.a, "i16", "operand"); want(instr.dst, "f32", "result"); break;
    case "f32tof16": case "f32tobf16": want(instr.a, "f32", "operand"); want(instr.dst, "i16", "result"); break;
    case "f64tof16": want(instr.a, "f64", "operand"); want(instr.dst, "i16", "result"); break;
    case "copy": want(instr.a, typeOf(instr.dst), "operand"); break;
    case "phi": for (const [, value] of instr.from) want(value, typeOf(instr.dst), "entry"); break;
    case "sreg": want(instr.dst, registerType(instr.reg), "result"); break;
    case "param":
    case "paramaddr":
      if (instr.op === "paramaddr") want(instr.dst, "i64", "result");
      if (fn.kind !== "kernel") say("stands in a function that is no kernel");
      else if (!(Number.isSafeInteger(instr.offset) && instr.offset >= 0 && instr.offset <= fn.paramBytes)) say(`offset ${instr.offset} is outside the ${fn.paramBytes} parameter bytes`);
      else if (instr.op === "param" && instr.offset + (isFloat(typeOf(instr.dst)) ? (typeOf(instr.dst) === "f32" ? 4 : 8) : Math.max(1, widths[typeOf(instr.dst)]! / 8)) > fn.paramBytes) {
        say(`reads past the ${fn.paramBytes} parameter bytes`);
      }
      break;
    case "globaladdr":
      want(instr.dst, "i64", "result");
      if (!module.globals.has(instr.symbol)) say(`names the unknown variable "${instr.symbol}"`);
      break;
    case "sharedaddr":
      want(instr.dst, "i64", "result");
      if (!module.shared.has(instr.symbol)) say(`names the unknown shared variable "${instr.symbol}"`);
      break;
    case "dynsharedaddr": want(instr.dst, "i64", "result"); break;
    case "localaddr":
      want(instr.dst, "i64", "result");
      if (fn.locals[instr.index] === undefined) say(`names local ${instr.index}, but the function has ${fn.locals.length}`);
      break;
    case "funcaddr":
      want(instr.dst, "i64", "result");
      if (!module.functions.has(instr.symbol)) say(`names the unknown function "${instr.symbol}"`);
      break;
    case "load":
    case "store": {
      const values = instr.op === "load" ? instr.dst : instr.src;
      if (values.length === 0) say("moves no value");
      else for (const value of values) want(value, typeOf(values[0]!), instr.op === "load" ? "result" : "operand");
      want(instr.addr, "i64", "address");
      wantOffset(instr.offset);
      if (!isPowerOfTwo(instr.align)) say(`alignment ${instr.align} is no power of two`);
      if (instr.op === "store" && instr.space === "const") say("writes to space const");
      break;
    }
    case "atomic": {
      const type = typeOf(instr.dst);
      want(instr.addr, "i64", "address");
      want(instr.value, type, "operand");
      wantOffset(instr.offset);
      if (instr.space === "const") say("writes to space const");
      const float = instr.rmw === "fadd" || instr.rmw === "fmin" || instr.rmw === "fmax";
      const fits = type === "i32" || type === "i64" ? !float : (type === "f32" || type === "f64") && (float || instr.rmw === "xchg");
      if (!fits) say(`atomic ${instr.rmw} does not work on ${type}`);
      break;
    }
    case "cmpxchg": {
      const type = typeOf(instr.dst);
      want(instr.addr, "i64", "address");
      want(instr.expected, type, "operand");
      want(instr.value, type, "operand");
      wantOffset(instr.offset);
      if (instr.space === "const") say("writes to space const");
      if (type !== "i32" && type !== "i64") say(`cmpxchg does not work on ${type}`);
      break;
    }
    case "call": {
      const callee = module.functions.get(instr.callee);
      if (callee === undefined) say(`calls the unknown function "${instr.callee}"`);
      else if (callee.kind === "kernel") say(`calls the kernel "${instr.callee}"`);
      else {
        wantAll(instr.args, callee.params, "argument");
        wantAll(instr.dst, callee.results, "result");
      }
      break;
    }
    case "calli":
      want(instr.target, "i64", "target");
      wantAll(instr.args, instr.params, "argument");
      wantAll(instr.dst, instr.results, "result");
      break;
    case "barrier":
      want(instr.id, "i32", "id");
      want(instr.count, "i32", "count");
      if (instr.kind === "arrive" && instr.count === null) say("arrives without a count");
      break;
    case "barred":
      want(instr.id, "i32", "id");
      want(instr.count, "i32", "count");
      want(instr.a, "i1", "operand");
      want(instr.dst, instr.red === "popc" ? "i32" : "i1", "result");
      break;
    case "warpsync": want(instr.mask, "i32", "mask"); break;
    case "shfl":
      for (const value of [instr.dst, instr.a, instr.b, instr.c]) want(value, "i32", value === instr.dst ? "result" : "operand");
      if (instr.ok !== -1) want(instr.ok, "i1", "second result");
      want(instr.mask, "i32", "mask");
      break;
    case "vote":
      want(instr.a, "i1", "operand");
      want(instr.dst, instr.mode === "ballot" ? "i32" : "i1", "result");
      want(instr.mask, "i32", "mask");
      break;
    case "match":
      if (typeOf(instr.a) !== "i32" && typeOf(instr.a) !== "i64") say(`operand %${instr.a} is ${typeOf(instr.a)}, not i32 or i64`);
      want(instr.dst, "i32", "result");
      if (instr.ok !== -1) want(instr.ok, "i1", "second result");
      want(instr.mask, "i32", "mask");
      break;
    case "redux": want(instr.a, "i32", "operand"); want(instr.dst, "i32", "result"); want(instr.mask, "i32", "mask"); break;
    case "activemask": want(instr.dst, "i32", "result"); break;
    case "printf":
      want(instr.dst, "i32", "result");
      want(instr.formatAddr, "i64", "format address");
      want(instr.argsAddr, "i64", "arguments' address");
      if ((instr.format === null) === (instr.formatAddr === null)) say("needs either a format or a format's address");
      if (instr.argsAddr !== null && instr.args.length > 0) say("has both arguments and an arguments' address");
      break;
    case "assertfail":
      for (const value of [instr.message, instr.file, instr.func]) want(value, "i64", "address");
      want(instr.lineNo, "i32", "line");
      break;
    case "nanosleep": want(instr.ns, "i32", "operand"); break;
    case "condbr": want(instr.c, "i1", "condition"); break;
    case "switch": {
      wantInt(instr.a, "operand");
      const width = widths[typeOf(instr.a)] ?? 64;
      const seen = new Set<bigint>();
      for (const [value] of instr.cases) {
        if (value < -(2n ** BigInt(width - 1)) || value >= 2n ** BigInt(width)) say(`case ${value} does not fit ${typeOf(instr.a)}`);
        const pattern = BigInt.asUintN(width, value);
        if (seen.has(pattern)) say(`has the case ${value} twice`);
        seen.add(pattern);
      }
      break;
    }
    case "ret":
      if (fn.kind === "kernel") {
        if (instr.values.length > 0) say("returns values from a kernel");
      } else wantAll(instr.values, fn.results, "result");
      break;
    case "fence": case "br": case "exit": case "trap": case "unreachable":
      break;
    default: {
      const unknown: never = instr;
      say(`is no known operation (${(unknown as Instr).op})`);
    }
  }
  return problems;
}

/** 1, 2, 4, ... */
export function isPowerOfTwo(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && Number.isInteger(Math.log2(value));
}
