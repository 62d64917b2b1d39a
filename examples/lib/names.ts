import * as cuda from "glassgpu/cuda";
import * as opencl from "glassgpu/opencl";

/** Names of result codes; the shorter ones come first where several have one number. */
const nameOf = (constants: object, pattern: RegExp): ReadonlyMap<number, string> => {
  const found = new Map<number, string>();
  for (const [name, value] of Object.entries(constants)) if (pattern.test(name) && typeof value === "number" && !found.has(value)) found.set(value, name);
  return found;
};

const cudaCodes = nameOf(cuda, /^CUDA_(SUCCESS|ERROR_)/);
const clCodes = nameOf(opencl, /^CL_(SUCCESS|INVALID_|OUT_OF_|MEM_OBJECT_|MEM_COPY_|DEVICE_NOT|COMPILER_|BUILD_PROGRAM|EXEC_)/);

/** "CUDA_ERROR_INVALID_CONTEXT". */
export function cudaCode(code: number): string {
  return cudaCodes.get(code) ?? String(code);
}

/** "CL_INVALID_VALUE". */
export function clCode(code: number): string {
  return clCodes.get(code) ?? String(code);
}
