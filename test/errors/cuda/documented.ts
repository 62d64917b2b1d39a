import { readFileSync } from "node:fs";
import { driverSignatures } from "../../../src/cuda/abi/driver/signatures.ts";
import { runtimeSignatures } from "../../../src/cuda/abi/runtime/signatures.ts";
import { driverSupport, runtimeSupport } from "../../../src/cuda/support.ts";

/**
 * Documented return codes that a function's own row of the error tables does not cause: who causes them, or why nothing can in this model.
 * A reason that begins with "test/" is a file, which must name the code. Functions that are `partial` need no entry: their note says what is missing.
 */
interface Reason {
  /** Functions it holds for; absent: all. */
  readonly of?: RegExp;
  readonly codes: readonly string[];
  readonly why: string;
}

const CAPTURE = "test/errors/cuda/capture.test.ts";
const SPECIAL = "test/errors/cuda/special.test.ts";

const reasons: readonly Reason[] = [
  { codes: ["CUDA_SUCCESS", "cudaSuccess", "CUDA_ERROR_DEINITIALIZED", "cudaErrorCudartUnloading"], why: "No error, or only while the process ends." },
  { codes: ["CUDA_ERROR_UNKNOWN", "cudaErrorUnknown"], why: "Nothing here fails without a reason." },
  { codes: ["cudaErrorInitializationError"], why: "Initialisation fails for want of a device only, which every row tests." },
  { codes: ["cudaErrorDeviceUnavailable"], why: "Devices have no compute mode." },
  { codes: ["CUDA_ERROR_JIT_COMPILER_NOT_FOUND", "cudaErrorJitCompilerNotFound", "cudaErrorJitCompilationDisabled"], why: "The compiler is part of the emulator." },
  { codes: ["CUDA_ERROR_SHARED_OBJECT_INIT_FAILED", "CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND", "cudaErrorSharedObjectInitFailed", "cudaErrorSharedObjectSymbolNotFound"], why: "There are no shared objects." },
  { codes: ["CUDA_ERROR_LAUNCH_INCOMPATIBLE_TEXTURING"], why: "The texture mode is a whole module's, and both run on every device." },
  { codes: ["CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED", "cudaErrorStreamCaptureUnsupported", "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT", "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD", "CUDA_ERROR_LOSSY_QUERY"], why: CAPTURE },
  { codes: ["cudaErrorStreamCaptureImplicit", "cudaErrorStreamCaptureWrongThread", "cudaErrorLossyQuery"], why: "The driver's, which test/errors/cuda/capture.test.ts causes." },
  { of: /^cudaStreamUpdateCaptureDependencies$/, codes: ["cudaErrorInvalidValue"], why: "The driver's, which test/errors/cuda/capture.test.ts causes." },
  { of: /CaptureInfo|CaptureDependencies/, codes: ["CUDA_ERROR_STREAM_CAPTURE_UNJOINED", "cudaErrorStreamCaptureUnjoined"], why: "Forks are looked at when the capture ends." },
  { of: /Graph|UserObject/, codes: ["CUDA_ERROR_OUT_OF_MEMORY", "cudaErrorMemoryAllocation", "cudaErrorOutOfMemory"], why: "It takes no memory of the machine that could run out, or the codes are the allocator's." },
  { of: /Graph/, codes: ["CUDA_ERROR_NOT_SUPPORTED", "cudaErrorNotSupported"], why: "Every device supports it." },
  { of: /^cuda(DeviceGraphMemTrim)$/, codes: ["cudaErrorInvalidValue"], why: "A number that is no device is cudaErrorInvalidDevice." },
  { of: /^cudaGraphKernelNodeCopyAttributes$/, codes: ["cudaErrorInvalidContext"], why: "Nodes that are none are cudaErrorInvalidValue." },
  { of: /^cudaGraphKernelNodeGetParams$/, codes: ["cudaErrorInvalidDeviceFunction"], why: "A node's function was checked when it was given." },
  { of: /^cudaGraphKernelNodeSetParams$/, codes: ["cudaErrorInvalidResourceHandle"], why: "A kernel that is none is cudaErrorInvalidDeviceFunction." },
  { of: /^cudaGraphAddMemsetNode$/, codes: ["cudaErrorInvalidDevice"], why: "It names no device." },
  { codes: ["CUDA_ERROR_MAP_FAILED", "cudaErrorMapBufferObjectFailed"], why: "Mapping fails for want of memory or for a dead handle only." },
  { codes: ["CUDA_ERROR_TOO_MANY_PEERS", "cudaErrorTooManyPeers"], why: "Devices have no limit of peers." },
  { of: /^cuDevice/, codes: ["CUDA_ERROR_INVALID_CONTEXT"], why: "They need no context." },
  { of: /Pool|Async|cuDevice|cudaDevice|cudaMem|cuMem/, codes: ["CUDA_ERROR_NOT_SUPPORTED", "cudaErrorNotSupported"], why: "Every device supports it." },
  { of: /cuStreamGetCtx$|AddCallback|LaunchHostFunc|StreamCopyAttributes|cudaIpc/, codes: ["CUDA_ERROR_NOT_SUPPORTED", "cudaErrorNotSupported"], why: "Every device supports it." },
  { of: /^cuStreamGet|^cuStreamCreate|^cuEventCreate|^cudaEventCreate|^cuMemHost|^cudaHost|IpcGetMemHandle|^cuKernelSet|^cuMemPoolCreate|^cuMemMap$/, codes: ["CUDA_ERROR_OUT_OF_MEMORY", "cudaErrorMemoryAllocation"], why: "It takes no memory that could run out." },
  { of: /^cuMem|^cuModuleUnload|^cuLaunchHostFunc|^cuStreamAddCallback|^cudaStreamAddCallback|^cudaLaunchHostFunc/, codes: ["CUDA_ERROR_NOT_PERMITTED", "cudaErrorNotPermitted"], why: "In callbacks, which every row tests." },
  { codes: ["CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "cudaErrorLaunchOutOfResources", "CUDA_ERROR_LAUNCH_FAILED", "cudaErrorLaunchFailure", "CUDA_ERROR_LAUNCH_TIMEOUT", "cudaErrorLaunchTimeout", "cudaErrorNoKernelImageForDevice", "CUDA_ERROR_NO_BINARY_FOR_GPU"], why: SPECIAL },
  { codes: ["CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED", "CUDA_ERROR_PEER_ACCESS_UNSUPPORTED", "cudaErrorPeerAccessAlreadyEnabled", "CUDA_ERROR_INVALID_PTX", "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"], why: SPECIAL },
  { of: /Query|ElapsedTime/, codes: ["CUDA_ERROR_NOT_READY", "cudaErrorNotReady"], why: SPECIAL },
  { of: /EventDestroy/, codes: ["CUDA_ERROR_NOT_READY", "cudaErrorNotReady"], why: "Destroying waits for nothing." },
  { of: /^cuLibraryGet|^cuKernelGetFunction/, codes: ["CUDA_ERROR_CONTEXT_IS_DESTROYED"], why: SPECIAL },
  { of: /^cuCtxResetPersistingL2Cache/, codes: ["CUDA_ERROR_NOT_SUPPORTED"], why: SPECIAL },
  { of: /^cuCtxPopCurrent/, codes: ["CUDA_ERROR_INVALID_CONTEXT"], why: SPECIAL },
  { of: /^cuMemAllocFromPoolAsync/, codes: ["CUDA_ERROR_OUT_OF_MEMORY"], why: SPECIAL },
  { of: /^cudaMalloc(FromPool)?Async/, codes: ["cudaErrorOutOfMemory"], why: "There is no such enumerator: cudaErrorMemoryAllocation is meant." },
  { of: /^cuLinkComplete$/, codes: ["CUDA_ERROR_OUT_OF_MEMORY"], why: "It takes no memory that could run out." },
  { of: /^cudaFree$/, codes: ["cudaErrorValue"], why: "There is no such enumerator." },
  { of: /IpcGetEventHandle/, codes: ["CUDA_ERROR_OUT_OF_MEMORY", "cudaErrorMemoryAllocation"], why: "A descriptor is all that it takes." },
  { of: /IpcOpenEventHandle/, codes: ["CUDA_ERROR_PEER_ACCESS_UNSUPPORTED", "cudaErrorPeerAccessUnsupported"], why: "Fences pass between any two devices." },
  { of: /IpcOpenMemHandle|cudaIpcOpenEventHandle/, codes: ["CUDA_ERROR_INVALID_HANDLE", "cudaErrorInvalidResourceHandle"], why: SPECIAL },
  { of: /IpcGetMemHandle/, codes: ["CUDA_ERROR_INVALID_HANDLE"], why: "It takes an address, no handle." },
  { of: /PointerGetAttribute|PointerSetAttribute|MemRangeGetAttribute|^cuMemMap$|^cudaOccupancy|^cudaGetDeviceFlags/, codes: ["CUDA_ERROR_INVALID_DEVICE", "cudaErrorInvalidDevice"], why: "It names no device, and the current one exists." },
  { of: /^cuKernelGet|^cuLibraryGet|^cuFuncGetModule|^cuLaunch/, codes: ["CUDA_ERROR_NOT_FOUND"], why: "A kernel's function and a library's module are always found." },
  { of: /^cuLaunch/, codes: ["CUDA_ERROR_INVALID_IMAGE"], why: "Code is checked when it is loaded." },
  { of: /^cudaLaunchKernel/, codes: ["cudaErrorInvalidPtx", "cudaErrorUnsupportedPtxVersion"], why: "Code is checked when it is registered." },
  { of: /Array|Object/, codes: ["CUDA_ERROR_ARRAY_IS_MAPPED", "cudaErrorArrayIsMapped"], why: "Arrays are not mapped for graphics." },
  { of: /Array|Object/, codes: ["CUDA_ERROR_CONTEXT_IS_DESTROYED", "cudaErrorContextIsDestroyed"], why: "A handle of a context that is gone is INVALID_HANDLE." },
  { of: /^cudaCreateSurfaceObject/, codes: ["cudaErrorInvalidChannelDescriptor"], why: "An array has its format." },
  { of: /^cuFuncGetAttribute/, codes: ["CUDA_ERROR_FUNCTION_NOT_LOADED"], why: "Functions are loaded with their module." },
  { of: /^cuMemMap$/, codes: ["CUDA_ERROR_ILLEGAL_STATE"], why: "Handles that cannot be mapped in a state cannot be made." },
  { of: /^cuDevicePrimaryCtxReset/, codes: ["CUDA_ERROR_PRIMARY_CONTEXT_ACTIVE"], why: "Of old versions: resetting an active context is what it is for." },
  { of: /^cuEvent(Query|Record)$|^cudaEvent|^cuCtxGetStreamPriorityRange|^cuCtxSynchronize_v2|^cuFuncLoad/, codes: ["CUDA_ERROR_INVALID_VALUE", "cudaErrorInvalidValue"], why: "It has no argument besides handles, or all may be NULL." },
  { of: /^cudaDeviceGetTexture1DLinearMaxWidth/, codes: ["cudaErrorUnsupportedLimit"], why: "Every device has this limit." },
  { of: /^cudaKernelSetAttributeForDevice/, codes: ["cudaErrorInvalidDeviceFunction"], why: "A number that is no kernel is cudaErrorInvalidResourceHandle." },
  { of: /^cudaLibraryGetGlobal/, codes: ["cudaErrorContextIsDestroyed", "cudaErrorDeviceUninitialized"], why: "The runtime makes a primary context again." },
  { of: /^cudaFuncGetParamInfo/, codes: ["CUDA_ERROR_INVALID_VALUE"], why: "The runtime's cudaErrorInvalidValue, which the row tests." },
];

const status = new Map([...driverSupport, ...runtimeSupport].map(({ name, support }) => [name, support]));
const signatures: Readonly<Record<string, { readonly returns: readonly string[] }>> = { ...driverSignatures, ...runtimeSignatures };

/** Documented codes of a full function that neither its row (`caused`, names) nor a reason above accounts for. */
export function unaccounted(name: string, caused: ReadonlySet<string | null>, needs: string): readonly string[] {
  if (status.get(name) !== "full") return [];
  return (signatures[name]?.returns ?? []).filter((code) => {
    if (caused.has(code)) return false;
    if (code === "CUDA_ERROR_NOT_INITIALIZED" && needs !== "nothing") return false;
    if (code === "CUDA_ERROR_INVALID_CONTEXT" && needs === "context") return false;
    return !reasons.some(({ of, codes, why }) => (of === undefined || of.test(name)) && codes.includes(code) && (!why.startsWith("test/") || readFileSync(why, "utf8").includes(code.replace("CUDA_ERROR_", ""))));
  });
}
