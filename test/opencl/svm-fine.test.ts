import { describe, expect, test } from "vitest";
import { tiny } from "../../src/gpu/profiles/tiny.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import { Bench } from "./harness.ts";
import { testModule } from "./kernels.ts";

const P = 65536;

describe("fine-grained buffers", () => {
  const b = new Bench({ gpus: ["mi250x"] });
  const ctx = b.context(b.devices);
  const q = b.queue(ctx);
  const prog = b.program(ctx, testModule());

  test("a device that has them says so, and gives memory that both sides use without map and unmap", () => {
    expect(b.gpus[0]!.gpu.profile.svm).toMatchObject({ fineGrainBuffer: true });
    const p = b.cl.clSVMAlloc(ctx, C.CL_MEM_READ_WRITE | C.CL_MEM_SVM_FINE_GRAIN_BUFFER, 4096, 0);
    expect(p).toBeGreaterThan(0);
    const view = b.view(p, 64);
    const words = new Uint32Array(view.buffer, view.byteOffset, 16);
    const kernel = b.kernelOf(prog, "fill");
    b.ok(b.cl.clSetKernelArgSVMPointer(kernel, 0, p));
    for (const start of [7, 1000]) {
      b.ok(b.cl.clSetKernelArg(kernel, 1, 4, new Uint32Array([start])));
      b.ok(b.cl.clEnqueueNDRangeKernel(q, kernel, 1, null, [8], null, 0, null, null));
      b.ok(b.cl.clFinish(q));
      expect([...words.subarray(0, 8)]).toEqual(Array.from({ length: 8 }, (_, k) => start + k));
    }
    b.cl.clSVMFree(ctx, p);
  });

  test("atomics, and what another device has not: NULL, with the reason", () => {
    expect(b.cl.clSVMAlloc(ctx, C.CL_MEM_SVM_FINE_GRAIN_BUFFER | C.CL_MEM_SVM_ATOMICS, 64, 0)).toBe(0);
    const nvidia = new Bench({ gpus: ["a100-pcie-40gb"] });
    const other = nvidia.context(nvidia.devices);
    expect(nvidia.cl.clSVMAlloc(other, C.CL_MEM_SVM_FINE_GRAIN_BUFFER, 64, 0)).toBe(0);
    expect(nvidia.cl.clSVMAlloc(other, 0, 64, 0)).toBeGreaterThan(0);
  });
});

describe("fine-grained system memory", () => {
  const all = { ...tiny, svm: { fineGrainBuffer: true, fineGrainSystem: true, atomics: true } };
  const b = new Bench({ gpus: [all] });
  const ctx = b.context(b.devices);
  const q = b.queue(ctx);
  const prog = b.program(ctx, testModule());

  test("kernels use what malloc gave; pages move to them and come back", () => {
    const p = b.malloc(4 * P);
    const view = b.view(p, 4 * P);
    const words = new Uint32Array(view.buffer, view.byteOffset, P);
    const kernel = b.kernelOf(prog, "fill");
    b.ok(b.cl.clSetKernelExecInfo(kernel, C.CL_KERNEL_EXEC_INFO_SVM_FINE_GRAIN_SYSTEM, 4, 1));
    b.ok(b.cl.clSetKernelArgSVMPointer(kernel, 0, p));
    for (const start of [3, 500]) {
      b.ok(b.cl.clSetKernelArg(kernel, 1, 4, new Uint32Array([start])));
      b.ok(b.cl.clEnqueueNDRangeKernel(q, kernel, 1, null, [P], null, 0, null, null));
      b.ok(b.cl.clFinish(q));
      expect(words.every((word, i) => word === start + i)).toBe(true);
      b.kernel.checkInvariants();
    }
    expect(b.gpus[0]!.pages.counts.toDevice).toBeGreaterThan(0);
    const atomic = b.cl.clSVMAlloc(ctx, C.CL_MEM_SVM_FINE_GRAIN_BUFFER | C.CL_MEM_SVM_ATOMICS, 64, 0);
    expect(atomic).toBeGreaterThan(0);
  });

  test("an address that nothing is mapped at still ends the kernel", () => {
    const kernel = b.kernelOf(prog, "fill");
    const p = b.malloc(P);
    b.ok(b.cl.clSetKernelArgSVMPointer(kernel, 0, p + 2 ** 36));
    b.ok(b.cl.clSetKernelArg(kernel, 1, 4, new Uint32Array([0])));
    b.ok(b.cl.clEnqueueNDRangeKernel(q, kernel, 1, null, [8], null, 0, null, null));
    b.cl.clFinish(q);
    expect(b.diagnostics.all().filter((d) => d.kind === "fault")).toHaveLength(1);
  });
});
