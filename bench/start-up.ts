import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { median } from "./clock.ts";

/** Milliseconds of `import "glassgpu"` plus `createMachine()`, each in a new process: the median, the best, and the first, which has no compiled code to start from. */
export function benchStartUp(runs: number): { median: number; best: number; cold: number } {
  const index = new URL("../dist/index.node.js", import.meta.url).href;
  const cache = mkdtempSync(join(tmpdir(), "glassgpu-bench-"));
  const script = `const start = performance.now(); const { createMachine } = await import(${JSON.stringify(index)}); createMachine(); console.log(performance.now() - start);`;
  const taken = Array.from({ length: runs + 1 }, () => {
    const done = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", env: { ...process.env, GLASSGPU_CACHE_DIR: cache }, cwd: fileURLToPath(new URL("..", import.meta.url)) });
    if (done.status !== 0) throw new Error(done.stderr);
    return Number(done.stdout);
  });
  rmSync(cache, { recursive: true, force: true });
  const warm = taken.slice(1);
  return { median: median(warm), best: Math.min(...warm), cold: taken[0]! };
}
