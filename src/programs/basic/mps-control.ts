import type { Blocking } from "../../kernel/process/wait.ts";
import { DEFAULT_PIPE_DIRECTORY } from "../../kernel/sys/mps-env.ts";
import { O_CLOEXEC, O_RDWR } from "../../kernel/sys/sys.ts";
import type { IoctlTable } from "../../kernel/sys/uapi.ts";
import type { Program, ProgramContext } from "../program.ts";

/** Where the daemon listens: CUDA_MPS_PIPE_DIRECTORY, or the usual place. */
function directory(c: ProgramContext): string {
  const environment = c.sys.readFile(`/proc/${c.sys.pid}/environ`);
  const own = typeof environment === "string" ? /(?:^|\0)CUDA_MPS_PIPE_DIRECTORY=([^\0]+)/.exec(environment)?.[1] : undefined;
  return own ?? DEFAULT_PIPE_DIRECTORY;
}

function* send(c: ProgramContext, fd: number, line: string): Blocking<boolean> {
  const arg: IoctlTable["NV_MPS_COMMAND"] = { command: line, reply: "" };
  if (c.sys.ioctl(fd, "NV_MPS_COMMAND", arg) < 0) return false;
  if (arg.reply !== "") yield* c.io.out(`${arg.reply}\n`);
  return true;
}

/**
 * nvidia-cuda-mps-control: sends the lines of its standard input (or its arguments, one command) to the daemon. -d starts the daemon; -multiuser-server with it.
 */
export const mpsControl: Program = function* (c) {
  if (c.args[0] === "-d" || c.args[0] === "-f") {
    const started = c.startMps(c.args.includes("-multiuser-server"));
    if (started !== null) yield* c.io.err(`${started}\n`);
    return started === null ? 0 : 1;
  }
  const fd = c.sys.open(`${directory(c)}/control`, O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    yield* c.io.err("Cannot find MPS control daemon process\n");
    return 1;
  }
  const input = c.args.length > 0 ? c.args.join(" ") : yield* c.io.readAll(0);
  for (const line of typeof input === "number" ? [] : input.split("\n")) {
    if (line.trim() === "") continue;
    if (!(yield* send(c, fd, line))) {
      yield* c.io.err("Cannot find MPS control daemon process\n");
      return 1;
    }
    if (line.trim().startsWith("quit")) break;
  }
  return 0;
};
