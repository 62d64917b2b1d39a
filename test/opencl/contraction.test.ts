import { expect, test } from "vitest";
import { Cl } from "../check/host.ts";

// `a * b + c` and mad round once, as fma does; where the source forbids contraction, twice (OpenCL C 3.0 sections 6.15.2 and 6.15.2.1, FP_CONTRACT).

const source = `#pragma OPENCL EXTENSION cl_khr_fp64 : enable
__kernel void k(__global const float* a, __global float* o, __global const double* b, __global double* p) {
  o[0] = a[0] * a[0] + a[1];
  o[1] = mad(a[0], a[0], a[1]);
  o[2] = fma(a[0], a[0], a[1]);
  p[0] = b[0] * b[0] + b[1];
  p[1] = mad(b[0], b[0], b[1]);
  {
    #pragma OPENCL FP_CONTRACT OFF
    o[3] = a[0] * a[0] + a[1];
    p[2] = b[0] * b[0] + b[1];
  }
}
`;

test("a product and a sum round once, unless contraction is off", () => {
  const h = new Cl(source, false);
  const buffers = [new Float32Array([1 + 2 ** -12, -(1 + 2 ** -11)]), new Float32Array(4), new Float64Array([1 + 2 ** -27, -(1 + 2 ** -26)]), new Float64Array(3)].map((data) => h.buffer(data));
  h.run(buffers, 1, 1);
  const words = [new Uint32Array(4), new Uint32Array(6)];
  h.read(buffers[1]!, words[0]!);
  h.read(buffers[3]!, words[1]!);
  expect([...new Float32Array(words[0]!.buffer)]).toEqual([2 ** -24, 2 ** -24, 2 ** -24, 0]);
  expect([...new Float64Array(words[1]!.buffer)]).toEqual([2 ** -54, 2 ** -54, 0]);
});
