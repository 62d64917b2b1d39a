import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { Extent } from "../../kernel/sys/uapi.ts";
import { CL_MEM_HOST_NO_ACCESS, CL_MEM_HOST_READ_ONLY, CL_MEM_HOST_WRITE_ONLY } from "../abi/constants.ts";
import { CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, CL_INVALID_OPERATION, CL_INVALID_VALUE, CL_SUCCESS } from "../abi/errors.ts";
import type { cl_event, cl_int } from "../abi/types.ts";
import { noCallback } from "./callback.ts";
import { command } from "./command.ts";
import type { EventObject } from "./event.ts";
import { fail } from "./fail.ts";
import { isView } from "./host-memory.ts";
import type { MemObject } from "./mem-object.ts";
import type { QueueObject } from "./queue-object.ts";
import { enqueue, flush } from "./submit.ts";
import { abandon, delegate, doPending, enqueueAfter, readJob, span, writeJob, type HostPlace, type Layout } from "./transfer.ts";
import { completion, hasFailed, publish } from "./wait-list.ts";

/** A transfer between a buffer and the host, checked. */
export interface HostTransfer {
  readonly queue: QueueObject;
  readonly mem: MemObject;
  readonly list: readonly EventObject[];
  readonly type: number;
  readonly blocking: boolean;
  readonly event: Out<cl_event> | null;
  readonly label: string;
  /** GPU address of the first byte, and distances there. */
  readonly device: number;
  readonly layout: Layout;
  readonly box: Extent;
  readonly host: HostPlace;
}

/** Whether a blocking call finds that what it should wait for has failed. */
export function checkList(t: Caller, list: readonly EventObject[], blocking: boolean): cl_int {
  if (!blocking) return CL_SUCCESS;
  noCallback(t);
  return hasFailed(t, list) ? fail(t, CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, "an event of event_wait_list has ended with an error") : CL_SUCCESS;
}

/** What the end of the manual's list says of reads. */
export function checkRead(t: Caller, mem: MemObject, list: readonly EventObject[], blocking: boolean): cl_int {
  if ((mem.flags & (CL_MEM_HOST_WRITE_ONLY | CL_MEM_HOST_NO_ACCESS)) !== 0) return fail(t, CL_INVALID_OPERATION, "the buffer was created so that the host does not read it", { flags: mem.flags });
  return checkList(t, list, blocking);
}

/** What the end of the manual's list says of writes. */
export function checkWrite(t: Caller, mem: MemObject, list: readonly EventObject[], blocking: boolean): cl_int {
  if ((mem.flags & (CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS)) !== 0) return fail(t, CL_INVALID_OPERATION, "the buffer was created so that the host does not write it", { flags: mem.flags });
  return checkList(t, list, blocking);
}

function tooShort(t: Caller, transfer: HostTransfer): cl_int {
  const { host, box } = transfer;
  const needed = box.width === 0 ? 0 : host.offset + span(box, host);
  // NON-SPEC: C would run past the end.
  return isView(host.pointer) && needed > host.pointer.byteLength ? fail(t, CL_INVALID_VALUE, "the array given as ptr is too short", { bytes: host.pointer.byteLength, needed }) : CL_SUCCESS;
}

/** Enqueues a read, and waits for it when it blocks. */
export function* runRead(t: Caller, transfer: HostTransfer): Blocking<cl_int> {
  const { queue, mem, list } = transfer;
  const short = tooShort(t, transfer);
  if (short !== 0) return short;
  const event = command(t, queue, transfer.type, list, [mem]);
  const job = readJob(t, event, transfer.device, transfer.layout, transfer.box, transfer.host);
  if (typeof job === "number") return fail(t, job, "ptr must point to memory that the transfer can use", { size: transfer.box.width });
  const code = enqueue(t, event, job, transfer.label);
  if (code !== 0) {
    abandon(t, event);
    return fail(t, code, "the command could not be enqueued");
  }
  if (!transfer.blocking) publish(t, event, transfer.event);
  else {
    flush(t, queue);
    const result = yield* completion(t, event, list);
    if (result !== 0) return result;
    publish(t, event, transfer.event);
  }
  return CL_SUCCESS;
}

/** Enqueues a write, and waits for it when it blocks. */
export function* runWrite(t: Caller, transfer: HostTransfer): Blocking<cl_int> {
  const { queue, mem, list, blocking } = transfer;
  const short = tooShort(t, transfer);
  if (short !== 0) return short;
  const event = command(t, queue, transfer.type, list, [mem]);
  const made = writeJob(t, event, transfer.device, transfer.layout, transfer.box, transfer.host);
  if (typeof made === "number") return fail(t, made, "ptr must point to memory that the transfer can use", { size: transfer.box.width });
  const pending = made.capture === null ? enqueue(t, event, made.job, transfer.label) : enqueueAfter(t, event, made.job, transfer.label, made.capture);
  if (typeof pending === "number" && pending !== 0) {
    abandon(t, event);
    return fail(t, pending, "the command could not be enqueued");
  }
  if (!blocking) {
    publish(t, event, transfer.event);
    if (pending !== 0) delegate(t, pending);
    return CL_SUCCESS;
  }
  flush(t, queue);
  if (pending !== 0) yield* doPending(t, pending);
  const result = yield* completion(t, event, list);
  if (result !== 0) return result;
  publish(t, event, transfer.event);
  return CL_SUCCESS;
}
