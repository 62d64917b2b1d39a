import type { Caller } from "../../api/caller.ts";
import { Out } from "../../api/out.ts";
import type { CUatomicOperation, CUdevice_P2PAttribute, CUresult } from "../abi/driver/enums.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaAtomicOperation, cudaDeviceP2PAttr, cudaError_t } from "../abi/runtime/enums.ts";
import type { Context } from "../driver/core/context.ts";
import { fail } from "../driver/core/fail.ts";
import * as cu from "../driver/peer.ts";
import { inContext, openPrimary, withDriver } from "./core/call.ts";

/** Peer Device Memory Access. */

/** The primary context of a peer, made when it is not active; the caller's stays current. */
function peerContext(t: Caller, context: Context, peerDevice: number): Context | CUresult {
  const device = context.driver.devices[peerDevice];
  if (device === undefined) return fail(t, rt.cudaErrorInvalidDevice as CUresult, "peerDevice must be an ordinal below cudaGetDeviceCount", { peerDevice });
  if (device === context.device) return fail(t, rt.cudaErrorInvalidDevice as CUresult, "peerDevice must be another device than the current one", { peerDevice });
  const able = new Out<number>();
  const code = cu.cuDeviceCanAccessPeer(t, able, context.device.ordinal, peerDevice);
  if (code !== 0) return code;
  if (able.value === 0) return fail(t, rt.cudaErrorInvalidDevice as CUresult, "the current device cannot access peerDevice (cudaDeviceCanAccessPeer says so)", { peerDevice });
  return openPrimary(t, context.driver, peerDevice);
}

/** Whether one device can access another's memory. @param canAccessPeer gets 1 or 0. @returns cudaErrorInvalidDevice: no such device. cudaErrorInvalidValue: NULL. */
export function cudaDeviceCanAccessPeer(t: Caller, canAccessPeer: Out<number> | null, device: number, peerDevice: number): cudaError_t {
  return withDriver(t, () => cu.cuDeviceCanAccessPeer(t, canAccessPeer, device, peerDevice));
}

/**
 * Lets the current device access a peer's memory: one way.
 * @param flags must be 0
 * @returns cudaErrorInvalidDevice: no such device, itself, or no access possible. cudaErrorPeerAccessAlreadyEnabled. cudaErrorInvalidValue: flags.
 */
export function cudaDeviceEnablePeerAccess(t: Caller, peerDevice: number, flags: number): cudaError_t {
  return inContext(t, (context) => {
    if (flags !== 0) return fail(t, rt.cudaErrorInvalidValue as CUresult, "flags must be 0", { flags });
    const peer = peerContext(t, context, peerDevice);
    return typeof peer === "number" ? peer : cu.cuCtxEnablePeerAccess(t, peer.handle, flags);
  });
}

/** Ends access to a peer's memory. @returns cudaErrorInvalidDevice: no such device. cudaErrorPeerAccessNotEnabled. */
export function cudaDeviceDisablePeerAccess(t: Caller, peerDevice: number): cudaError_t {
  return inContext(t, (context) => {
    const device = context.driver.devices[peerDevice];
    if (device === undefined) return fail(t, rt.cudaErrorInvalidDevice as CUresult, "peerDevice must be an ordinal below cudaGetDeviceCount", { peerDevice });
    if (device.primary === null) return fail(t, rt.cudaErrorPeerAccessNotEnabled as CUresult, "access to peerDevice has not been enabled", { peerDevice });
    return cu.cuCtxDisablePeerAccess(t, device.primary.handle);
  });
}

/** What the link between two devices can do. @param value gets it. @returns cudaErrorInvalidDevice: no such device, or the same. cudaErrorInvalidValue: NULL, no such attribute. */
export function cudaDeviceGetP2PAttribute(t: Caller, value: Out<number> | null, attr: cudaDeviceP2PAttr, srcDevice: number, dstDevice: number): cudaError_t {
  return withDriver(t, () => cu.cuDeviceGetP2PAttribute(t, value, attr as CUdevice_P2PAttribute, srcDevice, dstDevice));
}

/** Which atomics work over the link. @param capabilities gets a mask for each operation. @returns cudaErrorInvalidDevice, cudaErrorInvalidValue. */
export function cudaDeviceGetP2PAtomicCapabilities(t: Caller, capabilities: Out<readonly number[]> | null, operations: readonly cudaAtomicOperation[] | null, count: number, srcDevice: number, dstDevice: number): cudaError_t {
  return withDriver(t, () => cu.cuDeviceGetP2PAtomicCapabilities(t, capabilities, operations as readonly CUatomicOperation[] | null, count, srcDevice, dstDevice));
}
