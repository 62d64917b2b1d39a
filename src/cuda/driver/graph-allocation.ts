import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUdeviceptr } from "../abi/driver/types.ts";
import { captureNode, failInvalidated } from "./core/capture.ts";
import type { Device } from "./core/device.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import type { Graph } from "./core/graph.ts";
import { graphMemoryKey, type GraphAllocation } from "./core/graph-memory.ts";
import { driverKey } from "./core/state.ts";
import { frontier, type Stream } from "./core/stream.ts";

/** Memory of allocation nodes, beside the nodes themselves (graph-memory-node.ts): in capture, and freed by streams. */

/** Memory for an allocation node. @returns it, or the error */
export function graphAllocation(t: Caller, device: Device, bytes: number): GraphAllocation | CUresult {
  const made = t.processState(graphMemoryKey).of(t.processState(driverKey), device).allocate(t, bytes);
  return typeof made === "number" ? fail(t, errnoCode(made), errnoRule(made, `allocating ${bytes} bytes`), { bytesize: bytes }) : made;
}

/** Whether a graph frees an allocation in one of its nodes. */
export function freesAlready(graph: Graph, allocation: GraphAllocation): boolean {
  for (const { spec } of graph.nodes) if (spec.kind === "free" && spec.allocation === allocation) return true;
  return false;
}

/** cuMemAllocAsync in a capturing stream. */
export function captureAlloc(t: Caller, dptr: Out<CUdeviceptr>, bytes: number, stream: Stream, device: Device): CUresult {
  if (stream.capture!.broken !== 0) return failInvalidated(t, stream.capture!);
  const allocation = graphAllocation(t, device, bytes);
  if (typeof allocation === "number") return allocation;
  const location = { type: cu.CU_MEM_LOCATION_TYPE_DEVICE, id: device.ordinal } as const;
  dptr.value = allocation.address;
  return captureNode(t, stream, { kind: "alloc", allocation, params: { poolProps: { allocType: cu.CU_MEM_ALLOCATION_TYPE_PINNED, location }, accessDescs: null, accessDescCount: 0, bytesize: bytes, dptr: allocation.address } });
}

/** cuMemFreeAsync in a capturing stream. */
export function captureFree(t: Caller, allocation: GraphAllocation, stream: Stream): CUresult {
  if (freesAlready(stream.capture!.graph, allocation)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the graph frees this memory already", { dptr: allocation.address });
  return captureNode(t, stream, { kind: "free", allocation });
}

/** cuMemFreeAsync of memory that a launch allocated. */
export function freeOfGraph(t: Caller, allocation: GraphAllocation, stream: Stream): CUresult {
  if (!allocation.live) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dptr is memory of a graph that no launch has allocated since it was freed", { dptr: allocation.address });
  allocation.free(t, { device: stream.context.device, points: frontier(stream) });
  return 0;
}
