import { startProgram, textFile } from "../../../host/start-program.ts";
import type { OpenFile } from "../../../kernel/fs/file.ts";
import { Pipe } from "../../../kernel/fs/pipe.ts";
import type { Process } from "../../../kernel/process/process.ts";
import { Signal } from "../../../kernel/signal/numbers.ts";
import { sendToProcess } from "../../../kernel/signal/send.ts";
import { O_APPEND, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY } from "../../../kernel/sys/sys.ts";
import { ThreadSys } from "../../../kernel/sys/thread-sys.ts";
import type { HostProcess } from "../../../host/host-process.ts";
import type { Machine } from "../../../machine.ts";
import { errorWords } from "../../../programs/io.ts";
import { programs } from "../../../programs/index.ts";
import type { Program } from "../../../programs/program.ts";
import { describe } from "./describe.ts";
import { parseLine, ShellSyntaxError, type Command, type Pipeline } from "./parse.ts";

/** Machine events between two looks at the outside world. */
const EVENTS_PER_TURN = 2048;

/** Where a session's text goes, and how it waits. */
export interface Surroundings {
  write(text: string): void;
  writeError(text: string): void;
  /** Lets the JavaScript event loop go round once; with a pace, as long as so much virtual time is to take. @param ns virtual ns that are about to pass */
  breathe(ns: number): Promise<void>;
  /** Virtual time does not run faster than real time while somebody watches. */
  readonly paced: boolean;
}

/** Processes that were started by one line. */
export interface Job {
  readonly number: number;
  readonly text: string;
  readonly processes: readonly Process[];
}

/** A command that the shell does itself. */
export interface Builtin {
  /** One line for `help`. */
  readonly help: string;
  run(session: Session, args: readonly string[], background: boolean): Promise<number> | number;
}

/** A shell on a machine: it starts programs, connects them by pipes, and waits for them. Its own process is one of the machine. */
export class Session {
  readonly machine: Machine;
  readonly surroundings: Surroundings;
  readonly process: HostProcess;
  readonly jobs: Job[] = [];
  readonly variables: Map<string, string> = new Map();
  /** Exit code of the last foreground pipeline. */
  status = 0;
  /** Set by `exit`. */
  ended = false;
  /** A key was pressed to stop what runs in the foreground. */
  private interrupted = false;
  private foreground: readonly Process[] = [];
  private lastJob = 0;

  private readonly builtins: Readonly<Record<string, Builtin>>;

  constructor(machine: Machine, surroundings: Surroundings, builtins: Readonly<Record<string, Builtin>>) {
    this.machine = machine;
    this.builtins = builtins;
    this.surroundings = surroundings;
    this.process = machine.process("shell");
    machine.kernel.onOutput = (_process, fd, text) => (fd === 2 ? surroundings.writeError(text) : surroundings.write(text));
  }

  /** Runs one line. */
  async line(text: string): Promise<void> {
    let pipelines: Pipeline[];
    try {
      pipelines = parseLine(text, (name) => (name === "?" ? String(this.status) : (this.variables.get(name) ?? "")));
    } catch (error) {
      if (!(error instanceof ShellSyntaxError)) throw error;
      this.surroundings.writeError(`shell: ${error.message}\n`);
      this.status = 2;
      return;
    }
    for (const pipeline of pipelines) {
      if (this.ended) return;
      if ((pipeline.when === "and" && this.status !== 0) || (pipeline.when === "or" && this.status === 0)) continue;
      await this.pipeline(pipeline);
    }
    this.reap();
  }

  private async pipeline(pipeline: Pipeline): Promise<void> {
    const [only] = pipeline.commands;
    const builtin = pipeline.commands.length === 1 && Object.hasOwn(this.builtins, only!.words[0]!) ? this.builtins[only!.words[0]!] : undefined;
    if (builtin !== undefined) {
      this.status = await builtin.run(this, only!.words.slice(1), pipeline.background);
      return;
    }
    const processes = this.start(pipeline.commands);
    if (processes === null) return;
    if (pipeline.background) {
      this.addJob(pipeline.text, processes);
      this.status = 0;
    } else this.status = await this.wait(processes);
  }

  /** Puts processes into the list of jobs and says so. */
  addJob(text: string, processes: readonly Process[]): void {
    const job: Job = { number: ++this.lastJob, text, processes };
    this.jobs.push(job);
    this.surroundings.writeError(`[${job.number}] ${processes.at(-1)!.pid}\n`);
  }

