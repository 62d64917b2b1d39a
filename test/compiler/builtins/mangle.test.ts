import { describe, expect, test } from "vitest";
import { demangle, type Mangled } from "../../../src/compiler/builtins/opencl/mangle.ts";

const s = (code: string): Mangled => ({ k: "scalar", code });
const v = (n: number, code: string): Mangled => ({ k: "vec", n, code });
const p = (space: number, to: Mangled, atomic = false): Mangled => ({ k: "ptr", space, to, atomic });
const named = (name: string): Mangled => ({ k: "named", name });

/** Names as Clang writes them. */
const NAMES: readonly (readonly [string, string, readonly Mangled[]])[] = [
  ["_Z3expf", "exp", [s("f")]],
  ["_Z3expDv4_f", "exp", [v(4, "f")]],
  ["_Z5clampDv4_fff", "clamp", [v(4, "f"), s("f"), s("f")]],
  ["_Z3dotDv4_fS_", "dot", [v(4, "f"), v(4, "f")]],
  ["_Z6selectDv4_fS_Dv4_i", "select", [v(4, "f"), v(4, "f"), v(4, "i")]],
  ["_Z5fractfPU3AS4f", "fract", [s("f"), p(4, s("f"))]],
  ["_Z5fractfPf", "fract", [s("f"), p(0, s("f"))]],
  ["_Z6vload4mPU3AS1Kf", "vload4", [s("m"), p(1, s("f"))]],
  ["_Z7vstore4Dv4_fmPU3AS4f", "vstore4", [v(4, "f"), s("m"), p(4, s("f"))]],
  ["_Z14atomic_cmpxchgPU3AS1Vjjj", "atomic_cmpxchg", [p(1, s("j")), s("j"), s("j")]],
  ["_Z16atomic_fetch_addPU3AS4VU7_Atomicii", "atomic_fetch_add", [p(4, s("i"), true), s("i")]],
  ["_Z30atomic_compare_exchange_strongPU3AS4VU7_AtomiciPU3AS4ii", "atomic_compare_exchange_strong", [p(4, s("i"), true), p(4, s("i")), s("i")]],
  ["_Z25atomic_fetch_add_explicitPU3AS4VU7_Atomicii12memory_order12memory_scope", "atomic_fetch_add_explicit", [p(4, s("i"), true), s("i"), named("memory_order"), named("memory_scope")]],
  ["_Z21async_work_group_copyPU3AS3iPU3AS1Kim9ocl_event", "async_work_group_copy", [p(3, s("i")), p(1, s("i")), s("m"), named("ocl_event")]],
  ["_Z21async_work_group_copyPU3AS3Dv4_fPU3AS1KS_m9ocl_event", "async_work_group_copy", [p(3, v(4, "f")), p(1, v(4, "f")), s("m"), named("ocl_event")]],
  ["_Z4fmaxDv2_DhS_", "fmax", [v(2, "Dh"), v(2, "Dh")]],
  ["_Z12get_work_dimv", "get_work_dim", []],
];

describe("mangled names of builtins", () => {
  test.each(NAMES)("%s", (name, base, params) => {
    expect(demangle(name)).toEqual({ base, params });
  });

  test.each(["printf", "", "_Z", "_Z99short", "_Z3fooQ", "_Z3fooS_", "_Z3fooDv4_Pf"])("%j is none", (name) => {
    expect(demangle(name)).toBeNull();
  });
});
