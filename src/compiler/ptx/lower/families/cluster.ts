import type { Mnemonic } from "../../mnemonic.ts";
import { ptxType } from "../../types.ts";
import type { FnLowering } from "../function.ts";
import type { Lower, Row } from "../rows.ts";

/**
 * Thread-block clusters (PTX ISA 9.7.13.4 and 9.7.9.27), for clusters of one block: what a launch without cluster dimensions has. Kernels
 * that demand larger clusters are refused where they use them.
 */

/** Refuses kernels whose directives ask for more than one block in a cluster. */
export function single(c: FnLowering): void {
  const dims = c.fn.directives.get("reqnctapercluster");
  if (dims !== undefined && dims.reduce((a, b) => a * b, 1) > 1) c.unsupported("clusters of more than one block are not supported");
}

/** arrive: nothing to wait for; its order is that of a fence. */
const arrive = (m: Mnemonic): Lower => {
  const weak = m.mods.includes("relaxed");
  return (c) => {
    single(c);
    if (!weak) c.em.push({ op: "fence", order: "release", scope: "device", line: c.em.line });
  };
};

/** wait: when all work-items of the block have come here, all have arrived. */
const wait: Lower = (c) => {
  single(c);
  c.em.push({ op: "barrier", kind: "sync", id: null, count: null, line: c.em.line });
};

/** mapa: the address in block 0 of the cluster, which is this one. */
const mapa = (m: Mnemonic): Lower => {
  const type = m.types[0]!;
  return (c, ops) => {
    single(c);
    c.dst(ops[0], type, c.src(ops[1], type));
  };
};

const ctaRank: Lower = (c, ops) => {
  single(c);
  c.dst(ops[0], ptxType("u32"), c.em.i32(0));
};

/** Rows of cluster instructions. */
export const clusterRows: readonly Row[] = [
  { op: "barrier", types: [], needs: "cluster arrive", mods: "release relaxed aligned", operands: 0, mode: "effect", make: arrive },
  { op: "barrier", types: [], needs: "cluster wait", mods: "acquire aligned", operands: 0, mode: "effect", make: () => wait },
  { op: "mapa", types: ["u32 u64"], mods: "shared::cluster", operands: 3, mode: "pure", make: mapa },
  { op: "getctarank", types: ["u32 u64"], mods: "shared::cluster", operands: 2, mode: "pure", make: () => ctaRank },
];
