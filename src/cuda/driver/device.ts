import type { Caller } from "../../api/caller.ts";
import type { Out } from "../../api/out.ts";
import * as cu from "../abi/driver/constants.ts";
import { CUarray_format, CUatomicOperation, CUexecAffinityType, CUflushGPUDirectRDMAWritesScope, CUflushGPUDirectRDMAWritesTarget, type CUdevice_attribute, type CUresult } from "../abi/driver/enums.ts";
import type { CUdevice, CUuuid } from "../abi/driver/types.ts";
import { enter, enterDevice, enterDriver } from "./core/enter.ts";
import { fail } from "./core/fail.ts";
import { deviceAttribute } from "./device-attributes.ts";

/** Device Management. */

function isOneOf(values: Readonly<Record<string, number>>, value: number): boolean {
  return Object.values(values).includes(value);
}

/**
 * A handle for the GPU with that ordinal, in PCI bus order.
 * @param device gets the handle
 * @param ordinal 0 to cuDeviceGetCount - 1
 * @returns INVALID_VALUE: device NULL. INVALID_DEVICE: ordinal outside that range.
 */
export function cuDeviceGet(t: Caller, device: Out<CUdevice> | null, ordinal: number): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (device === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "device must not be NULL");
  if (driver.devices[ordinal] === undefined) return fail(t, cu.CUDA_ERROR_INVALID_DEVICE, "ordinal must be 0 to cuDeviceGetCount - 1", { ordinal, count: driver.devices.length });
  device.value = ordinal;
  return 0;
}

/**
 * How many GPUs this process may use.
 * @param count gets the number
 * @returns INVALID_VALUE: count NULL.
 */
export function cuDeviceGetCount(t: Caller, count: Out<number> | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (count === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "count must not be NULL");
  count.value = driver.devices.length;
  return 0;
}

/**
 * The GPU's name.
 * @param name gets the text, cut to len - 1 characters
 * @param len bytes that the caller has room for, with the closing NUL
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: name NULL, len not positive.
 */
export function cuDeviceGetName(t: Caller, name: Out<string> | null, len: number, dev: CUdevice): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  if (name === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "name must not be NULL");
  if (!(len > 0)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "len must be positive", { len });
  name.value = device.profile.name.slice(0, len - 1);
  return 0;
}

/**
 * The GPU's unique 16-byte identity.
 * @param uuid gets it
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: uuid NULL.
 */
export function cuDeviceGetUuid_v2(t: Caller, uuid: Out<CUuuid> | null, dev: CUdevice): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  if (uuid === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "uuid must not be NULL");
  const hex = device.info.uuid.replace(/^(GPU|MIG)-/, "").replaceAll("-", "");
  uuid.value = { bytes: Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16) || 0) };
  return 0;
}

/**
 * The Windows LUID and node mask. There is none on Linux.
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: an out-parameter NULL, or the machine does not run Windows.
 */
export function cuDeviceGetLuid(t: Caller, luid: Out<string> | null, deviceNodeMask: Out<number> | null, dev: CUdevice): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  if (luid === null || deviceNodeMask === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "luid and deviceNodeMask must not be NULL");
  return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "only Windows gives a GPU a LUID");
}

/**
 * Bytes of memory on the GPU.
 * @param bytes gets the number
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: bytes NULL.
 */
export function cuDeviceTotalMem_v2(t: Caller, bytes: Out<number> | null, dev: CUdevice): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  if (bytes === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "bytes must not be NULL");
  bytes.value = device.info.vramBytes;
  return 0;
}

/** Bytes of one channel of the formats that linear textures may have. */
const channelBytes: Readonly<Record<number, number>> = { 1: 1, 2: 2, 3: 4, 8: 1, 9: 2, 10: 4, 16: 2, 32: 4 };

/**
 * Most elements that a 1D texture over linear memory may have.
 * @param maxWidthInElements gets the number
 * @param numChannels 1, 2 or 4
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: out-parameter NULL, unknown format, another number of channels.
 */
export function cuDeviceGetTexture1DLinearMaxWidth(t: Caller, maxWidthInElements: Out<number> | null, format: CUarray_format, numChannels: number, dev: CUdevice): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  if (maxWidthInElements === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "maxWidthInElements must not be NULL");
  const bytes = isOneOf(CUarray_format, format) ? channelBytes[format] : undefined;
  if (bytes === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "format must be an integer or floating-point channel format", { format });
  if (numChannels !== 1 && numChannels !== 2 && numChannels !== 4) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "numChannels must be 1, 2 or 4", { numChannels });
  maxWidthInElements.value = Math.min(deviceAttribute(device, cu.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH)!, Math.floor(2 ** 31 / (bytes * numChannels)));
  return 0;
}

/**
 * One attribute of the GPU: a limit, a size, or whether it can do something.
 * @param pi gets the value
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: pi NULL, unknown attribute.
 */
export function cuDeviceGetAttribute(t: Caller, pi: Out<number> | null, attrib: CUdevice_attribute, dev: CUdevice): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  if (pi === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pi must not be NULL");
  const value = deviceAttribute(device, attrib);
  if (value === undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "attrib must be an attribute of CUdevice_attribute", { attrib });
  pi.value = value;
  return 0;
}

