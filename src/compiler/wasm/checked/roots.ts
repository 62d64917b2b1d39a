import { isLeaf, type Graph, type Node } from "../graph/node.ts";

/**
 * Pointers that a kernel is given, and what it does through them. Most accesses of most kernels go through one parameter each; then it is known before the launch which allocations
 * are written, and reads of the others need no history: nobody can race with them. See `src/check/roots.ts`, which says for each launch what is known.
 */
export interface Root {
  /** Offset of the pointer in the parameter block. */
  readonly param: number;
  /** Whether the kernel writes through it. */
  readonly written: boolean;
}

/** The roots of a kernel's accesses to global memory. */
export interface Roots {
  readonly list: readonly Root[];
  /** All writes (but those to module variables) are through one of them. */
  readonly closed: boolean;
  /** Offset of the table of roots in the launch block; entries as in `rootEntry`. */
  readonly table: number;
}

/** One entry of that table: first address and end of the memory that the pointer leads to (i64); 1: its reads are to be checked one by one (i32). */
export const rootEntry = { low: 0, high: 8, open: 16, bytes: 24 } as const;

/** Operands looked at in search of a pointer. */
const MAX_STEPS = 64;

/** Most roots that a kernel's table holds. */
const MAX_ROOTS = 64;

/** The one parameter that an address is a sum of; "variable" for a module variable, null where it is not as clear as that. */
export function rootParam(address: Node): number | "variable" | null {
  let found: Node | null = null;
  const seen = new Set<Node>([address]);
  for (const node of seen) {
    if (seen.size > MAX_STEPS) return null;
    if (isLeaf(node)) {
      if (node.type !== "i64" || (node.op !== "param" && node.op !== "globaladdr")) continue;
      if (found !== null && found !== node) return null;
      found = node;
    } else if (node.op === "add" || node.op === "phi") for (const arg of node.args) seen.add(arg);
    else if (node.op === "sub") seen.add(node.args[0]!);
  }
  if (found === null) return null;
  return found.op === "param" ? Number(found.imm) : "variable";
}

/**
 * Finds them.
 * @param graphs of the kernel and of the functions that it calls
 */
export function findRoots(graphs: readonly Graph[], table: number): Roots {
  const written = new Map<number, boolean>();
  let closed = true;
  for (const { blocks } of graphs) {
    for (const { nodes } of blocks) {
      for (const node of nodes) {
        if (node.access === null || node.access.space === "shared" || node.access.space === "local" || node.access.space === "const") continue;
        const root = node.access.space === "global" ? rootParam(node.args[0]!) : null;
        const writes = node.op !== "load";
        if (root === null && writes) closed = false;
        if (typeof root === "number") written.set(root, writes || (written.get(root) ?? false));
      }
    }
  }
  const list = [...written].map(([param, writes]) => ({ param, written: writes }));
  return list.length > MAX_ROOTS ? { list: [], closed: false, table } : { list, closed, table };
}

/** Number of an access's root; -1: it has none. */
export function rootOfAccess(roots: Roots | null, node: Node): number {
  if (roots === null || roots.list.length === 0 || node.access?.space !== "global") return -1;
  const param = rootParam(node.args[0]!);
  return roots.list.findIndex((root) => root.param === param);
}

/** Whether reads through the root go unchecked where the launch allows it: the kernel never writes through it. */
export function mayRest(roots: Roots | null, root: number): boolean {
  return root >= 0 && roots!.closed && !roots!.list[root]!.written;
}
