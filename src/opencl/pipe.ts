/**
 * OpenCL 3.0 API specification, 5.4: Pipes. The devices have none (CL_DEVICE_PIPE_SUPPORT is CL_FALSE).
 */
import type { Caller } from "../api/caller.ts";
import type { Out } from "../api/out.ts";
import { CL_MEM_HOST_NO_ACCESS, CL_MEM_READ_WRITE } from "./abi/constants.ts";
import { CL_INVALID_CONTEXT, CL_INVALID_MEM_OBJECT, CL_INVALID_OPERATION, CL_INVALID_PIPE_SIZE, CL_INVALID_VALUE } from "./abi/errors.ts";
import type { cl_context, cl_int, cl_mem, cl_mem_flags, cl_pipe_info, cl_pipe_properties, cl_uint } from "./abi/types.ts";
import { contextOf } from "./context.ts";
import { fail, failNull } from "./runtime/fail.ts";
import type { ParamValue } from "./runtime/info.ts";

/** clCreatePipe: refused. @returns NULL; errcode_ret: CL_INVALID_CONTEXT, CL_INVALID_VALUE, CL_INVALID_PIPE_SIZE, CL_INVALID_OPERATION */
export function clCreatePipe(t: Caller, context: cl_context | null, flags: cl_mem_flags, pipe_packet_size: cl_uint, pipe_max_packets: cl_uint, properties: readonly cl_pipe_properties[] | null, errcode_ret: Out<cl_int> | null): cl_mem {
  if (contextOf(t, context) === undefined) return failNull(t, errcode_ret, CL_INVALID_CONTEXT, "context must be a valid context", { context });
  if ((flags & ~(CL_MEM_READ_WRITE | CL_MEM_HOST_NO_ACCESS)) !== 0) return failNull(t, errcode_ret, CL_INVALID_VALUE, "flags must hold CL_MEM_READ_WRITE and CL_MEM_HOST_NO_ACCESS only", { flags });
  if (properties !== null) return failNull(t, errcode_ret, CL_INVALID_VALUE, "properties must be NULL");
  if (pipe_packet_size === 0 || pipe_max_packets === 0) return failNull(t, errcode_ret, CL_INVALID_PIPE_SIZE, "neither packet size nor number of packets may be 0", { pipe_packet_size, pipe_max_packets });
  return failNull(t, errcode_ret, CL_INVALID_OPERATION, "no device of the context has pipes (CL_DEVICE_PIPE_SUPPORT)");
}

/** clGetPipeInfo: there are no pipes. @returns CL_INVALID_MEM_OBJECT */
export function clGetPipeInfo(t: Caller, pipe: cl_mem | null, _param_name: cl_pipe_info, _param_value_size: number, _param_value: ParamValue, _param_value_size_ret: Out<number> | null): cl_int {
  return fail(t, CL_INVALID_MEM_OBJECT, "pipe must be a valid pipe, and the devices have none", { pipe });
}
