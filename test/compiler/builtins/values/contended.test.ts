import { expect, test } from "vitest";
import { elementOf, get, put, rounded, wrap, type Element, type Value } from "./elements.ts";
import { programsOf } from "./programs.ts";

/** Atomics of several groups on one object: the old values can be put in an order in which each operation finds what the one before it left, and the last of them leaves what lies there. */
const N = 24;
const GROUP = 8;
type Step = (e: Element, old: Value, operand: Value) => Value;
interface Op {
  readonly call: (object: string, operand: string) => string;
  readonly step: Step;
  /** What lies there before, and each work-item's operand: chosen so that states do not come back. */
  readonly start: Value;
  readonly operand: (n: number) => bigint;
}

const whole = (f: (a: bigint, b: bigint) => bigint): Step => (e, a, b) => (e.float ? rounded(e, Number(f(BigInt(a), BigInt(b)))) : wrap(e, f(BigInt(a), BigInt(b))));
const bit = (n: number): bigint => 1n << BigInt(n);
const mixed = (n: number): bigint => BigInt((n * 7 + 5) % N) + 3n;
const add = whole((a, b) => a + b);
const sub = whole((a, b) => a - b);
const min = whole((a, b) => (a < b ? a : b));
const max = whole((a, b) => (a > b ? a : b));
const plain = (name: string, step: Step, start: bigint, operand: (n: number) => bigint): Op => ({ call: (object, v) => `${name}(${object}, ${v})`, step, start, operand });

/** Functions of OpenCL 1.x, which begin with atom_ for 64 bits. */
const OLD = (prefix: string): Op[] => [
  plain(`${prefix}_add`, add, 5n, bit), plain(`${prefix}_sub`, sub, 1n << 25n, bit), plain(`${prefix}_min`, min, 100n, mixed), plain(`${prefix}_max`, max, 1n, mixed),
  plain(`${prefix}_xchg`, (_, _a, b) => b, 1000n, mixed),
  plain(`${prefix}_and`, whole((a, b) => a & b), (1n << 25n) - 1n, (n) => ~bit(n)), plain(`${prefix}_or`, whole((a, b) => a | b), 0n, bit), plain(`${prefix}_xor`, whole((a, b) => a ^ b), 0n, bit),
  { call: (object) => `${prefix}_inc(${object})`, step: whole((a) => a + 1n), start: 7n, operand: () => 0n },
  { call: (object) => `${prefix}_dec(${object})`, step: whole((a) => a - 1n), start: 70n, operand: () => 0n },
];
const ORDERS = ["relaxed", "acquire", "release", "acq_rel", "seq_cst"];
/** Functions of C11, without and with orders and scopes. */
const NEW = (type: string): Op[] => {
  const float = type === "float" || type === "double";
  const kinds: [string, Step, bigint, (n: number) => bigint][] = [["add", add, 5n, bit], ["min", min, 100n, mixed], ["max", max, 1n, mixed]];
  if (!float) kinds.push(["sub", sub, 1n << 25n, bit], ["and", whole((a, b) => a & b), (1n << 25n) - 1n, (n) => ~bit(n)], ["or", whole((a, b) => a | b), 0n, bit], ["xor", whole((a, b) => a ^ b), 0n, bit]);
  return [
    ...kinds.flatMap(([name, step, start, operand], n): Op[] => [
      ...(float ? [] : [plain(`atomic_fetch_${name}`, step, start, operand)]),
      { call: (object, v) => `atomic_fetch_${name}_explicit(${object}, ${v}, memory_order_${ORDERS[n % 5]!}, memory_scope_device)`, step, start, operand },
    ]),
    { call: (object, v) => `atomic_exchange_explicit(${object}, ${v}, memory_order_acq_rel, memory_scope_all_svm_devices)`, step: (_, _a, b) => b, start: 1000n, operand: mixed },
    // A loop of comparisons: what failed is told what lies there.
    ...["strong", "weak"].map((kind): Op => ({
      call: (object, v) => `({ ${type} was = atomic_load_explicit(${object}, memory_order_relaxed, memory_scope_device); while (!atomic_compare_exchange_${kind}_explicit(${object}, &was, was + ${v}, memory_order_acq_rel, memory_order_acquire, memory_scope_device)); was; })`,
      step: add, start: 5n, operand: bit,
    })),
  ];
};

