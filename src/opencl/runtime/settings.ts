/** How this OpenCL behaves where the specification or the machine's owner may choose. */
export interface ClSettings {
  /** Version of platform and devices. 3.1 flips: a `__local` argument of size 0 is legal; clGetKernelSuggestedLocalWorkSize is core. */
  readonly version: "3.0" | "3.1";
  /**
   * What a command's failure does. `propagate`: commands that wait for it fail, everything else goes on, and a context that the kernel banned is
   * replaced. `poisonContext`: after a fault of a kernel every enqueue in that context fails with CL_OUT_OF_RESOURCES.
   */
  readonly onFault: "propagate" | "poisonContext";
  /** Hold commands back until something flushes their queue, as an implementation may; a wait that this makes endless is explained. */
  readonly strictFlush: boolean;
}

/** What holds when the program sets nothing. */
export const defaultSettings: ClSettings = { version: "3.0", onFault: "propagate", strictFlush: false };
