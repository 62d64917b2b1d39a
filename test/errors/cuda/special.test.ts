import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import type { CUcontext, CUlibrary, CUmodule } from "../../../src/cuda/abi/driver/types.ts";
import * as rt from "../../../src/cuda/abi/runtime/constants.ts";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import { hostWithContext, makeMachine, ptx, type TestHost, type TestMachine } from "../../cuda/support/host.ts";

/** Documented errors that need a machine, a module or a moment of their own. `documented.ts` names this file for them. */

const huge = ".version 8.0\n.target sm_75\n.address_size 64\n.visible .global .align 4 .b8 room[2000000000];\n.visible .entry f() { ret; }\n";

/** A process with the runtime on this machine, and the modules of `ptx`. */
function program(machine: TestMachine): TestHost {
  const host = machine.process();
  for (const text of [ptx.add, ptx.bad, ptx.variables]) host.cudart.registerModule(text);
  return host;
}

describe("errors of launches", () => {
  const few = { ...tiny, limits: { ...tiny.limits, registersPerBlock: 1024, registersPerMultiprocessor: 1024 } };

  test("LAUNCH_OUT_OF_RESOURCES: more registers than a block can have", () => {
    const { easy, cuda } = hostWithContext({ gpus: [few] });
    const add = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "add");
    const d = easy.cuMemAlloc(4);
    expect(cuda.cuLaunchKernel(add, 1, 1, 1, 1, 1, 1, 0, 0, [d, 1, 1], null)).toBe(0);
    expect(cuda.cuLaunchKernel(add, 1, 1, 1, 512, 1, 1, 0, 0, [d, 1, 1], null)).toBe(cu.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
    expect(cuda.cuLaunchCooperativeKernel(add, 1, 1, 1, 512, 1, 1, 0, 0, [d, 1, 1])).toBe(cu.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES);
    easy.cuFuncSetBlockShape(add, 512, 1, 1);
    easy.cuParamSetSize(add, 16);
    expect([cuda.cuLaunch(add), cuda.cuLaunchGrid(add, 1, 1), cuda.cuLaunchGridAsync(add, 1, 1, 0)]).toEqual([701, 701, 701]);
    const { cudart } = program(makeMachine({ gpus: [few] }));
    expect([cudart.cudaLaunchKernel("add", 1, 512, [0, 0, 0], 0, 0), cudart.cudaLaunchCooperativeKernel("add", 1, 512, [0, 0, 0], 0, 0), cudart.cudaLaunchKernelExC({ gridDim: 1, blockDim: 512 }, "add", [0, 0, 0])])
      .toEqual([rt.cudaErrorLaunchOutOfResources, rt.cudaErrorLaunchOutOfResources, rt.cudaErrorLaunchOutOfResources]);
  });

  test("cudaErrorLaunchTimeout, cudaErrorLaunchFailure: of a kernel before, told by the next call of any kind", () => {
    const calls = (kernel: string): number[] => {
      const { cudart } = program(makeMachine({ gpus: [tiny], hangLimitNs: 1e8 }));
      const [stream, event] = [out<0>(), out<0>()];
      cudart.cudaStreamCreate(stream);
      cudart.cudaEventCreate(event);
      const first = cudart.cudaLaunchKernel(kernel, 1, 1, [], 0, 0);
      return [
        first, cudart.cudaDeviceSynchronize(), cudart.cudaLaunchKernel("empty", 1, 1, [], 0, 0), cudart.cudaLaunchKernelExC({ gridDim: 1, blockDim: 1 }, "empty", []), cudart.cudaLaunchCooperativeKernel("empty", 1, 1, [], 0, 0),
        cudart.cudaEventCreate(out()), cudart.cudaEventCreateWithFlags(out(), 0), cudart.cudaEventRecord(event.value, 0), cudart.cudaEventRecordWithFlags(event.value, 0, 0), cudart.cudaEventQuery(event.value),
        cudart.cudaEventSynchronize(event.value), cudart.cudaEventElapsedTime(out(), event.value, event.value), cudart.cudaMemGetInfo(out(), out()), cudart.cudaEventDestroy(event.value),
      ];
    };
    expect(calls("spin")).toEqual([0, ...Array<number>(13).fill(rt.cudaErrorLaunchTimeout)]);
    expect(calls("trap")).toEqual([0, ...Array<number>(13).fill(rt.cudaErrorLaunchFailure)]);
  });

  test("CUDA_ERROR_LAUNCH_TIMEOUT, CUDA_ERROR_LAUNCH_FAILED: the same in the driver API", () => {
    const calls = (kernel: string): number[] => {
      const { easy, cuda } = hostWithContext({ gpus: [tiny], hangLimitNs: 1e8 });
      const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.bad), kernel);
      easy.cuLaunchKernel(fn, 1, 1, 1, 1, 1, 1, 0, 0, [], null);
      return [
        cuda.cuCtxSynchronize(), cuda.cuLaunchKernel(fn, 1, 1, 1, 1, 1, 1, 0, 0, [], null), cuda.cuLaunchCooperativeKernel(fn, 1, 1, 1, 1, 1, 1, 0, 0, []),
        cuda.cuLaunchKernelEx({ gridDimX: 1, gridDimY: 1, gridDimZ: 1, blockDimX: 1, blockDimY: 1, blockDimZ: 1 }, fn, [], null), cuda.cuLaunch(fn), cuda.cuLaunchGrid(fn, 1, 1), cuda.cuLaunchGridAsync(fn, 1, 1, 0),
      ];
    };
    expect(calls("spin")).toEqual(Array<number>(7).fill(cu.CUDA_ERROR_LAUNCH_TIMEOUT));
    expect(calls("trap")).toEqual(Array<number>(7).fill(cu.CUDA_ERROR_LAUNCH_FAILED));
  });

  test("cudaErrorNoKernelImageForDevice: code for a newer device than the current one", () => {
    const { cudart, easyrt } = makeMachine({ gpus: ["h100-sxm-80gb", "a100-pcie-40gb"] }).process();
    cudart.registerModule(`${ptx.variables.replace("sm_75", "sm_90")}`);
    const word = new Uint8Array(4);
    expect(cudart.cudaGetSymbolAddress(out(), "counter")).toBe(0);
    easyrt.cudaSetDevice(1);
    const none = rt.cudaErrorNoKernelImageForDevice;
    expect([
      cudart.cudaLaunchKernel("read", 1, 1, [0], 0, 0), cudart.cudaLaunchKernelExC({ gridDim: 1, blockDim: 1 }, "read", [0]), cudart.cudaGetSymbolAddress(out(), "counter"), cudart.cudaGetSymbolSize(out(), "counter"),
      cudart.cudaMemcpyToSymbol("counter", word, 4, 0, rt.cudaMemcpyHostToDevice), cudart.cudaMemcpyFromSymbol(word, "counter", 4, 0, rt.cudaMemcpyDeviceToHost),
      cudart.cudaMemcpyToSymbolAsync("counter", word, 4, 0, rt.cudaMemcpyHostToDevice, 0), cudart.cudaMemcpyFromSymbolAsync(word, "counter", 4, 0, rt.cudaMemcpyDeviceToHost, 0),
    ]).toEqual([none, none, none, none, none, none, none, none]);
  });

  test("CUDA_ERROR_NOT_READY, cudaErrorNotReady: work that is not done", () => {
    const { easy, cuda } = hostWithContext();
    const [a, b] = [easy.cuEventCreate(0), easy.cuEventCreate(0)];
    easy.cuEventRecord(a, 0);
    easy.cuMemsetD8Async(easy.cuMemAlloc(1 << 24), 1, 1 << 24, 0);
    easy.cuEventRecord(b, 0);
    expect([cuda.cuStreamQuery(0), cuda.cuEventQuery(b), cuda.cuEventElapsedTime(out(), a, b)]).toEqual([600, 600, 600]);
    const { easyrt, cudart } = makeMachine().process();
    const [c, d] = [easyrt.cudaEventCreate(), easyrt.cudaEventCreate()];
    easyrt.cudaEventRecord(c, 0);
    easyrt.cudaMemsetAsync(easyrt.cudaMalloc(1 << 24), 1, 1 << 24, 0);
    easyrt.cudaEventRecord(d, 0);
    expect([cudart.cudaStreamQuery(0), cudart.cudaEventQuery(d), cudart.cudaEventElapsedTime(out(), c, d)]).toEqual([600, 600, 600]);
  });
});

