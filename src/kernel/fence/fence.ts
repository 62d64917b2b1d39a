import { Errno, invariant } from "../errors.ts";
import { touch } from "../footprint.ts";
import { mutant } from "../mutants.ts";
import { WaitQueue, type Blocking } from "../process/wait.ts";

/** What fences need of the machine. */
export interface FencePorts {
  readonly clock: { readonly now: number };
  readonly trace: { readonly enabled: boolean; emit(name: string, fields: Readonly<Record<string, string | number>>): void };
}

/** For a planted fault: something that outlives a machine. */
let outliving = 0;

/** Hands out fence context numbers, which are never used twice, and counts live fences. */
export class FenceRegistry {
  readonly ports: FencePorts;
  /** Fences with references. */
  live = 0;
  private nextContext = 1;
  private signaledStub: DmaFence | null = null;

  constructor(ports: FencePorts) {
    this.ports = ports;
  }

  /**
   * A new context: the fences on it are ordered by seqno. `driver` and `name` are for traces.
   *
   * @param ordered whether the fences also signal in the order of their seqnos, as those of a ring do
   */
  context(driver: string, name: string, ordered: boolean = true): FenceContext {
    if (mutant("fence-contexts-outlive-machine")) return new FenceContext(this, ++outliving, driver, name, ordered);
    const id = mutant("fence-context-reused") && this.nextContext > 3 ? 3 : this.nextContext++;
    return new FenceContext(this, id, driver, name, ordered);
  }

  /** A fence that has signaled well, one for all who need one (dma_fence_get_stub). It is nobody's: neither counted nor put. */
  get stub(): DmaFence {
    if (this.signaledStub === null) {
      this.signaledStub = this.context("stub", "stub").emit();
      this.signaledStub.signal();
      this.live--;
    }
    return this.signaledStub;
  }
}

/** An ordered line of fences: one ring, one half of a scheduler entity, one syncobj. */
export class FenceContext {
  readonly registry: FenceRegistry;
  readonly id: number;
  readonly driver: string;
  readonly name: string;
  /** Whether a later fence stands for the earlier ones too. */
  readonly ordered: boolean;
  private last = 0;

  constructor(registry: FenceRegistry, id: number, driver: string, name: string, ordered: boolean) {
    this.registry = registry;
    this.id = id;
    this.driver = driver;
    this.name = name;
    this.ordered = ordered;
  }

  /** The next fence of this context, unsignaled; the caller holds one reference. @param seqno defaults to the one after the last */
  emit(seqno: number = this.last + 1, ops: FenceOps | null = null): DmaFence {
    invariant(seqno > this.last || mutant("fence-seqno-repeats"), "fence seqnos of a context grow");
    this.last = seqno;
    return new DmaFence(this, mutant("fence-seqno-repeats") ? 1 : seqno, ops);
  }
}

/** Told once, when a fence signals. */
export interface FenceCallback {
  fenceSignaled(fence: DmaFence): void;
}

/** How a fence learns that somebody waits. */
export interface FenceOps {
  /** Called at most once, before the first callback or wait counts. False: it is over, signal now. */
  enableSignaling(fence: DmaFence): boolean;
  /** Whether it is over although nobody has said so yet (ops->signaled): asked by those who only look. */
  isOver?(fence: DmaFence): boolean;
  /** Somebody hopes that it signals by then, virtual ns (dma_fence_set_deadline). A hint. */
  deadline?(fence: DmaFence, time: number): void;
}

/** A fence that stands for others: arrays and chains. */
export interface FenceContainer {
  /** The fences that it is made of, containers among them, in order. */
  parts(): Iterable<DmaFence>;
}

/**
 * A promise of the kernel that something ends (struct dma_fence): unsignaled, then signaled for good, with or without an error. Callbacks run once, in
 * the order they were added, at the moment of signaling; sleepers are woken after them.
 */
