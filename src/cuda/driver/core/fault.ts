import type { DeviceFault, FaultKind } from "../../../compiler/abi.ts";
import { Errno, errnoName } from "../../../kernel/errors.ts";
import type { ContextFault } from "../../../kernel/sys/uapi.ts";
import * as cu from "../../abi/driver/constants.ts";
import type { CUresult } from "../../abi/driver/enums.ts";

function unreachable(value: never): never {
  throw new Error(`not covered: ${String(value)}`);
}

/**
 * The error of a kernel that did this. Total over the hardware's fault kinds.
 * NON-SPEC: a trap instruction gives LAUNCH_FAILED (as GPUs up to now answer); a barrier that can never complete, which on real hardware hangs until the watchdog
 * comes, gives LAUNCH_FAILED at once.
 */
export function faultKindCode(kind: FaultKind): CUresult {
  switch (kind) {
    case "illegal-address": return cu.CUDA_ERROR_ILLEGAL_ADDRESS;
    case "write-protected": return cu.CUDA_ERROR_ILLEGAL_ADDRESS;
    case "misaligned": return cu.CUDA_ERROR_MISALIGNED_ADDRESS;
    case "trap": return cu.CUDA_ERROR_LAUNCH_FAILED;
    case "assert": return cu.CUDA_ERROR_ASSERT;
    case "illegal-instruction": return cu.CUDA_ERROR_ILLEGAL_INSTRUCTION;
    case "invalid-pc": return cu.CUDA_ERROR_INVALID_PC;
    case "stack-overflow": return cu.CUDA_ERROR_HARDWARE_STACK_ERROR;
    case "barrier-divergence": return cu.CUDA_ERROR_LAUNCH_FAILED;
    case "out-of-memory": return cu.CUDA_ERROR_LAUNCH_FAILED;
    default: return unreachable(kind);
  }
}

/** The error that a context with this fault answers from then on. */
export function contextFaultCode(fault: ContextFault): CUresult {
  switch (fault.reason) {
    case "fault": return fault.fault === null ? cu.CUDA_ERROR_LAUNCH_FAILED : faultKindCode(fault.fault.kind);
    case "timeout": return cu.CUDA_ERROR_LAUNCH_TIMEOUT;
    case "reset-guilty": return cu.CUDA_ERROR_LAUNCH_FAILED;
    case "reset-innocent": return cu.CUDA_ERROR_CONTAINED;
    case "device-lost": return cu.CUDA_ERROR_UNKNOWN;
    case "mps-terminated": return cu.CUDA_ERROR_MPS_CLIENT_TERMINATED;
    case "mps-server-lost": return cu.CUDA_ERROR_MPS_RPC_FAILURE;
    default: return unreachable(fault.reason);
  }
}

/** One sentence about a fault: which kernel, block, thread, line, address. */
export function describeFault(fault: ContextFault): string {
  switch (fault.reason) {
    case "fault": return fault.fault === null ? `"${fault.label}" faulted` : fault.fault.message;
    case "timeout": return `"${fault.label}" ran longer than the device allows and was stopped`;
    case "reset-guilty": return `"${fault.label}" made the device hang; it was reset`;
    case "reset-innocent": return `the device was reset because of another program while "${fault.label}" was on it`;
    case "device-lost": return "the device is gone";
    case "mps-terminated": return "the MPS server has terminated this client";
    case "mps-server-lost": return "the MPS server is gone";
    default: return unreachable(fault.reason);
  }
}

/** What a fault names, for diagnostics. */
export function faultValues(fault: ContextFault): Readonly<Record<string, unknown>> {
  const device: DeviceFault | null = fault.fault;
  if (device === null) return { work: fault.label };
  const { kernel, line, block, thread } = device.site;
  return {
    kernel, line, block: block.join(","), thread: thread.join(","),
    ...(device.access === null ? {} : { address: device.access.address, bytes: device.access.size, access: device.access.kind }),
  };
}

/**
 * The error for a system call's negative errno. Total: what no call of ours should ever give is UNKNOWN.
 */
export function errnoCode(error: number): CUresult {
  switch (-error) {
    case Errno.ENOMEM: return cu.CUDA_ERROR_OUT_OF_MEMORY;
    case Errno.ENOSPC: return cu.CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
    case Errno.ENODEV: case Errno.ENXIO: return cu.CUDA_ERROR_NO_DEVICE;
    case Errno.EACCES: case Errno.EPERM: return cu.CUDA_ERROR_NOT_PERMITTED;
    case Errno.EINVAL: case Errno.ENOENT: return cu.CUDA_ERROR_INVALID_VALUE;
    case Errno.EFAULT: case Errno.EMFILE: case Errno.ENFILE: return cu.CUDA_ERROR_OPERATING_SYSTEM;
    case Errno.ECANCELED: case Errno.EIO: return cu.CUDA_ERROR_LAUNCH_FAILED;
    case Errno.EOPNOTSUPP: case Errno.ENOTTY: return cu.CUDA_ERROR_NOT_SUPPORTED;
    default: return cu.CUDA_ERROR_UNKNOWN;
  }
}

/** For messages: what the operating system answered. */
export function errnoRule(error: number, what: string): string {
  return `${what}: the operating system answered ${errnoName(error)}`;
}

/** Errors that end the usefulness of the whole process, by the manual: "must be terminated and relaunched". */
const processWide: ReadonlySet<number> = new Set([
  cu.CUDA_ERROR_CONTAINED, cu.CUDA_ERROR_ILLEGAL_ADDRESS, cu.CUDA_ERROR_LAUNCH_TIMEOUT, cu.CUDA_ERROR_HARDWARE_STACK_ERROR, cu.CUDA_ERROR_ILLEGAL_INSTRUCTION,
  cu.CUDA_ERROR_MISALIGNED_ADDRESS, cu.CUDA_ERROR_INVALID_ADDRESS_SPACE, cu.CUDA_ERROR_INVALID_PC, cu.CUDA_ERROR_LAUNCH_FAILED,
  cu.CUDA_ERROR_MPS_CLIENT_TERMINATED, cu.CUDA_ERROR_MPS_RPC_FAILURE, cu.CUDA_ERROR_TENSOR_MEMORY_LEAK, cu.CUDA_ERROR_EXTERNAL_DEVICE,
]);

/** Whether the error sticks to the process (else to the context alone: a failed assert). */
export function isProcessWide(code: CUresult): boolean {
  return processWide.has(code);
}
