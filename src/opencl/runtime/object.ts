import type { Caller } from "../../api/caller.ts";
import type { HandleTable } from "../../api/handles.ts";
import { invariant } from "../../kernel/errors.ts";

/**
 * An API object. It is valid (its handle works) while the program holds references or other objects stand on it; it is disposed of when besides no
 * command uses it any more. Its parent is kept by it.
 */
export abstract class ClObject {
  handle = 0;
  /** References the program holds. */
  refs = 1;
  /** Objects that stand on this one: a context's queues, a buffer's sub-buffers, a program's kernels. */
  children = 0;
  /** Unfinished commands that use it. */
  uses = 0;
  private table: HandleTable<ClObject> | null = null;
  private disposed = false;

  protected constructor(parent: ClObject | null) {
    if (parent !== null) parent.children++;
  }

  /** The object this one stands on. */
  protected abstract get parent(): ClObject | null;

  /** Gives back what the object holds. Runs once, callbacks first. */
  protected abstract dispose(t: Caller): void;

  /** Makes a handle for it. */
  list<T extends ClObject>(this: T & ClObject, table: HandleTable<T>): number {
    this.table = table as unknown as HandleTable<ClObject>;
    this.handle = table.add(this);
    return this.handle;
  }

  /** Whether the handle works. */
  get listed(): boolean {
    return this.table !== null;
  }

  /** Drops one of the program's references. */
  release(t: Caller): void {
    invariant(this.refs > 0, "release of an object without references");
    this.refs--;
    this.settleLife(t);
  }

  /** A child is gone. */
  dropChild(t: Caller): void {
    this.children--;
    this.settleLife(t);
  }

  /** A command that used it has ended. */
  unuse(t: Caller): void {
    this.uses--;
    if (this.refs === 0) this.settleLife(t);
  }

  private settleLife(t: Caller): void {
    if (this.refs > 0 || this.children > 0) return;
    if (this.table !== null) {
      this.table.remove(this.handle);
      this.table = null;
    }
    if (this.uses > 0 || this.disposed) return;
    this.disposed = true;
    this.dispose(t);
    this.parent?.dropChild(t);
  }
}
