import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUdevice_P2PAttribute, type CUatomicOperation, type CUresult } from "../abi/driver/enums.ts";
import type { CUcontext, CUdevice } from "../abi/driver/types.ts";
import { isEnumerator } from "./core/arguments.ts";
import type { Context } from "./core/context.ts";
import type { Device } from "./core/device.ts";
import { enter, enterDevice } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import { contextArgument } from "./context.ts";
import { answerAtomics } from "./device.ts";

/** Peer Context Memory Access. Access has a direction: the current context gets at the peer's memory, not the other way round. */

/** Most peers of a context. */
const MAX_PEERS = 8;

/** Whether kernels of one device can reach another's memory: both of one major compute capability. */
function canAccess(a: Device, b: Device): boolean {
  return a !== b && a.profile.computeCapability[0] === b.profile.computeCapability[0];
}

/**
 * Whether contexts on a device may reach the memory of another. A device is not its own peer.
 * @param canAccessPeer gets 1 or 0
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: canAccessPeer NULL.
 */
export function cuDeviceCanAccessPeer(t: Caller, canAccessPeer: Out<number> | null, dev: CUdevice, peerDev: CUdevice): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  const peer = enterDevice(t, peerDev);
  if (typeof peer === "number") return peer;
  if (canAccessPeer === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "canAccessPeer must not be NULL");
  canAccessPeer.value = canAccess(device, peer) ? 1 : 0;
  return 0;
}

/** Lets a context see a peer's memory: its heap and the variables of its modules. Later ones follow by themselves. */
function share(t: Caller, context: Context, peer: Context): number {
  let error = peer.heap.share(t, context.space);
  for (const module of peer.modules) if (error >= 0) error = module.share(t, context.space, true);
  if (error < 0) unshare(t, context, peer);
  return error;
}

function unshare(t: Caller, context: Context, peer: Context): void {
  peer.heap.unshare(t, context.space);
  for (const module of peer.modules) module.share(t, context.space, false);
}

/**
 * Lets the current context reach the device memory of another, now and later allocated, at the same addresses.
 * @param Flags must be 0
 * @returns INVALID_CONTEXT: peerContext is not a live context, or is the current one. INVALID_VALUE: Flags not 0. PEER_ACCESS_UNSUPPORTED: the devices cannot.
 * PEER_ACCESS_ALREADY_ENABLED. TOO_MANY_PEERS: eight already.
 */
export function cuCtxEnablePeerAccess(t: Caller, peerContext: CUcontext | null, Flags: number): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const peer = peerContext === null || peerContext === 0 ? fail(t, cu.CUDA_ERROR_INVALID_CONTEXT, "peerContext must not be NULL") : contextArgument(t, context.driver, peerContext, cu.CUDA_ERROR_INVALID_CONTEXT);
  if (typeof peer === "number") return peer;
  if (peer === context) return fail(t, cu.CUDA_ERROR_INVALID_CONTEXT, "a context is not its own peer");
  if (Flags !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "Flags must be 0", { Flags });
  if (peer.device !== context.device && !canAccess(context.device, peer.device)) return fail(t, cu.CUDA_ERROR_PEER_ACCESS_UNSUPPORTED, "devices of different major compute capability cannot reach each other's memory");
  if (context.peers.has(peer)) return fail(t, cu.CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED, "access to this peer is enabled already", { peerContext });
  if (context.peers.size >= MAX_PEERS) return fail(t, cu.CUDA_ERROR_TOO_MANY_PEERS, "a context may have eight peers", { peers: context.peers.size });
  const error = share(t, context, peer);
  if (error < 0) return fail(t, errnoCode(error), errnoRule(error, "mapping the peer's memory"));
  context.peers.add(peer);
  return 0;
}

/**
 * Takes that access away.
 * @returns INVALID_CONTEXT: not a live context. PEER_ACCESS_NOT_ENABLED: it was not enabled.
 */
export function cuCtxDisablePeerAccess(t: Caller, peerContext: CUcontext | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const peer = peerContext === null || peerContext === 0 ? fail(t, cu.CUDA_ERROR_INVALID_CONTEXT, "peerContext must not be NULL") : contextArgument(t, context.driver, peerContext, cu.CUDA_ERROR_INVALID_CONTEXT);
  if (typeof peer === "number") return peer;
  if (!context.peers.delete(peer)) return fail(t, cu.CUDA_ERROR_PEER_ACCESS_NOT_ENABLED, "access to this peer must have been enabled", { peerContext });
  unshare(t, context, peer);
  return 0;
}

/** Both devices of a pair, which must differ. */
function pair(t: Caller, srcDevice: CUdevice, dstDevice: CUdevice): readonly [Device, Device] | CUresult {
  const src = enterDevice(t, srcDevice);
  if (typeof src === "number") return src;
  const dst = enterDevice(t, dstDevice);
  if (typeof dst === "number") return dst;
  return src === dst ? fail(t, cu.CUDA_ERROR_INVALID_DEVICE, "srcDevice and dstDevice must be different devices", { srcDevice, dstDevice }) : [src, dst];
}

/**
 * A property of the link between two devices.
 * @param value gets it
 * @returns INVALID_DEVICE: no such device, or both the same. INVALID_VALUE: value NULL, unknown attribute.
 */
export function cuDeviceGetP2PAttribute(t: Caller, value: Out<number> | null, attrib: CUdevice_P2PAttribute, srcDevice: CUdevice, dstDevice: CUdevice): CUresult {
  const devices = pair(t, srcDevice, dstDevice);
  if (typeof devices === "number") return devices;
  if (value === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "value must not be NULL");
  if (!isEnumerator(CUdevice_P2PAttribute, attrib)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attrib must be of CUdevice_P2PAttribute", { attrib });
  value.value = attrib === cu.CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED && canAccess(...devices) ? 1 : 0;
  return 0;
}

/**
 * Which atomic operations a device can do natively on another's memory: none, the link is PCI Express.
 * @param capabilities gets a bit mask for each operation
 * @returns INVALID_DEVICE: no such device, or both the same. INVALID_VALUE: a pointer NULL, count 0, unknown operation.
 */
export function cuDeviceGetP2PAtomicCapabilities(t: Caller, capabilities: Out<readonly number[]> | null, operations: readonly CUatomicOperation[] | null, count: number, srcDevice: CUdevice, dstDevice: CUdevice): CUresult {
  const devices = pair(t, srcDevice, dstDevice);
  if (typeof devices === "number") return devices;
  return answerAtomics(t, capabilities, operations, count, 0);
}
