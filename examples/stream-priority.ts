// A stream of high priority overtakes work that was there first. The C of this fragment:
//
//   cudaStreamCreateWithPriority(&stream, cudaStreamDefault, -1); // high priority
//
// Run: glassgpu run examples/stream-priority.ts
import { createMachine, out } from "glassgpu";
import {
  cudaDeviceGetStreamPriorityRange, cudaDeviceSynchronize, cudaEventCreate, cudaEventElapsedTime, cudaEventRecord, cudaLaunchKernel, cudaLibraryGetKernel, cudaLibraryLoadData, cudaMalloc,
  cudaStreamCreateWithPriority, cudaStreamDefault, cudaStreamGetPriority, type cudaEvent_t, type cudaKernel_t, type cudaLibrary_t, type cudaStream_t,
} from "glassgpu/cudart";
import { checker } from "./lib/check.ts";
import { kernelFile } from "./lib/files.ts";

const machine = createMachine();
machine.use(machine.process("streams"));
const check = checker(machine);

const [least, greatest] = [out<number>(), out<number>()];
check(cudaDeviceGetStreamPriorityRange(least, greatest));
console.log(`priorities go from ${greatest.value} (most urgent) to ${least.value}`);

const [urgent, patient] = [out<cudaStream_t>(), out<cudaStream_t>()];
check(cudaStreamCreateWithPriority(urgent, cudaStreamDefault, -1));
check(cudaStreamCreateWithPriority(patient, cudaStreamDefault, 0));
const priority = out<number>();
check(cudaStreamGetPriority(urgent.value, priority));
console.log(`the urgent stream has priority ${priority.value}`);

const library = out<cudaLibrary_t>();
check(cudaLibraryLoadData(library, kernelFile("02_matmul.ptx"), null, null, 0, null, null, 0));
const matmul = out<cudaKernel_t>();
check(cudaLibraryGetKernel(matmul, library.value, "matmul"));
const n = 128;
const matrices = out<number>();
check(cudaMalloc(matrices, 3 * 4 * n * n));
const args = [matrices.value, matrices.value + 4 * n * n, matrices.value + 8 * n * n, n];
const launch = (stream: cudaStream_t): void => check(cudaLaunchKernel(matmul.value, { x: n / 16, y: n / 16, z: 1 }, { x: 16, y: 16, z: 1 }, args, 0, stream));
const event = (): cudaEvent_t => {
  const made = out<cudaEvent_t>();
  check(cudaEventCreate(made));
  return made.value;
};

// Eight products wait in the patient stream; then the urgent one gets one.
const [patientDone, urgentDone] = [event(), event()];
for (let i = 0; i < 8; i++) launch(patient.value);
check(cudaEventRecord(patientDone, patient.value));
launch(urgent.value);
check(cudaEventRecord(urgentDone, urgent.value));
check(cudaDeviceSynchronize());

const between = out<number>();
check(cudaEventElapsedTime(between, urgentDone, patientDone));
console.log(between.value > 0 ? "submitted last, the urgent product was done before the eight patient ones" : `the urgent product was done ${-between.value} ms after the patient ones`);
