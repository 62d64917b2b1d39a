import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUevent, CUgraph, CUgraphNode } from "../abi/driver/types.ts";
import { enterDriver } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import type { EventSpec } from "./core/graph-spec.ts";
import { addNode, nodeOfKind, slot } from "./graph-argument.ts";

/**
 * Graph Management: nodes that record an event, or wait for one. A record node gives the event a new record at each launch; a wait node waits for what the event's latest record
 * was when the graph was launched, inside the graph or outside.
 */

/** An event of the process. @param code what the function's manual says of handles that are none. @returns the operation, or the error */
export function eventSpec(t: Caller, kind: "record" | "wait", event: CUevent | null, code: CUresult = cu.CUDA_ERROR_INVALID_VALUE): EventSpec | CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const found = driver.events.get(event ?? 0);
  return found === undefined ? fail(t, code, "event must be an event of this process", { event }) : { kind, event: found };
}

function add(t: Caller, kind: "record" | "wait", phGraphNode: Out<CUgraphNode> | null, hGraph: CUgraph | null, dependencies: readonly CUgraphNode[] | null, numDependencies: number, event: CUevent | null): CUresult {
  const place = slot(t, phGraphNode, hGraph, dependencies, numDependencies);
  return typeof place === "number" ? place : addNode(phGraphNode, place, eventSpec(t, kind, event));
}

function get(t: Caller, kind: "record" | "wait", hNode: CUgraphNode | null, event_out: Out<CUevent> | null): CUresult {
  const node = nodeOfKind(t, hNode, kind);
  if (typeof node === "number") return node;
  if (event_out === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "event_out must not be NULL");
  event_out.value = node.spec.event.handle;
  return 0;
}

function set(t: Caller, kind: "record" | "wait", hNode: CUgraphNode | null, event: CUevent | null): CUresult {
  const node = nodeOfKind(t, hNode, kind);
  if (typeof node === "number") return node;
  const spec = eventSpec(t, kind, event, cu.CUDA_ERROR_INVALID_HANDLE);
  if (typeof spec === "number") return spec;
  node.spec = spec as typeof node.spec;
  return 0;
}

/**
 * Adds a node that records an event.
 * @param phGraphNode gets it
 * @param dependencies nodes of the graph that it begins after
 * @returns INVALID_VALUE: phGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice, not an event.
 */
export function cuGraphAddEventRecordNode(t: Caller, phGraphNode: Out<CUgraphNode> | null, hGraph: CUgraph | null, dependencies: readonly CUgraphNode[] | null, numDependencies: number, event: CUevent | null): CUresult {
  return add(t, "record", phGraphNode, hGraph, dependencies, numDependencies, event);
}

/** The event that a node records. @param event_out gets it. @returns INVALID_VALUE: not a record node, event_out NULL. */
export function cuGraphEventRecordNodeGetEvent(t: Caller, hNode: CUgraphNode | null, event_out: Out<CUevent> | null): CUresult {
  return get(t, "record", hNode, event_out);
}

/** Changes the event that a node records. @returns INVALID_VALUE: not a record node. INVALID_HANDLE: not an event. */
export function cuGraphEventRecordNodeSetEvent(t: Caller, hNode: CUgraphNode | null, event: CUevent | null): CUresult {
  return set(t, "record", hNode, event);
}

/**
 * Adds a node that waits for an event.
 * @param phGraphNode gets it
 * @param dependencies nodes of the graph that it begins after
 * @returns INVALID_VALUE: phGraphNode NULL, not a graph, dependencies that are no nodes of it or named twice, not an event.
 */
export function cuGraphAddEventWaitNode(t: Caller, phGraphNode: Out<CUgraphNode> | null, hGraph: CUgraph | null, dependencies: readonly CUgraphNode[] | null, numDependencies: number, event: CUevent | null): CUresult {
  return add(t, "wait", phGraphNode, hGraph, dependencies, numDependencies, event);
}

/** The event that a node waits for. @param event_out gets it. @returns INVALID_VALUE: not a wait node, event_out NULL. */
export function cuGraphEventWaitNodeGetEvent(t: Caller, hNode: CUgraphNode | null, event_out: Out<CUevent> | null): CUresult {
  return get(t, "wait", hNode, event_out);
}

/** Changes the event that a node waits for. @returns INVALID_VALUE: not a wait node. INVALID_HANDLE: not an event. */
export function cuGraphEventWaitNodeSetEvent(t: Caller, hNode: CUgraphNode | null, event: CUevent | null): CUresult {
  return set(t, "wait", hNode, event);
}
