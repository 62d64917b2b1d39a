import { out, type Out } from "../../../src/api/out.ts";
import * as C from "../../../src/opencl/abi/constants.ts";
import { errorNames } from "../../../src/opencl/abi/errors.ts";
import type { cl_command_queue, cl_context, cl_event, cl_int, cl_kernel, cl_mem, cl_program } from "../../../src/opencl/abi/types.ts";
import { Bench, type BenchOptions } from "../../opencl/harness.ts";
import { testModule } from "../../opencl/kernels.ts";

/** A context with one of everything, and a second context with another. */
export class Fixture extends Bench {
  readonly ctx: cl_context = this.context();
  readonly q: cl_command_queue = this.queue(this.ctx);
  readonly ooo: cl_command_queue = this.queue(this.ctx, C.CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
  readonly prof: cl_command_queue = this.queue(this.ctx, C.CL_QUEUE_PROFILING_ENABLE);
  readonly buf: cl_mem = this.buffer(this.ctx, 4096);
  readonly buf2: cl_mem = this.buffer(this.ctx, 4096);
  readonly prog: cl_program = this.program(this.ctx, testModule());
  /** A program whose work-groups must all be of one size. */
  readonly uniform: cl_program = this.program(this.ctx, testModule(), { nonUniform: false });
  readonly ctx2: cl_context = this.context();
  readonly q2: cl_command_queue = this.queue(this.ctx2);
  readonly bufOther: cl_mem = this.buffer(this.ctx2, 4096);
  readonly data: Uint8Array = new Uint8Array(4096);

  constructor(options: BenchOptions = {}) {
    super(options);
  }

  /** The kernel `fill(out, value)` with both arguments set. */
  fill(name = "fill", program: cl_program = this.prog): cl_kernel {
    const kernel = this.kernelOf(program, name);
    this.ok(this.cl.clSetKernelArg(kernel, 0, 8, this.buf));
    this.ok(this.cl.clSetKernelArg(kernel, 1, 4, new Uint32Array([1])));
    return kernel;
  }

  /** A user event that has failed. */
  failed(context: cl_context = this.ctx): cl_event {
    const event = this.userEvent(context);
    this.ok(this.cl.clSetUserEventStatus(event, -5));
    return event;
  }

  sub(parent: cl_mem, flags: number, origin: number, size: number, errcode: Out<cl_int> | null): cl_mem {
    return this.cl.clCreateSubBuffer(parent, flags, C.CL_BUFFER_CREATE_TYPE_REGION, { origin, size }, errcode);
  }
}

/** A code by its name, for readable failures. */
export function named(code: number): string {
  return errorNames.get(code) ?? String(code);
}

export { C, out };
