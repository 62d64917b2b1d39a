import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import { hostWithContext, makeMachine, ptx } from "../support/host.ts";

const params = `
.version 8.0
.target sm_75
.address_size 64
.visible .entry params(.param .u64 out, .param .u8 a, .param .s16 b, .param .s32 c, .param .s64 d, .param .f32 e, .param .f64 f, .param .align 4 .b8 g[12])
{
  .reg .b64 %o<2>; .reg .b16 %h<4>; .reg .b32 %r<8>; .reg .b64 %d<3>; .reg .f32 %f<2>; .reg .f64 %q<2>;
  ld.param.u64 %o1, [out];
  ld.param.u8 %h1, [a]; st.global.u16 [%o1], %h1;
  ld.param.s16 %h2, [b]; st.global.u16 [%o1+2], %h2;
  ld.param.s32 %r1, [c]; st.global.u32 [%o1+4], %r1;
  ld.param.s64 %d1, [d]; st.global.u64 [%o1+8], %d1;
  ld.param.f32 %f1, [e]; st.global.f32 [%o1+16], %f1;
  ld.param.f64 %q1, [f]; st.global.f64 [%o1+24], %q1;
  ld.param.u32 %r2, [g]; ld.param.u32 %r3, [g+8];
  st.global.u32 [%o1+32], %r2; st.global.u32 [%o1+36], %r3;
  ret;
}
.visible .entry limited() .maxntid 64, 1, 1 { ret; }
.visible .entry exact() .reqntid 8, 4, 1 { ret; }
.visible .entry shared(.param .u64 out)
{
  .shared .align 4 .b8 st[1024];
  .reg .b64 %o; .reg .b32 %r;
  ld.param.u64 %o, [out];
  mov.u32 %r, %dynamic_smem_size;
  st.shared.u32 [st], %r;
  ld.shared.u32 %r, [st];
  st.global.u32 [%o], %r;
  ret;
}
`;

