import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import { GPU_READ, GPU_WRITE } from "../../kernel/sys/uapi.ts";
import type { In } from "../abi/common.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUmemPool_attribute, type CUmemAccess_flags, type CUmemAllocationType, type CUresult } from "../abi/driver/enums.ts";
import type { CUdevice, CUdeviceptr, CUmemAccessDesc, CUmemLocation, CUmemoryPool, CUmemPoolProps, CUstream } from "../abi/driver/types.ts";
import { isEnumerator, ownStream } from "./core/arguments.ts";
import type { Device } from "./core/device.ts";
import { captureAlloc, captureFree, freeOfGraph } from "./graph-allocation.ts";
import { enter, enterDriver } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { errnoCode, errnoRule } from "./core/fault.ts";
import { GraphAllocation } from "./core/graph-memory.ts";
import { poolKey, PoolOwner, type MemoryPool } from "./core/pool.ts";
import type { DriverState } from "./core/state.ts";
import { frontier, type Stream } from "./core/stream.ts";

/** Stream Ordered Memory Allocator. */

/** The pool a handle names. */
function poolArgument(t: Caller, pool: CUmemoryPool | null): MemoryPool | CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  return t.processState(poolKey).handles.get(pool ?? 0) ?? fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pool must be a memory pool of this process", { pool });
}

