/* Work whose length one chooses: n steps of a recurrence that no compiler can shorten. */
__kernel void burn(uint n, __global uint* out) {
  uint x = (uint)get_global_id(0);
#pragma unroll 1
  for (uint i = 0; i < n; i++) x = x * 1664525u + 1013904223u;
  if (x == 1) *out = x;
}
