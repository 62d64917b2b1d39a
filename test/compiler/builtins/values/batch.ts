import { interpretModule } from "../../../../src/compiler/interp/index.ts";
import { openclToIr } from "../../../../src/compiler/llvm/opencl.ts";
import { compileModule } from "../../../../src/compiler/wasm/index.ts";
import type { CType, Declaration } from "../declarations.ts";
import { Program } from "../support.ts";
import { edges, elementOf, get, put, same, type Element, type Value } from "./elements.ts";

/** Calls every declaration of a builtin with edge values on both engines, and compares with a plain reference. */

/** A type taken apart: elements and how many; behind a pointer when `space` is given. */
export interface Shape {
  readonly element: Element;
  readonly lanes: number;
  readonly space: number | null;
}

/** What a call should give: the result's elements (null: undefined by the specification), then what it should leave behind each pointer. */
export interface Wanted {
  readonly result: readonly (Value | null)[];
  readonly left?: readonly (readonly (Value | null)[])[];
}

/** One call: its shapes, and the elements of each argument (for pointers, of what lies there). */
export interface Call {
  readonly name: string;
  readonly result: Shape;
  readonly params: readonly Shape[];
  readonly args: readonly (readonly Value[])[];
}

export type Reference = (call: Call) => Wanted;

/**
 * How arguments are chosen; `room`: elements behind each pointer, where they are not one value of its type; `close`: whether a difference is allowed; `compiled`: one in how many
 * declarations runs as WebAssembly too (compiling takes most of the time; all of them when GLASSGPU_RUNS asks for a long search). */
export interface Options {
  readonly rows?: number;
  readonly value?: (call: Omit<Call, "args">, parameter: number, e: Element, random: () => number) => Value | null;
  readonly row?: (args: Value[][], call: Omit<Call, "args">) => void;
  readonly room?: (shape: Shape) => number;
  readonly compiled?: number;
  readonly close?: (call: Call, lane: number, got: Value, want: Value) => boolean;
}

export function shapeOf({ mangled }: CType): Shape {
  const pointer = /^P(?:U3AS(\d))?([VK]*)/.exec(mangled);
  const rest = (pointer === null ? mangled : mangled.slice(pointer[0].length)).replace(/^U7_Atomic/, "");
  const vector = /^Dv(\d+)_(\w+)$/.exec(rest);
  const space = pointer === null ? null : Number(pointer[1] ?? 0);
  return vector === null ? { element: elementOf(rest), lanes: 1, space } : { element: elementOf(vector[2]!), lanes: Number(vector[1]), space };
}

/** Elements that a vector takes in memory. */
function slots(lanes: number): number {
  return lanes === 3 ? 4 : lanes;
}

function llvm({ element, lanes }: Shape): string {
  const scalar = element.float ? { 16: "half", 32: "float", 64: "double" }[element.bits]! : `i${element.bits}`;
  return lanes === 1 ? scalar : `<${lanes} x ${scalar}>`;
}

const GROUP = 8;

/** Whether a long search was asked for. */
export const LONG: boolean = Number(process.env["GLASSGPU_RUNS"] ?? 0) > 10_000;

/** Bytes that one call's value of parameter `n` takes in its buffer. */
function stride(shape: Shape, room: (shape: Shape) => number): number {
  return (shape.space === null ? slots(shape.lanes) : room(shape)) * shape.element.bits / 8;
}

