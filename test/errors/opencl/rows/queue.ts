import * as E from "../../../../src/opencl/abi/errors.ts";
import type { cl_command_queue, cl_context, cl_event } from "../../../../src/opencl/abi/types.ts";
import { C, out, type Fixture } from "../fixture.ts";
import type { Row } from "./row.ts";

/** Command queues, markers, barriers, events, profiling. */
export function queueRows(f: Fixture): Row[] {
  const { cl } = f;
  const badQueue = 77 as cl_command_queue;
  const badContext = 77 as cl_context;
  const badEvent = 77 as cl_event;
  const marker = (queue = f.q): cl_event => {
    const event = out<cl_event>();
    f.ok(cl.clEnqueueMarkerWithWaitList(queue, 0, null, event));
    return event.value;
  };
  const done = (queue = f.q): cl_event => {
    const event = marker(queue);
    f.ok(cl.clFinish(queue));
    return event;
  };
  const user = (): cl_event => f.userEvent(f.ctx);
  const foreign = (): cl_event => f.userEvent(f.ctx2);
  const onDevice = C.CL_QUEUE_ON_DEVICE | C.CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE;
  const withList = (fn: "clEnqueueMarkerWithWaitList" | "clEnqueueBarrierWithWaitList"): Row[] => [
    [fn, "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl[fn](badQueue, 0, null, null)],
    [fn, "list NULL with a number", E.CL_INVALID_EVENT_WAIT_LIST, () => cl[fn](f.q, 1, null, null)],
    [fn, "list with number 0", E.CL_INVALID_EVENT_WAIT_LIST, () => cl[fn](f.q, 0, [user()], null)],
    [fn, "event in list invalid", E.CL_INVALID_EVENT_WAIT_LIST, () => cl[fn](f.q, 1, [badEvent], null)],
    [fn, "event of another context", E.CL_INVALID_CONTEXT, () => cl[fn](f.q, 1, [foreign()], null)],
  ];
  const creation = (fn: "clCreateCommandQueueWithProperties" | "clCreateCommandQueueWithPropertiesKHR"): Row[] => {
    const make = (...properties: number[]): number => f.code((e) => cl[fn](f.ctx, f.device, properties, e));
    return [
      [fn, "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => cl[fn](badContext, f.device, null, e))],
      [fn, "device invalid", E.CL_INVALID_DEVICE, () => f.code((e) => cl[fn](f.ctx, null, null, e))],
      [fn, "device not in the context", E.CL_INVALID_DEVICE, () => f.code((e) => cl[fn](f.ctx, f.devices[1]!, null, e))],
      [fn, "property unknown", E.CL_INVALID_VALUE, () => make(0x9999, 1, 0)],
      [fn, "garbage bits", E.CL_INVALID_VALUE, () => make(C.CL_QUEUE_PROPERTIES, 1 << 12, 0)],
      [fn, "property twice", E.CL_INVALID_VALUE, () => make(C.CL_QUEUE_PROPERTIES, 0, C.CL_QUEUE_PROPERTIES, 0, 0)],
      [fn, "size of a host queue", E.CL_INVALID_VALUE, () => make(C.CL_QUEUE_SIZE, 4096, 0)],
      [fn, "default device queue that is no device queue", E.CL_INVALID_VALUE, () => make(C.CL_QUEUE_PROPERTIES, C.CL_QUEUE_ON_DEVICE_DEFAULT, 0)],
      [fn, "device queue in order", E.CL_INVALID_VALUE, () => make(C.CL_QUEUE_PROPERTIES, C.CL_QUEUE_ON_DEVICE, 0)],
      [fn, "device queue", E.CL_INVALID_QUEUE_PROPERTIES, () => make(C.CL_QUEUE_PROPERTIES, onDevice, 0)],
      [fn, "priority of a device queue", E.CL_INVALID_QUEUE_PROPERTIES, () => make(C.CL_QUEUE_PROPERTIES, onDevice, C.CL_QUEUE_PRIORITY_KHR, C.CL_QUEUE_PRIORITY_LOW_KHR, 0)],
      [fn, "priority unknown", E.CL_INVALID_VALUE, () => make(C.CL_QUEUE_PRIORITY_KHR, 3, 0)],
      [fn, "throttle unknown", E.CL_INVALID_VALUE, () => make(C.CL_QUEUE_THROTTLE_KHR, 9, 0)],
    ];
  };
  return [
    ...creation("clCreateCommandQueueWithProperties"),
    ...creation("clCreateCommandQueueWithPropertiesKHR"),
    ["clCreateCommandQueue", "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => cl.clCreateCommandQueue(badContext, f.device, 0, e))],
    ["clCreateCommandQueue", "device invalid", E.CL_INVALID_DEVICE, () => f.code((e) => cl.clCreateCommandQueue(f.ctx, null, 0, e))],
    ["clCreateCommandQueue", "unknown bits", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateCommandQueue(f.ctx, f.device, C.CL_QUEUE_ON_DEVICE, e))],
    ["clRetainCommandQueue", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clRetainCommandQueue(null)],
    ["clReleaseCommandQueue", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clReleaseCommandQueue(badQueue)],
    ["clGetCommandQueueInfo", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clGetCommandQueueInfo(null, C.CL_QUEUE_CONTEXT, 8, out(), null)],
    ["clGetCommandQueueInfo", "query of device queues", E.CL_INVALID_COMMAND_QUEUE, () => cl.clGetCommandQueueInfo(f.q, C.CL_QUEUE_SIZE, 8, out(), null)],
    ["clGetCommandQueueInfo", "param_name unknown", E.CL_INVALID_VALUE, () => cl.clGetCommandQueueInfo(f.q, 1, 8, out(), null)],
    ["clGetCommandQueueInfo", "size too small", E.CL_INVALID_VALUE, () => cl.clGetCommandQueueInfo(f.q, C.CL_QUEUE_CONTEXT, 7, out(), null)],
    ["clSetCommandQueueProperty", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clSetCommandQueueProperty(null, 0, 1, null)],
    ["clSetCommandQueueProperty", "no OpenCL 1.0 device", E.CL_INVALID_OPERATION, () => cl.clSetCommandQueueProperty(f.q, 0, 1, null)],
    ["clSetDefaultDeviceCommandQueue", "context invalid", E.CL_INVALID_CONTEXT, () => cl.clSetDefaultDeviceCommandQueue(badContext, f.device, f.q)],
    ["clSetDefaultDeviceCommandQueue", "device invalid", E.CL_INVALID_DEVICE, () => cl.clSetDefaultDeviceCommandQueue(f.ctx, null, f.q)],
    ["clSetDefaultDeviceCommandQueue", "no replaceable queue", E.CL_INVALID_OPERATION, () => cl.clSetDefaultDeviceCommandQueue(f.ctx, f.device, f.q)],
    ["clFlush", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clFlush(null)],
    ["clFinish", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clFinish(badQueue)],

    ...withList("clEnqueueMarkerWithWaitList"),
    ...withList("clEnqueueBarrierWithWaitList"),
    ["clEnqueueMarker", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clEnqueueMarker(null, out())],
    ["clEnqueueMarker", "event NULL", E.CL_INVALID_VALUE, () => cl.clEnqueueMarker(f.q, null)],
    ["clEnqueueBarrier", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clEnqueueBarrier(null)],
    ["clEnqueueWaitForEvents", "queue invalid", E.CL_INVALID_COMMAND_QUEUE, () => cl.clEnqueueWaitForEvents(null, 1, [user()])],
    ["clEnqueueWaitForEvents", "number 0", E.CL_INVALID_VALUE, () => cl.clEnqueueWaitForEvents(f.q, 0, [user()])],
    ["clEnqueueWaitForEvents", "list NULL", E.CL_INVALID_VALUE, () => cl.clEnqueueWaitForEvents(f.q, 1, null)],
    ["clEnqueueWaitForEvents", "event invalid", E.CL_INVALID_EVENT, () => cl.clEnqueueWaitForEvents(f.q, 1, [badEvent])],
    ["clEnqueueWaitForEvents", "event of another context", E.CL_INVALID_CONTEXT, () => cl.clEnqueueWaitForEvents(f.q, 1, [foreign()])],

    ["clCreateUserEvent", "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => cl.clCreateUserEvent(badContext, e))],
    ["clSetUserEventStatus", "event invalid", E.CL_INVALID_EVENT, () => cl.clSetUserEventStatus(badEvent, 0)],
    ["clSetUserEventStatus", "not a user event", E.CL_INVALID_EVENT, () => cl.clSetUserEventStatus(marker(), 0)],
    ["clSetUserEventStatus", "status positive", E.CL_INVALID_VALUE, () => cl.clSetUserEventStatus(user(), 1)],
    ["clSetUserEventStatus", "set before", E.CL_INVALID_OPERATION, () => cl.clSetUserEventStatus(f.failed(), 0)],
    ["clWaitForEvents", "number 0", E.CL_INVALID_VALUE, () => cl.clWaitForEvents(0, [marker()])],
    ["clWaitForEvents", "list NULL", E.CL_INVALID_VALUE, () => cl.clWaitForEvents(1, null)],
    ["clWaitForEvents", "event invalid", E.CL_INVALID_EVENT, () => cl.clWaitForEvents(2, [marker(), badEvent])],
    ["clWaitForEvents", "two contexts", E.CL_INVALID_CONTEXT, () => cl.clWaitForEvents(2, [marker(), marker(f.q2)])],
    ["clWaitForEvents", "an event failed", E.CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, () => cl.clWaitForEvents(2, [marker(), f.failed()])],
    ["clGetEventInfo", "event invalid", E.CL_INVALID_EVENT, () => cl.clGetEventInfo(badEvent, C.CL_EVENT_CONTEXT, 8, out(), null)],
    ["clGetEventInfo", "param_name unknown", E.CL_INVALID_VALUE, () => cl.clGetEventInfo(marker(), 1, 8, out(), null)],
    ["clGetEventInfo", "size too small", E.CL_INVALID_VALUE, () => cl.clGetEventInfo(marker(), C.CL_EVENT_CONTEXT, 4, out(), null)],
    ["clSetEventCallback", "event invalid", E.CL_INVALID_EVENT, () => cl.clSetEventCallback(badEvent, 0, () => {}, null)],
    ["clSetEventCallback", "callback NULL", E.CL_INVALID_VALUE, () => cl.clSetEventCallback(marker(), 0, null, null)],
    ["clSetEventCallback", "type CL_QUEUED", E.CL_INVALID_VALUE, () => cl.clSetEventCallback(marker(), C.CL_QUEUED, () => {}, null)],
    ["clRetainEvent", "event invalid", E.CL_INVALID_EVENT, () => cl.clRetainEvent(null)],
    ["clReleaseEvent", "event invalid", E.CL_INVALID_EVENT, () => cl.clReleaseEvent(badEvent)],
    ["clGetEventProfilingInfo", "event invalid", E.CL_INVALID_EVENT, () => cl.clGetEventProfilingInfo(badEvent, C.CL_PROFILING_COMMAND_END, 8, out(), null)],
    ["clGetEventProfilingInfo", "user event", E.CL_PROFILING_INFO_NOT_AVAILABLE, () => cl.clGetEventProfilingInfo(user(), C.CL_PROFILING_COMMAND_END, 8, out(), null)],
    ["clGetEventProfilingInfo", "queue without profiling", E.CL_PROFILING_INFO_NOT_AVAILABLE, () => cl.clGetEventProfilingInfo(done(), C.CL_PROFILING_COMMAND_END, 8, out(), null)],
    ["clGetEventProfilingInfo", "not complete", E.CL_PROFILING_INFO_NOT_AVAILABLE, () => {
      const event = out<cl_event>();
      f.ok(cl.clEnqueueMarkerWithWaitList(f.queue(f.ctx, C.CL_QUEUE_PROFILING_ENABLE), 1, [user()], event));
      return cl.clGetEventProfilingInfo(event.value, C.CL_PROFILING_COMMAND_END, 8, out(), null);
    }],
    ["clGetEventProfilingInfo", "param_name unknown", E.CL_INVALID_VALUE, () => cl.clGetEventProfilingInfo(done(f.prof), 1, 8, out(), null)],
    ["clGetEventProfilingInfo", "size too small", E.CL_INVALID_VALUE, () => cl.clGetEventProfilingInfo(done(f.prof), C.CL_PROFILING_COMMAND_END, 4, out(), null)],
  ];
}