  /** Starts the commands of a pipeline; null when that cannot be, after a message. */
  private start(commands: readonly Command[]): Process[] | null {
    const found: Program[] = [];
    for (const { words } of commands) {
      const program = programs.get(words[0]!.split("/").at(-1)!);
      if (program === undefined) {
        this.surroundings.writeError(`${words[0]!}: command not found\n`);
        this.status = 127;
        return null;
      }
      found.push(program);
    }
    const { kernel } = this.machine;
    const pipes = commands.slice(1).map(() => new Pipe(kernel).ends(0));
    const files = commands.map((command, i): (OpenFile | null)[] | null => {
      const ends = [i === 0 ? textFile("") : pipes[i - 1]![0], pipes[i]?.[1] ?? null, null];
      return this.redirect(command, ends);
    });
    if (files.includes(null)) {
      this.status = 1;
      return null;
    }
    return commands.map(({ words }, i) => startProgram(this.host, words[0]!, found[i]!, words.slice(1), { env: Object.fromEntries(this.variables), files: files[i]! }));
  }

  /** What programs are started with. */
  get host(): Parameters<typeof startProgram>[0] {
    return this.machine.host;
  }

  private redirect({ redirections }: Command, files: (OpenFile | null)[]): (OpenFile | null)[] | null {
    const main = this.machine.kernel.processes.get(this.process.pid)!.main;
    const sys = new ThreadSys(this.machine.kernel, main);
    for (const { fd, path, append } of redirections) {
      const own = sys.open(path, fd === 0 ? O_RDONLY : this.isMade(path) ? O_WRONLY : O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC));
      if (own < 0) {
        this.surroundings.writeError(`shell: ${path}: ${errorWords(own)}\n`);
        for (const file of files) file?.put(false);
        return null;
      }
      files[fd]?.put(false);
      files[fd] = main.process.files.get(own)!.get();
      sys.close(own);
    }
    return files;
  }

  /** Files of /sys and /proc and devices are not made by opening them. */
  private isMade(path: string): boolean {
    return /^\/(sys|proc|dev)\//.test(path);
  }

  /** Lets the machine run until all of the processes have ended. @returns exit code of the last */
  async wait(processes: readonly Process[]): Promise<number> {
    this.foreground = processes;
    this.interrupted = false;
    const alive = (): boolean => processes.some((process) => process.exit === null);
    while (alive()) {
      if (!(await this.turn(alive))) {
        const stuck = this.machine.kernel.scheduler.stuck().filter(({ pid }) => processes.some((process) => process.pid === pid));
        for (const { process, pid, waitsFor } of stuck) this.surroundings.writeError(`shell: ${process} (${pid}) waits for ${waitsFor}, which nothing in the machine will bring about\n`);
        for (const process of processes) if (process.exit === null) this.machine.kernel.kill(process);
        break;
      }
    }
    this.foreground = [];
    this.machine.kernel.restoreViews();
    const { code, signal } = processes.at(-1)!.exit ?? { code: 0, signal: Signal.SIGKILL };
    for (const process of processes) if (process.failure !== null) this.surroundings.writeError(`${process.failure instanceof Error ? (process.failure.stack ?? process.failure.message) : String(process.failure)}\n`);
    return signal === 0 ? code : 128 + signal;
  }

  /** Some events, then a look outside. False: nothing is left to happen. */
  private async turn(more: () => boolean): Promise<boolean> {
    const { events, clock } = this.machine.kernel;
    let ran = 0;
    let passed = 0;
    while (ran < EVENTS_PER_TURN && more()) {
      const before = clock.now;
      if (!events.runNext()) break;
      ran++;
      passed = clock.now - before;
      if (this.surroundings.paced && passed > 1e6) break;
    }
    await this.surroundings.breathe(passed);
    if (this.interrupted) {
      this.interrupted = false;
      for (const process of this.foreground) if (process.exit === null) sendToProcess(this.machine.kernel, process, { signo: Signal.SIGINT, pid: 0, uid: 0, status: 0 });
    }
    return ran > 0;
  }

  /** Lets virtual time pass. @param ns how much */
  async advance(ns: number): Promise<void> {
    const { kernel } = this.machine;
    kernel.events.advance(kernel.clock.now + ns);
    kernel.restoreViews();
    await this.surroundings.breathe(0);
  }

  /** Control-C. @returns whether something ran in the foreground */
  interrupt(): boolean {
    this.interrupted = this.foreground.length > 0;
    return this.interrupted;
  }

  /** Says which jobs have ended since the last line. */
  private reap(): void {
    for (const job of [...this.jobs]) {
      if (job.processes.some((process) => process.exit === null)) continue;
      this.jobs.splice(this.jobs.indexOf(job), 1);
      this.surroundings.writeError(`[${job.number}] ${describe(job.processes.at(-1)!)} ${job.text}\n`);
    }
  }

  /** Ends everything that was started here. */
  close(): void {
    for (const { processes } of this.jobs) for (const process of processes) if (process.exit === null) this.machine.kernel.kill(process);
  }
}
