import { Errno, invariant } from "../errors.ts";
import { WaitQueue, type Blocking } from "../process/wait.ts";

/** What fences need of the machine. */
export interface FencePorts {
  readonly clock: { readonly now: number };
  readonly trace: { readonly enabled: boolean; emit(name: string, fields: Readonly<Record<string, string | number>>): void };
}

/** Hands out fence context numbers, which are never used twice, and counts live fences. */
export class FenceRegistry {
  readonly ports: FencePorts;
  /** Fences with references. */
  live = 0;
  private nextContext = 1;

  constructor(ports: FencePorts) {
    this.ports = ports;
  }

  /** A new context: the fences on it are ordered by seqno. `driver` and `name` are for traces. */
  context(driver: string, name: string): FenceContext {
    return new FenceContext(this, this.nextContext++, driver, name);
  }
}

/** An ordered line of fences: one ring, one half of a scheduler entity, one syncobj. */
export class FenceContext {
  readonly registry: FenceRegistry;
  readonly id: number;
  readonly driver: string;
  readonly name: string;
  private last = 0;

  constructor(registry: FenceRegistry, id: number, driver: string, name: string) {
    this.registry = registry;
    this.id = id;
    this.driver = driver;
    this.name = name;
  }

  /** The next fence of this context, unsignaled; the caller holds one reference. @param seqno defaults to the one after the last */
  emit(seqno: number = this.last + 1): DmaFence {
    invariant(seqno > this.last, "fence seqnos of a context grow");
    this.last = seqno;
    return new DmaFence(this, seqno, null);
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
  private callbacks: FenceCallback | FenceCallback[] | null = null;
  private sleepers: WaitQueue | null = null;
  private references = 1;
  private ops: FenceOps | null;

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
    return this.signaled ? this.error || 1 : 0;
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

  /** Signals. The first call counts: returns 0; later ones -EINVAL, and change nothing. */
  signal(): number {
    if (this.signaled) return -Errno.EINVAL;
    this.signaled = true;
    const ports = this.context.registry.ports;
    this.timestamp = ports.clock.now;
    if (ports.trace.enabled) this.emitTrace("dma_fence:dma_fence_signaled");
    const callbacks = this.callbacks;
    this.callbacks = null;
    if (callbacks !== null) {
      if (Array.isArray(callbacks)) for (const callback of callbacks) callback.fenceSignaled(this);
      else callbacks.fenceSignaled(this);
    }
    this.sleepers?.wakeAll();
    return 0;
  }

  /** Asks to be told. 0, or -ENOENT when it has signaled already: then the callback is not called. */
  addCallback(callback: FenceCallback): number {
    if (!this.signaled) this.enable();
    if (this.signaled) return -Errno.ENOENT;
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
   * Waits for the fence. 0, -ETIME past `deadline` (absolute virtual ns, null for none), -EINTR when the thread is killed.
   * @param what for messages
   */
  *wait(deadline: number | null, what: string): Blocking<number> {
    const { clock, trace } = this.context.registry.ports;
    if (!this.signaled) this.enable();
    if (this.signaled) return 0;
    if (trace.enabled) this.emitTrace("dma_fence:dma_fence_wait_start");
    const result = yield* this.sleep(clock, deadline, what);
    if (trace.enabled) this.emitTrace("dma_fence:dma_fence_wait_end");
    return result;
  }

  private *sleep(clock: { readonly now: number }, deadline: number | null, what: string): Blocking<number> {
    while (!this.signaled) {
      if (deadline !== null && clock.now >= deadline) return -Errno.ETIME;
      const reason = yield { queue: (this.sleepers ??= new WaitQueue()), deadline, what };
      if (reason === "killed") return -Errno.EINTR;
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

  private enable(): void {
    const ops = this.ops;
    if (ops === null) return;
    this.ops = null;
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
