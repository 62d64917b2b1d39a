import { expect, test } from "vitest";
import { interpretModule } from "../../../../src/compiler/interp/index.ts";
import { openclToIr } from "../../../../src/compiler/llvm/opencl.ts";
import { compileModule } from "../../../../src/compiler/wasm/index.ts";
import { declarations, type Declaration } from "../declarations.ts";
import { Program } from "../support.ts";
import { LONG, namesOf, shapeOf, type Shape } from "./batch.ts";
import { get, high, low, put, rounded, same, wrap, type Element, type Value } from "./elements.ts";

/**
 * Sub-group and work-group functions with every type: groups of 20 in sub-groups of 8, the last of which has 4, all work-items or (where the function is for those that happen to come)
 * only some of them.
 */
const SIZE = 20;
const WARP = 8;
const GROUPS = 2;
const names = namesOf(declarations());

/** Combines two values of a type. */
function join(op: string, e: Element, a: Value, b: Value): Value {
  if (typeof a === "number" || typeof b === "number") {
    const [x, y] = [Number(a), Number(b)];
    return rounded(e, op === "add" ? x + y : op === "mul" ? x * y : op === "min" ? Math.min(x, y) : Math.max(x, y));
  }
  const truth = (v: boolean): bigint => (v ? 1n : 0n);
  const value = { add: a + b, mul: a * b, min: a < b ? a : b, max: a > b ? a : b, and: a & b, or: a | b, xor: a ^ b, logical_and: truth(a !== 0n && b !== 0n), logical_or: truth(a !== 0n || b !== 0n), logical_xor: truth((a !== 0n) !== (b !== 0n)) }[op];
  if (value === undefined) throw new Error(op);
  return wrap(e, value);
}

function identity(op: string, e: Element): Value {
  if (e.float) return { add: 0, mul: 1, min: Infinity, max: -Infinity }[op]!;
  return { add: 0n, mul: 1n, min: high(e), max: low(e), and: wrap(e, -1n), or: 0n, xor: 0n, logical_and: 1n, logical_or: 0n, logical_xor: 0n }[op]!;
}

/** What lane `lane` gets when lanes `active` of a sub-group (or of the whole group) call with `values`; null: undefined. */
function wanted(name: string, e: Element, values: readonly (readonly Value[])[], seconds: readonly (readonly Value[])[], constants: readonly bigint[], active: readonly number[], lane: number): readonly (Value | null)[] {
  const own = values[lane]!;
  const at = (n: number): readonly (Value | null)[] => (active.includes(n) ? values[n]! : own.map(() => null));
  const among = (list: readonly number[]): Value[] => list.map((n) => values[n]![0]!);
  const truth = (v: boolean): Value[] => [v ? 1n : 0n];
  const second = Number(seconds[lane]?.[0] ?? 0);
  const by = Number(constants[0] ?? 0n);
  const combine = (op: string, list: readonly number[]): Value[] => {
    const zero = identity(op, e);
    const logical = op.startsWith("logical_");
    return [among(list).map((v) => (logical ? (v === 0n ? 0n : 1n) : v)).reduce((a, b) => join(op, e, a, b), zero)];
  };
  const collective = /(?:reduce|scan_inclusive|scan_exclusive)_(.*)$/.exec(name);
  if (collective !== null) {
    const op = collective[1]!;
    if (name.includes("scan_inclusive")) return combine(op, active.filter((n) => n <= lane));
    if (name.includes("scan_exclusive")) return combine(op, active.filter((n) => n < lane));
    if (name.includes("clustered")) return combine(op, active.filter((n) => Math.floor(n / by) === Math.floor(lane / by)));
    return combine(op, active);
  }
  switch (name.replace(/^(sub|work)_group_(non_uniform_)?/, "")) {
    case "all": return truth(among(active).every((v) => v !== 0n));
    case "any": return truth(among(active).some((v) => v !== 0n));
    case "all_equal": return truth(among(active).every((v) => v === values[active[0]!]![0]));
    case "broadcast": return at(Number(constants.reduce((sum, v, n) => sum + v * [1n, 4n, 0n][n]!, 0n)));
    case "broadcast_first": return at(active[0]!);
    case "elect": return truth(lane === active[0]);
    case "shuffle": return at(second);
    case "shuffle_xor": return at(lane ^ second);
    case "shuffle_up": return lane - second >= 0 ? at(lane - second) : own.map(() => null);
    case "shuffle_down": return at(lane + second);
    case "rotate": return at(((lane + by) % WARP + WARP) % WARP);
    case "clustered_rotate": {
      const cluster = Number(constants[1]);
      return at(lane - lane % cluster + ((lane + by) % cluster + cluster) % cluster);
    }
    default: throw new Error(name);
  }
}

