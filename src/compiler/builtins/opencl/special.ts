import type { ValueId } from "../../ir/ops.ts";
import { LOCAL_WINDOW, SHARED_WINDOW, WINDOW_SIZE } from "../../ir/types.ts";
import type { Lowering, Lowerings, Site } from "./site.ts";

/** printf, and the address space qualifier functions (OpenCL C 3.0 section 6.15.10). Their names are not mangled. */

const printf: Lowering = (s) => {
  const format = s.text(0) ?? s.fail("printf with a format that is no string literal");
  const args = s.args.slice(1).flat();
  return [s.k.b.def("i32", { op: "printf", format, formatAddr: null, argsAddr: null, args })];
};

function inWindow(s: Site, address: ValueId, window: bigint): ValueId {
  return s.k.icmp("lt.u", s.k.sub(address, s.k.l(window)), s.k.l(WINDOW_SIZE));
}

/** Null of work-group memory is not 0: that is where its first variable lies. */
const NULL_SHARED = -1n;

/** A counter as one number or as its two words (cl_khr_kernel_clock). The device's is its virtual nanoseconds, the others' the instructions of the multiprocessor. */
function clock(register: "globaltimer" | "clock64", words: boolean): Lowering {
  return ({ k }) => {
    const value = k.sreg(register, "i64");
    return words ? [k.conv("trunc", "i32", value), k.conv("trunc", "i32", k.lshr(value, 32))] : [value];
  };
}

/** Lowerings of functions without mangled names, and of clocks, by name. */
export const special: Lowerings = {
  clock_read_device: clock("globaltimer", false), clock_read_hilo_device: clock("globaltimer", true),
  clock_read_work_group: clock("clock64", false), clock_read_hilo_work_group: clock("clock64", true),
  clock_read_sub_group: clock("clock64", false), clock_read_hilo_sub_group: clock("clock64", true),
  printf,
  __to_global: (s) => {
    const p = s.args[0]![0]!;
    const other = s.k.icmp("lt.u", s.k.sub(p, s.k.l(SHARED_WINDOW)), s.k.l(LOCAL_WINDOW + WINDOW_SIZE - SHARED_WINDOW));
    return [s.k.select(other, s.k.l(0), p)];
  },
  __to_local: (s) => {
    const p = s.args[0]![0]!;
    return [s.k.select(inWindow(s, p, SHARED_WINDOW), s.k.sub(p, s.k.l(SHARED_WINDOW)), s.k.l(NULL_SHARED))];
  },
  __to_private: (s) => {
    const p = s.args[0]![0]!;
    return [s.k.select(inWindow(s, p, LOCAL_WINDOW), s.k.sub(p, s.k.l(LOCAL_WINDOW)), s.k.l(0))];
  },
  /** cl_mem_fence_flags of the space a generic pointer points to. */
  get_fence: (s) => {
    const p = s.args[0]![0]!;
    return [s.k.select(inWindow(s, p, SHARED_WINDOW), s.k.i(1), s.k.i(2))];
  },
};
