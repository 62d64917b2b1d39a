import type { Caller } from "../../api/caller.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { SyncPoint } from "../../kernel/sys/uapi.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUcontext, CUDA_MEMCPY3D, CUDA_MEMCPY3D_PEER, CUdeviceptr, CUstream } from "../abi/driver/types.ts";
import { defaultStream } from "./core/arguments.ts";
import type { Context } from "./core/context.ts";
import { failSubmit } from "./core/copy.ts";
import { enter } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { frontier } from "./core/stream.ts";
import { addWaits } from "./core/submit.ts";
import { contextArgument } from "./context.ts";
import { copyBetween, cuMemcpyAsync } from "./memory-copy.ts";
import { copyStrided, reservedRule, strided3D } from "./memory-copy-strided.ts";

/** Memory Management: copies between contexts. Peer access need not be enabled for them. */

/** The contexts named, checked. */
function peers(t: Caller, current: Context, handles: readonly (CUcontext | null)[]): readonly Context[] | CUresult {
  const found: Context[] = [];
  for (const handle of handles) {
    const context = contextArgument(t, current.driver, handle, cu.CUDA_ERROR_INVALID_CONTEXT);
    if (typeof context === "number") return context;
    found.push(context);
  }
  return found;
}

/** Makes a context's default stream wait for another's work. @returns 0 or a negative errno. */
function follow(t: Caller, waiter: Context, points: readonly SyncPoint[], owner: Context): number {
  const imported: SyncPoint[] = [];
  for (const { syncobj, point } of points) {
    const handle = waiter.device.importTimeline(t, owner.device, syncobj);
    if (handle < 0) return handle;
    imported.push({ syncobj: handle, point });
  }
  return addWaits(t, defaultStream(t, waiter), imported);
}

/** The synchronous forms are ordered with the default streams of all three contexts. */
function* ordered(t: Caller, current: Context, others: readonly Context[], body: (order: () => CUresult) => Blocking<CUresult>): Blocking<CUresult> {
  const stream = defaultStream(t, current);
  let began = false;
  const code = yield* body(() => {
    began = true;
    for (const other of others) {
      if (other === current) continue;
      const error = follow(t, current, frontier(defaultStream(t, other)), other);
      if (error < 0) return failSubmit(t, stream, error);
    }
    return 0;
  });
  if (code !== 0 || !began) return code;
  for (const other of others) {
    if (other === current) continue;
    const error = follow(t, other, frontier(stream), current);
    if (error < 0) return failSubmit(t, stream, error);
  }
  return 0;
}

/**
 * Copies from the memory of one context to that of another, in order with the default streams of both and the current one. Does not wait for it.
 * @returns INVALID_CONTEXT: not a live context. INVALID_VALUE: a range that is not inside one allocation.
 */
export function* cuMemcpyPeer(t: Caller, dstDevice: CUdeviceptr, dstContext: CUcontext | null, srcDevice: CUdeviceptr, srcContext: CUcontext | null, ByteCount: number): Blocking<CUresult> {
  const current = enter(t);
  if (typeof current === "number") return current;
  const others = peers(t, current, [dstContext, srcContext]);
  if (typeof others === "number") return others;
  return yield* ordered(t, current, others, (order) => copyBetween(t, dstDevice, srcDevice, ByteCount, order));
}

/** cuMemcpyPeer in a stream of the current context, ordered with that alone. @returns as there; INVALID_HANDLE: not a stream of the current context. */
export function* cuMemcpyPeerAsync(t: Caller, dstDevice: CUdeviceptr, dstContext: CUcontext | null, srcDevice: CUdeviceptr, srcContext: CUcontext | null, ByteCount: number, hStream: CUstream | null): Blocking<CUresult> {
  const current = enter(t);
  if (typeof current === "number") return current;
  const others = peers(t, current, [dstContext, srcContext]);
  if (typeof others === "number") return others;
  return yield* cuMemcpyAsync(t, dstDevice, srcDevice, ByteCount, hStream);
}

function* copy3DPeer(t: Caller, hStream: CUstream | null | undefined, pCopy: In<CUDA_MEMCPY3D_PEER> | null): Blocking<CUresult> {
  const current = enter(t);
  if (typeof current === "number") return current;
  if (pCopy === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pCopy must not be NULL");
  const plain: In<CUDA_MEMCPY3D> = { ...pCopy, reserved0: null, reserved1: null };
  const bad = reservedRule(plain);
  if (bad !== null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, bad);
  const others = peers(t, current, [pCopy.dstContext ?? null, pCopy.srcContext ?? null]);
  if (typeof others === "number") return others;
  const strided = strided3D(plain);
  if (hStream !== undefined) return yield* copyStrided(t, hStream, strided);
  return yield* ordered(t, current, others, (order) => copyStrided(t, null, strided, order));
}

/**
 * Copies rows and slices from the memory of one context to that of another; cuMemcpy3D otherwise.
 * @returns INVALID_CONTEXT: not a live context. INVALID_VALUE: as cuMemcpy3D.
 */
export function* cuMemcpy3DPeer(t: Caller, pCopy: In<CUDA_MEMCPY3D_PEER> | null): Blocking<CUresult> {
  return yield* copy3DPeer(t, undefined, pCopy);
}

/** cuMemcpy3DPeer in a stream of the current context. @returns as there; INVALID_HANDLE: not a stream of the current context. */
export function* cuMemcpy3DPeerAsync(t: Caller, pCopy: In<CUDA_MEMCPY3D_PEER> | null, hStream: CUstream | null): Blocking<CUresult> {
  return yield* copy3DPeer(t, hStream, pCopy);
}
