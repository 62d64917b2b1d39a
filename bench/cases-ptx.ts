import { differs, floats, type BenchHost, type Case, type Prepared } from "./case.ts";
import { computing } from "./cases-computing.ts";
import { cooperating } from "./cases-cooperating.ts";
import { streaming } from "./cases-streaming.ts";
import { ClHost } from "./cl-host.ts";
import { median, short, table, times } from "./clock.ts";
import { CudaHost } from "./cuda-host.ts";

/** The same computation by a kernel of kernels.cl and by one that nvcc compiled. */
interface Twin {
  readonly name: string;
  readonly opencl: (host: BenchHost) => Prepared;
  readonly cuda: (host: BenchHost) => Prepared;
}

const n = 2 ** 22;

/** Kernels in the form that CUDA programs have, with a guard or a loop over the grid: parameters differ from the OpenCL ones. */
const idiomatic: Readonly<Record<string, (host: BenchHost) => Prepared>> = {
  vecadd_guarded(host) {
    const [a, b] = [floats(n, 1), floats(n, 2)];
    const c = host.buffer(4 * n);
    const kernel = host.kernel("vecadd_guarded", host.buffer(a), host.buffer(b), c, new Int32Array([n]));
    return {
      run: () => { host.enqueue(kernel, [n], [256]); host.finish(); },
      check: () => differs(host.read(c, new Float32Array(n)), (i) => Math.fround(a[i]! + b[i]!)),
    };
  },
  saxpy_strided(host) {
    const [x, y] = [floats(n, 3), floats(n, 4)];
    const out = host.buffer(y);
    const kernel = host.kernel("saxpy_strided", new Float32Array([0.5]), host.buffer(x), out, new Uint32Array([n]));
    return {
      run: () => { host.enqueue(kernel, [n], [256]); host.finish(); },
      check: () => differs(host.read(out, new Float32Array(n)), (i) => 0.5 * x[i]! + y[i]!, 1e-6),
    };
  },
};

const cases: readonly Case[] = [...streaming, ...computing, ...cooperating];

const twins: readonly Twin[] = [
  ...cases.map(({ name, prepare }): Twin => ({ name, opencl: prepare, cuda: prepare })),
  ...Object.entries(idiomatic).map(([name, cuda]): Twin => ({ name, opencl: cases.find((at) => name.startsWith(at.name))!.prepare, cuda })),
];

/** One kernel in both languages. Times are medians in milliseconds. */
export interface TwinResult {
  readonly name: string;
  readonly opencl: number;
  readonly ptx: number;
  /** PTX by OpenCL: wanted at most 1.2. Quotient of the best times, which a busy machine disturbs least. */
  readonly ratio: number;
  readonly wrong: string | null;
}

/** Runs it once. @returns what is wrong with the result, or null */
function warm({ reset, run, check }: Prepared): string | null {
  reset?.();
  run();
  return check();
}

/** Runs kernels that exist in both languages, in turns, each on a machine of its own. */
export function benchTwins(only: readonly string[], quick: boolean): TwinResult[] {
  const chosen = twins.filter(({ name }) => only.length === 0 || only.includes(name));
  if (chosen.length === 0) return [];
  // The first machines of a process run streams a quarter slower than all later ones, whichever language comes first: nobody's times are taken on them.
  for (const host of [new ClHost(), new CudaHost()]) {
    warm(streaming[0]!.prepare(host));
    host.machine.dispose();
  }
  return chosen.map(({ name, opencl, cuda }) => {
    const [cl, cu] = [new ClHost(), new CudaHost()];
    const [first, second] = [opencl(cl), cuda(cu)];
    const wrong = warm(first) ?? warm(second);
    const taken = { opencl: [] as number[], ptx: [] as number[] };
    for (let i = 0; i < (quick ? 1 : 5); i++) {
      taken.opencl.push(...times(first.run, 3, 0, first.reset));
      taken.ptx.push(...times(second.run, 3, 0, second.reset));
    }
    cl.machine.dispose();
    cu.machine.dispose();
    return { name, opencl: median(taken.opencl), ptx: median(taken.ptx), ratio: Math.min(...taken.ptx) / Math.min(...taken.opencl), wrong };
  });
}

/** The results as a table. */
export function twinTable(results: readonly TwinResult[]): string {
  return table([["kernel", "OpenCL ms", "PTX ms", "PTX/OpenCL", "result"], ...results.map((r) => [r.name, short(r.opencl), short(r.ptx), `${r.ratio.toFixed(2)} x`, r.wrong ?? "ok"])]);
}
