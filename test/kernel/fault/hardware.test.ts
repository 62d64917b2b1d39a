import { describe, expect, test } from "vitest";
import * as cu from "../../../src/cuda/abi/driver/constants.ts";
import { out, type Out } from "../../../src/api/out.ts";
import type { cl_device_id, cl_platform_id } from "../../../src/opencl/abi/types.ts";
import { createMachine, type Machine, type MachineOptions } from "../../../src/machine.ts";

const MB = 2 ** 20;
const DEBUG = "/sys/kernel/debug";

const processOf = (machine: Machine, pid: number) => machine.kernel.processes.get(pid)!;

/** A CUDA program with memory, warm. */
function start(options: MachineOptions = {}) {
  const machine = createMachine({ gpus: ["a100-pcie-40gb"], trace: true, ...options });
  const p = machine.process("app");
  const { cuda } = p;
  const made = <T>(call: (o: Out<T>) => number): T => {
    const box = out<T>();
    expect(call(box)).toBe(0);
    return box.value;
  };
  expect(cuda.cuInit(0)).toBe(0);
  const context = made<never>((o) => cuda.cuCtxCreate(o as never, null, 0, 0));
  const a = made<number>((o) => cuda.cuMemAlloc(o, MB));
  const b = made<number>((o) => cuda.cuMemAlloc(o, MB));
  const stream = made<never>((o) => cuda.cuStreamCreate(o as never, 0));
  const copy = (): number => cuda.cuMemcpyDtoDAsync(b, a, MB, stream);
  const sync = (): number => cuda.cuStreamSynchronize(stream);
  /** Virtual ns that n copies, then waiting for them take. */
  const time = (n = 1): number => {
    const before = machine.now;
    for (let i = 0; i < n; i++) expect(copy()).toBe(0);
    expect(sync()).toBe(0);
    return machine.now - before;
  };
  time();
  const set = (name: string, values: Readonly<Record<string, string | number>>): void => {
    for (const [file, value] of Object.entries(values)) expect(p.sys.writeFile(`${DEBUG}/${name}/${file}`, String(value))).toBeGreaterThan(0);
  };
  return { machine, p, cuda, a, b, stream, copy, sync, time, set, context };
}

/** Ends the program: nothing is left. */
function finish({ machine, p }: Pick<ReturnType<typeof start>, "machine" | "p">): void {
  machine.checkInvariants();
  machine.kernel.kill(processOf(machine, p.sys.pid));
  machine.run();
  machine.checkInvariants();
  const { drm, processes } = machine.objectCounts();
  expect({ ...drm, ...processes }).toEqual(Object.fromEntries(Object.keys({ ...drm, ...processes }).map((key) => [key, 0])));
}

describe("DMA", () => {
  test("a transfer that fails: LAUNCH_FAILED from then on, and nothing of it stays", () => {
    const f = start();
    f.set("fail_dma", { probability: 100 });
    expect(f.copy()).toBe(0);
    expect(f.sync()).toBe(cu.CUDA_ERROR_LAUNCH_FAILED);
    expect(f.copy()).toBe(cu.CUDA_ERROR_LAUNCH_FAILED);
    const other = f.machine.process("other");
    other.cuda.cuInit(0);
    expect(other.cuda.cuCtxCreate(out(), null, 0, 0)).toBe(0);
    expect(other.cuda.cuMemAlloc(out(), MB)).toBe(0);
    f.machine.kernel.kill(processOf(f.machine, other.sys.pid));
    finish(f);
  });

  test("a transfer that comes late: the same result, later", () => {
    const f = start();
    const plain = f.time();
    f.set("fail_dma", { probability: 100, delay_ns: 5_000_000 });
    expect(f.time() - plain).toBeGreaterThan(4_900_000);
    expect(f.time()).toBeLessThan(2 * plain);
    finish(f);
  });

  test("OpenCL: the command ends with CL_OUT_OF_RESOURCES, the next one works", () => {
    const machine = createMachine({ gpus: ["tiny"], faults: { fail_dma: { probability: 100, times: 1 } } });
    const app = machine.process("app");
    const cl = app.throwing.opencl;
    const [platforms, devices] = [out<cl_platform_id[]>(), out<cl_device_id[]>()];
    app.opencl.clGetPlatformIDs(1, platforms, null);
    app.opencl.clGetDeviceIDs(platforms.value[0]!, 0xffffffff, 1, devices, null);
    const device = devices.value[0]!;
    const context = cl.clCreateContext(null, 1, [device], null, null);
    const queue = cl.clCreateCommandQueueWithProperties(context, device, null);
    const buffer = cl.clCreateBuffer(context, 0, 4096, null);
    expect(() => cl.clEnqueueWriteBuffer(queue, buffer, 1, 0, 4096, new Uint8Array(4096), 0, null)).toThrow(/CL_OUT_OF_RESOURCES|CL_EXEC_STATUS_ERROR/);
    cl.clEnqueueWriteBuffer(queue, buffer, 1, 0, 4096, new Uint8Array(4096).fill(7), 0, null);
    const back = new Uint8Array(4096);
    cl.clEnqueueReadBuffer(queue, buffer, 1, 0, 4096, back, 0, null);
    expect(back.every((byte) => byte === 7)).toBe(true);
    machine.checkInvariants();
  });
});

