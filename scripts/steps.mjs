// Steps that the npm scripts share: install when needed, build when needed. Uses nothing but Node itself, because nothing may be installed yet.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`glassgpu needs Node 20 or later; this is ${process.version}.`);
  process.exit(1);
}

/** The built command line program. */
export const cli = "dist/tools/cli/main.js";

/** Runs a program with its output on the terminal, under a title; ends this process when it fails. */
export function step(title, command, args) {
  console.error(`> ${title}`);
  const start = performance.now();
  const shell = process.platform === "win32" && command === "npm"; // npm is a .cmd file there
  const done = spawnSync(command, args, { stdio: "inherit", shell });
  if (done.status !== 0) {
    console.error(`> failed: ${[command, ...args].join(" ")}`);
    process.exit(done.status ?? 1);
  }
  console.error(`> done in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}

/** Installs the packages of the lock file unless they are there. */
export function ensureInstalled() {
  const installed = "node_modules/.package-lock.json";
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync("package-lock.json").mtimeMs) return;
  step("installing packages: npm ci (27 MB of it is Clang, for OpenCL C)", "npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** Modification time of the newest file under `path`. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Builds dist/ unless it is newer than every source. */
export function ensureBuilt() {
  const sources = Math.max(newest("src"), newest("tsconfig.json"), newest("tsconfig.build.json"));
  if (existsSync(cli) && statSync(cli).mtimeMs >= sources) return;
  step("building dist/: tsc", process.execPath, ["scripts/build.mjs"]);
}

/** Runs the command line program; its exit code becomes ours. */
export function glassgpu(...args) {
  const done = spawnSync(process.execPath, [cli, ...args], { stdio: "inherit" });
  process.exit(done.status ?? 1);
}
