import { describe, expect, test } from "vitest";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import { hostWithContext } from "../support/host.ts";

const here = { type: cu.CU_MEM_LOCATION_TYPE_DEVICE, id: 0 } as const;
const props = { allocType: cu.CU_MEM_ALLOCATION_TYPE_PINNED, location: here } as const;

describe("stream-ordered memory", () => {
  test("allocate, use and free in a stream", () => {
    const { easy, cuda } = hostWithContext();
    const stream = easy.cuStreamCreate(0);
    const p = easy.cuMemAllocAsync(4096, stream);
    easy.cuMemsetD8Async(p, 3, 4096, stream);
    const back = new Uint8Array(4096);
    easy.cuMemcpyDtoHAsync(back, p, 4096, stream);
    easy.cuMemFreeAsync(p, stream);
    expect(cuda.cuMemFreeAsync(p, stream)).toBe(cu.CUDA_ERROR_INVALID_VALUE);
    expect(back.every((v) => v === 3)).toBe(true);
  });

  test("the same stream gets freed memory again at once; another one only when reuse allows it", () => {
    const { easy } = hostWithContext();
    const [a, b] = [easy.cuStreamCreate(1), easy.cuStreamCreate(1)];
    const pool = easy.cuMemPoolCreate(props);
    easy.cuMemPoolSetAttribute(pool, cu.CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC, 0);
    easy.cuMemPoolSetAttribute(pool, cu.CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES, 0);
    const p = easy.cuMemAllocFromPoolAsync(1 << 20, pool, a);
    easy.cuMemsetD8Async(p, 1, 1 << 20, a);
    easy.cuMemFreeAsync(p, a);
    expect(easy.cuMemAllocFromPoolAsync(1 << 20, pool, b)).not.toBe(p);
    expect(easy.cuMemAllocFromPoolAsync(1 << 20, pool, a)).toBe(p);
  });

  test("an internal dependency orders the streams", () => {
    const { easy } = hostWithContext();
    const [a, b] = [easy.cuStreamCreate(1), easy.cuStreamCreate(1)];
    const p = easy.cuMemAllocAsync(1 << 20, a);
    easy.cuMemsetD8Async(p, 1, 1 << 20, a);
    easy.cuMemFreeAsync(p, a);
    const q = easy.cuMemAllocAsync(1 << 20, b);
    expect(q).toBe(p);
    easy.cuMemsetD8Async(q, 2, 1 << 20, b);
    const back = new Uint8Array(1 << 20);
    easy.cuMemcpyDtoHAsync(back, q, 1 << 20, b);
    expect(back.every((v) => v === 2)).toBe(true);
  });

  test("memory goes back at the next synchronisation, down to the release threshold", () => {
    const { easy } = hostWithContext();
    const stream = easy.cuStreamCreate(0);
    const pool = easy.cuDeviceGetDefaultMemPool(0);
    const reserved = (): bigint => easy.cuMemPoolGetAttribute(pool, cu.CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT) as bigint;
    const used = (): bigint => easy.cuMemPoolGetAttribute(pool, cu.CU_MEMPOOL_ATTR_USED_MEM_CURRENT) as bigint;
    const p = easy.cuMemAllocAsync(8 << 20, stream);
    expect([reserved(), used()]).toEqual([8n << 20n, 8n << 20n]);
    easy.cuMemFreeAsync(p, stream);
    expect(used()).toBe(8n << 20n); // the free is not observed yet
    easy.cuStreamSynchronize(stream);
    expect([reserved(), used()]).toEqual([0n, 0n]);
    easy.cuMemPoolSetAttribute(pool, cu.CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, 1n << 30n);
    easy.cuMemFreeAsync(easy.cuMemAllocAsync(8 << 20, stream), stream);
    easy.cuStreamSynchronize(stream);
    expect(reserved()).toBe(8n << 20n);
    easy.cuMemPoolTrimTo(pool, 0);
    expect(reserved()).toBe(0n);
    expect(easy.cuMemPoolGetAttribute(pool, cu.CU_MEMPOOL_ATTR_USED_MEM_HIGH)).toBe(8n << 20n);
    easy.cuMemPoolSetAttribute(pool, cu.CU_MEMPOOL_ATTR_USED_MEM_HIGH, 0);
    expect(easy.cuMemPoolGetAttribute(pool, cu.CU_MEMPOOL_ATTR_USED_MEM_HIGH)).toBe(0n);
  });

  test("current and default pools; destroying the current one brings the default back", () => {
    const { easy, cuda } = hostWithContext();
    const standard = easy.cuDeviceGetDefaultMemPool(0);
    expect(easy.cuDeviceGetMemPool(0)).toBe(standard);
    const mine = easy.cuMemPoolCreate({ ...props, maxSize: 1 << 20 });
    easy.cuDeviceSetMemPool(0, mine);
    expect(easy.cuMemGetMemPool(here, cu.CU_MEM_ALLOCATION_TYPE_PINNED)).toBe(mine);
    expect(cuda.cuMemAllocAsync({ value: 0, isSet: false } as never, 2 << 20, 0)).toBe(cu.CUDA_ERROR_OUT_OF_MEMORY);
    const p = easy.cuMemAllocAsync(4096, 0);
    easy.cuMemPoolDestroy(mine);
    expect(easy.cuDeviceGetMemPool(0)).toBe(standard);
    easy.cuMemsetD8(p, 1, 4096); // outstanding memory lives on
    easy.cuMemFreeAsync(p, 0);
    expect(cuda.cuMemPoolDestroy(standard)).toBe(cu.CUDA_ERROR_INVALID_VALUE);
  });

  test("cuMemFree takes it too; it outlives its context", () => {
    const { easy } = hostWithContext();
    const p = easy.cuMemAllocAsync(4096, 0);
    easy.cuMemsetD8(p, 6, 4096);
    easy.cuCtxDestroy(easy.cuCtxGetCurrent());
    easy.cuCtxCreate(null, 0, 0);
    const back = new Uint8Array(4);
    easy.cuMemcpyDtoH(back, p, 4);
    expect([...back]).toEqual([6, 6, 6, 6]);
    easy.cuMemFree(p);
  });
});
