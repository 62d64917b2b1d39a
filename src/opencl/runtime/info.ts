import type { Caller } from "../../api/caller.ts";
import { Out } from "../../api/out.ts";
import { CL_INVALID_VALUE, CL_SUCCESS } from "../abi/errors.ts";
import type { cl_int, cl_name_version } from "../abi/types.ts";
import { layouts } from "../abi/types.ts";
import { fail } from "./fail.ts";

/**
 * Where a query's answer goes. An Out box gets the JavaScript value: number for integers, sizes, flags and handles, bigint for times, string for
 * text, arrays for arrays, objects for structs. An ArrayBufferView gets the bytes that C would get. `param_value_size` is checked in both cases, as in C: it
 * must not be less than the answer's size in bytes (`Infinity` always fits), and not more than the view has.
 */
export type ParamValue = Out<never> | Out<unknown> | ArrayBufferView | null;

/** A query's answer: value, and how C sees it. */
export interface Answer {
  /** Bytes in C. */
  readonly size: number;
  readonly value: unknown;
  readonly write: (view: DataView, value: never) => void;
}

function answer<T>(size: number, value: T, write: (view: DataView, value: T) => void): Answer {
  return { size, value, write: write as Answer["write"] };
}

/** cl_uint, cl_bool, enumerations. */
export function uint(value: number): Answer {
  return answer(4, value, (view, v) => view.setUint32(0, v, true));
}
/** cl_int. */
export function int(value: number): Answer {
  return answer(4, value, (view, v) => view.setInt32(0, v, true));
}
/** size_t, cl_ulong that is a size, bit-fields, pointers, handles. */
export function size(value: number): Answer {
  return answer(8, value, (view, v) => view.setBigUint64(0, BigInt(v), true));
}
/** cl_ulong that is no size. */
export function ulong(value: bigint): Answer {
  return answer(8, value, (view, v) => view.setBigUint64(0, v, true));
}
/** size_t[], handles, property lists. */
export function sizes(values: readonly number[]): Answer {
  return answer(8 * values.length, [...values], (view, list) => list.forEach((v, i) => view.setBigUint64(8 * i, BigInt.asUintN(64, BigInt(v)), true)));
}
/** char[]: with its terminating null in C. */
export function text(value: string): Answer {
  const bytes = new TextEncoder().encode(value);
  return answer(bytes.length + 1, value, (view) => {
    bytes.forEach((byte, i) => view.setUint8(i, byte));
    view.setUint8(bytes.length, 0);
  });
}
/** Plain bytes. */
export function bytes(value: Uint8Array): Answer {
  return answer(value.length, value, (view, v) => v.forEach((byte, i) => view.setUint8(i, byte)));
}
/** cl_name_version[]. */
export function nameVersions(values: readonly cl_name_version[]): Answer {
  const { size: each, fields } = layouts.cl_name_version;
  return answer(each * values.length, values, (view, list) => {
    list.forEach(({ version, name }, i) => {
      view.setUint32(each * i, version, true);
      for (let k = 0; k < fields.name.count; k++) view.setUint8(each * i + fields.name.offset + k, k < name.length ? name.charCodeAt(k) : 0);
    });
  });
}
/** A struct of 32-bit fields. */
export function words<T extends object>(value: T): Answer {
  const list = Object.values(value) as number[];
  return answer(4 * list.length, value, (view) => list.forEach((v, i) => view.setUint32(4 * i, v, true)));
}
/** An answer with no bytes: "param_value_size_ret equal to 0". */
export const nothing: Answer = { size: 0, value: undefined, write: () => {} };

/** Gives an answer the way every clGet*Info does. */
export function reply(t: Caller, result: Answer, param_value_size: number, param_value: ParamValue, param_value_size_ret: Out<number> | null): cl_int {
  if (param_value !== null && result.value !== undefined) {
    if (param_value_size < result.size) {
      return fail(t, CL_INVALID_VALUE, "param_value_size must not be less than the size of the answer", { param_value_size, needed: result.size });
    }
    if (param_value instanceof Out) (param_value as Out<unknown>).value = result.value;
    else {
      if (param_value.byteLength < result.size) return fail(t, CL_INVALID_VALUE, "the array given as param_value is shorter than param_value_size says", { length: param_value.byteLength, param_value_size });
      result.write(new DataView(param_value.buffer, param_value.byteOffset, param_value.byteLength), result.value as never);
    }
  }
  if (param_value_size_ret !== null) param_value_size_ret.value = result.size;
  return CL_SUCCESS;
}
