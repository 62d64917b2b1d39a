import type { Edit } from "./mutant.ts";

const checkOrder = "src/check/order.ts";
const checkRaces = "src/check/races.ts";
const checkRoots = "src/check/roots.ts";
const checkChecker = "src/check/checker.ts";
const checkIntervals = "src/check/intervals.ts";
const checkLaunch = "src/check/launch.ts";
const checkProcessChecker = "src/check/process-checker.ts";
const tests = { intervals: "test/check/intervals.test.ts", settled: "test/check/settled.test.ts", lanes: "test/check/lanes.test.ts", lifetime: "test/check/lifetime.test.ts", order: "test/check/order.test.ts", ptx: "test/check/ptx.test.ts" } as const;

/** Faults in checked mode, what is found: src/check; each is noticed by some test. */
export const edits: readonly Edit[] = [
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
  {
    name: "checked-race-part", what: "parts of a word race with one another",
    file: checkRaces, test: tests.settled,
    from: " && !(part && (writer & TAG_PART) !== 0)) found = this.conflict(writer",
    to: ") found = this.conflict(writer",
  },
  {
    name: "checked-race-part-reader", what: "parts of a word that were read race with those that are written",
    file: checkRaces, test: tests.settled,
    from: " && !(part && (reader & TAG_PART) !== 0)) found",
    to: ") found",
  },
  {
    name: "checked-race-warps-many", what: "collectives do not order lanes that several read",
    file: checkRaces, test: tests.order,
    from: "      if (this.facts.ordersWarps) return false;\n",
    to: "",
  },
  {
    name: "checked-race-joined-groups", what: "readers of several groups are taken for one group's",
    file: checkRaces, test: tests.settled,
    from: "    if (!this.intervals.ofOneGroup(old, mine, this.launch)) return (this.many | (old & mine & TAG_PART)) >>> 0;\n",
    to: "",
  },
  {
    name: "checked-order-later", what: "what was let go of before counts as after",
    file: checkOrder, test: tests.intervals,
    from: "some ? interval : interval + 1",
    to: "interval",
  },
  {
    name: "checked-order-own", what: "what a work-item lets go of was not let go of",
    file: checkOrder, test: tests.order,
    from: "group.own.get(interval * ITEMS + this.itemOf(old)) ?? Infinity",
    to: "Infinity",
  },
  {
    name: "checked-order-warp", what: "lanes of a warp let go of their own only",
    file: checkOrder, test: tests.order,
    from: "Math.floor((tag & TAG_ITEM) / this.together)",
    to: "(tag & TAG_ITEM)",
  },
  {
    name: "checked-order-generation", what: "when numbers begin anew old order counts",
    file: checkOrder, test: tests.intervals,
    from: "    if (this.generation !== this.intervals.generation) return true;\n",
    to: "",
  },
  {
    name: "checked-interval-epoch", what: "no interval goes on behind a barrier",
    file: checkIntervals, test: tests.order,
    from: "generation === this.generation) this.epochOf",
    to: "false) this.epochOf",
  },
  {
    name: "checked-interval-forget", what: "tags outlive their numbers",
    file: checkIntervals, test: tests.intervals,
    from: "    this.forget();\n",
    to: "",
  },
  {
    name: "checked-interval-reserved", what: "numbers that groups use are given out again",
    file: checkIntervals, test: tests.intervals,
    from: "    if (this.reserved.size > 0) while (this.reserved.has(this.next)) this.next++;\n",
    to: "",
  },
  {
    name: "checked-launch-generic", what: "generic addresses are global",
    file: checkLaunch, test: tests.order,
    from: "const what = access | this.spaceOf(linear, slot);",
    to: "const what = access;",
  },
  {
    name: "checked-launch-fresh", what: "shared memory is never new",
    file: checkLaunch, test: tests.lanes,
    from: "    if (sharedBytes > 0) this.fresh(shared, sharedBytes, state);\n",
    to: "",
  },
  {
    name: "checked-launch-fresh-local", what: "private memory is never new",
    file: checkLaunch, test: tests.ptx,
    from: "    if (localBytes > 0) this.fresh(local, localBytes, state);\n",
    to: "",
  },
  {
    name: "checked-launch-used", what: "unused words must be written",
    file: checkLaunch, test: tests.settled,
    from: " && ((used >>> (i >> 2)) & 1) !== 0) undefined_",
    to: ") undefined_",
  },
  {
    name: "checked-launch-beside", what: "beside memory that is younger than what was there, it is freed memory",
    file: checkLaunch, test: tests.ptx,
    from: "const old = beside ? null : freed;",
    to: "const old = freed;",
  },
  {
    name: "checked-launch-told", what: "one access is told twice",
    file: checkLaunch, test: tests.ptx,
    from: "      if (told !== linear) this.outside",
    to: "      this.outside",
  },
  {
    name: "checked-pc-fresh-races", what: "new memory has a past",
    file: checkProcessChecker, test: tests.intervals,
    from: "    if (this.checker.classes.has(\"races\")) {",
    to: "    if (false) {",
  },
  {
    name: "checked-pc-freed", what: "freed memory can be used",
    file: checkProcessChecker, test: tests.lifetime,
    from: "    if (ended !== null) this.mark(",
    to: "    if (false) this.mark(",
  },
  {
    name: "checked-pc-wrote-mark", what: "what is copied does not count as written",
    file: checkProcessChecker, test: tests.lifetime,
    from: "      this.mark(from, to - from, (u8, start, end) => u8.fill(DEFINED, start, end));\n",
    to: "",
  },
  {
    name: "checked-pc-wrote-later", what: "copies before the first launch write memory that came later",
    file: checkProcessChecker, test: tests.settled,
    from: "      if (at.since > when) continue;\n",
    to: "",
  },
  {
    name: "checked-pc-pending-drop", what: "what was to come comes to memory that is another",
    file: checkProcessChecker, test: tests.intervals,
    from: "    if (reached === null) this.pending = this.pending.filter((other) => other.address !== address);\n",
    to: "",
  },
  {
    name: "checked-pc-settle-launch", what: "frees in stream order are forgotten",
    file: checkProcessChecker, test: tests.lifetime,
    from: "    this.settle();\n    this.checker.belongs",
    to: "    this.checker.belongs",
  },
  {
    name: "checked-pc-settle-wrote", what: "copies come to memory that is to be",
    file: checkProcessChecker, test: tests.lifetime,
    from: "    this.settle();\n    for (const at of",
    to: "    for (const at of",
  },
  {
    name: "checked-pc-remap", what: "memory that moved is where it was",
    file: checkProcessChecker, test: tests.lifetime,
    from: "if (page !== UNKNOWN && this.frameOf(page) !== linear) this.unmap(linear);",
    to: "{}",
  },
  {
    name: "checked-pc-unmapUnknown", what: "what was scratch memory stays so",
    file: checkChecker, test: tests.intervals,
    from: "        checker.unmapUnknown();\n",
    to: "",
  },
  {
    name: "checked-ck-early", what: "copies before the first launch are forgotten",
    file: checkChecker, test: tests.lanes,
    from: "    for (let i = 0; i < early.length; i += 3)",
    to: "    for (let i = early.length; i < early.length; i += 3)",
  },
  {
    name: "checked-ck-exited", what: "shadow of processes that have ended stays",
    file: checkChecker, test: tests.intervals,
    from: "    this.processes.get(pid)?.dispose();\n",
    to: "",
  },
  {
    name: "checked-pc-other-process", what: "what one process had in a page the next one has",
    file: checkProcessChecker, test: tests.intervals,
    from: "      checker.current?.unmapAll();\n",
    to: "",
  },
];
