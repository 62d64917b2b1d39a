import type { Caller } from "../../api/caller.ts";
import { subscribe, visibleDevices, type InstanceNodes } from "../../api/visible-devices.ts";
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
  const visible = visibleDevices(t);
  const everything = typeof names === "number" ? [] : names.filter((each) => each.startsWith("renderD")).toSorted().map((name) => ({ node: name, instance: null }));
  const add = (node: string, instance: InstanceNodes | null, nvidia: boolean): void => {
    const fd = t.sys.open(`${NODES}/${node}`, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    const query = { info: null as DeviceInfo | null };
    const refused = (instance !== null && subscribe(t, fd, instance) < 0) || t.sys.ioctl(fd, "GLASS_DEVICE_QUERY", query) < 0;
    if (refused || query.info === null || (!nvidia && query.info.profile.vendor === "nvidia")) {
      t.sys.close(fd);
      return;
    }
    const device = new DeviceObject(found.length, `${NODES}/${node}`, fd, query.info);
    device.handle = state.devices.add(device);
    found.push(device);
  };
  // Where NVIDIA's environment variables or partitions make a choice, those that are left come first.
  for (const { node, instance } of visible ?? []) add(node, instance, true);
  for (const { node, instance } of everything) add(node, instance, visible === null);
  state.roots = found;
  return found;
}

/** The device behind a handle. */
export function deviceOf(t: Caller, handle: number | null): DeviceObject | undefined {
  return handle === null ? undefined : stateOf(t).devices.get(handle);
}