/** A kernel for one declaration: a result buffer, then a buffer for each argument; what pointers to other memory than global point to is copied there and back. */
function kernel({ name, params, result }: Declaration, index: number, room: (shape: Shape) => number): string {
  const mangled = `_Z${name.length}${name}${params.map((param) => param.mangled).join("") || "v"}`;
  const head: string[] = [];
  const before: string[] = [];
  const after: string[] = [];
  const given: string[] = [];
  const args = params.map((param, n) => {
    if (param.constant !== null) return `i32 ${param.constant}`;
    const shape = shapeOf(param);
    const bytes = stride(shape, room);
    const type = llvm(shape);
    given.push(`ptr addrspace(${shape.space === 2 ? 2 : 1}) %p${n}`);
    before.push(`%at${n} = mul i64 %id, ${bytes}`, `%e${n} = getelementptr i8, ptr addrspace(${shape.space === 2 ? 2 : 1}) %p${n}, i64 %at${n}`);
    if (shape.space === null) {
      before.push(`%v${n} = load ${type}, ptr addrspace(1) %e${n}`);
      return `${type} %v${n}`;
    }
    if (shape.space === 1 || shape.space === 2) return `ptr addrspace(${shape.space}) %e${n}`;
    if (shape.space === 4) {
      before.push(`%g${n} = addrspacecast ptr addrspace(1) %e${n} to ptr addrspace(4)`);
      return `ptr addrspace(4) %g${n}`;
    }
    const own = shape.space === 0 ? "ptr" : "ptr addrspace(3)";
    const scalar = llvm({ ...shape, lanes: 1 });
    const size = shape.element.bits / 8;
    if (shape.space === 0) before.push(`%own${n} = alloca [${bytes} x i8], align 128`);
    else {
      head.push(`@l${index}_${n} = internal addrspace(3) global [${bytes * GROUP} x i8] undef, align 128`);
      before.push(`%shared${n} = mul i64 %lid, ${bytes}`, `%own${n} = getelementptr i8, ptr addrspace(3) @l${index}_${n}, i64 %shared${n}`);
    }
    for (let i = 0; i < bytes / size; i++) {
      for (const [list, from, fromType, to, toType] of [[before, "%e", "ptr addrspace(1)", "%own", own], [after, "%own", own, "%e", "ptr addrspace(1)"]] as const) {
        const tag = `${list === before ? "b" : "a"}${n}_${i}`;
        list.push(`%f${tag} = getelementptr i8, ${fromType} ${from}${n}, i64 ${i * size}`, `%t${tag} = getelementptr i8, ${toType} ${to}${n}, i64 ${i * size}`,
          `%x${tag} = load ${scalar}, ${fromType} %f${tag}`, `store ${scalar} %x${tag}, ${toType} %t${tag}`);
      }
    }
    return `${own} %own${n}`;
  });
  const types = params.map((param) => param.llvm).join(", ");
  const store = result.llvm === "void" ? [] : [
    ...(result.llvm === "i1" ? ["%w = zext i1 %r to i8"] : []), `%step = mul i64 %id, ${stride(shapeOf(result), room)}`, "%out = getelementptr i8, ptr addrspace(1) %o, i64 %step",
    result.llvm === "i1" ? "store i8 %w, ptr addrspace(1) %out" : `store ${result.llvm} %r, ptr addrspace(1) %out`,
  ];
  return `${head.join("\n")}
declare spir_func ${result.llvm} @${mangled}(${types})
define spir_kernel void @k${index}(${["ptr addrspace(1) %o", ...given].join(", ")}) {
  %id = call spir_func i64 @_Z13get_global_idj(i32 0)
  %lid = call spir_func i64 @_Z12get_local_idj(i32 0)
  ${before.join("\n  ")}
  ${result.llvm === "void" ? "" : "%r = "}call spir_func ${result.llvm} @${mangled}(${args.join(", ")})
  ${[...store, ...after].join("\n  ")}
  ret void
}
`;
}

function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0;
  };
}

const ENGINES = [["interpreter", interpretModule], ["WebAssembly", compileModule]] as const;

function show(values: readonly Value[]): string {
  return values.length === 1 ? String(values[0]) : `(${values.join(", ")})`;
}

