import * as E from "../../../../src/opencl/abi/errors.ts";
import type { cl_context } from "../../../../src/opencl/abi/types.ts";
import { C, out, type Fixture } from "../fixture.ts";
import type { Row } from "./row.ts";

/** Pipes: refused, and every rule that a call can break before. */
export function refusedRows(f: Fixture): Row[] {
  const { cl } = f;
  const badContext = 77 as cl_context;
  return [
    ["clCreatePipe", "context invalid", E.CL_INVALID_CONTEXT, () => f.code((e) => cl.clCreatePipe(badContext, 0, 4, 4, null, e))],
    ["clCreatePipe", "flags invalid", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreatePipe(f.ctx, C.CL_MEM_READ_ONLY, 4, 4, null, e))],
    ["clCreatePipe", "properties", E.CL_INVALID_VALUE, () => f.code((e) => cl.clCreatePipe(f.ctx, 0, 4, 4, [0], e))],
    ["clCreatePipe", "packet size 0", E.CL_INVALID_PIPE_SIZE, () => f.code((e) => cl.clCreatePipe(f.ctx, 0, 0, 4, null, e))],
    ["clCreatePipe", "no packets", E.CL_INVALID_PIPE_SIZE, () => f.code((e) => cl.clCreatePipe(f.ctx, 0, 4, 0, null, e))],
    ["clCreatePipe", "no pipes", E.CL_INVALID_OPERATION, () => f.code((e) => cl.clCreatePipe(f.ctx, 0, 4, 4, null, e))],
    ["clGetPipeInfo", "not a pipe", E.CL_INVALID_MEM_OBJECT, () => cl.clGetPipeInfo(f.buf, C.CL_PIPE_PACKET_SIZE, 4, out(), null)],
  ];
}
