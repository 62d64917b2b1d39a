import { ALL, family, reg, type Family } from "./grammar.ts";

/** PTX ISA 9.7.13: barriers, votes, shuffles, matching, mbarriers and asynchronous copies. */
export const warpForms: readonly Family[] = [
  family("bar.sync", ["bar barrier", "- cta", "sync arrive", "- aligned"], "0, 64"),
  family("bar.sync of all", ["bar barrier", "- cta", "sync arrive", "- aligned"], "1"),
  family("bar.sync by register", ["bar barrier", "- cta", "sync arrive", "- aligned"], "r1, r2"),
  family("bar.red", ["bar barrier", "- cta", "red", "popc and or xor", "- aligned", "u32 pred b32"], (types) => `${reg(types[0]!, 0)}, 0, 64, !p1`),
  family("bar.red of all", ["bar barrier", "- cta", "red", "popc and or", "- aligned", "u32 pred"], (types) => `${reg(types[0]!, 0)}, 0, p1`),
  family("bar.warp", ["bar barrier", "warp", "sync arrive"], "0xffffffff"),
  family("barrier.cluster", ["barrier bar", "cluster", "arrive wait sync", "- release relaxed acquire", "- aligned"], ""),
  family("vote", ["vote", "- sync", "all any uni ballot none", "pred b32 u32"], (types, parts) => `${reg(types[0]!, 0)}, !p1${parts.includes("sync") ? ", -1" : ""}`),
  family("match", ["match", "any all some", "- sync", ALL], (types) => `r0, ${reg(types[0]!, 1)}, r2`),
  family("match with predicate", ["match", "any all", "sync", "b32 b64"], (types) => `r0|p1, ${reg(types[0]!, 1)}, r2`),
  family("activemask", ["activemask", ALL], "r0"),
  family("redux", ["redux", "- sync", "add min max and or xor inc", "- abs", "- NaN", ALL], (types) => `${reg(types[0]!, 0)}, ${reg(types[0]!, 1)}, 0xffffffff`),
  family("elect", ["elect", "- sync"], "r0|p1, 0xffffffff"),
  family("elect without a number", ["elect", "sync"], "_|p1, r1"),
  family("shfl.sync", ["shfl", "- sync", "up down bfly idx left", ALL], (types, parts) => `${reg(types[0]!, 0)}, ${reg(types[0]!, 1)}, 1, 0x1f${parts.includes("sync") ? ", -1" : ""}`),
  family("shfl.sync with a predicate", ["shfl", "- sync", "up down bfly idx", "b32"], (_, parts) => `r0|p1, r1, r2, r3${parts.includes("sync") ? ", r4" : ""}`),
  family("griddepcontrol", ["griddepcontrol", "launch_dependents wait launch"], ""),
  family("nanosleep", ["nanosleep", ALL], "r0"),
  family("nanosleep, constant", ["nanosleep", "u32"], "100"),
  family("pmevent", ["pmevent", "- mask"], "1"),
  family("trap, brkpt", ["trap brkpt exit ret", "- uni"], ""),
  family("setmaxnreg", ["setmaxnreg", "inc dec", "- sync", "- aligned", "u32"], "64"),
];

