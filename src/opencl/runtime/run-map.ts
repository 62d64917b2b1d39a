import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import { CL_INVALID_OPERATION, CL_SUCCESS } from "../abi/errors.ts";
import type { cl_event, cl_int } from "../abi/types.ts";
import { command } from "./command.ts";
import type { EventObject } from "./event.ts";
import { fail } from "./fail.ts";
import { checkList } from "./host-transfer.ts";
import { dropMapping, forbidden, openWindow, type Region } from "./mapping.ts";
import type { Mapping, MemObject } from "./mem-object.ts";
import type { QueueObject } from "./queue-object.ts";
import { enqueue, flush } from "./submit.ts";
import { abandon } from "./transfer.ts";
import { completion, publish } from "./wait-list.ts";

/** A map command whose arguments are right. */
export interface MapCall {
  readonly queue: QueueObject;
  readonly mem: MemObject;
  readonly region: Region;
  /** CL_MAP_*. */
  readonly flags: number;
  readonly list: readonly EventObject[];
  readonly blocking: boolean;
  readonly event: Out<cl_event> | null;
  /** CL_COMMAND_*. */
  readonly type: number;
  readonly label: string;
}

/** Enqueues a map command, and waits for it when it blocks. @returns the mapping, or the code that was recorded */
export function* runMap(t: Caller, call: MapCall): Blocking<Mapping | cl_int> {
  const { queue, mem, region, flags, list, blocking } = call;
  const failed = checkList(t, list, blocking);
  if (failed !== 0) return failed;
  const no = forbidden(mem, flags, region);
  if (no !== null) return fail(t, CL_INVALID_OPERATION, no, { map_flags: flags, offset: region.offset });
  const map = command(t, queue, call.type, list, [mem]);
  const window = openWindow(t, map, mem, region, flags);
  if (typeof window === "number") return fail(t, window, "no host memory for the mapped region", { width: region.box.width });
  mem.root.maps.push(window.mapping);
  const code = enqueue(t, map, window.job, call.label);
  if (code !== CL_SUCCESS) {
    dropMapping(t, mem, window.mapping);
    if (window.mapping.shadow === null) abandon(t, map);
    return fail(t, code, "the command could not be enqueued");
  }
  if (!blocking) publish(t, map, call.event);
  else {
    flush(t, queue);
    const result = yield* completion(t, map, list);
    if (result !== 0) {
      dropMapping(t, mem, window.mapping);
      return result;
    }
    publish(t, map, call.event);
  }
  return window.mapping;
}