describe("ends that are noticed late", () => {
  test("a fence signals late", () => {
    const f = start();
    const plain = f.time();
    f.set("fail_fence", { probability: 100, delay_ns: 3_000_000 });
    expect(f.time() - plain).toBeGreaterThan(2_900_000);
    finish(f);
  });

  test("a lost interrupt is found by the next one of the ring", () => {
    const f = start();
    const plain = f.time(2);
    f.set("fail_irq", { probability: 100 });
    expect(f.copy()).toBe(0);
    const before = f.machine.now;
    // The other stream's end shows the first one's too.
    const second = out<never>();
    f.cuda.cuStreamCreate(second as never, 1);
    f.cuda.cuMemcpyDtoDAsync(f.b, f.a, MB, second.value);
    expect(f.sync()).toBe(0);
    expect(f.machine.now - before).toBeLessThan(10 * plain);
    finish(f);
  });

  test("or by the fallback timer, half a second later", () => {
    const f = start();
    f.set("fail_irq", { probability: 100 });
    expect(f.time()).toBeGreaterThan(500_000_000);
    expect(f.time()).toBeLessThan(1_000_000);
    finish(f);
  });

  test("or by the job's timeout, which finds no hang", () => {
    const f = start({ scheduler: { timeoutNs: 50_000_000 } });
    f.set("fail_irq", { probability: 100 });
    const took = f.time();
    expect(took).toBeGreaterThan(40_000_000);
    expect(took).toBeLessThan(100_000_000);
    expect(f.machine.trace().some((event) => event.name === "gpu:timeout")).toBe(false);
    finish(f);
  });

  test.each(["fail_irq", "fail_fence"])("%s, and the program is killed meanwhile: the job ends once", (name) => {
    const f = start();
    f.set(name, { probability: 100 });
    expect(f.copy()).toBe(0);
    f.machine.kernel.events.advance(f.machine.now + 100_000);
    f.machine.checkInvariants();
    finish(f);
  });

  test("and the GPU is reset meanwhile", () => {
    const f = start();
    f.set("fail_irq", { probability: 100 });
    expect(f.copy()).toBe(0);
    f.machine.kernel.events.advance(f.machine.now + 100_000);
    f.p.sys.readFile(`${DEBUG}/dri/0/gpu_recover`);
    f.machine.checkInvariants();
    expect(f.sync()).not.toBe(0);
    finish(f);
  });
});

describe("a GPU that falls off the bus", () => {
  test("CUDA: the submission fails, then everything; the process ends clean", () => {
    const f = start();
    f.set("fail_bus", { probability: 100 });
    expect(f.copy()).not.toBe(0);
    expect(f.sync()).not.toBe(0);
    expect(f.cuda.cuMemAlloc(out(), MB)).not.toBe(0);
    expect(f.p.sys.open("/dev/dri/renderD128", 2)).toBeLessThan(0);
    finish(f);
  });

  test("a program that waits is told", () => {
    const f = start();
    const waiting = f.copy();
    expect(waiting).toBe(0);
    f.set("fail_bus", { probability: 100 });
    const other = f.machine.process("other");
    other.cuda.cuInit(0);
    other.cuda.cuCtxCreate(out(), null, 0, 0);
    other.cuda.cuMemAlloc(out(), MB);
    other.cuda.cuMemsetD8(f.a, 0, 1);
    const address = out<number>();
    other.cuda.cuMemAlloc(address, MB);
    other.cuda.cuMemsetD8Async(address.value, 0, MB, 0 as never);
    expect(f.cuda.cuCtxSynchronize()).not.toBe(0);
    f.machine.kernel.kill(processOf(f.machine, other.sys.pid));
    finish(f);
  });
});
