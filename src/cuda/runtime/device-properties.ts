import type { Caller } from "../../api/caller.ts";
import { Out } from "../../api/out.ts";
import type { In } from "../abi/common.ts";
import type { CUresult } from "../abi/driver/enums.ts";
import type { CUuuid } from "../abi/driver/types.ts";
import * as rt from "../abi/runtime/constants.ts";
import type { cudaError_t } from "../abi/runtime/enums.ts";
import type { cudaDeviceProp } from "../abi/runtime/types.ts";
import type { Device } from "../driver/core/device.ts";
import { fail } from "../driver/core/fail.ts";
import { deviceAttribute } from "../driver/device-attributes.ts";
import { cuDeviceGetUuid_v2 } from "../driver/device.ts";
import { withDriver } from "./core/call.ts";

/** Device Management: what devices can do, as one struct. */

/** All properties of a device. */
function propertiesOf(t: Caller, device: Device): cudaDeviceProp {
  const a = (attribute: number): number => deviceAttribute(device, attribute) ?? 0;
  const list = (...attributes: number[]): readonly number[] => attributes.map(a);
  const uuid = new Out<CUuuid>();
  cuDeviceGetUuid_v2(t, uuid, device.ordinal);
  return {
    name: device.profile.name, uuid: uuid.value, luid: new Uint8Array(8), luidDeviceNodeMask: 0, totalGlobalMem: device.profile.vramBytes,
    sharedMemPerBlock: a(rt.cudaDevAttrMaxSharedMemoryPerBlock), regsPerBlock: a(rt.cudaDevAttrMaxRegistersPerBlock), warpSize: a(rt.cudaDevAttrWarpSize), memPitch: a(rt.cudaDevAttrMaxPitch),
    maxThreadsPerBlock: a(rt.cudaDevAttrMaxThreadsPerBlock), maxThreadsDim: list(rt.cudaDevAttrMaxBlockDimX, rt.cudaDevAttrMaxBlockDimY, rt.cudaDevAttrMaxBlockDimZ),
    maxGridSize: list(rt.cudaDevAttrMaxGridDimX, rt.cudaDevAttrMaxGridDimY, rt.cudaDevAttrMaxGridDimZ), totalConstMem: a(rt.cudaDevAttrTotalConstantMemory),
    major: a(rt.cudaDevAttrComputeCapabilityMajor), minor: a(rt.cudaDevAttrComputeCapabilityMinor), textureAlignment: a(rt.cudaDevAttrTextureAlignment),
    texturePitchAlignment: a(rt.cudaDevAttrTexturePitchAlignment), multiProcessorCount: a(rt.cudaDevAttrMultiProcessorCount), integrated: a(rt.cudaDevAttrIntegrated),
    canMapHostMemory: a(rt.cudaDevAttrCanMapHostMemory),
    maxTexture1D: a(rt.cudaDevAttrMaxTexture1DWidth), maxTexture1DMipmap: a(rt.cudaDevAttrMaxTexture1DMipmappedWidth),
    maxTexture2D: list(rt.cudaDevAttrMaxTexture2DWidth, rt.cudaDevAttrMaxTexture2DHeight),
    maxTexture2DMipmap: list(rt.cudaDevAttrMaxTexture2DMipmappedWidth, rt.cudaDevAttrMaxTexture2DMipmappedHeight),
    maxTexture2DLinear: list(rt.cudaDevAttrMaxTexture2DLinearWidth, rt.cudaDevAttrMaxTexture2DLinearHeight, rt.cudaDevAttrMaxTexture2DLinearPitch),
    maxTexture2DGather: list(rt.cudaDevAttrMaxTexture2DGatherWidth, rt.cudaDevAttrMaxTexture2DGatherHeight),
    maxTexture3D: list(rt.cudaDevAttrMaxTexture3DWidth, rt.cudaDevAttrMaxTexture3DHeight, rt.cudaDevAttrMaxTexture3DDepth),
    maxTexture3DAlt: list(rt.cudaDevAttrMaxTexture3DWidthAlt, rt.cudaDevAttrMaxTexture3DHeightAlt, rt.cudaDevAttrMaxTexture3DDepthAlt),
    maxTextureCubemap: a(rt.cudaDevAttrMaxTextureCubemapWidth), maxTexture1DLayered: list(rt.cudaDevAttrMaxTexture1DLayeredWidth, rt.cudaDevAttrMaxTexture1DLayeredLayers),
    maxTexture2DLayered: list(rt.cudaDevAttrMaxTexture2DLayeredWidth, rt.cudaDevAttrMaxTexture2DLayeredHeight, rt.cudaDevAttrMaxTexture2DLayeredLayers),
    maxTextureCubemapLayered: list(rt.cudaDevAttrMaxTextureCubemapLayeredWidth, rt.cudaDevAttrMaxTextureCubemapLayeredLayers),
    maxSurface1D: a(rt.cudaDevAttrMaxSurface1DWidth), maxSurface2D: list(rt.cudaDevAttrMaxSurface2DWidth, rt.cudaDevAttrMaxSurface2DHeight),
    maxSurface3D: list(rt.cudaDevAttrMaxSurface3DWidth, rt.cudaDevAttrMaxSurface3DHeight, rt.cudaDevAttrMaxSurface3DDepth),
    maxSurface1DLayered: list(rt.cudaDevAttrMaxSurface1DLayeredWidth, rt.cudaDevAttrMaxSurface1DLayeredLayers),
    maxSurface2DLayered: list(rt.cudaDevAttrMaxSurface2DLayeredWidth, rt.cudaDevAttrMaxSurface2DLayeredHeight, rt.cudaDevAttrMaxSurface2DLayeredLayers),
    maxSurfaceCubemap: a(rt.cudaDevAttrMaxSurfaceCubemapWidth), maxSurfaceCubemapLayered: list(rt.cudaDevAttrMaxSurfaceCubemapLayeredWidth, rt.cudaDevAttrMaxSurfaceCubemapLayeredLayers),
    surfaceAlignment: a(rt.cudaDevAttrSurfaceAlignment), concurrentKernels: a(rt.cudaDevAttrConcurrentKernels), ECCEnabled: a(rt.cudaDevAttrEccEnabled),
    pciBusID: a(rt.cudaDevAttrPciBusId), pciDeviceID: a(rt.cudaDevAttrPciDeviceId), pciDomainID: a(rt.cudaDevAttrPciDomainId), tccDriver: a(rt.cudaDevAttrTccDriver),
    asyncEngineCount: a(rt.cudaDevAttrAsyncEngineCount), unifiedAddressing: a(rt.cudaDevAttrUnifiedAddressing), memoryBusWidth: a(rt.cudaDevAttrGlobalMemoryBusWidth),
    l2CacheSize: a(rt.cudaDevAttrL2CacheSize), persistingL2CacheMaxSize: a(rt.cudaDevAttrMaxPersistingL2CacheSize), maxThreadsPerMultiProcessor: a(rt.cudaDevAttrMaxThreadsPerMultiProcessor),
    streamPrioritiesSupported: a(rt.cudaDevAttrStreamPrioritiesSupported), globalL1CacheSupported: a(rt.cudaDevAttrGlobalL1CacheSupported), localL1CacheSupported: a(rt.cudaDevAttrLocalL1CacheSupported),
    sharedMemPerMultiprocessor: a(rt.cudaDevAttrMaxSharedMemoryPerMultiprocessor), regsPerMultiprocessor: a(rt.cudaDevAttrMaxRegistersPerMultiprocessor),
    managedMemory: a(rt.cudaDevAttrManagedMemory), isMultiGpuBoard: a(rt.cudaDevAttrIsMultiGpuBoard), multiGpuBoardGroupID: a(rt.cudaDevAttrMultiGpuBoardGroupID),
    hostNativeAtomicSupported: a(rt.cudaDevAttrHostNativeAtomicSupported), pageableMemoryAccess: a(rt.cudaDevAttrPageableMemoryAccess),
    concurrentManagedAccess: a(rt.cudaDevAttrConcurrentManagedAccess), computePreemptionSupported: a(rt.cudaDevAttrComputePreemptionSupported),
    canUseHostPointerForRegisteredMem: a(rt.cudaDevAttrCanUseHostPointerForRegisteredMem), cooperativeLaunch: a(rt.cudaDevAttrCooperativeLaunch),
    sharedMemPerBlockOptin: a(rt.cudaDevAttrMaxSharedMemoryPerBlockOptin), pageableMemoryAccessUsesHostPageTables: a(rt.cudaDevAttrPageableMemoryAccessUsesHostPageTables),
    directManagedMemAccessFromHost: a(rt.cudaDevAttrDirectManagedMemAccessFromHost), maxBlocksPerMultiProcessor: a(rt.cudaDevAttrMaxBlocksPerMultiprocessor),
    accessPolicyMaxWindowSize: a(rt.cudaDevAttrMaxAccessPolicyWindowSize), reservedSharedMemPerBlock: a(rt.cudaDevAttrReservedSharedMemoryPerBlock),
    hostRegisterSupported: a(rt.cudaDevAttrHostRegisterSupported), sparseCudaArraySupported: a(rt.cudaDevAttrSparseCudaArraySupported),
    hostRegisterReadOnlySupported: a(rt.cudaDevAttrHostRegisterReadOnlySupported), timelineSemaphoreInteropSupported: a(rt.cudaDevAttrTimelineSemaphoreInteropSupported),
    memoryPoolsSupported: a(rt.cudaDevAttrMemoryPoolsSupported), gpuDirectRDMASupported: a(rt.cudaDevAttrGPUDirectRDMASupported),
    gpuDirectRDMAFlushWritesOptions: a(rt.cudaDevAttrGPUDirectRDMAFlushWritesOptions), gpuDirectRDMAWritesOrdering: a(rt.cudaDevAttrGPUDirectRDMAWritesOrdering),
    memoryPoolSupportedHandleTypes: a(rt.cudaDevAttrMemoryPoolSupportedHandleTypes), deferredMappingCudaArraySupported: a(rt.cudaDevAttrDeferredMappingCudaArraySupported),
    ipcEventSupported: a(rt.cudaDevAttrIpcEventSupport), clusterLaunch: a(rt.cudaDevAttrClusterLaunch), unifiedFunctionPointers: 0, deviceNumaConfig: a(rt.cudaDevAttrNumaConfig),
    deviceNumaId: a(rt.cudaDevAttrNumaId), mpsEnabled: a(rt.cudaDevAttrMpsEnabled), hostNumaId: a(rt.cudaDevAttrHostNumaId), gpuPciDeviceID: a(rt.cudaDevAttrGpuPciDeviceId),
    gpuPciSubsystemID: a(rt.cudaDevAttrGpuPciSubsystemId), hostNumaMultinodeIpcSupported: a(rt.cudaDevAttrHostNumaMultinodeIpcSupported), reserved: [],
  };
}

