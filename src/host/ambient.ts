import type { HostProcess } from "./host-process.ts";

let ambient: HostProcess | null = null;
let makeDefault: (() => HostProcess) | null = null;

/** Sets the process that module-level API functions act on. */
export function setAmbientProcess(process: HostProcess | null): void {
  ambient = process;
}

/** How to make a process when the program never said which (registered by the package's entry). */
export function setDefaultProcess(make: () => HostProcess): void {
  makeDefault = make;
}

/** The process that module-level API functions act on: the one given to `machine.use`, else one on a default machine. */
export function ambientProcess(): HostProcess {
  if (ambient === null) {
    if (makeDefault === null) throw new Error("no process to act on: call machine.use(process) first");
    ambient = makeDefault();
  }
  return ambient;
}
