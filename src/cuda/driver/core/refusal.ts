import type { CompileError } from "../../../compiler/abi.ts";
import * as cu from "../../abi/driver/constants.ts";
import type { CUresult } from "../../abi/driver/enums.ts";

/** Why a text cannot be loaded. */
export interface Refusal {
  readonly code: CUresult;
  readonly rule: string;
  /** What the error log of the just-in-time compiler gets. */
  readonly log: string;
}

/** Whether the result is a refusal. */
export function isRefusal(result: object): result is Refusal {
  return "rule" in result;
}

/** The refusal for an error of a front end. */
export function refusalOf(error: CompileError): Refusal {
  const log = `ptxas error   : ${error.message}`;
  switch (error.kind) {
    case "syntax": case "type": return { code: cu.CUDA_ERROR_INVALID_PTX, rule: `the PTX text is not valid: ${error.message}`, log };
    case "target": return { code: cu.CUDA_ERROR_NO_BINARY_FOR_GPU, rule: `the PTX text is for another architecture: ${error.message}`, log };
    case "link": return { code: cu.CUDA_ERROR_INVALID_PTX, rule: `a symbol cannot be resolved: ${error.message}`, log };
    case "unsupported": return { code: cu.CUDA_ERROR_NOT_SUPPORTED, rule: `the PTX text uses what this emulator does not execute: ${error.message}`, log };
    default: {
      const never: never = error.kind;
      throw new Error(`not covered: ${String(never)}`);
    }
  }
}
