import { out, type Machine, type SimProcess } from "glassgpu";
import { cudaStreamDefault, type cudaEvent_t, type cudaKernel_t, type cudaLibrary_t, type cudaStream_t } from "glassgpu/cudart";
import type { Blocking } from "glassgpu/kernel";
import { CL_DEVICE_TYPE_GPU, CL_MEM_READ_WRITE, CL_QUEUE_PRIORITY_KHR, type cl_device_id, type cl_int, type cl_platform_id } from "glassgpu/opencl";
import { checker } from "../lib/check.ts";
import { kernelBytes, kernelFile } from "../lib/files.ts";

const MS = 1e6;
/** 60 frames a second, and how many are looked at. */
export const FRAME: number = 16.6 * MS;
export const FRAMES = 30;
/** Everybody is set up by then. */
export const BEGIN: number = 1000 * MS;
/** A server whose game is not done by then gives up: something is wrong with the game. */
const LONGEST = 10_000 * MS;
/** Blocks of a launch, and how often each thread counts: 1.7 and 19 ms on the whole GPU. */
const DRAW = { blocks: 864, count: 2 };
const INFER = { blocks: 3456, count: 10 };
const threads = { x: 64, y: 1, z: 1 };

/** What was measured. */
export interface Result {
  /** How long after its tick each frame was done, ns. */
  readonly frames: number[];
  inferences: number;
  /** The game has ended, ns after BEGIN; null: not yet. */
  ended: number | null;
}

/** The kernel and a stream, as a CUDA program gets them. */
function* setUp(machine: Machine, p: SimProcess, priority: number): Blocking<{ kernel: cudaKernel_t; stream: cudaStream_t }> {
  const check = checker(machine);
  const [library, kernel, stream] = [out<cudaLibrary_t>(), out<cudaKernel_t>(), out<cudaStream_t>()];
  check(yield* p.cudart.cudaLibraryLoadData(library, kernelFile("burn.ptx"), null, null, 0, null, null, 0));
  check(yield* p.cudart.cudaLibraryGetKernel(kernel, library.value, "burn"));
  check(yield* p.cudart.cudaStreamCreateWithPriority(stream, cudaStreamDefault, priority));
  return { kernel: kernel.value, stream: stream.value };
}

/** Draws a frame at every tick; one that is late begins when its predecessor is done. */
function* frames(machine: Machine, p: SimProcess, result: Result, draw: () => Blocking<void>): Blocking<void> {
  for (let frame = 0; frame < FRAMES; frame++) {
    const tick = BEGIN + frame * FRAME;
    yield* p.sleep(Math.max(0, tick - machine.now));
    yield* draw();
    result.frames.push(machine.now - tick);
  }
  result.ended = machine.now - BEGIN;
}

/** The game with CUDA: four kernels a frame. @param priority of its stream, 0 to -5 */
export function* cudaGame(machine: Machine, p: SimProcess, priority: number, result: Result): Blocking<void> {
  const check = checker(machine);
  const { kernel, stream } = yield* setUp(machine, p, priority);
  yield* frames(machine, p, result, function* () {
    for (let i = 0; i < 4; i++) check(yield* p.cudart.cudaLaunchKernel(kernel, { x: DRAW.blocks, y: 1, z: 1 }, threads, [DRAW.count], 0, stream));
    check(yield* p.cudart.cudaStreamSynchronize(stream));
  });
}

/** The game with OpenCL. @param priority CL_QUEUE_PRIORITY_HIGH_KHR or one of the others */
export function* openclGame(machine: Machine, p: SimProcess, priority: number, result: Result): Blocking<void> {
  const check = checker(machine);
  const cl = p.opencl;
  const [platforms, devices, code] = [out<cl_platform_id[]>(), out<cl_device_id[]>(), out<cl_int>()];
  check(yield* cl.clGetPlatformIDs(1, platforms, null));
  check(yield* cl.clGetDeviceIDs(platforms.value[0]!, CL_DEVICE_TYPE_GPU, 1, devices, null));
  const [device] = devices.value as [cl_device_id];
  const context = yield* cl.clCreateContext(null, 1, [device], null, null, code);
  check(code.value);
  const props = [CL_QUEUE_PRIORITY_KHR, priority, 0];
  const queue = yield* cl.clCreateCommandQueueWithProperties(context, device, props, code);
  check(code.value);
  const binary = kernelBytes("burn.bin");
  const program = yield* cl.clCreateProgramWithBinary(context, 1, [device], [binary.length], [binary], null, code);
  check(code.value);
  check(yield* cl.clBuildProgram(program, 1, [device], "", null, null));
  const burn = yield* cl.clCreateKernel(program, "burn", code);
  check(code.value);
  const sink = yield* cl.clCreateBuffer(context, CL_MEM_READ_WRITE, 4, null, code);
  check(code.value);
  check(yield* cl.clSetKernelArg(burn, 0, 4, new Uint32Array([DRAW.count / 2])));
  check(yield* cl.clSetKernelArg(burn, 1, 8, sink));
  yield* frames(machine, p, result, function* () {
    for (let i = 0; i < 4; i++) check(yield* cl.clEnqueueNDRangeKernel(queue, burn, 1, null, [(DRAW.blocks / 2) * 64], [64], 0, null, null));
    check(yield* cl.clFinish(queue));
  });
}

/** The inference server: two requests are always on their way. */
export function* inference(machine: Machine, p: SimProcess, result: Result): Blocking<void> {
  const check = checker(machine);
  const { kernel, stream } = yield* setUp(machine, p, 0);
  const ended = [out<cudaEvent_t>(), out<cudaEvent_t>()];
  for (const event of ended) check(yield* p.cudart.cudaEventCreate(event));
  yield* p.sleep(BEGIN - machine.now);
  for (let n = 0; result.ended === null && machine.now < BEGIN + LONGEST; n++) {
    const event = ended[n % 2]!.value;
    if (n >= 2) {
      check(yield* p.cudart.cudaEventSynchronize(event));
      if (result.ended === null) result.inferences++;
    }
    check(yield* p.cudart.cudaLaunchKernel(kernel, { x: INFER.blocks, y: 1, z: 1 }, threads, [INFER.count], 0, stream));
    check(yield* p.cudart.cudaEventRecord(event, stream));
  }
}
