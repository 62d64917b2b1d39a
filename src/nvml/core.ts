import { stateKey, type Caller, type StateKey } from "../api/caller.ts";
import { HandleTable } from "../api/handles.ts";
import type { ComputeInstanceInfo, GpuInstanceInfo, NvGpuInfo, NvGpuStatus } from "../kernel/sys/nv-uapi.ts";
import type { IoctlName, IoctlTable } from "../kernel/sys/uapi.ts";
import { O_CLOEXEC, O_RDONLY, O_RDWR } from "../kernel/sys/sys.ts";
import { nvmlReturn_t } from "./abi.ts";
import { codeOf, fail } from "./errors.ts";

/** What a device handle means: a GPU, or one of its MIG devices. */
export interface NvmlDevice {
  readonly minor: number;
  readonly mig: { readonly gi: number; readonly ci: number } | null;
}

/** What an instance handle means. */
export interface NvmlInstance {
  readonly minor: number;
  readonly gi: number;
  /** Null: the GPU instance itself. */
  readonly ci: number | null;
}

/** NVML's state in a process. Handles mean places, not objects: what is not there any more is found out when it is asked for. */
export interface NvmlState {
  /** Times initialised, less times shut down. */
  users: number;
  /** Descriptor of /dev/nvidiactl. */
  control: number;
  /** Descriptor of the right to partition GPUs, opened when first needed; negative errno when that failed. */
  config: number | null;
  readonly devices: HandleTable<NvmlDevice>;
  readonly instances: HandleTable<NvmlInstance>;
  readonly handles: Map<string, number>;
}

const DEVICES = 0x60;
const INSTANCES = 0x61;

const key: StateKey<NvmlState> = stateKey<NvmlState>("nvml", (t) => ({
  users: 0, control: -1, config: null, devices: new HandleTable<NvmlDevice>(DEVICES, t.process.pid), instances: new HandleTable<NvmlInstance>(INSTANCES, t.process.pid), handles: new Map<string, number>(),
}));

/** The state of the calling process, initialised or not. */
export function stateOf(t: Caller): NvmlState {
  return t.processState(key);
}

/** The state when the library is initialised, else UNINITIALIZED. */
export function enter(t: Caller): NvmlState | nvmlReturn_t {
  const state = stateOf(t);
  return state.users > 0 ? state : fail(t, nvmlReturn_t.NVML_ERROR_UNINITIALIZED, "nvmlInit_v2 must have been called");
}

/** The handle of a device: always the same for the same place. */
export function deviceHandle(state: NvmlState, device: NvmlDevice): number {
  const name = `${device.minor}/${device.mig === null ? "" : `${device.mig.gi}/${device.mig.ci}`}`;
  let handle = state.handles.get(name);
  if (handle === undefined) state.handles.set(name, (handle = state.devices.add(device)));
  return handle;
}

/** The same for instances. */
export function instanceHandle(state: NvmlState, instance: NvmlInstance): number {
  const name = `i${instance.minor}/${instance.gi}/${instance.ci ?? ""}`;
  let handle = state.handles.get(name);
  if (handle === undefined) state.handles.set(name, (handle = state.instances.add(instance)));
  return handle;
}

/** A request of the control node. @returns 0 or a code, explained */
export function request<K extends IoctlName>(t: Caller, state: NvmlState, name: K, arg: IoctlTable[K]): nvmlReturn_t {
  const result = t.sys.ioctl(state.control, name, arg);
  return result < 0 ? fail(t, codeOf(result), "the driver refuses the request", { request: name, errno: result }) : 0;
}

/** All GPUs, by minor; null when the driver does not answer. */
export function gpusOf(t: Caller, state: NvmlState): readonly NvGpuInfo[] | null {
  const arg: IoctlTable["NV_GPU_LIST"] = { gpus: [] };
  return t.sys.ioctl(state.control, "NV_GPU_LIST", arg) < 0 ? null : arg.gpus;
}

/** A device that a call is about. */
export interface Entered {
  readonly state: NvmlState;
  readonly device: NvmlDevice;
  readonly gpu: NvGpuInfo;
}

/** Checks initialisation, then the handle. GPU_IS_LOST when its GPU is not there any more. */
export function enterDevice(t: Caller, handle: number | null): Entered | nvmlReturn_t {
  const state = enter(t);
  if (typeof state === "number") return state;
  const device = handle === null ? undefined : state.devices.get(handle);
  if (device === undefined) return fail(t, nvmlReturn_t.NVML_ERROR_INVALID_ARGUMENT, "device must be a device's handle", { device: handle });
  const gpu = gpusOf(t, state)?.find(({ minor }) => minor === device.minor);
  return gpu === undefined ? fail(t, nvmlReturn_t.NVML_ERROR_GPU_IS_LOST, "the GPU has fallen off the bus", { minor: device.minor }) : { state, device, gpu };
}

/** The same for functions that mean whole GPUs only: NOT_SUPPORTED for MIG devices. */
export function enterGpu(t: Caller, handle: number | null): Entered | nvmlReturn_t {
  const entered = enterDevice(t, handle);
  if (typeof entered === "number" || entered.device.mig === null) return entered;
  return fail(t, nvmlReturn_t.NVML_ERROR_NOT_SUPPORTED, "the query is not supported on a MIG device");
}

/** Sensors and counters of a device's GPU. */
export function statusOf(t: Caller, { state, device }: Entered): NvGpuStatus | nvmlReturn_t {
  const arg: IoctlTable["NV_GPU_STATUS"] = { gpu: device.minor, status: null };
  const code = request(t, state, "NV_GPU_STATUS", arg);
  if (code !== 0) return code;
  return arg.status!.lost ? fail(t, nvmlReturn_t.NVML_ERROR_GPU_IS_LOST, "the GPU has fallen off the bus", { minor: device.minor }) : arg.status!;
}

/** GPU instances of a GPU, by id. */
export function instancesOf(t: Caller, state: NvmlState, gpu: number): readonly GpuInstanceInfo[] {
  const arg: IoctlTable["NV_MIG_INSTANCES"] = { gpu, instances: [] };
  return t.sys.ioctl(state.control, "NV_MIG_INSTANCES", arg) < 0 ? [] : arg.instances;
}

/** A MIG device: compute instance and GPU instance; null when it is gone. */
export function migOf(t: Caller, { state, device }: Entered): { readonly gi: GpuInstanceInfo; readonly ci: ComputeInstanceInfo } | null {
  const gi = instancesOf(t, state, device.minor).find(({ id }) => id === device.mig?.gi);
  const ci = gi?.compute.find(({ id }) => id === device.mig?.ci);
  return gi === undefined || ci === undefined ? null : { gi, ci };
}

/** A descriptor of the right to partition GPUs, or a negative errno. */
export function configRight(t: Caller, state: NvmlState): number {
  if (state.config === null || state.config < 0) {
    const text = t.sys.readFile("/proc/driver/nvidia/capabilities/mig/config");
    const minor = typeof text === "string" ? /DeviceFileMinor: (\d+)/.exec(text)?.[1] : undefined;
    state.config = minor === undefined ? -2 : t.sys.open(`/dev/nvidia-caps/nvidia-cap${minor}`, O_RDONLY | O_CLOEXEC);
  }
  return state.config;
}

/** Opens the control node. @returns a descriptor or a negative errno */
export function openControl(t: Caller): number {
  return t.sys.open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);
}
