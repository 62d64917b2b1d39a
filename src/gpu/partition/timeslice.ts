/** Time slice settings of `nvidia-smi compute-policy --set-timeslice`. */
export type Timeslice = "default" | "short" | "medium" | "long";

/** Settings of `nvidia-smi compute-policy --set-timeslice` in their order: its values 0 to 3. */
export const timesliceNames: readonly Timeslice[] = ["default", "short", "medium", "long"];

/**
 * How long a context runs while another waits, by setting, as a multiple of the profile's default. MODEL: NVIDIA publishes the names and their order, not
 * the times.
 */
export const timesliceFactors: { readonly [K in Timeslice]: number } = { default: 1, short: 0.5, medium: 2, long: 8 };
