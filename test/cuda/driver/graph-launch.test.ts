import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import { hostWithContext, makeMachine, ptx, type TestHost } from "../support/host.ts";

/** A memory of `n` words and the kernel that adds to them. */
function bench(host: TestHost, n = 16) {
  const { easy } = host;
  const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "add");
  const d = easy.cuMemAlloc(4 * n);
  easy.cuMemsetD32(d, 0, n);
  const back = (): number[] => {
    const words = new Uint32Array(n);
    easy.cuMemcpyDtoH(words, d, 4 * n);
    return [...words];
  };
  const kernel = (value: number, at = d, count = n) => ({ func: fn, gridDimX: 1, gridDimY: 1, gridDimZ: 1, blockDimX: 32, blockDimY: 1, blockDimZ: 1, sharedMemBytes: 0, kernelParams: [at, count, value] });
  return { fn, d, n, back, kernel, stream: easy.cuStreamCreate(cu.CU_STREAM_NON_BLOCKING), graph: easy.cuGraphCreate(0) };
}

const copy = (src: number, dst: number, bytes: number) => ({ srcMemoryType: cu.CU_MEMORYTYPE_DEVICE, srcDevice: src, dstMemoryType: cu.CU_MEMORYTYPE_DEVICE, dstDevice: dst, WidthInBytes: bytes, Height: 1, Depth: 1 } as const);

