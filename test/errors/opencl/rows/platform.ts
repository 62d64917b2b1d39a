import * as E from "../../../../src/opencl/abi/errors.ts";
import type { cl_context, cl_device_id, cl_platform_id } from "../../../../src/opencl/abi/types.ts";
import { C, out, type Fixture } from "../fixture.ts";
import type { Row } from "./row.ts";

/** Platforms, devices, contexts. */
export function platformRows(f: Fixture): Row[] {
  const { cl } = f;
  const badPlatform = 77 as cl_platform_id;
  const badDevice = 77 as cl_device_id;
  const badContext = 77 as cl_context;
  const dead = f.context();
  f.ok(cl.clReleaseContext(dead));
  return [
    ["clGetPlatformIDs", "num_entries 0 with platforms", E.CL_INVALID_VALUE, () => cl.clGetPlatformIDs(0, out(), null)],
    ["clGetPlatformIDs", "both outputs NULL", E.CL_INVALID_VALUE, () => cl.clGetPlatformIDs(1, null, null)],
    ["clGetPlatformInfo", "platform invalid", E.CL_INVALID_PLATFORM, () => cl.clGetPlatformInfo(badPlatform, C.CL_PLATFORM_NAME, 99, out(), null)],
    ["clGetPlatformInfo", "platform NULL", E.CL_INVALID_PLATFORM, () => cl.clGetPlatformInfo(null, C.CL_PLATFORM_NAME, 99, out(), null)],
    ["clGetPlatformInfo", "param_name unknown", E.CL_INVALID_VALUE, () => cl.clGetPlatformInfo(f.platform, 1, 99, out(), null)],
    ["clGetPlatformInfo", "size too small", E.CL_INVALID_VALUE, () => cl.clGetPlatformInfo(f.platform, C.CL_PLATFORM_NAME, 8, out(), null)],
    ["clGetDeviceIDs", "platform invalid", E.CL_INVALID_PLATFORM, () => cl.clGetDeviceIDs(badPlatform, C.CL_DEVICE_TYPE_GPU, 1, out(), null)],
    ["clGetDeviceIDs", "type 0", E.CL_INVALID_DEVICE_TYPE, () => cl.clGetDeviceIDs(f.platform, 0, 1, out(), null)],
    ["clGetDeviceIDs", "type with unknown bits", E.CL_INVALID_DEVICE_TYPE, () => cl.clGetDeviceIDs(f.platform, 1 << 20, 1, out(), null)],
    ["clGetDeviceIDs", "num_entries 0 with devices", E.CL_INVALID_VALUE, () => cl.clGetDeviceIDs(f.platform, C.CL_DEVICE_TYPE_GPU, 0, out(), null)],
    ["clGetDeviceIDs", "both outputs NULL", E.CL_INVALID_VALUE, () => cl.clGetDeviceIDs(f.platform, C.CL_DEVICE_TYPE_GPU, 1, null, null)],
    ["clGetDeviceIDs", "no such device", E.CL_DEVICE_NOT_FOUND, () => cl.clGetDeviceIDs(f.platform, C.CL_DEVICE_TYPE_CPU, 1, out(), null)],
    ["clGetDeviceInfo", "device invalid", E.CL_INVALID_DEVICE, () => cl.clGetDeviceInfo(badDevice, C.CL_DEVICE_NAME, 99, out(), null)],
    ["clGetDeviceInfo", "param_name unknown", E.CL_INVALID_VALUE, () => cl.clGetDeviceInfo(f.device, 1, 99, out(), null)],
    ["clGetDeviceInfo", "size too small", E.CL_INVALID_VALUE, () => cl.clGetDeviceInfo(f.device, C.CL_DEVICE_NAME, 3, new Uint8Array(99), null)],
    ["clCreateSubDevices", "in_device invalid", E.CL_INVALID_DEVICE, () => cl.clCreateSubDevices(null, [C.CL_DEVICE_PARTITION_EQUALLY, 2, 0], 2, out(), null)],
    ["clCreateSubDevices", "properties NULL", E.CL_INVALID_VALUE, () => cl.clCreateSubDevices(f.device, null, 2, out(), null)],
    ["clCreateSubDevices", "scheme unknown", E.CL_INVALID_VALUE, () => cl.clCreateSubDevices(f.device, [5, 5, 0], 2, out(), null)],
    ["clCreateSubDevices", "scheme not supported", E.CL_INVALID_VALUE, () => cl.clCreateSubDevices(f.device, [C.CL_DEVICE_PARTITION_EQUALLY, 2, 0], 2, out(), null)],
    ["clCreateSubDevices", "counts above compute units", E.CL_INVALID_DEVICE_PARTITION_COUNT, () => cl.clCreateSubDevices(f.device, [C.CL_DEVICE_PARTITION_BY_COUNTS, 1e6, 0, 0], 1, out(), null)],
    ["clRetainDevice", "device NULL", E.CL_INVALID_DEVICE, () => cl.clRetainDevice(null)],
    ["clReleaseDevice", "device NULL", E.CL_INVALID_DEVICE, () => cl.clReleaseDevice(null)],
    ["clGetDeviceAndHostTimer", "device invalid", E.CL_INVALID_DEVICE, () => cl.clGetDeviceAndHostTimer(badDevice, out(), out())],
    ["clGetDeviceAndHostTimer", "device_timestamp NULL", E.CL_INVALID_VALUE, () => cl.clGetDeviceAndHostTimer(f.device, null, out())],
    ["clGetDeviceAndHostTimer", "host_timestamp NULL", E.CL_INVALID_VALUE, () => cl.clGetDeviceAndHostTimer(f.device, out(), null)],
    ["clGetHostTimer", "device invalid", E.CL_INVALID_DEVICE, () => cl.clGetHostTimer(badDevice, out())],
    ["clGetHostTimer", "host_timestamp NULL", E.CL_INVALID_VALUE, () => cl.clGetHostTimer(f.device, null)],
    ["clUnloadPlatformCompiler", "platform invalid", E.CL_INVALID_PLATFORM, () => cl.clUnloadPlatformCompiler(badPlatform)],
    ["clSetPlatformSettingsGLASS", "platform invalid", E.CL_INVALID_PLATFORM, () => cl.clSetPlatformSettingsGLASS(badPlatform, {})],
    ["clSetPlatformSettingsGLASS", "value unknown", E.CL_INVALID_VALUE, () => cl.clSetPlatformSettingsGLASS(f.platform, { version: "9.9" as "3.0" })],
    ["clSetPlatformSettingsGLASS", "a context exists", E.CL_INVALID_OPERATION, () => cl.clSetPlatformSettingsGLASS(f.platform, { strictFlush: true })],
    ["clIcdGetPlatformIDsKHR", "both outputs NULL", E.CL_INVALID_VALUE, () => cl.clIcdGetPlatformIDsKHR(1, null, null)],

    ["clCreateContext", "platform property invalid", E.CL_INVALID_PLATFORM, () => f.code((e) => cl.clCreateContext([C.CL_CONTEXT_PLATFORM, 5, 0], 1, [f.device], null, null, e))],
    ["clCreateContext", "property unknown", E.CL_INVALID_PROPERTY, () => f.code((e) => cl.clCreateContext([0x9999, 5, 0], 1, [f.device], null, null, e))],
    ["clCreateContext", "property value invalid", E.CL_INVALID_PROPERTY, () => f.code((e) => cl.clCreateContext([C.CL_CONTEXT_INTEROP_USER_SYNC, 5, 0], 1, [f.device], null, null, e))],
    ["clCreateContext", "devices NULL", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateContext(null, 1, null, null, null, e))],
    ["clCreateContext", "num_devices 0", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateContext(null, 0, [f.device], null, null, e))],
    ["clCreateContext", "user_data without pfn_notify", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateContext(null, 1, [f.device], null, {}, e))],
    ["clCreateContext", "device invalid", E.CL_INVALID_DEVICE, () => f.code((e) => cl.clCreateContext(null, 1, [badDevice], null, null, e))],
    ["clCreateContextFromType", "platform property invalid", E.CL_INVALID_PLATFORM, () => f.code((e) => cl.clCreateContextFromType([C.CL_CONTEXT_PLATFORM, 5, 0], C.CL_DEVICE_TYPE_GPU, null, null, e))],
    ["clCreateContextFromType", "property unknown", E.CL_INVALID_PROPERTY, () => f.code((e) => cl.clCreateContextFromType([0x9999, 5, 0], C.CL_DEVICE_TYPE_GPU, null, null, e))],
    ["clCreateContextFromType", "user_data without pfn_notify", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreateContextFromType(null, C.CL_DEVICE_TYPE_GPU, null, {}, e))],
    ["clCreateContextFromType", "type invalid", E.CL_INVALID_DEVICE_TYPE, () => f.code((e) => cl.clCreateContextFromType(null, 0, null, null, e))],
    ["clCreateContextFromType", "no such device", E.CL_DEVICE_NOT_FOUND, () => f.code((e) => cl.clCreateContextFromType(null, C.CL_DEVICE_TYPE_ACCELERATOR, null, null, e))],
    ["clRetainContext", "context released", E.CL_INVALID_CONTEXT, () => cl.clRetainContext(dead)],
    ["clReleaseContext", "context released", E.CL_INVALID_CONTEXT, () => cl.clReleaseContext(dead)],
    ["clReleaseContext", "context NULL", E.CL_INVALID_CONTEXT, () => cl.clReleaseContext(null)],
    ["clGetContextInfo", "context invalid", E.CL_INVALID_CONTEXT, () => cl.clGetContextInfo(badContext, C.CL_CONTEXT_DEVICES, 99, out(), null)],
    ["clGetContextInfo", "param_name unknown", E.CL_INVALID_VALUE, () => cl.clGetContextInfo(f.ctx, 1, 99, out(), null)],
    ["clGetContextInfo", "size too small", E.CL_INVALID_VALUE, () => cl.clGetContextInfo(f.ctx, C.CL_CONTEXT_DEVICES, 7, out(), null)],
    ["clSetContextDestructorCallback", "context invalid", E.CL_INVALID_CONTEXT, () => cl.clSetContextDestructorCallback(badContext, () => {}, null)],
    ["clSetContextDestructorCallback", "pfn_notify NULL", E.CL_INVALID_VALUE, () => cl.clSetContextDestructorCallback(f.ctx, null, null)],
  ];
}
