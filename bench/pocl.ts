import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Milliseconds. */
export interface Timing {
  readonly median: number;
  readonly best: number;
}

const beside = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** PoCL with one thread, where it is installed. */
export interface Pocl {
  /** What it calls itself. */
  readonly version: string;
  /** Runs one of the benchmark kernels in a process of its own; null: it cannot. */
  time(kernel: string, runs: number): Timing | null;
}

/** Compiles pocl.c and looks what it finds; null without a C compiler, OpenCL's headers or PoCL. */
export function findPocl(): Pocl | null {
  try {
    const program = join(mkdtempSync(join(tmpdir(), "glassgpu-bench-")), "pocl");
    execFileSync("cc", ["-O2", "-o", program, beside("pocl.c"), "-lOpenCL"], { stdio: "ignore" });
    const run = (...args: readonly string[]): string[] =>
      execFileSync(program, [beside("kernels.cl"), ...args], { encoding: "utf8", timeout: 120_000, stdio: ["ignore", "pipe", "ignore"], env: { ...process.env, POCL_MAX_PTHREAD_COUNT: "1", POCL_CPU_MAX_CU_COUNT: "1" } }).trim().split("\n");
    const [version] = run("1");
    if (version === undefined || !version.includes("PoCL")) return null;
    return {
      version: version.replace(/\s+/g, " "),
      time(kernel, runs) {
        const [, middle, best] = (run(String(runs), kernel)[1] ?? "").split(" ");
        return middle === undefined || best === undefined ? null : { median: Number(middle), best: Number(best) };
      },
    };
  } catch {
    return null;
  }
}
