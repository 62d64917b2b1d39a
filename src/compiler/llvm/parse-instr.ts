import type { LInstr, Operand } from "./ast.ts";
import type { Lexer } from "./lexer.ts";
import { parseOperand, parseValue } from "./parse-const.ts";
import { parseAttributes } from "./parse-header.ts";
import { parsePlainType, parseType, type NamedTypes } from "./parse-type.ts";
import { I1, LABEL, ptrType, VOID, type LType } from "./types.ts";

const BINARY = new Set([
  "add", "sub", "mul", "udiv", "sdiv", "urem", "srem", "shl", "lshr", "ashr", "and", "or", "xor", "fadd", "fsub", "fmul", "fdiv", "frem",
]);
const CASTS = new Set([
  "trunc", "zext", "sext", "fptrunc", "fpext", "fptoui", "fptosi", "uitofp", "sitofp", "ptrtoint", "inttoptr", "bitcast", "addrspacecast", "ptrtoaddr",
]);
/** Flags promise things about the operands; a front end that keeps exact semantics has no use for them. */
const FLAGS = new Set([
  "nuw", "nsw", "exact", "disjoint", "nneg", "samesign", "inbounds", "nusw", "volatile", "nnan", "ninf", "nsz", "arcp", "contract", "afn", "reassoc", "fast",
]);
const ORDERS = new Set(["unordered", "monotonic", "acquire", "release", "acq_rel", "seq_cst"]);

/** An instruction before its debug location is known. */
export type Bare = LInstr extends infer T ? T extends LInstr ? Omit<T, "dst" | "dbg" | "at"> : never : never;

function label(lx: Lexer, types: NamedTypes): string {
  const type = parseType(lx, types);
  if (type !== LABEL) lx.unexpected("a label");
  return lx.take("local");
}

function scopeAndOrder(lx: Lexer): { scope: string; order: string | null } {
  let scope = "";
  if (lx.eatWord("syncscope")) {
    lx.expect("(");
    scope = lx.take("string");
    lx.expect(")");
  }
  const order = lx.has("word") && ORDERS.has(lx.text) ? lx.text : null;
  if (order !== null) lx.next();
  return { scope, order };
}

function alignment(lx: Lexer): number {
  // The comma may also belong to the metadata behind the instruction.
  if (!lx.is(",") || !/^,\s*align\b/.test(lx.src.slice(lx.start, lx.start + 12))) return 0;
  lx.next();
  lx.next();
  return lx.int();
}

function order(lx: Lexer): string {
  if (!lx.has("word") || !ORDERS.has(lx.text)) lx.unexpected("a memory order");
  return lx.take("word");
}

function parsePath(lx: Lexer): number[] {
  const path: number[] = [];
  while (lx.is(",") && /^,\s*\d/.test(lx.src.slice(lx.start, lx.start + 8))) {
    lx.next();
    path.push(lx.int());
  }
  return path;
}

function memberType(lx: Lexer, type: LType, path: readonly number[]): LType {
  let at = type;
  for (const index of path) {
    const next = at.k === "struct" ? at.fields[index] : at.k === "array" || at.k === "vec" ? at.elem : undefined;
    if (next === undefined) return lx.fail("index into no aggregate");
    at = next;
  }
  return at;
}

function shapedLike(type: LType, elem: LType): LType {
  return type.k === "vec" ? { k: "vec", n: type.n, elem } : elem;
}

function elementOf(lx: Lexer, type: LType): LType {
  return type.k === "vec" ? type.elem : lx.fail("vector wanted");
}

