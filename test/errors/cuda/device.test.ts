import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import { testErrors } from "./run.ts";

const INVALID = cu.CUDA_ERROR_INVALID_VALUE;
const DEVICE = cu.CUDA_ERROR_INVALID_DEVICE;

testErrors("Device Management", [
  { name: "cuDeviceGet", needs: "init", control: (a) => a.cuDeviceGet(out(), 1), errors: [
    [INVALID, "device NULL", (a) => a.cuDeviceGet(null, 0)], [DEVICE, "ordinal -1", (a) => a.cuDeviceGet(out(), -1)], [DEVICE, "ordinal = count", (a) => a.cuDeviceGet(out(), 2)]] },
  { name: "cuDeviceGetCount", needs: "init", control: (a) => a.cuDeviceGetCount(out()), errors: [[INVALID, "count NULL", (a) => a.cuDeviceGetCount(null)]] },
  { name: "cuDeviceGetName", needs: "init", control: (a) => a.cuDeviceGetName(out(), 1, 0), errors: [
    [INVALID, "name NULL", (a) => a.cuDeviceGetName(null, 10, 0)], [INVALID, "len 0", (a) => a.cuDeviceGetName(out(), 0, 0)], [DEVICE, "no such device", (a) => a.cuDeviceGetName(out(), 10, 2)]] },
  { name: "cuDeviceGetUuid_v2", needs: "init", control: (a) => a.cuDeviceGetUuid(out(), 0), errors: [
    [INVALID, "uuid NULL", (a) => a.cuDeviceGetUuid(null, 0)], [DEVICE, "no such device", (a) => a.cuDeviceGetUuid(out(), 2)]] },
  { name: "cuDeviceTotalMem_v2", needs: "init", control: (a) => a.cuDeviceTotalMem(out(), 0), errors: [
    [INVALID, "bytes NULL", (a) => a.cuDeviceTotalMem(null, 0)], [DEVICE, "no such device", (a) => a.cuDeviceTotalMem(out(), 2)]] },
  { name: "cuDeviceGetTexture1DLinearMaxWidth", needs: "init", control: (a) => a.cuDeviceGetTexture1DLinearMaxWidth(out(), cu.CU_AD_FORMAT_FLOAT, 4, 0), errors: [
    [INVALID, "out-parameter NULL", (a) => a.cuDeviceGetTexture1DLinearMaxWidth(null, cu.CU_AD_FORMAT_FLOAT, 1, 0)],
    [INVALID, "no channel format", (a) => a.cuDeviceGetTexture1DLinearMaxWidth(out(), 7 as 1, 1, 0)],
    [INVALID, "three channels", (a) => a.cuDeviceGetTexture1DLinearMaxWidth(out(), cu.CU_AD_FORMAT_FLOAT, 3, 0)],
    [DEVICE, "no such device", (a) => a.cuDeviceGetTexture1DLinearMaxWidth(out(), cu.CU_AD_FORMAT_FLOAT, 1, 2)]] },
  { name: "cuDeviceGetAttribute", needs: "init", control: (a) => a.cuDeviceGetAttribute(out(), cu.CU_DEVICE_ATTRIBUTE_WARP_SIZE, 0), errors: [
    [INVALID, "pi NULL", (a) => a.cuDeviceGetAttribute(null, 1, 0)], [INVALID, "no attribute", (a) => a.cuDeviceGetAttribute(out(), 0 as 1, 0)],
    [INVALID, "beyond the last attribute", (a) => a.cuDeviceGetAttribute(out(), cu.CU_DEVICE_ATTRIBUTE_MAX, 0)], [DEVICE, "no such device", (a) => a.cuDeviceGetAttribute(out(), 1, -1)]] },
  { name: "cuDeviceGetHostAtomicCapabilities", needs: "init", control: (a) => a.cuDeviceGetHostAtomicCapabilities(out(), [0], 1, 0), errors: [
    [INVALID, "capabilities NULL", (a) => a.cuDeviceGetHostAtomicCapabilities(null, [0], 1, 0)], [INVALID, "operations NULL", (a) => a.cuDeviceGetHostAtomicCapabilities(out(), null, 1, 0)],
    [INVALID, "count 0", (a) => a.cuDeviceGetHostAtomicCapabilities(out(), [0], 0, 0)], [INVALID, "no operation", (a) => a.cuDeviceGetHostAtomicCapabilities(out(), [99 as 0], 1, 0)],
    [DEVICE, "no such device", (a) => a.cuDeviceGetHostAtomicCapabilities(out(), [0], 1, 2)]] },
  { name: "cuDeviceGetExecAffinitySupport", needs: "init", control: (a) => a.cuDeviceGetExecAffinitySupport(out(), 0, 0), errors: [
    [INVALID, "pi NULL", (a) => a.cuDeviceGetExecAffinitySupport(null, 0, 0)], [INVALID, "no type", (a) => a.cuDeviceGetExecAffinitySupport(out(), 7 as 0, 0)],
    [DEVICE, "no such device", (a) => a.cuDeviceGetExecAffinitySupport(out(), 0, 2)]] },
  { name: "cuFlushGPUDirectRDMAWrites", needs: "context", control: (a) => a.cuFlushGPUDirectRDMAWrites(0, 100), errors: [
    [INVALID, "no target", (a) => a.cuFlushGPUDirectRDMAWrites(1 as 0, 100)], [INVALID, "no scope", (a) => a.cuFlushGPUDirectRDMAWrites(0, 1 as 100)]] },
  { name: "cuDeviceGetByPCIBusId", needs: "init", control: (a, w) => a.cuDeviceGetByPCIBusId(out(), w.bus), errors: [
    [INVALID, "dev NULL", (a) => a.cuDeviceGetByPCIBusId(null, "0000:00:00.0")], [INVALID, "pciBusId NULL", (a) => a.cuDeviceGetByPCIBusId(out(), null)],
    [INVALID, "another form", (a) => a.cuDeviceGetByPCIBusId(out(), "first")], [DEVICE, "nothing there", (a) => a.cuDeviceGetByPCIBusId(out(), "00ff:ff:1f.7")]] },
  { name: "cuDeviceGetPCIBusId", needs: "init", control: (a) => a.cuDeviceGetPCIBusId(out(), 13, 0), errors: [
    [INVALID, "pciBusId NULL", (a) => a.cuDeviceGetPCIBusId(null, 13, 0)], [INVALID, "len 12", (a) => a.cuDeviceGetPCIBusId(out(), 12, 0)], [DEVICE, "no such device", (a) => a.cuDeviceGetPCIBusId(out(), 13, 2)]] },
]);

