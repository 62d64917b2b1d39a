import { createMachine, type Diagnostic, type HostProcess, type Machine } from "glassgpu";
import { CL_DEVICE_TYPE_GPU, CL_MEM_READ_WRITE, CL_TRUE, type cl_command_queue, type cl_context, type cl_mem, type cl_program } from "glassgpu/opencl";
import type { MachineOptions } from "../../src/machine.ts";

/** What checkers found, as classes in order. */
export function classes(machine: Machine): string[] {
  return found(machine).map((d) => d.codeName);
}

export function found(machine: Machine): readonly Diagnostic[] {
  return machine.diagnostics().filter(({ kind }) => kind === "checker");
}

/** A checked machine with a CUDA process. */
export class Cuda {
  readonly machine: Machine;
  readonly process: HostProcess;

  constructor(check: MachineOptions["check"] = true) {
    this.machine = createMachine({ check: check! });
    this.process = this.machine.process("cuda");
    const { cuda } = this.process.throwing;
    cuda.cuInit(0);
    cuda.cuCtxCreate(null, 0, 0);
  }

  /** Device memory with these words in it. */
  words(data: Uint32Array): number {
    const at = this.alloc(data.byteLength);
    this.process.throwing.cuda.cuMemcpyHtoD(at, data, data.byteLength);
    return at;
  }

  alloc(bytes: number): number {
    return this.process.throwing.cuda.cuMemAlloc(bytes);
  }

  /** Launches the one kernel "k" of a PTX body that knows %rd1 (first parameter), %rd2 (second), %r1 (work-item), %r2 (group), %rd3 (4 * work-item). Gives the code at its end. */
  run(body: string, params: readonly [number, number], groups: number, items: number): number {
    const text = `.version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k(.param .u64 a, .param .u64 b)\n{\n.reg .pred %p<9>; .reg .b16 %h<9>; .reg .b32 %r<19>; .reg .b64 %rd<19>;\n.shared .align 4 .b8 sh[1024];\n`
      + `.local .align 4 .b8 lo[64];\nld.param.u64 %rd1, [a]; ld.param.u64 %rd2, [b]; mov.u32 %r1, %tid.x; mov.u32 %r2, %ctaid.x; mul.wide.u32 %rd3, %r1, 4;\n${body}\nret;\n}\n`;
    const { throwing: { cuda }, cuda: plain } = this.process;
    const fn = cuda.cuModuleGetFunction(cuda.cuModuleLoadData(text), "k");
    plain.cuLaunchKernel(fn, groups, 1, 1, items, 1, 1, 0, 0, [...params], null);
    return plain.cuCtxSynchronize();
  }
}

/** A checked machine with an OpenCL process. */
export class Cl {
  readonly machine: Machine;
  readonly process: HostProcess;
  readonly context: cl_context;
  private readonly queue: cl_command_queue;
  private readonly program: cl_program;
  private readonly buffers = new Set<cl_mem>();

  constructor(source: string, check: MachineOptions["check"] = true, options: string = "", workers: number = 1) {
    this.machine = createMachine({ check: check!, workers });
    this.process = this.machine.process("cl");
    const cl = this.process.throwing.opencl;
    const [platforms] = cl.clGetPlatformIDs(1);
    const [devices] = cl.clGetDeviceIDs(platforms[0]!, CL_DEVICE_TYPE_GPU, 1);
    this.context = cl.clCreateContext(null, 1, [devices[0]!], null, null);
    this.queue = cl.clCreateCommandQueueWithProperties(this.context, devices[0]!, null);
    this.program = cl.clCreateProgramWithSource(this.context, 1, [source], null);
    cl.clBuildProgram(this.program, 1, [devices[0]!], `-g ${options}`, null, null);
  }

  /** A buffer with these bytes, or that many that nobody wrote. */
  buffer(data: ArrayBufferView | number): cl_mem {
    const cl = this.process.throwing.opencl;
    const bytes = typeof data === "number" ? data : data.byteLength;
    const memory = cl.clCreateBuffer(this.context, CL_MEM_READ_WRITE, bytes, null);
    this.buffers.add(memory);
    if (typeof data !== "number") cl.clEnqueueWriteBuffer(this.queue, memory, CL_TRUE, 0, bytes, data, 0, null);
    return memory;
  }

  /** Fills an array from a buffer. */
  read(buffer: cl_mem, into: Uint32Array): void {
    this.process.throwing.opencl.clEnqueueReadBuffer(this.queue, buffer, CL_TRUE, 0, into.byteLength, into, 0, null);
  }

  /** Runs kernel "k" to its end. */
  run(buffers: readonly cl_mem[], global: number, local: number): void {
    this.launch("k", buffers, [global], [local], 8);
  }

  /** Runs a kernel to its end. Arguments: bytes of a value, buffers when `handles` says how long a handle is, bytes of local memory otherwise. @param meanwhile done before it is waited for */
  launch(name: string, args: readonly (cl_mem | number | ArrayBufferView)[], global: readonly number[], local: readonly number[], handles: number = 0, meanwhile: () => void = () => {}): void {
    const { throwing, opencl } = this.process;
    const kernel = throwing.opencl.clCreateKernel(this.program, name);
    args.forEach((arg, i) => {
      if (typeof arg !== "number") opencl.clSetKernelArg(kernel, i, (arg as ArrayBufferView).byteLength, arg as ArrayBufferView);
      else if (handles > 0 || this.buffers.has(arg as cl_mem)) opencl.clSetKernelArg(kernel, i, 8, arg as cl_mem);
      else opencl.clSetKernelArg(kernel, i, arg, null);
    });
    opencl.clEnqueueNDRangeKernel(this.queue, kernel, global.length, null, [...global], [...local], 0, null, null);
    meanwhile();
    opencl.clFinish(this.queue);
    opencl.clReleaseKernel(kernel);
  }
}
