import { readFileSync } from "node:fs";
import { createMachine, formatDiagnostic, type HostProcess, type Machine } from "glassgpu";
import type { Argument, BenchHost, Memory, Started } from "./case.ts";

/** A kernel with its arguments, as a launch wants them. */
interface Kernel {
  readonly fn: number;
  readonly args: number[];
  /** Bytes of dynamic shared memory: what stands for OpenCL's local arguments. */
  shared: number;
}

/** PTX of all benchmark kernels: what nvcc made of kernels.cu. */
const ptx: string = readFileSync(new URL("kernels.ptx", import.meta.url), "utf8");

/** A process with the CUDA driver API and the benchmark kernels from PTX, and the few calls that the cases need. */
export class CudaHost implements BenchHost {
  readonly machine: Machine = createMachine();
  readonly process: HostProcess = this.machine.process("bench");
  private readonly module: number;
  private readonly kernels: Kernel[] = [];

  constructor() {
    const { cuda } = this.process.throwing;
    cuda.cuInit(0);
    cuda.cuCtxCreate(null, 0, 0);
    this.module = cuda.cuModuleLoadData(ptx) as number;
  }

  private check(code: number): void {
    if (code === 0) return;
    const last = this.machine.lastDiagnostic();
    throw new Error(last === null ? `CUDA error ${code}` : formatDiagnostic(last));
  }

  buffer(data: ArrayBufferView | number): Memory {
    const { cuda } = this.process.throwing;
    const bytes = typeof data === "number" ? data : data.byteLength;
    const at = cuda.cuMemAlloc(bytes) as number;
    if (typeof data === "number") cuda.cuMemsetD8(at as never, 0, bytes);
    else this.write(at, data);
    return at;
  }

  write(memory: Memory, data: ArrayBufferView): void {
    this.check(this.process.cuda.cuMemcpyHtoD(memory as never, data, data.byteLength));
  }

  read<T extends ArrayBufferView>(memory: Memory, into: T): T {
    this.check(this.process.cuda.cuMemcpyDtoH(into, memory as never, into.byteLength));
    return into;
  }

  kernel(name: string, ...args: readonly Argument[]): Started {
    const kernel: Kernel = { fn: this.process.throwing.cuda.cuModuleGetFunction(this.module as never, name) as number, args: [], shared: 0 };
    this.kernels.push(kernel);
    args.forEach((arg, index) => this.setArg(this.kernels.length - 1, index, arg));
    return this.kernels.length - 1;
  }

  setArg(kernel: Started, index: number, arg: Argument): void {
    const to = this.kernels[kernel]!;
    if (typeof arg === "number") to.args[index] = arg;
    else if ("local" in arg) to.shared = arg.local;
    else to.args[index] = arg[0]!;
  }

  enqueue(kernel: Started, global: readonly number[], local: readonly number[]): void {
    const { fn, args, shared } = this.kernels[kernel]!;
    const [x = 1, y = 1] = local;
    this.check(this.process.cuda.cuLaunchKernel(fn as never, global[0]! / x, (global[1] ?? 1) / y, 1, x, y, 1, shared, null, args, null));
  }

  finish(): void {
    this.check(this.process.cuda.cuCtxSynchronize());
  }
}
