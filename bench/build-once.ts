// Builds the benchmark kernels once, then a few variants of them; prints the times as JSON. Started by compile.ts in a process of its own.
import { createMachine } from "glassgpu";
import { CL_DEVICE_TYPE_GPU } from "glassgpu/opencl";
import { source } from "./cl-host.ts";
import { median } from "./clock.ts";
import type { BuildTimes } from "./compile.ts";

const cl = createMachine().process("bench").throwing.opencl;
const [platforms] = cl.clGetPlatformIDs(1);
const [devices] = cl.clGetDeviceIDs(platforms[0]!, CL_DEVICE_TYPE_GPU, 1);
const context = cl.clCreateContext(null, 1, [devices[0]!], null, null);

function build(text: string): number {
  const start = performance.now();
  cl.clBuildProgram(cl.clCreateProgramWithSource(context, 1, [text], null), 1, [devices[0]!], "", null, null);
  return performance.now() - start;
}

const first = build(source);
const warm = median(Array.from({ length: 5 }, (_, i) => build(`${source}\n__kernel void variant${i}_${process.pid}(__global int* p) { p[0] = ${i}; }\n`)));
const result: BuildTimes = { first, warm };
console.log(JSON.stringify(result));
