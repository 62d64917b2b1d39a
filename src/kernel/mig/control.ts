import { Errno } from "../errors.ts";
import type { FileDriver, SysCaller } from "../fs/file.ts";
import type { GpuInstanceInfo, NvIoctlTable } from "../sys/nv-uapi.ts";
import type { IoctlName, IoctlTable } from "../sys/uapi.ts";
import { accessMinor, capabilityNode, CapabilityFile } from "./capabilities.ts";
import type { GpuInstance } from "./instances.ts";
import type { MigGpu } from "./mig.ts";
import type { NvGpu, NvidiaDriver } from "./nvidia.ts";
import { API_VERSION, gpuStatus, processesOf } from "./status.ts";

type Name = Exclude<keyof NvIoctlTable, `NV_MPS_${string}`>;
type Handler<K extends Name> = (driver: NvidiaDriver, caller: SysCaller, arg: NvIoctlTable[K]) => number;

/** The partition of a GPU, if the caller may see it. -ENODEV, -EOPNOTSUPP */
function migOf(driver: NvidiaDriver, gpu: number): MigGpu | number {
  const found = driver.find(gpu);
  if (found === undefined) return -Errno.ENODEV;
  return found.mig ?? -Errno.EOPNOTSUPP;
}

/** The same for changes: the caller shows an open "mig/config" capability. -EACCES */
function configure(driver: NvidiaDriver, caller: SysCaller, gpu: number, capability: number): MigGpu | number {
  const mig = migOf(driver, gpu);
  if (typeof mig === "number") return mig;
  const right = caller.process.files.get(capability)?.driver;
  return right instanceof CapabilityFile && right.right === "config" ? mig : -Errno.EACCES;
}

/** A GPU that the caller may administer: -ENODEV, -EPERM */
function administer(driver: NvidiaDriver, caller: SysCaller, gpu: number): NvGpu | number {
  const found = driver.find(gpu);
  if (found === undefined) return -Errno.ENODEV;
  return caller.process.cred.capabilities.has("CAP_SYS_ADMIN") ? found : -Errno.EPERM;
}

function instanceInfo(gpu: number, gi: GpuInstance): GpuInstanceInfo {
  const { profile, device } = gi;
  return {
    id: gi.id, profile: profile.id, name: `MIG ${profile.name}`, start: gi.start, size: profile.memorySlices, memoryTotal: device.gpu.vram.total, memoryUsed: device.gpu.vram.used,
    copyEngines: profile.copyEngines, decoders: profile.decoders, encoders: profile.encoders, jpeg: profile.jpeg, ofa: profile.ofa, capability: capabilityNode(accessMinor(gpu, gi.id, null)),
    compute: [...gi.compute.values()].toSorted((a, b) => a.id - b.id).map((ci) => ({
      id: ci.id, profile: ci.profile.id, name: ci.name, uuid: ci.slice.uuid, start: ci.start, slices: ci.profile.slices, multiprocessors: ci.profile.multiprocessors, clients: ci.clients.length,
      capability: capabilityNode(accessMinor(gpu, gi.id, ci.id)),
    })),
  };
}

