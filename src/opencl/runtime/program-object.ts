import type { Caller } from "../../api/caller.ts";
import type { DeviceCode } from "../../compiler/abi.ts";
import type { Module } from "../../compiler/ir/module.ts";
import { CL_BUILD_NONE, CL_PROGRAM_BINARY_TYPE_NONE } from "../abi/constants.ts";
import type { cl_program } from "../abi/types.ts";
import { runCallback } from "./callback.ts";
import type { ContextObject, Slot } from "./context-object.ts";
import type { DeviceObject } from "./device-object.ts";
import type { EventObject } from "./event.ts";
import type { Piece } from "./memory.ts";
import { ClObject } from "./object.ts";

/** What a program is made from. */
export type ProgramKind = "source" | "binary" | "linked";

/** What a program is on one device. */
export interface Build {
  readonly device: DeviceObject;
  /** CL_BUILD_*. */
  status: number;
  options: string;
  log: string;
  /** CL_PROGRAM_BINARY_TYPE_*. */
  binaryType: number;
  /** What was compiled, linked or loaded; null: nothing. */
  module: Module | null;
  /** Of an executable. */
  code: DeviceCode | null;
  /** Non-uniform work-groups are allowed: OpenCL C 2.0 or later without -cl-uniform-work-group-size. */
  nonUniform: boolean;
  /** -cl-kernel-arg-info, or a binary that kept it. */
  argInfo: boolean;
}

/** Program variables of an executable as they lie on one device. */
export interface Instance {
  readonly code: DeviceCode;
  readonly symbols: BigUint64Array;
  readonly pieces: readonly Piece[];
  /** Brings the initial contents; null when they are there. */
  ready: EventObject | null;
}

/** A cl_program. */
export class ProgramObject extends ClObject {
  readonly context: ContextObject;
  readonly kind: ProgramKind;
  readonly devices: readonly DeviceObject[];
  readonly source: string | null;
  readonly builds: ReadonlyMap<DeviceObject, Build>;
  readonly instances: Map<Slot, Instance> = new Map();
  readonly destructors: { readonly call: (program: cl_program, user_data: unknown) => unknown; readonly data: unknown }[] = [];

  constructor(context: ContextObject, kind: ProgramKind, devices: readonly DeviceObject[], source: string | null) {
    super(context);
    this.context = context;
    this.kind = kind;
    this.devices = devices;
    this.source = source;
    this.builds = new Map(devices.map((device) => [device, {
      device, status: CL_BUILD_NONE, options: "", log: "", binaryType: CL_PROGRAM_BINARY_TYPE_NONE, module: null, code: null, nonUniform: false, argInfo: false,
    }]));
  }

  protected get parent(): ContextObject {
    return this.context;
  }

  /** Builds with an executable. */
  executables(): Build[] {
    return [...this.builds.values()].filter((build) => build.code !== null);
  }

  /** Forgets program variables: before a new build those of its devices, and at the end all. */
  dropInstances(t: Caller, devices: readonly DeviceObject[] = this.devices): void {
    for (const [slot, instance] of this.instances) {
      if (!devices.includes(slot.device)) continue;
      for (const piece of instance.pieces) this.context.memory.give(t, piece);
      this.instances.delete(slot);
    }
  }

  protected dispose(t: Caller): void {
    for (let i = this.destructors.length - 1; i >= 0; i--) {
      const { call, data } = this.destructors[i]!;
      runCallback(t, () => call(this.handle as cl_program, data));
    }
    this.dropInstances(t);
  }
}
