import { readFileSync } from "node:fs";
import { openclToIr } from "../../src/compiler/llvm/opencl.ts";
import * as cu from "../../src/cuda/abi/driver/constants.ts";
import { tiny } from "../../src/gpu/profiles/tiny.ts";
import { createMachine, out, type HostProcess, type Machine } from "../../src/index.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import { encodeBinary } from "../../src/opencl/runtime/binary.ts";

/** A GPU of two multiprocessors with room for eight work-groups each, a watchdog of 2 s, and memory that host and kernels use at the same time. */
export const gpu: typeof tiny = { ...tiny, svm: { fineGrainBuffer: true, fineGrainSystem: false, atomics: true } };
/** Work-groups that are on that GPU at once. */
export const RESIDENT = 16;

/** Memory that a kernel's parameter names: its handle in the API, and how to see its words. */
export interface Words {
  readonly handle: unknown;
  read(): number[];
}

/** Words that the host sees and changes while kernels run. */
export interface SharedWords {
  readonly handle: unknown;
  readonly words: Uint32Array;
}

/** One API, as these tests need it. The kernels are the same: endless, locked, served, meeting. */
export interface Api {
  readonly machine: Machine;
  /** Device memory of so many words of 0. */
  buffer(count: number): Words;
  mapped(count: number): SharedWords;
  /** Launches work-groups and does not wait. Numbers are 32-bit values. */
  start(kernel: string, groups: number, items: number, ...args: readonly (Words | SharedWords | number)[]): void;
  /** Waits for everything: "done", or what the API says of a kernel that was stopped. */
  wait(): string;
  /** Lets virtual time pass. */
  sleep(ns: number): void;
}

const PTX = `
.version 8.0
.target sm_75
.address_size 64
.visible .entry endless(.param .u64 p) {
LOOP: bra LOOP;
}
.visible .entry locked(.param .u64 lock, .param .u64 count, .param .u32 rounds) {
  .reg .pred %p; .reg .b32 %r<6>; .reg .b64 %d<3>;
  ld.param.u64 %d1, [lock]; ld.param.u64 %d2, [count]; ld.param.u32 %r1, [rounds];
ROUND:
  setp.eq.u32 %p, %r1, 0; @%p bra DONE;
TAKE:
  atom.global.cas.b32 %r2, [%d1], 0, 1; setp.ne.u32 %p, %r2, 0; @%p bra TAKE;
  membar.gl; ld.volatile.global.u32 %r3, [%d2]; add.u32 %r3, %r3, 1; st.volatile.global.u32 [%d2], %r3; membar.gl;
  atom.global.exch.b32 %r4, [%d1], 0;
  sub.u32 %r1, %r1, 1; bra ROUND;
DONE: ret;
}
.visible .entry served(.param .u64 door, .param .u64 answer) {
  .reg .pred %p; .reg .b32 %r<6>; .reg .b64 %d<3>;
  ld.param.u64 %d1, [door]; ld.param.u64 %d2, [answer]; mov.u32 %r1, 0;
LOOK:
  ld.volatile.global.u32 %r2, [%d1]; setp.eq.u32 %p, %r1, %r2; @%p bra LOOK;
  setp.lt.s32 %p, %r2, 0; @%p bra DONE;
  mov.u32 %r1, %r2; mul.lo.u32 %r3, %r2, %r2; st.volatile.global.u32 [%d2+4], %r3; membar.sys; st.volatile.global.u32 [%d2], %r2; bra LOOK;
DONE: ret;
}
.visible .entry meeting(.param .u64 arrived, .param .u64 data, .param .u64 seen) {
  .reg .pred %p; .reg .b32 %r<8>; .reg .b64 %d<8>;
  ld.param.u64 %d1, [arrived]; ld.param.u64 %d2, [data]; ld.param.u64 %d3, [seen];
  mov.u32 %r1, %nctaid.x; mov.u32 %r2, %ctaid.x; mov.u32 %r3, %tid.x; setp.ne.u32 %p, %r3, 0; @%p bra DONE;
  mul.wide.u32 %d4, %r2, 4; add.s64 %d5, %d2, %d4; add.u32 %r4, %r2, 100; st.global.u32 [%d5], %r4; membar.gl;
  red.global.add.u32 [%d1], 1;
WAIT:
  ld.volatile.global.u32 %r5, [%d1]; setp.lt.u32 %p, %r5, %r1; @%p bra WAIT;
  add.u32 %r6, %r2, 1; rem.u32 %r6, %r6, %r1; mul.wide.u32 %d6, %r6, 4; add.s64 %d6, %d6, %d2; ld.volatile.global.u32 %r7, [%d6];
  add.s64 %d7, %d3, %d4; st.global.u32 [%d7], %r7;
DONE: bar.sync 0; ret;
}`;

