import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";
import tsconfig from "./tsconfig.json" with { type: "json" };

// Examples and tests import the package by its own name; under vitest that name means the sources, as in tsconfig.json.
const alias = Object.entries(tsconfig.compilerOptions.paths).map(([name, [file]]) => ({
  find: new RegExp(`^${name}$`),
  replacement: fileURLToPath(new URL(file!, import.meta.url)),
}));

// A file name in TEST_REPORT asks for a report in JSON too.
const report = process.env["TEST_REPORT"];

const config: ViteUserConfig = defineConfig({
  resolve: { alias },
  test: {
    include: ["test/**/*.test.ts"],
    // For the mutation run (npm run mutants): a fault of the model, planted and named.
    setupFiles: process.env["GLASSGPU_MUTANT"] === undefined ? [] : ["test/mutants/activate.ts"],
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    pool: "threads",
    testTimeout: 30_000,
  },
});

export default config;
