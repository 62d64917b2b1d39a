// `npm run coverage:api [-- --json]`: how much of each API works, from the support tables.
import { ensureBuilt, ensureInstalled, glassgpu } from "./steps.mjs";

ensureInstalled();
ensureBuilt();
glassgpu("coverage", ...process.argv.slice(2));
