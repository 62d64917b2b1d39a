// A pipeline of ten small kernels, launched a hundred times: kernel by kernel, and as a graph that was captured once. The C of this fragment:
//
//   cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal);
//   pipeline(stream);                                  // the same calls, now recorded
//   cudaStreamEndCapture(stream, &graph);
//   cudaGraphInstantiate(&exec, graph, 0);
//   for (int i = 0; i < 100; i++) cudaGraphLaunch(exec, stream);
//
// Run: glassgpu run examples/graphs.ts
import { createMachine, out } from "glassgpu";
import {
  cudaErrorStreamCaptureUnsupported, cudaEventCreateWithFlags, cudaEventDisableTiming, cudaEventRecord, cudaGetLastError, cudaGraphExecDestroy, cudaGraphGetNodes, cudaGraphInstantiate, cudaGraphLaunch, cudaGraphNodeSetEnabled, cudaLaunchKernel,
  cudaLibraryGetKernel, cudaLibraryLoadData, cudaMalloc, cudaMemcpy, cudaMemcpyDeviceToHost, cudaMemcpyHostToDevice, cudaStreamBeginCapture, cudaStreamCaptureModeGlobal, cudaStreamCreateWithFlags, cudaStreamEndCapture,
  cudaStreamNonBlocking, cudaStreamSynchronize, cudaStreamWaitEvent, type cudaEvent_t, type cudaGraph_t, type cudaGraphExec_t, type cudaGraphNode_t, type cudaKernel_t, type cudaLibrary_t, type cudaStream_t,
} from "glassgpu/cudart";
import { checker } from "./lib/check.ts";
import { kernelFile } from "./lib/files.ts";

const machine = createMachine();
machine.use(machine.process("pipeline"));
const check = checker(machine);

const library = out<cudaLibrary_t>();
check(cudaLibraryLoadData(library, kernelFile("01_vecadd.ptx"), null, null, 0, null, null, 0));
const vecadd = out<cudaKernel_t>();
check(cudaLibraryGetKernel(vecadd, library.value, "vecadd"));
const n = 256;
const [step, left, right] = [out<number>(), out<number>(), out<number>()];
for (const memory of [step, left, right]) check(cudaMalloc(memory, 4 * n));
const clear = (): void => {
  check(cudaMemcpy(step.value, new Float32Array(n).fill(1), 4 * n, cudaMemcpyHostToDevice));
  for (const memory of [left, right]) check(cudaMemcpy(memory.value, new Float32Array(n), 4 * n, cudaMemcpyHostToDevice));
};
const first = (): number => {
  const numbers = new Float32Array(n);
  check(cudaMemcpy(numbers, left.value, 4 * n, cudaMemcpyDeviceToHost));
  return numbers[0]!;
};
const [stream, side] = [out<cudaStream_t>(), out<cudaStream_t>()];
for (const made of [stream, side]) check(cudaStreamCreateWithFlags(made, cudaStreamNonBlocking));
const [fork, join] = [out<cudaEvent_t>(), out<cudaEvent_t>()];
for (const made of [fork, join]) check(cudaEventCreateWithFlags(made, cudaEventDisableTiming));

/** One run: five kernels on each of two streams, then everything comes together. */
const add = (to: number, from: number, on: cudaStream_t): void => check(cudaLaunchKernel(vecadd.value, 1, n, [to, from, to, n], 0, on));
function pipeline(): void {
  check(cudaEventRecord(fork.value, stream.value));
  check(cudaStreamWaitEvent(side.value, fork.value, 0));
  for (let i = 0; i < 5; i++) {
    add(left.value, step.value, stream.value);
    add(right.value, step.value, side.value);
  }
  check(cudaEventRecord(join.value, side.value));
  check(cudaStreamWaitEvent(stream.value, join.value, 0));
}

/** How long the program is busy with a hundred runs, and how long all takes, us. */
function hundred(run: () => void): { readonly calls: number; readonly all: number } {
  const begin = machine.now;
  for (let i = 0; i < 100; i++) run();
  const called = machine.now;
  check(cudaStreamSynchronize(stream.value));
  return { calls: (called - begin) / 1000, all: (machine.now - begin) / 1000 };
}

clear();
pipeline();
check(cudaStreamSynchronize(stream.value));
const single = hundred(pipeline);
console.log(`kernel by kernel  ${(single.calls / 100).toFixed(1)} us of calls for a run`);
console.log(`  each element is ${first()}`);

clear();
check(cudaStreamBeginCapture(stream.value, cudaStreamCaptureModeGlobal));
pipeline();
const graph = out<cudaGraph_t>();
check(cudaStreamEndCapture(stream.value, graph));
const [nodes, count] = [out<readonly cudaGraphNode_t[]>(), out<number>()];
check(cudaGraphGetNodes(graph.value, nodes, count));
console.log(`captured: a graph of ${count.value} nodes, and nothing has run: each element is ${first()}`);

const exec = out<cudaGraphExec_t>();
check(cudaGraphInstantiate(exec, graph.value, 0));
check(cudaGraphLaunch(exec.value, stream.value));
check(cudaStreamSynchronize(stream.value));
const whole = hundred(() => check(cudaGraphLaunch(exec.value, stream.value)));
console.log(`as a graph        ${(whole.calls / 100).toFixed(1)} us of calls for a run`);
console.log(`  each element is ${first()}`);
console.log(`a launch of the graph costs the program ${whole.calls < single.calls / 2 ? "less than half" : "half or more"} of the single launches`);

check(cudaGraphNodeSetEnabled(exec.value, nodes.value[0]!, 0));
check(cudaGraphLaunch(exec.value, stream.value));
check(cudaStreamSynchronize(stream.value));
console.log(`with its first node switched off, a launch adds 4: each element is ${first()}`);
check(cudaGraphExecDestroy(exec.value));

// What a capture cannot take is refused, and the capture is lost.
check(cudaStreamBeginCapture(stream.value, cudaStreamCaptureModeGlobal));
const refused = cudaMalloc(out(), 4);
console.log(`cudaMalloc while a stream captures: ${refused === cudaErrorStreamCaptureUnsupported ? "cudaErrorStreamCaptureUnsupported" : refused}`);
console.log(`  ${machine.lastDiagnostic()?.message}`);
cudaGetLastError();
console.log(`the end of that capture gives graph ${cudaStreamEndCapture(stream.value, graph) === 0 ? "something" : graph.value}`);
