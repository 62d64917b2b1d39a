import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUgraph, CUstream } from "../../../src/cuda/abi/driver/types.ts";
import { resultName } from "../../../src/cuda/driver/core/fail.ts";
import { testErrors } from "./run.ts";
import { makeWorld, type World } from "./world.ts";

const INVALID = cu.CUDA_ERROR_INVALID_VALUE;
const HANDLE = cu.CUDA_ERROR_INVALID_HANDLE;
const STATE = cu.CUDA_ERROR_ILLEGAL_STATE;
const UNSUPPORTED = cu.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
const INVALIDATED = cu.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
const IMPLICIT = cu.CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
const [GLOBAL, LOCAL, RELAXED] = [cu.CU_STREAM_CAPTURE_MODE_GLOBAL, cu.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL, cu.CU_STREAM_CAPTURE_MODE_RELAXED] as const;
type Api = World["cuda"];

/** A stream that captures for the length of a call, and the rest of the world beside it. */
const streams = new WeakMap<World["process"], { readonly capturing: CUstream; readonly graph: CUgraph; readonly empty: CUgraph }>();
const S = (w: World) => streams.get(w.process)!;
function setup(w: World): void {
  // Of the second context, so that the first can be waited for.
  const capturing = w.otherStream;
  const graph = w.easy.cuGraphCreate(0);
  w.easy.cuStreamBeginCaptureToGraph(capturing, graph, null, null, 0, RELAXED);
  streams.set(w.process, { capturing, graph, empty: w.easy.cuGraphCreate(0) });
}

/** Begins and ends a capture. */
function whole(a: Api, w: World, begin: () => number): number {
  const graph = out<CUgraph>();
  const code = begin() || a.cuStreamEndCapture(w.stream, graph);
  return code === 0 && graph.value !== S(w).empty ? w.cuda.cuGraphDestroy(graph.value) : code;
}

testErrors("Stream Management: capture", [
  { name: "cuStreamBeginCapture_v2", needs: "context", setup, control: (a, w) => whole(a, w, () => a.cuStreamBeginCapture(w.stream, GLOBAL)), errors: [
    [UNSUPPORTED, "legacy stream", (a) => a.cuStreamBeginCapture(0, GLOBAL)], [INVALID, "no mode", (a, w) => a.cuStreamBeginCapture(w.stream, -1 as 0)], [STATE, "captures already", (a, w) => a.cuStreamBeginCapture(S(w).capturing, GLOBAL)],
    [cu.CUDA_ERROR_CONTEXT_IS_DESTROYED, "destroyed stream", (a, w) => a.cuStreamBeginCapture(w.goneStream, GLOBAL)], [HANDLE, "no stream", (a, w) => a.cuStreamBeginCapture(w.junk, GLOBAL)]] },
  { name: "cuStreamBeginCaptureToGraph", needs: "context", setup, control: (a, w) => whole(a, w, () => a.cuStreamBeginCaptureToGraph(w.stream, S(w).empty, null, null, 0, GLOBAL)), errors: [
    [UNSUPPORTED, "legacy stream", (a, w) => a.cuStreamBeginCaptureToGraph(0, S(w).empty, null, null, 0, GLOBAL)], [INVALID, "no graph", (a, w) => a.cuStreamBeginCaptureToGraph(w.stream, w.junk, null, null, 0, GLOBAL)],
    [INVALID, "captured into already", (a, w) => a.cuStreamBeginCaptureToGraph(w.stream, S(w).graph, null, null, 0, GLOBAL)], [INVALID, "dependency no node", (a, w) => a.cuStreamBeginCaptureToGraph(w.stream, S(w).empty, [w.junk], null, 1, GLOBAL)]] },
  { name: "cuStreamEndCapture", needs: "context", setup, control: (a, w) => whole(a, w, () => a.cuStreamBeginCapture(w.stream, GLOBAL)), errors: [
    [INVALID, "phGraph NULL", (a, w) => a.cuStreamEndCapture(S(w).capturing, null)], [STATE, "does not capture", (a, w) => a.cuStreamEndCapture(w.stream, out())], [STATE, "default stream", (a) => a.cuStreamEndCapture(0, out())],
    [cu.CUDA_ERROR_CONTEXT_IS_DESTROYED, "destroyed stream", (a, w) => a.cuStreamEndCapture(w.goneStream, out())]] },
  { name: "cuStreamIsCapturing", needs: "context", setup, control: (a, w) => a.cuStreamIsCapturing(S(w).capturing, out()), errors: [[INVALID, "captureStatus NULL", (a, w) => a.cuStreamIsCapturing(w.stream, null)], [HANDLE, "no stream", (a, w) => a.cuStreamIsCapturing(w.junk, out())]] },
  { name: "cuStreamGetCaptureInfo_v3", needs: "context", setup, control: (a, w) => a.cuStreamGetCaptureInfo(S(w).capturing, out(), out(), out(), out(), out(), out()), errors: [
    [INVALID, "captureStatus_out NULL", (a, w) => a.cuStreamGetCaptureInfo(w.stream, null, null, null, null, null, null)], [HANDLE, "no stream", (a, w) => a.cuStreamGetCaptureInfo(w.junk, out(), null, null, null, null, null)]] },
  { name: "cuStreamUpdateCaptureDependencies_v2", needs: "context", setup, control: (a, w) => a.cuStreamUpdateCaptureDependencies(S(w).capturing, [], null, 0, cu.CU_STREAM_SET_CAPTURE_DEPENDENCIES), errors: [
    [STATE, "does not capture", (a, w) => a.cuStreamUpdateCaptureDependencies(w.stream, [], null, 0, 0)], [INVALID, "flags", (a, w) => a.cuStreamUpdateCaptureDependencies(S(w).capturing, [], null, 0, 2)],
    [INVALID, "no node", (a, w) => a.cuStreamUpdateCaptureDependencies(S(w).capturing, [w.junk], null, 1, 0)], [HANDLE, "no stream", (a, w) => a.cuStreamUpdateCaptureDependencies(w.junk, [], null, 0, 0)]] },
]);

