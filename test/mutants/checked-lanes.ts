import type { Edit, Equal } from "./mutant.ts";

const checkedLanes = "src/compiler/wasm/checked/lanes.ts";
const laneChecks = "src/compiler/wasm/simd/lane-checks.ts";
const tests = { settled: "test/check/settled.test.ts", lanes: "test/check/lanes.test.ts", meetings: "test/check/meetings.test.ts", order: "test/check/order.test.ts", ptx: "test/check/ptx.test.ts", random: "test/check/random.test.ts" } as const;

/** Faults in checked mode, vectors; each is noticed by some test. */
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
    name: "checked-lanes-strayed", what: "vectors that have left their memory go on",
    file: laneChecks, test: tests.ptx,
    from: "    else if (rootOfAccess(this.facts.roots, node) >= 0) this.code.br(this.apart);",
    to: "",
  },
  {
    name: "checked-lanes-page", what: "vectors in two pages are looked at in one page of shadow",
    file: checkedLanes, test: tests.settled,
    from: ".i32(SHADOWED - 16 * vectors)",
    to: ".i32(SHADOWED)",
  },
  {
    name: "checked-lanes-many-here", what: "vectors forget that others of the group have read",
    file: checkedLanes, test: tests.settled,
    from: "splat(place.interval, TAG_MANY);",
    to: "splat(place.interval, 0);",
  },
  {
    name: "checked-several-items", what: "atomics of all are taken for the first one's",
    file: laneChecks, test: tests.settled,
    from: "    if (!this.masked()) {\n      code.i32(TAG_MANY);\n      return;\n    }",
    to: "    if (!this.masked()) {\n      code.get(this.item);\n      return;\n    }",
  },
  {
    name: "checked-lane-item", what: "accesses one by one are all the first one's",
    file: laneChecks, test: tests.settled,
    from: "        if (lane >= 0) code.get(this.item).i32(lane).op(op.i32_add);",
    to: "        if (lane >= 0) code.get(this.item);",
  },
  {
    name: "checked-lanes-earlier", what: "vectors that are stored where they were read are not looked at",
    file: checkedLanes, test: tests.lanes,
    from: "if (place.earlier === \"written\" || (place.earlier === \"read\" && node.op === \"load\")) return;",
    to: "if (place.earlier !== null) return;",
  },
];

/** Faults that are none: what is told of a kernel is the same with them, or as true. They are not run. */
export const equal: readonly Equal[] = [
  {
    name: "checked-lanes-mask", what: "vectors look at work-items that take no part",
    file: checkedLanes, why: "they go apart more often, and find nothing there",
    from: "      row.mask(at);\n      code.simd(simd.and);",
    to: "",
  },
  {
    name: "checked-lanes-shared-base", what: "vectors of shared memory look back past the last barrier",
    file: checkedLanes, why: "they go apart more often, and the scalar code looks no further than the barrier",
    from: "(space === \"shared\" ? place.interval : place.base)();\n      code.simd",
    to: "place.base();\n      code.simd",
  },
];
