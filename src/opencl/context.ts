/**
 * OpenCL 3.0 API specification, 4.4: Contexts.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import { Errno } from "../kernel/errors.ts";
import {
  CL_CONTEXT_DEVICES, CL_CONTEXT_INTEROP_USER_SYNC, CL_CONTEXT_NUM_DEVICES, CL_CONTEXT_PLATFORM, CL_CONTEXT_PROPERTIES, CL_CONTEXT_REFERENCE_COUNT, CL_FALSE, CL_TRUE,
} from "./abi/constants.ts";
import {
  CL_DEVICE_NOT_FOUND, CL_INVALID_CONTEXT, CL_INVALID_DEVICE, CL_INVALID_DEVICE_TYPE, CL_INVALID_PLATFORM, CL_INVALID_PROPERTY, CL_INVALID_VALUE, CL_SUCCESS,
} from "./abi/errors.ts";
import type { cl_context, cl_context_info, cl_context_properties, cl_device_id, cl_device_type, cl_int, cl_uint } from "./abi/types.ts";
import { devicesOfType, isDeviceType } from "./device.ts";
import { noCallback } from "./runtime/callback.ts";
import { ContextObject, type ContextNotify, type Slot } from "./runtime/context-object.ts";
import type { DeviceObject } from "./runtime/device-object.ts";
import { deviceOf } from "./runtime/devices.ts";
import { hostCodeOf } from "./runtime/errno.ts";
import { created, fail, failNull } from "./runtime/fail.ts";
import { reply, sizes, uint, type Answer, type ParamValue } from "./runtime/info.ts";
import { duplicateProperty, pairsOf } from "./runtime/properties.ts";
import { stateOf } from "./runtime/state.ts";
import { reap } from "./runtime/submit.ts";
import { GPU_READ, GPU_WRITE } from "../kernel/sys/uapi.ts";

/** The context behind a handle. */
export function contextOf(t: Caller, handle: cl_context | null): ContextObject | undefined {
  return handle === null ? undefined : stateOf(t).contexts.get(handle);
}

/** What is wrong with a property list, or null. */
function badProperties(t: Caller, properties: readonly cl_context_properties[] | null): readonly [typeof CL_INVALID_PLATFORM | typeof CL_INVALID_PROPERTY, string, Record<string, unknown>] | null {
  const pairs = pairsOf(properties);
  for (const [name, value] of pairs) {
    if (name === CL_CONTEXT_PLATFORM) {
      if (stateOf(t).platforms.get(value) === undefined) return [CL_INVALID_PLATFORM, "the value of CL_CONTEXT_PLATFORM must be a valid platform", { value }];
    } else if (name === CL_CONTEXT_INTEROP_USER_SYNC) {
      if (value !== CL_TRUE && value !== CL_FALSE) return [CL_INVALID_PROPERTY, "the value of CL_CONTEXT_INTEROP_USER_SYNC must be CL_TRUE or CL_FALSE", { value }];
    } else return [CL_INVALID_PROPERTY, "properties must name supported context properties only", { name }];
  }
  const twice = duplicateProperty(pairs);
  return twice === null ? null : [CL_INVALID_PROPERTY, "a context property must not be given twice", { name: twice }];
}

/** An address space and a fault domain on one device. @returns it or a negative errno */
function openSlot(t: Caller, index: number, device: DeviceObject): Slot | number {
  const notifier = stateOf(t).words.take(t);
  if (notifier === 0) return -Errno.ENOMEM;
  t.sys.store32(notifier, 0);
  const { info } = device;
  const shares = info.profile.svm?.fineGrainSystem === true;
  const vm = { faultMode: shares, vm: 0 };
  let result = t.sys.ioctl(device.fd, "GLASS_VM_CREATE", vm);
  // Fine-grained system SVM: all that the process has, below what is mapped by name.
  if (result >= 0 && shares) result = t.sys.ioctl(device.fd, "GLASS_VM_BIND", { vm: vm.vm, op: "cpu-mirror", handle: 0, offset: 0, address: info.vaStart, size: info.vaEnd - info.vaStart, flags: GPU_READ | GPU_WRITE });
  if (result < 0) {
    stateOf(t).words.give(notifier);
    return result;
  }
  const context = { vm: vm.vm, notifier, label: "opencl", context: 0 };
  result = t.sys.ioctl(device.fd, "GLASS_CONTEXT_CREATE", context);
  if (result < 0) {
    t.sys.ioctl(device.fd, "GLASS_VM_DESTROY", { vm: vm.vm });
    stateOf(t).words.give(notifier);
    return result;
  }
  return { index, device, vm: vm.vm, glass: context.context, notifier };
}

function closeSlots(t: Caller, slots: readonly Slot[]): void {
  for (const slot of slots) {
    t.sys.ioctl(slot.device.fd, "GLASS_CONTEXT_DESTROY", { context: slot.glass });
    t.sys.ioctl(slot.device.fd, "GLASS_VM_DESTROY", { vm: slot.vm });
    stateOf(t).words.give(slot.notifier);
  }
}

function open(t: Caller, devices: readonly DeviceObject[], properties: readonly cl_context_properties[] | null, notify: ContextNotify | null, userData: unknown, errcode_ret: Out<cl_int> | null): cl_context {
  noCallback(t);
  const slots: Slot[] = [];
  for (const device of devices) {
    const slot = openSlot(t, slots.length, device);
    if (typeof slot === "number") {
      closeSlots(t, slots);
      return failNull(t, errcode_ret, hostCodeOf(slot), "the kernel gave no address space or context on the device", { device: device.node, errno: slot });
    }
    slots.push(slot);
  }
  const context = new ContextObject(slots, properties === null ? null : [...properties], notify, userData);
  return created(errcode_ret, context.list(stateOf(t).contexts));
}

