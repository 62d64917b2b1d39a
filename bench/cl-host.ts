import { readFileSync } from "node:fs";
import { createMachine, formatDiagnostic, type HostProcess, type Machine } from "glassgpu";
import {
  CL_DEVICE_TYPE_GPU, CL_MEM_READ_WRITE, CL_SUCCESS, CL_TRUE, type cl_command_queue, type cl_context, type cl_device_id, type cl_kernel, type cl_mem, type cl_program,
} from "glassgpu/opencl";
import type { Argument, BenchHost } from "./case.ts";

/** Source of all benchmark kernels. */
export const source: string = readFileSync(new URL("kernels.cl", import.meta.url), "utf8");

/** A process with one in-order queue and the benchmark program, and the few calls that the cases need. */
export class ClHost implements BenchHost {
  readonly machine: Machine;
  readonly process: HostProcess;
  readonly context: cl_context;
  readonly queue: cl_command_queue;
  readonly device: cl_device_id;
  readonly program: cl_program;

  /** @param workers threads that run device code @param check whether all checks of device code are on */
  constructor(workers = 1, check = false) {
    this.machine = createMachine({ workers, check });
    this.process = this.machine.process("bench");
    const cl = this.process.throwing.opencl;
    const [platforms] = cl.clGetPlatformIDs(1);
    const [devices] = cl.clGetDeviceIDs(platforms[0]!, CL_DEVICE_TYPE_GPU, 1);
    this.device = devices[0]!;
    this.context = cl.clCreateContext(null, 1, [this.device], null, null);
    this.queue = cl.clCreateCommandQueueWithProperties(this.context, this.device, null);
    this.program = cl.clCreateProgramWithSource(this.context, 1, [source], null);
    cl.clBuildProgram(this.program, 1, [this.device], "", null, null);
  }

  /** Throws what the machine says about an error code. */
  check(code: number): void {
    if (code === CL_SUCCESS) return;
    const last = this.machine.lastDiagnostic();
    throw new Error(last === null ? `OpenCL error ${code}` : formatDiagnostic(last));
  }

  /** A buffer with the bytes of `data`, or that many zero bytes. */
  buffer(data: ArrayBufferView | number): cl_mem {
    const bytes = typeof data === "number" ? data : data.byteLength;
    const memory = this.process.throwing.opencl.clCreateBuffer(this.context, CL_MEM_READ_WRITE, bytes, null);
    if (typeof data !== "number") this.write(memory, data);
    return memory;
  }

  write(memory: cl_mem, data: ArrayBufferView): void {
    this.check(this.process.opencl.clEnqueueWriteBuffer(this.queue, memory, CL_TRUE, 0, data.byteLength, data, 0, null, null));
  }

  /** Fills `into` from the start of a buffer. */
  read<T extends ArrayBufferView>(memory: cl_mem, into: T): T {
    this.check(this.process.opencl.clEnqueueReadBuffer(this.queue, memory, CL_TRUE, 0, into.byteLength, into, 0, null, null));
    return into;
  }

  kernel(name: string, ...args: readonly Argument[]): cl_kernel {
    const kernel = this.process.throwing.opencl.clCreateKernel(this.program, name);
    args.forEach((arg, index) => this.setArg(kernel, index, arg));
    return kernel;
  }

  setArg(kernel: cl_kernel, index: number, arg: Argument): void {
    const cl = this.process.opencl;
    if (typeof arg === "number") this.check(cl.clSetKernelArg(kernel, index, 8, arg));
    else if ("local" in arg) this.check(cl.clSetKernelArg(kernel, index, arg.local, null));
    else this.check(cl.clSetKernelArg(kernel, index, arg.byteLength, arg));
  }

  enqueue(kernel: cl_kernel, global: readonly number[], local: readonly number[]): void {
    this.check(this.process.opencl.clEnqueueNDRangeKernel(this.queue, kernel, global.length, null, global, local, 0, null, null));
  }

  finish(): void {
    this.check(this.process.opencl.clFinish(this.queue));
  }
}