describe("launching", () => {
  test("parameters of every kind, as values, as a block, as views", () => {
    const { easy } = hostWithContext();
    const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(params), "params");
    const d = easy.cuMemAlloc(64);
    const struct = new Uint32Array([0xdeadbeef, 0, 77]);
    const check = (): void => {
      const view = new DataView(new ArrayBuffer(64));
      easy.cuMemcpyDtoH(view, d, 64);
      expect([view.getUint16(0, true), view.getInt16(2, true), view.getInt32(4, true), view.getBigInt64(8, true), view.getFloat32(16, true), view.getFloat64(24, true), view.getUint32(32, true), view.getUint32(36, true)])
        .toEqual([200, -3, -7, -(2n ** 60n), 1.5, Math.PI, 0xdeadbeef, 77]);
      easy.cuMemsetD8(d, 0, 64);
    };
    easy.cuLaunchKernel(fn, 1, 1, 1, 1, 1, 1, 0, 0, [d, 200, -3, -7, -(2n ** 60n), 1.5, Math.PI, struct], null);
    check();
    easy.cuLaunchKernel(fn, 1, 1, 1, 1, 1, 1, 0, 0, [BigInt(d), 200n, Int16Array.of(-3), -7n, BigInt64Array.of(-(2n ** 60n)), Float32Array.of(1.5), Float64Array.of(Math.PI), new Uint8Array(struct.buffer)], null);
    check();
    const block = new DataView(new ArrayBuffer(56));
    const at = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => easy.cuFuncGetParamInfo(fn, i)[0]!);
    block.setBigUint64(at[0]!, BigInt(d), true); block.setUint8(at[1]!, 200); block.setInt16(at[2]!, -3, true); block.setInt32(at[3]!, -7, true);
    block.setBigInt64(at[4]!, -(2n ** 60n), true); block.setFloat32(at[5]!, 1.5, true); block.setFloat64(at[6]!, Math.PI, true);
    new Uint8Array(block.buffer).set(new Uint8Array(struct.buffer), at[7]!);
    easy.cuLaunchKernel(fn, 1, 1, 1, 1, 1, 1, 0, 0, null, { buffer: block });
    check();
  });

  test("limits of device and kernel", () => {
    const { easy, cuda } = hostWithContext();
    const module = easy.cuModuleLoadData(params);
    const [limited, exact, shared] = ["limited", "exact", "shared"].map((name) => easy.cuModuleGetFunction(module, name)) as [0, 0, 0];
    const go = (fn: 0, block: [number, number, number], dynamic = 0, args: number[] = []): number => cuda.cuLaunchKernel(fn, 1, 1, 1, ...block, dynamic, 0, args, null);
    expect([go(limited, [64, 1, 1]), go(limited, [65, 1, 1])]).toEqual([0, cu.CUDA_ERROR_INVALID_VALUE]);
    expect([go(exact, [8, 4, 1]), go(exact, [4, 8, 1])]).toEqual([0, cu.CUDA_ERROR_INVALID_VALUE]);
    expect(easy.cuFuncGetAttribute(cu.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, limited)).toBe(64);
    const d = easy.cuMemAlloc(4);
    expect(easy.cuFuncGetAttribute(cu.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, shared)).toBe(1024);
    expect([go(shared, [1, 1, 1], 47 * 1024, [d]), go(shared, [1, 1, 1], 47 * 1024 + 1, [d])]).toEqual([0, cu.CUDA_ERROR_INVALID_VALUE]);
    easy.cuFuncSetAttribute(shared, cu.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, 100 * 1024);
    expect(go(shared, [1, 1, 1], 100 * 1024, [d])).toBe(0);
    const back = new Uint32Array(1);
    easy.cuMemcpyDtoH(back, d, 4);
    expect(back[0]).toBe(100 * 1024);
  });

  test("cuLaunchKernelEx: cooperative, hints; a kernel handle of a library; the deprecated way", () => {
    const { easy } = hostWithContext();
    const d = easy.cuMemAlloc(64);
    easy.cuMemsetD32(d, 0, 16);
    const library = easy.cuLibraryLoadData(ptx.add, null, null, 0, null, null, 0);
    const kernel = easy.cuLibraryGetKernel(library, "add");
    const one = { gridDimX: 1, gridDimY: 1, gridDimZ: 1, blockDimX: 16, blockDimY: 1, blockDimZ: 1 };
    easy.cuLaunchKernelEx({ ...one, numAttrs: 2, attrs: [{ id: cu.CU_LAUNCH_ATTRIBUTE_COOPERATIVE, value: { cooperative: 1 } }, { id: cu.CU_LAUNCH_ATTRIBUTE_PRIORITY, value: { priority: -1 } }] }, kernel as never, [d, 16, 1], null);
    easy.cuLaunchKernel(kernel as never, 1, 1, 1, 16, 1, 1, 0, 0, [d, 16, 10], null);
    const fn = easy.cuKernelGetFunction(kernel);
    expect(easy.cuFuncGetModule(fn)).toBe(easy.cuLibraryGetModule(library));
    easy.cuFuncSetBlockShape(fn, 16, 1, 1);
    easy.cuParamSetSize(fn, 16);
    easy.cuParamSetv(fn, 0, BigUint64Array.of(BigInt(d)), 8);
    easy.cuParamSeti(fn, 8, 16);
    easy.cuParamSeti(fn, 12, 100);
    easy.cuLaunchGrid(fn, 1, 1);
    const back = new Uint32Array(16);
    easy.cuMemcpyDtoH(back, d, 64);
    expect([...new Set(back)]).toEqual([111]);
    expect([easy.cuKernelGetName(kernel), easy.cuFuncGetName(fn), easy.cuLibraryGetKernelCount(library), easy.cuKernelGetLibrary(kernel)]).toEqual(["add", "add", 2, library]);
    easy.cuLibraryUnload(library);
  });

  test("occupancy is what the hardware does", () => {
    const { easy } = hostWithContext();
    const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(params), "shared");
    const blocks = easy.cuOccupancyMaxActiveBlocksPerMultiprocessor(fn, 256, 0);
    expect(blocks).toBeGreaterThan(0);
    expect(easy.cuOccupancyMaxActiveBlocksPerMultiprocessor(fn, 2048, 0)).toBe(0);
    const free = easy.cuOccupancyAvailableDynamicSMemPerBlock(fn, 2, 256);
    expect(easy.cuOccupancyMaxActiveBlocksPerMultiprocessor(fn, 256, free)).toBeGreaterThanOrEqual(2);
    const [grid, block] = easy.cuOccupancyMaxPotentialBlockSize(fn, null, 0, 128);
    expect(block).toBeLessThanOrEqual(128);
    expect(grid! % 108).toBe(0);
  });
});

