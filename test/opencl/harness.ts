import { bindCoroutine, bindSync, callerOf, type Host } from "../../src/api/bind.ts";
import { Diagnostics, type Diagnostic } from "../../src/api/diagnostics.ts";
import { malloc } from "../../src/api/heap.ts";
import { out, type Out } from "../../src/api/out.ts";
import type { CoroutineApi, SyncApi } from "../../src/api/styles.ts";
import { LinearStore } from "../../src/gpu/linear.ts";
import { findProfile } from "../../src/gpu/profiles/index.ts";
import type { Strategy } from "../../src/kernel/choices.ts";
import type { EventOrder } from "../../src/kernel/clock.ts";
import { attachGpus, type GpuDevice } from "../../src/kernel/drm/attach.ts";
import { Kernel } from "../../src/kernel/machine.ts";
import type { GpuProfile } from "../../src/kernel/sys/uapi.ts";
import type { Blocking } from "../../src/kernel/process/wait.ts";
import * as C from "../../src/opencl/abi/constants.ts";
import { errorNames } from "../../src/opencl/abi/errors.ts";
import type { cl_command_queue, cl_context, cl_device_id, cl_event, cl_int, cl_kernel, cl_mem, cl_platform_id, cl_program } from "../../src/opencl/abi/types.ts";
import { opencl, type OpenCl } from "../../src/opencl/index.ts";
import type { ClSettings } from "../../src/opencl/runtime/settings.ts";
import type { Module } from "../../src/compiler/ir/module.ts";
import { encodeBinary } from "../../src/opencl/runtime/binary.ts";

export interface BenchOptions {
  readonly gpus?: readonly (string | GpuProfile)[];
  readonly strategy?: Strategy;
  readonly order?: EventOrder;
  readonly trace?: boolean;
  readonly settings?: Partial<ClSettings>;
  readonly memoryBytes?: number;
}

/** A process with OpenCL on a machine, and the usual objects made in it. */
export class Bench {
  readonly kernel: Kernel;
  readonly gpus: readonly GpuDevice[];
  readonly host: Host;
  readonly cl: SyncApi<OpenCl>;
  readonly diagnostics: Diagnostics = new Diagnostics();
  readonly platform: cl_platform_id;
  readonly devices: readonly cl_device_id[];
  readonly device: cl_device_id;

  constructor(options: BenchOptions = {}) {
    const store = new LinearStore(options.memoryBytes ?? 2 ** 32);
    this.kernel = new Kernel(store, { ...(options.strategy ? { strategy: options.strategy } : {}), ...(options.order ? { order: options.order } : {}), trace: options.trace ?? false });
    this.gpus = attachGpus(this.kernel, store, (options.gpus ?? ["a100-pcie-40gb"]).map((gpu) => (typeof gpu === "string" ? findProfile(gpu) : gpu)), { hangLimitNs: 10e9 });
    this.host = { kernel: this.kernel, process: this.kernel.createProcess("test", null), diagnostics: this.diagnostics };
    this.cl = bindSync(opencl, this.host);
    const platforms = out<cl_platform_id[]>();
    this.ok(this.cl.clGetPlatformIDs(1, platforms, null));
    this.platform = platforms.value[0]!;
    if (options.settings) this.ok(this.cl.clSetPlatformSettingsGLASS(this.platform, options.settings));
    const devices = out<cl_device_id[]>();
    this.ok(this.cl.clGetDeviceIDs(this.platform, C.CL_DEVICE_TYPE_ALL, 16, devices, null));
    this.devices = devices.value;
    this.device = devices.value[0]!;
  }

  /** OpenCL for simulated threads. */
  get coroutine(): CoroutineApi<OpenCl> {
    return bindCoroutine(opencl, this.host);
  }

  ok(code: cl_int): void {
    if (code !== 0) throw new Error(`${errorNames.get(code) ?? code}: ${this.last()?.message ?? ""} ${JSON.stringify(this.last()?.values ?? {})}`);
  }

