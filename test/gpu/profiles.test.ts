import { expect, test } from "vitest";
import { findProfile, profiles } from "../../src/gpu/profiles/index.ts";

test("profiles are found by id and short name, and an unknown name is answered with the known ones", () => {
  expect(findProfile("A100").id).toBe("a100-pcie-40gb");
  expect(findProfile("h100-sxm-80gb").multiprocessors).toBe(132);
  expect(() => findProfile("gtx")).toThrow(/known: .*tiny/);
});

test.each([...profiles.values()])("$id holds together", (p) => {
  const l = p.limits;
  expect(l.maxThreadsPerBlock).toBeLessThanOrEqual(l.maxThreadsPerMultiprocessor);
  expect(l.maxThreadsPerBlock % p.warpSize).toBe(0);
  expect(l.sharedPerBlock).toBeLessThanOrEqual(l.sharedPerBlockOptin);
  expect(l.sharedPerBlockOptin + l.reservedSharedPerBlock).toBeLessThanOrEqual(l.sharedPerMultiprocessor);
  expect(l.registersPerBlock).toBeLessThanOrEqual(l.registersPerMultiprocessor);
  expect(p.copyEngines).toBeGreaterThanOrEqual(2);
  expect(p.vramBytes % 65536).toBe(0);
  expect(p.kernelExecTimeout).toBe(p.kernelExecTimeout && p.jobTimeoutNs > 0);
  // Double data rate memory: the published bandwidth follows from clock and width, within rounding.
  if (p.id !== "tiny") expect((p.memoryClockHz * 2 * p.memoryBusBits) / 8 / p.memoryBandwidth).toBeCloseTo(1, 1);
});

test("published arithmetic throughput follows from lanes and clock", () => {
  const tflops = (id: string): number => {
    const p = findProfile(id);
    return (p.multiprocessors * p.instructionsPerClock * 2 * p.clockHz) / 1e12;
  };
  expect(tflops("a100")).toBeCloseTo(19.5, 1);
  expect(tflops("h100")).toBeCloseTo(66.9, 1);
  expect(tflops("mi250x")).toBeCloseTo(23.9, 1);
});
