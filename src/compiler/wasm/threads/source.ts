/**
 * The program of a helping thread, as text: it must run from the sources (where Node cannot load TypeScript), from the package, and in a browser. It holds compiled kernels for one
 * memory at a time. Between two launches it looks for work for a little while and then sleeps in `Atomics.wait`; for a message it has to go back to its event loop.
 */
export const threadSource = `
const node = typeof require === "function" ? require("node:worker_threads") : null;
const port = node === null ? self : node.parentPort;
let at, control, tasks, me, last = 0, letters = 0, memoryId = 0, memory = null, i32 = null;
const kernels = new Map();
const imports = { remainder: (a, b) => a % b };
function runTask(run, block, base) {
  const c = block >> 2;
  i32[c + at.callLimit] = tasks[base + at.fuel];
  i32[c + at.groupCount] = tasks[base + at.groups];
  i32[c + at.finishedGroups] = 0;
  i32[c + at.counted] = 0;
  i32[c + at.counted + 1] = 0;
  let outcome = at.trapped;
  try { outcome = run(block, tasks[base + at.slot]); } catch {}
  tasks[base + at.outcome] = outcome;
  tasks[base + at.finished] = i32[c + at.finishedGroups];
  tasks[base + at.instructions] = i32[c + at.counted];
  tasks[base + at.bytes] = i32[c + at.counted + 1];
}
function help(round) {
  const run = kernels.get(control[at.kernel]);
  const block = control[at.blocks + me];
  const count = control[at.count];
  if (run === undefined || block === 0) return;
  if (i32.buffer !== memory.buffer) i32 = new Int32Array(memory.buffer);
  for (;;) {
    const next = Atomics.load(control, at.next);
    if (next >>> 8 !== (round & 0xffffff) || (next & 255) >= count) return;
    if (Atomics.compareExchange(control, at.next, next, next + 1) !== next) continue;
    runTask(run, block, (next & 255) * at.words);
    if (Atomics.add(control, at.done, 1) + 1 === count) Atomics.notify(control, at.done);
  }
}
function serve() {
  for (let idle = 0; Atomics.load(control, at.letters) === letters;) {
    const round = Atomics.load(control, at.round);
    if (round !== last) {
      last = round;
      idle = 0;
      help(round);
    } else if (idle++ > at.patience) {
      Atomics.wait(control, at.round, round);
    }
  }
}
function receive(letter) {
  if (letter.begin !== undefined) {
    ({ at, me, letters } = letter.begin);
    control = new Int32Array(letter.begin.control);
    tasks = new Int32Array(letter.begin.tasks);
  } else {
    letters++;
    // Each message brings another object of the same memory: only its number says which it is.
    if (letter.memoryId !== memoryId) {
      kernels.clear();
      memoryId = letter.memoryId;
      memory = letter.memory;
      i32 = memory === null ? null : new Int32Array(memory.buffer);
    }
    if (memory !== null) kernels.set(letter.id, new WebAssembly.Instance(letter.module, { e: { memory, ...imports } }).exports.run);
  }
  serve();
}
if (node === null) self.onmessage = (event) => receive(event.data);
else port.on("message", receive);
`;
