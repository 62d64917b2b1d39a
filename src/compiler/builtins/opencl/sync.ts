import type { MemoryOrder, Scope } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import type { Lowering, Lowerings, Site } from "./site.ts";

/** Barriers and fences (OpenCL C 3.0 sections 6.15.8 to 6.15.12.4). */

const ORDERS: readonly (MemoryOrder | undefined)[] = ["relaxed", "acquire", "acquire", "release", "acq_rel", "seq_cst"];
const SCOPES: readonly (Scope | undefined)[] = ["workitem", "workgroup", "device", "system", "subgroup"];

/** The memory_order that argument `n` names; what is not known before the program runs is taken for the strongest. */
export function orderArgument(s: Site, n: number): MemoryOrder {
  const value = s.constants(n)[0];
  return value === null || value === undefined ? "seq_cst" : ORDERS[Number(value)] ?? s.fail(`memory order ${value} in ${s.base}`);
}

/** The memory_scope that argument `n` names; the widest when it is not known. */
export function scopeArgument(s: Site, n: number): Scope {
  const value = s.constants(n)[0];
  return value === null || value === undefined ? "system" : SCOPES[Number(value)] ?? s.fail(`memory scope ${value} in ${s.base}`);
}

/** All work-items of the group meet here, and see one another's memory. */
export function groupBarrier(k: Kit): void {
  k.b.emit({ op: "barrier", kind: "sync", id: null, count: null });
}

function fence(order: MemoryOrder): Lowering {
  return (s) => {
    s.k.b.emit({ op: "fence", order, scope: "device" });
    return [];
  };
}

/** CLK_LOCAL_MEM_FENCE and nothing else. */
const LOCAL_ONLY = 1n;

const barrier: Lowering = (s) => {
  if (s.constants(0)[0] === LOCAL_ONLY) s.k.b.emit({ op: "barrier", kind: "sync", id: null, count: null, orders: "shared" });
  else groupBarrier(s.k);
  return [];
};

/** Lowerings of barriers and fences, by name. */
export const synchronisation: Lowerings = {
  barrier,
  work_group_barrier: barrier,
  sub_group_barrier: (s) => {
    s.k.b.emit({ op: "fence", order: "acq_rel", scope: "subgroup" });
    s.k.b.emit({ op: "warpsync", mask: null });
    s.k.b.emit({ op: "fence", order: "acq_rel", scope: "subgroup" });
    return [];
  },
  mem_fence: fence("acq_rel"),
  read_mem_fence: fence("acquire"),
  write_mem_fence: fence("release"),
  atomic_work_item_fence: (s) => {
    const order = orderArgument(s, 1);
    if (order !== "relaxed") s.k.b.emit({ op: "fence", order, scope: scopeArgument(s, 2) });
    return [];
  },
};
