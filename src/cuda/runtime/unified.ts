import type { Caller } from "../../api/caller.ts";
import type { HostPtr, Out } from "../../api/out.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import type { cudaPointerAttributes } from "../abi/runtime/types.ts";
import { fail } from "../driver/core/fail.ts";
import { isHostAccessible } from "../driver/core/memory.ts";
import { inContext } from "./core/call.ts";

/** Unified Addressing: what a pointer is. */

/**
 * What is known of a pointer. Memory that CUDA knows nothing of is of type cudaMemoryTypeUnregistered: no error.
 * @param attributes gets them
 * @returns cudaErrorInvalidValue: attributes or ptr NULL.
 */
export function cudaPointerGetAttributes(t: Caller, attributes: Out<cudaPointerAttributes> | null, ptr: HostPtr | null): cudaError_t {
  return inContext(t, (context) => {
    if (attributes === null || ptr === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "attributes and ptr must not be NULL");
    const allocation = typeof ptr === "number" ? context.driver.memory.find(ptr) : undefined;
    if (allocation === undefined || typeof ptr !== "number") {
      attributes.value = { type: rt.cudaMemoryTypeUnregistered, device: rt.cudaInvalidDeviceId, devicePointer: 0, hostPointer: typeof ptr === "number" ? ptr : 0, reserved: [] };
      return 0;
    }
    const host = isHostAccessible(allocation.kind);
    attributes.value = {
      type: allocation.kind === "managed" ? rt.cudaMemoryTypeManaged : host ? rt.cudaMemoryTypeHost : rt.cudaMemoryTypeDevice,
      device: (allocation.device ?? allocation.context?.device ?? context.device).ordinal,
      devicePointer: ptr,
      hostPointer: host ? ptr : 0,
      reserved: [],
    };
    return 0;
  });
}