/** Parses one instruction, up to its metadata. */
export function parseInstr(lx: Lexer, types: NamedTypes): Bare {
  if (!lx.has("word")) lx.unexpected("an instruction");
  let op = lx.text;
  lx.next();
  if (op === "tail" || op === "musttail" || op === "notail") {
    if (!lx.eatWord("call")) lx.unexpected("'call'");
    op = "call";
  }
  let atomic = false;
  let volatile = false;
  if (op === "load" || op === "store") atomic = lx.eatWord("atomic");
  if (op === "cmpxchg") lx.eatWord("weak");
  while (lx.has("word") && FLAGS.has(lx.text)) {
    if (lx.text === "volatile") volatile = true;
    lx.next();
  }
  if (BINARY.has(op)) {
    const a = parseOperand(lx, types);
    lx.expect(",");
    return { op: "binary", what: op, type: a.type, a, b: parseValue(lx, types, a.type) };
  }
  if (CASTS.has(op)) {
    const a = parseOperand(lx, types);
    if (!lx.eatWord("to")) lx.unexpected("'to'");
    return { op: "cast", what: op, a, type: parseType(lx, types) };
  }
  const operand = (): Operand => parseOperand(lx, types);
  const comma = (): void => lx.expect(",");
  switch (op) {
    case "fneg": case "freeze": {
      const a = operand();
      return { op, a, type: a.type };
    }
    case "icmp": case "fcmp": {
      const pred = lx.take("word");
      const a = operand();
      comma();
      return { op, pred, a, b: parseValue(lx, types, a.type), type: shapedLike(a.type, I1) };
    }
    case "select": {
      const c = operand();
      comma();
      const a = operand();
      comma();
      return { op, c, a, b: operand(), type: a.type };
    }
    case "phi": {
      const type = parseType(lx, types);
      const from: { value: Operand; block: string }[] = [];
      do {
        lx.expect("[");
        const value = parseValue(lx, types, type);
        comma();
        from.push({ value, block: lx.take("local") });
        lx.expect("]");
      } while (lx.is(",") && /^,\s*\[/.test(lx.src.slice(lx.start, lx.start + 8)) && lx.eat(","));
      return { op, type, from };
    }
    case "load": {
      const type = parseType(lx, types);
      comma();
      const ptr = operand();
      const how = atomic ? scopeAndOrder(lx) : { scope: "", order: null };
      return { op, type, ptr, ...how, align: alignment(lx), volatile };
    }
    case "store": {
      const value = operand();
      comma();
      const ptr = operand();
      const how = atomic ? scopeAndOrder(lx) : { scope: "", order: null };
      return { op, type: VOID, value, ptr, ...how, align: alignment(lx), volatile };
    }
    case "getelementptr": {
      if (lx.isWord("inrange")) {
        lx.next();
        lx.skipBalanced();
      }
      const elem = parseType(lx, types);
      comma();
      const ptr = operand();
      const indices: Operand[] = [];
      while (lx.is(",") && !/^,\s*!/.test(lx.src.slice(lx.start, lx.start + 8))) {
        lx.next();
        indices.push(operand());
      }
      const lanes = [ptr, ...indices].find((o) => o.type.k === "vec");
      return { op: "gep", elem, ptr, indices, inbounds: true, type: lanes === undefined ? ptr.type : lx.fail("unsupported: getelementptr on vectors of pointers") };
    }
    case "alloca": {
      lx.eatWord("inalloca");
      const elem = parseType(lx, types);
      let count: Operand | null = null;
      let align = 0;
      let space = 0;
      while (lx.is(",") && !/^,\s*!/.test(lx.src.slice(lx.start, lx.start + 8))) {
        lx.next();
        if (lx.eatWord("align")) align = lx.int();
        else if (lx.eatWord("addrspace")) {
          lx.expect("(");
          space = lx.int();
          lx.expect(")");
        } else count = operand();
      }
      return { op, elem, count, align, type: ptrType(space) };
    }
    case "extractelement": {
      const a = operand();
      comma();
      return { op, a, index: operand(), type: elementOf(lx, a.type) };
    }
    case "insertelement": {
      const a = operand();
      comma();
      const value = operand();
      comma();
      return { op, a, value, index: operand(), type: a.type };
    }
    case "shufflevector": {
      const a = operand();
      comma();
      const b = operand();
      comma();
      const mask = operand();
      const n = mask.type.k === "vec" ? mask.type.n : 0;
      return { op, a, b, mask, type: { k: "vec", n, elem: elementOf(lx, a.type) } };
    }
    case "extractvalue": {
      const a = operand();
      const path = parsePath(lx);
      return { op, a, path, type: memberType(lx, a.type, path) };
    }
    case "insertvalue": {
      const a = operand();
      comma();
      const value = operand();
      return { op, a, value, path: parsePath(lx), type: a.type };
    }
    case "call": return parseCall(lx, types);
    case "fence": {
      const how = scopeAndOrder(lx);
      return { op, type: VOID, scope: how.scope, order: how.order ?? lx.unexpected("a memory order") };
    }
    case "cmpxchg": {
      const ptr = operand();
      comma();
      const expected = operand();
      comma();
      const value = operand();
      const how = scopeAndOrder(lx);
      order(lx);
      alignment(lx);
      return { op, ptr, expected, value, scope: how.scope, order: how.order ?? "seq_cst", type: { k: "struct", fields: [value.type, I1], packed: false } };
    }
    case "atomicrmw": {
      const what = lx.take("word");
      const ptr = operand();
      comma();
      const value = operand();
      const how = scopeAndOrder(lx);
      alignment(lx);
      return { op, what, ptr, value, scope: how.scope, order: how.order ?? "seq_cst", type: value.type };
    }
    case "ret": {
      const type = parsePlainType(lx, types);
      return { op, type: VOID, value: type === VOID ? null : parseValue(lx, types, type) };
    }
    case "br": {
      if (lx.isWord("label")) return { op, type: VOID, target: label(lx, types) };
      const c = operand();
      comma();
      const then = label(lx, types);
      comma();
      return { op: "condbr", type: VOID, c, then, else: label(lx, types) };
    }
    case "switch": {
      const a = operand();
      comma();
      const otherwise = label(lx, types);
      lx.expect("[");
      const cases: [bigint, string][] = [];
      while (!lx.eat("]")) {
        const value = operand();
        comma();
        cases.push([value.k === "int" ? value.value : lx.fail("switch case is no integer"), label(lx, types)]);
      }
      return { op, type: VOID, a, cases, default: otherwise };
    }
    case "unreachable": return { op, type: VOID };
    default: return lx.fail(`unsupported instruction ${op}`);
  }
}

/** The callee's type, the callee, the arguments; what is promised about them is skipped. */
function parseCall(lx: Lexer, types: NamedTypes): Bare {
  parseAttributes(lx, types);
  let type = parseType(lx, types);
  if (type.k === "func") type = type.ret;
  const callee = parseValue(lx, types, ptrType(0));
  lx.expect("(");
  const args: Operand[] = [];
  const byval: (LType | null)[] = [];
  const aligns: number[] = [];
  while (!lx.is(")")) {
    const argType = parseType(lx, types);
    const attributes = parseAttributes(lx, types);
    byval.push(attributes.byval);
    aligns.push(attributes.align);
    args.push(argType.k === "metadata" && !lx.has("meta") && !lx.is("!") ? skipMetadataValue(lx, types) : parseValue(lx, types, argType));
    if (!lx.eat(",")) break;
  }
  lx.expect(")");
  parseAttributes(lx, types, true);
  if (lx.is("[") && !lx.first) lx.skipBalanced();
  return { op: "call", type, callee, args, byval, aligns };
}

/** `metadata i32 %x`: debug intrinsics of older LLVMs take wrapped values. */
function skipMetadataValue(lx: Lexer, types: NamedTypes): Operand {
  parseOperand(lx, types);
  return { k: "meta", type: { k: "metadata" } };
}
