import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as rt from "../../../src/cuda/abi/runtime/constants.ts";
import { makeMachine, ptx, type TestHost, type TestMachine } from "../support/host.ts";

/** A process that knows the modules of `ptx`. */
function program(gpus: readonly string[] = ["a100-pcie-40gb"]): TestHost & { readonly machine: TestMachine } {
  const machine = makeMachine({ gpus });
  const host = machine.process();
  for (const text of [ptx.add, ptx.bad, ptx.variables]) expect(host.cudart.registerModule(text)).not.toBe(null);
  return { ...host, machine };
}

describe("the runtime over the driver", () => {
  test("a whole program: allocate, copy, launch by name, copy back", () => {
    const { easyrt } = program();
    const data = Uint32Array.from({ length: 100 }, (_, i) => i);
    const d = easyrt.cudaMalloc(400);
    easyrt.cudaMemcpy(d, data, 400, rt.cudaMemcpyHostToDevice);
    easyrt.cudaLaunchKernel("add", { x: 1 }, 128, [d, 100, 3], 0, 0);
    easyrt.cudaLaunchKernel({ kernelName: "add" }, 1, [128, 1], [d, 100, 4], 0, 0);
    const back = new Uint32Array(100);
    easyrt.cudaMemcpy(back, d, 400, rt.cudaMemcpyDefault);
    expect(back).toEqual(data.map((x) => x + 7));
    easyrt.cudaFree(d);
    easyrt.cudaFree(0);
    easyrt.cudaDeviceReset();
  });

  test("size 0 and NULL are no errors where C says so; freeing twice is", () => {
    const { easyrt, cudart } = program();
    expect(easyrt.cudaMalloc(0)).toBe(0);
    expect([cudart.cudaFree(null), cudart.cudaFree(0), cudart.cudaFreeHost(null)]).toEqual([0, 0, 0]);
    const d = easyrt.cudaMalloc(64);
    easyrt.cudaFree(d);
    expect(cudart.cudaFree(d)).toBe(rt.cudaErrorInvalidValue);
  });

  test("the last error: of the thread, read once, peeked at any time; a sticky one stays", () => {
    const { cudart } = program();
    expect(cudart.cudaMalloc(null, 4)).toBe(rt.cudaErrorInvalidValue);
    expect([cudart.cudaPeekAtLastError(), cudart.cudaGetLastError(), cudart.cudaGetLastError()]).toEqual([1, 1, 0]);
    expect(cudart.cudaLaunchKernel("fault", 1, 1, [16], 0, 0)).toBe(0);
    expect([cudart.cudaDeviceSynchronize(), cudart.cudaGetLastError(), cudart.cudaGetLastError(), cudart.cudaMalloc(out(), 4)]).toEqual([700, 700, 700, 700]);
  });

  test("without a GPU every call says so, before it looks at its arguments", () => {
    const { cudart } = makeMachine({ gpus: ["mi250x"] }).process();
    const count = out<number>();
    expect([cudart.cudaGetDeviceCount(count), cudart.cudaGetDeviceCount(null), cudart.cudaFree(0), cudart.cudaSetDevice(0)]).toEqual([100, 100, 100, 100]);
    expect(count.isSet).toBe(false);
    expect([cudart.cudaRuntimeGetVersion(null), cudart.cudaRuntimeGetVersion(count), count.value]).toEqual([1, 0, 13000]);
  });

  test("error names and strings; unknown codes", () => {
    const { cudart } = program();
    expect([cudart.cudaGetErrorName(rt.cudaErrorMemoryAllocation), cudart.cudaGetErrorString(rt.cudaErrorMemoryAllocation)]).toEqual(["cudaErrorMemoryAllocation", "out of memory"]);
    expect([cudart.cudaGetErrorName(12345 as 0), cudart.cudaGetErrorString(12345 as 0)]).toEqual(["unrecognized error code", "unrecognized error code"]);
  });

  test("devices: each thread has its own; cudaSetDevice makes the primary context current", () => {
    const { easyrt, easy, cudart } = program(["a100-pcie-40gb", "a100-pcie-40gb"]);
    expect(easyrt.cudaGetDeviceCount()).toBe(2);
    easyrt.cudaSetDevice(1);
    expect(easyrt.cudaGetDevice()).toBe(1);
    expect(easy.cuCtxGetDevice()).toBe(1);
    expect(easy.cuDevicePrimaryCtxGetState(1)[1]).toBe(1);
    expect(cudart.cudaSetDevice(2)).toBe(rt.cudaErrorInvalidDevice);
    const d1 = easyrt.cudaMalloc(64);
    easyrt.cudaSetDevice(0);
    const d0 = easyrt.cudaMalloc(64);
    easyrt.cudaMemcpyPeer(d0, 0, d1, 1, 64);
    expect(easyrt.cudaPointerGetAttributes(d1)).toMatchObject({ type: rt.cudaMemoryTypeDevice, device: 1 });
    expect(easyrt.cudaDeviceCanAccessPeer(0, 1)).toBe(1);
    easyrt.cudaDeviceEnablePeerAccess(1, 0);
    expect(cudart.cudaDeviceEnablePeerAccess(1, 0)).toBe(rt.cudaErrorPeerAccessAlreadyEnabled);
    easyrt.cudaDeviceDisablePeerAccess(1);
  });

  test("properties agree with attributes", () => {
    const { easyrt } = program();
    const p = easyrt.cudaGetDeviceProperties(0);
    expect(p).toMatchObject({ name: "NVIDIA A100-PCIE-40GB", major: 8, minor: 0, multiProcessorCount: 108, warpSize: 32, maxThreadsDim: [1024, 1024, 64], sharedMemPerBlock: 49152 });
    expect(p.multiProcessorCount).toBe(easyrt.cudaDeviceGetAttribute(rt.cudaDevAttrMultiProcessorCount, 0));
    expect(p.pciBusID).toBe(easyrt.cudaDeviceGetAttribute(rt.cudaDevAttrPciBusId, 0));
    expect(easyrt.cudaDeviceGetByPCIBusId(easyrt.cudaDeviceGetPCIBusId(20, 0))).toBe(0);
    expect(easyrt.cudaChooseDevice(p)).toBe(0);
  });

  test("symbols by name", () => {
    const { easyrt } = program();
    easyrt.cudaMemcpyToSymbol("counter", Uint32Array.of(77), 4, 0, rt.cudaMemcpyHostToDevice);
    const back = new Uint32Array(1);
    easyrt.cudaMemcpyFromSymbol(back, "counter", 4, 0, rt.cudaMemcpyDeviceToHost);
    expect(back[0]).toBe(77);
    expect(easyrt.cudaGetSymbolSize("table")).toBe(16);
    easyrt.cudaMemcpy(back, easyrt.cudaGetSymbolAddress("counter"), 4, rt.cudaMemcpyDeviceToHost);
    expect(back[0]).toBe(77);
  });

  test("streams, events, host functions, priorities", () => {
    const { easyrt, cudart } = program();
    const [s, a, b] = [easyrt.cudaStreamCreateWithPriority(rt.cudaStreamNonBlocking, -1), easyrt.cudaEventCreate(), easyrt.cudaEventCreateWithFlags(rt.cudaEventDefault)];
    expect([easyrt.cudaStreamGetPriority(s), easyrt.cudaStreamGetFlags(s)]).toEqual([-1, 1]);
    const d = easyrt.cudaMalloc(1 << 24);
    easyrt.cudaEventRecord(a, s);
    easyrt.cudaMemsetAsync(d, 1, 1 << 24, s);
    easyrt.cudaEventRecord(b, s);
    expect([cudart.cudaStreamQuery(s), cudart.cudaEventQuery(b)]).toEqual([600, 600]);
    const log: unknown[] = [];
    easyrt.cudaStreamAddCallback(s, (stream, status, data) => log.push(stream === s, status, data), "x", 0);
    easyrt.cudaLaunchHostFunc(s, (data) => log.push(data), "y");
    easyrt.cudaStreamSynchronize(s);
    expect(log).toEqual([true, 0, "x", "y"]);
    expect(easyrt.cudaEventElapsedTime(a, b)).toBeGreaterThan(0);
    easyrt.cudaStreamWaitEvent(0, b, 0);
    easyrt.cudaStreamDestroy(s);
    easyrt.cudaEventDestroy(a);
  });

  test("rows, boxes, host and managed memory, pools", () => {
    const { easyrt, ...host } = program();
    const [p, pitch] = easyrt.cudaMallocPitch(100, 4) as [number, number];
    easyrt.cudaMemset2D(p, pitch, 7, 100, 4);
    const rows = new Uint8Array(400);
    easyrt.cudaMemcpy2D(rows, 100, p, pitch, 100, 4, rt.cudaMemcpyDeviceToHost);
    expect(rows.every((v) => v === 7)).toBe(true);
    const box = easyrt.cudaMalloc3D({ width: 16, height: 2, depth: 2 });
    easyrt.cudaMemset3D(box, 9, { width: 16, height: 2, depth: 2 });
    const cube = new Uint8Array(64);
    easyrt.cudaMemcpy3D({ srcPtr: box, dstPtr: { ptr: cube, pitch: 16, xsize: 16, ysize: 2 }, extent: { width: 16, height: 2, depth: 2 }, kind: rt.cudaMemcpyDeviceToHost });
    expect(cube.every((v) => v === 9)).toBe(true);
    const pinned = easyrt.cudaHostAlloc(64, rt.cudaHostAllocMapped);
    expect(easyrt.cudaHostGetDevicePointer(pinned, 0)).toBe(pinned);
    const managed = easyrt.cudaMallocManaged(64, rt.cudaMemAttachGlobal);
    easyrt.cudaLaunchKernel("add", 1, 16, [managed, 16, 1], 0, 0);
    easyrt.cudaDeviceSynchronize();
    expect(host.view(managed, 1)[0]).toBe(1);
    const q = easyrt.cudaMallocAsync(128, 0);
    easyrt.cudaMemsetAsync(q, 1, 128, 0);
    easyrt.cudaFreeAsync(q, 0);
    expect(easyrt.cudaDeviceGetMemPool(0)).toBe(easyrt.cudaDeviceGetDefaultMemPool(0));
  });

  test("function attributes and occupancy", () => {
    const { easyrt } = program();
    expect(easyrt.cudaFuncGetAttributes("add")).toMatchObject({ maxThreadsPerBlock: 1024, sharedSizeBytes: 0 });
    expect(easyrt.cudaFuncGetName("add")).toBe("add");
    expect(easyrt.cudaOccupancyMaxActiveBlocksPerMultiprocessor("add", 256, 0)).toBeGreaterThan(0);
    easyrt.cudaFuncSetAttribute("add", rt.cudaFuncAttributeMaxDynamicSharedMemorySize, 100_000);
    easyrt.cudaLaunchKernel("empty", 1, 1, [], 0, 0);
  });

  test("libraries and kernel handles; driver functions by name", () => {
    const { easyrt } = program();
    const library = easyrt.cudaLibraryLoadData(ptx.add, null, null, 0, null, null, 0);
    const kernel = easyrt.cudaLibraryGetKernel(library, "add");
    const d = easyrt.cudaMalloc(64);
    easyrt.cudaMemset(d, 0, 64);
    easyrt.cudaLaunchKernel(kernel, 1, 16, [d, 16, 2], 0, 0);
    easyrt.cudaLaunchKernelExC({ gridDim: { x: 1, y: 1, z: 1 }, blockDim: { x: 16, y: 1, z: 1 } }, kernel, [d, 16, 3]);
    const back = new Uint32Array(16);
    easyrt.cudaMemcpy(back, d, 64, rt.cudaMemcpyDeviceToHost);
    expect([...new Set(back)]).toEqual([5]);
    expect(easyrt.cudaGetDriverEntryPointByVersion("cuCtxCreate", 12000, 0)[0]).toBe("cuCtxCreate_v2");
  });

  test("driver and runtime are one: a driver context is used when current", () => {
    const { easyrt, easy } = program();
    easy.cuInit(0);
    const c = easy.cuCtxCreate(null, 0, 0);
    const d = easyrt.cudaMalloc(64);
    expect(easy.cuPointerGetAttribute(1, d)).toBe(c);
  });

  test("memory of another process", () => {
    const machine = makeMachine();
    const [a, b] = [machine.process("a"), machine.process("b")];
    const d = a.easyrt.cudaMalloc(64);
    a.easyrt.cudaMemset(d, 5, 64);
    a.easyrt.cudaDeviceSynchronize();
    const p = b.easyrt.cudaIpcOpenMemHandle(a.easyrt.cudaIpcGetMemHandle(d), rt.cudaIpcMemLazyEnablePeerAccess);
    const back = new Uint8Array(64);
    b.easyrt.cudaMemcpy(back, p, 64, rt.cudaMemcpyDeviceToHost);
    expect(back[63]).toBe(5);
    b.easyrt.cudaIpcCloseMemHandle(p);
  });
});

