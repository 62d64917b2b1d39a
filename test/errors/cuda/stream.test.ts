import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUevent, CUstream } from "../../../src/cuda/abi/driver/types.ts";
import { testErrors } from "./run.ts";
import type { World } from "./world.ts";

const INVALID = cu.CUDA_ERROR_INVALID_VALUE;
const HANDLE = cu.CUDA_ERROR_INVALID_HANDLE;
type Api = World["cuda"];

function stream(a: Api, w: World, make: (box: ReturnType<typeof out<CUstream>>) => number): number {
  const box = out<CUstream>();
  const code = make(box);
  return code === 0 ? w.cuda.cuStreamDestroy(box.value) : code;
}

const getters = {
  cuStreamGetPriority: (a: Api, s: CUstream, box: boolean) => a.cuStreamGetPriority(s, box ? out() : null),
  cuStreamGetDevice: (a: Api, s: CUstream, box: boolean) => a.cuStreamGetDevice(s, box ? out() : null),
  cuStreamGetFlags: (a: Api, s: CUstream, box: boolean) => a.cuStreamGetFlags(s, box ? out() : null),
  cuStreamGetId: (a: Api, s: CUstream, box: boolean) => a.cuStreamGetId(s, box ? out() : null),
  cuStreamGetCtx: (a: Api, s: CUstream, box: boolean) => a.cuStreamGetCtx(s, box ? out() : null),
  cuStreamGetCtx_v2: (a: Api, s: CUstream, box: boolean) => a.cuStreamGetCtx_v2(s, box ? out() : null, out()),
} as const;

