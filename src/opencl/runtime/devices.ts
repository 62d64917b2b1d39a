import type { Caller } from "../../api/caller.ts";
import { O_CLOEXEC, O_RDWR } from "../../kernel/sys/sys.ts";
import type { DeviceInfo } from "../../kernel/sys/uapi.ts";
import { DeviceObject } from "./device-object.ts";
import { stateOf } from "./state.ts";

const NODES = "/dev/dri";

/**
 * The root devices, found as an installable client driver finds them: every render node is opened and asked what it is. Those that
 * this process may not open are not there for it.
 */
export function rootDevices(t: Caller): readonly DeviceObject[] {
  const state = stateOf(t);
  if (state.roots !== null) return state.roots;
  const names = t.sys.readdir(NODES);
  const found: DeviceObject[] = [];
  for (const name of typeof names === "number" ? [] : names.filter((each) => each.startsWith("renderD")).toSorted()) {
    const node = `${NODES}/${name}`;
    const fd = t.sys.open(node, O_RDWR | O_CLOEXEC);
    if (fd < 0) continue;
    const query = { info: null as DeviceInfo | null };
    if (t.sys.ioctl(fd, "GLASS_DEVICE_QUERY", query) < 0 || query.info === null) {
      t.sys.close(fd);
      continue;
    }
    const device = new DeviceObject(found.length, node, fd, query.info);
    device.handle = state.devices.add(device);
    found.push(device);
  }
  state.roots = found;
  return found;
}

/** The device behind a handle. */
export function deviceOf(t: Caller, handle: number | null): DeviceObject | undefined {
  return handle === null ? undefined : stateOf(t).devices.get(handle);
}
