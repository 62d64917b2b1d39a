import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tiny } from "../../../src/gpu/profiles/tiny.ts";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import { hostWithContext, makeMachine, ptx } from "../support/host.ts";

const P = 65536;
const DEVICE = { type: cu.CU_MEM_LOCATION_TYPE_DEVICE, id: 0 } as const;
const HOST = { type: cu.CU_MEM_LOCATION_TYPE_HOST } as const;

describe("managed memory", () => {
  test("pages move to the GPU that touches them and come back for the host; both see what was written last", () => {
    const host = hostWithContext();
    const { easy } = host;
    const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "add");
    const n = 8 * P;
    const m = easy.cuMemAllocManaged(4 * n, 1);
    const view = host.view(m, 4 * n);
    const words = new Uint32Array(view.buffer, view.byteOffset, n);
    for (let i = 0; i < n; i++) words[i] = i;
    const { pages, batches } = host.machine.gpus[0]!;
    for (let round = 1; round <= 2; round++) {
      easy.cuLaunchKernel(fn, n / 256, 1, 1, 256, 1, 1, 0, 0, [m, n, 7], null);
      easy.cuCtxSynchronize();
      expect(words.every((value, i) => value === i + 7 * round)).toBe(true);
      host.machine.kernel.checkInvariants();
    }
    expect(pages.counts.toDevice).toBeGreaterThanOrEqual(32);
    expect(pages.counts.toRam).toBeGreaterThanOrEqual(32);
    expect(batches.counts.faults).toBeGreaterThan(0);
    easy.cuMemFree(m);
    expect(pages.bytes).toBe(0);
  });

  test("prefetch takes the faults away, and time with them", () => {
    const run = (prefetch: boolean): { time: number; faults: number; first: number } => {
      const host = hostWithContext();
      const { easy } = host;
      const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "add");
      const m = easy.cuMemAllocManaged(64 * P, 1);
      if (prefetch) easy.cuMemPrefetchAsync(m, 64 * P, DEVICE, 0, 0);
      easy.cuCtxSynchronize();
      const before = host.machine.kernel.clock.now;
      easy.cuLaunchKernel(fn, 64 * P / 1024, 1, 1, 256, 1, 1, 0, 0, [m, 16 * P, 7], null);
      easy.cuCtxSynchronize();
      const time = host.machine.kernel.clock.now - before;
      return { time, faults: host.machine.gpus[0]!.batches.counts.faults, first: host.view(m, 4)[0]! };
    };
    const [cold, warm] = [run(false), run(true)];
    expect(cold.faults).toBeGreaterThan(0);
    expect(warm.faults).toBe(0);
    expect(cold.time).toBeGreaterThan(warm.time + 30_000);
    expect([cold.first, warm.first]).toEqual([7, 7]);
  });

  test("hints hold by page: a range that does not agree has none", () => {
    const { easy, cuda } = hostWithContext();
    const m = easy.cuMemAllocManaged(4 * P, 1);
    easy.cuMemAdvise(m, P, cu.CU_MEM_ADVISE_SET_PREFERRED_LOCATION, DEVICE);
    easy.cuMemAdvise(m, 4 * P, cu.CU_MEM_ADVISE_SET_READ_MOSTLY, DEVICE);
    easy.cuMemAdvise(m + P, P, cu.CU_MEM_ADVISE_SET_ACCESSED_BY, HOST);
    const ask = (attribute: 1 | 2 | 4, at: number, size: number): unknown => easy.cuMemRangeGetAttribute(4, attribute, at, size);
    expect([ask(2, m, P), ask(2, m, 2 * P), ask(1, m, 4 * P)]).toEqual([0, cu.CU_DEVICE_INVALID, 1]);
    expect(easy.cuMemRangeGetAttribute(8, cu.CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY, m + P, P)).toEqual([cu.CU_DEVICE_CPU, cu.CU_DEVICE_INVALID]);
    easy.cuMemAdvise(m, P, cu.CU_MEM_ADVISE_UNSET_PREFERRED_LOCATION, DEVICE);
    easy.cuMemAdvise(m + P, P, cu.CU_MEM_ADVISE_UNSET_READ_MOSTLY, DEVICE);
    easy.cuMemAdvise(m + P, P, cu.CU_MEM_ADVISE_UNSET_ACCESSED_BY, HOST);
    expect([ask(2, m, P), ask(1, m, 4 * P), ask(1, m, P)]).toEqual([cu.CU_DEVICE_INVALID, 0, 1]);
    expect(easy.cuMemRangeGetAttribute(4, cu.CU_MEM_RANGE_ATTRIBUTE_ACCESSED_BY, m + P, P)).toEqual([cu.CU_DEVICE_INVALID]);
    easy.cuMemPrefetchAsync(m, 4 * P, HOST, 0, 0);
    easy.cuCtxSynchronize();
    expect(ask(4, m, 4 * P)).toBe(cu.CU_DEVICE_CPU);
    expect(cuda.cuMemPrefetchAsync(m, 8 * P, DEVICE, 0, 0)).toBe(cu.CUDA_ERROR_INVALID_VALUE);
  });

  test("copies to and from managed memory find its bytes wherever they are (random programs)", () => {
    const host = hostWithContext();
    const { easy } = host;
    const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "add");
    const words = P;
    const m = easy.cuMemAllocManaged(4 * words, 1);
    const d = easy.cuMemAlloc(4 * words);
    const step = fc.record({ op: fc.constantFrom("kernel", "to-gpu", "to-host", "copy-in", "copy-out", "host"), at: fc.nat(words - 17), value: fc.nat(1000) });
    let model = new Uint32Array(words);
    let other = new Uint32Array(words);
    easy.cuMemsetD8(d, 0, 4 * words);
    fc.assert(fc.property(fc.array(step, { maxLength: 12 }), (program) => {
      for (const s of program) {
        switch (s.op) {
          case "kernel":
            easy.cuLaunchKernel(fn, 1, 1, 1, 16, 1, 1, 0, 0, [m + 4 * s.at, 16, s.value], null);
            for (let i = 0; i < 16; i++) model[s.at + i]! += s.value;
            break;
          case "to-gpu": easy.cuMemPrefetchAsync(m, 4 * words, DEVICE, 0, 0); break;
          case "to-host": easy.cuMemPrefetchAsync(m, 4 * words, HOST, 0, 0); break;
          case "copy-in":
            easy.cuMemcpy(m, d, 4 * words);
            model = other.slice();
            break;
          case "copy-out":
            easy.cuMemcpy(d, m, 4 * words);
            other = model.slice();
            break;
          case "host": {
            easy.cuCtxSynchronize();
            const bytes = host.view(m + 4 * s.at, 4);
            new Uint32Array(bytes.buffer, bytes.byteOffset, 1)[0] = s.value;
            model[s.at] = s.value;
          }
        }
      }
      easy.cuCtxSynchronize();
      host.machine.kernel.checkInvariants();
      const now = host.view(m, 4 * words);
      expect(Buffer.compare(Buffer.from(now), Buffer.from(model.buffer))).toBe(0);
    }), { seed: 3, numRuns: 60 });
  });

  test("two GPUs work on one array in turn", () => {
    const machine = makeMachine({ gpus: ["a100", "a100"] });
    const host = machine.process();
    const { easy } = host;
    easy.cuInit(0);
    const contexts = [0, 1].map((i) => easy.cuCtxCreate(null, 0, i));
    const m = easy.cuMemAllocManaged(2 * P, 1);
    for (let round = 0; round < 3; round++) {
      for (const context of contexts) {
        easy.cuCtxSetCurrent(context);
        const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "add");
        easy.cuLaunchKernel(fn, 1, 1, 1, 16, 1, 1, 0, 0, [m, 16, 1], null);
        easy.cuCtxSynchronize();
      }
    }
    expect(host.view(m, 1)[0]).toBe(6);
  });
});

