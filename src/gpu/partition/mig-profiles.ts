import type { GpuInstanceProfile, MigCapability } from "./mig.ts";

/**
 * Rows: id, name, compute slices, memory slices, starts, most at once, multiprocessors, memory in MiB, copy engines, decoders, JPEG engines, optical flow
 * accelerators.
 */
type Row = readonly [number, string, number, number, readonly number[], number, number, number, number, number, number, number];

function profile([id, name, slices, memorySlices, starts, most, multiprocessors, memoryMiB, copyEngines, decoders, jpeg, ofa]: Row): GpuInstanceProfile {
  return { id, name, slices, memorySlices, starts, most, multiprocessors, memoryMiB, copyEngines, decoders, encoders: 0, jpeg, ofa };
}

const everywhere = [0, 1, 2, 3, 4, 5, 6];

/** A100 40 GB: MIG User Guide, "A100-SXM4-40GB" profiles; memory as `nvidia-smi mig -lgip` prints it (4.75, 9.75, 19.62, 39.5 GiB). */
export const migA100x40: MigCapability = {
  computeSlices: 7,
  memorySlices: 8,
  multiprocessorsPerSlice: 14,
  profiles: ([
    [19, "1g.5gb", 1, 1, everywhere, 7, 14, 4864, 1, 0, 0, 0],
    [20, "1g.5gb+me", 1, 1, everywhere, 1, 14, 4864, 1, 1, 1, 1],
    [15, "1g.10gb", 1, 2, [0, 2, 4, 6], 4, 14, 9984, 1, 1, 0, 0],
    [14, "2g.10gb", 2, 2, [0, 2, 4], 3, 28, 9984, 2, 1, 0, 0],
    [9, "3g.20gb", 3, 4, [0, 4], 2, 42, 20096, 3, 2, 0, 0],
    [5, "4g.20gb", 4, 4, [0], 1, 56, 20096, 4, 2, 0, 0],
    [0, "7g.40gb", 7, 8, [0], 1, 98, 40448, 7, 5, 1, 1],
  ] as const).map(profile),
};

/** A100 80 GB: the same cuts of twice the memory (MIG User Guide, "A100-SXM4-80GB" profiles). */
export const migA100x80: MigCapability = {
  computeSlices: 7,
  memorySlices: 8,
  multiprocessorsPerSlice: 14,
  profiles: ([
    [19, "1g.10gb", 1, 1, everywhere, 7, 14, 9728, 1, 0, 0, 0],
    [20, "1g.10gb+me", 1, 1, everywhere, 1, 14, 9728, 1, 1, 1, 1],
    [15, "1g.20gb", 1, 2, [0, 2, 4, 6], 4, 14, 19968, 1, 1, 0, 0],
    [14, "2g.20gb", 2, 2, [0, 2, 4], 3, 28, 19968, 2, 1, 0, 0],
    [9, "3g.40gb", 3, 4, [0, 4], 2, 42, 40192, 3, 2, 0, 0],
    [5, "4g.40gb", 4, 4, [0], 1, 56, 40192, 4, 2, 0, 0],
    [0, "7g.80gb", 7, 8, [0], 1, 98, 80896, 7, 5, 1, 1],
  ] as const).map(profile),
};

/** H100 80 GB: `nvidia-smi mig -lgip` on this board, and what nvidia-smi shows of its instances (40448 MiB of 3g.40gb, 20096 MiB of 2g.20gb). */
export const migH100x80: MigCapability = {
  computeSlices: 7,
  memorySlices: 8,
  multiprocessorsPerSlice: 16,
  profiles: ([
    [19, "1g.10gb", 1, 1, everywhere, 7, 16, 9984, 1, 1, 1, 0],
    [20, "1g.10gb+me", 1, 1, everywhere, 1, 16, 9984, 1, 1, 1, 1],
    [15, "1g.20gb", 1, 2, [0, 2, 4, 6], 4, 26, 20096, 1, 1, 1, 0],
    [14, "2g.20gb", 2, 2, [0, 2, 4], 3, 32, 20096, 2, 2, 2, 0],
    [9, "3g.40gb", 3, 4, [0, 4], 2, 60, 40448, 3, 3, 3, 0],
    [5, "4g.40gb", 4, 4, [0], 1, 64, 40448, 4, 4, 4, 0],
    [0, "7g.80gb", 7, 8, [0], 1, 132, 81152, 8, 7, 7, 1],
  ] as const).map(profile),
};
