/**
 * The program of the worker thread, as text: it must run from the sources (where Node cannot load TypeScript) as from the package.
 * It loads Clang once and answers one request at a time; after each answer it wakes the thread that waits in `Atomics.wait`.
 */
export const workerSource = `
const { url, control, port } = require("node:worker_threads").workerData;
const flag = new Int32Array(control);
const quiet = { fetchProgress() {} };
let loading = null;
function load() {
  loading ??= import(url).then(async (clang) => {
    await clang.runLLVM(null, {}, quiet);
    return clang;
  });
  return loading;
}
async function answer({ args, files, input, output }) {
  const clang = await load();
  const chunks = [];
  const collect = (bytes) => { if (bytes !== null) chunks.push(Buffer.from(bytes)); };
  const log = () => Buffer.concat(chunks).toString("utf8");
  try {
    const tree = {};
    for (const [path, text] of Object.entries(files)) {
      const parts = path.split("/").filter((part) => part !== "");
      let folder = tree;
      for (const part of parts.slice(0, -1)) folder = folder[part] ??= {};
      folder[parts.at(-1)] = text;
    }
    const result = clang.runLLVM(["clang", "-cc1", ...args, "-o", output, input], tree, { ...quiet, synchronously: true, stdout: collect, stderr: collect });
    const ir = result[output];
    return { ok: true, ir: typeof ir === "string" ? ir : Buffer.from(ir).toString("utf8"), log: log() };
  } catch (error) {
    if (error instanceof clang.Exit) return { ok: false, ir: "", log: log() };
    return { ok: false, ir: "", log: log() + "\\nthe compiler stopped unexpectedly: " + String(error) + "\\n", crashed: true };
  }
}
port.on("message", (request) => {
  answer(request).catch((error) => ({ failed: String(error) })).then((result) => {
    port.postMessage(result);
    Atomics.add(flag, 0, 1);
    Atomics.notify(flag, 0);
  });
});
`;