describe("errors of devices and contexts", () => {
  test("PEER_ACCESS_ALREADY_ENABLED, PEER_ACCESS_UNSUPPORTED", () => {
    const peers = (gpus: readonly string[]): number[] => {
      const { easy, cuda } = hostWithContext({ gpus });
      const other = easy.cuCtxCreate(null, 0, 1);
      easy.cuCtxPopCurrent();
      return [cuda.cuCtxEnablePeerAccess(other, 0), cuda.cuCtxEnablePeerAccess(other, 0)];
    };
    expect(peers(["a100-pcie-40gb", "a100-pcie-40gb"])).toEqual([0, cu.CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED]);
    expect(peers(["a100-pcie-40gb", "h100-sxm-80gb"])).toEqual([cu.CUDA_ERROR_PEER_ACCESS_UNSUPPORTED, cu.CUDA_ERROR_PEER_ACCESS_UNSUPPORTED]);
    const { cudart } = makeMachine({ gpus: ["a100-pcie-40gb", "a100-pcie-40gb"] }).process();
    expect([cudart.cudaDeviceEnablePeerAccess(1, 0), cudart.cudaDeviceEnablePeerAccess(1, 0)]).toEqual([0, rt.cudaErrorPeerAccessAlreadyEnabled]);
  });

  test("INVALID_CONTEXT: nothing to pop; NOT_SUPPORTED: no persisting L2", () => {
    const { cuda, easy } = hostWithContext({ gpus: [{ ...tiny, computeCapability: [7, 5], gfxTarget: "sm_75" }] });
    expect(cuda.cuCtxResetPersistingL2Cache()).toBe(cu.CUDA_ERROR_NOT_SUPPORTED);
    easy.cuCtxPopCurrent();
    expect(cuda.cuCtxPopCurrent(out())).toBe(cu.CUDA_ERROR_INVALID_CONTEXT);
  });

  test("CONTEXT_IS_DESTROYED: another thread destroyed the current context", () => {
    const { easy, cuda, run, thread, co } = hostWithContext();
    const library = easy.cuLibraryLoadData(ptx.variables, null, null, 0, null, null, 0);
    const kernel = easy.cuLibraryGetKernel(library, "read");
    const context: CUcontext = easy.cuCtxGetCurrent();
    let code = -1;
    thread("other", function* () { code = yield* co.cuCtxDestroy(context); });
    run(function* () { while (code < 0) yield* co.cuCtxSynchronize_v2(0 as CUcontext); });
    expect(code).toBe(0);
    const gone = cu.CUDA_ERROR_CONTEXT_IS_DESTROYED;
    expect([cuda.cuLibraryGetModule(out(), library), cuda.cuLibraryGetGlobal(out(), out(), library, "counter"), cuda.cuKernelGetFunction(out(), kernel), cuda.cuCtxSynchronize()]).toEqual([gone, gone, gone, gone]);
  });
});

