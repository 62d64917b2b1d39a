import { readFileSync } from "node:fs";
import { EmulatorBug } from "../../kernel/errors.ts";
import { useImport, type ImportModule } from "./import.ts";
import { ExitCode, help, UsageError } from "./usage.ts";

/** The package's folder. Only this module may ask where it is: others are put together in other files when the package is built. */
const root = new URL("../../../", import.meta.url);

function version(): string {
  const text = readFileSync(new URL("package.json", root), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

async function main(args: readonly string[]): Promise<void> {
  const [command, ...rest] = args;
  switch (command) {
    case "run":
      return (await import("./run.ts")).run(rest, root);
    case "check":
      return (await import("./check.ts")).check(rest, root);
    case "shell":
      return (await import("./shell.ts")).shell(rest, root);
    case "coverage":
      return (await import("./coverage.ts")).coverage(rest);
    case "--version":
    case "-v":
    case "version":
      console.log(version());
      return;
    case "--help":
    case "-h":
    case "help":
      console.log(help);
      return;
    case undefined:
      console.error(help);
      process.exitCode = ExitCode.usage;
      return;
    default:
      throw new UsageError(`unknown command ${JSON.stringify(command)}`);
  }
}

/**
 * The command line program, from the process's arguments to its exit status.
 * @param importModule how to import host programs
 */
export async function start(importModule: ImportModule): Promise<void> {
  useImport(importModule);
  // `glassgpu ... | head` closes the pipe early; that is no error.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      process.exit(ExitCode.ok);
    });
  }
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`glassgpu: ${error.message}\nTry: glassgpu --help`);
      process.exitCode = ExitCode.usage;
    } else {
      console.error(error);
      process.exitCode = error instanceof EmulatorBug ? ExitCode.bug : ExitCode.failed;
    }
  }
}
