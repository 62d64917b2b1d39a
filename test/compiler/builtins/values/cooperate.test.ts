import { expect, test } from "vitest";
import { programsOf } from "./programs.ts";

// Flags that work-items of one group and of several contend for, and collectives of work-groups of which the last is smaller, against plain sums.

const programs = programsOf("cooperate", `
kernel void lock(global int *flags, global int *counters, int times) {
  local int own;
  local int sum;
  if (get_local_id(0) == 0) { own = 0; sum = 0; }
  barrier(CLK_LOCAL_MEM_FENCE);
  volatile global atomic_flag *f = (volatile global atomic_flag *)flags;
  volatile local atomic_flag *g = (volatile local atomic_flag *)&own;
  for (int n = 0; n < times; n++) {
    while (atomic_flag_test_and_set_explicit(f, memory_order_acquire, memory_scope_device)) {}
    counters[0] = counters[0] * 3 + 1;
    counters[1] += 1;
    atomic_flag_clear_explicit(f, memory_order_release, memory_scope_device);
    while (atomic_flag_test_and_set_explicit(g, memory_order_acquire, memory_scope_work_group)) {}
    sum += get_local_id(0) + 1;
    atomic_flag_clear_explicit(g, memory_order_release, memory_scope_work_group);
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  if (get_local_id(0) == 0) counters[2 + get_group_id(0)] = sum;
}
kernel void first(global int *flags, global int *out) {
  volatile global atomic_flag *f = (volatile global atomic_flag *)flags;
  int i = get_global_id(0);
  out[2 * i] = atomic_flag_test_and_set(f);
  out[2 * i + 1] = atomic_flag_test_and_set(f + 1 + get_group_id(0));
  if (i == 0) { atomic_flag_clear(f + 8); out[2 * get_global_size(0)] = atomic_flag_test_and_set(f + 8) * 2 + atomic_flag_test_and_set(f + 8); }
}
kernel void together(global const int *in, global int *out) {
  int i = get_global_id(0), x = in[i];
  global int *p = out + 12 * i;
  p[0] = work_group_all(x > 3);
  p[1] = work_group_any(x > 90);
  p[2] = work_group_broadcast(x, get_local_size(0) - 1);
  p[3] = work_group_reduce_add(x);
  p[4] = work_group_reduce_min(x);
  p[5] = work_group_reduce_max(x);
  p[6] = work_group_scan_exclusive_add(x);
  p[7] = work_group_scan_inclusive_add(x);
  p[8] = work_group_scan_inclusive_max(x);
  p[9] = work_group_scan_exclusive_min(x);
  p[10] = get_local_size(0);
  p[11] = get_enqueued_local_size(0);
}
`);

test.each(programs)("%s: locks made of flags let one work-item in at a time", (_, program) => {
  for (const [size, group] of [[1, 1], [8, 8], [6, 2], [7, 3]] as const) {
    const groups = Math.ceil(size / group);
    const counters = new Int32Array(2 + groups);
    program.run("lock", [new Int32Array(1), counters, 3], size, group);
    let product = 0;
    for (let n = 0; n < 3 * size; n++) product = (Math.imul(product, 3) + 1) | 0;
    const sums = Array.from({ length: groups }, (_1, g) => {
      const items = Math.min(group, size - g * group);
      return (3 * items * (items + 1)) / 2;
    });
    expect([...counters]).toEqual([product, 3 * size, ...sums]);
  }
});

test.each(programs)("%s: of all who set a flag one finds it clear", (_, program) => {
  const [size, group] = [20, 8];
  const flags = new Int32Array(9).fill(1, 8);
  const out = new Int32Array(2 * size + 1);
  program.run("first", [flags, out], size, group);
  const clear = (from: number, to: number, which: number): number => Array.from({ length: to - from }, (_1, i) => out[2 * (from + i) + which]!).filter((found) => found === 0).length;
  expect(clear(0, size, 0)).toBe(1);
  for (let g = 0; g * group < size; g++) expect(clear(g * group, Math.min(size, (g + 1) * group), 1)).toBe(1);
  expect(out[2 * size]).toBe(1);
  expect([...flags].map((flag) => flag !== 0)).toEqual([true, true, true, true, false, false, false, false, true]);
});

test.each(programs)("%s: collectives, also of groups that are smaller than the others", (_, program) => {
  for (const [size, group, warpSize] of [[20, 8, 32], [20, 8, 4], [5, 8, 32], [70, 32, 32], [33, 32, 32], [50, 48, 32], [24, 8, 32]] as const) {
    const values = Int32Array.from({ length: size }, (_1, n) => (n * 37) % 101);
    const out = new Int32Array(12 * size);
    program.run("together", [values, out], size, group, { warpSize });
    for (let start = 0; start < size; start += group) {
      const part = [...values.subarray(start, Math.min(size, start + group))];
      part.forEach((_1, n) => {
        const before = part.slice(0, n);
        const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
        expect([...out.subarray(12 * (start + n), 12 * (start + n) + 12)], `${size} ${group} ${start + n}`).toEqual([
          Number(part.every((x) => x > 3)), Number(part.some((x) => x > 90)), part.at(-1), sum(part), Math.min(...part), Math.max(...part), sum(before), sum(part.slice(0, n + 1)), Math.max(...part.slice(0, n + 1)), Math.min(2 ** 31 - 1, ...before), part.length, group,
        ]);
      });
    }
  }
});
