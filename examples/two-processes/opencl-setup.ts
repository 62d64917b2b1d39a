import { out, type SimProcess } from "glassgpu";
import type { Blocking } from "glassgpu/kernel";
import {
  CL_COMPILER_NOT_AVAILABLE, CL_DEVICE_NAME, CL_DEVICE_PCI_BUS_INFO_KHR, CL_DEVICE_TYPE_GPU, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, CL_QUEUE_PROPERTIES, type cl_command_queue, type cl_context,
  type cl_device_id, type cl_device_pci_bus_info_khr, type cl_int, type cl_platform_id, type cl_program,
} from "glassgpu/opencl";
import { kernelBytes, kernelFile } from "../lib/files.ts";
import type { Board } from "./board.ts";

/** What process B works with. */
export interface Setup {
  readonly context: cl_context;
  readonly queue: cl_command_queue;
  readonly program: cl_program;
}

/** Looks on the PCI bus for display controllers (class 03), as an operating system finds its GPUs. */
function gpusOnBus(p: SimProcess): string[] {
  const names = p.sys.readdir("/sys/bus/pci/devices");
  if (typeof names === "number") return [];
  return names.filter((name) => String(p.sys.readFile(`/sys/bus/pci/devices/${name}/class`)).startsWith("0x03"));
}

/** "0000:01:00.0", as sysfs writes it. */
function busAddress(bus: cl_device_pci_bus_info_khr): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  return `${hex(bus.pci_domain, 4)}:${hex(bus.pci_bus, 2)}:${hex(bus.pci_device, 2)}.${bus.pci_function}`;
}

/** Finds the device through the PCI bus and through OpenCL, makes a context and an out-of-order queue, builds the program. */
export function* setUp(p: SimProcess, board: Board): Blocking<Setup> {
  const cl = p.opencl;
  for (const name of gpusOnBus(p)) {
    const [vendor, device] = ["vendor", "device"].map((file) => String(p.sys.readFile(`/sys/bus/pci/devices/${name}/${file}`)).trim());
    board.say("B", `found ${name} on the PCI bus: vendor ${vendor}, device ${device}`);
  }
  const platforms = out<cl_platform_id[]>();
  board.check(yield* cl.clGetPlatformIDs(1, platforms, null));
  const devices = out<cl_device_id[]>();
  board.check(yield* cl.clGetDeviceIDs(platforms.value[0]!, CL_DEVICE_TYPE_GPU, 1, devices, null));
  const [device] = devices.value as [cl_device_id];
  const [name, bus] = [out<string>(), out<cl_device_pci_bus_info_khr>()];
  board.check(yield* cl.clGetDeviceInfo(device, CL_DEVICE_NAME, 256, name, null));
  board.check(yield* cl.clGetDeviceInfo(device, CL_DEVICE_PCI_BUS_INFO_KHR, 16, bus, null));
  const at = busAddress(bus.value);
  board.say("B", `OpenCL calls it ${name.value}, at ${at}: ${gpusOnBus(p).includes(at) ? "the same device" : "not on the bus"}`);

  const code = out<cl_int>();
  const context = yield* cl.clCreateContext(null, 1, [device], null, null, code);
  board.check(code.value);
  const queue = yield* cl.clCreateCommandQueueWithProperties(context, device, [CL_QUEUE_PROPERTIES, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, 0], code);
  board.check(code.value);
  const program = yield* build(p, board, context, device);
  return { context, queue, program };
}

/** Builds the program from source; where this computer has no Clang, from the binary that was made of the same source. */
function* build(p: SimProcess, board: Board, context: cl_context, device: cl_device_id): Blocking<cl_program> {
  const cl = p.opencl;
  const code = out<cl_int>();
  let program = yield* cl.clCreateProgramWithSource(context, 1, [kernelFile("counter.cl")], null, code);
  board.check(code.value);
  const built = yield* cl.clBuildProgram(program, 1, [device], "-cl-std=CL3.0", null, null);
  if (built !== CL_COMPILER_NOT_AVAILABLE) {
    board.check(built);
    board.say("B", "built counter, saxpy and peek from source");
    return program;
  }
  const binary = kernelBytes("counter.bin");
  program = yield* cl.clCreateProgramWithBinary(context, 1, [device], [binary.length], [binary], null, code);
  board.check(code.value);
  board.check(yield* cl.clBuildProgram(program, 1, [device], "", null, null));
  board.say("B", "cannot build OpenCL C, because this computer has no Clang (npm install @yowasp/clang); loaded the same program as a binary");
  return program;
}