const simple = (declaration: Declaration): boolean => declaration.params.every(({ mangled }) => !/^P|memory/.test(mangled));

/** Lane or element numbers that have to be the same for all are constants, others come from a buffer. */
function constantsFor({ name, params }: Declaration): readonly (readonly bigint[])[] {
  if (name === "sub_group_rotate") return [[1n], [3n], [-2n]];
  if (name === "sub_group_clustered_rotate") return [[1n, 2n], [-1n, 4n], [3n, 8n], [5n, 1n]];
  if (name.startsWith("sub_group_clustered_reduce")) return [[1n], [2n], [4n], [8n]];
  if (name === "work_group_broadcast") return params.length === 2 ? [[7n]] : params.length === 3 ? [[1n, 2n]] : [[3n, 4n, 0n]];
  if (name.endsWith("broadcast")) return [[1n], [3n]];
  return [[]];
}

interface Kernel {
  readonly declaration: Declaration;
  readonly constants: readonly bigint[];
  readonly partly: boolean;
}

const text = (shape: Shape): string => {
  const scalar = shape.element.float ? { 16: "half", 32: "float", 64: "double" }[shape.element.bits]! : `i${shape.element.bits}`;
  return shape.lanes === 1 ? scalar : `<${shape.lanes} x ${scalar}>`;
};
const bytesOf = (shape: Shape): number => (shape.lanes === 3 ? 4 : shape.lanes) * shape.element.bits / 8;

function source({ declaration: { name, params, result }, constants, partly }: Kernel, index: number): string {
  const mangled = `_Z${name.length}${name}${params.map((p) => p.mangled).join("") || "v"}`;
  const rest = params.length - constants.length;
  const loads: string[] = [];
  const args = params.map((param, n) => {
    if (n >= rest) return `${param.llvm} ${constants[n - rest]}`;
    const shape = shapeOf(param);
    loads.push(`%at${n} = mul i64 %id, ${bytesOf(shape)}`, `%e${n} = getelementptr i8, ptr addrspace(1) %p${n}, i64 %at${n}`, `%v${n} = load ${text(shape)}, ptr addrspace(1) %e${n}`);
    return `${text(shape)} %v${n}`;
  });
  return `declare spir_func ${result.llvm} @${mangled}(${params.map((p) => p.llvm).join(", ")})
define spir_kernel void @k${index}(ptr addrspace(1) %o, ptr addrspace(1) %p0, ptr addrspace(1) %p1, ptr addrspace(1) %come) {
  %id = call spir_func i64 @_Z13get_global_idj(i32 0)
  ${loads.join("\n  ")}
  %pc = getelementptr i8, ptr addrspace(1) %come, i64 %id
  %c = load i8, ptr addrspace(1) %pc
  %takes = icmp ne i8 %c, 0
  ${partly ? "br i1 %takes, label %in, label %end" : "br label %in"}
in:
  %r = call spir_func ${result.llvm} @${mangled}(${args.join(", ")})
  %step = mul i64 %id, ${bytesOf(shapeOf(result))}
  %out = getelementptr i8, ptr addrspace(1) %o, i64 %step
  store ${result.llvm} %r, ptr addrspace(1) %out
  br label %end
end:
  ret void
}
`;
}

/** Small numbers, so that sums and products of floats are exact in any order. */
function sample(e: Element, name: string, n: number): Value {
  const random = Math.imul(n + 1, 0x9e3779b1) >>> 8;
  if (name.includes("all_equal")) return e.float ? 2.5 : wrap(e, 77n + (random % 11 === 0 ? 1n : 0n));
  if (/_(all|any)$|logical/.test(name)) return random % 5 === 0 ? 0n : BigInt(random % 3) - 1n;
  if (e.float) return name.endsWith("mul") ? [1, -1, 2, 0.5][random % 4]! : (random % 17) - 8;
  return wrap(e, name.endsWith("mul") ? BigInt(random % 7) - 3n : random % 4 === 0 ? low(e) + BigInt(random % 3) : random % 4 === 1 ? high(e) - BigInt(random % 3) : BigInt(random) * 0x1_0001_0001n);
}

