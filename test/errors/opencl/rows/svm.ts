import * as E from "../../../../src/opencl/abi/errors.ts";
import type { cl_command_queue, cl_context, cl_event } from "../../../../src/opencl/abi/types.ts";
import { C, out, type Fixture } from "../fixture.ts";
import type { Row } from "./row.ts";

type Change = { q?: cl_command_queue; num?: number; list?: (cl_event | null)[] | null; blocking?: boolean };

/** Shared virtual memory. clSVMAlloc gives no code: its rows are of `svmAllocRows`. */
export function svmRows(f: Fixture): Row[] {
  const { cl } = f;
  const p = cl.clSVMAlloc(f.ctx, C.CL_MEM_READ_WRITE, 4096, 0);
  const common = (fn: Row[0], call: (change: Change) => number, blocks: boolean): Row[] => [
    [fn, "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => call({ q: 77 as cl_command_queue })],
    [fn, "list NULL with a number", E.CL_INVALID_EVENT_WAIT_LIST, () => call({ num: 1 })],
    [fn, "list with number 0", E.CL_INVALID_EVENT_WAIT_LIST, () => call({ num: 0, list: [f.userEvent(f.ctx)] })],
    [fn, "event in list invalid", E.CL_INVALID_EVENT_WAIT_LIST, () => call({ num: 1, list: [77 as cl_event] })],
    [fn, "event of another context", E.CL_INVALID_CONTEXT, () => call({ num: 1, list: [f.userEvent(f.ctx2)] })],
    ...(blocks ? [[fn, "event in list failed, blocking", E.CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, () => call({ num: 1, list: [f.failed()], blocking: true })] as Row] : []),
  ];
  const copy = (dst: number | Uint8Array | null, src: number | Uint8Array | null, size = 16): number => cl.clEnqueueSVMMemcpy(f.q, 1, dst, src, size, 0, null, null);
  const fill = (pointer: number | null, pattern: Uint8Array | null, patternSize: number, size: number): number => cl.clEnqueueSVMMemFill(f.q, pointer, pattern, patternSize, size, 0, null, null);
  const map = (flags: number, pointer: number | null, size: number): number => cl.clEnqueueSVMMap(f.q, 1, flags, pointer, size, 0, null, null);
  const migrate = (count: number, pointers: number[] | null, sizes: number[] | null, flags = 0): number => cl.clEnqueueSVMMigrateMem(f.q, count, pointers, sizes, flags, 0, null, null);
  return [
    ...common("clEnqueueSVMFree", ({ q = f.q, num = 0, list = null }) => cl.clEnqueueSVMFree(q, 1, [p], () => {}, null, num, list, null), false),
    ["clEnqueueSVMFree", "number without pointers", E.CL_INVALID_VALUE, () => cl.clEnqueueSVMFree(f.q, 1, null, null, null, 0, null, null)],
    ["clEnqueueSVMFree", "pointers with number 0", E.CL_INVALID_VALUE, () => cl.clEnqueueSVMFree(f.q, 0, [p], null, null, 0, null, null)],
    ...common("clEnqueueSVMMemcpy", ({ q = f.q, num = 0, list = null, blocking = false }) => cl.clEnqueueSVMMemcpy(q, blocking ? 1 : 0, p, f.data, 16, num, list, null), true),
    ["clEnqueueSVMMemcpy", "dst NULL", E.CL_INVALID_VALUE, () => copy(null, p)],
    ["clEnqueueSVMMemcpy", "src NULL", E.CL_INVALID_VALUE, () => copy(p, null)],
    ["clEnqueueSVMMemcpy", "array too short", E.CL_INVALID_VALUE, () => copy(p, f.data, 8192)],
    ["clEnqueueSVMMemcpy", "overlap", E.CL_MEM_COPY_OVERLAP, () => copy(p, p + 15)],
    ["clEnqueueSVMMemcpy", "overlap in an array", E.CL_MEM_COPY_OVERLAP, () => copy(f.data, f.data.subarray(8))],
    ...common("clEnqueueSVMMemFill", ({ q = f.q, num = 0, list = null }) => cl.clEnqueueSVMMemFill(q, p, f.data, 4, 16, num, list, null), false),
    ["clEnqueueSVMMemFill", "pointer NULL", E.CL_INVALID_VALUE, () => fill(null, f.data, 4, 16)],
    ["clEnqueueSVMMemFill", "pointer not aligned to the pattern", E.CL_INVALID_VALUE, () => fill(p + 2, f.data, 4, 16)],
    ["clEnqueueSVMMemFill", "pattern NULL", E.CL_INVALID_VALUE, () => fill(p, null, 4, 16)],
    ["clEnqueueSVMMemFill", "pattern size 0", E.CL_INVALID_VALUE, () => fill(p, f.data, 0, 16)],
    ["clEnqueueSVMMemFill", "pattern size no power of two", E.CL_INVALID_VALUE, () => fill(p, f.data, 12, 24)],
    ["clEnqueueSVMMemFill", "size no multiple", E.CL_INVALID_VALUE, () => fill(p, f.data, 4, 18)],
    ...common("clEnqueueSVMMap", ({ q = f.q, num = 0, list = null, blocking = false }) => cl.clEnqueueSVMMap(q, blocking ? 1 : 0, C.CL_MAP_READ, p, 16, num, list, null), true),
    ["clEnqueueSVMMap", "pointer NULL", E.CL_INVALID_VALUE, () => map(C.CL_MAP_READ, null, 16)],
    ["clEnqueueSVMMap", "size 0", E.CL_INVALID_VALUE, () => map(C.CL_MAP_READ, p, 0)],
    ["clEnqueueSVMMap", "flags contradict", E.CL_INVALID_VALUE, () => map(C.CL_MAP_READ | C.CL_MAP_WRITE_INVALIDATE_REGION, p, 16)],
    ["clEnqueueSVMMap", "flag unknown", E.CL_INVALID_VALUE, () => map(64, p, 16)],
    ...common("clEnqueueSVMUnmap", ({ q = f.q, num = 0, list = null }) => cl.clEnqueueSVMUnmap(q, p, num, list, null), false),
    ["clEnqueueSVMUnmap", "pointer NULL", E.CL_INVALID_VALUE, () => cl.clEnqueueSVMUnmap(f.q, null, 0, null, null)],
    ...common("clEnqueueSVMMigrateMem", ({ q = f.q, num = 0, list = null }) => cl.clEnqueueSVMMigrateMem(q, 1, [p], null, 0, num, list, null), false),
    ["clEnqueueSVMMigrateMem", "number 0", E.CL_INVALID_VALUE, () => migrate(0, [p], null)],
    ["clEnqueueSVMMigrateMem", "pointers NULL", E.CL_INVALID_VALUE, () => migrate(1, null, null)],
    ["clEnqueueSVMMigrateMem", "pointer not of clSVMAlloc", E.CL_INVALID_VALUE, () => migrate(1, [f.malloc(64)], null)],
    ["clEnqueueSVMMigrateMem", "range beyond the allocation", E.CL_INVALID_VALUE, () => migrate(1, [p], [8192])],
    ["clEnqueueSVMMigrateMem", "flag unknown", E.CL_INVALID_VALUE, () => migrate(1, [p], null, 64)],
    ["clGetMemObjectInfo", "buffer on SVM memory: query unknown", E.CL_INVALID_VALUE, () => cl.clGetMemObjectInfo(f.buffer(f.ctx, 64, C.CL_MEM_USE_HOST_PTR, p), 2, 8, out(), null)],
  ];
}

/** Calls of clSVMAlloc that give NULL: with the code that the diagnostic names. */
export function svmAllocRows(f: Fixture): readonly (readonly [rule: string, code: number, call: () => number])[] {
  const { cl } = f;
  const RW = C.CL_MEM_READ_WRITE;
  return [
    ["context invalid", E.CL_INVALID_CONTEXT, () => cl.clSVMAlloc(77 as cl_context, RW, 64, 0)],
    ["flag unknown", E.CL_INVALID_VALUE, () => cl.clSVMAlloc(f.ctx, C.CL_MEM_USE_HOST_PTR, 64, 0)],
    ["flags contradict", E.CL_INVALID_VALUE, () => cl.clSVMAlloc(f.ctx, C.CL_MEM_READ_ONLY | C.CL_MEM_WRITE_ONLY, 64, 0)],
    ["atomics without fine grain", E.CL_INVALID_VALUE, () => cl.clSVMAlloc(f.ctx, RW | C.CL_MEM_SVM_ATOMICS, 64, 0)],
    ["no fine-grained buffers", E.CL_INVALID_VALUE, () => cl.clSVMAlloc(f.ctx, RW | C.CL_MEM_SVM_FINE_GRAIN_BUFFER, 64, 0)],
    ["size 0", E.CL_INVALID_VALUE, () => cl.clSVMAlloc(f.ctx, RW, 0, 0)],
    ["size above the maximum", E.CL_INVALID_VALUE, () => cl.clSVMAlloc(f.ctx, RW, 2 ** 40, 0)],
    ["alignment no power of two", E.CL_INVALID_VALUE, () => cl.clSVMAlloc(f.ctx, RW, 64, 24)],
    ["alignment too large", E.CL_INVALID_VALUE, () => cl.clSVMAlloc(f.ctx, RW, 64, 2 ** 20)],
  ];
}
