import type { KernelInfo } from "../../compiler/abi.ts";
import type { DeviceObject } from "./device-object.ts";
import type { MemObject } from "./mem-object.ts";
import { ClObject } from "./object.ts";
import type { ProgramObject } from "./program-object.ts";

/** A cl_kernel: a function, and the argument values that the next enqueue takes along. */
export class KernelObject extends ClObject {
  readonly program: ProgramObject;
  /** As on the first device that has it; parameters are the same on all. */
  readonly info: KernelInfo;
  /** The parameter block as set so far; work-group pointers are filled in at enqueue. */
  readonly params: Uint8Array;
  readonly view: DataView;
  /** How many arguments have been set, and which. */
  readonly isSet: boolean[];
  missing: number;
  /** Memory objects of buffer arguments, by index; null for NULL, SVM pointers and other arguments. */
  readonly mems: (MemObject | null)[];
  /** Bytes of `__local` arguments, by index. */
  readonly localBytes: number[];
  /** SVM pointers named with clSetKernelExecInfo. */
  svmPointers: readonly number[] = [];

  constructor(program: ProgramObject, info: KernelInfo) {
    super(program);
    this.program = program;
    this.info = info;
    this.params = new Uint8Array(info.paramBytes);
    this.view = new DataView(this.params.buffer);
    const count = info.params.length;
    this.isSet = new Array<boolean>(count).fill(false);
    this.missing = count;
    this.mems = new Array<MemObject | null>(count).fill(null);
    this.localBytes = new Array<number>(count).fill(0);
  }

  protected get parent(): ProgramObject {
    return this.program;
  }

  /** What it is on a device: a program may be built for each with options of its own. */
  infoOn(device: DeviceObject): KernelInfo {
    return this.program.builds.get(device)?.code?.kernels.get(this.info.name) ?? this.info;
  }

  /** Notes that argument `index` has a value. */
  mark(index: number): void {
    if (this.isSet[index]) return;
    this.isSet[index] = true;
    this.missing--;
  }

  /** A kernel with the same argument values. */
  clone(): KernelObject {
    const copy = new KernelObject(this.program, this.info);
    copy.params.set(this.params);
    this.isSet.forEach((set, i) => (copy.isSet[i] = set));
    this.mems.forEach((mem, i) => (copy.mems[i] = mem));
    this.localBytes.forEach((bytes, i) => (copy.localBytes[i] = bytes));
    copy.missing = this.missing;
    copy.svmPointers = this.svmPointers;
    return copy;
  }

  protected dispose(): void {
    // Arguments are not references.
  }
}
