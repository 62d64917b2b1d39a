/**
 * What the parameters of the CUDA APIs mean, for the reference: by name, or by "function.name" where a name means something else there. Chapter files say it where there is more to say; this
 * is for what is the same everywhere. Own words, with units.
 */
const shared = {
  attributes: "which attributes, one for each answer", canAccessPeer: "gets 1 or 0", dataSizes: "size of each answer, bytes", device: "ordinal of the device", dstDevice: "where to: device address",
  srcDevice: "where from: device address", extent: "size in elements: width, height, depth; an axis of 0 does not exist", fileName: "path in the machine's file system", flags: "flags of this call, as bits",
  free: "gets the free bytes", total: "gets all bytes", numAttributes: "how many attributes", numLevels: "number of levels, the full-size one counted", operations: "which atomic operations are asked about",
  paramIndex: "number of the parameter, from 0", planeIdx: "number of the plane, from 0", jitOptionsValues: "their values, one for each option", jitOptions: "options of the just-in-time compiler", numJitOptions: "number of jitOptions",
  libraryOptions: "options of the library", libraryOptionValues: "their values", _libraryOptionValues: "their values", numLibraryOptions: "number of libraryOptions", scope: "whose view must be up to date", target: "whose writes are flushed",
  userData: "passed to the function as it is; any JavaScript value", minBytesToKeep: "bytes that the pool may keep for later allocations", x: "first axis", y: "second axis", z: "third axis", fptr: "gets the function",
  blockSize: "threads of a block", numBlocks: "gets the answer, blocks", dynamicSMemSize: "dynamic shared memory of a block, bytes", limit: "which limit", advice: "what is to be expected, CU_MEM_ADVISE_* or cudaMemAdvise*",
  location: "a device, the host, or a NUMA node of the host", count: "bytes", attribute: "which attribute", pResDesc: "gets or gives the resource: array, mipmapped array, linear or pitched memory", size: "bytes",
  pTexDesc: "gets or gives how the texture is read: address modes, filter, format of results", pResViewDesc: "gets or gives the view: format and size as seen; NULL for the resource as it is", level: "number of the level, 0 is full size",
};

/** Graph Management and stream capture, under the names of both APIs. */
const graphs = {
  hGraph: "a graph of this process", graph: "a graph of this process", hNode: "a node of a graph", node: "a node of a graph", hGraphExec: "an executable graph", graphExec: "an executable graph", numDependencies: "length of the list",
  dependencies: "nodes of the graph that it begins after; NULL for none", pDependencies: "nodes of the graph that it begins after; NULL for none", dependencyData: "what the edges say; NULL: nothing", nodeParams: "the parameters",
  pNodeParams: "the parameters", copyParams: "the copy, as for cuMemcpy3D", pCopyParams: "the copy, as for cudaMemcpy3D", memsetParams: "what is set to what", pMemsetParams: "what is set to what", childGraph: "the graph inside",
  originalGraph: "the graph to copy", clonedGraph: "a copy", hClonedGraph: "a copy", originalNode: "a node of the original", hOriginalNode: "a node of the original", from: "gets or names the nodes that edges begin at",
  to: "gets or names the nodes that edges end at", edgeData: "gets or says what edges say; NULL: nothing", mode: "what the capture forbids meanwhile: CU_STREAM_CAPTURE_MODE_* or cudaStreamCaptureMode*", id_out: "gets the capture's identity; may be NULL",
  graph_out: "gets the graph; may be NULL", dependencies_out: "gets the nodes; may be NULL", edgeData_out: "gets what the edges will say; may be NULL", numDependencies_out: "gets how many nodes; may be NULL",
  object: "a user object", object_out: "gets the object", destroy: "function that is called with ptr when the last reference is gone", initialRefcount: "references that the program begins with", hSrc: "the node to read", hDst: "the node to change",
  isEnabled: "1: on, 0: off", resultInfo: "gets how it went", instantiateParams: "flags and upload stream; gets how it went", phGraph: "gets the graph", pGraph: "gets the graph", phGraphNode: "gets the node", pGraphNode: "gets the node",
  phGraphExec: "gets the executable graph", pGraphExec: "gets the executable graph", uploadStream: "stream of the upload", path: "path in the machine's file system", event_out: "gets the event",
};

