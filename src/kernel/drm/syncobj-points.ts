import type { DmaFence } from "../fence/fence.ts";
import type { DrmFile } from "./file.ts";
import type { Syncobj } from "./syncobj.ts";
import type { PointState } from "./timeline.ts";

/** Points that one request may name. */
export const MAX_POINTS = 1024;

/** A fence that has signaled. The caller holds a reference. */
export function signaledFence(file: DrmFile, error: number): DmaFence {
  const fence = file.device.core.fences.context("syncobj", "stub").emit();
  if (error !== 0) fence.setError(error);
  fence.signal();
  return fence;
}

/** What a job or a host wait finds at a point. "reached" also stands for a fence that has signaled: its error is `pointError`. */
export function findPoint(syncobj: Syncobj, point: number): PointState {
  if (point !== 0) return syncobj.timeline.find(point);
  const fence = syncobj.binary;
  return fence === null ? "missing" : fence.signaled ? "reached" : fence;
}

/** How a reached point ended. */
export function pointError(syncobj: Syncobj, point: number): number {
  return point === 0 ? (syncobj.binary?.error ?? 0) : syncobj.timeline.errorAt(point);
}

/** For messages: a fence that somebody waits for. */
export function describeFence(fence: DmaFence, file: DrmFile): string {
  return fence.indefinite ? `timeline point ${fence.seqno}, which a program must signal` : `fence ${fence.toString()} of ${file.device.name}`;
}
