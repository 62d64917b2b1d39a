import { CompileError } from "../../abi.ts";
import type { GlobalVar, OpaqueVar } from "../../ir/module.ts";
import type { Variable } from "../ast.ts";

/** Variables of the opaque types .texref, .samplerref and .surfref (PTX ISA 5.3): which members they have, and what those may be. */

const SIZES = ["width", "height", "depth", "channel_data_type", "channel_order", "array_size"];
const MODES = ["addr_mode_0", "addr_mode_1", "addr_mode_2"];

/** Members in the two texture modes (tables 10 and 11). */
const members: Readonly<Record<"unified" | "independent", Readonly<Record<OpaqueVar["kind"], readonly string[]>>>> = {
  unified: {
    texref: [...SIZES, "normalized_coords", "filter_mode", ...MODES, "num_mipmap_levels", "num_samples"],
    samplerref: [],
    surfref: [...SIZES, "memory_layout"],
  },
  independent: {
    // The filter of a texture is read, and ignored.
    texref: [...SIZES, "normalized_coords", "filter_mode", "num_mipmap_levels", "num_samples"],
    samplerref: ["force_unnormalized_coords", "filter_mode", ...MODES],
    surfref: [...SIZES, "memory_layout"],
  },
};

const FILTERS = ["nearest", "linear"];
/** Address modes in the order of their numbers, which txq gives. */
export const ADDRESS_MODES: readonly string[] = ["wrap", "mirror", "clamp_ogl", "clamp_to_edge", "clamp_to_border"];
const FLAGS = new Set(["normalized_coords", "force_unnormalized_coords", "memory_layout"]);

/** Whether textures and samplers of a module are separate (PTX ISA 11.1.2). @throws CompileError target when the module says both */
export function isIndependent(target: readonly string[]): boolean {
  const independent = target.includes("texmode_independent");
  if (independent && target.includes("texmode_unified")) throw new CompileError("target", ".target takes only one of texmode_unified and texmode_independent");
  return independent;
}

/** What is wrong with a member's value, or null. */
function wrong(name: string, value: number | string): string | null {
  const names = name === "filter_mode" ? FILTERS : MODES.includes(name) ? ADDRESS_MODES : null;
  if (names !== null) return typeof value === "string" && names.includes(value) ? null : `is one of ${names.join(", ")}`;
  if (typeof value === "string") return "is a number";
  if (FLAGS.has(name)) return value === 0 || value === 1 ? null : "is 0 or 1";
  return Number.isInteger(value) && value >= 0 && value < 2 ** 32 ? null : "is a number of 32 bits without sign";
}

/** Samplers are for modules with texmode_independent. @throws CompileError type */
export function checkSampler({ name, type, line }: Pick<Variable, "name" | "type" | "line">, independent: boolean): void {
  if (type.name === "samplerref" && !independent) throw new CompileError("type", `'${name}' of type .samplerref is for modules with .target texmode_independent`, line);
}

/**
 * The IR variable of an opaque one.
 * @param independent the module's texture mode
 * @throws CompileError type for members that the type does not have in this mode, and for values that they cannot have
 */
export function opaqueVar(variable: Variable, independent: boolean): GlobalVar {
  const kind = variable.type.name as OpaqueVar["kind"];
  const mode = independent ? "independent" : "unified";
  checkSampler(variable, independent);
  for (const [name, value] of variable.members ?? []) {
    const refuse = (why: string): never => { throw new CompileError("type", `variable '${variable.name}' of type .${kind}: ${why}`, variable.line); };
    if (!members[mode][kind].includes(name)) refuse(`there is no member '${name}' in ${mode} texture mode`);
    const why = wrong(name, value);
    if (why !== null) refuse(`${name} ${why}`);
  }
  const { linkage } = variable;
  return {
    name: variable.name, space: "global", size: variable.size, align: variable.align, init: null, relocs: [], linkage: linkage === "none" ? "local" : linkage, managed: false,
    opaque: { kind, independent, members: Object.fromEntries(variable.members ?? []) },
  };
}
