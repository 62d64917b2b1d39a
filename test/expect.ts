import { expect as full } from "vitest";

/**
 * Vitest's `expect` for tests that ask millions of times: what obviously holds is not reported to anyone (vitest keeps books on each assertion, which took half of the time of some tests), whatever does not, or is
 * not obvious, is asked of the real one.
 */

/** Whether both are certainly equal to anybody. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!same(a[i], b[i])) return false;
    return true;
  }
  if (Object.getPrototypeOf(a) !== Object.prototype || Object.getPrototypeOf(b) !== Object.prototype) return false;
  if (Object.getOwnPropertySymbols(a).length > 0 || Object.getOwnPropertySymbols(b).length > 0) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}

const ordered = (value: unknown): value is number | bigint => typeof value === "number" || typeof value === "bigint";

class Quick {
  readonly value: unknown;
  readonly message: string | undefined;

  constructor(value: unknown, message: string | undefined) {
    this.value = value;
    this.message = message;
  }

  toBe(want: unknown): void {
    if (!Object.is(this.value, want)) full(this.value, this.message).toBe(want);
  }

  toEqual(want: unknown): void {
    if (!same(this.value, want)) full(this.value, this.message).toEqual(want);
  }

  toBeNull(): void {
    this.toBe(null);
  }

  toBeLessThan(want: number | bigint): void {
    if (!ordered(this.value) || !ordered(want) || !(this.value < want)) full(this.value, this.message).toBeLessThan(want);
  }

  toBeLessThanOrEqual(want: number | bigint): void {
    if (!ordered(this.value) || !ordered(want) || !(this.value <= want)) full(this.value, this.message).toBeLessThanOrEqual(want);
  }

  toBeGreaterThan(want: number | bigint): void {
    if (!ordered(this.value) || !ordered(want) || !(this.value > want)) full(this.value, this.message).toBeGreaterThan(want);
  }

  toBeGreaterThanOrEqual(want: number | bigint): void {
    if (!ordered(this.value) || !ordered(want) || !(this.value >= want)) full(this.value, this.message).toBeGreaterThanOrEqual(want);
  }
}

// All else is the real one's.
Object.setPrototypeOf(Quick.prototype, new Proxy({}, {
  get(_, name, { value, message }: Quick): unknown {
    const asked = full(value, message);
    const found: unknown = Reflect.get(asked, name);
    return typeof found === "function" ? (...args: unknown[]): unknown => Reflect.apply(found, asked, args) : found;
  },
}));

export const expect: typeof full = Object.assign((value: unknown, message?: string) => new Quick(value, message), full) as unknown as typeof full;
