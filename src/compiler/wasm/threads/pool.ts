import type { DeviceThreads, ThreadedCode } from "../../abi.ts";
import { EmulatorBug } from "../../../kernel/errors.ts";
import { launch } from "../lower/layout.ts";
import { hasThreads, startThread, type HostThread } from "./host.ts";
import { threadSource } from "./source.ts";
import { MAX_TASKS, MAX_THREADS, task, TASK_WORDS, TRAPPED } from "./task.ts";

/** Words that the threads share. `round` changes when there are tasks, `next` is the round (24 bits) and the first task that nobody has taken (8 bits). */
const control = { round: 0, next: 1, count: 2, done: 3, kernel: 4, letters: 5, blocks: 8 } as const;
const CONTROL_WORDS = control.blocks + MAX_THREADS;

/** Looks at the shared words before a thread goes to sleep: some fifty microseconds, about what waking it costs. */
const PATIENCE = 8000;

/** Offsets that the threads' program is told. */
const offsets = {
  ...control, ...task, words: TASK_WORDS, trapped: TRAPPED, patience: PATIENCE,
  callLimit: launch.callLimit >> 2, groupCount: launch.groupCount >> 2, finishedGroups: launch.finished >> 2, counted: launch.counted >> 2,
} as const;

/** One set of threads for the process: machines use it in turn. */
class Pool {
  readonly tasks: Int32Array;
  private readonly words = new Int32Array(new SharedArrayBuffer(4 * CONTROL_WORDS));
  private readonly threads: HostThread[] = [];
  /** What the threads have compiled code for. */
  private memory: WebAssembly.Memory | null = null;
  /** Its number for the threads, to which every message brings it as another object. */
  private memoryId = 0;
  private readonly ids = new Map<WebAssembly.Module, number>();
  private nextId = 1;
  /** Whether this thread may sleep; the main thread of a browser may not. */
  private maySleep = true;

  constructor() {
    this.tasks = new Int32Array(new SharedArrayBuffer(4 * TASK_WORDS * MAX_TASKS));
  }

  /** Sees to it that there are so many threads, if they can be had. */
  private staff(helpers: number): void {
    while (this.threads.length < helpers) {
      const thread = startThread(threadSource);
      if (thread === null) return;
      thread.post({ begin: { at: offsets, me: this.threads.length, letters: Atomics.load(this.words, control.letters), control: this.words.buffer, tasks: this.tasks.buffer } });
      // What the others were sent it must know as well; they learn it again.
      this.forget();
      this.threads.push(thread);
    }
  }

  private forget(): void {
    this.memory = null;
    this.memoryId++;
    this.ids.clear();
  }

  /** The kernel's number. Threads that have not got it yet leave the tasks to others. */
  private idOf(code: ThreadedCode): number {
    if (this.memory !== code.linear.memory) {
      this.forget();
      this.memory = code.linear.memory;
    }
    let id = this.ids.get(code.module);
    if (id === undefined) {
      id = this.nextId++;
      this.ids.set(code.module, id);
      this.send({ id, module: code.module, memory: this.memory });
    }
    return id;
  }

  private send(letter: { readonly memory: WebAssembly.Memory | null; readonly id?: number; readonly module?: WebAssembly.Module }): void {
    for (const thread of this.threads) thread.post({ ...letter, memoryId: this.memoryId });
    Atomics.add(this.words, control.letters, 1);
  }

  /** Nothing is kept for this memory any more. */
  release(memory: WebAssembly.Memory): void {
    if (this.memory !== memory) return;
    this.forget();
    this.send({ memory: null });
    this.wake(0);
  }

  private wake(round: number): void {
    if (round !== 0) Atomics.store(this.words, control.round, round);
    else Atomics.add(this.words, control.round, 1);
    Atomics.notify(this.words, control.round);
  }

  run(code: ThreadedCode, count: number, helpers: number): void {
    const { words, tasks } = this;
    if (count > MAX_TASKS) throw new EmulatorBug(`${count} tasks at a time`);
    this.staff(helpers);
    // A thread that is late looks at the last round's words still: there must be nothing left to take before they change.
    Atomics.or(words, control.next, 255);
    words[control.kernel] = this.idOf(code);
    words[control.count] = count;
    for (let i = 0; i < MAX_THREADS; i++) words[control.blocks + i] = i < helpers ? code.blocks[i]! : 0;
    Atomics.store(words, control.done, 0);
    const round = (Atomics.load(words, control.round) + 1) | 0 || 1;
    Atomics.store(words, control.next, (round & 0xffffff) << 8);
    this.wake(round);
    for (;;) {
      const next = Atomics.load(words, control.next);
      if ((next & 255) >= count) break;
      if (Atomics.compareExchange(words, control.next, next, next + 1) !== next) continue;
      try {
        code.task(next & 255);
      } catch (error) {
        // Nobody takes another task, and nobody may be at work when this comes out.
        const taken = Atomics.exchange(words, control.next, ((round & 0xffffff) << 8) | count) & 255;
        this.others(taken - 1);
        throw error;
      }
      Atomics.add(words, control.done, 1);
    }
    this.others(count);
    for (let i = 0; i < count; i++) if (tasks[i * TASK_WORDS + task.outcome] === TRAPPED) throw new EmulatorBug("device code trapped on another thread");
  }

  /** Waits until so many tasks are done. */
  private others(count: number): void {
    for (let looks = 0; ; looks++) {
      const done = Atomics.load(this.words, control.done);
      if (done >= count) return;
      if (looks < PATIENCE || !this.maySleep) continue;
      try {
        Atomics.wait(this.words, control.done, done, 1);
      } catch {
        this.maySleep = false;
      }
    }
  }
}

let pool: Pool | null = null;

/** What is kept of threads for one machine. */
export interface MachineThreads extends DeviceThreads {
  /** The machine is over: its memory is held no longer. */
  release(memory: WebAssembly.Memory): void;
}

/**
 * Threads for a machine. They are started at the first launch that is large enough, and stay for the life of the process, which they do not keep alive.
 * @param workers threads that run device code, the caller's included: 1 to `MAX_THREADS`
 * @returns null when that is one, or when memory cannot be shared with threads here
 */
export function deviceThreads(workers: number): MachineThreads | null {
  if (!Number.isInteger(workers) || workers < 1 || workers > MAX_THREADS) throw new RangeError(`workers: 1 to ${MAX_THREADS}, not ${workers}`);
  if (workers === 1 || !hasThreads()) return null;
  const shared = (pool ??= new Pool());
  return { helpers: workers - 1, tasks: shared.tasks, run: (code, count) => shared.run(code, count, workers - 1), release: (memory) => shared.release(memory) };
}
