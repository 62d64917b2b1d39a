/**
 * Keeping what V8's optimising compiler made of Clang, as text for the worker thread (`worker-source.ts`). Clang is 65 MB of WebAssembly: a process spends 3 to 4 s on its first program, nearly all of it
 * V8 compiling, and is at its full speed after some twenty. V8 can write optimised code down and read it (browsers do so for pages); Node has no door to that but V8's natives syntax
 * (docs/decisions/0043). So only a V8 that this was tried with is asked (`wasm.ts` decides), and everything else is an ordinary compilation.
 *
 * `readMachineCode(file, wire)`: the module, or null. `writeMachineCode(file, instance, module, before)`: writes when there is more of it than `before` bytes; gives the bytes there are now.
 * V8 ends the process when a module has no optimised code to write, as under a debugger that has turned it off: so one function is optimised first, and V8 must say that it has been.
 */
export const machineCodeSource = `
const fs = require("node:fs");
const SUM = 32;
// One in so many bytes more is worth a new file.
const MORE = 1.02;
function native(text) {
  const v8 = require("node:v8");
  v8.setFlagsFromString("--allow-natives-syntax");
  try {
    // Functions are parsed again at their first call, which therefore has to be here.
    const made = (0, eval)("(function (a, b) { return a === null ? null : " + text + "; })");
    made(null, null);
    return made;
  } finally {
    v8.setFlagsFromString("--no-allow-natives-syntax");
  }
}
function sum(bytes) {
  return require("node:crypto").createHash("sha256").update(bytes).digest();
}
function readMachineCode(file, wire) {
  try {
    const fd = fs.openSync(file, "r");
    try {
      const size = fs.fstatSync(fd).size - SUM;
      if (size <= 0) return null;
      const head = Buffer.alloc(SUM);
      const code = new Uint8Array(new ArrayBuffer(size));
      if (fs.readSync(fd, head) !== SUM || fs.readSync(fd, code) !== size || !sum(code).equals(head)) return null;
      const module = native("%DeserializeWasmModule(a, b)")(code.buffer, wire);
      return module instanceof WebAssembly.Module ? { module, size } : null;
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return null; // not there, or V8 does not know the function
  }
}
function hasOptimisedCode(instance) {
  const some = Object.values(instance.exports).find((one) => typeof one === "function");
  native("%WasmTierUpFunction(a)")(some);
  return native("%IsTurboFanFunction(a)")(some) === true;
}
function writeMachineCode(file, instance, module, before) {
  const temporary = file + "." + process.pid + ".part";
  try {
    if (!hasOptimisedCode(instance)) return before;
    const code = new Uint8Array(native("%SerializeWasmModule(a)")(module));
    if (code.length < MORE * before) return before;
    const folder = require("node:path").dirname(file);
    fs.mkdirSync(folder, { recursive: true });
    const fd = fs.openSync(temporary, "w");
    try {
      fs.writeSync(fd, sum(code));
      fs.writeSync(fd, code);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, file);
    forgetOthers(folder, file);
    return code.length;
  } catch {
    fs.rmSync(temporary, { force: true });
    return before; // tried again when more programs have been compiled
  }
}
// Files of other versions of Node and of Clang, of 20 MB each, and halves that a process left: a month.
function forgetOthers(folder, file) {
  const path = require("node:path");
  for (const name of fs.readdirSync(folder)) {
    const other = path.join(folder, name);
    const age = (fs.statSync(file).mtimeMs - fs.statSync(other).mtimeMs) / 86_400_000;
    if (age > (name.endsWith(".part") ? 1 : 30)) fs.rmSync(other, { force: true });
  }
}
`;
