import type { Edit, Equal } from "./mutant.ts";

const checkedEarlier = "src/compiler/wasm/checked/earlier.ts";
const checkedEmit = "src/compiler/wasm/checked/emit.ts";
const checkedRoots = "src/compiler/wasm/checked/roots.ts";
const fastAccess = "src/compiler/wasm/fast/access.ts";
const fastMeet = "src/compiler/wasm/fast/meet.ts";
const runChecked = "src/compiler/wasm/run/checked.ts";
const runSlowGroup = "src/compiler/wasm/run/slow-group.ts";
const checkedFacts = "src/compiler/wasm/checked/facts.ts";
const runAccess = "src/compiler/wasm/run/access.ts";
const tests = { settled: "test/check/settled.test.ts", lanes: "test/check/lanes.test.ts", lifetime: "test/check/lifetime.test.ts", opencl: "test/check/opencl.test.ts", order: "test/check/order.test.ts", ptx: "test/check/ptx.test.ts", random: "test/check/random.test.ts" } as const;

/** Faults in checked mode, the code that looks, outside of vectors; each is noticed by some test. */
export const edits: readonly Edit[] = [
  {
    name: "checked-emit-states", what: "accesses do not look at the states of their bytes",
    file: checkedEmit, test: tests.lanes,
    from: "code.i32(defined ? 3 * ones : ones).op(op.i32_ne).brIf(unusual);",
    to: "code.op(op.drop);",
  },
  {
    name: "checked-emit-defined", what: "accesses take all that is there for written",
    file: checkedEmit, test: tests.lanes,
    from: "const defined = node.op !== \"store\" && (used",
    to: "const defined = false && (used",
  },
  {
    name: "checked-emit-used", what: "of a load all words must be written, used or not",
    file: checkedEmit, test: tests.ptx,
    from: "  if (node.op !== \"load\" || count === 1) return -1;",
    to: "  return -1;",
  },
  {
    name: "checked-emit-writer", what: "stores do not look at who has written",
    file: checkedEmit, test: tests.lanes,
    from: "          othersWrote(emitter, at, vars);\n          othersRead",
    to: "          othersRead",
  },
  {
    name: "checked-emit-reader", what: "stores do not look at who has read",
    file: checkedEmit, test: tests.lanes,
    from: "          othersRead(emitter, at, vars);\n",
    to: "",
  },
  {
    name: "checked-emit-earlier-read", what: "stores where the work-item has read do not look at who has read since",
    file: checkedEmit, test: tests.lanes,
    from: "code.get(word).memory(mem.i32_load, plane.reader + at).get(tag).op(op.i32_ne).brIf(unusual);",
    to: "",
  },
  {
    name: "checked-emit-read-writer", what: "loads do not look at who has written",
    file: checkedEmit, test: tests.lanes,
    from: "  othersWrote(emitter, at, tags);\n  code.get(word)",
    to: "  code.get(word)",
  },
  {
    name: "checked-emit-part-tag", what: "parts of words are taken for words",
    file: checkedEmit, test: tests.ptx,
    from: "      if (size < 4) code.i32(TAG_PART).op(op.i32_or);\n",
    to: "",
  },
  {
    name: "checked-emit-defines", what: "what is stored does not count as written",
    file: checkedEmit, test: tests.order,
    from: "      if (place.earlier === null) writeDefined(emitter, a, size);\n      for",
    to: "      for",
  },
  {
    name: "checked-emit-defines-plain", what: "without races, what is stored does not count as written",
    file: checkedEmit, test: tests.ptx,
    from: "if (node.op !== \"load\" && place.earlier === null) writeDefined(emitter, a, size);\n      return;",
    to: "return;",
  },
  {
    name: "checked-emit-atomic-reader", what: "atomics do not look at who has read",
    file: checkedEmit, test: tests.order,
    from: "  code.get(word).memory(mem.i32_load, plane.reader + at).get(base).op(op.i32_ge_u).brIf(unusual);\n  const known",
    to: "  const known",
  },
  {
    name: "checked-emit-atomic-writer", what: "atomics do not look at who has written",
    file: checkedEmit, test: tests.order,
    from: "  code.get(old).get(base).op(op.i32_ge_u).get(old).i32(TAG_ATOMIC).op(op.i32_and, op.i32_eqz, op.i32_and).brIf(unusual);\n",
    to: "",
  },
  {
    name: "checked-emit-atomic-mine", what: "several atomics are taken for the last one",
    file: checkedEmit, test: tests.ptx,
    from: "  code.op(op.i32_eq, op.select);\n  if (shared) {\n    mine();",
    to: "  code.op(op.drop, op.drop, op.drop);\n  if (shared) {\n    mine();",
  },
  {
    name: "checked-emit-exact", what: "atomics that order others are settled in code",
    file: checkedEmit, test: tests.order,
    from: "(place.exact || !(atomic",
    to: "(!(atomic",
  },
  {
    name: "checked-emit-narrow", what: "the scope of atomics is not told",
    file: checkedEmit, test: tests.order,
    from: "(narrow(node) ? flag.narrow : 0)",
    to: "0",
  },
  {
    name: "checked-earlier-order", what: "what comes later is taken to have been before",
    file: checkedEarlier, test: tests.order,
    from: " || !comesBefore(other, node, region)",
    to: "",
  },
  {
    name: "checked-earlier-always-written", what: "who has read is taken to have written",
    file: checkedEarlier, test: tests.order,
    from: "      found = \"read\";",
    to: "      return \"written\";",
  },
  {
    name: "checked-earlier-place", what: "any place is the same",
    file: checkedEarlier, test: tests.ptx,
    from: "a.args[0] === b.args[0] && ",
    to: "",
  },
  {
    name: "checked-earlier-offset", what: "any offset is the same",
    file: checkedEarlier, test: tests.lanes,
    from: "x.offset === y.offset && ",
    to: "",
  },
  {
    name: "checked-earlier-size", what: "any size is the same",
    file: checkedEarlier, test: tests.ptx,
    from: "sizeOf[x.type] === sizeOf[y.type] && ",
    to: "",
  },
  {
    name: "checked-roots-closed", what: "writes through unknown pointers are forgotten",
    file: checkedRoots, test: tests.ptx,
    from: "        if (root === null && writes) closed = false;\n",
    to: "",
  },
  {
    name: "checked-roots-written", what: "no pointer is written through",
    file: checkedRoots, test: tests.order,
    from: "written.set(root, writes || (written.get(root) ?? false))",
    to: "written.set(root, false)",
  },
  {
    name: "checked-rest-open", what: "reads through pointers that are not written through are never looked at",
    file: fastAccess, test: tests.ptx,
    from: "    this.code.get(this.openRoot(root)).if();\n    write();",
    to: "    this.code.i32(0).if();\n    write();",
  },
  {
    name: "checked-strayed", what: "accesses that have left their memory are not told",
    file: fastAccess, test: tests.ptx,
    from: "    if (root >= 0) writeReport(",
    to: "    if (false) writeReport(",
  },
  {
    name: "checked-divergence", what: "no kernel is taken off the fast path for its barriers",
    file: runChecked, test: tests.ptx,
    from: "return barriers > 0 && (regions.flow.someExit || (regions.levels.team.warp && barriers > 1));",
    to: "return false;",
  },
  {
    name: "checked-div-exit", what: "work-items that leave are forgotten",
    file: runChecked, test: tests.ptx,
    from: "regions.flow.someExit || ",
    to: "",
  },
  {
    name: "checked-div-warp", what: "warps that come to different barriers are forgotten",
    file: runChecked, test: tests.random,
    from: " || (regions.levels.team.warp && barriers > 1)",
    to: "",
  },
  {
    name: "checked-slow-gone", what: "barriers do not look at who has left",
    file: runSlowGroup, test: tests.ptx,
    from: "    if (gone >= 0) {",
    to: "    if (false) {",
  },
  {
    name: "checked-slow-other", what: "barriers do not look at which one each waits at",
    file: runSlowGroup, test: tests.ptx,
    from: "    if (other === undefined) return;",
    to: "    return;",
  },
  {
    name: "checked-slow-pass", what: "barriers among several order nothing",
    file: runSlowGroup, test: tests.random,
    from: "      passBarrier(this.run_, this.slot, waiters.length",
    to: "      if (false) passBarrier(this.run_, this.slot, waiters.length",
  },
  {
    name: "checked-slow-pass-one", what: "the one barrier orders nothing",
    file: runSlowGroup, test: tests.order,
    from: "    this.checkWaiters(waiters);\n    passBarrier(",
    to: "    this.checkWaiters(waiters);\n    if (false) passBarrier(",
  },
  {
    name: "checked-slow-shared-only", what: "on the slow path every barrier orders global memory",
    file: runSlowGroup, test: tests.order,
    from: "    passBarrier(this.run_, this.slot, waiters.every((item) => ordersSharedOnly(this.siteOf(item).node)));",
    to: "    passBarrier(this.run_, this.slot, false);",
  },
  {
    name: "checked-fast-shared-only", what: "every barrier orders global memory",
    file: fastMeet, test: tests.order,
    from: "this.checkBarrier(ordersSharedOnly(at));",
    to: "this.checkBarrier(false);",
  },
  {
    name: "checked-fast-barrier", what: "barriers order nothing",
    file: fastMeet, test: tests.lanes,
    from: "this.callImport(\"checkBarrier\", [I32, I32], []);",
    to: "this.code.op(op.drop, op.drop);",
  },
  {
    name: "checked-stuck", what: "barriers that are never complete are not told of",
    file: runSlowGroup, test: tests.ptx,
    from: "    reportDivergence(this.run_, this.siteOf(item).line, item, `${waiting}",
    to: "    if (false) reportDivergence(this.run_, this.siteOf(item).line, item, `${waiting}",
  },
  {
    name: "checked-spread", what: "what is staged between pages is checked where it is staged",
    file: runChecked, test: tests.opencl,
    from: "  if (linear >>> 0 !== run.launch + launch.bounce) {",
    to: "  if (true) {",
  },
  {
    name: "checked-emit-serial", what: "the slow path takes groups to run one after the other",
    file: checkedEmit, test: tests.settled,
    from: "  if (!shared && !place.serial) code.br(unusual);\n",
    to: "",
  },
  {
    name: "checked-emit-many-groups", what: "readers of several groups are taken for the last one",
    file: checkedEmit, test: tests.settled,
    from: "    code.op(op.i32_ge_u, op.select);\n    manyGroups();\n    code.get(old);\n    place.groupBase();\n    code.op(op.i32_ge_u, op.select);\n    code.get(tag)",
    to: "    code.op(op.i32_ge_u, op.select);\n    code.get(tag)",
  },
  {
    name: "checked-emit-shared-none", what: "shared memory in several pages has a shadow at a constant distance",
    file: checkedEmit, test: tests.settled,
    from: "  code.get(sharedShadow).op(op.i32_eqz).brIf(unusual);\n",
    to: "",
  },
  {
    name: "checked-earlier-words", what: "of a load all words are known to be written, used or not",
    file: checkedEarlier, test: tests.settled,
    from: " && (b.op === \"store\" || usedWords(a) === usedWords(b) || x.count === 1)",
    to: "",
  },
  {
    name: "checked-earlier-count", what: "any number of values is the same",
    file: checkedEarlier, test: tests.settled,
    from: " && x.count === y.count",
    to: "",
  },
  {
    name: "checked-earlier-sync", what: "synchronising accesses are taken for plain ones",
    file: checkedEarlier, test: tests.settled,
    from: " && !synchronises(node);",
    to: ";",
  },
  {
    name: "checked-roots-rest", what: "reads through pointers that are written through rest",
    file: checkedRoots, test: tests.ptx,
    from: "return root >= 0 && roots!.closed && !roots!.list[root]!.written;",
    to: "return root >= 0;",
  },
  {
    name: "checked-roots-one-param", what: "of a sum of two pointers the last one counts",
    file: checkedRoots, test: tests.settled,
    from: "      if (found !== null && found !== node) return null;\n",
    to: "",
  },
  {
    name: "checked-spread-opaque", what: "what is staged between pages is shared memory",
    file: runChecked, test: tests.opencl,
    from: "  checked.opaque(run.launch + launch.bounce, launch.bounceBytes);\n",
    to: "",
  },
  {
    name: "checked-fault-resume", what: "behind a fault all is where it was",
    file: runAccess, test: tests.lifetime,
    from: "    if (retry) run.checked?.resume();\n",
    to: "",
  },
  {
    name: "checked-facts-groups", what: "fences of a group order groups",
    file: checkedFacts, test: tests.order,
    from: "flags && some(fences([\"groups\"]))",
    to: "flags && some(fences([\"groups\", \"items\"]))",
  },
  {
    name: "checked-facts-relaxed", what: "relaxed atomics are fences",
    file: checkedFacts, test: tests.order,
    from: "found.order !== \"relaxed\" && ",
    to: "",
  },
  {
    name: "checked-facts-narrow", what: "atomics of one group's scope are settled in code",
    file: checkedFacts, test: tests.order,
    from: "exact: ordersItems || narrow",
    to: "exact: ordersItems",
  },
  {
    name: "checked-facts-exact", what: "atomics that order are settled in code",
    file: checkedFacts, test: tests.order,
    from: "exact: ordersItems || narrow",
    to: "exact: narrow",
  },
  {
    name: "checked-launch-missing", what: "accesses to nothing are not explained",
    file: runAccess, test: tests.ptx,
    from: "    if (!retry) run.checked?.missing(at, size, access.kind, line, run.site(line, item));\n",
    to: "",
  },
  {
    name: "checked-emit-earlier-states", what: "states of places that were accessed before are not looked at",
    file: checkedEmit, test: tests.settled,
    from: "      writeStates(emitter, node, a, unusual);\n      return;\n",
    to: "      return;\n",
  },
];

