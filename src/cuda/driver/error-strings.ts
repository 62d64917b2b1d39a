import { CUresult } from "../abi/driver/enums.ts";

/** What the libraries say about codes, in the few words of their own interface. The two APIs share codes and strings. */
const strings: Readonly<Record<number, string>> = {
  0: "no error", 1: "invalid argument", 2: "out of memory", 3: "initialization error", 4: "driver shutting down", 9: "invalid configuration argument",
  12: "invalid pitch argument", 13: "invalid device symbol", 16: "invalid host pointer", 17: "invalid device pointer", 18: "invalid texture reference",
  20: "invalid channel descriptor", 21: "invalid copy direction for memcpy", 34: "CUDA driver is a stub library",
  35: "CUDA driver version is insufficient for CUDA runtime version", 36: "API call is not supported in the installed CUDA driver", 37: "invalid surface reference",
  46: "CUDA-capable device(s) is/are busy or unavailable", 52: "__global__ function call is not configured", 98: "invalid device function",
  100: "no CUDA-capable device is detected", 101: "invalid device ordinal", 200: "device kernel image is invalid", 201: "invalid device context",
  205: "mapping of buffer object failed", 206: "unmapping of buffer object failed", 207: "array is mapped", 208: "resource already mapped",
  209: "no kernel image is available for execution on the device", 210: "resource already acquired", 211: "resource not mapped", 212: "resource not mapped as array",
  213: "resource not mapped as pointer", 214: "uncorrectable ECC error encountered", 215: "limit is not supported on this architecture",
  216: "exclusive-thread device already in use by a different thread", 217: "peer access is not supported between these two devices", 218: "a PTX JIT compilation failed",
  219: "invalid OpenGL or DirectX context", 221: "PTX JIT compiler library not found", 222: "the provided PTX was compiled with an unsupported toolchain.",
  223: "PTX JIT compilation was disabled", 224: "the provided execution affinity is not supported", 300: "device kernel image is invalid", 301: "file not found",
  302: "shared object symbol not found", 303: "shared object initialization failed", 304: "OS call failed or operation not supported on this OS",
  400: "invalid resource handle", 401: "the operation cannot be performed in the present state", 402: "attempted introspection would be semantically lossy",
  500: "named symbol not found", 600: "device not ready", 700: "an illegal memory access was encountered", 701: "too many resources requested for launch",
  702: "the launch timed out and was terminated", 703: "launch uses incompatible texturing mode", 704: "peer access is already enabled", 705: "peer access has not been enabled",
  708: "cannot set while device is active in this process", 709: "context is destroyed", 710: "device-side assert triggered", 711: "peer mapping resources exhausted",
  712: "part or all of the requested memory range is already mapped", 713: "pointer does not correspond to a registered memory region", 714: "hardware stack error",
  715: "an illegal instruction was encountered", 716: "misaligned address", 717: "operation not supported on global/shared address space", 718: "invalid program counter",
  719: "unspecified launch failure", 720: "too many blocks in cooperative launch", 800: "operation not permitted", 801: "operation not supported",
  802: "system not yet initialized", 803: "system has unsupported display driver / cuda driver combination", 804: "forward compatibility was attempted on non supported HW",
  900: "operation not permitted when stream is capturing", 901: "operation failed due to a previous error during capture",
  902: "operation would result in a merge of separate capture sequences", 903: "capture was not ended in the same stream as it began", 904: "capturing stream has unjoined work",
  905: "dependency created on uncaptured work in another stream", 906: "operation would make the legacy stream depend on a capturing blocking stream",
  907: "operation not permitted on an event last recorded in a capturing stream", 908: "attempt to terminate a thread-local capture sequence from another thread",
  909: "wait operation timed out", 910: "the graph update was not performed because it included changes which violated constraints specific to instantiated graph update",
  999: "unknown error",
};

/** "STREAM_CAPTURE_X" or "StreamCaptureX" in lower-case words. */
function wordsOf(name: string): string {
  return name.replace(/^(CUDA_ERROR_|cudaError)/, "").replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ").toLowerCase();
}

/**
 * The description of a code that has the enumerator `name`.
 * NON-SPEC: codes that programs hardly meet are described by the words of their names.
 */
export function describeCode(code: number, name: string): string {
  return strings[code] ?? wordsOf(name);
}

/** Whether the driver knows the code. */
export function isDriverCode(code: number): code is CUresult {
  return Object.values(CUresult).includes(code as CUresult);
}
