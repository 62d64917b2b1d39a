import { expect, test } from "vitest";
import { Cl, found } from "../check/host.ts";

// Locks made of flags, and fences between relaxed accesses, in OpenCL C: on one thread of the host and two, checked or not.

/** Two groups; of each pair of work-items one is in each. */
const fences = `__kernel void k(__global int* a, __global int* out) {
  int lane = get_local_id(0), role = get_group_id(0);
  while (atomic_flag_test_and_set_explicit((volatile __global atomic_flag*)a, memory_order_acquire, memory_scope_device)) {}
  a[1] += 1;
  atomic_flag_clear_explicit((volatile __global atomic_flag*)a, memory_order_release, memory_scope_device);
  volatile __global atomic_int* x = (volatile __global atomic_int*)a + 64 + 2 * lane;
  volatile __global atomic_int* y = x + 1;
  volatile __global atomic_int* z = x + 128;
  volatile __global atomic_int* w = y + 128;
  int sent = 0;
  if (role == 0) {
    atomic_store_explicit(x, 1, memory_order_relaxed, memory_scope_device);
    atomic_work_item_fence(CLK_GLOBAL_MEM_FENCE, memory_order_release, memory_scope_device);
    atomic_store_explicit(y, 1, memory_order_relaxed, memory_scope_device);
  } else {
    sent = 2 * atomic_load_explicit(y, memory_order_relaxed, memory_scope_device);
    atomic_work_item_fence(CLK_GLOBAL_MEM_FENCE, memory_order_acquire, memory_scope_device);
    sent += atomic_load_explicit(x, memory_order_relaxed, memory_scope_device);
  }
  atomic_store_explicit(role == 0 ? z : w, 1, memory_order_relaxed, memory_scope_device);
  atomic_work_item_fence(CLK_GLOBAL_MEM_FENCE, memory_order_seq_cst, memory_scope_device);
  int other = atomic_load_explicit(role == 0 ? w : z, memory_order_relaxed, memory_scope_device);
  out[get_global_id(0)] = 4 * other + sent;
}
`;

test.each([[false, 1], [false, 2], [true, 1], [true, 2]] as const)("checked: %s, %i workers", (check, workers) => {
  const h = new Cl(fences, check, "-cl-std=CL3.0", workers);
  const [a, out] = [h.buffer(new Uint32Array(512)), h.buffer(new Uint32Array(64))];
  h.run([a, out], 64, 32);
  const words = new Uint32Array(64);
  h.read(out, words);
  for (let lane = 0; lane < 32; lane++) {
    // Not the message's second word without its first, nor nobody's store seen by nobody.
    expect(words[32 + lane]! & 3).not.toBe(2);
    expect((words[lane]! | words[32 + lane]!) & 4).toBe(4);
  }
  const counter = new Uint32Array(2);
  h.read(a, counter);
  expect([...counter]).toEqual([0, 64]);
  expect(found(h.machine)).toEqual([]);
});

// Litmus tests: participants with x and y, 16 words apart, and a result each, behind them.

const INSTANCES = 48;
const WORDS = 128;

interface Litmus {
  readonly parts: readonly string[];
  readonly forbidden: (results: readonly number[], x: number, y: number) => boolean;
}

