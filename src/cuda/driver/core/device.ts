import type { Caller } from "../../../api/caller.ts";
import { subscribe, visibleDevices, type InstanceNodes } from "../../../api/visible-devices.ts";
import { O_CLOEXEC, O_RDWR } from "../../../kernel/sys/sys.ts";
import type { DeviceInfo, GpuProfile } from "../../../kernel/sys/uapi.ts";
import type { Context } from "./context.ts";
import { GpuSpace, type Backing } from "./space.ts";

/** A queue of the kernel with its timeline. */
export interface Queue {
  readonly handle: number;
  /** Syncobj whose point n is the n-th job. */
  readonly timeline: number;
}

/** Where copies run that no single context may do: between contexts, and between devices. No kernel ever runs there. */
export interface TransferSpace {
  readonly space: GpuSpace;
  readonly queue: Queue;
}

/** One GPU, as this process sees it: an open render node and what it reports. */
export class Device {
  readonly ordinal: number;
  readonly path: string;
  readonly fd: number;
  readonly info: DeviceInfo;
  readonly profile: GpuProfile;
  /** The primary context, while it is active. */
  primary: Context | null = null;
  primaryReferences = 0;
  primaryFlags = 0;
  /** The compute instance that it is, or null. */
  readonly instance: InstanceNodes | null;
  /** Memory by its GEM handle in this device's file. */
  readonly handles: Map<number, Backing> = new Map();
  private namingFd = -1;
  private transferSpace: TransferSpace | null = null;
  /** Timelines of other devices' files, imported into this one's: by the other device and its handle. */
  private readonly foreign: Map<Device, Map<number, number>> = new Map();

  constructor(ordinal: number, path: string, fd: number, info: DeviceInfo, instance: InstanceNodes | null) {
    this.instance = instance;
    this.ordinal = ordinal;
    this.path = path;
    this.fd = fd;
    this.info = info;
    this.profile = info.profile;
  }

  /** The device's primary node, where memory can be named (render nodes refuse that); opened on first use. @returns a descriptor, or a negative errno. */
  naming(t: Caller): number {
    if (this.namingFd >= 0) return this.namingFd;
    const fd = t.sys.open(this.path.replace(/renderD(\d+)$/, (_, minor: string) => `card${Number(minor) - 128}`), O_RDWR | O_CLOEXEC);
    const error = fd < 0 || this.instance === null ? 0 : subscribe(t, fd, this.instance);
    if (error < 0) {
      t.sys.close(fd);
      return error;
    }
    return (this.namingFd = fd);
  }

  /** The transfer space; made on first use. @returns it, or a negative errno. */
  transfer(t: Caller): TransferSpace | number {
    if (this.transferSpace !== null) return this.transferSpace;
    const space = GpuSpace.create(t, this);
    if (typeof space === "number") return space;
    const context = { vm: space.vm, notifier: 0, label: "transfers", context: 0 };
    let error = t.sys.ioctl(this.fd, "GLASS_CONTEXT_CREATE", context);
    if (error >= 0) {
      const arg = { context: context.context, engine: "copy" as const, order: "out-of-order" as const, priority: 2 as const, level: 0, label: "transfers", queue: 0, timeline: 0 };
      error = t.sys.ioctl(this.fd, "GLASS_EXEC_QUEUE_CREATE", arg);
      if (error >= 0) return (this.transferSpace = { space, queue: { handle: arg.queue, timeline: arg.timeline } });
      t.sys.ioctl(this.fd, "GLASS_CONTEXT_DESTROY", { context: context.context });
    }
    space.destroy(t);
    return error;
  }

  /** The handle in this device's file for a timeline of another's. @returns it, or a negative errno. */
  importTimeline(t: Caller, from: Device, timeline: number): number {
    if (from === this) return timeline;
    let known = this.foreign.get(from);
    if (known === undefined) this.foreign.set(from, (known = new Map()));
    const old = known.get(timeline);
    if (old !== undefined) return old;
    const out = { handle: timeline, flags: 0, fd: -1 };
    let error = t.sys.ioctl(from.fd, "DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD", out);
    if (error < 0) return error;
    const arg = { fd: out.fd, flags: 0, handle: 0 };
    error = t.sys.ioctl(this.fd, "DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE", arg);
    t.sys.close(out.fd);
    if (error < 0) return error;
    known.set(timeline, arg.handle);
    return arg.handle;
  }
}

/**
 * Opens the NVIDIA GPUs that this process sees. @param connection to an MPS server, or -1
 * @returns them in order, or a negative errno of the MPS server
 */
export function openDevices(t: Caller, connection: number): Device[] | number {
  const names = t.sys.readdir("/dev/dri");
  if (typeof names === "number") return [];
  const everything = names.filter((entry) => entry.startsWith("renderD")).toSorted((a, b) => Number(a.slice(7)) - Number(b.slice(7)));
  const devices: Device[] = [];
  for (const { node, instance } of visibleDevices(t) ?? everything.map((name) => ({ node: name, instance: null }))) {
    const path = `/dev/dri/${node}`;
    const fd = t.sys.open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) continue;
    const query: { info: DeviceInfo | null } = { info: null };
    const refused = (instance !== null && subscribe(t, fd, instance) < 0) || t.sys.ioctl(fd, "GLASS_DEVICE_QUERY", query) < 0;
    if (refused || query.info === null || query.info.profile.vendor !== "nvidia") {
      t.sys.close(fd);
      continue;
    }
    if (connection >= 0) {
      const error = t.sys.ioctl(fd, "GLASS_MPS_ATTACH", { connection });
      if (error >= 0) t.sys.ioctl(fd, "GLASS_DEVICE_QUERY", query);
      if (error < 0) {
        for (const device of devices) t.sys.close(device.fd);
        t.sys.close(fd);
        return error;
      }
    }
    devices.push(new Device(devices.length, path, fd, query.info, instance));
  }
  return devices;
}
