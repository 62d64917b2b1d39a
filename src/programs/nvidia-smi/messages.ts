/** Exit codes of nvidia-smi (its manual page, "RETURN VALUE"). */
export const Exit = { ok: 0, badArgument: 2, notSupported: 3, noPermission: 4, notFound: 6, noDriver: 9, notImplemented: 13, lost: 15, failed: 255 } as const;

/** The driver does not answer. */
export const NO_DRIVER = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA driver is installed and running.\n\n";
/** None, or none of those that were asked for. */
export const NO_DEVICES = "No devices were found\n";
/** Options that do not go together. */
export const BAD_COMBINATION = "Invalid combination of input arguments. Please run 'nvidia-smi -h' for help.\n\n";
