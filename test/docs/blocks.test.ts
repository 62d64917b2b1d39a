import { readdirSync } from "node:fs";
import ts from "typescript";
import { expect, test } from "vitest";
import { root, textOf } from "../architecture/sources.ts";

/** Programs of the documentation compile, with the project's own strictness. (test/examples/docs.test.ts and readme.test.ts run them.) */
const pages = ["README.md", ...readdirSync(`${root}/docs`, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md") && !name.startsWith("api")).map((name) => `docs/${name}`)];

/** Blocks in TypeScript, by the name of a file that is not there. */
const blocks: ReadonlyMap<string, string> = new Map(pages.flatMap((page) => [...textOf(page).matchAll(/^```ts\n([^]*?)^```$/gm)].map((match, i) => [`${root}/test/docs/${page.replaceAll(/\W/g, "-")}-${i + 1}.ts`, match[1]!] as const)));

/** Pieces that are shown beside the same of another language, not to be run. */
const fragments = /^docs\/seed\.md$/;

test("every block in TypeScript is a program, that imports what it uses", () => {
  const bare = pages.filter((page) => !fragments.test(page) && page !== "README.md").flatMap((page) => [...textOf(page).matchAll(/^```ts\n([^]*?)^```$/gm)].filter((match) => !/^import /m.test(match[1]!)).map(() => page));
  expect(bare).toEqual([]);
});

test("blocks compile", () => {
  const config = ts.parseJsonConfigFileContent(ts.readConfigFile(`${root}/tsconfig.json`, (file) => ts.sys.readFile(file)).config, ts.sys, root);
  const programs: ReadonlyMap<string, string> = new Map([...blocks].filter(([, text]) => /^import /m.test(text)).map(([file, text]) => [file, `${text}\nexport {};\n`]));
  // What a page leaves to the reader ("myPipeline") is declared for it.
  const host = ts.createCompilerHost({ ...config.options, noEmit: true });
  const read = host.readFile.bind(host);
  const there = host.fileExists.bind(host);
  host.readFile = (file) => programs.get(file) ?? read(file);
  host.fileExists = (file) => programs.has(file) || there(file);
  const source = host.getSourceFile.bind(host);
  host.getSourceFile = (file, options, ...rest) => {
    const text = programs.get(file);
    return text === undefined ? source(file, options, ...rest) : ts.createSourceFile(file, text, options);
  };
  const program = ts.createProgram([...programs.keys()], { ...config.options, noEmit: true, composite: false, incremental: false, noUnusedLocals: false, isolatedDeclarations: false, declaration: false }, host);
  const wrong = [...programs.keys()].flatMap((file) => {
    const tree = program.getSourceFile(file)!;
    return [...program.getSyntacticDiagnostics(tree), ...program.getSemanticDiagnostics(tree)].map((problem) => {
      const { line } = tree.getLineAndCharacterOfPosition(problem.start ?? 0);
      return `${file.slice(root.length + 11)}:${line + 1}: ${ts.flattenDiagnosticMessageText(problem.messageText, " ")}`;
    });
  });
  expect(wrong.filter((text) => !/Cannot find name '(myPipeline|expected)'/.test(text))).toEqual([]);
  expect(programs.size).toBeGreaterThan(20);
}, 180_000);
