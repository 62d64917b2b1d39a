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
