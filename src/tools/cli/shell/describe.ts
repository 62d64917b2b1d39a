import type { Process } from "../../../kernel/process/process.ts";
import { Signal } from "../../../kernel/signal/numbers.ts";

/** How a process is or has ended, in a column of 24. */
export function describe({ exit, stopped }: Process): string {
  const word = exit === null ? (stopped === 0 ? "Running" : "Stopped") : exit.signal === Signal.SIGKILL ? "Killed" : exit.signal !== 0 ? `Signal ${exit.signal}` : exit.code === 0 ? "Done" : `Exit ${exit.code}`;
  return word.padEnd(23);
}