/**
 * clCreateContext. Devices named twice count once.
 * @param pfn_notify called with errors that happen in the context: `(errinfo, private_info, cb, user_data)`
 * @returns the context or NULL; errcode_ret: CL_INVALID_PLATFORM, CL_INVALID_PROPERTY, CL_INVALID_VALUE, CL_INVALID_DEVICE, CL_DEVICE_NOT_AVAILABLE, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clCreateContext(t: Caller, properties: readonly cl_context_properties[] | null, num_devices: cl_uint, devices: readonly cl_device_id[] | null, pfn_notify: ContextNotify | null, user_data: unknown, errcode_ret: Out<cl_int> | null): cl_context {
  const bad = badProperties(t, properties);
  if (bad !== null) return failNull(t, errcode_ret, bad[0], bad[1], bad[2]);
  if (devices === null) return failNull(t, errcode_ret, CL_INVALID_VALUE, "devices must not be NULL");
  if (num_devices === 0) return failNull(t, errcode_ret, CL_INVALID_VALUE, "num_devices must not be 0");
  if (pfn_notify === null && user_data !== null && user_data !== undefined) return failNull(t, errcode_ret, CL_INVALID_VALUE, "user_data must be NULL when pfn_notify is");
  const found: DeviceObject[] = [];
  for (let i = 0; i < num_devices; i++) {
    const device = deviceOf(t, devices[i] ?? null);
    if (device === undefined) return failNull(t, errcode_ret, CL_INVALID_DEVICE, "devices must hold valid devices", { index: i, device: devices[i] });
    if (!found.includes(device)) found.push(device);
  }
  return open(t, found, properties, pfn_notify, user_data, errcode_ret);
}

/**
 * clCreateContextFromType: a context of all devices of a type.
 * @returns the context or NULL; errcode_ret: CL_INVALID_PLATFORM, CL_INVALID_PROPERTY, CL_INVALID_VALUE, CL_INVALID_DEVICE_TYPE, CL_DEVICE_NOT_AVAILABLE, CL_DEVICE_NOT_FOUND, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clCreateContextFromType(t: Caller, properties: readonly cl_context_properties[] | null, device_type: cl_device_type, pfn_notify: ContextNotify | null, user_data: unknown, errcode_ret: Out<cl_int> | null): cl_context {
  const bad = badProperties(t, properties);
  if (bad !== null) return failNull(t, errcode_ret, bad[0], bad[1], bad[2]);
  if (pfn_notify === null && user_data !== null && user_data !== undefined) return failNull(t, errcode_ret, CL_INVALID_VALUE, "user_data must be NULL when pfn_notify is");
  if (!isDeviceType(device_type)) return failNull(t, errcode_ret, CL_INVALID_DEVICE_TYPE, "device_type must be a combination of CL_DEVICE_TYPE_* bits", { device_type });
  const devices = devicesOfType(t, device_type);
  if (devices.length === 0) return failNull(t, errcode_ret, CL_DEVICE_NOT_FOUND, "no device of the type asked for", { device_type });
  return open(t, devices, properties, pfn_notify, user_data, errcode_ret);
}

/** clRetainContext. @returns CL_INVALID_CONTEXT */
export function clRetainContext(t: Caller, context: cl_context | null): cl_int {
  const object = contextOf(t, context);
  if (object === undefined || object.refs === 0) return fail(t, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  object.refs++;
  return CL_SUCCESS;
}

/** clReleaseContext. @returns CL_INVALID_CONTEXT */
export function clReleaseContext(t: Caller, context: cl_context | null): cl_int {
  const object = contextOf(t, context);
  if (object === undefined || object.refs === 0) return fail(t, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  object.release(t);
  if (object.refs === 0) reap(t);
  return CL_SUCCESS;
}

/** clGetContextInfo. @returns CL_INVALID_CONTEXT, CL_INVALID_VALUE */
export function clGetContextInfo(t: Caller, context: cl_context | null, param_name: cl_context_info, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  const object = contextOf(t, context);
  if (object === undefined) return fail(t, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  const answer = contextInfo(object, param_name);
  if (answer === null) return fail(t, CL_INVALID_VALUE, "param_name must be a query of clGetContextInfo", { param_name });
  return reply(t, answer, param_value_size, param_value, param_value_size_ret);
}

function contextInfo(context: ContextObject, name: cl_context_info): Answer | null {
  switch (name) {
    case CL_CONTEXT_REFERENCE_COUNT: return uint(context.refs);
    case CL_CONTEXT_NUM_DEVICES: return uint(context.slots.length);
    case CL_CONTEXT_DEVICES: return sizes(context.slots.map((slot) => slot.device.handle));
    case CL_CONTEXT_PROPERTIES: return sizes(context.properties ?? []);
    default: return null;
  }
}

/**
 * clSetContextDestructorCallback: `pfn_notify(context, user_data)` is called when the context is destroyed, the last registered first.
 * @returns CL_INVALID_CONTEXT, CL_INVALID_VALUE
 */
export function clSetContextDestructorCallback(t: Caller, context: cl_context | null, pfn_notify: ((context: cl_context, user_data: unknown) => unknown) | null, user_data: unknown): cl_int {
  const object = contextOf(t, context);
  if (object === undefined) return fail(t, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  if (pfn_notify === null) return fail(t, CL_INVALID_VALUE, "pfn_notify must not be NULL");
  object.destructors.push({ call: pfn_notify, data: user_data });
  return CL_SUCCESS;
}
