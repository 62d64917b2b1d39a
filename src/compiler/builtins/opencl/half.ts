import type { ValueId } from "../../ir/ops.ts";
import type { Kit } from "../kit.ts";
import { perLane, type Lowering, type Site } from "./site.ts";
import { codeOf } from "./mangle.ts";

/** Float type that a builtin of elements with this code computes in. */
export function workingType(code: string): "f32" | "f64" {
  return code === "d" ? "f64" : "f32";
}

/** An element as its working type: half is computed on in single precision. */
export function enter(k: Kit, code: string, v: ValueId): ValueId {
  return code === "Dh" ? k.conv("f16tof32", "f32", v) : v;
}

/** A result in the working type as an element: half is rounded back. */
export function leave(k: Kit, code: string, v: ValueId): ValueId {
  return code === "Dh" ? k.conv("f32tof16", "i16", v) : v;
}

/** A builtin that does one floating-point computation for each element; integer arguments stay as they are. */
export function floats(op: (k: Kit, type: "f32" | "f64", ...args: ValueId[]) => ValueId): Lowering {
  return (s: Site) => {
    const codes = s.params.map(codeOf);
    const code = codes[0]!;
    const type = workingType(code);
    return perLane(s, (...lane) => leave(s.k, code, op(s.k, type, ...lane.map((v, n) => enter(s.k, codes[n]!, v)))));
  };
}