function allocate(t: Caller, dptr: Out<CUdeviceptr> | null, bytes: number, stream: Stream, pool: MemoryPool): CUresult {
  if (dptr === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dptr must not be NULL");
  if (!(bytes > 0) || !Number.isSafeInteger(bytes)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "bytesize must be positive", { bytesize: bytes });
  if (stream.capture !== null) return captureAlloc(t, dptr, bytes, stream, pool.device);
  const made = pool.allocate(t, bytes, stream);
  if (typeof made === "number") return fail(t, errnoCode(made), errnoRule(made, `allocating ${bytes} bytes`), { bytesize: bytes });
  dptr.value = made.address;
  return 0;
}

/**
 * Allocates from the current pool of the stream's device, in stream order: the memory may be used by work that comes after in the stream.
 * @param dptr gets the address
 * @param bytesize bytes
 * @returns INVALID_VALUE: dptr NULL, bytesize 0. INVALID_HANDLE: not a stream of the current context. OUT_OF_MEMORY.
 */
export function cuMemAllocAsync(t: Caller, dptr: Out<CUdeviceptr> | null, bytesize: number, hStream: CUstream | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = ownStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  return allocate(t, dptr, bytesize, stream, t.processState(poolKey).currentOf(context.driver, context.device));
}

/**
 * The same from a pool.
 * @returns as cuMemAllocAsync; INVALID_VALUE: not a pool.
 */
export function cuMemAllocFromPoolAsync(t: Caller, dptr: Out<CUdeviceptr> | null, bytesize: number, pool: CUmemoryPool | null, hStream: CUstream | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const found = poolArgument(t, pool);
  if (typeof found === "number") return found;
  const stream = ownStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  return allocate(t, dptr, bytesize, stream, found);
}

/**
 * Frees pool memory in stream order: work before in the stream may still use it, nothing after it. Memory that a launched graph allocated and did not free is freed this way too. In a
 * capturing stream it becomes a node, for memory of the graph's own allocation nodes.
 * @returns INVALID_VALUE: not the beginning of stream-ordered memory; while capturing, not memory of an allocation node, or freed in the graph already. INVALID_HANDLE: not a stream of the current context.
 */
export function cuMemFreeAsync(t: Caller, dptr: CUdeviceptr, hStream: CUstream | null): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  const stream = ownStream(t, context, hStream);
  if (typeof stream === "number") return stream;
  const allocation = context.driver.memory.find(dptr);
  if (allocation?.owner instanceof GraphAllocation && allocation.address === dptr) return stream.capture === null ? freeOfGraph(t, allocation.owner, stream) : captureFree(t, allocation.owner, stream);
  if (stream.capture !== null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dptr must be memory of an allocation node: what was allocated outside of graphs cannot be freed in one", { dptr });
  if (!(allocation?.owner instanceof PoolOwner) || allocation.address !== dptr) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dptr must be the beginning of memory of cuMemAllocAsync (freed twice?)", { dptr });
  t.sys.watch?.freedAfter([{ fd: stream.context.device.fd, points: frontier(stream) }], allocation.address, allocation.size);
  allocation.owner.pool.free(t, allocation, stream);
  return 0;
}

/**
 * Gives unused memory of a pool back to the device, down to some bytes. What is allocated, or whose free is not over, stays.
 * @returns INVALID_VALUE: not a pool.
 */
export function cuMemPoolTrimTo(t: Caller, pool: CUmemoryPool | null, minBytesToKeep: number): CUresult {
  const found = poolArgument(t, pool);
  if (typeof found === "number") return found;
  found.collect(t, minBytesToKeep);
  return 0;
}

/**
 * Sets an attribute of a pool: how memory is reused, how much is kept when idle, or a high-water mark back to 0.
 * @param value a number, or bigint for the byte counts
 * @returns INVALID_VALUE: not a pool, value NULL, unknown attribute, one that cannot be set, a high-water mark other than 0.
 */
export function cuMemPoolSetAttribute(t: Caller, pool: CUmemoryPool | null, attr: CUmemPool_attribute, value: number | bigint | null): CUresult {
  const found = poolArgument(t, pool);
  if (typeof found === "number") return found;
  if (value === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "value must not be NULL");
  const number = Number(value);
  switch (attr) {
    case cu.CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES: found.followEvents = number === 0 ? 0 : 1; return 0;
    case cu.CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC: found.opportunistic = number === 0 ? 0 : 1; return 0;
    case cu.CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES: found.internalDependencies = number === 0 ? 0 : 1; return 0;
    case cu.CU_MEMPOOL_ATTR_RELEASE_THRESHOLD: found.releaseThreshold = number; return 0;
    case cu.CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH: case cu.CU_MEMPOOL_ATTR_USED_MEM_HIGH:
      if (number !== 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a high-water mark can only be set to 0", { value });
      if (attr === cu.CU_MEMPOOL_ATTR_USED_MEM_HIGH) found.usedHigh = found.used;
      else found.reservedHigh = found.reserved;
      return 0;
    default: return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attr must be an attribute of CUmemPool_attribute that can be set", { attr });
  }
}

/**
 * An attribute of a pool.
 * @param value gets a number (reuse flags) or a bigint (byte counts)
 * @returns INVALID_VALUE: not a pool, value NULL, unknown attribute.
 */
export function cuMemPoolGetAttribute(t: Caller, pool: CUmemoryPool | null, attr: CUmemPool_attribute, value: Out<number | bigint> | null): CUresult {
  const found = poolArgument(t, pool);
  if (typeof found === "number") return found;
  if (value === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "value must not be NULL");
  if (!isEnumerator(CUmemPool_attribute, attr)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attr must be of CUmemPool_attribute", { attr });
  const values: Readonly<Record<CUmemPool_attribute, number | bigint>> = {
    1: found.followEvents, 2: found.opportunistic, 3: found.internalDependencies, 4: BigInt(found.releaseThreshold),
    5: BigInt(found.reserved), 6: BigInt(found.reservedHigh), 7: BigInt(found.used), 8: BigInt(found.usedHigh),
  };
  value.value = values[attr];
  return 0;
}

/**
 * Sets which devices may use a pool's memory.
 * @returns INVALID_VALUE: not a pool, map NULL, count 0, unknown flags or location, less than full access for the pool's own device, a device that cannot reach it.
 */
export function cuMemPoolSetAccess(t: Caller, pool: CUmemoryPool | null, map: readonly In<CUmemAccessDesc>[] | null, count: number): CUresult {
  const found = poolArgument(t, pool);
  if (typeof found === "number") return found;
  if (map === null || !(count > 0) || map.length < count) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "map must have count entries, at least one", { count });
  const wanted: (readonly [Device, number])[] = [];
  for (const { location, flags } of map.slice(0, count)) {
    const device = location?.type === cu.CU_MEM_LOCATION_TYPE_DEVICE ? found.driver.devices[location.id ?? 0] : undefined;
    if (device === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "locations must be devices", { type: location?.type, id: location?.id });
    const bits = flags === cu.CU_MEM_ACCESS_FLAGS_PROT_READWRITE ? GPU_READ | GPU_WRITE : flags === cu.CU_MEM_ACCESS_FLAGS_PROT_READ ? GPU_READ : (flags ?? 0) === 0 ? 0 : -1;
    if (bits < 0) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags must be of CUmemAccess_flags", { flags });
    if (device === found.device && bits !== (GPU_READ | GPU_WRITE)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the pool's own device always has full access", { id: location?.id });
    if (device.profile.computeCapability[0] !== found.device.profile.computeCapability[0]) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the device cannot reach the pool's memory", { id: location?.id });
    wanted.push([device, bits]);
  }
  for (const [device, bits] of wanted) {
    const error = found.setAccess(t, device, bits);
    if (error < 0) return fail(t, errnoCode(error), errnoRule(error, "mapping the pool's memory"));
  }
  return 0;
}

/**
 * Which access a device has to a pool's memory.
 * @param flags gets a CUmemAccess_flags value
 * @returns INVALID_VALUE: not a pool, a pointer NULL, no device there.
 */
export function cuMemPoolGetAccess(t: Caller, flags: Out<CUmemAccess_flags> | null, memPool: CUmemoryPool | null, location: In<CUmemLocation> | null): CUresult {
  const found = poolArgument(t, memPool);
  if (typeof found === "number") return found;
  if (flags === null || location === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "flags and location must not be NULL");
  const device = location.type === cu.CU_MEM_LOCATION_TYPE_DEVICE ? found.driver.devices[location.id ?? 0] : undefined;
  if (device === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "location must be a device", { type: location.type, id: location.id });
  const bits = found.access.get(device) ?? 0;
  flags.value = bits === 0 ? cu.CU_MEM_ACCESS_FLAGS_PROT_NONE : bits === GPU_READ ? cu.CU_MEM_ACCESS_FLAGS_PROT_READ : cu.CU_MEM_ACCESS_FLAGS_PROT_READWRITE;
  return 0;
}

/**
 * Makes a pool on a device.
 * @param pool gets it
 * @param poolProps type, location, and the most bytes it may take (0: no limit)
 * @returns INVALID_VALUE: a pointer NULL, unknown type or location. NOT_SUPPORTED: host memory, sharing between processes.
 */
export function cuMemPoolCreate(t: Caller, pool: Out<CUmemoryPool> | null, poolProps: In<CUmemPoolProps> | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (pool === null || poolProps === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pool and poolProps must not be NULL");
  if (poolProps.allocType !== cu.CU_MEM_ALLOCATION_TYPE_PINNED) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "allocType must be CU_MEM_ALLOCATION_TYPE_PINNED", { allocType: poolProps.allocType });
  const { location } = poolProps;
  if (location?.type === cu.CU_MEM_LOCATION_TYPE_HOST || location?.type === cu.CU_MEM_LOCATION_TYPE_HOST_NUMA) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "pools of host memory are not supported");
  const device = location?.type === cu.CU_MEM_LOCATION_TYPE_DEVICE ? driver.devices[location.id ?? 0] : undefined;
  if (device === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "location must be a device", { type: location?.type, id: location?.id });
  if ((poolProps.handleTypes ?? 0) !== 0) return fail(t, cu.CUDA_ERROR_NOT_SUPPORTED, "pools cannot be shared with other processes", { handleTypes: poolProps.handleTypes });
  pool.value = t.processState(poolKey).make(driver, device, poolProps.maxSize ?? 0).handle;
  return 0;
}

/**
 * Destroys a pool. Its allocations live on until they are freed. When it was a device's current pool, the default one is again.
 * @returns INVALID_VALUE: not a pool, a default pool.
 */
export function cuMemPoolDestroy(t: Caller, pool: CUmemoryPool | null): CUresult {
  const found = poolArgument(t, pool);
  if (typeof found === "number") return found;
  const state = t.processState(poolKey);
  if (state.defaults.get(found.device.ordinal) === found) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "a default pool cannot be destroyed", { pool });
  if (state.current.get(found.device.ordinal) === found) state.current.delete(found.device.ordinal);
  found.destroyed = true;
  found.releaseThreshold = 0;
  found.collect(t, 0);
  state.handles.remove(found.handle);
  return 0;
}

/** A device that a location and type name; the error when pools cannot be there. */
function locate(t: Caller, driver: DriverState, location: In<CUmemLocation> | null, type: CUmemAllocationType, bad: CUresult): Device | CUresult {
  if (location === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "location must not be NULL");
  if (type !== cu.CU_MEM_ALLOCATION_TYPE_PINNED) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "type must be CU_MEM_ALLOCATION_TYPE_PINNED", { type });
  if (location.type !== cu.CU_MEM_LOCATION_TYPE_DEVICE) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "location must be a device", { type: location.type });
  return driver.devices[location.id ?? 0] ?? fail(t, bad, "location.id must be a device", { id: location.id });
}

