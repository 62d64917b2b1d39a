import type { Caller } from "../api/caller.ts";
import type { GpuProfile } from "../kernel/sys/uapi.ts";
import * as cl from "./abi/constants.ts";
import { compilerAvailable } from "./runtime/compiler.ts";
import {
  BASE_ALIGN, IMAGE_BASE_ALIGN, IMAGE_PITCH_ALIGN, imageArguments, imageLimits, LARGEST_TYPE, MAX_CONSTANT_ARGS, MAX_PARAMETER_BYTES, PRINTF_BYTES, constantBytes, deviceExtensions, deviceFeatures, is31, localBytes, makeVersion, maxAllocation, maxSubGroups, maxWorkGroup,
  maxWorkItems, svmCapabilities, versionOf, withVersions,
} from "./runtime/capabilities.ts";
import type { DeviceObject } from "./runtime/device-object.ts";
import { bytes, nameVersions, size, sizes, text, uint, words, type Answer } from "./runtime/info.ts";
import { stateOf } from "./runtime/state.ts";

type Query = (device: DeviceObject, profile: GpuProfile, t: Caller) => Answer;

const zero: Query = () => uint(0);
const one: Query = () => uint(1);
const noSize: Query = () => size(0);
const no: Query = () => uint(cl.CL_FALSE);
const yes: Query = () => uint(cl.CL_TRUE);
const empty: Query = () => text("");
const floatBits = cl.CL_FP_DENORM | cl.CL_FP_INF_NAN | cl.CL_FP_ROUND_TO_NEAREST | cl.CL_FP_ROUND_TO_ZERO | cl.CL_FP_ROUND_TO_INF | cl.CL_FP_FMA;
/** Nothing is faster than the plain instructions. */
const noDotProduct: Query = () => words({
  signed_accelerated: 0, unsigned_accelerated: 0, mixed_signedness_accelerated: 0, accumulating_saturating_signed_accelerated: 0, accumulating_saturating_unsigned_accelerated: 0,
  accumulating_saturating_mixed_signedness_accelerated: 0,
});

