import { errorNames, type cl_error } from "./abi/errors.ts";

/** Thrown by the throwing facade: a function did not return CL_SUCCESS. The machine's last diagnostic says which rule was broken. */
export class ClError extends Error {
  /** The OpenCL error code. */
  readonly code: cl_error;
  /** Its name: "CL_INVALID_VALUE". */
  readonly codeName: string;
  /** The function that failed. */
  readonly call: string;

  constructor(call: string, code: number) {
    const codeName = errorNames.get(code) ?? "unknown error";
    super(`${call}: ${codeName} (${code})`);
    this.name = "ClError";
    this.code = code as cl_error;
    this.codeName = codeName;
    this.call = call;
  }
}
