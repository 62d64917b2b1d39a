/**
 * A box for an out-parameter: what C writes through a pointer. `out<CUcontext>()` begins without a value; reading `value` before a call has
 * written it throws, because in C that would be an uninitialised variable.
 */
export class Out<T> {
  #value: T | undefined;
  #set: boolean;

  constructor(initial?: T) {
    this.#value = initial;
    this.#set = initial !== undefined;
  }

  /** The value that was written. Throws ReferenceError when nothing was. */
  get value(): T {
    if (!this.#set) throw new ReferenceError("this out() box was read before any call wrote it (did the call fail?)");
    return this.#value as T;
  }

  set value(value: T) {
    this.#value = value;
    this.#set = true;
  }

  /** Whether a call has written it. */
  get isSet(): boolean {
    return this.#set;
  }
}

/** Makes an out-parameter box, with a start value for in-out parameters. */
export function out<T>(initial?: T): Out<T> {
  return new Out<T>(initial);
}

/** Host memory as the APIs accept it: a simulated address, or bytes of the JavaScript program (pageable memory). */
export type HostPtr = number | ArrayBufferView;
