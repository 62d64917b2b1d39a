import { describe, expect, test } from "vitest";
import { out } from "../../../src/api/out.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import { hostWithContext, makeMachine, ptx } from "../support/host.ts";

const MB2 = 2 * 1024 * 1024;
const pinned = { type: cu.CU_MEM_ALLOCATION_TYPE_PINNED, location: { type: cu.CU_MEM_LOCATION_TYPE_DEVICE, id: 0 } } as const;
const rw = [{ location: pinned.location, flags: cu.CU_MEM_ACCESS_FLAGS_PROT_READWRITE }] as const;

describe("virtual memory management", () => {
  test("reserve, create, map, allow, use, unmap, release, free", () => {
    const { easy, cuda } = hostWithContext();
    const range = easy.cuMemAddressReserve(2 * MB2, 0, 0, 0);
    const handle = easy.cuMemCreate(MB2, pinned, 0);
    easy.cuMemMap(range + MB2, MB2, 0, handle, 0);
    easy.cuMemRelease(handle); // the mapping keeps the memory
    expect(cuda.cuMemsetD8(range + MB2, 1, 16)).toBe(cu.CUDA_ERROR_INVALID_VALUE); // no access yet
    easy.cuMemSetAccess(range + MB2, MB2, rw, 1);
    expect(easy.cuMemGetAccess(pinned.location, range + MB2 + 5)).toBe(3n);
    easy.cuMemsetD8(range + MB2, 7, MB2);
    const back = new Uint8Array(MB2);
    easy.cuMemcpyDtoH(back, range + MB2, MB2);
    expect(back.every((v) => v === 7)).toBe(true);
    expect(cuda.cuMemAddressFree(range, 2 * MB2)).toBe(cu.CUDA_ERROR_INVALID_VALUE);
    easy.cuMemUnmap(range + MB2, MB2);
    easy.cuMemAddressFree(range, 2 * MB2);
  });

  test("a kernel that touches a mapping without access faults", () => {
    const { easy, cuda } = hostWithContext();
    const range = easy.cuMemAddressReserve(MB2, 0, 0, 0);
    easy.cuMemMap(range, MB2, 0, easy.cuMemCreate(MB2, pinned, 0), 0);
    const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.bad), "fault");
    easy.cuLaunchKernel(fn, 1, 1, 1, 1, 1, 1, 0, 0, [range], null);
    expect(cuda.cuCtxSynchronize()).toBe(cu.CUDA_ERROR_ILLEGAL_ADDRESS);
  });

  test("read-only access stops writes", () => {
    const { easy, cuda } = hostWithContext();
    const range = easy.cuMemAddressReserve(MB2, 0, 0, 0);
    easy.cuMemMap(range, MB2, 0, easy.cuMemCreate(MB2, pinned, 0), 0);
    easy.cuMemSetAccess(range, MB2, [{ location: pinned.location, flags: cu.CU_MEM_ACCESS_FLAGS_PROT_READ }], 1);
    easy.cuMemcpyDtoH(new Uint8Array(16), range, 16);
    easy.cuLaunchKernel(easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.bad), "fault"), 1, 1, 1, 1, 1, 1, 0, 0, [range], null);
    expect(cuda.cuCtxSynchronize()).toBe(cu.CUDA_ERROR_ILLEGAL_ADDRESS);
  });

  test("one memory at two addresses; copies over neighbouring mappings", () => {
    const { easy } = hostWithContext();
    const range = easy.cuMemAddressReserve(2 * MB2, 0, 0, 0);
    const handle = easy.cuMemCreate(MB2, pinned, 0);
    easy.cuMemMap(range, MB2, 0, handle, 0);
    easy.cuMemMap(range + MB2, MB2, 0, handle, 0);
    easy.cuMemSetAccess(range, 2 * MB2, rw, 1);
    easy.cuMemcpyHtoD(range + MB2 - 2, Uint8Array.of(1, 2, 3, 4), 4); // crosses: 3 and 4 land at the beginning of the same memory
    const back = new Uint8Array(2);
    easy.cuMemcpyDtoH(back, range, 2);
    expect([...back]).toEqual([3, 4]);
    expect(easy.cuMemRetainAllocationHandle(range + 5)).toBe(handle);
  });

  test("it outlives contexts, and new contexts see it", () => {
    const { easy } = hostWithContext();
    const range = easy.cuMemAddressReserve(MB2, 0, 0, 0);
    easy.cuMemMap(range, MB2, 0, easy.cuMemCreate(MB2, pinned, 0), 0);
    easy.cuMemSetAccess(range, MB2, rw, 1);
    easy.cuMemsetD8(range, 9, MB2);
    easy.cuCtxDestroy(easy.cuCtxGetCurrent());
    easy.cuCtxCreate(null, 0, 0);
    const back = new Uint8Array(8);
    easy.cuMemcpyDtoH(back, range, 8);
    expect([...back]).toEqual(Array(8).fill(9));
  });

  test("a descriptor carries it out and in again", () => {
    const { easy, machine, process } = hostWithContext();
    const shared = { ...pinned, requestedHandleTypes: cu.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR } as const;
    const handle = easy.cuMemCreate(MB2, shared, 0);
    const range = easy.cuMemAddressReserve(MB2, 0, 0, 0);
    easy.cuMemMap(range, MB2, 0, handle, 0);
    easy.cuMemSetAccess(range, MB2, rw, 1);
    easy.cuMemsetD8(range, 5, MB2);
    easy.cuCtxSynchronize();
    const fd = easy.cuMemExportToShareableHandle(handle, cu.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0) as number;
    const again = easy.cuMemImportFromShareableHandle(fd, cu.CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR);
    const other = easy.cuMemAddressReserve(MB2, 0, 0, 0);
    easy.cuMemMap(other, MB2, 0, again, 0);
    easy.cuMemSetAccess(other, MB2, rw, 1);
    const back = new Uint8Array(4);
    easy.cuMemcpyDtoH(back, other, 4);
    expect([...back]).toEqual([5, 5, 5, 5]);
    expect(process.exit).toBe(null);
    machine.kernel.checkInvariants();
  });
});

describe("memory of another process (IPC)", () => {
  test("one process writes, the other reads; addresses differ", () => {
    const machine = makeMachine();
    const [a, b] = [machine.process("a"), machine.process("b")];
    for (const { easy } of [a, b]) { easy.cuInit(0); easy.cuCtxCreate(null, 0, 0); }
    const d = a.easy.cuMemAlloc(4096);
    a.easy.cuMemcpyHtoD(d, new Uint8Array(4096).fill(42), 4096);
    a.easy.cuCtxSynchronize();
    const handle = a.easy.cuIpcGetMemHandle(d);
    expect(a.cuda.cuIpcOpenMemHandle(out(), handle, 1)).toBe(cu.CUDA_ERROR_INVALID_CONTEXT);
    const p = b.easy.cuIpcOpenMemHandle(handle, cu.CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS);
    expect(b.easy.cuIpcOpenMemHandle(handle, cu.CU_IPC_MEM_LAZY_ENABLE_PEER_ACCESS)).toBe(p);
    const back = new Uint8Array(4096);
    b.easy.cuMemcpyDtoH(back, p, 4096);
    expect(back.every((v) => v === 42)).toBe(true);
    b.easy.cuIpcCloseMemHandle(p);
    b.easy.cuMemcpyDtoH(back, p, 16);
    b.easy.cuIpcCloseMemHandle(p);
    expect(b.cuda.cuMemcpyDtoH(back, p, 16)).toBe(cu.CUDA_ERROR_INVALID_VALUE);
    machine.kernel.checkInvariants();
  });
});
