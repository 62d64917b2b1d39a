import { callerOf } from "../../../src/api/bind.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUcontext, CUdeviceptr, CUevent, CUfunction, CUipcEventHandle, CUipcMemHandle, CUkernel, CUlibrary, CUmodule, CUstream } from "../../../src/cuda/abi/driver/types.ts";
import { graphKey } from "../../../src/cuda/driver/core/graph.ts";
import { driverKey, threadKey } from "../../../src/cuda/driver/core/state.ts";
import type { SyncApi } from "../../../src/api/styles.ts";
import type { Driver } from "../../../src/cuda/index.ts";
import { makeMachine, ptx, type TestHost, type TestMachine } from "../../cuda/support/host.ts";

/** One of each object, in one process with two devices. */
export interface World extends TestHost {
  readonly machine: TestMachine;
  readonly context: CUcontext;
  /** A second context, on the second device. */
  readonly other: CUcontext;
  readonly stream: CUstream;
  /** A stream and an event of the second context. */
  readonly otherStream: CUstream;
  readonly otherEvent: CUevent;
  /** Recorded and over. */
  readonly event: CUevent;
  readonly untimed: CUevent;
  readonly module: CUmodule;
  readonly fn: CUfunction;
  readonly empty: CUfunction;
  readonly library: CUlibrary;
  readonly kernel: CUkernel;
  /** 4096 bytes each. */
  readonly d: CUdeviceptr;
  readonly d2: CUdeviceptr;
  readonly pinned: number;
  readonly managed: CUdeviceptr;
  /** 4096 bytes of malloc, and the first device's PCI address. */
  readonly plain: number;
  readonly bus: string;
  /** Memory of another process. */
  readonly foreign: CUipcMemHandle;
  /** A handle of its own memory. */
  readonly own: CUipcMemHandle;
  /** An event for other processes; an event of another process; a handle of its own. */
  readonly interprocess: CUevent;
  readonly foreignEvent: CUipcEventHandle;
  readonly ownEvent: CUipcEventHandle;
  /** Handles of a stream, event and context that are gone. */
  readonly goneStream: CUstream;
  readonly goneEvent: CUevent;
  readonly goneContext: CUcontext;
  readonly goneModule: CUmodule;
  /** A number that is no handle of anything. */
  readonly junk: 0;
}

/** Makes a world. */
export function makeWorld(): World {
  const machine = makeMachine({ gpus: ["a100-pcie-40gb", "a100-pcie-40gb"] });
  const host = machine.process("world");
  const { easy } = host;
  easy.cuInit(0);
  const neighbour = machine.process("neighbour").easy;
  neighbour.cuInit(0);
  neighbour.cuCtxCreate(null, 0, 0);
  const foreign = neighbour.cuIpcGetMemHandle(neighbour.cuMemAlloc(64));
  const foreignEvent = neighbour.cuIpcGetEventHandle(neighbour.cuEventCreate(cu.CU_EVENT_INTERPROCESS | cu.CU_EVENT_DISABLE_TIMING));
  const gone = easy.cuCtxCreate(null, 0, 0);
  easy.cuCtxDestroy(gone);
  const other = easy.cuCtxCreate(null, 0, 1);
  const otherStream = easy.cuStreamCreate(0);
  const otherEvent = easy.cuEventCreate(0);
  easy.cuCtxPopCurrent();
  const context = easy.cuCtxCreate(null, 0, 0);
  const stream = easy.cuStreamCreate(0);
  const goneStream = easy.cuStreamCreate(0);
  easy.cuStreamDestroy(goneStream);
  const event = easy.cuEventCreate(0);
  easy.cuEventRecord(event, stream);
  const goneEvent = easy.cuEventCreate(0);
  easy.cuEventDestroy(goneEvent);
  const untimed = easy.cuEventCreate(cu.CU_EVENT_DISABLE_TIMING);
  const interprocess = easy.cuEventCreate(cu.CU_EVENT_INTERPROCESS | cu.CU_EVENT_DISABLE_TIMING);
  const ownEvent = easy.cuIpcGetEventHandle(interprocess);
  const goneModule = easy.cuModuleLoadData(ptx.add);
  easy.cuModuleUnload(goneModule);
  const module = easy.cuModuleLoadData(ptx.add);
  const library = easy.cuLibraryLoadData(ptx.add, null, null, 0, null, null, 0);
  const world = {
    ...host, machine, context, foreign, foreignEvent, interprocess, ownEvent, other, otherStream, otherEvent, stream, event, untimed, module, library, goneStream, goneEvent, goneContext: gone, goneModule,
    fn: easy.cuModuleGetFunction(module, "add"), empty: easy.cuModuleGetFunction(module, "empty"), kernel: easy.cuLibraryGetKernel(library, "add"),
    d: easy.cuMemAlloc(4096), d2: easy.cuMemAlloc(4096), pinned: easy.cuMemHostAlloc(4096, cu.CU_MEMHOSTALLOC_DEVICEMAP), managed: easy.cuMemAllocManaged(4096, cu.CU_MEM_ATTACH_GLOBAL),
    own: easy.cuIpcGetMemHandle(easy.cuMemAlloc(64)), plain: host.malloc(4096), bus: easy.cuDeviceGetPCIBusId(20, 0),
    junk: 12345 as unknown as 0,
  };
  // The place of descriptors is made with the first texture.
  const line = easy.cuArrayCreate({ Width: 4, Height: 0, Format: cu.CU_AD_FORMAT_FLOAT, NumChannels: 1 });
  easy.cuTexObjectDestroy(easy.cuTexObjectCreate({ resType: cu.CU_RESOURCE_TYPE_ARRAY, res: { array: { hArray: line } } }, {}, null));
  easy.cuArrayDestroy(line);
  easy.cuCtxSynchronize();
  return world;
}

