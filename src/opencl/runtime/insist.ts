import type { Caller } from "../../api/caller.ts";
import type { Timeline } from "./timeline.ts";

/** How often the library asks again for what nobody could be told of if it failed. */
const TRIES = 64;

/** Asks until the kernel does it, or has refused TRIES times. @param ask a system call: 0 or more, or a negative errno @returns the last answer */
export function insist(ask: () => number): number {
  let result = ask();
  for (let tries = 1; result < 0 && tries < TRIES; tries++) result = ask();
  return result;
}

/** Reaches a point of a timeline that commands wait for: with an error (negative errno) they are cancelled. */
export function signalPoint(t: Caller, timeline: Timeline, point: number, error: number = 0): void {
  insist(() => t.sys.ioctl(timeline.home.device.fd, "DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL", { handles: [timeline.handle], points: [point], ...(error === 0 ? {} : { error }) }));
}

/** Wakes everybody who sleeps on a status word. */
export function wakeAll(t: Caller, word: number): void {
  insist(() => t.sys.futexWake(word, 2 ** 31 - 1));
}
