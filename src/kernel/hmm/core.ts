import type { Kernel } from "../machine.ts";
import type { AddressSpace } from "../mm/address-space.ts";
import type { Residency } from "../mm/residency.ts";
import { AttributeMap } from "./attributes.ts";
import type { FaultBatches } from "./batch.ts";
import type { Svm } from "./svm.ts";
import { Thrashing } from "./thrashing.ts";

/** What the GPUs of a machine know together about one process's memory. */
export interface ProcessSvm {
  readonly attributes: AttributeMap;
  readonly thrashing: Thrashing;
}

/** What shared virtual memory keeps for the whole machine. */
export class SvmCore {
  /** GPU address spaces that mirror a process. */
  readonly mirrors: Set<Svm> = new Set();
  /** The fault service that works right now, and pays for what it causes. */
  payer: FaultBatches | null = null;
  private readonly kernel: Kernel;
  private readonly processes: WeakMap<AddressSpace, ProcessSvm> = new WeakMap();
  private readonly owners: WeakMap<Residency, ProcessSvm> = new WeakMap();

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** Made on first use; it goes with the process. */
  stateOf(mm: AddressSpace): ProcessSvm {
    let state = this.processes.get(mm);
    if (state === undefined) {
      const made: ProcessSvm = { attributes: new AttributeMap(), thrashing: new Thrashing() };
      this.processes.set(mm, (state = made));
      this.owners.set(mm.residency, made);
      mm.residency.onExposed = () => this.kernel.exposed.add(mm.residency);
      mm.notifiers.add((start, end) => {
        made.attributes.forget(start, end);
        made.thrashing.forget(start, end);
      });
    }
    return state;
  }

  /** A page has left a device. */
  moved(residency: Residency, page: number): void {
    this.owners.get(residency)?.thrashing.moved(page, this.kernel.clock.now);
  }

  /** A mirror of a process on the GPU of that number. */
  find(mm: AddressSpace, device: number): Svm | null {
    for (const svm of this.mirrors) if (svm.mm === mm && svm.device === device) return svm;
    return null;
  }
}
