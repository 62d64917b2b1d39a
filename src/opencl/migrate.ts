/**
 * OpenCL 3.0 API specification, 5.5.4: Migrating Memory Objects.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import { CL_COMMAND_MIGRATE_MEM_OBJECTS, CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED, CL_MIGRATE_MEM_OBJECT_HOST } from "./abi/constants.ts";
import { CL_INVALID_VALUE } from "./abi/errors.ts";
import type { cl_command_queue, cl_event, cl_int, cl_mem, cl_mem_migration_flags, cl_uint } from "./abi/types.ts";
import { command, hostQueue, issue, memOn } from "./runtime/command.ts";
import { fail } from "./runtime/fail.ts";
import type { MemObject } from "./runtime/mem-object.ts";
import { MARKER } from "./runtime/transfer.ts";
import { waitList } from "./runtime/wait-list.ts";

/** Why migration flags are not valid, or null. */
export function badMigrationFlags(flags: number): string | null {
  return (flags & ~(CL_MIGRATE_MEM_OBJECT_HOST | CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED)) === 0 && flags >= 0 ? null : "flags must hold CL_MIGRATE_MEM_OBJECT_* bits only";
}

/**
 * clEnqueueMigrateMemObjects. Objects stay where they are: a context with one device keeps them there, one with several keeps them where all reach them. The
 * command takes its place in the order.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_MEM_OBJECT, CL_INVALID_VALUE, CL_INVALID_EVENT_WAIT_LIST, CL_MEM_OBJECT_ALLOCATION_FAILURE, CL_OUT_OF_RESOURCES,
 *   CL_OUT_OF_HOST_MEMORY
 */
export function clEnqueueMigrateMemObjects(t: Caller, command_queue: cl_command_queue | null, num_mem_objects: cl_uint, mem_objects: readonly (cl_mem | null)[] | null, flags: cl_mem_migration_flags, num_events_in_wait_list: cl_uint, event_wait_list: readonly (cl_event | null)[] | null, event: Out<cl_event> | null): cl_int {
  const queue = hostQueue(t, command_queue);
  if (typeof queue === "number") return queue;
  if (num_mem_objects === 0 || mem_objects === null) return fail(t, CL_INVALID_VALUE, "num_mem_objects must not be 0, nor mem_objects NULL", { num_mem_objects });
  const mems: MemObject[] = [];
  for (let i = 0; i < num_mem_objects; i++) {
    const mem = memOn(t, queue, mem_objects[i] ?? null, "mem_objects");
    if (typeof mem === "number") return mem;
    mems.push(mem);
  }
  const bad = badMigrationFlags(flags);
  if (bad !== null) return fail(t, CL_INVALID_VALUE, bad, { flags });
  const list = waitList(t, queue.context, num_events_in_wait_list, event_wait_list, event);
  if (typeof list === "number") return list;
  return issue(t, command(t, queue, CL_COMMAND_MIGRATE_MEM_OBJECTS, list, mems), MARKER, "migrate", event);
}
