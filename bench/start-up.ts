import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { median } from "./clock.ts";

/** Milliseconds of `import "glassgpu"` plus `createMachine()`, each in a new process: the median, and the best. */
export function benchStartUp(runs: number): { median: number; best: number } {
  const index = new URL("../dist/index.js", import.meta.url).href;
  const script = `const start = performance.now(); const { createMachine } = await import(${JSON.stringify(index)}); createMachine(); console.log(performance.now() - start);`;
  const taken = Array.from({ length: runs }, () => {
    const done = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", cwd: fileURLToPath(new URL("..", import.meta.url)) });
    if (done.status !== 0) throw new Error(done.stderr);
    return Number(done.stdout);
  });
  return { median: median(taken), best: Math.min(...taken) };
}
