import * as cl from "../../opencl/abi/constants.ts";

/** What a query answers: as clGetDeviceInfo gives it to a box. */
export type Value = number | bigint | string | readonly number[] | readonly { readonly name: string; readonly version: number }[] | Uint8Array | { readonly pci_domain: number; readonly pci_bus: number; readonly pci_device: number; readonly pci_function: number };

/** One row: depth (1: of the device, 2: of a group), label, query (null: a title; several: sizes of one thing), and how its value reads. */
export interface Row {
  readonly depth: 1 | 2;
  readonly label: string;
  readonly query: number | readonly number[] | null;
  readonly show: (value: Value) => string | readonly string[];
}

const plain = (value: Value): string => String(value);
const yes = (value: Value): string => (Number(value) === 0 ? "No" : "Yes");
const bit = (mask: number) => (value: Value): string => ((Number(value) & mask) === 0 ? "No" : "Yes");
const unit = (text: string) => (value: Value): string => `${String(value)} ${text}`;
const texts = (value: Value): string => (value === "" ? "(n/a)" : String(value));
const hex = (value: Value): string => `0x${Number(value).toString(16)}`;

/** "65536 (64KiB)", "42949672960 (40GiB)": four digits that count. */
export function memory(value: Value): string {
  const bytes = Number(value);
  const units = ["", "KiB", "MiB", "GiB", "TiB"];
  let [scaled, i] = [bytes, 0];
  while (scaled >= 1024 && i < units.length - 1) {
    scaled /= 1024;
    i++;
  }
  return i === 0 ? String(bytes) : `${bytes} (${Number(scaled.toPrecision(4))}${units[i]!})`;
}

/** "0xc00000 (3.0.0)" */
export function version(value: Value): string {
  const n = Number(value);
  return `0x${n.toString(16)} (${n >>> 22}.${(n >>> 12) & 0x3ff}.${n & 0xfff})`;
}

/** Names in a column, versions behind them. */
function named(value: Value): string | readonly string[] {
  const list = value as readonly { readonly name: string; readonly version: number }[];
  return list.length === 0 ? "(n/a)" : list.map((entry) => `${entry.name.padEnd(64)} ${version(entry.version)}`);
}

