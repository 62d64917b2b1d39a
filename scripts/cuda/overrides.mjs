/**
 * What no header says: direction of pointers, which pointers are arrays, what a `void *` holds.
 * Everything else follows from the C types.
 */

/** Enums without a tag, named by the typedef that goes with them. */
export const enumNames = {
  CU_GREEN_CTX_DEFAULT_STREAM__anon: "CUgreenCtxCreate_flags",
  CU_DEV_SM_RESOURCE_SPLIT_IGNORE_SM_COSCHEDULING__anon: "CUdevSmResourceSplit_flags",
  CU_DEV_RESOURCE_TYPE_INVALID__anon: "CUdevResourceType",
};

/** Non-const pointers that the function only reads (or that name host memory): parameter names, with a function name before a dot where it matters. */
export const inPointers = new Set([
  "ctxCreateParams", "options", "optionValues", "jitOptions", "jitOptionsValues", "libraryOptions", "libraryOptionValues", "userData", "kernelParams", "args",
  "extra", "dsts", "srcs", "sizes", "attrs", "attrsIdxs", "opList", "paramsArray", "mapInfoList", "location", "dptrs", "prefetchLocs", "prefetchLocIdxs",
  "dataSizes", "attributes", "paramArray", "launchParamsList", "resources", "nodeParams", "iterator", "osHandle", "shareData", "device_arr",
  "prefetchLocs", "instantiateParams", "cuStreamUpdateCaptureDependencies_v2.dependencies", "cudaStreamUpdateCaptureDependencies.dependencies",
  "cuTexRefSetBorderColor.pBorderColor", "cuCoredumpSetAttribute.size", "cuCoredumpSetAttributeGlobal.size", "cudaMemPoolImportPointer.exportData",
  "cuCheckpointProcessLock.args", "cuCheckpointProcessCheckpoint.args", "cuCheckpointProcessRestore.args", "cuCheckpointProcessUnlock.args",
]);

/** Of those, and of the non-const ones above, the ones that are out-parameters after all. */
export const outPointers = new Set([
  "cudaFuncGetAttributes.attr", "cudaPointerGetAttributes.attributes",
  "cuGraphKernelNodeGetParams_v2.nodeParams", "cuGraphMemcpyNodeGetParams.nodeParams", "cuGraphMemsetNodeGetParams.nodeParams", "cuGraphHostNodeGetParams.nodeParams",
]);

/** `void *` parameters that the function writes through: an out box of the type. */
export const outVoid = {
  "cuPointerGetAttribute.data": "unknown", "cuMemRangeGetAttribute.data": "unknown", "cuMemPoolGetAttribute.value": "number | bigint",
  "cuDeviceGetGraphMemAttribute.value": "bigint", "cuCoredumpGetAttribute.value": "unknown", "cuCoredumpGetAttributeGlobal.value": "unknown",
  "cuMemExportToShareableHandle.shareableHandle": "unknown", "cuMemPoolExportToShareableHandle.handle_out": "unknown",
  "cuMemGetHandleForAddressRange.handle": "unknown",
  "cudaMemRangeGetAttribute.data": "unknown", "cudaMemPoolGetAttribute.value": "number | bigint", "cudaDeviceGetGraphMemAttribute.value": "bigint",
  "cudaMemPoolExportToShareableHandle.shareableHandle": "unknown", "cudaGraphMemFreeNodeGetParams.dptr_out": "number",
};

