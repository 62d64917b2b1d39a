import ts from "typescript";
import { describe, expect, test } from "vitest";
import { filesUnder, place, root, visit } from "./sources.ts";

/**
 * A floating generator: a call that makes a generator and then does nothing with it. In this code base what blocks is a generator, so a
 * forgotten `yield*` is a system call that silently never happens.
 */
function floating(tree: ts.SourceFile, checker: ts.TypeChecker): string[] {
  const found: string[] = [];
  const isGenerator = (node: ts.Expression): boolean => {
    const type = checker.getTypeAtLocation(node);
    const parts = type.isUnion() ? type.types : [type];
    return parts.some((part) => /^(Async)?Generator$/.test(part.getSymbol()?.name ?? ""));
  };
  /** The parts of an expression whose value is thrown away with the whole. */
  const discarded = (node: ts.Expression): ts.Expression[] => {
    if (ts.isParenthesizedExpression(node) || ts.isVoidExpression(node)) return discarded(node.expression);
    if (ts.isConditionalExpression(node)) return [...discarded(node.whenTrue), ...discarded(node.whenFalse)];
    if (ts.isBinaryExpression(node)) {
      const operator = node.operatorToken.kind;
      if (operator === ts.SyntaxKind.CommaToken) return [...discarded(node.left), ...discarded(node.right)];
      if (operator === ts.SyntaxKind.BarBarToken || operator === ts.SyntaxKind.AmpersandAmpersandToken || operator === ts.SyntaxKind.QuestionQuestionToken) return discarded(node.right);
    }
    return ts.isCallExpression(node) ? [node] : [];
  };
  const report = (node: ts.Expression, what: string): void => {
    if (ts.isCallExpression(node) && isGenerator(node)) found.push(`${place(node)} ${what}: ${node.expression.getText()}`);
  };
  visit(tree, (node) => {
    if (ts.isExpressionStatement(node)) for (const call of discarded(node.expression)) report(call, "drops a generator");
    else if (ts.isYieldExpression(node) && node.asteriskToken === undefined && node.expression !== undefined) report(node.expression, "yields a generator without *");
    else if (ts.isAwaitExpression(node)) report(node.expression, "awaits a generator");
    else if (ts.isIfStatement(node) || ts.isWhileStatement(node)) report(node.expression, "tests a generator");
    else if (ts.isPrefixUnaryExpression(node)) report(node.operand, "negates a generator");
    else if (ts.isBinaryExpression(node) && node.operatorToken.kind !== ts.SyntaxKind.EqualsToken && node.operatorToken.kind !== ts.SyntaxKind.CommaToken) report(node.left, "computes with a generator");
  });
  return found;
}

function programOf(files: readonly string[], host?: ts.CompilerHost): ts.Program {
  const config = ts.parseConfigFileTextToJson("tsconfig.json", ts.sys.readFile(`${root}/tsconfig.json`) ?? "");
  const { options } = ts.convertCompilerOptionsFromJson((config.config as { compilerOptions: object }).compilerOptions, root);
  return ts.createProgram([...files], { ...options, incremental: false, noEmit: true, declaration: false, isolatedDeclarations: false }, host);
}

describe("no floating generator", () => {
  test("the rule can fail", () => {
    const text = `
      function* f(): Generator<number, number, void> { yield 1; return 2; }
      export function* g(on: boolean): Generator<number, void, void> {
        f(); on && f(); void f(); on ? f() : 0; if (f()) yield 1; yield f() as never as number; while (!f()) yield 2;
        yield* f(); const x = f(); yield* x; const y = (yield* f()) + 1; yield y; for (const z of f()) yield z;
      }
    `;
    const options: ts.CompilerOptions = {};
    const host = ts.createCompilerHost(options);
    const read = host.getSourceFile.bind(host);
    host.getSourceFile = (name, version) => (name === "bad.ts" ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true) : read(name, version));
    const program = programOf(["bad.ts"], host);
    expect(floating(program.getSourceFile("bad.ts")!, program.getTypeChecker())).toHaveLength(6);
  }, 60_000);

  test("nothing in src drops one", () => {
    const files = filesUnder("src", ".ts");
    const program = programOf(files.map((file) => `${root}/${file}`));
    const checker = program.getTypeChecker();
    expect(files.flatMap((file) => floating(program.getSourceFile(`${root}/${file}`)!, checker))).toEqual([]);
  }, 120_000);
});