describe("pageable memory access", () => {
  const shares = { ...tiny, svm: { fineGrainBuffer: true, fineGrainSystem: true, atomics: true } };
  test("a GPU that has it uses malloc's memory; one that has not dies of it", () => {
    const run = (gpu: typeof tiny): readonly [number, number, number] => {
      const host = makeMachine({ gpus: [gpu] }).process();
      const { easy, cuda } = host;
      easy.cuInit(0);
      easy.cuCtxCreate(null, 0, 0);
      const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "add");
      const p = host.malloc(64);
      host.view(p, 64).fill(0);
      easy.cuLaunchKernel(fn, 1, 1, 1, 16, 1, 1, 0, 0, [p, 16, 9], null);
      return [easy.cuDeviceGetAttribute(cu.CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS, 0), cuda.cuCtxSynchronize(), host.view(p, 64)[0]!];
    };
    expect(run(shares)).toEqual([1, 0, 9]);
    expect(run(tiny)).toEqual([0, cu.CUDA_ERROR_ILLEGAL_ADDRESS, 0]);
  });

  test("what is mapped by name lies above the process's own memory, and gives it back", () => {
    const host = hostWithContext({ gpus: [shares] });
    const { easy } = host;
    const fn = easy.cuModuleGetFunction(easy.cuModuleLoadData(ptx.add), "add");
    const p = host.malloc(P);
    host.view(p, 64).fill(0);
    const add = (): void => {
      easy.cuLaunchKernel(fn, 1, 1, 1, 16, 1, 1, 0, 0, [p, 16, 1], null);
      easy.cuCtxSynchronize();
    };
    add();
    easy.cuMemHostRegister(p, P, cu.CU_MEMHOSTREGISTER_DEVICEMAP);
    add();
    easy.cuMemHostUnregister(p);
    add();
    expect(host.view(p, 64)[0]).toBe(3);
    host.machine.kernel.checkInvariants();
  });
});