testErrors("Device Management [DEPRECATED]", [
  { name: "cuDeviceGetProperties", needs: "init", control: (a) => a.cuDeviceGetProperties(out(), 0), errors: [
    [INVALID, "prop NULL", (a) => a.cuDeviceGetProperties(null, 0)], [DEVICE, "no such device", (a) => a.cuDeviceGetProperties(out(), 2)]] },
  { name: "cuDeviceComputeCapability", needs: "init", control: (a) => a.cuDeviceComputeCapability(out(), out(), 0), errors: [
    [INVALID, "major NULL", (a) => a.cuDeviceComputeCapability(null, out(), 0)], [INVALID, "minor NULL", (a) => a.cuDeviceComputeCapability(out(), null, 0)],
    [DEVICE, "no such device", (a) => a.cuDeviceComputeCapability(out(), out(), 2)]] },
]);

testErrors("Peer Context Memory Access", [
  { name: "cuDeviceCanAccessPeer", needs: "init", control: (a) => a.cuDeviceCanAccessPeer(out(), 0, 1), errors: [
    [INVALID, "out-parameter NULL", (a) => a.cuDeviceCanAccessPeer(null, 0, 1)], [DEVICE, "no such device", (a) => a.cuDeviceCanAccessPeer(out(), 2, 1)], [DEVICE, "no such peer", (a) => a.cuDeviceCanAccessPeer(out(), 0, 2)]] },
  { name: "cuCtxEnablePeerAccess", needs: "context", control: (a, w) => { const code = a.cuCtxEnablePeerAccess(w.other, 0); if (code === 0) a.cuCtxDisablePeerAccess(w.other); return code; }, errors: [
    [cu.CUDA_ERROR_INVALID_CONTEXT, "NULL", (a) => a.cuCtxEnablePeerAccess(null, 0)], [cu.CUDA_ERROR_INVALID_CONTEXT, "no context", (a, w) => a.cuCtxEnablePeerAccess(w.junk, 0)],
    [cu.CUDA_ERROR_INVALID_CONTEXT, "itself", (a, w) => a.cuCtxEnablePeerAccess(w.context, 0)], [INVALID, "Flags not 0", (a, w) => a.cuCtxEnablePeerAccess(w.other, 1)]] },
  { name: "cuCtxDisablePeerAccess", needs: "context", control: (a, w) => (a.cuCtxEnablePeerAccess(w.other, 0), a.cuCtxDisablePeerAccess(w.other)), errors: [
    [cu.CUDA_ERROR_INVALID_CONTEXT, "NULL", (a) => a.cuCtxDisablePeerAccess(null)], [cu.CUDA_ERROR_INVALID_CONTEXT, "no context", (a, w) => a.cuCtxDisablePeerAccess(w.junk)],
    [cu.CUDA_ERROR_PEER_ACCESS_NOT_ENABLED, "not enabled", (a, w) => a.cuCtxDisablePeerAccess(w.other)]] },
  { name: "cuDeviceGetP2PAttribute", needs: "init", control: (a) => a.cuDeviceGetP2PAttribute(out(), cu.CU_DEVICE_P2P_ATTRIBUTE_ACCESS_SUPPORTED, 0, 1), errors: [
    [INVALID, "value NULL", (a) => a.cuDeviceGetP2PAttribute(null, 1, 0, 1)], [INVALID, "no attribute", (a) => a.cuDeviceGetP2PAttribute(out(), 77 as 1, 0, 1)],
    [DEVICE, "no such device", (a) => a.cuDeviceGetP2PAttribute(out(), 1, 0, 2)], [DEVICE, "the same device twice", (a) => a.cuDeviceGetP2PAttribute(out(), 1, 1, 1)]] },
  { name: "cuDeviceGetP2PAtomicCapabilities", needs: "init", control: (a) => a.cuDeviceGetP2PAtomicCapabilities(out(), [0, 1], 2, 0, 1), errors: [
    [INVALID, "capabilities NULL", (a) => a.cuDeviceGetP2PAtomicCapabilities(null, [0], 1, 0, 1)], [INVALID, "fewer operations than count", (a) => a.cuDeviceGetP2PAtomicCapabilities(out(), [0], 2, 0, 1)],
    [DEVICE, "the same device twice", (a) => a.cuDeviceGetP2PAtomicCapabilities(out(), [0], 1, 0, 0)]] },
]);
