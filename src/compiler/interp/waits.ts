import type { Instr } from "../ir/ops.ts";
import type { Value } from "./values.ts";

type Collective = Extract<Instr, { readonly op: "warpsync" | "shfl" | "vote" | "match" | "redux" }>;

/** At a work-group barrier. `predicate` is null unless it is a `barred`. */
export interface BarrierWait {
  readonly kind: "barrier";
  readonly id: number;
  /** Work-items that take part; null: all. */
  readonly count: number | null;
  readonly reduction: Extract<Instr, { readonly op: "barred" }> | null;
  readonly predicate: boolean;
}

/** At a warp collective, with its operands as they were on arrival. */
export interface CollectiveWait {
  readonly kind: "collective";
  readonly instr: Collective;
  /** Lanes that must meet with `key` equal; null: all that have not exited. */
  readonly mask: number | null;
  /** Operation, mode and mask as text: lanes with different keys do not meet. */
  readonly key: string;
  readonly a: Value;
  readonly b: number;
  readonly c: number;
}

/** At an activemask; those at the same `instr` go on together. */
export interface ActiveMaskWait {
  readonly kind: "activemask";
  readonly instr: Extract<Instr, { readonly op: "activemask" }>;
}

/** What a work-item may wait for. */
export type Wait = BarrierWait | CollectiveWait | ActiveMaskWait;
export type { Collective };
