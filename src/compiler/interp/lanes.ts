/** Whether a lane mask has the lane's bit. Masks have 32 bits. */
export function names(mask: number, lane: number): boolean {
  return lane < 32 && ((mask >>> lane) & 1) === 1;
}

/** The mask with the bits of lanes 0 to 31 among those given. */
export function maskOfLanes(lanes: Iterable<number>): number {
  let mask = 0;
  for (const lane of lanes) if (lane < 32) mask |= 1 << lane;
  return mask >>> 0;
}