function faults(name: string): string[] {
  const list = names.get(name)!.filter(simple);
  const uniform = !/non_uniform|shuffle|elect|broadcast_first|clustered|rotate/.test(name);
  const kernels = list.flatMap((declaration): Kernel[] => constantsFor(declaration).flatMap((constants) => (uniform ? [false] : [false, true]).map((partly) => ({ declaration, constants, partly }))));
  const seen = new Set<string>();
  const ir = ["declare spir_func i64 @_Z13get_global_idj(i32)", ...kernels.flatMap((kernel, n) => source(kernel, n).split("\n"))].filter((line) => !line.startsWith("declare") || (!seen.has(line) && seen.add(line).has(line))).join("\n");
  const found: string[] = [];
  for (const [engine, compile] of [["interpreter", interpretModule], ["WebAssembly", compileModule]] as const) {
    const program = new Program(openclToIr(ir, name), compile);
    kernels.forEach(({ declaration, constants, partly }, index) => {
      if (engine === "WebAssembly" && !LONG && index % 5 !== 0) return;
      const shapes = declaration.params.map(shapeOf);
      const result = shapeOf(declaration.result);
      const total = SIZE * GROUPS;
      const come = Uint8Array.from({ length: total }, (_, n) => (partly ? (n * 7 + 3) % 5 < 3 ? 1 : 0 : 1));
      const data = [0, 1].map((p) => Array.from({ length: total }, (_, n) => {
        const shape = p < shapes.length - constants.length ? shapes[p]! : null;
        if (shape === null) return [];
        return Array.from({ length: shape.lanes }, (_x, lane): Value => (p === 1 ? BigInt((n * 5 + 1) % WARP) : sample(shape.element, name, n * shape.lanes + lane)));
      }));
      const buffers = data.map((rows, p) => {
        const view = new DataView(new ArrayBuffer(total * 128));
        rows.forEach((row, n) => row.forEach((v, lane) => put(shapes[p]!.element, view, n * bytesOf(shapes[p]!) + lane * shapes[p]!.element.bits / 8, v)));
        return new Uint8Array(view.buffer);
      });
      const out = new Uint8Array(total * 128);
      const twoD = name === "work_group_broadcast" && declaration.params.length > 2;
      // In two dimensions a group is 4 by 5.
      program.run(`k${index}`, [out, ...buffers, come], twoD ? [4, 5] : total, twoD ? [4, 5] : SIZE, { warpSize: WARP });
      const view = new DataView(out.buffer);
      for (let n = 0; n < (twoD ? 4 : total); n++) {
        if (come[n] === 0) continue;
        const group = n - n % SIZE;
        const wide = name.startsWith("work_group");
        const first = wide ? group : group + Math.floor((n - group) / WARP) * WARP;
        const end = Math.min(first + (wide ? SIZE : WARP), group + SIZE);
        const active = Array.from({ length: end - first }, (_, lane) => lane).filter((lane) => come[first + lane] === 1);
        // The buffers are indexed by the first dimension only: so is what the named work-item has.
        const want = twoD ? data[0]![Number(constants[0])]! : wanted(name, shapes[0]?.element ?? result.element, data[0]!.slice(first, end), data[1]!.slice(first, end), constants, active, n - first);
        const got = want.map((_, lane) => get(result.element, view, n * bytesOf(result) + lane * result.element.bits / 8));
        const bad = want.some((w, lane) => w !== null && !same(result.element, got[lane]!, typeof w === "bigint" ? wrap(result.element, w) : w));
        if (!bad) continue;
        found.push(`${engine}: ${name}(${declaration.params.map(({ mangled }) => mangled).join(",")}) ${constants.join(",")} ${partly ? "partly" : ""} work-item ${n} gets ${got.join(", ")}, not ${want.join(", ")}`);
        break;
      }
    });
  }
  return found;
}

const tested = [...names.keys()].filter((name) => /^(sub|work)_group_/.test(name) && !/barrier|ballot/.test(name));

test.each(tested)("%s", (name) => expect(faults(name)).toEqual([]));
