import type { Out } from "../../../../src/api/out.ts";
import * as E from "../../../../src/opencl/abi/errors.ts";
import type { cl_command_queue, cl_context, cl_event, cl_mem } from "../../../../src/opencl/abi/types.ts";
import { C, out, type Fixture } from "../fixture.ts";
import type { Row } from "./row.ts";

type List = readonly (cl_event | null)[] | null;
/** An enqueue function with everything right but what is given. */
type Enqueue = (change: { q?: cl_command_queue; mem?: cl_mem | null; num?: number; list?: List; blocking?: boolean }) => number;

/** Creating, reading, writing, copying, filling, mapping and migrating buffers. */
export function bufferRows(f: Fixture): Row[] {
  const { cl } = f;
  const badQueue = 77 as cl_command_queue;
  const badContext = 77 as cl_context;
  const badMem = 77 as cl_mem;
  const badEvent = 77 as cl_event;
  const zero = [0, 0, 0];
  const box = [4, 2, 1];
  /** What all enqueue functions with one buffer have in common. */
  const common = (fn: Row[0], call: Enqueue, blocks: boolean): Row[] => [
    [fn, "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => call({ q: badQueue })],
    [fn, "buffer invalid", E.CL_INVALID_MEM_OBJECT, () => call({ mem: badMem })],
    [fn, "buffer NULL", E.CL_INVALID_MEM_OBJECT, () => call({ mem: null })],
    [fn, "buffer of another context", E.CL_INVALID_CONTEXT, () => call({ mem: f.bufOther })],
    [fn, "list NULL with a number", E.CL_INVALID_EVENT_WAIT_LIST, () => call({ num: 1 })],
    [fn, "list with number 0", E.CL_INVALID_EVENT_WAIT_LIST, () => call({ num: 0, list: [f.userEvent(f.ctx)] })],
    [fn, "event in list invalid", E.CL_INVALID_EVENT_WAIT_LIST, () => call({ num: 1, list: [badEvent] })],
    [fn, "event of another context", E.CL_INVALID_CONTEXT, () => call({ num: 1, list: [f.userEvent(f.ctx2)] })],
    ...(blocks ? [[fn, "event in list failed, blocking", E.CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, () => call({ num: 1, list: [f.failed()], blocking: true })] as Row] : []),
  ];
  const create = (flags: number, size: number, pointer: ArrayBufferView | number | null): ((fn: "clCreateBuffer" | "clCreateBufferWithProperties") => number) => (fn) =>
    f.code((e) => (fn === "clCreateBuffer" ? cl.clCreateBuffer(f.ctx, flags, size, pointer, e) : cl.clCreateBufferWithProperties(f.ctx, null, flags, size, pointer, e)));
  const creation = (fn: "clCreateBuffer" | "clCreateBufferWithProperties"): Row[] => {
    const data = new Uint8Array(64);
    const row = (rule: string, code: number, flags: number, size: number, pointer: ArrayBufferView | number | null = null): Row => [fn, rule, code, () => create(flags, size, pointer)(fn)];
    return [
      row("unknown flag", E.CL_INVALID_VALUE, 2 ** 25, 64),
      row("READ_WRITE and READ_ONLY", E.CL_INVALID_VALUE, C.CL_MEM_READ_WRITE | C.CL_MEM_READ_ONLY, 64),
      row("two kinds of host access", E.CL_INVALID_VALUE, C.CL_MEM_HOST_READ_ONLY | C.CL_MEM_HOST_NO_ACCESS, 64),
      row("USE and COPY_HOST_PTR", E.CL_INVALID_VALUE, C.CL_MEM_USE_HOST_PTR | C.CL_MEM_COPY_HOST_PTR, 64, data),
      row("USE and ALLOC_HOST_PTR", E.CL_INVALID_VALUE, C.CL_MEM_USE_HOST_PTR | C.CL_MEM_ALLOC_HOST_PTR, 64, data),
      row("size 0", E.CL_INVALID_BUFFER_SIZE, 0, 0),
      row("size above MAX_MEM_ALLOC_SIZE", E.CL_INVALID_BUFFER_SIZE, 0, 2 ** 36),
      row("USE_HOST_PTR and NULL", E.CL_INVALID_HOST_PTR, C.CL_MEM_USE_HOST_PTR, 64),
      row("host_ptr without a flag", E.CL_INVALID_HOST_PTR, C.CL_MEM_ALLOC_HOST_PTR, 64, data),
      row("host_ptr to nothing", E.CL_INVALID_HOST_PTR, C.CL_MEM_COPY_HOST_PTR, 64, 0x10),
      row("array too short", E.CL_INVALID_HOST_PTR, C.CL_MEM_COPY_HOST_PTR, 65, data),
      [fn, "more than the SVM allocation has", E.CL_INVALID_BUFFER_SIZE, () => create(C.CL_MEM_USE_HOST_PTR, 5000, cl.clSVMAlloc(f.ctx, 0, 4096, 0))(fn)],
    ];
  };
  const part = (flags: number, origin: number, size: number, parent: cl_mem | null = f.buf, type: number = C.CL_BUFFER_CREATE_TYPE_REGION) => (e: Out<number>) => cl.clCreateSubBuffer(parent, flags, type, { origin, size }, e);
  const readOnly = f.buffer(f.ctx, 1024, C.CL_MEM_READ_ONLY | C.CL_MEM_HOST_READ_ONLY);
  const writeOnly = f.buffer(f.ctx, 1024, C.CL_MEM_WRITE_ONLY | C.CL_MEM_HOST_WRITE_ONLY);
  const noAccess = f.buffer(f.ctx, 1024, C.CL_MEM_HOST_NO_ACCESS);
  const read: Enqueue = ({ q = f.q, mem = f.buf, num = 0, list = null, blocking = false }) => cl.clEnqueueReadBuffer(q, mem, blocking ? 1 : 0, 0, 16, f.data, num, list, null);
  const write: Enqueue = ({ q = f.q, mem = f.buf, num = 0, list = null, blocking = false }) => cl.clEnqueueWriteBuffer(q, mem, blocking ? 1 : 0, 0, 16, f.data, num, list, null);
  const readRect: Enqueue = ({ q = f.q, mem = f.buf, num = 0, list = null, blocking = false }) => cl.clEnqueueReadBufferRect(q, mem, blocking ? 1 : 0, zero, zero, box, 0, 0, 0, 0, f.data, num, list, null);
  const writeRect: Enqueue = ({ q = f.q, mem = f.buf, num = 0, list = null, blocking = false }) => cl.clEnqueueWriteBufferRect(q, mem, blocking ? 1 : 0, zero, zero, box, 0, 0, 0, 0, f.data, num, list, null);
  const copy: Enqueue = ({ q = f.q, mem = f.buf, num = 0, list = null }) => cl.clEnqueueCopyBuffer(q, mem, f.buf2, 0, 0, 16, num, list, null);
  const copyInto: Enqueue = ({ q = f.q, mem = f.buf, num = 0, list = null }) => cl.clEnqueueCopyBuffer(q, f.buf2, mem, 0, 0, 16, num, list, null);
  const copyRect: Enqueue = ({ q = f.q, mem = f.buf, num = 0, list = null }) => cl.clEnqueueCopyBufferRect(q, mem, f.buf2, zero, zero, box, 0, 0, 0, 0, num, list, null);
  const fill: Enqueue = ({ q = f.q, mem = f.buf, num = 0, list = null }) => cl.clEnqueueFillBuffer(q, mem, f.data, 4, 0, 16, num, list, null);
  const map: Enqueue = ({ q = f.q, mem = f.buf, num = 0, list = null, blocking = false }) => f.code((e) => cl.clEnqueueMapBuffer(q, mem, blocking ? 1 : 0, C.CL_MAP_READ, 0, 16, num, list, null, e));
  const migrate: Enqueue = ({ q = f.q, mem = f.buf, num = 0, list = null }) => cl.clEnqueueMigrateMemObjects(q, 1, [mem], 0, num, list, null);
  const mapped = f.make((e) => cl.clEnqueueMapBuffer(f.q, f.buf2, 1, C.CL_MAP_READ, 0, 16, 0, null, null, e));
  const unmap: Enqueue = ({ q = f.q, mem = f.buf2, num = 0, list = null }) => cl.clEnqueueUnmapMemObject(q, mem, mapped, num, list, null);
  const otherMapped = f.make((e) => cl.clEnqueueMapBuffer(f.q2, f.bufOther, 1, C.CL_MAP_READ, 0, 16, 0, null, null, e));
  const rectRows = (fn: "clEnqueueReadBufferRect" | "clEnqueueWriteBufferRect"): Row[] => {
    const call = (a: readonly number[] | null, b: readonly number[] | null, r: readonly number[] | null, p: readonly number[] = [0, 0, 0, 0], ptr: ArrayBufferView | null = f.data): (() => number) => () => cl[fn](f.q, f.buf, 1, a, b, r, p[0]!, p[1]!, p[2]!, p[3]!, ptr, 0, null, null);
    return [
      [fn, "buffer_origin NULL", E.CL_INVALID_VALUE, call(null, zero, box)],
      [fn, "host_origin NULL", E.CL_INVALID_VALUE, call(zero, null, box)],
      [fn, "region NULL", E.CL_INVALID_VALUE, call(zero, zero, null)],
      [fn, "region 0", E.CL_INVALID_VALUE, call(zero, zero, [4, 2, 0])],
      [fn, "out of bounds", E.CL_INVALID_VALUE, call([4000, 1, 0], zero, box, [64, 0, 0, 0])],
      [fn, "buffer_row_pitch too small", E.CL_INVALID_VALUE, call(zero, zero, box, [3, 0, 0, 0])],
      [fn, "host_row_pitch too small", E.CL_INVALID_VALUE, call(zero, zero, box, [0, 0, 3, 0])],
      [fn, "buffer_slice_pitch too small", E.CL_INVALID_VALUE, call(zero, zero, box, [0, 7, 0, 0])],
      [fn, "host_slice_pitch not a multiple", E.CL_INVALID_VALUE, call(zero, zero, box, [0, 0, 8, 20])],
      [fn, "ptr NULL", E.CL_INVALID_VALUE, call(zero, zero, box, [0, 0, 0, 0], null)],
    ];
  };
  const host = (fn: Row[0], on: (mem: cl_mem) => number, rows: readonly (readonly [string, cl_mem])[]): Row[] => rows.map(([rule, mem]) => [fn, rule, E.CL_INVALID_OPERATION, () => on(mem)]);
  const mapFlags = (flags: number, mem: cl_mem = f.buf, offset = 0, size = 16): (() => number) => () => f.code((e) => cl.clEnqueueMapBuffer(f.q, mem, 1, flags, offset, size, 0, null, null, e));
  const copyBox = (a: readonly number[] | null, b: readonly number[] | null, r: readonly number[] | null, p: readonly number[] = [0, 0, 0, 0], dst: cl_mem = f.buf2): (() => number) => () => cl.clEnqueueCopyBufferRect(f.q, f.buf, dst, a, b, r, p[0]!, p[1]!, p[2]!, p[3]!, 0, null, null);
  return [
    ["clCreateBuffer", "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => cl.clCreateBuffer(badContext, 0, 64, null, e))],
    ...creation("clCreateBuffer"),
    ["clCreateBufferWithProperties", "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => cl.clCreateBufferWithProperties(badContext, null, 0, 64, null, e))],
    ["clCreateBufferWithProperties", "property unknown", E.CL_INVALID_PROPERTY, () => f.code((e) => cl.clCreateBufferWithProperties(f.ctx, [0x9999, 1, 0], 0, 64, null, e))],
    ...creation("clCreateBufferWithProperties"),
    ["clCreateSubBuffer", "buffer invalid", E.CL_INVALID_MEM_OBJECT, () => f.code(part(0, 0, 16, badMem))],
    ["clCreateSubBuffer", "of a sub-buffer", E.CL_INVALID_MEM_OBJECT, () => f.code(part(0, 0, 16, f.make(part(0, 0, 256))))],
    ["clCreateSubBuffer", "flags inconsistent", E.CL_INVALID_VALUE, () => f.code(part(C.CL_MEM_READ_ONLY | C.CL_MEM_WRITE_ONLY, 0, 16))],
    ["clCreateSubBuffer", "USE_HOST_PTR", E.CL_INVALID_VALUE, () => f.code(part(C.CL_MEM_USE_HOST_PTR, 0, 16))],
    ["clCreateSubBuffer", "ALLOC_HOST_PTR", E.CL_INVALID_VALUE, () => f.code(part(C.CL_MEM_ALLOC_HOST_PTR, 0, 16))],
    ["clCreateSubBuffer", "COPY_HOST_PTR", E.CL_INVALID_VALUE, () => f.code(part(C.CL_MEM_COPY_HOST_PTR, 0, 16))],
    ["clCreateSubBuffer", "readable part of a write-only buffer", E.CL_INVALID_VALUE, () => f.code(part(C.CL_MEM_READ_WRITE, 0, 16, writeOnly))],
    ["clCreateSubBuffer", "writable part of a read-only buffer", E.CL_INVALID_VALUE, () => f.code(part(C.CL_MEM_READ_WRITE, 0, 16, readOnly))],
    ["clCreateSubBuffer", "host-writable part of HOST_READ_ONLY", E.CL_INVALID_VALUE, () => f.code(part(C.CL_MEM_HOST_WRITE_ONLY, 0, 16, readOnly))],
    ["clCreateSubBuffer", "host-readable part of HOST_WRITE_ONLY", E.CL_INVALID_VALUE, () => f.code(part(C.CL_MEM_HOST_READ_ONLY, 0, 16, writeOnly))],
    ["clCreateSubBuffer", "host access to HOST_NO_ACCESS", E.CL_INVALID_VALUE, () => f.code(part(C.CL_MEM_HOST_READ_ONLY, 0, 16, noAccess))],
    ["clCreateSubBuffer", "type unknown", E.CL_INVALID_VALUE, () => f.code(part(0, 0, 16, f.buf, 5))],
    ["clCreateSubBuffer", "info NULL", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateSubBuffer(f.buf, 0, C.CL_BUFFER_CREATE_TYPE_REGION, null, e))],
    ["clCreateSubBuffer", "out of bounds", E.CL_INVALID_VALUE, () => f.code(part(0, 4096, 1))],
    ["clCreateSubBuffer", "size 0", E.CL_INVALID_BUFFER_SIZE, () => f.code(part(0, 0, 0))],
    ["clCreateSubBuffer", "origin misaligned", E.CL_MISALIGNED_SUB_BUFFER_OFFSET, () => f.code(part(0, 64, 16))],
    ["clRetainMemObject", "object invalid", E.CL_INVALID_MEM_OBJECT, () => cl.clRetainMemObject(badMem)],
    ["clReleaseMemObject", "object invalid", E.CL_INVALID_MEM_OBJECT, () => cl.clReleaseMemObject(badMem)],
    ["clReleaseMemObject", "released before", E.CL_INVALID_MEM_OBJECT, () => {
      const mem = f.buffer(f.ctx, 16);
      f.ok(cl.clReleaseMemObject(mem));
      return cl.clReleaseMemObject(mem);
    }],
    ["clGetMemObjectInfo", "object invalid", E.CL_INVALID_MEM_OBJECT, () => cl.clGetMemObjectInfo(badMem, C.CL_MEM_SIZE, 8, out(), null)],
    ["clGetMemObjectInfo", "param_name unknown", E.CL_INVALID_VALUE, () => cl.clGetMemObjectInfo(f.buf, 1, 8, out(), null)],
    ["clGetMemObjectInfo", "size too small", E.CL_INVALID_VALUE, () => cl.clGetMemObjectInfo(f.buf, C.CL_MEM_SIZE, 4, out(), null)],
    ["clSetMemObjectDestructorCallback", "object invalid", E.CL_INVALID_MEM_OBJECT, () => cl.clSetMemObjectDestructorCallback(badMem, () => {}, null)],
    ["clSetMemObjectDestructorCallback", "callback NULL", E.CL_INVALID_VALUE, () => cl.clSetMemObjectDestructorCallback(f.buf, null, null)],

    ...common("clEnqueueReadBuffer", read, true),
    ["clEnqueueReadBuffer", "out of bounds", E.CL_INVALID_VALUE, () => cl.clEnqueueReadBuffer(f.q, f.buf, 1, 4096, 1, f.data, 0, null, null)],
    ["clEnqueueReadBuffer", "ptr NULL", E.CL_INVALID_VALUE, () => cl.clEnqueueReadBuffer(f.q, f.buf, 1, 0, 16, null, 0, null, null)],
    ...host("clEnqueueReadBuffer", (mem) => read({ mem }), [["HOST_WRITE_ONLY", writeOnly], ["HOST_NO_ACCESS", noAccess]]),
    ...common("clEnqueueWriteBuffer", write, true),
    ["clEnqueueWriteBuffer", "out of bounds", E.CL_INVALID_VALUE, () => cl.clEnqueueWriteBuffer(f.q, f.buf, 1, 4090, 7, f.data, 0, null, null)],
    ["clEnqueueWriteBuffer", "ptr NULL", E.CL_INVALID_VALUE, () => cl.clEnqueueWriteBuffer(f.q, f.buf, 1, 0, 16, null, 0, null, null)],
    ...host("clEnqueueWriteBuffer", (mem) => write({ mem }), [["HOST_READ_ONLY", readOnly], ["HOST_NO_ACCESS", noAccess]]),
    ...common("clEnqueueReadBufferRect", readRect, true),
    ...rectRows("clEnqueueReadBufferRect"),
    ...host("clEnqueueReadBufferRect", (mem) => readRect({ mem }), [["HOST_WRITE_ONLY", writeOnly], ["HOST_NO_ACCESS", noAccess]]),
    ...common("clEnqueueWriteBufferRect", writeRect, true),
    ...rectRows("clEnqueueWriteBufferRect"),
    ...host("clEnqueueWriteBufferRect", (mem) => writeRect({ mem }), [["HOST_READ_ONLY", readOnly], ["HOST_NO_ACCESS", noAccess]]),
    ...common("clEnqueueCopyBuffer", copy, false),
    ...common("clEnqueueCopyBuffer", copyInto, false).slice(1, 4),
    ["clEnqueueCopyBuffer", "source out of bounds", E.CL_INVALID_VALUE, () => cl.clEnqueueCopyBuffer(f.q, f.buf, f.buf2, 4090, 0, 16, 0, null, null)],
    ["clEnqueueCopyBuffer", "destination out of bounds", E.CL_INVALID_VALUE, () => cl.clEnqueueCopyBuffer(f.q, f.buf, f.buf2, 0, 4090, 16, 0, null, null)],
    ["clEnqueueCopyBuffer", "overlap in one buffer", E.CL_MEM_COPY_OVERLAP, () => cl.clEnqueueCopyBuffer(f.q, f.buf, f.buf, 15, 0, 16, 0, null, null)],
    ["clEnqueueCopyBuffer", "overlap of two sub-buffers", E.CL_MEM_COPY_OVERLAP, () => cl.clEnqueueCopyBuffer(f.q, f.make(part(0, 0, 256)), f.make(part(0, 128, 256)), 128, 0, 16, 0, null, null)],
    ...common("clEnqueueCopyBufferRect", copyRect, false),
    ["clEnqueueCopyBufferRect", "src_origin NULL", E.CL_INVALID_VALUE, copyBox(null, zero, box)],
    ["clEnqueueCopyBufferRect", "dst_origin NULL", E.CL_INVALID_VALUE, copyBox(zero, null, box)],
    ["clEnqueueCopyBufferRect", "region NULL", E.CL_INVALID_VALUE, copyBox(zero, zero, null)],
    ["clEnqueueCopyBufferRect", "region 0", E.CL_INVALID_VALUE, copyBox(zero, zero, [0, 2, 1])],
    ["clEnqueueCopyBufferRect", "source out of bounds", E.CL_INVALID_VALUE, copyBox([4092, 0, 0], zero, box)],
    ["clEnqueueCopyBufferRect", "destination out of bounds", E.CL_INVALID_VALUE, copyBox(zero, [4092, 0, 0], box)],
    ["clEnqueueCopyBufferRect", "src_row_pitch too small", E.CL_INVALID_VALUE, copyBox(zero, zero, box, [3, 0, 0, 0])],
    ["clEnqueueCopyBufferRect", "dst_row_pitch too small", E.CL_INVALID_VALUE, copyBox(zero, zero, box, [0, 0, 3, 0])],
    ["clEnqueueCopyBufferRect", "src_slice_pitch too small", E.CL_INVALID_VALUE, copyBox(zero, zero, box, [0, 4, 0, 0])],
    ["clEnqueueCopyBufferRect", "dst_slice_pitch not a multiple", E.CL_INVALID_VALUE, copyBox(zero, zero, box, [0, 0, 0, 10])],
    ["clEnqueueCopyBufferRect", "one buffer, two pitches", E.CL_INVALID_VALUE, copyBox(zero, [0, 64, 0], box, [8, 0, 16, 0], f.buf)],
    ["clEnqueueCopyBufferRect", "overlap", E.CL_MEM_COPY_OVERLAP, copyBox(zero, [3, 0, 0], box, [8, 0, 8, 0], f.buf)],
    ...common("clEnqueueFillBuffer", fill, false),
    ["clEnqueueFillBuffer", "out of bounds", E.CL_INVALID_VALUE, () => cl.clEnqueueFillBuffer(f.q, f.buf, f.data, 4, 4096, 4, 0, null, null)],
    ["clEnqueueFillBuffer", "pattern NULL", E.CL_INVALID_VALUE, () => cl.clEnqueueFillBuffer(f.q, f.buf, null, 4, 0, 4, 0, null, null)],
    ["clEnqueueFillBuffer", "pattern_size 0", E.CL_INVALID_VALUE, () => cl.clEnqueueFillBuffer(f.q, f.buf, f.data, 0, 0, 4, 0, null, null)],
    ["clEnqueueFillBuffer", "pattern_size 12", E.CL_INVALID_VALUE, () => cl.clEnqueueFillBuffer(f.q, f.buf, f.data, 12, 0, 12, 0, null, null)],
    ["clEnqueueFillBuffer", "size not a multiple", E.CL_INVALID_VALUE, () => cl.clEnqueueFillBuffer(f.q, f.buf, f.data, 8, 0, 12, 0, null, null)],
    ...common("clEnqueueMapBuffer", map, true),
    ["clEnqueueMapBuffer", "out of bounds", E.CL_INVALID_VALUE, mapFlags(C.CL_MAP_READ, f.buf, 4090, 16)],
    ["clEnqueueMapBuffer", "size 0", E.CL_INVALID_VALUE, mapFlags(C.CL_MAP_READ, f.buf, 0, 0)],
    ["clEnqueueMapBuffer", "unknown flag", E.CL_INVALID_VALUE, mapFlags(8)],
    ["clEnqueueMapBuffer", "READ and INVALIDATE", E.CL_INVALID_VALUE, mapFlags(C.CL_MAP_READ | C.CL_MAP_WRITE_INVALIDATE_REGION)],
    ["clEnqueueMapBuffer", "read of HOST_WRITE_ONLY", E.CL_INVALID_OPERATION, mapFlags(C.CL_MAP_READ, writeOnly)],
    ["clEnqueueMapBuffer", "write to HOST_READ_ONLY", E.CL_INVALID_OPERATION, mapFlags(C.CL_MAP_WRITE_INVALIDATE_REGION, readOnly)],
    ["clEnqueueMapBuffer", "HOST_NO_ACCESS", E.CL_INVALID_OPERATION, mapFlags(C.CL_MAP_WRITE, noAccess)],
    ["clEnqueueUnmapMemObject", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => unmap({ q: badQueue })],
    ["clEnqueueUnmapMemObject", "object invalid", E.CL_INVALID_MEM_OBJECT, () => unmap({ mem: badMem })],
    ["clEnqueueUnmapMemObject", "pointer of another object", E.CL_INVALID_VALUE, () => unmap({ mem: f.buf })],
    ["clEnqueueUnmapMemObject", "pointer NULL", E.CL_INVALID_VALUE, () => cl.clEnqueueUnmapMemObject(f.q, f.buf2, null, 0, null, null)],
    ["clEnqueueUnmapMemObject", "list NULL with a number", E.CL_INVALID_EVENT_WAIT_LIST, () => unmap({ num: 2 })],
    ["clEnqueueUnmapMemObject", "event of another context", E.CL_INVALID_CONTEXT, () => unmap({ num: 1, list: [f.userEvent(f.ctx2)] })],
    ["clEnqueueUnmapMemObject", "object of another context", E.CL_INVALID_CONTEXT, () => cl.clEnqueueUnmapMemObject(f.q, f.bufOther, otherMapped, 0, null, null)],
    ...common("clEnqueueMigrateMemObjects", migrate, false),
    ["clEnqueueMigrateMemObjects", "number 0", E.CL_INVALID_VALUE, () => cl.clEnqueueMigrateMemObjects(f.q, 0, [f.buf], 0, 0, null, null)],
    ["clEnqueueMigrateMemObjects", "objects NULL", E.CL_INVALID_VALUE, () => cl.clEnqueueMigrateMemObjects(f.q, 1, null, 0, 0, null, null)],
    ["clEnqueueMigrateMemObjects", "unknown flag", E.CL_INVALID_VALUE, () => cl.clEnqueueMigrateMemObjects(f.q, 1, [f.buf], 8, 0, null, null)],
  ];
}
