import { cat } from "./basic/cat.ts";
import { ls } from "./basic/ls.ts";
import { ps } from "./basic/ps.ts";
import { echo, kill, sleep } from "./basic/small.ts";
import { timeout } from "./basic/timeout.ts";
import { nvidiaSmi } from "./nvidia-smi/main.ts";
import type { Program } from "./program.ts";

/** The programs that a machine has, by name. */
export const programs: ReadonlyMap<string, Program> = new Map<string, Program>([
  ["cat", cat],
  ["echo", echo],
  ["kill", kill],
  ["ls", ls],
  ["nvidia-smi", nvidiaSmi],
  ["ps", ps],
  ["sleep", sleep],
  ["timeout", timeout],
]);