  last(): Diagnostic | null {
    return this.diagnostics.last();
  }

  /** Calls something with an errcode_ret and gives what it made; throws when the code is not CL_SUCCESS. */
  make<T>(call: (errcode: Out<cl_int>) => T): T {
    const code = out<cl_int>();
    const made = call(code);
    this.ok(code.value);
    return made;
  }

  /** The code that something with an errcode_ret gives. */
  code(call: (errcode: Out<cl_int>) => unknown): cl_int {
    const code = out<cl_int>();
    call(code);
    return code.value;
  }

  context(devices: readonly cl_device_id[] = [this.device]): cl_context {
    return this.make((e) => this.cl.clCreateContext(null, devices.length, devices, null, null, e));
  }

  queue(context: cl_context, properties = 0, device: cl_device_id = this.device): cl_command_queue {
    return this.make((e) => this.cl.clCreateCommandQueueWithProperties(context, device, [C.CL_QUEUE_PROPERTIES, properties, 0], e));
  }

  buffer(context: cl_context, size: number, flags: number = C.CL_MEM_READ_WRITE, pointer: ArrayBufferView | number | null = null): cl_mem {
    return this.make((e) => this.cl.clCreateBuffer(context, flags, size, pointer, e));
  }

  userEvent(context: cl_context): cl_event {
    return this.make((e) => this.cl.clCreateUserEvent(context, e));
  }

  /** A built program of a module of device IR. */
  program(context: cl_context, module: Module, options: { nonUniform?: boolean; argInfo?: boolean; type?: number } = {}): cl_program {
    const binary = encodeBinary({ type: options.type ?? C.CL_PROGRAM_BINARY_TYPE_EXECUTABLE, options: "", nonUniform: options.nonUniform ?? true, argInfo: options.argInfo ?? false, module });
    const devices = out<number[]>();
    this.ok(this.cl.clGetContextInfo(context, C.CL_CONTEXT_DEVICES, Infinity, devices, null));
    const list = devices.value as cl_device_id[];
    const program = this.make((e) => this.cl.clCreateProgramWithBinary(context, list.length, list, list.map(() => binary.length), list.map(() => binary), null, e));
    if (options.type === undefined) this.ok(this.cl.clBuildProgram(program, 0, null, null, null, null));
    return program;
  }

  kernelOf(program: cl_program, name: string): cl_kernel {
    return this.make((e) => this.cl.clCreateKernel(program, name, e));
  }

  /** Blocking read of a whole buffer as u32. */
  read32(queue: cl_command_queue, mem: cl_mem, count: number, offset = 0): Uint32Array {
    const data = new Uint32Array(count);
    this.ok(this.cl.clEnqueueReadBuffer(queue, mem, C.CL_TRUE, offset, data.byteLength, data, 0, null, null));
    return data;
  }

  write32(queue: cl_command_queue, mem: cl_mem, data: Uint32Array): void {
    this.ok(this.cl.clEnqueueWriteBuffer(queue, mem, C.CL_TRUE, 0, data.byteLength, data, 0, null, null));
  }

  status(event: cl_event): number {
    const status = out<number>();
    this.ok(this.cl.clGetEventInfo(event, C.CL_EVENT_COMMAND_EXECUTION_STATUS, 4, status, null));
    return status.value;
  }

  malloc(bytes: number): number {
    return malloc(callerOf(this.host, this.host.process.main), bytes);
  }

  view(address: number, bytes: number): Uint8Array {
    const memory = this.host.process.mm.view(address, bytes, true);
    if (memory === null) throw new RangeError("segmentation fault");
    return memory;
  }

  /** Lets the machine go on until nothing is left to happen. */
  run(): void {
    this.kernel.runUntilIdle();
  }

  /** Starts a simulated thread of the process. */
  thread(name: string, body: () => Blocking<unknown>): void {
    this.host.process.startThread(name, body(), false);
  }

  checkInvariants(): void {
    this.kernel.checkInvariants();
  }
}
