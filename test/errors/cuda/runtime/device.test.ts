import { Out, out } from "../../../../src/api/out.ts";
import * as rt from "../../../../src/cuda/abi/runtime/constants.ts";
import { testErrors } from "./run.ts";

const INVALID = rt.cudaErrorInvalidValue;
const HANDLE = rt.cudaErrorInvalidResourceHandle;
const DEVICE = rt.cudaErrorInvalidDevice;

testErrors("Device Management", [
  { name: "cudaGetDeviceCount", needs: "driver", control: (a) => a.cudaGetDeviceCount(out()), errors: [[INVALID, "count NULL", (a) => a.cudaGetDeviceCount(null)]] },
  { name: "cudaSetDevice", needs: "driver", control: (a) => a.cudaSetDevice(0), errors: [[DEVICE, "no device", (a) => a.cudaSetDevice(2)], [DEVICE, "negative", (a) => a.cudaSetDevice(-1)]] },
  { name: "cudaGetDevice", needs: "driver", control: (a) => a.cudaGetDevice(out()), errors: [[INVALID, "device NULL", (a) => a.cudaGetDevice(null)]] },
  { name: "cudaInitDevice", needs: "driver", control: (a) => a.cudaInitDevice(1, 0, 0), errors: [
    [DEVICE, "no device", (a) => a.cudaInitDevice(2, 0, 0)], [INVALID, "flags", (a) => a.cudaInitDevice(1, 0, 2)], [INVALID, "device flags", (a) => a.cudaInitDevice(1, 3, rt.cudaInitDeviceFlagsAreValid)]] },
  { name: "cudaSetValidDevices", needs: "driver", control: (a) => a.cudaSetValidDevices([0, 1], 2), errors: [
    [INVALID, "device_arr NULL", (a) => a.cudaSetValidDevices(null, 1)], [INVALID, "more than there are", (a) => a.cudaSetValidDevices([0, 1, 0], 3)], [DEVICE, "no device", (a) => a.cudaSetValidDevices([0, 5], 2)]] },
  { name: "cudaSetDeviceFlags", needs: "driver", control: (a) => a.cudaSetDeviceFlags(rt.cudaDeviceScheduleYield), errors: [[INVALID, "two ways to wait", (a) => a.cudaSetDeviceFlags(3)], [INVALID, "unknown flags", (a) => a.cudaSetDeviceFlags(1 << 20)]] },
  { name: "cudaGetDeviceFlags", needs: "driver", control: (a) => a.cudaGetDeviceFlags(out()), errors: [[INVALID, "flags NULL", (a) => a.cudaGetDeviceFlags(null)]] },
  { name: "cudaDeviceSynchronize", needs: "context", control: (a) => a.cudaDeviceSynchronize(), errors: [] },
  { name: "cudaDeviceReset", needs: "driver", control: (a) => a.cudaDeviceReset(), errors: [] },
  { name: "cudaDeviceSetLimit", needs: "context", control: (a) => a.cudaDeviceSetLimit(rt.cudaLimitPrintfFifoSize, 1 << 20), errors: [
    [INVALID, "no limit", (a) => a.cudaDeviceSetLimit(99 as 0, 1)], [rt.cudaErrorUnsupportedLimit, "not on this device", (a) => a.cudaDeviceSetLimit(7 as 0, 1)]] },
  { name: "cudaDeviceGetLimit", needs: "context", control: (a) => a.cudaDeviceGetLimit(out(), rt.cudaLimitStackSize), errors: [
    [INVALID, "pValue NULL", (a) => a.cudaDeviceGetLimit(null, rt.cudaLimitStackSize)], [INVALID, "no limit", (a) => a.cudaDeviceGetLimit(out(), 99 as 0)], [rt.cudaErrorUnsupportedLimit, "not on this device", (a) => a.cudaDeviceGetLimit(out(), 7 as 0)]] },
  { name: "cudaDeviceGetCacheConfig", needs: "context", control: (a) => a.cudaDeviceGetCacheConfig(out()), errors: [[INVALID, "NULL", (a) => a.cudaDeviceGetCacheConfig(null)]] },
  { name: "cudaDeviceSetCacheConfig", needs: "context", control: (a) => a.cudaDeviceSetCacheConfig(rt.cudaFuncCachePreferL1), errors: [[INVALID, "no configuration", (a) => a.cudaDeviceSetCacheConfig(9 as 0)]] },
  { name: "cudaDeviceGetSharedMemConfig", needs: "context", control: (a) => a.cudaDeviceGetSharedMemConfig(out()), errors: [[INVALID, "NULL", (a) => a.cudaDeviceGetSharedMemConfig(null)]] },
  { name: "cudaDeviceSetSharedMemConfig", needs: "context", control: (a) => a.cudaDeviceSetSharedMemConfig(1), errors: [[INVALID, "no configuration", (a) => a.cudaDeviceSetSharedMemConfig(3 as 0)]] },
  { name: "cudaDeviceGetAttribute", needs: "driver", control: (a) => a.cudaDeviceGetAttribute(out(), rt.cudaDevAttrWarpSize, 1), errors: [
    [INVALID, "value NULL", (a) => a.cudaDeviceGetAttribute(null, rt.cudaDevAttrWarpSize, 0)], [INVALID, "no attribute", (a) => a.cudaDeviceGetAttribute(out(), 9999 as 1, 0)], [DEVICE, "no device", (a) => a.cudaDeviceGetAttribute(out(), rt.cudaDevAttrWarpSize, 2)]] },
  { name: "cudaDeviceGetHostAtomicCapabilities", needs: "driver", control: (a) => a.cudaDeviceGetHostAtomicCapabilities(out(), [0], 1, 0), errors: [
    [INVALID, "capabilities NULL", (a) => a.cudaDeviceGetHostAtomicCapabilities(null, [0], 1, 0)], [INVALID, "operations NULL", (a) => a.cudaDeviceGetHostAtomicCapabilities(out(), null, 1, 0)], [DEVICE, "no device", (a) => a.cudaDeviceGetHostAtomicCapabilities(out(), [0], 1, 7)]] },
  { name: "cudaGetDeviceProperties", needs: "driver", control: (a) => a.cudaGetDeviceProperties(out(), 1), errors: [[INVALID, "prop NULL", (a) => a.cudaGetDeviceProperties(null, 0)], [DEVICE, "no device", (a) => a.cudaGetDeviceProperties(out(), 2)]] },
  { name: "cudaChooseDevice", needs: "driver", control: (a) => a.cudaChooseDevice(out(), { major: 8 }), errors: [[INVALID, "device NULL", (a) => a.cudaChooseDevice(null, {})], [INVALID, "prop NULL", (a) => a.cudaChooseDevice(out(), null)]] },
  { name: "cudaDeviceGetByPCIBusId", needs: "driver", control: (a, w) => a.cudaDeviceGetByPCIBusId(out(), w.bus), errors: [
    [INVALID, "device NULL", (a, w) => a.cudaDeviceGetByPCIBusId(null, w.bus)], [INVALID, "pciBusId NULL", (a) => a.cudaDeviceGetByPCIBusId(out(), null)], [INVALID, "ill-formed", (a) => a.cudaDeviceGetByPCIBusId(out(), "x")], [DEVICE, "none there", (a) => a.cudaDeviceGetByPCIBusId(out(), "00f0:00:00.0")]] },
  { name: "cudaDeviceGetPCIBusId", needs: "driver", control: (a) => a.cudaDeviceGetPCIBusId(out(), 20, 0), errors: [
    [INVALID, "pciBusId NULL", (a) => a.cudaDeviceGetPCIBusId(null, 20, 0)], [INVALID, "no room", (a) => a.cudaDeviceGetPCIBusId(out(), 5, 0)], [DEVICE, "no device", (a) => a.cudaDeviceGetPCIBusId(out(), 20, 2)]] },
  { name: "cudaDeviceGetTexture1DLinearMaxWidth", needs: "driver", control: (a) => a.cudaDeviceGetTexture1DLinearMaxWidth(out(), { x: 32, f: 0 }, 0), errors: [
    [INVALID, "NULL", (a) => a.cudaDeviceGetTexture1DLinearMaxWidth(null, { x: 32, f: 0 }, 0)], [INVALID, "fmtDesc NULL", (a) => a.cudaDeviceGetTexture1DLinearMaxWidth(out(), null, 0)], [INVALID, "no format", (a) => a.cudaDeviceGetTexture1DLinearMaxWidth(out(), { x: 5, f: 0 }, 0)],
    [DEVICE, "no device", (a) => a.cudaDeviceGetTexture1DLinearMaxWidth(out(), { x: 32, f: 0 }, 2)]] },
]);

