import type { Blocking, WaitRequest } from "../kernel/process/wait.ts";
import type { Caller } from "./caller.ts";
import type { Out } from "./out.ts";

/**
 * Types of the three calling styles and the two facades, derived from a table of implementation functions
 * `(t: Caller, ...args) => Code | Blocking<Code>`.
 */
export type Implementation = Readonly<Record<string, (t: Caller, ...args: never[]) => unknown>>;

/** What a call gives when it is over. */
export type Result<R> = R extends Generator<WaitRequest, infer X, infer _W> ? X : R;

/** The C parameters of an implementation function. */
export type Args<F> = F extends (t: Caller, ...args: infer A) => unknown ? A : never;
/** What it gives when it is over. */
export type Returns<F> = F extends (t: Caller, ...args: never[]) => infer R ? Result<R> : never;

/** Synchronous: runs the machine until the call is over. Throws DeadlockError when it never can be. */
export type SyncApi<I> = { readonly [K in keyof I]: (...args: Args<I[K]>) => Returns<I[K]> };
/** For simulated threads: `yield* t.cuda.cuStreamSynchronize(s)`. Every call is a scheduling point. */
export type CoroutineApi<I> = { readonly [K in keyof I]: (...args: Args<I[K]>) => Blocking<Returns<I[K]>> };
/** For asynchronous host code: lets other JavaScript run while it waits. */
export type AsyncApi<I> = { readonly [K in keyof I]: (...args: Args<I[K]>) => Promise<Returns<I[K]>> };

type IsOut<P> = [P] extends [Out<infer _T> | null | undefined] ? ([P] extends [null | undefined] ? false : true) : false;
type OutValue<P> = P extends Out<infer T> ? T : never;

/** The parameters without out boxes. */
export type InArgs<A> = A extends readonly [infer H, ...infer R] ? (IsOut<H> extends true ? InArgs<R> : [H, ...InArgs<R>]) : [];
/** The values of the out boxes, in order. */
export type OutValues<A> = A extends readonly [infer H, ...infer R] ? (IsOut<H> extends true ? [OutValue<H>, ...OutValues<R>] : OutValues<R>) : [];
/** C optional parameters count too. */
type Full<A> = A extends readonly unknown[] ? Required<A> : never;

/** `const [err, ctx] = cuCtxCreate(null, 0, dev)`: the code first, then the out values (undefined where the call wrote none). */
export type TupleApi<I> = {
  readonly [K in keyof I]: (...args: InArgs<Full<Args<I[K]>>>) => readonly [Returns<I[K]>, ...Partial<OutValues<Full<Args<I[K]>>>>];
};

/** What the throwing facade returns: nothing, the out value, or all of them. */
export type Outcome<O> = O extends readonly [] ? void : O extends readonly [infer X] ? X : O;
/** `const ctx = cuCtxCreate(null, 0, dev)`: throws the API's error class when the code is not success. */
export type ThrowingApi<I> = { readonly [K in keyof I]: (...args: InArgs<Full<Args<I[K]>>>) => Outcome<OutValues<Full<Args<I[K]>>>> };
