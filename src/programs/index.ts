import { cat } from "./basic/cat.ts";
import { ls } from "./basic/ls.ts";
import { ps } from "./basic/ps.ts";
import { dmesg } from "./basic/dmesg.ts";
import { lspci } from "./basic/lspci.ts";
import { mpsControl } from "./basic/mps-control.ts";
import { echo, kill, sleep } from "./basic/small.ts";
import { timeout } from "./basic/timeout.ts";
import { perf } from "./perf/main.ts";
import { clinfo } from "./clinfo/main.ts";
import { drmInfo } from "./drm-info/main.ts";
import { rocminfo } from "./rocminfo/main.ts";
import { nvidiaSmi } from "./nvidia-smi/main.ts";
import type { Program } from "./program.ts";

/** The programs that a machine has, by name. */
export const programs: ReadonlyMap<string, Program> = new Map<string, Program>([
  ["cat", cat],
  ["clinfo", clinfo],
  ["dmesg", dmesg],
  ["drm_info", drmInfo],
  ["echo", echo],
  ["kill", kill],
  ["ls", ls],
  ["lspci", lspci],
  ["nvidia-cuda-mps-control", mpsControl],
  ["nvidia-smi", nvidiaSmi],
  ["perf", perf],
  ["ps", ps],
  ["rocminfo", rocminfo],
  ["sleep", sleep],
  ["timeout", timeout],
]);