describe("rules of the runtime that implementations get wrong", () => {
  test("7, 8, 9: see above; 68: width beyond the pitch; 69: a direction that is none", () => {
    const { easyrt, cudart } = program();
    const d = easyrt.cudaMalloc(1024);
    expect(cudart.cudaMemcpy2D(d, 64, new Uint8Array(1024), 64, 65, 2, rt.cudaMemcpyHostToDevice)).toBe(rt.cudaErrorInvalidPitchValue);
    expect(cudart.cudaMemcpy2D(d, 64, new Uint8Array(1024), 64, 64, 2, 9 as 0)).toBe(rt.cudaErrorInvalidMemcpyDirection);
    expect(cudart.cudaMemcpy(d, new Uint8Array(4), 4, 9 as 0)).toBe(rt.cudaErrorInvalidMemcpyDirection);
  });

  test("24: a block that is too large is an invalid configuration; an unknown kernel an invalid device function", () => {
    const { cudart } = program();
    expect([cudart.cudaLaunchKernel("empty", 1, 1025, [], 0, 0), cudart.cudaLaunchKernel("none", 1, 1, [], 0, 0), cudart.cudaLaunchKernel("empty", 0, 1, [], 0, 0)])
      .toEqual([rt.cudaErrorInvalidConfiguration, rt.cudaErrorInvalidDeviceFunction, rt.cudaErrorInvalidConfiguration]);
  });

  test("47: peer access by device", () => {
    const { cudart } = program(["a100-pcie-40gb", "h100-sxm-80gb"]);
    expect([cudart.cudaDeviceEnablePeerAccess(1, 0), cudart.cudaDeviceEnablePeerAccess(7, 0), cudart.cudaDeviceDisablePeerAccess(1)])
      .toEqual([rt.cudaErrorInvalidDevice, rt.cudaErrorInvalidDevice, rt.cudaErrorPeerAccessNotEnabled]);
  });
});