describe("launches", () => {
  test("a chain of memset, kernel, copy and host function, launched again and again", () => {
    const host = hostWithContext();
    const { easy } = host;
    const { d, n, kernel, graph, stream } = bench(host);
    const d2 = easy.cuMemAlloc(4 * n);
    const seen: unknown[] = [];
    const a = easy.cuGraphAddMemsetNode(graph, null, 0, { dst: d, elementSize: 4, value: 5, width: n, height: 1 }, null);
    const b = easy.cuGraphAddKernelNode(graph, [a], 1, kernel(7));
    const c = easy.cuGraphAddMemcpyNode(graph, [b], 1, copy(d, d2, 4 * n), null);
    easy.cuGraphAddHostNode(graph, [c], 1, { fn: (data) => { seen.push(data); }, userData: "done" });
    const exec = easy.cuGraphInstantiate(graph, 0);
    easy.cuGraphDestroy(graph);
    for (let i = 0; i < 3; i++) easy.cuGraphLaunch(exec, stream);
    easy.cuStreamSynchronize(stream);
    const words = new Uint32Array(n);
    easy.cuMemcpyDtoH(words, d2, 4 * n);
    expect([...new Set(words)]).toEqual([12]);
    expect(seen).toEqual(["done", "done", "done"]);
    easy.cuGraphExecDestroy(exec);
  });

  test("pageable memory is read and written when the node executes", () => {
    const host = hostWithContext();
    const { easy } = host;
    const { d, n, kernel, graph, stream } = bench(host);
    const [input, output] = [new Uint32Array(n).fill(3), new Uint32Array(n)];
    const a = easy.cuGraphAddMemcpyNode(graph, null, 0, { srcMemoryType: cu.CU_MEMORYTYPE_HOST, srcHost: input, dstMemoryType: cu.CU_MEMORYTYPE_DEVICE, dstDevice: d, WidthInBytes: 4 * n, Height: 1, Depth: 1 }, null);
    const b = easy.cuGraphAddKernelNode(graph, [a], 1, kernel(4));
    easy.cuGraphAddMemcpyNode(graph, [b], 1, { srcMemoryType: cu.CU_MEMORYTYPE_DEVICE, srcDevice: d, dstMemoryType: cu.CU_MEMORYTYPE_HOST, dstHost: output, WidthInBytes: 4 * n, Height: 1, Depth: 1 }, null);
    const exec = easy.cuGraphInstantiate(graph, 0);
    input.fill(10);
    easy.cuGraphLaunch(exec, stream);
    easy.cuStreamSynchronize(stream);
    expect([...new Set(output)]).toEqual([14]);
  });

  test("a child graph, a disabled node, and an executable graph that outlives changes of its graph", () => {
    const host = hostWithContext();
    const { easy } = host;
    const { back, kernel, graph, stream } = bench(host);
    const child = easy.cuGraphCreate(0);
    easy.cuGraphAddKernelNode(child, null, 0, kernel(1));
    const a = easy.cuGraphAddChildGraphNode(graph, null, 0, child);
    const b = easy.cuGraphAddKernelNode(graph, [a], 1, kernel(10));
    easy.cuGraphDestroy(child);
    const exec = easy.cuGraphInstantiate(graph, 0);
    easy.cuGraphLaunch(exec, stream);
    easy.cuStreamSynchronize(stream);
    expect(back()[0]).toBe(11);
    easy.cuGraphNodeSetEnabled(exec, b, 0);
    expect(easy.cuGraphNodeGetEnabled(exec, b)).toBe(0);
    easy.cuGraphAddKernelNode(graph, null, 0, kernel(100));
    easy.cuGraphLaunch(exec, stream);
    easy.cuStreamSynchronize(stream);
    expect(back()[0]).toBe(12);
  });

  test("events: recorded by a node, waited for by another", () => {
    const host = hostWithContext();
    const { easy, cuda } = host;
    const { kernel, graph, stream, back } = bench(host);
    const [e1, e2] = [easy.cuEventCreate(0), easy.cuEventCreate(0)];
    const a = easy.cuGraphAddEventRecordNode(graph, null, 0, e1);
    const b = easy.cuGraphAddKernelNode(graph, [a], 1, kernel(1));
    easy.cuGraphAddEventRecordNode(graph, [b], 1, e2);
    const exec = easy.cuGraphInstantiate(graph, 0);
    easy.cuGraphLaunch(exec, stream);
    easy.cuEventSynchronize(e2);
    expect(easy.cuEventElapsedTime(e1, e2)).toBeGreaterThan(0);
    expect(cuda.cuEventQuery(e1)).toBe(0);
    expect(back()[0]).toBe(1);
  });

  test("memory of the graph: allocated, used, freed; one left over must be freed before the next launch", () => {
    const host = hostWithContext();
    const { easy, cuda } = host;
    const { graph, stream, n, d, back } = bench(host);
    const params = { poolProps: { allocType: cu.CU_MEM_ALLOCATION_TYPE_PINNED, location: { type: cu.CU_MEM_LOCATION_TYPE_DEVICE, id: 0 } }, bytesize: 4 * n } as const;
    const p: { dptr?: number } & typeof params = { ...params };
    const a = easy.cuGraphAddMemAllocNode(graph, null, 0, p);
    const b = easy.cuGraphAddMemsetNode(graph, [a], 1, { dst: p.dptr!, elementSize: 4, value: 9, width: n, height: 1 }, null);
    easy.cuGraphAddMemcpyNode(graph, [b], 1, copy(p.dptr!, d, 4 * n), null);
    const exec = easy.cuGraphInstantiate(graph, 0);
    easy.cuGraphLaunch(exec, stream);
    easy.cuStreamSynchronize(stream);
    expect(back()[0]).toBe(9);
    expect(cuda.cuGraphLaunch(exec, stream)).toBe(cu.CUDA_ERROR_INVALID_VALUE);
    expect(cuda.cuGraphInstantiate(out(), graph, 0)).toBe(cu.CUDA_ERROR_INVALID_VALUE);
    easy.cuMemFreeAsync(p.dptr!, stream);
    expect(cuda.cuGraphLaunch(exec, stream)).toBe(0);
    easy.cuGraphExecDestroy(exec);
    easy.cuGraphDestroy(graph);
    easy.cuStreamSynchronize(stream);
    expect(easy.cuDeviceGetGraphMemAttribute(0, cu.CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT)).toBe(BigInt(4 * n));
    easy.cuMemFree(p.dptr!);
    expect(easy.cuDeviceGetGraphMemAttribute(0, cu.CU_GRAPH_MEM_ATTR_USED_MEM_CURRENT)).toBe(0n);
  });

  test("AUTO_FREE_ON_LAUNCH: a launch frees what the one before left", () => {
    const host = hostWithContext();
    const { easy } = host;
    const { graph, stream } = bench(host);
    easy.cuGraphAddMemAllocNode(graph, null, 0, { poolProps: { allocType: cu.CU_MEM_ALLOCATION_TYPE_PINNED, location: { type: cu.CU_MEM_LOCATION_TYPE_DEVICE, id: 0 } }, bytesize: 64 });
    const exec = easy.cuGraphInstantiate(graph, cu.CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH);
    for (let i = 0; i < 3; i++) easy.cuGraphLaunch(exec, stream);
    expect(easy.cuGraphExecGetFlags(exec)).toBe(1n);
  });

  test("nodes of two devices: each waits for the other's", () => {
    const machine = makeMachine({ gpus: ["a100-pcie-40gb", "a100-pcie-40gb"] });
    const host = { ...machine.process(), machine };
    const { easy } = host;
    easy.cuInit(0);
    const far = easy.cuCtxCreate(null, 0, 1);
    const farFn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "add");
    const e = easy.cuMemAlloc(64);
    const near = easy.cuCtxCreate(null, 0, 0);
    const { graph, stream, d, n, kernel, back } = bench(host);
    const a = easy.cuGraphAddMemsetNode(graph, null, 0, { dst: d, elementSize: 4, value: 5, width: n, height: 1 }, near);
    const b = easy.cuGraphAddMemcpyNode(graph, [a], 1, copy(d, e, 4 * n), far);
    const c = easy.cuGraphAddKernelNode(graph, [b], 1, { ...kernel(10, e), func: farFn });
    const f = easy.cuGraphAddMemcpyNode(graph, [c], 1, copy(e, d, 4 * n), near);
    easy.cuGraphAddKernelNode(graph, [f], 1, kernel(100));
    const exec = easy.cuGraphInstantiate(graph, 0);
    for (let i = 0; i < 2; i++) easy.cuGraphLaunch(exec, stream);
    easy.cuStreamSynchronize(stream);
    expect([...new Set(back())]).toEqual([115]);
  });

  test("a capture: chain, fork and join, then launched", () => {
    const host = hostWithContext();
    const { easy } = host;
    const { stream, back, fn, d, n } = bench(host);
    const other = easy.cuStreamCreate(cu.CU_STREAM_NON_BLOCKING);
    const [e1, e2] = [easy.cuEventCreate(2), easy.cuEventCreate(2)];
    easy.cuStreamBeginCapture(stream, cu.CU_STREAM_CAPTURE_MODE_GLOBAL);
    easy.cuMemsetD32Async(d, 1, n, stream);
    easy.cuEventRecord(e1, stream);
    easy.cuStreamWaitEvent(other, e1, 0);
    expect(easy.cuStreamIsCapturing(other)).toBe(cu.CU_STREAM_CAPTURE_STATUS_ACTIVE);
    easy.cuLaunchKernel(fn, 1, 1, 1, 32, 1, 1, 0, stream, [d, n / 2, 10], null);
    easy.cuLaunchKernel(fn, 1, 1, 1, 32, 1, 1, 0, other, [d + 2 * n, n / 2, 20], null);
    easy.cuEventRecord(e2, other);
    easy.cuStreamWaitEvent(stream, e2, 0);
    easy.cuLaunchKernel(fn, 1, 1, 1, 32, 1, 1, 0, stream, [d, n, 100], null);
    const graph = easy.cuStreamEndCapture(stream);
    expect(easy.cuStreamIsCapturing(other)).toBe(cu.CU_STREAM_CAPTURE_STATUS_NONE);
    expect(easy.cuGraphGetNodes(graph)[1]).toBe(4);
    expect(easy.cuGraphGetRootNodes(graph)[0]).toEqual(easy.cuGraphGetNodes(graph)[0].slice(0, 1));
    expect(easy.cuGraphGetEdges(graph)[3]).toBe(4);
    const exec = easy.cuGraphInstantiate(graph, 0);
    expect(back()[0]).toBe(0);
    easy.cuGraphLaunch(exec, stream);
    easy.cuStreamSynchronize(stream);
    expect([back()[0], back()[n - 1]]).toEqual([111, 121]);
  });
});
