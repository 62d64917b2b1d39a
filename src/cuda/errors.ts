import { errorName, resultName } from "./driver/core/fail.ts";
import type { Diagnostic } from "../api/diagnostics.ts";
import { formatDiagnostic } from "../api/diagnostics.ts";

/** What the throwing facades throw: a code of either CUDA API, with what explains it. */
export class CudaError extends Error {
  /** The API function that answered it. */
  readonly call: string;
  /** The code, a CUresult or a cudaError_t. */
  readonly code: number;
  /** Its name: "CUDA_ERROR_INVALID_VALUE", "cudaErrorInvalidValue". */
  readonly codeName: string;
  /** What was recorded with it; null when nothing was (NOT_READY is no failure). */
  readonly diagnostic: Diagnostic | null;

  constructor(call: string, code: number, diagnostic: Diagnostic | null = null) {
    const codeName = (call.startsWith("cuda") ? errorName(code) : resultName(code)) ?? `code ${code}`;
    super(diagnostic === null ? `${call}: ${codeName}` : formatDiagnostic(diagnostic));
    this.name = "CudaError";
    this.call = call;
    this.code = code;
    this.codeName = codeName;
    this.diagnostic = diagnostic;
  }
}