/** Input `void *` (and the like) parameters by what they hold. Default: host memory. */
export const inVoid = {
  userData: "unknown", image: "ModuleImage", fatCubin: "ModuleImage", code: "ModuleImage", data: "ModuleImage",
  "cuMemFreeHost.p": "number", "cuMemHostUnregister.p": "HostPtr", "cuMemRetainAllocationHandle.addr": "number", "cuMemPoolSetAttribute.value": "number | bigint",
  "cudaMemPoolSetAttribute.value": "number | bigint", "cuPointerSetAttribute.value": "number | boolean", "cuDeviceSetGraphMemAttribute.value": "number | bigint",
  "cudaDeviceSetGraphMemAttribute.value": "number | bigint", "cuCoredumpSetAttribute.value": "unknown", "cuCoredumpSetAttributeGlobal.value": "unknown",
  osHandle: "unknown", "cuMemPoolImportFromShareableHandle.handle": "unknown", "cudaMemPoolImportFromShareableHandle.shareableHandle": "unknown",
  nvSciSyncAttrList: "unknown", globalAddress: "number", "cuUserObjectCreate.ptr": "unknown", "cudaUserObjectCreate.ptr": "unknown",
  func: "KernelFunction", symbol: "DeviceSymbol", symbolPtr: "KernelFunction", entryFuncAddr: "KernelFunction",
  "cudaFree.devPtr": "number", "cudaFreeHost.ptr": "number", "cudaFreeAsync.devPtr": "number", "cudaIpcGetMemHandle.devPtr": "number",
  "cudaIpcCloseMemHandle.devPtr": "number", "cudaMemset.devPtr": "number", "cudaMemset2D.devPtr": "number", "cudaMemsetAsync.devPtr": "number",
  "cudaMemset2DAsync.devPtr": "number", "cudaMemPrefetchAsync.devPtr": "number", "cudaMemAdvise.devPtr": "number", "cudaMemRangeGetAttribute.devPtr": "number",
  "cudaMemRangeGetAttributes.devPtr": "number", "cudaStreamAttachMemAsync.devPtr": "number", "cudaMemPoolExportPointer.ptr": "number",
  "cudaGraphAddMemFreeNode.dptr": "number",
};

/** Out-parameters that receive a whole array (an out box of an array). */
export const outArrays = new Set([
  "cuModuleEnumerateFunctions.functions", "cuLibraryEnumerateKernels.kernels", "cudaLibraryEnumerateKernels.kernels", "capabilities",
  "dependencies_out", "edgeData_out", "nodes", "rootNodes", "pRootNodes", "from", "to", "edgeData", "dependencies", "dependentNodes",
  "pDependencies", "pDependentNodes", "cuDevSmResourceSplitByCount.result", "cuTexRefGetBorderColor.pBorderColor",
]);

/** Out boxes that are read too: they must hold a value before the call. (Counts of graph queries may hold how many fit; empty ones mean all.) */
export const inOut = new Set([
  "mode",
  "cuDevSmResourceSplitByCount.nbGroups", "cuLogsDumpToMemory.size", "cudaLogsDumpToMemory.size", "cuCoredumpGetAttribute.size", "cuCoredumpGetAttributeGlobal.size",
]);

/** Read-only pointers to a single thing, not to an array of them. */
export const singles = new Set([
  "ctxCreateParams", "pCopy", "pAllocateArray", "pMipmappedArrayDesc", "prop", "poolProps", "location", "value", "memHandleDesc", "bufferDesc", "mipmapDesc",
  "semHandleDesc", "config", "nodeParams", "pNodeParams", "params", "copyParams", "memsetParams", "instantiateParams", "pResDesc", "pTexDesc", "pResViewDesc",
  "pExportTableId", "input", "iterator", "shareData", "exportData", "launchConfig", "p", "cudaMallocArray.desc", "cudaMalloc3DArray.desc", "cudaMallocMipmappedArray.desc", "cuTexRefSetAddress2D_v3.desc", "fmtDesc", "pCopyParams", "pMemsetParams",
  "cuCheckpointProcessLock.args", "cuCheckpointProcessCheckpoint.args", "cuCheckpointProcessRestore.args", "cuCheckpointProcessUnlock.args",
]);

/** Struct fields that hold arrays, by name. */
export const fieldArrays = new Set(["execAffinityParams", "attrs", "extSemArray", "paramsArray", "paramArray", "phGraph_out", "gpuPairs", "accessDescs"]);

/** Types of struct fields that the C type does not tell. */
export const fieldTypes = {
  kernelParams: "readonly KernelValue[] | null", extra: "LaunchExtra | null", userData: "unknown", name: "string", func: "KernelFunction",
  srcPtr: "HostPitchedPtr", dstPtr: "HostPitchedPtr", base_ptr: "number", ptr: "number", fd: "number", handle: "unknown", nvSciSync: "unknown", nvSciSyncObj: "unknown", nvSciBufObject: "unknown",
  win32HandleMetaData: "unknown", win32SecurityAttributes: "unknown", sharedData: "unknown", devicePointer: "number", hostPointer: "number",
  fence: "unknown", fatbinary: "unknown", functionTable: "unknown", functionWindowSize: "number", dataTable: "unknown", dataWindowSize: "number",
};