describe("modules", () => {
  test("variables have their first values, with addresses in them", () => {
    const { easy } = hostWithContext();
    const module = easy.cuModuleLoadData(ptx.variables);
    const d = easy.cuMemAlloc(16);
    easy.cuLaunchKernel(easy.cuModuleGetFunction(module, "read"), 1, 1, 1, 1, 1, 1, 0, 0, [d], null);
    const back = new Uint32Array(3);
    easy.cuMemcpyDtoH(back, d, 12);
    expect([...back]).toEqual([7, 3, 9]);
    const [counter, size] = easy.cuModuleGetGlobal(module, "counter");
    expect(size).toBe(4);
    easy.cuMemcpyHtoD(counter!, Uint32Array.of(55), 4);
    easy.cuLaunchKernel(easy.cuModuleGetFunction(module, "read"), 1, 1, 1, 1, 1, 1, 0, 0, [d], null);
    easy.cuMemcpyDtoH(back, d, 4);
    expect(back[0]).toBe(55);
    expect(easy.cuModuleGetFunctionCount(module)).toBe(1);
    expect(easy.cuModuleEnumerateFunctions(9, module)).toHaveLength(1);
  });

  test.each([
    ["48 KiB of shared data", ".version 8.0\n.target sm_80\n.visible .entry k() { .shared .align 4 .b8 s[49152]; .reg .b32 r; ld.shared.u32 r, [s]; ret; }", null],
    ["more than 48 KiB", ".version 8.0\n.target sm_80\n.visible .entry k() { .shared .align 4 .b8 s[49156]; .reg .b32 r; ld.shared.u32 r, [s]; ret; }", "uses too much shared data (0xc004 bytes, 0xc000 max)"],
    ["an instruction of another architecture", ".version 8.0\n.target sm_75\n.visible .entry k() { .reg .b32 r; redux.sync.add.u32 r, 1, -1; ret; }", "requires .target sm_80 or higher, this is for sm_75"],
    ["an instruction of a later version", ".version 6.3\n.target sm_75\n.visible .entry k() { .reg .b32 r; bmsk.clamp.b32 r, 1, 2; ret; }", "requires .version 7.6 or later, this says 6.3"],
    ["an architecture that the version does not have", ".version 6.3\n.target sm_80\n.visible .entry k() { ret; }", "7.0 is the first that does"],
  ])("what ptxas refuses: %s", (_name, text, log) => {
    const { cuda } = hostWithContext();
    const error = out<string>();
    const code = cuda.cuModuleLoadDataEx(out(), text, 2, [cu.CU_JIT_ERROR_LOG_BUFFER, cu.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES], [error, 4096]);
    expect(code).toBe(log === null ? cu.CUDA_SUCCESS : cu.CUDA_ERROR_INVALID_PTX);
    if (log !== null) expect(error.value).toContain(log);
  });

  test("logs of the just-in-time compiler", () => {
    const { easy, cuda } = hostWithContext();
    const [error, info, wall] = [out<string>(), out<string>(), out<number>()];
    const options = [cu.CU_JIT_ERROR_LOG_BUFFER, cu.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, cu.CU_JIT_INFO_LOG_BUFFER, cu.CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES, cu.CU_JIT_WALL_TIME] as const;
    expect(cuda.cuModuleLoadDataEx(out(), ptx.add.replace("ret;", "retch;"), 5, options, [error, 4096, info, 4096, wall])).toBe(cu.CUDA_ERROR_INVALID_PTX);
    expect(error.value).toMatch(/^ptxas error {3}: line \d+/);
    easy.cuModuleLoadDataEx(ptx.add, 5, options, [error, 4096, info, 4096, wall]);
    expect(info.value).toContain("Compiling entry function 'add'");
    expect(wall.value).toBeGreaterThan(0);
  });
});

describe("events", () => {
  test("time between events is the work between them; an earlier record is replaced", () => {
    const { easy, cuda } = hostWithContext();
    const [a, b, never] = [easy.cuEventCreate(0), easy.cuEventCreate(cu.CU_EVENT_BLOCKING_SYNC), easy.cuEventCreate(0)];
    expect(cuda.cuEventQuery(never)).toBe(0);
    expect(cuda.cuEventElapsedTime(out(), a, b)).toBe(cu.CUDA_ERROR_INVALID_HANDLE);
    const d = easy.cuMemAlloc(1 << 24);
    easy.cuEventRecord(a, 0);
    easy.cuMemsetD8Async(d, 1, 1 << 24, 0);
    easy.cuEventRecord(b, 0);
    expect(cuda.cuEventElapsedTime(out(), a, b)).toBe(cu.CUDA_ERROR_NOT_READY);
    easy.cuEventSynchronize(b);
    const first = easy.cuEventElapsedTime(a, b);
    expect(first).toBeGreaterThan(0);
    expect(Math.fround(first)).toBe(first);
    expect(easy.cuEventElapsedTime(b, a)).toBe(-first);
    easy.cuEventRecord(b, 0);
    easy.cuEventSynchronize(b);
    expect(easy.cuEventElapsedTime(a, b)).toBeGreaterThan(first);
  });

  test("whole contexts: record, wait", () => {
    const { easy, cuda } = hostWithContext();
    const c = easy.cuCtxGetCurrent();
    const [e, s] = [easy.cuEventCreate(0), easy.cuStreamCreate(1)];
    const d = easy.cuMemAlloc(1 << 24);
    for (let i = 0; i < 8; i++) easy.cuMemsetD8Async(d, 1, 1 << 24, s);
    easy.cuCtxRecordEvent(c, e);
    expect(cuda.cuEventQuery(e)).toBe(cu.CUDA_ERROR_NOT_READY);
    const other = easy.cuCtxCreate(null, 0, 0);
    easy.cuCtxWaitEvent(other, e);
    easy.cuCtxSynchronize();
    expect(cuda.cuEventQuery(e)).toBe(0);
  });

  test("streams of two devices wait for each other's events", () => {
    const { easy } = makeMachine({ gpus: ["a100-pcie-40gb", "a100-pcie-40gb"] }).process();
    easy.cuInit(0);
    easy.cuCtxCreate(null, 0, 1);
    const [d, e] = [easy.cuMemAlloc(1 << 24), easy.cuEventCreate(0)];
    easy.cuMemsetD8Async(d, 1, 1 << 24, 0);
    easy.cuEventRecord(e, 0);
    easy.cuCtxCreate(null, 0, 0);
    const s = easy.cuStreamCreate(0);
    easy.cuStreamWaitEvent(s, e, 0);
    easy.cuStreamSynchronize(s);
    easy.cuEventQuery(e);
  });
});

