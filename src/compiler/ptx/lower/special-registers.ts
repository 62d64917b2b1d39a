import type { SpecialRegister, ValueId } from "../../ir/ops.ts";
import type { FnLowering } from "./function.ts";

/** Name of the hidden module variable that stands for the driver's grid-synchronisation workspace. */
export const GRID_WORKSPACE = "__gg_grid_workspace";
const RESERVED_NAME = "__gg_reserved_smem";

type Reader = (c: FnLowering) => ValueId;

const simple = (reg: SpecialRegister): Reader => (c) => c.em.once(`sreg:${reg}`, () => c.em.sreg(reg));
const constant = (value: number): Reader => (c) => c.em.int("i32", value);

/** Lane number as a shift amount, applied to a constant: the lane masks. */
const laneMask = (make: (c: FnLowering, lane: ValueId) => ValueId): Reader => (c) => make(c, c.em.sreg("lane"));

function below(c: FnLowering, lane: ValueId): ValueId {
  return c.em.bin("sub", "i32", bit(c, lane), c.em.i32(1));
}

function bit(c: FnLowering, lane: ValueId): ValueId {
  return c.em.bin("shl", "i32", c.em.i32(1), lane);
}

/** Half of a 64-bit special register. */
const half = (reg: "clock64" | "globaltimer", high: boolean): Reader => (c) => {
  const v = c.em.sreg(reg, "i64");
  return c.em.trunc(high ? c.em.bin("lshr", "i64", v, c.em.int("i64", 32)) : v, "i32");
};

/**
 * NON-SPEC: %envreg1 and %envreg2 hold the address of the driver's workspace for grid synchronisation in
 * cooperative launches, 0 in others. Here every launch has one: a hidden variable of the module.
 */
const workspace = (high: boolean): Reader => (c) => {
  const { em } = c;
  c.module.needGlobal(GRID_WORKSPACE, 64);
  const dst = em.value("i64");
  em.push({ op: "globaladdr", dst, symbol: GRID_WORKSPACE, line: em.line });
  return em.trunc(high ? em.bin("lshr", "i64", dst, em.int("i64", 32)) : dst, "i32");
};

/** Shared memory of a block that the system keeps for itself, bytes (compute capability 8.0 and above). Cooperative groups of several warps use the second half. */
const RESERVED_SHARED = 1024;

/**
 * NON-SPEC: the reserved shared memory is a hidden variable of kernels that ask where it is, and counts as their static shared memory; on hardware every block has it, at the beginning of the window.
 */
const reservedShared = (offset: number): Reader => (c) => {
  const { em } = c;
  c.module.needShared(RESERVED_NAME, RESERVED_SHARED);
  const dst = em.value("i64");
  em.push({ op: "sharedaddr", dst, symbol: RESERVED_NAME, line: em.line });
  // An offset in the shared window, as addresses of shared variables are.
  return em.bin("add", "i32", em.trunc(dst, "i32"), em.i32(offset));
};

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ...(["tid", "ntid", "ctaid", "nctaid"] as const).flatMap((name) => (["x", "y", "z"] as const).map((d): [string, Reader] => [`%${name}.${d}`, simple(`${name}.${d}`)])),
  ...["tid", "ctaid"].map((name): [string, Reader] => [`%${name}.w`, constant(0)]),
  ...["ntid", "nctaid"].map((name): [string, Reader] => [`%${name}.w`, constant(1)]),
  ["%laneid", simple("lane")],
  ["%warpid", simple("warp")],
  ["%nwarpid", simple("nwarp")],
  ["%smid", simple("smid")],
  ["%nsmid", simple("nsmid")],
  ["%gridid", simple("gridid")],
  ["%dynamic_smem_size", simple("dynshared")],
  ["%total_smem_size", (c) => c.em.bin("add", "i32", c.em.i32(c.module.staticSharedBytes()), c.em.sreg("dynshared"))],
  ["%aggr_smem_size", (c) => c.em.bin("add", "i32", c.em.i32(c.module.staticSharedBytes()), c.em.sreg("dynshared"))],
  ["%lanemask_eq", laneMask(bit)],
  ["%lanemask_lt", laneMask(below)],
  ["%lanemask_le", laneMask((c, lane) => c.em.bin("or", "i32", below(c, lane), bit(c, lane)))],
  ["%lanemask_gt", laneMask((c, lane) => c.em.bin("shl", "i32", c.em.i32(-2), lane))],
  ["%lanemask_ge", laneMask((c, lane) => c.em.bin("shl", "i32", c.em.i32(-1), lane))],
  ["%clock", half("clock64", false)],
  ["%clock_hi", half("clock64", true)],
  ["%clock64", (c) => c.em.sreg("clock64", "i64")],
  ["%globaltimer", (c) => c.em.sreg("globaltimer", "i64")],
  ["%globaltimer_lo", half("globaltimer", false)],
  ["%globaltimer_hi", half("globaltimer", true)],
  ["%envreg1", workspace(true)],
  ["%envreg2", workspace(false)],
  // A launch without clusters: each block is a cluster of its own (PTX ISA 10.11 and following).
  ...(["x", "y", "z"] as const).flatMap((d): [string, Reader][] => [
    [`%clusterid.${d}`, simple(`ctaid.${d}`)], [`%nclusterid.${d}`, simple(`nctaid.${d}`)],
    [`%cluster_ctaid.${d}`, constant(0)], [`%cluster_nctaid.${d}`, constant(1)],
  ]),
  ["%cluster_ctarank", constant(0)],
  ["%cluster_nctarank", constant(1)],
  ["%is_explicit_cluster", (c) => c.em.int("i1", 0)],
  ["%reserved_smem_offset_begin", reservedShared(0)],
  ["%reserved_smem_offset_end", reservedShared(RESERVED_SHARED)],
  ["%reserved_smem_offset_cap", constant(RESERVED_SHARED)],
  ["%reserved_smem_offset_0", reservedShared(0)],
  ["%reserved_smem_offset_1", reservedShared(RESERVED_SHARED / 2)],
  ["%current_graph_exec", (c) => c.em.int("i64", 0)],
]);

/** Performance counters and other driver registers: nothing is counted, nothing is set. */
const zeros = /^%(pm[0-7](_64)?|envreg([0-9]|[12][0-9]|3[01]))$/;

/**
 * The value of a special register (PTX ISA chapter 10), in its own width.
 * @throws CompileError when there is none of that name
 */
export function specialRegister(c: FnLowering, name: string): ValueId {
  const reader = readers.get(name);
  if (reader !== undefined) return reader(c);
  if (zeros.test(name)) return c.em.int(name.endsWith("_64") ? "i64" : "i32", 0);
  return c.fail(`'${name}' is neither a declared register nor a special register we know`);
}
