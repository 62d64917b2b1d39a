// Builds dist/ from src/: TypeScript to JavaScript and declarations, and a copy of the data files beside them.
import { spawnSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);

rmSync("dist", { recursive: true, force: true });
const tsc = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

// What a module may read beside itself: LLVM IR libraries, PTX, tables. Sources travel in src/, notes stay there.
const data = new Set([".ll", ".ptx", ".cl", ".json", ".wasm", ".bin"]);
cpSync("src", "dist", { recursive: true, filter: (file) => extname(file) === "" || data.has(extname(file)) });