export class DmaFence {
  readonly context: FenceContext;
  readonly seqno: number;
  signaled = false;
  /** 0, or a negative errno; final once signaled. */
  error = 0;
  /** Virtual ns of signaling; -1 before. */
  timestamp = -1;
  /** Nobody but a program will ever signal it: a point of a timeline that the host has yet to reach. */
  readonly indefinite: boolean;
  /** What it stands for, when it is an array's or a chain's. */
  container: FenceContainer | null = null;
  /** The scheduler's job that it is a promise of, while that job is not freed (to_drm_sched_fence). */
  job: object | null = null;
  /** Earliest time by which somebody hopes for it, virtual ns; Infinity when nobody does. */
  wantedBy: number = Infinity;
  private callbacks: FenceCallback | FenceCallback[] | null = null;
  private sleepers: WaitQueue | null = null;
  private references = 1;
  private readonly ops: FenceOps | null;
  private enabled = false;

  constructor(context: FenceContext, seqno: number, ops: FenceOps | null, indefinite: boolean = false) {
    this.context = context;
    this.seqno = seqno;
    this.ops = ops;
    this.indefinite = indefinite;
    context.registry.live++;
    if (context.registry.ports.trace.enabled) this.emitTrace("dma_fence:dma_fence_init");
  }

  /** 0 pending, 1 signaled well, negative errno signaled badly (dma_fence_get_status). */
  get status(): number {
    if (!this.signaled) return mutant("fence-status-early") ? this.error : 0;
    return this.error || 1;
  }

  get(): this {
    this.references++;
    return this;
  }

  put(): void {
    this.references--;
    invariant(this.references >= 0, "a fence is put as often as got");
    if (this.references > 0) return;
    this.context.registry.live--;
    if (this.context.registry.ports.trace.enabled) this.emitTrace("dma_fence:dma_fence_destroy");
  }

  /** Sets how it will end. Only before it signals. */
  setError(error: number): void {
    invariant(!this.signaled, "a fence's error is set before it signals");
    invariant(error >= -4095 && error <= -1, `fence error ${error} is a negative errno`);
    this.error = error;
  }

  /**
   * Signals. The first call counts: returns 0; later ones -EINVAL, and change nothing.
   *
   * @param timestamp virtual ns at which what it promises was over; default now (dma_fence_signal_timestamp)
   */
  signal(timestamp: number = this.context.registry.ports.clock.now): number {
    if (this.signaled && !mutant("fence-signals-twice")) return -Errno.EINVAL;
    touch(this);
    this.signaled = true;
    const ports = this.context.registry.ports;
    this.timestamp = timestamp;
    if (ports.trace.enabled) this.emitTrace("dma_fence:dma_fence_signaled");
    const callbacks = this.callbacks;
    if (!mutant("fence-keeps-callbacks")) this.callbacks = null;
    if (callbacks !== null) {
      if (!Array.isArray(callbacks)) callbacks.fenceSignaled(this);
      else if (mutant("fence-callbacks-reversed")) for (const callback of callbacks.toReversed()) callback.fenceSignaled(this);
      else for (const callback of callbacks) callback.fenceSignaled(this);
    }
    this.sleepers?.wakeAll();
    return 0;
  }

  /** Whether it has signaled, after asking who knows (dma_fence_is_signaled). */
  check(): boolean {
    if (!this.signaled && this.ops?.isOver?.(this) === true) this.signal();
    return this.signaled;
  }

  /** Tells who signals it that somebody hopes for it by `time`, virtual ns. Of several hopes the earliest counts. */
  setDeadline(time: number): void {
    if (this.signaled || time >= this.wantedBy) return;
    this.wantedBy = time;
    if (this.container !== null) for (const part of this.container.parts()) part.setDeadline(time);
    this.ops?.deadline?.(this, time);
  }

  /** Asks to be told. 0, or -ENOENT when it has signaled already: then the callback is not called. */
  addCallback(callback: FenceCallback): number {
    touch(this);
    if (!this.signaled) this.enable();
    if (this.signaled) {
      if (mutant("fence-late-callback-called")) callback.fenceSignaled(this);
      return -Errno.ENOENT;
    }
    if (this.callbacks === null) this.callbacks = callback;
    else if (Array.isArray(this.callbacks)) this.callbacks.push(callback);
    else this.callbacks = [this.callbacks, callback];
    return 0;
  }

