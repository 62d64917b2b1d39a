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

// These import the files of other tests to run them on another machine, or load modules anew: in a thread of their own.
const alone = ["test/kernel/wddm/suites.test.ts", "test/kernel/wddm/examples.test.ts", "test/fault/cuda-*.test.ts", "test/examples/**/*.test.ts"];

// For the mutation run: a fault that is written into a source file as it is loaded.
const edit = process.env["GLASSGPU_EDIT"] === undefined ? null : JSON.parse(process.env["GLASSGPU_EDIT"]) as { readonly file: string; readonly from: string; readonly to: string };
const plugins = edit === null ? [] : [{
  name: "edit", enforce: "pre" as const,
  transform: (code: string, id: string) => (id.endsWith(`/${edit.file}`) ? code.replace(edit.from, () => edit.to) : null),
}];

const config: ViteUserConfig = defineConfig({
  resolve: { alias }, plugins,
  test: {
    // Test files share a thread's modules: the machine keeps nothing outside of itself, and loading six hundred modules for each file would take longer than most tests.
    projects: [
      { extends: true, test: { name: "tests", include: ["test/**/*.test.ts"], exclude: alone, isolate: false } },
      { extends: true, test: { name: "alone", include: alone } },
    ],
    // For the mutation run (npm run mutants): a fault of the model, planted and named.
    setupFiles: process.env["GLASSGPU_MUTANT"] === undefined ? [] : ["test/mutants/activate.ts"],
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    pool: "threads",
    // By itself it leaves one core to others.
    maxWorkers: "100%",
    testTimeout: 30_000,
  },
});

export default config;
