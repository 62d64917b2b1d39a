/**
 * OpenCL 3.0 API specification, 5.1: Command Queues; 5.13: Flush and Finish.
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import type { Blocking } from "../kernel/process/wait.ts";
import {
  CL_QUEUE_CONTEXT, CL_QUEUE_DEVICE, CL_QUEUE_DEVICE_DEFAULT, CL_QUEUE_ON_DEVICE, CL_QUEUE_ON_DEVICE_DEFAULT, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, CL_QUEUE_PRIORITY_HIGH_KHR,
  CL_QUEUE_PRIORITY_KHR, CL_QUEUE_PRIORITY_LOW_KHR, CL_QUEUE_PRIORITY_MED_KHR, CL_QUEUE_PROFILING_ENABLE, CL_QUEUE_PROPERTIES, CL_QUEUE_PROPERTIES_ARRAY, CL_QUEUE_REFERENCE_COUNT,
  CL_QUEUE_SIZE, CL_QUEUE_THROTTLE_HIGH_KHR, CL_QUEUE_THROTTLE_KHR, CL_QUEUE_THROTTLE_LOW_KHR, CL_QUEUE_THROTTLE_MED_KHR,
} from "./abi/constants.ts";
import {
  CL_INVALID_COMMAND_QUEUE, CL_INVALID_CONTEXT, CL_INVALID_DEVICE, CL_INVALID_OPERATION, CL_INVALID_QUEUE_PROPERTIES, CL_INVALID_VALUE, CL_SUCCESS,
} from "./abi/errors.ts";
import type { cl_bool, cl_command_queue, cl_command_queue_info, cl_command_queue_properties, cl_context, cl_device_id, cl_int, cl_queue_properties } from "./abi/types.ts";
import { contextOf } from "./context.ts";
import { noCallback } from "./runtime/callback.ts";
import type { ContextObject, Slot } from "./runtime/context-object.ts";
import { deviceOf } from "./runtime/devices.ts";
import { hostCodeOf } from "./runtime/errno.ts";
import { created, fail, failNull } from "./runtime/fail.ts";
import { nothing, reply, size, sizes, uint, type Answer, type ParamValue } from "./runtime/info.ts";
import { duplicateProperty, pairsOf } from "./runtime/properties.ts";
import { QueueObject, type QueueOptions } from "./runtime/queue-object.ts";
import { startQueue } from "./runtime/recover.ts";
import { waitFor } from "./runtime/settle.ts";
import { stateOf } from "./runtime/state.ts";
import { flush, reap } from "./runtime/submit.ts";

const HOST_BITS = CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE | CL_QUEUE_PROFILING_ENABLE;
const DEVICE_BITS = CL_QUEUE_ON_DEVICE | CL_QUEUE_ON_DEVICE_DEFAULT;

/** The queue behind a handle. */
export function queueOf(t: Caller, handle: cl_command_queue | null): QueueObject | undefined {
  return handle === null ? undefined : stateOf(t).queues.get(handle);
}

/** Context and device that a queue is made for, or the code to fail with. */
function placeOf(t: Caller, context: cl_context | null, device: cl_device_id | null, errcode_ret: Out<cl_int> | null): { context: ContextObject; slot: Slot } | null {
  const object = contextOf(t, context);
  if (object === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context }), null;
  const root = deviceOf(t, device);
  if (root === undefined) return failNull(t, errcode_ret, CL_INVALID_DEVICE, "device must be a valid device", { device }), null;
  const slot = object.slotOf(root);
  if (slot === undefined) return failNull(t, errcode_ret, CL_INVALID_DEVICE, "device must be one of the context's devices", { device }), null;
  return { context: object, slot };
}

function make(t: Caller, place: { context: ContextObject; slot: Slot }, options: QueueOptions, errcode_ret: Out<cl_int> | null): cl_command_queue {
  noCallback(t);
  const queue = new QueueObject(place.context, place.slot, options);
  const result = startQueue(t, queue, queue.outOfOrder ? "opencl out-of-order" : "opencl");
  if (result < 0) {
    place.context.dropChild(t);
    return failNull(t, errcode_ret, hostCodeOf(result), "the kernel gave no exec queue", { errno: result });
  }
  return created(errcode_ret, queue.list(stateOf(t).queues));
}

const priorities: ReadonlyMap<number, 1 | 2 | 3> = new Map([[CL_QUEUE_PRIORITY_HIGH_KHR, 1], [CL_QUEUE_PRIORITY_MED_KHR, 2], [CL_QUEUE_PRIORITY_LOW_KHR, 3]]);
const throttles: ReadonlySet<number> = new Set([CL_QUEUE_THROTTLE_HIGH_KHR, CL_QUEUE_THROTTLE_MED_KHR, CL_QUEUE_THROTTLE_LOW_KHR]);