/** Driver API. */
export const driver = {
  ...shared,
  ...graphs,
  N: "number of elements", ByteCount: "bytes", Width: "elements of a row", WidthInBytes: "bytes of a row", Height: "rows", addr: "device address", attr: "which attribute", attrib: "which attribute",
  bytes: "bytes", bytesize: "bytes", blockDimX: "threads of a block along x", blockDimY: "threads of a block along y", blockDimZ: "threads of a block along z", gridDimX: "blocks along x", gridDimY: "blocks along y", gridDimZ: "blocks along z",
  blockSizeLimit: "most threads of a block that count; 0 for no limit", blockSizeToDynamicSMemSize: "function that says how many bytes of dynamic shared memory a block of so many threads needs; NULL: dynamicSMemSize for all",
  config: "the preference", ctx: "a context of this process", data: "gets the answers", dev: "handle of the device", devPtr: "device address", deviceNodeMask: "gets the mask of nodes", dptr: "device address", dst: "where to: any address of unified addressing",
  dstArray: "array to write", dstContext: "context of dstDevice", dstHost: "host memory to write: a simulated address or a JavaScript array", dstOffset: "bytes from the array's beginning", dstPitch: "bytes from one row to the next",
  extra: "the parameter block as a whole instead of kernelParams, or NULL", f: "the kernel", fatCubin: "the image: PTX text or its bytes", fn: "the kernel", format: "format of a channel", func: "the kernel", grid_height: "blocks along y",
  grid_width: "blocks along x", hArray: "the array", hEnd: "the later event", hEvent: "an event of this process", hMipmappedArray: "the mipmapped array", hStart: "the earlier event", hStream: "the stream; 0 or CU_STREAM_LEGACY, CU_STREAM_PER_THREAD for the default ones",
  handle: "the handle", hfunc: "the kernel", hmod: "the module", image: "PTX text, its bytes, or a linked image", kernel: "a kernel of a library", kernelParams: "one value for each parameter of the kernel", lib: "the library", library: "the library",
  luid: "gets the identifier", map: "who may access: a location and what it may do, for each", memPool: "the pool", minGridSize: "gets the fewest blocks that fill the device", mod: "the module", module: "gets the module", name: "name in the device code (as in PTX)",
  numFunctions: "length of the list", numKernels: "length of the list", numOptions: "number of options", numParams: "number of parameters in the list", numbytes: "bytes", offset: "bytes from the beginning of the parameter block", optionValues: "their values",
  options: "which options", p: "host address of page-locked or registered memory", pArrayDescriptor: "gets the description", pCopy: "the copy: both sides, their pitches in bytes, and its extent", pCtx: "gets the context; 0 for a green one",
  pExecAffinity: "gets the affinity", pGreenCtx: "gets the green context", pHandle: "gets the array", pLevelArray: "gets the level's array", pMipmappedArrayDesc: "size in elements, format, channels and flags", paramOffset: "gets the offset in the parameter block, bytes",
  paramSize: "gets the size, bytes; may be NULL", paramsArray: "execution affinities", pctx: "gets the context", peerContext: "a context of another device", peerDev: "the other device", pool: "the memory pool", pp: "gets the host address",
  prop: "kind, place and sharing of the memory", ptr: "an address of unified addressing", sharedMemBytes: "dynamic shared memory of a block, bytes", src: "where from: any address of unified addressing", srcArray: "array to read",
  srcContext: "context of srcDevice", srcHost: "host memory to read: a simulated address or a JavaScript array", srcOffset: "bytes from the array's beginning", state: "a link in progress", surfObject: "the surface object", symbol: "name of the function",
  hTexRef: "a texture reference: of cuModuleGetTexRef or cuTexRefCreate", hSurfRef: "a surface reference: of cuModuleGetSurfRef", fm: "the filter: CU_TR_FILTER_MODE_*", pfm: "gets the filter", bias: "what is added, in levels", pbias: "gets what is added, in levels",
  minMipmapLevelClamp: "the least level", maxMipmapLevelClamp: "the largest level", pminMipmapLevelClamp: "gets the least level", pmaxMipmapLevelClamp: "gets the largest level", maxAniso: "number of samples", pmaxAniso: "gets the number of samples",
  pBorderColor: "gets or gives red, green, blue, alpha", pdptr: "gets the device address", phArray: "gets the array", phMipmappedArray: "gets the mipmapped array", pam: "gets the mode", dim: "coordinate, from 0", pFlags: "gets the flags",
  texObject: "the texture object", type: "which kind", uc: "the value; its low 8 bits count", ui: "the value; 32 bits", us: "the value; its low 16 bits count", val: "the value", value: "the value", version: "gets the version",
  "cuLinkAddData_v2.type": "what data is: CU_JIT_INPUT_*", "cuLinkAddFile_v2.type": "what the file is: CU_JIT_INPUT_*", "cuParamSetv.ptr": "the bytes of the value", "cuMemAddressReserve.addr": "a hint; 0 for any", "cuArrayGetPlane.pPlaneArray": "gets the plane's array",
  "cuLinkAddData_v2.size": "bytes of data", "cuEventRecord.hEvent": "the event to record", "cuCtxSetLimit.value": "bytes or number, as the limit is", "cuCtxGetExecAffinity.type": "CU_EXEC_AFFINITY_TYPE_SM_COUNT",
  "cuCtxWaitEvent.hEvent": "the event to wait for", "cuStreamWaitEvent.hEvent": "the event to wait for", "cuMemRetainAllocationHandle.addr": "an address inside the mapping", "cuDeviceGetP2PAtomicCapabilities.count": "number of operations",
  "cuDeviceGetHostAtomicCapabilities.count": "number of operations", "cuMemPoolSetAccess.count": "length of map", "cuModuleGetFunctionCount.count": "gets the number of functions", "cuLibraryGetKernelCount.count": "gets the number of kernels",
  "cuMemcpyPeer.dstDevice": "where to: address in dstContext", "cuMemcpyPeer.srcDevice": "where from: address in srcContext", "cuMemcpyPeerAsync.dstDevice": "where to: address in dstContext", "cuMemcpyPeerAsync.srcDevice": "where from: address in srcContext",
  "cuMemPrefetchAsync_v1.dstDevice": "ordinal of the device that the memory shall move to; CU_DEVICE_CPU for the host", "cuMemAdvise_v1.device": "ordinal of the device meant; CU_DEVICE_CPU for the host", "cuIpcOpenMemHandle_v2.handle": "what cuIpcGetMemHandle gave, in any process",
  "cuPointerGetAttribute.data": "gets the answer", "cuKernelSetAttribute.val": "the new value", "cuLibraryGetManaged.bytes": "gets the size, bytes; may be NULL", "cuLibraryGetGlobal.bytes": "gets the size, bytes; may be NULL", "cuCtxGetLimit.limit": "which limit",
  event: "an event of this process", attr: "which attribute", value_out: "gets the value", "cuGraphKernelNodeCopyAttributes.dst": "the node to change", "cuGraphKernelNodeCopyAttributes.src": "the node to read",
  "cuUserObjectCreate.ptr": "passed to destroy", "cuUserObjectRetain.count": "references", "cuUserObjectRelease.count": "references", "cuGraphReleaseUserObject.count": "references", "cuGraphExecGetFlags.flags": "gets the flags",
};

