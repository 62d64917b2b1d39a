import { programs } from "../../../programs/index.ts";
import { parseTime } from "../../../programs/basic/small.ts";
import { runHost } from "./run-host.ts";
import { describe } from "./describe.ts";
import type { Builtin, Job, Session } from "./session.ts";

/** A job by "%1", "1" or the pid of one of its processes; without a word the newest. */
function jobOf(session: Session, word: string | undefined): Job | undefined {
  if (word === undefined) return session.jobs.at(-1);
  const n = Number(word.replace(/^%/, ""));
  return session.jobs.find((job) => (word.startsWith("%") ? job.number === n : job.number === n || job.processes.some(({ pid }) => pid === n)));
}

async function waitJob(session: Session, word: string | undefined): Promise<number> {
  if (word === undefined) {
    for (const job of [...session.jobs]) session.status = await session.wait(job.processes);
    return session.status;
  }
  const job = jobOf(session, word);
  if (job !== undefined) return session.wait(job.processes);
  session.surroundings.writeError(`shell: wait: ${word}: no such job\n`);
  return 127;
}

/** What the shell does itself. */
export const builtins: Readonly<Record<string, Builtin>> = {
  advance: {
    help: "advance 10ms                let virtual time pass (ns, us, ms, s)",
    async run(session, [time = ""]) {
      const ns = parseTime(time);
      if (ns === null) {
        session.surroundings.writeError(`shell: advance: '${time}' is no time; say 10ms, 2s, 500us\n`);
        return 1;
      }
      await session.advance(ns);
      return 0;
    },
  },
  clock: {
    help: "clock                       virtual time since boot",
    run(session) {
      session.surroundings.write(`${(session.machine.now / 1e9).toFixed(9)} s\n`);
      return 0;
    },
  },
  exit: {
    help: "exit [code]                 leave the shell; jobs are killed",
    run(session, [code]) {
      session.ended = true;
      return code === undefined ? session.status : Number(code) & 255;
    },
  },
  export: {
    help: "export NAME=value           set a variable of programs that start from now on",
    run(session, args) {
      for (const arg of args) {
        const at = arg.indexOf("=");
        if (at > 0) session.variables.set(arg.slice(0, at), arg.slice(at + 1));
      }
      if (args.length === 0) for (const [name, value] of session.variables) session.surroundings.write(`${name}=${value}\n`);
      return 0;
    },
  },
  fg: {
    help: "fg [%job]                   wait for a job",
    run: (session, [word]) => waitJob(session, word ?? String(session.jobs.at(-1)?.number ?? "")),
  },
  help: {
    help: "help                        this",
    run(session) {
      const own = Object.values(builtins).map(({ help }) => `  ${help}\n`).join("");
      session.surroundings.write(`Commands of the shell:\n${own}Programs of the machine: ${[...programs.keys()].join(", ")}\nPipes, <, >, >>, 2>, &, ;, &&, || and 'quotes' work; paths are absolute. Virtual time passes while a command runs.\n`);
      return 0;
    },
  },
  jobs: {
    help: "jobs                        what runs in the background",
    run(session) {
      for (const job of session.jobs) session.surroundings.write(`[${job.number}] ${describe(job.processes.at(-1)!)} ${job.text}\n`);
      return 0;
    },
  },
  run: {
    help: "run host.ts [args] [&]      run a host program on this machine",
    run: (session, args, background) => runHost(session, args, background),
  },
  wait: {
    help: "wait [%job]                 let the machine run until a job (all jobs) has ended",
    run: (session, [word]) => waitJob(session, word),
  },
};
