__kernel void counter(__global atomic_int* count) { atomic_fetch_add(count, 1); }

__kernel void saxpy(float a, __global const float* x, __global float* y) {
  size_t i = get_global_id(0);
  y[i] = a * x[i] + y[i];
}

/* Reads whatever is at an address: the machine decides whether it may. */
__kernel void peek(ulong address, __global uint* out) { *out = *(__global uint*)address; }
