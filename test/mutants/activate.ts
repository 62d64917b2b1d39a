import { activateMutant } from "../../src/kernel/mutants.ts";

// Set by scripts/mutants.mjs: the fault that this run of the suite has to notice.
activateMutant(process.env["GLASSGPU_MUTANT"] ?? "");
