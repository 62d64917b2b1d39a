/**
 * Names of OpenCL builtins as Clang mangles them: the part of the Itanium C++ ABI (section 5.1) that OpenCL C types need.
 */
export type Mangled =
  /** `code` as in the ABI: c h s t i j l m f d b v, a for signed char, Dh for half. */
  | { readonly k: "scalar"; readonly code: string }
  | { readonly k: "vec"; readonly n: number; readonly code: string }
  | { readonly k: "ptr"; readonly space: number; readonly to: Mangled; readonly atomic: boolean }
  /** Enumerations, events, images and the like. */
  | { readonly k: "named"; readonly name: string };

/** A mangled name taken apart. */
export interface MangledName {
  readonly base: string;
  readonly params: readonly Mangled[];
}

class Reader {
  private readonly text: string;
  private pos: number;
  private readonly known: Mangled[] = [];
  /** Qualifiers seen in front of the type being read. */
  private space = 0;
  private atomic = false;

  constructor(text: string, pos: number) {
    this.text = text;
    this.pos = pos;
  }

  get done(): boolean {
    return this.pos >= this.text.length;
  }

  private take(n: number): string {
    if (this.pos + n > this.text.length) throw new RangeError("end");
    const part = this.text.slice(this.pos, this.pos + n);
    this.pos += n;
    return part;
  }

  private digits(): number {
    const match = /^\d+/.exec(this.text.slice(this.pos));
    if (match === null) throw new RangeError("number");
    this.pos += match[0].length;
    return Number(match[0]);
  }

  sourceName(): string {
    return this.take(this.digits());
  }

  /** Qualifiers and an unqualified type; together they count once more for substitution. */
  type(): Mangled {
    let qualified = false;
    this.space = 0;
    this.atomic = false;
    for (;;) {
      const c = this.text[this.pos];
      if (c === "K" || c === "V" || c === "r") {
        this.pos++;
        qualified = true;
      } else if (c === "U") {
        this.pos++;
        const name = this.sourceName();
        if (name === "_Atomic") {
          const { space } = this;
          const inner = this.type();
          this.known.push(inner);
          this.space = space;
          this.atomic = true;
          if (qualified) this.known.push(inner);
          return inner;
        }
        const match = /^AS(\d+)$/.exec(name);
        if (match === null) throw new RangeError(name);
        this.space = Number(match[1]);
        qualified = true;
      } else break;
    }
    const { space } = this;
    const type = this.unqualified();
    this.space = space;
    if (qualified) this.known.push(type);
    return type;
  }

  private unqualified(): Mangled {
    const c = this.text[this.pos]!;
    if (/\d/.test(c)) {
      const name = this.sourceName();
      const type: Mangled = { k: "named", name };
      // Types built into the compiler are not substituted.
      if (!name.startsWith("ocl_")) this.known.push(type);
      return type;
    }
    this.pos++;
    if (c === "P") {
      const to = this.type();
      const type: Mangled = { k: "ptr", space: this.space, to, atomic: this.atomic };
      this.atomic = false;
      this.known.push(type);
      return type;
    }
    if (c === "D") {
      const next = this.take(1);
      if (next === "h") return { k: "scalar", code: "Dh" };
      if (next !== "v") throw new RangeError(next);
      const n = this.digits();
      this.take(1);
      const elem = this.type();
      if (elem.k !== "scalar") throw new RangeError("vector");
      const type: Mangled = { k: "vec", n, code: elem.code };
      this.known.push(type);
      return type;
    }
    if (c === "S") {
      const end = this.text.indexOf("_", this.pos);
      const id = this.take(end - this.pos);
      this.take(1);
      const type = this.known[id === "" ? 0 : parseInt(id, 36) + 1];
      if (type === undefined) throw new RangeError("substitution");
      return type;
    }
    if ("vbachstijlmxyfdz".includes(c)) return { k: "scalar", code: c };
    throw new RangeError(c);
  }
}

/** Takes a mangled name apart; null when it is none, or uses what OpenCL C has not. */
export function demangle(name: string): MangledName | null {
  if (!name.startsWith("_Z")) return null;
  try {
    const reader = new Reader(name, 2);
    const base = reader.sourceName();
    const params: Mangled[] = [];
    while (!reader.done) {
      const type = reader.type();
      if (type.k !== "scalar" || type.code !== "v") params.push(type);
    }
    return { base, params };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The scalar code of a scalar or vector, or of what a pointer points to; "" for others. */
export function codeOf(type: Mangled | undefined): string {
  if (type === undefined || type.k === "named") return "";
  return type.k === "ptr" ? codeOf(type.to) : type.code;
}

/** Elements of a scalar or vector. */
export function lanesOf(type: Mangled | undefined): number {
  return type?.k === "vec" ? type.n : 1;
}

/** Whether a scalar code is half, float or double. */
export function isFloatCode(code: string): boolean {
  return code === "f" || code === "d" || code === "Dh";
}

/** Whether a scalar code is a signed integer. */
export function isSignedCode(code: string): boolean {
  return code === "c" || code === "a" || code === "s" || code === "i" || code === "l" || code === "x";
}
