import { expect, test } from "vitest";
import { createMachine } from "../../../src/machine.ts";

const P = 65536;

test.each([["strict", "DMA"], ["lazy", "DMA-FQ"], ["identity", "identity"], [{ commandLine: "quiet iommu.strict=0" }, "DMA-FQ"], [{ acs: false }, "DMA"]] as const)("a machine with iommu %j runs host programs all the same", (iommu, type) => {
  const machine = createMachine({ gpus: ["tiny"], iommu });
  const p = machine.process("host");
  const { cuda } = p.throwing;
  cuda.cuInit(0);
  cuda.cuCtxCreate(null, 0, 0);
  for (let round = 0; round < 3; round++) {
    const h = cuda.cuMemAllocHost(4 * P);
    const d = cuda.cuMemAlloc(4 * P);
    p.view(h, 4 * P).fill(round + 1);
    cuda.cuMemcpyHtoD(d, h, 4 * P);
    p.view(h, 4 * P).fill(0);
    cuda.cuMemcpyDtoH(h, d, 4 * P);
    expect(p.view(h, 4 * P).every((byte) => byte === round + 1)).toBe(true);
    machine.checkInvariants();
    cuda.cuMemFreeHost(h);
    cuda.cuMemFree(d);
  }
  expect(p.sys.readFile("/sys/kernel/iommu_groups/0/type")).toBe(`${type}\n`);
  p.exit();
  machine.run();
  machine.checkInvariants();
  machine.dispose();
});

test("pageable memory and managed memory through a machine: figures of the service are in debugfs", () => {
  const machine = createMachine({ gpus: ["tiny"] });
  const p = machine.process("host");
  const { cuda } = p.throwing;
  cuda.cuInit(0);
  cuda.cuCtxCreate(null, 0, 0);
  const m = cuda.cuMemAllocManaged(4 * P, 1);
  cuda.cuMemsetD8(m, 3, 4 * P);
  expect(p.view(m, 4 * P).every((byte) => byte === 3)).toBe(true);
  const text = p.sys.readFile("/sys/kernel/debug/dri/0/svm_info");
  expect(text).toMatch(/^faults [1-9]\d*\nbatches [1-9]\d*\npages_serviced \d+\nbytes_over_bus \d+\nmigrated_to_device 4\nmigrated_to_ram 4\nresident_bytes 0\n/);
  machine.dispose();
});