class CudaApi implements Api {
  readonly machine: Machine = createMachine({ gpus: [gpu] });
  readonly process: HostProcess = this.machine.process("cuda");
  private readonly module: number;

  constructor() {
    const { cuda } = this.process.throwing;
    cuda.cuInit(0);
    cuda.cuCtxCreate(null, cu.CU_CTX_MAP_HOST, 0);
    this.module = cuda.cuModuleLoadData(PTX) as number;
  }

  buffer(count: number): Words {
    const { cuda } = this.process.throwing;
    const at = cuda.cuMemAlloc(4 * count);
    cuda.cuMemsetD32(at, 0, count);
    const read = (): number[] => {
      const into = new Uint32Array(count);
      cuda.cuMemcpyDtoH(into, at, into.byteLength);
      return [...into];
    };
    return { handle: at, read };
  }

  mapped(count: number): SharedWords {
    const { cuda } = this.process.throwing;
    const at = cuda.cuMemHostAlloc(4 * count, cu.CU_MEMHOSTALLOC_DEVICEMAP);
    const bytes = this.process.view(at, 4 * count);
    return { handle: cuda.cuMemHostGetDevicePointer(at, 0), words: new Uint32Array(bytes.buffer, bytes.byteOffset, count) };
  }

  start(kernel: string, groups: number, items: number, ...args: readonly (Words | SharedWords | number)[]): void {
    const { cuda } = this.process.throwing;
    const values = args.map((arg) => (typeof arg === "number" ? arg : (arg.handle as number)));
    cuda.cuLaunchKernel(cuda.cuModuleGetFunction(this.module as never, kernel), groups, 1, 1, items, 1, 1, 0, null, values, null);
  }

  /** The code of a cooperative launch. */
  startCooperative(kernel: string, groups: number, items: number, ...args: readonly (Words | number)[]): number {
    const values = args.map((arg) => (typeof arg === "number" ? arg : (arg.handle as number)));
    return this.process.cuda.cuLaunchCooperativeKernel(this.process.throwing.cuda.cuModuleGetFunction(this.module as never, kernel), groups, 1, 1, items, 1, 1, 0, null, values);
  }

  wait(): string {
    const code = this.process.cuda.cuCtxSynchronize();
    return code === 0 ? "done" : code === cu.CUDA_ERROR_LAUNCH_TIMEOUT ? "timeout" : `error ${code}`;
  }

  sleep(ns: number): void {
    this.machine.kernel.events.advance(this.machine.kernel.clock.now + ns);
  }
}

class OpenClApi implements Api {
  readonly machine: Machine = createMachine({ gpus: [gpu] });
  readonly process: HostProcess = this.machine.process("opencl");
  private readonly context: ReturnType<HostProcess["throwing"]["opencl"]["clCreateContext"]>;
  private readonly queue: ReturnType<HostProcess["throwing"]["opencl"]["clCreateCommandQueueWithProperties"]>;
  private readonly program: ReturnType<HostProcess["throwing"]["opencl"]["clCreateProgramWithBinary"]>[0];
  private last: ReturnType<HostProcess["throwing"]["opencl"]["clCreateUserEvent"]> | null = null;

