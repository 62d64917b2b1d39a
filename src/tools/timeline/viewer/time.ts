/** "1.25 ms" for nanoseconds, with `digits` significant ones. */
export function formatTime(ns: number, digits: number): string {
  if (ns === 0) return "0";
  const size = Math.abs(ns);
  const [scale, unit] = size >= 1e9 ? [1e9, "s"] : size >= 1e6 ? [1e6, "ms"] : size >= 1e3 ? [1e3, "µs"] : [1, "ns"];
  const value = ns / scale;
  const whole = Math.max(1, Math.floor(Math.log10(Math.abs(value))) + 1);
  return `${Number(value.toFixed(Math.min(9, Math.max(0, digits - whole))))} ${unit}`;
}

/** A round step (1, 2 or 5 times a power of ten nanoseconds) that is at least `least` nanoseconds. */
export function timeStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  for (const factor of [1, 2, 5]) if (power * factor >= least) return power * factor;
  return power * 10;
}
