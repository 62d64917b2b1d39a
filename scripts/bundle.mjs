// Puts src/ together as few JavaScript files: 600 modules would take a second to load, a handful takes a few dozen milliseconds. Twice: as ES modules for browsers and bundlers,
// as CommonJS for Node, which src/tools/loader loads from V8's code cache.
import { createHash } from "node:crypto";
import { chmodSync, cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Modules that programs import, as in package.json: "cuda/entry/cuda". */
function publicNames() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return Object.values(exports).flatMap((target) => (typeof target === "string" ? [] : [target.default.replace(/^\.\/dist\/(.*)\.js$/, "$1")]));
}

/** The command line program. */
const program = "tools/cli/main";

/** A hash of the compiler's sources, for src/compiler/clang/build-id.ts. */
function compilerHash() {
  const folder = join(root, "src/compiler");
  const hash = createHash("sha256");
  for (const name of readdirSync(folder, { recursive: true }).filter((file) => file.endsWith(".ts")).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest("hex").slice(0, 16);
}

const options = {
  cwd: root,
  platform: "node",
  external: [/^node:/, "@yowasp/clang", "amaro", "fast-check"],
  treeshake: { moduleSideEffects: true },
  // Planted faults of the kernel model are for its own tests.
  plugins: [{
    name: "build-id", transform: (code, id) => (id.replaceAll("\\", "/").endsWith("/compiler/clang/build-id.ts") ? code.replace(/= null;/, `= "${compilerHash()}";`) : null),
  }, { name: "no-mutants", transform: (code, id) => (id.endsWith("/kernel/mutants.ts") ? null : code.replace(/\bmutant\("[a-z0-9-]+"\)/g, "false")) }],
  onLog(level, log, handle) {
    if (level === "warn") throw new Error(log.message);
    handle(level, log);
  },
};

// Fewer bytes to parse; names of functions and classes stay, for stack traces.
const minify = { compress: { keepNames: { function: true, class: true } }, mangle: { keepNames: true } };

/** What is written of the modules `names`: files with what they export. */
async function write(names, folder, format, extension, more = {}) {
  const input = Object.fromEntries(names.map((name) => [name, join(root, "src", `${name}.ts`)]));
  const build = await rolldown({ input, ...options });
  const { output } = await build.write({ minify, dir: folder, format, entryFileNames: `[name].${extension}`, chunkFileNames: `chunks/[name].${extension}`, ...more });
  await build.close();
  return output.filter((file) => file.type === "chunk");
}

/**
 * Makes a CommonJS file quick to start. Exports become plain properties: no module here exports a variable that changes, and three thousand getters take milliseconds. Characters beyond ASCII, which
 * occur in literals only, become escapes: V8 keeps such a source in half the memory and Node reads it without decoding.
 */
function quicken(file) {
  const text = readFileSync(file, "utf8")
    .replace(/Object\.defineProperty\(exports,("[^"]+"|`[^`]+`),\{enumerable:!0,get:function\(\)\{return ?([^{}]+?)\}\}\)/g, "exports[$1]=$2")
    .replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  writeFileSync(file, text);
  return text;
}

/** Writes the ES module `file` through which Node loads the CommonJS file `target`; `use` says what it does with that file's exports. */
function door(folder, file, target, build, use) {
  const up = (to) => relative(dirname(file), to).replaceAll("\\", "/") || ".";
  const from = up("tools/loader/load.js");
  const call = `load(new URL("${up(".")}/", import.meta.url), "${target}", "${build}")`;
  writeFileSync(join(folder, file), use(`import { load } from "${from.startsWith(".") ? from : `./${from}`}";\n`, call));
}

/** Writes the JavaScript of the package into `folder`, and the data files that modules read beside themselves. */
export async function bundle(folder) {
  const names = publicNames();
  await write([...names, "tools/loader/load", "tools/cli/hooks"], folder, "esm", "js");
  // One file for all that the entry points share: what is in the same scope is reached without a look into another file's exports.
  const chunks = await write([...names, program], folder, "cjs", "cjs", { codeSplitting: { groups: [{ name: "library", test: /[\\/]src[\\/](?!tools[\\/]|testing[\\/])/ }] } });
  const hash = createHash("sha256");
  for (const { fileName } of chunks.toSorted((a, b) => (a.fileName < b.fileName ? -1 : 1))) hash.update(fileName).update(quicken(join(folder, fileName)));
  const build = hash.digest("hex").slice(0, 16);
  for (const chunk of chunks.filter(({ isEntry }) => isEntry)) {
    const name = chunk.fileName.slice(0, -".cjs".length);
    if (name === program) door(folder, `${name}.js`, chunk.fileName, build, (imports, call) => `#!/usr/bin/env node\n${imports}await ${call}.start((url) => import(url));\n`);
    else door(folder, `${name}.node.js`, chunk.fileName, build, (imports, call) => `${imports}export const { ${chunk.exports.join(", ")} } = ${call};\n`);
  }
  chmodSync(join(folder, `${program}.js`), 0o755);
  const data = new Set([".ll", ".ptx", ".cl", ".wasm", ".bin"]);
  cpSync(join(root, "src"), folder, { recursive: true, filter: (file) => extname(file) === "" || data.has(extname(file)) });
}
