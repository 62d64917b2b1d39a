import type { Machine } from "../../machine.ts";
import type { Finding } from "../schedule/finding.ts";

/** Watches the machines of one run for one class of mistakes. */
export interface Detector {
  /** A machine was made; nothing has run on it. */
  attach(machine: Machine): void;
  /** The run is over. @param failed the program threw: what is left open is no mistake of its own */
  finish(failed: boolean): readonly Finding[];
}
