import type { CheckedFacts } from "../../abi.ts";
import type { MemoryOrder, Scope } from "../../ir/ops.ts";
import { isCollective, type Node } from "../graph/node.ts";

/** Who sees what an operation orders: all groups, the work-items of one, or nobody else. */
function reach(scope: Scope): "groups" | "items" | null {
  return scope === "device" || scope === "system" ? "groups" : scope === "workgroup" ? "items" : null;
}

/** Scope and order of an operation that has them. */
function orderOf({ instr }: Node): { readonly scope: Scope; readonly order: MemoryOrder } | null {
  return instr !== null && "scope" in instr && instr.scope !== undefined ? { scope: instr.scope, order: instr.order ?? "relaxed" } : null;
}

/**
 * What in a kernel orders its work-items' accesses beside barriers.
 * @param some whether there is such an operation in the kernel or what it calls
 */
export function factsOf(some: (what: (node: Node) => boolean) => boolean): CheckedFacts & { readonly exact: boolean } {
  const atomic = (node: Node): boolean => node.op === "atomic" || node.op === "cmpxchg" || (node.access !== null && (node.access.volatile || node.access.order !== null));
  const fences = (to: readonly string[]) => (node: Node): boolean => {
    const found = node.op === "fence" || node.access !== null ? orderOf(node) : null;
    return found !== null && found.order !== "relaxed" && to.includes(reach(found.scope) ?? "");
  };
  const flags = some(atomic);
  const ordersGroups = flags && some(fences(["groups"]));
  const ordersItems = flags && some(fences(["groups", "items"]));
  const narrow = some((node) => atomic(node) && node.access!.space !== "shared" && orderOf(node) !== null && reach(orderOf(node)!.scope) !== "groups");
  return { ordersGroups, ordersItems, ordersWarps: some(isCollective), exact: ordersItems || narrow };
}

/** Whether a barrier is to order accesses to shared memory only. */
export function ordersSharedOnly(node: Node): boolean {
  return node.op === "barrier" && node.instr?.op === "barrier" && node.instr.orders === "shared";
}
