import type { Mnemonic } from "../../mnemonic.ts";
import { arithmeticRules } from "./arithmetic.ts";
import { convertRules } from "./convert.ts";
import { memoryRules } from "./memory.ts";
import type { Rule } from "./rule.ts";
import { warpRules } from "./warp.ts";

const rules: ReadonlyMap<string, Rule> = new Map(Object.entries({ ...arithmeticRules, ...convertRules, ...memoryRules, ...warpRules }));

/**
 * Why the modifiers of an instruction, each of which its form takes, do not go together; null when they do.
 * Asked once for each different mnemonic.
 */
export function illegal(m: Mnemonic): string | null {
  return rules.get(m.op)?.(m) ?? null;
}
