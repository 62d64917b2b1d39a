import type { Caller } from "../../../api/caller.ts";
import type { Blocking } from "../../../kernel/process/wait.ts";
import type { CUhostFn, CUuserObject } from "../../abi/driver/types.ts";
import type { GraphState } from "./graph.ts";
import { driverKey } from "./state.ts";

/**
 * Something of the program whose life graphs share: counted references, and a function that is called when the last one is gone. The function runs on a thread of the
 * driver, since the last reference may go where no program waits.
 */
export class UserObject {
  handle: CUuserObject = 0;
  private readonly state: GraphState;
  private readonly ptr: unknown;
  private readonly destructor: CUhostFn;
  /** References of the program and of graphs. */
  count: number;

  constructor(state: GraphState, ptr: unknown, destructor: CUhostFn, count: number) {
    this.state = state;
    this.ptr = ptr;
    this.destructor = destructor;
    this.count = count;
    this.handle = state.userObjects.add(this) as CUuserObject;
  }

  retain(count: number): void {
    this.count += count;
  }

  /** Drops references; with the last one the destructor is called, soon and elsewhere. */
  release(t: Caller, count: number): void {
    this.count -= count;
    if (this.count > 0) return;
    this.state.userObjects.remove(this.handle);
    const { callbackThreads } = t.processState(driverKey);
    const { destructor, ptr } = this;
    t.sys.clone("cuda-user-objects", function* (sys): Blocking<void> {
      callbackThreads.add(sys.tid);
      try {
        const result = destructor(ptr) as unknown;
        if (typeof result === "object" && result !== null && "next" in result) yield* result as Blocking<void>;
      } finally {
        callbackThreads.delete(sys.tid);
      }
    });
  }
}