/** What a property list asks for, or what is wrong with it. */
function readProperties(list: readonly cl_queue_properties[] | null): QueueOptions | readonly [typeof CL_INVALID_VALUE | typeof CL_INVALID_QUEUE_PROPERTIES, string, Record<string, unknown>] {
  const pairs = pairsOf(list);
  let properties = 0;
  let priority: 1 | 2 | 3 = 2;
  let hinted = false;
  let sized = false;
  for (const [name, value] of pairs) {
    if (name === CL_QUEUE_PROPERTIES) {
      if ((value & ~(HOST_BITS | DEVICE_BITS)) !== 0 || value < 0) return [CL_INVALID_VALUE, "CL_QUEUE_PROPERTIES must hold known bits only", { value }];
      properties = value;
    } else if (name === CL_QUEUE_SIZE) sized = true;
    else if (name === CL_QUEUE_PRIORITY_KHR) {
      const known = priorities.get(value);
      if (known === undefined) return [CL_INVALID_VALUE, "CL_QUEUE_PRIORITY_KHR must be one of the three priorities", { value }];
      priority = known;
      hinted = true;
    } else if (name === CL_QUEUE_THROTTLE_KHR) {
      if (!throttles.has(value)) return [CL_INVALID_VALUE, "CL_QUEUE_THROTTLE_KHR must be one of the three throttle hints", { value }];
      hinted = true;
    } else return [CL_INVALID_VALUE, "properties must name supported queue properties only", { name }];
  }
  const twice = duplicateProperty(pairs);
  if (twice !== null) return [CL_INVALID_VALUE, "a queue property must not be given twice", { name: twice }];
  if ((properties & DEVICE_BITS) !== 0) {
    if ((properties & CL_QUEUE_ON_DEVICE) === 0) return [CL_INVALID_VALUE, "CL_QUEUE_ON_DEVICE_DEFAULT needs CL_QUEUE_ON_DEVICE", { properties }];
    if ((properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) === 0) return [CL_INVALID_VALUE, "a device queue must be out of order", { properties }];
    if (hinted) return [CL_INVALID_QUEUE_PROPERTIES, "priority and throttle hints are for host queues", { properties }];
    return [CL_INVALID_QUEUE_PROPERTIES, "the device has no device queues (CL_DEVICE_DEVICE_ENQUEUE_CAPABILITIES is 0)", { properties }];
  }
  if (sized) return [CL_INVALID_VALUE, "CL_QUEUE_SIZE is for device queues (CL_QUEUE_ON_DEVICE)", {}];
  return { properties, list: list === null ? null : [...list], priority };
}

/**
 * clCreateCommandQueueWithProperties, with the properties of cl_khr_priority_hints and cl_khr_throttle_hints.
 * @returns the queue or NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_DEVICE, CL_INVALID_VALUE, CL_INVALID_QUEUE_PROPERTIES, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clCreateCommandQueueWithProperties(t: Caller, context: cl_context | null, device: cl_device_id | null, properties: readonly cl_queue_properties[] | null, errcode_ret: Out<cl_int> | null): cl_command_queue {
  const place = placeOf(t, context, device, errcode_ret);
  if (place === null) return 0 as cl_command_queue;
  const options = readProperties(properties);
  if ("priority" in options) return make(t, place, options, errcode_ret);
  return failNull(t, errcode_ret, options[0], options[1], options[2]);
}

/**
 * clCreateCommandQueue (deprecated in 2.0).
 * @returns the queue or NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_DEVICE, CL_INVALID_VALUE, CL_INVALID_QUEUE_PROPERTIES, CL_OUT_OF_RESOURCES, CL_OUT_OF_HOST_MEMORY
 */
export function clCreateCommandQueue(t: Caller, context: cl_context | null, device: cl_device_id | null, properties: cl_command_queue_properties, errcode_ret: Out<cl_int> | null): cl_command_queue {
  const place = placeOf(t, context, device, errcode_ret);
  if (place === null) return 0 as cl_command_queue;
  if ((properties & ~HOST_BITS) !== 0) return failNull(t, errcode_ret, CL_INVALID_VALUE, "properties must hold CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE and CL_QUEUE_PROFILING_ENABLE only", { properties });
  return make(t, place, { properties, list: null, priority: 2 }, errcode_ret);
}

/** clRetainCommandQueue. @returns CL_INVALID_COMMAND_QUEUE */
export function clRetainCommandQueue(t: Caller, command_queue: cl_command_queue | null): cl_int {
  const queue = queueOf(t, command_queue);
  if (queue === undefined || queue.refs === 0) return fail(t, CL_INVALID_COMMAND_QUEUE, "command_queue must be a valid command-queue", { command_queue });
  queue.refs++;
  return CL_SUCCESS;
}

