import { bindSync, bindCoroutine } from "../../../src/api/bind.ts";
import { throwingFacade } from "../../../src/api/facades.ts";
import { Diagnostics, formatDiagnostic, type Diagnostic } from "../../../src/api/diagnostics.ts";
import type { CoroutineApi, SyncApi, ThrowingApi } from "../../../src/api/styles.ts";
import { driverFacade, runtimeFacade } from "../../../src/cuda/facade.ts";
import { driver, runtime, type Driver, type Runtime } from "../../../src/cuda/index.ts";
import { LinearStore } from "../../../src/gpu/linear.ts";
import { findProfile } from "../../../src/gpu/profiles/index.ts";
import { seededStrategy } from "../../../src/kernel/choices.ts";
import { attachGpus, type GpuDevice } from "../../../src/kernel/drm/attach.ts";
import { Kernel } from "../../../src/kernel/machine.ts";
import type { Process } from "../../../src/kernel/process/process.ts";
import type { Blocking } from "../../../src/kernel/process/wait.ts";
import type { GpuProfile } from "../../../src/kernel/sys/uapi.ts";
import { callerOf } from "../../../src/api/bind.ts";
import { malloc } from "../../../src/api/heap.ts";

/** A machine as the CUDA tests need it. */
export interface TestMachine {
  readonly kernel: Kernel;
  readonly gpus: readonly GpuDevice[];
  process(name?: string): TestHost;
  diagnostics(): readonly Diagnostic[];
  lastText(): string;
}

/** A process with the CUDA APIs in the synchronous style. */
export interface TestHost {
  readonly process: Process;
  readonly cuda: SyncApi<Driver>;
  readonly cudart: SyncApi<Runtime>;
  readonly easy: ThrowingApi<Driver>;
  readonly easyrt: ThrowingApi<Runtime>;
  /** The coroutine style, for bodies of `thread` and `run`. */
  readonly co: CoroutineApi<Driver>;
  thread(name: string, body: () => Blocking<unknown>): void;
  run<T>(body: () => Blocking<T>): T;
  malloc(bytes: number): number;
  view(address: number, bytes: number): Uint8Array;
}

/** Makes a machine with these GPUs. */
export function makeMachine(options: { gpus?: readonly (string | GpuProfile)[]; seed?: number; order?: "timed" | "any"; hangLimitNs?: number } = {}): TestMachine {
  const store = new LinearStore(64 * 2 ** 30);
  const kernel = new Kernel(store, { order: options.order ?? "timed", ...(options.seed === undefined ? {} : { strategy: seededStrategy(options.seed) }) });
  const gpus = attachGpus(kernel, store, (options.gpus ?? ["a100-pcie-40gb"]).map((gpu) => (typeof gpu === "string" ? findProfile(gpu) : gpu)), { hangLimitNs: options.hangLimitNs ?? 10e9 });
  const diagnostics = new Diagnostics();
  return {
    kernel,
    gpus,
    diagnostics: () => diagnostics.all(),
    lastText: () => (diagnostics.last() === null ? "" : formatDiagnostic(diagnostics.last()!)),
    process(name = "host") {
      const process = kernel.createProcess(name, null);
      const host = { kernel, process, diagnostics };
      const cuda = bindSync(driver, host);
      const cudart = bindSync(runtime, host);
      return {
        process, cuda, cudart, easy: throwingFacade(cuda, driverFacade) as ThrowingApi<Driver>, easyrt: throwingFacade(cudart, runtimeFacade) as ThrowingApi<Runtime>,
        co: bindCoroutine(driver, host),
        thread: (threadName, body) => {
          callerOf(host, process.startThread(threadName, body(), false));
        },
        run: (body) => kernel.scheduler.drive(process.main, body()),
        malloc: (bytes) => malloc(callerOf(host, process.main), bytes),
        view: (address, bytes) => process.mm.view(address, bytes, true)!,
      };
    },
  };
}

/** A process with a current context on device 0. */
export function hostWithContext(options: Parameters<typeof makeMachine>[0] = {}): TestHost & { readonly machine: TestMachine } {
  const machine = makeMachine(options);
  const host = machine.process();
  host.easy.cuInit(0);
  host.easy.cuCtxCreate(null, 0, 0);
  return { ...host, machine };
}

/** PTX of small kernels. */
export const ptx = {
  /** add(u64 data, u32 n, u32 value): data[i] += value. */
  add: `
.version 8.0
.target sm_75
.address_size 64
.visible .entry add(.param .u64 p, .param .u32 n, .param .u32 v)
{
  .reg .pred %q; .reg .b32 %r<8>; .reg .b64 %d<4>;
  ld.param.u64 %d1, [p]; ld.param.u32 %r1, [n]; ld.param.u32 %r2, [v];
  mov.u32 %r3, %ctaid.x; mov.u32 %r4, %ntid.x; mov.u32 %r5, %tid.x;
  mad.lo.s32 %r6, %r3, %r4, %r5;
  setp.ge.u32 %q, %r6, %r1;
  @%q bra DONE;
  mul.wide.u32 %d2, %r6, 4;
  add.s64 %d3, %d1, %d2;
  ld.global.u32 %r7, [%d3];
  add.u32 %r7, %r7, %r2;
  st.global.u32 [%d3], %r7;
DONE:
  ret;
}
.visible .entry empty() { ret; }
`,
  /** fault(u64 p): *(int*)p = 1. trap(): a trap instruction. spin(): never ends. */
  bad: `
.version 8.0
.target sm_75
.address_size 64
.visible .entry fault(.param .u64 p)
{
  .reg .b64 %d; .reg .b32 %r;
  ld.param.u64 %d, [p]; mov.u32 %r, 1;
  st.global.u32 [%d], %r;
  ret;
}
.visible .entry trap() { trap; }
.visible .entry spin()
{
L: bra L;
}
`,
  /** Variables: counter = 7, table = {1, 2, 3, 4}, pointer -> table + 8; read(u64 out): out[0] = counter, out[1] = *pointer. */
  variables: `
.version 8.0
.target sm_75
.address_size 64
.visible .global .align 4 .u32 counter = 7;
.visible .global .align 4 .u32 table[4] = {1, 2, 3, 4};
.visible .global .align 8 .u64 pointer = table+8;
.visible .const .align 4 .u32 fixed = 9;
.visible .entry read(.param .u64 out)
{
  .reg .b64 %d<4>; .reg .b32 %r<4>;
  ld.param.u64 %d1, [out];
  ld.global.u32 %r1, [counter];
  st.global.u32 [%d1], %r1;
  ld.global.u64 %d2, [pointer];
  ld.global.u32 %r2, [%d2];
  st.global.u32 [%d1+4], %r2;
  ld.const.u32 %r3, [fixed];
  st.global.u32 [%d1+8], %r3;
  ret;
}
`,
} as const;
