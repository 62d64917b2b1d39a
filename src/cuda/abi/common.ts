import type { HostPtr } from "../../api/out.ts";

/** What the generated tables of both APIs are written in. */

declare const brand: unique symbol;

/** An opaque handle: a number that only its own API understands. 0 is NULL. */
export type Handle<Name extends string> = (number & { readonly [brand]: Name }) | 0;

/** A struct as callers may pass it: fields left out are zero, as after `= {0}` in C. */
export type In<T> = T extends readonly (infer E)[]
  ? readonly In<E>[]
  : T extends number | bigint | string | boolean | null | undefined | ArrayBufferView | ((...args: never[]) => unknown)
    ? T
    : T extends object
      ? { readonly [K in keyof T]?: In<T[K]> | undefined }
      : T;

/** One kernel argument: converted by the kernel's own parameter list. Structs are given as their bytes. */
export type KernelValue = number | bigint | boolean | ArrayBufferView;

/** One side of a copied box: a cudaPitchedPtr whose memory may also be bytes of the program. */
export interface HostPitchedPtr {
  ptr: HostPtr;
  pitch: number;
  xsize: number;
  ysize: number;
}

/** `extra` of a launch: the whole parameter block (C: CU_LAUNCH_PARAM_BUFFER_POINTER and _SIZE). */
export interface LaunchExtra {
  readonly buffer: ArrayBufferView;
  /** Bytes of `buffer` that count; all of them when absent. */
  readonly size?: number | undefined;
}

/** What a module is loaded from: PTX text, its bytes (a trailing NUL is allowed), or the result of cuLinkComplete. */
export type ModuleImage = string | ArrayBufferView;

/** What the runtime takes for a `__global__` function: the object that `registerModule` gave, its name, or a kernel or function handle. */
export type KernelFunction = { readonly kernelName: string } | string | number;

/** What the runtime takes for a `__device__` variable: the object that `registerModule` gave, or its name. */
export type DeviceSymbol = { readonly symbolName: string } | string;

/** One row of a signature table. */
export interface Signature {
  /** The manual's chapter, by its group name in the header. */
  readonly group: string;
  /** C type and name of each parameter. */
  readonly params: readonly (readonly [string, string])[];
  /** Indices of the parameters that are out boxes. */
  readonly outs: readonly number[];
  /** Those of them that must hold a value before the call. */
  readonly inOuts: readonly number[];
  readonly deprecated: boolean;
  /** Names of the documented return codes. */
  readonly returns: readonly string[];
}
