import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";

/** Whether it is memory of the JavaScript program rather than of the simulated process. */
export function isView(pointer: HostPtr): pointer is ArrayBufferView {
  return typeof pointer !== "number";
}

/** The bytes of a view. */
export function viewBytes(view: ArrayBufferView, offset: number = 0, length: number = view.byteLength - offset): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length);
}

/**
 * Host memory as bytes, or null where C would crash: NULL, an address that is not mapped, past the end of a view.
 * @param write it will be written
 */
export function hostBytes(t: Caller, pointer: HostPtr, offset: number, length: number, write: boolean): Uint8Array | null {
  if (isView(pointer)) return offset + length <= pointer.byteLength ? viewBytes(pointer, offset, length) : null;
  return t.sys.memory(pointer + offset, length, write);
}

/** `pointer + offset`, for either kind. */
export function advance(pointer: HostPtr, offset: number): HostPtr {
  return isView(pointer) ? viewBytes(pointer, offset) : pointer + offset;
}

/** Whether two pointers are the same place. */
export function samePointer(a: HostPtr, b: HostPtr): boolean {
  if (isView(a) && isView(b)) return a.buffer === b.buffer && a.byteOffset === b.byteOffset;
  return a === b;
}
