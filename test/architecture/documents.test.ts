import { readdirSync } from "node:fs";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { filesUnder, parse, place, root } from "./sources.ts";

const generated = (file: string): boolean => file.includes("/generated/");

/** A declaration that others can import. */
function isExported(node: ts.Statement): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword);
}

/** What a reader calls the declaration. */
function nameOf(node: ts.Statement): string {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations.map((declaration) => declaration.name.getText()).join(", ");
  if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return node.name?.text ?? "default";
  return node.getText().slice(0, 40);
}

/**
 * Exported declarations without a doc comment. A run of constants (`PROT_READ`, `PROT_WRITE` ... on lines that follow each other) is
 * documented by the comment of its first; overloads by the first signature's; the type of a constant's name by the constant's.
 */
function undocumented(tree: ts.SourceFile): string[] {
  const found: string[] = [];
  const names = new Set<string>();
  let last: { line: number; documented: boolean } | null = null;
  for (const node of tree.statements) {
    if (!isExported(node)) {
      last = null;
      continue;
    }
    const line = tree.getLineAndCharacterOfPosition(node.getStart()).line;
    const name = nameOf(node);
    const own = ts.getJSDocCommentsAndTags(node).length > 0;
    const follows: boolean = last !== null && last.documented && (ts.isVariableStatement(node) || ts.isTypeAliasDeclaration(node)) && line === last.line + 1;
    const documented: boolean = own || follows || names.has(name);
    if (documented) names.add(name);
    else found.push(`${place(node)} ${name}`);
    last = { line: tree.getLineAndCharacterOfPosition(node.getEnd()).line, documented };
  }
  return found;
}

describe("documents", () => {
  test("every exported declaration of src has a doc comment", () => {
    expect(filesUnder("src", ".ts").filter((file) => !generated(file)).map(parse).flatMap(undocumented)).toEqual([]);
  });

  test("the rule can fail", () => {
    const text = `export const a = 1;\n/** Doc. */\nexport const b = 1;\nexport const c = 2;\n\nexport const d = 3;\nexport function f() {}\nfunction g() {}\n`;
    expect(undocumented(ts.createSourceFile("x.ts", text, ts.ScriptTarget.ES2022, true)).map((line) => line.split(" ")[1])).toEqual(["a", "d", "f"]);
  });

  test("every folder of src with modules in it says in a README why it is as it is", () => {
    const folders = new Set(filesUnder("src", ".ts").filter((file) => !generated(file)).map((file) => file.slice(0, file.lastIndexOf("/"))));
    folders.delete("src");
    const missing = [...folders].filter((folder) => !readdirSync(`${root}/${folder}`).includes("README.md"));
    expect(missing).toEqual([]);
  });
});
