import type { Process } from "../process/process.ts";
import type { FileDriver } from "./file.ts";

/** A process as a file (pidfd_open(2)): means that process also when its number has been given to another. */
export class PidFd implements FileDriver {
  readonly kind = "pidfd";
  readonly seek = "none";
  readonly process: Process;

  constructor(process: Process) {
    this.process = process;
  }

  fdinfo(): string {
    return `Pid:\t${this.process.pid}\n`;
  }

  release(): void {
    // A process does not end because nobody looks at it.
  }
}