testErrors("Version Management", [
  { name: "cudaDriverGetVersion", needs: "nothing", control: (a) => a.cudaDriverGetVersion(out()), errors: [[INVALID, "NULL", (a) => a.cudaDriverGetVersion(null)]] },
  { name: "cudaRuntimeGetVersion", needs: "nothing", control: (a) => a.cudaRuntimeGetVersion(out()), errors: [[INVALID, "NULL", (a) => a.cudaRuntimeGetVersion(null)]] },
]);

testErrors("Peer Device Memory Access", [
  { name: "cudaDeviceCanAccessPeer", needs: "driver", control: (a) => a.cudaDeviceCanAccessPeer(out(), 0, 1), errors: [
    [INVALID, "NULL", (a) => a.cudaDeviceCanAccessPeer(null, 0, 1)], [DEVICE, "no device", (a) => a.cudaDeviceCanAccessPeer(out(), 2, 1)], [DEVICE, "no peer", (a) => a.cudaDeviceCanAccessPeer(out(), 0, 2)]] },
  { name: "cudaDeviceEnablePeerAccess", needs: "context", control: (a) => { const code = a.cudaDeviceEnablePeerAccess(1, 0); return code === 0 ? a.cudaDeviceDisablePeerAccess(1) : code; }, errors: [
    [INVALID, "flags", (a) => a.cudaDeviceEnablePeerAccess(1, 1)], [DEVICE, "no device", (a) => a.cudaDeviceEnablePeerAccess(2, 0)], [DEVICE, "itself", (a) => a.cudaDeviceEnablePeerAccess(0, 0)]] },
  { name: "cudaDeviceDisablePeerAccess", needs: "context", control: (a) => { const code = a.cudaDeviceEnablePeerAccess(1, 0); return code === 0 ? a.cudaDeviceDisablePeerAccess(1) : code; }, errors: [
    [DEVICE, "no device", (a) => a.cudaDeviceDisablePeerAccess(2)], [rt.cudaErrorPeerAccessNotEnabled, "not enabled", (a) => a.cudaDeviceDisablePeerAccess(1)]] },
  { name: "cudaDeviceGetP2PAttribute", needs: "driver", control: (a) => a.cudaDeviceGetP2PAttribute(out(), rt.cudaDevP2PAttrAccessSupported, 0, 1), errors: [
    [INVALID, "NULL", (a) => a.cudaDeviceGetP2PAttribute(null, rt.cudaDevP2PAttrAccessSupported, 0, 1)], [INVALID, "no attribute", (a) => a.cudaDeviceGetP2PAttribute(out(), 77 as 1, 0, 1)],
    [DEVICE, "the same device", (a) => a.cudaDeviceGetP2PAttribute(out(), rt.cudaDevP2PAttrAccessSupported, 0, 0)], [DEVICE, "no device", (a) => a.cudaDeviceGetP2PAttribute(out(), rt.cudaDevP2PAttrAccessSupported, 0, 2)]] },
  { name: "cudaDeviceGetP2PAtomicCapabilities", needs: "driver", control: (a) => a.cudaDeviceGetP2PAtomicCapabilities(out(), [0], 1, 0, 1), errors: [
    [INVALID, "NULL", (a) => a.cudaDeviceGetP2PAtomicCapabilities(null, [0], 1, 0, 1)], [INVALID, "no operations", (a) => a.cudaDeviceGetP2PAtomicCapabilities(out(), null, 1, 0, 1)], [DEVICE, "no device", (a) => a.cudaDeviceGetP2PAtomicCapabilities(out(), [0], 1, 0, 2)]] },
]);

