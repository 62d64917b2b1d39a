/** Exit codes of the program. */
export const ExitCode = {
  ok: 0,
  /** The host program failed: an error nobody caught. */
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
      --diagnostics           print every error with its explanation at the end
  glassgpu coverage [--rows] [--json]
      how much of each API works: functions full, partial, refused, in all; --rows lists every function
  glassgpu --help | --version

A machine file looks like this; everything is optional:
  { "gpus": ["a100-pcie-40gb", "mi250x"], "os": "linux", "seed": 7, "trace": true, "costs": { "contextCreate": 0 } }

Exit codes: 0 fine, 1 the program failed, 2 the command line or a file it names is wrong, 70 a bug of glassgpu.
`;
