import ts from "typescript";
import { describe, expect, test } from "vitest";
import { filesUnder, parse, place, visit } from "./sources.ts";

/** Where the rules do not hold: host code that waits for the outside world. */
const free = ["src/testing/", "src/tools/", "src/api/async.ts", "src/compiler/clang/"];

const model = filesUnder("src", ".ts").filter((file) => !free.some((prefix) => file.startsWith(prefix)));

/** Clocks, chance and callbacks of the JavaScript host: the model takes its own from the machine. */
const objects: Readonly<Record<string, readonly string[] | "all">> = {
  Date: "all",
  Promise: "all",
  performance: "all",
  crypto: "all",
  Math: ["random"],
  Atomics: ["waitAsync"],
};
const functions = new Set([
  "setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate", "queueMicrotask", "requestAnimationFrame", "fetch", "WeakRef", "FinalizationRegistry",
]);

function isName(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent)) return false;
  if ((ts.isPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isPropertyDeclaration(parent) || ts.isMethodDeclaration(parent)) && parent.name === node) return false;
  return true;
}

/** Names that the file itself gives to something: they hide the global of that name. */
function ownNames(tree: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  visit(tree, (node) => {
    if ((ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isFunctionDeclaration(node) || ts.isImportSpecifier(node) || ts.isBindingElement(node)) && node.name !== undefined && ts.isIdentifier(node.name)) names.add(node.name.text);
  });
  return names;
}

function impurities(tree: ts.SourceFile): string[] {
  const found: string[] = [];
  const own = ownNames(tree);
  visit(tree, (node) => {
    if (ts.isIdentifier(node) && isName(node) && !own.has(node.text)) {
      const members = objects[node.text];
      if (Object.hasOwn(objects, node.text) && members !== undefined) {
        const member = ts.isPropertyAccessExpression(node.parent) ? node.parent.name.text : null;
        if (members === "all" || (member !== null && members.includes(member))) found.push(`${place(node)} uses ${node.text}${member === null ? "" : `.${member}`}`);
      } else if (functions.has(node.text)) {
        found.push(`${place(node)} uses ${node.text}`);
      }
    } else if (node.kind === ts.SyntaxKind.AsyncKeyword) {
      found.push(`${place(node)} is async`);
    } else if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)) {
      found.push(`${place(node)} awaits`);
    }
  });
  return found;
}

describe("no clock, no chance, no promise in the model", () => {
  test("nothing below testing uses them", () => {
    expect(model.map(parse).flatMap(impurities)).toEqual([]);
  });

  test("the rule can fail", () => {
    const text = `
      const a = Date.now(); const b = Math.random(); setTimeout(() => {}, 1); async function f() { await g(); }
      const p = new Promise(() => {}); const t = performance.now();
    `;
    expect(impurities(ts.createSourceFile("bad.ts", text, ts.ScriptTarget.ES2022, true))).toHaveLength(7);
    const fine = `const a = Math.max(1, 2); const o = { Date: 1 }; o.Date; type P = Promise<number>; function fetch(n: number) {} fetch(1);`;
    expect(impurities(ts.createSourceFile("good.ts", fine, ts.ScriptTarget.ES2022, true))).toEqual([]);
  });
});

describe("the kernel and the hardware know no API", () => {
  const names = /^(cu[A-Z][A-Za-z]|cuda[A-Z_]|cl[A-Z][a-z]|CL_|CUDA_|CU_|nvml[A-Z]|cl_[a-z]|CU(context|stream|event|module|function|deviceptr|device|result)\b)/;
  const prose = /\b(cu[A-Z][a-z]\w+|cuda[A-Z]\w+|cl[A-Z][a-z]\w+|CL_[A-Z]\w+|CUDA_[A-Z]\w+|CU_[A-Z]\w+)/g;

  test("no identifier, string or comment of src/kernel and src/gpu names one", () => {
    const found: string[] = [];
    for (const file of [...filesUnder("src/kernel", ".ts"), ...filesUnder("src/gpu", ".ts")]) {
      const tree = parse(file);
      visit(tree, (node) => {
        if (ts.isIdentifier(node) && names.test(node.text)) found.push(`${place(node)} ${node.text}`);
      });
      for (const match of tree.text.matchAll(prose)) {
        if (!match[0].startsWith("clock")) found.push(`${file} says ${match[0]}`);
      }
    }
    expect([...new Set(found)]).toEqual([]);
  });

  test("the rule can fail", () => {
    for (const name of ["cuCtxCreate", "cudaMalloc", "clFinish", "CL_SUCCESS", "CUDA_ERROR_UNKNOWN", "CUstream"]) expect(names.test(name)).toBe(true);
    for (const name of ["clock", "clear", "cursor", "current", "close", "cluster", "customize"]) expect(names.test(name)).toBe(false);
  });
});
