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
// Whether V8 did not take what is there: then anything is better.
let refused = false;
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
// V8 gives every function a budget, and optimises it when that is used up. With a ninetieth of the usual one a process optimises after a few programs what took it forty. Budgets are given when a module
// is made, and V8 compares all its flags with those that machine code was written under: so this one is set for the moments of making, reading and writing. Flags are the whole process's: what another thread's Clang has set in the meantime is taken back for good.
function withBudget(run) {
  // Where nothing is kept nobody would gain from it.
  if (codeFile === null) return run();
  const v8 = require("node:v8");
  release(1);
  v8.setFlagsFromString("--wasm-tiering-budget=20000");
  try {
    return run();
  } finally {
    v8.setFlagsFromString("--wasm-tiering-budget=1800000");
  }
}
function newModule(wire) {
  return withBudget(() => new WebAssembly.Module(wire));
}
// V8 optimises in four threads, which on a small computer leave Clang a fraction of a processor. While Clang runs there are so many of them that it has one to itself. 128 is V8's own number: no limit.
function hold(threads) {
  if (threads > 0) require("node:v8").setFlagsFromString("--wasm-num-compilation-tasks=" + threads);
}
function release(threads) {
  if (threads > 0) require("node:v8").setFlagsFromString("--wasm-num-compilation-tasks=128");
}
function sum(bytes) {
  return require("node:crypto").createHash("sha256").update(bytes).digest();
}
function readMachineCode(file, wire) {
  try {
    const fd = fs.openSync(file, "r");
    try {
      const size = fs.fstatSync(fd).size - SUM;
      const head = Buffer.alloc(SUM);
      const code = new Uint8Array(new ArrayBuffer(Math.max(0, size)));
      if (size > 0 && fs.readSync(fd, head) === SUM && fs.readSync(fd, code) === size && sum(code).equals(head)) {
        const read = native("%DeserializeWasmModule(a, b)");
        const module = withBudget(() => read(code.buffer, wire));
        if (module instanceof WebAssembly.Module) return { module, size };
      } else fs.rmSync(file, { force: true });
      refused = true;
      return null;
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
    const write = native("%SerializeWasmModule(a)");
    const code = new Uint8Array(withBudget(() => write(module)));
    // Other processes may have brought more meanwhile.
    const there = refused ? before : Math.max(before, (fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0) - SUM);
    if (code.length < MORE * there) return there;
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
    refused = false;
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
