import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUgraph, CUhostFn, CUuserObject } from "../abi/driver/types.ts";
import { fail } from "./core/fail.ts";
import { UserObject } from "./core/user-object.ts";
import { enterGraphs, graphArgument } from "./graph-argument.ts";

/** Graph Management: things of the program that graphs keep alive. */

/** Most references of one call. */
const MAX_COUNT = 0x7fffffff;

function isCount(count: number): boolean {
  return Number.isInteger(count) && count >= 1 && count <= MAX_COUNT;
}

/** The user object a handle names. */
function objectArgument(t: Caller, object: CUuserObject | null): UserObject | CUresult {
  const state = enterGraphs(t);
  if (typeof state === "number") return state;
  return state.userObjects.get(object ?? 0) ?? fail(t, cu.CUDA_ERROR_INVALID_VALUE, "object must be a user object of this process that lives", { object });
}

/** An object and a number of references. */
function counted(t: Caller, object: CUuserObject | null, count: number): UserObject | CUresult {
  const found = objectArgument(t, object);
  if (typeof found === "number" || isCount(count)) return found;
  return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "count must be 1 to INT_MAX", { count });
}

/**
 * Makes an object whose references are counted; when the last is gone, `destroy(ptr)` is called by a thread of the driver. It must not call CUDA.
 * @param object_out gets it
 * @param initialRefcount references that the program begins with
 * @param flags must be CU_USER_OBJECT_NO_DESTRUCTOR_SYNC: nothing waits for the destructor
 * @returns INVALID_VALUE: object_out or destroy NULL, a count below 1 or beyond INT_MAX, other flags.
 */
export function cuUserObjectCreate(t: Caller, object_out: Out<CUuserObject> | null, ptr: unknown, destroy: CUhostFn | null, initialRefcount: number, flags: number): CUresult {
  const state = enterGraphs(t);
  if (typeof state === "number") return state;
  if (object_out === null || destroy === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "object_out and destroy must not be NULL");
  if (!isCount(initialRefcount)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "initialRefcount must be 1 to INT_MAX", { initialRefcount });
  if (flags !== cu.CU_USER_OBJECT_NO_DESTRUCTOR_SYNC) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be CU_USER_OBJECT_NO_DESTRUCTOR_SYNC", { flags });
  object_out.value = new UserObject(state, ptr, destroy, initialRefcount).handle;
  return 0;
}

/** Takes references for the program. @returns INVALID_VALUE: not a user object, a count below 1 or beyond INT_MAX. */
export function cuUserObjectRetain(t: Caller, object: CUuserObject | null, count: number): CUresult {
  const found = counted(t, object, count);
  if (typeof found === "number") return found;
  found.retain(count);
  return 0;
}

/** Gives references of the program back. @returns INVALID_VALUE: not a user object, a count below 1, more than there are. */
export function cuUserObjectRelease(t: Caller, object: CUuserObject | null, count: number): CUresult {
  const found = counted(t, object, count);
  if (typeof found === "number") return found;
  if (count > found.count) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the object has fewer references", { count, references: found.count });
  found.release(t, count);
  return 0;
}

/**
 * Lets a graph keep an object: its copies and executable graphs keep it too, each as long as it lives or runs.
 * @param count references that the graph gets
 * @param flags CU_GRAPH_USER_OBJECT_MOVE: they are the caller's, which has them no longer; 0: new ones
 * @returns INVALID_VALUE: not a graph, not a user object, a count below 1 or beyond INT_MAX, other flags, more moved than there are.
 */
export function cuGraphRetainUserObject(t: Caller, graph: CUgraph | null, object: CUuserObject | null, count: number, flags: number): CUresult {
  const to = graphArgument(t, graph, "graph");
  if (typeof to === "number") return to;
  const found = counted(t, object, count);
  if (typeof found === "number") return found;
  if (flags !== 0 && flags !== cu.CU_GRAPH_USER_OBJECT_MOVE) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be 0 or CU_GRAPH_USER_OBJECT_MOVE", { flags });
  if (flags === cu.CU_GRAPH_USER_OBJECT_MOVE && count > found.count) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the object has fewer references to move", { count, references: found.count });
  if (flags === 0) found.retain(count);
  to.userObjects.set(found, (to.userObjects.get(found) ?? 0) + count);
  return 0;
}

/** Lets a graph give references back. @returns INVALID_VALUE: not a graph, not a user object, a count below 1, more than the graph has. */
export function cuGraphReleaseUserObject(t: Caller, graph: CUgraph | null, object: CUuserObject | null, count: number): CUresult {
  const from = graphArgument(t, graph, "graph");
  if (typeof from === "number") return from;
  const found = counted(t, object, count);
  if (typeof found === "number") return found;
  const held = from.userObjects.get(found) ?? 0;
  if (count > held) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the graph has fewer references of the object", { count, held });
  if (count === held) from.userObjects.delete(found);
  else from.userObjects.set(found, held - count);
  found.release(t, count);
  return 0;
}
