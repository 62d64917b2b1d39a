/**
 * glassgpu: a computer with GPUs in it, made of TypeScript.
 * @packageDocumentation
 */
import { setDefaultProcess } from "./host/ambient.ts";
import { createMachine } from "./machine.ts";

setDefaultProcess(() => createMachine().process("host"));

export { createMachine, Machine, type ExecOptions, type Finished, type MachineOptions, type ProcessOptions } from "./machine.ts";
export { HostProcess, SimProcess, type Apis, type ThreadHandle } from "./host/host-process.ts";
export { out, Out, type HostPtr } from "./api/out.ts";
export { formatDiagnostic, type Diagnostic } from "./api/diagnostics.ts";
export { DeadlockError, EmulatorBug, type Stuck } from "./kernel/errors.ts";
export type { TraceEvent } from "./kernel/trace/tracer.ts";
export { findProfile } from "./gpu/profiles/index.ts";
export type { GpuProfile } from "./kernel/sys/uapi.ts";
