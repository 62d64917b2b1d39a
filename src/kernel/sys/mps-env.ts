/**
 * The texts by which programs and the MPS daemon are told what to do (NVIDIA MPS documentation, "Environment Variables"): read the same way by both.
 */

/** Where the daemon listens unless it is told otherwise. */
export const DEFAULT_PIPE_DIRECTORY = "/tmp/nvidia-mps";

/** A percentage above 0 to 100, or null. */
export function parsePercentage(text: string | undefined): number | null {
  if (text === undefined || !/^\d+(\.\d+)?$/.test(text.trim())) return null;
  const value = Number(text);
  return value > 0 && value <= 100 ? value : null;
}

/** "2G", "512M", "512MB", "4096K": bytes, or null. */
export function parseMemory(text: string): number | null {
  const match = /^(\d+)([KMGT]?)B?$/i.exec(text.trim());
  if (match === null) return null;
  return Number(match[1]) * 2 ** ({ "": 0, K: 10, M: 20, G: 30, T: 40 }[match[2]!.toUpperCase()] ?? 0);
}

/** "0=1G,1=512MB": bytes by GPU number, or null when nothing in it makes sense. */
export function parsePinned(text: string | undefined): ReadonlyMap<number, number> | null {
  if (text === undefined) return null;
  const limits = new Map<number, number>();
  for (const part of text.split(",")) {
    const [gpu, value] = part.split("=");
    const bytes = parseMemory(value ?? "");
    if (/^\d+$/.test((gpu ?? "").trim()) && bytes !== null) limits.set(Number(gpu), bytes);
  }
  return limits.size === 0 ? null : limits;
}
