import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";
import { CL_COMMAND_WRITE_BUFFER } from "../abi/constants.ts";
import { CL_OUT_OF_RESOURCES, type cl_error } from "../abi/errors.ts";
import { codeOf } from "./errno.ts";
import { EventObject, NONE } from "./event.ts";
import { hostBytes } from "./host-memory.ts";
import type { MemObject } from "./mem-object.ts";
import { QueueObject } from "./queue-object.ts";
import { isOver } from "./settle.ts";
import { enqueue } from "./submit.ts";
import { copyJob, line, packed } from "./transfer.ts";

/**
 * Gives a new buffer its contents. Memory that the CPU reaches is written at once; otherwise the bytes go to staging memory now and from there by a copy
 * job of the context's own, which commands that use the buffer come after.
 * @returns 0 or a code
 */
export function upload(t: Caller, mem: MemObject, from: HostPtr): 0 | cl_error {
  const source = hostBytes(t, from, 0, mem.size, false)!;
  if (mem.store.cpu) {
    t.sys.memory(mem.address, mem.size, true)!.set(source);
    t.sys.spend(mem.size / 10);
    return 0;
  }
  const { context } = mem;
  const { memory } = context;
  const piece = memory.take(t, mem.size, "system");
  if (typeof piece === "number") return codeOf(piece);
  t.sys.memory(piece.address, mem.size, true)!.set(source);
  t.sys.spend(mem.size / 10);
  let queue = context.uploads as QueueObject | null;
  if (queue === null) {
    queue = new QueueObject(context, context.slots[0]!, { properties: 0, list: null, priority: 2 }, true);
    if (queue.start(t, "opencl uploads") < 0) {
      memory.give(t, piece);
      return CL_OUT_OF_RESOURCES;
    }
    context.uploads = queue;
  }
  const event = new EventObject(context, queue, CL_COMMAND_WRITE_BUFFER);
  event.retained = [mem];
  event.cleanup = (who) => {
    memory.give(who, piece);
    mem.upload = null;
  };
  const box = line(mem.size);
  const code = enqueue(t, event, copyJob(mem.address, packed(box), piece.address, packed(box), box), "initial contents");
  if (code !== 0) {
    memory.give(t, piece);
    return code;
  }
  mem.upload = event.status > 0 ? event : null;
  return 0;
}

/** What commands that use the object come after: its initial contents, while they are on their way. */
export function arrivals(t: Caller, ...mems: readonly MemObject[]): readonly EventObject[] {
  let list: EventObject[] | null = null;
  for (const mem of mems) {
    const event = mem.root.upload;
    if (event !== null && !isOver(t, event)) (list ??= []).push(event);
  }
  return list ?? NONE;
}
