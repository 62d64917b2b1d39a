/**
 * OpenCL 3.0 API specification, 4.2 and 4.3: Querying Devices, Partitioning a Device.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import type { DeviceInfo } from "../kernel/sys/uapi.ts";
import {
  CL_DEVICE_PARTITION_BY_AFFINITY_DOMAIN, CL_DEVICE_PARTITION_BY_COUNTS, CL_DEVICE_PARTITION_BY_COUNTS_LIST_END, CL_DEVICE_PARTITION_EQUALLY, CL_DEVICE_TYPE_ACCELERATOR,
  CL_DEVICE_TYPE_ALL, CL_DEVICE_TYPE_CPU, CL_DEVICE_TYPE_CUSTOM, CL_DEVICE_TYPE_DEFAULT, CL_DEVICE_TYPE_GPU,
} from "./abi/constants.ts";
import {
  CL_DEVICE_NOT_FOUND, CL_INVALID_DEVICE, CL_INVALID_DEVICE_PARTITION_COUNT, CL_INVALID_DEVICE_TYPE, CL_INVALID_PLATFORM, CL_INVALID_VALUE, CL_OUT_OF_RESOURCES, CL_SUCCESS,
} from "./abi/errors.ts";
import type { cl_device_id, cl_device_info, cl_device_partition_property, cl_device_type, cl_int, cl_platform_id, cl_uint, cl_ulong } from "./abi/types.ts";
import { deviceInfo } from "./device-info.ts";
import type { DeviceObject } from "./runtime/device-object.ts";
import { deviceOf, rootDevices } from "./runtime/devices.ts";
import { fail } from "./runtime/fail.ts";
import { reply, type ParamValue } from "./runtime/info.ts";
import { stateOf } from "./runtime/state.ts";

const KNOWN_TYPES = CL_DEVICE_TYPE_DEFAULT | CL_DEVICE_TYPE_CPU | CL_DEVICE_TYPE_GPU | CL_DEVICE_TYPE_ACCELERATOR | CL_DEVICE_TYPE_CUSTOM;

/** Whether a device type names something: a combination of known bits, or CL_DEVICE_TYPE_ALL. */
export function isDeviceType(type: cl_device_type): boolean {
  return type === CL_DEVICE_TYPE_ALL || (type > 0 && (type & ~KNOWN_TYPES) === 0);
}

/** Devices of a type, in order. */
export function devicesOfType(t: Caller, type: cl_device_type): readonly DeviceObject[] {
  const roots = rootDevices(t);
  if (type === CL_DEVICE_TYPE_ALL || (type & CL_DEVICE_TYPE_GPU) !== 0) return roots;
  return (type & CL_DEVICE_TYPE_DEFAULT) !== 0 ? roots.slice(0, 1) : [];
}

/**
 * clGetDeviceIDs. A NULL platform means the only one.
 * @returns CL_INVALID_PLATFORM, CL_INVALID_DEVICE_TYPE, CL_INVALID_VALUE, CL_DEVICE_NOT_FOUND
 */
export function clGetDeviceIDs(t: Caller, platform: cl_platform_id | null, device_type: cl_device_type, num_entries: cl_uint, devices: Out<cl_device_id[]> | null, num_devices: Out<cl_uint> | null): cl_int {
  if (platform !== null && stateOf(t).platforms.get(platform) === undefined) return fail(t, CL_INVALID_PLATFORM, "platform must be a valid platform", { platform });
  if (!isDeviceType(device_type)) return fail(t, CL_INVALID_DEVICE_TYPE, "device_type must be a combination of CL_DEVICE_TYPE_* bits", { device_type });
  if (num_entries === 0 && devices !== null) return fail(t, CL_INVALID_VALUE, "num_entries must be greater than 0 when devices is not NULL");
  if (devices === null && num_devices === null) return fail(t, CL_INVALID_VALUE, "devices and num_devices must not both be NULL");
  const found = devicesOfType(t, device_type);
  if (found.length === 0) return fail(t, CL_DEVICE_NOT_FOUND, "no device of the type asked for", { device_type });
  if (devices !== null) devices.value = found.slice(0, num_entries).map((device) => device.handle as cl_device_id);
  if (num_devices !== null) num_devices.value = found.length;
  return CL_SUCCESS;
}

/** clGetDeviceInfo. @returns CL_INVALID_DEVICE, CL_INVALID_VALUE */
export function clGetDeviceInfo(t: Caller, device: cl_device_id | null, param_name: cl_device_info, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  const object = deviceOf(t, device);
  if (object === undefined) return fail(t, CL_INVALID_DEVICE, "device must be a valid device", { device });
  const answer = deviceInfo(t, object, param_name);
  if (answer === null) return fail(t, CL_INVALID_VALUE, "param_name must be a query of clGetDeviceInfo", { param_name });
  return reply(t, answer, param_value_size, param_value, param_value_size_ret);
}

