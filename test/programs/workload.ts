import type { HostProcess, Machine } from "glassgpu";
import type { CUfunction } from "glassgpu/cuda";

/** Kernels that work for a while, and that write where nothing is. */
const PTX = `
.version 8.0
.target sm_75
.address_size 64
.visible .entry busy(.param .u32 n) {
  .reg .pred %p<2>;
  .reg .b32 %r<4>;
  ld.param.u32 %r1, [n];
  mov.u32 %r2, 0;
LOOP:
  add.u32 %r2, %r2, 1;
  setp.lt.u32 %p1, %r2, %r1;
  @%p1 bra LOOP;
  ret;
}
.visible .entry wild(.param .u64 p) {
  .reg .b64 %rd<3>;
  .reg .b32 %r<3>;
  ld.param.u64 %rd1, [p];
  mov.u32 %r1, 7;
  st.global.u32 [%rd1], %r1;
  ret;
}
`;

/** A program that uses a GPU: its process, and its kernels. */
export interface Worker {
  readonly process: HostProcess;
  readonly busy: CUfunction;
  readonly wild: CUfunction;
}

/** Starts a CUDA program with so much memory, MiB. */
export function worker(machine: Machine, name: string, mib: number, env: Readonly<Record<string, string>> = {}): Worker {
  const process = machine.process(name, { env });
  const { cuda } = process.throwing;
  cuda.cuInit(0);
  cuda.cuCtxCreate_v4(null, 0, cuda.cuDeviceGet(0));
  const module = cuda.cuModuleLoadData(PTX);
  if (mib > 0) cuda.cuMemAlloc_v2(mib * 2 ** 20);
  return { process, busy: cuda.cuModuleGetFunction(module, "busy"), wild: cuda.cuModuleGetFunction(module, "wild") };
}

/** Launches `busy`: one block, n rounds. */
export function launch({ process, busy }: Worker, n: number): void {
  process.throwing.cuda.cuLaunchKernel(busy, 1, 1, 1, 32, 1, 1, 0, null, [n], null);
}

/** Lets virtual time pass. */
export function pass(machine: Machine, ns: number): void {
  machine.kernel.events.advance(machine.now + ns);
}
