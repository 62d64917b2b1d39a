import { ambientProcess } from "./ambient.ts";

/**
 * A module-level API function: acts on the process given to `machine.use` (or on one of a default machine).
 * @param api which API of the process
 * @param name the function's name there
 */
export function ambientCall<F>(api: "cuda" | "cudart" | "opencl" | "nvml", name: string): F {
  const call = (...args: unknown[]): unknown => {
    const functions = ambientProcess()[api] as unknown as Record<string, (...args: unknown[]) => unknown>;
    return functions[name]!(...args);
  };
  return call as F;
}
