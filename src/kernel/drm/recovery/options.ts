/** Whether a reset works: always, never, or as the machine's choice point decides each time. */
export type ResetOutcome = "works" | "fails" | "choice";

/** What happens when a GPU hangs, or is reset by hand. Everything is optional. */
export interface RecoveryOptions {
  /** Whether resetting the one engine that hangs works. When it fails the whole adapter is reset. Default "works". */
  readonly engineReset?: ResetOutcome;
  /** Whether resetting the adapter works. When it fails the device is wedged: lost until the machine is made anew. Default "works". */
  readonly adapterReset?: ResetOutcome;
  /** Whether the GPU's own memory survives a reset of the adapter. System memory always does. Default "kept". */
  readonly vram?: "kept" | "lost";
  /** The hang of a context that bans it; those before cost only the job. Default 1: the first. */
  readonly banAfter?: number;
  /** Adapter resets after which the next one wedges the device instead. Default: never. */
  readonly maxAdapterResets?: number;
}