  constructor() {
    const cl = this.process.throwing.opencl;
    const [[platform]] = cl.clGetPlatformIDs(1);
    const [[device]] = cl.clGetDeviceIDs(platform!, C.CL_DEVICE_TYPE_GPU, 1);
    this.context = cl.clCreateContext(null, 1, [device!], null, null);
    this.queue = cl.clCreateCommandQueueWithProperties(this.context, device!, null);
    const module = openclToIr(readFileSync(new URL("../fixtures/opencl/progress.ll", import.meta.url), "utf8"), "progress");
    const binary = encodeBinary({ type: C.CL_PROGRAM_BINARY_TYPE_EXECUTABLE, options: "", nonUniform: false, argInfo: false, module });
    const made = cl.clCreateProgramWithBinary(this.context, 1, [device!], [binary.length], [binary]);
    this.program = (Array.isArray(made) ? made[0] : made) as typeof this.program;
    cl.clBuildProgram(this.program as never, 0, null, null, null, null);
  }

  buffer(count: number): Words {
    const cl = this.process.throwing.opencl;
    const memory = cl.clCreateBuffer(this.context, C.CL_MEM_READ_WRITE, 4 * count, null);
    cl.clEnqueueFillBuffer(this.queue, memory, new Uint32Array(1), 4, 0, 4 * count, 0, null);
    const read = (): number[] => {
      const into = new Uint32Array(count);
      cl.clEnqueueReadBuffer(this.queue, memory, C.CL_TRUE, 0, into.byteLength, into, 0, null);
      return [...into];
    };
    return { handle: memory, read };
  }

  mapped(count: number): SharedWords {
    const at = this.process.throwing.opencl.clSVMAlloc(this.context, C.CL_MEM_READ_WRITE | C.CL_MEM_SVM_FINE_GRAIN_BUFFER | C.CL_MEM_SVM_ATOMICS, 4 * count, 0);
    const bytes = this.process.view(at, 4 * count);
    return { handle: at, words: new Uint32Array(bytes.buffer, bytes.byteOffset, count) };
  }

  start(kernel: string, groups: number, items: number, ...args: readonly (Words | SharedWords | number)[]): void {
    const cl = this.process.throwing.opencl;
    const made = cl.clCreateKernel(this.program as never, kernel);
    args.forEach((arg, i) => {
      if (typeof arg === "number") cl.clSetKernelArg(made, i, 4, Int32Array.of(arg));
      else if ("words" in arg) cl.clSetKernelArgSVMPointer(made, i, arg.handle as never);
      else cl.clSetKernelArg(made, i, 8, arg.handle as never);
    });
    this.last = cl.clEnqueueNDRangeKernel(this.queue, made, 1, null, [groups * items], [items], 0, null);
    cl.clFlush(this.queue);
  }

  wait(): string {
    this.process.opencl.clFinish(this.queue);
    const answer = out<number>();
    this.process.opencl.clGetEventInfo(this.last!, C.CL_EVENT_COMMAND_EXECUTION_STATUS, 4, answer, null);
    const status = answer.value;
    // OpenCL has no code of its own for a watchdog: the event fails, and the diagnostic says why.
    return status === C.CL_COMPLETE ? "done" : this.machine.diagnostics().some(({ message }) => /watchdog/.test(message)) ? "timeout" : `status ${status}`;
  }

  sleep(ns: number): void {
    this.machine.kernel.events.advance(this.machine.kernel.clock.now + ns);
  }
}

/** A new machine and process for each call. */
export const apis: readonly { readonly name: string; readonly open: () => Api }[] = [{ name: "CUDA", open: () => new CudaApi() }, { name: "OpenCL", open: () => new OpenClApi() }];

/** CUDA alone. */
export function cudaApi(): CudaApi {
  return new CudaApi();
}
