import type { Caller } from "../api/caller.ts";
import type { CoreFunction } from "./abi/signatures.ts";
import * as buffer from "./buffer.ts";
import * as build from "./build.ts";
import * as context from "./context.ts";
import * as copy from "./copy.ts";
import * as device from "./device.ts";
import * as event from "./event.ts";
import * as extension from "./extension.ts";
import * as image from "./image.ts";
import * as kernelArg from "./kernel-arg.ts";
import * as kernelInfo from "./kernel-info.ts";
import * as kernel from "./kernel.ts";
import * as map from "./map.ts";
import * as marker from "./marker.ts";
import * as memObject from "./mem-object.ts";
import * as migrate from "./migrate.ts";
import * as ndrange from "./ndrange.ts";
import * as pipe from "./pipe.ts";
import * as platform from "./platform.ts";
import * as profiling from "./profiling.ts";
import * as programInfo from "./program-info.ts";
import * as program from "./program.ts";
import * as queue from "./queue.ts";
import * as rect from "./read-write-rect.ts";
import * as readWrite from "./read-write.ts";
import * as sampler from "./sampler.ts";
import * as subbuffer from "./subbuffer.ts";
import * as svmCommands from "./svm-commands.ts";
import * as svm from "./svm.ts";

const { clGetPlatformIDs, clGetPlatformInfo } = platform;
const { clGetDeviceIDs, clGetDeviceInfo, clCreateSubDevices, clRetainDevice, clReleaseDevice, clGetDeviceAndHostTimer, clGetHostTimer } = device;
const { clCreateContext, clCreateContextFromType, clRetainContext, clReleaseContext, clGetContextInfo, clSetContextDestructorCallback } = context;
const {
  clCreateCommandQueueWithProperties, clCreateCommandQueue, clRetainCommandQueue, clReleaseCommandQueue, clGetCommandQueueInfo, clSetCommandQueueProperty, clSetDefaultDeviceCommandQueue,
  clFlush, clFinish,
} = queue;
const { clCreateBuffer, clCreateBufferWithProperties } = buffer;
const { clCreateSubBuffer } = subbuffer;
const { clEnqueueReadBuffer, clEnqueueWriteBuffer } = readWrite;
const { clEnqueueReadBufferRect, clEnqueueWriteBufferRect } = rect;
const { clEnqueueCopyBuffer, clEnqueueCopyBufferRect, clEnqueueFillBuffer } = copy;
const { clEnqueueMapBuffer, clEnqueueUnmapMemObject } = map;
const { clEnqueueMigrateMemObjects } = migrate;
const { clRetainMemObject, clReleaseMemObject, clGetMemObjectInfo, clSetMemObjectDestructorCallback } = memObject;
const {
  clCreateImage, clCreateImageWithProperties, clCreateImage2D, clCreateImage3D, clGetSupportedImageFormats, clGetImageInfo, clEnqueueReadImage, clEnqueueWriteImage, clEnqueueCopyImage,
  clEnqueueFillImage, clEnqueueCopyImageToBuffer, clEnqueueCopyBufferToImage, clEnqueueMapImage,
} = image;
const { clCreateSamplerWithProperties, clCreateSampler, clRetainSampler, clReleaseSampler, clGetSamplerInfo } = sampler;
const { clCreatePipe, clGetPipeInfo } = pipe;
const { clSVMAlloc, clSVMFree } = svm;
const { clEnqueueSVMFree, clEnqueueSVMMemcpy, clEnqueueSVMMemFill, clEnqueueSVMMap, clEnqueueSVMUnmap, clEnqueueSVMMigrateMem } = svmCommands;
const {
  clCreateProgramWithSource, clCreateProgramWithBinary, clCreateProgramWithBuiltInKernels, clCreateProgramWithIL, clRetainProgram, clReleaseProgram, clSetProgramReleaseCallback,
  clSetProgramSpecializationConstant, clUnloadPlatformCompiler, clUnloadCompiler,
} = program;
const { clBuildProgram, clCompileProgram, clLinkProgram } = build;
const { clGetProgramInfo, clGetProgramBuildInfo } = programInfo;
const { clCreateKernel, clCreateKernelsInProgram, clCloneKernel, clRetainKernel, clReleaseKernel } = kernel;
const { clSetKernelArg, clSetKernelArgSVMPointer, clSetKernelExecInfo } = kernelArg;
const { clGetKernelInfo, clGetKernelArgInfo, clGetKernelWorkGroupInfo, clGetKernelSubGroupInfo } = kernelInfo;
const { clEnqueueNDRangeKernel, clEnqueueTask, clEnqueueNativeKernel, clGetKernelSuggestedLocalWorkSize } = ndrange;
const { clCreateUserEvent, clSetUserEventStatus, clWaitForEvents, clGetEventInfo, clRetainEvent, clReleaseEvent, clSetEventCallback } = event;
const { clGetEventProfilingInfo } = profiling;
const { clEnqueueMarkerWithWaitList, clEnqueueBarrierWithWaitList, clEnqueueMarker, clEnqueueBarrier, clEnqueueWaitForEvents } = marker;
const {
  clGetExtensionFunctionAddressForPlatform, clGetExtensionFunctionAddress, clCreateCommandQueueWithPropertiesKHR, clGetKernelSuggestedLocalWorkSizeKHR, clIcdGetPlatformIDsKHR,
  clSetPlatformSettingsGLASS,
} = extension;