type Value = { readonly priority: number };
testErrors("Stream Management", [
  { name: "cudaStreamCreate", needs: "context", control: (a) => { const s = out<0>(); const code = a.cudaStreamCreate(s); return code === 0 ? a.cudaStreamDestroy(s.value) : code; }, errors: [[INVALID, "NULL", (a) => a.cudaStreamCreate(null)]] },
  { name: "cudaStreamCreateWithFlags", needs: "context", control: (a) => { const s = out<0>(); const code = a.cudaStreamCreateWithFlags(s, 1); return code === 0 ? a.cudaStreamDestroy(s.value) : code; }, errors: [
    [INVALID, "NULL", (a) => a.cudaStreamCreateWithFlags(null, 0)], [INVALID, "flags", (a) => a.cudaStreamCreateWithFlags(out(), 2)]] },
  { name: "cudaStreamCreateWithPriority", needs: "context", control: (a) => { const s = out<0>(); const code = a.cudaStreamCreateWithPriority(s, 1, -99); return code === 0 ? a.cudaStreamDestroy(s.value) : code; }, errors: [
    [INVALID, "NULL", (a) => a.cudaStreamCreateWithPriority(null, 0, 0)], [INVALID, "flags", (a) => a.cudaStreamCreateWithPriority(out(), 4, 0)]] },
  { name: "cudaDeviceGetStreamPriorityRange", needs: "context", control: (a) => a.cudaDeviceGetStreamPriorityRange(null, out()), errors: [] },
  { name: "cudaStreamGetPriority", needs: "context", control: (a, w) => a.cudaStreamGetPriority(w.stream, out()), errors: [[INVALID, "NULL", (a, w) => a.cudaStreamGetPriority(w.stream, null)], [HANDLE, "no stream", (a, w) => a.cudaStreamGetPriority(w.junk, out())]] },
  { name: "cudaStreamGetFlags", needs: "context", control: (a, w) => a.cudaStreamGetFlags(w.stream, out()), errors: [[INVALID, "NULL", (a, w) => a.cudaStreamGetFlags(w.stream, null)], [HANDLE, "no stream", (a, w) => a.cudaStreamGetFlags(w.junk, out())]] },
  { name: "cudaStreamGetId", needs: "context", control: (a, w) => a.cudaStreamGetId(w.stream, out()), errors: [[INVALID, "NULL", (a, w) => a.cudaStreamGetId(w.stream, null)], [HANDLE, "no stream", (a, w) => a.cudaStreamGetId(w.junk, out())]] },
  { name: "cudaStreamGetDevice", needs: "context", control: (a, w) => a.cudaStreamGetDevice(w.otherStream, out()), errors: [[INVALID, "NULL", (a, w) => a.cudaStreamGetDevice(w.stream, null)], [HANDLE, "no stream", (a, w) => a.cudaStreamGetDevice(w.junk, out())]] },
  { name: "cudaCtxResetPersistingL2Cache", needs: "context", control: (a) => a.cudaCtxResetPersistingL2Cache(), errors: [] },
  { name: "cudaStreamCopyAttributes", needs: "context", control: (a, w) => a.cudaStreamCopyAttributes(w.stream, w.stream), errors: [[HANDLE, "no dst", (a, w) => a.cudaStreamCopyAttributes(w.junk, w.stream)], [HANDLE, "no src", (a, w) => a.cudaStreamCopyAttributes(w.stream, w.junk)]] },
  { name: "cudaStreamGetAttribute", needs: "context", control: (a, w) => a.cudaStreamGetAttribute(w.stream, rt.cudaLaunchAttributePriority, out()), errors: [
    [INVALID, "NULL", (a, w) => a.cudaStreamGetAttribute(w.stream, rt.cudaLaunchAttributePriority, null)], [INVALID, "a launch's only", (a, w) => a.cudaStreamGetAttribute(w.stream, rt.cudaLaunchAttributeCooperative, out())], [HANDLE, "no stream", (a, w) => a.cudaStreamGetAttribute(w.junk, rt.cudaLaunchAttributePriority, out())]] },
  { name: "cudaStreamSetAttribute", needs: "context", control: (a, w) => a.cudaStreamSetAttribute(w.stream, rt.cudaLaunchAttributePriority, { priority: 0 } as Value), errors: [
    [INVALID, "NULL", (a, w) => a.cudaStreamSetAttribute(w.stream, rt.cudaLaunchAttributePriority, null)], [INVALID, "a launch's only", (a, w) => a.cudaStreamSetAttribute(w.stream, rt.cudaLaunchAttributeCooperative, {})], [HANDLE, "no stream", (a, w) => a.cudaStreamSetAttribute(w.junk, rt.cudaLaunchAttributePriority, { priority: 0 } as Value)]] },
  { name: "cudaStreamDestroy", needs: "context", control: (a) => { const s = out<0>(); const code = a.cudaStreamCreate(s); return code === 0 ? a.cudaStreamDestroy(s.value) : code; }, errors: [
    [HANDLE, "no stream", (a, w) => a.cudaStreamDestroy(w.junk)], [INVALID, "the default stream", (a) => a.cudaStreamDestroy(0)], [rt.cudaErrorContextIsDestroyed, "destroyed already", (a, w) => a.cudaStreamDestroy(w.goneStream)]] },
  { name: "cudaStreamWaitEvent", needs: "context", control: (a, w) => a.cudaStreamWaitEvent(w.stream, w.otherEvent, 0), errors: [
    [HANDLE, "no stream", (a, w) => a.cudaStreamWaitEvent(w.junk, w.event, 0)], [HANDLE, "no event", (a, w) => a.cudaStreamWaitEvent(w.stream, w.junk, 0)], [HANDLE, "event NULL", (a, w) => a.cudaStreamWaitEvent(w.stream, null, 0)], [INVALID, "flags", (a, w) => a.cudaStreamWaitEvent(w.stream, w.event, 2)]] },
  { name: "cudaStreamAddCallback", needs: "context", control: (a, w) => a.cudaStreamAddCallback(w.stream, () => 0, 0, 0), errors: [
    [HANDLE, "no stream", (a, w) => a.cudaStreamAddCallback(w.junk, () => 0, 0, 0)], [INVALID, "callback NULL", (a, w) => a.cudaStreamAddCallback(w.stream, null, 0, 0)], [INVALID, "flags", (a, w) => a.cudaStreamAddCallback(w.stream, () => 0, 0, 1)]] },
  { name: "cudaStreamSynchronize", needs: "context", control: (a, w) => a.cudaStreamSynchronize(w.stream), errors: [[HANDLE, "no stream", (a, w) => a.cudaStreamSynchronize(w.junk)]] },
  { name: "cudaStreamQuery", needs: "context", control: (a, w) => a.cudaStreamQuery(w.stream), errors: [[HANDLE, "no stream", (a, w) => a.cudaStreamQuery(w.junk)]] },
  { name: "cudaStreamIsCapturing", needs: "context", control: (a, w) => a.cudaStreamIsCapturing(w.stream, out()), errors: [[INVALID, "NULL", (a, w) => a.cudaStreamIsCapturing(w.stream, null)], [HANDLE, "no stream", (a, w) => a.cudaStreamIsCapturing(w.junk, out())]] },
  { name: "cudaThreadExchangeStreamCaptureMode", needs: "driver", control: (a) => a.cudaThreadExchangeStreamCaptureMode(new Out<0 | 1 | 2>(0)), errors: [
    [INVALID, "NULL", (a) => a.cudaThreadExchangeStreamCaptureMode(null)], [INVALID, "no mode", (a) => a.cudaThreadExchangeStreamCaptureMode(new Out<0 | 1 | 2>(5 as 0))]] },
]);

