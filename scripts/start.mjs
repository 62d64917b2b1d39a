// `npm start` on a fresh clone: installs, builds, and runs the main example.
import { ensureBuilt, ensureInstalled, glassgpu } from "./steps.mjs";

ensureInstalled();
ensureBuilt();
console.error("> running examples/two-processes.ts\n");
glassgpu("run", "examples/two-processes.ts", ...process.argv.slice(2));
