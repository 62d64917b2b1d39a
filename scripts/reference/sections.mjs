/** Sections of the manuals by the headers' group names (CUDA) and the support table's chapters (OpenCL). */
const driver = {
  ERROR: "Error Handling", INITIALIZE: "Initialization", VERSION: "Version Management", DEVICE: "Device Management", DEVICE_DEPRECATED: "Device Management [DEPRECATED]", PRIMARY_CTX: "Primary Context Management", CTX: "Context Management",
  CTX_DEPRECATED: "Context Management [DEPRECATED]", MODULE: "Module Management", MODULE_DEPRECATED: "Module Management [DEPRECATED]", LIBRARY: "Library Management", MEM: "Memory Management", VA: "Virtual Memory Management", MALLOC_ASYNC: "Stream Ordered Memory Allocator",
  MULTICAST: "Multicast Object Management", UNIFIED: "Unified Addressing", STREAM: "Stream Management", EVENT: "Event Management", EXTRES_INTEROP: "External Resource Interoperability", MEMOP: "Stream Memory Operations", EXEC: "Execution Control", EXEC_DEPRECATED: "Execution Control [DEPRECATED]",
  GRAPH: "Graph Management", OCCUPANCY: "Occupancy", TEXREF_DEPRECATED: "Texture Reference Management [DEPRECATED]", SURFREF_DEPRECATED: "Surface Reference Management [DEPRECATED]", TEXOBJECT: "Texture Object Management", SURFOBJECT: "Surface Object Management",
  TENSOR_MEMORY: "Tensor Map Object Management", PEER_ACCESS: "Peer Context Memory Access", GRAPHICS: "Graphics Interoperability", DRIVER_ENTRY_POINT: "Driver Entry Point Access", COREDUMP: "Coredump Attributes Control API", GREEN_CONTEXTS: "Green Contexts",
  LOGS: "Error Log Management Functions", CHECKPOINT: "CUDA Checkpointing",
};
const runtime = {
  DEVICE: "Device Management", DEVICE_DEPRECATED: "Device Management [DEPRECATED]", ERROR: "Error Handling", STREAM: "Stream Management", EVENT: "Event Management", EXTRES_INTEROP: "External Resource Interoperability", EXECUTION: "Execution Control",
  EXECUTION_DEPRECATED: "Execution Control [DEPRECATED]", OCCUPANCY: "Occupancy", MEMORY: "Memory Management", MEMORY_DEPRECATED: "Memory Management [DEPRECATED]", MEMORY_POOLS: "Stream Ordered Memory Allocator", UNIFIED: "Unified Addressing",
  PEER: "Peer Device Memory Access", INTEROP: "Graphics Interoperability", TEXTURE_OBJECT: "Texture Object Management", SURFACE_OBJECT: "Surface Object Management", _VERSION: "Version Management", LOGS: "Error Log Management Functions", GRAPH: "Graph Management",
  DRIVER_ENTRY_POINT: "Driver Entry Point Access", LIBRARY: "Library Management", DRIVER: "Interactions with the CUDA Driver API",
};
const opencl = {
  "Platform": "4.1 Querying Platform Info, 5.8.8 Unloading the Compiler and 9 Extensions", "Devices": "4.2 Querying Devices and 4.3 Partitioning a Device", "Contexts": "4.4 Contexts", "Command Queues": "5.1 Command Queues and 5.15 Flush and Finish", "Memory Objects": "5.5 Querying, Unmapping, Migrating, Retaining and Releasing Memory Objects",
  "Buffer Objects": "5.2 Buffer Objects", "Image Objects": "5.3 Image Objects", "Pipes": "5.4 Pipes", "Shared Virtual Memory": "5.6 Shared Virtual Memory", "Sampler Objects": "5.7 Sampler Objects", "Program Objects": "5.8 Program Objects", "Kernel Objects": "5.9 Kernel Objects",
  "Executing Kernels": "5.10 Executing Kernels", "Event Objects": "5.11 Event Objects and 5.14 Profiling Operations", "Markers and Barriers": "5.12 Markers, Barriers and Waiting for Events",
};

/** "CUDA Driver API 13.0, Stream Management". @param group "CUDA_STREAM" */
export const driverSection = (group) => `CUDA Driver API 13.0, ${driver[group.replace(/^CUDA_/, "")] ?? group}`;
/** The same of the runtime. */
export const runtimeSection = (group) => `CUDA Runtime API 13.0, ${runtime[group.replace(/^CUDART_/, "")] ?? group}`;
/** The same of OpenCL. @param chapter as in src/opencl/support.ts */
export const openclSection = (chapter) => opencl[chapter] === undefined ? (chapter.startsWith("cl_") ? `OpenCL 3.1 API specification, extension ${chapter}` : null) : `OpenCL 3.1 API specification, ${opencl[chapter]}`;
