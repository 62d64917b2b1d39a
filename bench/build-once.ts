// Builds the benchmark kernels and variants of them; prints the times as JSON. Started by compile.ts in a process of its own. BENCH_SOURCES: "new", six that no process has built; "known", one that is always the same.
import { createMachine } from "glassgpu";
import { CL_DEVICE_TYPE_GPU } from "glassgpu/opencl";
import { source } from "./cl-host.ts";
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

const fresh = (i: number): string => `${source}\n__kernel void variant${i}_${process.pid}_${Date.now()}(__global int* p) { p[0] = ${i}; }\n`;
const result: BuildTimes = process.env["BENCH_SOURCES"] === "known" ? { first: build(source), later: [] } : { first: build(fresh(0)), later: [1, 2, 3, 4, 5].map((i) => build(fresh(i))) };
console.log(JSON.stringify(result));