/** The core functions: all 115, or this does not compile. */
const core = {
  clGetPlatformIDs, clGetPlatformInfo, clGetExtensionFunctionAddressForPlatform, clGetExtensionFunctionAddress, clUnloadPlatformCompiler, clUnloadCompiler,
  clGetDeviceIDs, clGetDeviceInfo, clCreateSubDevices, clRetainDevice, clReleaseDevice, clGetDeviceAndHostTimer, clGetHostTimer, clSetDefaultDeviceCommandQueue,
  clCreateContext, clCreateContextFromType, clRetainContext, clReleaseContext, clGetContextInfo, clSetContextDestructorCallback,
  clCreateCommandQueueWithProperties, clCreateCommandQueue, clRetainCommandQueue, clReleaseCommandQueue, clGetCommandQueueInfo, clSetCommandQueueProperty, clFlush, clFinish,
  clRetainMemObject, clReleaseMemObject, clGetMemObjectInfo, clSetMemObjectDestructorCallback, clEnqueueUnmapMemObject, clEnqueueMigrateMemObjects,
  clCreateBuffer, clCreateBufferWithProperties, clCreateSubBuffer, clEnqueueReadBuffer, clEnqueueWriteBuffer, clEnqueueReadBufferRect, clEnqueueWriteBufferRect, clEnqueueCopyBuffer,
  clEnqueueCopyBufferRect, clEnqueueFillBuffer, clEnqueueMapBuffer,
  clCreateImage, clCreateImageWithProperties, clCreateImage2D, clCreateImage3D, clGetSupportedImageFormats, clGetImageInfo, clEnqueueReadImage, clEnqueueWriteImage, clEnqueueCopyImage,
  clEnqueueFillImage, clEnqueueCopyImageToBuffer, clEnqueueCopyBufferToImage, clEnqueueMapImage,
  clCreatePipe, clGetPipeInfo,
  clSVMAlloc, clSVMFree, clEnqueueSVMFree, clEnqueueSVMMemcpy, clEnqueueSVMMemFill, clEnqueueSVMMap, clEnqueueSVMUnmap, clEnqueueSVMMigrateMem,
  clCreateSamplerWithProperties, clCreateSampler, clRetainSampler, clReleaseSampler, clGetSamplerInfo,
  clCreateProgramWithSource, clCreateProgramWithBinary, clCreateProgramWithBuiltInKernels, clCreateProgramWithIL, clRetainProgram, clReleaseProgram, clBuildProgram, clCompileProgram,
  clLinkProgram, clGetProgramInfo, clGetProgramBuildInfo, clSetProgramSpecializationConstant, clSetProgramReleaseCallback,
  clCreateKernel, clCreateKernelsInProgram, clCloneKernel, clRetainKernel, clReleaseKernel, clSetKernelArg, clSetKernelArgSVMPointer, clSetKernelExecInfo, clGetKernelInfo, clGetKernelArgInfo,
  clGetKernelWorkGroupInfo, clGetKernelSubGroupInfo, clGetKernelSuggestedLocalWorkSize,
  clEnqueueNDRangeKernel, clEnqueueTask, clEnqueueNativeKernel,
  clCreateUserEvent, clSetUserEventStatus, clSetEventCallback, clWaitForEvents, clGetEventInfo, clGetEventProfilingInfo, clRetainEvent, clReleaseEvent,
  clEnqueueMarkerWithWaitList, clEnqueueBarrierWithWaitList, clEnqueueMarker, clEnqueueBarrier, clEnqueueWaitForEvents,
} satisfies Record<CoreFunction, (t: Caller, ...args: never[]) => unknown>;

/** OpenCL as implementation functions `(caller, ...C parameters)`; blocking ones are generators. A binding makes the three calling styles of it. */
export const opencl: typeof core & {
  readonly clCreateCommandQueueWithPropertiesKHR: typeof clCreateCommandQueueWithPropertiesKHR;
  readonly clGetKernelSuggestedLocalWorkSizeKHR: typeof clGetKernelSuggestedLocalWorkSizeKHR;
  readonly clIcdGetPlatformIDsKHR: typeof clIcdGetPlatformIDsKHR;
  readonly clSetPlatformSettingsGLASS: typeof clSetPlatformSettingsGLASS;
} = { ...core, clCreateCommandQueueWithPropertiesKHR, clGetKernelSuggestedLocalWorkSizeKHR, clIcdGetPlatformIDsKHR, clSetPlatformSettingsGLASS };

/** The type of the implementation, from which calling styles and facades are derived. */
export type OpenCl = typeof opencl;
