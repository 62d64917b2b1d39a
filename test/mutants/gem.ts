import type { Mutant } from "./mutant.ts";

/** Planted faults of GEM and PRIME. */
export const mutants: readonly Mutant[] = [
  { name: "foreign-handle-resolves", invariant: 6, what: "a handle leads to the object of another file", test: "test/invariants/gem.test.ts" },
  { name: "handles-not-reused", invariant: 7, what: "a new handle is not the lowest free number", test: "test/invariants/gem.test.ts" },
  { name: "handle-before-open", invariant: 8, what: "a handle is there before the driver agreed, and stays when it refused", test: "test/invariants/gem-races.test.ts" },
  { name: "close-keeps-handle", invariant: 9, what: "a handle can be closed twice", test: "test/invariants/gem.test.ts" },
  { name: "last-handle-keeps-object", invariant: 10, what: "the last handle keeps its reference", test: "test/invariants/gem.test.ts" },
  { name: "name-outlives-handles", invariant: 11, what: "a flink name stays when the last handle goes", test: "test/invariants/gem.test.ts" },
  { name: "flink-new-name-each-time", invariant: 11, what: "a second flink gives another name", test: "test/invariants/gem.test.ts" },
  { name: "gem-open-dedupes", invariant: 12, what: "opening a name twice gives one handle", test: "test/invariants/gem-races.test.ts" },
  { name: "mmap-without-handle", invariant: 13, what: "a file maps objects it has no handle of", test: "test/invariants/gem.test.ts" },
  { name: "delete-not-delayed", invariant: 14, what: "memory is freed while its fences are unsignaled", test: "test/invariants/ttm-move.test.ts" },
  { name: "fresh-memory-not-cleared", invariant: 15, what: "fresh memory is not zero", test: "test/invariants/gem.test.ts" },
  { name: "export-new-dma-buf-each-time", invariant: 16, what: "a second export is another dma-buf", test: "test/invariants/prime.test.ts" },
  { name: "self-import-makes-object", invariant: 17, what: "an import in the exporter's device makes a second object", test: "test/invariants/prime.test.ts" },
  { name: "reexport-makes-new-dma-buf", invariant: 18, what: "re-export of an imported object is a dma-buf of its own", test: "test/invariants/prime.test.ts" },
  { name: "dma-buf-keeps-exporter", invariant: 19, what: "a closed dma-buf keeps its object", test: "test/invariants/prime.test.ts" },
  { name: "import-has-own-resv", invariant: 20, what: "an imported object has a reservation of its own", test: "test/invariants/prime.test.ts" },
  { name: "close-keeps-prime-cache", invariant: 21, what: "a closed handle is found again by its dma-buf", test: "test/invariants/prime.test.ts" },
];