/**
 * All properties of a device.
 * @param prop gets them; sizes in bytes
 * @returns cudaErrorInvalidDevice: no such device. cudaErrorInvalidValue: prop NULL.
 */
export function cudaGetDeviceProperties(t: Caller, prop: Out<cudaDeviceProp> | null, device: number): cudaError_t {
  return withDriver(t, (driver) => {
    if (prop === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "prop must not be NULL");
    const found = driver.devices[device];
    if (found === undefined) return fail(t, rt.cudaErrorInvalidDevice as CUresult, "device must be an ordinal below cudaGetDeviceCount", { device });
    prop.value = propertiesOf(t, found);
    return 0;
  });
}

/**
 * The device that fits wanted properties best: the one that meets most of those given (numbers count as met when at least as large); the first of equals.
 * @param device gets its ordinal
 * @returns cudaErrorInvalidValue: an argument NULL.
 */
export function cudaChooseDevice(t: Caller, device: Out<number> | null, prop: In<cudaDeviceProp> | null): cudaError_t {
  return withDriver(t, (driver) => {
    if (device === null || prop === null) return fail(t, rt.cudaErrorInvalidValue as CUresult, "device and prop must not be NULL");
    let best = 0;
    let most = -1;
    for (const candidate of driver.devices) {
      const has = propertiesOf(t, candidate) as unknown as Readonly<Record<string, unknown>>;
      const met = Object.entries(prop).filter(([name, wanted]) => (typeof wanted === "number" ? wanted !== 0 && (has[name] as number) >= wanted : typeof wanted === "string" && has[name] === wanted)).length;
      if (met > most) {
        most = met;
        best = candidate.ordinal;
      }
    }
    device.value = best;
    return 0;
  });
}