testErrors("Stream Management", [
  { name: "cuStreamCreate", needs: "context", control: (a, w) => stream(a, w, (box) => a.cuStreamCreate(box, 1)), errors: [
    [INVALID, "phStream NULL", (a) => a.cuStreamCreate(null, 0)], [INVALID, "unknown flag", (a) => a.cuStreamCreate(out(), 2)]] },
  { name: "cuStreamCreateWithPriority", needs: "context", control: (a, w) => stream(a, w, (box) => a.cuStreamCreateWithPriority(box, 0, -99)), errors: [
    [INVALID, "phStream NULL", (a) => a.cuStreamCreateWithPriority(null, 0, 0)], [INVALID, "unknown flag", (a) => a.cuStreamCreateWithPriority(out(), 4, 0)]] },
  ...Object.entries(getters).map(([name, get]) => ({
    name: name as keyof typeof getters, needs: "context" as const, control: (a: Api, w: World) => get(a, w.stream, true), errors: [
      [INVALID, "out-parameter NULL", (a: Api, w: World) => get(a, w.stream, false)], [HANDLE, "no stream", (a: Api, w: World) => get(a, w.junk, true)],
      [cu.CUDA_ERROR_CONTEXT_IS_DESTROYED, "destroyed stream", (a: Api, w: World) => get(a, w.goneStream, true)]] as const })),
  { name: "cuStreamWaitEvent", needs: "context", control: (a, w) => a.cuStreamWaitEvent(w.stream, w.event, 0), errors: [
    [HANDLE, "no stream", (a, w) => a.cuStreamWaitEvent(w.junk, w.event, 0)], [HANDLE, "no event", (a, w) => a.cuStreamWaitEvent(w.stream, w.junk, 0)],
    [HANDLE, "destroyed event", (a, w) => a.cuStreamWaitEvent(w.stream, w.goneEvent, 0)], [INVALID, "EXTERNAL outside of capture", (a, w) => a.cuStreamWaitEvent(w.stream, w.event, 1)]] },
  { name: "cuStreamAddCallback", needs: "context", control: (a, w) => a.cuStreamAddCallback(w.stream, () => {}, null, 0), errors: [
    [HANDLE, "no stream", (a, w) => a.cuStreamAddCallback(w.junk, () => {}, null, 0)], [HANDLE, "stream of another context", (a, w) => a.cuStreamAddCallback(w.otherStream, () => {}, null, 0)],
    [INVALID, "callback NULL", (a, w) => a.cuStreamAddCallback(w.stream, null, null, 0)], [INVALID, "flags not 0", (a, w) => a.cuStreamAddCallback(w.stream, () => {}, null, 1)]] },
  { name: "cuLaunchHostFunc", needs: "context", control: (a, w) => a.cuLaunchHostFunc(w.stream, () => {}, null), errors: [
    [HANDLE, "no stream", (a, w) => a.cuLaunchHostFunc(w.junk, () => {}, null)], [HANDLE, "stream of another context", (a, w) => a.cuLaunchHostFunc(w.otherStream, () => {}, null)],
    [INVALID, "fn NULL", (a, w) => a.cuLaunchHostFunc(w.stream, null, null)]] },
  { name: "cuStreamQuery", needs: "context", control: (a, w) => a.cuStreamQuery(w.stream), errors: [[HANDLE, "no stream", (a, w) => a.cuStreamQuery(w.junk)], [cu.CUDA_ERROR_CONTEXT_IS_DESTROYED, "destroyed stream", (a, w) => a.cuStreamQuery(w.goneStream)]] },
  { name: "cuStreamSynchronize", needs: "context", control: (a, w) => a.cuStreamSynchronize(w.stream), errors: [[HANDLE, "no stream", (a, w) => a.cuStreamSynchronize(w.junk)], [cu.CUDA_ERROR_CONTEXT_IS_DESTROYED, "destroyed stream", (a, w) => a.cuStreamSynchronize(w.goneStream)]] },
  { name: "cuStreamDestroy_v2", needs: "context", control: (a) => { const s = out<CUstream>(); const code = a.cuStreamCreate(s, 0); return code === 0 ? a.cuStreamDestroy(s.value) : a.cuStreamDestroy(0); }, errors: [
    [INVALID, "default stream", (a) => a.cuStreamDestroy(0)], [INVALID, "legacy stream", (a) => a.cuStreamDestroy(cu.CU_STREAM_LEGACY)], [INVALID, "per-thread stream", (a) => a.cuStreamDestroy(cu.CU_STREAM_PER_THREAD)],
    [HANDLE, "no stream", (a, w) => a.cuStreamDestroy(w.junk)], [cu.CUDA_ERROR_CONTEXT_IS_DESTROYED, "destroyed already", (a, w) => a.cuStreamDestroy(w.goneStream)]] },
  { name: "cuStreamCopyAttributes", needs: "context", control: (a, w) => a.cuStreamCopyAttributes(w.stream, null), errors: [
    [HANDLE, "dst no stream", (a, w) => a.cuStreamCopyAttributes(w.junk, w.stream)], [HANDLE, "src no stream", (a, w) => a.cuStreamCopyAttributes(w.stream, w.junk)], [INVALID, "streams of two contexts", (a, w) => a.cuStreamCopyAttributes(w.stream, w.otherStream)]] },
  { name: "cuStreamGetAttribute", needs: "context", control: (a, w) => a.cuStreamGetAttribute(w.stream, cu.CU_STREAM_ATTRIBUTE_PRIORITY, out()), errors: [
    [HANDLE, "no stream", (a, w) => a.cuStreamGetAttribute(w.junk, 8, out())], [INVALID, "value_out NULL", (a, w) => a.cuStreamGetAttribute(w.stream, 8, null)], [INVALID, "no attribute of streams", (a, w) => a.cuStreamGetAttribute(w.stream, cu.CU_LAUNCH_ATTRIBUTE_COOPERATIVE, out())]] },
  { name: "cuStreamSetAttribute", needs: "context", control: (a, w) => a.cuStreamSetAttribute(w.stream, cu.CU_STREAM_ATTRIBUTE_PRIORITY, { priority: -1 }), errors: [
    [HANDLE, "no stream", (a, w) => a.cuStreamSetAttribute(w.junk, 8, { priority: 0 })], [INVALID, "value NULL", (a, w) => a.cuStreamSetAttribute(w.stream, 8, null)],
    [INVALID, "no attribute of streams", (a, w) => a.cuStreamSetAttribute(w.stream, cu.CU_LAUNCH_ATTRIBUTE_COOPERATIVE, {})], [INVALID, "the member is missing", (a, w) => a.cuStreamSetAttribute(w.stream, 8, {})],
    [INVALID, "policy out of range", (a, w) => a.cuStreamSetAttribute(w.stream, cu.CU_STREAM_ATTRIBUTE_SYNCHRONIZATION_POLICY, { syncPolicy: 9 as 1 })],
    [INVALID, "hit ratio above 1", (a, w) => a.cuStreamSetAttribute(w.stream, cu.CU_STREAM_ATTRIBUTE_ACCESS_POLICY_WINDOW, { accessPolicyWindow: { hitRatio: 1.5 } })]] },
  { name: "cuStreamAttachMemAsync", needs: "context", control: (a, w) => a.cuStreamAttachMemAsync(w.stream, w.managed, 0, cu.CU_MEM_ATTACH_SINGLE), errors: [
    [HANDLE, "no stream", (a, w) => a.cuStreamAttachMemAsync(w.junk, w.managed, 0, 1)], [INVALID, "device memory", (a, w) => a.cuStreamAttachMemAsync(w.stream, w.d, 0, 1)],
    [INVALID, "part of the memory", (a, w) => a.cuStreamAttachMemAsync(w.stream, w.managed, 100, 1)], [INVALID, "two flags", (a, w) => a.cuStreamAttachMemAsync(w.stream, w.managed, 0, 3)],
    [INVALID, "SINGLE with the default stream", (a, w) => a.cuStreamAttachMemAsync(0, w.managed, 0, 4)]] },
  { name: "cuThreadExchangeStreamCaptureMode", needs: "init", control: (a) => a.cuThreadExchangeStreamCaptureMode(out(1)), errors: [
    [INVALID, "mode NULL", (a) => a.cuThreadExchangeStreamCaptureMode(null)], [INVALID, "no mode", (a) => a.cuThreadExchangeStreamCaptureMode(out(7 as 1))]] },
  { name: "cuStreamIsCapturing", needs: "context", control: (a, w) => a.cuStreamIsCapturing(w.stream, out()), errors: [[INVALID, "captureStatus NULL", (a, w) => a.cuStreamIsCapturing(w.stream, null)]] },
]);

