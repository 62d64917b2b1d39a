import type { Mnemonic } from "../../mnemonic.ts";

/**
 * What a row's lists of types and modifiers cannot say: which modifiers need, or exclude, each other.
 * @returns why the combination is not legal; null when it is
 */
export type Rule = (m: Mnemonic) => string | null;

/** Whether any of these modifiers is there. */
export function has(m: Mnemonic, ...mods: readonly string[]): boolean {
  return mods.some((mod) => m.mods.includes(mod));
}

/** Whether a modifier begins like this. */
export function hasLike(m: Mnemonic, prefix: string): boolean {
  return m.mods.some((mod) => mod.startsWith(prefix));
}

/** The first type's name, or "". */
export function typeOf(m: Mnemonic): string {
  return m.types[0]?.name ?? "";
}

/** The first reason that applies. */
export function firstOf(...rules: readonly Rule[]): Rule {
  return (m) => {
    for (const rule of rules) {
      const why = rule(m);
      if (why !== null) return why;
    }
    return null;
  };
}

/** `.x` excludes each of these. */
export function apart(mod: string, ...others: readonly string[]): Rule {
  return (m) => {
    const other = has(m, mod) ? others.find((one) => m.mods.includes(one)) : undefined;
    return other === undefined ? null : `.${mod} and .${other} exclude each other`;
  };
}
