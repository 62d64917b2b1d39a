import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Job } from "../../kernel/sys/uapi.ts";
import { CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_MEM_OBJECT, CL_SUCCESS } from "../abi/errors.ts";
import type { cl_command_queue, cl_event, cl_int, cl_mem } from "../abi/types.ts";
import { EventObject } from "./event.ts";
import { fail } from "./fail.ts";
import type { ImageShape } from "./image-shape.ts";
import type { MemObject } from "./mem-object.ts";
import type { ClObject } from "./object.ts";
import type { QueueObject } from "./queue-object.ts";
import { stateOf } from "./state.ts";
import { enqueue } from "./submit.ts";
import { arrivals } from "./upload.ts";
import { publish } from "./wait-list.ts";

/** The queue of an enqueue call, or the code that was recorded. */
export function hostQueue(t: Caller, command_queue: cl_command_queue | null): QueueObject | cl_int {
  const queue = command_queue === null ? undefined : stateOf(t).queues.get(command_queue);
  return queue ?? fail(t, CL_INVALID_COMMAND_QUEUE, "command_queue must be a valid host command-queue", { command_queue });
}

/** A memory object that a command on `queue` uses, or the code that was recorded: CL_INVALID_MEM_OBJECT, CL_INVALID_CONTEXT. */
export function memOn(t: Caller, queue: QueueObject, handle: cl_mem | null, name: string, kind: "memory object" | "buffer" | "image" = "memory object"): MemObject | cl_int {
  const mem = handle === null ? undefined : stateOf(t).mems.get(handle);
  const right = mem !== undefined && (kind === "memory object" || (kind === "image") === (mem.image !== null));
  if (!right) return fail(t, CL_INVALID_MEM_OBJECT, `${name} must be a valid ${kind}`, { [name]: handle });
  if (mem.context !== queue.context) return fail(t, CL_INVALID_CONTEXT, `${name} must be of the queue's context`, { [name]: handle });
  return mem;
}

/** A buffer that a command on `queue` uses, or the code that was recorded: CL_INVALID_MEM_OBJECT, CL_INVALID_CONTEXT. */
export function bufferOn(t: Caller, queue: QueueObject, handle: cl_mem | null, name: string): MemObject | cl_int {
  return memOn(t, queue, handle, name, "buffer");
}

/** An image that a command on `queue` uses, with its shape, or the code that was recorded: CL_INVALID_MEM_OBJECT, CL_INVALID_CONTEXT. */
export function imageOn(t: Caller, queue: QueueObject, handle: cl_mem | null, name: string): { readonly mem: MemObject; readonly shape: ImageShape } | cl_int {
  const mem = memOn(t, queue, handle, name, "image");
  return typeof mem === "number" ? mem : { mem, shape: mem.image! };
}

/** A new command with its dependencies: the wait list, and the initial contents of what it uses. */
export function command(t: Caller, queue: QueueObject, type: number, list: readonly EventObject[], mems: readonly MemObject[], others: readonly ClObject[] = []): EventObject {
  const event = new EventObject(queue.context, queue, type);
  event.deps = list;
  event.after = arrivals(t, mems);
  event.retained = others.length === 0 ? mems : [...mems, ...others];
  return event;
}

/** Enqueues a command that needs nothing of the host, and publishes its event. */
export function issue(t: Caller, event: EventObject, job: Job, label: string, out: Out<cl_event> | null): cl_int {
  const code = enqueue(t, event, job, label);
  if (code !== 0) return fail(t, code, "the command could not be enqueued", { label });
  publish(t, event, out);
  return CL_SUCCESS;
}
