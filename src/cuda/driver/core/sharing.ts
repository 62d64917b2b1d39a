import type { Caller } from "../../../api/caller.ts";
import type { Device } from "./device.ts";
import { Backing } from "./space.ts";

/** Memory that passes between processes: as a dma-buf descriptor, or as a name that any process may be told. */

/** Closes a handle of the naming file, and passes a result on. */
function closing(t: Caller, fd: number, handle: number, result: number): number {
  t.sys.ioctl(fd, "DRM_IOCTL_GEM_CLOSE", { handle });
  return result;
}

/** Name of a dma-buf's memory on a device. @returns the name, or a negative errno. */
function nameOf(t: Caller, device: Device, dmaBuf: number): number {
  const fd = device.naming(t);
  if (fd < 0) return fd;
  const prime = { fd: dmaBuf, handle: 0 };
  const error = t.sys.ioctl(fd, "DRM_IOCTL_PRIME_FD_TO_HANDLE", prime);
  if (error < 0) return error;
  const flink = { handle: prime.handle, name: 0 };
  const named = t.sys.ioctl(fd, "DRM_IOCTL_GEM_FLINK", flink);
  return closing(t, fd, prime.handle, named < 0 ? named : flink.name);
}

/** Name of a process's memory. @returns the name, or a negative errno. */
export function nameMemory(t: Caller, device: Device, backing: Backing): number {
  const dmaBuf = backing.exportFd(t);
  if (dmaBuf < 0) return dmaBuf;
  const name = nameOf(t, device, dmaBuf);
  t.sys.close(dmaBuf);
  return name;
}

/** Takes a dma-buf into the device's own file. Memory that is there already is counted once more. */
function adopt(t: Caller, device: Device, dmaBuf: number, size: number): Backing | number {
  const prime = { fd: dmaBuf, handle: 0 };
  const error = t.sys.ioctl(device.fd, "DRM_IOCTL_PRIME_FD_TO_HANDLE", prime);
  if (error < 0) return error;
  const known = device.handles.get(prime.handle);
  if (known === undefined) return new Backing(device, prime.handle, size);
  known.reference();
  return known;
}

/** The memory of a name. @returns it, or a negative errno: -ENOENT when it is gone. */
export function openNamed(t: Caller, device: Device, name: number): Backing | number {
  const fd = device.naming(t);
  if (fd < 0) return fd;
  const open = { name, handle: 0, size: 0 };
  const error = t.sys.ioctl(fd, "DRM_IOCTL_GEM_OPEN", open);
  if (error < 0) return error;
  const exported = { handle: open.handle, flags: 0, fd: -1 };
  const failed = closing(t, fd, open.handle, t.sys.ioctl(fd, "DRM_IOCTL_PRIME_HANDLE_TO_FD", exported));
  if (failed < 0) return failed;
  const backing = adopt(t, device, exported.fd, open.size);
  t.sys.close(exported.fd);
  return backing;
}

/** The memory of a dma-buf descriptor, which stays the caller's. @returns it, or a negative errno. */
export function importDmaBuf(t: Caller, device: Device, dmaBuf: number): Backing | number {
  // A name tells the size, which a descriptor does not.
  const name = nameOf(t, device, dmaBuf);
  if (name < 0) return name;
  const fd = device.naming(t);
  const open = { name, handle: 0, size: 0 };
  const error = t.sys.ioctl(fd, "DRM_IOCTL_GEM_OPEN", open);
  if (error < 0) return error;
  closing(t, fd, open.handle, 0);
  return adopt(t, device, dmaBuf, open.size);
}
