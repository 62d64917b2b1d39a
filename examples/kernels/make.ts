// Builds the OpenCL C of the examples and writes the program binaries that they load where there is no Clang.
//
// Run: glassgpu run examples/kernels/make.ts
import { writeFileSync } from "node:fs";
import { createMachine, out } from "glassgpu";
import { CL_DEVICE_TYPE_GPU, CL_PROGRAM_BINARIES } from "glassgpu/opencl";
import { kernelFile } from "../lib/files.ts";

const p = createMachine().process("make");
const cl = p.throwing.opencl;
const [platforms] = cl.clGetPlatformIDs(1);
const [devices] = cl.clGetDeviceIDs(platforms[0]!, CL_DEVICE_TYPE_GPU, 1);
const context = cl.clCreateContext(null, 1, devices, null, null);
for (const name of ["counter", "burn"]) {
  const program = cl.clCreateProgramWithSource(context, 1, [kernelFile(`${name}.cl`)], null);
  cl.clBuildProgram(program, 1, devices, "-cl-std=CL3.0", null, null);
  const binaries = out<Uint8Array[]>();
  p.opencl.clGetProgramInfo(program, CL_PROGRAM_BINARIES, 8, binaries, null);
  writeFileSync(new URL(`${name}.bin`, import.meta.url), binaries.value[0]!);
  console.log(`wrote ${name}.bin: ${binaries.value[0]!.length} bytes`);
}
