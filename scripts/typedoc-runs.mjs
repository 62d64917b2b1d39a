// A typedoc plugin: in a run of constants or type aliases on lines that follow each other, the comment of the first documents all of them. (The
// headers' constants come in groups; test/architecture/documents.test.ts has the same rule.)
import ts from "typescript";
import { Comment, Converter, ReflectionKind } from "typedoc";

/** The statement that declares a symbol. */
function statementOf(declaration) {
  let node = declaration;
  while (node !== undefined && !ts.isVariableStatement(node) && !ts.isTypeAliasDeclaration(node)) node = node.parent;
  return node;
}

/** Text of the doc comment of the first statement of the run that `statement` stands in, or null. */
function commentOfRun(statement) {
  const file = statement.getSourceFile();
  const lineOf = (position) => file.getLineAndCharacterOfPosition(position).line;
  const siblings = file.statements;
  for (let at = siblings.indexOf(statement); at >= 0; at--) {
    const [doc] = ts.getJSDocCommentsAndTags(siblings[at]);
    if (doc !== undefined) return ts.getTextOfJSDocComment(doc.comment) ?? null;
    const before = siblings[at - 1];
    if (before === undefined || lineOf(before.getEnd()) + 1 !== lineOf(siblings[at].getStart())) return null;
  }
  return null;
}

export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    for (const reflection of context.project.getReflectionsByKind(ReflectionKind.Variable | ReflectionKind.TypeAlias)) {
      if (reflection.hasComment()) continue;
      const statement = statementOf(context.getSymbolFromReflection(reflection)?.declarations?.[0]);
      const text = statement === undefined ? null : commentOfRun(statement);
      if (text !== null) reflection.comment = new Comment([{ kind: "text", text }]);
    }
  });
}
