import { out } from "../../src/api/out.ts";
import type { HostProcess } from "../../src/host/host-process.ts";
import type { Schedule } from "../../src/testing/schedule/run.ts";
import { CU_STREAM_LEGACY, CU_STREAM_NON_BLOCKING } from "../../src/cuda/abi/driver/constants.ts";
import type { CUcontext, CUdeviceptr, CUstream } from "../../src/cuda/abi/driver/types.ts";
import type { Planted } from "./plant.ts";

const BYTES = 256;

const ptx = `.version 8.0
.target sm_75
.address_size 64
.visible .entry twice(.param .u64 data)
{
  .reg .b64 %d<3>; .reg .b32 %r<3>;
  ld.param.u64 %d1, [data];
  mov.u32 %r1, %tid.x;
  mul.wide.u32 %d2, %r1, 4; add.s64 %d1, %d1, %d2;
  ld.global.u32 %r2, [%d1]; shl.b32 %r2, %r2, 1; st.global.u32 [%d1], %r2;
  ret;
}`;

/** A process with a context, two streams, device memory and page-locked memory. */
class Rig {
  readonly p: HostProcess;
  readonly cu: HostProcess["throwing"]["cuda"];
  readonly a: CUstream;
  readonly b: CUstream;
  readonly device: CUdeviceptr;
  readonly other: CUdeviceptr;
  readonly host: number;

  constructor({ machine }: Schedule) {
    this.p = machine({ gpus: ["tiny"] }).process("app");
    const cu = (this.cu = this.p.throwing.cuda);
    cu.cuInit(0);
    cu.cuCtxCreate(null, 0, 0);
    this.a = cu.cuStreamCreate(CU_STREAM_NON_BLOCKING);
    this.b = cu.cuStreamCreate(CU_STREAM_NON_BLOCKING);
    this.device = cu.cuMemAlloc(BYTES);
    this.other = cu.cuMemAlloc(BYTES);
    this.host = cu.cuMemAllocHost(BYTES);
    cu.cuMemsetD32(this.device, 1, BYTES / 4);
    cu.cuMemsetD32(this.other, 1, BYTES / 4);
    cu.cuCtxSynchronize();
  }

  /** The first stream's work so far comes before the second's later work. */
  join(): void {
    const event = this.cu.cuEventCreate(0);
    this.cu.cuEventRecord(event, this.a);
    this.cu.cuStreamWaitEvent(this.b, event, 0);
  }

  words(): number[] {
    return [...this.p.view(this.host, 2, Uint32Array)];
  }
}

