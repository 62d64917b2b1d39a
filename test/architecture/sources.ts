import { readdirSync, readFileSync } from "node:fs";
import { dirname, posix } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** The repository's root folder. */
export const root: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Files under `folder` (relative to the root) whose name ends in `ending`, as paths relative to the root with forward slashes. */
export function filesUnder(folder: string, ending = ""): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(`${root}/${folder}`, { withFileTypes: true })) {
    if (entry.name === "node_modules") continue;
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) found.push(...filesUnder(path, ending));
    else if (path.endsWith(ending)) found.push(path);
  }
  return found.sort();
}

/** Text of a file of the repository. */
export function textOf(file: string): string {
  return readFileSync(`${root}/${file}`, "utf8");
}

const parsed = new Map<string, ts.SourceFile>();

/** Syntax tree of a file, parsed once. */
export function parse(file: string): ts.SourceFile {
  let tree = parsed.get(file);
  if (tree === undefined) {
    tree = ts.createSourceFile(file, textOf(file), ts.ScriptTarget.ES2022, true);
    parsed.set(file, tree);
  }
  return tree;
}

/** Calls `see` for each node of the tree, outermost first. */
export function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

/** "src/kernel/clock.ts:12" for a node. */
export function place(node: ts.Node): string {
  const file = node.getSourceFile();
  return `${file.fileName.replace(`${root}/`, "")}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
}

/** One module that a file names: where, and whether only its types are used. */
export interface Import {
  readonly from: string;
  readonly line: number;
  /** Path relative to the root for a relative import, else the package's name as written. */
  readonly target: string;
  readonly typeOnly: boolean;
}

function onlyTypes(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) {
    if (node.isTypeOnly) return true;
    return node.exportClause !== undefined && ts.isNamedExports(node.exportClause) && node.exportClause.elements.every((e) => e.isTypeOnly);
  }
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = clause.namedBindings;
  return clause.name === undefined && named !== undefined && ts.isNamedImports(named) && named.elements.length > 0 && named.elements.every((e) => e.isTypeOnly);
}

/** Every import, re-export, `import()` call and `import("...")` type of a file. */
export function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const tree = parse(file);
  const add = (node: ts.Node, name: string, typeOnly: boolean): void => {
    const target = name.startsWith(".") ? posix.normalize(posix.join(posix.dirname(file), name)) : name;
    found.push({ from: file, line: tree.getLineAndCharacterOfPosition(node.getStart()).line + 1, target, typeOnly });
  };
  visit(tree, (node) => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node, node.moduleSpecifier.text, onlyTypes(node));
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && node.arguments[0] !== undefined && ts.isStringLiteral(node.arguments[0])) {
      add(node, node.arguments[0].text, false);
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
      add(node, node.argument.literal.text, true);
    }
  });
  return found;
}
