import * as E from "../../../../src/opencl/abi/errors.ts";
import type { cl_command_queue, cl_device_id, cl_event, cl_kernel, cl_mem, cl_program } from "../../../../src/opencl/abi/types.ts";
import type { Module } from "../../../../src/compiler/ir/module.ts";
import { FnBuilder, newModule } from "../../../../src/compiler/ir/builder.ts";
import { testModule } from "../../../opencl/kernels.ts";
import { C, out, type Fixture } from "../fixture.ts";
import type { Row } from "./row.ts";

/** Kernels that take a sampler and an image. */
function imageModule(): Module {
  const module = newModule("images");
  for (const kind of ["sampler", "image"] as const) {
    const b = new FnBuilder(kind, { kind: "kernel", kernelParams: [{ name: "a", offset: 0, size: 8, align: 8, kind, type: "i64", info: null }], paramBytes: 8 });
    b.emit({ op: "ret", values: [] });
    module.functions.set(kind, b.fn);
  }
  return module;
}

/** What kernels can be made of, asked, given and enqueued with. */
export function kernelRows(f: Fixture): Row[] {
  const { cl } = f;
  const badKernel = 77 as cl_kernel;
  const badProgram = 77 as cl_program;
  const badQueue = 77 as cl_command_queue;
  const badMem = 77 as cl_mem;
  const badEvent = 77 as cl_event;
  const badDevice = 77 as cl_device_id;
  const images = f.program(f.ctx, imageModule());
  const unbuilt = f.make((e) => cl.clCreateProgramWithSource(f.ctx, 1, ["kernel void k() {}"], null, e));
  const locals = f.kernelOf(f.prog, "locals");
  const kernel = f.fill();
  const word = new Uint32Array(1);
  const both = f.context(f.devices);
  const bothQueue = f.queue(both, 0, f.devices[1]);
  const onlyFirst = f.make((e) => cl.clCreateProgramWithSource(both, 1, ["kernel void k() {}"], null, e));
  f.ok(cl.clBuildProgram(onlyFirst, 1, [f.device], null, null, null));
  const unlike = f.make((e) => cl.clCreateProgramWithSource(both, 1, ["kernel void k(ARGUMENT) {}"], null, e));
  f.ok(cl.clBuildProgram(unlike, 1, [f.devices[0]!], "-DARGUMENT=int", null, null));
  f.ok(cl.clBuildProgram(unlike, 1, [f.devices[1]!], "-DARGUMENT=long", null, null));
  const kernelOfFirst = f.kernelOf(onlyFirst, "k");
  const argInfo = f.fill("fill", f.program(f.ctx, testModule(), { argInfo: true }));
  const kernel2 = f.kernelOf(f.program(f.ctx2, testModule()), "groups");
  const released = (): cl_kernel => {
    const made = f.fill();
    const mem = f.buffer(f.ctx, 64);
    f.ok(cl.clSetKernelArg(made, 0, 8, mem));
    f.ok(cl.clReleaseMemObject(mem));
    return made;
  };
  const hungry = (): cl_kernel => {
    const made = f.kernelOf(f.prog, "locals");
    f.ok(cl.clSetKernelArg(made, 0, 8, f.buf));
    for (const i of [1, 2]) f.ok(cl.clSetKernelArg(made, i, 2 ** 20, null));
    return made;
  };
  type Change = { q?: cl_command_queue; k?: cl_kernel | null; dim?: number; offset?: number[]; global?: number[] | null; local?: number[] | null; num?: number; list?: (cl_event | null)[] | null };
  type Call = (change: Change) => number;
  const run: Call = ({ q = f.q, k = kernel, dim = 1, offset, global = [16], local = null, num = 0, list = null }) => cl.clEnqueueNDRangeKernel(q, k, dim, offset ?? null, global, local, num, list, null);
  const task: Call = ({ q = f.q, k = kernel, num = 0, list = null }) => cl.clEnqueueTask(q, k, num, list, null);
  const ready = (fn: Row[0], call: Call): Row[] => [
    [fn, "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => call({ q: badQueue })],
    [fn, "kernel invalid", E.CL_INVALID_KERNEL, () => call({ k: badKernel })],
    [fn, "kernel of another context", E.CL_INVALID_CONTEXT, () => call({ k: kernel2 })],
    [fn, "not built for the queue's device", E.CL_INVALID_PROGRAM_EXECUTABLE, () => call({ q: bothQueue, k: kernelOfFirst })],
    [fn, "an argument not set", E.CL_INVALID_KERNEL_ARGS, () => call({ k: f.kernelOf(f.prog, "fill") })],
    [fn, "an argument released", E.CL_INVALID_KERNEL_ARGS, () => call({ k: released() })],
  ];
  const lists = (fn: Row[0], call: Call): Row[] => [
    [fn, "list NULL with a number", E.CL_INVALID_EVENT_WAIT_LIST, () => call({ num: 1 })],
    [fn, "list with number 0", E.CL_INVALID_EVENT_WAIT_LIST, () => call({ num: 0, list: [f.userEvent(f.ctx)] })],
    [fn, "event in list invalid", E.CL_INVALID_EVENT_WAIT_LIST, () => call({ num: 1, list: [badEvent] })],
    [fn, "event of another context", E.CL_INVALID_CONTEXT, () => call({ num: 1, list: [f.userEvent(f.ctx2)] })],
    [fn, "more local memory than there is", E.CL_OUT_OF_RESOURCES, () => call({ k: hungry() })],
  ];
  const ranges = (fn: Row[0], call: Call): Row[] => [
    [fn, "work_dim 0", E.CL_INVALID_WORK_DIMENSION, () => call({ dim: 0 })],
    [fn, "work_dim 4", E.CL_INVALID_WORK_DIMENSION, () => call({ dim: 4, global: [1, 1, 1, 1] })],
    [fn, "global size beyond size_t", E.CL_INVALID_GLOBAL_WORK_SIZE, () => call({ global: [2 ** 65] })],
    [fn, "offset plus size beyond size_t", E.CL_INVALID_GLOBAL_OFFSET, () => call({ offset: [2 ** 64 - 2048] , global: [4096] })],
  ];
  const suggestions = (fn: "clGetKernelSuggestedLocalWorkSize" | "clGetKernelSuggestedLocalWorkSizeKHR"): Row[] => {
    const call: Call = ({ q = f.q, k = kernel, dim = 1, offset, global = [16] }) => cl[fn](q, k, dim, offset ?? null, global, out());
    return [
      ...ready(fn, call),
      ...ranges(fn, call),
      [fn, "global size 0", E.CL_INVALID_GLOBAL_WORK_SIZE, () => call({ global: [0] })],
      [fn, "global size NULL", E.CL_INVALID_GLOBAL_WORK_SIZE, () => call({ global: null })],
      [fn, "answer NULL", E.CL_INVALID_VALUE, () => cl[fn](f.q, kernel, 1, null, [4], null)],
    ];
  };
  const sub = (name: number, bytes: number, input: readonly number[] | null, size = 8): number => cl.clGetKernelSubGroupInfo(kernel, f.device, name, bytes, input, size, out(), null);
  const native = (user: (() => void) | null, args: Uint8Array | null, bytes: number, count: number, mems: cl_mem[] | null, places: number[] | null, q = f.q): number => cl.clEnqueueNativeKernel(q, user, args, bytes, count, mems, places, 0, null, null);
  return [
    ["clCreateKernel", "program invalid", E.CL_INVALID_PROGRAM, () => f.code((e) => cl.clCreateKernel(badProgram, "fill", e))],
    ["clCreateKernel", "program not built", E.CL_INVALID_PROGRAM_EXECUTABLE, () => f.code((e) => cl.clCreateKernel(unbuilt, "k", e))],
    ["clCreateKernel", "no such kernel", E.CL_INVALID_KERNEL_NAME, () => f.code((e) => cl.clCreateKernel(f.prog, "Fill", e))],
    ["clCreateKernel", "other arguments on another device", E.CL_INVALID_KERNEL_DEFINITION, () => f.code((e) => cl.clCreateKernel(unlike, "k", e))],
    ["clCreateKernel", "name NULL", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateKernel(f.prog, null, e))],
    ["clCreateKernelsInProgram", "program invalid", E.CL_INVALID_PROGRAM, () => cl.clCreateKernelsInProgram(badProgram, 0, null, out())],
    ["clCreateKernelsInProgram", "program not built", E.CL_INVALID_PROGRAM_EXECUTABLE, () => cl.clCreateKernelsInProgram(unbuilt, 0, null, out())],
    ["clCreateKernelsInProgram", "num_kernels too small", E.CL_INVALID_VALUE, () => cl.clCreateKernelsInProgram(f.prog, 2, out(), null)],
    ["clCloneKernel", "kernel invalid", E.CL_INVALID_KERNEL, () => f.code((e) => cl.clCloneKernel(badKernel, e))],
    ["clRetainKernel", "kernel invalid", E.CL_INVALID_KERNEL, () => cl.clRetainKernel(null)],
    ["clReleaseKernel", "kernel invalid", E.CL_INVALID_KERNEL, () => cl.clReleaseKernel(badKernel)],

    ["clSetKernelArg", "kernel invalid", E.CL_INVALID_KERNEL, () => cl.clSetKernelArg(badKernel, 0, 8, f.buf)],
    ["clSetKernelArg", "index too large", E.CL_INVALID_ARG_INDEX, () => cl.clSetKernelArg(kernel, 2, 4, word)],
    ["clSetKernelArg", "value NULL", E.CL_INVALID_ARG_VALUE, () => cl.clSetKernelArg(kernel, 1, 4, null)],
    ["clSetKernelArg", "value to nothing", E.CL_INVALID_ARG_VALUE, () => cl.clSetKernelArg(kernel, 1, 4, 0x10)],
    ["clSetKernelArg", "array shorter than the size", E.CL_INVALID_ARG_VALUE, () => cl.clSetKernelArg(kernel, 1, 4, new Uint8Array(3))],
    ["clSetKernelArg", "value of a local argument", E.CL_INVALID_ARG_VALUE, () => cl.clSetKernelArg(locals, 1, 4, word)],
    ["clSetKernelArg", "buffer invalid", E.CL_INVALID_MEM_OBJECT, () => cl.clSetKernelArg(kernel, 0, 8, badMem)],
    ["clSetKernelArg", "buffer of another context", E.CL_INVALID_MEM_OBJECT, () => cl.clSetKernelArg(kernel, 0, 8, f.bufOther)],
    ["clSetKernelArg", "image invalid", E.CL_INVALID_MEM_OBJECT, () => cl.clSetKernelArg(f.kernelOf(images, "image"), 0, 8, badMem)],
    ["clSetKernelArg", "sampler invalid", E.CL_INVALID_SAMPLER, () => cl.clSetKernelArg(f.kernelOf(images, "sampler"), 0, 8, badMem)],
    ["clSetKernelArg", "size of a value", E.CL_INVALID_ARG_SIZE, () => cl.clSetKernelArg(kernel, 1, 8, new Uint8Array(8))],
    ["clSetKernelArg", "size of a buffer", E.CL_INVALID_ARG_SIZE, () => cl.clSetKernelArg(kernel, 0, 4, f.buf)],
    ["clSetKernelArg", "local size 0 before 3.1", E.CL_INVALID_ARG_SIZE, () => cl.clSetKernelArg(locals, 1, 0, null)],
    ["clSetKernelArgSVMPointer", "kernel invalid", E.CL_INVALID_KERNEL, () => cl.clSetKernelArgSVMPointer(badKernel, 0, null)],
    ["clSetKernelArgSVMPointer", "index too large", E.CL_INVALID_ARG_INDEX, () => cl.clSetKernelArgSVMPointer(kernel, 2, null)],
    ["clSetKernelArgSVMPointer", "argument is no pointer", E.CL_INVALID_ARG_VALUE, () => cl.clSetKernelArgSVMPointer(kernel, 1, null)],
    ["clSetKernelArgSVMPointer", "no SVM pointer", E.CL_INVALID_ARG_VALUE, () => cl.clSetKernelArgSVMPointer(kernel, 0, f.malloc(64))],
    ["clSetKernelExecInfo", "kernel invalid", E.CL_INVALID_KERNEL, () => cl.clSetKernelExecInfo(badKernel, C.CL_KERNEL_EXEC_INFO_SVM_PTRS, 0, null)],
    ["clSetKernelExecInfo", "param_name unknown", E.CL_INVALID_VALUE, () => cl.clSetKernelExecInfo(kernel, 1, 8, [0])],
    ["clSetKernelExecInfo", "value NULL with a size", E.CL_INVALID_VALUE, () => cl.clSetKernelExecInfo(kernel, C.CL_KERNEL_EXEC_INFO_SVM_PTRS, 8, null)],
    ["clSetKernelExecInfo", "size not that of pointers", E.CL_INVALID_VALUE, () => cl.clSetKernelExecInfo(kernel, C.CL_KERNEL_EXEC_INFO_SVM_PTRS, 12, [1, 2])],
    ["clSetKernelExecInfo", "size not that of cl_bool", E.CL_INVALID_VALUE, () => cl.clSetKernelExecInfo(kernel, C.CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM, 8, 1)],
    ["clSetKernelExecInfo", "no system SVM", E.CL_INVALID_OPERATION, () => cl.clSetKernelExecInfo(kernel, C.CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM, 4, 1)],

    ["clGetKernelInfo", "kernel invalid", E.CL_INVALID_KERNEL, () => cl.clGetKernelInfo(badKernel, C.CL_KERNEL_NUM_ARGS, 4, out(), null)],
    ["clGetKernelInfo", "param_name unknown", E.CL_INVALID_VALUE, () => cl.clGetKernelInfo(kernel, 1, 4, out(), null)],
    ["clGetKernelInfo", "size too small", E.CL_INVALID_VALUE, () => cl.clGetKernelInfo(kernel, C.CL_KERNEL_FUNCTION_NAME, 4, out(), null)],
    ["clGetKernelArgInfo", "kernel invalid", E.CL_INVALID_KERNEL, () => cl.clGetKernelArgInfo(badKernel, 0, C.CL_KERNEL_ARG_NAME, 9, out(), null)],
    ["clGetKernelArgInfo", "index too large", E.CL_INVALID_ARG_INDEX, () => cl.clGetKernelArgInfo(argInfo, 2, C.CL_KERNEL_ARG_NAME, 9, out(), null)],
    ["clGetKernelArgInfo", "param_name unknown", E.CL_INVALID_VALUE, () => cl.clGetKernelArgInfo(argInfo, 0, 1, 9, out(), null)],
    ["clGetKernelArgInfo", "size too small", E.CL_INVALID_VALUE, () => cl.clGetKernelArgInfo(argInfo, 0, C.CL_KERNEL_ARG_NAME, 2, out(), null)],
    ["clGetKernelArgInfo", "no information kept", E.CL_KERNEL_ARG_INFO_NOT_AVAILABLE, () => cl.clGetKernelArgInfo(kernel, 0, C.CL_KERNEL_ARG_NAME, 9, out(), null)],
    ["clGetKernelWorkGroupInfo", "kernel invalid", E.CL_INVALID_KERNEL, () => cl.clGetKernelWorkGroupInfo(badKernel, null, C.CL_KERNEL_WORK_GROUP_SIZE, 8, out(), null)],
    ["clGetKernelWorkGroupInfo", "device not the kernel's", E.CL_INVALID_DEVICE, () => cl.clGetKernelWorkGroupInfo(kernel, f.devices[1]!, C.CL_KERNEL_WORK_GROUP_SIZE, 8, out(), null)],
    ["clGetKernelWorkGroupInfo", "device NULL, kernel of two", E.CL_INVALID_DEVICE, () => cl.clGetKernelWorkGroupInfo(kernelOfFirst, null, C.CL_KERNEL_WORK_GROUP_SIZE, 8, out(), null)],
    ["clGetKernelWorkGroupInfo", "param_name unknown", E.CL_INVALID_VALUE, () => cl.clGetKernelWorkGroupInfo(kernel, null, 1, 8, out(), null)],
    ["clGetKernelWorkGroupInfo", "GLOBAL_WORK_SIZE of an ordinary kernel", E.CL_INVALID_VALUE, () => cl.clGetKernelWorkGroupInfo(kernel, null, C.CL_KERNEL_GLOBAL_WORK_SIZE, 24, out(), null)],
    ["clGetKernelWorkGroupInfo", "size too small", E.CL_INVALID_VALUE, () => cl.clGetKernelWorkGroupInfo(kernel, null, C.CL_KERNEL_WORK_GROUP_SIZE, 4, out(), null)],
    ["clGetKernelSubGroupInfo", "kernel invalid", E.CL_INVALID_KERNEL, () => cl.clGetKernelSubGroupInfo(badKernel, null, C.CL_KERNEL_MAX_NUM_SUB_GROUPS, 0, null, 8, out(), null)],
    ["clGetKernelSubGroupInfo", "device not the kernel's", E.CL_INVALID_DEVICE, () => cl.clGetKernelSubGroupInfo(kernel, badDevice, C.CL_KERNEL_MAX_NUM_SUB_GROUPS, 0, null, 8, out(), null)],
    ["clGetKernelSubGroupInfo", "param_name unknown", E.CL_INVALID_VALUE, () => sub(1, 0, null)],
    ["clGetKernelSubGroupInfo", "input NULL", E.CL_INVALID_VALUE, () => sub(C.CL_KERNEL_SUB_GROUP_COUNT_FOR_NDRANGE, 8, null)],
    ["clGetKernelSubGroupInfo", "input size wrong", E.CL_INVALID_VALUE, () => sub(C.CL_KERNEL_MAX_SUB_GROUP_SIZE_FOR_NDRANGE, 4, [1])],
    ["clGetKernelSubGroupInfo", "size too small", E.CL_INVALID_VALUE, () => sub(C.CL_KERNEL_MAX_NUM_SUB_GROUPS, 0, null, 4)],

    ...ready("clEnqueueNDRangeKernel", run),
    ...lists("clEnqueueNDRangeKernel", run),
    ...ranges("clEnqueueNDRangeKernel", run),
    ["clEnqueueNDRangeKernel", "local size 0", E.CL_INVALID_WORK_GROUP_SIZE, () => run({ local: [0] })],
    ["clEnqueueNDRangeKernel", "group larger than the device has", E.CL_INVALID_WORK_GROUP_SIZE, () => run({ dim: 2, global: [64, 64], local: [64, 64] })],
    ["clEnqueueNDRangeKernel", "not divisible in a program of uniform groups", E.CL_INVALID_WORK_GROUP_SIZE, () => run({ k: f.fill("fill", f.uniform), local: [5] })],
    ["clEnqueueNDRangeKernel", "not the required size", E.CL_INVALID_WORK_GROUP_SIZE, () => run({ k: f.fill("fixed"), local: [8] })],
    ["clEnqueueNDRangeKernel", "local size of a dimension", E.CL_INVALID_WORK_ITEM_SIZE, () => run({ dim: 3, global: [1, 1, 128], local: [1, 1, 128] })],
    ...ready("clEnqueueTask", task),
    ...lists("clEnqueueTask", task),
    ["clEnqueueTask", "not the required size", E.CL_INVALID_WORK_GROUP_SIZE, () => task({ k: f.fill("fixed") })],
    ...suggestions("clGetKernelSuggestedLocalWorkSize"),
    ...suggestions("clGetKernelSuggestedLocalWorkSizeKHR"),
    ["clEnqueueNativeKernel", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => native(() => {}, null, 0, 0, null, null, badQueue)],
    ["clEnqueueNativeKernel", "function NULL", E.CL_INVALID_VALUE, () => native(null, null, 0, 0, null, null)],
    ["clEnqueueNativeKernel", "args NULL with a size", E.CL_INVALID_VALUE, () => native(() => {}, null, 8, 0, null, null)],
    ["clEnqueueNativeKernel", "args NULL with buffers", E.CL_INVALID_VALUE, () => native(() => {}, null, 0, 1, [f.buf], [0])],
    ["clEnqueueNativeKernel", "args with size 0", E.CL_INVALID_VALUE, () => native(() => {}, f.data, 0, 0, null, null)],
    ["clEnqueueNativeKernel", "buffers NULL with a number", E.CL_INVALID_VALUE, () => native(() => {}, f.data, 8, 1, null, [0])],
    ["clEnqueueNativeKernel", "places NULL with a number", E.CL_INVALID_VALUE, () => native(() => {}, f.data, 8, 1, [f.buf], null)],
    ["clEnqueueNativeKernel", "buffers with number 0", E.CL_INVALID_VALUE, () => native(() => {}, f.data, 8, 0, [f.buf], [0])],
    ["clEnqueueNativeKernel", "the device cannot", E.CL_INVALID_OPERATION, () => native(() => {}, f.data, 8, 0, null, null)],
  ];
}