/** LOAD, STORE and FENCE are what each way makes of them. */
const litmus: Readonly<Record<string, Litmus>> = {
  messages: { parts: ["STORE(x, 1); FENCE; STORE(y, 1);", "r = 2 * LOAD(y); FENCE; r += LOAD(x);"], forbidden: ([, b]) => b === 2 },
  stores_buffered: { parts: ["STORE(x, 1); FENCE; r = LOAD(y);", "STORE(y, 1); FENCE; r = LOAD(x);"], forbidden: ([a, b]) => a === 0 && b === 0 },
  loads_buffered: { parts: ["r = LOAD(x); FENCE; STORE(y, 1);", "r = LOAD(y); FENCE; STORE(x, 1);"], forbidden: ([a, b]) => a === 1 && b === 1 },
  third_party: { parts: ["STORE(x, 1);", "r = LOAD(x); FENCE; STORE(y, r);", "r = 2 * LOAD(y); FENCE; r += LOAD(x);"], forbidden: ([, , c]) => c === 2 },
  independent_reads: { parts: ["STORE(x, 1);", "STORE(y, 1);", "r = 2 * LOAD(x); FENCE; r += LOAD(y);", "r = 2 * LOAD(y); FENCE; r += LOAD(x);"], forbidden: ([, , c, d]) => c === 2 && d === 2 },
  coherence: { parts: ["STORE(x, 1); STORE(x, 2);", "r = 4 * LOAD(x); r += LOAD(x);"], forbidden: ([, b]) => b! >> 2 > (b! & 3) },
  writes: { parts: ["STORE(x, 1); FENCE; STORE(y, 2);", "STORE(y, 1); FENCE; STORE(x, 2);"], forbidden: (_, x, y) => x === 1 && y === 1 },
};

/** Orders of loads and stores, and the fence between; sequential consistency forbids all of it, release and acquire what is caused. */
const ways = {
  seq_cst: ["seq_cst", "seq_cst", null], fence_seq_cst: ["relaxed", "relaxed", "seq_cst"], acq_rel: ["acquire", "release", null], fence_acq_rel: ["relaxed", "relaxed", "acq_rel"],
} as const;
const causal = new Set(["messages", "loads_buffered", "third_party", "coherence"]);

function source(way: keyof typeof ways, scope: string): string {
  const [load, store, fence] = ways[way];
  const kernels = Object.entries(litmus).map(([name, { parts }]) => `__kernel void ${name}(__global int* a, int turn) {
  int n = ${parts.length}, number = get_group_id(0) * get_local_size(0) + get_local_id(0), instance = number / n, role = (number + (instance >> turn)) % n, r = 0;
  volatile __global atomic_int* x = (volatile __global atomic_int*)a + ${WORDS} * instance;
  volatile __global atomic_int* y = x + 16;
  switch (role) { ${parts.map((part, i) => `case ${i}: ${part} break;`).join(" ")} }
  a[${WORDS} * instance + 32 + 16 * role] = r;
}`);
  return `#define LOAD(p) atomic_load_explicit(p, memory_order_${load}, memory_scope_${scope})
#define STORE(p, v) atomic_store_explicit(p, v, memory_order_${store}, memory_scope_${scope})
#define FENCE ${fence === null ? "(void)0" : `atomic_work_item_fence(CLK_GLOBAL_MEM_FENCE, memory_order_${fence}, memory_scope_${scope})`}
${kernels.join("\n")}`;
}

test.each([["seq_cst", "device"], ["fence_seq_cst", "all_svm_devices"], ["acq_rel", "device"], ["fence_acq_rel", "device"], ["seq_cst", "work_group"]] as const)("what %s of scope %s forbids is never seen", (way, scope) => {
  for (const [name, { parts, forbidden }] of Object.entries(litmus)) {
    if (way.endsWith("acq_rel") && !causal.has(name)) continue;
    const seen = new Set<string>();
    for (let seed = 0; seed < 4; seed++) {
      const h = new Cl(source(way, scope), (seed & 2) !== 0, "-cl-std=CL3.0", 1 + (seed & 1));
      const a = h.buffer(new Uint32Array(WORDS * INSTANCES));
      h.launch(name, [a, Int32Array.of(seed % 3)], [parts.length * INSTANCES], [scope === "work_group" ? parts.length : 1], 8);
      const words = new Uint32Array(WORDS * INSTANCES);
      h.read(a, words);
      for (let i = 0; i < INSTANCES; i++) {
        const at = WORDS * i;
        const results = parts.map((_, role) => words[at + 32 + 16 * role]!);
        expect(forbidden(results, words[at]!, words[at + 16]!), `${name} ${seed}: ${results.join(" ")}`).toBe(false);
        seen.add(`${results.join(" ")}; ${words[at]} ${words[at + 16]}`);
      }
      expect(found(h.machine)).toEqual([]);
    }
    // Each came first somewhere.
    expect(seen.size, name).toBeGreaterThan(1);
  }
});