/** Runtime API. */
export const runtime = {
  ...shared,
  ...graphs,
  args: "one value for each parameter of the kernel", array: "gets the array", attr: "which attribute", blockDim: "threads of a block; axes left out are 1", gridDim: "blocks; axes left out are 1", cacheConfig: "the preference", callback: "function (stream, status, userData)",
  code: "PTX text or its bytes", config: "the preference", cudaVersion: "the version whose function is wanted, 1000 * major + 10 * minor", data: "gets the answers", dataSize: "size of the answer, bytes", desc: "bits and kind of each channel", descList: "who may access: a location and what it may do, for each",
  devPtr: "device address", device_arr: "ordinals, the first preferred", driverStatus: "gets why there is none; may be NULL", driverVersion: "gets the version, 1000 * major + 10 * minor; 0 without a driver", dst: "where to: device address, host address or JavaScript array, as kind says",
  dpitch: "bytes from one row of dst to the next", end: "the later event", entryFuncAddr: "the kernel, by its name in the device code or as a function of cudaGetFuncBySymbol", error: "the code", event: "an event of this process", f: "kind of the channels", fn: "the host function", func: "the kernel",
  funcPtr: "gets the function", hArray: "the array", hOffset: "first row of the array", hOffsetDst: "first row of dst", hOffsetSrc: "first row of src", hStream: "the stream; 0 for the default one", handle: "what cudaIpcGetMemHandle gave, in any process", height: "rows",
  kernel: "a kernel of a library", kind: "which side is the device; cudaMemcpyDefault finds out", levelArray: "gets the level's array", lib: "the library", library: "the library", maxWidthInElements: "gets the width, elements", memPool: "the pool", mipmappedArray: "the mipmapped array",
  name: "name in the device code (as in PTX)", numKernels: "length of the list", offset: "bytes from the beginning of the variable", p: "the copy: both sides and its extent", pHost: "host address of page-locked memory", pPlaneArray: "gets the plane's array", pSurfObject: "gets the surface object",
  pTexObject: "gets the texture object", pciBusId: "\"domain:bus:device.function\", hexadecimal", peerDevice: "ordinal of the other device", pitch: "bytes from one row to the next", pitchedDevPtr: "address, pitch and size of the memory", poolProps: "kind, place and sharing of the pool's memory",
  priority: "gets it; lower is more urgent", prop: "what is wanted", ptr: "address", runtimeVersion: "gets the version, 1000 * major + 10 * minor", sharedMem: "dynamic shared memory of a block, bytes", spitch: "bytes from one row of src to the next",
  src: "where from: device address, host address or JavaScript array, as kind says", start: "the earlier event", stream: "the stream; 0 for the default one", streamId: "gets it", surfObject: "the surface object", symbol: "the variable, by its name in the device code", symbolPtr: "the kernel's name",
  texObject: "the texture object", type: "kind of allocations", value: "the value", value_out: "gets the value", w: "bits of the fourth channel", wOffset: "first byte of the row", wOffsetDst: "first byte of a row of dst", wOffsetSrc: "first byte of a row of src", width: "bytes of a row",
  "cudaCreateChannelDesc.x": "bits of the first channel", "cudaCreateChannelDesc.y": "bits of the second channel", "cudaCreateChannelDesc.z": "bits of the third channel", "cudaMallocArray.width": "elements of a row", "cudaMallocArray.height": "rows; 0 for one dimension",
  "cudaFreeArray.array": "the array", "cudaFreeMipmappedArray.mipmappedArray": "the mipmapped array", "cudaMallocMipmappedArray.mipmappedArray": "gets the mipmapped array", "cudaMemcpyPeer.dst": "where to: device address", "cudaMemcpyPeer.src": "where from: device address",
  "cudaMemcpyPeer.dstDevice": "ordinal of the device of dst", "cudaMemcpyPeer.srcDevice": "ordinal of the device of src", "cudaMemcpyPeerAsync.dstDevice": "ordinal of the device of dst", "cudaMemcpyPeerAsync.srcDevice": "ordinal of the device of src",
  "cudaDeviceGetP2PAtomicCapabilities.srcDevice": "the device that does them", "cudaDeviceGetP2PAtomicCapabilities.dstDevice": "the device whose memory it is", "cudaDeviceGetP2PAtomicCapabilities.count": "number of operations",
  "cudaDeviceGetHostAtomicCapabilities.count": "number of operations", "cudaLibraryGetKernelCount.count": "gets the number of kernels", "cudaMemPoolSetAccess.count": "length of descList", "cudaDeviceSetLimit.value": "bytes or number, as the limit is", "cudaArrayGetInfo.array": "the array",
  "cudaGetDeviceCount.count": "gets the number", "cudaSetValidDevices.len": "length of device_arr", "cudaMallocFromPoolAsync.ptr": "gets the device address", "cudaMalloc.devPtr": "gets the address", "cudaMallocManaged.devPtr": "gets the address", "cudaMallocAsync.devPtr": "gets the address",
  "cudaMallocPitch.devPtr": "gets the address", "cudaGetChannelDesc.array": "the array", "cudaArrayGetSparseProperties.array": "the array", "cudaHostUnregister.ptr": "host address that was registered", "cudaDeviceGetAttribute.value": "gets the value", "cudaFreeArray.array ": "",
  "cudaGetSymbolAddress.devPtr": "gets the address", "cudaMemPoolGetAttribute.value": "gets the value", "cudaEventRecord.event": "the event to record", "cudaStreamWaitEvent.event": "the event to wait for", "cudaIpcOpenMemHandle.devPtr": "gets the address here",
  "cudaLibraryGetGlobal.devPtr": "gets the address", "cudaLibraryGetManaged.devPtr": "gets the address", "cudaHostGetDevicePointer.flags": "must be 0", "cudaMemset3DAsync.extent": "size: width in bytes, height in rows, depth in slices", "cudaLibraryLoadData.library": "gets the library", "cudaLibraryLoadFromFile.library": "gets the library",
  "cudaGetTextureObjectResourceDesc.pResDesc": "gets the resource", "cudaGetTextureObjectTextureDesc.pTexDesc": "gets how the texture is read", "cudaGetTextureObjectResourceViewDesc.pResViewDesc": "gets the view", "cudaGetSurfaceObjectResourceDesc.pResDesc": "gets the resource",
  "cudaGetMipmappedArrayLevel.mipmappedArray": "the mipmapped array", "cudaPointerGetAttributes.attributes": "gets kind, device and addresses", "cudaMallocPitch.width": "bytes of a row", "cudaStreamGetAttribute.attr": "which attribute", "cudaMemGetInfo.free": "gets the free bytes",
  dptr: "device address", symbol: "the variable, by its name in the device code", "cudaUserObjectCreate.ptr": "passed to destroy", "cudaUserObjectRetain.count": "references", "cudaUserObjectRelease.count": "references",
  "cudaGraphReleaseUserObject.count": "references", "cudaGraphExecGetFlags.flags": "gets the flags",
};
