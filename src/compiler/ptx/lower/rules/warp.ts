import { has, type Rule } from "./rule.ts";

/** Legal combinations of modifiers in barriers and matrix instructions (PTX ISA 9.7.13 and 9.7.14), as the assembler of CUDA 13.0 has them. */

const bar: Rule = (m) => (has(m, "aligned") ? "bar is aligned already: .aligned is for barrier" : null);

/** Products of bits say what is done with them; integers of one product have one sign with wmma. */
const wmma: Rule = (m) => {
  if (!has(m, "mma") || m.types.length < 4) return null;
  const [, a, b] = m.types;
  return a!.name === b!.name ? null : `.${a!.name} and .${b!.name} do not go together`;
};

const mma: Rule = (m) => {
  if (!has(m, "m8n8k4") && m.mods.indexOf("col") < m.mods.indexOf("row")) return "the layouts are .row.col";
  if (m.types.some(({ name }) => name === "b1") && !has(m, "popc")) return "products of bits are .xor.popc or .and.popc";
  return null;
};

/** Rules by opcode. */
export const warpRules: Readonly<Record<string, Rule>> = { bar, wmma, mma };