describe("errors that stick", () => {
  const codeOf = (name: string, arg: number[], text: string = ptx.bad): { code: number; later: number[]; text: string; found: unknown } => {
    const { easy, cuda, machine } = hostWithContext({ hangLimitNs: 1e7 });
    const other = easy.cuCtxCreate(null, 0, 0);
    const d = easy.cuMemAlloc(64);
    easy.cuLaunchKernel(easy.cuModuleGetFunction(easy.cuModuleLoadData(text), name), 1, 1, 1, 1, 1, 1, 0, 0, arg, null);
    const code = cuda.cuCtxSynchronize();
    const s = out<0>();
    const later = [cuda.cuMemAlloc(out(), 4), cuda.cuMemFree(d), cuda.cuStreamCreate(s, 0), cuda.cuCtxSynchronize()];
    const fault = machine.diagnostics().find((x) => x.kind === "fault");
    easy.cuCtxDestroy(other);
    later.push(cuda.cuMemAlloc(out(), 4));
    return { code, later, text: fault?.message ?? "", found: fault?.values };
  };

  test.each([
    ["an illegal address", "fault", [64], cu.CUDA_ERROR_ILLEGAL_ADDRESS], ["a misaligned address", "fault", [1], cu.CUDA_ERROR_MISALIGNED_ADDRESS], ["a trap", "trap", [], cu.CUDA_ERROR_LAUNCH_FAILED], ["an endless loop", "spin", [], cu.CUDA_ERROR_LAUNCH_TIMEOUT],
  ] as const)("%s: every later call of the process, in any context", (_what, name, arg, expected) => {
    const { code, later } = codeOf(name, [...arg]);
    expect([code, ...later]).toEqual(Array(6).fill(expected));
  });

  test("the diagnostic names kernel, block, thread, line and address", () => {
    expect(codeOf("fault", [0x1230]).found).toMatchObject({ kernel: "fault", block: "0,0,0", thread: "0,0,0", line: 9, address: 0x1230n, bytes: 4, access: "write" });
  });

  test("printf appears when the host synchronises", () => {
    const text = `
.version 8.0
.target sm_75
.address_size 64
.extern .func (.param .b32 r) vprintf (.param .b64 f, .param .b64 a);
.global .align 1 .b8 fmt[14] = {116, 104, 114, 101, 97, 100, 32, 37, 100, 10, 0};
.visible .entry hello()
{
  .local .align 8 .b8 depot[8];
  .reg .b64 %d<6>; .reg .b32 %r<3>;
  mov.u64 %d1, depot; cvta.local.u64 %d2, %d1;
  mov.u32 %r1, %tid.x; st.local.u32 [%d1], %r1;
  mov.u64 %d3, fmt; cvta.global.u64 %d4, %d3;
  { .param .b64 p0; st.param.b64 [p0], %d4; .param .b64 p1; st.param.b64 [p1], %d2; .param .b32 ret; call.uni (ret), vprintf, (p0, p1); ld.param.b32 %r2, [ret]; }
  ret;
}`;
    const { easy, process, cuda } = hostWithContext();
    const module = easy.cuModuleLoadData(text);
    easy.cuLaunchKernel(easy.cuModuleGetFunction(module, "hello"), 1, 1, 1, 3, 1, 1, 0, 0, null, null);
    expect(process.stdout).toBe("");
    easy.cuCtxSynchronize();
    expect(process.stdout).toBe("thread 0\nthread 1\nthread 2\n");
    expect(cuda.cuCtxSetLimit(cu.CU_LIMIT_PRINTF_FIFO_SIZE, 8192)).toBe(cu.CUDA_ERROR_INVALID_VALUE);
  });
});
