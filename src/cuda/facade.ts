import type { FacadeSpec, FunctionShape } from "../api/facades.ts";
import type { Signature } from "./abi/common.ts";
import { driverSignatures } from "./abi/driver/signatures.ts";
import { runtimeSignatures } from "./abi/runtime/signatures.ts";
import { explanation } from "./driver/core/fail.ts";
import { CudaError } from "./errors.ts";
import { currentNames } from "./versions.ts";

/**
 * Shape of a function for the tuple and throwing facades: its out-parameters, but those that are read too (they stay parameters, as boxes).
 */
function shapeOf(signature: Signature | undefined): FunctionShape | undefined {
  if (signature === undefined) return undefined;
  return { arity: signature.params.length, outs: signature.outs.filter((index) => !signature.inOuts.includes(index)) };
}

/** Functions of earlier versions that the 13.0 header does not declare. */
const older: Readonly<Record<string, FunctionShape>> = {
  cuCtxCreate_v2: { arity: 3, outs: [0] },
  cuCtxCreate_v3: { arity: 5, outs: [0] },
  cuMemPrefetchAsync_v1: { arity: 4, outs: [] },
  cuMemAdvise_v1: { arity: 4, outs: [] },
};

/** What the facades must know of the driver API. */
export const driverFacade: FacadeSpec = {
  shape: (name) => older[name] ?? shapeOf(driverSignatures[(currentNames[name] ?? name) as keyof typeof driverSignatures]),
  error: (name, code) => (code === 0 ? null : new CudaError(name, code, explanation(name, code))),
};

/** Functions of the runtime that return no code. */
const plain: ReadonlySet<string> = new Set(["cudaGetErrorName", "cudaGetErrorString", "cudaCreateChannelDesc", "cudaGetLastError", "cudaPeekAtLastError"]);

/** What the facades must know of the runtime API. */
export const runtimeFacade: FacadeSpec = {
  shape: (name) => (plain.has(name) ? undefined : shapeOf(runtimeSignatures[name as keyof typeof runtimeSignatures])),
  error: (name, code) => (code === 0 ? null : new CudaError(name, code, explanation(name, code))),
};
