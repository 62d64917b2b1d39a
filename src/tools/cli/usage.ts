/** Exit codes of the program. */
export const ExitCode = {
  ok: 0,
  /** The host program failed: an error nobody caught. Or checking found something. */
  failed: 1,
  /** The command line or a machine file is wrong. */
  usage: 2,
  /** A bug of glassgpu (sysexits.h: EX_SOFTWARE). */
  bug: 70,
} as const;

/** A mistake in how the program was called; shown without a stack. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** Text of `glassgpu --help`. */
export const help: string = `glassgpu: a computer with GPUs in it, for host programs written against CUDA and OpenCL in TypeScript

  glassgpu run <host.ts> [options] [-- arguments of the program]
      --machine <file.json>   options of createMachine for machines the program makes, or for the one it gets when it makes none
      --trace <out.json>      write what happened for ui.perfetto.dev
      --report <out.html>     write what happened as a page with a timeline
      --timeline              print a small timeline at the end
      --check[=<a,b,...>]     check device code: bounds, lifetime, uninitialised, races, barriers (all), and print what was found
      --workers <n>           threads that run device code, 1 to 8 (1); results do not depend on it
      --diagnostics           print every error with its explanation at the end
  glassgpu check <host.ts> [options] [-- arguments of the program]
      runs a host program under many schedules: what the machine leaves open is decided anew each time. A file whose default export is a function is loaded once and the function
      called for each schedule; any other file is loaded anew each time
      --schedules <n>         how many schedules at most (1000)
      --strategy <name>       random (default), pct, exhaustive
      --seed <n>              of random and pct (1)
      --depth <n>             of pct: ordering constraints that a mistake may need (3)
      --replay <g1...>        this one schedule instead, with the program's output
      --report <page.html>    the timeline of the first finding, with what was found marked in it
      --detect <a,b,...>      races, lifetimes, leaks, polling, differences (races,lifetimes); failures and deadlocks always
      --shrink <n>            runs for making a failing schedule simpler (300)
      --machine <file.json>   as for run
      --json                  print the result as JSON
  glassgpu shell [--machine <file.json>] [--gpus a100,mi250x] [--trace] [-c <commands>]
      a terminal into a machine: nvidia-smi, rocminfo, clinfo, perf, cat, ls, ps, kill ... and host programs (run host.ts &); reads commands from a pipe too
  glassgpu coverage [--rows] [--json]
      how much of each API works: functions full, partial, refused, in all; --rows lists every function
  glassgpu --help | --version

A machine file looks like this; everything is optional:
  { "gpus": ["a100-pcie-40gb", "mi250x"], "os": "linux", "seed": 7, "trace": true, "costs": { "contextCreate": 0 } }

Exit codes: 0 fine, 1 the program failed or something was found, 2 the command line or a file it names is wrong, 70 a bug of glassgpu.
`;
