import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";
import { CL_COMMAND_WRITE_BUFFER } from "../abi/constants.ts";
import { CL_OUT_OF_RESOURCES, type cl_error } from "../abi/errors.ts";
import type { ContextObject, Slot } from "./context-object.ts";
import { hostCodeOf } from "./errno.ts";
import { EventObject, NONE } from "./event.ts";
import { hostBytes } from "./host-memory.ts";
import type { MemObject } from "./mem-object.ts";
import type { ClObject } from "./object.ts";
import { QueueObject } from "./queue-object.ts";
import { startQueue } from "./recover.ts";
import { isOver } from "./settle.ts";
import { enqueue, tellsOfOld } from "./submit.ts";
import { copyJob, line, packed } from "./transfer.ts";

/**
 * Puts bytes into device memory. Memory that the CPU reaches is written at once; otherwise the bytes go to staging memory now and from there by a copy job of
 * the context's own, which what uses the memory comes after.
 * @param user kept until the bytes are there
 * @returns the copy command, null when the bytes are there, or a code
 */
export function uploadBytes(t: Caller, context: ContextObject, slot: Slot, address: number, source: Uint8Array, cpu: boolean, user: ClObject): EventObject | null | cl_error {
  const size = source.length;
  t.sys.spend(size / 10);
  if (cpu) {
    t.sys.memory(address, size, true)!.set(source);
    return null;
  }
  const { memory } = context;
  const piece = memory.take(t, size, "system");
  if (typeof piece === "number") return hostCodeOf(piece);
  t.sys.memory(piece.address, size, true)!.set(source);
  const queue = uploadQueue(t, context, slot);
  const event = queue === null ? null : new EventObject(context, queue, CL_COMMAND_WRITE_BUFFER);
  if (event === null) {
    memory.give(t, piece);
    return CL_OUT_OF_RESOURCES;
  }
  event.retained = [user];
  event.cleanup = (who) => memory.give(who, piece);
  const box = line(size);
  const code = enqueue(t, event, copyJob(address, packed(box), piece.address, packed(box), box), "initial contents");
  if (code !== 0) {
    memory.give(t, piece);
    return code;
  }
  return event.status > 0 ? event : null;
}

function uploadQueue(t: Caller, context: ContextObject, slot: Slot): QueueObject | null {
  const known = context.uploads.get(slot);
  if (known !== undefined) return known as QueueObject;
  const queue = new QueueObject(context, slot, { properties: 0, list: null, priority: 2 }, true);
  if (startQueue(t, queue, "opencl uploads") < 0) return null;
  context.uploads.set(slot, queue);
  return queue;
}

/** Gives a new buffer its contents. @returns 0 or a code */
export function upload(t: Caller, mem: MemObject, from: HostPtr): 0 | cl_error {
  const event = uploadBytes(t, mem.context, mem.context.slots[0]!, mem.address, hostBytes(t, from, 0, mem.size, false)!, mem.store.cpu, mem);
  if (typeof event === "number") return event;
  mem.upload = event;
  return 0;
}

/** What commands that use the objects come after: their initial contents, while they are on their way. */
export function arrivals(t: Caller, mems: readonly (MemObject | null)[]): readonly EventObject[] {
  let list: EventObject[] | null = null;
  for (const mem of mems) {
    if (mem === null) continue;
    const { root } = mem;
    if (root.upload === null) continue;
    if (isOver(t, root.upload) && !tellsOfOld(t, root.upload)) root.upload = null;
    else (list ??= []).push(root.upload);
  }
  return list ?? NONE;
}
