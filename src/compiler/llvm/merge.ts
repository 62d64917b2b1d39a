import type { Fn } from "../ir/module.ts";
import type { Instr, ValueId } from "../ir/ops.ts";
import { sizeOf } from "../ir/types.ts";

type Load = Instr & { readonly op: "load" };

/** What memory does not notice: loads may move up across these. */
const PURE: ReadonlySet<Instr["op"]> = new Set<Instr["op"]>([
  "const", "constbits", "add", "sub", "mul", "mulhi.s", "mulhi.u", "div.s", "div.u", "rem.s", "rem.u", "and", "or", "xor", "shl", "lshr", "ashr", "rotl",
  "min.s", "max.s", "min.u", "max.u", "not", "neg", "clz", "ctz", "popc", "brev", "fadd", "fsub", "fmul", "fdiv", "frem", "fmin", "fmax", "copysign",
  "fneg", "fabs", "fsqrt", "ffloor", "fceil", "ftrunc", "frint", "fround", "fma", "icmp", "fcmp", "select", "trunc", "zext", "sext", "bitcast",
  "fptosi", "fptoui", "sitofp", "uitofp", "fptrunc", "fpext", "f16tof32", "f32tof16", "f64tof16", "bf16tof32", "f32tobf16", "copy", "phi", "sreg",
  "param", "paramaddr", "globaladdr", "sharedaddr", "dynsharedaddr", "localaddr", "funcaddr",
]);

interface Candidate {
  readonly index: number;
  readonly load: Load;
  readonly dst: ValueId;
}

/**
 * Loads of neighbouring elements in one block become one load of several values, and so one translation: the optimiser
 * takes vector loads apart when only elements are used. Only where alignment shows that the whole lies in one page; the merged load
 * stands where the first of them stood, and all of them would have been executed.
 */
export function mergeLoads(fn: Fn): void {
  for (const block of fn.blocks) {
    const { instrs } = block;
    const gone = new Set<number>();
    let open = new Map<string, Candidate[]>();
    const close = (): void => {
      for (const group of open.values()) if (group.length > 1) join(fn, instrs, group, gone);
      open = new Map();
    };
    instrs.forEach((instr, index) => {
      if (instr.op === "load" && instr.volatile !== true && instr.order === undefined) {
        const [dst] = instr.dst;
        if (instr.dst.length !== 1) return;
        const key = `${instr.space} ${instr.addr} ${fn.types[dst!]}`;
        const group = open.get(key);
        if (group === undefined) open.set(key, [{ index, load: instr, dst: dst! }]);
        else group.push({ index, load: instr, dst: dst! });
      } else if (!PURE.has(instr.op)) close();
    });
    close();
    if (gone.size > 0) {
      const kept = instrs.filter((_, index) => !gone.has(index));
      instrs.splice(0, instrs.length, ...kept);
    }
  }
}

function join(fn: Fn, instrs: Instr[], group: Candidate[], gone: Set<number>): void {
  const size = sizeOf[fn.types[group[0]!.dst]!];
  const sorted = [...group].sort((a, b) => a.load.offset - b.load.offset || a.index - b.index);
  for (let n = 0; n < sorted.length;) {
    const { load } = sorted[n]!;
    let end = n + 1;
    while (end < sorted.length && sorted[end]!.load.offset === load.offset + (end - n) * size && (end - n + 1) * size <= load.align) end++;
    if (end - n > 1) {
      const run = sorted.slice(n, end);
      const first = Math.min(...run.map(({ index }) => index));
      const { line } = instrs[first]!;
      instrs[first] = { ...load, dst: run.map(({ dst }) => dst), ...(line === undefined ? {} : { line }) };
      for (const { index } of run) if (index !== first) gone.add(index);
    }
    n = end;
  }
}
