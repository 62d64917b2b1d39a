import { existsSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { SimProcess } from "../../../host/host-process.ts";
import { setDefaultProcess } from "../../../host/ambient.ts";
import type { Process } from "../../../kernel/process/process.ts";
import type { Blocking } from "../../../kernel/process/wait.ts";
import { shareMachine } from "../../../machine.ts";
import type { Session } from "./session.ts";
import { importModule } from "../import.ts";

/** A simulated program: the default export of a host module that can run beside others. */
type Main = (p: SimProcess, args: readonly string[]) => Blocking<unknown>;

const GeneratorFunction = Object.getPrototypeOf(function* () {}).constructor as new () => unknown;
let loads = 0;
/** A module that is not loaded after so long waits for something outside of the machine. */
const PATIENCE_MS = 5000;

/** Waits until a module is loaded (true), or its program waits in a call of the machine or elsewhere (false). */
async function settled(loading: Promise<unknown>, program: Process): Promise<boolean> {
  let loaded = false;
  const done = (): void => {
    loaded = true;
  };
  loading.then(done, done);
  for (let turns = 0; turns < PATIENCE_MS && !loaded && program.main.state !== "parked"; turns++) await new Promise((go) => setTimeout(go, 1));
  return loaded;
}

/**
 * `run host.ts`: a host program on the session's machine. A module whose default export is a generator function is a simulated program, which runs as a process beside the others (`&`). Any
 * other module runs while it is loaded, as `glassgpu run` does it: what it makes with createMachine() is the session's machine.
 */
export async function runHost(session: Session, args: readonly string[], background: boolean): Promise<number> {
  const [file, ...rest] = args;
  const path = resolve(file ?? "");
  if (file === undefined || !existsSync(path)) {
    session.surroundings.writeError(file === undefined ? "shell: run: which host program?\n" : `shell: run: ${file}: No such file or directory\n`);
    return 127;
  }
  const name = basename(file, extname(file));
  const { machine } = session;
  shareMachine(machine);
  const plain = machine.process(name, { env: Object.fromEntries(session.variables) });
  machine.use(plain);
  setDefaultProcess(() => machine.process(name));
  const argv = process.argv;
  process.argv = [argv[0] ?? "node", path, ...rest];
  // A query makes a second run of the same file a new module.
  const loading = importModule(`${pathToFileURL(path).href}?run=${loads++}`) as Promise<{ readonly default?: unknown }>;
  const ended = loading.then((module) => {
    if (!(module.default instanceof GeneratorFunction)) return plain.exit(0);
    return undefined;
  }, (error: unknown) => {
    session.surroundings.writeError(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    plain.exit(1);
  });
  const own = machine.kernel.processes.get(plain.pid)!;
  try {
    if (!background) await ended;
    else if (!(await settled(loading, own))) {
      // Its calls are promises, and it waits in one: it goes on when the machine does.
      session.addJob(`run ${args.join(" ")}`, [own]);
      return 0;
    }
    const main = (await loading.catch(() => null))?.default;
    if (!(main instanceof GeneratorFunction)) {
      await ended;
      if (background) session.addJob(`run ${args.join(" ")}`, [own]);
      return own.exit?.code ?? 0;
    }
    plain.exit(0);
    const started = machine.spawn(name, (p) => (main as unknown as Main)(p, rest), { env: Object.fromEntries(session.variables) });
    const process = machine.kernel.processes.get(started.pid)!;
    if (!background) return await session.wait([process]);
    session.addJob(`run ${args.join(" ")}`, [process]);
    return 0;
  } finally {
    process.argv = argv;
  }
}
