import type { FacadeSpec, FunctionShape } from "../api/facades.ts";
import type { Args, InArgs, Outcome, OutValues, Returns } from "../api/styles.ts";
import { CL_SUCCESS } from "./abi/errors.ts";
import { coreSignatures, extensionSignatures, type Signature } from "./abi/signatures.ts";
import type { cl_int } from "./abi/types.ts";
import { ClError } from "./errors.ts";
import type { OpenCl } from "./index.ts";

type Signatures = typeof coreSignatures & typeof extensionSignatures;
type Roles<K> = K extends keyof Signatures ? Signatures[K]["params"][number]["role"] : never;
type Known<K> = K extends keyof Signatures ? K : never;
/** Functions that return an object and tell the code through errcode_ret. */
type GivesObject<K> = "errcode" extends Roles<K> ? true : false;
type AllButLast<A> = A extends readonly [...infer R, infer _L] ? R : [];
type Outs<K extends keyof OpenCl> = OutValues<Required<Args<OpenCl[K]>>>;
type Ins<K extends keyof OpenCl> = InArgs<Required<Args<OpenCl[K]>>>;
/** Functions that return neither code nor object with errcode_ret: left as they are. */
type Plain<K extends keyof OpenCl> = (...args: Args<OpenCl[K]>) => Returns<OpenCl[K]>;
type IsPlain<K extends keyof OpenCl> = K extends Known<K> ? (GivesObject<K> extends true ? false : Returns<OpenCl[K]> extends cl_int ? (K extends "clSVMAlloc" ? true : false) : true) : true;

/** `const [code, context] = clCreateContext(null, 1, [device], null, null)`: the code first, then what was made, then other out values. */
export type OpenClTuple = {
  readonly [K in keyof OpenCl]: IsPlain<K> extends true
    ? Plain<K>
    : GivesObject<K> extends true
      ? (...args: Ins<K>) => readonly [cl_int, Returns<OpenCl[K]>, ...Partial<AllButLast<Outs<K>>>]
      : (...args: Ins<K>) => readonly [cl_int, ...Partial<Outs<K>>];
};

/** `const context = clCreateContext(null, 1, [device], null, null)`: throws ClError when the code is not CL_SUCCESS. */
export type OpenClThrowing = {
  readonly [K in keyof OpenCl]: IsPlain<K> extends true
    ? Plain<K>
    : GivesObject<K> extends true
      ? (...args: Ins<K>) => Outcome<[Returns<OpenCl[K]>, ...AllButLast<Outs<K>>]>
      : (...args: Ins<K>) => Outcome<Outs<K>>;
};

const signatures: Readonly<Record<string, Signature>> = { ...coreSignatures, ...extensionSignatures };

function shapeOf(name: string): FunctionShape | undefined {
  const signature = Object.hasOwn(signatures, name) ? signatures[name] : undefined;
  if (signature === undefined) return undefined;
  const { params } = signature;
  const errcode = params.findIndex((param) => param.role === "errcode");
  if (errcode < 0 && signature.returns !== "cl_int") return undefined;
  const outs = params.flatMap((param, i) => (param.role === "out" || param.role === "outArray" || param.role === "event" ? [i] : []));
  return errcode < 0 ? { outs, arity: params.length } : { outs, arity: params.length, errcode };
}

/** What the tuple and throwing facades need to know of OpenCL. */
export const openclFacade: FacadeSpec = {
  shape: shapeOf,
  error: (name, code) => (code === CL_SUCCESS ? null : new ClError(name, code)),
};
