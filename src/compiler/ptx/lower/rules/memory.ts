import type { Mnemonic } from "../../mnemonic.ts";
import { apart, firstOf, has, hasLike, typeOf, type Rule } from "./rule.ts";

/** Legal combinations of modifiers in memory access (PTX ISA 9.7.9 and 9.7.13), as the assembler of CUDA 13.0 has them. */

const SCOPES = ["cta", "cluster", "gpu", "sys"];
const SHARED = ["shared", "shared::cta", "shared::cluster"];
const SPACES = ["global", "const", "local", "param", "param::entry", "param::func", ...SHARED];

const scoped = (m: Mnemonic): boolean => has(m, ...SCOPES);
const spaceOf = (m: Mnemonic): string => m.mods.find((mod) => SPACES.includes(mod)) ?? "generic";
const isGlobal = (m: Mnemonic): boolean => spaceOf(m) === "global" || spaceOf(m) === "generic";

/** Plain accesses move bits and numbers, not halves (whose type is .b16), and at most 128 bits (256 on sm_100). */
const movable: Rule = (m) => {
  const type = m.types[0]!;
  const count = Number(/^v(\d)$/.exec(m.mods.find((mod) => /^v\d$/.test(mod)) ?? "v1")![1]);
  if (type.kind === "h" || type.kind === "p") return `.${type.name} is no type of this instruction: use .b${type.bits}`;
  if (count === 8 && type.bits < 32) return "vectors of eight have elements of 32 bits";
  return count * type.bits > 256 || (type.bits === 128 && count > 1) ? `a vector of ${count * type.bits} bits is too large` : null;
};

/** Memory order, its scope, and the spaces that have one. */
const ordered: Rule = (m) => {
  const strong = m.mods.find((mod) => mod === "relaxed" || mod === "acquire" || mod === "release");
  const space = spaceOf(m);
  if (has(m, "mmio") && !(strong === "relaxed" && has(m, "sys"))) return ".mmio requires .relaxed.sys";
  if (has(m, "mmio", "volatile") && hasLike(m, "L1::")) return `an eviction priority is not for .${has(m, "mmio") ? "mmio" : "volatile"}`;
  if (has(m, "mmio") && has(m, "v2", "v4", "v8")) return "vectors are not for .mmio";
  if (strong === undefined && scoped(m)) return has(m, "weak", "volatile") ? "a scope needs .relaxed, .acquire or .release" : "a scope requires a memory order";
  if (strong !== undefined && !scoped(m)) return `.${strong} requires a scope`;
  if ((strong !== undefined || has(m, "volatile")) && space !== "generic" && space !== "global" && !SHARED.includes(space)) return `.${strong ?? "volatile"} is not for .${space}`;
  return null;
};

const cached: Rule = firstOf(
  (m) => (has(m, "volatile", "relaxed", "acquire", "release") && has(m, "ca", "cg", "cs", "lu", "cv", "wb", "wt") ? "a cache operator is for weak accesses" : null),
  (m) => (has(m, "ca", "cg", "cs", "lu", "cv", "wb", "wt") && hasLike(m, "L1::") ? "a cache operator and an eviction priority exclude each other" : null),
  (m) => (has(m, "L2::cache_hint") && !isGlobal(m) ? ".L2::cache_hint is for .global" : null),
  (m) => (hasLike(m, "L2::evict") ? "an eviction priority of the second-level cache requires a vector of 256 bits" : null),
);

const readOnly: Rule = (m) => {
  if (!has(m, "nc")) return null;
  if (spaceOf(m) !== "global") return ".nc requires .global";
  return has(m, "weak", "volatile", "relaxed", "acquire", "mmio", "lu", "cv") ? ".nc excludes memory orders and .lu, .cv" : null;
};

const ld: Rule = firstOf(movable, ordered, readOnly, cached);
const st: Rule = firstOf(movable, ordered, cached, (m) => (has(m, "L2::64B", "L2::128B", "L2::256B") ? "a size to prefetch is for loads" : null));
const ldu: Rule = firstOf(movable, (m) => {
  const count = has(m, "v4") ? 4 : has(m, "v2") ? 2 : 1;
  if (!isGlobal(m)) return "ldu reads .global";
  return count * m.types[0]!.bits > 128 ? "a vector of more than 128 bits is too large" : null;
});

/** atom and red work on global and shared memory; halves say .noftz, and are compared as vectors only. */
const atomic: Rule = (m) => {
  const type = m.types[0]!;
  const vector = hasLike(m, "v");
  const half = type.kind === "h" || type.kind === "p";
  if (!isGlobal(m) && !SHARED.includes(spaceOf(m))) return `atomics are not for .${spaceOf(m)}`;
  if (half !== has(m, "noftz")) return half ? `.noftz is required for .${type.name}` : `.noftz is not for .${type.name}`;
  if (half && has(m, "min", "max") && !vector) return `minima and maxima of .${type.name} are of vectors`;
  if (vector && !isGlobal(m)) return "vectors are for .global";
  if (has(m, "v8") && (type.kind === "p" || type.kind === "f")) return `vectors of .${type.name} have at most four elements`;
  if (type.name === "s64" && has(m, "add")) return ".add takes .u64 for either sign";
  if (type.name === "b16" && has(m, "exch")) return ".exch takes 32, 64 or 128 bits";
  if (!has(m, "L2::cache_hint")) return null;
  return !isGlobal(m) ? ".L2::cache_hint is for .global" : has(m, "cas") ? ".L2::cache_hint is not for .cas" : null;
};

