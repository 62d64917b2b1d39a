import { Errno } from "../errors.ts";
import { WaitQueue, type Blocking } from "../process/wait.ts";
import type { OpenFile } from "./file.ts";

/** poll(2)'s events, Linux values. */
export const POLLIN = 1;
export const POLLPRI = 2;
export const POLLOUT = 4;
export const POLLERR = 8;
export const POLLHUP = 16;
export const POLLNVAL = 32;

/** A file whose readiness changes. */
export interface Pollable {
  /** The events that hold now. */
  mask(): number;
  /** Calls `changed` after each change of the mask, until the result is called. */
  subscribe(changed: () => void): () => void;
}

/** One row of poll(2): what is asked of a descriptor; OUT revents. A negative fd is skipped. */
export interface PollFd {
  readonly fd: number;
  readonly events: number;
  revents: number;
}

/** Those who want to know of a file's changes. */
export class PollSource {
  private readonly listeners = new Set<() => void>();

  subscribe(changed: () => void): () => void {
    // A function of its own: one listener may subscribe twice.
    const entry = (): void => changed();
    this.listeners.add(entry);
    return () => {
      this.listeners.delete(entry);
    };
  }

  notify(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

/** Events that are reported without being asked for. */
const ALWAYS = POLLERR | POLLHUP | POLLNVAL;

function look(rows: readonly PollFd[], files: readonly (OpenFile | undefined)[]): number {
  let ready = 0;
  rows.forEach((row, i) => {
    const file = files[i];
    row.revents = row.fd < 0 ? 0 : file === undefined ? POLLNVAL : (file.driver.poll?.mask() ?? POLLIN | POLLOUT) & (row.events | ALWAYS);
    if (row.revents !== 0) ready++;
  });
  return ready;
}

/**
 * poll(2): waits until a file is ready. Returns how many rows have events, 0 past the deadline, or -EINTR.
 * @param files the open files of the rows, of the moment of the call
 * @param deadline absolute virtual ns; null: none
 */
export function* pollFiles(rows: readonly PollFd[], files: readonly (OpenFile | undefined)[], deadline: number | null, now: () => number): Blocking<number> {
  let ready = look(rows, files);
  if (ready > 0 || (deadline !== null && now() >= deadline)) return ready;
  const queue = new WaitQueue();
  const held = files.filter((file) => file !== undefined);
  const undo = held.map((file) => {
    file.get();
    return file.driver.poll?.subscribe(() => queue.wakeAll());
  });
  try {
    for (;;) {
      const reason = yield { queue, deadline, what: `a file to be ready (${rows.map((row) => `descriptor ${row.fd}`).join(", ")})`, interruptible: true };
      ready = look(rows, files);
      if (ready > 0) return ready;
      if (reason === "interrupted") return -Errno.EINTR;
      if (reason === "timeout") return 0;
    }
  } finally {
    for (const drop of undo) drop?.();
    for (const file of held) file.put(false);
  }
}
