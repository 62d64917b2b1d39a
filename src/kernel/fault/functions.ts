import { Errno } from "../errors.ts";

/** The longest name of a request that is taken. */
const NAME = /^[A-Z0-9][A-Z0-9_]{2,63}$/;

/**
 * What fail_function overrides: functions by name and the value that each returns instead of doing anything. The functions here are the requests of
 * ioctl(2): a function that is not on the list is never touched, whatever the capability's probability.
 */
export class FaultFunctions {
  private readonly retvals = new Map<string, number>();

  /** Puts a function on the list. @param retval negative errno @throws RangeError for a name that is no request's, a value that is no errno */
  inject(name: string, retval: number = -Errno.EINVAL): void {
    if (!NAME.test(name)) throw new RangeError(`fail_function: ${JSON.stringify(name)} is not the name of a request`);
    if (!(Number.isInteger(retval) && retval < 0 && retval >= -4095)) throw new RangeError(`fail_function: ${name} returns 0 or more when it works; ${retval} is no negative errno`);
    this.retvals.set(name, retval);
  }

  /** Takes a function off the list; "" takes all. */
  remove(name: string): void {
    if (name === "") this.retvals.clear();
    else this.retvals.delete(name);
  }

  /** What a function returns when it is overridden; 0: it is not on the list. */
  retval(name: string): number {
    return this.retvals.size === 0 ? 0 : (this.retvals.get(name) ?? 0);
  }

  /** Names on the list. */
  names(): readonly string[] {
    return [...this.retvals.keys()];
  }
}
