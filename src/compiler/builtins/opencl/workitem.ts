import type { SpecialRegister, ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import type { Lowering, Lowerings, Site } from "./site.ts";

/** Work-item functions (OpenCL C 3.0 section 6.15.1). Results are size_t, 64 bits. */

const DIMENSIONS = ["x", "y", "z"] as const;
type Register = "gid" | "gsize" | "goff" | "tid" | "ntid" | "entid" | "ctaid" | "nctaid";

const WIDE: ReadonlySet<Register> = new Set<Register>(["gid", "gsize", "goff"]);

function read(k: Kit, register: Register, dimension: "x" | "y" | "z"): ValueId {
  const name: SpecialRegister = `${register}.${dimension}`;
  return WIDE.has(register) ? k.sreg(name, "i64") : k.conv("zext", "i64", k.sreg(name));
}

/** f(dimension); `beyond` is what dimensions above 2 give. */
function byDimension(register: Register, beyond: bigint): Lowering {
  return (s: Site) => {
    const { k } = s;
    const [constant] = s.constants(0);
    if (constant !== null && constant !== undefined) {
      const dimension = DIMENSIONS[Number(constant)];
      return [dimension === undefined ? k.l(beyond) : read(k, register, dimension)];
    }
    const wanted = s.args[0]![0]!;
    return [DIMENSIONS.reduce((value, dimension, n) => k.select(k.icmp("eq", wanted, k.i(n)), read(k, register, dimension), value), k.l(beyond))];
  };
}

/** Number of this work-item in its group, x fastest; i32. */
export function localLinearId(k: Kit): ValueId {
  const rows = k.add(k.mul(k.sreg("tid.z"), k.sreg("ntid.y")), k.sreg("tid.y"));
  return k.add(k.mul(rows, k.sreg("ntid.x")), k.sreg("tid.x"));
}

/** Work-items in this group; i32. */
export function localLinearSize(k: Kit): ValueId {
  return k.mul(k.mul(k.sreg("ntid.x"), k.sreg("ntid.y")), k.sreg("ntid.z"));
}

function globalLinearId(k: Kit): ValueId {
  const at = (d: "x" | "y" | "z"): ValueId => k.sub(read(k, "gid", d), read(k, "goff", d));
  const rows = k.add(k.mul(at("z"), read(k, "gsize", "y")), at("y"));
  return k.add(k.mul(rows, read(k, "gsize", "x")), at("x"));
}

/** Lowerings of the work-item functions, by name. */
export const workItem: Lowerings = {
  get_work_dim: (s) => [s.k.sreg("workdim")],
  get_global_size: byDimension("gsize", 1n),
  get_global_id: byDimension("gid", 0n),
  get_global_offset: byDimension("goff", 0n),
  get_local_size: byDimension("ntid", 1n),
  get_enqueued_local_size: byDimension("entid", 1n),
  get_local_id: byDimension("tid", 0n),
  get_num_groups: byDimension("nctaid", 1n),
  get_group_id: byDimension("ctaid", 0n),
  get_global_linear_id: (s) => [globalLinearId(s.k)],
  get_local_linear_id: (s) => [s.k.conv("zext", "i64", localLinearId(s.k))],
};
