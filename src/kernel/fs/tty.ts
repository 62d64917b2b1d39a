import { ready } from "../process/wait.ts";
import type { FdTable } from "./fdtable.ts";
import { OpenFile, type FileDriver } from "./file.ts";

/** The terminal: what is written goes to the writing process's record of descriptors 1 and 2; nothing is ever typed. */
function terminal(stream: 0 | 1 | 2): FileDriver {
  return {
    kind: "tty",
    readBytes: () => ready(0),
    write: (text, { process }) => {
      if (stream === 2) process.stderr += text;
      else process.stdout += text;
      return text.length;
    },
    release: () => {},
  };
}

/** Opens descriptors 0, 1 and 2 of a new process. */
export function standardFiles(files: FdTable): void {
  for (const stream of [0, 1, 2] as const) files.install(new OpenFile("/dev/pts/0", 2, terminal(stream)), false);
}
