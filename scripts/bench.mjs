// `npm run bench [-- --json]`: the benchmarks, on the built package, as a user would run them.
import { ensureBuilt, ensureInstalled, glassgpu } from "./steps.mjs";

ensureInstalled();
ensureBuilt();
glassgpu("run", "bench/main.ts", "--", ...process.argv.slice(2));
