import type { Meter } from "./meter.ts";
import type { GpuProfile } from "./profile.ts";

/** What surrounds a GPU on its board. Watts, degrees Celsius, hertz. */
export interface BoardSpec {
  readonly brand: string;
  readonly partNumber: string;
  readonly vbios: string;
  readonly idleWatts: number;
  /** Power limit, and the range that it may be set to. */
  readonly limitWatts: number;
  readonly minWatts: number;
  readonly maxWatts: number;
  readonly idleClockHz: number;
  /** At rest, and after long work at the power limit. */
  readonly idleCelsius: number;
  readonly fullCelsius: number;
  readonly shutdownCelsius: number;
  readonly slowdownCelsius: number;
  readonly targetCelsius: number;
  /** Highest for its memory; null: no sensor. */
  readonly memoryCelsius: number | null;
}

/** For profiles that say nothing: a small board. MODEL. */
export const defaultBoard: BoardSpec = {
  brand: "NVIDIA", partNumber: "000-00000-0000-000", vbios: "00.00.00.00.00", idleWatts: 5, limitWatts: 40, minWatts: 20, maxWatts: 40, idleClockHz: 100_000_000,
  idleCelsius: 30, fullCelsius: 70, shutdownCelsius: 100, slowdownCelsius: 95, targetCelsius: 85, memoryCelsius: null,
};

/**
 * The period that utilisation and power are averages over, ns. NVML's documentation gives one sixth of a second to one second, depending on the product; this is the former.
 */
export const SAMPLE_NS: number = 166_666_667;

/** Parts of the power above rest that busy multiprocessors and busy memory take. MODEL. */
const COMPUTE_PART = 0.7;
const MEMORY_PART = 0.3;

/** What a board's sensors show. */
export interface Sensors {
  /** 0 to 1: time with a kernel on the multiprocessors; memory traffic as a part of what was possible. */
  readonly compute: number;
  readonly memory: number;
  readonly watts: number;
  readonly joules: number;
  readonly celsius: number;
  /** A kernel ran in the sampling period. */
  readonly active: boolean;
}

/** How busy a meter's owner was in the last sampling period, 0 to 1. */
export function loadOf(profile: GpuProfile, meter: Meter): { readonly compute: number; readonly memory: number } {
  const { ns, busyNs, bytes } = meter.recent(SAMPLE_NS);
  if (ns === 0) return { compute: 0, memory: 0 };
  return { compute: Math.min(1, busyNs / ns), memory: Math.min(1, bytes / (profile.memoryBandwidth * (ns / 1e9))) };
}

/**
 * Sensors of a board. MODEL: power is that at rest plus shares of the rest for busy multiprocessors and memory; temperature follows how busy it has been, with a delay of
 * half a minute (Meter.warmth).
 */
export function sensors(profile: GpuProfile, meter: Meter, now: number): Sensors {
  const board = profile.board ?? defaultBoard;
  const { compute, memory } = loadOf(profile, meter);
  const above = board.limitWatts - board.idleWatts;
  const memoryNs = Math.min(now, (meter.bytes / profile.memoryBandwidth) * 1e9);
  return {
    compute,
    memory,
    watts: board.idleWatts + above * (COMPUTE_PART * compute + MEMORY_PART * memory),
    joules: (board.idleWatts * now + above * (COMPUTE_PART * meter.busyNs + MEMORY_PART * memoryNs)) / 1e9,
    celsius: Math.round(board.idleCelsius + (board.fullCelsius - board.idleCelsius) * meter.warmth),
    active: compute > 0,
  };
}