/** A world with a capture in `stream`, and a second stream. */
function capturing(mode: 0 | 1 | 2 = GLOBAL, flags = cu.CU_STREAM_NON_BLOCKING as number) {
  const w = makeWorld();
  const [stream, other] = [w.easy.cuStreamCreate(flags), w.easy.cuStreamCreate(cu.CU_STREAM_NON_BLOCKING)];
  w.easy.cuStreamBeginCapture(stream, mode);
  return { ...w, w, stream, other };
}

/** The end of a capture that must have been lost. */
function lost({ cuda, stream }: { cuda: Api; stream: CUstream }): void {
  const graph = out<CUgraph>();
  expect(resultName(cuda.cuStreamEndCapture(stream, graph))).toBe("CUDA_ERROR_STREAM_CAPTURE_INVALIDATED");
  expect(graph.value).toBe(0);
  expect(cuda.cuStreamEndCapture(stream, graph)).toBe(STATE);
}

describe("what a capture forbids", () => {
  const waiting: readonly (readonly [string, (c: ReturnType<typeof capturing>) => number])[] = [
    ["cuStreamSynchronize", (c) => c.cuda.cuStreamSynchronize(c.stream)], ["cuStreamQuery", (c) => c.cuda.cuStreamQuery(c.stream)], ["cuCtxSynchronize", (c) => c.cuda.cuCtxSynchronize()],
    ["cuStreamAddCallback", (c) => c.cuda.cuStreamAddCallback(c.stream, () => 0, null, 0)], ["cuMemPrefetchAsync", (c) => c.cuda.cuMemPrefetchAsync(c.w.managed, 4096, { type: 1, id: 0 }, 0, c.stream)],
    ["cuCtxRecordEvent", (c) => c.cuda.cuCtxRecordEvent(c.w.context, c.w.event)], ["cuCtxWaitEvent", (c) => c.cuda.cuCtxWaitEvent(c.w.context, c.w.event)],
  ];
  test.each(waiting)("%s: STREAM_CAPTURE_UNSUPPORTED, and the capture is lost", (_name, call) => {
    const c = capturing(RELAXED);
    expect(resultName(call(c))).toBe("CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED");
    expect(c.easy.cuStreamIsCapturing(c.stream)).toBe(cu.CU_STREAM_CAPTURE_STATUS_INVALIDATED);
    expect(c.cuda.cuMemsetD32Async(c.w.d, 0, 1, c.stream)).toBe(INVALIDATED);
    lost(c);
  });

  const unsafe: readonly (readonly [string, (c: ReturnType<typeof capturing>) => number])[] = [
    ["cuMemAlloc", (c) => c.cuda.cuMemAlloc(out(), 4)], ["cuMemFree", (c) => c.cuda.cuMemFree(c.w.d2)], ["cuMemHostAlloc", (c) => c.cuda.cuMemHostAlloc(out(), 4, 0)], ["cuEventQuery", (c) => c.cuda.cuEventQuery(c.w.event)],
    ["cuStreamSynchronize of another stream", (c) => c.cuda.cuStreamSynchronize(c.other)], ["cuMemcpyHtoD", (c) => c.cuda.cuMemcpyHtoD(c.w.d, new Uint8Array(4), 4)], ["cudaMalloc", (c) => c.w.cudart.cudaMalloc(out(), 4)],
  ];
  test.each(unsafe)("%s is forbidden the capturing thread, but not in relaxed mode, by the capture's or its own", (_name, call) => {
    for (const mode of [GLOBAL, LOCAL] as const) {
      const c = capturing(mode);
      expect(resultName(call(c))).toBe("CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED");
      lost(c);
      expect(call(c)).toBe(0);
    }
    const relaxed = capturing(RELAXED);
    expect(call(relaxed)).toBe(0);
    const own = capturing(GLOBAL);
    own.cuda.cuThreadExchangeStreamCaptureMode(out(RELAXED as 0 | 1 | 2));
    expect(call(own)).toBe(0);
    expect(own.cuda.cuStreamEndCapture(own.stream, out())).toBe(0);
  });

  test("other threads are forbidden by global captures only", () => {
    for (const [mode, code] of [[GLOBAL, UNSUPPORTED], [LOCAL, 0], [RELAXED, 0]] as const) {
      const c = capturing(mode);
      let answer = -1;
      c.thread("other", function* () {
        c.w.cuda.cuCtxSetCurrent(c.w.context);
        answer = yield* c.co.cuMemAlloc(out(), 4);
      });
      c.run(function* () { while (answer < 0) yield* c.co.cuDriverGetVersion(out()); });
      expect(answer).toBe(code);
    }
  });

  test("the legacy stream while a blocking stream captures: STREAM_CAPTURE_IMPLICIT", () => {
    const calls: readonly ((c: ReturnType<typeof capturing>) => number)[] = [
      (c) => c.cuda.cuMemcpyHtoD(c.w.d, new Uint8Array(4), 4), (c) => c.cuda.cuMemsetD8(c.w.d, 0, 4), (c) => c.cuda.cuLaunchHostFunc(null, () => 0, null), (c) => c.cuda.cuLaunchKernel(c.w.empty, 1, 1, 1, 1, 1, 1, 0, 0, [], null),
      (c) => c.cuda.cuEventRecord(c.w.event, 0), (c) => c.cuda.cuStreamWaitEvent(0, c.w.event, 0),
    ];
    for (const call of calls) {
      const c = capturing(RELAXED, cu.CU_STREAM_DEFAULT);
      expect([c.cuda.cuStreamIsCapturing(null, out()), c.cuda.cuStreamGetCaptureInfo(null, out(), null, null, null, null, null)]).toEqual([IMPLICIT, IMPLICIT]);
      expect(c.easy.cuStreamIsCapturing(c.stream)).toBe(cu.CU_STREAM_CAPTURE_STATUS_ACTIVE);
      expect(resultName(call(c))).toBe("CUDA_ERROR_STREAM_CAPTURE_IMPLICIT");
      lost(c);
    }
    const free = capturing(RELAXED);
    expect(free.cuda.cuMemsetD8(free.w.d, 0, 4)).toBe(0);
  });
});