const red: Rule = firstOf(
  (m) => (has(m, "acquire", "acq_rel") ? "a reduction gives nothing back that could be acquired" : null),
  (m) => (has(m, "exch", "cas") ? "a reduction gives nothing back" : null),
  atomic,
);

const prefetch: Rule = (m) => {
  const space = spaceOf(m);
  if (has(m, "tensormap")) return m.mods.length > (space === "generic" ? 1 : 2) ? ".tensormap stands alone" : space === "global" || space === "local" ? `.tensormap is not for .${space}` : null;
  if (space !== "global" && space !== "local" && space !== "generic") return `there is nothing to prefetch in .${space}`;
  return hasLike(m, "L2::") && space === "local" ? "an eviction priority is for .global" : null;
};

const applypriority: Rule = (m) => (has(m, "L2::evict_normal") ? null : "only .L2::evict_normal can be applied");

const mbarrier: Rule = (m) => {
  if (has(m, "pending_count")) return null;
  const space = spaceOf(m);
  const strong = m.mods.find((mod) => mod === "relaxed" || mod === "acquire" || mod === "release");
  const waits = has(m, "test_wait", "try_wait");
  const arrives = has(m, "arrive", "arrive_drop");
  if (space !== "generic" && !SHARED.includes(space)) return `an mbarrier is not in .${space}`;
  if (space === "shared::cluster" && (waits || has(m, "init", "inval"))) return "an mbarrier of another block can only be arrived on";
  if (has(m, "init", "inval")) return strong !== undefined || scoped(m) ? "neither order nor scope applies" : null;
  if (strong === undefined && scoped(m)) return "a scope requires a memory order";
  if (strong !== undefined && !has(m, "cta", "cluster")) return `.${strong} requires .cta or .cluster`;
  if (strong === "acquire" && !waits) return ".acquire is for waiting";
  if (strong === "release" && !arrives) return ".release is for arriving";
  if (!has(m, "noComplete")) return null;
  if (has(m, "cluster") || space === "shared::cluster") return ".noComplete is for the own block";
  return strong === "relaxed" || has(m, "expect_tx") ? ".noComplete excludes .expect_tx and .relaxed" : null;
};

const at = (m: Mnemonic, ...mods: readonly string[]): number => m.mods.findIndex((mod) => mods.includes(mod));

/** cp.async goes from global to shared memory; cp.async.bulk, by its completion, into shared or out of it. */
const cp: Rule = (m) => {
  if (has(m, "commit_group", "wait_group", "wait_all", "wait_group.read", "prefetch", "reduce")) return null;
  if (has(m, "mbarrier")) return has(m, "shared::cluster") ? "the mbarrier is one of the own block" : null;
  if (has(m, "shared::cluster") && has(m, "shared::cta")) return has(m, "bulk_group") ? "a copy to shared memory completes on an mbarrier" : null;
  const out = m.mods.indexOf("global") < at(m, ...SHARED);
  if (!has(m, "bulk")) return out || at(m, ...SHARED) < 0 ? "the copy goes from .global to .shared" : null;
  if (at(m, ...SHARED) < 0) return "one side is shared memory";
  return out === has(m, "bulk_group") ? null : out ? "a copy to .global completes by .bulk_group" : "a copy to shared memory completes on an mbarrier";
};

/** Rules by opcode. */
export const memoryRules: Readonly<Record<string, Rule>> = {
  ld, st: (m) => (!has(m, "async") ? st(m) : has(m, "v4") && m.types[0]!.bits === 64 ? "a vector of four has elements of 32 bits" : null), ldu, atom: atomic, red: (m) => (has(m, "async") ? null : red(m)), prefetch, applypriority, mbarrier, cp,
  mov: (m) => (m.types[0]!.kind === "h" || m.types[0]!.kind === "p" ? `.${typeOf(m)} is no type of this instruction: use .b${m.types[0]!.bits}` : null),
  membar: (m) => (has(m, "async") ? "the proxies of membar are those of aliases" : null),
  fence: firstOf(apart("acquire", "release", "mbarrier_init"), (m) => {
    const twice = m.mods.find((mod, i) => m.mods.indexOf(mod) !== i);
    if (twice !== undefined) return `.${twice} stands twice`;
    if (hasLike(m, "sync_restrict")) return has(m, "cluster") && has(m, has(m, "acquire") ? "sync_restrict::shared::cluster" : "sync_restrict::shared::cta") ? null : "the fences with .sync_restrict are acquire.sync_restrict::shared::cluster.cluster and release.sync_restrict::shared::cta.cluster";
    return m.mods.at(-1) === "proxy" || m.mods.at(-1) === "generic" || m.mods.at(-1) === "tensormap" ? "which proxy?" : null;
  }),
};
