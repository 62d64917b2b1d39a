import { describe, expect, test } from "vitest";
import { callerOf } from "../../../src/api/bind.ts";
import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUdeviceptr, CUgraphExecUpdateResultInfo } from "../../../src/cuda/abi/driver/types.ts";
import { hostWithContext, ptx } from "../support/host.ts";

/** A process with a kernel that adds, 64 bytes of memory, a stream and an empty graph. */
function world() {
  const host = hostWithContext();
  const { easy } = host;
  const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "add");
  const d = easy.cuMemAlloc(64);
  easy.cuMemsetD32(d, 0, 16);
  const kernel = (value: number, at: number = d) => ({ func: fn, gridDimX: 1, gridDimY: 1, gridDimZ: 1, blockDimX: 16, blockDimY: 1, blockDimZ: 1, kernelParams: [at, 16, value] });
  const first = (): number => {
    const words = new Uint32Array(16);
    easy.cuMemcpyDtoH(words, d, 64);
    return words[0]!;
  };
  return { ...host, fn, d, kernel, first, stream: easy.cuStreamCreate(cu.CU_STREAM_NON_BLOCKING), graph: easy.cuGraphCreate(0) };
}

describe("graphs as objects", () => {
  test("a copy has its own nodes, which are found by those of the original; child graphs are copied too", () => {
    const { easy, cuda, kernel, graph } = world();
    const inner = easy.cuGraphCreate(0);
    easy.cuGraphAddKernelNode(inner, null, 0, kernel(1));
    const a = easy.cuGraphAddKernelNode(graph, null, 0, kernel(1));
    const b = easy.cuGraphAddChildGraphNode(graph, [a], 1, inner);
    const clone = easy.cuGraphClone(graph);
    const b2 = easy.cuGraphNodeFindInClone(b, clone);
    expect([b2 === b, easy.cuGraphNodeGetType(b2), easy.cuGraphChildGraphNodeGetGraph(b2) === easy.cuGraphChildGraphNodeGetGraph(b)]).toEqual([false, cu.CU_GRAPH_NODE_TYPE_GRAPH, false]);
    expect(easy.cuGraphNodeGetDependencies(b2)[0]).toEqual([easy.cuGraphNodeFindInClone(a, clone)]);
    easy.cuGraphDestroyNode(easy.cuGraphNodeFindInClone(a, clone));
    expect([cuda.cuGraphNodeFindInClone(out(), a, clone), easy.cuGraphGetNodes(clone)[1], easy.cuGraphGetNodes(graph)[1]]).toEqual([cu.CUDA_ERROR_INVALID_VALUE, 1, 2]);
  });

  test("counts say how many fit, and are answered with how many there are", () => {
    const { easy, cuda, graph } = world();
    for (let i = 0; i < 3; i++) easy.cuGraphAddEmptyNode(graph, null, 0);
    const [nodes, count] = [out<readonly number[]>(), out(5)];
    cuda.cuGraphGetNodes(graph, nodes as never, count);
    expect([nodes.value.length, nodes.value[4], count.value]).toEqual([5, 0, 3]);
    count.value = 2;
    cuda.cuGraphGetNodes(graph, nodes as never, count);
    expect([nodes.value.length, count.value]).toEqual([2, 2]);
  });

  test("parameters are read back as they were given, and changed", () => {
    const { easy, d, kernel, graph, fn } = world();
    const a = easy.cuGraphAddKernelNode(graph, null, 0, kernel(5));
    expect(easy.cuGraphKernelNodeGetParams(a)).toMatchObject({ func: fn, gridDimX: 1, blockDimX: 16, kernelParams: [d, 16, 5] });
    easy.cuGraphKernelNodeSetParams(a, kernel(6));
    expect(easy.cuGraphKernelNodeGetParams(a).kernelParams).toEqual([d, 16, 6]);
    const b = easy.cuGraphAddMemsetNode(graph, null, 0, { dst: d, elementSize: 2, value: 3, width: 4, height: 2, pitch: 16 }, null);
    expect(easy.cuGraphMemsetNodeGetParams(b)).toMatchObject({ dst: d, elementSize: 2, value: 3, width: 4, height: 2, pitch: 16 });
    easy.cuGraphKernelNodeSetAttribute(a, cu.CU_LAUNCH_ATTRIBUTE_PRIORITY, { priority: -2 });
    expect(easy.cuGraphKernelNodeGetAttribute(a, cu.CU_LAUNCH_ATTRIBUTE_PRIORITY)).toEqual({ priority: -2 });
  });

  test("a graph is printed for Graphviz into the process's file system", () => {
    const { easy, kernel, graph, process, machine } = world();
    const a = easy.cuGraphAddKernelNode(graph, null, 0, kernel(5));
    easy.cuGraphAddEmptyNode(graph, [a], 1);
    easy.cuGraphDebugDotPrint(graph, "/tmp/graph.dot", cu.CU_GRAPH_DEBUG_DOT_FLAGS_KERNEL_NODE_PARAMS);
    const text = callerOf({ kernel: machine.kernel, diagnostics: { add() {} } as never }, process.main).sys.readFile("/tmp/graph.dot");
    expect(text).toMatch(/^digraph dot \{\n {2}subgraph cluster_\d+ \{/);
    expect(text).toContain("KERNEL add\\n<<<1x1x1, 16x1x1, 0>>>");
    expect(text).toMatch(/"graph_\d+_node_0" -> "graph_\d+_node_1";/);
  });

  test("user objects: the last reference calls the destructor, wherever it was", () => {
    const { easy, graph, stream, kernel } = world();
    const gone: unknown[] = [];
    const object = easy.cuUserObjectCreate("it", (ptr) => { gone.push(ptr); }, 1, cu.CU_USER_OBJECT_NO_DESTRUCTOR_SYNC);
    easy.cuGraphRetainUserObject(graph, object, 1, cu.CU_GRAPH_USER_OBJECT_MOVE);
    easy.cuGraphAddKernelNode(graph, null, 0, kernel(1));
    const exec = easy.cuGraphInstantiate(graph, 0);
    easy.cuGraphDestroy(graph);
    easy.cuGraphLaunch(exec, stream);
    easy.cuStreamSynchronize(stream);
    expect(gone).toEqual([]);
    easy.cuGraphLaunch(exec, stream);
    easy.cuGraphExecDestroy(exec);
    easy.cuStreamSynchronize(stream);
    easy.cuMemFree(easy.cuMemAlloc(4));
    expect(gone).toEqual(["it"]);
  });
});

describe("updates", () => {
  test("a graph of the same shape gives its parameters; another one says what does not fit", () => {
    const { easy, cuda, kernel, graph, stream, first } = world();
    const make = (value: number, more = false) => {
      const g = easy.cuGraphCreate(0);
      const a = easy.cuGraphAddKernelNode(g, null, 0, kernel(value));
      const b = easy.cuGraphAddKernelNode(g, [a], 1, kernel(10 * value));
      if (more) easy.cuGraphAddEmptyNode(g, [b], 1);
      return { g, a, b };
    };
    const exec = easy.cuGraphInstantiate(make(1).g, 0);
    easy.cuGraphLaunch(exec, stream);
    expect(easy.cuGraphExecUpdate(exec, make(2).g)).toEqual({ result: cu.CU_GRAPH_EXEC_UPDATE_SUCCESS, errorNode: 0, errorFromNode: 0 });
    easy.cuGraphLaunch(exec, stream);
    easy.cuStreamSynchronize(stream);
    expect(first()).toBe(33);
    const info = out<CUgraphExecUpdateResultInfo>();
    expect([cuda.cuGraphExecUpdate(exec, make(3, true).g, info), info.value.result]).toEqual([cu.CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE, cu.CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED]);
    const a = easy.cuGraphAddKernelNode(graph, null, 0, kernel(1));
    const b = easy.cuGraphAddEmptyNode(graph, [a], 1);
    expect([cuda.cuGraphExecUpdate(exec, graph, info), info.value]).toEqual([910, { result: cu.CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED, errorNode: b, errorFromNode: 0 }]);
    easy.cuGraphLaunch(exec, stream);
    easy.cuStreamSynchronize(stream);
    expect(first()).toBe(55);
  });

  test("single nodes of an executable graph; launches under way keep what they were launched with", () => {
    const { easy, kernel, graph, stream, first } = world();
    const a = easy.cuGraphAddKernelNode(graph, null, 0, kernel(1));
    const exec = easy.cuGraphInstantiate(graph, 0);
    easy.cuGraphLaunch(exec, stream);
    easy.cuGraphExecKernelNodeSetParams(exec, a, kernel(100));
    easy.cuGraphLaunch(exec, stream);
    easy.cuStreamSynchronize(stream);
    expect([first(), easy.cuGraphKernelNodeGetParams(a).kernelParams![2]]).toEqual([101, 1]);
  });
});

describe("what a capture takes", () => {
  test("pageable copies, host functions and stream-ordered memory become nodes, which execute at the launch", () => {
    const { easy, d, fn, stream } = world();
    const [input, output, seen] = [new Uint32Array(16).fill(4), new Uint32Array(16), [] as unknown[]];
    easy.cuStreamBeginCapture(stream, cu.CU_STREAM_CAPTURE_MODE_GLOBAL);
    const p: CUdeviceptr = easy.cuMemAllocAsync(64, stream);
    easy.cuMemcpyHtoDAsync(p, input, 64, stream);
    easy.cuLaunchKernel(fn, 1, 1, 1, 16, 1, 1, 0, stream, [p, 16, 1], null);
    easy.cuMemcpyDtoDAsync(d, p, 64, stream);
    easy.cuMemFreeAsync(p, stream);
    easy.cuMemcpyDtoHAsync(output, d, 64, stream);
    easy.cuLaunchHostFunc(stream, () => { seen.push(output[0]); }, null);
    const graph = easy.cuStreamEndCapture(stream);
    expect(easy.cuGraphGetNodes(graph)[0].map((node) => easy.cuGraphNodeGetType(node))).toEqual([10, 1, 0, 1, 11, 1, 3]);
    const exec = easy.cuGraphInstantiate(graph, 0);
    for (const value of [7, 20]) {
      input.fill(value);
      easy.cuGraphLaunch(exec, stream);
      easy.cuStreamSynchronize(stream);
    }
    expect(seen).toEqual([8, 21]);
  });

  test("external records and waits are nodes that meet the world outside of the graph", () => {
    const { easy, fn, d, stream, first } = world();
    const [begin, end] = [easy.cuEventCreate(0), easy.cuEventCreate(0)];
    easy.cuStreamBeginCapture(stream, cu.CU_STREAM_CAPTURE_MODE_GLOBAL);
    easy.cuStreamWaitEvent(stream, begin, cu.CU_EVENT_WAIT_EXTERNAL);
    easy.cuLaunchKernel(fn, 1, 1, 1, 16, 1, 1, 0, stream, [d, 16, 1], null);
    easy.cuEventRecordWithFlags(end, stream, cu.CU_EVENT_RECORD_EXTERNAL);
    const exec = easy.cuGraphInstantiate(easy.cuStreamEndCapture(stream), 0);
    easy.cuGraphLaunch(exec, stream);
    easy.cuEventSynchronize(end);
    expect(first()).toBe(1);
  });

  test("a fault in a graph sticks to the context like any other", () => {
    const { easy, cuda, stream, graph } = world();
    const fault = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.bad), "fault");
    easy.cuGraphAddKernelNode(graph, null, 0, { func: fault, gridDimX: 1, gridDimY: 1, gridDimZ: 1, blockDimX: 1, blockDimY: 1, blockDimZ: 1, kernelParams: [16] });
    const exec = easy.cuGraphInstantiate(graph, 0);
    expect(cuda.cuGraphLaunch(exec, stream)).toBe(0);
    expect([cuda.cuStreamSynchronize(stream), cuda.cuGraphLaunch(exec, stream)]).toEqual([cu.CUDA_ERROR_ILLEGAL_ADDRESS, cu.CUDA_ERROR_ILLEGAL_ADDRESS]);
  });

  test("a context may go with graphs in it", () => {
    const { easy, kernel, graph, stream } = world();
    easy.cuGraphAddKernelNode(graph, null, 0, kernel(1));
    const exec = easy.cuGraphInstantiate(graph, 0);
    easy.cuGraphLaunch(exec, stream);
    const context = easy.cuCtxGetCurrent();
    easy.cuCtxDestroy(context);
    easy.cuCtxCreate(null, 0, 0);
    easy.cuGraphExecDestroy(exec);
    easy.cuGraphDestroy(graph);
    easy.cuCtxSynchronize();
  });
});