/**
 * The default pool of a location.
 * @param pool_out gets it
 * @returns INVALID_VALUE: a pointer NULL, unknown type or location. INVALID_DEVICE: no such device.
 */
export function cuMemGetDefaultMemPool(t: Caller, pool_out: Out<CUmemoryPool> | null, location: In<CUmemLocation> | null, type: CUmemAllocationType): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (pool_out === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pool_out must not be NULL");
  const device = locate(t, driver, location, type, cu.CUDA_ERROR_INVALID_DEVICE);
  if (typeof device === "number") return device;
  pool_out.value = t.processState(poolKey).defaultOf(driver, device).handle;
  return 0;
}

/**
 * The current pool of a location.
 * @param pool gets it
 * @returns INVALID_VALUE: a pointer NULL, unknown type or location, no such device.
 */
export function cuMemGetMemPool(t: Caller, pool: Out<CUmemoryPool> | null, location: In<CUmemLocation> | null, type: CUmemAllocationType): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (pool === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pool must not be NULL");
  const device = locate(t, driver, location, type, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof device === "number") return device;
  pool.value = t.processState(poolKey).currentOf(driver, device).handle;
  return 0;
}

/**
 * Makes a pool the current one of a location: cuMemAllocAsync takes from it.
 * @returns INVALID_VALUE: not a pool, a pool of another device, location NULL, unknown type or location.
 */
