import { POLLIN, POLLOUT, type Pollable } from "../fs/poll.ts";
import type { DmaFence } from "./fence.ts";
import { usageFor, type DmaResv } from "./resv.ts";

/** Readiness of memory (dma_buf_poll): POLLIN when it may be read, POLLOUT when it may be written. */
export function resvPoll(resv: () => DmaResv): Pollable {
  return {
    mask: () => (resv().idle(usageFor(false)) ? POLLIN : 0) | (resv().idle(usageFor(true)) ? POLLOUT : 0),
    subscribe(changed) {
      const watched = new Set<DmaFence>();
      // Fences that came later are watched too, from when an earlier one signals on.
      const watch = (): void => {
        for (const fence of resv().fences(usageFor(true))) if (!watched.has(fence) && fence.addCallback(callback) === 0) watched.add(fence);
      };
      const callback = {
        fenceSignaled(fence: DmaFence): void {
          watched.delete(fence);
          watch();
          changed();
        },
      };
      watch();
      return () => {
        for (const fence of watched) fence.removeCallback(callback);
      };
    },
  };
}
