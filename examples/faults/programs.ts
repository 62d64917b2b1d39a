import { out, type Machine, type SimProcess } from "glassgpu";
import { CUDA_SUCCESS, type CUcontext, type CUdevice, type CUdeviceptr, type CUfunction, type CUmodule } from "glassgpu/cuda";
import type { Blocking } from "glassgpu/kernel";
import { kernelFile } from "../lib/files.ts";

const MS = 1e6;
/** When the culprit does it: everybody has a context by then. */
export const FAULT: number = 2000 * MS;
/** An address that nobody has. */
const NOWHERE = 16;
/** Blocks and threads of a kernel. */
const [blocks, threads] = [216, 256];

export type Fault = "crash" | "hang" | "illegal address";

/** What somebody saw. */
export interface Seen {
  /** First error that a call gave; CUDA_SUCCESS: none. */
  code: number;
  /** Rounds of work that ended well. */
  rounds: number;
  /** Longest round, ns. */
  longest: number;
  /** Whether its memory holds what it should, at the end. */
  intact: boolean | null;
  /** When its last call came back, ns. */
  end: number;
}

export const nothing = (): Seen => ({ code: CUDA_SUCCESS, rounds: 0, longest: 0, intact: null, end: 0 });

/** The calls of one program: notes the first error, and says by null that it came. */
interface Program {
  readonly ok: (code: number) => boolean;
  readonly words: CUdeviceptr;
  readonly kernel: (name: string) => Blocking<CUfunction>;
}

function* setUp(p: SimProcess, seen: Seen): Blocking<Program | null> {
  const cu = p.cuda;
  const ok = (code: number): boolean => {
    if (seen.code === CUDA_SUCCESS) seen.code = code;
    return code === CUDA_SUCCESS;
  };
  const [device, context, words, module] = [out<CUdevice>(), out<CUcontext>(), out<CUdeviceptr>(), out<CUmodule>()];
  if (!ok(yield* cu.cuInit(0)) || !ok(yield* cu.cuDeviceGet(device, 0)) || !ok(yield* cu.cuCtxCreate(context, null, 0, device.value))) return null;
  if (!ok(yield* cu.cuMemAlloc(words, 4 * blocks * threads)) || !ok(yield* cu.cuMemsetD32(words.value, 0, blocks * threads))) return null;
  if (!ok(yield* cu.cuModuleLoadData(module, kernelFile("04_scenes.ptx")))) return null;
  const kernel = function* (name: string): Blocking<CUfunction> {
    const found = out<CUfunction>();
    ok(yield* cu.cuModuleGetFunction(found, module.value, name));
    return found.value;
  };
  return { ok, words: words.value, kernel };
}

/** Works until `until`, a round every 50 ms, then looks whether its memory is right. After an error it stays, and does nothing. */
export function* worker(machine: Machine, p: SimProcess, seen: Seen, until: number): Blocking<void> {
  const program = yield* setUp(p, seen);
  if (program === null) return;
  const { ok, words } = program;
  const increment = yield* program.kernel("increment");
  while (machine.now < until) {
    const begin = machine.now;
    if (!ok(yield* p.cuda.cuLaunchKernel(increment, blocks, 1, 1, threads, 1, 1, 0, null, [words, blocks * threads], null)) || !ok(yield* p.cuda.cuCtxSynchronize())) break;
    seen.longest = Math.max(seen.longest, machine.now - begin);
    seen.rounds++;
    yield* p.sleep(50 * MS);
  }
  seen.end = machine.now;
  yield* p.sleep(Math.max(0, until - machine.now));
  const host = new Uint32Array(blocks * threads);
  if (seen.code === CUDA_SUCCESS && ok(yield* p.cuda.cuMemcpyDtoH(host, words, host.byteLength))) seen.intact = host.every((word) => word === seen.rounds);
}

/** Works like the others, and at FAULT makes its mistake. */
export function* culprit(machine: Machine, p: SimProcess, seen: Seen, fault: Fault): Blocking<void> {
  const program = yield* setUp(p, seen);
  if (program === null) return;
  const { ok, words } = program;
  const bad = yield* program.kernel(fault === "illegal address" ? "peek" : "forever");
  yield* p.sleep(FAULT - machine.now);
  ok(yield* p.cuda.cuLaunchKernel(bad, 1, 1, 1, 1, 1, 1, 0, null, fault === "illegal address" ? [NOWHERE, words] : [words], null));
  // It does not live to see the end: somebody kills it while its kernel runs.
  if (fault === "crash") p.sys.kill(p.pid, 9);
  ok(yield* p.cuda.cuCtxSynchronize());
  seen.end = machine.now;
}