/** clReleaseCommandQueue: flushes it too. @returns CL_INVALID_COMMAND_QUEUE */
export function clReleaseCommandQueue(t: Caller, command_queue: cl_command_queue | null): cl_int {
  const queue = queueOf(t, command_queue);
  if (queue === undefined || queue.refs === 0) return fail(t, CL_INVALID_COMMAND_QUEUE, "command_queue must be a valid command-queue", { command_queue });
  flush(t, queue);
  queue.release(t);
  reap(t);
  return CL_SUCCESS;
}

/** clGetCommandQueueInfo. @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_VALUE */
export function clGetCommandQueueInfo(t: Caller, command_queue: cl_command_queue | null, param_name: cl_command_queue_info, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  const queue = queueOf(t, command_queue);
  if (queue === undefined) return fail(t, CL_INVALID_COMMAND_QUEUE, "command_queue must be a valid command-queue", { command_queue });
  if (param_name === CL_QUEUE_SIZE) return fail(t, CL_INVALID_COMMAND_QUEUE, "CL_QUEUE_SIZE is a query of device queues", { command_queue });
  const answer = queueInfo(queue, param_name);
  if (answer === null) return fail(t, CL_INVALID_VALUE, "param_name must be a query of clGetCommandQueueInfo", { param_name });
  return reply(t, answer, param_value_size, param_value, param_value_size_ret);
}

function queueInfo(queue: QueueObject, name: cl_command_queue_info): Answer | null {
  switch (name) {
    case CL_QUEUE_CONTEXT: return size(queue.context.handle);
    case CL_QUEUE_DEVICE: return size(queue.slot.device.handle);
    case CL_QUEUE_REFERENCE_COUNT: return uint(queue.refs);
    case CL_QUEUE_PROPERTIES: return size(queue.options.properties);
    case CL_QUEUE_PROPERTIES_ARRAY: return queue.options.list === null ? nothing : sizes(queue.options.list);
    case CL_QUEUE_DEVICE_DEFAULT: return size(0);
    default: return null;
  }
}

/**
 * clSetCommandQueueProperty (deprecated in 1.1): only OpenCL 1.0 devices can change a queue.
 * @returns CL_INVALID_COMMAND_QUEUE, CL_INVALID_OPERATION
 */
export function clSetCommandQueueProperty(t: Caller, command_queue: cl_command_queue | null, properties: cl_command_queue_properties, enable: cl_bool, _old_properties: Out<cl_command_queue_properties> | null): cl_int {
  if (queueOf(t, command_queue) === undefined) return fail(t, CL_INVALID_COMMAND_QUEUE, "command_queue must be a valid command-queue", { command_queue });
  return fail(t, CL_INVALID_OPERATION, "no device of the context can change the properties of a queue (only OpenCL 1.0 devices must)", { properties, enable });
}

/**
 * clSetDefaultDeviceCommandQueue: the devices have no device queues.
 * @returns CL_INVALID_CONTEXT, CL_INVALID_DEVICE, CL_INVALID_OPERATION
 */
export function clSetDefaultDeviceCommandQueue(t: Caller, context: cl_context | null, device: cl_device_id | null, _command_queue: cl_command_queue | null): cl_int {
  const object = contextOf(t, context);
  if (object === undefined) return fail(t, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  const root = deviceOf(t, device);
  if (root === undefined || object.slotOf(root) === undefined) return fail(t, CL_INVALID_DEVICE, "device must be one of the context's devices", { device });
  return fail(t, CL_INVALID_OPERATION, "the device has no replaceable default device queue", { device });
}

/** clFlush. @returns CL_INVALID_COMMAND_QUEUE */
export function clFlush(t: Caller, command_queue: cl_command_queue | null): cl_int {
  const queue = queueOf(t, command_queue);
  if (queue === undefined) return fail(t, CL_INVALID_COMMAND_QUEUE, "command_queue must be a valid command-queue", { command_queue });
  flush(t, queue);
  return CL_SUCCESS;
}

/**
 * clFinish: returns when every command enqueued before has ended, well or badly. A synchronisation point.
 * @returns CL_INVALID_COMMAND_QUEUE
 */
export function* clFinish(t: Caller, command_queue: cl_command_queue | null): Blocking<cl_int> {
  const queue = queueOf(t, command_queue);
  if (queue === undefined) return fail(t, CL_INVALID_COMMAND_QUEUE, "command_queue must be a valid command-queue", { command_queue });
  noCallback(t);
  flush(t, queue);
  // From the last to the first: on an in-order queue that is one sleep.
  const open = [...queue.open];
  for (let i = open.length - 1; i >= 0; i--) yield* waitFor(t, open[i]!);
  t.sys.watch?.sawQueue(queue.slot.device.fd, queue.exec);
  reap(t);
  return CL_SUCCESS;
}
