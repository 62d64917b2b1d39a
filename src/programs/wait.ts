import { Errno } from "../kernel/errors.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import type { Sys } from "../kernel/sys/sys.ts";

/** Waits for a child. @returns its exit code, as a shell counts: 128 and the signal's number when one ended it */
export function* waitFor(sys: Sys, pid: number): Blocking<number> {
  const status = { value: 0 };
  let result: number;
  do result = yield* sys.waitpid(pid, status);
  while (result === -Errno.EINTR);
  if (result < 0) return 127;
  return (status.value & 127) === 0 ? (status.value >> 8) & 255 : 128 + (status.value & 127);
}
