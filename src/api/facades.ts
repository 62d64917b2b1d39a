import type { Out } from "./out.ts";
import { out } from "./out.ts";

/** What a facade must know of one function. Positions count the C parameters from 0. */
export interface FunctionShape {
  /** Positions of out-parameters, ascending. */
  readonly outs: readonly number[];
  /** Number of C parameters. */
  readonly arity: number;
  /** Position of an `errcode_ret` out-parameter when the function returns an object instead of a code. */
  readonly errcode?: number;
}

/** What a facade must know of an API. */
export interface FacadeSpec {
  shape(name: string): FunctionShape | undefined;
  /** The error to throw for a code, or null when the code is no error. */
  error(name: string, code: number): Error | null;
}

type AnyCall = (...args: unknown[]) => unknown;

interface Outcome {
  readonly code: number;
  readonly values: readonly unknown[];
}

function callWithBoxes(fn: AnyCall, shape: FunctionShape, args: readonly unknown[]): Outcome {
  const full: unknown[] = [];
  const boxes: Out<unknown>[] = [];
  let next = 0;
  for (let position = 0; position < shape.arity; position++) {
    if (shape.outs.includes(position) || position === shape.errcode) {
      const box = out<unknown>();
      boxes.push(box);
      full.push(box);
    } else full.push(args[next++]);
  }
  const result = fn(...full);
  const values = boxes.map((box) => (box.isSet ? box.value : undefined));
  if (shape.errcode === undefined) return { code: result as number, values };
  const errcodeIndex = [...shape.outs, shape.errcode].toSorted((a, b) => a - b).indexOf(shape.errcode);
  const [code] = values.splice(errcodeIndex, 1);
  return { code: (code as number | undefined) ?? 0, values: [result, ...values] };
}

function wrap(api: object, spec: FacadeSpec, make: (name: string, fn: AnyCall, shape: FunctionShape) => AnyCall): object {
  const facade = {};
  for (const name of Object.keys(api)) {
    Object.defineProperty(facade, name, {
      enumerable: true,
      configurable: true,
      get() {
        const fn = (api as Record<string, AnyCall>)[name]!;
        const shape = spec.shape(name);
        const value = shape === undefined ? fn : make(name, fn, shape);
        Object.defineProperty(facade, name, { value, enumerable: true });
        return value;
      },
    });
  }
  return facade;
}

/** Tuple style over a synchronous API: `[code, ...outs]`. Out values that the call did not write are undefined. */
export function tupleFacade(api: object, spec: FacadeSpec): object {
  return wrap(api, spec, (_name, fn, shape) => (...args) => {
    const { code, values } = callWithBoxes(fn, shape, args);
    return [code, ...values];
  });
}

/** Throwing style over a synchronous API: returns nothing, the one out value, or an array of them; throws the API's error class. */
export function throwingFacade(api: object, spec: FacadeSpec): object {
  return wrap(api, spec, (name, fn, shape) => (...args) => {
    const { code, values } = callWithBoxes(fn, shape, args);
    const error = spec.error(name, code);
    if (error !== null) throw error;
    return values.length === 0 ? undefined : values.length === 1 ? values[0] : values;
  });
}
