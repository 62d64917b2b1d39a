import { callerOf } from "../../../../src/api/bind.ts";
import type { SyncApi } from "../../../../src/api/styles.ts";
import * as rt from "../../../../src/cuda/abi/runtime/constants.ts";
import type { cudaEvent_t, cudaIpcEventHandle_t, cudaIpcMemHandle_t, cudaKernel_t, cudaLibrary_t, cudaMemPool_t, cudaStream_t } from "../../../../src/cuda/abi/runtime/types.ts";
import type { Runtime } from "../../../../src/cuda/index.ts";
import { runtimeKey, runtimeThreadKey } from "../../../../src/cuda/runtime/core/state.ts";
import { makeMachine, ptx, type TestHost, type TestMachine } from "../../../cuda/support/host.ts";
import { snapshot } from "../world.ts";

/** One of each object of the runtime, in one process with two devices that reach each other. */
export interface World extends TestHost {
  readonly machine: TestMachine;
  readonly stream: cudaStream_t;
  /** A stream and an event of the second device. */
  readonly otherStream: cudaStream_t;
  readonly otherEvent: cudaEvent_t;
  /** Recorded and over; without timing; never recorded. */
  readonly event: cudaEvent_t;
  readonly untimed: cudaEvent_t;
  readonly fresh: cudaEvent_t;
  readonly library: cudaLibrary_t;
  readonly kernel: cudaKernel_t;
  readonly pool: cudaMemPool_t;
  /** 4096 bytes each. */
  readonly d: number;
  readonly d2: number;
  /** Of the second device. */
  readonly far: number;
  readonly pinned: number;
  readonly managed: number;
  /** 4096 bytes of malloc, the first device's PCI address. */
  readonly plain: number;
  readonly bus: string;
  /** Memory of another process. */
  readonly foreign: cudaIpcMemHandle_t;
  /** A handle of its own memory. */
  readonly own: cudaIpcMemHandle_t;
  /** An event for other processes; an event of another process; a handle of its own. */
  readonly interprocess: cudaEvent_t;
  readonly foreignEvent: cudaIpcEventHandle_t;
  readonly ownEvent: cudaIpcEventHandle_t;
  readonly goneStream: cudaStream_t;
  readonly goneEvent: cudaEvent_t;
  /** A number that is no handle of anything. */
  readonly junk: 0;
}

/** Makes a world. */
export function makeWorld(): World {
  const machine = makeMachine({ gpus: ["a100-pcie-40gb", "a100-pcie-40gb"] });
  const neighbour = machine.process("neighbour").easyrt;
  const foreign = neighbour.cudaIpcGetMemHandle(neighbour.cudaMalloc(64));
  const foreignEvent = neighbour.cudaIpcGetEventHandle(neighbour.cudaEventCreateWithFlags(rt.cudaEventInterprocess | rt.cudaEventDisableTiming));
  const host = machine.process("world");
  const { easyrt } = host;
  for (const text of [ptx.add, ptx.bad, ptx.variables]) host.cudart.registerModule(text);
  easyrt.cudaSetDevice(1);
  const otherStream = easyrt.cudaStreamCreate();
  const otherEvent = easyrt.cudaEventCreate();
  const far = easyrt.cudaMalloc(4096);
  easyrt.cudaSetDevice(0);
  const stream = easyrt.cudaStreamCreate();
  const goneStream = easyrt.cudaStreamCreate();
  easyrt.cudaStreamDestroy(goneStream);
  const event = easyrt.cudaEventCreate();
  easyrt.cudaEventRecord(event, stream);
  const goneEvent = easyrt.cudaEventCreate();
  easyrt.cudaEventDestroy(goneEvent);
  const interprocess = easyrt.cudaEventCreateWithFlags(rt.cudaEventInterprocess | rt.cudaEventDisableTiming);
  const library = easyrt.cudaLibraryLoadData(ptx.add, null, null, 0, null, null, 0);
  // What is loaded on first use is loaded.
  for (const name of ["add", "empty", "fault"]) easyrt.cudaGetFuncBySymbol(name);
  easyrt.cudaGetSymbolAddress("counter");
  const kernel = easyrt.cudaLibraryGetKernel(library, "add");
  const world = {
    ...host, machine, foreign, foreignEvent, interprocess, ownEvent: easyrt.cudaIpcGetEventHandle(interprocess), otherStream, otherEvent, far, stream, goneStream, event, goneEvent, library, kernel,
    untimed: easyrt.cudaEventCreateWithFlags(rt.cudaEventDisableTiming), fresh: easyrt.cudaEventCreate(),
    pool: easyrt.cudaMemPoolCreate({ allocType: rt.cudaMemAllocationTypePinned, location: { type: rt.cudaMemLocationTypeDevice, id: 0 } }),
    d: easyrt.cudaMalloc(4096), d2: easyrt.cudaMalloc(4096), pinned: easyrt.cudaHostAlloc(4096, rt.cudaHostAllocMapped), managed: easyrt.cudaMallocManaged(4096, rt.cudaMemAttachGlobal),
    own: easyrt.cudaIpcGetMemHandle(easyrt.cudaMalloc(64)), plain: host.malloc(4096), bus: easyrt.cudaDeviceGetPCIBusId(20, 0), junk: 12345 as unknown as 0,
  };
  easyrt.cudaLaunchKernel(kernel, 1, 1, [world.d, 1, 1], 0, 0);
  easyrt.cudaFreeAsync(easyrt.cudaMallocAsync(64, stream), stream);
  // The place of descriptors is made with the first texture.
  const line = easyrt.cudaMallocArray({ x: 32, y: 0, z: 0, w: 0, f: rt.cudaChannelFormatKindFloat }, 4, 0, 0);
  easyrt.cudaDestroyTextureObject(easyrt.cudaCreateTextureObject({ resType: rt.cudaResourceTypeArray, res: { array: { array: line } } }, {}, null));
  easyrt.cudaFreeArray(line);
  easyrt.cudaDeviceSynchronize();
  return world;
}

/** What must be as before after a call that failed: the driver's state, and the runtime's but for the last error. */
export function state(w: World): object {
  const t = callerOf({ kernel: w.machine.kernel, diagnostics: { add() {} } as never }, w.process.main);
  const runtime = t.processState(runtimeKey);
  return { driver: snapshot(w), device: t.threadState(runtimeThreadKey).device, modules: runtime.modules.length, flags: [...runtime.flags], valid: runtime.validDevices, retained: [...runtime.retained] };
}

/** A call of the runtime on a world. */
export type Call = (api: SyncApi<Runtime>, w: World) => number;

/** Errors of one function. */
export interface ErrorCase {
  readonly name: keyof Runtime;
  /** What the call works with: a context, the driver, nothing. */
  readonly needs: "context" | "driver" | "nothing";
  /** Makes what the calls need beside the world. */
  readonly setup?: (w: World) => void;
  /** A call that works (code 0), any number of times. */
  readonly control: Call;
  /** Calls that break one rule each. */
  readonly errors: readonly (readonly [code: number, rule: string, call: Call])[];
}