const CODES = { int: "i", uint: "j", long: "l", ulong: "m", float: "f", double: "d" } as const;
interface Kernel {
  readonly name: string;
  readonly type: keyof typeof CODES;
  readonly ops: readonly Op[];
  readonly space: "global" | "local" | "generic";
}
const KERNELS: readonly Kernel[] = (Object.keys(CODES) as (keyof typeof CODES)[]).flatMap((type) => (["global", "local", "generic"] as const).flatMap((space): Kernel[] => [
  ...(space === "generic" || type === "float" || type === "double" ? [] : [{ name: `old_${type}_${space}`, type, space, ops: OLD(type.endsWith("long") ? "atom" : "atomic") }]),
  ...(space === "generic" && (type === "float" || type === "double") ? [] : [{ name: `new_${type}_${space}`, type, space, ops: NEW(type) }]),
]));

function sourceOf({ name, type, ops, space }: Kernel): string {
  const object = name.startsWith("old") ? `volatile ${space} ${type}` : `volatile ${space === "generic" ? "" : space} atomic_${type}`;
  const place = space === "local" ? `(${object} *)room` : space === "generic" ? `(get_group_id(0) == 0 ? (${object} *)(local ${type} *)room : (${object} *)objects)` : `(${object} *)objects`;
  return `kernel void ${name}(global ${type} *objects, global const ${type} *operands, global ${type} *out) {
  local ${type} room[${ops.length}];
  int i = get_global_id(0);
  if (get_local_id(0) == 0) for (int n = 0; n < ${ops.length}; n++) room[n] = objects[${ops.length} * (1 + get_group_id(0)) + n];
  barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
  ${object} *p = ${place};
${ops.map(({ call }, n) => `  out[${n * N} + i] = ${call(`p + ${n}`, `operands[${n * N} + i]`)};`).join("\n")}
  barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
  ${space === "global" ? "" : `if (get_local_id(0) == 0) for (int n = 0; n < ${ops.length}; n++) objects[${ops.length} * (1 + get_group_id(0)) + n] = room[n];`}
}`;
}

const programs = programsOf("contended", KERNELS.map(sourceOf).join("\n"));

/** The state behind all of them in some order, or null when there is none. */
function replay(e: Element, { step }: Op, start: Value, olds: readonly Value[], operands: readonly Value[]): Value | null {
  const left = new Set(olds.keys());
  let state = start;
  while (left.size > 0) {
    const ready = [...left].filter((n) => olds[n] === state);
    // What changes nothing comes first.
    const next = ready.find((n) => step(e, state, operands[n]!) === state) ?? ready[0];
    if (next === undefined) return null;
    left.delete(next);
    state = step(e, state, operands[next]!);
  }
  return state;
}

test.each(programs)("%s", (_engine, program) => {
  const faults: string[] = [];
  for (const { name, type, ops, space } of KERNELS) {
    const e = elementOf(CODES[type]);
    const bytes = e.bits / 8;
    const value = (v: Value): Value => (e.float ? Number(v) : wrap(e, BigInt(v)));
    const objects = new Uint8Array(ops.length * bytes * (1 + N / GROUP));
    const [operands, out] = [new Uint8Array(ops.length * N * bytes), new Uint8Array(ops.length * N * bytes)];
    const [inView, opView, outView] = [objects, operands, out].map((b) => new DataView(b.buffer)) as [DataView, DataView, DataView];
    ops.forEach(({ start, operand }, n) => {
      // Each group has its own copy of what lies there before, which it takes to its own memory.
      for (let copy = 0; copy <= N / GROUP; copy++) put(e, inView, (copy * ops.length + n) * bytes, value(start));
      for (let i = 0; i < N; i++) put(e, opView, (n * N + i) * bytes, value(operand(i)));
    });
    program.run(name, [objects, operands, out], N, GROUP);
    ops.forEach((op, n) => {
      for (let group = 0; group < (space === "global" ? 1 : N / GROUP); group++) {
        const shared = space === "global" || (space === "generic" && group > 0);
        const first = space === "global" ? 0 : shared ? GROUP : group * GROUP;
        const items = Array.from({ length: shared ? N - first : GROUP }, (_, i) => first + i);
        const after = replay(e, op, value(op.start), items.map((i) => get(e, outView, (n * N + i) * bytes)), items.map((i) => value(op.operand(i))));
        const is = get(e, inView, (n + (shared ? 0 : ops.length * (1 + group))) * bytes);
        if (after === null || after !== is) faults.push(`${name}: ${op.call("p", "v")} leaves ${is}, ${after === null ? "and its old values come in no order" : `not ${after}`}`);
      }
    });
  }
  expect(faults.slice(0, 20)).toEqual([]);
});
