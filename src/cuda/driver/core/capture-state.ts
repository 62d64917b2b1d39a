import type { CUresult, CUstreamCaptureMode } from "../../abi/driver/enums.ts";
import type { EdgeKind, Graph, GraphNode } from "./graph.ts";
import type { Stream } from "./stream.ts";

/** A node that the next captured one depends on, and what the edge will say. */
export interface Tip {
  readonly node: GraphNode;
  readonly kind: EdgeKind;
}

/** No dependency. Shared: never written to. */
export const NO_TIPS: readonly Tip[] = Object.freeze([]);

/** One capture sequence: streams whose work becomes nodes of a graph. */
export interface Capture {
  readonly id: bigint;
  readonly graph: Graph;
  /** The graph was made for it and goes with it when it fails. */
  readonly ownsGraph: boolean;
  readonly mode: CUstreamCaptureMode;
  /** Where it began, and must end. */
  readonly origin: Stream;
  /** The host thread that began it. */
  readonly tid: number;
  /** Streams that take part, the origin among them. */
  readonly streams: Set<Stream>;
  /** Last nodes of streams that were destroyed while they took part. */
  readonly orphans: Tip[];
  /** A call broke the rules: nothing more is taken, and the end gives no graph. 0 while it is in order. */
  broken: CUresult;
}

/** What an event captured. */
export interface Captured {
  readonly capture: Capture;
  readonly tips: readonly Tip[];
}
