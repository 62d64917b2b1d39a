import type { Caller } from "../../api/caller.ts";
import type { HostPtr } from "../../api/out.ts";
import type { Blocking } from "../../kernel/process/wait.ts";
import type { DeviceSymbol } from "../abi/common.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t, cudaMemcpyKind } from "../abi/runtime/enums.ts";
import type { cudaStream_t } from "../abi/runtime/types.ts";
import { defaultStream, isSize, ownStream } from "../driver/core/arguments.ts";
import type { Context } from "../driver/core/context.ts";
import { copy, linear, type Shape } from "../driver/core/copy.ts";
import { fail } from "../driver/core/fail.ts";
import { cuMemcpyPeer, cuMemcpyPeerAsync } from "../driver/memory-copy-peer.ts";
import { inContextBlocking, openPrimary } from "./core/call.ts";
import { placeOf, sidesOf } from "./core/places.ts";
import { variableOf } from "./core/registry.ts";

/** Memory Management: copies of plain runs of bytes. When they return is the driver's rule (API synchronization behavior). */

/** Any copy: `stream` undefined is the synchronous form, in the default stream. */
export function* transfer(t: Caller, context: Context, dst: HostPtr | null, src: HostPtr | null, shape: Shape, kind: cudaMemcpyKind, stream: cudaStream_t | null | undefined): Blocking<CUresult> {
  const sides = sidesOf(kind);
  if (sides === null) return fail(t, rt.cudaErrorInvalidMemcpyDirection as CUresult, "kind must be of cudaMemcpyKind", { kind });
  const queue = stream === undefined ? defaultStream(t, context) : ownStream(t, context, stream);
  if (typeof queue === "number") return queue;
  if (!isSize(shape.width) || !isSize(shape.height) || !isSize(shape.depth)) return fail(t, rt.cudaErrorInvalidValue as CUresult, "sizes must be whole numbers and not negative", { width: shape.width, height: shape.height, depth: shape.depth });
  if (shape.width === 0 || shape.height === 0 || shape.depth === 0) return 0;
  const to = placeOf(t, context, dst, shape, "dst", sides.dst);
  if (typeof to === "number") return to;
  const from = placeOf(t, context, src, shape, "src", sides.src);
  if (typeof from === "number") return from;
  return yield* copy(t, queue, to, from, shape, stream === undefined);
}

/**
 * Copies bytes. Blocks until pageable source memory is read, or the copy is done; device to device does not wait.
 * @param kind says which side is the device; cudaMemcpyDefault finds out
 * @returns cudaErrorInvalidMemcpyDirection: no kind. cudaErrorInvalidValue: a range that is not memory of that side.
 */
export function* cudaMemcpy(t: Caller, dst: HostPtr | null, src: HostPtr | null, count: number, kind: cudaMemcpyKind): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => transfer(t, context, dst, src, linear(count), kind, undefined));
}

/**
 * cudaMemcpy in a stream. Blocks only where pageable memory or two host addresses are involved.
 * @returns as cudaMemcpy; cudaErrorInvalidResourceHandle: not a stream.
 */
export function* cudaMemcpyAsync(t: Caller, dst: HostPtr | null, src: HostPtr | null, count: number, kind: cudaMemcpyKind, stream: cudaStream_t | null = 0): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => transfer(t, context, dst, src, linear(count), kind, stream));
}

function* symbolCopy(
  t: Caller, context: Context, symbol: DeviceSymbol | null, host: HostPtr | null, count: number, offset: number, kind: cudaMemcpyKind, toSymbol: boolean, stream: cudaStream_t | null | undefined,
): Blocking<CUresult> {
  const wrong = toSymbol ? rt.cudaMemcpyDeviceToHost : rt.cudaMemcpyHostToDevice;
  if (kind === wrong || kind === rt.cudaMemcpyHostToHost) return fail(t, rt.cudaErrorInvalidMemcpyDirection as CUresult, "kind must be a copy with the symbol on the device's side", { kind });
  const variable = yield* variableOf(t, context, symbol);
  if (typeof variable === "number") return variable;
  if (offset < 0 || offset + count > variable.definition.size) return fail(t, rt.cudaErrorInvalidValue as CUresult, "offset + count must be inside the symbol", { offset, count, size: variable.definition.size });
  const address = variable.address + offset;
  return yield* toSymbol ? transfer(t, context, address, host, linear(count), kind, stream) : transfer(t, context, host, address, linear(count), kind, stream);
}

