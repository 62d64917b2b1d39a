/**
 * The CUDA user-mode driver as tables of functions `(t, ...C parameters)`, from which the calling styles are derived.
 */
export { CudaError } from "./errors.ts";
export { driver, type Driver } from "./driver/table.ts";
export { runtime, type Runtime } from "./runtime/table.ts";
