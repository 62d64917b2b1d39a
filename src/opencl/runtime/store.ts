import type { Caller } from "../../api/caller.ts";
import { CL_MEM_ALLOC_HOST_PTR } from "../abi/constants.ts";
import type { ContextObject } from "./context-object.ts";
import type { Store } from "./mem-object.ts";
import { findSvm } from "./svm-allocation.ts";

/** Memory of ours for a buffer or image: on the device, or in the system when the host wants to reach it or several devices share it. @returns it, or a negative errno */
export function ownStore(t: Caller, context: ContextObject, flags: number, size: number): Store | number {
  const system = context.slots.length > 1 || (flags & CL_MEM_ALLOC_HOST_PTR) !== 0;
  const piece = context.memory.take(t, size, system ? "system" : "vram");
  return typeof piece === "number" ? piece : { address: piece.address, piece, pinned: 0, svm: null, cpu: system };
}

/** The program's own memory, or an SVM allocation. @returns it, or a negative errno */
export function hostStore(t: Caller, context: ContextObject, address: number, size: number): Store | number {
  const svm = findSvm(context.svm, address);
  if (svm !== undefined) return { address, piece: null, pinned: 0, svm, cpu: true };
  const errno = context.memory.pin(t, address, size);
  return errno < 0 ? errno : { address, piece: null, pinned: size, svm: null, cpu: true };
}