/** A UUID's 16 bytes from its text. */
function uuidBytes(text: string): Uint8Array {
  const digits = text.replace(/[^0-9a-fA-F]/g, "").padEnd(32, "0").slice(0, 32);
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

const vendors: Readonly<Record<GpuProfile["vendor"], string>> = { nvidia: "NVIDIA Corporation", amd: "Advanced Micro Devices, Inc.", intel: "Intel(R) Corporation" };

const atomics = cl.CL_DEVICE_ATOMIC_ORDER_RELAXED | cl.CL_DEVICE_ATOMIC_ORDER_ACQ_REL | cl.CL_DEVICE_ATOMIC_ORDER_SEQ_CST | cl.CL_DEVICE_ATOMIC_SCOPE_WORK_GROUP | cl.CL_DEVICE_ATOMIC_SCOPE_DEVICE | cl.CL_DEVICE_ATOMIC_SCOPE_ALL_DEVICES;

const floatAtomics =
  cl.CL_DEVICE_GLOBAL_FP_ATOMIC_LOAD_STORE_EXT | cl.CL_DEVICE_GLOBAL_FP_ATOMIC_ADD_EXT | cl.CL_DEVICE_GLOBAL_FP_ATOMIC_MIN_MAX_EXT |
  cl.CL_DEVICE_LOCAL_FP_ATOMIC_LOAD_STORE_EXT | cl.CL_DEVICE_LOCAL_FP_ATOMIC_ADD_EXT | cl.CL_DEVICE_LOCAL_FP_ATOMIC_MIN_MAX_EXT;

/** Every query of clGetDeviceInfo in OpenCL 3.0. API specification, table "List of supported param_names by clGetDeviceInfo". */
const queries: ReadonlyMap<number, Query> = new Map<number, Query>([
  [cl.CL_DEVICE_TYPE, (device) => size(cl.CL_DEVICE_TYPE_GPU | (device.index === 0 ? cl.CL_DEVICE_TYPE_DEFAULT : 0))],
  [cl.CL_DEVICE_VENDOR_ID, (_, p) => uint(p.vendorId)],
  [cl.CL_DEVICE_MAX_COMPUTE_UNITS, (_, p) => uint(p.multiprocessors)],
  [cl.CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS, () => uint(3)],
  [cl.CL_DEVICE_MAX_WORK_ITEM_SIZES, (device) => sizes(maxWorkItems(device))],
  [cl.CL_DEVICE_MAX_WORK_GROUP_SIZE, (device) => size(maxWorkGroup(device))],
  [cl.CL_DEVICE_PREFERRED_VECTOR_WIDTH_CHAR, one],
  [cl.CL_DEVICE_PREFERRED_VECTOR_WIDTH_SHORT, one],
  [cl.CL_DEVICE_PREFERRED_VECTOR_WIDTH_INT, one],
  [cl.CL_DEVICE_PREFERRED_VECTOR_WIDTH_LONG, one],
  [cl.CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT, one],
  [cl.CL_DEVICE_PREFERRED_VECTOR_WIDTH_DOUBLE, one],
  [cl.CL_DEVICE_PREFERRED_VECTOR_WIDTH_HALF, one],
  [cl.CL_DEVICE_NATIVE_VECTOR_WIDTH_CHAR, one],
  [cl.CL_DEVICE_NATIVE_VECTOR_WIDTH_SHORT, one],
  [cl.CL_DEVICE_NATIVE_VECTOR_WIDTH_INT, one],
  [cl.CL_DEVICE_NATIVE_VECTOR_WIDTH_LONG, one],
  [cl.CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, one],
  [cl.CL_DEVICE_NATIVE_VECTOR_WIDTH_DOUBLE, one],
  [cl.CL_DEVICE_NATIVE_VECTOR_WIDTH_HALF, one],
  [cl.CL_DEVICE_MAX_CLOCK_FREQUENCY, (_, p) => uint(Math.round(p.clockHz / 1e6))],
  [cl.CL_DEVICE_ADDRESS_BITS, () => uint(64)],
  [cl.CL_DEVICE_MAX_MEM_ALLOC_SIZE, (device) => size(maxAllocation(device))],
  [cl.CL_DEVICE_IMAGE_SUPPORT, yes],
  [cl.CL_DEVICE_MAX_READ_IMAGE_ARGS, () => uint(imageArguments.read)],
  [cl.CL_DEVICE_MAX_WRITE_IMAGE_ARGS, () => uint(imageArguments.write)],
  [cl.CL_DEVICE_MAX_READ_WRITE_IMAGE_ARGS, () => uint(imageArguments.readWrite)],
  [cl.CL_DEVICE_IL_VERSION, empty],
  [cl.CL_DEVICE_ILS_WITH_VERSION, () => nameVersions([])],
  [cl.CL_DEVICE_IMAGE2D_MAX_WIDTH, () => size(imageLimits.plane[0])],
  [cl.CL_DEVICE_IMAGE2D_MAX_HEIGHT, () => size(imageLimits.plane[1])],
  [cl.CL_DEVICE_IMAGE3D_MAX_WIDTH, () => size(imageLimits.volume[0])],
  [cl.CL_DEVICE_IMAGE3D_MAX_HEIGHT, () => size(imageLimits.volume[1])],
  [cl.CL_DEVICE_IMAGE3D_MAX_DEPTH, () => size(imageLimits.volume[2])],
  [cl.CL_DEVICE_IMAGE_MAX_BUFFER_SIZE, () => size(imageLimits.buffer)],
  [cl.CL_DEVICE_IMAGE_MAX_ARRAY_SIZE, () => size(imageLimits.layers)],
  [cl.CL_DEVICE_MAX_SAMPLERS, () => uint(imageArguments.samplers)],
  [cl.CL_DEVICE_IMAGE_PITCH_ALIGNMENT, () => uint(IMAGE_PITCH_ALIGN)],
  [cl.CL_DEVICE_IMAGE_BASE_ADDRESS_ALIGNMENT, () => uint(IMAGE_BASE_ALIGN)],
  [cl.CL_DEVICE_MAX_PIPE_ARGS, zero],
  [cl.CL_DEVICE_PIPE_MAX_ACTIVE_RESERVATIONS, zero],
  [cl.CL_DEVICE_PIPE_MAX_PACKET_SIZE, zero],
  [cl.CL_DEVICE_MAX_PARAMETER_SIZE, () => size(MAX_PARAMETER_BYTES)],
  [cl.CL_DEVICE_MEM_BASE_ADDR_ALIGN, () => uint(BASE_ALIGN * 8)],
  [cl.CL_DEVICE_MIN_DATA_TYPE_ALIGN_SIZE, () => uint(LARGEST_TYPE)],
  [cl.CL_DEVICE_SINGLE_FP_CONFIG, () => size(floatBits | cl.CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT)],
  [cl.CL_DEVICE_DOUBLE_FP_CONFIG, () => size(floatBits)],
  [cl.CL_DEVICE_HALF_FP_CONFIG, () => size(cl.CL_FP_DENORM | cl.CL_FP_INF_NAN | cl.CL_FP_ROUND_TO_NEAREST)],
  [cl.CL_DEVICE_GLOBAL_MEM_CACHE_TYPE, () => uint(cl.CL_READ_WRITE_CACHE)],
  [cl.CL_DEVICE_GLOBAL_MEM_CACHELINE_SIZE, () => uint(128)],
  [cl.CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, (_, p) => size(p.l2Bytes)],
  [cl.CL_DEVICE_GLOBAL_MEM_SIZE, (device) => size(device.info.vramBytes)],
  [cl.CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE, (device) => size(constantBytes(device))],
  [cl.CL_DEVICE_MAX_CONSTANT_ARGS, () => uint(MAX_CONSTANT_ARGS)],
  [cl.CL_DEVICE_MAX_GLOBAL_VARIABLE_SIZE, () => size(65536)],
  [cl.CL_DEVICE_GLOBAL_VARIABLE_PREFERRED_TOTAL_SIZE, () => size(65536)],
  [cl.CL_DEVICE_LOCAL_MEM_TYPE, () => uint(cl.CL_LOCAL)],
  [cl.CL_DEVICE_LOCAL_MEM_SIZE, (device) => size(localBytes(device))],
  [cl.CL_DEVICE_ERROR_CORRECTION_SUPPORT, (_, p) => uint(p.ecc ? cl.CL_TRUE : cl.CL_FALSE)],
  [cl.CL_DEVICE_HOST_UNIFIED_MEMORY, (_, p) => uint(p.integrated ? cl.CL_TRUE : cl.CL_FALSE)],
  [cl.CL_DEVICE_PROFILING_TIMER_RESOLUTION, () => size(1)],
  [cl.CL_DEVICE_ENDIAN_LITTLE, yes],
  [cl.CL_DEVICE_AVAILABLE, yes],
  [cl.CL_DEVICE_COMPILER_AVAILABLE, () => uint(compilerAvailable() ? cl.CL_TRUE : cl.CL_FALSE)],
  [cl.CL_DEVICE_LINKER_AVAILABLE, yes],
  [cl.CL_DEVICE_EXECUTION_CAPABILITIES, () => size(cl.CL_EXEC_KERNEL)],
  [cl.CL_DEVICE_QUEUE_ON_HOST_PROPERTIES, () => size(cl.CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE | cl.CL_QUEUE_PROFILING_ENABLE)],
  [cl.CL_DEVICE_QUEUE_ON_DEVICE_PROPERTIES, noSize],
  [cl.CL_DEVICE_QUEUE_ON_DEVICE_PREFERRED_SIZE, zero],
  [cl.CL_DEVICE_QUEUE_ON_DEVICE_MAX_SIZE, zero],
  [cl.CL_DEVICE_MAX_ON_DEVICE_QUEUES, zero],
  [cl.CL_DEVICE_MAX_ON_DEVICE_EVENTS, zero],
  [cl.CL_DEVICE_DEVICE_ENQUEUE_CAPABILITIES, noSize],
  [cl.CL_DEVICE_BUILT_IN_KERNELS, empty],
  [cl.CL_DEVICE_BUILT_IN_KERNELS_WITH_VERSION, () => nameVersions([])],
  [cl.CL_DEVICE_PLATFORM, (_, __, t) => size(stateOf(t).platform.handle)],
  [cl.CL_DEVICE_NAME, (device) => text(device.info.name)],
  [cl.CL_DEVICE_VENDOR, (_, p) => text(vendors[p.vendor])],
  [cl.CL_DRIVER_VERSION, (_, p) => text(p.driverVersion)],
  [cl.CL_DEVICE_PROFILE, () => text("FULL_PROFILE")],
  [cl.CL_DEVICE_VERSION, (_, __, t) => text(`OpenCL ${versionOf(t).join(".")} glassgpu`)],
  [cl.CL_DEVICE_NUMERIC_VERSION, (_, __, t) => uint(makeVersion(...versionOf(t)))],
  [cl.CL_DEVICE_OPENCL_C_VERSION, () => text("OpenCL C 1.2 glassgpu")],
  [cl.CL_DEVICE_OPENCL_C_NUMERIC_VERSION_KHR, () => uint(makeVersion(1, 2))],
  [cl.CL_DEVICE_OPENCL_C_ALL_VERSIONS, () => nameVersions([[1, 0], [1, 1], [1, 2], [2, 0], [3, 0]].map(([major, minor]) => ({ name: "OpenCL C", version: makeVersion(major!, minor!) })))],
  [cl.CL_DEVICE_OPENCL_C_FEATURES, () => nameVersions(deviceFeatures.map((name) => ({ name, version: makeVersion(3, 0) })))],
  [cl.CL_DEVICE_EXTENSIONS, () => text(deviceExtensions.join(" "))],
  [cl.CL_DEVICE_EXTENSIONS_WITH_VERSION, () => nameVersions(withVersions(deviceExtensions))],
  [cl.CL_DEVICE_PRINTF_BUFFER_SIZE, () => size(PRINTF_BYTES)],
  [cl.CL_DEVICE_PREFERRED_INTEROP_USER_SYNC, yes],
  [cl.CL_DEVICE_PARENT_DEVICE, noSize],
  [cl.CL_DEVICE_PARTITION_MAX_SUB_DEVICES, zero],
  [cl.CL_DEVICE_PARTITION_PROPERTIES, () => sizes([0])],
  [cl.CL_DEVICE_PARTITION_AFFINITY_DOMAIN, noSize],
  [cl.CL_DEVICE_PARTITION_TYPE, () => sizes([0])],
  [cl.CL_DEVICE_REFERENCE_COUNT, one],
  [cl.CL_DEVICE_SVM_CAPABILITIES, (device) => size(svmCapabilities(device))],
  [cl.CL_DEVICE_PREFERRED_PLATFORM_ATOMIC_ALIGNMENT, zero],
  [cl.CL_DEVICE_PREFERRED_GLOBAL_ATOMIC_ALIGNMENT, zero],
  [cl.CL_DEVICE_PREFERRED_LOCAL_ATOMIC_ALIGNMENT, zero],
  [cl.CL_DEVICE_MAX_NUM_SUB_GROUPS, (device) => uint(maxSubGroups(device))],
  [cl.CL_DEVICE_SUB_GROUP_INDEPENDENT_FORWARD_PROGRESS, no],
  [cl.CL_DEVICE_ATOMIC_MEMORY_CAPABILITIES, () => size(atomics)],
  [cl.CL_DEVICE_ATOMIC_FENCE_CAPABILITIES, () => size(atomics | cl.CL_DEVICE_ATOMIC_SCOPE_WORK_ITEM)],
  [cl.CL_DEVICE_NON_UNIFORM_WORK_GROUP_SUPPORT, yes],
  [cl.CL_DEVICE_WORK_GROUP_COLLECTIVE_FUNCTIONS_SUPPORT, yes],
  [cl.CL_DEVICE_GENERIC_ADDRESS_SPACE_SUPPORT, yes],
  [cl.CL_DEVICE_PIPE_SUPPORT, no],
  [cl.CL_DEVICE_PREFERRED_WORK_GROUP_SIZE_MULTIPLE, (_, p) => size(p.warpSize)],
  [cl.CL_DEVICE_LATEST_CONFORMANCE_VERSION_PASSED, empty],
  [cl.CL_DEVICE_UUID, (device) => bytes(uuidBytes(device.info.uuid))],
  [cl.CL_DRIVER_UUID, () => bytes(uuidBytes("676c6173736770752d6f70656e636c00"))],
  [cl.CL_DEVICE_LUID_VALID, no],
  [cl.CL_DEVICE_LUID, () => bytes(new Uint8Array(cl.CL_LUID_SIZE))],
  [cl.CL_DEVICE_NODE_MASK, () => uint(1)],
  [cl.CL_DEVICE_KERNEL_CLOCK_CAPABILITIES_KHR, () => size(cl.CL_DEVICE_KERNEL_CLOCK_SCOPE_DEVICE_KHR | cl.CL_DEVICE_KERNEL_CLOCK_SCOPE_WORK_GROUP_KHR | cl.CL_DEVICE_KERNEL_CLOCK_SCOPE_SUB_GROUP_KHR)],
  [cl.CL_DEVICE_SINGLE_FP_ATOMIC_CAPABILITIES_EXT, () => size(floatAtomics)],
  [cl.CL_DEVICE_DOUBLE_FP_ATOMIC_CAPABILITIES_EXT, () => size(floatAtomics)],
  [cl.CL_DEVICE_HALF_FP_ATOMIC_CAPABILITIES_EXT, noSize],
  [cl.CL_DEVICE_INTEGER_DOT_PRODUCT_CAPABILITIES_KHR, () => size(cl.CL_DEVICE_INTEGER_DOT_PRODUCT_INPUT_4x8BIT_PACKED_KHR | cl.CL_DEVICE_INTEGER_DOT_PRODUCT_INPUT_4x8BIT_KHR)],
  [cl.CL_DEVICE_INTEGER_DOT_PRODUCT_ACCELERATION_PROPERTIES_8BIT_KHR, noDotProduct],
  [cl.CL_DEVICE_INTEGER_DOT_PRODUCT_ACCELERATION_PROPERTIES_4x8BIT_PACKED_KHR, noDotProduct],
  [cl.CL_DEVICE_PCI_BUS_INFO_KHR, ({ info }) => words({ pci_domain: info.pciDomain, pci_bus: info.pciBus, pci_device: info.pciDevice, pci_function: info.pciFunction })],
]);

/** Queries that 3.1 adds. */
const queries31: ReadonlyMap<number, Query> = new Map<number, Query>([
  [cl.CL_DEVICE_SPIRV_EXTENDED_INSTRUCTION_SETS, () => sizes([])],
  [cl.CL_DEVICE_SPIRV_EXTENSIONS, () => sizes([])],
  [cl.CL_DEVICE_SPIRV_CAPABILITIES, () => ({ size: 0, value: [], write: () => {} })],
]);

/** The answer to a query about a device, or null when there is no such query. */
export function deviceInfo(t: Caller, device: DeviceObject, name: number): Answer | null {
  const query = queries.get(name) ?? (is31(t) ? queries31.get(name) : undefined);
  return query?.(device, device.info.profile, t) ?? null;
}

/** Every query there is, for tests and tools. */
export function deviceQueries(t: Caller): number[] {
  return [...queries.keys(), ...(is31(t) ? queries31.keys() : [])];
}