/** What must be as before after a call that failed. */
export function snapshot(w: Pick<World, "machine" | "process">): object {
  const t = callerOf({ kernel: w.machine.kernel, diagnostics: { add() {} } as never }, w.process.main);
  const driver = t.processState(driverKey);
  const graphs = t.processState(graphKey);
  const { vfs: _vfs, ...kernel } = w.machine.kernel.objectCounts() as Record<string, unknown>;
  return {
    kernel,
    stack: t.threadState(threadKey).stack.map((context) => context.handle),
    contexts: [...driver.contexts.entries()].map(([handle, c]) => [handle, c.flags, c.cacheConfig, c.peers.size, [...c.limits], c.events.size, [...c.streams].map((s) => s.touched)]),
    tables: [driver.streams.size, driver.events.size, driver.modules.size, driver.libraries.size, driver.kernels.size],
    references: [...driver.references.entries(), ...driver.surfaces.entries()].map(([handle, { bound, format, channels, sampling, place }]) => [handle, bound?.dptr, bound?.resource, format, channels, sampling, place]),
    memory: driver.memory.all().map((a) => [a.kind, a.address, a.size, a.syncMemops]),
    graphs: [graphs.graphs.size, graphs.nodes.size, graphs.execs.size, graphs.userObjects.size, driver.captures.size],
    primary: driver.devices.map((d) => [d.primaryReferences, d.primaryFlags, d.primary !== null]),
  };
}

/** A call of the driver API on a world. */
export type Call = (api: SyncApi<Driver>, w: World) => number;

/** Errors of one function. */
export interface ErrorCase {
  readonly name: keyof Driver;
  /** What must be there before its own checks: a current context, cuInit, nothing. */
  readonly needs: "context" | "init" | "nothing";
  /** Makes what the calls need beside the world. */
  readonly setup?: (w: World) => void;
  /** A call that works (code 0), any number of times. */
  readonly control: Call;
  /** Calls that break one rule each. */
  readonly errors: readonly (readonly [code: number, rule: string, call: Call])[];
}

/** What a world with a sticky error needs: a kernel that faults. */
export function breakContext(w: World): number {
  const bad = w.easy.cuModuleGetFunction(w.easy.cuModuleLoadData(ptx.bad), "fault");
  w.easy.cuLaunchKernel(bad, 1, 1, 1, 1, 1, 1, 0, 0, [16], null);
  return w.cuda.cuCtxSynchronize();
}
