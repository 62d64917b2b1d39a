import type { Mutant } from "./mutant.ts";

const files = "test/invariants/files.test.ts";

/** Faults in descriptors, open files and rights. */
export const mutants: readonly Mutant[] = [
  { name: "open-shares-handles", invariant: 1, what: "a second open of a node gets the objects of the first", test: files },
  { name: "release-keeps-handles", invariant: 2, what: "handles survive the last close of their file", test: files },
  { name: "scm-rights-leak-when-truncated", invariant: 2, what: "a passed file that finds no room in the receiver is never dropped", test: files },
  { name: "drm-permit-all", invariant: 3, what: "every request may be made by anybody on any node", test: files },
  { name: "fd-not-lowest", invariant: 4, what: "a new descriptor is behind all others", test: files },
  { name: "failed-dup-keeps-reference", invariant: 4, what: "dup that finds no number keeps the reference it took", test: files },
  { name: "exec-keeps-cloexec", invariant: 4, what: "exec leaves close-on-exec descriptors open", test: files },
  { name: "failed-request-writes", invariant: 5, what: "a failing request writes a handle into its argument", test: files },
  { name: "master-outlives-file", invariant: 3, what: "the master's place stays taken when its file is closed", test: "test/kernel/drm/auth.test.ts" },
  { name: "kill-without-permission", invariant: 3, what: "kill(2) asks nobody", test: "test/kernel/signal/signals.test.ts" },
  { name: "handler-own-signal-unblocked", invariant: 5, what: "a handler's own signal is not blocked while it runs", test: "test/kernel/signal/signals.test.ts" },
  { name: "zombie-reaped-twice", invariant: 2, what: "a child can be waited for again and again", test: "test/kernel/process/lifecycle.test.ts" },
  { name: "real-time-is-no-priority", invariant: 98, what: "real-time threads wait their turn among the others", test: "test/kernel/process/lifecycle.test.ts" },
  { name: "eventfd-read-keeps-count", invariant: 5, what: "reading an eventfd takes nothing from it", test: "test/kernel/fs/files.test.ts" },
  { name: "pids-max-ignored", invariant: 82, what: "fork asks for no limit", test: "test/kernel/cgroup/cgroup.test.ts" },
  { name: "dmem-checks-own-limit-only", invariant: 82, what: "a charge is checked against its own group's limit only", test: "test/kernel/cgroup/dmem.test.ts" },
  { name: "dmem-evicts-protected", invariant: 82, what: "what dmem.min protects may be evicted", test: "test/kernel/cgroup/dmem.test.ts" },
];
