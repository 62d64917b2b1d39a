import { machineCodeSource } from "./machine-code-source.ts";
import { wasiSource } from "./wasi-source.ts";

/**
 * The program of the worker thread, as text: it must run from the sources (where Node cannot load TypeScript) as from the package. It answers one request at a time; after each answer it wakes the thread
 * that waits in `Atomics.wait`.
 *
 * An instance of Clang is good for one program. The next is made ahead of need: it runs up to the point where it asks for its arguments and sleeps there until there are some, which takes 10 to 30 ms out
 * of every build. Should the package be put together otherwise some day, its own functions are called instead.
 */
export const workerSource: string = `
const { url, control, port, codeFile, helpers } = require("node:worker_threads").workerData;
const { receiveMessageOnPort } = require("node:worker_threads");
const [ANSWERS, REQUESTS] = [0, 1];
const flags = new Int32Array(control);
${wasiSource}
${machineCodeSource}
// Bytes of machine code that a handful of ordinary programs leave: less is a beginning.
const PLENTY = 8 << 20;
// V8 optimises in the background, also when a program is done: idle milliseconds before each look. A program that builds one source after the other is not held up.
const LOOKS = [150, 400, 1000, 3000];
let text = Buffer.alloc(1 << 18);
let length = 0;
let errors = [];
function room(size) {
  if (length + size <= text.length) return;
  const larger = Buffer.alloc(Math.max(2 * text.length, length + size));
  text.copy(larger, 0, 0, length);
  text = larger;
}
function print(bytes, at, size) {
  room(size);
  // Most pieces are a few characters, for which a call costs more than the loop.
  if (size > 32) text.set(bytes.subarray(at, at + size), length);
  else for (let i = 0; i < size; i++) text[length + i] = bytes[at + i];
  length += size;
}
const result = (ok, more) => ({ ok, ir: ok ? text.toString("utf8", 0, length) : "", log: Buffer.concat(errors).toString("utf8"), ...more });
const crash = (error) => {
  errors.push(Buffer.from("\\nthe compiler stopped unexpectedly: " + String(error) + "\\n"));
  return result(false, { crashed: true });
};
function reply(answer) {
  port.postMessage(answer);
  Atomics.add(flags, ANSWERS, 1);
  Atomics.notify(flags, ANSWERS);
}
let taken = 0;
// The next request. Undefined when none has come in that many milliseconds.
function next(patience) {
  if (Atomics.load(flags, REQUESTS) === taken && Atomics.wait(flags, REQUESTS, taken, patience) === "timed-out") return undefined;
  taken++;
  length = 0;
  errors = [];
  return receiveMessageOnPort(port).message;
}
// Clang itself and the one header that a program needs; null when the package is not as expected.
function direct() {
  const { fileURLToPath } = require("node:url");
  const path = require("node:path");
  const folder = path.dirname(fileURLToPath(url));
  const wire = fs.readFileSync(path.join(folder, "llvm.core.wasm"));
  const header = entryOf(path.join(folder, "llvm-resources.tar"), "include/opencl-c-base.h");
  const kept = codeFile === null ? null : readMachineCode(codeFile, wire);
  const module = kept === null ? newModule(wire) : kept.module;
  const names = WebAssembly.Module.imports(module);
  const ours = names.every((one) => one.module === "wasi_snapshot_preview1" && one.kind === "function");
  const start = WebAssembly.Module.exports(module).some((one) => one.name === "_start");
  return ours && start && header !== null ? { module, imports: names.map((one) => one.name), header, size: kept === null ? 0 : kept.size } : null;
}
// A file of an archive, by the format of POSIX's ustar: blocks of 512 bytes, a name at 0, a size in octal at 124.
function entryOf(archive, wanted) {
  const fd = fs.openSync(archive, "r");
  try {
    const head = Buffer.alloc(512);
    for (let at = 0; fs.readSync(fd, head, 0, 512, at) === 512 && head[0] !== 0;) {
      const name = head.toString("latin1", 0, head.indexOf(0));
      const size = parseInt(head.toString("latin1", 124, 136), 8);
      if (name === wanted || name === "./" + wanted) {
        const data = Buffer.alloc(size);
        fs.readSync(fd, data, 0, size, at + 512);
        return data;
      }
      at += 512 + 512 * Math.ceil(size / 512);
    }
    return null;
  } finally {
    fs.closeSync(fd);
  }
}
function serveDirectly({ module, imports, header, size }) {
  let done = 0;
  let instance;
  // Optimised code is looked at when the thread has nothing to do, ever more seldom. While there is little, V8 is still at it.
  let due = size < PLENTY ? 1 : 3;
  const take = () => {
    release(helpers);
    let asked;
    if (codeFile !== null && done >= due) {
      for (const patience of size < PLENTY ? LOOKS : LOOKS.slice(0, 1)) {
        asked = next(patience);
        if (asked !== undefined) break;
        size = writeMachineCode(codeFile, instance, module, size);
      }
      due = size < PLENTY ? done + 1 : 3 * done;
    }
    // The process is about to end, or to do without a compiler: the last look, with what all its programs have brought.
    while ((asked ??= next(Infinity)).args === undefined) {
      if (codeFile !== null && done > 0) size = writeMachineCode(codeFile, instance, module, size);
      reply({});
      asked = undefined;
    }
    hold(helpers);
    return { args: ["yowasp-llvm", "clang", "-cc1", ...asked.args, "-o", "-", asked.input], files: { ...asked.files, "usr/include/opencl-c-base.h": header } };
  };
  hold(helpers);
  for (;;) {
    const host = wasiHost(imports, { take, print, complain: (bytes) => errors.push(bytes) });
    instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: host.given });
    host.use(instance.exports.memory);
    let answer;
    try {
      instance.exports._start();
      answer = result(true);
    } catch (error) {
      answer = error instanceof Exit ? result(error.code === 0) : crash(error);
    }
    done++;
    // What a trapped instance leaves behind is of no use: this thread is about to be ended.
    if (answer.crashed) release(helpers);
    reply(answer);
    if (answer.crashed) return;
  }
}
async function serveThroughPackage() {
  const clang = await import(url);
  const quiet = { fetchProgress() {} };
  await clang.runLLVM(null, {}, quiet);
  for (;;) {
    const { args, files, input } = next(Infinity);
    if (args === undefined) {
      reply({});
      continue;
    }
    const tree = {};
    for (const [name, content] of Object.entries(files)) {
      const parts = plain(name).split("/");
      let folder = tree;
      for (const part of parts.slice(0, -1)) folder = folder[part] ??= {};
      folder[parts.at(-1)] = content;
    }
    const stdout = (bytes) => { if (bytes !== null) print(bytes, 0, bytes.length); };
    const stderr = (bytes) => { if (bytes !== null) errors.push(Buffer.from(bytes)); };
    let answer;
    try {
      clang.runLLVM(["clang", "-cc1", ...args, "-o", "-", input], tree, { ...quiet, synchronously: true, stdout, stderr });
      answer = result(true);
    } catch (error) {
      answer = error instanceof clang.Exit ? result(false) : crash(error);
    }
    reply(answer);
  }
}
function prepare() {
  try {
    return direct();
  } catch {
    return null;
  }
}
const own = prepare();
(own === null ? serveThroughPackage() : new Promise(() => serveDirectly(own))).catch((error) => {
  // Somebody has to wait for it.
  next(Infinity);
  reply({ failed: String(error) });
});
`;
