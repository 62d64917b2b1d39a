// Puts src/ together as few JavaScript files: 600 modules would take a second to load, a handful takes a few dozen milliseconds.
import { cpSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Modules that somebody loads by file name: the public ones, the program, the loader's hooks. */
function entries() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const files = Object.values(exports).flatMap((target) => (typeof target === "string" ? [] : [target.default]));
  const names = files.map((file) => file.replace(/^\.\/dist\//, "").replace(/\.js$/, ""));
  const commands = ["main", "hooks"].map((name) => `tools/cli/${name}`);
  return Object.fromEntries([...names, ...commands].map((name) => [name, join(root, "src", `${name}.ts`)]));
}

/** Writes the JavaScript of the package into `folder`, and the data files that modules read beside themselves. */
export async function bundle(folder) {
  const build = await rolldown({
    input: entries(),
    cwd: root,
    platform: "node",
    external: [/^node:/, "@yowasp/clang", "amaro", "fast-check"],
    treeshake: { moduleSideEffects: true },
    // Planted faults of the kernel model are for its own tests.
    plugins: [{ name: "no-mutants", transform: (code, id) => (id.endsWith("/kernel/mutants.ts") ? null : code.replace(/\bmutant\("[a-z0-9-]+"\)/g, "false")) }],
    onLog(level, log, handle) {
      if (level === "warn") throw new Error(log.message);
      handle(level, log);
    },
  });
  // Fewer bytes to parse; names of functions and classes stay, for stack traces.
  await build.write({ minify: { compress: { keepNames: { function: true, class: true } }, mangle: { keepNames: true } }, dir: folder, format: "esm", entryFileNames: "[name].js", chunkFileNames: "chunks/[name].js" });
  await build.close();
  const data = new Set([".ll", ".ptx", ".cl", ".wasm", ".bin"]);
  cpSync(join(root, "src"), folder, { recursive: true, filter: (file) => extname(file) === "" || data.has(extname(file)) });
}
