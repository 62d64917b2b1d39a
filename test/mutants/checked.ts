import type { Edit } from "./mutant.ts";

const checkOrder = "src/check/order.ts";
const checkRaces = "src/check/races.ts";
const checkRoots = "src/check/roots.ts";
const checkedEarlier = "src/compiler/wasm/checked/earlier.ts";
const checkedEmit = "src/compiler/wasm/checked/emit.ts";
const checkedLanes = "src/compiler/wasm/checked/lanes.ts";
const checkedRoots = "src/compiler/wasm/checked/roots.ts";
const fastAccess = "src/compiler/wasm/fast/access.ts";
const fastMeet = "src/compiler/wasm/fast/meet.ts";
const runChecked = "src/compiler/wasm/run/checked.ts";
const runSlowGroup = "src/compiler/wasm/run/slow-group.ts";
const simdMemory = "src/compiler/wasm/simd/memory.ts";
const tests = { lanes: "test/check/lanes.test.ts", lifetime: "test/check/lifetime.test.ts", meetings: "test/check/meetings.test.ts", opencl: "test/check/opencl.test.ts", order: "test/check/order.test.ts", ptx: "test/check/ptx.test.ts", random: "test/check/random.test.ts" } as const;

/** Faults in the code of checked mode, each of which some test notices. */
export const edits: readonly Edit[] = [
  {
    name: "checked-lanes-states", what: "vectors do not look at the states of their bytes", 
    file: checkedLanes, test: tests.order,
    from: "      code.v128(want).simd(simd.i32x4_ne);\n      masked(at);\n      add(at === 0);",
    to: "      code.v128(want).simd(simd.i32x4_ne).v128([0, 0, 0, 0]).simd(simd.and);\n      masked(at);\n      add(at === 0);",
  },
  {
    name: "checked-lanes-defined", what: "vectors take all that is there for written", 
    file: checkedLanes, test: tests.random,
    from: "(read && ((used >> at % words) & 1) !== 0 ? 0x0303_0303 : 0x0101_0101)",
    to: "(0x0101_0101)",
  },
  {
    name: "checked-lanes-writer", what: "vectors do not look at who has written", 
    file: checkedLanes, test: tests.order,
    from: "        others(at, plane.writer + offset);\n",
    to: "",
  },
  {
    name: "checked-lanes-reader", what: "vectors that are stored do not look at who has read", 
    file: checkedLanes, test: tests.order,
    from: "        if (!read) others(at, plane.reader + offset);\n",
    to: "",
  },
  {
    name: "checked-lanes-earlier-read2", what: "vectors that are stored where they were read do not look at who has read since", 
    file: checkedLanes, test: tests.lanes,
    from: "code.get(a).simdMemory(simd.load, plane.reader + offset).get(tag).simd(simd.i32x4_ne);\n          masked(at);\n          add(false);\n",
    to: "",
  },
  {
    name: "checked-lanes-apart", what: "vectors go on whatever they find", 
    file: checkedLanes, test: tests.order,
    from: "      code.get(bad).simd(simd.any_true).brIf(row.apart);\n      /** Stores",
    to: "      /** Stores",
  },
  {
    name: "checked-lanes-defines", what: "what vectors store does not count as written", 
    file: checkedLanes, test: tests.ptx,
    from: "          if (earlier === null) {\n            code.get(a).v128",
    to: "          if (false) {\n            code.get(a).v128",
  },
  {
    name: "checked-lanes-enter-writer", what: "vectors do not say who has written", 
    file: checkedLanes, test: tests.meetings,
    from: "          code.get(a).get(tag);\n          store(at, plane.writer + offset);\n",
    to: "",
  },
  {
    name: "checked-lanes-enter-line", what: "vectors do not say on which line they were stored", 
    file: checkedLanes, test: tests.ptx,
    from: "          code.get(a).i32(node.line).simd(simd.i32x4_splat);\n          store(at, plane.writerLine + offset);\n",
    to: "",
  },
  {
    name: "checked-lanes-enter-reader", what: "vectors do not say who has read", 
    file: checkedLanes, test: tests.lanes,
    from: "        store(at, plane.reader + offset);\n",
    to: "        code.op(op.drop, op.drop);\n",
  },
  {
    name: "checked-lanes-reader-line", what: "vectors do not say on which line they were read", 
    file: checkedLanes, test: tests.lanes,
    from: "        store(at, plane.readerLine + offset);\n",
    to: "        code.op(op.drop, op.drop);\n",
  },
  {
    name: "checked-lanes-many-groups", what: "vectors forget that other groups have read", 
    file: checkedLanes, test: tests.lanes,
    from: "  if (shared) return;\n",
    to: "  if (shared || true) return;\n",
  },
  {
    name: "checked-lanes-store-mask", what: "work-items that take no part enter what the others do", 
    file: checkedLanes, test: tests.lanes,
    from: "        if (row.mask !== null) {\n          code.get(a).simdMemory(simd.load, offset);\n          row.mask(at);\n          code.simd(simd.bitselect);\n        }\n        code.simdMemory(simd.store, offset);\n      };",
    to: "        code.simdMemory(simd.store, offset);\n      };",
  },
  {
    name: "checked-lanes-crossed", what: "crossed work-items are taken for those that they are crossed with", 
    file: checkedLanes, test: tests.lanes,
    from: "        if (row.crossed === null) code.v128",
    to: "        if (true) code.v128",
  },
  {
    name: "checked-lanes-plain-defines", what: "without races, what vectors store does not count as written", 
    file: checkedLanes, test: tests.lanes,
    from: "      if (!read) each((at, offset) => {\n        code.get(a).v128",
    to: "      if (false) each((at, offset) => {\n        code.get(a).v128",
  },
  {
    name: "checked-lanes-plain-apart", what: "without races, vectors go on whatever they find", 
    file: checkedLanes, test: tests.lanes,
    from: "    else {\n      code.get(bad).simd(simd.any_true).brIf(row.apart);",
    to: "    else {",
  },
  {
    name: "checked-lanes-shared-base2", what: "vectors of global memory look no further back than the last barrier", 
    file: checkedLanes, test: tests.lanes,
    from: "(space === \"shared\" ? place.interval : place.base)();\n      code.simd",
    to: "place.interval();\n      code.simd",
  },
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
    name: "checked-reach-written", what: "another pointer to the same memory is forgotten", 
    file: checkRoots, test: tests.ptx,
    from: "written.has(allocation) || ",
    to: "",
  },
  {
    name: "checked-reach-unwritten", what: "memory that is only read is taken to have been written", 
    file: checkRoots, test: tests.ptx,
    from: " || !isWritten(process, allocation)",
    to: "",
  },
  {
    name: "checked-reach-known", what: "pointers beside memory are taken to lead nowhere", 
    file: checkRoots, test: tests.ptx,
    from: "open: !known || ",
    to: "open: ",
  },
  {
    name: "checked-reach-part", what: "memory of which a part was written is taken to have been written", 
    file: checkRoots, test: tests.ptx,
    from: "  return at >= end;",
    to: "  return true;",
  },
  {
    name: "checked-reach-end", what: "the last word is taken to have been written", 
    file: checkRoots, test: tests.ptx,
    from: "const end = address + size;",
    to: "const end = address + size - 4;",
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
    name: "checked-lanes-strayed", what: "vectors that have left their memory go on", 
    file: simdMemory, test: tests.ptx,
    from: "    else if (rootOfAccess(this.facts.roots, node) >= 0) this.code.br(this.apart);",
    to: "",
  },
  {
    name: "checked-divergence", what: "no kernel is taken off the fast path for its barriers", 
    file: runChecked, test: tests.ptx,
    from: "return barriers > 0 && (parts || regions.flow.someExit || (regions.levels.team.warp && barriers > 1));",
    to: "return false;",
  },
  {
    name: "checked-div-exit", what: "work-items that leave are forgotten", 
    file: runChecked, test: tests.ptx,
    from: " || regions.flow.someExit",
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
    name: "checked-race-writer", what: "nobody races with a writer", 
    file: checkRaces, test: tests.lanes,
    from: "if (byWriter && (!both",
    to: "if (false && (!both",
  },
  {
    name: "checked-race-reader", what: "nobody races with a reader", 
    file: checkRaces, test: tests.lanes,
    from: "if (found === null && this.unordered(reader",
    to: "if (false && this.unordered(reader",
  },
  {
    name: "checked-race-volatile", what: "volatile loads race with stores", 
    file: checkRaces, test: tests.order,
    from: "    if (synchronises && !writes) return null;\n",
    to: "",
  },
  {
    name: "checked-race-apart", what: "atomics of any scope are one another's", 
    file: checkRaces, test: tests.order,
    from: "(!both || apart)",
    to: "(!both)",
  },
  {
    name: "checked-race-narrow-writer", what: "the scope of the earlier atomic is forgotten", 
    file: checkRaces, test: tests.order,
    from: "foreign && (narrow || narrowWriter)",
    to: "foreign && narrow",
  },
  {
    name: "checked-race-narrow-mine", what: "the scope of the later atomic is forgotten", 
    file: checkRaces, test: tests.order,
    from: "foreign && (narrow || narrowWriter)",
    to: "foreign && narrowWriter",
  },
  {
    name: "checked-race-narrow-foreign", what: "atomics of one group's scope race within the group", 
    file: checkRaces, test: tests.order,
    from: "both && foreign && (",
    to: "both && (",
  },
  {
    name: "checked-race-old", what: "earlier launches race with later ones", 
    file: checkRaces, test: tests.order,
    from: "    if (old < this.base) return false;\n",
    to: "",
  },
  {
    name: "checked-race-groups", what: "fences and atomics order all groups, used or not", 
    file: checkRaces, test: tests.order,
    from: "return !(this.facts.ordersGroups && this.order!.before(old, tag));",
    to: "return !this.facts.ordersGroups;",
  },
  {
    name: "checked-race-groups-none", what: "nothing orders groups", 
    file: checkRaces, test: tests.order,
    from: "return !(this.facts.ordersGroups && this.order!.before(old, tag));",
    to: "return true;",
  },
  {
    name: "checked-race-epoch", what: "barriers order all memory", 
    file: checkRaces, test: tests.order,
    from: "(shared || !this.intervals.ofOneEpoch(old, tag))",
    to: "true",
  },
  {
    name: "checked-race-interval", what: "barriers order nothing", 
    file: checkRaces, test: tests.lanes,
    from: "    if (old >>> TAG_SHIFT !== tag >>> TAG_SHIFT && (shared || !this.intervals.ofOneEpoch(old, tag))) return false;\n",
    to: "",
  },
  {
    name: "checked-race-warps", what: "collectives do not order lanes", 
    file: checkRaces, test: tests.order,
    from: "      if (this.facts.ordersWarps && Math.floor(a / this.warpSize) === Math.floor(b / this.warpSize)) return false;\n",
    to: "",
  },
  {
    name: "checked-race-order-items", what: "nothing but barriers orders work-items", 
    file: checkRaces, test: tests.order,
    from: "return !(this.order !== null && this.order.before(old, tag));",
    to: "return true;",
  },
  {
    name: "checked-race-joined", what: "of two accesses in order both are kept", 
    file: checkRaces, test: tests.lanes,
    from: "    if (!both) return mine;\n",
    to: "",
  },
  {
    name: "checked-race-whole", what: "who has been at a word and then at a part of it has been at the part", 
    file: checkRaces, test: tests.ptx,
    from: "  return (old | TAG_PART) >>> 0 === mine ? old : mine;",
    to: "  return mine;",
  },
  {
    name: "checked-order-looks", what: "nobody ever looks at a flag", 
    file: checkOrder, test: tests.order,
    from: "if (looks) group",
    to: "if (false) group",
  },
  {
    name: "checked-order-barrier", what: "behind a barrier each knows what it knew", 
    file: checkOrder, test: tests.order,
    from: "      for (const time of found.acquired.values()) found.all = Math.max(found.all, time);\n",
    to: "",
  },
  {
    name: "checked-order-later-none", what: "what a group lets go of behind a barrier was not let go of", 
    file: checkOrder, test: tests.order,
    from: "return some ? later : Math.min(later,",
    to: "return some ? later : Math.min(Infinity,",
  },
  {
    name: "checked-order-first", what: "what several groups did was never let go of", 
    file: checkOrder, test: tests.lifetime,
    from: "if (number < 0) return this.first;",
    to: "if (number < 0) return Infinity;",
  },
];
