import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { In } from "../abi/common.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import type { cudaEvent_t, cudaIpcEventHandle_t, cudaIpcMemHandle_t } from "../abi/runtime/types.ts";
import { fail } from "../driver/core/fail.ts";
import * as cu from "../driver/ipc.ts";
import { inContext, inContextBlocking } from "./core/call.ts";

/** Device Management: memory and events shared between processes. */

/** A handle for memory of cudaMalloc, to be opened in another process. @param handle gets it @returns cudaErrorInvalidValue: handle NULL, not the beginning of such memory. */
export function cudaIpcGetMemHandle(t: Caller, handle: Out<cudaIpcMemHandle_t> | null, devPtr: number | null): cudaError_t {
  return inContext(t, () => (devPtr === null ? fail(t, rt.cudaErrorInvalidValue, "devPtr must not be NULL") : cu.cuIpcGetMemHandle(t, handle, devPtr)));
}

/**
 * Maps another process's memory.
 * @param devPtr gets the address
 * @param flags must be cudaIpcMemLazyEnablePeerAccess
 * @returns cudaErrorInvalidValue: devPtr NULL, other flags, no handle. cudaErrorDeviceUninitialized: made by this process. cudaErrorInvalidResourceHandle: the memory is gone.
 */
export function cudaIpcOpenMemHandle(t: Caller, devPtr: Out<number> | null, handle: In<cudaIpcMemHandle_t>, flags: number): cudaError_t {
  return inContext(t, () => cu.cuIpcOpenMemHandle_v2(t, devPtr, handle, flags));
}

/** Gives an opened handle back. Blocks until work that may use it has ended. @returns cudaErrorInvalidValue: not from cudaIpcOpenMemHandle. */
export function* cudaIpcCloseMemHandle(t: Caller, devPtr: number | null): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, () => cu.cuIpcCloseMemHandle(t, devPtr ?? 0));
}

/** A handle for an event made with cudaEventInterprocess, to be opened in another process. @param handle gets it @returns cudaErrorInvalidValue: handle NULL, another event. cudaErrorInvalidResourceHandle: not an event. */
export function cudaIpcGetEventHandle(t: Caller, handle: Out<cudaIpcEventHandle_t> | null, event: cudaEvent_t | null): cudaError_t {
  return inContext(t, () => cu.cuIpcGetEventHandle(t, handle, event));
}

/**
 * Another process's event.
 * @param event gets it; cudaEventDestroy gives it back
 * @returns cudaErrorInvalidValue: event NULL, no handle of an event. cudaErrorDeviceUninitialized: made by this process. cudaErrorInvalidResourceHandle: the event is gone.
 */
export function cudaIpcOpenEventHandle(t: Caller, event: Out<cudaEvent_t> | null, handle: In<cudaIpcEventHandle_t>): cudaError_t {
  return inContext(t, () => cu.cuIpcOpenEventHandle(t, event, handle));
}
