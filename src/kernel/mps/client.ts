import { Capacity } from "../../gpu/capacity.ts";
import type { ComputeEngine } from "../../gpu/compute-engine.ts";
import type { SmCap } from "../../gpu/resident.ts";
import type { Process } from "../process/process.ts";
import type { DrmFile } from "../drm/file.ts";
import type { MpsServer } from "./server.ts";
import { endWork } from "./share.ts";

/** What a program asks for when it becomes a client, after the daemon's settings have had their say. */
export interface ClientTerms {
  /** Of each GPU's multiprocessors, above 0 to 100. */
  readonly percentage: number;
  /** Bytes of device memory by GPU number; a GPU that is not named is not limited. */
  readonly pinned: ReadonlyMap<number, number>;
  /** Hardware connections on each GPU. */
  readonly connections: number;
  /** 0 normal, 1 below normal. */
  readonly priority: number;
}

/** A program that has connected to a server. */
export class MpsClient {
  readonly server: MpsServer;
  readonly process: Process;
  readonly percentage: number;
  readonly connections: number;
  readonly priority: number;
  /** Its open files of GPUs. */
  readonly files: Set<DrmFile> = new Set();
  terminated = false;
  private readonly pinned: ReadonlyMap<number, number>;
  private readonly quotas = new Map<number, Capacity>();
  private readonly caps = new Map<ComputeEngine, SmCap>();

  constructor(server: MpsServer, process: Process, terms: ClientTerms) {
    this.server = server;
    this.process = process;
    this.percentage = terms.percentage;
    this.connections = terms.connections;
    this.priority = terms.priority;
    this.pinned = terms.pinned;
  }

  /** Its account of device memory on a GPU, one for all of its files; null: no limit. */
  quota(gpu: number): Capacity | null {
    const limit = this.pinned.get(gpu);
    if (limit === undefined) return null;
    let quota = this.quotas.get(gpu);
    if (quota === undefined) this.quotas.set(gpu, (quota = new Capacity(limit)));
    return quota;
  }

  /** Its ceiling on an engine, one for all of its files; null: none. A share of a multiprocessor is rounded down, but one it always has. */
  cap(engine: ComputeEngine): SmCap | null {
    if (this.percentage >= 100) return null;
    let cap = this.caps.get(engine);
    if (cap === undefined) this.caps.set(engine, (cap = { multiprocessors: Math.max(1, Math.floor((engine.multiprocessors * this.percentage) / 100)), units: 0, spread: 0 }));
    return cap;
  }

  /** Ends its work for good; it learns why at its next call. */
  end(reason: "mps-terminated" | "mps-server-lost"): void {
    for (const file of this.files) endWork(file, (context) => context.banBecause(reason, null));
  }
}
