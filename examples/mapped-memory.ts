// Pinned host memory that the GPU reads and writes in place. The C of this fragment:
//
//   cudaHostAlloc(&hostPtr, size, cudaHostAllocMapped);
//   cudaHostGetDevicePointer(&devicePtr, hostPtr, 0);
//
// Run: glassgpu run examples/mapped-memory.ts
import { createMachine, out } from "glassgpu";
import {
  cudaDeviceSynchronize, cudaFreeHost, cudaHostAlloc, cudaHostAllocMapped, cudaHostGetDevicePointer, cudaLaunchKernel, cudaLibraryGetKernel, cudaLibraryLoadData,
  type cudaKernel_t, type cudaLibrary_t,
} from "glassgpu/cudart";
import { checker } from "./lib/check.ts";
import { kernelFile } from "./lib/files.ts";

const machine = createMachine();
const process = machine.process("mapped");
machine.use(process);
const check = checker(machine);

const n = 1000;
const hostPtr = out<number>();
check(cudaHostAlloc(hostPtr, 3 * 4 * n, cudaHostAllocMapped));
const devicePtr = out<number>();
check(cudaHostGetDevicePointer(devicePtr, hostPtr.value, 0));

// The program's own view of the pinned memory: no copy is made in either direction.
const [a, b, c] = [0, 1, 2].map((i) => process.view(hostPtr.value + 4 * n * i, n, Float32Array)) as [Float32Array, Float32Array, Float32Array];
for (let i = 0; i < n; i++) [a[i], b[i]] = [i, 2 * i];

const library = out<cudaLibrary_t>();
check(cudaLibraryLoadData(library, kernelFile("01_vecadd.ptx"), null, null, 0, null, null, 0));
const vecadd = out<cudaKernel_t>();
check(cudaLibraryGetKernel(vecadd, library.value, "vecadd"));

const [dA, dB, dC] = [0, 1, 2].map((i) => devicePtr.value + 4 * n * i);
check(cudaLaunchKernel(vecadd.value, { x: Math.ceil(n / 256), y: 1, z: 1 }, { x: 256, y: 1, z: 1 }, [dA!, dB!, dC!, n], 0, 0));
check(cudaDeviceSynchronize());

const wrong = c.findIndex((value, i) => value !== 3 * i);
console.log(wrong < 0 ? `${n} sums, written by the GPU into the program's own memory: c[999] = ${c[999]}` : `c[${wrong}] is ${c[wrong]}`);
console.log(`host and device address are ${hostPtr.value === devicePtr.value ? "the same number (unified addressing)" : "different"}`);
check(cudaFreeHost(hostPtr.value));
