import { CompileError } from "../abi.ts";
import type { GlobalVar, Relocation } from "../ir/module.ts";
import type { Const, LGlobal } from "./ast.ts";
import type { ModuleLowering } from "./context.ts";
import { constantOffset } from "./constants.ts";
import { allocSize, alignOf, storeSize, structLayout } from "./layout.ts";
import { showType } from "./types.ts";

interface Image {
  readonly view: DataView;
  readonly relocs: Relocation[];
  readonly mod: ModuleLowering;
  readonly name: string;
}

function refuse(image: Image, what: string): never {
  throw new CompileError("unsupported", `${what} in the initialiser of ${image.name}`);
}

/** A constant address as symbol and addend; null when it is no address. */
function addressOf(image: Image, c: Const): { readonly symbol: string; readonly addend: bigint; readonly generic: boolean } | null {
  if (c.k === "global") {
    const fn = image.mod.source.functions.get(c.name);
    if (fn !== undefined) return { symbol: image.mod.callable(fn), addend: 0n, generic: false };
    const { space, symbol } = image.mod.variable(image.mod.source.aliases.get(c.name) ?? c.name);
    if (space === "shared") return refuse(image, "address of work-group memory");
    return { symbol, addend: 0n, generic: false };
  }
  if (c.k !== "expr") return null;
  const base = addressOf(image, c.args[0]!);
  if (base === null) return null;
  if (c.op === "getelementptr") {
    const offset = constantOffset(c.elem!, c.args.slice(1)) ?? refuse(image, "an address that is not constant");
    return { ...base, addend: base.addend + BigInt(offset) };
  }
  if (c.op === "addrspacecast") return { ...base, generic: true };
  if (c.op === "bitcast" || c.op === "ptrtoint" || c.op === "inttoptr") return base;
  return refuse(image, `constant expression ${c.op}`);
}

function writeInt(image: Image, at: number, bytes: number, value: bigint): void {
  for (let n = 0; n < bytes; n++) image.view.setUint8(at + n, Number(value >> BigInt(8 * n) & 0xffn));
}

function write(image: Image, at: number, c: Const): void {
  switch (c.k) {
    case "zero": return;
    case "int": return writeInt(image, at, storeSize(c.type), c.value);
    case "float": return writeInt(image, at, storeSize(c.type), c.bits);
    case "bytes":
      if (at + c.text.length > image.view.byteLength) refuse(image, `${c.text.length} characters`);
      for (let n = 0; n < c.text.length; n++) image.view.setUint8(at + n, c.text.charCodeAt(n));
      return;
    case "list": {
      const { type } = c;
      if (type.k === "struct") {
        const { offsets } = structLayout(type);
        c.items.forEach((item, n) => write(image, at + offsets[n]!, item));
      } else if (type.k === "array" || type.k === "vec") {
        if (c.items.length > type.n) refuse(image, `${c.items.length} values for ${showType(type)}`);
        if (type.k === "vec" && type.elem.k === "int" && type.elem.bits % 8 !== 0) refuse(image, showType(type));
        const step = allocSize(type.elem);
        c.items.forEach((item, n) => write(image, at + n * step, item));
      } else refuse(image, showType(type));
      return;
    }
    case "global": case "expr": {
      const address = addressOf(image, c);
      if (address === null) {
        const value = constantOfExpression(c);
        if (value === null) return refuse(image, c.k === "expr" ? `constant expression ${c.op}` : c.name);
        return writeInt(image, at, storeSize(c.type), value);
      }
      const size = storeSize(c.type);
      if (size !== 8 && size !== 4) refuse(image, "an address of odd size");
      image.relocs.push({ offset: at, size: size as 4 | 8, ...address });
    }
  }
}

/** inttoptr of a number, null cast between spaces, and the like. */
function constantOfExpression(c: Const): bigint | null {
  if (c.k === "int") return c.value;
  if (c.k === "zero") return 0n;
  if (c.k === "expr" && ["inttoptr", "ptrtoint", "bitcast", "addrspacecast", "trunc"].includes(c.op)) return constantOfExpression(c.args[0]!);
  return null;
}

function linkageOf(linkage: string): GlobalVar["linkage"] {
  switch (linkage) {
    case "private": case "internal": return "local";
    case "external": return "extern";
    case "common": return "common";
    case "weak": case "weak_odr": case "linkonce": case "linkonce_odr": case "extern_weak": return "weak";
    default: return "visible";
  }
}

function isEmpty(c: Const | null): boolean {
  return c === null || c.k === "zero" || (c.k === "list" && c.items.every(isEmpty));
}

/** Makes the IR variable of an LLVM global in global or constant memory, with its initial bytes. */
export function lowerGlobal(mod: ModuleLowering, source: LGlobal, space: "global" | "const"): GlobalVar {
  const size = allocSize(source.type);
  const relocs: Relocation[] = [];
  let init: Uint8Array | null = null;
  if (!isEmpty(source.init)) {
    init = new Uint8Array(size);
    write({ view: new DataView(init.buffer), relocs, mod, name: source.name }, 0, source.init!);
  }
  return {
    name: source.name, space, size: Math.max(size, 1), align: Math.max(source.align, alignOf(source.type)), init, relocs,
    linkage: linkageOf(source.linkage), managed: false,
  };
}

/** Bytes of a string constant behind a constant pointer, up to its zero; null when it is none. */
export function constantString(mod: ModuleLowering, c: Const): string | null {
  let offset = 0;
  let at = c;
  while (at.k === "expr") {
    if (at.op === "getelementptr") offset += constantOffset(at.elem!, at.args.slice(1)) ?? NaN;
    else if (at.op !== "addrspacecast" && at.op !== "bitcast") return null;
    at = at.args[0]!;
  }
  if (at.k !== "global") return null;
  const variable = mod.source.globals.get(at.name);
  const init = variable?.constant === true ? variable.init : null;
  if (init === null || init === undefined || Number.isNaN(offset)) return null;
  const text = init.k === "bytes" ? init.text : init.k === "zero" && init.type.k === "array" ? "\0" : null;
  if (text === null) return null;
  const end = text.indexOf("\0", offset);
  return decodeUtf8(text.slice(offset, end === -1 ? text.length : end));
}

function decodeUtf8(bytes: string): string {
  return new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
}