testErrors("Event Management", [
  { name: "cudaEventCreate", needs: "context", control: (a) => { const e = out<0>(); const code = a.cudaEventCreate(e); return code === 0 ? a.cudaEventDestroy(e.value) : code; }, errors: [[INVALID, "NULL", (a) => a.cudaEventCreate(null)]] },
  { name: "cudaEventCreateWithFlags", needs: "context", control: (a) => { const e = out<0>(); const code = a.cudaEventCreateWithFlags(e, 3); return code === 0 ? a.cudaEventDestroy(e.value) : code; }, errors: [
    [INVALID, "NULL", (a) => a.cudaEventCreateWithFlags(null, 0)], [INVALID, "flags", (a) => a.cudaEventCreateWithFlags(out(), 8)], [INVALID, "between processes, with timing", (a) => a.cudaEventCreateWithFlags(out(), rt.cudaEventInterprocess)]] },
  { name: "cudaEventRecord", needs: "context", control: (a, w) => a.cudaEventRecord(w.event, w.stream), errors: [
    [HANDLE, "no event", (a, w) => a.cudaEventRecord(w.junk, w.stream)], [HANDLE, "no stream", (a, w) => a.cudaEventRecord(w.event, w.junk)], [HANDLE, "of different devices", (a, w) => a.cudaEventRecord(w.event, w.otherStream)], [HANDLE, "destroyed event", (a, w) => a.cudaEventRecord(w.goneEvent, w.stream)]] },
  { name: "cudaEventRecordWithFlags", needs: "context", control: (a, w) => a.cudaEventRecordWithFlags(w.event, w.stream, 0), errors: [
    [HANDLE, "no event", (a, w) => a.cudaEventRecordWithFlags(w.junk, w.stream, 0)], [HANDLE, "no stream", (a, w) => a.cudaEventRecordWithFlags(w.event, w.junk, 0)], [INVALID, "flags", (a, w) => a.cudaEventRecordWithFlags(w.event, w.stream, 2)]] },
  { name: "cudaEventQuery", needs: "context", control: (a, w) => a.cudaEventQuery(w.event), errors: [[HANDLE, "no event", (a, w) => a.cudaEventQuery(w.junk)], [HANDLE, "NULL", (a) => a.cudaEventQuery(null)]] },
  { name: "cudaEventSynchronize", needs: "context", control: (a, w) => a.cudaEventSynchronize(w.event), errors: [[HANDLE, "no event", (a, w) => a.cudaEventSynchronize(w.junk)], [HANDLE, "NULL", (a) => a.cudaEventSynchronize(null)]] },
  { name: "cudaEventDestroy", needs: "context", control: (a) => { const e = out<0>(); const code = a.cudaEventCreate(e); return code === 0 ? a.cudaEventDestroy(e.value) : code; }, errors: [[HANDLE, "no event", (a, w) => a.cudaEventDestroy(w.junk)], [HANDLE, "destroyed already", (a, w) => a.cudaEventDestroy(w.goneEvent)]] },
  { name: "cudaEventElapsedTime", needs: "context", control: (a, w) => a.cudaEventElapsedTime(out(), w.event, w.event), errors: [
    [INVALID, "ms NULL", (a, w) => a.cudaEventElapsedTime(null, w.event, w.event)], [HANDLE, "no start", (a, w) => a.cudaEventElapsedTime(out(), w.junk, w.event)], [HANDLE, "no end", (a, w) => a.cudaEventElapsedTime(out(), w.event, w.junk)],
    [HANDLE, "without timing", (a, w) => a.cudaEventElapsedTime(out(), w.event, w.untimed)], [HANDLE, "never recorded", (a, w) => a.cudaEventElapsedTime(out(), w.fresh, w.event)]] },
]);