/** Mistakes in CUDA programs. */
export const cudaBugs: readonly Planted[] = [
  {
    name: "a stream reads what another writes, without an event", kind: "race", says: ["cuStreamWaitEvent", "cuMemcpyDtoDAsync", "cuMemsetD32Async", "256 bytes"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      r.cu.cuMemsetD32Async(r.device, 7, BYTES / 4, r.a);
      if (right) r.join();
      r.cu.cuMemcpyDtoDAsync(r.other, r.device, BYTES, r.b);
      r.cu.cuCtxSynchronize();
    },
  },
  {
    name: "the host reads page-locked memory before the copy to it is over", kind: "race", says: ["cuStreamSynchronize", "cuMemcpyDtoHAsync"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      r.cu.cuMemcpyDtoHAsync(r.host, r.device, BYTES, r.a);
      if (right) r.cu.cuStreamSynchronize(r.a);
      const seen = r.words();
      r.cu.cuCtxSynchronize();
      return seen.length;
    },
  },
  {
    name: "page-locked memory is filled anew while the copy from it is pending", kind: "race", says: ["cuStreamSynchronize", "the program"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      const words = r.p.view(r.host, BYTES / 4, Uint32Array);
      words.fill(1);
      r.cu.cuMemcpyHtoDAsync(r.device, r.host, BYTES, r.a);
      if (right) r.cu.cuStreamSynchronize(r.a);
      words.fill(2);
      r.cu.cuCtxSynchronize();
    },
  },
  {
    name: "memory is freed in one stream while another uses it", kind: "lifetime", says: ["cuMemFreeAsync", "freed while it is in use"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      const temporary = r.cu.cuMemAllocAsync(BYTES, r.a);
      r.cu.cuMemsetD32Async(temporary, 3, BYTES / 4, r.a);
      if (right) r.join();
      r.cu.cuMemFreeAsync(temporary, r.b);
      r.cu.cuCtxSynchronize();
    },
  },
  {
    name: "two streams fill one buffer", kind: "race", says: [/stream \d+" and queue "stream \d+/],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      r.cu.cuMemsetD32Async(r.device, 1, BYTES / 4, r.a);
      r.cu.cuMemsetD32Async(r.device, 2, BYTES / 4, right ? r.a : r.b);
      r.cu.cuCtxSynchronize();
    },
  },
  {
    name: "a host function waits for what its own stream's end would bring", kind: "deadlock", says: ["deadlock", "cuda-callbacks"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      const flag = r.p.malloc(4);
      r.p.view(flag, 1, Uint32Array)[0] = 0;
      const set = (): void => {
        r.p.sys.store32(flag, 1);
        r.p.sys.futexWake(flag, 1);
      };
      r.cu.cuLaunchHostFunc(r.a, function* () {
        while (r.p.sys.load32(flag) === 0) yield* r.p.sys.futexWait(flag, 0, null, "the main thread to say that all is ready");
      }, null);
      if (right) set();
      r.cu.cuStreamSynchronize(r.a);
      set();
    },
  },
  {
    name: "an event is recorded before the work that it stands for", kind: "race", says: ["cuMemsetD32Async"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      if (!right) r.join();
      r.cu.cuMemsetD32Async(r.device, 7, BYTES / 4, r.a);
      if (right) r.join();
      r.cu.cuMemcpyDtoDAsync(r.other, r.device, BYTES, r.b);
      r.cu.cuCtxSynchronize();
    },
  },
  {
    name: "a non-blocking stream is taken to wait for the default stream", kind: "race", says: ["cuStreamWaitEvent"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      const stream = right ? r.cu.cuStreamCreate(0) : r.a;
      r.cu.cuMemsetD32Async(r.device, 7, BYTES / 4, CU_STREAM_LEGACY);
      r.cu.cuMemcpyDtoDAsync(r.other, r.device, BYTES, stream);
      r.cu.cuCtxSynchronize();
    },
  },
  {
    name: "a kernel changes a buffer while another stream copies it to the host", kind: "race", says: ["twice", "cuLaunchKernel", "cuMemcpyDtoHAsync"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      const twice = r.cu.cuModuleGetFunction(r.cu.cuModuleLoadData(ptx), "twice");
      r.cu.cuLaunchKernel(twice, 1, 1, 1, 16, 1, 1, 0, r.a, [r.device], null);
      if (right) r.join();
      r.cu.cuMemcpyDtoHAsync(r.host, r.device, BYTES, r.b);
      r.cu.cuCtxSynchronize();
    },
  },
  {
    name: "two host threads count on the device without a lock", kind: "failure", says: ["an update was lost"], detect: [],
    program: (right) => ({ machine }) => {
      const m = machine({ gpus: ["tiny"] });
      let end = 0;
      m.spawn("app", function* (p) {
        yield* p.cuda.cuInit(0);
        const context = out<CUcontext>();
        yield* p.cuda.cuDevicePrimaryCtxRetain(context, 0);
        yield* p.cuda.cuCtxSetCurrent(context.value);
        const counter = out<CUdeviceptr>();
        yield* p.cuda.cuMemAlloc_v2(counter, 4);
        const at = counter.value;
        yield* p.cuda.cuMemsetD32_v2(at, 0, 1);
        let locked = false;
        const adders = [0, 1].map((i) => p.thread(`adder ${i}`, function* (own) {
          yield* own.cuda.cuCtxSetCurrent(context.value);
          while (right && locked) yield { queue: null, deadline: null, what: "the lock" };
          locked = true;
          const word = new Uint32Array(1);
          yield* own.cuda.cuMemcpyDtoH_v2(word, at, 4);
          word[0]!++;
          yield* own.cuda.cuMemcpyHtoD_v2(at, word, 4);
          locked = false;
        }));
        for (const adder of adders) yield* adder.join();
        const word = new Uint32Array(1);
        yield* p.cuda.cuMemcpyDtoH_v2(word, at, 4);
        end = word[0]!;
      });
      m.run();
      if (end !== 2) throw new Error(`an update was lost: ${end}`);
    },
  },
  {
    name: "a loop asks whether a stream is done", kind: "polling", says: ["cuStreamQuery", "times in a row"], detect: ["polling"],
    program: (right) => (schedule) => {
      const r = new Rig(schedule);
      r.cu.cuMemsetD32Async(r.device, 7, BYTES / 4, r.a);
      if (right) r.cu.cuStreamSynchronize(r.a);
      else for (let i = 0; i < 40; i++) r.p.cuda.cuStreamQuery(r.a);
      r.cu.cuCtxSynchronize();
    },
  },
  {
    name: "an event and memory are never given back", kind: "leak", says: [/never gave back .* at .*cuda.ts/], detect: ["leaks"],
    program: (right) => (schedule) => {
      const { machine } = schedule;
      const p = machine({ gpus: ["tiny"] }).process("app");
      const cu = p.throwing.cuda;
      cu.cuInit(0);
      const context = cu.cuCtxCreate(null, 0, 0);
      const event = cu.cuEventCreate(0);
      if (right) {
        cu.cuEventDestroy(event);
        cu.cuCtxDestroy(context);
      }
    },
  },
];
