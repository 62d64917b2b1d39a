import type { Fn, GlobalVar, KernelParam, Module, OpaqueVar } from "./module.ts";
import type { BlockId, Instr, ValueId } from "./ops.ts";
import { definedBy } from "./module.ts";
import { field, shapes, type Field } from "./shape.ts";
import type { Type } from "./types.ts";

/**
 * The module as text, one line an instruction; `parseModule` reads it back to an equal module.
 *
 * `%3:i32 = add %1 %2 !7` defines value 3 of type i32, at line 7 of the source. Fields follow the operation in the order of `shapes`; those that may be absent
 * are written `name=value`; `_` is null; lists stand in parentheses; blocks are `^label`; i64 constants end in `n`.
 */
export function printModule(module: Module): string {
  const parts = [`module ${quote(module.name)} source=${orNull(module.sourceName, quote)}`];
  for (const variable of module.globals.values()) parts.push(printGlobal(variable));
  for (const { name, size, align, linkage } of module.shared.values()) parts.push(`shared ${quote(name)} size=${size} align=${align}${linkage === undefined ? "" : ` linkage=${linkage}`}`);
  for (const fn of module.functions.values()) parts.push("", printFunction(fn));
  return `${parts.join("\n")}\n`;
}

/** One function, as `printModule` shows it. */
export function printFunction(fn: Fn): string {
  const lines = [
    `${fn.kind} ${quote(fn.name)} params=(${fn.params.join(" ")}) results=(${fn.results.join(" ")}) bytes=${fn.paramBytes} linkage=${fn.linkage}` +
      `${fn.inline === undefined ? "" : ` inline=${fn.inline}`} {`,
  ];
  for (const param of fn.kernelParams) lines.push(`  ${printParam(param)}`);
  if (fn.attributes !== null) {
    const { reqdWorkGroupSize, workGroupSizeHint, maxThreads, minBlocksPerSm, vecTypeHint, subGroupSize, registers } = fn.attributes;
    const triple = (sizes: readonly number[] | null): string => orNull(sizes, (list) => `(${list.join(" ")})`);
    lines.push(`  attributes reqd=${triple(reqdWorkGroupSize)} hint=${triple(workGroupSizeHint)} threads=${maxThreads ?? "_"} blocks=${minBlocksPerSm ?? "_"} vec=${orNull(vecTypeHint, quote)} registers=${registers}${subGroupSize === undefined ? "" : ` subgroup=${subGroupSize}`}`);
  }
  for (const { name, size, align } of fn.locals) lines.push(`  local ${quote(name)} size=${size} align=${align}`);
  const unused = undefinedValues(fn);
  if (unused.length > 0) lines.push(`  undefined ${unused.map((value) => typed(fn, value)).join(" ")}`);
  for (const block of fn.blocks) {
    lines.push(`${label(block.label)}:`);
    for (const instr of block.instrs) lines.push(`  ${printInstr(fn, instr)}`);
  }
  lines.push("}");
  return lines.join("\n");
}

/** One instruction of `fn`, without indentation. */
export function printInstr(fn: Fn, instr: Instr): string {
  const { results, fields } = shapes[instr.op];
  const words: string[] = [];
  if (results !== "none") {
    const defined = results === "list" && "dst" in instr && typeof instr.dst !== "number" ? [...instr.dst] : [...definedBy(instr)];
    const names = defined.map((value) => typed(fn, value));
    if (results === "ok" && names.length === 1) names.push("_");
    if (names.length > 0) words.push(names.join(", "), "=");
  }
  words.push(instr.op);
  for (const spec of fields) {
    const value = field(instr, spec.name);
    if (spec.optional && value === undefined) continue;
    words.push(`${spec.optional ? `${spec.name}=` : ""}${printField(fn, spec, value)}`);
  }
  if (instr.line !== undefined) words.push(`!${instr.line}`);
  return words.join(" ");
}

function printField(fn: Fn, spec: Field, value: unknown): string {
  switch (spec.kind) {
    case "value": return `%${value as ValueId}`;
    case "value?": return orNull(value as ValueId | null, (id) => `%${id}`);
    case "values": return `(${(value as readonly ValueId[]).map((id) => `%${id}`).join(" ")})`;
    case "block": return target(fn, value as BlockId);
    case "phi": return `(${(value as readonly (readonly [BlockId, ValueId])[]).map(([from, id]) => `${target(fn, from)} %${id}`).join(", ")})`;
    case "cases": return `(${(value as readonly (readonly [bigint, BlockId])[]).map(([key, to]) => `${key}n ${target(fn, to)}`).join(", ")})`;
    case "literal": return typeof value === "bigint" ? `${value}n` : number(value as number);
    case "int": return number(value as number);
    case "big": return `${value as bigint}n`;
    case "word":
    case "bool": return String(value);
    case "string": return quote(value as string);
    case "string?": return orNull(value as string | null, quote);
    case "types": return `(${(value as readonly Type[]).join(" ")})`;
  }
}

function printGlobal(variable: GlobalVar): string {
  const init = orNull(variable.init, (bytes) => `"${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}"`);
  const relocs = variable.relocs.map((r) => `(${r.offset} ${r.size} ${quote(r.symbol)} ${r.addend}n ${r.generic})`);
  return `global ${quote(variable.name)} space=${variable.space} size=${variable.size} align=${variable.align} linkage=${variable.linkage} managed=${variable.managed} init=${init} relocs=(${relocs.join(" ")})${variable.opaque === undefined ? "" : ` opaque=${printOpaque(variable.opaque)}`}`;
}

function printOpaque({ kind, independent, members }: OpaqueVar): string {
  return `(${kind} ${independent} ${Object.entries(members).map(([name, value]) => `(${quote(name)} ${typeof value === "string" ? quote(value) : value})`).join(" ")})`;
}

function printParam(param: KernelParam): string {
  const info = orNull(param.info, ({ typeName, access, qualifiers }) => `(${[typeName, access, ...qualifiers].map(quote).join(" ")})`);
  return `param ${quote(param.name)} offset=${param.offset} size=${param.size} align=${param.align} kind=${param.kind} type=${param.type ?? "_"} info=${info}`;
}

/** Values with a type but no definition: a table may have them, and the text keeps them. */
function undefinedValues(fn: Fn): ValueId[] {
  const defined = new Set<ValueId>(fn.params.keys());
  for (const block of fn.blocks) for (const instr of block.instrs) for (const value of definedBy(instr)) defined.add(value);
  return [...fn.types.keys()].filter((value) => !defined.has(value));
}

function typed(fn: Fn, value: ValueId): string {
  return `%${value}:${fn.types[value] ?? "?"}`;
}

function target(fn: Fn, block: BlockId): string {
  return label(fn.blocks[block]?.label ?? `?${block}`);
}

function label(text: string): string {
  return `^${/^[\w.$-]+$/.test(text) ? text : quote(text)}`;
}

function number(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function orNull<T>(value: T | null, print: (value: T) => string): string {
  return value === null ? "_" : print(value);
}
