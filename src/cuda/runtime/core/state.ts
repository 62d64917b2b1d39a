import { stateKey, type StateKey } from "../../../api/caller.ts";
import type { cudaError_t } from "../../abi/runtime/enums.ts";
import type { RegisteredModule } from "./registry.ts";

/** The runtime's state in one process. */
export class RuntimeState {
  /** Modules registered as an executable's fat binaries are. */
  readonly modules: RegisteredModule[] = [];
  /** Ordinals of devices whose primary context the runtime has retained. */
  readonly retained: Set<number> = new Set();
  /** Flags for devices not used yet (cudaSetDeviceFlags), by ordinal. */
  readonly flags: Map<number, number> = new Map();
  /** Devices to try when a thread has chosen none (cudaSetValidDevices). */
  validDevices: readonly number[] = [];
}

/** The runtime's state in one host thread. */
export class RuntimeThread {
  /** Ordinal chosen by cudaSetDevice; null: none yet. */
  device: number | null = null;
  lastError: cudaError_t = 0;
}

/** Where a process keeps the runtime's state, and a thread its own. */
export const runtimeKey: StateKey<RuntimeState> = stateKey<RuntimeState>("cuda runtime", () => new RuntimeState());
export const runtimeThreadKey: StateKey<RuntimeThread> = stateKey<RuntimeThread>("cuda runtime thread", () => new RuntimeThread());