/** Faults that are none: what is told of a kernel is the same with them, or as true. They are not run. */
export const equal: readonly Equal[] = [
  {
    name: "checked-emit-part", what: "parts of words are looked at more closely wherever others have been",
    file: checkedEmit, why: "the checker knows that parts are apart (see checked-race-part)",
    from: "  if (part) code.get(old).i32(TAG_PART).op(op.i32_and, op.i32_eqz, op.i32_and);\n  code.brIf",
    to: "  code.brIf",
  },
  {
    name: "checked-emit-known-many", what: "a read of what several have read is entered again",
    file: checkedEmit, why: "the line that is told is that of a later one of several reads",
    from: "  (shared ? manyHere : manyGroups)();\n  code.get(old).op(op.i32_eq).brIf(known);\n",
    to: "",
  },
  {
    name: "checked-earlier-written", what: "who has written is taken to have read",
    file: checkedEarlier, why: "a store then looks for its own mark on the reader, does not find it, and asks the checker",
    from: "if (other.op === \"store\") return \"written\";",
    to: "",
  },
  {
    name: "checked-earlier-space", what: "shared and global memory at one address are one place",
    file: checkedEarlier, why: "no address is in both: one of the accesses faults",
    from: "x.space === y.space && ",
    to: "",
  },
  {
    name: "checked-roots-variable", what: "the address of a module variable is no pointer",
    file: checkedRoots, why: "sums of one and a parameter lead to what the parameter, which is no pointer then, does not: nothing is known of them either way; writes through it alone make all reads looked at",
    from: " && node.op !== \"globaladdr\")",
    to: ")",
  },
];
