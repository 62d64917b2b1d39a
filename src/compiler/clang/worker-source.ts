/**
 * The program of the worker thread, as text: it must run from the sources (where Node cannot load TypeScript) as from the package.
 * It loads Clang once and answers one request at a time; after each answer it wakes the thread that waits in `Atomics.wait`.
 *
 * LLVM prints a module unbuffered in WebAssembly, because files have no block size there: the 180 KB of a small program are 68,000 calls of `fd_write`, and the package's file system copies the whole file
 * in each, nine tenths of a build. So the module goes to standard output, and the program's `fd_write` is replaced by one that gathers what goes there. Should the package be built otherwise some day, the
 * text arrives at the callback.
 */
export const workerSource = `
const { url, control, port } = require("node:worker_threads").workerData;
const flag = new Int32Array(control);
const quiet = { fetchProgress() {} };
let text = Buffer.alloc(1 << 18);
let length = 0;
function room(bytes) {
  if (length + bytes <= text.length) return;
  const larger = Buffer.alloc(Math.max(2 * text.length, length + bytes));
  text.copy(larger, 0, 0, length);
  text = larger;
}
const Instance = WebAssembly.Instance;
WebAssembly.Instance = function (module, imports) {
  const system = imports?.wasi_snapshot_preview1;
  if (typeof system?.fd_write !== "function") return new Instance(module, imports);
  let memory = null;
  let bytes = new Uint8Array(0);
  let view = null;
  function fd_write(fd, vectors, count, written) {
    if (fd !== 1) return system.fd_write(fd, vectors, count, written);
    if (bytes.buffer !== memory.buffer) {
      bytes = new Uint8Array(memory.buffer);
      view = new DataView(memory.buffer);
    }
    let total = 0;
    for (let i = 0; i < count; i++) {
      const at = view.getUint32(vectors + 8 * i, true);
      const size = view.getUint32(vectors + 8 * i + 4, true);
      room(size);
      // Most pieces are a few characters, for which a call costs more than the loop.
      if (size > 64) text.set(bytes.subarray(at, at + size), length);
      else for (let j = 0; j < size; j++) text[length + j] = bytes[at + j];
      length += size;
      total += size;
    }
    view.setUint32(written, total, true);
    return 0;
  }
  const instance = new Instance(module, { ...imports, wasi_snapshot_preview1: { ...system, fd_write } });
  memory = instance.exports.memory;
  return instance;
};
let loading = null;
function load() {
  loading ??= import(url).then(async (clang) => {
    await clang.runLLVM(null, {}, quiet);
    return clang;
  });
  return loading;
}
async function answer({ args, files, input }) {
  const clang = await load();
  const chunks = [];
  length = 0;
  const print = (piece) => {
    if (piece === null) return;
    room(piece.length);
    text.set(piece, length);
    length += piece.length;
  };
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
    clang.runLLVM(["clang", "-cc1", ...args, "-o", "-", input], tree, { ...quiet, synchronously: true, stdout: print, stderr: collect });
    return { ok: true, ir: text.toString("utf8", 0, length), log: log() };
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
