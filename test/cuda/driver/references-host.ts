import { readFileSync } from "node:fs";
import type { In } from "../../../src/cuda/abi/common.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUarray, CUDA_ARRAY3D_DESCRIPTOR, CUdeviceptr, CUmodule } from "../../../src/cuda/abi/driver/types.ts";
import { hostWithContext } from "../support/host.ts";

/** A PTX text of the fixtures, by hand. */
export const referencePtx = (name: string): string => readFileSync(new URL(`../../fixtures/references/${name}.ptx`, import.meta.url), "utf8");

type Host = ReturnType<typeof hostWithContext>;
type Words = Float32Array | Uint32Array | Int32Array | Uint16Array;

/** A process with a context, two pieces of device memory, and helpers for arrays and launches of one thread group. */
export interface ReferenceHost extends Omit<Host, "run"> {
  readonly input: CUdeviceptr;
  readonly output: CUdeviceptr;
  load(name: string): CUmodule;
  /** @returns what cuCtxSynchronize answers */
  run(module: CUmodule, kernel: string, threads: number, params: readonly (number | bigint)[]): number;
  read<T extends Words>(into: T, from?: number): T;
  write(data: ArrayBufferView, to?: number): void;
  array(change: In<CUDA_ARRAY3D_DESCRIPTOR>, data?: ArrayBufferView | null): CUarray;
  fill(array: CUarray, data: ArrayBufferView, Height: number): void;
  contents<T extends Words>(array: CUarray, into: T, Height: number): T;
  /** Four components at each place (x, y, level) of a kernel that samples `image`. */
  at(module: CUmodule, kernel: string, places: readonly (readonly number[])[]): number[][];
}

export function referenceHost(options: Parameters<typeof hostWithContext>[0] = {}): ReferenceHost {
  const host = hostWithContext(options);
  const { easy, cuda } = host;
  const input = easy.cuMemAlloc(4096);
  const output = easy.cuMemAlloc(4096);
  const made: ReferenceHost = {
    ...host, input, output,
    load: (name) => easy.cuModuleLoadData(referencePtx(name)),
    run(module, kernel, threads, params) {
      easy.cuLaunchKernel(easy.cuModuleGetFunction(module, kernel), 1, 1, 1, threads, 1, 1, 0, null, [...params], null);
      return cuda.cuCtxSynchronize();
    },
    read(into, from = output) {
      easy.cuMemcpyDtoH(into, from as CUdeviceptr, into.byteLength);
      return into;
    },
    write: (data, to = input) => easy.cuMemcpyHtoD(to as CUdeviceptr, data, data.byteLength),
    array(change, data = null) {
      const desc: In<CUDA_ARRAY3D_DESCRIPTOR> = { Width: 1, Height: 0, Depth: 0, Format: cu.CU_AD_FORMAT_FLOAT, NumChannels: 1, Flags: 0, ...change };
      const array = easy.cuArray3DCreate(desc);
      if (data !== null) made.fill(array, data, Math.max(1, desc.Height!));
      return array;
    },
    fill(array, data, Height) {
      const bytes = data.byteLength / Height;
      easy.cuMemcpy3D({ srcMemoryType: cu.CU_MEMORYTYPE_HOST, srcHost: data, srcPitch: bytes, srcHeight: Height, dstMemoryType: cu.CU_MEMORYTYPE_ARRAY, dstArray: array, WidthInBytes: bytes, Height, Depth: 1 });
    },
    contents(array, into, Height) {
      const bytes = into.byteLength / Height;
      easy.cuMemcpy3D({ srcMemoryType: cu.CU_MEMORYTYPE_ARRAY, srcArray: array, dstMemoryType: cu.CU_MEMORYTYPE_HOST, dstHost: into, dstPitch: bytes, dstHeight: Height, WidthInBytes: bytes, Height, Depth: 1 });
      return into;
    },
    at(module, kernel, places) {
      made.write(Float32Array.from(places.flatMap((p) => [0, 1, 2, 3].map((n) => p[n] ?? 0))));
      if (made.run(module, kernel, places.length, [input, output]) !== 0) throw new Error("the kernel failed");
      const back = made.read(new Float32Array(4 * places.length));
      return places.map((_, n) => [...back.slice(4 * n, 4 * n + 4)]);
    },
  };
  return made;
}
