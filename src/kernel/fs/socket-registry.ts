import type { OpenFile } from "./file.ts";

/** An end of a socket pair, as the collector sees it. */
export interface InFlightHolder {
  readonly file: OpenFile;
  /** Files in messages that wait to be received here. */
  inFlight(): Iterable<OpenFile>;
  /** Throws all waiting messages away. */
  purge(): void;
}

/**
 * Unix sockets with files on their way. A socket that is only held by messages which nobody can ever receive is garbage, though its count is not zero
 * (net/unix/garbage.c): two ends, each sent through the other and closed.
 */
export class SocketRegistry {
  private readonly sockets = new Map<OpenFile, InFlightHolder>();

  get size(): number {
    return this.sockets.size;
  }

  add(socket: InFlightHolder): void {
    this.sockets.set(socket.file, socket);
  }

  remove(file: OpenFile): void {
    this.sockets.delete(file);
  }

  /** Frees sockets that only unreachable messages hold. Called after descriptors were closed; cheap when no file is on its way. */
  collect(): void {
    const flying = new Map<OpenFile, number>();
    for (const socket of this.sockets.values()) {
      for (const file of socket.inFlight()) flying.set(file, (flying.get(file) ?? 0) + 1);
    }
    if (flying.size === 0) return;
    const reachable = new Set<OpenFile>();
    const visit = (file: OpenFile): void => {
      if (reachable.has(file)) return;
      reachable.add(file);
      const socket = this.sockets.get(file);
      if (socket !== undefined) for (const next of socket.inFlight()) visit(next);
    };
    for (const file of this.sockets.keys()) if (file.count > (flying.get(file) ?? 0)) visit(file);
    for (const socket of [...this.sockets.values()]) if (!reachable.has(socket.file)) socket.purge();
  }
}