/**
 * Copies to a device variable. Blocks as cudaMemcpy.
 * @param offset bytes from the variable's beginning
 * @param kind cudaMemcpyHostToDevice, cudaMemcpyDeviceToDevice or cudaMemcpyDefault
 * @returns cudaErrorInvalidSymbol: no such variable. cudaErrorInvalidMemcpyDirection. cudaErrorInvalidValue: outside the variable, or not memory.
 */
export function* cudaMemcpyToSymbol(t: Caller, symbol: DeviceSymbol | null, src: HostPtr | null, count: number, offset: number = 0, kind: cudaMemcpyKind = rt.cudaMemcpyHostToDevice): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => symbolCopy(t, context, symbol, src, count, offset, kind, true, undefined));
}

/** Copies from a device variable. Blocks as cudaMemcpy. @param offset bytes from the variable's beginning. @returns as cudaMemcpyToSymbol. */
export function* cudaMemcpyFromSymbol(t: Caller, dst: HostPtr | null, symbol: DeviceSymbol | null, count: number, offset: number = 0, kind: cudaMemcpyKind = rt.cudaMemcpyDeviceToHost): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => symbolCopy(t, context, symbol, dst, count, offset, kind, false, undefined));
}

/** cudaMemcpyToSymbol in a stream. @returns as there; cudaErrorInvalidResourceHandle: not a stream. */
export function* cudaMemcpyToSymbolAsync(t: Caller, symbol: DeviceSymbol | null, src: HostPtr | null, count: number, offset: number, kind: cudaMemcpyKind, stream: cudaStream_t | null = 0): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => symbolCopy(t, context, symbol, src, count, offset, kind, true, stream));
}

/** cudaMemcpyFromSymbol in a stream. @returns as there; cudaErrorInvalidResourceHandle: not a stream. */
export function* cudaMemcpyFromSymbolAsync(t: Caller, dst: HostPtr | null, symbol: DeviceSymbol | null, count: number, offset: number, kind: cudaMemcpyKind, stream: cudaStream_t | null = 0): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => symbolCopy(t, context, symbol, dst, count, offset, kind, false, stream));
}

function* peerCopy(t: Caller, context: Context, dst: HostPtr | null, dstDevice: number, src: HostPtr | null, srcDevice: number, count: number, stream: cudaStream_t | null | undefined): Blocking<CUresult> {
  if (typeof dst !== "number" || typeof src !== "number") return fail(t, rt.cudaErrorInvalidValue as CUresult, "dst and src must be device addresses");
  const to = openPrimary(t, context.driver, dstDevice);
  if (typeof to === "number") return to;
  const from = openPrimary(t, context.driver, srcDevice);
  if (typeof from === "number") return from;
  return yield* stream === undefined ? cuMemcpyPeer(t, dst, to.handle, src, from.handle, count) : cuMemcpyPeerAsync(t, dst, to.handle, src, from.handle, count, stream);
}

/** Copies from one device's memory to another's. @returns cudaErrorInvalidDevice: no such device. cudaErrorInvalidValue: not its memory. */
export function* cudaMemcpyPeer(t: Caller, dst: HostPtr | null, dstDevice: number, src: HostPtr | null, srcDevice: number, count: number): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => peerCopy(t, context, dst, dstDevice, src, srcDevice, count, undefined));
}

/** cudaMemcpyPeer in a stream. @returns as there; cudaErrorInvalidResourceHandle: not a stream. */
export function* cudaMemcpyPeerAsync(t: Caller, dst: HostPtr | null, dstDevice: number, src: HostPtr | null, srcDevice: number, count: number, stream: cudaStream_t | null = 0): Blocking<cudaError_t> {
  return yield* inContextBlocking(t, (context) => peerCopy(t, context, dst, dstDevice, src, srcDevice, count, stream));
}