/**
 * Which atomic operations the GPU can do natively on host memory, over the bus. None here, as on GPUs behind PCI Express.
 * @param capabilities gets a bit mask for each operation
 * @param count number of operations
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: a pointer NULL, count 0, unknown operation.
 */
export function cuDeviceGetHostAtomicCapabilities(t: Caller, capabilities: Out<readonly number[]> | null, operations: readonly CUatomicOperation[] | null, count: number, dev: CUdevice): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  return answerAtomics(t, capabilities, operations, count, 0);
}

/** Shared by the host and peer forms. */
export function answerAtomics(t: Caller, capabilities: Out<readonly number[]> | null, operations: readonly CUatomicOperation[] | null, count: number, mask: number): CUresult {
  if (capabilities === null || operations === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "capabilities and operations must not be NULL");
  if (!(count > 0) || operations.length < count) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "count must be positive, with that many operations", { count });
  const unknown = operations.slice(0, count).find((operation) => !isOneOf(CUatomicOperation, operation));
  if (unknown !== undefined) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "operations must be of CUatomicOperation", { operation: unknown });
  capabilities.value = operations.slice(0, count).map(() => mask);
  return 0;
}

/**
 * Whether contexts on the GPU can be limited to some multiprocessors. Only MPS clients can.
 * @param pi gets 1 or 0
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: pi NULL, unknown type.
 */
export function cuDeviceGetExecAffinitySupport(t: Caller, pi: Out<number> | null, type: CUexecAffinityType, dev: CUdevice): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  if (pi === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pi must not be NULL");
  if (!isOneOf(CUexecAffinityType, type) || type === cu.CU_EXEC_AFFINITY_TYPE_MAX) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "type must be of CUexecAffinityType", { type });
  pi.value = 0;
  return 0;
}

/**
 * Makes earlier remote writes to the current context's device visible. Nothing outside writes to these devices, so there is nothing to flush.
 * @returns INVALID_VALUE: unknown target or scope.
 */
export function cuFlushGPUDirectRDMAWrites(t: Caller, target: CUflushGPUDirectRDMAWritesTarget, scope: CUflushGPUDirectRDMAWritesScope): CUresult {
  const context = enter(t);
  if (typeof context === "number") return context;
  if (!isOneOf(CUflushGPUDirectRDMAWritesTarget, target)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "target must be of CUflushGPUDirectRDMAWritesTarget", { target });
  if (!isOneOf(CUflushGPUDirectRDMAWritesScope, scope)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "scope must be of CUflushGPUDirectRDMAWritesScope", { scope });
  return 0;
}

/** "0000:07:00.0" of a device. */
export function pciBusIdOf(info: { readonly pciDomain: number; readonly pciBus: number; readonly pciDevice: number; readonly pciFunction: number }): string {
  const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, "0");
  return `${hex(info.pciDomain, 4)}:${hex(info.pciBus, 2)}:${hex(info.pciDevice, 2)}.${info.pciFunction.toString(16)}`.toUpperCase();
}

/**
 * The GPU at a PCI address. (The manual has it under Memory Management.)
 * @param dev gets the handle
 * @param pciBusId "[domain]:[bus]:[device].[function]", "[domain]:[bus]:[device]" or "[bus]:[device].[function]", hexadecimal
 * @returns INVALID_VALUE: a pointer NULL, text of another form. INVALID_DEVICE: no GPU of this process there.
 */
export function cuDeviceGetByPCIBusId(t: Caller, dev: Out<CUdevice> | null, pciBusId: string | null): CUresult {
  const driver = enterDriver(t);
  if (typeof driver === "number") return driver;
  if (dev === null || pciBusId === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "dev and pciBusId must not be NULL");
  const match = /^(?:([0-9a-f]{1,8}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})(?:\.([0-7]))?$/i.exec(pciBusId);
  if (match === null || (match[1] === undefined && match[4] === undefined)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pciBusId must look like 0000:07:00.0", { pciBusId });
  const [domain, bus, slot, fn] = [match[1] ?? "0", match[2]!, match[3]!, match[4] ?? "0"].map((text) => Number.parseInt(text, 16));
  const found = driver.devices.find(({ info }) => info.pciDomain === domain && info.pciBus === bus && info.pciDevice === slot && info.pciFunction === fn);
  if (found === undefined) return fail(t, cu.CUDA_ERROR_INVALID_DEVICE, "no GPU of this process is at that PCI address", { pciBusId });
  dev.value = found.ordinal;
  return 0;
}

/**
 * The GPU's PCI address as "0000:07:00.0". (The manual has it under Memory Management.)
 * @param pciBusId gets the text
 * @param len bytes that the caller has room for; 13 hold it with its NUL
 * @returns INVALID_DEVICE: no such device. INVALID_VALUE: pciBusId NULL, len too small.
 */
export function cuDeviceGetPCIBusId(t: Caller, pciBusId: Out<string> | null, len: number, dev: CUdevice): CUresult {
  const device = enterDevice(t, dev);
  if (typeof device === "number") return device;
  if (pciBusId === null) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "pciBusId must not be NULL");
  const text = pciBusIdOf(device.info);
  if (!(len > text.length)) return fail(t, cu.CUDA_ERROR_INVALID_VALUE, "len must leave room for the text and its NUL: 13", { len });
  pciBusId.value = text;
  return 0;
}
