import type { ValueId } from "../../../ir/ops.ts";
import type { Type } from "../../../ir/types.ts";
import { Reg, type Operand, type Signature, type Sym, type Variable } from "../../ast.ts";
import { irSignature, sizeOfFormal, toWord, wordsOf } from "../abi.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";
import { ptxType } from "../../types.ts";

/** call (PTX ISA 9.7.12.5): direct, indirect, and to what the system provides. */

function itemsOf(op: Operand | undefined): readonly Operand[] {
  return op !== undefined && op.kind === "list" ? op.items : [];
}

/** Values of the actual arguments, as the signature's words. */
function argumentsOf(c: FnLowering, signature: Signature, actual: readonly Operand[]): ValueId[] {
  if (actual.length !== signature.params.length) c.fail(`${signature.params.length} arguments are wanted, ${actual.length} are given`);
  return actual.flatMap((op, i) => argument(c, signature.params[i]!, op));
}

function argument(c: FnLowering, formal: Variable | Reg, op: Operand): ValueId[] {
  const size = sizeOfFormal(formal, c.line);
  const variable = op.kind === "sym" ? op.variable : null;
  if (variable !== null && variable.space === "param") {
    if (variable.size !== size) c.fail(`argument '${variable.name}' has ${variable.size} bytes, the function wants ${size}`);
    return c.params.values(variable);
  }
  const words = wordsOf(size);
  if (words.length !== 1) return c.fail(`parameter '${formal.name}' of ${size} bytes cannot be given by a register or constant`);
  const type = ptxType(`b${size * 8}`);
  const v = op instanceof Reg ? c.read(op) : c.any(op, formal.type.kind === "f" ? formal.type : type);
  if (op instanceof Reg && op.type.bits !== size * 8 && op.type.kind !== "pred") c.fail(`register ${op.name} does not have the parameter's ${size} bytes`);
  return [toWord(c.em, v, words[0]!.type)];
}

/** Puts the results where the call wants them. */
function receive(c: FnLowering, signature: Signature, actual: readonly Operand[], values: readonly ValueId[]): void {
  if (actual.length !== signature.results.length) c.fail(`${signature.results.length} results are given, ${actual.length} are taken`);
  let at = 0;
  actual.forEach((op, i) => {
    const formal = signature.results[i]!;
    const size = sizeOfFormal(formal, c.line);
    const target = op instanceof Reg ? op : op.kind === "sym" ? op.variable : null;
    if (target === null || (!(target instanceof Reg) && target.space !== "param")) {
      if (op.kind !== "sink") c.fail("a result goes to a .param variable or a register");
      at += wordsOf(size).length;
      return;
    }
    if (sizeOfFormal(target, c.line) !== size) c.fail(`result '${target.name}' has ${sizeOfFormal(target, c.line)} bytes, the function gives ${size}`);
    at += c.params.receive(target, values, at);
  });
}

/** Functions of the system that the IR has operations for (CUDA C++ Programming Guide: formatted output, assertion). */
const system: Readonly<Record<string, (c: FnLowering, args: readonly ValueId[]) => ValueId[]>> = {
  vprintf: (c, [formatAddr, argsAddr]) => {
    const dst = c.em.value("i32");
    c.em.push({ op: "printf", dst, format: null, formatAddr: formatAddr!, argsAddr: argsAddr!, args: [], line: c.em.line });
    return [dst];
  },
  __assertfail: (c, [message, file, lineNo, func]) => {
    c.em.push({ op: "assertfail", message: message!, file: file!, lineNo: lineNo!, func: func!, line: c.em.line });
    return [];
  },
};

const systemParams: Readonly<Record<string, readonly Type[]>> = { vprintf: ["i64", "i64"], __assertfail: ["i64", "i64", "i32", "i64", "i64"] };

function direct(c: FnLowering, target: Sym, results: readonly Operand[], args: readonly Operand[]): void {
  const fn = c.module.functionNamed(target.name);
  if (fn === undefined) return c.fail(`function '${target.name}' is not declared`);
  if (fn.entry) c.fail(`'${target.name}' is a kernel and cannot be called`);
  const types = irSignature(fn, c.line);
  const values = argumentsOf(c, fn, args);
  const provided = fn.body === null && types.params.join() === systemParams[fn.name]?.join() ? system[fn.name] : undefined;
  const out = provided === undefined ? c.em.call(c.module.functionName(target.name)!, values, types.results) : provided(c, values);
  receive(c, fn, results, out);
}

/** The prototype of an indirect call: a `.callprototype`, or that of the functions in a `.calltargets` list. */
function prototypeOf(c: FnLowering, op: Operand | undefined): Signature {
  if (op === undefined || op.kind !== "sym") return c.fail("an indirect call needs a .callprototype or .calltargets label");
  const prototype = op.scope.findPrototype(op.name);
  if (prototype !== undefined) return prototype;
  const first = op.scope.findList(op.name)?.[0];
  const fn = first === undefined ? undefined : c.module.functionNamed(first);
  return fn ?? c.fail(`no .callprototype '${op.name}' can be seen from here`);
}

const call: Lower = (c, ops) => {
  const [results, target, args, prototype] = ops;
  if (target === undefined) return c.fail("a call needs a target");
  if (target.kind === "sym" && target.variable === null) return direct(c, target, itemsOf(results), itemsOf(args));
  const signature = prototypeOf(c, prototype);
  const types = irSignature(signature, c.line);
  const address = c.src(target, ptxType("b64"));
  const values = argumentsOf(c, signature, itemsOf(args));
  const dst = types.results.map((type) => c.em.value(type));
  c.em.push({ op: "calli", dst, target: address, args: values, params: types.params, results: types.results, line: c.em.line });
  receive(c, signature, itemsOf(results), dst);
};

/** Rows of calls. */
export const callRows: readonly Row[] = [
  { op: "call", types: [], mods: "uni", operands: [3, 4], mode: "effect", make: () => call },
];
