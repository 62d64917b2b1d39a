import { createInterface, type Interface } from "node:readline";
import { createMachine, type Machine } from "../../machine.ts";
import { programs } from "../../programs/index.ts";
import { installLoader } from "./loader.ts";
import { readMachineFile } from "./machine-file.ts";
import { parse } from "./options.ts";
import { builtins } from "./shell/builtins.ts";
import { Session, type Surroundings } from "./shell/session.ts";
import { UsageError } from "./usage.ts";

const PROMPT = "glassgpu# ";

/** A person at a terminal: virtual time runs no faster than real time, so that `nvidia-smi -l 1` can be read. */
function surroundings(paced: boolean): Surroundings {
  return {
    paced,
    write: (text) => process.stdout.write(text),
    writeError: (text) => process.stderr.write(text),
    breathe: (ns) => new Promise((go) => (paced && ns > 1e6 ? setTimeout(go, ns / 1e6) : setImmediate(go))),
  };
}

/** Completes the first word by commands, others by paths of the machine. */
function complete(machine: Machine, line: string): [string[], string] {
  const word = /\S*$/.exec(line)?.[0] ?? "";
  if (line.trimStart() === word && !word.startsWith("/")) {
    return [[...programs.keys(), ...Object.keys(builtins)].filter((name) => name.startsWith(word)).toSorted(), word];
  }
  const folder = word.slice(0, word.lastIndexOf("/") + 1);
  const names = word.startsWith("/") ? (machine.kernel.vfs.list(folder === "/" ? "/" : folder.slice(0, -1)) ?? []) : [];
  return [names.map((name) => `${folder}${name}`).filter((path) => path.startsWith(word)), word];
}

async function terminal(session: Session, machine: Machine): Promise<void> {
  const lines: Interface = createInterface({ input: process.stdin, output: process.stdout, prompt: PROMPT, completer: (line: string) => complete(machine, line), historySize: 1000 });
  lines.on("SIGINT", () => {
    if (session.interrupt()) return;
    process.stdout.write("^C\n");
    lines.write(null, { ctrl: true, name: "u" });
    lines.prompt();
  });
  console.log(`A machine with ${machine.gpus.length} GPU${machine.gpus.length === 1 ? "" : "s"}: ${machine.gpus.map(({ gpu }) => gpu.profile.name).join(", ")}. Type help.`);
  lines.prompt();
  for await (const line of lines) {
    await session.line(line);
    if (session.ended) break;
    lines.prompt();
  }
  lines.close();
}

/** `glassgpu shell`: a terminal into a machine; commands from a pipe when standard input is one. */
export async function shell(args: readonly string[], root: URL): Promise<void> {
  const { values, positionals } = parse(args, { machine: { type: "string" }, gpus: { type: "string" }, trace: { type: "boolean" }, command: { type: "string", short: "c" } } as const);
  if (positionals.length > 0) throw new UsageError(`shell: unexpected ${JSON.stringify(positionals[0])}; commands come from standard input or -c`);
  installLoader(root);
  const machine = createMachine({
    ...(values.machine === undefined ? {} : readMachineFile(values.machine)), ...(values.gpus === undefined ? {} : { gpus: values.gpus.split(",") }), ...(values.trace === true ? { trace: true } : {}),
  });
  const interactive = process.stdin.isTTY && values.command === undefined;
  const session = new Session(machine, surroundings(interactive), builtins);
  process.on("SIGINT", () => {
    if (!session.interrupt()) process.exit(130);
  });
  if (interactive) await terminal(session, machine);
  else {
    const lines: AsyncIterable<string> | string[] = values.command === undefined ? createInterface({ input: process.stdin }) : values.command.split("\n");
    for await (const line of lines) {
      await session.line(line);
      if (session.ended) break;
    }
  }
  session.close();
  process.exitCode = session.status;
  // Host programs that still run would keep Node alive.
  if (session.jobs.length > 0) process.exit();
}