testErrors("Event Management", [
  { name: "cuEventCreate", needs: "context", control: (a, w) => { const e = out<CUevent>(); const code = a.cuEventCreate(e, cu.CU_EVENT_INTERPROCESS | cu.CU_EVENT_DISABLE_TIMING); if (code === 0) w.cuda.cuEventDestroy(e.value); return code; }, errors: [
    [INVALID, "phEvent NULL", (a) => a.cuEventCreate(null, 0)], [INVALID, "unknown flags", (a) => a.cuEventCreate(out(), 8)], [INVALID, "INTERPROCESS with timing", (a) => a.cuEventCreate(out(), cu.CU_EVENT_INTERPROCESS)]] },
  { name: "cuEventRecord", needs: "context", control: (a, w) => a.cuEventRecord(w.event, w.stream), errors: [
    [HANDLE, "no event", (a, w) => a.cuEventRecord(w.junk, w.stream)], [HANDLE, "destroyed event", (a, w) => a.cuEventRecord(w.goneEvent, w.stream)], [HANDLE, "no stream", (a, w) => a.cuEventRecord(w.event, w.junk)],
    [HANDLE, "stream of another context", (a, w) => a.cuEventRecord(w.event, w.otherStream)]] },
  { name: "cuEventRecordWithFlags", needs: "context", control: (a, w) => a.cuEventRecordWithFlags(w.event, w.stream, 0), errors: [
    [INVALID, "EXTERNAL outside of capture", (a, w) => a.cuEventRecordWithFlags(w.event, w.stream, 1)], [HANDLE, "no event", (a, w) => a.cuEventRecordWithFlags(w.junk, w.stream, 0)]] },
  { name: "cuEventQuery", needs: "context", control: (a, w) => a.cuEventQuery(w.event), errors: [[HANDLE, "no event", (a, w) => a.cuEventQuery(w.junk)], [HANDLE, "destroyed event", (a, w) => a.cuEventQuery(w.goneEvent)]] },
  { name: "cuEventSynchronize", needs: "context", control: (a, w) => a.cuEventSynchronize(w.event), errors: [[HANDLE, "no event", (a, w) => a.cuEventSynchronize(w.junk)]] },
  { name: "cuEventDestroy_v2", needs: "context", control: (a, w) => { const e = out<CUevent>(); const code = a.cuEventCreate(e, 0); return code === 0 ? a.cuEventDestroy(e.value) : a.cuEventDestroy(w.event); }, errors: [
    [HANDLE, "no event", (a, w) => a.cuEventDestroy(w.junk)], [HANDLE, "destroyed already", (a, w) => a.cuEventDestroy(w.goneEvent)]] },
  { name: "cuEventElapsedTime_v2", needs: "context", control: (a, w) => a.cuEventElapsedTime(out(), w.event, w.event), errors: [
    [INVALID, "pMilliseconds NULL", (a, w) => a.cuEventElapsedTime(null, w.event, w.event)], [HANDLE, "hStart no event", (a, w) => a.cuEventElapsedTime(out(), w.junk, w.event)], [HANDLE, "hEnd no event", (a, w) => a.cuEventElapsedTime(out(), w.event, w.junk)],
    [HANDLE, "an event without timing", (a, w) => a.cuEventElapsedTime(out(), w.event, w.untimed)], [HANDLE, "never recorded, of another device", (a, w) => a.cuEventElapsedTime(out(), w.event, w.otherEvent)]] },
]);
