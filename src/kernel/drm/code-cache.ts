import type { DeviceCode, LoadedCode } from "../../compiler/abi.ts";
import type { LinearStore } from "../../gpu/linear.ts";

/** Programs that one open file keeps loaded. */
const MAX_LOADED = 256;

/**
 * Device code that an open file has loaded. It is not shared between files, though the code may be: loaded code keeps scratch memory
 * from launch to launch, and what one program left there is no other's business.
 */
export class CodeCache {
  private readonly store: LinearStore;
  private readonly owner: { readonly pid: number; readonly name: string };
  /** Least recently used first. */
  private readonly loaded = new Map<DeviceCode, LoadedCode>();

  /** @param owner whose code it is */
  constructor(store: LinearStore, owner: { readonly pid: number; readonly name: string }) {
    this.store = store;
    this.owner = owner;
  }

  load(code: DeviceCode): LoadedCode {
    const known = this.loaded.get(code);
    if (known !== undefined) {
      this.loaded.delete(code);
      this.loaded.set(code, known);
      return known;
    }
    if (this.loaded.size === MAX_LOADED) {
      const [oldest, loaded] = this.loaded.entries().next().value!;
      this.loaded.delete(oldest);
      loaded.trim?.();
    }
    const fresh = code.load(this.store.watcher?.envFor(this.owner.pid, this.owner.name) ?? this.store);
    this.loaded.set(code, fresh);
    return fresh;
  }

  /** Gives back what loaded code keeps. Nothing of it runs any more. */
  clear(): void {
    for (const loaded of this.loaded.values()) loaded.trim?.();
    this.loaded.clear();
  }
}