/** Bytes of a UUID. */
function uuid(value: Value): string {
  const digits = [...(value as Uint8Array)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.length === 32 ? `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}` : `${digits.slice(0, 4)}-${digits.slice(4)}`;
}

function deviceType(value: Value): string {
  const names: readonly (readonly [number, string])[] = [[cl.CL_DEVICE_TYPE_CPU, "CPU"], [cl.CL_DEVICE_TYPE_GPU, "GPU"], [cl.CL_DEVICE_TYPE_ACCELERATOR, "Accelerator"]];
  return names.filter(([mask]) => (Number(value) & mask) !== 0).map(([, name]) => name).join(", ");
}

function atomics(value: Value): string {
  const names: readonly (readonly [number, string])[] = [
    [cl.CL_DEVICE_ATOMIC_ORDER_RELAXED, "relaxed"], [cl.CL_DEVICE_ATOMIC_ORDER_ACQ_REL, "acquire/release"], [cl.CL_DEVICE_ATOMIC_ORDER_SEQ_CST, "sequentially-consistent"],
    [cl.CL_DEVICE_ATOMIC_SCOPE_WORK_ITEM, "work-item scope"], [cl.CL_DEVICE_ATOMIC_SCOPE_WORK_GROUP, "work-group scope"], [cl.CL_DEVICE_ATOMIC_SCOPE_DEVICE, "device scope"],
    [cl.CL_DEVICE_ATOMIC_SCOPE_ALL_DEVICES, "all-devices scope"],
  ];
  return names.filter(([mask]) => (Number(value) & mask) !== 0).map(([, name]) => name).join(", ");
}

function topology(value: Value): string {
  const p = value as Extract<Value, { readonly pci_bus: number }>;
  const two = (n: number, width: number): string => n.toString(16).padStart(width, "0");
  return `PCI-E, ${two(p.pci_domain, 4)}:${two(p.pci_bus, 2)}:${two(p.pci_device, 2)}.${p.pci_function}`;
}

const row = (label: string, query: Row["query"], show: Row["show"] = plain): Row => ({ depth: 1, label, query, show });
const sub = (label: string, query: Row["query"], show: Row["show"] = plain): Row => ({ depth: 2, label, query, show });
const title = (label: string, note: string = ""): Row => ({ depth: 1, label, query: null, show: () => note });

function floats(label: string, note: string, query: number): Row[] {
  const rows: readonly (readonly [string, number])[] = [
    ["Denormals", cl.CL_FP_DENORM], ["Infinity and NANs", cl.CL_FP_INF_NAN], ["Round to nearest", cl.CL_FP_ROUND_TO_NEAREST], ["Round to zero", cl.CL_FP_ROUND_TO_ZERO], ["Round to infinity", cl.CL_FP_ROUND_TO_INF],
    ["IEEE754-2008 fused multiply-add", cl.CL_FP_FMA], ["Support is emulated in software", cl.CL_FP_SOFT_FLOAT],
  ];
  const more = query === cl.CL_DEVICE_SINGLE_FP_CONFIG ? [sub("Correctly-rounded divide and sqrt operations", query, bit(cl.CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT))] : [];
  return [title(label, note), ...rows.map(([name, mask]) => sub(name, query, bit(mask))), ...more];
}

const times = (value: Value): string => (value as readonly number[]).join("x");

/** Rows of a platform. */
export const platformRows: readonly Row[] = [
  row("Platform Name", cl.CL_PLATFORM_NAME), row("Platform Vendor", cl.CL_PLATFORM_VENDOR), row("Platform Version", cl.CL_PLATFORM_VERSION), row("Platform Profile", cl.CL_PLATFORM_PROFILE),
  row("Platform Extensions", cl.CL_PLATFORM_EXTENSIONS), row("Platform Extensions with Version", cl.CL_PLATFORM_EXTENSIONS_WITH_VERSION, named), row("Platform Numeric Version", cl.CL_PLATFORM_NUMERIC_VERSION, version),
  row("Platform Extensions function suffix", cl.CL_PLATFORM_ICD_SUFFIX_KHR, texts), row("Platform Host timer resolution", cl.CL_PLATFORM_HOST_TIMER_RESOLUTION, (value) => `${String(value)}ns`),
];

/** Rows of a device, in clinfo's order. Vector widths are made elsewhere: they are two queries a row. */
export const deviceRowsBefore: readonly Row[] = [
  row("Device Name", cl.CL_DEVICE_NAME), row("Device Vendor", cl.CL_DEVICE_VENDOR), row("Device Vendor ID", cl.CL_DEVICE_VENDOR_ID, hex), row("Device Version", cl.CL_DEVICE_VERSION),
  row("Device UUID", cl.CL_DEVICE_UUID_KHR, uuid), row("Driver UUID", cl.CL_DRIVER_UUID_KHR, uuid), row("Valid Device LUID", cl.CL_DEVICE_LUID_VALID_KHR, yes), row("Device LUID", cl.CL_DEVICE_LUID_KHR, uuid),
  row("Device Node Mask", cl.CL_DEVICE_NODE_MASK_KHR, hex), row("Device Numeric Version", cl.CL_DEVICE_NUMERIC_VERSION, version), row("Driver Version", cl.CL_DRIVER_VERSION),
  row("Device OpenCL C Version", cl.CL_DEVICE_OPENCL_C_VERSION), row("Device OpenCL C all versions", cl.CL_DEVICE_OPENCL_C_ALL_VERSIONS, named),
  row("Device OpenCL C features", cl.CL_DEVICE_OPENCL_C_FEATURES, named), row("Latest conformance test passed", cl.CL_DEVICE_LATEST_CONFORMANCE_VERSION_PASSED, texts), row("Device Type", cl.CL_DEVICE_TYPE, deviceType),
  row("Device Topology (KHR)", cl.CL_DEVICE_PCI_BUS_INFO_KHR, topology), row("Device Profile", cl.CL_DEVICE_PROFILE), row("Device Available", cl.CL_DEVICE_AVAILABLE, yes),
  row("Compiler Available", cl.CL_DEVICE_COMPILER_AVAILABLE, yes), row("Linker Available", cl.CL_DEVICE_LINKER_AVAILABLE, yes), row("Max compute units", cl.CL_DEVICE_MAX_COMPUTE_UNITS),
  row("Max clock frequency", cl.CL_DEVICE_MAX_CLOCK_FREQUENCY, (value) => `${String(value)}MHz`), title("Device Partition", "(core)"),
  sub("Max number of sub-devices", cl.CL_DEVICE_PARTITION_MAX_SUB_DEVICES), sub("Supported partition types", cl.CL_DEVICE_PARTITION_PROPERTIES, () => "None"), sub("Supported affinity domains", null, () => "(n/a)"),
  row("Max work item dimensions", cl.CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS), row("Max work item sizes", cl.CL_DEVICE_MAX_WORK_ITEM_SIZES, times), row("Max work group size", cl.CL_DEVICE_MAX_WORK_GROUP_SIZE),
  row("Preferred work group size multiple (device)", cl.CL_DEVICE_PREFERRED_WORK_GROUP_SIZE_MULTIPLE), row("Max sub-groups per work group", cl.CL_DEVICE_MAX_NUM_SUB_GROUPS),
];

/** Preferred and native widths of vectors: type, both queries, and what the type needs. */
export const vectorRows: readonly (readonly [string, number, number, string])[] = [
  ["char", cl.CL_DEVICE_PREFERRED_VECTOR_WIDTH_CHAR, cl.CL_DEVICE_NATIVE_VECTOR_WIDTH_CHAR, ""], ["short", cl.CL_DEVICE_PREFERRED_VECTOR_WIDTH_SHORT, cl.CL_DEVICE_NATIVE_VECTOR_WIDTH_SHORT, ""],
  ["int", cl.CL_DEVICE_PREFERRED_VECTOR_WIDTH_INT, cl.CL_DEVICE_NATIVE_VECTOR_WIDTH_INT, ""], ["long", cl.CL_DEVICE_PREFERRED_VECTOR_WIDTH_LONG, cl.CL_DEVICE_NATIVE_VECTOR_WIDTH_LONG, ""],
  ["half", cl.CL_DEVICE_PREFERRED_VECTOR_WIDTH_HALF, cl.CL_DEVICE_NATIVE_VECTOR_WIDTH_HALF, "(cl_khr_fp16)"], ["float", cl.CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT, cl.CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, ""],
  ["double", cl.CL_DEVICE_PREFERRED_VECTOR_WIDTH_DOUBLE, cl.CL_DEVICE_NATIVE_VECTOR_WIDTH_DOUBLE, "(cl_khr_fp64)"],
];

const cacheTypes = ["None", "Read-Only", "Read/Write"];

/** The rest of a device's rows. */
export const deviceRowsAfter: readonly Row[] = [
  ...floats("Half-precision Floating-point support", "(cl_khr_fp16)", cl.CL_DEVICE_HALF_FP_CONFIG), ...floats("Single-precision Floating-point support", "(core)", cl.CL_DEVICE_SINGLE_FP_CONFIG),
  ...floats("Double-precision Floating-point support", "(cl_khr_fp64)", cl.CL_DEVICE_DOUBLE_FP_CONFIG),
  row("Address bits", cl.CL_DEVICE_ADDRESS_BITS, (value) => `${String(value)}, Little-Endian`), row("Global memory size", cl.CL_DEVICE_GLOBAL_MEM_SIZE, memory),
  row("Error Correction support", cl.CL_DEVICE_ERROR_CORRECTION_SUPPORT, yes), row("Max memory allocation", cl.CL_DEVICE_MAX_MEM_ALLOC_SIZE, memory),
  row("Unified memory for Host and Device", cl.CL_DEVICE_HOST_UNIFIED_MEMORY, yes), title("Shared Virtual Memory (SVM) capabilities", "(core)"),
  sub("Coarse-grained buffer sharing", cl.CL_DEVICE_SVM_CAPABILITIES, bit(cl.CL_DEVICE_SVM_COARSE_GRAIN_BUFFER)), sub("Fine-grained buffer sharing", cl.CL_DEVICE_SVM_CAPABILITIES, bit(cl.CL_DEVICE_SVM_FINE_GRAIN_BUFFER)),
  sub("Fine-grained system sharing", cl.CL_DEVICE_SVM_CAPABILITIES, bit(cl.CL_DEVICE_SVM_FINE_GRAIN_SYSTEM)), sub("Atomics", cl.CL_DEVICE_SVM_CAPABILITIES, bit(cl.CL_DEVICE_SVM_ATOMICS)),
  row("Minimum alignment for any data type", cl.CL_DEVICE_MIN_DATA_TYPE_ALIGN_SIZE, unit("bytes")),
  row("Alignment of base address", cl.CL_DEVICE_MEM_BASE_ADDR_ALIGN, (value) => `${String(value)} bits (${Number(value) / 8} bytes)`), title("Preferred alignment for atomics"),
  sub("SVM", cl.CL_DEVICE_PREFERRED_PLATFORM_ATOMIC_ALIGNMENT, unit("bytes")), sub("Global", cl.CL_DEVICE_PREFERRED_GLOBAL_ATOMIC_ALIGNMENT, unit("bytes")),
  sub("Local", cl.CL_DEVICE_PREFERRED_LOCAL_ATOMIC_ALIGNMENT, unit("bytes")), row("Atomic memory capabilities", cl.CL_DEVICE_ATOMIC_MEMORY_CAPABILITIES, atomics),
  row("Atomic fence capabilities", cl.CL_DEVICE_ATOMIC_FENCE_CAPABILITIES, atomics), row("Max size for global variable", cl.CL_DEVICE_MAX_GLOBAL_VARIABLE_SIZE, memory),
  row("Preferred total size of global vars", cl.CL_DEVICE_GLOBAL_VARIABLE_PREFERRED_TOTAL_SIZE, memory), row("Global Memory cache type", cl.CL_DEVICE_GLOBAL_MEM_CACHE_TYPE, (value) => cacheTypes[Number(value)] ?? "?"),
  row("Global Memory cache size", cl.CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, memory), row("Global Memory cache line size", cl.CL_DEVICE_GLOBAL_MEM_CACHELINE_SIZE, unit("bytes")), row("Image support", cl.CL_DEVICE_IMAGE_SUPPORT, yes),
  sub("Max number of samplers per kernel", cl.CL_DEVICE_MAX_SAMPLERS), sub("Max size for 1D images from buffer", cl.CL_DEVICE_IMAGE_MAX_BUFFER_SIZE, unit("pixels")),
  sub("Max 1D or 2D image array size", cl.CL_DEVICE_IMAGE_MAX_ARRAY_SIZE, unit("images")), sub("Base address alignment for 2D image buffers", cl.CL_DEVICE_IMAGE_BASE_ADDRESS_ALIGNMENT, unit("bytes")),
  sub("Pitch alignment for 2D image buffers", cl.CL_DEVICE_IMAGE_PITCH_ALIGNMENT, unit("pixels")), sub("Max 2D image size", [cl.CL_DEVICE_IMAGE2D_MAX_WIDTH, cl.CL_DEVICE_IMAGE2D_MAX_HEIGHT], unit("pixels")),
  sub("Max 3D image size", [cl.CL_DEVICE_IMAGE3D_MAX_WIDTH, cl.CL_DEVICE_IMAGE3D_MAX_HEIGHT, cl.CL_DEVICE_IMAGE3D_MAX_DEPTH], unit("pixels")), sub("Max number of read image args", cl.CL_DEVICE_MAX_READ_IMAGE_ARGS), sub("Max number of write image args", cl.CL_DEVICE_MAX_WRITE_IMAGE_ARGS),
  sub("Max number of read/write image args", cl.CL_DEVICE_MAX_READ_WRITE_IMAGE_ARGS), row("Pipe support", cl.CL_DEVICE_PIPE_SUPPORT, yes), row("Max number of pipe args", cl.CL_DEVICE_MAX_PIPE_ARGS),
  row("Max active pipe reservations", cl.CL_DEVICE_PIPE_MAX_ACTIVE_RESERVATIONS), row("Max pipe packet size", cl.CL_DEVICE_PIPE_MAX_PACKET_SIZE),
  row("Local memory type", cl.CL_DEVICE_LOCAL_MEM_TYPE, (value) => (Number(value) === cl.CL_LOCAL ? "Local" : "Global")), row("Local memory size", cl.CL_DEVICE_LOCAL_MEM_SIZE, memory),
  row("Max number of constant args", cl.CL_DEVICE_MAX_CONSTANT_ARGS), row("Max constant buffer size", cl.CL_DEVICE_MAX_CONSTANT_BUFFER_SIZE, memory),
  row("Generic address space support", cl.CL_DEVICE_GENERIC_ADDRESS_SPACE_SUPPORT, yes), row("Max size of kernel argument", cl.CL_DEVICE_MAX_PARAMETER_SIZE, memory), title("Queue properties (on host)"),
  sub("Out-of-order execution", cl.CL_DEVICE_QUEUE_ON_HOST_PROPERTIES, bit(cl.CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE)), sub("Profiling", cl.CL_DEVICE_QUEUE_ON_HOST_PROPERTIES, bit(cl.CL_QUEUE_PROFILING_ENABLE)),
  row("Device enqueue capabilities", cl.CL_DEVICE_DEVICE_ENQUEUE_CAPABILITIES, () => "(n/a)"), title("Queue properties (on device)"),
  sub("Out-of-order execution", cl.CL_DEVICE_QUEUE_ON_DEVICE_PROPERTIES, bit(cl.CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE)), sub("Profiling", cl.CL_DEVICE_QUEUE_ON_DEVICE_PROPERTIES, bit(cl.CL_QUEUE_PROFILING_ENABLE)),
  sub("Preferred size", cl.CL_DEVICE_QUEUE_ON_DEVICE_PREFERRED_SIZE), sub("Max size", cl.CL_DEVICE_QUEUE_ON_DEVICE_MAX_SIZE), row("Max queues on device", cl.CL_DEVICE_MAX_ON_DEVICE_QUEUES),
  row("Max events on device", cl.CL_DEVICE_MAX_ON_DEVICE_EVENTS), row("Prefer user sync for interop", cl.CL_DEVICE_PREFERRED_INTEROP_USER_SYNC, yes),
  row("Profiling timer resolution", cl.CL_DEVICE_PROFILING_TIMER_RESOLUTION, (value) => `${String(value)}ns`), title("Execution capabilities"),
  sub("Run OpenCL kernels", cl.CL_DEVICE_EXECUTION_CAPABILITIES, bit(cl.CL_EXEC_KERNEL)), sub("Run native kernels", cl.CL_DEVICE_EXECUTION_CAPABILITIES, bit(cl.CL_EXEC_NATIVE_KERNEL)),
  sub("Non-uniform work-groups", cl.CL_DEVICE_NON_UNIFORM_WORK_GROUP_SUPPORT, yes), sub("Work-group collective functions", cl.CL_DEVICE_WORK_GROUP_COLLECTIVE_FUNCTIONS_SUPPORT, yes),
  sub("Sub-group independent forward progress", cl.CL_DEVICE_SUB_GROUP_INDEPENDENT_FORWARD_PROGRESS, yes), sub("IL version", cl.CL_DEVICE_IL_VERSION, texts), sub("ILs with version", cl.CL_DEVICE_ILS_WITH_VERSION, named),
  row("printf() buffer size", cl.CL_DEVICE_PRINTF_BUFFER_SIZE, memory), row("Built-in kernels", cl.CL_DEVICE_BUILT_IN_KERNELS, texts),
  row("Built-in kernels with version", cl.CL_DEVICE_BUILT_IN_KERNELS_WITH_VERSION, named), row("Device Extensions", cl.CL_DEVICE_EXTENSIONS), row("Device Extensions with Version", cl.CL_DEVICE_EXTENSIONS_WITH_VERSION, named),
];