/** Faults found: one line for each declaration at most. */
export function faultsOf(list: readonly Declaration[], reference: Reference, options: Options = {}): string[] {
  const room = options.room ?? ((shape: Shape): number => slots(shape.lanes));
  const faults: string[] = [];
  const seen = new Set<string>();
  const lines = ["declare spir_func i64 @_Z13get_global_idj(i32)", "declare spir_func i64 @_Z12get_local_idj(i32)", ...list.flatMap((d, n) => kernel(d, n, room).split("\n"))];
  // Several declarations may come to the same name once constants are gone.
  const text = lines.filter((line) => !line.startsWith("declare") || (!seen.has(line) && seen.add(line).has(line))).join("\n");
  const programs = ENGINES.map(([engine, compile]) => [engine, new Program(openclToIr(text, list[0]!.name), compile)] as const);
  list.forEach((declaration, index) => {
    const result: Shape = declaration.result.llvm === "void" ? { element: elementOf("h"), lanes: 0, space: null } : shapeOf(declaration.result);
    const params = declaration.params.filter(({ constant }) => constant === null).map(shapeOf);
    const call = { name: declaration.name, result, params };
    const label = `${declaration.name}(${declaration.params.map(({ mangled }) => mangled).join(",")})`;
    const widest = params.reduce((n, { lanes }) => Math.max(n, lanes), 1);
    const rows = options.rows ?? (widest === 1 ? 40 : widest < 8 ? 16 : 8);
    const random = randomOf(index * 7919 + label.length);
    const args = Array.from({ length: rows }, (_, row) => {
      const values = params.map((shape, n) => Array.from({ length: shape.space === null ? shape.lanes : room(shape) }, (_x, lane) => {
        const pool = edges(shape.element);
        const chosen = options.value?.(call, n, shape.element, random) ?? null;
        // The first argument goes through all values, others are drawn.
        return chosen ?? pool[n === 0 ? (row * Math.max(shape.lanes, 1) + lane) % pool.length : random() % pool.length]!;
      }));
      options.row?.(values, call);
      return values;
    });
    for (const [engine, program] of programs) {
      if (engine === "WebAssembly" && !LONG && index % (options.compiled ?? 1) !== 0) continue;
      const out = new Uint8Array(Math.max(8, rows * slots(result.lanes) * result.element.bits / 8));
      const buffers = params.map((shape, n) => {
        const bytes = stride(shape, room);
        const view = new DataView(new ArrayBuffer(rows * bytes));
        args.forEach((row, r) => row[n]!.forEach((v, lane) => put(shape.element, view, r * bytes + lane * shape.element.bits / 8, v)));
        return new Uint8Array(view.buffer);
      });
      program.run(`k${index}`, [out, ...buffers], rows, GROUP);
      const read = (bytes: Uint8Array, e: Element, at: number): Value => get(e, new DataView(bytes.buffer), at * e.bits / 8);
      const wrong = args.map((row, r): string | null => {
        const made: Call = { ...call, args: row };
        const want = reference(made);
        const got = want.result.map((_, lane) => read(out, result.element, r * slots(result.lanes) + lane));
        const bad = want.result.findIndex((w, lane) => w !== null && !same(result.element, got[lane]!, w) && options.close?.(made, lane, got[lane]!, w) !== true);
        if (bad >= 0) return `gives ${show(got)}, not ${want.result.join(", ")} (element ${bad})`;
        const pointers = params.flatMap((shape, n) => (shape.space === null || shape.space === 2 ? [] : [n]));
        for (const [p, n] of pointers.entries()) {
          const shape = params[n]!;
          const expected = want.left?.[p] ?? row[n]!;
          for (const [lane, w] of expected.entries()) {
            const is = read(buffers[n]!, shape.element, r * room(shape) + lane);
            if (w !== null && !same(shape.element, is, w)) return `leaves ${String(is)} at element ${lane}, not ${String(w)}`;
          }
        }
        return null;
      });
      const first = wrong.findIndex((w) => w !== null);
      if (first >= 0) faults.push(`${engine}: ${label} of ${args[first]!.map(show).join(" and ")} ${wrong[first]}`);
    }
  });
  return faults;
}

const all = new Map<string, Declaration[]>();
/** The declarations of each name; empty without the optional package. */
export function namesOf(list: readonly Declaration[] | null): ReadonlyMap<string, readonly Declaration[]> {
  if (all.size === 0) for (const declaration of list ?? []) all.set(declaration.name, [...(all.get(declaration.name) ?? []), declaration]);
  return all;
}

/** A reference that works on one element of each argument at a time; scalars stand for all elements. */
export function perElement(f: (e: Element, to: Element, ...args: never[]) => Value | null): Reference {
  return ({ params, result, args }) => ({
    result: Array.from({ length: result.lanes }, (_, lane) => f(params[0]!.element, result.element, ...(args.map((values) => values[values.length === 1 ? 0 : lane]!) as never[]))),
  });
}
