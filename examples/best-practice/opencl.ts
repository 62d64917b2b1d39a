import { createMachine, out, type HostProcess, type Machine, type MachineOptions } from "glassgpu";
import {
  CL_DEVICE_SVM_CAPABILITIES, CL_DEVICE_SVM_FINE_GRAIN_BUFFER, CL_DEVICE_TYPE_GPU, CL_MEM_READ_WRITE, CL_MEM_SVM_FINE_GRAIN_BUFFER, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, CL_QUEUE_PROPERTIES, clBuildProgram,
  clCreateBuffer, clCreateCommandQueueWithProperties, clCreateContext, clCreateKernel, clCreateProgramWithBinary, clEnqueueNDRangeKernel, clEnqueueReadBuffer, clEnqueueWriteBuffer, clFinish, clGetDeviceIDs,
  clGetDeviceInfo, clGetPlatformIDs, clSetKernelArg, clSetKernelArgSVMPointer, clSVMAlloc, type cl_command_queue, type cl_context, type cl_device_id, type cl_kernel, type cl_mem, type cl_platform_id,
} from "glassgpu/opencl";
import { checker } from "../lib/check.ts";
import { kernelBytes } from "../lib/files.ts";

const MIB = 2 ** 20;

interface Program {
  readonly machine: Machine;
  readonly process: HostProcess;
  readonly check: (code: number) => void;
  readonly device: cl_device_id;
  readonly context: cl_context;
}

function start(options: MachineOptions): Program {
  const machine = createMachine(options);
  const process = machine.process("app");
  machine.use(process);
  const check = checker(machine);
  const [platforms, devices] = [out<cl_platform_id[]>(), out<cl_device_id[]>()];
  check(clGetPlatformIDs(1, platforms, null));
  check(clGetDeviceIDs(platforms.value[0]!, CL_DEVICE_TYPE_GPU, 1, devices, null));
  const [device] = devices.value as [cl_device_id];
  return { machine, process, check, device, context: clCreateContext(null, 1, [device], null, null, null) };
}

function queue({ context, device }: Program, outOfOrder: boolean = false): cl_command_queue {
  return clCreateCommandQueueWithProperties(context, device, outOfOrder ? [CL_QUEUE_PROPERTIES, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, 0] : null, null);
}

function kernel({ context, device, check }: Program, file: string, name: string): cl_kernel {
  const binary = kernelBytes(file);
  const program = clCreateProgramWithBinary(context, 1, [device], [binary.length], [binary], null, null);
  check(clBuildProgram(program, 1, [device], "", null, null));
  return clCreateKernel(program, name, null);
}

function buffer({ context }: Program, bytes: number): cl_mem {
  return clCreateBuffer(context, CL_MEM_READ_WRITE, bytes, null, null);
}

function time({ machine }: Program, body: () => void): number {
  const begin = machine.now;
  body();
  return machine.now - begin;
}

/** y = a x + y over 1 MiB each, from the host's memory to the host's memory. @param svm in shared virtual memory, in place */
export function sharedMemory(svm: boolean): number {
  const p = start({ gpus: ["mi250x"] });
  const caps = out<number>();
  p.check(clGetDeviceInfo(p.device, CL_DEVICE_SVM_CAPABILITIES, 8, caps, null));
  if ((caps.value & CL_DEVICE_SVM_FINE_GRAIN_BUFFER) === 0) throw new Error("no fine-grained buffers");
  const q = queue(p);
  const saxpy = kernel(p, "counter.bin", "saxpy");
  const n = MIB / 4;
  p.check(clSetKernelArg(saxpy, 0, 4, new Float32Array([2])));
  if (svm) {
    const [x, y] = [0, 1].map(() => clSVMAlloc(p.context, CL_MEM_READ_WRITE | CL_MEM_SVM_FINE_GRAIN_BUFFER, MIB, 0)) as [number, number];
    p.process.view(x, n, Float32Array).fill(1);
    return time(p, () => {
      p.check(clSetKernelArgSVMPointer(saxpy, 1, x));
      p.check(clSetKernelArgSVMPointer(saxpy, 2, y));
      p.check(clEnqueueNDRangeKernel(q, saxpy, 1, null, [n], [256], 0, null, null));
      p.check(clFinish(q));
      if (p.process.view(y, n, Float32Array)[n - 1] !== 2) throw new Error("wrong");
    });
  }
  const [x, y] = [buffer(p, MIB), buffer(p, MIB)];
  const [hostX, hostY] = [new Float32Array(n).fill(1), new Float32Array(n)];
  return time(p, () => {
    p.check(clEnqueueWriteBuffer(q, x, 0, 0, MIB, hostX, 0, null, null));
    p.check(clEnqueueWriteBuffer(q, y, 0, 0, MIB, hostY, 0, null, null));
    p.check(clSetKernelArg(saxpy, 1, 8, x));
    p.check(clSetKernelArg(saxpy, 2, 8, y));
    p.check(clEnqueueNDRangeKernel(q, saxpy, 1, null, [n], [256], 0, null, null));
    p.check(clEnqueueReadBuffer(q, y, 1, 0, MIB, hostY, 0, null, null));
    if (hostY[n - 1] !== 2) throw new Error("wrong");
  });
}

/** Sixteen independent kernels of a few work-groups: in one queue, or in as many as there are kernels. The making of the queues counts. */
export function independent(queues: number, outOfOrder: boolean): number {
  const p = start({});
  const burn = kernel(p, "burn.bin", "burn");
  p.check(clSetKernelArg(burn, 0, 4, new Uint32Array([2000])));
  p.check(clSetKernelArg(burn, 1, 8, buffer(p, 4)));
  return time(p, () => {
    const all = Array.from({ length: queues }, () => queue(p, outOfOrder));
    for (let i = 0; i < 16; i++) p.check(clEnqueueNDRangeKernel(all[i % queues]!, burn, 1, null, [256], [64], 0, null, null));
    for (const one of all) p.check(clFinish(one));
  });
}

/** Sixteen kernels of 1000 work-items that count. @param device by atomic_fetch_add in one word; otherwise each leaves its count, and the host waits for it and adds */
export function count(device: boolean): number {
  const p = start({});
  const counter = kernel(p, "counter.bin", "counter");
  const [word, q] = [buffer(p, 4), queue(p)];
  const value = new Int32Array(1);
  p.check(clSetKernelArg(counter, 0, 8, word));
  let total = 0;
  const took = time(p, () => {
    p.check(clEnqueueWriteBuffer(q, word, 0, 0, 4, new Int32Array(1), 0, null, null));
    for (let i = 0; i < 16; i++) {
      p.check(clEnqueueNDRangeKernel(q, counter, 1, null, [1000], null, 0, null, null));
      if (device) continue;
      p.check(clEnqueueReadBuffer(q, word, 1, 0, 4, value, 0, null, null));
      total += value[0]!;
      p.check(clEnqueueWriteBuffer(q, word, 1, 0, 4, new Int32Array(1), 0, null, null));
    }
    if (!device) return;
    p.check(clEnqueueReadBuffer(q, word, 1, 0, 4, value, 0, null, null));
    total = value[0]!;
  });
  if (total !== 16_000) throw new Error(`counted ${total}`);
  return took;
}