const MBARRIER_SPACE = "- shared shared::cta shared::cluster global";
const mb = (parts: readonly string[]): string => (parts.some((part) => part.startsWith("shared")) ? "[sv]" : "[d30]");
/** PTX ISA 9.7.13.15 and 9.7.9.25. */
export const asyncForms: readonly Family[] = [
  family("mbarrier.init", ["mbarrier", "init", MBARRIER_SPACE, "b64 b32"], (_, parts) => `${mb(parts)}, r1`),
  family("mbarrier.inval", ["mbarrier", "inval", MBARRIER_SPACE, "b64 b32"], (_, parts) => mb(parts)),
  family("mbarrier.arrive", ["mbarrier", "arrive arrive_drop", "- expect_tx", "- release relaxed acquire", "- cta cluster gpu", MBARRIER_SPACE, "- noComplete", "b64"], (_, parts) => `${parts.includes("shared::cluster") ? "_" : "d0"}, ${mb(parts)}${parts.includes("noComplete") || parts.includes("expect_tx") ? ", r1" : ""}`),
  family("mbarrier.arrive with a count", ["mbarrier", "arrive arrive_drop", "- shared shared::cta shared::cluster", "b64"], (_, parts) => `${parts.includes("shared::cluster") ? "_" : "d0"}, ${mb(parts)}, r1`),
  family("mbarrier.arrive into nothing", ["mbarrier", "arrive arrive_drop", "- shared shared::cta shared::cluster", "b64"], (_, parts) => `_, ${mb(parts)}`),
  family("mbarrier.expect_tx", ["mbarrier", "expect_tx complete_tx", "- relaxed release", "- cta cluster", MBARRIER_SPACE, "b64"], (_, parts) => `${mb(parts)}, r1`),
  family("mbarrier.test_wait", ["mbarrier", "test_wait try_wait", "- parity", "- acquire relaxed", "- cta cluster gpu", "- shared shared::cta shared::cluster", "b64"], (_, parts) => `p0, ${mb(parts)}, ${parts.includes("parity") ? "r1" : "d1"}`),
  family("mbarrier.try_wait with a limit", ["mbarrier", "test_wait try_wait", "- parity", "- acquire.cta", "- shared", "b64"], (_, parts) => `p0, ${mb(parts)}, ${parts.includes("parity") ? "r1" : "d1"}, r2`),
  family("mbarrier.pending_count", ["mbarrier", "pending_count", "- shared", "b64 b32"], "r0, d0"),
  family("cp.async", ["cp", "async", "- ca cg cs", "shared shared::cta shared::cluster global", "global shared", "- L2::cache_hint", "- L2::64B L2::128B L2::256B"], (_, parts) => `[r0], [d30], 16${parts.includes("L2::cache_hint") ? ", d31" : ""}`),
  family("cp.async, sizes", ["cp", "async", "ca cg", "shared", "global"], "[r0], [d30], 4"),
  family("cp.async, 8", ["cp", "async", "ca cg", "shared", "global"], "[r0], [d30], 8, r1"),
  family("cp.async, 12", ["cp", "async", "ca cg", "shared", "global"], "[r0], [d30], 12"),
  family("cp.async, ignoring", ["cp", "async", "ca cg", "shared", "global"], "[r0], [d30], 16, p1"),
  family("cp.async, waiting", ["cp", "async", "commit_group wait_all"], ""),
  family("cp.async.wait_group", ["cp", "async", "wait_group wait_all"], "2"),
  family("cp.async.mbarrier", ["cp", "async", "mbarrier", "arrive", "- noinc", "- shared shared::cta shared::cluster", "b64"], (_, parts) => mb(parts)),
  family("cp.async.bulk", ["cp", "async", "bulk", "shared::cluster shared::cta global", "global shared::cta", "- mbarrier::complete_tx::bytes bulk_group", "- L2::cache_hint"], (_, parts) =>
    `${parts[3] === "global" ? "[d29]" : "[r28]"}, ${parts[4] === "global" ? "[d30]" : "[r30]"}, r1${parts.includes("mbarrier::complete_tx::bytes") ? ", [r31]" : ""}${parts.includes("L2::cache_hint") ? ", d31" : ""}`),
  family("cp.reduce.async.bulk", ["cp", "reduce", "async", "bulk", "shared::cluster global", "shared::cta", "mbarrier::complete_tx::bytes bulk_group", "and or xor add inc dec min max", "u32 s32 u64 s64 b32 b64 f16 bf16 f32 f64"], (_, parts) =>
    `${parts[4] === "global" ? "[d29]" : "[r28]"}, [r30], r1${parts.includes("mbarrier::complete_tx::bytes") ? ", [r31]" : ""}`),
  family("cp.async.bulk, waiting", ["cp", "async", "bulk", "commit_group"], ""),
  family("cp.async.bulk.wait_group", ["cp", "async", "bulk", "wait_group wait_group.read"], "1"),
  family("cp.async.bulk.prefetch", ["cp", "async", "bulk", "prefetch", "L2 L1", "global shared", "- L2::cache_hint"], (_, parts) => `[d30], r1${parts.includes("L2::cache_hint") ? ", d31" : ""}`),
  family("st.async", ["st", "async", "- weak", "- shared::cluster", "- mbarrier::complete_tx::bytes", "- v2 v4", "b32 b64 u32 u64 s32 f32 f64 b16"], (types, parts) => {
    const count = Number(/v(\d)/.exec(parts.find((part) => /^v\d$/.test(part)) ?? "v1")![1]);
    const value = count === 1 ? reg(types[0]!, 1) : `{${Array.from({ length: count }, (_, i) => reg(types[0]!, i + 1)).join(", ")}}`;
    return `[r30], ${value}, [r31]`;
  }),
];