describe("forks and ends", () => {
  test("unjoined: the capture goes on, and ends when it is joined", () => {
    const c = capturing();
    const [fork, join] = [c.easy.cuEventCreate(2), c.easy.cuEventCreate(2)];
    c.easy.cuEventRecord(fork, c.stream);
    c.easy.cuStreamWaitEvent(c.other, fork, 0);
    c.easy.cuMemsetD32Async(c.w.d, 1, 4, c.other);
    expect(resultName(c.cuda.cuStreamEndCapture(c.stream, out()))).toBe("CUDA_ERROR_STREAM_CAPTURE_UNJOINED");
    expect(resultName(c.cuda.cuStreamEndCapture(c.other, out()))).toBe("CUDA_ERROR_STREAM_CAPTURE_UNMATCHED");
    expect(c.cuda.cuStreamBeginCapture(c.other, GLOBAL)).toBe(STATE);
    c.easy.cuEventRecord(join, c.other);
    c.easy.cuStreamWaitEvent(c.stream, join, 0);
    expect(c.cuda.cuStreamEndCapture(c.stream, out())).toBe(0);
    expect([c.cuda.cuEventQuery(join), c.cuda.cuEventSynchronize(join), c.cuda.cuStreamWaitEvent(c.stream, join, 0)]).toEqual([907, 907, 907]);
    c.easy.cuEventRecord(join, c.stream);
    expect(c.cuda.cuEventSynchronize(join)).toBe(0);
  });

  test("an event of outside: STREAM_CAPTURE_ISOLATION; of another capture: STREAM_CAPTURE_MERGE; asked while captured: CAPTURED_EVENT", () => {
    const outside = capturing();
    expect(outside.cuda.cuStreamWaitEvent(outside.stream, outside.easy.cuEventCreate(0), 0)).toBe(0);
    expect(resultName(outside.cuda.cuStreamWaitEvent(outside.stream, outside.w.event, 0))).toBe("CUDA_ERROR_STREAM_CAPTURE_ISOLATION");
    lost(outside);
    const two = capturing();
    const event = two.easy.cuEventCreate(2);
    two.easy.cuStreamBeginCapture(two.other, GLOBAL);
    two.easy.cuEventRecord(event, two.other);
    expect(resultName(two.cuda.cuStreamWaitEvent(two.stream, event, 0))).toBe("CUDA_ERROR_STREAM_CAPTURE_MERGE");
    lost(two);
    lost({ ...two, stream: two.other });
    const asked = capturing(RELAXED);
    asked.easy.cuEventRecord(asked.w.event, asked.stream);
    expect(resultName(asked.cuda.cuEventQuery(asked.w.event))).toBe("CUDA_ERROR_CAPTURED_EVENT");
    lost(asked);
  });

  test("another thread may end a relaxed capture only: STREAM_CAPTURE_WRONG_THREAD", () => {
    for (const [mode, code] of [[GLOBAL, cu.CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD], [LOCAL, 908], [RELAXED, 0]] as const) {
      const c = capturing(mode);
      let answer = -1;
      c.thread("other", function* () {
        c.w.cuda.cuCtxSetCurrent(c.w.context);
        answer = yield* c.co.cuStreamEndCapture(c.stream, out());
      });
      c.run(function* () { while (answer < 0) yield* c.co.cuDriverGetVersion(out()); });
      expect(answer).toBe(code);
      expect(c.cuda.cuStreamEndCapture(c.stream, out())).toBe(code === 0 ? STATE : 0);
    }
  });

  test("edge data of dependencies must be asked for: LOSSY_QUERY", () => {
    const c = capturing(RELAXED);
    c.easy.cuLaunchKernel(c.w.empty, 1, 1, 1, 1, 1, 1, 0, c.stream, [], null);
    const [, , , nodes] = c.easy.cuStreamGetCaptureInfo(c.stream);
    c.easy.cuStreamUpdateCaptureDependencies(c.stream, nodes, [{ from_port: 1, type: 1 }], 1, cu.CU_STREAM_SET_CAPTURE_DEPENDENCIES);
    expect(resultName(c.cuda.cuStreamGetCaptureInfo(c.stream, out(), null, null, out(), null, null))).toBe("CUDA_ERROR_LOSSY_QUERY");
    expect(c.easy.cuStreamGetCaptureInfo(c.stream)[4]).toMatchObject([{ from_port: 1, type: 1 }]);
  });

  test("a stream that is destroyed takes its capture along; a forked one must have been joined", () => {
    const c = capturing();
    const graphs = c.easy.cuStreamGetCaptureInfo(c.stream)[2];
    expect(c.cuda.cuStreamDestroy(c.stream)).toBe(0);
    expect(c.cuda.cuGraphGetNodes(graphs, null, out())).toBe(INVALID);
    expect(c.cuda.cuMemAlloc(out(), 4)).toBe(0);
    const d = capturing();
    d.easy.cuEventRecord(d.w.event, d.stream);
    d.easy.cuStreamWaitEvent(d.other, d.w.event, 0);
    d.easy.cuMemsetD32Async(d.w.d, 1, 4, d.other);
    d.easy.cuStreamDestroy(d.other);
    expect(resultName(d.cuda.cuStreamEndCapture(d.stream, out()))).toBe("CUDA_ERROR_STREAM_CAPTURE_UNJOINED");
  });
});
