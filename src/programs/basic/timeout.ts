import { Signal } from "../../kernel/sys/sys.ts";
import type { Program } from "../program.ts";
import { waitFor } from "../wait.ts";
import { parseTime } from "./small.ts";

/** timeout(1): runs a program, and ends it by SIGTERM after a time. 124: it was ended; 125: bad arguments; 127: no such program. */
export const timeout: Program = function* (c) {
  const [duration = "", name = "", ...rest] = c.args;
  const ns = parseTime(duration);
  if (ns === null || name === "") {
    yield* c.io.err(ns === null && duration !== "" ? `timeout: invalid time interval '${duration}'\n` : "timeout: missing operand\n");
    return 125;
  }
  const pid = c.spawn(name, rest);
  if (pid < 0) {
    yield* c.io.err(`timeout: failed to run command '${name}': No such file or directory\n`);
    return 127;
  }
  let late = false;
  c.sys.clone("timer", function* (sys) {
    yield* sys.nanosleep(ns);
    late = sys.kill(pid, Signal.SIGTERM) === 0;
  });
  const code = yield* waitFor(c.sys, pid);
  return late ? 124 : code;
};
