import type { ComputeEngine } from "../../gpu/compute-engine.ts";
import { Errno, invariant } from "../errors.ts";
import type { DrmFile } from "../drm/file.ts";
import { mutant } from "../mutants.ts";
import type { Process } from "../process/process.ts";
import { MpsClient, type ClientTerms } from "./client.ts";
import { MpsShare } from "./share.ts";

/** Clients of one server: 48 on Volta and later (NVIDIA MPS documentation, "Client-Server Connection Limits"), 60 with the newest. */
export const MAX_CLIENTS: number = 48;
export const MAX_CLIENTS_HOPPER: number = 60;
/** Hardware connections of all clients together. MODEL: the real number is not published. */
export const MAX_CONNECTIONS: number = 512;

/** What `get_server_status` says. */
export type ServerStatus = "ACTIVE" | "FAULT";

/** A server: the process that owns the contexts which the programs of one user share, one on each GPU. */
export class MpsServer {
  readonly process: Process;
  readonly uid: number;
  readonly clients: Set<MpsClient> = new Set();
  readonly shares: Map<ComputeEngine, MpsShare> = new Map();
  private readonly mostClients: number;

  constructor(process: Process, uid: number, mostClients: number) {
    this.process = process;
    this.uid = uid;
    this.mostClients = mostClients;
    process.atExit.push(() => this.died());
  }

  get status(): ServerStatus {
    for (const share of this.shares.values()) if (share.broken) return "FAULT";
    return "ACTIVE";
  }

  /** Takes a client. -EUSERS: too many; -ENOSPC: too many connections; -EPIPE: the server is gone. */
  accept(process: Process, terms: ClientTerms): MpsClient | number {
    if (this.process.exit !== null) return -Errno.EPIPE;
    if (this.clients.size >= this.mostClients && !mutant("mps-takes-too-many-clients")) return -Errno.EUSERS;
    let connections = terms.connections;
    for (const client of this.clients) connections += client.connections;
    if (connections > MAX_CONNECTIONS) return -Errno.ENOSPC;
    const client = new MpsClient(this, process, terms);
    this.clients.add(client);
    return client;
  }

  /** Lets a client's open file into the context of its GPU. -EAGAIN: that has faulted, and not all who were in it are gone. */
  attach(client: MpsClient, file: DrmFile): number {
    const { slice, device } = file;
    let share = this.shares.get(slice.engine);
    if (share?.broken === true && !mutant("mps-admits-during-fault")) return -Errno.EAGAIN;
    if (share === undefined) this.shares.set(slice.engine, (share = new MpsShare(slice.engine)));
    const cap = mutant("mps-percentage-ignored") ? null : client.cap(slice.engine);
    const profile = cap === null ? slice.profile : { ...slice.profile, multiprocessors: cap.multiprocessors };
    file.attach(device, { ...slice, profile, cap, urgencyShift: client.priority === 1 ? BELOW_NORMAL : 0, shared: share });
    file.quota = client.quota(device.index);
    share.files.set(file, client);
    client.files.add(file);
    const home = share;
    file.onRelease.push(() => {
      client.files.delete(file);
      home.files.delete(file);
      // The last one out: whoever comes next gets a fresh context.
      if (home.files.size === 0) this.shares.delete(home.engine);
    });
    return 0;
  }

  /** A client's connection is over. Its files may live on, and keep their places. */
  leave(client: MpsClient): void {
    this.clients.delete(client);
  }

  private died(): void {
    for (const client of this.clients) client.end("mps-server-lost");
    this.clients.clear();
  }

  checkInvariants(): void {
    invariant(this.clients.size <= this.mostClients, "a server has no more clients than it may");
    for (const share of this.shares.values()) {
      invariant(share.files.size > 0, "a shared context lives while somebody is in it");
      share.checkInvariants();
    }
  }
}

/** Every queue of a client of low priority comes after all of one of normal priority: CUDA's stream priorities span 6 levels. */
const BELOW_NORMAL = 8;