/**
 * clCreateSubDevices. The devices have no partition scheme, so what is well formed is answered with CL_INVALID_VALUE, as for any
 * scheme that a device does not support.
 * @returns CL_INVALID_DEVICE, CL_INVALID_VALUE, CL_INVALID_DEVICE_PARTITION_COUNT
 */
export function clCreateSubDevices(t: Caller, in_device: cl_device_id | null, properties: readonly cl_device_partition_property[] | null, num_devices: cl_uint, out_devices: Out<cl_device_id[]> | null, num_devices_ret: Out<cl_uint> | null): cl_int {
  const device = deviceOf(t, in_device);
  if (device === undefined) return fail(t, CL_INVALID_DEVICE, "in_device must be a valid device", { in_device });
  if (properties === null || properties.length < 2) return fail(t, CL_INVALID_VALUE, "properties must name a partition scheme");
  if (out_devices !== null && num_devices === 0) return fail(t, CL_INVALID_VALUE, "num_devices must be greater than 0 when out_devices is not NULL");
  if (out_devices === null && num_devices_ret === null) return fail(t, CL_INVALID_VALUE, "out_devices and num_devices_ret must not both be NULL");
  const [scheme, ...rest] = properties;
  const units = device.info.profile.multiprocessors;
  if (scheme === CL_DEVICE_PARTITION_BY_COUNTS) {
    const end = rest.indexOf(CL_DEVICE_PARTITION_BY_COUNTS_LIST_END);
    const counts = rest.slice(0, end < 0 ? rest.length : end);
    if (counts.some((n) => n < 0) || counts.reduce((a, b) => a + b, 0) > units) {
      return fail(t, CL_INVALID_DEVICE_PARTITION_COUNT, "the counts must not be negative, nor together exceed the device's compute units", { counts, units });
    }
  } else if (scheme !== CL_DEVICE_PARTITION_EQUALLY && scheme !== CL_DEVICE_PARTITION_BY_AFFINITY_DOMAIN) {
    return fail(t, CL_INVALID_VALUE, "properties must name a partition scheme", { scheme });
  }
  return fail(t, CL_INVALID_VALUE, "the device supports no partition scheme (CL_DEVICE_PARTITION_PROPERTIES is 0)", { scheme });
}

/** clRetainDevice: nothing happens to root devices. @returns CL_INVALID_DEVICE */
export function clRetainDevice(t: Caller, device: cl_device_id | null): cl_int {
  return deviceOf(t, device) === undefined ? fail(t, CL_INVALID_DEVICE, "device must be a valid device", { device }) : CL_SUCCESS;
}

/** clReleaseDevice: nothing happens to root devices. @returns CL_INVALID_DEVICE */
export function clReleaseDevice(t: Caller, device: cl_device_id | null): cl_int {
  return deviceOf(t, device) === undefined ? fail(t, CL_INVALID_DEVICE, "device must be a valid device", { device }) : CL_SUCCESS;
}

/**
 * clGetDeviceAndHostTimer: both clocks, nanoseconds, read together.
 * @returns CL_INVALID_DEVICE, CL_INVALID_VALUE, CL_OUT_OF_RESOURCES
 */
export function clGetDeviceAndHostTimer(t: Caller, device: cl_device_id | null, device_timestamp: Out<cl_ulong> | null, host_timestamp: Out<cl_ulong> | null): cl_int {
  const object = deviceOf(t, device);
  if (object === undefined) return fail(t, CL_INVALID_DEVICE, "device must be a valid device", { device });
  if (device_timestamp === null || host_timestamp === null) return fail(t, CL_INVALID_VALUE, "device_timestamp and host_timestamp must not be NULL");
  const query = { info: null as DeviceInfo | null };
  const result = t.sys.ioctl(object.fd, "GLASS_DEVICE_QUERY", query);
  if (result < 0 || query.info === null) return fail(t, CL_OUT_OF_RESOURCES, "the device does not answer", { errno: result });
  device_timestamp.value = BigInt(Math.floor(query.info.timestamp));
  host_timestamp.value = BigInt(Math.floor(t.sys.clockGettime()));
  return CL_SUCCESS;
}

/** clGetHostTimer: the host's clock, nanoseconds. @returns CL_INVALID_DEVICE, CL_INVALID_VALUE */
export function clGetHostTimer(t: Caller, device: cl_device_id | null, host_timestamp: Out<cl_ulong> | null): cl_int {
  if (deviceOf(t, device) === undefined) return fail(t, CL_INVALID_DEVICE, "device must be a valid device", { device });
  if (host_timestamp === null) return fail(t, CL_INVALID_VALUE, "host_timestamp must not be NULL");
  host_timestamp.value = BigInt(Math.floor(t.sys.clockGettime()));
  return CL_SUCCESS;
}