  /** Takes a callback back. True when it was still waiting: then it will not be called. */
  removeCallback(callback: FenceCallback): boolean {
    if (this.callbacks === callback) {
      this.callbacks = null;
      return true;
    }
    if (!Array.isArray(this.callbacks)) return false;
    const at = this.callbacks.indexOf(callback);
    if (at < 0) return false;
    this.callbacks.splice(at, 1);
    return true;
  }

  /**
   * Waits for the fence. 0, -ETIME past `deadline` (absolute virtual ns, null for none), -ERESTARTSYS when a signal ends the wait.
   * @param what for messages
   */
  *wait(deadline: number | null, what: string, interruptible: boolean = true): Blocking<number> {
    const { clock, trace } = this.context.registry.ports;
    touch(this);
    if (!this.signaled) this.enable();
    if (this.signaled) return 0;
    if (trace.enabled) this.emitTrace("dma_fence:dma_fence_wait_start");
    const result = yield* this.sleep(clock, deadline, what, interruptible);
    if (trace.enabled) this.emitTrace("dma_fence:dma_fence_wait_end");
    return result;
  }

  /**
   * dma_fence_wait_timeout: waits at most `timeout` ns.
   *
   * @param interruptible -ERESTARTSYS when a signal for the thread ends the wait
   * @returns ns left (at least 1), 0 when the time is over, -EINVAL for a negative timeout
   */
  *waitTimeout(timeout: number, interruptible: boolean, what: string): Blocking<number> {
    if (!(timeout >= 0)) return -Errno.EINVAL;
    const { clock } = this.context.registry.ports;
    if (timeout === 0) {
      if (!this.check()) this.enable();
      return this.signaled ? 1 : 0;
    }
    const deadline = clock.now + timeout;
    const result = yield* this.wait(timeout === Infinity ? null : deadline, what, interruptible);
    if (result === 0) return timeout === Infinity ? Number.MAX_SAFE_INTEGER : Math.max(1, deadline - clock.now);
    return result === -Errno.ETIME ? 0 : result;
  }

  private *sleep(clock: { readonly now: number }, deadline: number | null, what: string, interruptible: boolean): Blocking<number> {
    while (!this.signaled) {
      if (deadline !== null && clock.now >= deadline) return -Errno.ETIME;
      const reason = yield { queue: (this.sleepers ??= new WaitQueue()), deadline, what, interruptible, fences: () => [this] };
      if (reason === "interrupted") return -Errno.ERESTARTSYS;
      if (reason === "timeout" && !this.signaled) return -Errno.ETIME;
    }
    return 0;
  }

  /** The hardware has taken up what will signal it. */
  traceEmit(): void {
    this.emitTrace("dma_fence:dma_fence_emit");
  }

  toString(): string {
    return `${this.context.name} ${this.context.id}:${this.seqno}`;
  }

  /** Asks whoever signals it to do so (dma_fence_enable_sw_signaling): as a first callback or wait does. */
  enable(): void {
    const ops = this.ops;
    if (ops === null || (this.enabled && !mutant("fence-enables-again"))) return;
    this.enabled = true;
    if (this.context.registry.ports.trace.enabled) this.emitTrace("dma_fence:dma_fence_enable_signal");
    if (!ops.enableSignaling(this)) this.signal();
  }

  private emitTrace(name: string): void {
    const { registry, driver, name: timeline, id } = this.context;
    registry.ports.trace.emit(name, { driver, timeline, context: id, seqno: this.seqno });
  }
}

/** True when `a` comes after `b`. They must be of one context. */
export function fenceIsLater(a: DmaFence, b: DmaFence): boolean {
  invariant(a.context === b.context, "only fences of one context are compared");
  return a.seqno > b.seqno;
}