export function cuMemSetMemPool(t: Caller, location: In<CUmemLocation> | null, type: CUmemAllocationType, pool: CUmemoryPool | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  const device = locate(t, driver, location, type, cu.CUDA_ERROR_INVALID_VALUE);
  return typeof device === "number" ? device : setCurrent(t, device, pool);
}

function setCurrent(t: Caller, device: Device, pool: CUmemoryPool | null): CUresult {
  const found = poolArgument(t, pool);
  if (typeof found === "number") return found;
  if (found.device !== device) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "the pool must be of that device", { pool, poolDevice: found.device.ordinal, device: device.ordinal });
  t.processState(poolKey).current.set(device.ordinal, found);
  return 0;
}

/** The device of the device forms, which answer INVALID_VALUE for one that is none. */
function deviceArgument(t: Caller, dev: CUdevice, code: CUresult): Device | CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  return driver.devices[dev] ?? fail(t, code, "dev must be an ordinal below cuDeviceGetCount", { dev });
}

/** Makes a pool a device's current one. (Device Management.) @returns INVALID_VALUE: no such device, not a pool, a pool of another device. */
export function cuDeviceSetMemPool(t: Caller, dev: CUdevice, pool: CUmemoryPool | null): CUresult {
  const device = deviceArgument(t, dev, cu.CUDA_ERROR_INVALID_VALUE);
  return typeof device === "number" ? device : setCurrent(t, device, pool);
}

/** A device's current pool. (Device Management.) @param pool gets it @returns INVALID_VALUE: pool NULL, no such device. */
export function cuDeviceGetMemPool(t: Caller, pool: Out<CUmemoryPool> | null, dev: CUdevice): CUresult {
  const device = deviceArgument(t, dev, cu.CUDA_ERROR_INVALID_VALUE);
  if (typeof device === "number") return device;
  if (pool === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pool must not be NULL");
  return cuMemGetMemPool(t, pool, { type: cu.CU_MEM_LOCATION_TYPE_DEVICE, id: dev }, cu.CU_MEM_ALLOCATION_TYPE_PINNED);
}

/** A device's default pool. (Device Management.) @param pool_out gets it @returns INVALID_DEVICE: no such device. INVALID_VALUE: pool_out NULL. */
export function cuDeviceGetDefaultMemPool(t: Caller, pool_out: Out<CUmemoryPool> | null, dev: CUdevice): CUresult {
  const device = deviceArgument(t, dev, cu.CUDA_ERROR_INVALID_DEVICE);
  if (typeof device === "number") return device;
  if (pool_out === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pool_out must not be NULL");
  return cuMemGetDefaultMemPool(t, pool_out, { type: cu.CU_MEM_LOCATION_TYPE_DEVICE, id: dev }, cu.CU_MEM_ALLOCATION_TYPE_PINNED);
}