describe("errors of memory and code", () => {
  test("OUT_OF_MEMORY: pools, variables", () => {
    const { easy, cuda } = hostWithContext({ gpus: [tiny] });
    const pool = easy.cuDeviceGetDefaultMemPool(0);
    expect(cuda.cuMemAllocFromPoolAsync(out(), 2 ** 30, pool, 0)).toBe(cu.CUDA_ERROR_OUT_OF_MEMORY);
    expect([cuda.cuModuleLoadData(out<CUmodule>(), huge), cuda.cuModuleLoadDataEx(out<CUmodule>(), huge, 0, null, null), cuda.cuModuleLoadFatBinary(out<CUmodule>(), huge)]).toEqual([2, 2, 2]);
    const { cudart } = makeMachine({ gpus: [tiny] }).process();
    expect([cudart.cudaMallocAsync(out(), 2 ** 30, 0), cudart.cudaMalloc(out(), 2 ** 30)]).toEqual([rt.cudaErrorMemoryAllocation, rt.cudaErrorMemoryAllocation]);
  });

  test("files with code that is refused: INVALID_PTX, UNSUPPORTED_PTX_VERSION, NO_BINARY_FOR_GPU", () => {
    const host = hostWithContext();
    const { cuda, cudart } = host;
    const file = (text: string): string => {
      host.machine.kernel.vfs.write("/tmp/code.ptx", text, { process: host.process, thread: host.process.main });
      return "/tmp/code.ptx";
    };
    const codes = [cu.CUDA_ERROR_INVALID_PTX, cu.CUDA_ERROR_UNSUPPORTED_PTX_VERSION, cu.CUDA_ERROR_NO_BINARY_FOR_GPU];
    const texts = ["int main() {}", ptx.add.replace(".version 8.0", ".version 9.9"), ptx.add.replace("sm_75", "sm_90")];
    expect(texts.map((text) => cuda.cuModuleLoad(out<CUmodule>(), file(text)))).toEqual(codes);
    expect(texts.map((text) => cuda.cuLibraryLoadFromFile(out<CUlibrary>(), file(text), null, null, 0, null, null, 0))).toEqual(codes);
    expect(texts.map((text) => cudart.cudaLibraryLoadFromFile(out(), file(text), null, null, 0, null, null, 0))).toEqual([rt.cudaErrorInvalidPtx, rt.cudaErrorUnsupportedPtxVersion, rt.cudaErrorNoKernelImageForDevice]);
    expect(texts.map((text) => cudart.cudaLibraryLoadData(out(), text, null, null, 0, null, null, 0))).toEqual([rt.cudaErrorInvalidPtx, rt.cudaErrorUnsupportedPtxVersion, rt.cudaErrorNoKernelImageForDevice]);
  });

  test("memory of another process that is gone: INVALID_HANDLE", () => {
    const machine = makeMachine();
    const [a, b] = [machine.process("a"), machine.process("b")];
    const d = a.easyrt.cudaMalloc(2 ** 22);
    const handle = a.easyrt.cudaIpcGetMemHandle(d);
    a.easyrt.cudaFree(d);
    expect(b.cudart.cudaIpcOpenMemHandle(out(), handle, rt.cudaIpcMemLazyEnablePeerAccess)).toBe(rt.cudaErrorInvalidResourceHandle);
    b.easyrt.cudaFree(0);
    expect(b.cuda.cuIpcOpenMemHandle(out(), handle, 1)).toBe(cu.CUDA_ERROR_INVALID_HANDLE);
  });
});