const handlers: { readonly [K in Name]: Handler<K> } = {
  NV_GPU_LIST(driver, _caller, arg) {
    arg.gpus = driver.gpus.map(({ device, mig, timeslice }) => ({
      minor: device.index, name: device.gpu.profile.name, uuid: device.uuid, pci: device.name, renderNode: device.renderNode, vramTotal: device.gpu.vram.total,
      vramUsed: [...(mig?.instances.values() ?? [])].reduce((sum, gi) => sum + gi.device.gpu.vram.used, device.gpu.vram.used), computeCapability: device.gpu.profile.computeCapability,
      speed: device.gpu.profile.multiprocessors * device.gpu.profile.instructionsPerClock * device.gpu.profile.clockHz, clients: device.files.size, mig: mig?.mode ?? null, timeslice,
    }));
    return 0;
  },
  NV_GPU_STATUS(driver, _caller, arg) {
    const found = driver.find(arg.gpu);
    if (found === undefined) return -Errno.ENODEV;
    arg.status = gpuStatus(found);
    return 0;
  },
  NV_GPU_PROCESSES(driver, _caller, arg) {
    const found = driver.find(arg.gpu);
    if (found === undefined) return -Errno.ENODEV;
    arg.processes = processesOf(found);
    return 0;
  },
  NV_SYSTEM(driver, _caller, arg) {
    arg.driverVersion = driver.gpus[0]!.device.gpu.profile.driverVersion;
    arg.apiVersion = API_VERSION;
    return 0;
  },
  NV_MIG_SET_MODE(driver, caller, arg) {
    const mig = configure(driver, caller, arg.gpu, arg.capability);
    if (typeof mig === "number") return mig;
    arg.state = mig.setMode(arg.enable);
    return 0;
  },
  NV_MIG_PROFILES(driver, _caller, arg) {
    const mig = migOf(driver, arg.gpu);
    if (typeof mig === "number") return mig;
    if (!mig.mode.current) return -Errno.EOPNOTSUPP;
    arg.profiles = mig.profiles();
    return 0;
  },
  NV_MIG_COMPUTE_PROFILES(driver, _caller, arg) {
    const mig = migOf(driver, arg.gpu);
    if (typeof mig === "number") return mig;
    const profiles = mig.computeProfiles(arg.gi);
    if (typeof profiles === "number") return profiles;
    arg.profiles = profiles;
    return 0;
  },
  NV_MIG_GI_CREATE(driver, caller, arg) {
    const mig = configure(driver, caller, arg.gpu, arg.capability);
    if (typeof mig === "number") return mig;
    const id = mig.create(arg.profile, arg.start);
    if (id < 0) return id;
    arg.gi = id;
    return 0;
  },
  NV_MIG_GI_DESTROY(driver, caller, arg) {
    const mig = configure(driver, caller, arg.gpu, arg.capability);
    return typeof mig === "number" ? mig : mig.destroy(arg.gi);
  },
  NV_MIG_CI_CREATE(driver, caller, arg) {
    const mig = configure(driver, caller, arg.gpu, arg.capability);
    if (typeof mig === "number") return mig;
    const ci = mig.createCompute(arg.gi, arg.profile);
    if (typeof ci === "number") return ci;
    arg.ci = ci.id;
    arg.created = ci.profile.id;
    return 0;
  },
  NV_MIG_CI_DESTROY(driver, caller, arg) {
    const mig = configure(driver, caller, arg.gpu, arg.capability);
    return typeof mig === "number" ? mig : mig.destroyCompute(arg.gi, arg.ci);
  },
  NV_MIG_INSTANCES(driver, _caller, arg) {
    const mig = migOf(driver, arg.gpu);
    if (typeof mig === "number") return mig;
    arg.instances = [...mig.instances.values()].toSorted((a, b) => a.id - b.id).map((gi) => instanceInfo(arg.gpu, gi));
    return 0;
  },
  NV_GPU_RESET(driver, caller, arg) {
    const gpu = administer(driver, caller, arg.gpu);
    if (typeof gpu === "number") return gpu;
    if (gpu.mig !== null) return gpu.mig.reset();
    return gpu.device.files.size > 0 ? -Errno.EBUSY : 0;
  },
  NV_SET_TIMESLICE(driver, caller, arg) {
    const gpu = administer(driver, caller, arg.gpu);
    if (typeof gpu === "number") return gpu;
    return gpu.setTimeslice(arg.value) ? 0 : -Errno.EINVAL;
  },
};

/** One open of /dev/nvidiactl. It has no state: every request names its GPU. */
export class ControlFile implements FileDriver {
  readonly kind = "nvidiactl";
  private readonly driver: NvidiaDriver;

  constructor(driver: NvidiaDriver) {
    this.driver = driver;
  }

  /** -ENOTTY: no request of this node; -EFAULT: no argument. */
  ioctl<K extends IoctlName>(caller: SysCaller, request: K, arg: IoctlTable[K]): number {
    const handler = (handlers as { readonly [name in IoctlName]?: unknown })[request] as ((driver: NvidiaDriver, caller: SysCaller, arg: unknown) => number) | undefined;
    if (handler === undefined) return -Errno.ENOTTY;
    if (arg === null || typeof arg !== "object") return -Errno.EFAULT;
    return handler(this.driver, caller, arg);
  }

  release(): void {}
}
