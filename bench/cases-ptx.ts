import { readFileSync } from "node:fs";
import { createMachine, formatDiagnostic, type HostProcess, type Machine } from "glassgpu";
import { differs, floats } from "./case.ts";
import { ClHost } from "./cl-host.ts";
import { median, short, table, times } from "./clock.ts";

/** A process with the CUDA driver API, one module of PTX, and the few calls that the cases need. */
class CudaHost {
  readonly machine: Machine = createMachine();
  readonly process: HostProcess = this.machine.process("bench");
  private readonly module: number;

  constructor(file: string) {
    const { cuda } = this.process.throwing;
    cuda.cuInit(0);
    cuda.cuCtxCreate(null, 0, 0);
    this.module = cuda.cuModuleLoadData(readFileSync(new URL(`../test/fixtures/ptx/sm_75/${file}.ptx`, import.meta.url), "utf8")) as number;
  }

  buffer(data: ArrayBufferView | number): number {
    const { cuda } = this.process.throwing;
    const bytes = typeof data === "number" ? data : data.byteLength;
    const at = cuda.cuMemAlloc(bytes) as number;
    if (typeof data === "number") cuda.cuMemsetD8(at as never, 0, bytes);
    else cuda.cuMemcpyHtoD(at as never, data, bytes);
    return at;
  }

  read<T extends ArrayBufferView>(at: number, into: T): T {
    this.process.throwing.cuda.cuMemcpyDtoH(into, at as never, into.byteLength);
    return into;
  }

  /** What launches a kernel and waits. */
  launcher(name: string, grid: readonly [number, number], block: readonly [number, number], args: readonly number[]): () => void {
    const { cuda } = this.process;
    const fn = this.process.throwing.cuda.cuModuleGetFunction(this.module as never, name);
    return () => {
      cuda.cuLaunchKernel(fn, ...grid, 1, ...block, 1, 0, null, args, null);
      if (cuda.cuCtxSynchronize() === 0) return;
      const last = this.machine.lastDiagnostic();
      throw new Error(last === null ? "CUDA error" : formatDiagnostic(last));
    };
  }
}

/** The same computation by a kernel of kernels.cl and by one that nvcc compiled. */
interface Twin {
  readonly name: string;
  readonly file: string;
  readonly opencl: (host: ClHost) => { readonly run: () => void; readonly result: () => Float32Array };
  readonly cuda: (host: CudaHost) => { readonly run: () => void; readonly result: () => Float32Array };
  /** Relative: the compilers contract and approximate differently. */
  readonly tolerance: number;
}

const n = 2 ** 22;
const bodies = 4096;
const side = 512;
const [a, b, p, left, right] = [floats(n, 1), floats(n, 2), floats(4 * bodies, 13, 0, 100), floats(side * side, 11), floats(side * side, 12)];

/** Kernels of kernels.cl that have a twin among the PTX samples. */
const twins: readonly Twin[] = [
  {
    name: "vecadd", file: "01_vecadd", tolerance: 0,
    opencl: (host) => {
      const c = host.buffer(4 * n);
      const kernel = host.kernel("vecadd", host.buffer(a), host.buffer(b), c);
      return { run: () => { host.enqueue(kernel, [n], [256]); host.finish(); }, result: () => host.read(c, new Float32Array(n)) };
    },
    cuda: (host) => {
      const c = host.buffer(4 * n);
      return { run: host.launcher("vecadd", [n / 256, 1], [256, 1], [host.buffer(a), host.buffer(b), c, n]), result: () => host.read(c, new Float32Array(n)) };
    },
  },
  {
    name: "saxpy", file: "01_vecadd", tolerance: 1e-5,
    opencl: (host) => {
      const y = host.buffer(b);
      const kernel = host.kernel("saxpy", new Float32Array([0.5]), host.buffer(a), y);
      return { run: () => { host.enqueue(kernel, [n], [256]); host.finish(); }, result: () => host.read(y, new Float32Array(n)) };
    },
    cuda: (host) => {
      const y = host.buffer(b);
      return { run: host.launcher("saxpy", [n / 256, 1], [256, 1], [0.5, host.buffer(a), y, n]), result: () => host.read(y, new Float32Array(n)) };
    },
  },
  {
    name: "matmul_tiled", file: "02_matmul", tolerance: 1e-4,
    opencl: (host) => {
      const c = host.buffer(4 * side * side);
      const kernel = host.kernel("matmul_tiled", host.buffer(left), host.buffer(right), c, new Int32Array([side]));
      return { run: () => { host.enqueue(kernel, [side, side], [16, 16]); host.finish(); }, result: () => host.read(c, new Float32Array(side * side)) };
    },
    cuda: (host) => {
      const c = host.buffer(4 * side * side);
      return { run: host.launcher("matmul", [side / 16, side / 16], [16, 16], [host.buffer(left), host.buffer(right), c, side]), result: () => host.read(c, new Float32Array(side * side)) };
    },
  },
  {
    // The CUDA kernel keeps a tile in shared memory and softens by another constant; with bodies this far apart forces nearly agree.
    name: "nbody", file: "06_nbody_mandel", tolerance: 0.1,
    opencl: (host) => {
      const acc = host.buffer(16 * bodies);
      const kernel = host.kernel("nbody", host.buffer(p), acc, new Int32Array([bodies]));
      return { run: () => { host.enqueue(kernel, [bodies], [256]); host.finish(); }, result: () => host.read(acc, new Float32Array(4 * bodies)).filter((_, i) => i % 4 !== 3) };
    },
    cuda: (host) => {
      const acc = host.buffer(12 * bodies);
      return { run: host.launcher("nbody", [bodies / 256, 1], [256, 1], [host.buffer(p), acc, bodies]), result: () => host.read(acc, new Float32Array(3 * bodies)) };
    },
  },
];

/** One kernel in both languages. Times are medians in milliseconds. */
export interface TwinResult {
  readonly name: string;
  readonly opencl: number;
  readonly ptx: number;
  /** PTX by OpenCL: wanted at most 1.2. */
  readonly ratio: number;
  readonly wrong: string | null;
}

/** Runs kernels that exist in both languages, in turns, each on a machine of its own. */
export function benchTwins(only: readonly string[], quick: boolean): TwinResult[] {
  return twins.filter(({ name }) => only.length === 0 || only.includes(name)).map(({ name, file, opencl, cuda, tolerance }) => {
    const [cl, cu] = [new ClHost(), new CudaHost(file)];
    const [first, second] = [opencl(cl), cuda(cu)];
    first.run();
    second.run();
    const [want, got] = [first.result(), second.result()];
    const wrong = differs(got, (i) => want[i]!, tolerance, 17);
    const taken = { opencl: [] as number[], ptx: [] as number[] };
    for (let i = 0; i < (quick ? 1 : 5); i++) {
      taken.opencl.push(...times(first.run, 3, 0));
      taken.ptx.push(...times(second.run, 3, 0));
    }
    cl.machine.dispose();
    cu.machine.dispose();
    const [x, y] = [median(taken.opencl), median(taken.ptx)];
    return { name, opencl: x, ptx: y, ratio: y / x, wrong };
  });
}

/** The results as a table. */
export function twinTable(results: readonly TwinResult[]): string {
  return table([["kernel", "OpenCL ms", "PTX ms", "PTX/OpenCL", "result"], ...results.map((r) => [r.name, short(r.opencl), short(r.ptx), `${r.ratio.toFixed(2)} x`, r.wrong ?? "ok"])]);
}
