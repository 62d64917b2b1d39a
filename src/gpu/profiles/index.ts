import type { GpuProfile } from "../profile.ts";
import { a100Pcie40, a100Sxm40, a100Sxm80 } from "./a100.ts";
import { h100Sxm80 } from "./h100.ts";
import { mi250xDie } from "./mi250x.ts";
import { tiny } from "./tiny.ts";

/** Every GPU that can be asked for by name. */
export const profiles: ReadonlyMap<string, GpuProfile> = new Map([a100Pcie40, a100Sxm40, a100Sxm80, h100Sxm80, mi250xDie, tiny].map((profile) => [profile.id, profile]));

/** Short names people use. */
const aliases: ReadonlyMap<string, string> = new Map([
  ["a100", "a100-pcie-40gb"],
  ["a100-40gb", "a100-pcie-40gb"],
  ["a100-80gb", "a100-sxm4-80gb"],
  ["h100", "h100-sxm-80gb"],
  ["h100-80gb", "h100-sxm-80gb"],
]);

/**
 * A profile by id ("a100-pcie-40gb") or short name ("a100"); case does not matter.
 * @throws RangeError naming the known ones
 */
export function findProfile(name: string): GpuProfile {
  const key = name.toLowerCase();
  const profile = profiles.get(aliases.get(key) ?? key);
  if (profile === undefined) throw new RangeError(`no GPU profile "${name}"; known: ${[...profiles.keys(), ...aliases.keys()].toSorted().join(", ")}`);
  return profile;
}
