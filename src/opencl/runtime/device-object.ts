import type { DeviceInfo } from "../../kernel/sys/uapi.ts";

/** A device: a DRM render node that is held open, and what its driver says of it. Root devices live as long as the process. */
export class DeviceObject {
  handle = 0;
  readonly index: number;
  readonly node: string;
  readonly fd: number;
  readonly info: DeviceInfo;

  constructor(index: number, node: string, fd: number, info: DeviceInfo) {
    this.index = index;
    this.node = node;
    this.fd = fd;
    this.info = info;
  }
}
