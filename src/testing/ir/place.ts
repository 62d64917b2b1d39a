import type { FnBuilder } from "../../compiler/ir/builder.ts";
import type { ValueId } from "../../compiler/ir/ops.ts";

/** Number of the work-item in the whole range. */
export function linearId(f: FnBuilder): ValueId {
  const [x, y, z] = (["x", "y", "z"] as const).map((d) => f.def("i64", { op: "sub", a: f.def("i64", { op: "sreg", reg: `gid.${d}` }), b: f.def("i64", { op: "sreg", reg: `goff.${d}` }) })) as [ValueId, ValueId, ValueId];
  const rows = f.def("i64", { op: "add", a: f.def("i64", { op: "mul", a: z, b: f.def("i64", { op: "sreg", reg: "gsize.y" }) }), b: y });
  return f.def("i64", { op: "add", a: f.def("i64", { op: "mul", a: rows, b: f.def("i64", { op: "sreg", reg: "gsize.x" }) }), b: x });
}

/** Linear number of the work-item in its group, and the group's size. */
export function placeInGroup(f: FnBuilder): { readonly number: ValueId; readonly size: ValueId } {
  const reg = (name: "tid.x" | "tid.y" | "tid.z" | "ntid.x" | "ntid.y" | "ntid.z"): ValueId => f.def("i32", { op: "sreg", reg: name });
  const multiply = (a: ValueId, b: ValueId): ValueId => f.def("i32", { op: "mul", a, b });
  const add = (a: ValueId, b: ValueId): ValueId => f.def("i32", { op: "add", a, b });
  const [nx, ny] = [reg("ntid.x"), reg("ntid.y")];
  const number = add(reg("tid.x"), multiply(nx, add(reg("tid.y"), multiply(ny, reg("tid.z")))));
  return { number, size: multiply(nx, multiply(ny, reg("ntid.z"))) };
}
