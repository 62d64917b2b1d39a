import type { Caller } from "../../../api/caller.ts";
import type { HostPtr } from "../../../api/out.ts";
import type { CUresult } from "../../abi/driver/enums.ts";
import * as rt from "../../abi/runtime/constants.ts";
import type { cudaMemcpyKind } from "../../abi/runtime/enums.ts";
import type { Context } from "../../driver/core/context.ts";
import { devicePlace, hostPlace, span, unifiedPlace, type Place, type Shape } from "../../driver/core/copy.ts";
import { fail } from "../../driver/core/fail.ts";

/** Which memory a side of a copy must be; `any`: the address tells. */
export type Side = "host" | "device" | "any";

/** What a kind of copy says of its sides; null for numbers that are no kind. */
export function sidesOf(kind: cudaMemcpyKind): { readonly dst: Side; readonly src: Side } | null {
  switch (kind) {
    case rt.cudaMemcpyHostToHost: return { dst: "host", src: "host" };
    case rt.cudaMemcpyHostToDevice: return { dst: "device", src: "host" };
    case rt.cudaMemcpyDeviceToHost: return { dst: "host", src: "device" };
    case rt.cudaMemcpyDeviceToDevice: return { dst: "device", src: "device" };
    case rt.cudaMemcpyDefault: return { dst: "any", src: "any" };
    default: return null;
  }
}

/** The memory that one side of a copy names. @returns cudaErrorInvalidValue: NULL, or not memory of that side. */
export function placeOf(t: Caller, context: Context, ptr: HostPtr | null, shape: Shape, name: "dst" | "src", side: Side): Place | CUresult {
  const bytes = name === "dst" ? span(shape, shape.dstPitch, shape.dstSlice) : span(shape, shape.srcPitch, shape.srcSlice);
  const write = name === "dst";
  const values = { [name]: typeof ptr === "number" ? ptr : ptr === null ? null : `${ptr.byteLength} bytes of the program`, bytes };
  const bad = (rule: string): CUresult => fail(t, rt.cudaErrorInvalidValue as CUresult, rule, values);
  if (ptr === null || ptr === 0) return bad(`${name} must not be NULL`);
  if (side === "host" || typeof ptr !== "number") {
    if (side === "device") return bad(`${name} must be a device address for this kind of copy`);
    return hostPlace(t, context.driver, ptr, bytes, write) ?? bad(`${name}: the program must be able to access the whole range`);
  }
  if (side === "device") return devicePlace(context.driver, ptr, bytes) ?? bad(`${name}: the whole range must be inside one live allocation of device memory`);
  return unifiedPlace(t, context.driver, ptr, bytes, write) ?? bad(`${name}: the whole range must be memory of the process or inside one allocation`);
}
