import { CUDA_SUCCESS } from "glassgpu/cuda";
import { CL_SUCCESS } from "glassgpu/opencl";
import type { Machine } from "glassgpu";
import { formatDiagnostic } from "glassgpu";

/** What C programs call CHECK: ends the program when a call failed, with what the machine says about it. */
export function checker(machine: Machine): (code: number) => void {
  return (code) => {
    if (code === CUDA_SUCCESS || code === CL_SUCCESS) return;
    const diagnostic = machine.lastDiagnostic();
    throw new Error(diagnostic === null ? `error ${code}` : formatDiagnostic(diagnostic));
  };
}
